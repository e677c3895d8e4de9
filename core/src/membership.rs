//! Who is in the cluster: ids, names, URLs, learners, and the version that all agree on.
//!
//! The members change only by applying the log, so every member that has applied the same index
//! has the same [`Membership`]. raft keeps its own, smaller picture of it (who votes); the two
//! change in the same step of apply.

mod change;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use prost::Message as _;

pub(crate) use self::change::{ChangeKind, MemberChange, check_peer_urls, not_enough_started};

use crate::api;
use crate::id::MemberId;
use crate::limits;
use crate::order;

/// One member as etcd's `member list` shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: MemberId,
    /// Its name; empty until it has started once ("unstarted").
    pub name: String,
    /// Where other members reach it.
    pub peer_urls: Vec<String>,
    /// Where clients reach it, as it announced itself.
    pub client_urls: Vec<String>,
    /// It gets the log but has no vote.
    pub is_learner: bool,
}

/// The members as of the last applied entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    members: BTreeMap<MemberId, Member>,
    removed: BTreeSet<MemberId>,
    cluster_version: Option<String>,
    downgrade_target: Option<String>,
    /// Ids of the changes that were decided last, oldest first: one that comes again is passed over.
    decided: VecDeque<u64>,
}

impl Membership {
    /// The members in order of id.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    /// One member.
    #[must_use]
    pub fn get(&self, id: MemberId) -> Option<&Member> {
        self.members.get(&id)
    }

    /// This id was a member once and may never be one again.
    #[must_use]
    pub fn is_removed(&self, id: MemberId) -> bool {
        self.removed.contains(&id)
    }

    /// The ids that were members once, in order.
    pub fn removed(&self) -> impl Iterator<Item = MemberId> {
        self.removed.iter().copied()
    }

    /// Those that vote, in order of id.
    pub fn voters(&self) -> impl Iterator<Item = &Member> {
        self.members().filter(|member| !member.is_learner)
    }

    /// The version that the cluster runs at (`3.6.0`), once its leader has set it.
    #[must_use]
    pub fn cluster_version(&self) -> Option<&str> {
        self.cluster_version.as_deref()
    }

    /// The version that the cluster is on its way down to (`3.5.0`), if it is.
    #[must_use]
    pub fn downgrade_target(&self) -> Option<&str> {
        self.downgrade_target.as_deref()
    }

    /// A member published its name and client URLs; a member that is gone is ignored.
    pub(crate) fn set_attributes(&mut self, id: MemberId, name: &str, client_urls: &[String]) {
        if let Some(member) = self.members.get_mut(&id) {
            member.name = name.to_owned();
            member.client_urls = client_urls.to_vec();
        }
    }

    /// The log has made this change, or found that it does not fit. Changes of long ago are forgotten.
    pub(crate) fn has_decided(&self, request: u64) -> bool {
        self.decided.contains(&request)
    }

    /// The log decides about this change; `false` when it has done so before.
    pub(crate) fn decide(&mut self, request: u64) -> bool {
        let is_new = !self.has_decided(request);
        // The first members have no id, and never come again.
        if is_new && request != 0 {
            self.decided.push_back(request);
            let over = self.decided.len().saturating_sub(limits::MEMBER_CHANGES_REMEMBERED);
            self.decided.drain(..over);
        }
        is_new
    }

    pub(crate) fn set_cluster_version(&mut self, version: &str) {
        self.cluster_version = Some(version.to_owned());
    }

    pub(crate) fn set_downgrade_target(&mut self, version: Option<String>) {
        self.downgrade_target = version;
    }

    /// For the store's meta table.
    pub(crate) fn to_bytes(&self) -> Bytes {
        let stored = Stored {
            members: self.members.values().map(to_api).collect(),
            removed: self.removed.iter().map(|id| id.0).collect(),
            cluster_version: self.cluster_version.clone(),
            downgrade_target: self.downgrade_target.clone(),
            decided: self.decided.iter().copied().collect(),
        };
        stored.encode_to_vec().into()
    }

    /// From the store's meta table or a snapshot.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, prost::DecodeError> {
        let stored = Stored::decode(bytes)?;
        let members = stored.members.into_iter().map(from_api);
        Ok(Self {
            members: order::map(members.map(|member| (member.id, member))),
            removed: order::set(stored.removed.into_iter().map(MemberId)),
            cluster_version: stored.cluster_version,
            downgrade_target: stored.downgrade_target,
            decided: stored.decided.into(),
        })
    }
}

/// The stored form of a [`Membership`].
#[derive(Clone, PartialEq, prost::Message)]
struct Stored {
    #[prost(message, repeated, tag = "1")]
    members: Vec<api::Member>,
    #[prost(fixed64, repeated, tag = "2")]
    removed: Vec<u64>,
    #[prost(string, optional, tag = "3")]
    cluster_version: Option<String>,
    #[prost(string, optional, tag = "4")]
    downgrade_target: Option<String>,
    #[prost(fixed64, repeated, tag = "5")]
    decided: Vec<u64>,
}

/// A member in etcd's own message.
pub(crate) fn to_api(member: &Member) -> api::Member {
    api::Member {
        id: member.id.0,
        name: member.name.clone(),
        peer_urls: member.peer_urls.clone(),
        client_urls: member.client_urls.clone(),
        is_learner: member.is_learner,
    }
}

/// A member from etcd's own message.
pub(crate) fn from_api(member: api::Member) -> Member {
    Member {
        id: MemberId(member.id),
        name: member.name,
        peer_urls: member.peer_urls,
        client_urls: member.client_urls,
        is_learner: member.is_learner,
    }
}
