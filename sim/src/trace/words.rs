//! Events as canonical words: what the trace hash sees of each.
//!
//! Every event begins with a number of its kind; every field follows as a word of its own. Requests
//! and answers go in as their protobuf bytes. What is rare and rich (actions, violations) goes in
//! as its debug text, which is made of numbers, names and bytes and is the same on every target.

use std::fmt::{self, Write as _};

use glasshouse_core::api::{Request, Response};
use glasshouse_core::node::Role;
use glasshouse_core::peer::{MessageInfo, MessageKind};
use prost::Message;

use super::{CallEnd, Carried, DiskStep, DropReason, Life, Standing, TraceHash, What};
use crate::place::{MemberNo, Place};

/// Debug text goes into the hash piece by piece.
impl fmt::Write for TraceHash {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.bytes(text.as_bytes());
        Ok(())
    }
}

fn text(hash: &mut TraceHash, value: &impl fmt::Debug) {
    write!(hash, "{value:?}").expect("the hash takes every text");
}

/// Folds an event into the hash.
pub(super) fn feed(hash: &mut TraceHash, what: &What) {
    match what {
        What::Fault(action) => {
            hash.word(1);
            text(hash, action);
        }
        What::Life { member, step } => {
            hash.word(2);
            word_of_member(hash, *member);
            life(hash, step);
        }
        What::Sent { id, from, to, carries, bytes, arrives_at, copy_of } => {
            hash.word(3);
            message(hash, id.0, *from, *to, *carries);
            hash.word(u64::from(*bytes));
            hash.word(*arrives_at);
            hash.word(copy_of.map_or(0, |id| id.0));
        }
        What::Delivered { id, from, to, carries } => {
            hash.word(4);
            message(hash, id.0, *from, *to, *carries);
        }
        What::Dropped { id, from, to, carries, why } => {
            hash.word(5);
            message(hash, id.0, *from, *to, *carries);
            hash.word(drop_number(*why));
        }
        What::Delayed { id, arrives_at } => {
            hash.word(6);
            hash.word(id.0);
            hash.word(*arrives_at);
        }
        What::Disk { member, step } => {
            hash.word(7);
            word_of_member(hash, *member);
            disk(hash, step);
        }
        What::Called { call, client, member, request } => {
            hash.word(8);
            hash.word(call.0);
            hash.word(u64::from(client.0));
            word_of_member(hash, *member);
            self::request(hash, request);
        }
        What::Returned { call, client, end } => {
            hash.word(9);
            hash.word(call.0);
            hash.word(u64::from(client.0));
            call_end(hash, end);
        }
        What::Standing { member, standing } => {
            hash.word(10);
            word_of_member(hash, *member);
            self::standing(hash, standing);
        }
        What::Committed { member, index } => member_index(hash, 11, *member, *index),
        What::Applied { member, index } => member_index(hash, 12, *member, *index),
        What::Compacted { member, first_index } => member_index(hash, 13, *member, *first_index),
        What::SnapshotInstalled { member, index } => member_index(hash, 14, *member, *index),
        other => feed_rest(hash, other),
    }
}

/// The kinds from 15 on.
fn feed_rest(hash: &mut TraceHash, what: &What) {
    match what {
        What::Note(note) => {
            hash.word(15);
            hash.bytes(note.as_bytes());
        }
        What::Violated(violation) => {
            hash.word(16);
            text(hash, violation);
        }
        What::StreamOpened { stream, client, member } => {
            hash.word(17);
            hash.word(stream.0);
            hash.word(u64::from(client.0));
            word_of_member(hash, *member);
        }
        What::Watched { stream, heard } => {
            hash.word(18);
            hash.word(stream.0);
            match heard.as_ref() {
                Ok(response) => hash.bytes(&response.encode_to_vec()),
                Err(error) => text(hash, error),
            }
        }
        What::StreamEnded { stream, end } => {
            hash.word(19);
            hash.word(stream.0);
            text(hash, end);
        }
        What::PeerRefused { member, from, theirs, ours } => {
            hash.word(20);
            word_of_member(hash, *member);
            word_of_member(hash, *from);
            hash.word(theirs.0);
            hash.word(ours.0);
        }
        _ => unreachable!("the others have been fed"),
    }
}

fn word_of_member(hash: &mut TraceHash, member: MemberNo) {
    hash.word(u64::from(member.number()));
}

fn member_index(hash: &mut TraceHash, kind: u64, member: MemberNo, index: u64) {
    hash.word(kind);
    word_of_member(hash, member);
    hash.word(index);
}

fn message(hash: &mut TraceHash, id: u64, from: Place, to: Place, carries: Carried) {
    hash.word(id);
    hash.word(u64::from(from.code()) << 32 | u64::from(to.code()));
    match carries {
        Carried::Peer(info) => message_info(hash, &info),
        Carried::Request(call) => {
            hash.word(101);
            hash.word(call.0);
        }
        Carried::Cancel(call) => {
            hash.word(102);
            hash.word(call.0);
        }
        Carried::Answer(call) => {
            hash.word(103);
            hash.word(call.0);
        }
        Carried::Said(stream) => {
            hash.word(104);
            hash.word(stream.0);
        }
        Carried::Heard(stream) => {
            hash.word(105);
            hash.word(stream.0);
        }
    }
}

fn message_info(hash: &mut TraceHash, info: &MessageInfo) {
    let flags = u64::from(info.answer) | u64::from(info.reject) << 1;
    hash.word(kind_number(info.kind) | flags << 8 | u64::from(info.entries) << 32);
    hash.word(info.term);
    hash.word(info.index);
    hash.word(info.log_term);
    hash.word(info.commit);
}

fn kind_number(kind: MessageKind) -> u64 {
    match kind {
        MessageKind::Heartbeat => 1,
        MessageKind::Append => 2,
        MessageKind::Vote => 3,
        MessageKind::PreVote => 4,
        MessageKind::Snapshot => 5,
        MessageKind::ReadIndex => 6,
        MessageKind::Propose => 7,
        MessageKind::TimeoutNow => 8,
        MessageKind::Other => 9,
        MessageKind::Removed => 11,
        MessageKind::Forward => 12,
        MessageKind::Hash => 13,
    }
}

fn drop_number(why: DropReason) -> u64 {
    match why {
        DropReason::Loss => 1,
        DropReason::Cut => 2,
        DropReason::NobodyListens => 3,
        DropReason::ReceiverDied => 4,
        DropReason::ByHand => 5,
    }
}

fn life(hash: &mut TraceHash, step: &Life) {
    match step {
        Life::Starting => hash.word(1),
        Life::Up { cluster: _, last_index, applied, term } => {
            hash.word(2);
            hash.word(*last_index);
            hash.word(*applied);
            hash.word(*term);
        }
        Life::Killed => hash.word(3),
        Life::Stopping => hash.word(4),
        Life::Stopped => hash.word(5),
        Life::PoweredOff => hash.word(6),
        Life::Frozen => hash.word(7),
        Life::Thawed => hash.word(8),
        Life::Halted(reason) => {
            hash.word(9);
            hash.bytes(reason.as_bytes());
        }
        Life::Refused(reason) => {
            hash.word(10);
            hash.bytes(reason.as_bytes());
        }
    }
}

fn disk(hash: &mut TraceHash, step: &DiskStep) {
    match step {
        DiskStep::Wrote { append, segment, offset, bytes, crc } => {
            hash.word(1);
            hash.word(*append);
            hash.word(*segment);
            hash.word(*offset);
            hash.word(u64::from(*bytes) << 32 | u64::from(*crc));
        }
        DiskStep::SyncBegan { until } => {
            hash.word(2);
            hash.word(*until);
        }
        DiskStep::Synced { append } => {
            hash.word(3);
            hash.word(*append);
        }
        DiskStep::CommitBegan { batch, until } => {
            hash.word(4);
            hash.word(*batch);
            hash.word(*until);
        }
        DiskStep::CommitDone { batch } => {
            hash.word(5);
            hash.word(*batch);
        }
        DiskStep::SegmentsDropped { first } => {
            hash.word(6);
            hash.word(*first);
        }
        DiskStep::Failed { reason } => {
            hash.word(7);
            hash.bytes(reason.as_bytes());
        }
        DiskStep::Lost { lost, kept } => {
            hash.word(8);
            hash.word(*lost);
            hash.word(*kept);
        }
        DiskStep::Rotted { segment, offset, bit } => {
            hash.word(9);
            hash.word(segment.map_or(u64::MAX, |segment| segment));
            hash.word(*offset);
            hash.word(u64::from(*bit));
        }
    }
}

fn call_end(hash: &mut TraceHash, end: &CallEnd) {
    match end {
        CallEnd::Answer(result) => match result.as_ref() {
            Ok(response) => {
                hash.word(1);
                self::response(hash, response);
            }
            Err(error) => {
                hash.word(6);
                hash.word(error.code as u64);
                hash.bytes(error.message.as_bytes());
            }
        },
        CallEnd::NoConnection => hash.word(2),
        CallEnd::Broken => hash.word(3),
        CallEnd::TimedOut => hash.word(4),
        CallEnd::Canceled => hash.word(5),
    }
}

/// A request as its name and its protobuf bytes.
fn request(hash: &mut TraceHash, request: &Request) {
    hash.bytes(request.name().as_bytes());
    hash.bytes(&request.encode_to_vec());
}

fn response(hash: &mut TraceHash, response: &Response) {
    hash.bytes(response.name().as_bytes());
    hash.bytes(&response.encode_to_vec());
}

fn standing(hash: &mut TraceHash, standing: &Standing) {
    let role = match standing.role {
        Role::Follower => 1,
        Role::PreCandidate => 2,
        Role::Candidate => 3,
        Role::Leader => 4,
        Role::Learner => 5,
    };
    let number = |member: Option<MemberNo>| member.map_or(0, |member| u64::from(member.number()));
    hash.word(role | number(standing.vote) << 8 | number(standing.leader) << 16);
    hash.word(standing.term);
}
