//! Two fates of one run, side by side: where they part, and what comes of each.
//!
//! ```text
//!   one    ══════════════╤═ kill n3 ──────► end      both are run from the beginning, a stretch
//!   other  ══════════════╧═ partition ────► end      each in turn; their hashes say how long they
//!                        ↑                           are one, their events which one differs first
//! ```

use std::collections::{BTreeMap, VecDeque};

use super::call::compare::{COMMITS_MAX, Comparison, Fate, Lane, STANDS_MAX, Stand};
use super::call::{Action, Stop};
use super::frame::{Event as Told, FrameRequest, Level};
use super::look::role_of;
use crate::clock::{MICROS, MILLIS};
use crate::place::MemberNo;
use crate::script::bench::{Bench, Setup};
use crate::trace::{Event, What};

/// The runs are compared after each such stretch of virtual time, in microseconds.
const STRETCH_US: u64 = 100 * MILLIS / MICROS;

/// One run of a comparison.
struct Run {
    bench: Bench,
    cursor: u64,
    lanes: BTreeMap<MemberNo, VecDeque<Stand>>,
    commits_us: Vec<u64>,
    commit: u64,
    /// What the feed told first from the difference on.
    first: Option<String>,
}

/// Runs both to their ends, in microseconds, and tells what differs.
pub(super) fn compare(setup: &Setup, runs: [(Vec<Action>, u64); 2]) -> Comparison {
    let ends = [runs[0].1, runs[1].1];
    let common = runs[0].0.iter().zip(&runs[1].0).take_while(|(one, other)| one == other).count();
    let mut runs = runs.map(|(actions, _)| Run::new(setup, actions));
    let mut comparison = Comparison::default();
    // Where one of them ends, the other goes on alone: that is no difference.
    let together_us = ends[0].min(ends[1]);
    let mut now_us = 0;
    while now_us < ends[0].max(ends[1]) {
        let before_us = now_us;
        now_us += STRETCH_US;
        if before_us < together_us {
            now_us = now_us.min(together_us);
        }
        let [one, other] = &mut runs;
        let events = [one.step(now_us.min(ends[0])), other.step(now_us.min(ends[1]))];
        if comparison.differs_us.is_none() && before_us < together_us {
            let is_one = one.bench.world().trace_hash() == other.bench.world().trace_hash();
            let parted = if is_one { None } else { first_difference(&events) };
            comparison.differs_us = parted.map(|(at_us, _)| at_us);
            comparison.same_events = parted.map_or(one.cursor, |(_, seq)| seq);
        }
        if let Some(from_us) = comparison.differs_us {
            runs.iter_mut().for_each(|run| run.tell(from_us));
        }
    }
    comparison.runs = runs.into_iter().map(|run| run.fate(common)).collect();
    comparison
}

/// When the first event happens that only one run has, and its number. What is equal has equal words.
fn first_difference([one, other]: &[Vec<Event>; 2]) -> Option<(u64, u64)> {
    let words = |event: &Event| format!("{} {:?}", event.at, event.what);
    let pairs = one.iter().zip(other);
    let same = pairs.take_while(|(one, other)| words(one) == words(other)).count();
    let first = [one.get(same), other.get(same)].into_iter().flatten();
    first.map(|event| (event.at / MICROS, event.seq)).min()
}

impl Run {
    fn new(setup: &Setup, actions: Vec<Action>) -> Self {
        let bench = Bench::new(setup.clone(), actions);
        let (lanes, commits_us) = (BTreeMap::new(), Vec::new());
        Self { bench, cursor: 0, lanes, commits_us, commit: 0, first: None }
    }

    /// Runs on; what happened.
    fn step(&mut self, until_us: u64) -> Vec<Event> {
        self.bench.run_until(until_us, Stop::Time, 0);
        let mut events = Vec::new();
        self.cursor =
            self.bench.world().events_since(self.cursor, |event| events.push(event.clone()));
        events.iter().for_each(|event| self.hear(event));
        events
    }

    fn hear(&mut self, event: &Event) {
        let from_us = event.at / MICROS;
        match &event.what {
            What::Standing { member, standing } => {
                let role = role_of(standing.role);
                let lane = self.lanes.entry(*member).or_default();
                let known = lane.back().map(|stand| (stand.term, stand.role));
                if known != Some((standing.term, role)) {
                    if lane.len() == STANDS_MAX {
                        lane.pop_front();
                    }
                    lane.push_back(Stand { from_us, term: standing.term, role });
                }
            }
            What::Committed { index, .. } if *index > self.commit => {
                self.commit = *index;
                if self.commits_us.len() < COMMITS_MAX {
                    self.commits_us.push(from_us);
                }
            }
            _ => {}
        }
    }

    /// Notes what the feed tells first from a moment on, once it tells something.
    fn tell(&mut self, from_us: u64) {
        if self.first.is_none() {
            let told = |event: &Told| event.level == Level::Change && event.time_us >= from_us;
            self.first = self.bench.feed(0).into_iter().find(told).map(|event| event.text);
        }
    }

    /// What came of it; both did the same in their first lines, so many.
    fn fate(mut self, common: usize) -> Fate {
        let frame = self.bench.frame(&FrameRequest::default());
        let line = self.bench.log().get(common);
        let applied = frame.members.iter().map(|member| member.applied).max().unwrap_or(0);
        let agree = frame.members.iter().filter(|member| member.applied == applied).count();
        let stops = self.commits_us.iter().copied().chain([frame.time_us]);
        let waits = stops.clone().skip(1).zip(stops).map(|(next, before)| next - before);
        let longest_wait_us = waits.max().unwrap_or(0);
        Fate {
            line: line.map(|action| action.line.clone()),
            first: self.first.unwrap_or_default(),
            lanes: self
                .lanes
                .into_iter()
                .map(|(member, stands)| Lane {
                    alias: member.number().into(),
                    stands: stands.into(),
                })
                .collect(),
            commits_us: self.commits_us,
            leader: self.bench.world().leader().map(|member| member.number().into()),
            term: frame.members.iter().map(|member| member.term).max().unwrap_or(0),
            revision: frame.members.iter().map(|member| member.revision).max().unwrap_or(0),
            writes: frame.marks.writes.iter().map(|count| u64::from(*count)).sum(),
            longest_wait_us,
            agree: u32::try_from(agree).unwrap_or(u32::MAX),
            violation: frame.violation.map(|violation| violation.property),
            trace: frame.trace,
            marks: frame.marks,
        }
    }
}

#[cfg(test)]
mod tests;
