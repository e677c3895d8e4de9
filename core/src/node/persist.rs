//! Stage 3: what raft must not forget goes to the disk, and what speaks of it waits.
//!
//! Every [`Output`] that has something to persist becomes one append. Its held messages, and those
//! of later outputs, leave when the append is durable: a vote that a power cut can undo must not
//! have been heard by anybody (Raft 5.1).

use std::collections::VecDeque;

use raft::eraftpb::Message;

use super::{Effect, Node};
use crate::raft::Output;
use crate::wal::Batch;

/// An output whose persistence is under way.
struct Waiting {
    /// The append that must be durable first.
    seq: u64,
    /// raft's number of the output.
    number: u64,
    held: Vec<Message>,
}

/// Outputs in order.
#[derive(Default)]
pub(super) struct Persisting(VecDeque<Waiting>);

impl Node {
    /// Passes one output of raft through the stages behind it.
    pub(super) fn on_output(&mut self, mut output: Output, effects: &mut Vec<Effect>) {
        if let Some(snapshot) = output.snapshot.take() {
            // The WAL may speak of the snapshot only when the store has it.
            return self.install(snapshot, output, effects);
        }
        self.persist(output, effects);
    }

    pub(super) fn persist(&mut self, mut output: Output, effects: &mut Vec<Effect>) {
        if output.must_sync {
            let batch = Batch {
                snapshot: None,
                entries: &output.entries,
                hard_state: output.hard_state.as_ref(),
            };
            effects.push(Effect::Append(self.wal.append(&batch)));
        } else if let Some(hard_state) = &output.hard_state {
            // A commit index alone. It need not survive (Raft figure 2 calls it volatile), so it
            // is written with the next append that must be.
            self.wal.note_commit(hard_state);
        }
        self.after_append(self.wal.appended_seq(), &mut output, effects);
    }

    /// The output's bytes are on their way under `seq`: do what need not wait, queue what must.
    pub(super) fn after_append(
        &mut self,
        seq: u64,
        output: &mut Output,
        effects: &mut Vec<Effect>,
    ) {
        self.send_all(std::mem::take(&mut output.messages), effects);
        let held = std::mem::take(&mut output.held);
        let waiting = Waiting { seq, number: output.number, held };
        self.persisting.0.push_back(waiting);
        self.release_persisted(effects);
        self.on_committed(std::mem::take(&mut output.committed), effects);
        self.on_read_indexes(std::mem::take(&mut output.reads), effects);
    }

    pub(super) fn on_persisted(&mut self, seq: u64, effects: &mut Vec<Effect>) {
        self.wal.on_persisted(seq);
        self.release_persisted(effects);
    }

    fn release_persisted(&mut self, effects: &mut Vec<Effect>) {
        let durable = self.wal.position().persisted_seq;
        let mut number = None;
        while self.persisting.0.front().is_some_and(|waiting| waiting.seq <= durable) {
            let Some(waiting) = self.persisting.0.pop_front() else { break };
            number = Some(waiting.number);
            self.send_all(waiting.held, effects);
        }
        if let Some(number) = number {
            self.raft.on_persisted(number);
        }
    }
}
