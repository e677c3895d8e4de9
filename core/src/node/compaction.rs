//! Beside the stages: compaction, from the wish to the last row that is gone.
//!
//! Applying a compaction forgets; the rows go slice by slice ([`Mvcc::compact_slice`]), as fast as
//! the disk takes their deletes. A client that asked for `physical` is answered when they are gone.
//!
//! A leader may compact by itself, as etcd's `v3compactor` does:
//!
//! ```text
//!   periodic, 1h   every 6 min note the revision; when the oldest note is an hour old, compact at
//!                  it, and again every hour (or period, if that is shorter)
//!   revision, 1000 every 5 min compact at 1000 revisions before the newest one
//! ```
//!
//! Every member notes revisions, so that a new leader goes on where the old one was.
//!
//! [`Mvcc::compact_slice`]: crate::mvcc::Mvcc::compact_slice

use std::collections::VecDeque;

use super::{Effect, Node};
use crate::api::{self, CompactionRequest, InternalRaftRequest, Response};
use crate::id::CallId;
use crate::limits;

/// How a leader compacts by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AutoCompaction {
    /// Keep what is younger than so many milliseconds.
    Periodic {
        /// The time to keep.
        period_ms: u64,
    },
    /// Keep so many revisions.
    Revision {
        /// The number to keep.
        revisions: i64,
    },
}

impl AutoCompaction {
    /// Milliseconds between two notes, or two looks.
    fn interval_ms(self) -> u64 {
        match self {
            Self::Periodic { period_ms } => {
                let hour = limits::AUTO_COMPACTION_INTERVAL_MS_MAX;
                (period_ms.min(hour) / limits::AUTO_COMPACTION_NOTES).max(1)
            }
            Self::Revision { .. } => limits::AUTO_COMPACTION_REVISION_INTERVAL_MS,
        }
    }
}

/// Who waits for rows to go, and what a leader compacts by itself.
#[derive(Debug, Default)]
pub(super) struct Compactions {
    /// Calls that wait until the rows are gone, with their answers.
    waiting: Vec<(CallId, Result<Response, api::Error>)>,
    /// Revisions at the last notes, oldest first.
    notes: VecDeque<i64>,
    noted_ms: u64,
    /// The revision that was proposed last, until it is seen to be compacted.
    proposed: Option<i64>,
    /// The last one that succeeded, and when.
    done: (i64, u64),
    /// There was a first one: from now on the interval counts, not the period.
    began: bool,
}

impl Node {
    /// Answers when nothing of what was compacted is on the disk any more.
    pub(super) fn respond_when_gone(&mut self, call: CallId, result: Result<Response, api::Error>) {
        self.calls.hold(call);
        self.compactions.waiting.push((call, result));
    }

    /// A batch is stored: compaction goes on at the speed of the disk.
    pub(super) fn on_rows_stored(&mut self, effects: &mut Vec<Effect>) {
        self.answer_compactions(effects);
        if self.mvcc.is_compacting() {
            self.mvcc.compact_slice(self.config.compaction_batch_rows);
            self.flush(effects);
        }
    }

    pub(super) fn drive_compaction(&mut self, effects: &mut Vec<Effect>) {
        if self.compactions.waiting.is_empty() {
            return;
        }
        self.answer_compactions(effects);
        if self.mvcc.is_compacting() && !self.storing.is_writing() {
            self.mvcc.compact_slice(self.config.compaction_batch_rows);
        }
        if !self.mvcc.is_compacting() {
            self.flush(effects);
            self.answer_compactions(effects);
        }
    }

    fn answer_compactions(&mut self, effects: &mut Vec<Effect>) {
        let rows_wait = self.mvcc.is_compacting() || self.mvcc.deletes_wait();
        if rows_wait || self.storing.is_writing() {
            return;
        }
        for (call, result) in std::mem::take(&mut self.compactions.waiting) {
            self.respond(call, result, effects);
        }
    }

    /// Compacts what is due.
    pub(super) fn tick_compaction(&mut self) {
        let Some(auto) = self.config.auto_compaction else { return };
        let now_ms = self.tick * self.config.tick_ms;
        let state = &mut self.compactions;
        if let Some(revision) = state.proposed.filter(|revision| self.mvcc.compacted() >= *revision)
        {
            state.done = (revision, now_ms);
            state.proposed = None;
        }
        let first = state.notes.is_empty();
        if !first && now_ms < state.noted_ms + auto.interval_ms() {
            return;
        }
        state.noted_ms = now_ms;
        let due = if first { None } else { self.due_compaction(auto, now_ms) };
        if let Some(revision) = due.filter(|_| self.raft.is_leader()) {
            self.compactions.began = true;
            self.compactions.proposed = Some(revision);
            self.propose_as_leader(InternalRaftRequest {
                compaction: Some(CompactionRequest { revision, physical: false }),
                ..InternalRaftRequest::default()
            });
        }
        self.note_revision(auto);
    }

    /// The revision to compact at, if it is time.
    fn due_compaction(&self, auto: AutoCompaction, now_ms: u64) -> Option<i64> {
        let (last, done_ms) = self.compactions.done;
        match auto {
            AutoCompaction::Periodic { period_ms } => {
                let wait_ms = match self.compactions.began {
                    false => period_ms,
                    true => period_ms.min(limits::AUTO_COMPACTION_INTERVAL_MS_MAX),
                };
                let revision = *self.compactions.notes.front()?;
                (now_ms >= done_ms + wait_ms && revision != last).then_some(revision)
            }
            AutoCompaction::Revision { revisions } => {
                let revision = self.mvcc.revision().saturating_sub(revisions);
                (revision > 0 && revision != last).then_some(revision)
            }
        }
    }

    fn note_revision(&mut self, auto: AutoCompaction) {
        let kept = match auto {
            AutoCompaction::Periodic { period_ms } => period_ms / auto.interval_ms() + 1,
            AutoCompaction::Revision { .. } => 1,
        };
        let notes = &mut self.compactions.notes;
        notes.push_back(self.mvcc.revision());
        while notes.len() as u64 > kept {
            notes.pop_front();
        }
    }
}
