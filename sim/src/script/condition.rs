//! `until`: what must hold, whether it does, and what to say of it.

use std::collections::BTreeMap;

use glasshouse_core::id::ClusterId;
use glasshouse_core::order;

use super::act;
use super::command::{Condition, Who};
use super::units::spoken;
use crate::clock::{MICROS, Nanos};
use crate::place::MemberNo;
use crate::world::World;

/// A line that waits for something.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) condition: Condition,
    /// When the line was given.
    since: Nanos,
    /// When it gives up.
    pub(super) deadline: Nanos,
    /// The highest term whose leader a member knew then.
    term: u64,
}

impl Waiting {
    /// Begins to wait, unless the condition names a member that does not exist.
    pub(super) fn new(world: &World, condition: Condition, within_us: u64) -> Result<Self, String> {
        let since = world.now();
        let deadline = since + within_us * MICROS;
        // A role is looked up once: "until leader down" means the one that leads now.
        let fixed =
            |who: Who| act::member(world, &who).map(|member| Who::Alias(member.number().into()));
        let condition = match condition {
            Condition::Leads(who) => Condition::Leads(fixed(who)?),
            Condition::Up(who) => Condition::Up(fixed(who)?),
            Condition::Down(who) => Condition::Down(fixed(who)?),
            Condition::Commit(Some(who), index) => Condition::Commit(Some(fixed(who)?), index),
            Condition::Applied(who, index) => Condition::Applied(fixed(who)?, index),
            other => other,
        };
        Ok(Self { condition, since, deadline, term: led_term(world) })
    }

    /// What to print if it holds now.
    ///
    /// # Errors
    /// One sentence when the time is over.
    pub(super) fn look(&self, world: &World) -> Result<Option<String>, String> {
        let now = world.now();
        if let Some(what) = self.holds(world) {
            let after = spoken((now - self.since) / MICROS);
            return Ok(Some(if now == self.since {
                format!("{what}.\n")
            } else {
                format!("{what} after {after}.\n")
            }));
        }
        if now >= self.deadline {
            let waited = spoken((now - self.since) / MICROS);
            return Err(format!("Waited {waited}, and still not: {}.", words(&self.condition)));
        }
        Ok(None)
    }

    fn holds(&self, world: &World) -> Option<String> {
        match &self.condition {
            Condition::Leader => {
                led(world).map(|(member, term)| format!("{member} leads term {term}"))
            }
            Condition::NewLeader => led(world)
                .filter(|(_, term)| *term > self.term)
                .map(|(member, term)| format!("{member} leads term {term}")),
            Condition::NoLeader => world.leader().is_none().then(|| "Nobody leads".to_string()),
            Condition::Leads(who) => led(world)
                .filter(|(member, _)| is(*member, who))
                .map(|(member, term)| format!("{member} leads term {term}")),
            Condition::Up(who) => {
                find(world, who, |member| world.with_node(member, |_| ()).is_some())
                    .map(|m| format!("{m} runs"))
            }
            Condition::Down(who) => {
                find(world, who, |member| !world.member_state(member).is_running())
                    .map(|member| format!("{member} does not run"))
            }
            Condition::Term(term) => {
                (highest_term(world) >= *term).then(|| format!("Term {}", highest_term(world)))
            }
            Condition::Commit(who, index) => self.committed(world, who.as_ref(), *index),
            Condition::Applied(who, index) => find(world, who, |member| {
                world
                    .with_node(member, |node| node.applied())
                    .is_some_and(|applied| applied >= *index)
            })
            .map(|member| format!("{member} has applied entry {index}")),
            Condition::Level => level(world),
            Condition::Violation => world.violation().map(|_| "A property is broken".to_string()),
        }
    }

    fn committed(&self, world: &World, who: Option<&Who>, index: u64) -> Option<String> {
        let knows =
            |member: MemberNo| world.with_node(member, |node| node.commit() >= index) == Some(true);
        match who {
            Some(who) => find(world, who, knows)
                .map(|member| format!("{member} knows that entry {index} is committed")),
            None => {
                let members = world.members();
                let know = members.iter().filter(|member| knows(**member)).count();
                (know > members.len() / 2)
                    .then(|| format!("A majority knows that entry {index} is committed"))
            }
        }
    }
}

fn is(member: MemberNo, who: &Who) -> bool {
    *who == Who::Alias(member.number().into())
}

fn find(world: &World, who: &Who, test: impl Fn(MemberNo) -> bool) -> Option<MemberNo> {
    world.members().into_iter().find(|member| is(*member, who) && test(*member))
}

/// The leader that a majority follows in its term. With several clusters, each of those that run has one; the
/// one of the highest term is told.
fn led(world: &World) -> Option<(MemberNo, u64)> {
    let members = world.members();
    let runs = |member: &MemberNo| world.with_node(*member, |_| ()).is_some();
    let clusters = members.iter().filter(|no| runs(no)).map(|no| world.cluster_of(*no));
    let mut all = Vec::new();
    for cluster in order::set(clusters) {
        let own = |member: &&MemberNo| world.cluster_of(**member) == cluster;
        let own: Vec<MemberNo> = members.iter().filter(own).copied().collect();
        all.push(led_in(world, cluster, &own)?);
    }
    all.into_iter().max_by_key(|(member, term)| (*term, *member))
}

fn led_in(world: &World, cluster: ClusterId, members: &[MemberNo]) -> Option<(MemberNo, u64)> {
    let leader = world.leader_in(cluster)?;
    let (id, term) = world.with_node(leader, |node| (node.id(), node.term()))?;
    let follows = |member: &&MemberNo| {
        world.with_node(**member, |node| node.leader() == Some(id) && node.term() == term)
            == Some(true)
    };
    let with = members.iter().filter(follows).count();
    (with > members.len() / 2).then_some((leader, term))
}

fn highest_term(world: &World) -> u64 {
    let terms = world
        .members()
        .into_iter()
        .filter_map(|member| world.with_node(member, |node| node.term()));
    terms.max().unwrap_or(0)
}

/// The highest term of which a running member knows the leader.
fn led_term(world: &World) -> u64 {
    let term = |member| world.with_node(member, |node| node.leader().map_or(0, |_| node.term()));
    world.members().into_iter().filter_map(term).max().unwrap_or(0)
}

fn level(world: &World) -> Option<String> {
    led(world)?;
    let mut level: BTreeMap<ClusterId, u64> = BTreeMap::new();
    for no in world.members().into_iter().filter(|no| world.member_state(*no).is_running()) {
        // A member that still reads its disk is not level.
        let (applied, last) = world.with_node(no, |node| (node.applied(), node.last_index()))?;
        let known = *level.entry(world.cluster_of(no)).or_insert(applied);
        if applied != last || applied != known {
            return None;
        }
    }
    let applied = level.into_values().max()?;
    Some(format!("All have applied entry {applied}"))
}

/// The condition as words after "until".
pub(super) fn words(condition: &Condition) -> String {
    match condition {
        Condition::Leader => "a member leads and a majority follows it".to_string(),
        Condition::NewLeader => "a new leader".to_string(),
        Condition::NoLeader => "nobody leads".to_string(),
        Condition::Leads(who) => format!("{who} leads"),
        Condition::Up(who) => format!("{who} runs"),
        Condition::Down(who) => format!("{who} does not run"),
        Condition::Term(term) => format!("term {term}"),
        Condition::Commit(Some(who), index) => {
            format!("{who} knows that entry {index} is committed")
        }
        Condition::Commit(None, index) => {
            format!("a majority knows that entry {index} is committed")
        }
        Condition::Applied(who, index) => format!("{who} has applied entry {index}"),
        Condition::Level => "all running members have applied the same last entry".to_string(),
        Condition::Violation => "a property breaks".to_string(),
    }
}
