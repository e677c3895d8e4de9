//! Beside the stages: do all members hold the same?
//!
//! They apply the same log, so they must. A bug, a bit that rotted above every checksum, or an
//! operator's hand can break that, and nobody would see it until a failover. So members compare
//! hashes ([`Mvcc::hash_plan`]), and whoever stands alone gets a `CORRUPT` alarm:
//!
//! ```text
//!   leader: note revision r ──► wait an election timeout, so that all have applied r
//!           ──► HashKV(r) to every member, itself included ──► compare ──► CORRUPT, or nothing
//! ```
//!
//! | check | when | etcd's flag |
//! | --- | --- | --- |
//! | periodic | every so often | `--corrupt-check-time` |
//! | compact hash | after a compaction, at its revision | `CompactHashCheck`, `--compact-hash-check-time` |
//! | initial | once in a life, by each member for itself, which ends when it is the odd one | `InitialCorruptCheck` |
//!
//! A member that does not answer, or is compacted elsewhere, says nothing. etcd's counterpart is
//! `server/etcdserver/corrupt.go`; its periodic check takes the leader's word for the truth, ours
//! asks the majority, in both checks.
//!
//! [`Mvcc::hash_plan`]: crate::mvcc::Mvcc::hash_plan

use std::collections::BTreeMap;

use super::working::For;
use super::{Effect, Node};
use crate::api::{self, AlarmType, HashKvRequest, HashKvResponse, InternalRaftRequest};
use crate::id::MemberId;
use crate::peer::{Envelope, Forward, ForwardRequest, forward};

/// Why hashes are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Initial,
    Periodic,
    Compaction,
}

/// One comparison under way.
#[derive(Debug)]
struct Round {
    purpose: Purpose,
    /// Names the questions, so that an answer to an earlier round is none to this one.
    id: u64,
    revision: i64,
    ask_tick: u64,
    asked: bool,
    own: Option<HashKvResponse>,
    /// What others answered; `None` for an error.
    told: BTreeMap<MemberId, Option<HashKvResponse>>,
}

/// Comparisons, past and present.
#[derive(Debug, Default)]
pub(super) struct Corruption {
    round: Option<Round>,
    initial_done: bool,
    periodic_tick: u64,
    compaction_tick: u64,
    /// The compacted revision at which all were found to agree, or not.
    compared: i64,
}

/// What a comparison says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nobody contradicts anybody.
    Agree,
    /// A majority of the members agrees, and these do not.
    Odd(Vec<MemberId>),
    /// There is no majority: nobody knows who is right.
    Torn,
}

impl Node {
    /// Begins, goes on with, and ends comparisons.
    pub(super) fn tick_corruption(&mut self, effects: &mut Vec<Effect>) {
        if self.corruption.round.is_none() {
            self.begin_round();
        }
        let patience = self.patience_ticks();
        let leads = self.raft.is_leader();
        let Some(round) = &mut self.corruption.round else { return };
        if round.purpose != Purpose::Initial && !leads {
            self.corruption.round = None;
        } else if !round.asked {
            if self.tick >= round.ask_tick {
                round.asked = true;
                let (id, revision) = (round.id, round.revision);
                self.ask_hashes(id, revision, effects);
            }
        } else if self.tick >= round.ask_tick + patience {
            self.end_round(effects);
        }
    }

    fn begin_round(&mut self) {
        let Some((purpose, revision)) = self.due_check() else { return };
        let wait = match purpose {
            // Who is behind answers nothing, and is no reason to hold a start up.
            Purpose::Initial => 0,
            Purpose::Periodic | Purpose::Compaction => u64::from(self.config.election_ticks),
        };
        let id = self.new_id();
        self.corruption.round = Some(Round {
            purpose,
            id,
            revision,
            ask_tick: self.tick + wait,
            asked: false,
            own: None,
            told: BTreeMap::new(),
        });
    }

    /// What to compare now, and at which revision.
    fn due_check(&mut self) -> Option<(Purpose, i64)> {
        let ticks = |ms: u64| (ms / self.config.tick_ms).max(1);
        let (revision, compacted) = (self.mvcc.revision(), self.mvcc.compacted());
        let (periodic, compaction) =
            (self.config.corrupt_check_ms, self.config.compact_hash_check_ms);
        let state = &mut self.corruption;
        let has_peers = self.membership.members().count() > 1;
        if self.raft.leader().is_none() || !has_peers {
            return None;
        }
        if self.config.initial_corrupt_check && !state.initial_done {
            state.initial_done = true;
            return Some((Purpose::Initial, revision));
        }
        if !self.leads_with_commit() {
            return None;
        }
        let state = &mut self.corruption;
        if periodic.is_some_and(|ms| self.tick >= state.periodic_tick + ticks(ms)) {
            state.periodic_tick = self.tick;
            return Some((Purpose::Periodic, revision));
        }
        if compaction.is_some_and(|ms| self.tick >= state.compaction_tick + ticks(ms)) {
            state.compaction_tick = self.tick;
            return Some((Purpose::Compaction, compacted)).filter(|_| compacted > state.compared);
        }
        None
    }

    fn ask_hashes(&mut self, id: u64, revision: i64, effects: &mut Vec<Effect>) {
        self.want_hash(For::Check(id), revision, effects);
        let others: Vec<MemberId> = self.membership.members().map(|member| member.id).collect();
        for to in others.into_iter().filter(|to| *to != self.config.member_id) {
            let request = ForwardRequest::HashKv(HashKvRequest { revision });
            let message = Forward { id, request: Some(request) };
            let envelope = Envelope { forward: Some(message), ..Envelope::default() };
            self.send(to, forward::info(false, false, self.raft.term()), &envelope, effects);
        }
    }

    /// This member's own hash for a comparison is known.
    pub(super) fn on_own_hash(
        &mut self,
        id: u64,
        hash: Option<HashKvResponse>,
        effects: &mut Vec<Effect>,
    ) {
        match &mut self.corruption.round {
            Some(round) if round.id == id && hash.is_some() => round.own = hash,
            // It was compacted away meanwhile: there is nothing to compare.
            Some(round) if round.id == id => self.corruption.round = None,
            _ => {}
        }
        self.end_full_round(effects);
    }

    /// Another member answers.
    pub(super) fn on_told_hash(
        &mut self,
        from: MemberId,
        id: u64,
        hash: Option<HashKvResponse>,
        effects: &mut Vec<Effect>,
    ) {
        if let Some(round) = self.corruption.round.as_mut().filter(|round| round.id == id) {
            round.told.insert(from, hash);
            self.end_full_round(effects);
        }
    }

    fn end_full_round(&mut self, effects: &mut Vec<Effect>) {
        let others = self.membership.members().count() - 1;
        let full = |round: &Round| round.own.is_some() && round.told.len() >= others;
        if self.corruption.round.as_ref().is_some_and(full) {
            self.end_round(effects);
        }
    }

    fn end_round(&mut self, effects: &mut Vec<Effect>) {
        let Some(round) = self.corruption.round.take() else { return };
        let Some(own) = round.own else { return };
        let mut hashes = BTreeMap::from([(self.config.member_id, own.hash)]);
        for (id, hash) in round.told {
            let comparable = hash.filter(|hash| hash.compact_revision == own.compact_revision);
            hashes.extend(comparable.map(|hash| (id, hash.hash)));
        }
        let members = self.membership.members().count();
        let all_compared = hashes.len() == members;
        let verdict = judge(&hashes, members);
        match (round.purpose, verdict) {
            (Purpose::Initial, Verdict::Agree) => {}
            (Purpose::Initial, _) => {
                let id = self.config.member_id;
                self.halt(format!("{id} found data inconsistency with peers"), effects);
            }
            (Purpose::Periodic | Purpose::Compaction, Verdict::Odd(odd)) => {
                odd.into_iter().for_each(|id| self.raise_corrupt(id));
            }
            // etcd blames member 0, which is nobody, so that everybody stops.
            (Purpose::Periodic | Purpose::Compaction, Verdict::Torn) => {
                self.raise_corrupt(MemberId(0));
            }
            (Purpose::Compaction, Verdict::Agree) if all_compared => {
                self.corruption.compared = round.revision;
            }
            (Purpose::Periodic | Purpose::Compaction, Verdict::Agree) => {}
        }
    }

    fn raise_corrupt(&mut self, id: MemberId) {
        if self.alarms.stands_for(id, AlarmType::Corrupt) {
            return;
        }
        let alarm = api::AlarmRequest {
            action: api::alarm_request::AlarmAction::Activate as i32,
            member_id: id.0,
            alarm: AlarmType::Corrupt as i32,
        };
        self.propose_as_leader(InternalRaftRequest {
            alarm: Some(alarm),
            ..InternalRaftRequest::default()
        });
    }
}

/// Who is in the minority, of `members` in all.
pub(super) fn judge(hashes: &BTreeMap<MemberId, u32>, members: usize) -> Verdict {
    let mut holders: BTreeMap<u32, Vec<MemberId>> = BTreeMap::new();
    for (id, hash) in hashes {
        holders.entry(*hash).or_default().push(*id);
    }
    if holders.len() < 2 {
        return Verdict::Agree;
    }
    let majority = holders.iter().find(|(_, ids)| ids.len() > members / 2).map(|(hash, _)| *hash);
    match majority {
        Some(majority) => {
            holders.remove(&majority);
            Verdict::Odd(holders.into_values().flatten().collect())
        }
        None => Verdict::Torn,
    }
}
