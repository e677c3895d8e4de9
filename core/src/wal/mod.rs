//! The write-ahead log, as bytes.
//!
//! Everything that a member must not forget, entries, votes, terms, goes into the WAL before
//! the member acts on it where others can see (Raft 5.1, "persistent state"). The WAL is a row of
//! segments; a segment is a row of [records](record).
//!
//! ```text
//!   segment 0              segment 1                 segment 2
//!   +------+---+---+---+   +------+---+---+---+---+  +------+---+---+ . . . . .
//!   |header| e | e | s |   |header| e | s | e | e |  |header| e | s |  next append
//!   +------+---+---+---+   +------+---+---+---+---+  +------+---+---+ . . . . .
//!     e = entry  s = state (term, vote, commit)  header = whose log, and where it stood
//! ```
//!
//! This module writes no file. [`Wal`] turns what raft wants persisted into
//! [`Append`] effects, [`replay`](mod@replay) turns the bytes of a disk back into a log. What lies between is
//! the world's: real files natively, a simulated disk in the simulator and in the page.
//!
//! Invariants:
//! * an append is all or nothing: a reader that finds only a part of one drops it;
//! * appends are numbered without gaps, across segments and restarts;
//! * a segment's header repeats term, vote and commit, so older segments can be dropped;
//! * a torn tail is cut, a hole in what was durable is [`Corrupt`], never a shorter log.

pub mod record;
mod replay;
#[cfg(test)]
mod tests;
mod view;

use bytes::{Bytes, BytesMut};
use prost::Message as _;
use raft::eraftpb;

pub use record::RecordKind;
pub(crate) use replay::{Replayed, replay};
pub use replay::{WalIdentity, peek};
pub use view::{RecordView, dump};

use crate::id::{ClusterId, MemberId};
use crate::node::Append;

/// Version of the format. A reader refuses a newer one.
pub const FORMAT_VERSION: u32 = 1;

/// The WAL as it was found on a disk.
#[derive(Clone, Debug, Default)]
pub struct WalImage {
    /// The segments, in any order.
    pub segments: Vec<WalSegment>,
}

/// One segment as it was found on a disk.
#[derive(Clone, Debug)]
pub struct WalSegment {
    /// Its number.
    pub number: u64,
    /// Its bytes; zeros or stale bytes may follow the last record.
    pub bytes: Bytes,
}

/// The bytes are not what this member wrote.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the write-ahead log is damaged in segment {segment} at byte {offset}: {what}")]
pub struct Corrupt {
    /// Number of the segment.
    pub segment: u64,
    /// Offset in the segment.
    pub offset: u64,
    /// What is wrong and what it means.
    pub what: String,
}

/// The first record of a segment.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Header {
    /// [`FORMAT_VERSION`] of the writer.
    #[prost(uint32, tag = "1")]
    pub(crate) version: u32,
    /// Whose log this is.
    #[prost(fixed64, tag = "2")]
    pub(crate) cluster_id: u64,
    /// Whose log this is.
    #[prost(fixed64, tag = "3")]
    pub(crate) member_id: u64,
    /// Number of this segment.
    #[prost(uint64, tag = "4")]
    pub(crate) segment: u64,
    /// Index and term of the last entry before this segment.
    #[prost(uint64, tag = "5")]
    pub(crate) base_index: u64,
    /// See `base_index`.
    #[prost(uint64, tag = "6")]
    pub(crate) base_term: u64,
    /// Term, vote and commit at this point: protobuf `eraftpb.HardState`.
    #[prost(bytes = "bytes", tag = "7")]
    pub(crate) hard_state: Bytes,
}

/// What one append must hold, as raft wants it persisted.
#[derive(Default)]
pub(crate) struct Batch<'a> {
    pub(crate) snapshot: Option<&'a eraftpb::SnapshotMetadata>,
    pub(crate) entries: &'a [eraftpb::Entry],
    pub(crate) hard_state: Option<&'a eraftpb::HardState>,
}

/// A segment that is still needed.
#[derive(Clone, Copy, Debug)]
struct Kept {
    number: u64,
    /// The last index before it.
    base_index: u64,
}

/// The writing end: where the next bytes go.
#[derive(Debug)]
pub(crate) struct Wal {
    cluster_id: ClusterId,
    member_id: MemberId,
    segment_bytes: u64,
    /// Segments in order; the last one is written.
    kept: Vec<Kept>,
    offset: u64,
    next_seq: u64,
    /// The last append that is known to survive a power failure: each record vouches for it.
    persisted_seq: u64,
    crc: u32,
    /// The next append must cut away what a recovery did not accept.
    truncate: bool,
    hard_state: eraftpb::HardState,
    /// `hard_state` has a commit index that is not written yet.
    commit_noted: bool,
    /// (index, term) of the last entry written.
    last: (u64, u64),
}

impl Wal {
    /// A log that has never been written.
    pub(crate) fn new(cluster_id: ClusterId, member_id: MemberId, segment_bytes: u64) -> Self {
        Self {
            cluster_id,
            member_id,
            segment_bytes,
            kept: Vec::new(),
            offset: 0,
            next_seq: 1,
            persisted_seq: 0,
            crc: 0,
            truncate: false,
            hard_state: eraftpb::HardState::default(),
            commit_noted: false,
            last: (0, 0),
        }
    }

    /// Where the next append goes and what is durable.
    pub(crate) fn position(&self) -> crate::node::WalPosition {
        crate::node::WalPosition {
            segment: self.kept.last().map_or(0, |kept| kept.number),
            offset: self.offset,
            appended_seq: self.next_seq - 1,
            persisted_seq: self.persisted_seq,
        }
    }

    /// The number of the last append that was given out: what speaks of this member's state
    /// waits until it is durable.
    pub(crate) fn appended_seq(&self) -> u64 {
        self.next_seq - 1
    }

    /// Takes the world's word that appends up to `seq` are durable.
    pub(crate) fn on_persisted(&mut self, seq: u64) {
        assert!(seq < self.next_seq, "append {seq} was never given out");
        self.persisted_seq = self.persisted_seq.max(seq);
    }

    /// Takes a state that differs from the last one by its commit index alone; it is written with
    /// the next append.
    pub(crate) fn note_commit(&mut self, hard_state: &eraftpb::HardState) {
        self.hard_state = hard_state.clone();
        self.commit_noted = true;
    }

    /// Makes one append of a batch. An empty batch becomes a mark.
    pub(crate) fn append(&mut self, batch: &Batch<'_>) -> Append {
        let seq = self.next_seq;
        self.next_seq += 1;
        // The first append after a recovery stays in its segment, full or not: it cuts off what was
        // torn there, which would look like a hole once a later segment follows.
        let truncate = std::mem::take(&mut self.truncate);
        let full = self.offset >= self.segment_bytes;
        let cut = self.kept.is_empty() || (full && !truncate);
        let mut out = BytesMut::new();
        if cut {
            self.begin_segment(&mut out, seq);
        }
        let start = self.offset;
        self.note(batch);
        let mut payloads: Vec<(RecordKind, Vec<u8>)> = Vec::with_capacity(batch.entries.len() + 2);
        if let Some(meta) = batch.snapshot {
            payloads.push((RecordKind::Snapshot, bytes_of(meta)));
        }
        payloads.extend(batch.entries.iter().map(|e| (RecordKind::Entry, bytes_of(e))));
        if batch.hard_state.is_some() || std::mem::take(&mut self.commit_noted) {
            payloads.push((RecordKind::State, bytes_of(&self.hard_state)));
        }
        if payloads.is_empty() {
            payloads.push((RecordKind::Mark, Vec::new()));
        }
        let count = payloads.len();
        for (at, (kind, payload)) in payloads.iter().enumerate() {
            let mark = (*kind, at + 1 == count);
            self.crc = record::encode(&mut out, mark, (seq, self.persisted_seq), self.crc, payload);
        }
        self.offset = start + out.len() as u64;
        let segment = self.kept.last().expect("a segment was begun above").number;
        Append { seq, segment, offset: start, bytes: out.freeze(), truncate }
    }

    /// Forgets segments whose entries all lie at or before `index`; returns the first to keep.
    pub(crate) fn drop_before(&mut self, index: u64) -> Option<u64> {
        let needless = self.kept.windows(2).take_while(|pair| pair[1].base_index <= index).count();
        self.kept.drain(..needless);
        (needless > 0).then(|| self.kept[0].number)
    }

    fn begin_segment(&mut self, out: &mut BytesMut, seq: u64) {
        let number = self.kept.last().map_or(0, |kept| kept.number + 1);
        self.kept.push(Kept { number, base_index: self.last.0 });
        self.offset = 0;
        let header = Header {
            version: FORMAT_VERSION,
            cluster_id: self.cluster_id.0,
            member_id: self.member_id.0,
            segment: number,
            base_index: self.last.0,
            base_term: self.last.1,
            hard_state: bytes_of(&self.hard_state).into(),
        };
        let mark = (RecordKind::Header, false);
        let payload = header.encode_to_vec();
        self.crc = record::encode(out, mark, (seq, self.persisted_seq), self.crc, &payload);
    }

    fn note(&mut self, batch: &Batch<'_>) {
        if let Some(meta) = batch.snapshot {
            self.last = (meta.index, meta.term);
        }
        if let Some(entry) = batch.entries.last() {
            self.last = (entry.index, entry.term);
        }
        if let Some(hard_state) = batch.hard_state {
            self.hard_state = hard_state.clone();
            self.commit_noted = false;
        }
    }
}

fn bytes_of(message: &impl protobuf::Message) -> Vec<u8> {
    message.write_to_bytes().expect("a message without required fields always encodes")
}
