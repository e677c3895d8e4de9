//! Machines that join a running cluster, and the cluster as it was in the beginning.

use glasshouse_core::id::{ClusterId, MemberId, cluster_id};
use glasshouse_core::membership::{self, Membership};

use super::identity::NOBODY_TELLS;
use super::{Action, CommandLine, Refused, State};
use crate::disk::Disk;
use crate::member::{self, Member};
use crate::place::MemberNo;
use crate::trace::What;

/// The first members of the cluster that a world begins as, and its id, which is made of them.
pub(super) struct First {
    pub(super) cluster_id: ClusterId,
    pub(super) members: Vec<membership::Member>,
}

impl First {
    pub(super) fn of(members: &[Member]) -> Self {
        let ids: Vec<MemberId> = members.iter().map(|member| member.id).collect();
        let members = members.iter().map(|member| membership::Member {
            id: member.id,
            name: member.no.published_name(),
            peer_urls: vec![member.no.peer_url()],
            client_urls: Vec::new(),
            is_learner: false,
        });
        Self { cluster_id: cluster_id(&ids), members: members.collect() }
    }
}

impl State {
    /// The members of the cluster that the world began as.
    pub(crate) fn membership(&self) -> Option<&Membership> {
        self.membership_of(self.first)
    }

    /// The members of a cluster as the running member sees them that has applied most. What a removed one knows
    /// may be of long ago.
    pub(crate) fn membership_of(&self, cluster: ClusterId) -> Option<&Membership> {
        let members = self.members.iter().filter(|member| member.cluster == cluster);
        let views = members.filter_map(|member| Some(member.node()?.view()));
        let known = views.filter(|view| view.membership().members().next().is_some());
        known.max_by_key(|view| (!view.is_removed(), view.applied())).map(|view| view.membership())
    }

    /// The member on this machine was removed.
    pub(crate) fn is_removed(&self, no: MemberNo) -> bool {
        let Member { id, cluster, .. } = self.member(no);
        self.membership_of(*cluster).is_some_and(|members| members.is_removed(*id))
    }

    /// The member on this machine runs, and no entry has reached it.
    pub(crate) fn has_read_nothing(&self, no: MemberNo) -> bool {
        self.member(no).node().is_some_and(|node| node.view().applied() == 0)
    }

    /// Starts a machine with an empty disk, as the member that was added for it.
    pub(super) fn join(&mut self, action: Action, no: MemberNo) -> Result<(), Refused> {
        let refuse = |sentence: String| Err(Refused(sentence));
        if no.index() > self.members.len() {
            let next = self.members.len() + 1;
            return refuse(format!("there is no {no} yet; the next machine is n{next}"));
        }
        let exists = no.index() < self.members.len();
        if exists && self.member(no).state.is_running() {
            return refuse(format!("{no} is running; kill or stop it first"));
        }
        let url = no.peer_url();
        let Some((cluster, members)) = self.cluster_with(&url) else {
            return refuse(NOBODY_TELLS.into());
        };
        let added = members.members().find(|member| member.peer_urls.contains(&url));
        let Some((id, started)) = added.map(|member| (member.id, !member.name.is_empty())) else {
            return refuse(format!(
                "{no} is no member of the cluster; add it first: member add {} --peer-urls={url}",
                no.published_name()
            ));
        };
        if started {
            return refuse(format!(
                "member {id} has already been bootstrapped; restart {no}, or remove it and add it \
                 again"
            ));
        }
        let before = exists.then(|| self.member(no).id);
        if let Some(before) = before.filter(|before| !members.is_removed(*before)) {
            return refuse(format!(
                "the disk of {no} is that of member {before}, and none of the running members knows \
                 that it was removed; restart {no}"
            ));
        }
        let others = members.members().filter(|member| member.id != id);
        let name = |member: &membership::Member| {
            let at = member.peer_urls.iter().find_map(|url| MemberNo::of_peer_url(url));
            let unstarted = || at.map_or_else(|| member.id.to_string(), MemberNo::published_name);
            if member.name.is_empty() { unstarted() } else { member.name.clone() }
        };
        let pairs = others.flat_map(|member| {
            member.peer_urls.iter().map(move |url| format!("{}={url}", name(member)))
        });
        let own = format!("{}={url}", no.published_name());
        let line = CommandLine::joins(no, pairs.chain([own]).collect::<Vec<_>>().join(","));
        self.event(What::Fault(action));
        self.counts.joins += 1;
        self.new_machine(no, cluster, id);
        self.member_mut(no).line = line;
        self.start(no);
        Ok(())
    }

    /// The cluster that has a member at this peer URL; else the one that the world began as.
    fn cluster_with(&self, url: &str) -> Option<(ClusterId, &Membership)> {
        let all = self.nodes_by_cluster().into_keys();
        let known = all.filter_map(|id| self.membership_of(id).map(|members| (id, members)));
        let is_there = |(_, members): &(ClusterId, &Membership)| {
            members.members().any(|member| member.peer_urls.iter().any(|known| known == url))
        };
        known.into_iter().find(is_there).or_else(|| Some((self.first, self.membership()?)))
    }

    /// An empty machine under a new id.
    fn new_machine(&mut self, no: MemberNo, cluster: ClusterId, id: MemberId) {
        if no.index() == self.members.len() {
            let builder = self.handle.create_node().name(no.to_string()).ip(member::member_ip(no));
            let place = builder.build().id();
            self.members.push(Member::new(&self.spec, no, place));
        }
        let spec = &self.spec;
        let disk = Disk::new(spec.seed, no, spec.fsync, spec.fsync_jitter);
        let member = self.member_mut(no);
        member.disk = disk;
        (member.id, member.cluster) = (id, cluster);
        member.first.clear();
        self.checks.on_new_machine(no, cluster, id);
    }
}
