//! Beside the stages: do all members hold the same?
//!
//! They apply the same log, so they must. A bug, a bit that rotted above every checksum, or an
//! operator's hand can break that, and nobody would see it until a failover. So members compare
//! hashes of what is in their stores ([`Mvcc::hash_plan`]), and whoever stands alone gets a `CORRUPT`
//! alarm:
//!
//! ```text
//!   leader: note revision r ──► wait an election timeout, so that all have applied r
//!           ──► hash as of r, of every member, itself included ──► compare ──► CORRUPT, or nothing
//! ```
//!
//! | check | when | etcd's flag |
//! | --- | --- | --- |
//! | periodic | every so often, at the leader's revision | `--corrupt-check-time` |
//! | compact hash | after a compaction, at its revision | `CompactHashCheck`, `--compact-hash-check-time` |
//! | initial | by each member for itself, before it publishes its name; the odd one ends | `InitialCorruptCheck` |
//!
//! A member that does not answer, or is compacted elsewhere, says nothing. etcd's counterpart is
//! `server/etcdserver/corrupt.go`. Its periodic check takes the leader's word for the truth, and its
//! initial one ends a member that contradicts any other; here the majority is asked in all three.
//!
//! [`Mvcc::hash_plan`]: crate::mvcc::Mvcc::hash_plan

use std::collections::BTreeMap;

use super::working::For;
use super::{Effect, Node};
use crate::api::{self, AlarmType, HashKvResponse, InternalRaftRequest};
use crate::id::MemberId;
use crate::peer::{Envelope, Hashed, MessageInfo, MessageKind, WantHash};

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
    /// This member's own hash, and the tick at which it was known: others are given no more time
    /// than a request has from then on.
    own: Option<(HashKvResponse, u64)>,
    /// What others answered; `None` when they have nothing to compare.
    told: BTreeMap<MemberId, Option<HashKvResponse>>,
}

/// Comparisons, past and present.
#[derive(Debug, Default)]
pub(super) struct Corruption {
    round: Option<Round>,
    /// The initial check has begun, and has ended.
    initial: (bool, bool),
    periodic_tick: u64,
    compaction_tick: u64,
    /// The last compacted revision at which all members were found to agree.
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
        } else if !round.asked && self.tick >= round.ask_tick {
            round.asked = true;
            let (id, revision) = (round.id, round.revision);
            self.ask_hashes(id, revision, effects);
        } else if round.own.is_some_and(|(_, tick)| self.tick >= tick + patience) {
            self.end_round(effects);
        }
    }

    /// The initial check, if there is to be one, has ended: the member may take part.
    pub(super) fn is_compared(&self) -> bool {
        !self.config.initial_corrupt_check || self.corruption.initial.1
    }

    /// The last compacted revision at which all members were found to agree, 0 for none.
    pub(super) fn compared_compaction(&self) -> i64 {
        self.corruption.compared
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
        let periodic = self.config.corrupt_check_ms.map(ticks);
        let compaction = self.config.compact_hash_check_ms.map(ticks);
        let leads = self.leads_with_commit();
        let is_known = self.membership.get(self.config.member_id).is_some();
        if self.raft.leader().is_none() || !is_known {
            return None;
        }
        let has_peers = self.membership.members().count() > 1;
        let state = &mut self.corruption;
        if !state.initial.0 {
            let wanted = self.config.initial_corrupt_check && has_peers;
            state.initial = (true, !wanted);
            return wanted.then(|| (Purpose::Initial, self.mvcc.revision()));
        }
        if !leads || !has_peers {
            return None;
        }
        if periodic.is_some_and(|ticks| self.tick >= state.periodic_tick + ticks) {
            state.periodic_tick = self.tick;
            return Some((Purpose::Periodic, self.mvcc.revision()));
        }
        if compaction.is_some_and(|ticks| self.tick >= state.compaction_tick + ticks) {
            state.compaction_tick = self.tick;
            let compacted = self.mvcc.compacted();
            return (compacted > state.compared).then_some((Purpose::Compaction, compacted));
        }
        None
    }

    fn ask_hashes(&mut self, id: u64, revision: i64, effects: &mut Vec<Effect>) {
        self.want_hash(For::Check(id), revision, effects);
        let members = self.membership.members().map(|member| member.id);
        let others: Vec<MemberId> = members.filter(|id| *id != self.config.member_id).collect();
        let info = MessageInfo::of(MessageKind::Hash, self.raft.term());
        let want_hash = Some(WantHash { id, revision });
        let envelope = Envelope { want_hash, ..Envelope::default() };
        others.into_iter().for_each(|to| self.send(to, info, &envelope, effects));
    }

    /// This member's own hash for a comparison is known.
    pub(super) fn on_own_hash(
        &mut self,
        id: u64,
        hash: Option<HashKvResponse>,
        effects: &mut Vec<Effect>,
    ) {
        let tick = self.tick;
        let Some(round) = self.corruption.round.as_mut().filter(|round| round.id == id) else {
            return;
        };
        round.own = hash.map(|hash| (hash, tick));
        if round.own.is_some() {
            self.end_full_round(effects);
        } else {
            // It was compacted away meanwhile: there is nothing to compare.
            self.end_round(effects);
        }
    }

    /// Another member answers.
    pub(super) fn on_hashed(&mut self, from: MemberId, hashed: Hashed, effects: &mut Vec<Effect>) {
        let round = self.corruption.round.as_mut().filter(|round| round.id == hashed.id);
        if let Some(round) = round.filter(|_| self.membership.get(from).is_some()) {
            round.told.insert(from, hashed.hash);
            self.end_full_round(effects);
        }
    }

    /// A message to this member was lost: it will not answer what it was asked.
    pub(super) fn on_peer_away(&mut self, peer: MemberId, effects: &mut Vec<Effect>) {
        if let Some(round) = self.corruption.round.as_mut().filter(|round| round.asked) {
            round.told.entry(peer).or_insert(None);
            self.end_full_round(effects);
        }
    }

    fn end_full_round(&mut self, effects: &mut Vec<Effect>) {
        let others = self.membership.members().count().saturating_sub(1);
        let full = |round: &Round| round.own.is_some() && round.told.len() >= others;
        if self.corruption.round.as_ref().is_some_and(full) {
            self.end_round(effects);
        }
    }

    fn end_round(&mut self, effects: &mut Vec<Effect>) {
        let Some(round) = self.corruption.round.take() else { return };
        let mut hashes = BTreeMap::new();
        if let Some((own, _)) = round.own {
            hashes.insert(self.config.member_id, own.hash);
            for (id, hash) in round.told {
                let comparable = hash.filter(|hash| hash.compact_revision == own.compact_revision);
                hashes.extend(comparable.map(|hash| (id, hash.hash)));
            }
        }
        let members = self.membership.members().count();
        let verdict = judge(&hashes, members);
        match round.purpose {
            Purpose::Initial => self.end_initial(&verdict, effects),
            Purpose::Periodic => self.blame(verdict),
            Purpose::Compaction => {
                if verdict == Verdict::Agree && hashes.len() >= members {
                    self.corruption.compared = round.revision;
                }
                self.blame(verdict);
            }
        }
    }

    fn end_initial(&mut self, verdict: &Verdict, effects: &mut Vec<Effect>) {
        let id = self.config.member_id;
        let is_odd = match verdict {
            Verdict::Agree => false,
            Verdict::Odd(odd) => odd.contains(&id),
            Verdict::Torn => true,
        };
        if is_odd {
            return self.halt(format!("{id} found data inconsistency with peers"), effects);
        }
        self.corruption.initial.1 = true;
    }

    /// Raises the alarms that a verdict asks for.
    fn blame(&mut self, verdict: Verdict) {
        let blamed = match verdict {
            Verdict::Agree => Vec::new(),
            Verdict::Odd(odd) => odd,
            // Nobody is this member; but everybody stops (etcd: `CompactHashCheck`).
            Verdict::Torn => vec![MemberId(0)],
        };
        for id in blamed {
            if !self.alarms.stands_for(id, AlarmType::Corrupt) {
                self.propose_as_leader(InternalRaftRequest {
                    alarm: Some(api::AlarmRequest {
                        action: api::alarm_request::AlarmAction::Activate as i32,
                        member_id: id.0,
                        alarm: AlarmType::Corrupt as i32,
                    }),
                    ..InternalRaftRequest::default()
                });
            }
        }
    }
}
