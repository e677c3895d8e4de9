//! What a world is told at birth: its size, its seed, and the physics of links and disks.

use glasshouse_core::limits;
use glasshouse_core::node::AutoCompaction;

use crate::clock::{MILLIS, Nanos};
use crate::mutant::Plants;
use crate::place::MemberNo;

/// Everything that decides a world before its first event. Together with what is done to the
/// world afterwards ([`Action`](super::Action)s and calls, each at its virtual time), it decides
/// every byte of the history.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The seed of all random streams.
    pub seed: u64,
    /// How many first members: 1 to 9.
    pub members: u8,
    /// The members start by themselves at time zero; otherwise each waits for
    /// [`Action::Restart`](super::Action::Restart).
    pub autostart: bool,
    /// One-way latency between members, in nanoseconds, before jitter.
    pub latency: Nanos,
    /// The latency of a message is drawn from `latency - jitter ..= latency + jitter`.
    pub jitter: Nanos,
    /// One-way latency between a client and a member, without jitter.
    pub client_latency: Nanos,
    /// How long an fsync takes, in nanoseconds, before jitter.
    pub fsync: Nanos,
    /// The time of an fsync is drawn from `fsync - jitter ..= fsync + jitter`.
    pub fsync_jitter: Nanos,
    /// How long a process takes from its start to reading its disk.
    pub startup: Nanos,
    /// Milliseconds between two ticks of a member (and between two heartbeats).
    pub tick_ms: u64,
    /// Ticks without a leader before an election; the actual time is drawn from
    /// `[election_ticks, 2 * election_ticks)`.
    pub election_ticks: u32,
    /// The protocol's rules that a lesson may switch off.
    pub rules: Rules,
    /// Applied entries after which a member compacts its log (`--snapshot-count`).
    pub snapshot_count: u64,
    /// Entries that stay behind a compaction for followers that are a little late.
    pub snapshot_catchup_entries: u64,
    /// Bytes of entries in one append to a follower; 0 is one entry each.
    pub append_bytes: u64,
    /// Bytes of rows in one part of a snapshot transfer.
    pub snapshot_chunk_bytes: u64,
    /// Bytes after which a WAL segment is closed.
    pub wal_segment_bytes: u64,
    /// Ticks between two commits of a member's store.
    pub store_flush_ticks: u32,
    /// Changes of the members that could cost the quorum are refused
    /// (`--strict-reconfig-check`).
    pub strict_reconfig_check: bool,
    /// Seconds after which a leader notes in the log how much of a longer lease is left.
    pub lease_checkpoint_seconds: u64,
    /// Bytes of each member's quota (`--quota-backend-bytes`): 0 for etcd's 2 GiB.
    pub quota_backend_bytes: i64,
    /// Milliseconds between two comparisons of all members (`--corrupt-check-time`).
    pub corrupt_check_ms: Option<u64>,
    /// A leader compacts by itself (`--auto-compaction-mode`).
    pub auto_compaction: Option<AutoCompaction>,
    /// Faults planted in the members from the beginning; empty for an honest world.
    pub mutants: Plants,
    /// The checkers judge every event. Switched off only to measure what they cost.
    pub checked: bool,
    /// Only what clients can see ends a run: a lesson shows what comes of a fault that the checkers of the
    /// inside would stop at its cause.
    pub clients_only: bool,
}

/// Rules of the protocol that can be switched, for lessons that show what they are good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Ask before an election whether it could be won (dissertation 9.6).
    pub pre_vote: bool,
    /// A leader that does not hear a majority for an election timeout steps down.
    pub check_quorum: bool,
    /// Election timeouts are drawn, so that chance breaks ties (Raft 5.2).
    pub spread: bool,
}

impl Spec {
    /// The default world of the lessons (D3 with three members, D5 with five): 2 ms +-1 ms one
    /// way, 2 ms for an fsync, 100 ms ticks, elections after 1 to 2 s, no planted fault.
    #[must_use]
    pub fn lesson(seed: u64, members: u8) -> Self {
        Self {
            seed,
            members,
            autostart: true,
            latency: 2 * MILLIS,
            jitter: MILLIS,
            client_latency: MILLIS / 2,
            fsync: 2 * MILLIS,
            fsync_jitter: MILLIS / 2,
            startup: 20 * MILLIS,
            tick_ms: 100,
            election_ticks: 10,
            rules: Rules { pre_vote: true, check_quorum: true, spread: true },
            snapshot_count: 10_000,
            snapshot_catchup_entries: 5_000,
            append_bytes: limits::APPEND_BYTES_MAX,
            snapshot_chunk_bytes: 64 * 1024,
            wal_segment_bytes: 1024 * 1024,
            store_flush_ticks: 5,
            strict_reconfig_check: true,
            lease_checkpoint_seconds: limits::LEASE_CHECKPOINT_INTERVAL_SECONDS,
            quota_backend_bytes: 0,
            corrupt_check_ms: None,
            auto_compaction: None,
            mutants: Plants::default(),
            checked: true,
            clients_only: false,
        }
    }

    /// The world in which seeds are swept for bugs: see [`Ground::of_seed`].
    #[must_use]
    pub fn hunt(seed: u64, members: u8) -> Self {
        Ground::of_seed(seed).spec(seed, members)
    }

    /// The first members of this world; others may join later.
    pub fn member_numbers(&self) -> impl DoubleEndedIterator<Item = MemberNo> + Clone + use<> {
        MemberNo::first(self.members)
    }
}

/// What a hunt stands on: the settings in which its worlds differ. Each has its own bugs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ground {
    /// Snapshots are taken and sent many times a minute, segments are closed and dropped, and
    /// leases of a few seconds get checkpoints.
    pub short_log: bool,
    /// Changes of the members that could cost the quorum are refused.
    pub strict_reconfig: bool,
    /// Bytes of each member's quota, 0 for etcd's own: small enough to run over between two
    /// compactions.
    pub quota_bytes: i64,
    /// Milliseconds between two comparisons of all members.
    pub compare_ms: Option<u64>,
    /// A leader compacts by itself.
    pub compaction: Option<AutoCompaction>,
    /// Each append to a follower holds one entry, so that a schedule can part two of them.
    pub single_appends: bool,
    /// Only what clients can see ends the run (lessons; hunts want the cause).
    pub clients_only: bool,
}

impl Ground {
    /// The ground of the lessons.
    pub const PLAIN: Self = Self {
        short_log: false,
        strict_reconfig: true,
        quota_bytes: 0,
        compare_ms: None,
        compaction: None,
        single_appends: false,
        clients_only: false,
    };

    /// A ground for a seed: always a short log; in some seeds quotas run over, leaders compact by
    /// themselves, or members compare their hashes.
    #[must_use]
    pub fn of_seed(seed: u64) -> Self {
        Self {
            short_log: true,
            strict_reconfig: seed.is_multiple_of(2),
            quota_bytes: if seed % 3 == 1 { 8 * 1024 } else { 0 },
            compare_ms: Some(3_000).filter(|_| seed % 5 == 2),
            compaction: match seed % 7 {
                3 => Some(AutoCompaction::Periodic { period_ms: 10_000 }),
                5 => Some(AutoCompaction::Revision { revisions: 100 }),
                _ => None,
            },
            single_appends: false,
            clients_only: false,
        }
    }

    /// A world on this ground.
    #[must_use]
    pub fn spec(&self, seed: u64, members: u8) -> Spec {
        let mut spec = Spec {
            strict_reconfig_check: self.strict_reconfig,
            quota_backend_bytes: self.quota_bytes,
            corrupt_check_ms: self.compare_ms,
            auto_compaction: self.compaction,
            clients_only: self.clients_only,
            ..Spec::lesson(seed, members)
        };
        if self.single_appends {
            spec.append_bytes = 0;
        }
        if self.short_log {
            spec.snapshot_count = 200;
            spec.snapshot_catchup_entries = 50;
            spec.snapshot_chunk_bytes = 4 * 1024;
            spec.wal_segment_bytes = 32 * 1024;
            spec.store_flush_ticks = 3;
            // What is left is noted in whole seconds, rounded up: after one second that is all.
            spec.lease_checkpoint_seconds = 2;
        }
        spec
    }
}
