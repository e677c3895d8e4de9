//! Running a world in steps, from outside.
//!
//! Upstream runs a world with `block_on(future)`: the future is a task of the
//! world, so it takes part in the random choice of the next task, and
//! `block_on(sleep(20 ms))` twice is another history than `block_on(sleep(40 ms))`.
//! A page that draws 60 frames a second, a hunt that runs flat out and a test that
//! jumps to the 7th second must all see *one* history. Hence [`Runtime::run_until`].
//!
//! ```text
//!   virtual time ──────●────────●──●───────────────●──────────────►  events
//!   run_until           ▲          ▲        ▲
//!                     5 ms       9 ms     14 ms    the clock shows the deadline,
//!                                                  the next event is untouched
//! ```
//!
//! # Where one stops has no effect on the run
//!
//! The state of a world is its timers, its queue of runnable tasks, its generator
//! and its clock. The loop has two moves: poll a runnable task (which draws from
//! the generator and moves the clock on by 50 to 100 ns) and, when no task can
//! run, jump to the next timer. `run_until` returns *between* two moves and then
//! makes neither a task nor a draw. The one thing it may do is move the clock
//! forward to the deadline, and only when no task can run and no timer is due:
//! then nobody reads the clock before the next timer sets it outright. Any
//! sequence of deadlines is therefore the same history as the last one alone.
//!
//! # What the host does between two calls
//!
//! It happens at the deadline of the last call. [`Runtime::elapsed`] shows the
//! deadline, or up to 100 ns more when a poll was under way. All timers up to the
//! deadline have fired (those in its last 50 ns fire just after it); tasks that
//! became runnable in the last instant may not have run yet. Since the state at a
//! deadline does not depend on the deadlines before it, `(deadline, action)` is
//! all that a log must hold to replay what a user did.

use std::sync::Arc;
use std::time::Duration;

use crate::net::NetSim;
use crate::runtime::{context, Handle, Runtime};
use crate::task::NodeId;
use crate::time::TimeHandle;

impl Runtime {
    /// Runs until virtual time, counted from the start, reaches `deadline`.
    ///
    /// Returns at once when `deadline` has passed, and also when nothing is
    /// scheduled at all. Panics with the panic of a task, if one panics.
    pub fn run_until(&self, deadline: Duration) {
        let _context = context::enter(self.handle().clone());
        let time = &self.task.time;
        loop {
            self.task.run_ready(deadline);
            if self.elapsed() >= deadline {
                return;
            }
            match time.next_event() {
                Some(event) if event <= deadline => time.advance_to(event),
                _ => return time.wait_until(deadline),
            }
        }
    }

    /// Virtual time since the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.task.time.handle().elapsed()
    }

    /// The network, for the host: links, partitions, messages.
    #[must_use]
    pub fn net(&self) -> Arc<NetSim> {
        let _context = context::enter(self.handle().clone());
        NetSim::current()
    }
}

impl Handle {
    /// The clock and the timers, for the host.
    #[must_use]
    pub fn time(&self) -> &TimeHandle {
        &self.time
    }
}

/// Ends all tasks.
///
/// A sleeping task is owned by its timer and owns the timers in turn, so a world
/// that is merely dropped would stay in memory; a hunt makes thousands of them.
impl Drop for Runtime {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let _context = context::enter(self.handle().clone());
        for node in 1..=self.task.num_nodes() {
            self.handle().kill(NodeId(node as u64));
        }
        if let Some(host) = self.task.get_node(NodeId::zero()) {
            host.exit();
        }
        self.task.run_ready(Duration::MAX);
        self.task.time.forget_all();
    }
}
