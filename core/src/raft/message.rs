//! Raft messages: bytes to and fro, what is inside, and which ones a correct peer cannot send.
//!
//! The raft crate ends the process when a message contradicts what raft guarantees, for instance a
//! heartbeat that commits an entry which this log does not have. Bytes from a network must not be
//! able to do that, so [`check`] looks first. It refuses only what no correct member of this cluster
//! can have sent.

use bytes::Bytes;
use protobuf::Message as _;
use raft::eraftpb::{Entry, Message, MessageType};

use super::{Raft, conf_change};
use crate::id::MemberId;
use crate::peer::{MessageInfo, MessageKind};

/// Terms and indexes above this cannot come from a correct member: at a million a second they
/// take 100,000 years. Below it, adding one never overflows.
const NUMBER_MAX: u64 = 1 << 62;

/// The bytes of a message.
pub(crate) fn encode(message: &Message) -> Bytes {
    message.write_to_bytes().expect("a message without required fields always encodes").into()
}

/// A message from bytes.
pub(crate) fn decode(bytes: &[u8]) -> Result<Message, &'static str> {
    Message::parse_from_bytes(bytes).map_err(|_| "not a raft message")
}

/// What is inside, for those who watch.
pub(crate) fn info(message: &Message) -> MessageInfo {
    use MessageType as T;
    let (kind, answer) = match message.msg_type {
        T::MsgHeartbeat => (MessageKind::Heartbeat, false),
        T::MsgHeartbeatResponse => (MessageKind::Heartbeat, true),
        T::MsgAppend => (MessageKind::Append, false),
        T::MsgAppendResponse => (MessageKind::Append, true),
        T::MsgRequestVote => (MessageKind::Vote, false),
        T::MsgRequestVoteResponse => (MessageKind::Vote, true),
        T::MsgRequestPreVote => (MessageKind::PreVote, false),
        T::MsgRequestPreVoteResponse => (MessageKind::PreVote, true),
        T::MsgSnapshot => (MessageKind::Snapshot, false),
        T::MsgReadIndex => (MessageKind::ReadIndex, false),
        T::MsgReadIndexResp => (MessageKind::ReadIndex, true),
        T::MsgPropose => (MessageKind::Propose, false),
        T::MsgTimeoutNow => (MessageKind::TimeoutNow, false),
        T::MsgHup
        | T::MsgBeat
        | T::MsgUnreachable
        | T::MsgSnapStatus
        | T::MsgCheckQuorum
        | T::MsgTransferLeader => (MessageKind::Other, false),
    };
    MessageInfo {
        kind,
        answer,
        reject: message.reject,
        term: message.term,
        index: message.index,
        log_term: message.log_term,
        commit: message.commit,
        entries: u32::try_from(message.entries.len()).unwrap_or(u32::MAX),
    }
}

/// Refuses what no correct member can have sent to this one.
pub(crate) fn check(raft: &Raft, from: MemberId, message: &Message) -> Result<(), &'static str> {
    use MessageType as T;
    if message.from != from.0 {
        return Err("the sender is not the one at the other end of the connection");
    }
    if message.to != raft.raw.raft.id {
        return Err("it is for another member");
    }
    let numbers =
        [message.term, message.log_term, message.index, message.commit, message.commit_term];
    if numbers
        .iter()
        .chain([&message.reject_hint, &message.request_snapshot])
        .any(|n| *n > NUMBER_MAX)
        && !is_invalid_index(message)
    {
        return Err("a term or an index is out of any range");
    }
    let wants_term = !matches!(message.msg_type, T::MsgPropose | T::MsgReadIndex);
    if wants_term != (message.term != 0) {
        return Err("it has no term, or one where none belongs");
    }
    match message.msg_type {
        T::MsgHup
        | T::MsgBeat
        | T::MsgUnreachable
        | T::MsgSnapStatus
        | T::MsgCheckQuorum
        | T::MsgTransferLeader => Err("members do not send this kind to each other"),
        T::MsgSnapshot => Err("a snapshot travels in parts"),
        T::MsgHeartbeat if message.commit > raft.last_index() => {
            Err("it commits an entry that this member has never had")
        }
        T::MsgAppend => check_append(raft, message),
        T::MsgAppendResponse if !message.reject && message.index > raft.last_index() => {
            Err("it confirms an entry that this member has never had")
        }
        T::MsgReadIndex | T::MsgReadIndexResp if message.entries.len() != 1 => {
            Err("a read index carries exactly one context")
        }
        T::MsgPropose => check_proposal(message),
        _ => Ok(()),
    }
}

/// The largest `u64` is raft's "no index" in one field.
fn is_invalid_index(message: &Message) -> bool {
    message.request_snapshot == u64::MAX
        && [message.term, message.log_term, message.index, message.commit, message.reject_hint]
            .iter()
            .all(|n| *n <= NUMBER_MAX)
}

fn check_append(raft: &Raft, message: &Message) -> Result<(), &'static str> {
    let mut previous = (message.index, message.log_term);
    for entry in message.entries.iter() {
        if entry.index != previous.0 + 1 || entry.term < previous.1 || entry.term > message.term {
            return Err("its entries are not in order");
        }
        let known = raft.term_at(entry.index);
        if entry.index <= raft.commit() && known.is_some_and(|term| term != entry.term) {
            return Err("it contradicts a committed entry");
        }
        check_entry(entry)?;
        previous = (entry.index, entry.term);
    }
    Ok(())
}

fn check_proposal(message: &Message) -> Result<(), &'static str> {
    if message.entries.is_empty() {
        return Err("it proposes nothing");
    }
    if message.entries.iter().any(|e| e.entry_type != raft::eraftpb::EntryType::EntryNormal) {
        return Err("a change of the members travels to the leader in an envelope of its own");
    }
    Ok(())
}

/// A conf change must decode, or raft would fail when it is applied.
fn check_entry(entry: &Entry) -> Result<(), &'static str> {
    let normal = entry.entry_type == raft::eraftpb::EntryType::EntryNormal;
    if normal || conf_change(entry).is_some() {
        Ok(())
    } else {
        Err("it holds a broken conf change")
    }
}

/// As [`check`], for the `MsgSnapshot` in the last part of a transfer.
pub(crate) fn check_snapshot(
    raft: &Raft,
    from: MemberId,
    message: &Message,
) -> Result<(), &'static str> {
    if message.from != from.0 || message.to != raft.raw.raft.id {
        return Err("the snapshot is not from this sender to this member");
    }
    let meta = message.get_snapshot().get_metadata();
    if message.msg_type != MessageType::MsgSnapshot || meta.index == 0 {
        return Err("the last part holds no snapshot");
    }
    let in_range = [message.term, meta.index, meta.term].iter().all(|n| *n <= NUMBER_MAX);
    if !in_range || message.term == 0 || meta.term > message.term {
        return Err("a term or an index is out of any range");
    }
    if meta.get_conf_state().voters.is_empty() {
        return Err("the snapshot names no voters");
    }
    Ok(())
}
