//! One seed, one history: a run in Chromium ends in the same hash as the same run natively.
//!
//! Node.js and native runs are compared by `cargo xtask determinism`; this adds the browser, with
//! the page's own worker and module. `GLASSHOUSE_SEEDS` says how many seeds, two by default.

use glasshouse_tests::browser::{Page, Screen};
use glasshouse_tests::{Site, tools};
use serde_json::Value;
use xtask::traces::{self, Run};

const SECONDS: u64 = 60;

#[test]
fn chromium_tells_the_same_history() {
    let Some(dist) = tools::dist() else { return };
    let Some(mut page) = Page::launch(Screen::DESKTOP) else { return };
    tools::program("glasshouse-sim", "glasshouse-lab");
    let seeds = std::env::var("GLASSHOUSE_SEEDS").map_or(2, |seeds| seeds.parse().unwrap());

    let site = Site::serve(&dist, "/");
    page.open(site.url());
    page.give_ask();
    for seed in 1..=seeds {
        for nodes in [3, 5, 7] {
            let run = Run { seed, nodes, seconds: SECONDS };
            let reply: Value = page.eval(&format!(
                "ask({{op: 'headless', seed: '{seed}', nodes: {nodes}, seconds: {SECONDS}}})"
            ));
            let native = traces::natively(run).unwrap();
            assert_eq!(reply["trace"], native.as_str(), "seed {seed}, {nodes} members: {reply}");
        }
    }
}
