//! Two branches side by side, and the rules of the protocol that can be changed for the same seed.
//!
//! ```text
//!   a pair of branches ──Compare?──► simulation: both run again ──► Comparison ──► scene, table
//!   a rule ──► the same lines behind "rule prevote off" at 0 ──► another branch, and the pair is these two
//! ```
//!
//! The simulation finds the first event that only one of them has. A branch that merely goes further is no
//! other run.

use std::rc::Rc;

use glasshouse_sim::view::call::compare::Comparison;
use glasshouse_sim::view::call::{Action, Call};

use crate::timeline::{Branch, Timeline};

pub(crate) mod scene;

/// What people do in the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Msg {
    /// The branch on this side (0 or 1) is this one.
    Side(usize, usize),
    Swap,
    /// Shows the moment of the first difference on the bench.
    GoThere,
    /// The seed once more with this rule on or off.
    Rule(Rule, bool),
}

/// A rule of the protocol that a run can do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    PreVote,
    CheckQuorum,
    ReadIndex,
    FsyncFirst,
}

impl Rule {
    pub(crate) const ALL: [Self; 4] =
        [Self::PreVote, Self::CheckQuorum, Self::ReadIndex, Self::FsyncFirst];

    /// The line that takes the rule away. The last two are planted bugs: no real server can be told to do
    /// so (M08 reads by the leader's clock, M03 answers before the fsync).
    pub(crate) fn off(self) -> &'static str {
        match self {
            Self::PreVote => "rule prevote off",
            Self::CheckQuorum => "rule checkquorum off",
            Self::ReadIndex => "plant M08",
            Self::FsyncFirst => "plant M03",
        }
    }

    /// Whether a run keeps the rule from its beginning.
    pub(crate) fn holds(self, actions: &[Action]) -> bool {
        !actions.iter().any(|action| action.time_us == 0 && action.line == self.off())
    }

    /// The same run with the rule or without it, from the beginning.
    pub(crate) fn put(self, on: bool, actions: &[Action]) -> Vec<Action> {
        let off = Action { time_us: 0, line: self.off().to_owned() };
        let rest = actions.iter().filter(|action| **action != off).cloned();
        (!on).then(|| off.clone()).into_iter().chain(rest).collect()
    }
}

/// What is known of the two.
#[derive(Debug, Default)]
pub(crate) struct Fates {
    /// The branches that were chosen.
    pub(crate) chosen: Option<[usize; 2]>,
    /// What was asked last.
    pub(crate) asked: Option<Call>,
    /// The answer to it.
    pub(crate) comparison: Option<Rc<Comparison>>,
}

impl Fates {
    /// The branches that are compared: the chosen ones, else main and the present one, else main and the
    /// newest. `None` while there is only one.
    pub(crate) fn pair(&self, timeline: &Timeline) -> Option<[usize; 2]> {
        let (count, present) = (timeline.branches().len(), timeline.current());
        let chosen = self.chosen.filter(|pair| pair.iter().all(|nth| *nth < count));
        let usual = || (count > 1).then(|| [0, if present == 0 { count - 1 } else { present }]);
        chosen.or_else(usual)
    }
}

/// The question about two branches of a run.
pub(crate) fn question(seed: u64, nodes: u32, branches: [&Branch; 2]) -> Call {
    Call::Compare {
        seed,
        nodes,
        runs: branches.map(|branch| branch.actions.clone()),
        until_us: branches.map(|branch| branch.end.time_us),
    }
}

#[cfg(test)]
mod tests;
