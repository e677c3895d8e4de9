//! One seed, one history: twice in one process, in slices or in one go, and a dial for itself.

use glasshouse_sim::clock::{MILLIS, Nanos, SECOND};
use glasshouse_sim::hunt::draw::Draw;
use glasshouse_sim::mutant::Mutant;
use glasshouse_sim::place::MemberNo;
use glasshouse_sim::run::{Plan, begin, outcome, run_seed};
use glasshouse_sim::script::bench::{Bench, Setup};
use glasshouse_sim::workload::Workload;
use glasshouse_sim::world::{Action, Spec, World};

#[test]
fn the_same_seed_has_the_same_history_and_another_seed_has_another() {
    let mut hashes = Vec::new();
    for (seed, members) in [(1, 3), (2, 3), (3, 5), (4, 7), (5, 1)] {
        let first = run_seed(seed, members, 30, true);
        assert_eq!(first, run_seed(seed, members, 30, true), "seed {seed}");
        hashes.push(first.hash);
    }
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 5);
}

/// Runs a world with everything in it, stopping at the given distances.
fn sliced(slices: impl IntoIterator<Item = Nanos>) -> glasshouse_sim::run::Outcome {
    let mut trial = begin(Spec::hunt(11, 5), Plan { rate: 50, ..Plan::new(20, true) });
    for slice in slices {
        let until = (trial.world.now() + slice).min(20 * SECOND);
        trial.run_until(until);
        let world = &trial.world;
        // Looking at everything must change nothing.
        for member in world.members() {
            let _ = (world.with_node(member, |view| view.term()), world.disk(member));
        }
        let _ = (world.in_flight(), world.open_calls(), world.leader());
    }
    trial.run_until(20 * SECOND);
    outcome(&trial.world)
}

#[test]
fn where_a_run_is_stopped_has_no_influence() {
    let whole = sliced([]);
    assert_eq!(whole, sliced(std::iter::repeat_n(16 * MILLIS, 1200)));
    assert_eq!(whole, sliced((1..400).map(|i| i * 7_777_777 % 90_000_001)));
}

/// Behind a violation nothing is told any more, however far somebody let the run go.
#[test]
fn where_a_run_that_breaks_is_stopped_has_no_influence_either() {
    let broken = [
        Mutant::AckBeforeFsync,
        Mutant::CommitAnyTerm,
        Mutant::LocalRead,
        Mutant::VoteForAnyLog,
        Mutant::OvertakingProgress,
    ];
    for mutant in broken {
        let mut seeds = 0..100;
        let case = seeds.find_map(|seed| {
            let (case, trial) = Draw::of_seed(seed, Some(mutant)).run();
            trial.world.violation().map(|_| case)
        });
        let case = case.expect("some seed breaks something");
        let whole = outcome(&case.play().world);
        for slice in [MILLIS, 7_777_777, SECOND] {
            let mut trial = case.begin();
            while trial.world.violation().is_none() {
                let until = trial.world.now() + slice;
                trial.run_until(until);
            }
            assert_eq!(outcome(&trial.world), whole, "{} in slices of {slice} ns", mutant.name());
        }
    }
}

/// What is done by hand at a time, in whatever slices, gives one history.
#[test]
fn actions_at_the_same_times_give_the_same_history() {
    let run = |slice: Nanos| {
        let mut world = World::new(Spec::lesson(3, 3));
        let n1 = MemberNo::first(3).next().unwrap();
        let client = world.client("A");
        for at in (1..=10).map(|i| i * 500 * MILLIS) {
            while world.now() + slice < at {
                let until = world.now() + slice;
                world.run_until(until);
            }
            world.run_until(at);
            match at / (500 * MILLIS) {
                4 => world.act(Action::Kill(n1)).unwrap(),
                6 => world.act(Action::Restart(n1)).unwrap(),
                _ => {
                    let put = glasshouse_core::api::PutRequest {
                        key: "k".into(),
                        value: "v".into(),
                        ..Default::default()
                    };
                    world.call(client, n1, put, SECOND);
                }
            }
        }
        world.run_until(8 * SECOND);
        (world.trace_hash(), world.events())
    };
    let whole = run(100 * SECOND);
    assert_eq!(whole, run(20 * MILLIS));
    assert_eq!(whole, run(333_333));
}

/// What a slower disk changes are the times of that disk; the network's luck stays.
#[test]
fn the_checkers_and_the_record_do_not_influence_the_run() {
    let counts = |checked| {
        let mut world = World::new(Spec { checked, ..Spec::hunt(9, 3) });
        world.start_workload(Workload::mixed(30, 10 * SECOND));
        world.run_until(10 * SECOND);
        (world.counts(), world.trace_hash())
    };
    assert_eq!(counts(true), counts(false));
}

/// A run that failed on the command line is looked at in the page: the line `hunt` makes it there.
#[test]
fn a_hunt_in_the_bench_is_the_run_of_the_command_line() {
    let mut bench = Bench::new(Setup::new(5, 3), Vec::new());
    let id = bench.exec("hunt 20s");
    assert_eq!(bench.entry(id).unwrap().output, "A hunt of 20 s begins.\n");
    let run = bench.exec("run 20s");
    bench.finish(run, 30_000_000);
    let events_of_the_bench = bench.world().events();
    let outcome = run_seed(5, 3, 20, true);
    assert_eq!((bench.world().trace_hash(), events_of_the_bench), (outcome.hash, outcome.events));
}
