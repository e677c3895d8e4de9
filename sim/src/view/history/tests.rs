//! Histories in words: one that an order explains, and one that none does.

use std::fmt::Write as _;

use super::*;
use crate::clock::SECOND;
use crate::script::bench::{Bench, Setup};
use crate::view::call::Stop;
use crate::view::call::history::{Kind, Operation, Step};
use crate::workload::{Mix, Workload};

/// A bench of three members whose first leader works, and that leader and a follower.
fn bench(seed: u64, first: &str) -> (Bench, String, String) {
    let mut bench = Bench::new(Setup::new(seed, 3), Vec::new());
    bench.exec(first);
    bench.run_until(3_000_000, Stop::Time, 0);
    let leader = bench.world().leader().expect("three seconds are enough");
    let follower = bench.world().members().into_iter().find(|no| *no != leader).unwrap();
    (bench, leader.to_string(), follower.to_string())
}

fn pass(bench: &mut Bench, ms: u64) {
    let until = bench.now_us() + ms * 1_000;
    bench.run_until(until, Stop::Time, 0);
}

/// A history as text: who, what, from when to when, what came of it, and where it stands in the order.
fn text(history: &History) -> String {
    let mut text = String::new();
    let Verdict { kind, explained, open, stuck, against, .. } = &history.verdict;
    let words = |id: &Option<u64>| {
        let of = |id| history.operations.iter().find(|one| one.id == id);
        id.and_then(of).map_or("nothing", |one| &one.words)
    };
    let _ = write!(text, "{kind:?}: {explained} explained, {open} open");
    if *kind == Kind::Refuted {
        let _ = write!(text, "; {:?} against {:?}", words(stuck), words(against));
    }
    for one in &history.operations {
        let Operation { client, words, called_us, returned_us, outcome, .. } = one;
        let took = returned_us.map_or("...".to_string(), |end| (end - called_us).to_string());
        let place = one.place.map_or("-".to_string(), |place| place.to_string());
        let _ = write!(text, "\n{place} {client} {words} [{took} us] {outcome:?}");
        if let Some(entry) = one.entry {
            let _ = write!(text, " entry {entry}.{}", one.term);
        }
        if one.outside {
            text.push_str(" outside");
        }
    }
    text
}

/// The way of an operation: how long after its call each step came, what, and who did it.
fn way(history: &History) -> String {
    let begin = history.way.first().and_then(|step| step.at_us).unwrap_or(0);
    let step = |step: &Step| {
        let Step { what, member, other, .. } = step;
        let at = step.at_us.map_or("open".to_string(), |at| (at - begin).to_string());
        let other = other.map_or(String::new(), |other| format!(" n{other}"));
        format!("\n{at} {what:?} n{}{other}", member.unwrap_or(0))
    };
    history.way.iter().map(step).collect()
}

#[test]
fn one_order_explains_what_was_seen() {
    let (mut bench, leader, follower) = bench(7, "mark begin");
    bench.exec("client A put a 1");
    bench.exec("client B get a");
    pass(&mut bench, 100);
    bench.exec(&format!("get a --endpoints={follower}"));
    bench.exec(&format!("client A get a --consistency=s --endpoints={leader}"));
    pass(&mut bench, 100);
    bench.exec(&format!("partition {leader} | rest"));
    bench.exec(&format!("client A put a 2 --endpoints={leader} --command-timeout=500ms"));
    pass(&mut bench, 4_000);
    bench.exec("client B del a --endpoints=n3");
    pass(&mut bench, 500);
    assert_eq!((leader.as_str(), follower.as_str()), ("n2", "n1"));
    let history = bench.history(false, None);
    let id = |words: &str, client: &str| {
        let is = |one: &&Operation| one.words == words && one.client == client;
        history.operations.iter().find(is).map(|one| one.id)
    };
    let mut told = text(&history);
    for asked in [id("put a 1", "A"), id("get a 1", "you"), id("put a 2", "A")] {
        told.push_str("\n--");
        told.push_str(&way(&bench.history(false, asked)));
    }
    assert_eq!(told, EXPLAINED);
}

#[test]
fn no_order_explains_a_read_of_what_was_overwritten() {
    let (mut bench, leader, follower) = bench(7919, "plant M05");
    bench.exec(&format!("put a 1 --endpoints={leader}"));
    pass(&mut bench, 500);
    bench.exec(&format!("partition {follower} | rest"));
    bench.exec(&format!("put a 2 --endpoints={leader}"));
    pass(&mut bench, 500);
    bench.exec(&format!("client B get a --endpoints={follower}"));
    pass(&mut bench, 500);
    let history = bench.history(false, None);
    assert_eq!(text(&history), REFUTED);
    assert!(history.stalls.len() == 1, "only before the first leader: {:?}", history.stalls);
    // Values alone say it, too.
    assert_eq!(bench.history(true, None).verdict.kind, Kind::Refuted);
}

/// A verdict that is kept up with the run is the verdict on the whole of it, whenever it is asked for.
#[test]
fn what_was_settled_stays_true() {
    for (seed, every_ms) in [(3, 40), (4, 900), (5, 20_000)] {
        let (mut bench, leader, _) = bench(seed, "mark begin");
        bench.world.keep_history();
        // A lease may end at any time, so there would be no quiet moment.
        let mix = Mix::some(|kind| !["grant", "put-leased"].contains(&Mix::KINDS[kind]));
        let load = Workload { mix, ..Workload::mixed(60, 18 * SECOND) };
        bench.world.start_workload(load);
        while bench.now_us() < 10_000_000 {
            pass(&mut bench, every_ms);
            assert_eq!(bench.history(false, None).verdict.kind, Kind::Linearizable, "seed {seed}");
        }
        // Values alone say nothing of a state that is settled: so there is one.
        assert_eq!(bench.history(true, None).verdict.limit, "length");
        bench.exec(&format!("kill {leader}"));
        while bench.now_us() < 22_000_000 {
            pass(&mut bench, every_ms);
        }
        let history = bench.history(false, None);
        let (whole, _) = bench.world.judge_history(Default::default()).unwrap();
        assert!(matches!(whole, crate::linear::Verdict::Linearizable { .. }));
        assert_eq!(history.verdict.kind, Kind::Linearizable, "seed {seed}");
        let answered = bench.world.history().unwrap();
        let answered = answered.iter().filter(|one| one.returned_at.is_some()).count() as u64;
        assert_eq!(history.verdict.explained, answered, "seed {seed}");
        assert!(history.earlier > 0 && history.operations.len() == OPERATIONS_MAX);
        points_fit(&history);
    }
}

/// Every point lies within its operation, and none before the point of the one in front of it.
fn points_fit(history: &History) {
    let mut placed: Vec<_> = history.operations.iter().filter(|one| one.place.is_some()).collect();
    placed.sort_by_key(|one| one.place);
    let mut before = 0;
    for one in placed {
        let at = one.point_us.expect("what has a place has a point");
        assert!(at >= before && at >= one.called_us, "{one:?}");
        assert!(one.returned_us.is_none_or(|end| at <= end), "{one:?}");
        before = at;
    }
}

const EXPLAINED: &str = "\
Linearizable: 4 explained, 1 open
1 A put a 1 [12087 us] Done entry 9.2
2 B get a 1 [12493 us] Done
3 you get a 1 [8627 us] Done
- A get a 1 [1000 us] Done outside
- A put a 2 [500000 us] Unknown entry 10.2
4 B del a: 1 key [8000 us] Done entry 11.3
--
0 Asked n1
500 Arrived n1
500 HandedOn n1 n2
2544 Proposed n2
4760 OnDisk n2
5070 Received n3
5339 Received n1
6783 OnDisk n3
7058 OnDisk n1
9507 Committed n2
11587 Applied n1
11587 Answered n1
12087 Returned n1
--
0 Asked n1
500 Arrived n1
500 ReadIndex n1 n2
8127 ReadIndexKnown n1
8127 Answered n1
8627 Returned n1
--
0 Asked n2
500 Arrived n2
500 Proposed n2
2685 OnDisk n2
500000 Returned n2";

const REFUTED: &str = "\
Refuted: 2 explained, 0 open; \"get a 1\" against \"put a 2\"
1 you put a 1 [5762 us] Done entry 9.2
2 you put a 2 [6230 us] Done entry 10.2
- B get a 1 [1000 us] Done";
