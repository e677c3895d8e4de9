//! A finding, told: what was done and what came of it, in the words of the page's feed.

use glasshouse_core::order;
use std::fmt::Write as _;

use serde_json::json;

use super::finding::Finding;
use crate::clock::MICROS;
use crate::place::Place;
use crate::script::Bench;
use crate::trace::What;
use crate::view::call::hunt::Step;
use crate::view::call::{Action, Stop};
use crate::view::frame::Level;
use crate::view::spacetime::shiviz::{Log, Tie};

/// The run is read in stretches of so many virtual microseconds: the feed keeps the newest events only.
const STRETCH_US: u64 = 50_000;

/// Lets a finding happen, and visits every stretch of it.
fn happen(finding: &Finding, mut visit: impl FnMut(&mut Bench)) {
    let mut bench = finding.bench();
    visit(&mut bench);
    let end_us = finding.at.div_ceil(MICROS) + 1;
    while bench.world().violation().is_none() && bench.now_us() < end_us {
        bench.run_until(end_us.min(bench.now_us() + STRETCH_US), Stop::Time, 0);
        visit(&mut bench);
    }
}

/// What was done and what came of it, in order.
#[must_use]
pub fn steps(finding: &Finding) -> Vec<Step> {
    let done = |line: &Action| Step {
        time_us: line.time_us,
        done: true,
        text: line.line.clone(),
        ..Step::default()
    };
    let mut steps: Vec<Step> = finding.lines.iter().map(done).collect();
    let mut heard = 1;
    happen(finding, |bench| {
        for event in bench.feed(heard) {
            heard = event.seq + 1;
            steps.push(Step {
                time_us: event.time_us,
                done: false,
                loud: event.level == Level::Violation,
                term: event.term,
                icon: event.icon,
                text: event.text,
            });
        }
    });
    // What was done stands above what came of it in the same moment.
    order::sort_by_key(&mut steps, |step| (step.time_us, !step.done));
    steps
}

/// The story as people read it: what was typed behind `>`, what happened below it.
#[must_use]
pub fn text(finding: &Finding) -> String {
    let Finding { seed, members, property, .. } = finding;
    let mut text = format!("seed {seed}, {members} members: {property} breaks\n\n");
    for Step { time_us, done, loud, text: words, .. } in steps(finding) {
        let (seconds, millis) = (time_us / 1_000_000, time_us / 1_000 % 1_000);
        let mark = if done { ">" } else { " " };
        let bang = if loud { "!" } else { " " };
        let _ = writeln!(text, "{bang}{seconds:>4}.{millis:03} {mark} {words}");
    }
    let _ = writeln!(text, "\n{}\n#{}", property.promise(), finding.link());
    text
}

/// The story as JSON lines: `{"time_us", "did" | "happened", ...}`.
#[must_use]
pub fn json(finding: &Finding) -> String {
    let mut text = String::new();
    for Step { time_us, done, loud, text: words, .. } in steps(finding) {
        let line = if done {
            json!({ "time_us": time_us, "did": words })
        } else {
            json!({ "time_us": time_us, "happened": words, "violation": loud })
        };
        let _ = writeln!(text, "{line}");
    }
    text
}

/// The messages between members as a log for ShiViz.
#[must_use]
pub fn shiviz(finding: &Finding) -> String {
    let mut log = Log::default();
    let mut cursor = 0;
    happen(finding, |bench| {
        cursor = bench.world().events_since(cursor, |event| {
            let Some((host, words)) = told(&event.what) else { return };
            let tie = match &event.what {
                What::Sent { id, .. } => Tie::Sends(id.0),
                What::Delivered { id, .. } => Tie::Receives(id.0),
                _ => Tie::Here,
            };
            log.add(&host, &words, tie);
        });
    });
    log.text()
}

/// Where an event happens and what it is; `None` for what ShiViz has no place for.
fn told(what: &What) -> Option<(String, String)> {
    let at = |place: &Place| place.to_string();
    match what {
        What::Sent { from, to, carries, .. } => {
            Some((at(from), format!("sends {carries:?} to {to}")))
        }
        What::Delivered { from, to, carries, .. } => {
            Some((at(to), format!("receives {carries:?} from {from}")))
        }
        What::Life { member, step } => Some((member.to_string(), format!("{step:?}"))),
        What::Standing { member, standing } => {
            Some((member.to_string(), format!("is {:?} of term {}", standing.role, standing.term)))
        }
        _ => None,
    }
}
