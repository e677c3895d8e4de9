//! What is done to a cluster to break it: a siege of faults, then a time of peace and a judgement.
//!
//! ```text
//!    0 s      from                                     until           until + settle
//!    ├─────────┼────────────────────────────────────────┼──────────────────┤
//!     calm      faults, several at once, each with its   everything heals;  a leader, equal
//!               own end                                  no new calls       logs, equal stores
//! ```
//!
//! A [`Siege`] stands outside of the world, as a user with a script does: it says when it wants to act
//! next ([`Siege::due`]), somebody lets the world run to that moment, and it acts
//! ([`Siege::advance`]). What it did is a list of [`Deed`]s, and the same list does the same again:
//! a siege that was drawn from a seed and one that was written down differ in nothing that the world
//! could notice. That is what makes findings small: deeds are left out, and the rest is tried again
//! ([`crate::hunt`]).
//!
//! A fault never asks for more than the protocol promises to survive: machines die, links fail, disks
//! are slow, full or broken, clocks run wrong; but a disk does not lie, and what rots is rotted in
//! tests of its own.

mod peace;
mod plot;
mod schedule;

pub use self::peace::Peace;
use self::schedule::Schedule;
use crate::clock::{MILLIS, Nanos, SECOND};
use crate::world::{Action, World};

/// Kinds of faults that a schedule may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds {
    /// Processes are killed, stopped and frozen.
    pub crashes: bool,
    /// Machines lose power, with and without torn sectors, one or all at once.
    pub power: bool,
    /// Links are cut, one-sided and in partitions, or lose, double, reorder and delay.
    pub network: bool,
    /// Disks are slow, full or failing.
    pub disks: bool,
    /// Clocks run fast and slow.
    pub clocks: bool,
}

impl Kinds {
    /// Everything.
    pub const ALL: Self =
        Self { crashes: true, power: true, network: true, disks: true, clocks: true };
}

/// A schedule of faults, before its seed is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultPlan {
    /// What may happen.
    pub kinds: Kinds,
    /// When the first fault may happen.
    pub from: Nanos,
    /// When everything heals.
    pub until: Nanos,
    /// How long the cluster may take to come to rest.
    pub settle: Nanos,
    /// Mean time between two faults.
    pub gap: Nanos,
    /// Every second fault that picks a member picks the leader.
    pub aims_at_leader: bool,
    /// Faults wait for their moment now and then: see `plot`.
    pub plots: bool,
}

impl FaultPlan {
    /// A schedule of everything that ends in time for a run of this length to be judged.
    #[must_use]
    pub fn within(length: Nanos) -> Self {
        let settle = (20 * SECOND).min(length / 2);
        Self {
            kinds: Kinds::ALL,
            from: (2 * SECOND).min(length / 8),
            until: length - settle,
            settle: settle - settle / 10,
            gap: 1500 * MILLIS,
            aims_at_leader: false,
            plots: false,
        }
    }
}

/// One thing that was done, and when: at a whole millisecond, so that a script can say it.
#[derive(Clone, Debug, PartialEq)]
pub struct Deed {
    /// The virtual time.
    pub at: Nanos,
    /// What was done.
    pub action: Action,
}

/// Somebody who besieges a world. See the module's page.
#[derive(Debug)]
pub struct Siege {
    /// What is written, and how much of it was done.
    written: (Vec<Deed>, usize),
    /// What is drawn.
    schedule: Option<Box<Schedule>>,
    peace: Option<Peace>,
    done: Vec<Deed>,
}

impl Siege {
    /// Nobody does anything.
    #[must_use]
    pub fn none() -> Self {
        Self::written(Vec::new(), None)
    }

    /// Draws its faults from a seed.
    #[must_use]
    pub fn seeded(seed: u64, plan: FaultPlan) -> Self {
        let schedule = Some(Box::new(Schedule::new(seed, plan)));
        let peace = Some(Peace::new(plan.until, plan.settle));
        Self { schedule, peace, ..Self::none() }
    }

    /// Does what is written, in this order, and asks for peace at the end if it shall.
    #[must_use]
    pub fn written(deeds: Vec<Deed>, peace: Option<Peace>) -> Self {
        Self { written: (deeds, 0), schedule: None, peace, done: Vec::new() }
    }

    /// The same, with these deeds as well.
    #[must_use]
    pub fn behind(self, deeds: Vec<Deed>) -> Self {
        Self { written: (deeds, 0), ..self }
    }

    /// When it wants to act next; the end of time when it never will again.
    #[must_use]
    pub fn due(&self) -> Nanos {
        let (deeds, next) = &self.written;
        let written = deeds.get(*next).map_or(Nanos::MAX, |deed| deed.at);
        let drawn = self.schedule.as_ref().map_or(Nanos::MAX, |schedule| schedule.due());
        let peace = self.peace.as_ref().map_or(Nanos::MAX, Peace::due);
        written.min(drawn).min(peace)
    }

    /// Does what is due in a world that has reached that moment.
    pub fn advance(&mut self, world: &World) {
        let mut state = world.state();
        let now = state.now();
        let (deeds, next) = &mut self.written;
        while let Some(deed) = deeds.get(*next).filter(|deed| deed.at <= now) {
            *next += 1;
            // What the world refuses was not needed.
            if state.act(deed.action.clone()).is_ok() {
                self.done.push(Deed { at: now, action: deed.action.clone() });
            }
        }
        if let Some(schedule) = &mut self.schedule {
            schedule.advance(&mut state, now, &mut self.done);
        }
        if let Some(peace) = &mut self.peace {
            peace.advance(&mut state, now);
        }
    }

    /// What it did so far and the world did not refuse; the peace at the end is not among it.
    #[must_use]
    pub fn deeds(&self) -> &[Deed] {
        &self.done
    }

    /// The peace at the end, if there shall be one.
    #[must_use]
    pub fn peace(&self) -> Option<&Peace> {
        self.peace.as_ref()
    }
}
