//! The receiving end of a transfer: parts in order, each durable before it is answered.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::id::MemberId;
use crate::peer::{SnapshotChunk, SnapshotChunkAck};

/// What to do with a part that came in.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// It is the next one: put it aside; `first` clears what lay there.
    Stage {
        /// It starts a transfer.
        first: bool,
    },
    /// It is late, doubled or ahead: say which part is wanted.
    Answer(SnapshotChunkAck),
}

/// A part that is being put aside.
#[derive(Debug)]
struct Staging {
    seq: u64,
    part: u64,
    last: Option<Bytes>,
}

/// One snapshot on its way to this member.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) from: MemberId,
    transfer: u64,
    next_part: u64,
    staging: VecDeque<Staging>,
    /// All parts up to here are durable aside.
    durable_part: u64,
}

impl Receiver {
    /// A transfer that begins with this part.
    pub(crate) fn new(from: MemberId, chunk: &SnapshotChunk) -> Self {
        let transfer = chunk.transfer;
        Self { from, transfer, next_part: 0, staging: VecDeque::new(), durable_part: 0 }
    }

    /// This part belongs to another transfer than the present one.
    pub(crate) fn is_other(&self, from: MemberId, chunk: &SnapshotChunk) -> bool {
        self.from != from || self.transfer != chunk.transfer
    }

    pub(crate) fn on_part(&mut self, chunk: &SnapshotChunk) -> Verdict {
        if chunk.part != self.next_part {
            return Verdict::Answer(self.ack());
        }
        self.next_part += 1;
        Verdict::Stage { first: chunk.part == 0 }
    }

    /// The part just judged is on its way to the store under this number.
    pub(crate) fn staging(&mut self, seq: u64, chunk: &SnapshotChunk) {
        self.staging.push_back(Staging { seq, part: chunk.part, last: chunk.last.clone() });
    }

    /// The store has the batch of this number. Returns what to answer and, after the last part,
    /// raft's own message.
    pub(crate) fn on_stored(&mut self, seq: u64) -> Option<(SnapshotChunkAck, Option<Bytes>)> {
        if self.staging.front()?.seq != seq {
            return None;
        }
        let done = self.staging.pop_front()?;
        self.durable_part = done.part + 1;
        Some((self.ack(), done.last))
    }

    fn ack(&self) -> SnapshotChunkAck {
        SnapshotChunkAck { transfer: self.transfer, next_part: self.durable_part, refused: false }
    }
}
