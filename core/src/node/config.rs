//! What a node is told at birth and never changes afterwards.

use super::AutoCompaction;
use crate::auth::password;
use crate::id::{ClusterId, MemberId};
use crate::limits;
use crate::membership::Member;

/// What kind of token a client gets for its password (`--auth-token`). All members of a cluster must
/// have the same kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenKind {
    /// Random letters, which each member remembers.
    #[default]
    Simple,
    /// A signed text that tells its user (`jwt`): the world signs and verifies.
    Signed,
}

/// Everything that a node needs to know before its first input.
#[derive(Clone, Debug)]
pub struct Config {
    /// This member.
    pub member_id: MemberId,
    /// Its cluster. A data directory of another cluster is refused.
    pub cluster_id: ClusterId,
    /// The first members, this one among them, in any order. Read only when the disk is empty;
    /// later the disk knows better. Empty for a member that joins a running cluster.
    pub bootstrap: Vec<Member>,
    /// The name that this member publishes (`--name`).
    pub name: String,
    /// The URLs that it publishes for clients (`--advertise-client-urls`).
    pub client_urls: Vec<String>,
    /// Seed of this node's own random stream (election timeouts, ids of proposals). A new one at
    /// every start, or two lives of a member would use the same proposal ids.
    pub seed: u64,
    /// Milliseconds between two `Input::Tick` (`--heartbeat-interval`).
    pub tick_ms: u64,
    /// Ticks between two heartbeats of a leader.
    pub heartbeat_ticks: u32,
    /// Ticks without a leader before an election; the actual time is drawn from
    /// `[election_ticks, 2 * election_ticks)` (Raft 5.2).
    pub election_ticks: u32,
    /// The time is drawn at all; without, all members ask at once and split their votes.
    pub spread_timeouts: bool,
    /// Bytes of entries in one append to a follower; 0 is one entry each.
    pub append_bytes: u64,
    /// Ask before an election whether it could be won (dissertation 9.6).
    pub pre_vote: bool,
    /// A leader that does not hear a majority for an election timeout steps down.
    pub check_quorum: bool,
    /// Applied entries after which the log in memory is compacted (`--snapshot-count`).
    pub snapshot_count: u64,
    /// Entries that stay behind a compaction for followers that are a little late
    /// (`--snapshot-catchup-entries`, 5000 in etcd).
    pub snapshot_catchup_entries: u64,
    /// Bytes of rows in one part of a snapshot transfer.
    pub snapshot_chunk_bytes: u64,
    /// Bytes after which a WAL segment is closed (64 MB in etcd).
    pub wal_segment_bytes: u64,
    /// Largest request that is accepted, in bytes (`--max-request-bytes`).
    pub max_request_bytes: u64,
    /// Bytes of keys and values that the answer to one range may hold (`--max-range-bytes`).
    pub max_range_bytes: u64,
    /// Most operations in one transaction (`--max-txn-ops`).
    pub max_txn_ops: u64,
    /// Space for the store in bytes, 0 for etcd's default of 2 GiB, negative for no quota
    /// (`--quota-backend-bytes`).
    pub quota_backend_bytes: i64,
    /// Clear the `NOSPACE` that this member raised when it has room again (`--quota-auto-disarm`).
    pub quota_auto_disarm: bool,
    /// Rows that one step of compaction deletes (`--compaction-batch-limit`).
    pub compaction_batch_rows: u64,
    /// Compact by oneself (`--auto-compaction-mode`, `--auto-compaction-retention`).
    pub auto_compaction: Option<AutoCompaction>,
    /// Before it takes part, compare this member's keys with its peers'
    /// (`--feature-gates InitialCorruptCheck=true`).
    pub initial_corrupt_check: bool,
    /// Milliseconds between two comparisons of all members (`--corrupt-check-time`).
    pub corrupt_check_ms: Option<u64>,
    /// Milliseconds between two looks whether compacted revisions agree
    /// (`--compact-hash-check-time`, with `--feature-gates CompactHashCheck=true`).
    pub compact_hash_check_ms: Option<u64>,
    /// Milliseconds between two notices of progress to a watcher that hears nothing else
    /// (`--watch-progress-notify-interval`).
    pub watch_progress_notify_ms: u64,
    /// Refuse changes of the members that could cost the quorum (`--strict-reconfig-check`).
    pub strict_reconfig_check: bool,
    /// Most learners in the cluster (`--max-learners`).
    pub max_learners: u32,
    /// The wall clock at the start of this life, in seconds since 1970. The ids of members that are
    /// added are made of it and of the ticks since; nothing else is.
    pub started_unix_s: u64,
    /// Ticks between two commits of the store, unless a batch is full before.
    pub store_flush_ticks: u32,
    /// What kind of token a client gets for its password (`--auth-token`).
    pub token_kind: TokenKind,
    /// Seconds after which a simple token ends that is not used (`--auth-token-ttl`).
    pub auth_token_ttl_seconds: u64,
    /// Work for one guess of a password: 2 to this power rounds (`--bcrypt-cost`).
    pub bcrypt_cost: u32,
    /// Seconds after which the leader notes in the log how much of a longer lease is left.
    pub lease_checkpoint_seconds: u64,
}

impl Config {
    /// etcd's defaults for this member.
    #[must_use]
    pub fn new(member_id: MemberId, cluster_id: ClusterId) -> Self {
        Self {
            member_id,
            cluster_id,
            bootstrap: Vec::new(),
            name: String::from("default"),
            client_urls: Vec::new(),
            seed: 0,
            tick_ms: 100,
            heartbeat_ticks: 1,
            election_ticks: 10,
            spread_timeouts: true,
            append_bytes: limits::APPEND_BYTES_MAX,
            pre_vote: true,
            check_quorum: true,
            snapshot_count: 10_000,
            snapshot_catchup_entries: 5_000,
            snapshot_chunk_bytes: 64 * 1024,
            wal_segment_bytes: 64 * 1024 * 1024,
            max_request_bytes: 1_572_864,
            max_range_bytes: limits::RANGE_BYTES_MAX,
            max_txn_ops: 128,
            quota_backend_bytes: 0,
            quota_auto_disarm: true,
            compaction_batch_rows: limits::COMPACTION_ROWS_PER_STEP,
            auto_compaction: None,
            initial_corrupt_check: false,
            corrupt_check_ms: None,
            compact_hash_check_ms: None,
            watch_progress_notify_ms: 600_000,
            strict_reconfig_check: true,
            max_learners: 1,
            started_unix_s: 0,
            store_flush_ticks: 1,
            token_kind: TokenKind::Simple,
            auth_token_ttl_seconds: 300,
            bcrypt_cost: password::COST_DEFAULT,
            lease_checkpoint_seconds: limits::LEASE_CHECKPOINT_INTERVAL_SECONDS,
        }
    }
}
