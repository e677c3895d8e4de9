//! Leaving politely: leadership is handed over, what is applied is stored, then the process may end.
//!
//! A hand-over costs the cluster a round trip, a lost leader an election timeout
//! (dissertation 3.10; etcd `TryTransferLeadershipOnShutdown`).

use super::{Effect, Node};
use crate::api;
use crate::raft::HandOver;

/// A stop under way.
#[derive(Debug)]
pub(super) struct Stopping {
    /// Tick after which a hand-over is not waited for.
    deadline_tick: u64,
    handed_over: bool,
}

impl Node {
    pub(super) fn on_stop(&mut self) {
        if self.stopping.is_none() {
            let deadline_tick = self.tick + u64::from(self.config.election_ticks);
            self.stopping = Some(Stopping { deadline_tick, handed_over: false });
        }
    }

    /// Does the next step of a stop: hand over, store, end.
    pub(super) fn drive_stop(&mut self, effects: &mut Vec<Effect>) {
        let Some(stopping) = &mut self.stopping else { return };
        if self.raft.is_leader() && self.tick < stopping.deadline_tick {
            if stopping.handed_over {
                return;
            }
            match self.raft.transfer_leadership() {
                HandOver::Begun => {
                    stopping.handed_over = true;
                    return self.drive(effects);
                }
                HandOver::NotYet => return,
                HandOver::Nobody => {}
            }
        }
        if self.wal.position().persisted_seq == 0 {
            // Told to stop in its first moments: a store without a log would not start again.
            return;
        }
        if !self.is_flushed() {
            return self.flush(effects);
        }
        self.end(Effect::Stopped, "stopped", effects);
    }

    /// The last step of a node that ends on purpose.
    pub(super) fn end(&mut self, how: Effect, reason: &str, effects: &mut Vec<Effect>) {
        for call in self.calls.all() {
            self.respond(call, Err(api::Error::STOPPED), effects);
        }
        for stream in self.watches.all() {
            self.watches.close(stream);
            effects.push(Effect::WatchEnded { stream, error: api::Error::STOPPED });
        }
        effects.push(how);
        self.halted = Some(reason.to_owned());
    }
}
