//! What panels, checkers and metrics may see of a node: everything, and change nothing.
//!
//! A view borrows the node. Numbers are read on the spot; nothing is cached, so a view is never
//! older than the node.

use bytes::Bytes;
use raft::eraftpb::{self, EntryType};

use super::Node;
use crate::api::AlarmType;
use crate::auth::Auth;
use crate::id::{CallId, ClusterId, MemberId};
use crate::lease::{Deadlines, Lessor};
use crate::membership::Membership;
use crate::mvcc::Mvcc;
use crate::watch::Watches;

/// The role of a member in its term (Raft figure 4; pre-candidate: dissertation 9.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Follows a leader, or waits for one.
    Follower,
    /// Asks whether it could win an election.
    PreCandidate,
    /// Asks for votes.
    Candidate,
    /// Leads its term.
    Leader,
    /// Gets the log but has no vote.
    Learner,
}

/// How the leader feeds a peer (raft's progress states).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgressMode {
    /// One append at a time, until it is known where the logs part.
    Probe,
    /// A stream of appends.
    Replicate,
    /// A snapshot is on its way.
    Snapshot,
}

/// What a leader knows of one peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerProgress {
    /// The peer.
    pub id: MemberId,
    /// How it is fed.
    pub mode: ProgressMode,
    /// The last index known to be on its disk.
    pub matched: u64,
    /// The next index to send.
    pub next: u64,
    /// It was heard since the last check of the quorum.
    pub recent_active: bool,
    /// Nothing is sent to it until it answers.
    pub paused: bool,
}

/// What kind of thing a log entry holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// The empty entry with which a leader begins its term.
    Empty,
    /// An `InternalRaftRequest`.
    Request,
    /// A change of the members.
    ConfChange,
}

/// One entry of the raft log.
#[derive(Clone, Debug)]
pub struct EntryView {
    /// Its index, from 1.
    pub index: u64,
    /// The term of the leader that made it.
    pub term: u64,
    /// What it holds.
    pub kind: EntryKind,
    /// The payload: an encoded `InternalRaftRequest` or conf change.
    pub data: Bytes,
}

impl From<&eraftpb::Entry> for EntryView {
    fn from(entry: &eraftpb::Entry) -> Self {
        let kind = match entry.entry_type {
            EntryType::EntryNormal if entry.data.is_empty() => EntryKind::Empty,
            EntryType::EntryNormal => EntryKind::Request,
            EntryType::EntryConfChange | EntryType::EntryConfChangeV2 => EntryKind::ConfChange,
        };
        Self { index: entry.index, term: entry.term, kind, data: entry.data.clone() }
    }
}

impl EntryView {
    /// The member that this entry removes, and the user who wants that: if it is a member where the
    /// entry is applied, and he may.
    #[must_use]
    pub fn removal(&self) -> Option<(MemberId, String)> {
        super::words::removal(self)
    }

    /// A few words for a cell of a panel: `put stock/apples 41`, `leader`, `name n1`, `member n2`.
    #[must_use]
    pub fn words(&self) -> String {
        super::words::entry_words(self)
    }
}

/// Where in the WAL the next bytes go, and how far it is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalPosition {
    /// Segment that is written.
    pub segment: u64,
    /// Offset of the next byte in it.
    pub offset: u64,
    /// Number of the last append given out.
    pub appended_seq: u64,
    /// Number of the last append that the world called durable.
    pub persisted_seq: u64,
}

/// A node, to look at.
#[derive(Clone, Copy)]
pub struct NodeView<'a> {
    pub(super) node: &'a Node,
}

impl<'a> NodeView<'a> {
    /// This member.
    #[must_use]
    pub fn id(&self) -> MemberId {
        self.node.config.member_id
    }
    /// Its cluster.
    #[must_use]
    pub fn cluster_id(&self) -> ClusterId {
        self.node.config.cluster_id
    }

    /// The name that it publishes (`--name`).
    #[must_use]
    pub fn name(&self) -> &'a str {
        &self.node.config.name
    }

    /// Its role.
    #[must_use]
    pub fn role(&self) -> Role {
        self.node.raft.role()
    }
    /// Its term.
    #[must_use]
    pub fn term(&self) -> u64 {
        self.node.raft.term()
    }
    /// Whom it voted for in this term.
    #[must_use]
    pub fn vote(&self) -> Option<MemberId> {
        self.node.raft.vote()
    }
    /// Whom it takes for the leader.
    #[must_use]
    pub fn leader(&self) -> Option<MemberId> {
        self.node.raft.leader()
    }
    /// The last index that it knows to be committed.
    #[must_use]
    pub fn commit(&self) -> u64 {
        self.node.raft.commit()
    }
    /// The last index that is applied to its store.
    #[must_use]
    pub fn applied(&self) -> u64 {
        self.node.applied.index
    }
    /// The last index of its log, durable or not.
    #[must_use]
    pub fn last_index(&self) -> u64 {
        self.node.raft.last_index()
    }
    /// The first index that is still in its log.
    #[must_use]
    pub fn first_index(&self) -> u64 {
        self.node.raft.first_index()
    }
    /// The last index that is on its own disk, in its log or, behind a snapshot, in its store.
    #[must_use]
    pub fn durable_index(&self) -> u64 {
        self.node.raft.durable_index()
    }
    /// The last index that is in the durable store (everything before needs no log).
    #[must_use]
    pub fn stored_index(&self) -> u64 {
        self.node.stored.index
    }
    /// The term of the entry at `index`, if the log still knows it.
    #[must_use]
    pub fn term_at(&self, index: u64) -> Option<u64> {
        self.node.raft.term_at(index)
    }
    /// Entries `from ..= to` that are still in the log.
    #[must_use]
    pub fn entries(&self, from: u64, to: u64) -> Vec<EntryView> {
        self.node.raft.entries(from, to)
    }
    /// What the leader knows of its peers; empty unless this member leads.
    #[must_use]
    pub fn progress(&self) -> Vec<PeerProgress> {
        self.node.raft.progress()
    }
    /// Ticks since it heard its leader (or began its election).
    #[must_use]
    pub fn election_elapsed_ticks(&self) -> u32 {
        self.node.raft.election_elapsed_ticks()
    }
    /// Ticks after which it calls an election.
    #[must_use]
    pub fn election_timeout_ticks(&self) -> u32 {
        self.node.raft.election_timeout_ticks()
    }
    /// The members, as far as this one has applied the log.
    #[must_use]
    pub fn membership(&self) -> &'a Membership {
        &self.node.membership
    }
    /// It was removed from the cluster, and will end as soon as a member that stays is sure of that.
    #[must_use]
    pub fn is_removed(&self) -> bool {
        self.node.removals.is_out()
    }
    /// Whoever was removed may be told by this member: it stays, and no crash makes it forget.
    #[must_use]
    pub fn tells_removals(&self) -> bool {
        self.node.tells_removals()
    }
    /// Its key-value store: revision, compaction, keys, hash.
    #[must_use]
    pub fn mvcc(&self) -> &'a Mvcc {
        &self.node.mvcc
    }
    /// Who watches its keys, and how far they are.
    #[must_use]
    pub fn watches(&self) -> &'a Watches {
        &self.node.watches
    }

    /// Users and roles, as far as this one has applied the log.
    #[must_use]
    pub fn auth(&self) -> &'a Auth {
        &self.node.auth
    }
    /// Simple tokens that this member accepts.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.node.tokens.len()
    }
    /// The leases, as far as this one has applied the log.
    #[must_use]
    pub fn lessor(&self) -> &'a Lessor {
        &self.node.lessor
    }
    /// When leases run out; `None` unless this member leads and judges that.
    #[must_use]
    pub fn lease_deadlines(&self) -> Option<&'a Deadlines> {
        self.node.expiry.deadlines.as_ref()
    }
    /// It has compared its keys with its peers', or need not: it may serve.
    #[must_use]
    pub fn is_compared(&self) -> bool {
        self.node.is_compared()
    }
    /// The last compacted revision at which it found, as the leader, that all members agree; 0 for none.
    #[must_use]
    pub fn compared_compaction(&self) -> i64 {
        self.node.compared_compaction()
    }
    /// It has room under its quota again, and its own `NOSPACE` still stands: a moment ago, or the word
    /// that takes it back is on its way.
    #[must_use]
    pub fn owes_disarm(&self) -> bool {
        self.node.owes_disarm()
    }
    /// Bytes that count against its quota.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        self.node.used_bytes()
    }
    /// Its quota in bytes, if it has one.
    #[must_use]
    pub fn quota_bytes(&self) -> Option<u64> {
        self.node.quota_bytes()
    }
    /// The alarms that stand, as (member, type).
    #[must_use]
    pub fn alarms(&self) -> Vec<(MemberId, AlarmType)> {
        let list = self.node.alarms.list(AlarmType::None as i32);
        list.iter().map(|alarm| (MemberId(alarm.member_id), alarm.alarm())).collect()
    }
    /// Its place in the WAL.
    #[must_use]
    pub fn wal(&self) -> WalPosition {
        self.node.wal.position()
    }
    /// Calls of clients that wait for an answer.
    #[must_use]
    pub fn open_calls(&self) -> usize {
        self.node.calls.len()
    }
    /// The call that waits here until the entry with this id (in its `RequestHeader`) is applied.
    #[must_use]
    pub fn call_of(&self, id: u64) -> Option<CallId> {
        self.node.proposals.call_of(id)
    }

    /// Why the node halted, if it did.
    #[must_use]
    pub fn halted(&self) -> Option<&'a str> {
        self.node.halted.as_deref()
    }
    /// Messages that were dropped because they were damaged or could not come from a member.
    #[must_use]
    pub fn refused_messages(&self) -> u64 {
        self.node.refused_messages
    }
}
