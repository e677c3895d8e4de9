//! What happened in a run, as goals that it reaches: for whoever writes a lesson by doing it first.
//!
//! ```text
//!   chronicle ──► what was done, who was elected, what clients were told, what is so now
//!                      │ each as a formula of the goal language, with roles in place of numbers
//!                      ▼
//!   judge: it holds in this run, and did not hold at its start ──► offered
//! ```
//!
//! `kill n2` of this run is `kill(leader)` if n2 led: another student has another leader. What is offered is checked by
//! the judge that grades students, so nothing here has to be believed.

use std::collections::BTreeMap;

use glasshouse_core::api::Request;
use glasshouse_core::node::Role;
use glasshouse_core::order;

use super::Lab;
use super::goal::{Judge, Judged, Run, parse};
use super::lab;
use crate::chronicle::{Chronicle, Fact, Moment, Op, Status};
use crate::clock::MICROS;
use crate::place::MemberNo;
use crate::script::bench::TERMINAL;
use crate::world::Action;

/// Most goals that are offered. A run of an hour has no more to say in a list.
pub const OFFERS_MAX: usize = 40;

/// Properties that are worth a goal of their own once something was done.
const PROPERTIES: [&str; 3] = ["acknowledged writes stay", "linearizability", "equal stores"];

/// A goal that this run reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// When it was reached, in microseconds.
    pub at_us: u64,
    /// What is to be reached, for people.
    pub title: String,
    /// The same as a formula.
    pub formula: String,
}

/// The goals that a run reaches, in the order in which it reached them.
#[must_use]
pub fn offers(lab: &Lab, chronicle: &Chronicle, end: Moment) -> Vec<Offer> {
    let run = lab::run("main", chronicle, end);
    let mut drafts = Drafts::default();
    drafts.happened(&run);
    drafts.asked(&run);
    drafts.is_so(&run);
    let mut offers: Vec<Offer> = drafts
        .all
        .into_iter()
        .filter_map(|(title, formula)| reached(lab, &run, title, formula))
        .collect();
    order::sort_by_key(&mut offers, |offer| offer.at_us);
    offers.truncate(OFFERS_MAX);
    offers
}

/// The goal, if this run reaches it and did not from its start.
fn reached(lab: &Lab, run: &Run<'_>, title: String, formula: String) -> Option<Offer> {
    let goal = parse::goal(&formula).ok()?;
    lab.scopes().goal(&goal).ok()?;
    let wanted = lab.wanted();
    let judge = |end: Moment| {
        let runs = [Run { end, ..*run }];
        Judge { runs: &runs, names: &lab.names, wanted: &wanted }.judge(&goal)
    };
    let Judged::Met { at, .. } = judge(run.end) else { return None };
    let early = judge(run.start).is_met();
    (!early).then(|| Offer { at_us: at.at.min(run.end.at) / MICROS, title, formula })
}

/// Titles and formulas, each formula once.
#[derive(Default)]
struct Drafts {
    all: Vec<(String, String)>,
    /// The first thing that was done or asked: what a property is joined with.
    first: Option<(String, String)>,
}

impl Drafts {
    fn add(&mut self, title: impl Into<String>, formula: impl Into<String>) {
        let (title, formula) = (title.into(), formula.into());
        if !self.all.iter().any(|(_, known)| *known == formula) {
            self.all.push((title, formula));
        }
    }

    fn done(&mut self, title: String, formula: String) {
        self.first.get_or_insert_with(|| (title.clone(), formula.clone()));
        self.add(title, formula);
    }

    /// What somebody did to the members, and what they went through.
    fn happened(&mut self, run: &Run<'_>) {
        let mut last: Option<(String, String)> = None;
        let facts = run.chronicle.facts().iter();
        for noted in facts.filter(|noted| noted.moment > run.start && noted.moment <= run.end) {
            let before = noted.moment.before();
            let whose = |member: MemberNo| role_of(run.chronicle, member, before);
            match &noted.fact {
                Fact::Done(action) => {
                    if let Some((title, formula)) = deed(action, whose) {
                        self.done(title.clone(), formula.clone());
                        last = Some((title, formula));
                    }
                }
                Fact::Standing { now, before, .. } => {
                    let led = before.is_some_and(|before| before.role == Role::Leader);
                    if !led && now.role == Role::Leader {
                        self.behind(last.as_ref(), "A leader is elected", "elected()");
                    } else if led && now.role != Role::Leader {
                        self.behind(last.as_ref(), "A leader steps down", "deposed()");
                    }
                }
                Fact::Truncated { .. } => {
                    self.behind(
                        last.as_ref(),
                        "A member takes entries of its log back",
                        "truncated()",
                    );
                }
                Fact::Installed { .. } => {
                    self.behind(
                        last.as_ref(),
                        "A member gets the store of the leader",
                        "installed()",
                    );
                }
                Fact::Violated(violation) => {
                    let property = violation.property.name();
                    let title = format!("\"{property}\" is broken");
                    self.behind(last.as_ref(), &title, &format!("violated({property:?})"));
                }
                _ => {}
            }
        }
    }

    /// Something that followed, alone and behind what was done last.
    fn behind(&mut self, last: Option<&(String, String)>, title: &str, formula: &str) {
        self.add(title, formula);
        if let Some((done, pattern)) = last {
            self.add(format!("{done}; then: {title}"), format!("{pattern} then {formula}"));
        }
    }

    /// What was asked at the terminal, and what came of it.
    fn asked(&mut self, run: &Run<'_>) {
        let ops = run.chronicle.ops().iter();
        let ours = |op: &&Op| {
            op.called > run.start
                && op.called <= run.end
                && run.chronicle.client(op.client) == TERMINAL
        };
        for op in ops.filter(ours) {
            let (ended, told) = match &op.status {
                Status::Open => continue,
                Status::Ok(_) => ("ok", "is answered"),
                Status::Err(_) => ("err", "is refused"),
                Status::Unknown(_) => ("unknown", "is left without an answer"),
            };
            let Some((what, name, fields)) = question(op) else { continue };
            let title = format!("{what} {told}");
            self.done(title.clone(), format!("{ended} {name}({fields})"));
            let comma = if fields.is_empty() { "" } else { ", " };
            match role_of(run.chronicle, op.member, op.called) {
                "leader" => self.add(
                    format!("{title}, by the leader"),
                    format!("{ended} {name}({fields}{comma}via = leader)"),
                ),
                "follower" => self.add(
                    format!("{title}, by a follower"),
                    format!("{ended} {name}({fields}{comma}via in followers)"),
                ),
                _ => {}
            }
        }
    }

    /// What is so at the end.
    fn is_so(&mut self, run: &Run<'_>) {
        let chronicle = run.chronicle;
        let term = |at: Moment| {
            let leader = chronicle.leader(at)?;
            chronicle.book(leader)?.standing.at(at).map(|standing| standing.term)
        };
        if let (Some(before), Some(now)) = (term(run.start), term(run.end)) {
            let more = now.saturating_sub(before);
            if more > 0 {
                self.add(
                    format!("The leader's term is {more} above the first one"),
                    format!("term(leader) = term(leader) @ start + {more}"),
                );
            }
        }
        if chronicle.leader(run.start) != chronicle.leader(run.end)
            && chronicle.leader(run.end).is_some()
        {
            self.add("Another member leads than at the start", "leader != leader @ start");
        }
        let up = chronicle.books().filter(|(_, book)| book.up.at(run.end) == Some(&true)).count();
        self.add(format!("{up} members run"), format!("count(running) = {up}"));
        self.add(
            "All running members have the same revision, above the first one",
            "rev(leader) > rev(leader) @ start and all m in running: rev(m) = rev(leader)",
        );
        if let Some((done, pattern)) = self.first.clone() {
            for property in PROPERTIES {
                self.add(
                    format!("{done}, and \"{property}\" holds"),
                    format!("{pattern} and holds({property:?})"),
                );
            }
        }
    }
}

/// `leader`, `follower`, or nothing: neither.
fn role_of(chronicle: &Chronicle, member: MemberNo, at: Moment) -> &'static str {
    let leader = chronicle.leader(at);
    let is_up = chronicle.book(member).is_some_and(|book| book.up.at(at) == Some(&true));
    match leader {
        Some(leader) if leader == member => "leader",
        Some(_) if is_up => "follower",
        _ => "",
    }
}

/// What was done, with the role of the member that it was done to: title and pattern.
fn deed(action: &Action, whose: impl Fn(MemberNo) -> &'static str) -> Option<(String, String)> {
    let to = |member: MemberNo, name: &str, told: &str| {
        let (who, argument) = match whose(member) {
            "leader" => ("The leader", "leader"),
            "follower" => ("A follower", "member in followers"),
            _ => ("A member", ""),
        };
        Some((format!("{who} {told}"), format!("{name}({argument})")))
    };
    let plain = |title: &str, formula: &str| Some((title.to_owned(), formula.to_owned()));
    match action {
        Action::Kill(member) => to(*member, "kill", "is killed"),
        Action::Stop(member) => to(*member, "stop", "is stopped"),
        Action::PowerOff { member, .. } => to(*member, "power_off", "loses its power"),
        Action::Restart(_) => plain("A member is started again", "restart()"),
        Action::Join(_) => plain("A member joins", "join()"),
        Action::Freeze(member) => to(*member, "freeze", "is frozen"),
        Action::Thaw(_) => plain("A frozen member goes on", "thaw()"),
        Action::Partition(_) => plain("The network is cut", "partition()"),
        Action::CutLink { .. } => plain("A link is cut", "cut()"),
        Action::SlowLink { .. } => plain("A link is made slow", "slow_link()"),
        Action::Heal | Action::Mend(_) | Action::HealLink { .. } => {
            plain("The network heals", "heal()")
        }
        Action::SlowDisk { member, .. } => to(*member, "slow_disk", "gets a slow disk"),
        Action::Rot { .. } => plain("A bit on a disk rots", "rot()"),
        Action::ClockRate { .. } => plain("A clock is set", "clock()"),
        Action::Campaign(_) => plain("A member is told to call an election", "campaign()"),
        _ => None,
    }
}

/// What was asked: in words, its pattern, and the fields that say which.
fn question(op: &Op) -> Option<(String, &'static str, String)> {
    let text = |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes).ok()?;
        let plain =
            !text.is_empty() && !text.contains(|c: char| c.is_control() || "\"\\".contains(c));
        plain.then(|| text.to_owned())
    };
    let kind = op.kind();
    match op.request.as_ref() {
        Request::Put(put) => {
            let (key, value) = (text(&put.key)?, text(&put.value)?);
            let fields = format!("key = \"{key}\", value = \"{value}\"");
            Some((format!("put {key} {value}"), kind, fields))
        }
        Request::Range(get) => {
            let key = text(&get.key)?;
            Some((format!("get {key}"), kind, format!("key = \"{key}\"")))
        }
        Request::DeleteRange(del) => {
            let key = text(&del.key)?;
            Some((format!("del {key}"), kind, format!("key = \"{key}\"")))
        }
        _ => known().get(kind).map(|words| ((*words).to_owned(), kind, String::new())),
    }
}

/// Other questions that are worth a goal.
fn known() -> BTreeMap<&'static str, &'static str> {
    BTreeMap::from([
        ("txn", "A transaction"),
        ("compaction", "A compaction"),
        ("lease_grant", "lease grant"),
        ("lease_revoke", "lease revoke"),
        ("member_list", "member list"),
        ("member_add", "member add"),
        ("member_remove", "member remove"),
        ("member_promote", "member promote"),
        ("move_leader", "move-leader"),
    ])
}

#[cfg(test)]
mod tests;
