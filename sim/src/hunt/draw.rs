//! What a seed asks for: swarm testing.
//!
//! Half of the seeds ask for the usual mix at the usual size. Each of the others leaves out a random
//! half of everything: kinds of faults, kinds of calls, people, settings. What is left then happens
//! more often and undisturbed, and that is what most bugs want.

use crate::cast::Cast;
use crate::clock::{MILLIS, Nanos, SECOND};
use crate::fault::{FaultPlan, Kinds, Siege};
use crate::hunt::case::Case;
use crate::mutant::{Mutant, Plants};
use crate::rng::Stream;
use crate::run::Trial;
use crate::workload::Mix;
use crate::world::Ground;

/// Members of the usual mix.
const USUAL_MEMBERS: u8 = 3;
/// Length of a usual run.
const USUAL_LENGTH: Nanos = 60 * SECOND;
/// Peace at the end of a fork.
const FORK_SETTLE: Nanos = 20 * SECOND;
/// Calls per second of a usual run.
const USUAL_RATE: u64 = 30;

/// A run before its seed has decided what happens: a case without deeds, and the plan for them.
#[derive(Clone, Debug, PartialEq)]
pub struct Draw {
    /// What is decided already; its deeds are those of another run, up to where this one leaves it.
    case: Case,
    plan: FaultPlan,
    /// The seed of the faults: that of the world, except in a fork.
    faults: u64,
}

impl Draw {
    /// What this seed asks for, with this fault planted where it shows.
    #[must_use]
    pub fn of_seed(seed: u64, mutant: Option<Mutant>) -> Self {
        let mutants = mutant.map(Plants::usual).unwrap_or_default();
        let usual = mutant.map_or(USUAL_MEMBERS, |mutant| mutant.facts().cluster);
        if seed.is_multiple_of(2) {
            let plan = FaultPlan::within(USUAL_LENGTH);
            let cast = Cast::everybody(USUAL_RATE, plan.until);
            return Self::new(seed, usual, mutants, cast, plan);
        }
        let mut random = Stream::new(seed, "swarm", 0, 0);
        let members = *random.pick(&[1, 2, 3, usual, usual, usual, 4, 5, 5, 7]);
        let mut plan = FaultPlan::within(random.between(30, 70) * SECOND);
        plan.kinds = kinds(&mut random);
        plan.gap = random.between(250, 3_000) * MILLIS;
        plan.aims_at_leader = random.chance(500_000);
        plan.plots = random.chance(250_000);
        let cast = cast(&mut random, plan.until);
        Self::new(seed, members, mutants, cast, plan)
    }

    fn new(seed: u64, members: u8, mutants: Plants, cast: Cast, plan: FaultPlan) -> Self {
        let ground = Ground::of_seed(seed);
        let peace = Some((plan.until, plan.settle));
        let end = plan.until + plan.settle + SECOND;
        let deeds = Vec::new();
        let case = Case { seed, members, ground, mutants, cast, deeds, peace, end };
        Self { case, plan, faults: seed }
    }

    /// Another future of a run from `at` on, with faults of its own.
    #[must_use]
    pub fn fork(mut case: Case, at: Nanos, faults: u64, mut random: Stream) -> Self {
        let length = random.between(10, 40) * SECOND;
        let mut plan = FaultPlan::within(at + length + FORK_SETTLE);
        plan.from = at + random.between(50, 2_000) * MILLIS;
        plan.gap = random.between(100, 1_500) * MILLIS;
        plan.aims_at_leader = random.chance(500_000);
        case.deeds.retain(|deed| deed.at <= at);
        case.cast.workload.until = plan.until;
        case.peace = Some((plan.until, plan.settle));
        case.end = plan.until + plan.settle + SECOND;
        Self { case, plan, faults }
    }

    /// Makes the run. The case that comes with it does the same without the plan.
    #[must_use]
    pub fn run(self) -> (Case, Trial) {
        let Self { mut case, plan, faults } = self;
        let siege = Siege::seeded(faults, plan).behind(std::mem::take(&mut case.deeds));
        let mut trial = Trial::new(case.spec(), &case.cast, siege);
        trial.run_until(case.end);
        case.deeds = trial.siege.deeds().to_vec();
        (case, trial)
    }
}

/// A random half of the kinds of faults, one at least.
fn kinds(random: &mut Stream) -> Kinds {
    let coins = random.word();
    let one = random.below(5);
    let on = |kind: u64| coins >> kind & 1 == 1 || one == kind;
    Kinds { crashes: on(0), power: on(1), network: on(2), disks: on(3), clocks: on(4) }
}

/// A random half of everybody.
fn cast(random: &mut Stream, until: Nanos) -> Cast {
    let rate = random.between(10, 60);
    let mut cast = Cast::everybody(rate, until);
    let coins = random.word();
    // Without puts there is nothing that could be lost.
    cast.workload.mix = Mix::some(|kind| kind == 0 || coins >> kind & 1 == 1);
    cast.workload.clients = u16::try_from(random.between(1, 8)).unwrap_or(1);
    cast.workload.watchers = u16::try_from(random.below(4)).unwrap_or(0);
    cast.workload.keys = random.between(1, 12);
    cast.operator = random.chance(400_000);
    cast.warden = random.chance(300_000);
    cast.contenders = random.chance(400_000);
    cast
}
