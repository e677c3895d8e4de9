//! From what is on the disk to a node: the only way in.
//!
//! ```text
//!   store  (durable)   |=============|  applied up to 33, with members and configuration
//!   WAL                      |------------------------|~~~   entries 20..40, term, vote, commit
//!                                    ^33              ^40 torn tail, cut
//!   node: log 20..40, applied 33; 34.. are applied again as raft finds them committed
//! ```
//!
//! * The store may be *ahead of the WAL* only by a received snapshot: its swap became durable before
//!   the WAL could speak of it. Then the log starts again behind the store.
//! * The commit index on disk may be older than what the store has applied; the store proves it.
//! * Both empty: a new member. With [`Config::bootstrap`] its log begins as etcd's does, with one
//!   entry for each first member, committed in term 1 (etcd `server/etcdserver/bootstrap.go`).
//!   Without, it joins a running cluster: its log is empty, and the leader fills it. It votes for
//!   nobody and calls no election before it has read there that it is a member.

use protobuf::Message as _;
use raft::eraftpb::{Entry, EntryType, HardState, SnapshotMetadata};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng as _;

use super::{Config, Node, members, removal, room, snapshots};
use crate::auth::Auth;
use crate::auth::tokens::Tokens;
use crate::id::{ClusterId, MemberId};
use crate::lease::Lessor;
use crate::membership;
use crate::mvcc::Mvcc;
use crate::order;
use crate::raft::{Base, Log, Raft, conf_change};
use crate::store::{MetaKey, Store, StoreError};
use crate::wal::{self, Batch, Corrupt, Wal, WalImage};
use crate::watch::Watches;

/// Why a node cannot start from this disk.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecoverError {
    /// The log is damaged where this member had promised not to lose it.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The directory belongs to another member or cluster.
    #[error(
        "this directory belongs to member {found_member} of cluster {found_cluster}, but the flags \
         describe member {member} of cluster {cluster}; use the flags it was made with, or an empty directory"
    )]
    Foreign {
        /// The cluster on the disk.
        found_cluster: ClusterId,
        /// The member on the disk.
        found_member: MemberId,
        /// The cluster of the configuration.
        cluster: ClusterId,
        /// The member of the configuration.
        member: MemberId,
    },
    /// Log and store do not fit together.
    #[error("the log and the store do not fit together: {0}")]
    Mismatch(String),
}

/// What is on the disk, put together.
struct Disk {
    log: Log,
    wal: Wal,
    stored: SnapshotMetadata,
    /// The log was given up for a snapshot in the store that the WAL does not speak of yet.
    behind_snapshot: bool,
}

impl Node {
    /// A node that goes on from what is on the disk.
    ///
    /// # Errors
    /// When the disk is damaged or belongs to another member.
    pub fn recover(config: Config, wal: WalImage, store: Store) -> Result<Self, RecoverError> {
        let stored = match store.meta(MetaKey::Applied)? {
            Some(bytes) => SnapshotMetadata::parse_from_bytes(&bytes)
                .map_err(|e| RecoverError::Mismatch(format!("bad applied index: {e}")))?,
            None => SnapshotMetadata::default(),
        };
        let disk = match wal::replay(&wal, config.wal_segment_bytes)? {
            Some(replayed) => from_log(&config, replayed, stored)?,
            None if stored.index == 0 => first_start(&config),
            None => {
                let what = format!("the store has applied {}, but the log is gone", stored.index);
                return Err(RecoverError::Mismatch(what));
            }
        };
        Self::assemble(config, disk, store)
    }

    fn assemble(config: Config, disk: Disk, store: Store) -> Result<Self, RecoverError> {
        let Disk { log, wal, stored, behind_snapshot } = disk;
        let snapshot = behind_snapshot.then(|| stored.clone());
        let base = Base { index: stored.index, term: stored.term };
        let (mvcc, attached) = Mvcc::open_with_leases(store.clone())?;
        let lessor = Lessor::open(store.leases()?, attached);
        let auth = Auth::open(store.auth()?);
        let (membership, alarms) = snapshots::load(&store).map_err(RecoverError::Mismatch)?;
        let is_removed = membership.is_removed(config.member_id);
        let room = room::Room::of(&store);
        let raft = Raft::new(&config, log, base.index).map_err(RecoverError::Mismatch)?;
        Ok(Self {
            tick: 0,
            // Another stream than raft's, which is seeded with the same number.
            ids: ChaCha8Rng::seed_from_u64(config.seed ^ 0x6964_7321),
            raft,
            wal,
            store,
            mvcc,
            lessor,
            auth,
            tokens: Tokens::new(config.auth_token_ttl_seconds * 1000 / config.tick_ms),
            membership,
            alarms,
            applied: base,
            stored: base,
            calls: Default::default(),
            proposals: Default::default(),
            reads: Default::default(),
            changes: Default::default(),
            moves: Default::default(),
            hearing: Default::default(),
            once: Default::default(),
            removals: removal::Removals::found(is_removed),
            forwards: Default::default(),
            passwords: Default::default(),
            early: Default::default(),
            expiry: Default::default(),
            backups: Default::default(),
            persisting: Default::default(),
            storing: Default::default(),
            sending: Default::default(),
            next_transfer: 0,
            receiving: None,
            watches: Watches::new(
                config.watch_progress_notify_ms / config.tick_ms,
                config.max_request_bytes,
            ),
            leaderless_ticks: 0,
            tally: Default::default(),
            room,
            corruption: Default::default(),
            working: Default::default(),
            compactions: Default::default(),
            start: Default::default(),
            stopping: None,
            halted: None,
            refused_messages: 0,
            first_append: None,
            config,
        }
        .begin(snapshot.as_ref()))
    }

    /// The first append of a life: what was found becomes durable before anything is built on it,
    /// and a new member writes its first entries.
    fn begin(mut self, snapshot: Option<&SnapshotMetadata>) -> Self {
        let hard_state = self.raft.hard_state();
        let entries =
            if self.wal.appended_seq() == 0 { self.raft.all_entries() } else { Vec::new() };
        let batch = Batch { snapshot, entries: &entries, hard_state: Some(&hard_state) };
        self.first_append = Some(self.wal.append(&batch));
        self
    }
}

fn from_log(
    config: &Config,
    replayed: wal::Replayed,
    stored: SnapshotMetadata,
) -> Result<Disk, RecoverError> {
    let identity = replayed.identity;
    if (identity.cluster_id, identity.member_id) != (config.cluster_id, config.member_id) {
        return Err(RecoverError::Foreign {
            found_cluster: identity.cluster_id,
            found_member: identity.member_id,
            cluster: config.cluster_id,
            member: config.member_id,
        });
    }
    let mut base = Base { index: replayed.base.0, term: replayed.base.1 };
    let mut entries = replayed.entries;
    let mut hard_state = replayed.hard_state;
    let last = base.index + entries.len() as u64;
    if stored.index < base.index {
        let what =
            format!("the log begins at {}, the store ends at {}", base.index + 1, stored.index);
        return Err(RecoverError::Mismatch(what));
    }
    let place = usize::try_from(stored.index - base.index).unwrap_or(usize::MAX);
    let fits = place == 0 || entries.get(place - 1).is_some_and(|e| e.term == stored.term);
    let behind_snapshot = stored.index > last || !fits;
    if behind_snapshot {
        base = Base { index: stored.index, term: stored.term };
        entries.clear();
    }
    let last = base.index + entries.len() as u64;
    hard_state.commit = hard_state.commit.max(stored.index).min(last);
    hard_state.term = hard_state.term.max(stored.term);
    let stored = if stored.index == 0 { place_before(&entries) } else { stored };
    let log = Log::new(base, entries, hard_state, stored.clone());
    Ok(Disk { log, wal: replayed.wal, stored, behind_snapshot })
}

/// An empty disk: the log starts with the first members, or with nothing.
fn first_start(config: &Config) -> Disk {
    let mut members = config.bootstrap.clone();
    order::sort_by_key(&mut members, |member| member.id);
    let entries: Vec<Entry> = (1..).zip(&members).map(first_entry).collect();
    let hard_state = match entries.len() as u64 {
        0 => HardState::default(),
        commit => HardState { term: 1, commit, ..HardState::default() },
    };
    let wal = Wal::new(config.cluster_id, config.member_id, config.wal_segment_bytes);
    let stored = place_before(&entries);
    let log = Log::new(Base::default(), entries, hard_state, stored.clone());
    Disk { log, wal, stored, behind_snapshot: false }
}

/// Index 0: nothing is applied, but raft must know who votes on the first entries. Those entries
/// themselves say so, whatever the flags of a later start are.
fn place_before(entries: &[Entry]) -> SnapshotMetadata {
    let first = entries.iter().take_while(|entry| entry.term == 1);
    let mut voters: Vec<u64> = first
        .map_while(conf_change)
        .flat_map(|change| change.changes.into_iter().map(|single| single.node_id))
        .collect();
    order::sort(&mut voters);
    let mut place = SnapshotMetadata::default();
    place.mut_conf_state().set_voters(voters);
    place
}

fn first_entry((index, member): (u64, &membership::Member)) -> Entry {
    let change = members::first_change(member);
    let data = change.write_to_bytes().expect("a message without required fields always encodes");
    Entry {
        entry_type: EntryType::EntryConfChangeV2,
        index,
        term: 1,
        data: data.into(),
        ..Entry::default()
    }
}
