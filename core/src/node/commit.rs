//! Stage 5: committed entries, in order of index, each exactly once.
//!
//! raft gives them in order and only when they are on this member's own disk. After a restart it
//! starts behind what the store already has, so an entry that was stored is not applied twice.

use raft::eraftpb::Entry;

use super::{Effect, Node};
use crate::raft::Base;

impl Node {
    pub(super) fn on_committed(&mut self, entries: Vec<Entry>, effects: &mut Vec<Effect>) {
        if entries.is_empty() {
            return;
        }
        for entry in entries {
            assert_eq!(
                entry.index,
                self.applied.index + 1,
                "entry {} was committed behind entry {}",
                entry.index,
                self.applied.index
            );
            let before = self.mvcc.revision();
            self.apply(&entry, effects);
            if let Some(failure) = self.mvcc.failure() {
                // The store failed under a read that this entry needed: what it wrote is worthless,
                // and must reach neither an answer nor the disk.
                let reason = failure.to_string();
                return self.halt(reason, effects);
            }
            self.applied = Base { index: entry.index, term: entry.term };
            self.notify(before, effects);
            if self.halted.is_some() {
                return;
            }
        }
        self.raft.on_applied(self.applied.index);
        self.on_leader_seen();
        self.judge_leases(effects);
        self.release_early(effects);
        self.answer_reads(effects);
    }
}
