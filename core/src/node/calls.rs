//! Calls of clients that wait for an answer, and when each one's patience ends.

use std::collections::{BTreeMap, BTreeSet};

use super::{Effect, Node};
use crate::api::{self, Caller};
use crate::id::CallId;
use crate::limits;

/// One open call.
#[derive(Clone, Debug)]
struct Open {
    caller: Caller,
    started_tick: u64,
    deadline_tick: u64,
}

/// The open calls.
#[derive(Default)]
pub(super) struct Calls {
    open: BTreeMap<CallId, Open>,
    by_deadline: BTreeSet<(u64, CallId)>,
}

impl Calls {
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    pub(super) fn open(&mut self, call: CallId, caller: Caller, tick: u64, patience_ticks: u64) {
        let deadline_tick = tick + patience_ticks;
        let open = Open { caller, started_tick: tick, deadline_tick };
        if let Some(old) = self.open.insert(call, open) {
            self.by_deadline.remove(&(old.deadline_tick, call));
        }
        self.by_deadline.insert((deadline_tick, call));
    }

    /// Who makes an open call.
    pub(super) fn caller(&self, call: CallId) -> Option<&Caller> {
        self.open.get(&call).map(|open| &open.caller)
    }

    /// Forgets a call; nothing happens when it is not open.
    pub(super) fn close(&mut self, call: CallId) {
        if let Some(open) = self.open.remove(&call) {
            self.by_deadline.remove(&(open.deadline_tick, call));
        }
    }

    /// A call that may take as long as it takes: its client decides when to give it up.
    pub(super) fn hold(&mut self, call: CallId) {
        if let Some(open) = self.open.get(&call) {
            self.by_deadline.remove(&(open.deadline_tick, call));
        }
    }

    pub(super) fn is_open(&self, call: CallId) -> bool {
        self.open.contains_key(&call)
    }

    /// The calls whose time is over, with the tick at which each began.
    fn overdue(&self, tick: u64) -> Vec<(CallId, u64)> {
        self.by_deadline
            .iter()
            .take_while(|(deadline, _)| *deadline <= tick)
            .map(|(_, call)| (*call, self.open[call].started_tick))
            .collect()
    }

    /// All open calls, in order.
    pub(super) fn all(&self) -> Vec<CallId> {
        self.open.keys().copied().collect()
    }
}

impl Node {
    /// Ticks that a request may take: five seconds and two election timeouts
    /// (etcd `ReqTimeout`, `server/config/config.go`).
    pub(super) fn patience_ticks(&self) -> u64 {
        limits::REQUEST_TIMEOUT_MS / self.config.tick_ms + 2 * u64::from(self.config.election_ticks)
    }

    /// Gives up what has waited too long. It may still happen: the answer says "timed out", not
    /// "failed" (etcd `parseProposeCtxErr`, `server/etcdserver/server.go`).
    pub(super) fn expire_calls(&mut self, effects: &mut Vec<Effect>) {
        for (call, started_tick) in self.calls.overdue(self.tick) {
            let (lost, found) = self.start.leader_change();
            let during_change = started_tick >= lost && started_tick < found;
            let error = if self.forwards.asks_of_a_lease(call) && self.raft.leader().is_none() {
                api::Error::NO_LEADER
            } else if during_change {
                api::Error::TIMEOUT_DUE_TO_LEADER_FAIL
            } else {
                api::Error::TIMEOUT
            };
            self.respond(call, Err(error), effects);
        }
    }
}
