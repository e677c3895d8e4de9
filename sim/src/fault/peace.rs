//! The end of a siege: every fault heals, and the cluster has to come to rest.

use crate::check::liveness;
use crate::clock::{MILLIS, Nanos, SECOND};
use crate::member::MemberState;
use crate::operator;
use crate::world::{Action, DiskOperation, State};

/// How long it waits between two looks.
const LOOK_EVERY: Nanos = 200 * MILLIS;

/// A time of peace and the judgement at its end: safety alone is fulfilled by a cluster that does
/// nothing at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peace {
    from: Nanos,
    within: Nanos,
    /// When it acts next; the end of time when it is over.
    due: Nanos,
    healed: bool,
}

impl Peace {
    /// Everything heals at `from`, and the cluster has to be at rest after `within` more.
    #[must_use]
    pub fn new(from: Nanos, within: Nanos) -> Self {
        Self { from, within, due: from, healed: false }
    }

    /// When everything heals.
    #[must_use]
    pub fn from(&self) -> Nanos {
        self.from
    }

    /// How long the cluster may take to come to rest.
    #[must_use]
    pub fn within(&self) -> Nanos {
        self.within
    }

    pub(super) fn due(&self) -> Nanos {
        self.due
    }

    pub(super) fn advance(&mut self, state: &mut State, now: Nanos) {
        if now < self.due {
            return;
        }
        if !self.healed {
            self.healed = true;
            heal(state);
        } else if self.judge(state, now) {
            self.due = Nanos::MAX;
            return;
        }
        self.due = now + LOOK_EVERY;
    }

    /// Looks whether there is peace; says whether the judgement is final.
    fn judge(&self, state: &mut State, now: Nanos) -> bool {
        if state.violation.is_some() {
            return true;
        }
        for no in state.numbers() {
            // It was on its way out when everything healed.
            if state.member(no).state == MemberState::Stopped {
                let _ = state.act(Action::Restart(no));
            }
            // It was removed before it read in any log whom to ask.
            if state.is_removed(no) && state.has_read_nothing(no) {
                let _ = state.act(Action::Kill(no));
            }
        }
        operator::start_added(state);
        let deadline = self.from + self.within;
        match liveness::unrest(state, deadline) {
            None => {
                let verdict = liveness::judge_stores(state);
                state.violate(verdict);
                state.settled_at = Some(now);
                true
            }
            Some(missing) if now >= deadline => {
                let verdict = liveness::never_settled(missing, self.within / SECOND);
                state.violate(Some(verdict));
                true
            }
            Some(_) => false,
        }
    }
}

/// Ends every fault.
fn heal(state: &mut State) {
    let _ = state.act(Action::Heal);
    for member in state.numbers() {
        let operations = [DiskOperation::Read, DiskOperation::Write, DiskOperation::Sync];
        for operation in operations {
            let _ = state.act(Action::DiskErrors { member, operation, failing: false });
        }
        let _ = state.act(Action::FullDisk { member, full: false });
        let _ = state.act(Action::SlowDisk { member, fsync: None });
        let _ = state.act(Action::ClockRate { member, rate: crate::clock::Rate::TRUE });
        let _ = state.act(Action::Thaw(member));
        let _ = state.act(Action::Restart(member));
    }
}
