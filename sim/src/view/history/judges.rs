//! One judge for each cluster: another cluster is another database, and what is asked of one says nothing of
//! the other.

use std::collections::{BTreeMap, BTreeSet};

use glasshouse_core::id::{CallId, ClusterId};

use super::judge::{Found, Judge, Placed};
use crate::clock::Nanos;
use crate::place::MemberNo;
use crate::trace::{Life, What};
use crate::view::call::history::Kind;
use crate::world::Action;

/// The judges of all clusters that were asked something.
#[derive(Debug, Default)]
pub(super) struct Judges {
    /// The cluster of each machine that has run.
    clusters: BTreeMap<MemberNo, ClusterId>,
    judges: BTreeMap<ClusterId, Judge>,
    /// Machines whose disks were taken away, and that were not started since.
    blank: BTreeSet<MemberNo>,
    /// Calls without an end, and whose they are.
    open: BTreeMap<CallId, ClusterId>,
}

impl Judges {
    /// The cluster of a machine, as of its last start.
    pub(super) fn cluster_of(&self, member: MemberNo) -> ClusterId {
        self.clusters.get(&member).copied().unwrap_or_default()
    }

    /// Takes the next event of the record; says what is settled by it.
    pub(super) fn hear(&mut self, at: Nanos, what: &What) -> Option<Vec<Placed>> {
        let cluster = match what {
            What::Life { member, step: Life::Up { cluster, .. } } => {
                self.clusters.insert(*member, *cluster);
                self.blank.remove(member);
                return None;
            }
            What::Fault(Action::Wipe(member)) => {
                self.on_wiped(*member);
                return None;
            }
            What::Called { call, member, .. } => {
                let cluster = self.cluster_of(*member);
                self.open.insert(*call, cluster);
                cluster
            }
            What::Returned { call, .. } => self.open.remove(call)?,
            _ => return None,
        };
        self.judges.entry(cluster).or_default().hear(at, what)
    }

    /// Without its last disk a cluster is gone, and its keys with it: what comes under its id is judged anew.
    fn on_wiped(&mut self, member: MemberNo) {
        self.blank.insert(member);
        let cluster = self.cluster_of(member);
        let is_left =
            |(no, of): (&MemberNo, &ClusterId)| *of == cluster && !self.blank.contains(no);
        if !self.clusters.iter().any(is_left) {
            self.judges.remove(&cluster);
            self.open.retain(|_, of| *of != cluster);
        }
    }

    /// The verdict on all that was heard.
    pub(super) fn found(&mut self, now: Nanos) -> Found {
        let all = self.judges.values_mut().map(|judge| judge.found(now).clone());
        all.reduce(together).unwrap_or_default()
    }

    /// The verdict without a look at revisions.
    pub(super) fn blind(&self, now: Nanos) -> Found {
        let all = self.judges.values().map(|judge| judge.blind(now));
        all.reduce(together).unwrap_or_default()
    }
}

/// Two verdicts as one: the worse, with the numbers of both; the second order follows the first.
fn together(mut one: Found, other: Found) -> Found {
    let last = one.placed.iter().map(|placed| placed.place).max().unwrap_or(0);
    let later = other.placed.iter().map(|placed| Placed { place: placed.place + last, ..*placed });
    one.placed.extend(later);
    one.explained += other.explained;
    one.open += other.open;
    one.steps += other.steps;
    let rank = |kind| match kind {
        Kind::Linearizable => 0,
        Kind::Unknown => 1,
        Kind::Refuted => 2,
    };
    if rank(other.kind) > rank(one.kind) {
        (one.kind, one.limit) = (other.kind, other.limit);
        (one.stuck, one.against) = (other.stuck, other.against);
    }
    one
}
