//! The last known state of each member, so that a member that is down can still be drawn.

use std::collections::BTreeMap;

use glasshouse_core::node::{EntryView, NodeView, Role};

use super::frame::{self, Keep, Life};
use crate::clock::{MICROS, Nanos};
use crate::member::MemberState;
use crate::place::MemberNo;
use crate::trace::{Event, What};
use crate::world::World;

/// Most columns of the log matrix, and so the longest tail that is kept of a member's log.
pub(super) const COLUMNS_MAX: u64 = 64;

/// The looks of all members.
#[derive(Clone, Debug, Default)]
pub(super) struct Looks(BTreeMap<MemberNo, Look>);

/// One member, as it was when it could last be looked at.
#[derive(Clone, Debug, Default)]
pub(super) struct Look {
    /// Its process.
    pub(super) life: Life,
    /// Why it is down or halted.
    pub(super) why: String,
    /// Since when role and life are what they are.
    pub(super) since: Nanos,
    /// The role of which the record told last.
    heard: Option<Role>,
    /// Unsynced bytes were lost since its node could be looked at.
    pub(super) lost_cache: bool,
    pub(super) role: frame::Role,
    pub(super) term: u64,
    pub(super) vote: Option<MemberNo>,
    pub(super) leader: Option<MemberNo>,
    pub(super) commit: u64,
    pub(super) applied: u64,
    pub(super) last: u64,
    pub(super) durable: u64,
    pub(super) first: u64,
    pub(super) stored: u64,
    pub(super) elapsed_ticks: u32,
    pub(super) timeout_ticks: u32,
    pub(super) revision: i64,
    pub(super) compacted: i64,
    /// The tail of its log.
    pub(super) tail: Vec<EntryView>,
}

impl Looks {
    pub(super) fn get(&self, member: MemberNo) -> Option<&Look> {
        self.0.get(&member)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (MemberNo, &Look)> {
        self.0.iter().map(|(member, look)| (*member, look))
    }

    /// Takes the next event of the record: only it knows the moment of a change, whenever somebody looks.
    pub(super) fn hear(&mut self, event: &Event) {
        match &event.what {
            What::Standing { member, standing } => {
                let look = self.0.entry(*member).or_default();
                if look.heard != Some(standing.role) {
                    (look.heard, look.since) = (Some(standing.role), event.at);
                }
            }
            What::Life { member, .. } => self.0.entry(*member).or_default().since = event.at,
            _ => {}
        }
    }

    /// Looks at every member again.
    pub(super) fn refresh(&mut self, world: &World) {
        for member in world.members() {
            let look = self.0.entry(member).or_default();
            look.refresh(world, member);
        }
    }
}

impl Look {
    fn refresh(&mut self, world: &World, member: MemberNo) {
        let (life, why) = life(&world.member_state(member));
        let mut ids = (None, None);
        // The tail of a log costs most; a log that did not change is not copied again.
        let known = (self.last, self.tail.last().map(|entry| entry.term), self.first);
        let seen = world.with_node(member, |node| {
            ids = (node.vote(), node.leader());
            self.numbers(&node);
            let last_term = node.term_at(node.last_index());
            if known != (self.last, last_term, self.first) || self.tail.is_empty() {
                let from = self.last.saturating_sub(COLUMNS_MAX - 1).max(self.first);
                self.tail = node.entries(from, self.last);
            }
        });
        if seen.is_some() {
            self.lost_cache = false;
            self.vote = ids.0.and_then(|id| world.member_of_id(id));
            self.leader = ids.1.and_then(|id| world.member_of_id(id));
        } else if world.member_state(member) == MemberState::PoweredOff {
            self.lost_cache = true;
        }
        (self.life, self.why) = (life, why);
    }

    fn numbers(&mut self, node: &NodeView<'_>) {
        self.role = role_of(node.role());
        self.term = node.term();
        self.commit = node.commit();
        self.applied = node.applied();
        self.last = node.last_index();
        self.durable = node.durable_index();
        self.first = node.first_index();
        self.stored = node.stored_index();
        self.elapsed_ticks = node.election_elapsed_ticks();
        self.timeout_ticks = node.election_timeout_ticks();
        self.revision = node.mvcc().revision();
        self.compacted = node.mvcc().compacted().max(0);
    }

    /// What a crash would do, or did, to the entry at `index`.
    pub(super) fn keep(&self, index: u64) -> Keep {
        match (index <= self.durable, self.lost_cache) {
            (true, _) => Keep::Durable,
            (false, true) => Keep::Lost,
            (false, false) => Keep::Cached,
        }
    }

    /// Entries that a power failure would take.
    pub(super) fn not_durable(&self) -> Option<(u64, u64)> {
        (self.durable < self.last).then_some((self.durable + 1, self.last))
    }

    /// The entry at `index`, if it is in the tail.
    pub(super) fn entry(&self, index: u64) -> Option<&EntryView> {
        let first = self.tail.first()?.index;
        let at = usize::try_from(index.checked_sub(first)?).ok()?;
        self.tail.get(at)
    }

    /// Its process takes part.
    pub(super) fn is_up(&self) -> bool {
        matches!(self.life, Life::Up | Life::Stopping)
    }

    pub(super) fn since_us(&self) -> u64 {
        self.since / MICROS
    }
}

/// Which shape a role has.
pub(super) fn role_of(role: Role) -> frame::Role {
    match role {
        Role::Follower => frame::Role::Follower,
        Role::PreCandidate => frame::Role::PreCandidate,
        Role::Candidate => frame::Role::Candidate,
        Role::Leader => frame::Role::Leader,
        Role::Learner => frame::Role::Learner,
    }
}

fn life(state: &MemberState) -> (Life, String) {
    match state {
        MemberState::New => (Life::Down, "not started yet".to_string()),
        MemberState::Starting => (Life::Starting, String::new()),
        MemberState::Up => (Life::Up, String::new()),
        MemberState::Stopping => (Life::Stopping, String::new()),
        MemberState::Frozen => (Life::Frozen, String::new()),
        MemberState::Killed => (Life::Down, "killed".to_string()),
        MemberState::Stopped => (Life::Down, "stopped".to_string()),
        MemberState::PoweredOff => (Life::Down, "without power".to_string()),
        MemberState::Halted(why) | MemberState::Refused(why) => (Life::Halted, why.clone()),
    }
}
