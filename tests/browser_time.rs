//! Time travel as people do it: back to before the crash, another fate, both kept; and any moment of a
//! long run at once, equal to a run from the beginning.
//!
//! `GLASSHOUSE_SEEKS` says to how many moments of a run of ten minutes the long test goes; by default it
//! is a few of a run of one minute. Times are printed, not judged.

use std::collections::BTreeMap;

use glasshouse_tests::bench::Bench;
use glasshouse_tests::browser::Screen;
use serde_json::{Value, json};

/// The place on the bar of this share of its width, in CSS pixels.
fn on_the_bar(bench: &mut Bench, share: f64) -> (f64, f64) {
    let (left, top, width): (f64, f64, f64) = bench.eval(
        "(place => [place.left, place.top + 24, place.width])(document.querySelector('#track').getBoundingClientRect())",
    );
    (left + width * share, top)
}

/// What the run looks like at the moment that is shown, as far as it does not depend on the way there.
fn moment(bench: &mut Bench) -> Value {
    bench.eval(
        "(s => [glasshouse.traceHash(), s.time_us, s.sentence, s.members])(glasshouse.status())",
    )
}

#[test]
fn the_leader_is_killed_and_then_it_is_not() {
    let Some(mut bench) = Bench::open(Screen::DESKTOP, "#seed=42&n=5&t=3000000") else { return };
    bench.settle();
    let leader = bench.leader();
    bench.exec("put fate one");
    let before = bench.settle()["time_us"].as_u64().unwrap();
    bench.click(&format!("#member-{}", leader.trim_start_matches('n')));
    bench.press("k");
    bench.until("s.members.some(m => m.life === 'down')");
    bench.exec("until new leader");
    bench.exec("run 1s");
    let second = bench.leader();
    assert_ne!(leader, second);
    let main = moment(&mut bench);
    let end = bench.status()["time_us"].as_u64().unwrap();
    bench.screenshot("time-main");

    // The handle is dragged to before the kill; everything is as it was.
    let now: f64 =
        bench.eval("parseFloat(document.querySelector('#track .head').style.left) / 100");
    let share = now * before as f64 / end as f64;
    let (from, to) = (on_the_bar(&mut bench, now), on_the_bar(&mut bench, share * 0.99));
    bench.drag(from, to);
    bench.until(&format!("s.settled && s.past && s.time_us < {before}"));
    assert_eq!(bench.leader(), leader);
    bench.wait("document.querySelector('#branch').textContent.includes('You are in the past')");
    bench.screenshot("time-past");
    assert_eq!(bench.eval::<usize>("glasshouse.branches().length"), 1, "looking is no branch");

    // Keys step on and back, and go from mark to mark.
    let here = bench.status()["time_us"].as_u64().unwrap();
    bench.press(".");
    let there = bench.until(&format!("s.settled && s.time_us > {here}"))["time_us"].clone();
    bench.press(".");
    let there = bench.until(&format!("s.settled && s.time_us > {there}"))["time_us"].clone();
    bench.press(",");
    bench.until(&format!("s.settled && s.time_us < {there}"));
    // One step may be long where nothing happens, and lead behind the kill.
    bench.eval::<Value>(&format!("glasshouse.seek({})", before - 1));
    bench.press(">");
    bench.until(&format!(
        "s.settled && s.time_us >= {before} && s.members.some(m => m.life === 'down')"
    ));
    bench.press("<");
    bench.until(&format!("s.settled && s.time_us < {before}"));

    // Another fate from there: the leader is cut off instead.
    bench.exec(&format!("partition {leader} | rest"));
    bench.exec("until new leader");
    let branches: Vec<Value> = bench.eval("glasshouse.branches()");
    assert_eq!(branches.len(), 2);
    assert_eq!(branches[1]["name"], json!(format!("partition {leader} | rest")));
    let status = bench.settle();
    assert!(status["members"].as_array().unwrap().iter().all(|member| member["life"] == "up"));
    let other = moment(&mut bench);
    bench.screenshot("time-branch");

    // Main is still what it was, and so is the branch.
    bench.press("Alt+ArrowUp");
    bench.until("s.settled && glasshouse.branches()[0].present");
    bench.eval::<Value>(&format!("glasshouse.seek({end})"));
    assert_eq!(moment(&mut bench), main);
    bench.click(".branches .b");
    bench.until("s.settled && glasshouse.branches()[1].present");
    bench.eval::<Value>("glasshouse.seek(glasshouse.branches()[1].end_us)");
    assert_eq!(moment(&mut bench), other);

    // The link of the branch shows the same elsewhere.
    let link: String = bench.eval("location.hash");
    let Some(mut elsewhere) = Bench::open(Screen::PHONE, &link) else { return };
    elsewhere.settle();
    assert_eq!(moment(&mut elsewhere), other);
    elsewhere.screenshot("time-phone");
}

/// A simulation of its own in the tab, `sim(op)`, which is asked as often as one wants.
const SIM: &str = "(() => {
    const worker = new Worker('worker.js');
    const waiting = new Map();
    let next = 0;
    worker.onmessage = ({ data }) => {
        if (data.id === undefined) return;
        waiting.get(data.id)(JSON.parse(data.reply));
        waiting.delete(data.id);
    };
    window.sim = (op) => new Promise(keep => {
        next += 1;
        waiting.set(next, keep);
        worker.postMessage({ id: next, op: JSON.stringify(op) });
    });
    return null;
})()";

/// The fields of a member that the page API tells, from a picture of the simulation's own.
const STRAIGHT: &str = "(async (at) => {
    await sim({ op: 'run', until_us: at });
    const { frame } = await sim({ op: 'frame', request: {} });
    const n = (alias) => alias ? `n${alias}` : null;
    const members = frame.members.map(m => ({
        member: n(m.alias), name: m.name, id: m.id, role: m.role, life: m.life, term: m.term, vote: n(m.vote),
        leader: n(m.leader), commit: m.commit, applied: m.applied, last: m.last, durable: m.durable, revision: m.revision,
    }));
    return [frame.trace, frame.time_us, frame.sentence.now, members];
})";

#[test]
fn every_moment_of_a_long_run_is_there_at_once() {
    let seeks = std::env::var("GLASSHOUSE_SEEKS").ok().map(|seeks| seeks.parse::<u64>().unwrap());
    let (seconds, seeks) = seeks.map_or((60, 12), |seeks| (600, seeks));
    let Some(mut bench) = Bench::open(Screen::DESKTOP, "#seed=11&n=5&t=3000000") else { return };
    bench.settle();
    bench.exec(&format!("load 20 put/s for {seconds}s"));
    // Some of everything that a bench can do, at a few moments.
    let deeds = [
        "kill leader",
        "restart n1",
        "partition n2 n3 | rest",
        "heal",
        "slow disk n4 30ms",
        "power off n5",
        "restart n5",
    ];
    for deed in deeds {
        bench.exec(&format!("run {}ms", seconds * 120));
        let done = bench.exec(deed);
        assert!(!done.contains("help"), "{deed}: {done}");
    }
    bench.exec(&format!("run {}ms", seconds * 1_000 - seconds * 120 * deeds.len() as u64));
    let end = bench.settle()["time_us"].as_u64().unwrap();
    let actions: Value = bench.eval("glasshouse.actions()");

    let moments: Vec<u64> = (1..=seeks).map(|nth| nth * 7_919_317 * 104_729 % end).collect();
    let mut took = Vec::new();
    let mut seen = BTreeMap::new();
    for moment_us in &moments {
        let ms: f64 = bench.eval(&format!(
            "(async began => {{ await glasshouse.seek({moment_us}); return performance.now() - began; }})(performance.now())"
        ));
        took.push(ms);
        seen.insert(*moment_us, moment(&mut bench));
    }
    took.sort_by(f64::total_cmp);
    println!(
        "{seeks} seeks in {seconds} s, five members, 20 puts a second: median {:.0} ms, p95 {:.0} ms",
        took[took.len() / 2],
        took[took.len() * 95 / 100]
    );

    // The same run from the beginning, stopped at each of these moments in order.
    bench.eval::<Value>(SIM);
    bench.eval::<Value>(&format!(
        "sim({})",
        json!({"op": "boot", "seed": "11", "nodes": 5, "actions": actions})
    ));
    for (moment_us, seen) in seen {
        let straight: Value = bench.eval(&format!("{STRAIGHT}({moment_us})"));
        assert_eq!(seen, straight, "at {moment_us}");
    }
}
