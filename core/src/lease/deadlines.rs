//! When each lease runs out, by the leader's own clock.
//!
//! ```text
//!   grant, keep-alive            tick 700: nobody renewed          applied: gone
//!   ----+--------------------------------+---------------------------+------
//!       tick 99                          propose a revoke            forget it
//!       deadline = 99 + 600 + 1          (again after a while, should it get lost)
//! ```
//!
//! One more tick than the seconds take, because the clock stood anywhere between two ticks when the
//! lease began: a lease may expire a tick late, never early.
//!
//! **Checkpoints.** A new leader knows only what the log says, so a lease of an hour would live for
//! another hour after each change of leader. Every few minutes the leader writes into the log how
//! much of each long lease is left, and the next one goes on from there. That is the one place where
//! a lease could be cut short: a keep-alive that is acknowledged behind a checkpoint must outlive it.
//! So a renewal first clears the checkpoint, through the log, and waits until that is applied
//! ([`Renewal::Clear`]); a checkpoint that is still on its way counts as one that is there.
//!
//! etcd's counterpart: `Promote`, `Renew`, `revokeExpiredLeases` and `checkpointScheduledLeases` of
//! `server/lease/lessor.go`. There a checkpoint on its way is not looked at.

use std::collections::{BTreeMap, BTreeSet};

use super::Lessor;
use crate::api::LeaseCheckpoint;
use crate::limits;
use crate::order;

/// The clock of a leader, as leases see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clock {
    /// Ticks since this life began.
    pub(crate) tick: u64,
    /// Milliseconds of a tick.
    pub(crate) tick_ms: u64,
}

impl Clock {
    /// The tick at which this many seconds have passed for sure.
    fn after(self, seconds: i64) -> u64 {
        let ms = u64::try_from(seconds).unwrap_or(0) * 1000;
        self.tick + ms.div_ceil(self.tick_ms) + 1
    }

    fn ticks(self, seconds: u64) -> u64 {
        (seconds * 1000).div_ceil(self.tick_ms)
    }
}

/// What is known of one lease.
#[derive(Clone, Copy, Debug)]
struct Deadline {
    /// It runs out at this tick.
    tick: u64,
    /// A revoke is proposed at this tick: at the deadline, later when one got lost.
    due: u64,
    /// Tells leases of one tick apart, in the order in which they were renewed.
    order: u64,
    checkpoint_due: Option<u64>,
    /// Checkpoints on their way through the log, those that clear one included.
    under_way: u32,
    /// One of them clears.
    clearing: bool,
}

/// What a keep-alive may do at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Renewal {
    /// It is renewed for so many seconds.
    Done(i64),
    /// A checkpoint stands or is under way: clear it through the log, then try again.
    Clear,
    /// That is being done.
    Clearing,
    /// It has run out; whether it is gone, the log will say.
    Expired,
    /// There is no such lease.
    Unknown,
}

/// The deadlines of all leases in one term of one leader.
#[derive(Clone, Debug, Default)]
pub struct Deadlines {
    term: u64,
    /// Seconds between two checkpoints of a lease.
    checkpoint_seconds: u64,
    leases: BTreeMap<i64, Deadline>,
    /// (due, order, id)
    by_due: BTreeSet<(u64, u64, i64)>,
    /// (tick, id)
    by_checkpoint: BTreeSet<(u64, i64)>,
    last_order: u64,
}

impl Deadlines {
    /// A leader begins to count: every lease gets the time that the log grants it.
    pub(crate) fn promote(
        term: u64,
        lessor: &Lessor,
        clock: Clock,
        checkpoint_seconds: u64,
    ) -> Self {
        let mut deadlines = Self { term, checkpoint_seconds, ..Self::default() };
        for (id, lease) in lessor.leases() {
            deadlines.refresh(id, lease.seconds_left(), clock);
        }
        deadlines
    }

    /// The term of the leader that counts.
    pub(crate) fn term(&self) -> u64 {
        self.term
    }

    /// The tick at which a lease runs out.
    #[must_use]
    pub fn tick_of(&self, id: i64) -> Option<u64> {
        self.leases.get(&id).map(|deadline| deadline.tick)
    }

    /// The leases, those that run out first before the others.
    pub(crate) fn in_order(&self) -> Vec<i64> {
        let mut all: Vec<_> = self.leases.iter().map(|(id, at)| (at.tick, at.order, *id)).collect();
        order::sort(&mut all);
        all.into_iter().map(|(.., id)| id).collect()
    }

    /// Whole seconds that are left for sure; less than the full time at once, as etcd counts.
    pub(crate) fn seconds_left(&self, id: i64, clock: Clock) -> i64 {
        let ticks = self.tick_of(id).unwrap_or(0).saturating_sub(clock.tick + 1);
        let ms = (ticks * clock.tick_ms).saturating_sub(1);
        i64::try_from(ms / 1000).unwrap_or(i64::MAX)
    }

    /// A lease was granted or renewed for so many seconds.
    pub(crate) fn refresh(&mut self, id: i64, seconds: i64, clock: Clock) {
        let (under_way, clearing) =
            self.forget(id).map_or((0, false), |old| (old.under_way, old.clearing));
        self.last_order += 1;
        let (tick, order) = (clock.after(seconds), self.last_order);
        let deadline =
            Deadline { tick, due: tick, order, checkpoint_due: None, under_way, clearing };
        self.leases.insert(id, deadline);
        self.by_due.insert((tick, deadline.order, id));
        self.schedule_checkpoint(id, seconds, clock);
    }

    /// A lease was revoked.
    pub(crate) fn on_revoked(&mut self, id: i64) {
        self.forget(id);
    }

    /// A client wants a lease to live on.
    pub(crate) fn renew(&mut self, id: i64, lessor: &Lessor, clock: Clock) -> Renewal {
        let (Some(lease), Some(deadline)) = (lessor.get(id), self.leases.get(&id)) else {
            return Renewal::Unknown;
        };
        if deadline.tick <= clock.tick {
            return Renewal::Expired;
        }
        if deadline.clearing {
            return Renewal::Clearing;
        }
        if lease.remaining_ttl > 0 || deadline.under_way > 0 {
            return Renewal::Clear;
        }
        self.refresh(id, lease.ttl, clock);
        Renewal::Done(lease.ttl)
    }

    /// The next lease to revoke, if one has run out. It is due again after `retry_ticks`.
    pub(crate) fn next_expired(&mut self, clock: Clock, retry_ticks: u64) -> Option<i64> {
        let &(due, order, id) = self.by_due.first().filter(|(due, ..)| *due <= clock.tick)?;
        self.by_due.remove(&(due, order, id));
        let again = clock.tick + retry_ticks.max(1);
        if let Some(deadline) = self.leases.get_mut(&id) {
            deadline.due = again;
        }
        self.by_due.insert((again, order, id));
        Some(id)
    }

    /// The checkpoints that are due, not more than fit into one entry.
    pub(crate) fn due_checkpoints(
        &mut self,
        lessor: &Lessor,
        clock: Clock,
    ) -> Vec<LeaseCheckpoint> {
        let mut checkpoints = Vec::new();
        while checkpoints.len() < limits::LEASE_CHECKPOINTS_PER_ENTRY_MAX {
            let Some(&(due, id)) = self.by_checkpoint.first() else { break };
            if due > clock.tick {
                break;
            }
            self.by_checkpoint.remove(&(due, id));
            let Some(deadline) = self.leases.get_mut(&id) else { continue };
            deadline.checkpoint_due = None;
            if deadline.tick <= clock.tick {
                continue;
            }
            // Rounded up: the next leader must not give it less than it has.
            let ms = (deadline.tick - clock.tick) * clock.tick_ms;
            let remaining_ttl = i64::try_from(ms.div_ceil(1000)).unwrap_or(i64::MAX);
            if lessor.get(id).is_some_and(|lease| remaining_ttl < lease.ttl) {
                checkpoints.push(LeaseCheckpoint { id, remaining_ttl });
            }
        }
        checkpoints
    }

    /// Checkpoints are on their way through the log.
    pub(crate) fn on_proposed(&mut self, checkpoints: &[LeaseCheckpoint]) {
        for checkpoint in checkpoints {
            if let Some(deadline) = self.leases.get_mut(&checkpoint.id) {
                deadline.under_way += 1;
                deadline.clearing |= checkpoint.remaining_ttl == 0;
            }
        }
    }

    /// A checkpoint was applied; a lease that has much time left is due for another one later.
    pub(crate) fn on_applied(
        &mut self,
        checkpoint: &LeaseCheckpoint,
        lessor: &Lessor,
        clock: Clock,
    ) {
        let Some(lease) = lessor.get(checkpoint.id) else { return };
        if let Some(deadline) = self.leases.get_mut(&checkpoint.id) {
            deadline.under_way = deadline.under_way.saturating_sub(1);
            deadline.clearing &= checkpoint.remaining_ttl != 0;
        }
        self.schedule_checkpoint(checkpoint.id, lease.seconds_left(), clock);
    }

    /// Only a lease that outlives the interval is worth an entry of the log.
    fn schedule_checkpoint(&mut self, id: i64, seconds: i64, clock: Clock) {
        let interval = self.checkpoint_seconds;
        if u64::try_from(seconds).unwrap_or(0) <= interval {
            return;
        }
        let due = clock.tick + clock.ticks(interval);
        if let Some(deadline) = self.leases.get_mut(&id) {
            if let Some(old) = deadline.checkpoint_due.replace(due) {
                self.by_checkpoint.remove(&(old, id));
            }
            self.by_checkpoint.insert((due, id));
        }
    }

    fn forget(&mut self, id: i64) -> Option<Deadline> {
        let deadline = self.leases.remove(&id)?;
        self.by_due.remove(&(deadline.due, deadline.order, id));
        if let Some(due) = deadline.checkpoint_due {
            self.by_checkpoint.remove(&(due, id));
        }
        Some(deadline)
    }
}
