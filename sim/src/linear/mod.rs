//! Linearizability from outside: could one correct copy have given these answers?
//!
//! A history is what clients saw: what they asked, when, and what they were told, when. It is
//! *linearizable* if every operation can be given one instant between its call and its return, so
//! that a single copy that does one thing at a time would have given the same answers (Herlihy and
//! Wing, TOPLAS 1990). Nothing is used here that a client does not know: no log, no term, no index.
//!
//! ```text
//!   A  |--- put x 1 → revision 2 ---|
//!   B        |--- put x 2 → revision 3 ---|
//!   C                    |- get x → 1 -|         fits: put 1, get 1, put 2
//!   C                                        |- get x → 1 -|   fits nowhere: both puts are over
//! ```
//!
//! The search is that of Wing and Gong with Lowe's memory ("Testing for linearizability", 2017), as in
//! Porcupine: try an operation that was called before the first open return, step the [`Model`], go
//! on from there; take it back when nothing fits. What was tried before is remembered as (operations
//! that are placed, state of the model), because two orders that end alike go on alike.
//!
//! Two things are different here:
//!
//! * **Operations without an answer** (time-outs, broken connections) may have happened at any time
//!   since, or never. They have no return in the list, and are tried last, behind everything that was
//!   answered: most of them are of no account, and trying them first doubles the work for each.
//! * **What is remembered is short.** All but a few operations around the present are placed. The
//!   set of those that are is stored from its first gap on, so a history of 10,000 operations
//!   costs what its concurrency costs, not its length.
//!
//! The problem is NP-complete, and what makes it hard is doubt: concurrent writes that no answer tells
//! apart, and writes without an answer, each of which may be the one that explains a later read. Answers
//! with revisions leave little doubt, so histories of an etcd take nearly linear time. There are limits
//! all the same: a search that meets one says so, and says nothing about the history.

pub mod etcd;
mod history;
pub mod pins;
mod search;
mod set;
#[cfg(test)]
mod tests;

pub use self::history::History;
pub(crate) use self::history::{is_a_no, is_operation};
pub use self::search::{check, check_counted};
use crate::clock::Nanos;

/// What one correct copy does.
pub trait Model {
    /// Everything that decides later answers.
    type State: Clone + Ord;
    /// A request together with its answer, if there was one.
    type Op;

    /// The state in the beginning.
    fn begin(&self) -> Self::State;

    /// The state behind `op`, if the copy would have answered in `state` as it did. Without an answer
    /// every state will do.
    fn step(&self, state: &Self::State, op: &Self::Op) -> Option<Self::State>;

    /// Two operations without an answer that do the same, as when a client asks again: if one of them
    /// happened, it may as well be the one that was asked for first.
    fn is_same(&self, _a: &Self::Op, _b: &Self::Op) -> bool {
        false
    }

    /// How much memory a state takes, in bytes.
    fn bytes(&self, _state: &Self::State) -> usize {
        size_of::<Self::State>()
    }
}

/// One operation of one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation<Op> {
    /// Who asked.
    pub client: u32,
    /// When.
    pub called_at: Nanos,
    /// When the answer came; `None` if none came, and then it may have happened at any time, or never.
    pub returned_at: Option<Nanos>,
    /// What was asked and answered.
    pub op: Op,
}

/// Where a search gives up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of what is remembered, as counted here (a little less than what is allocated).
    pub memory_bytes: usize,
    /// Steps of the model. It bounds the time where memory does not.
    pub steps: u64,
}

impl Default for Limits {
    /// A tab of a browser has room for this, and a second or two is enough for it.
    fn default() -> Self {
        Self { memory_bytes: 64 << 20, steps: 20_000_000 }
    }
}

/// What a search says. Operations are told by their places in the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// In this order, one copy would have given the same answers. Operations without an answer that
    /// are missing need not have happened.
    Linearizable {
        /// The order.
        order: Vec<usize>,
    },
    /// No order does.
    Refuted(Refutation),
    /// A limit was met first: nothing is known.
    GaveUp {
        /// The limit, in words.
        limit: &'static str,
    },
}

/// Why a history is not linearizable, for people: how far the best attempts came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refutation {
    /// A longest order that does fit.
    pub order: Vec<usize>,
    /// The operation that had to come next, as it had returned: it fits behind no order of this
    /// length.
    pub stuck: usize,
}
