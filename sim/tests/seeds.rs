//! Sound members under seeded faults: a few hundred seeds here, thousands with
//! `glasshouse-lab sweep`. A seed that fails prints how to repeat it.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are a test")]

use glasshouse_sim::run::{Outcome, Plan, run_seed, run_spec};
use glasshouse_sim::script::{Bench, Setup};
use glasshouse_sim::view::call::{Action, Stop};
use glasshouse_sim::world::Spec;

fn clean(seeds: std::ops::Range<u64>, members: u8, seconds: u64) {
    let mut totals = (0, 0, 0, 0);
    let mut moved = (0, 0);
    let mut fenced = (0, 0);
    for seed in seeds {
        let outcome = run_seed(seed, members, seconds, true);
        let Outcome { violation, settled_at, counts, expired_leases, .. } = outcome;
        let repeat =
            format!("glasshouse-lab run --seed {seed} --nodes {members} --seconds {seconds}");
        assert!(violation.is_none(), "{}\n  {repeat}", violation.unwrap());
        assert!(settled_at.is_some(), "there was no judgement\n  {repeat}");
        totals.0 += counts.elections;
        totals.1 += counts.snapshots;
        totals.2 += counts.starts;
        totals.3 += expired_leases;
        moved.0 += counts.joins;
        moved.1 += counts.removals;
        fenced.0 += outcome.fenced_writes.0;
        fenced.1 += outcome.fenced_writes.1;
    }
    // A sweep in which nothing happens would be clean as well.
    let (elections, snapshots, starts, expired) = totals;
    assert!(elections > 50 && snapshots > 50 && starts > 200 && expired > 200, "{totals:?}");
    assert!(moved.0 > 20 && moved.1 > 10, "machines that joined, members that left: {moved:?}");
    assert!(
        fenced.0 > 100 && fenced.1 > 3,
        "writes under a lock, in time and too late: {fenced:?}"
    );
}

#[test]
fn three_members() {
    clean(10_000..10_100, 3, 60);
}

#[test]
fn five_members() {
    clean(20_000..20_040, 5, 60);
}

#[test]
fn seven_members() {
    clean(30_000..30_025, 7, 60);
}

#[test]
fn one_member_loses_nothing_either() {
    for seed in 40_000..40_040 {
        let outcome = run_seed(seed, 1, 60, true);
        assert!(outcome.violation.is_none(), "seed {seed}: {}", outcome.violation.unwrap());
    }
}

#[test]
fn without_faults_every_call_is_answered() {
    for seed in 0..5 {
        // A quota refuses some, and rightly.
        let spec = Spec { quota_backend_bytes: 0, ..Spec::hunt(seed, 3) };
        let outcome = run_spec(spec, Plan::new(20, false));
        assert!(outcome.violation.is_none());
        let counts = outcome.counts;
        assert!(counts.answered + 10 >= counts.calls && counts.calls > 400, "{counts:?}");
        assert_eq!((counts.elections, counts.starts), (1, 3));
    }
}

/// Plays lines, each with its milliseconds, and wants no rule broken by `end_ms`.
fn keeps_all_rules(seed: u64, members: u8, lines: &[(u64, &str)], end_ms: u64) {
    let action =
        |&(at_ms, line): &(u64, &str)| Action { time_us: at_ms * 1_000, line: line.to_string() };
    let actions = lines.iter().map(action).collect();
    let mut bench = Bench::new(Setup::new(seed, members), actions);
    bench.run_until(end_ms * 1_000, Stop::Time, 0);
    assert_eq!(bench.world().violation(), None);
}

/// Two voters and a learner: a voter is removed, and the other one loses its disk before it has stored
/// that. The removed one must still be there to elect it, whatever the learner has stored.
#[test]
fn a_learner_lets_no_removed_voter_go() {
    let lines = [
        (0, "ground short-log loose-reconfig"),
        (0, "traffic 1/s for 26500ms with=members"),
        (0, "stop n1"),
        (3_825, "restart n1"),
        (10_500, "kill n1"),
        (11_600, "restart n1"),
        (12_970, "freeze n2"),
        (14_000, "break disk n1 reads"),
        (15_000, "thaw n2"),
        (33_872, "settle 18000ms"),
    ];
    keeps_all_rules(88_117, 1, &lines, 52_000);
}

/// A member is removed and ends, and then everybody whom it knew is exchanged, each at its old address. Started once
/// more with its old disk, it asks whether it may go: whoever is there now must tell it, or it stays for ever.
#[test]
fn a_removed_member_is_let_go_by_members_that_it_never_knew() {
    let lines = [
        (0, "ground short-log loose-reconfig"),
        (0, "traffic 1/s for 50s with=members"),
        (3_000, "power off n1 torn"),
        (3_000, "power off n2 torn"),
        (3_000, "power off n3 torn"),
        (4_500, "restart n3"),
        (4_580, "restart n2"),
        (4_590, "restart n1"),
        (33_000, "break disk n1 syncs"),
        (45_351, "settle 18000ms"),
    ];
    keeps_all_rules(116_833, 2, &lines, 64_000);
}
