//! The timers of a run, in the order in which they fire.
//!
//! Two properties that the page and the fault schedule rest on, and upstream's
//! timer lacks:
//!
//! * **First in, first out among equals.** Messages that are sent in one go with
//!   one latency arrive in the order in which they were sent; reordering is the
//!   network's decision, never the queue's.
//! * **A timer that nobody waits for is gone.** A driver that waits for a message
//!   *or* for its next tick drops its sleep at every message. Upstream keeps those
//!   sleeps and wakes the task for each; the memory of a long run grows with them.

use std::collections::BTreeMap;
use std::time::Duration;

type Callback = Box<dyn FnOnce() + Send + Sync>;

/// Names one timer, so that it can be cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimerId {
    /// Virtual time since the start of the run.
    deadline: Duration,
    /// Counts timers, so that equal deadlines fire in the order of their making.
    number: u64,
}

/// Callbacks by deadline.
#[derive(Default)]
pub(crate) struct Timer {
    pending: BTreeMap<TimerId, Callback>,
    made: u64,
}

impl Timer {
    pub(crate) fn add(&mut self, deadline: Duration, callback: Callback) -> TimerId {
        let id = TimerId { deadline, number: self.made };
        self.made += 1;
        self.pending.insert(id, callback);
        id
    }

    /// Returns the callback, for the caller to drop once it holds no lock.
    pub(crate) fn remove(&mut self, id: TimerId) -> Option<Callback> {
        self.pending.remove(&id)
    }

    /// The nearest deadline.
    pub(crate) fn next(&self) -> Option<Duration> {
        self.pending.first_key_value().map(|(id, _)| id.deadline)
    }

    /// Takes the first callback whose deadline is not after `now`.
    pub(crate) fn pop_due(&mut self, now: Duration) -> Option<Callback> {
        let first = self.pending.first_entry()?;
        (first.key().deadline <= now).then(|| first.remove())
    }
}
