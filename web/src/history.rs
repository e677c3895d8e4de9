//! What clients saw: what the page knows of it, and which operation people look at.
//!
//! ```text
//!   a picture is shown ──► History? ──► simulation ──► [`Seen::picture`] ──► Sheet, list, charts
//!                            one question at a time, and none while nobody looks
//! ```

mod sheet;

use std::rc::Rc;

use glasshouse_sim::view::call::history::{History, Operation};

pub(crate) use sheet::{Bar, HALF, Sheet};

/// What happens to the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Msg {
    /// Look at this operation.
    Choose(u64),
    /// Go from the operation with the focus to another one.
    Move(Way),
    /// Judge without a look at revisions.
    Blind(bool),
    /// A table instead of the drawing.
    AsList(bool),
    /// Show this entry in the log of the bench.
    ShowEntry(u64),
    /// Shows this moment, in virtual microseconds, with its messages.
    ShowMessages(u64),
}

/// A direction in the drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// To what was asked before.
    Earlier,
    /// To what was asked next.
    Later,
    /// To the row above.
    Up,
    /// To the row below.
    Down,
}

/// What is known of it.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The newest answer.
    pub(crate) picture: Rc<History>,
    /// The operation that was chosen; without one, see [`Seen::selected`].
    pub(crate) chosen: Option<u64>,
    pub(crate) blind: bool,
    pub(crate) as_list: bool,
    /// Somebody chose something since the newest answer.
    pub(crate) stale: bool,
    /// When it was asked for, in the browser's milliseconds.
    pub(crate) asked_ms: f64,
    /// The first column of the bench's log, so that an entry can be seen.
    pub(crate) log_from: Option<u64>,
}

impl Seen {
    /// The operation that the side column tells of: the chosen one, else what broke the rule, else
    /// the newest one.
    pub(crate) fn selected(&self) -> Option<&Operation> {
        let by_id = |id: u64| self.picture.operations.iter().find(|one| one.id == id);
        let chosen = self.chosen.and_then(by_id);
        let stuck = || self.picture.verdict.stuck.and_then(by_id);
        chosen.or_else(stuck).or_else(|| self.picture.operations.last())
    }
}

/// The id of an operation's mark in the drawing.
pub(crate) fn mark_id(operation: u64) -> String {
    format!("op-{operation}")
}
