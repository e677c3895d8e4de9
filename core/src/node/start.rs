//! What a member does by itself once there is a leader: it publishes its name and client URLs, and
//! the leader sets the version of the cluster.
//!
//! Both are entries of the log, as in etcd, so that a transcript's index arithmetic comes out the
//! same: the first members, the leader's empty entry, one entry for each name, one for the version.
//! Source: etcd `server/etcdserver/server.go`, `publishV3` and `monitorClusterVersions`.

use super::Node;
use crate::api::InternalRaftRequest;
use crate::api::membershippb::{Attributes, ClusterMemberAttrSetRequest, ClusterVersionSetRequest};
use crate::id::MemberId;

/// What was done of it, and since when there is a leader.
#[derive(Debug, Default)]
pub(super) struct Start {
    /// Tick of the last attempt to publish.
    publish_tick: Option<u64>,
    published: bool,
    version_tick: Option<u64>,
    leader: Option<MemberId>,
    /// Ticks at which the last leader was lost and the present one was seen.
    lost_tick: u64,
    found_tick: u64,
}

impl Start {
    /// An attribute entry of `id` was applied.
    pub(super) fn on_published(&mut self, id: MemberId, own: MemberId) {
        self.published |= id == own && self.publish_tick.is_some();
    }

    /// (lost, found): ticks between which there was no leader, for the last such time.
    pub(super) fn leader_change(&self) -> (u64, u64) {
        (self.lost_tick, self.found_tick)
    }
}

impl Node {
    /// Notes changes of the leader and does what is due; called every tick and after every commit.
    pub(super) fn on_leader_seen(&mut self) {
        let leader = self.raft.leader();
        if leader != self.start.leader {
            match leader {
                None => self.start.lost_tick = self.tick,
                Some(_) if self.start.leader.is_some() => {
                    self.start.lost_tick = self.tick;
                    self.start.found_tick = self.tick;
                }
                Some(_) => self.start.found_tick = self.tick,
            }
            self.start.leader = leader;
        }
        // Before the members are known from the log there is nobody to publish for.
        let known = self.membership.get(self.config.member_id).is_some();
        if leader.is_some() && known {
            if self.is_compared() {
                self.publish();
            }
            self.set_version();
        }
    }

    pub(super) fn tick_start(&mut self) {
        self.on_leader_seen();
        self.proposals.sweep(|call| self.calls.is_open(call));
    }

    /// Publishes this member's name once in each life, again when it seems to be lost.
    fn publish(&mut self) {
        let patience = self.patience_ticks();
        let waiting = self.start.publish_tick.is_some_and(|tick| self.tick < tick + patience);
        if self.start.published || waiting {
            return;
        }
        self.start.publish_tick = Some(self.tick);
        let attributes = Attributes {
            name: self.config.name.clone(),
            client_urls: self.config.client_urls.clone(),
        };
        self.propose_own(InternalRaftRequest {
            cluster_member_attr_set: Some(ClusterMemberAttrSetRequest {
                member_id: self.config.member_id.0,
                member_attributes: Some(attributes),
            }),
            ..InternalRaftRequest::default()
        });
    }

    /// The leader sets the cluster's version when there is none, and when a downgrade wants another
    /// one (etcd: `monitorClusterVersions`, `decideClusterVersion`).
    fn set_version(&mut self) {
        let patience = self.patience_ticks();
        let waiting = self.start.version_tick.is_some_and(|tick| self.tick < tick + patience);
        let wanted = self.membership.downgrade_target().unwrap_or(crate::VERSION);
        let settled = self.membership.cluster_version() == Some(wanted);
        if !self.raft.is_leader() || settled || waiting || !self.leads_with_commit() {
            return;
        }
        let wanted = wanted.to_owned();
        self.start.version_tick = Some(self.tick);
        self.propose_own(InternalRaftRequest {
            cluster_version_set: Some(ClusterVersionSetRequest { ver: wanted }),
            ..InternalRaftRequest::default()
        });
    }

    /// This leader has committed an entry of its own term.
    pub(super) fn leads_with_commit(&self) -> bool {
        self.raft.is_leader() && self.applied.term == self.raft.term()
    }
}
