//! Beside the stages: linearizable reads without a log entry (dissertation 6.4, "ReadIndex").
//!
//! The leader's commit index at the time of asking, confirmed by a round of heartbeats, is a place
//! behind everything that was acknowledged before. When this member has applied that far, it answers
//! from its own store. Reads that wait together share one round.
//!
//! ```text
//!   read a, read b ──► ask(ctx 1) ─────► index 33 ──► applied >= 33 ──► answer a, b
//!          read c, read d (came later) ──► ask(ctx 2) ...
//! ```
//!
//! A leader drops the question silently before the first commit of its term, and messages get lost:
//! after a while the question is asked again, with a fresh context, because an answer to an old
//! context could have been on its way since before the read began.

use super::forward::Asker;
use super::{Effect, Node};
use crate::api::Request;
use crate::limits;

type Waiting = Vec<(Asker, Request)>;

/// A question that is on its way.
struct Asked {
    context: u64,
    tick: u64,
    reads: Waiting,
}

/// Reads in their three states.
#[derive(Default)]
pub(super) struct Reads {
    /// Not asked yet.
    new: Waiting,
    asked: Option<Asked>,
    /// The index is known, but not applied.
    known: Vec<(u64, Waiting)>,
}

impl Node {
    pub(super) fn read(&mut self, asker: Asker, request: Request) {
        self.reads.new.push((asker, request));
        self.ask_read_index();
    }

    /// Asks for the reads that came since the last question, unless one is on its way.
    fn ask_read_index(&mut self) {
        if self.reads.asked.is_some() || self.reads.new.is_empty() {
            return;
        }
        let reads = std::mem::take(&mut self.reads.new);
        self.ask(reads);
    }

    fn ask(&mut self, reads: Waiting) {
        let context = self.new_id();
        self.reads.asked = Some(Asked { context, tick: self.tick, reads });
        self.raft.read_index(context.to_be_bytes().to_vec());
    }

    pub(super) fn retry_read_index(&mut self) {
        let patience = (limits::READ_INDEX_RETRY_MS / self.config.tick_ms).max(1);
        let Some(asked) = &self.reads.asked else { return };
        if self.tick < asked.tick + patience {
            return;
        }
        let Some(asked) = self.reads.asked.take() else { return };
        let mut reads = asked.reads;
        reads.append(&mut self.reads.new);
        reads.retain(|(asker, _)| self.is_wanted(*asker));
        if !reads.is_empty() {
            self.ask(reads);
        }
    }

    pub(super) fn on_read_indexes(
        &mut self,
        found: Vec<(Vec<u8>, u64)>,
        effects: &mut Vec<Effect>,
    ) {
        for (context, index) in found {
            let ours = self.reads.asked.as_ref().map(|asked| asked.context.to_be_bytes());
            if ours.is_some_and(|ours| ours[..] == context[..])
                && let Some(asked) = self.reads.asked.take()
            {
                self.reads.known.push((index, asked.reads));
            }
        }
        self.answer_reads(effects);
        self.ask_read_index();
    }

    /// Answers the reads whose index is applied.
    pub(super) fn answer_reads(&mut self, effects: &mut Vec<Effect>) {
        if self.reads.known.is_empty() {
            return;
        }
        let applied = self.applied.index;
        let ready: Vec<_> =
            self.reads.known.extract_if(.., |(index, _)| *index <= applied).collect();
        for (asker, request) in ready.into_iter().flat_map(|(_, reads)| reads) {
            if !self.is_wanted(asker) {
                continue;
            }
            match (asker, &request) {
                (_, Request::LeaseKeepAlive(_) | Request::LeaseTimeToLive(_)) => {
                    self.serve_lease(asker, &request, effects);
                }
                (Asker::Call(call), Request::Authenticate(authenticate)) => {
                    self.check_password(call, authenticate.clone(), effects);
                }
                (Asker::Call(call), _) => self.answer_now(call, &request, effects),
                // Nothing else is forwarded.
                (Asker::Peer(..), _) => {}
            }
        }
    }
}
