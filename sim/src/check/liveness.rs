//! Liveness after heal: when all faults are gone, there is a leader, every member has applied the
//! same log, and their stores are what the committed log adds up to.
//!
//! Safety says that nothing bad happens, which a cluster that does nothing fulfils. So every
//! schedule of faults ends with a time of peace, and the peace is judged.

use glasshouse_core::node::Role;

use super::{Property, Violation, clients, hash, lease, membership};
use crate::clock::Nanos;
use crate::world::State;

/// Whether the cluster has come to rest, with all leases ended that end before `deadline`; if not, what is missing, in one sentence.
pub(crate) fn unrest(state: &State, deadline: Nanos) -> Option<String> {
    let mut applied = None;
    let mut leader = None;
    let Some(members) = state.membership() else {
        return Some(String::from("nobody knows who the members are"));
    };
    for id in members.members().map(|member| member.id) {
        let Some(no) = state.no_of(id) else {
            return Some(format!("member {id} was added and never started"));
        };
        let member = state.member(no);
        let Some(node) = member.node() else {
            return Some(format!("{no} is not up ({:?})", member.state));
        };
        let view = node.view();
        if view.role() == Role::Leader {
            leader = Some(no);
        }
        if view.leader().is_none() {
            return Some(format!("{no} knows no leader"));
        }
        if view.owes_disarm() {
            return Some(format!("{no} has room again, and its NOSPACE alarm stands"));
        }
        let reached = (view.last_index(), view.commit(), view.applied());
        if view.applied() < view.last_index() || *applied.get_or_insert(reached) != reached {
            return Some(format!(
                "{no} has applied {} of {} entries and others have {applied:?}",
                view.applied(),
                view.last_index()
            ));
        }
    }
    if leader.is_none() {
        return Some(String::from("nobody leads"));
    }
    if let Some(call) = state.calls.open().first() {
        return Some(format!("call {} of {} is not answered", call.id.0, call.client));
    }
    if let Some(lease) = state.checks.awaited_lease(deadline) {
        return Some(format!("lease {lease:x} has not ended, though nobody renews it"));
    }
    state.checks.unwatched()
}

/// The cluster is at rest: all stores must be equal, and equal to the model.
pub(crate) fn judge_stores(state: &State) -> Option<Violation> {
    let members = state.membership();
    let is_member = |id| members.is_some_and(|members| members.get(id).is_some());
    let nodes = state
        .members
        .iter()
        .filter(|m| is_member(m.id))
        .filter_map(|m| Some((m.no, m.node()?.view())));
    let equal = hash::compare(nodes.clone()).or_else(|| membership::compare(nodes.clone()));
    let model = state.checks.model();
    equal.or_else(|| {
        nodes.into_iter().find_map(|(no, view)| {
            clients::compare_store(model, no, view).or_else(|| lease::compare(model, no, view))
        })
    })
}

/// The time for peace is over and there is none.
pub(crate) fn never_settled(missing: String, waited_seconds: u64) -> Violation {
    let known = format!("all faults have healed {waited_seconds} s ago");
    Violation::new(Property::Liveness, None, known, missing)
}
