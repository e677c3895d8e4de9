//! A segment's records in words, for those who look at bytes.

use bytes::Bytes;
use protobuf::Message as _;
use raft::eraftpb;

use super::record::{self, RecordKind, padded_bytes};
use crate::node::EntryView;

/// One record of a segment, for a byte view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordView {
    /// Offset of its first byte in the segment.
    pub offset: u64,
    /// Bytes with frame and padding.
    pub len: u64,
    /// What it holds.
    pub kind: RecordKind,
    /// The append that wrote it.
    pub seq: u64,
    /// Its checksum.
    pub crc: u32,
    /// Index of the entry in it; the index of the snapshot; 0 for others.
    pub index: u64,
    /// The same in a few words: `state: term 4, vote 8e9e05c52164694d, commit 33`.
    pub words: String,
}

/// The records of a segment up to the first byte that is none.
#[must_use]
pub fn dump(bytes: &Bytes) -> Vec<RecordView> {
    let mut views = Vec::new();
    let mut at = 0;
    while let Some(record) = record::decode(bytes, at) {
        let len = padded_bytes(record.payload.len());
        let (index, words) = describe(record.kind, &record.payload);
        views.push(RecordView {
            offset: at as u64,
            len: len as u64,
            kind: record.kind,
            seq: record.seq,
            crc: record.crc,
            index,
            words,
        });
        at += len;
    }
    views
}

fn describe(kind: RecordKind, payload: &[u8]) -> (u64, String) {
    match kind {
        RecordKind::Header => (0, String::from("header")),
        RecordKind::Mark => (0, String::from("mark")),
        RecordKind::Entry => {
            let entry = eraftpb::Entry::parse_from_bytes(payload).unwrap_or_default();
            let view = EntryView::from(&entry);
            (entry.index, format!("entry {}: {}", entry.index, view.words()))
        }
        RecordKind::State => {
            let state = eraftpb::HardState::parse_from_bytes(payload).unwrap_or_default();
            let words = format!(
                "state: term {}, vote {:x}, commit {}",
                state.term, state.vote, state.commit
            );
            (0, words)
        }
        RecordKind::Snapshot => {
            let meta = eraftpb::SnapshotMetadata::parse_from_bytes(payload).unwrap_or_default();
            (meta.index, format!("snapshot at {}, term {}", meta.index, meta.term))
        }
    }
}
