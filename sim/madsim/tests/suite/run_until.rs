//! Running in steps: where one stops has no effect, and a host can act in between.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::Arc;
use std::time::Duration;

use crate::scenario::{Chaos, Trace};
use madsim::rand::{Rng, SeedableRng};
use madsim::runtime::Runtime;
use madsim::time::sleep;
use rand_xoshiro::Xoshiro256PlusPlus;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn any_slicing_is_one_history() {
    for seed in 0..8 {
        let history = |slice: &mut dyn FnMut() -> Duration| {
            let mut chaos = Chaos::new(seed);
            chaos.run(5 * SECOND, slice);
            chaos.trace.text()
        };
        let whole = history(&mut || 5 * SECOND);
        assert!(whole.lines().count() > 1_000, "seed {seed}: the scenario is alive");
        for millis in [1, 16, 20, 80] {
            assert_eq!(whole, history(&mut || Duration::from_millis(millis)), "seed {seed}");
        }
        for round in 0..4 {
            let mut random = Xoshiro256PlusPlus::seed_from_u64(round);
            // From nanoseconds to a second, each magnitude as likely as the next.
            let mut slice = || {
                let magnitude = 10u64.pow(random.gen_range(3..10));
                Duration::from_nanos(random.gen_range(0..magnitude))
            };
            assert_eq!(whole, history(&mut slice), "seed {seed}, round {round}");
        }
    }
}

/// Stopping at every single nanosecond around some events.
#[test]
fn a_stop_at_each_nanosecond() {
    let world = || {
        let runtime = Runtime::with_seed_and_config(3, Default::default());
        let trace = Trace::default();
        let node = runtime.create_node().build();
        for task in 0..3 {
            let trace = trace.clone();
            node.spawn(async move {
                for _ in 0..20 {
                    sleep(Duration::from_millis(1)).await;
                    trace.note_now(task, "woke");
                }
            });
        }
        (runtime, trace)
    };
    let (whole, expected) = world();
    whole.run_until(SECOND);

    let (sliced, trace) = world();
    for milli in 1..=20 {
        let start = Duration::from_millis(milli) - Duration::from_nanos(200);
        for nano in 0..8_000 {
            let deadline = start + Duration::from_nanos(nano);
            sliced.run_until(deadline);
            let late = sliced.elapsed() - deadline;
            assert!(late < Duration::from_nanos(100), "{late:?} after {deadline:?}");
        }
    }
    sliced.run_until(SECOND);
    assert_eq!(expected.text(), trace.text());
    assert_eq!(expected.text().lines().count(), 60);
}

#[test]
fn nothing_to_run() {
    let runtime = Runtime::new();
    runtime.run_until(SECOND);
    assert_eq!(runtime.elapsed(), SECOND);
    runtime.run_until(SECOND / 2);
    assert_eq!(runtime.elapsed(), SECOND, "the clock never goes back");
}

/// The host's action happens at the deadline, not at the last event before it.
#[test]
fn an_action_happens_at_the_deadline() {
    let runtime = Runtime::new();
    let node = runtime.create_node().build();
    let trace = Trace::default();
    node.spawn(async { sleep(SECOND).await });
    runtime.run_until(7 * SECOND);
    let noted = trace.clone();
    node.spawn(async move {
        noted.note_now(1, "start");
        sleep(SECOND).await;
        noted.note_now(1, "end");
    });
    runtime.run_until(9 * SECOND);
    let text = trace.text();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("7000000000 n1 start"));
    let end: u64 = lines.next().unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!((8_000_000_000..8_000_000_100).contains(&end), "{end}");
}

/// A task that never waits moves the clock by being polled; the host gets its turn.
#[test]
fn a_busy_task_does_not_hold_the_host() {
    let runtime = Runtime::new();
    let polls = Arc::new(AtomicU64::new(0));
    let counted = polls.clone();
    runtime.create_node().build().spawn(async move {
        loop {
            counted.fetch_add(1, Relaxed);
            madsim::task::yield_now().await;
        }
    });
    runtime.run_until(Duration::from_millis(1));
    assert!((10_000..20_000).contains(&polls.load(Relaxed)), "50 to 100 ns each");
    assert!(runtime.elapsed() < Duration::from_nanos(1_000_100));
}

#[test]
fn block_on_goes_on_where_run_until_stopped() {
    let runtime = Runtime::new();
    runtime.run_until(SECOND);
    runtime.block_on(async { sleep(SECOND).await });
    assert!(runtime.elapsed() >= 2 * SECOND && runtime.elapsed() < 2 * SECOND + SECOND / 1000);
}

#[test]
fn a_dropped_world_frees_its_tasks() {
    let token = Arc::new(());
    {
        let chaos = Chaos::new(1);
        let node = chaos.runtime.create_node().build();
        for wait in [SECOND / 1000, 100 * SECOND] {
            let token = token.clone();
            node.spawn(async move {
                loop {
                    sleep(wait).await;
                    assert!(Arc::strong_count(&token) > 0);
                }
            });
        }
        let held = token.clone();
        chaos.runtime.handle().pause(node.id());
        node.spawn(async move { drop(held) });
        chaos.runtime.run_until(SECOND);
        assert_eq!(Arc::strong_count(&token), 4);
    }
    assert_eq!(Arc::strong_count(&token), 1);
}
