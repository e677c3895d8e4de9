//! When no leader could commit: nobody led, or who led had no majority that runs and hears it.
//!
//! It is told from the record alone, so it does not depend on when somebody looked.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use glasshouse_core::node::Role;

use crate::clock::{MICROS, Nanos};
use crate::place::{MemberNo, Place};
use crate::trace::{Event, Life, What};
use crate::view::frame::{MARKS_MAX, Span};
use crate::world::Action;

/// Who leads, who runs, who hears whom.
#[derive(Debug, Default)]
pub(super) struct Stalls {
    roles: BTreeMap<MemberNo, Role>,
    up: BTreeSet<MemberNo>,
    /// Directions of links that are cut.
    cut: BTreeSet<(MemberNo, MemberNo)>,
    spans: VecDeque<Span>,
}

impl Stalls {
    /// Takes the next event of the record.
    pub(super) fn hear(&mut self, event: &Event) {
        match &event.what {
            What::Standing { member, standing } => {
                self.roles.insert(*member, standing.role);
            }
            What::Life { member, step } => match step {
                Life::Up { .. } | Life::Thawed => {
                    self.up.insert(*member);
                }
                Life::Stopping => return,
                _ => {
                    self.up.remove(member);
                }
            },
            What::Fault(action) => match action {
                Action::Partition(groups) => self.between(groups, true),
                Action::Mend(groups) => self.between(groups, false),
                Action::Heal => self.cut.clear(),
                Action::CutLink { from, to } => self.link(*from, *to, true),
                Action::HealLink { from, to } => self.link(*from, *to, false),
                _ => return,
            },
            _ => return,
        }
        self.note(event.at);
    }

    fn link(&mut self, from: Place, to: Place, is_cut: bool) {
        if let (Some(from), Some(to)) = (from.member(), to.member()) {
            match is_cut {
                true => self.cut.insert((from, to)),
                false => self.cut.remove(&(from, to)),
            };
        }
    }

    fn between(&mut self, groups: &[Vec<Place>], is_cut: bool) {
        for (nth, group) in groups.iter().enumerate() {
            let others = groups.iter().enumerate().filter(|(other, _)| *other != nth);
            for to in others.flat_map(|(_, other)| other) {
                for from in group {
                    self.link(*from, *to, is_cut);
                }
            }
        }
    }

    fn can_commit(&self) -> bool {
        let voters = self.roles.values().filter(|role| **role != Role::Learner).count();
        let votes = |no: &&MemberNo| {
            self.up.contains(no) && self.roles.get(no).is_some_and(|role| *role != Role::Learner)
        };
        self.roles.iter().any(|(leader, role)| {
            let hears = |no: &&MemberNo| {
                !self.cut.contains(&(*leader, **no)) && !self.cut.contains(&(**no, *leader))
            };
            let heard = self.roles.keys().filter(votes).filter(hears).count();
            *role == Role::Leader && self.up.contains(leader) && heard > voters / 2
        })
    }

    fn note(&mut self, at: Nanos) {
        let (at_us, can_commit) = (at / MICROS, self.can_commit());
        let open = self.spans.back_mut().filter(|span| span.to_us.is_none());
        match (can_commit, open) {
            (true, Some(span)) => span.to_us = Some(at_us),
            (false, None) => {
                if self.spans.len() == MARKS_MAX {
                    self.spans.pop_front();
                }
                self.spans.push_back(Span { from_us: at_us, to_us: None });
            }
            _ => {}
        }
    }

    /// The stretches so far; the last one may last.
    pub(super) fn spans(&self) -> Vec<Span> {
        let has_length = |span: &&Span| span.to_us != Some(span.from_us);
        self.spans.iter().filter(has_length).cloned().collect()
    }
}
