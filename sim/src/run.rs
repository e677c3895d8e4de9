//! Whole runs from a seed: what sweeps, tests and the wasm module call.

use crate::cast::Cast;
use crate::check::Violation;
use crate::clock::{Nanos, SECOND};
use crate::fault::{FaultPlan, Siege};
use crate::world::{Counts, Spec, World};

/// Calls per virtual second of the clients of a headless run, when nobody says otherwise: a few
/// between two faults, and the work of a second fits in a few milliseconds.
pub const CALLS_PER_SECOND: u64 = 30;

/// What happens in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Its length in virtual seconds.
    pub seconds: u64,
    /// With a schedule of faults.
    pub faults: bool,
    /// Calls per virtual second of its clients.
    pub rate: u64,
}

impl Plan {
    /// Clients at the usual rate.
    #[must_use]
    pub fn new(seconds: u64, faults: bool) -> Self {
        Self { seconds, faults, rate: CALLS_PER_SECOND }
    }
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The hash over the whole history.
    pub hash: u64,
    /// The property that broke, if one did.
    pub violation: Option<Violation>,
    /// Totals.
    pub counts: Counts,
    /// Events in the history.
    pub events: u64,
    /// When the cluster came to rest after the faults, if there were faults and it did.
    pub settled_at: Option<Nanos>,
    /// Leases that ran out.
    pub expired_leases: u64,
    /// Writes under a lock: those that took effect, and those that came too late.
    pub fenced_writes: (u64, u64),
}

/// Runs a world with mixed clients, and with a schedule of faults if `faults`, for `seconds` of
/// virtual time. The result depends on the arguments and the build alone, on every machine.
#[must_use]
pub fn run_seed(seed: u64, members: u8, seconds: u64, faults: bool) -> Outcome {
    run_spec(Spec::hunt(seed, members), Plan::new(seconds, faults))
}

/// The same in a given world.
#[must_use]
pub fn run_spec(spec: Spec, plan: Plan) -> Outcome {
    let mut trial = begin(spec, plan);
    trial.run_until(plan.seconds * SECOND);
    outcome(&trial.world)
}

/// The world of such a run at its beginning, with clients and schedule waiting to start.
#[must_use]
pub fn begin(spec: Spec, plan: Plan) -> Trial {
    let Plan { seconds, faults, rate } = plan;
    let length = seconds * SECOND;
    if !faults {
        let cast = Cast {
            operator: false,
            warden: false,
            contenders: false,
            ..Cast::everybody(rate, length)
        };
        return Trial::new(spec, &cast, Siege::none());
    }
    let schedule = FaultPlan::within(length);
    let siege = Siege::seeded(spec.seed, schedule);
    Trial::new(spec, &Cast::everybody(rate, schedule.until), siege)
}

/// A world, and what is done to it.
pub struct Trial {
    /// The world.
    pub world: World,
    /// What is done to it, and was.
    pub siege: Siege,
}

impl Trial {
    /// A world at its beginning, in which everybody has come.
    #[must_use]
    pub fn new(spec: Spec, cast: &Cast, siege: Siege) -> Self {
        let mut world = World::new(spec);
        world.enter(cast);
        Self { world, siege }
    }

    /// Lets virtual time pass until `deadline`, or until a property is violated.
    pub fn run_until(&mut self, deadline: Nanos) {
        while self.world.violation().is_none() {
            let due = self.siege.due();
            if due > deadline {
                return self.world.run_until(deadline);
            }
            self.world.run_until(due);
            if self.world.now() >= due {
                self.siege.advance(&self.world);
            }
        }
    }
}

/// What has come of a world so far.
#[must_use]
pub fn outcome(world: &World) -> Outcome {
    Outcome {
        hash: world.trace_hash(),
        violation: world.violation(),
        counts: world.counts(),
        events: world.events(),
        settled_at: world.settled_at(),
        expired_leases: world.expired_leases(),
        fenced_writes: world.fenced_writes(),
    }
}
