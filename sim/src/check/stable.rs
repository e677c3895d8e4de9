//! A leader that a whole majority hears stays leader: nobody begins a new term beside it.
//!
//! ```text
//!      n1 leads, n2 follows, nothing ails either of them or the links between them
//!      n3 is cut off ──► asks for pre-votes ──► gets none ──► no new term        as it should be
//!                    └─► calls an election in term 5: as soon as n3 is heard again, n1 must go
//! ```
//!
//! Safety does not need this; who must work does. Without pre-votes and leases of followers, one member
//! with a half-broken link can keep a healthy cluster from working for hours (Cloudflare,
//! 2020-11-02; Raft dissertation 9.6).
//!
//! What counts as whole: for two election timeouts nobody has touched the members of the majority, their
//! links to the leader, their disks and clocks; all of them follow that leader; it handed nothing over. A
//! campaign that began before that time may end in it.

use std::collections::{BTreeMap, BTreeSet};

use glasshouse_core::node::{NodeView, Role};
use glasshouse_core::order;
use glasshouse_core::peer::{MessageInfo, MessageKind};

use super::{Property, Violation};
use crate::clock::{MILLIS, Nanos, Rate, SECOND};
use crate::member::{MemberState, Seen};
use crate::network::LinkView;
use crate::place::{MemberNo, Place};
use crate::world::{Action, Rule, State};

/// When something last happened to whom.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calm {
    /// The rules that this property rests on were switched off at some time.
    is_off: bool,
    all: Nanos,
    members: BTreeMap<MemberNo, Nanos>,
    links: BTreeMap<(Place, Place), Nanos>,
    /// When a member began to lead, or to ask for pre-votes.
    since: BTreeMap<MemberNo, Nanos>,
    /// Terms in which a leader told somebody to call an election.
    handed_over: BTreeSet<u64>,
}

impl Calm {
    /// Something is done to the world.
    pub(crate) fn on_action(&mut self, now: Nanos, action: &Action) {
        match action {
            Action::Rule(Rule::PreVote(on) | Rule::CheckQuorum(on)) => self.is_off |= !on,
            Action::Partition(groups) | Action::Mend(groups) => {
                for (at, group) in groups.iter().enumerate() {
                    for &to in groups[at + 1..].iter().flatten() {
                        for &from in group {
                            self.links.insert((from, to), now);
                            self.links.insert((to, from), now);
                        }
                    }
                }
            }
            Action::CutLink { from, to }
            | Action::HealLink { from, to }
            | Action::SlowLink { from, to, .. }
            | Action::RoughLink { from, to, .. }
            | Action::DropNext { from, to, .. } => {
                self.links.insert((*from, *to), now);
            }
            Action::Restart(no)
            | Action::Start { member: no, .. }
            | Action::Wipe(no)
            | Action::Join(no)
            | Action::Kill(no)
            | Action::Stop(no)
            | Action::Freeze(no)
            | Action::Thaw(no)
            | Action::PowerOff { member: no, .. }
            | Action::SlowDisk { member: no, .. }
            | Action::FullDisk { member: no, .. }
            | Action::DiskErrors { member: no, .. }
            | Action::LyingDisk { member: no, .. }
            | Action::Rot { member: no, .. }
            | Action::ClockRate { member: no, .. } => self.touch(now, *no),
            Action::Heal
            | Action::DropMessage(_)
            | Action::DelayMessage { .. }
            | Action::HastenMessage { .. }
            | Action::DuplicateMessage { .. }
            | Action::Campaign(_)
            | Action::AlignTimers => self.all = now,
            Action::FreezeClient(_)
            | Action::ThawClient(_)
            | Action::Plant { .. }
            | Action::Rule(Rule::Spread(_)) => {}
        }
    }

    /// A member's process began or ended.
    pub(super) fn touch(&mut self, now: Nanos, no: MemberNo) {
        self.members.insert(no, now);
    }

    /// A member says something.
    pub(super) fn on_sent(&mut self, info: &MessageInfo) {
        if info.kind == MessageKind::TimeoutNow {
            self.handed_over.insert(info.term);
        }
    }

    /// A member made a step.
    pub(super) fn on_step(&mut self, now: Nanos, no: MemberNo, before: &Seen, after: &Seen) {
        let (old, new) = (before.standing, after.standing);
        let begins = matches!(new.role, Role::Leader | Role::PreCandidate);
        if begins && (old.role, old.term) != (new.role, new.term) {
            self.since.insert(no, now);
        }
    }

    fn member_since(&self, no: MemberNo) -> Nanos {
        self.members.get(&no).copied().unwrap_or(0)
    }

    fn link_since(&self, a: MemberNo, b: MemberNo) -> Nanos {
        let one = |from: MemberNo, to: MemberNo| {
            self.links.get(&(from.into(), to.into())).copied().unwrap_or(0)
        };
        one(a, b).max(one(b, a))
    }

    fn began(&self, no: MemberNo) -> Nanos {
        self.since.get(&no).copied().unwrap_or(0)
    }
}

/// A member made a step, and may have begun a term beside a leader who is well.
pub(crate) fn judge(state: &State, no: MemberNo, before: &Seen, after: &Seen) -> Option<Violation> {
    let begins = matches!(after.standing.role, Role::Candidate | Role::Leader);
    let rules = state.spec.rules;
    let calm = &state.checks.of(no).calm;
    if !begins
        || after.standing.term == before.standing.term
        || calm.is_off
        || !(rules.pre_vote && rules.check_quorum)
    {
        return None;
    }
    let leader = state.leader_in(state.cluster_of(no)).filter(|leader| *leader != no)?;
    let view = state.member(leader).node()?.view();
    let term = view.term();
    if term >= after.standing.term || calm.handed_over.contains(&term) {
        return None;
    }
    // Who goes by another configuration may win by it.
    if voters(state, view) != voters(state, state.member(no).node()?.view()) {
        return None;
    }
    let campaign =
        if before.standing.role == Role::PreCandidate { calm.began(no) } else { state.now() };
    let timeout = u64::from(state.spec.election_ticks) * state.spec.tick_ms * MILLIS;
    let calm_at = campaign.checked_sub(2 * timeout)?;
    let ids: Vec<_> = view.membership().voters().map(|voter| voter.id).collect();
    let whole: Vec<MemberNo> = ids
        .iter()
        .filter_map(|id| state.no_of(*id))
        .filter(|member| *member != no && is_whole(state, leader, *member, calm_at))
        .collect();
    let has_led = calm.all.max(calm.began(leader)) <= calm_at;
    if !has_led || !whole.contains(&leader) || whole.len() <= ids.len() / 2 {
        return None;
    }
    let names: Vec<String> = whole.iter().map(MemberNo::to_string).collect();
    let (seconds, names) = (2 * timeout / SECOND, names.join(" and "));
    Some(Violation::new(
        Property::StableLeader,
        no,
        format!("{leader} leads term {term}, and nothing has ailed {names} for {seconds} s"),
        format!("{no} begins term {}", after.standing.term),
    ))
}

fn voters(state: &State, view: NodeView<'_>) -> BTreeSet<Option<MemberNo>> {
    order::set(view.membership().voters().map(|voter| state.no_of(voter.id)))
}

/// Nothing has happened to a member and to its link with the leader since `at`, and it follows.
fn is_whole(state: &State, leader: MemberNo, no: MemberNo, at: Nanos) -> bool {
    let (calm, member) = (&state.checks.of(leader).calm, state.member(no));
    let Some(process) = member.process() else { return false };
    let plain = |from: MemberNo, to: MemberNo| {
        state.network.link_view(from.into(), to.into()) == LinkView::default()
    };
    let standing = process.seen.standing;
    member.state == MemberState::Up
        && member.rate == Rate::TRUE
        && member.disk.is_sound()
        && standing.leader == Some(leader)
        && plain(leader, no)
        && plain(no, leader)
        && calm.member_since(no).max(calm.link_since(leader, no)) <= at
}
