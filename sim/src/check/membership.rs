//! Equal members: who has applied the same entries knows the same members, and consecutive
//! configurations differ by one member, so that their majorities overlap (dissertation 4.1).

use std::collections::{BTreeMap, BTreeSet};

use glasshouse_core::id::MemberId;
use glasshouse_core::membership::Membership;
use glasshouse_core::node::NodeView;
use glasshouse_core::order;

use super::{Property, Violation};
use crate::place::MemberNo;

/// The voters that each process goes by, before and after its last step.
#[derive(Debug, Default)]
pub(super) struct Voters(BTreeMap<MemberNo, BTreeSet<MemberId>>);

impl Voters {
    /// A process has read its disk.
    pub(super) fn on_recovered(&mut self, no: MemberNo, view: NodeView<'_>) {
        self.0.insert(no, ids(view));
    }

    /// The voters before and after a step; one set when they did not change.
    pub(super) fn around(&self, no: MemberNo, view: NodeView<'_>) -> Vec<BTreeSet<MemberId>> {
        let (before, after) = (self.0.get(&no).cloned().unwrap_or_default(), ids(view));
        if before == after { vec![after] } else { vec![before, after] }
    }

    /// A member has applied something.
    pub(super) fn on_applied(
        &mut self,
        no: MemberNo,
        view: NodeView<'_>,
        entries: u64,
    ) -> Option<Violation> {
        let voters = view.membership().voters().map(|member| member.id);
        let known = self.0.entry(no).or_default();
        if voters.eq(known.iter().copied()) {
            return None;
        }
        let before = std::mem::replace(known, ids(view));
        // Entries that were applied together may hold several changes, each of one member; a
        // snapshot brings any number of them, and so does the beginning.
        if entries != 1 || overlap(&before, known) {
            return None;
        }
        Some(Violation::new(
            Property::MembershipOverlap,
            no,
            format!("the voters of {no} were {before:x?}"),
            format!("one entry made them {known:x?}"),
        ))
    }
}

/// Whether every majority of one configuration has a voter in common with every majority of the other,
/// because at most one voter came or went.
fn overlap(before: &BTreeSet<MemberId>, after: &BTreeSet<MemberId>) -> bool {
    before.symmetric_difference(after).count() <= 1
}

fn ids(view: NodeView<'_>) -> BTreeSet<MemberId> {
    order::set(view.membership().voters().map(|member| member.id))
}

/// Compares the members that have applied the same entries.
pub(crate) fn compare<'a>(
    nodes: impl Iterator<Item = (MemberNo, NodeView<'a>)>,
) -> Option<Violation> {
    let mut first: BTreeMap<u64, (MemberNo, &Membership)> = BTreeMap::new();
    for (no, view) in nodes {
        let (other, known) = *first.entry(view.applied()).or_insert((no, view.membership()));
        if known != view.membership() {
            return Some(Violation::new(
                Property::MembershipEquality,
                no,
                format!("at entry {} {other} knows the members {known:?}", view.applied()),
                format!("{no} knows {:?}", view.membership()),
            ));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ids: &[u64]) -> BTreeSet<MemberId> {
        ids.iter().copied().map(MemberId).collect()
    }

    /// All majorities of these voters.
    fn majorities(voters: &BTreeSet<MemberId>) -> Vec<BTreeSet<MemberId>> {
        let chosen = |bits: u32| {
            let all = voters.iter().copied().enumerate();
            all.filter(|(at, _)| bits >> at & 1 == 1).map(|(_, id)| id).collect()
        };
        let all = (0..1_u32 << voters.len()).map(chosen);
        all.filter(|some: &BTreeSet<MemberId>| some.len() > voters.len() / 2).collect()
    }

    #[test]
    fn what_passes_has_a_voter_in_every_two_majorities() {
        let all: Vec<_> = (1..1_u32 << 5)
            .map(|bits| set(&(0..5).filter(|at| bits >> at & 1 == 1).collect::<Vec<_>>()))
            .collect();
        for before in &all {
            for after in all.iter().filter(|after| overlap(before, after)) {
                for one in majorities(before) {
                    assert!(majorities(after).iter().all(|other| !one.is_disjoint(other)));
                }
            }
        }
    }

    #[test]
    fn an_exchange_of_one_voter_for_another_is_caught() {
        assert!(overlap(&set(&[1, 2, 3]), &set(&[1, 2, 3, 4])));
        assert!(overlap(&set(&[1, 2, 3]), &set(&[1, 3])));
        // {1, 2} and {3, 4} could both decide.
        assert!(!overlap(&set(&[1, 2, 3]), &set(&[1, 3, 4])));
        assert!(!overlap(&set(&[1]), &set(&[1, 2, 3])));
    }
}
