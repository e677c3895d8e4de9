//! What the time bar shows: terms, downs, cuts, writes and named moments.

use std::collections::{BTreeMap, VecDeque};

use glasshouse_core::id::CallId;
use glasshouse_core::node::Role;

use super::frame::{Down, MARKS_MAX, Marks, Named, Span, TermSpan};
use super::words;
use crate::clock::{MICROS, MILLIS, Nanos};
use crate::place::{MemberNo, Place};
use crate::trace::{Event, Life, What};
use crate::world::{Action, World};

/// Stretches into which the whole run is cut for counting writes.
const BUCKETS: usize = 240;

/// What the record says about the time bar.
#[derive(Debug)]
pub(super) struct MarkBook {
    terms: VecDeque<TermSpan>,
    downs: VecDeque<Down>,
    cuts: VecDeque<Span>,
    names: VecDeque<Named>,
    groups: Vec<Vec<MemberNo>>,
    cut_since: Nanos,
    writes: Vec<u32>,
    bucket: Nanos,
    open_writes: BTreeMap<CallId, ()>,
    violation_us: Option<u64>,
}

impl Default for MarkBook {
    fn default() -> Self {
        Self {
            terms: VecDeque::new(),
            downs: VecDeque::new(),
            cuts: VecDeque::new(),
            names: VecDeque::new(),
            groups: Vec::new(),
            cut_since: 0,
            writes: Vec::new(),
            bucket: 10 * MILLIS,
            open_writes: BTreeMap::new(),
            violation_us: None,
        }
    }
}

fn push<T>(list: &mut VecDeque<T>, item: T) {
    if list.len() == MARKS_MAX {
        list.pop_front();
    }
    list.push_back(item);
}

impl MarkBook {
    /// Takes the next event of the record.
    pub(super) fn hear(&mut self, event: &Event) {
        let (at, now_us) = (event.at, event.at / MICROS);
        match &event.what {
            What::Standing { member, standing } => match standing.role {
                Role::Candidate => self.term_begins(standing.term, now_us),
                Role::Leader => {
                    self.term_begins(standing.term, now_us);
                    let spans = self.terms.iter_mut().rev();
                    if let Some(span) = spans.into_iter().find(|span| span.term == standing.term) {
                        span.elected_us.get_or_insert(now_us);
                        span.leader = Some(member.number().into());
                    }
                }
                Role::Follower | Role::PreCandidate | Role::Learner => {}
            },
            What::Life { member, step } => self.on_life(*member, step, now_us),
            What::Fault(Action::Partition(groups)) => {
                let members =
                    |group: &Vec<Place>| group.iter().filter_map(|place| place.member()).collect();
                if self.groups.is_empty() {
                    push(&mut self.cuts, Span { from_us: now_us, to_us: None });
                    self.cut_since = at;
                }
                self.groups = groups.iter().map(members).collect();
            }
            What::Fault(Action::Heal | Action::Mend(_)) => self.mended(now_us),
            What::Called { call, request, .. } if words::writes(request) => {
                self.open_writes.insert(*call, ());
            }
            What::Returned { call, end, .. } => {
                let write = self.open_writes.remove(call).is_some();
                if write && end.success().is_some() {
                    self.count_write(at);
                }
            }
            What::Violated(_) => {
                self.violation_us.get_or_insert(now_us);
            }
            _ => {}
        }
    }

    fn term_begins(&mut self, term: u64, now_us: u64) {
        if self.terms.back().is_some_and(|span| span.term >= term) {
            return;
        }
        if let Some(before) = self.terms.back_mut() {
            before.to_us = Some(now_us);
        }
        push(&mut self.terms, TermSpan { term, from_us: now_us, ..TermSpan::default() });
    }

    fn on_life(&mut self, member: MemberNo, step: &Life, now_us: u64) {
        let member = u32::from(member.number());
        let open =
            self.downs.iter_mut().rev().find(|down| down.member == member && down.to_us.is_none());
        match step {
            Life::Up { .. } | Life::Thawed => {
                if let Some(down) = open {
                    down.to_us = Some(now_us);
                }
            }
            Life::Killed
            | Life::Stopped
            | Life::PoweredOff
            | Life::Frozen
            | Life::Halted(_)
            | Life::Refused(_) => match open {
                Some(down) => down.frozen = false,
                None => {
                    let frozen = *step == Life::Frozen;
                    push(&mut self.downs, Down { member, frozen, from_us: now_us, to_us: None });
                }
            },
            Life::Starting | Life::Stopping => {}
        }
    }

    fn mended(&mut self, now_us: u64) {
        self.groups.clear();
        if let Some(cut) = self.cuts.back_mut() {
            cut.to_us.get_or_insert(now_us);
        }
    }

    fn count_write(&mut self, at: Nanos) {
        let mut slot = at / self.bucket;
        while slot >= BUCKETS as u64 {
            self.bucket *= 2;
            let pairs = self.writes.chunks(2);
            self.writes = pairs.map(|pair| pair.iter().sum()).collect();
            slot = at / self.bucket;
        }
        let slot = usize::try_from(slot).expect("below BUCKETS");
        if self.writes.len() <= slot {
            self.writes.resize(slot + 1, 0);
        }
        self.writes[slot] += 1;
    }

    /// Gives a moment a name.
    pub(super) fn name(&mut self, time_us: u64, name: &str) {
        push(&mut self.names, Named { name: name.to_string(), time_us });
    }

    /// The parts of the network and since when, while at least one link between two parts is cut.
    pub(super) fn cut(&self, world: &World) -> Option<(&[Vec<MemberNo>], Nanos)> {
        let mut parts = self.groups.iter().enumerate();
        let parted = parts.any(|(at, group)| {
            let others = || self.groups.iter().skip(at + 1).flatten();
            group.iter().any(|from| {
                others().any(|to| world.link(Place::Member(*from), Place::Member(*to)).cut)
            })
        });
        parted.then_some((self.groups.as_slice(), self.cut_since))
    }

    /// The time bar of a frame.
    pub(super) fn marks(&self) -> Marks {
        Marks {
            terms: self.terms.iter().cloned().collect(),
            downs: self.downs.iter().cloned().collect(),
            cuts: self.cuts.iter().cloned().collect(),
            write_bucket_us: if self.writes.is_empty() { 0 } else { self.bucket / MICROS },
            writes: self.writes.clone(),
            names: self.names.iter().cloned().collect(),
            violation_us: self.violation_us,
        }
    }
}
