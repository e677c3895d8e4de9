//! What the view gives away: an SVG that is XML and has what the run has, and a log that ShiViz reads.

use std::collections::BTreeMap;

use glasshouse_sim::view::spacetime::shiviz;
use glasshouse_tests::bench::Bench;
use glasshouse_tests::browser::Screen;
use serde_json::Value;

use super::{drawn, natively, open};

/// Presses a button that saves; the name of the file and its text, which go no further.
fn saved(bench: &mut Bench, button: &str) -> (String, String) {
    bench.eval::<Value>(
        "(() => {
            globalThis.given = null;
            HTMLElement.prototype.click = function () {
                const [kind, body] = this.href.split(/,(.*)/s);
                globalThis.given = [this.download, decodeURIComponent(body)];
            };
            return null;
        })()",
    );
    bench.click_named(button);
    bench.wait("globalThis.given");
    bench.eval("globalThis.given")
}

#[test]
fn the_svg_is_the_run() {
    let slice = natively();
    let Some(mut bench) = open(Screen::DESKTOP, &slice) else { return };
    let (name, text) = saved(&mut bench, "Save as SVG");
    assert_eq!(name, "space-time.svg");
    // As a program that knows nothing of the page reads it: strictly, and alone.
    bench.eval::<Value>(
        "(globalThis.svg = new DOMParser().parseFromString(globalThis.given[1], 'image/svg+xml'), null)",
    );
    let wrong: Option<String> = bench.eval("svg.querySelector('parsererror')?.textContent ?? null");
    assert_eq!(wrong, None);
    let mut count = |selector: &str| -> usize {
        bench.eval(&format!("svg.querySelectorAll(`{selector}`).length"))
    };
    let arrows = drawn(&slice);
    let lost = arrows.iter().filter(|arrow| arrow.lost.is_some()).count();
    assert_eq!(count(".arrow"), arrows.len());
    assert_eq!(count(".arrow[data-lost]"), lost);
    assert_eq!(count(".write"), slice.writes.len());
    assert_eq!(count(".event .lead"), slice.elections().count());
    for arrow in arrows {
        assert_eq!(count(&format!(".arrow[data-message='{}']", arrow.message.id)), 1);
    }
    let names: Vec<String> = bench
        .eval("[...svg.documentElement.lastElementChild.querySelectorAll('text.h')].map(name => name.textContent)");
    let mut lanes: Vec<&str> = slice.lanes.iter().map(|lane| lane.name.as_str()).collect();
    let mut shown: Vec<&str> = names.iter().map(String::as_str).collect();
    lanes.sort_unstable();
    shown.sort_unstable();
    assert_eq!(shown, lanes);
    // Nothing in it comes from elsewhere, and nothing runs.
    for foreign in ["<script", "href=", "url(http", "@import", "onclick"] {
        assert!(!text.contains(foreign), "{foreign}");
    }
}

#[test]
fn the_log_for_shiviz_is_the_run() {
    let slice = natively();
    let Some(mut bench) = open(Screen::DESKTOP, &slice) else { return };
    let (name, text) = saved(&mut bench, "ShiViz log");
    assert_eq!(name, "space-time.shiviz.log");
    assert_eq!(text, shiviz::log(&slice));
    // As ShiViz reads it: each host counts its own events, and knows no more of another than happened there.
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some(shiviz::REGEX));
    assert_eq!(lines.next(), Some(""));
    let mut counted: BTreeMap<String, u64> = BTreeMap::new();
    while let (Some(head), Some(words)) = (lines.next(), lines.next()) {
        let (host, clock) = head.split_once(' ').expect("a host and a clock");
        let clock: BTreeMap<String, u64> = serde_json::from_str(clock).expect("a vector clock");
        *counted.entry(host.to_owned()).or_default() += 1;
        assert_eq!(clock[host], counted[host], "{head}");
        assert!(!words.is_empty(), "{head}");
        let known = |(other, events): (&String, &u64)| *events <= counted[other];
        assert!(clock.iter().all(known), "{head}");
    }
    let hosts = slice.lanes.iter().filter(|lane| counted.contains_key(&lane.name)).count();
    assert_eq!(counted.len(), hosts);
    assert!(hosts >= slice.voters.len(), "{counted:?}");
}
