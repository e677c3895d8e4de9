//! What the page costs the browser's main thread while the simulation runs: milliseconds per frame at 5 and 9
//! members with [`FLYING`] messages in flight and more, and frames that took too long. The figures are printed, not judged:
//! a machine that does something else meanwhile would fail a good page. What is judged is that there was so much to
//! draw, and that the pictures kept coming.
//!
//! `GLASSHOUSE_FRAMES` says how many real seconds each measurement takes; by default two.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are a test")]

use std::collections::BTreeMap;

use glasshouse_tests::bench::Bench;
use glasshouse_tests::browser::Screen;
use serde_json::{Value, json};

/// Messages that are on their way when the most are, at least.
const FLYING: u64 = 200;

/// Counts frames, tasks of more than 50 ms, and the most messages that were drawn at once.
const WATCH: &str = "(seconds => new Promise(done => {
    const seen = { frames: 0, long: [], messages: 0 };
    const watch = new PerformanceObserver(list => seen.long.push(...list.getEntries().map(task => task.duration)));
    watch.observe({ entryTypes: ['longtask'] });
    const began = performance.now();
    // Messages of one look are one path with a line for each.
    const lines = path => path.getAttribute('d').split('M').length - 1;
    // Of many on one link one is drawn, with their number beside it.
    const more = text => Math.max(0, Number(text.textContent.match(/^×(\\d+)$/)?.[1] ?? 1) - 1);
    const sum = (selector, count) => [...document.querySelectorAll('#sheet ' + selector)].reduce((sum, one) => sum + count(one), 0);
    const flying = () => sum('.path', lines) + sum('.moving text', more);
    const frame = now => {
        seen.frames += 1;
        if (seen.frames % 10 === 1) seen.messages = Math.max(seen.messages, flying());
        if (now - began < seconds * 1000) return requestAnimationFrame(frame);
        watch.disconnect();
        done(seen);
    };
    requestAnimationFrame(frame);
}))";

/// Seconds that the main thread has worked, by kind.
fn worked(bench: &mut Bench) -> BTreeMap<String, f64> {
    let answer = bench.call("Performance.getMetrics", json!({}));
    let metrics = answer["metrics"].as_array().unwrap().iter();
    metrics
        .map(|metric| {
            (metric["name"].as_str().unwrap().to_owned(), metric["value"].as_f64().unwrap())
        })
        .collect()
}

#[test]
fn what_a_frame_costs() {
    let seconds: u32 = std::env::var("GLASSHOUSE_FRAMES").map_or(2, |text| text.parse().unwrap());
    // Four clients each, who wait for their answers: the more members, the fewer clients say as much.
    for (members, loads) in [(5, 11), (9, 5)] {
        let Some(mut bench) =
            Bench::open(Screen::DESKTOP, &format!("#seed=7&n={members}&t=3000000"))
        else {
            return;
        };
        bench.settle();
        // Long ways and much to say: hundreds of messages are on their way at any moment.
        for (one, other) in (1..=members).flat_map(|one| (1..one).map(move |other| (one, other))) {
            bench.exec(&format!("slow link n{one}<->n{other} 250ms"));
        }
        for _ in 0..loads {
            bench.exec("load 200 put/s");
        }
        bench.exec("run 1500ms");
        // In time that the thread has run, so that another program on this machine counts for nothing.
        bench.call("Performance.enable", json!({ "timeDomain": "threadTicks" }));
        let mut flying = 0;
        for speed in ["0.1× real time", "as fast as it goes"] {
            choose(&mut bench, speed);
            bench.press(" ");
            bench.until("s.playing");
            let before = worked(&mut bench);
            let seen: Value = bench.eval(&format!("{WATCH}({seconds})"));
            let after = worked(&mut bench);
            bench.press(" ");
            let status = bench.settle();
            let frames = seen["frames"].as_f64().unwrap();
            let per_frame = |kind: &str| (after[kind] - before[kind]) * 1_000.0 / frames;
            let long: Vec<f64> = serde_json::from_value(seen["long"].clone()).unwrap();
            println!(
                "{members} members, {speed}: {:.2} ms of the main thread per frame (scripts {:.2}, styles {:.2}, layout {:.2}), \
                 {frames} frames in {seconds} s, {} tasks over 50 ms (longest {:.0} ms), at most {} messages in flight, at {} s",
                per_frame("TaskDuration"),
                per_frame("ScriptDuration"),
                per_frame("RecalcStyleDuration"),
                per_frame("LayoutDuration"),
                long.len(),
                long.iter().copied().fold(0.0, f64::max),
                seen["messages"],
                status["time_us"].as_u64().unwrap() / 1_000_000,
            );
            assert!(frames > 1.0, "nothing was drawn: {seen}");
            flying = flying.max(seen["messages"].as_u64().unwrap());
        }
        assert!(flying >= FLYING, "{members} members: {flying} messages are too few");
    }
}

/// Chooses a speed by its name.
fn choose(bench: &mut Bench, speed: &str) {
    bench.eval::<Value>(&format!(
        "(field => {{
            field.selectedIndex = [...field.options].findIndex(option => option.text === {speed:?});
            field.dispatchEvent(new Event('change', {{ bubbles: true }}));
            return null;
        }})(document.querySelector('#speed'))"
    ));
}
