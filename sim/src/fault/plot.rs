//! Plots: faults that wait for their moment. Chance rarely finds four right moments in a row.
//!
//! The only one so far is figure 8 of the Raft paper:
//!
//! ```text
//!    a leads, is cut off, appends x, dies        a: .. x(2)
//!    b leads, is cut off, appends e, dies        b: .. e(3)
//!    a comes back, leads, hands x on, dies       a: .. x(2) e(4)    c: .. x(2)
//!    b comes back: its log is newer than c's
//! ```
//!
//! A sound leader does not count copies of x, because x is of an earlier term. A plot that waits in vain
//! is given up: it asks for nothing that other faults could not bring about.

use glasshouse_core::node::Role;

use crate::clock::{MILLIS, Nanos, SECOND};
use crate::place::{MemberNo, Place};
use crate::world::{Action, State};

/// How often it looks whether its moment has come.
const LOOK_EVERY: Nanos = MILLIS;
/// A plot waits so long for each of its moments.
const PATIENCE: Nanos = 5 * SECOND;
/// Between two calls for an election by the member that shall win.
const CAMPAIGN_EVERY: Nanos = 250 * MILLIS;

/// The first leader has so long to hand its entry on, once it leads again.
const HAND_ON: Nanos = 60 * MILLIS;

/// What it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The first leader, cut off, has something on its disk that nobody else has.
    FirstAppends { a: MemberNo, x: u64 },
    /// Another one leads.
    SecondLeads { a: MemberNo, x: u64 },
    /// The second leader, cut off, has something of its own on its disk.
    SecondAppends { a: MemberNo, b: MemberNo, x: u64, before: u64 },
    /// The first one leads again, and somebody takes x for committed, or had time to.
    FirstLeads { a: MemberNo, b: MemberNo, x: u64, campaign_at: Nanos, kill_at: Option<Nanos> },
}

/// A plot under way.
#[derive(Debug)]
pub(super) struct Plot {
    stage: Stage,
    due: Nanos,
    until: Nanos,
}

impl Plot {
    /// Begins with the leader of now; `None` when nobody leads two others.
    pub(super) fn figure_8(state: &State, now: Nanos, act: &mut Vec<Action>) -> Option<Self> {
        let a = state.leader().filter(|_| state.numbers().count() >= 3)?;
        let x = last_index(state, a)? + 1;
        act.push(alone(state, a));
        Some(Self {
            stage: Stage::FirstAppends { a, x },
            due: now + LOOK_EVERY,
            until: now + PATIENCE,
        })
    }

    pub(super) fn due(&self) -> Nanos {
        self.due
    }

    /// Looks, and says what to do; `false` when it is over.
    pub(super) fn advance(&mut self, state: &State, now: Nanos, act: &mut Vec<Action>) -> bool {
        if now < self.due {
            return true;
        }
        self.due = now + LOOK_EVERY;
        let next = match self.stage {
            Stage::FirstAppends { a, x } => (durable(state, a) >= x).then(|| {
                act.push(Action::Kill(a));
                Stage::SecondLeads { a, x }
            }),
            Stage::SecondLeads { a, x } => {
                state.leader().filter(|b| *b != a).and_then(|b| {
                    // What it appends as a leader shall be its own secret.
                    let before = last_index(state, b)?;
                    act.push(alone(state, b));
                    Some(Stage::SecondAppends { a, b, x, before: before.saturating_sub(1) })
                })
            }
            Stage::SecondAppends { a, b, x, before } => (durable(state, b) > before).then(|| {
                act.extend([Action::Kill(b), Action::Heal, Action::Restart(a)]);
                let campaign_at = now + CAMPAIGN_EVERY;
                Stage::FirstLeads { a, b, x, campaign_at, kill_at: None }
            }),
            Stage::FirstLeads { a, b, x, campaign_at, kill_at } => {
                let mut others = state.numbers().filter(|no| *no != a && *no != b);
                let counted = others.any(|no| commit(state, no) >= x);
                if kill_at.is_some_and(|at| counted || now >= at) {
                    act.extend([Action::Kill(a), Action::Restart(b)]);
                    return false;
                }
                let leads = role(state, a) == Some(Role::Leader);
                let campaigns = !leads && now >= campaign_at;
                if campaigns {
                    act.push(Action::Campaign(a));
                }
                let campaign_at = if campaigns { now + CAMPAIGN_EVERY } else { campaign_at };
                let kill_at = kill_at.or_else(|| leads.then_some(now + HAND_ON));
                self.stage = Stage::FirstLeads { a, b, x, campaign_at, kill_at };
                None
            }
        };
        if let Some(next) = next {
            (self.stage, self.until) = (next, now + PATIENCE);
        }
        now < self.until
    }
}

/// A cut around one member.
fn alone(state: &State, no: MemberNo) -> Action {
    let rest = state.numbers().filter(|other| *other != no).map(Place::from).collect();
    Action::Partition(vec![vec![no.into()], rest])
}

fn last_index(state: &State, no: MemberNo) -> Option<u64> {
    Some(state.member(no).node()?.view().last_index())
}

fn durable(state: &State, no: MemberNo) -> u64 {
    state.member(no).node().map_or(0, |node| node.view().durable_index())
}

fn commit(state: &State, no: MemberNo) -> u64 {
    state.member(no).node().map_or(0, |node| node.view().commit())
}

fn role(state: &State, no: MemberNo) -> Option<Role> {
    Some(state.member(no).node()?.view().role())
}
