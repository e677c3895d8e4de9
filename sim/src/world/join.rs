//! Machines that join a running cluster, and the cluster as it was in the beginning.

use glasshouse_core::id::{ClusterId, MemberId, cluster_id};
use glasshouse_core::membership::{self, Membership};

use super::{Action, Refused, State};
use crate::disk::Disk;
use crate::member::{self, Member};
use crate::place::MemberNo;
use crate::trace::What;

/// The cluster's first members, and its id, which is made of them and never changes.
pub(crate) struct First {
    pub(crate) cluster_id: ClusterId,
    pub(crate) members: Vec<membership::Member>,
}

impl First {
    pub(crate) fn of(members: &[Member]) -> Self {
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
    /// The members as the running member sees them that has applied most. What a removed one knows
    /// may be of long ago.
    pub(crate) fn membership(&self) -> Option<&Membership> {
        let views = self.members.iter().filter_map(|member| Some(member.node()?.view()));
        let known = views.filter(|view| view.membership().members().next().is_some());
        known.max_by_key(|view| (!view.is_removed(), view.applied())).map(|view| view.membership())
    }

    /// The member on this machine was removed.
    pub(crate) fn is_removed(&self, no: MemberNo) -> bool {
        let id = self.member(no).id;
        self.membership().is_some_and(|members| members.is_removed(id))
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
        let Some(members) = self.membership() else {
            return refuse(
                "cannot fetch cluster info from peer urls: could not retrieve cluster \
                 information from the given URLs"
                    .into(),
            );
        };
        let url = no.peer_url();
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
        self.event(What::Fault(action));
        self.counts.joins += 1;
        self.new_machine(no, id);
        self.start(no);
        Ok(())
    }

    /// An empty machine under a new id.
    fn new_machine(&mut self, no: MemberNo, id: MemberId) {
        if no.index() == self.members.len() {
            let builder = self.handle.create_node().name(no.to_string()).ip(member::member_ip(no));
            let place = builder.build().id();
            self.members.push(Member::new(&self.spec, no, place));
        }
        let spec = &self.spec;
        let disk = Disk::new(spec.seed, no, spec.fsync, spec.fsync_jitter);
        let member = self.member_mut(no);
        member.disk = disk;
        member.id = id;
        member.joins = true;
        self.checks.on_new_machine(no, id);
    }
}
