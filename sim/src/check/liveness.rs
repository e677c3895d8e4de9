//! Liveness after heal: when all faults are gone, there is a leader, every member has applied the
//! same log, and their stores are what the committed log adds up to.
//!
//! Safety says that nothing bad happens, which a cluster that does nothing fulfils. So every
//! schedule of faults ends with a time of peace, and the peace is judged.

use glasshouse_core::id::ClusterId;
use glasshouse_core::node::Role;

use super::{Checks, Property, Violation, clients, hash, lease, membership};
use crate::clock::Nanos;
use crate::world::State;

/// Whether the cluster has come to rest, with all leases ended that end before `deadline`; if not, what is missing, in one sentence.
pub(crate) fn unrest(state: &State, deadline: Nanos) -> Option<String> {
    let clusters: Vec<ClusterId> = state.nodes_by_cluster().into_keys().collect();
    if clusters.is_empty() {
        return Some(String::from("nobody knows who the members are"));
    }
    if let Some(missing) = clusters.iter().find_map(|cluster| unrest_in(state, *cluster)) {
        return Some(missing);
    }
    if let Some(call) = state.calls.open().first() {
        return Some(format!("call {} of {} is not answered", call.id.0, call.client));
    }
    let checks = || clusters.iter().map(|cluster| state.checks.of_cluster(*cluster));
    if let Some(lease) = checks().find_map(|checks| checks.awaited_lease(deadline)) {
        return Some(format!("lease {lease:x} has not ended, though nobody renews it"));
    }
    checks().find_map(Checks::unwatched)
}

/// The same of the members of one cluster alone.
fn unrest_in(state: &State, cluster: ClusterId) -> Option<String> {
    let mut applied = None;
    let mut leader = None;
    let Some(members) = state.membership_of(cluster) else {
        return Some(String::from("nobody knows who the members are"));
    };
    for id in members.members().map(|member| member.id) {
        let known = state.no_of(id).filter(|no| state.cluster_of(*no) == cluster);
        let Some(no) = known else {
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
    leader.is_none().then(|| String::from("nobody leads"))
}

/// The cluster is at rest: all stores must be equal, and equal to the model.
pub(crate) fn judge_stores(state: &State) -> Option<Violation> {
    state.nodes_by_cluster().into_iter().find_map(|(cluster, mut nodes)| {
        let members = state.membership_of(cluster);
        let is_member = |id| members.is_some_and(|members| members.get(id).is_some());
        nodes.retain(|(_, view)| is_member(view.id()));
        let all = || nodes.iter().copied();
        let equal = hash::compare(all()).or_else(|| membership::compare(all()));
        let model = state.checks.of_cluster(cluster).model();
        equal.or_else(|| {
            all().find_map(|(no, view)| {
                clients::compare_store(model, no, view).or_else(|| lease::compare(model, no, view))
            })
        })
    })
}

/// The time for peace is over and there is none.
pub(crate) fn never_settled(missing: String, waited_seconds: u64) -> Violation {
    let known = format!("all faults have healed {waited_seconds} s ago");
    Violation::new(Property::Liveness, None, known, missing)
}
