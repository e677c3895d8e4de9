//! From the state in memory to the durable store, beside the log.
//!
//! Apply changes memory only; rows that are not yet durable are read from an overlay. Every few ticks
//! one batch with all of them goes to the store, together with the index that it belongs to, so the
//! disk always shows the state of one entry. One such batch is under way at a time: while it is,
//! the next one fills (group commit). What is stored needs no log: the log before it can be dropped.

use std::collections::VecDeque;

use bytes::Bytes;
use protobuf::Message as _;
use raft::eraftpb::SnapshotMetadata;

use super::{Effect, Node};
use crate::limits;
use crate::raft::Base;
use crate::store::{MetaKey, StoreBatch};

/// What a batch under way is for.
enum Kind {
    /// Applied entries up to this place.
    Write(SnapshotMetadata),
    /// A part of a snapshot that is being received.
    Stage,
    /// A received snapshot.
    Install,
}

/// Batches under way, in order.
#[derive(Default)]
pub(super) struct Storing {
    next_seq: u64,
    under_way: VecDeque<(u64, Kind)>,
    /// Tick of the last batch of applied entries.
    flushed_tick: u64,
    /// The snapshot that is being installed; raft waits for it.
    pub(super) installing: Option<super::snapshots::Installing>,
}

impl Storing {
    pub(super) fn is_installing(&self) -> bool {
        self.installing.is_some()
    }

    pub(super) fn is_writing(&self) -> bool {
        self.under_way.iter().any(|(_, kind)| matches!(kind, Kind::Write(_)))
    }

    fn begin(&mut self, kind: Kind) -> u64 {
        self.next_seq += 1;
        self.under_way.push_back((self.next_seq, kind));
        self.next_seq
    }
}

impl Node {
    /// A tick passed: compaction goes on, and a batch leaves when it is time.
    pub(super) fn tick_store(&mut self, effects: &mut Vec<Effect>) {
        self.mvcc.compact_slice(self.config.compaction_batch_rows);
        let due = self.storing.flushed_tick + u64::from(self.config.store_flush_ticks);
        if self.tick >= due {
            self.flush(effects);
        }
    }

    /// A batch leaves before its time when it is large.
    pub(super) fn flush_full_batch(&mut self, effects: &mut Vec<Effect>) {
        if self.mvcc.pending_rows_bytes() >= limits::STORE_BATCH_BYTES_MAX {
            self.flush(effects);
        }
    }

    /// Everything that is applied is durable, too.
    pub(super) fn is_flushed(&self) -> bool {
        self.stored == self.applied && self.storing.under_way.is_empty()
    }

    /// Sends a batch on its way, unless one is, or there is nothing new.
    pub(super) fn flush(&mut self, effects: &mut Vec<Effect>) {
        let nothing = self.applied == self.stored && self.mvcc.pending_rows_bytes() == 0;
        if nothing || self.storing.is_writing() || self.storing.is_installing() {
            return;
        }
        self.storing.flushed_tick = self.tick;
        let place = self.place();
        let rows = self.mvcc.take_rows();
        let mut meta = self.mvcc.meta();
        meta.push((MetaKey::Applied, encode(&place)));
        meta.push((MetaKey::Members, self.membership.to_bytes()));
        meta.push((MetaKey::Alarms, self.alarms.to_bytes()));
        let leases = self.lessor.take_rows();
        let auth = self.auth.take_rows();
        let seq = self.storing.begin(Kind::Write(place));
        let batch = StoreBatch::Write { rows, leases, auth, meta };
        effects.push(Effect::Store { seq, batch });
    }

    /// A part of a snapshot goes aside; returns the number of its batch.
    pub(super) fn stage(&mut self, first: bool, rows: Bytes, effects: &mut Vec<Effect>) -> u64 {
        let seq = self.storing.begin(Kind::Stage);
        effects.push(Effect::Store { seq, batch: StoreBatch::Stage { first, rows } });
        seq
    }

    /// What was put aside becomes the store.
    pub(super) fn swap_in(&mut self, meta: Vec<(MetaKey, Bytes)>, effects: &mut Vec<Effect>) {
        let seq = self.storing.begin(Kind::Install);
        effects.push(Effect::Store { seq, batch: StoreBatch::Install { meta } });
    }

    pub(super) fn on_stored(&mut self, seq: u64, effects: &mut Vec<Effect>) {
        let Some((expected, kind)) = self.storing.under_way.pop_front() else {
            panic!("batch {seq} was never given out");
        };
        assert_eq!(seq, expected, "batches are stored in order");
        match kind {
            Kind::Write(place) => {
                self.mvcc.rows_stored();
                self.room.stored_bytes = self.store.in_use_bytes();
                self.on_place_stored(place, effects);
                self.on_rows_stored(effects);
            }
            Kind::Stage => self.on_part_stored(seq, effects),
            Kind::Install => self.on_installed(effects),
        }
    }

    /// The store holds everything up to `place`: older parts of the log have served.
    pub(super) fn on_place_stored(&mut self, place: SnapshotMetadata, effects: &mut Vec<Effect>) {
        self.stored = Base { index: place.index, term: place.term };
        self.raft.set_stored(place);
        self.answer_backups(effects);
        let kept = self.config.snapshot_catchup_entries;
        let behind = self.stored.index + 1 - self.raft.first_index().min(self.stored.index + 1);
        if behind > self.config.snapshot_count + kept {
            let base = self.stored.index - kept;
            self.raft.compact(base);
            if let Some(segment) = self.wal.drop_before(base) {
                effects.push(Effect::DropLogBefore { segment });
            }
        }
    }

    /// The place that the state in memory belongs to.
    fn place(&self) -> SnapshotMetadata {
        SnapshotMetadata {
            index: self.applied.index,
            term: self.applied.term,
            conf_state: Some(self.raft.conf_state()).into(),
            ..SnapshotMetadata::default()
        }
    }
}

pub(super) fn encode(place: &SnapshotMetadata) -> Bytes {
    place.write_to_bytes().expect("a message without required fields always encodes").into()
}
