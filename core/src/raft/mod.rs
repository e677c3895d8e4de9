//! The only place that knows the raft crate.
//!
//! `raft` 0.7 is used unmodified. Left alone it is not repeatable, and it trusts its
//! peers. This module cures both, so that the rest of the core sees a raft that is a
//! pure function of its inputs:
//!
//! * **Election timeouts.** The crate draws them from a thread-local generator. Here the timeout is
//!   overwritten from the node's own ChaCha stream before every tick; since it is read nowhere but
//!   inside a tick, the crate's own draw never has an effect.
//! * **Order.** The crate keeps peers in hash maps whose order differs between 32 and 64 bits.
//!   Messages of one ready are sorted by receiver (stable, so each peer sees them in order), and
//!   the lists of a `ConfState` are sorted before they are stored.
//! * **Hostile messages.** The crate asserts what a correct peer guarantees. [`message`] checks
//!   those guarantees first, so damaged bytes are refused, not fatal.
//!
//! Persistence is asynchronous (dissertation 10.2.1): a leader's appends may leave before its own
//! fsync; whatever a follower or candidate says waits until its own disk has what it talks about.
//! [`Output`] keeps the two kinds of messages apart.

#[cfg(target_arch = "wasm32")]
mod entropy;
mod log;
pub(crate) mod message;
#[cfg(test)]
mod tests;

use protobuf::Message as _;
use raft::eraftpb::{self, ConfState, Entry, EntryType, HardState, Message};
use raft::{RawNode, ReadOnlyOption, StateRole, Storage as _};
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore as _, SeedableRng as _};

pub(crate) use log::{Base, Log};

use crate::id::MemberId;
use crate::limits;
use crate::node::{Config, EntryView, PeerProgress, ProgressMode, Role};
use crate::order;

/// What raft wants done, in the order of the fields.
#[derive(Default)]
pub(crate) struct Output {
    /// Number to give back to [`Raft::on_persisted`].
    pub(crate) number: u64,
    /// The log was replaced by a snapshot: install it before anything else.
    pub(crate) snapshot: Option<eraftpb::Snapshot>,
    /// Entries to persist.
    pub(crate) entries: Vec<Entry>,
    /// Term, vote and commit to persist.
    pub(crate) hard_state: Option<HardState>,
    /// The two above must be durable before the held messages leave.
    pub(crate) must_sync: bool,
    /// Messages that may leave at once.
    pub(crate) messages: Vec<Message>,
    /// Messages that speak of what is being persisted: they wait for it.
    pub(crate) held: Vec<Message>,
    /// Entries to apply.
    pub(crate) committed: Vec<Entry>,
    /// Reads whose index is known: (context, index).
    pub(crate) reads: Vec<(Vec<u8>, u64)>,
}

/// What came of an attempt to hand leadership over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HandOver {
    /// Somebody was asked to take it.
    Begun,
    /// Nobody was heard in this term so far: a leader of a few milliseconds.
    NotYet,
    /// There is no other voter.
    Nobody,
}

/// One member's raft.
pub(crate) struct Raft {
    raw: RawNode<Log>,
    rng: ChaCha8Rng,
    election_ticks: u32,
    /// Timeouts are drawn from this many ticks, from `election_ticks` on.
    timeout_choices: u32,
    timeout_ticks: u32,
    /// (term, role, leader) for which `timeout_ticks` was drawn.
    drawn_for: (u64, Role, u64),
    /// Readies that are not persisted yet: (number, last index it holds, term).
    unpersisted: std::collections::VecDeque<(u64, u64, u64)>,
    durable_index: u64,
    /// The term that is on the disk.
    durable_term: u64,
    /// (number of the ready, index) of a snapshot that is not persisted yet. The log already begins
    /// behind it while `applied` does not, and the crate fails when an election begins in between.
    installing: Option<(u64, u64)>,
    /// A leader that left asked for an election, which has to wait for the disk.
    is_called: bool,
}

impl Raft {
    /// A raft that goes on from this log; `applied` is the index its store has.
    pub(crate) fn new(config: &Config, log: Log, applied: u64) -> Result<Self, String> {
        let settings = raft::Config {
            id: config.member_id.0,
            election_tick: config.election_ticks as usize,
            heartbeat_tick: config.heartbeat_ticks as usize,
            applied,
            max_size_per_msg: config.append_bytes,
            max_inflight_msgs: limits::APPENDS_IN_FLIGHT_MAX,
            check_quorum: config.check_quorum,
            pre_vote: config.pre_vote,
            read_only_option: ReadOnlyOption::Safe,
            max_uncommitted_size: limits::UNCOMMITTED_BYTES_MAX,
            max_committed_size_per_ready: limits::COMMITTED_BYTES_PER_READY_MAX,
            ..raft::Config::default()
        };
        let durable_index = log.last_index().map_err(|e| e.to_string())?;
        let durable_term = log.hard_state.term;
        let logger = slog::Logger::root(slog::Discard, slog::o!());
        let raw = RawNode::new(&settings, log, &logger).map_err(|e| e.to_string())?;
        let mut raft = Self {
            raw,
            rng: ChaCha8Rng::seed_from_u64(config.seed),
            election_ticks: config.election_ticks,
            timeout_choices: if config.spread_timeouts { config.election_ticks } else { 1 },
            timeout_ticks: config.election_ticks,
            drawn_for: (u64::MAX, Role::Follower, 0),
            unpersisted: std::collections::VecDeque::new(),
            durable_index,
            durable_term,
            installing: None,
            is_called: false,
        };
        raft.draw_timeout();
        Ok(raft)
    }

    /// No leader was heard for as long as a member with a vote waits before it calls an election. One
    /// without a vote takes the last leader for its leader for ever.
    pub(crate) fn hears_nobody(&self) -> bool {
        let silence = self.election_elapsed_ticks();
        !self.is_leader() && silence >= self.election_timeout_ticks()
    }

    /// One tick of the clock.
    pub(crate) fn on_tick(&mut self) {
        self.draw_timeout();
        if self.is_leader() || self.can_be_elected() {
            self.raw.tick();
        }
    }

    /// An election may begin here, as far as the disk goes. Whoever votes alone wins it at once, and the
    /// crate ends the process if a leader begins with a log that is not durable.
    fn can_be_elected(&self) -> bool {
        let log = &self.raw.raft.raft_log;
        let voters = self.raw.raft.prs().conf().voters();
        let votes_alone = voters.is_singleton() && voters.contains(self.raw.raft.id);
        self.installing.is_none() && (!votes_alone || log.persisted == log.last_index())
    }

    /// A message that passed [`message::check`].
    pub(crate) fn on_message(&mut self, message: Message) {
        let calls = message.msg_type == eraftpb::MessageType::MsgTimeoutNow;
        if calls && !self.can_be_elected() {
            // A member that is being made anew has no vote to win with yet.
            self.is_called = self.installing.is_none();
            return;
        }
        // The errors are "ignored, no such peer" and "dropped, no leader": nothing to do.
        let _ = self.raw.step(message);
    }

    /// The election timer fires. A member without a vote has nobody to call.
    pub(crate) fn campaign(&mut self) {
        if self.can_be_elected() && self.raw.raft.promotable() {
            let _ = self.raw.campaign();
        }
    }

    /// There is a leader that would take a proposal: not one that is handing over.
    pub(crate) fn takes_proposals(&self) -> bool {
        self.raw.raft.leader_id != 0 && self.raw.raft.lead_transferee.is_none()
    }

    /// Proposes an entry; `false` when raft holds too much uncommitted already.
    pub(crate) fn propose(&mut self, data: Vec<u8>) -> bool {
        self.raw.propose(Vec::new(), data).is_ok()
    }

    /// This member leads and may propose a change of the members now. While one is under way, raft
    /// would turn another into an empty entry without a word, and whoever proposed it would wait in
    /// vain.
    pub(crate) fn takes_changes(&self) -> bool {
        self.is_leader() && self.takes_proposals() && !self.raw.raft.has_pending_conf()
    }

    /// Proposes a change of the members; `false` when raft holds too much uncommitted already. Only
    /// after [`Raft::takes_changes`].
    pub(crate) fn propose_change(&mut self, change: eraftpb::ConfChangeV2) -> bool {
        self.raw.propose_conf_change(Vec::new(), change).is_ok()
    }

    /// Asks for the commit index under which a read is linearizable. The answer comes in
    /// [`Output::reads`] under `context`, or never: the caller asks again.
    pub(crate) fn read_index(&mut self, context: Vec<u8>) {
        self.raw.read_index(context);
    }

    /// Hands leadership to the voter that is furthest of those that were heard in this term.
    pub(crate) fn transfer_leadership(&mut self) -> HandOver {
        if self.other_voters().is_empty() {
            return HandOver::Nobody;
        }
        let heard = self.other_voters().into_iter().filter(|(_, _, heard)| *heard);
        let Some(to) = furthest(heard) else { return HandOver::NotYet };
        self.raw.transfer_leader(to);
        HandOver::Begun
    }

    /// Hands leadership to this voter; it takes effect within an election timeout or not at all.
    pub(crate) fn transfer_leadership_to(&mut self, to: MemberId) {
        self.raw.transfer_leader(to.0);
    }

    /// This member is out of the configuration. The crate would let a removed leader lead on, and
    /// ends the process when it commits or persists something then; so it follows nobody from here
    /// on, after telling the voter that is furthest to call an election at once.
    pub(crate) fn retire(&mut self) {
        if !self.is_leader() {
            return;
        }
        let others = self.other_voters();
        let heard = others.iter().copied().filter(|(_, _, heard)| *heard);
        if let Some(to) = furthest(heard).or_else(|| furthest(others.iter().copied())) {
            self.raw.raft.send_timeout_now(to);
        }
        let term = self.term();
        self.raw.raft.become_follower(term, raft::INVALID_ID);
    }

    /// (id, last index on its disk, heard in this term) of the other voters, in no order.
    fn other_voters(&self) -> Vec<(u64, u64, bool)> {
        let own = self.raw.raft.id;
        let prs = self.raw.raft.prs();
        prs.iter()
            .filter(|(id, _)| **id != own && prs.conf().voters().contains(**id))
            .map(|(id, peer)| (*id, peer.matched, peer.recent_active))
            .collect()
    }

    /// The network lost its connection to a peer.
    pub(crate) fn on_unreachable(&mut self, peer: MemberId) {
        self.raw.report_unreachable(peer.0);
    }

    /// A snapshot transfer ended.
    pub(crate) fn on_snapshot_sent(&mut self, to: MemberId, arrived: bool) {
        let status =
            if arrived { raft::SnapshotStatus::Finish } else { raft::SnapshotStatus::Failure };
        self.raw.report_snapshot(to.0, status);
    }

    /// Applies a change of the members; returns the configuration to store.
    pub(crate) fn apply_conf_change(
        &mut self,
        change: &eraftpb::ConfChangeV2,
    ) -> Option<ConfState> {
        let mut state = self.raw.apply_conf_change(change).ok()?;
        sort(&mut state);
        Some(state)
    }

    /// What there is to do now, if anything. Its entries are already in the log in memory.
    pub(crate) fn output(&mut self) -> Option<Output> {
        if !self.raw.has_ready() {
            return None;
        }
        let mut ready = self.raw.ready();
        let mut output = Output {
            number: ready.number(),
            snapshot: (!ready.snapshot().is_empty()).then(|| ready.snapshot().clone()),
            entries: ready.take_entries(),
            hard_state: ready.hs().cloned(),
            must_sync: ready.must_sync(),
            messages: ready.take_messages(),
            held: ready.take_persisted_messages(),
            committed: ready.take_committed_entries(),
            reads: ready
                .take_read_states()
                .into_iter()
                .map(|read| (read.request_ctx, read.index))
                .collect(),
        };
        if self.durable_term < self.term() {
            // A voter that is alone wins before its own vote is durable. Learners must not hear of a
            // term that a crash could take back, and that it would lead once more, with other entries.
            output.held.append(&mut output.messages);
        }
        order::sort_by_key(&mut output.messages, |message| message.to);
        order::sort_by_key(&mut output.held, |message| message.to);
        let log = self.raw.mut_store();
        if let Some(snapshot) = &mut output.snapshot {
            sort(snapshot.mut_metadata().mut_conf_state());
            log.restart_behind(snapshot.get_metadata());
            self.installing = Some((output.number, snapshot.get_metadata().index));
        }
        if let Some(first) = output.entries.first() {
            // What a new leader replaces is not durable any more, on whichever way it was.
            let kept = first.index - 1;
            self.durable_index = self.durable_index.min(kept);
            self.unpersisted.iter_mut().for_each(|(_, last, _)| *last = (*last).min(kept));
        }
        log.append(&output.entries);
        if let Some(hard_state) = &output.hard_state {
            log.hard_state = hard_state.clone();
        }
        let last = log.last_index().expect("the log in memory has a last index");
        self.raw.advance_append_async(ready);
        self.unpersisted.push_back((output.number, last, self.term()));
        Some(output)
    }

    /// Everything up to the ready of this number is durable.
    pub(crate) fn on_persisted(&mut self, number: u64) {
        while let Some((ready, last, term)) = self.unpersisted.front().copied()
            && ready <= number
        {
            self.durable_index = last;
            self.durable_term = self.durable_term.max(term);
            self.unpersisted.pop_front();
        }
        self.raw.on_persist_ready(number);
        if let Some((ready, index)) = self.installing
            && ready <= number
        {
            self.installing = None;
            self.raw.advance_apply_to(index);
        }
        if self.is_called && self.can_be_elected() {
            self.is_called = false;
            self.campaign();
        }
    }

    /// The store has everything up to `index`.
    pub(crate) fn on_applied(&mut self, index: u64) {
        self.raw.advance_apply_to(index);
    }

    /// What the durable store holds: snapshots for slow members are made of it.
    pub(crate) fn set_stored(&mut self, meta: eraftpb::SnapshotMetadata) {
        self.raw.mut_store().stored = meta;
    }

    /// Forgets entries up to and including `index`.
    pub(crate) fn compact(&mut self, index: u64) {
        self.raw.mut_store().compact(index);
    }

    fn draw_timeout(&mut self) {
        let seen = (self.term(), self.role(), self.raw.raft.leader_id);
        if seen != self.drawn_for {
            self.drawn_for = seen;
            let choices = u64::from(self.timeout_choices);
            let extra = u32::try_from(self.rng.next_u64() % choices).expect("below a u32");
            self.timeout_ticks = self.election_ticks + extra;
        }
        self.raw.raft.set_randomized_election_timeout(self.timeout_ticks as usize);
    }
}

/// The voter with the longest log, the one with the lowest id of several.
fn furthest(voters: impl Iterator<Item = (u64, u64, bool)>) -> Option<u64> {
    voters.max_by_key(|(id, matched, _)| (*matched, std::cmp::Reverse(*id))).map(|(id, _, _)| id)
}

/// What may be seen.
impl Raft {
    pub(crate) fn role(&self) -> Role {
        match self.raw.raft.state {
            StateRole::Leader => Role::Leader,
            StateRole::Candidate => Role::Candidate,
            StateRole::PreCandidate => Role::PreCandidate,
            StateRole::Follower if self.is_learner() => Role::Learner,
            StateRole::Follower => Role::Follower,
        }
    }

    fn is_learner(&self) -> bool {
        self.raw.raft.prs().conf().learners().contains(&self.raw.raft.id)
    }

    pub(crate) fn is_leader(&self) -> bool {
        self.raw.raft.state == StateRole::Leader
    }

    pub(crate) fn term(&self) -> u64 {
        self.raw.raft.term
    }

    pub(crate) fn vote(&self) -> Option<MemberId> {
        (self.raw.raft.vote != 0).then_some(MemberId(self.raw.raft.vote))
    }

    pub(crate) fn leader(&self) -> Option<MemberId> {
        (self.raw.raft.leader_id != 0).then_some(MemberId(self.raw.raft.leader_id))
    }

    pub(crate) fn commit(&self) -> u64 {
        self.raw.raft.raft_log.committed
    }

    pub(crate) fn last_index(&self) -> u64 {
        self.raw.raft.raft_log.last_index()
    }

    pub(crate) fn first_index(&self) -> u64 {
        self.raw.store().first_index().expect("the log in memory has a first index")
    }

    /// The last index on this member's disk: in its log or, behind a snapshot, in its store.
    pub(crate) fn durable_index(&self) -> u64 {
        self.durable_index.max(self.raw.store().stored.index).min(self.last_index())
    }

    pub(crate) fn term_at(&self, index: u64) -> Option<u64> {
        if index > self.last_index() {
            return None;
        }
        self.raw.raft.raft_log.term(index).ok().filter(|term| *term != 0)
    }

    pub(crate) fn entries(&self, from: u64, to: u64) -> Vec<EntryView> {
        let from = from.max(self.first_index());
        let to = to.min(self.last_index());
        if from > to {
            return Vec::new();
        }
        // `output` moves new entries into the store at once, so the store has all of them
        // outside of `step`.
        self.raw.store().slice(from, to + 1).iter().map(EntryView::from).collect()
    }

    /// The whole log in memory, to write it for the first time.
    pub(crate) fn all_entries(&self) -> Vec<Entry> {
        self.raw.store().slice(self.first_index(), self.last_index() + 1).to_vec()
    }

    pub(crate) fn progress(&self) -> Vec<PeerProgress> {
        if !self.is_leader() {
            return Vec::new();
        }
        let mut peers: Vec<PeerProgress> = self
            .raw
            .raft
            .prs()
            .iter()
            .map(|(id, peer)| PeerProgress {
                id: MemberId(*id),
                mode: match peer.state {
                    raft::ProgressState::Probe => ProgressMode::Probe,
                    raft::ProgressState::Replicate => ProgressMode::Replicate,
                    raft::ProgressState::Snapshot => ProgressMode::Snapshot,
                },
                matched: peer.matched,
                next: peer.next_idx,
                recent_active: peer.recent_active,
                paused: peer.is_paused(),
            })
            .collect();
        order::sort_by_key(&mut peers, |peer| peer.id);
        peers
    }

    pub(crate) fn election_elapsed_ticks(&self) -> u32 {
        u32::try_from(self.raw.raft.election_elapsed).unwrap_or(u32::MAX)
    }

    pub(crate) fn election_timeout_ticks(&self) -> u32 {
        self.timeout_ticks
    }

    pub(crate) fn conf_state(&self) -> ConfState {
        let mut state = self.raw.raft.prs().conf().to_conf_state();
        sort(&mut state);
        state
    }

    /// The hard state as it stands.
    pub(crate) fn hard_state(&self) -> HardState {
        self.raw.raft.hard_state()
    }
}

/// Reads a conf change of either version as version 2.
pub(crate) fn conf_change(entry: &Entry) -> Option<eraftpb::ConfChangeV2> {
    use raft_proto::ConfChangeI as _;
    match entry.entry_type {
        EntryType::EntryNormal => None,
        EntryType::EntryConfChange => {
            eraftpb::ConfChange::parse_from_bytes(&entry.data).ok().map(|v1| v1.into_v2())
        }
        EntryType::EntryConfChangeV2 => eraftpb::ConfChangeV2::parse_from_bytes(&entry.data).ok(),
    }
}

/// Puts the lists of a configuration in order; the crate leaves them in the order of a hash map.
pub(crate) fn sort(state: &mut ConfState) {
    order::sort(state.mut_voters());
    order::sort(state.mut_learners());
    order::sort(state.mut_voters_outgoing());
    order::sort(state.mut_learners_next());
}
