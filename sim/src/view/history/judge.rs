//! The verdict, kept up with the run in bounded steps.
//!
//! A check looks at all operations since the last **quiet moment**: everything before it was over and
//! answered, so it comes before all that follows in every order. If every write before it was answered,
//! revisions leave one order of the writes, and so one state; the next check begins there.
//!
//! ```text
//!   you |--put a 1--|          |-get a 1-|        |--put a 2--|
//!   A       |--get a 1--|                    :  |--get a 2 --|
//!                              settled       :    checked again when an answer comes
//!                                      quiet, and enough to be worth it
//! ```
//!
//! An operation whose client gave up may happen at any time, so there is no quiet moment behind it,
//! and a check grows with the run. [`LIMITS`] bound it: then nothing is known, and the verdict says so.

use glasshouse_core::id::CallId;

use crate::clock::Nanos;
use crate::linear::etcd::{Etcd, Op, Store, Told};
use crate::linear::{History, Limits, Operation, Refutation, Verdict, check_counted};
use crate::trace::What;
use crate::view::call::history::Kind;

/// Where a check gives up: it must not hold the page's question up for longer than a few pictures (a
/// step takes some 15 microseconds, so this is about 40 ms), and a tab has room for the rest of the
/// cluster beside it.
const LIMITS: Limits = Limits { memory_bytes: 16 << 20, steps: 2_500 };

/// Operations that are settled at once: fewer would check too often, more would check too much again.
const SETTLED_AT_ONCE: usize = 64;

/// Operations that wait for a quiet moment; a check of more would meet its limits anyway.
const WAITING_MAX: usize = 1_500;

/// A call, its number in the order found, and a moment at which it can take effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) call: CallId,
    pub(super) place: u64,
    pub(super) at: Nanos,
}

/// What a check has found.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    pub(super) kind: Kind,
    /// Operations since the last quiet moment, in the order found.
    pub(super) placed: Vec<Placed>,
    /// Answers that the order explains, from the beginning of the run.
    pub(super) explained: u64,
    /// Operations without an answer.
    pub(super) open: u64,
    pub(super) steps: u64,
    pub(super) stuck: Option<CallId>,
    pub(super) against: Option<CallId>,
    pub(super) limit: &'static str,
    /// The order as places in the history that was checked.
    order: Vec<usize>,
}

/// The history since the last quiet moment, and what is known of all before it.
#[derive(Debug, Default)]
pub(super) struct Judge {
    history: History,
    /// The state at the last quiet moment.
    begin: Store,
    /// Operations before it, and answers among them.
    settled: (u64, u64),
    /// The latest end of an operation.
    returned_at: Nanos,
    found: Found,
    /// Something came since.
    is_stale: bool,
    /// Nothing that comes later changes the verdict.
    is_over: bool,
}

impl Judge {
    /// Takes the next event of the record; says what is settled by it.
    pub(super) fn hear(&mut self, at: Nanos, what: &What) -> Option<Vec<Placed>> {
        if self.is_over {
            return None;
        }
        let mut settled = None;
        match what {
            What::Called { call, client, request, .. } => {
                // At one moment questions come before answers: they overlap.
                let is_due = self.history.len() >= SETTLED_AT_ONCE && at > self.returned_at;
                if is_due && self.history.is_quiet() {
                    settled = self.settle(at);
                }
                self.history.on_called(*call, *client, at, request);
            }
            What::Returned { call, end, .. } => {
                self.history.on_end(*call, at, end);
                self.returned_at = at;
            }
            _ => return None,
        }
        self.is_stale = true;
        if self.history.len() > WAITING_MAX {
            self.found(at);
            if self.found.kind == Kind::Linearizable {
                (self.found.kind, self.found.limit) = (Kind::Unknown, "operations");
            }
            self.is_over = true;
        }
        settled
    }

    /// Everything was answered: the state behind it is the beginning of what follows.
    fn settle(&mut self, now: Nanos) -> Option<Vec<Placed>> {
        if self.found(now).kind != Kind::Linearizable {
            return None;
        }
        let (_, mut operations) = self.history.listed();
        let model = Etcd::from(std::mem::take(&mut self.begin), &mut operations);
        self.begin = model.behind(&operations, &self.found.order);
        self.settled.0 += self.found.placed.len() as u64;
        self.settled.1 = self.found.explained;
        self.history = History::default();
        Some(std::mem::take(&mut self.found.placed))
    }

    /// The verdict on all that was heard.
    pub(super) fn found(&mut self, now: Nanos) -> &Found {
        if std::mem::take(&mut self.is_stale) {
            let (calls, mut operations) = self.history.listed();
            let model = Etcd::from(self.begin.clone(), &mut operations);
            self.found = judge(&model, (&calls, &operations), self.settled, now);
            self.is_over = self.found.kind == Kind::Refuted;
        }
        &self.found
    }

    /// The verdict without a look at revisions; only while nothing is settled, because values alone do
    /// not say which state it is that others begin with.
    pub(super) fn blind(&self, now: Nanos) -> Found {
        let (calls, operations) = self.history.listed();
        if self.settled.0 > 0 {
            return Found { kind: Kind::Unknown, limit: "length", ..Found::default() };
        }
        judge(&Etcd::without_revisions(), (&calls, &operations), self.settled, now)
    }
}

/// Checks operations that come behind `settled` others.
fn judge(
    model: &Etcd,
    (calls, operations): (&[Option<CallId>], &[Operation<Op>]),
    settled: (u64, u64),
    now: Nanos,
) -> Found {
    let (verdict, steps) = check_counted(model, operations, LIMITS);
    let mut found = Found { steps, ..Found::default() };
    match verdict {
        Verdict::Linearizable { order } => found.order = order,
        Verdict::Refuted(Refutation { order, stuck }) => {
            (found.kind, found.order, found.stuck) = (Kind::Refuted, order, calls[stuck]);
            found.against = contradicts(operations, stuck).and_then(|other| calls[other]);
        }
        Verdict::GaveUp { limit } => (found.kind, found.limit) = (Kind::Unknown, limit),
    }
    let is_answered = |place: &&usize| operations[**place].returned_at.is_some();
    found.explained = settled.1 + found.order.iter().filter(is_answered).count() as u64;
    let is_open =
        |(nth, one): &(usize, &Operation<Op>)| one.returned_at.is_none() && calls[*nth].is_some();
    found.open = operations.iter().enumerate().filter(is_open).count() as u64;
    let points = points(operations, &found.order, now);
    let placed = (settled.0 + 1..).zip(found.order.iter().zip(points));
    let placed =
        placed.filter_map(|(place, (nth, at))| calls[*nth].map(|call| Placed { call, place, at }));
    found.placed = placed.collect();
    found
}

/// A moment for each operation of an order: within its own span, and none before the one in front of it.
/// As far as it goes, the middle of what is left to it.
fn points(operations: &[Operation<Op>], order: &[usize], now: Nanos) -> Vec<Nanos> {
    let mut latest = Nanos::MAX;
    let mut ends: Vec<Nanos> = order
        .iter()
        .rev()
        .map(|place| {
            let Operation { called_at, returned_at, .. } = operations[*place];
            latest = latest.min(returned_at.unwrap_or(now).max(called_at));
            latest
        })
        .collect();
    ends.reverse();
    let mut at = 0;
    order
        .iter()
        .zip(ends)
        .map(|(place, end)| {
            let begin = operations[*place].called_at.max(at);
            at = begin + end.saturating_sub(begin) / 2;
            at
        })
        .collect()
}

/// An operation that was over before another was called, and of which that one shows no trace: the
/// earliest by revision, because it says how far back the answer is.
fn contradicts(operations: &[Operation<Op>], stuck: usize) -> Option<usize> {
    let told = |one: &Operation<Op>| match &one.op {
        Op::Call(call) => call.told.as_ref().map(|told: &Told| told.revision),
        Op::LeaseEnds(_) => None,
    };
    let (seen, called_at) = (told(&operations[stuck])?, operations[stuck].called_at);
    let newer = operations.iter().enumerate().filter(|(_, one)| {
        one.returned_at.is_some_and(|end| end < called_at) && told(one) > Some(seen)
    });
    newer.min_by_key(|(nth, one)| (told(one), *nth)).map(|(nth, _)| nth)
}
