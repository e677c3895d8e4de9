//! The recorder: everything that happens in a world, in order, with its virtual time.
//!
//! Whatever can be seen is an [`Event`]: a message leaving, arriving or being lost, a disk
//! operation, a client's call and its end, a change of role, term or commit index, a fault. The
//! page draws events, scripts print them, checkers and tests compare them.
//!
//! Over all events runs the **trace hash**: a 64-bit number that two runs share exactly when
//! their histories are equal. It is what "same seed, same history" means, on every machine and
//! in every build.
//!
//! ```text
//!    event ──► canonical words (u64, little endian, no usize, no floats) ──► hash = mix(hash, word)
//!      └─────► one of two rings: bulk (messages, disk) and notable (the rest)
//! ```
//!
//! Memory is bounded: each ring forgets its oldest events beyond [`RING_EVENTS`] (the one of bulk, which is
//! packed, a few hundred at a time); the hash has seen them all.

mod bulk;
mod hash;
mod packed;
mod words;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use glasshouse_core::api;
use glasshouse_core::id::{CallId, ClusterId, StreamId};
use glasshouse_core::node::Role;
use glasshouse_core::peer::MessageInfo;

use self::bulk::Bulk;
pub use self::hash::TraceHash;
use crate::check::Violation;
use crate::clock::Nanos;
use crate::network::MessageId;
use crate::place::{ClientNo, MemberNo, Place};
use crate::stream::{Heard, StreamEnd};
use crate::world::Action;

/// Events that each of the two rings keeps at least, if there were so many.
pub const RING_EVENTS: usize = 1 << 16;

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its number in the run, from 0 without gaps.
    pub seq: u64,
    /// When, in nanoseconds of virtual time.
    pub at: Nanos,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum What {
    /// A user, a script or a schedule did something to the world.
    Fault(Action),
    /// A member's process changed.
    Life {
        /// The member.
        member: MemberNo,
        /// How.
        step: Life,
    },
    /// A message left its sender.
    Sent {
        /// Its name.
        id: MessageId,
        /// The sender.
        from: Place,
        /// The receiver.
        to: Place,
        /// What it carries.
        carries: Carried,
        /// Its size in bytes (0 for a client's message, whose bytes are never made).
        bytes: u32,
        /// When it will arrive, unless something happens to it.
        arrives_at: Nanos,
        /// The message that it is a copy of.
        copy_of: Option<MessageId>,
    },
    /// A message reached its receiver's process.
    Delivered {
        /// Its name.
        id: MessageId,
        /// The sender.
        from: Place,
        /// The receiver.
        to: Place,
        /// What it carried.
        carries: Carried,
    },
    /// A message is lost.
    Dropped {
        /// Its name.
        id: MessageId,
        /// The sender.
        from: Place,
        /// The receiver.
        to: Place,
        /// What it carried.
        carries: Carried,
        /// Why.
        why: DropReason,
    },
    /// A message will arrive later than it was going to, or earlier.
    Delayed {
        /// Its name.
        id: MessageId,
        /// When it will arrive.
        arrives_at: Nanos,
    },
    /// A disk did something.
    Disk {
        /// Whose disk.
        member: MemberNo,
        /// What it did.
        step: DiskStep,
    },
    /// A client called a member.
    Called {
        /// The call.
        call: CallId,
        /// Who asks.
        client: ClientNo,
        /// Who is asked.
        member: MemberNo,
        /// What is asked.
        request: Arc<api::Request>,
    },
    /// A client's call is over.
    Returned {
        /// The call.
        call: CallId,
        /// Who asked.
        client: ClientNo,
        /// What came of it.
        end: CallEnd,
    },
    /// A client opened a stream of watches to a member.
    StreamOpened {
        /// The stream.
        stream: StreamId,
        /// Who watches.
        client: ClientNo,
        /// At which member.
        member: MemberNo,
    },
    /// A response reached the client of a stream.
    Watched {
        /// The stream.
        stream: StreamId,
        /// What it holds.
        heard: Arc<Heard>,
    },
    /// A stream is over for its client.
    StreamEnded {
        /// The stream.
        stream: StreamId,
        /// Why.
        end: StreamEnd,
    },
    /// A member's role, term, vote or leader changed.
    Standing {
        /// The member.
        member: MemberNo,
        /// What they are.
        standing: Standing,
    },
    /// A member knows more entries to be committed.
    Committed {
        /// The member.
        member: MemberNo,
        /// The last committed index that it knows.
        index: u64,
    },
    /// A member applied entries to its store.
    Applied {
        /// The member.
        member: MemberNo,
        /// The last applied index.
        index: u64,
    },
    /// A member threw old entries of its log away: the store holds what they did.
    Compacted {
        /// The member.
        member: MemberNo,
        /// The first index that is still in its log.
        first_index: u64,
    },
    /// A member took another one's snapshot in place of its own log.
    SnapshotInstalled {
        /// The member.
        member: MemberNo,
        /// The index that the snapshot reaches.
        index: u64,
    },
    /// A member turned away a message of another cluster.
    PeerRefused {
        /// Who was called.
        member: MemberNo,
        /// Who called.
        from: MemberNo,
        /// The caller's cluster.
        theirs: ClusterId,
        /// The cluster of the called one.
        ours: ClusterId,
    },
    /// A line of a script, or a remark of whoever drives the world.
    Note(String),
    /// A property is broken; the run ends here.
    Violated(Violation),
}

/// What a process went through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Life {
    /// The process starts; in a moment it reads its disk.
    Starting,
    /// It read its disk and takes part: its log ends at `last_index`, its store at `applied`.
    Up {
        /// Its cluster. (The trace hash does not see it: ids follow from what was done.)
        cluster: ClusterId,
        /// Last index of the log that it found.
        last_index: u64,
        /// Last index that its store holds.
        applied: u64,
        /// The term that it found.
        term: u64,
    },
    /// SIGKILL.
    Killed,
    /// SIGTERM was sent; it is on its way out.
    Stopping,
    /// It left politely.
    Stopped,
    /// The machine lost power.
    PoweredOff,
    /// SIGSTOP.
    Frozen,
    /// SIGCONT.
    Thawed,
    /// It gave up by itself, and says why.
    Halted(String),
    /// It could not start from what its disk holds, and says why.
    Refused(String),
}

/// What a message carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carried {
    /// A message between members.
    Peer(MessageInfo),
    /// A client's request.
    Request(CallId),
    /// A client takes its request back.
    Cancel(CallId),
    /// A member's answer.
    Answer(CallId),
    /// What a client says on a stream of watches.
    Said(StreamId),
    /// What a member says on a stream of watches.
    Heard(StreamId),
}

/// Why a message did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DropReason {
    /// The link loses some.
    Loss,
    /// The link is cut.
    Cut,
    /// No process listens there.
    NobodyListens,
    /// The process that it was for died while it was on its way.
    ReceiverDied,
    /// Somebody took it out.
    ByHand,
}

/// What a disk did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiskStep {
    /// Bytes of the WAL went into the page cache.
    Wrote {
        /// Number of the append.
        append: u64,
        /// Segment.
        segment: u64,
        /// Offset in it.
        offset: u64,
        /// How many bytes.
        bytes: u32,
        /// Checksum of the bytes.
        crc: u32,
    },
    /// An fsync of the WAL began; it will be over at this time.
    SyncBegan {
        /// When it will be over.
        until: Nanos,
    },
    /// Appends up to this one are on the platter.
    Synced {
        /// Number of the last append.
        append: u64,
    },
    /// A commit of the store began.
    CommitBegan {
        /// Number of the batch.
        batch: u64,
        /// When it will be over.
        until: Nanos,
    },
    /// A batch of the store is on the platter.
    CommitDone {
        /// Number of the batch.
        batch: u64,
    },
    /// Segments below this number were deleted.
    SegmentsDropped {
        /// The first segment that is kept.
        first: u64,
    },
    /// An operation failed.
    Failed {
        /// What the disk said.
        reason: String,
    },
    /// After a power failure: this many unsynced bytes were lost, this many were kept.
    Lost {
        /// Bytes that differ from what the process wrote.
        lost: u64,
        /// Unsynced bytes that made it.
        kept: u64,
    },
    /// A stored bit flipped.
    Rotted {
        /// The WAL segment; `None` is the store.
        segment: Option<u64>,
        /// Byte in the file.
        offset: u64,
        /// Bit in the byte.
        bit: u8,
    },
}

/// How a client's call ended.
#[derive(Clone, Debug, PartialEq)]
pub enum CallEnd {
    /// The member answered.
    Answer(Arc<Result<api::Response, api::Error>>),
    /// No process listened: the call was never seen by a member.
    NoConnection,
    /// The connection broke after the call was sent: it may have happened or not.
    Broken,
    /// The client waited long enough: it may have happened or not, or happen yet.
    TimedOut,
    /// The client took it back.
    Canceled,
}

impl CallEnd {
    /// The call certainly has no effect, at no time.
    #[must_use]
    pub fn is_without_effect(&self) -> bool {
        matches!(self, Self::NoConnection)
    }

    /// The answer, if it is a success.
    #[must_use]
    pub fn success(&self) -> Option<&api::Response> {
        match self {
            Self::Answer(result) => result.as_ref().as_ref().ok(),
            Self::NoConnection | Self::Broken | Self::TimedOut | Self::Canceled => None,
        }
    }
}

/// Role, term, vote and leader of a member, together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its role.
    pub role: Role,
    /// Its term.
    pub term: u64,
    /// Whom it voted for in this term.
    pub vote: Option<MemberNo>,
    /// Whom it takes for the leader.
    pub leader: Option<MemberNo>,
}

impl What {
    /// Bulk events are many and soon forgotten: messages and disk operations.
    #[must_use]
    pub fn is_bulk(&self) -> bool {
        matches!(
            self,
            Self::Sent { .. }
                | Self::Delivered { .. }
                | Self::Dropped { .. }
                | Self::Delayed { .. }
                | Self::Disk { .. }
                | Self::Committed { .. }
                | Self::Applied { .. }
        )
    }
}

/// The record of a run.
#[derive(Debug, Default)]
pub struct Recorder {
    bulk: Bulk,
    notable: VecDeque<Event>,
    next_seq: u64,
    hash: TraceHash,
}

impl Recorder {
    /// Adds an event. `payload` are bytes that belong to it and go into the hash alone (the
    /// content of a message).
    pub(crate) fn record(&mut self, at: Nanos, what: What, payload: Option<&Bytes>) {
        self.hash.word(at);
        words::feed(&mut self.hash, &what);
        if let Some(payload) = payload {
            self.hash.bytes(payload);
        }
        let event = Event { seq: self.next_seq, at, what };
        self.next_seq += 1;
        if event.what.is_bulk() {
            return self.bulk.push(event);
        }
        if self.notable.len() == RING_EVENTS {
            self.notable.pop_front();
        }
        self.notable.push_back(event);
    }

    /// The hash over all events so far.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.hash.value()
    }

    /// How many events there were; the next event's number.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// The events from number `cursor` on that are still kept, in order.
    pub fn since(&self, cursor: u64) -> impl Iterator<Item = Cow<'_, Event>> {
        let after = self.notable.partition_point(|event| event.seq < cursor);
        let mut notable = self.notable.range(after..).peekable();
        let mut bulk = self.bulk.since(cursor).peekable();
        std::iter::from_fn(move || match (bulk.peek(), notable.peek()) {
            (Some(first), Some(second)) if first.seq < second.seq => bulk.next(),
            (Some(_), None) => bulk.next(),
            (_, _) => notable.next().map(Cow::Borrowed),
        })
    }
}

#[cfg(test)]
mod tests;
