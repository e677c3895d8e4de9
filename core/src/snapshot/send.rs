//! The sending end of a transfer: reads the store part by part, a few parts ahead of the answers.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::limits;
use crate::peer::{SnapshotChunk, SnapshotChunkAck};
use crate::store::{SnapshotReader, StoreError};

/// Ticks without an answer after which unanswered parts are sent again.
const RESEND_TICKS: u64 = 3;

/// How a transfer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Parts are under way.
    Sending,
    /// The receiver has the last part.
    Arrived,
    /// The receiver refused, or has been silent for too long.
    Failed,
}

/// One snapshot on its way to one member.
pub(crate) struct Sender {
    transfer: u64,
    index: u64,
    term: u64,
    chunk_bytes: u64,
    reader: SnapshotReader,
    /// Bytes of raft's `MsgSnapshot`, for the last part.
    message: Bytes,
    next_part: u64,
    last_part: Option<u64>,
    unanswered: VecDeque<SnapshotChunk>,
    heard_tick: u64,
    sent_tick: u64,
    pub(crate) progress: Progress,
}

impl Sender {
    pub(crate) fn new(
        (transfer, tick): (u64, u64),
        (index, term): (u64, u64),
        reader: SnapshotReader,
        message: Bytes,
        chunk_bytes: u64,
    ) -> Self {
        Self {
            transfer,
            index,
            term,
            chunk_bytes,
            reader,
            message,
            next_part: 0,
            last_part: None,
            unanswered: VecDeque::new(),
            heard_tick: tick,
            sent_tick: tick,
            progress: Progress::Sending,
        }
    }

    /// Parts to send now: new ones while the window is open, or all unanswered ones again.
    pub(crate) fn parts(&mut self, tick: u64) -> Result<Vec<SnapshotChunk>, StoreError> {
        if tick >= self.heard_tick + limits::SNAPSHOT_TRANSFER_TIMEOUT_TICKS {
            self.progress = Progress::Failed;
            return Ok(Vec::new());
        }
        let mut parts = Vec::new();
        if tick >= self.sent_tick + RESEND_TICKS {
            parts.extend(self.unanswered.iter().cloned());
        }
        while self.last_part.is_none()
            && (self.unanswered.len() as u64) < limits::SNAPSHOT_PARTS_IN_FLIGHT_MAX
        {
            let part = self.read_part()?;
            self.unanswered.push_back(part.clone());
            parts.push(part);
        }
        if !parts.is_empty() {
            self.sent_tick = tick;
        }
        Ok(parts)
    }

    /// The receiver answers.
    pub(crate) fn on_ack(&mut self, ack: &SnapshotChunkAck, tick: u64) {
        if ack.transfer != self.transfer || self.progress != Progress::Sending {
            return;
        }
        if ack.refused || ack.next_part > self.next_part {
            self.progress = Progress::Failed;
            return;
        }
        if self.unanswered.front().is_some_and(|part| part.part < ack.next_part) {
            self.heard_tick = tick;
            self.sent_tick = tick;
        }
        self.unanswered.retain(|part| part.part >= ack.next_part);
        if self.last_part.is_some_and(|last| ack.next_part > last) {
            self.progress = Progress::Arrived;
        }
    }

    fn read_part(&mut self) -> Result<SnapshotChunk, StoreError> {
        let rows = self.reader.next_rows(self.chunk_bytes)?;
        let part = self.next_part;
        self.next_part += 1;
        let last = rows.is_none().then(|| self.message.clone());
        if last.is_some() {
            self.last_part = Some(part);
        }
        Ok(SnapshotChunk {
            transfer: self.transfer,
            index: self.index,
            part,
            rows: rows.unwrap_or_default(),
            last,
            term: self.term,
        })
    }
}
