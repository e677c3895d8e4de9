//! What is going on, in two lines; and the drawing in words.

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
}

impl Scene<'_> {
    fn now(&self) -> Nanos {
        self.world.now()
    }

    fn quorum(&self) -> usize {
        self.looks.iter().count() / 2 + 1
    }

    fn all(&self) -> Vec<(MemberNo, &Look)> {
        self.looks.iter().collect()
    }

    fn those(&self, test: impl Fn(&Look) -> bool) -> Vec<MemberNo> {
        self.looks.iter().filter(|(_, look)| test(look)).map(|(member, _)| member).collect()
    }

    fn connected(&self, a: MemberNo, b: MemberNo) -> bool {
        let cut = |from, to| self.world.link(Place::Member(from), Place::Member(to)).cut;
        a == b || !cut(a, b) && !cut(b, a)
    }

    /// The leader to talk about: the one of the highest term.
    fn leader(&self) -> Option<(MemberNo, &Look)> {
        let leads =
            |look: &Look| look.role == Role::Leader && (look.is_up() || look.life == Life::Frozen);
        self.looks.iter().filter(|(_, look)| leads(look)).max_by_key(|(_, look)| look.term)
    }

    /// The most members that run and can all talk with one of them.
    fn most_connected(&self) -> usize {
        let up = self.those(Look::is_up);
        let with = |a: &MemberNo| up.iter().filter(|b| self.connected(*a, **b)).count();
        up.iter().map(with).max().unwrap_or(0)
    }

    /// The sentence of the moment.
    pub(super) fn sentence(&self) -> Sentence {
        let (says, stuck) = self.situation();
        Sentence {
            now: join(&says),
            detail: self.detail().map(|say| say.text()).unwrap_or_default(),
            stuck,
        }
    }

    /// The drawing in words.
    pub(super) fn alternative(&self) -> String {
        let mut says = vec![Say::AltCount { members: self.all().len() }];
        says.extend(self.situation().0);
        if let Some((groups, since)) = self.cut {
            let for_us = (self.now() - since) / MICROS;
            says.push(Say::AltCut { groups: groups.to_vec(), for_us });
        }
        let mut flying: Vec<&Message> = self.traffic.flying().collect();
        flying.sort_by_key(|message| (message.kind == Kind::Heartbeat, message.id));
        if !flying.is_empty() {
            let named = flying.len().min(NAMED_MESSAGES);
            let messages = flying[..named].iter().filter_map(|message| told(message)).collect();
            says.push(Say::AltFlight { messages, more: flying.len() - named });
        }
        join(&says)
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
        let with: Vec<MemberNo> =
            self.looks.iter().filter(follows).map(|(member, _)| member).collect();
        let all = with.len() + 1 == self.all().len();
        says.push(Say::NowLeads { who, term, with, all });
        for (other, look) in self.looks.iter() {
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
            let (members, quorum) = (self.all().len(), self.quorum());
            says.push(Say::NowStuck { connected, members, quorum });
            return true;
        }
        let candidates = self.those(|look| look.is_up() && look.role == Role::Candidate);
        let asking = self.those(|look| look.is_up() && look.role == Role::PreCandidate);
        if !candidates.is_empty() {
            let terms = self.looks.iter().filter(|(member, _)| candidates.contains(member));
            let term = terms.map(|(_, look)| look.term).max().unwrap_or(0);
            says.push(Say::NowElection { who: candidates, term });
        } else if !asking.is_empty() {
            says.push(Say::NowPreVote { who: asking });
        } else {
            let left = |look: &Look| look.timeout_ticks.saturating_sub(look.elapsed_ticks);
            let waiting =
                self.looks.iter().filter(|(_, look)| look.is_up() && look.timeout_ticks > 0);
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
        for (who, look) in self.looks.iter() {
            if let Some(since) = self.traffic.syncs(who).since
                && look.is_up()
                && (now - since) / MICROS >= LONG_SYNC_US
            {
                return Some(Say::WaitsForFsync { who, since_us: (now - since) / MICROS });
            }
        }
        let (_, leader) = self.leader()?;
        let lag = |look: &Look| leader.commit.saturating_sub(look.last);
        let (who, look) =
            self.looks.iter().filter(|(_, look)| look.is_up()).max_by_key(|(_, look)| lag(look))?;
        (lag(look) > 0).then(|| Say::Behind { who, entries: lag(look) })
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
        self.looks.iter().filter(|(_, look)| holds(look)).count()
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
