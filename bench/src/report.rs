//! Results: a table for people, in Markdown, and JSON for programs.
//!
//! A shared machine is quicker in one minute than in the next, so values of different rounds are never
//! compared. Each round gives one ratio; the table shows the median of the ratios and, in
//! parentheses, the smallest and the largest. "noise" stands where chance alone explains the median:
//! the ratios lie on both sides of 1, or, when a was measured twice in each round, the median lies
//! inside of what a gave against itself.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::json;

use crate::args::Plan;
use crate::load::{Measured, Point};
use crate::machine::Machine;
use crate::probe::OTHERS_MAX;

/// The clients run on one processor; when they fill it, a server could have done more.
const CLIENTS_MAX: f64 = 0.95;

/// Who was measured in a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Subject {
    /// The server to compare with.
    A,
    /// The same one again.
    AAgain,
    /// The server that is judged.
    B,
}

/// One measurement of one server.
#[derive(Debug, Serialize)]
pub struct Leg {
    /// From 1.
    pub round: u32,
    /// Which server.
    pub subject: Subject,
    /// Its work.
    pub point: Point,
    /// What was found.
    pub measured: Measured,
}

/// One measure: its name, digits behind the point, and how it is got.
struct Measure(&'static str, usize, fn(&Measured) -> Option<f64>);

const MEASURES: [Measure; 8] = [
    Measure("calls per second", 0, |m| Some(m.rate())),
    Measure("p50, ms", 2, |m| Some(m.p50_us / 1e3)),
    Measure("p99, ms", 2, |m| Some(m.p99_us / 1e3)),
    Measure("server CPU, µs per call", 1, |m| Some(m.per_call(m.server_cpu_seconds * 1e6))),
    Measure("WAL fsyncs per call", 3, |m| Some(m.per_call(m.wal_fsyncs as f64))),
    Measure("store commits per second", 1, |m| Some(m.backend_commits as f64 / m.seconds)),
    Measure("disk, bytes per call", 0, |m| m.disk_bytes.map(|bytes| m.per_call(bytes as f64))),
    Measure("memory, MB", 0, |m| Some(m.rss_bytes as f64 / 1e6)),
];

/// All results of a run.
pub struct Report<'a> {
    /// What was asked for.
    pub plan: &'a Plan,
    /// Where.
    pub machine: Machine,
    /// The load averages before and after.
    pub load: (String, String),
    /// Every measurement, in order.
    pub legs: Vec<Leg>,
}

impl Report<'_> {
    /// The table and what one must know to read it.
    pub fn text(&self) -> String {
        let mut text = String::from("| | clients |");
        let mut rule = String::from("| --- | ---: |");
        for program in &self.plan.programs {
            let _ = write!(text, " {} |", program.name);
            rule.push_str(" ---: |");
        }
        if let [a, b] = &self.plan.programs[..] {
            let _ = write!(text, " {} / {} |", b.name, a.name);
            rule.push_str(" --- |");
        }
        if self.plan.again {
            let _ = write!(text, " {0} / {0} |", self.plan.programs[0].name);
            rule.push_str(" --- |");
        }
        let _ = writeln!(text, "\n{rule}");
        let mut case = None;
        for point in &self.plan.points {
            if case.replace(point.case) != Some(point.case) {
                for measure in &MEASURES {
                    self.rows(&mut text, measure, point);
                }
            }
        }
        text + &self.facts()
    }

    /// The rows of one measure: all numbers of clients of the point's case.
    fn rows(&self, text: &mut String, Measure(name, digits, get): &Measure, first: &Point) {
        for point in self.plan.points.iter().filter(|point| point.case == first.case) {
            let values = |subject| -> Vec<f64> {
                let legs = self.legs.iter();
                legs.filter(|leg| leg.subject == subject && leg.point == *point)
                    .filter_map(|leg| get(&leg.measured))
                    .collect()
            };
            let (a, again, b) = (values(Subject::A), values(Subject::AAgain), values(Subject::B));
            if a.iter().chain(&b).all(|value| *value == 0.0) {
                continue;
            }
            let Some(middle) = Spread::of(&a) else { continue };
            let _ = write!(text, "| {}: {name} | {} |", point.case.name(), point.clients);
            let _ = write!(text, " {:.digits$} |", middle.median);
            let chance = Spread::of_ratios(&again, &a);
            if let Some(middle) = Spread::of(&b) {
                let _ = write!(text, " {:.digits$} |", middle.median);
                match Spread::of_ratios(&b, &a) {
                    Some(ratio) => {
                        let noise = if ratio.is_noise(chance.as_ref()) { " noise" } else { "" };
                        let _ = write!(text, " {}{noise} |", ratio.text());
                    }
                    None => text.push_str(" |"),
                }
            }
            if self.plan.again {
                let _ = write!(text, " {} |", chance.map(|ratio| ratio.text()).unwrap_or_default());
            }
            text.push('\n');
        }
    }

    fn facts(&self) -> String {
        let Machine { processor, cores, kernel, filesystem, .. } = &self.machine;
        let (append, overwrite) =
            (self.machine.fdatasync_append_us, self.machine.fdatasync_overwrite_us);
        let Plan { rounds, members, time, .. } = self.plan;
        let mut text = format!(
            "\nMedians of {rounds} rounds of {} s; ratios are medians of the rounds' ratios (smallest–largest). \
             Members of a cluster: {members}. Keys of 8 bytes, values of 256. Servers and clients share {cores} × {processor}, \
             Linux {kernel}, {filesystem}; fdatasync of 2 KiB: {append:.0} µs appended, {overwrite:.0} µs overwritten. \
             Load before {}, after {}.\n",
            time.as_secs(),
            self.load.0,
            self.load.1,
        );
        let all = self.legs.len();
        let above = |limit: f64, share: fn(&Measured) -> f64| {
            self.legs.iter().filter(|leg| share(&leg.measured) > limit).count()
        };
        let disturbed = above(OTHERS_MAX, Measured::others);
        if disturbed > 0 {
            let _ = writeln!(
                text,
                "In {disturbed} of {all} measurements other programs took more than {OTHERS_MAX} of a processor: \
                 trust CPU per call more than rates, and neither too much."
            );
        }
        let full = above(CLIENTS_MAX, |m| m.client_cpu_seconds / m.seconds);
        if full > 0 {
            let _ = writeln!(
                text,
                "In {full} of {all} measurements the clients filled their processor: those rates are the clients', \
                 not the server's."
            );
        }
        text
    }

    /// Every measurement.
    pub fn json(&self) -> serde_json::Value {
        let programs: Vec<_> = self
            .plan
            .programs
            .iter()
            .map(|program| json!({ "name": program.name, "path": program.path }))
            .collect();
        json!({
            "machine": self.machine,
            "load": [self.load.0, self.load.1],
            "programs": programs,
            "members": self.plan.members,
            "legs": self.legs,
        })
    }
}

/// The median of some values, and how far they reach.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Spread {
    median: f64,
    min: f64,
    max: f64,
}

impl Spread {
    fn of(values: &[f64]) -> Option<Self> {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let (low, high) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
        Some(Self { median: f64::midpoint(low, high), min, max })
    }

    /// Of each round's ratio; nothing when there is nothing to divide by.
    fn of_ratios(above: &[f64], below: &[f64]) -> Option<Self> {
        let pairs = above.iter().zip(below).filter(|(_, below)| **below > 0.0);
        Self::of(&pairs.map(|(above, below)| above / below).collect::<Vec<f64>>())
    }

    fn is_noise(&self, chance: Option<&Self>) -> bool {
        let both_sides = self.min <= 1.0 && self.max >= 1.0;
        both_sides || chance.is_some_and(|chance| (chance.min..=chance.max).contains(&self.median))
    }

    fn text(&self) -> String {
        format!("{:.2} ({:.2}–{:.2})", self.median, self.min, self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_of_each_round() {
        let ratio = Spread::of_ratios(&[20.0, 9.0, 80.0], &[10.0, 10.0, 20.0]).unwrap();
        assert_eq!(ratio, Spread { median: 2.0, min: 0.9, max: 4.0 });
        assert_eq!(ratio.text(), "2.00 (0.90–4.00)");
        assert_eq!(Spread::of_ratios(&[1.0], &[0.0]), None);
        assert_eq!(Spread::of(&[4.0, 1.0]).unwrap().median, 2.5);
    }

    #[test]
    fn chance_is_called_noise() {
        let spread = |min, median, max| Spread { median, min, max };
        assert!(spread(0.9, 1.2, 1.4).is_noise(None));
        assert!(!spread(1.1, 1.2, 1.4).is_noise(None));
        assert!(spread(1.1, 1.2, 1.4).is_noise(Some(&spread(0.8, 1.0, 1.3))));
        assert!(!spread(1.4, 1.5, 1.6).is_noise(Some(&spread(0.8, 1.0, 1.3))));
    }
}
