//! The checker that knows only what clients saw: it confirms sound members under faults, and refutes
//! members that read without asking.

use glasshouse_sim::clock::SECOND;
use glasshouse_sim::linear::{Limits, Verdict};
use glasshouse_sim::mutant::{Mutant, Plants};
use glasshouse_sim::run::{Plan, begin};
use glasshouse_sim::world::{Spec, World};

/// Enough for most of these histories, and little enough that the others are given up quickly.
const LIMITS: Limits = Limits { memory_bytes: 16 << 20, steps: 5_000_000 };

/// A run of 40 virtual seconds with faults, and the verdict of the black box.
fn judged(seed: u64, mutants: Plants) -> (World, Verdict) {
    let mut trial = begin(Spec { mutants, ..Spec::hunt(seed, 3) }, Plan::new(40, true));
    trial.world.keep_history();
    trial.run_until(40 * SECOND);
    let (verdict, _) = trial.world.judge_history(LIMITS).expect("it was kept");
    (trial.world, verdict)
}

#[test]
fn sound_members_answer_as_one_copy() {
    let mut confirmed = 0;
    let mut operations = 0;
    for seed in 60_000..60_020 {
        let (world, verdict) = judged(seed, Plants::default());
        assert!(world.violation().is_none());
        operations += world.history().map_or(0, |history| history.len());
        match verdict {
            Verdict::Linearizable { .. } => confirmed += 1,
            Verdict::GaveUp { .. } => {}
            Verdict::Refuted(why) => panic!(
                "seed {seed}: {why:?}\n  glasshouse-lab run --seed {seed} --nodes 3 --seconds 40 --black-box"
            ),
        }
    }
    assert!(confirmed >= 10, "only {confirmed} of 20 were decided");
    assert!(operations > 3000, "{operations} operations");
}

#[test]
fn stale_reads_are_seen_from_outside() {
    let mut refuted = 0;
    for seed in 0..48 {
        let (world, verdict) = judged(seed, Plants::usual(Mutant::LocalRead));
        let inside = world.violation().is_some();
        let outside = matches!(verdict, Verdict::Refuted(_));
        assert!(
            inside || !outside,
            "seed {seed}: what clients can see, the log's witness sees first"
        );
        refuted += u32::from(outside);
    }
    assert!(refuted > 3, "{refuted} of 48 were refuted");
}
