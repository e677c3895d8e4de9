//! Equal members: who has applied the same entries knows the same members, and consecutive
//! configurations differ by one member, so that their majorities overlap (dissertation 4.1).

use std::collections::{BTreeMap, BTreeSet};

use glasshouse_core::id::MemberId;
use glasshouse_core::membership::Membership;
use glasshouse_core::node::NodeView;

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
        let moved = before.symmetric_difference(known).count();
        // Entries that were applied together may hold several changes, each of one member; a
        // snapshot brings any number of them, and so does the beginning.
        if entries != 1 || moved <= 1 {
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

fn ids(view: NodeView<'_>) -> BTreeSet<MemberId> {
    view.membership().voters().map(|member| member.id).collect()
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
