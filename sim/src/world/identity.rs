//! Who a process is that starts: with a log on its disk what the log says, without one what its command line says.
//!
//! ```text
//!   start n2 --initial-cluster-token b ─► process ─► disk: a log? ── yes ─► as it was, whatever the flags say
//!                                                         └─ no ──► core::bootstrap ─► ids, or etcd's sentence
//! ```
//!
//! The same flags give the same ids everywhere ([`glasshouse_core::bootstrap`]), and other flags other ids. So
//! two clusters can be in one world. A machine belongs to the cluster of its last first start; checkers keep
//! clusters apart ([`crate::check`]), and a message of another cluster is turned away at the receiver's door,
//! as the native server does it with a connection (etcd `server/etcdserver/api/rafthttp`).

use std::collections::BTreeMap;

use glasshouse_core::bootstrap::{
    Bootstrap, PeerMap, Url, check_is_new, check_urls, find_self, first_members, told_cluster,
};
use glasshouse_core::id::{ClusterId, MemberId};
use glasshouse_core::membership::{Member as Listed, Membership};
use glasshouse_core::node::NodeView;
use glasshouse_core::order;
use glasshouse_core::peer::MessageKind;
use glasshouse_core::wal::{self, WalImage};

use super::flags::Flag;
use super::{Action, Flags, Refused, State};
use crate::disk::Disk;
use crate::place::MemberNo;
use crate::trace::What;

/// What a member says at its first start when no other of the members that it was told of answers.
pub(super) const NOBODY_TELLS: &str = "cannot fetch cluster info from peer urls: could not retrieve cluster \
                                       information from the given URLs";

/// One of the two flags without the other, in etcd's words.
const NO_REGISTRY: &str = "both --discovery-token and --discovery-endpoints must be set";

impl State {
    // --- what is done to a machine ---

    /// Starts a machine with other flags.
    pub(super) fn start_with(
        &mut self,
        action: Action,
        no: MemberNo,
        flags: &Flags,
    ) -> Result<(), Refused> {
        if self.member(no).state.is_running() {
            return Err(Refused(format!("{no} is running; kill or stop it first")));
        }
        let announced = flags.iter().filter(|(flag, _)| *flag == Flag::AdvertisePeer);
        let urls = announced.flat_map(|(_, urls)| urls.split(','));
        let other = urls.filter_map(MemberNo::of_peer_url).find(|other| *other != no);
        if let Some(other) = other.filter(|other| other.index() < self.members.len()) {
            return Err(Refused(format!(
                "that is the address of {other}: what is sent there would not come to {no}"
            )));
        }
        self.event(What::Fault(action));
        self.member_mut(no).line.edit(flags);
        self.start(no);
        Ok(())
    }

    /// Empties the disk of a machine whose process does not run (`rm -r` of its data directory).
    pub(super) fn wipe(&mut self, action: Action, no: MemberNo) -> Result<(), Refused> {
        if self.member(no).state.is_running() {
            return Err(Refused(format!("{no} is running; kill or stop it first")));
        }
        self.event(What::Fault(action));
        let spec = &self.spec;
        let disk = Disk::new(spec.seed, no, spec.fsync, spec.fsync_jitter);
        let member = self.member_mut(no);
        member.disk = disk;
        member.line.decide();
        let (cluster, id) = (member.cluster, member.id);
        self.checks.on_wiped(no, cluster, id);
        Ok(())
    }

    // --- who it is ---

    /// A process has read the log on its disk. If there is none and its line was given by somebody, it is who the
    /// line says.
    pub(super) fn identify(&mut self, no: MemberNo, log: &WalImage) -> Result<(), String> {
        if !self.member(no).line.decides() {
            return Ok(());
        }
        let told = self.client_urls_of(no)?;
        self.member_mut(no).client_urls = told;
        if wal::peek(log).map_err(|error| error.to_string())?.is_some() {
            return Ok(());
        }
        let line = &self.member(no).line;
        let first = match line.get(Flag::State) {
            "existing" => self.joining(no)?,
            _ => {
                let announced = Url::parse_list(line.get(Flag::AdvertisePeer))?;
                let registry = [Flag::DiscoveryEndpoints, Flag::DiscoveryToken];
                if registry.into_iter().filter(|flag| line.get(*flag).is_empty()).count() == 1 {
                    return Err(NO_REGISTRY.to_owned());
                }
                let (name, token) = (line.get(Flag::Name), line.token());
                let first = first_members(name, line.get(Flag::InitialCluster), token, &announced)?;
                let told = told_cluster(name, line.get(Flag::InitialCluster))?;
                if let Some((_, known)) = self.listed_by_others(no, name, &told) {
                    check_is_new(first.member_id, known.members())?;
                }
                first
            }
        };
        self.become_member(no, first);
        Ok(())
    }

    fn client_urls_of(&self, no: MemberNo) -> Result<Vec<String>, String> {
        let urls = Url::parse_list(self.member(no).line.get(Flag::AdvertiseClient))?;
        Ok(urls.iter().map(Url::to_string).collect())
    }

    /// From now on this machine is that member of that cluster.
    fn become_member(&mut self, no: MemberNo, first: Bootstrap) {
        let Bootstrap { member_id: id, cluster_id: cluster, members } = first;
        let member = self.member_mut(no);
        (member.id, member.cluster, member.first) = (id, cluster, members);
        self.checks.on_new_machine(no, cluster, id);
    }

    /// Who it is in the cluster that it joins: one of the others says it.
    fn joining(&self, no: MemberNo) -> Result<Bootstrap, String> {
        let line = &self.member(no).line;
        let name = line.get(Flag::Name);
        let told = told_cluster(name, line.get(Flag::InitialCluster))?;
        check_urls(&told)?;
        let found = self.listed_by_others(no, name, &told);
        let (cluster_id, members) = found.ok_or(NOBODY_TELLS)?;
        let members: Vec<Listed> = members.members().cloned().collect();
        let own = find_self(&told, name, cluster_id, &members)?;
        Ok(Bootstrap { member_id: own.id, cluster_id, members: Vec::new() })
    }

    /// The cluster and its members, as the first of the others that answers tells them (etcd
    /// `getClusterFromRemotePeers`).
    fn listed_by_others(
        &self,
        no: MemberNo,
        name: &str,
        told: &PeerMap,
    ) -> Option<(ClusterId, &Membership)> {
        let others = told.iter().filter(|(other, _)| *other != name);
        let mut urls: Vec<String> =
            others.flat_map(|(_, urls)| urls.iter().map(Url::to_string)).collect();
        order::sort(&mut urls);
        urls.iter().find_map(|url| self.listed_by(no, std::slice::from_ref(url)))
    }

    /// The cluster and its members, as the member at one of these peer URLs tells them to `no`.
    fn listed_by(&self, no: MemberNo, urls: &[String]) -> Option<(ClusterId, &Membership)> {
        let asked = urls.iter().filter_map(|url| MemberNo::of_peer_url(url));
        let mut asked = asked.filter(|other| *other != no && other.index() < self.members.len());
        asked.find_map(|other| {
            let (one, two) = (no.into(), other.into());
            let cut = self.network.link_view(one, two).cut || self.network.link_view(two, one).cut;
            let member = self.member(other);
            let known = member.node().filter(|_| !cut)?.view().membership();
            known.members().next().map(|_| (member.cluster, known))
        })
    }

    // --- several clusters in one world ---

    /// The cluster of a machine.
    pub(crate) fn cluster_of(&self, no: MemberNo) -> ClusterId {
        self.member(no).cluster
    }

    /// The nodes that run, by cluster.
    pub(crate) fn nodes_by_cluster(&self) -> BTreeMap<ClusterId, Vec<(MemberNo, NodeView<'_>)>> {
        let mut all: BTreeMap<ClusterId, Vec<_>> = BTreeMap::new();
        for member in &self.members {
            if let Some(node) = member.node() {
                all.entry(member.cluster).or_default().push((member.no, node.view()));
            }
        }
        all
    }

    /// The machine that a message of `from` to the member `to` comes to: that member's, or, if it runs for another
    /// cluster by now, whoever is at the address that `from` knows. Whether `from` was removed is told there by any
    /// member: its door is shut before anybody looks at whom the message is for (etcd `rafthttp/http.go`, 410 before
    /// `X-Raft-To` is compared; `server-native/src/peer/hello.rs`).
    pub(super) fn receiver(
        &self,
        from: MemberNo,
        to: MemberId,
        kind: MessageKind,
    ) -> Option<MemberNo> {
        let own = self.cluster_of(from);
        let known = self.no_of(to).filter(|no| self.cluster_of(*no) == own);
        let anybody = kind == MessageKind::Removed;
        known.or_else(|| {
            let member = self.member(from).node()?.view().membership().get(to)?;
            let mut at = member.peer_urls.iter().filter_map(|url| MemberNo::of_peer_url(url));
            at.find(|no| {
                *no != from
                    && no.index() < self.members.len()
                    && (anybody || self.cluster_of(*no) != own)
            })
        })
    }

    /// A message of another cluster has come to a member's port: it is turned away, and its sender hears of it.
    pub(super) fn turn_away(&mut self, to: MemberNo, from: MemberNo, theirs: ClusterId) {
        let ours = self.cluster_of(to);
        self.event(What::PeerRefused { member: to, from, theirs, ours });
        let known = self.member(from).node().and_then(|node| {
            let members = node.view().membership();
            let at_us = |member: &&Listed| {
                member.peer_urls.iter().any(|url| MemberNo::of_peer_url(url) == Some(to))
            };
            members.members().find(at_us).map(|member| member.id)
        });
        if let Some(peer) = known {
            self.member_mut(from).tell(glasshouse_core::node::Input::Unreachable { peer });
        }
    }
}
