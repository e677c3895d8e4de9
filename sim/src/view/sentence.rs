//! What is going on, in two lines; and the drawing in words.

use std::collections::BTreeMap;

use glasshouse_core::id::ClusterId;
use glasshouse_core::order;

use super::frame::{Kind, Life, Message, Role, Sentence};
use super::look::{Look, Looks};
use super::text::Say;
use super::traffic::{Traffic, WaitingCall};
use crate::clock::{MICROS, Nanos};
use crate::place::{MemberNo, Place};
use crate::world::World;

/// An fsync shorter than this is nothing to talk about.
const LONG_SYNC_US: u64 = 5_000;

/// Messages that the text alternative names.
const NAMED_MESSAGES: usize = 6;

/// What sentences are made from.
pub(super) struct Scene<'a> {
    pub(super) world: &'a World,
    pub(super) looks: &'a Looks,
    pub(super) traffic: &'a Traffic,
    pub(super) cut: Option<(&'a [Vec<MemberNo>], Nanos)>,
    pub(super) tick_ms: u64,
    /// Only these are spoken of: the machines of one of several clusters.
    pub(super) part: Option<Vec<MemberNo>>,
}

impl Scene<'_> {
    fn now(&self) -> Nanos {
        self.world.now()
    }

    /// The machines that are spoken of.
    pub(super) fn here(&self) -> impl Iterator<Item = (MemberNo, &Look)> {
        let part = self.part.as_ref();
        self.looks.iter().filter(move |(no, _)| part.is_none_or(|part| part.contains(no)))
    }

    /// The clusters of the world, each with the scene of its machines; one alone is the world.
    pub(super) fn clusters(&self) -> Vec<(ClusterId, Self)> {
        let mut all: BTreeMap<ClusterId, Vec<MemberNo>> = BTreeMap::new();
        for (no, _) in self.here() {
            all.entry(self.world.cluster_of(no)).or_default().push(no);
        }
        let mut all: Vec<_> = all.into_iter().collect();
        order::sort_by_key(&mut all, |(_, members)| members.first().copied());
        let is_alone = all.len() == 1;
        let scene = |members| self.of((!is_alone).then_some(members));
        all.into_iter().map(|(cluster, members)| (cluster, scene(members))).collect()
    }

    /// The same scene, with other machines to speak of.
    pub(super) fn of(&self, part: Option<Vec<MemberNo>>) -> Self {
        let Self { world, looks, traffic, cut, tick_ms, .. } = *self;
        Self { world, looks, traffic, cut, tick_ms, part }
    }

    /// How many members there are: in a world of one cluster its machines, else what a member of it knows.
    pub(super) fn size(&self) -> usize {
        let voters = |no| self.world.with_node(no, |node| node.membership().voters().count());
        let known = self.part.as_ref().and_then(|part| part.iter().find_map(|no| voters(*no)));
        known.filter(|voters| *voters > 0).unwrap_or_else(|| self.here().count())
    }

    fn quorum(&self) -> usize {
        self.size() / 2 + 1
    }

    fn all(&self) -> Vec<(MemberNo, &Look)> {
        self.here().collect()
    }

    fn those(&self, test: impl Fn(&Look) -> bool) -> Vec<MemberNo> {
        self.here().filter(|(_, look)| test(look)).map(|(member, _)| member).collect()
    }

    fn connected(&self, a: MemberNo, b: MemberNo) -> bool {
        let cut = |from, to| self.world.link(Place::Member(from), Place::Member(to)).cut;
        a == b || !cut(a, b) && !cut(b, a)
    }

    /// The leader to talk about: the one of the highest term.
    fn leader(&self) -> Option<(MemberNo, &Look)> {
        let leads =
            |look: &Look| look.role == Role::Leader && (look.is_up() || look.life == Life::Frozen);
        self.here().filter(|(_, look)| leads(look)).max_by_key(|(_, look)| look.term)
    }

    /// The most members that run and can all talk with one of them.
    fn most_connected(&self) -> usize {
        let up = self.those(Look::is_up);
        let with = |a: &MemberNo| up.iter().filter(|b| self.connected(*a, **b)).count();
        up.iter().map(with).max().unwrap_or(0)
    }

    /// The sentence of the moment.
    pub(super) fn sentence(&self) -> Sentence {
        let (says, stuck) = self.situations();
        Sentence {
            now: join(&says),
            detail: self.details().map(|say| say.text()).unwrap_or_default(),
            stuck,
        }
    }

    /// The drawing in words.
    pub(super) fn alternative(&self) -> String {
        let mut says = vec![Say::AltCount { members: self.all().len() }];
        says.extend(self.situations().0);
        if let Some((groups, since)) = self.cut {
            let for_us = (self.now() - since) / MICROS;
            says.push(Say::AltCut { groups: groups.to_vec(), for_us });
        }
        let mut flying: Vec<&Message> = self.traffic.flying().collect();
        order::sort_by_key(&mut flying, |message| (message.kind == Kind::Heartbeat, message.id));
        if !flying.is_empty() {
            let named = flying.len().min(NAMED_MESSAGES);
            let messages = flying[..named].iter().filter_map(|message| told(message)).collect();
            says.push(Say::AltFlight { messages, more: flying.len() - named });
        }
        join(&says)
    }

    /// What is so in each cluster of which a machine runs; and whether in one of them nobody can lead.
    fn situations(&self) -> (Vec<Say>, bool) {
        let all = self.clusters();
        if all.len() == 1 {
            return self.situation();
        }
        let (mut says, mut stuck) = (Vec::new(), false);
        for (cluster, scene) in all {
            let runs = !scene.those(|look| !matches!(look.life, Life::Down)).is_empty();
            if runs {
                let who = scene.all().into_iter().map(|(no, _)| no).collect();
                says.push(Say::NowCluster { id: cluster.to_string(), who });
                let (more, is_stuck) = scene.situation();
                says.extend(more);
                stuck |= is_stuck;
            }
        }
        if says.is_empty() { self.situation() } else { (says, stuck) }
    }

    /// What waits for what, in the first cluster where something waits.
    fn details(&self) -> Option<Say> {
        self.clusters().iter().find_map(|(_, scene)| scene.detail())
    }

    /// Who leads, who believes so, who is missing; and whether nobody can lead.
    fn situation(&self) -> (Vec<Say>, bool) {
        let mut says = Vec::new();
        let mut stuck = false;
        let down = self.those(|look| matches!(look.life, Life::Down | Life::Starting));
        match self.leader() {
            Some((leader, look)) => self.led(leader, look, &mut says),
            None if down.len() == self.all().len() => says.push(Say::NowNobody),
            None => stuck = self.leaderless(&mut says),
        }
        if !down.is_empty() && down.len() < self.all().len() {
            says.push(Say::NowDown { who: down });
        }
        let leader = self.leader().map(|(leader, _)| leader);
        let mut frozen = self.those(|look| look.life == Life::Frozen);
        frozen.retain(|member| Some(*member) != leader);
        if !frozen.is_empty() {
            says.push(Say::NowFrozen { who: frozen });
        }
        let halted = self.those(|look| look.life == Life::Halted);
        if !halted.is_empty() {
            says.push(Say::NowHalted { who: halted });
        }
        (says, stuck)
    }

    fn led(&self, leader: MemberNo, look: &Look, says: &mut Vec<Say>) {
        let (who, term) = (leader, look.term);
        if look.life == Life::Frozen {
            says.push(Say::NowFrozenLeader { who, term });
            return;
        }
        let follows = |(member, other): &(MemberNo, &Look)| {
            *member != leader
                && other.is_up()
                && other.leader == Some(leader)
                && other.term == term
                && self.connected(*member, leader)
        };
        let with: Vec<MemberNo> = self.here().filter(follows).map(|(member, _)| member).collect();
        let all = with.len() + 1 == self.all().len();
        says.push(Say::NowLeads { who, term, with, all });
        for (other, look) in self.here() {
            if other != leader && look.role == Role::Leader && look.is_up() {
                let cut = !self.connected(other, leader);
                says.push(Say::NowBelieves { who: other, term: look.term, cut });
            }
        }
    }

    /// Nobody leads: why, and what comes next. True when nobody can lead.
    fn leaderless(&self, says: &mut Vec<Say>) -> bool {
        let connected = self.most_connected();
        if connected < self.quorum() {
            let (members, quorum) = (self.size(), self.quorum());
            says.push(Say::NowStuck { connected, members, quorum });
            return true;
        }
        let candidates = self.those(|look| look.is_up() && look.role == Role::Candidate);
        let asking = self.those(|look| look.is_up() && look.role == Role::PreCandidate);
        if !candidates.is_empty() {
            let terms = self.here().filter(|(member, _)| candidates.contains(member));
            let term = terms.map(|(_, look)| look.term).max().unwrap_or(0);
            says.push(Say::NowElection { who: candidates, term });
        } else if !asking.is_empty() {
            says.push(Say::NowPreVote { who: asking });
        } else {
            let left = |look: &Look| look.timeout_ticks.saturating_sub(look.elapsed_ticks);
            let waiting = self.here().filter(|(_, look)| look.is_up() && look.timeout_ticks > 0);
            if let Some((first, look)) = waiting.min_by_key(|(_, look)| left(look)) {
                says.push(Say::NowWaits { first, in_ms: u64::from(left(look)) * self.tick_ms });
            }
        }
        false
    }

    /// What waits for what.
    fn detail(&self) -> Option<Say> {
        let now = self.now();
        let on_disks = |waiting: &WaitingCall<'_>| {
            let words = waiting.call.words.clone();
            let (index, on) = if waiting.write { self.uncommitted(&words)? } else { return None };
            Some(Say::WaitsForDisks { index, words, on, quorum: self.quorum() })
        };
        if let Some(say) = self.traffic.waiting().find_map(|waiting| on_disks(&waiting)) {
            return Some(say);
        }
        if let Some(waiting) = self.traffic.waiting().next() {
            let words = waiting.call.words.clone();
            let since_us = (now / MICROS).saturating_sub(waiting.call.sent_us);
            let client = waiting.client.map(str::to_string);
            return Some(Say::WaitsForAnswer { client, words, at: waiting.member, since_us });
        }
        for (who, look) in self.here() {
            if let Some(since) = self.traffic.syncs(who).since
                && look.is_up()
                && (now - since) / MICROS >= LONG_SYNC_US
            {
                return Some(Say::WaitsForFsync { who, since_us: (now - since) / MICROS });
            }
        }
        let (_, leader) = self.leader()?;
        let lag = |look: &Look| leader.commit.saturating_sub(look.last);
        let up = || self.here().filter(|(_, look)| look.is_up());
        let entries = up().map(|(_, look)| lag(look)).max().filter(|lag| *lag > 0)?;
        let who = up().filter(|(_, look)| lag(look) == entries).map(|(who, _)| who).collect();
        Some(Say::Behind { who, entries })
    }

    /// The leader's uncommitted entry that holds `words`, and on how many disks it is.
    fn uncommitted(&self, words: &str) -> Option<(u64, usize)> {
        let (_, leader) = self.leader()?;
        let entry = leader
            .tail
            .iter()
            .rev()
            .take_while(|entry| entry.index > leader.commit)
            .find(|entry| entry.words() == words)?;
        Some((entry.index, self.disks(entry.index, entry.term)))
    }

    /// On how many disks the entry is.
    pub(super) fn disks(&self, index: u64, term: u64) -> usize {
        let holds = |look: &Look| {
            index <= look.durable
                && match look.entry(index) {
                    Some(entry) => entry.term == term,
                    // What the log has dropped is committed, and in the store.
                    None => index < look.first,
                }
        };
        self.here().filter(|(_, look)| holds(look)).count()
    }
}

fn join(says: &[Say]) -> String {
    says.iter().map(Say::text).collect::<Vec<_>>().join(" ")
}

fn told(message: &Message) -> Option<String> {
    let member = |alias: u32| MemberNo::from_number(u8::try_from(alias).ok()?);
    let what = match message.kind {
        Kind::Heartbeat => "heartbeat",
        Kind::Append => "append",
        Kind::Vote => "vote",
        Kind::PreVote => "pre-vote",
        Kind::Snapshot => "snapshot",
        Kind::ReadIndex => "read index",
        Kind::Propose => "write handed on",
        Kind::TimeoutNow => "order to campaign",
        Kind::Other => "message",
    };
    let entry = (message.kind == Kind::Append && message.entries > 0).then_some(message.index + 1);
    let (from, to) = (member(message.from)?, member(message.to)?);
    Some(Say::AltMessage { what, answer: message.answer, entry, from, to }.text())
}
