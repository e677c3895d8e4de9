//! Every bound of the core: its name, its unit and the reason for its value.
//!
//! A bound that a user may set lives in [`Config`](crate::node::Config); here are the others.

/// Bytes of entries in one append message. etcd uses 512 KiB
/// (`maxSizePerMsg` in `server/etcdserver/raft.go`): large enough to catch up quickly, small enough
/// not to delay heartbeats.
pub const APPEND_BYTES_MAX: u64 = 512 * 1024;

/// Appends under way to one peer before it must answer. etcd uses 512 (`maxInflightMsgs`).
pub const APPENDS_IN_FLIGHT_MAX: usize = 512;

/// Bytes of proposals that the leader holds uncommitted; more are refused. 1 GiB in etcd
/// (`MaxUncommittedEntriesSize`), a quarter here: it is memory of one process.
pub const UNCOMMITTED_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Bytes of committed entries applied in one go, so that a long catch-up does not hold up ticks.
pub const COMMITTED_BYTES_PER_READY_MAX: u64 = 4 * 1024 * 1024;

/// Entries by which apply may lag behind commit before new requests get `too many requests`
/// (etcd: `maxGapBetweenApplyAndCommitIndex` in `v3_server.go`).
pub const APPLY_LAG_ENTRIES_MAX: u64 = 5_000;

/// Bytes of keys and values in the answer to one range, when the user names no other number. An
/// answer is held twice, as pairs and as bytes on their way, and one client can ask for several. A
/// gRPC message cannot be larger than 2 GiB whatever the server does. etcd has no limit here; a
/// careless `get --prefix ""` can end it (issues 12342, 14809).
pub const RANGE_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Calls of clients that may wait in one node. A guard for memory: at 1.5 MiB a request the quota of
/// raft is reached long before.
pub const OPEN_CALLS_MAX: usize = 100_000;

/// Milliseconds that etcd adds to twice the election timeout before it gives a request up
/// (`ReqTimeout` in `server/config/config.go`).
pub const REQUEST_TIMEOUT_MS: u64 = 5_000;

/// Milliseconds after which an unanswered read index is asked again with a fresh context
/// (etcd: `readIndexRetryTime` in `v3_server.go`). The leader drops what it gets before its first
/// commit.
pub const READ_INDEX_RETRY_MS: u64 = 500;

/// Bytes of rows in the store's next batch that make it leave before its time. 4 MiB keep a commit
/// under a tenth of a second on a slow disk.
pub const STORE_BATCH_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Bytes of pages that the store keeps in memory. Index and recent rows are elsewhere, so this only
/// has to hold the upper levels of the tree and what is read often; the file system caches the rest.
pub const STORE_CACHE_BYTES: usize = 256 * 1024 * 1024;

/// Rows that are read of a registry ([`discovery`](crate::discovery)): a cluster has nine members at most, and
/// whoever wrote more than this there did not mean a cluster.
pub const DISCOVERY_ROWS_MAX: i64 = 1_024;

/// Parts of a snapshot under way before the receiver must answer: enough to fill a link with a
/// round trip of a few milliseconds.
pub const SNAPSHOT_PARTS_IN_FLIGHT_MAX: u64 = 8;

/// Bytes of a snapshot file in one message to a client (etcd: `snapshotSendBufferSize`).
pub const SNAPSHOT_FILE_PART_BYTES: usize = 32 * 1024;

/// Ticks without an answer after which a snapshot transfer is given up and started again.
pub const SNAPSHOT_TRANSFER_TIMEOUT_TICKS: u64 = 50;

/// Bytes of one message between members; more is refused before it is read. A request of
/// 1.5 MiB in an append of 512 KiB overshoots by one entry; a part of a snapshot overshoots by one row.
pub const PEER_MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Rows that compaction deletes in one step, so that it never stalls the node
/// (etcd: `--experimental-compaction-batch-limit`, 1000).
pub const COMPACTION_ROWS_PER_STEP: u64 = 1_000;

/// Milliseconds between two automatic compactions by time, at most (etcd: an hour, in
/// `server/etcdserver/api/v3compactor/periodic.go`).
pub const AUTO_COMPACTION_INTERVAL_MS_MAX: u64 = 3_600_000;

/// Revisions that are noted in one such interval (etcd: `retryDivisor`): by as much of it is kept too
/// long.
pub const AUTO_COMPACTION_NOTES: u64 = 10;

/// Milliseconds between two automatic compactions by revision (etcd: `revInterval`).
pub const AUTO_COMPACTION_REVISION_INTERVAL_MS: u64 = 300_000;

/// Bytes of the store after which `NOSPACE` is raised, when the user names none
/// (etcd: `DefaultQuotaBytes`, 2 GiB).
pub const QUOTA_BYTES_DEFAULT: u64 = 2 * 1024 * 1024 * 1024;

/// Bytes of a quota above which a start warns (etcd: `MaxQuotaBytes`, 8 GiB): catching up and
/// opening a store take time in proportion.
pub const QUOTA_BYTES_ADVISED_MAX: u64 = 8 * 1024 * 1024 * 1024;

/// Bytes that a put needs beside its key and value, for the check before it (etcd: `kvOverhead`).
pub const QUOTA_ROW_BYTES: u64 = 256;

/// Bytes that a lease needs (etcd: `leaseOverhead`).
pub const QUOTA_LEASE_BYTES: u64 = 64;

/// Percent of the quota at or below which a member clears the `NOSPACE` that it raised: a tenth free,
/// so that the alarm does not come and go with every put.
pub const QUOTA_CLEAR_PERCENT: u64 = 90;

/// Bytes of responses on one watch stream that its client has not taken, above which its watchers
/// wait at their cursors. It bounds what a client that reads nothing costs; 2 MiB fill a link of
/// 1 Gbit/s with a round trip of 16 ms.
pub const WATCH_UNTAKEN_BYTES_MAX: u64 = 2 * 1024 * 1024;

/// Responses on one watch stream that its client has not taken, above which its watchers wait:
/// small ones cost more than their bytes. Tests of these limits make do with few of everything.
pub const WATCH_UNTAKEN_RESPONSES_MAX: usize = if cfg!(test) { 8 } else { 4_096 };

/// Revisions that one response of past events holds (etcd: `watchBatchMaxRevs`).
pub const WATCH_RESPONSE_REVISIONS_MAX: u32 = if cfg!(test) { 10 } else { 1_000 };

/// Bytes of past events in one response. The events of one revision stay together whatever their
/// size; gRPC's usual limit of a receiver is 4 MiB.
pub const WATCH_RESPONSE_BYTES_MAX: u64 = 1024 * 1024;

/// Watchers that share one scan of the past (etcd: `maxWatchersPerSync`, 512).
pub const WATCH_SCAN_WATCHERS_MAX: usize = if cfg!(test) { 3 } else { 512 };

/// Rows that are read from the past in one step: a few milliseconds, so that watchers that are far
/// behind never hold up an election.
pub const WATCH_SCAN_ROWS_MAX: u64 = if cfg!(test) { 20 } else { 5_000 };

/// Bytes of events that one step gathers for watchers that are behind.
pub const WATCH_SCAN_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// Election timeouts without a leader after which streams that require one end
/// (etcd: `maxNoLeaderCnt`, 3).
pub const NO_LEADER_ELECTION_TIMEOUTS: u64 = 3;

/// Election timeouts after which a removed member goes when one member told it that it may and no
/// majority does: whoever is silent for so long is down, or was removed itself.
pub const REMOVAL_PATIENCE_ELECTION_TIMEOUTS: u64 = 10;

/// Bytes that a gRPC message may have above the largest request (etcd: `grpcOverheadBytes`).
pub const GRPC_OVERHEAD_BYTES: u64 = 512 * 1024;

/// Changes of the members that may wait at the leader for the one before them. People make them, one
/// at a time; this is a guard for memory.
pub const MEMBER_CHANGES_WAITING_MAX: usize = 64;

/// Changes of the members whose ids every member remembers, so that one that was handed over twice is
/// made once. A repeat comes within the patience of a call, a few seconds behind the first, and each
/// change takes a round trip to a majority; 2 KiB of the store.
pub const MEMBER_CHANGES_REMEMBERED: usize = 256;

/// How far a proposal of a follower may be behind a later one of the same follower; what comes later is
/// dropped, because the leader does not remember whether it was heard before. In a stream nothing
/// overtakes; 128 bytes for each follower.
pub const PROPOSALS_OUT_OF_ORDER_MAX: usize = 1024;

/// Lives of followers whose proposals a leader hears in one term: every restart of a follower is one. A
/// guard for memory (160 KiB) against peers that are not what they say.
pub const PROPOSING_LIVES_MAX: usize = 1024;

/// Milliseconds that a voter must be connected without a break before the members may change
/// (etcd: `HealthInterval` in `server/etcdserver/server.go`).
pub const HEALTH_INTERVAL_MS: u64 = 5_000;

/// Seconds that a lease may be granted for at most (etcd: `MaxLeaseTTL` in `server/lease/lessor.go`):
/// 285 years, so that a deadline never overflows.
pub const LEASE_TTL_SECONDS_MAX: i64 = 9_000_000_000;

/// Expired leases that the leader revokes in one second of its clock; the others wait their turn
/// (etcd: `defaultLeaseRevokeRate`). A million that expire together must not fill the log at once.
pub const LEASE_REVOKES_PER_SECOND_MAX: u64 = 1_000;

/// Seconds after which the leader writes into the log how much of a lease is left, if the lease is
/// longer than that (etcd: `defaultLeaseCheckpointInterval`, five minutes). By as much a lease may live
/// on when its leader dies.
pub const LEASE_CHECKPOINT_INTERVAL_SECONDS: u64 = 300;

/// Checkpoints in one entry of the log (etcd: `maxLeaseCheckpointBatchSize`).
pub const LEASE_CHECKPOINTS_PER_ENTRY_MAX: usize = 1_000;

/// Milliseconds after which a request that was handed to the leader is handed over again: a message
/// was lost, or the leader is another one now.
pub const FORWARD_RETRY_MS: u64 = 500;

/// Passwords that the world hashes or checks for a node at the same time: as many as keep the usual
/// machine's cores busy, and no more, because one at the default cost takes 50 ms of a core.
pub const PASSWORDS_UNDER_WAY_MAX: usize = 4;

/// Passwords that wait for their turn; more are refused. Those that wait longer than a request may
/// take would not be answered anyway.
pub const PASSWORDS_WAITING_MAX: usize = 1_000;

/// Simple tokens that a member remembers. With more, the one that would end first is forgotten, and
/// its client proves itself again. A guard for memory: 20 MB.
pub const TOKENS_MAX: usize = 100_000;

/// Requests of one stream of watches that wait for the index of their token. Clients wait for the
/// first answer; this is a guard for memory.
pub const EARLY_WATCH_REQUESTS_MAX: usize = 1_000;

/// Works on the store (hashes, defragmentations) that may wait in one node. Clients seldom ask for
/// more than one, and another member asks for one at a time.
pub const WORKS_MAX: usize = 64;

/// Requests of other members that a leader holds at once. More are dropped, and sent again by those who
/// wait for them.
pub const FORWARDED_MAX: usize = 10_000;

/// Refusals that a leader remembers in its term, so that a copy of a request that arrives late is not
/// carried out after all. More than a day's worth of refused changes of the members.
pub const REFUSALS_KEPT: usize = 1_000;
