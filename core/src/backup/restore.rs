//! From a snapshot file to the store and the log of a member of a new cluster.
//!
//! ```text
//!   file ── keys, leases, compaction, alarms,
//!           users, roles ──────────────────────► store       applied: n, term 1, the new members
//!           old members, their log's place: dropped
//!   flags ─ new members, ids by etcd's formula ─► log        begins behind entry n, term 1
//! ```
//!
//! A cluster of n members begins with n entries, one for each of them. The log of a restored member
//! begins *behind* these, as if the store had been received from a leader: whoever joins later must be
//! sent the store, because no entry of any log would lead to its keys.

use bytes::Bytes;
use prost::Message as _;
use protobuf::Message as _;
use raft::eraftpb::{HardState, SnapshotMetadata};

use super::{BackupError, schema};
use crate::api::{AlarmMember, AlarmResponse, KeyValue};
use crate::bbolt::{Item, Reader, Source};
use crate::id::{ClusterId, MemberId};
use crate::limits;
use crate::membership::{Member, MemberChange, Membership};
use crate::mvcc::Mvcc;
use crate::node::Append;
use crate::store::{
    AuthKey, AuthRow, AuthState, LeaseRow, MetaKey, REVISION_MAX, RowKey, Store, StoreBatch,
};
use crate::wal::{Batch, Wal};

/// The term of a cluster's first entries.
const FIRST_TERM: u64 = 1;

/// The cluster that begins with what a file holds.
#[derive(Clone, Debug)]
pub struct NewCluster {
    /// Its id.
    pub cluster_id: ClusterId,
    /// The member whose data are written.
    pub member_id: MemberId,
    /// All its members.
    pub members: Vec<Member>,
    /// By how much the last revision is raised; all revisions up to there are then compacted, so that
    /// no client sees a revision come back with another meaning. 0 leaves it as it is.
    pub bump_revision: u64,
    /// Bytes after which a segment of its log is closed.
    pub wal_segment_bytes: u64,
}

/// Fills an empty store from a file, for a member of a new cluster. Returns the beginning of its log.
/// The store is one that a member accepts only when this has returned.
///
/// # Errors
/// What is wrong with the file, or with the disk under the store.
pub fn restore<S: Source>(
    reader: &Reader<S>,
    cluster: &NewCluster,
    store: &Store,
) -> Result<Append, BackupError> {
    let mut loaded = load(reader, store)?;
    if cluster.bump_revision > 0 {
        loaded.bump(cluster.bump_revision)?;
    }
    let mut members = Membership::default();
    cluster.members.iter().for_each(|member| members.make(&MemberChange::first(member)));
    let mut meta = loaded.meta();
    let place = first_place(&members);
    let applied = place.write_to_bytes().expect("a message without required fields always encodes");
    meta.push((MetaKey::Applied, applied.into()));
    meta.push((MetaKey::Members, members.to_bytes()));
    meta.push((MetaKey::Alarms, loaded.alarms()));
    store.commit(&StoreBatch::Write {
        rows: Vec::new(),
        leases: Vec::new(),
        auth: Vec::new(),
        meta,
    })?;
    // Rows that contradict each other are found here, and not by the member that starts.
    Mvcc::open(store.clone())?;

    let hard_state = HardState { term: FIRST_TERM, commit: place.index, ..HardState::default() };
    let mut wal = Wal::new(cluster.cluster_id, cluster.member_id, cluster.wal_segment_bytes);
    Ok(wal.append(&Batch { snapshot: Some(&place), entries: &[], hard_state: Some(&hard_state) }))
}

/// Behind the first entries, which made the members.
fn first_place(members: &Membership) -> SnapshotMetadata {
    let voters: Vec<u64> = members.members().map(|member| member.id.0).collect();
    let (index, term) = (voters.len() as u64, FIRST_TERM);
    let mut place = SnapshotMetadata { index, term, ..SnapshotMetadata::default() };
    place.mut_conf_state().set_voters(voters);
    place
}

/// What a file held beside rows and leases.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The last revision.
    pub revision: i64,
    /// Up to where history is compacted; 0 when it never was.
    pub compacted: i64,
    alarms: Vec<AlarmMember>,
    auth: AuthState,
}

impl Loaded {
    fn meta(&self) -> Vec<(MetaKey, Bytes)> {
        let bytes = |revision: i64| Bytes::copy_from_slice(&revision.to_le_bytes());
        let mut meta = vec![(MetaKey::Revision, bytes(self.revision))];
        if self.compacted > 0 {
            meta.push((MetaKey::Compact, bytes(self.compacted)));
        }
        meta
    }

    fn alarms(&self) -> Bytes {
        AlarmResponse { header: None, alarms: self.alarms.clone() }.encode_to_vec().into()
    }

    fn bump(&mut self, amount: u64) -> Result<(), BackupError> {
        let bumped = i64::try_from(amount).ok().and_then(|by| self.revision.checked_add(by));
        self.revision = bumped.filter(|to| *to <= REVISION_MAX).ok_or(BackupError::Bump)?;
        self.compacted = self.revision;
        Ok(())
    }

    fn add_meta(&mut self, key: &[u8], value: &[u8]) -> Result<(), BackupError> {
        if key == schema::FINISHED_COMPACT || key == schema::SCHEDULED_COMPACT {
            let what = "a compacted revision is none";
            let row =
                RowKey::decode(value).ok_or(BackupError::Row { bucket: schema::META, what })?;
            // A compaction that was scheduled is one that clients were told of.
            self.compacted = self.compacted.max(row.revision.main);
        }
        Ok(())
    }
}

/// Puts rows and leases of a file into an empty store, with their revisions.
///
/// # Errors
/// What is wrong with the file, or with the disk under the store.
pub fn load<S: Source>(reader: &Reader<S>, store: &Store) -> Result<Loaded, BackupError> {
    let mut loader =
        Loader { store, loaded: Loaded::default(), has_keys: false, batch: Rows::default() };
    reader.visit::<BackupError>(|item| match item {
        Item::Bucket { name } => {
            loader.has_keys |= name == schema::KEY.as_bytes();
            Ok(())
        }
        Item::Row { bucket, key, value } => loader.add(bucket, key, value),
    })?;
    loader.finish()
}

/// What goes into the store with the next commit.
#[derive(Default)]
struct Rows {
    rows: Vec<(RowKey, Option<Bytes>)>,
    leases: Vec<(i64, Option<LeaseRow>)>,
    auth: Vec<(AuthKey, Option<AuthRow>)>,
    bytes: u64,
}

struct Loader<'a> {
    store: &'a Store,
    loaded: Loaded,
    has_keys: bool,
    batch: Rows,
}

impl Loader<'_> {
    fn add(&mut self, bucket: &[u8], key: &[u8], value: &[u8]) -> Result<(), BackupError> {
        let wrong = |bucket, what| BackupError::Row { bucket, what };
        if bucket == schema::KEY.as_bytes() {
            let row = RowKey::decode(key).ok_or(wrong(schema::KEY, "its key is no revision"))?;
            let pair = KeyValue::decode(value);
            let pair = pair.map_err(|_| wrong(schema::KEY, "its value is no KeyValue"))?;
            self.loaded.revision = row.revision.main.max(self.loaded.revision);
            // `--bump-revision` of etcdutl leaves such a row behind, to carry the revision.
            if !pair.key.is_empty() {
                self.batch.rows.push((row, Some(Bytes::copy_from_slice(value))));
            }
        } else if bucket == schema::LEASE.as_bytes() {
            let lease = LeaseRow::from_bytes(key, value);
            let lease = lease.ok_or(wrong(schema::LEASE, "it is no lease"))?;
            self.batch.leases.push((lease.id, Some(lease)));
        } else if bucket == schema::META.as_bytes() {
            self.loaded.add_meta(key, value)?;
        } else if bucket == schema::ALARM.as_bytes() {
            let alarm = AlarmMember::decode(key);
            self.loaded.alarms.push(alarm.map_err(|_| wrong(schema::ALARM, "it is no alarm"))?);
        }
        self.add_auth(bucket, key, value)?;
        self.batch.bytes += (key.len() + value.len()) as u64;
        if self.batch.bytes >= limits::STORE_BATCH_BYTES_MAX {
            self.flush(Vec::new())?;
        }
        Ok(())
    }

    /// A row of one of the three buckets of users and roles.
    fn add_auth(&mut self, bucket: &[u8], key: &[u8], value: &[u8]) -> Result<(), BackupError> {
        let wrong = |bucket, what| BackupError::Row { bucket, what };
        if bucket == schema::AUTH.as_bytes() {
            if key == schema::AUTH_ENABLED {
                self.loaded.auth.enabled = value == [1];
            } else if key == schema::AUTH_REVISION {
                let revision = value.try_into().map(u64::from_be_bytes);
                let revision = revision.map_err(|_| wrong(schema::AUTH, "its revision is none"))?;
                self.loaded.auth.revision = revision;
            }
        } else if bucket == schema::AUTH_USERS.as_bytes() {
            let row = AuthRow::user_from_bytes(key, value);
            let row = row.ok_or(wrong(schema::AUTH_USERS, "it is no user"))?;
            self.batch.auth.push((row.key(), Some(row)));
        } else if bucket == schema::AUTH_ROLES.as_bytes() {
            let row = AuthRow::role_from_bytes(key, value);
            let row = row.ok_or(wrong(schema::AUTH_ROLES, "it is no role"))?;
            self.batch.auth.push((row.key(), Some(row)));
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Loaded, BackupError> {
        if !self.has_keys {
            return Err(BackupError::NoBucket(schema::KEY));
        }
        let revision = self.loaded.revision.max(self.loaded.compacted);
        // A store to which nothing was written is at revision 1.
        self.loaded.revision = revision.max(1);
        if self.loaded.auth != AuthState::default() {
            let state = AuthRow::State(self.loaded.auth);
            self.batch.auth.push((state.key(), Some(state)));
        }
        self.flush(self.loaded.meta())?;
        Ok(self.loaded)
    }

    fn flush(&mut self, meta: Vec<(MetaKey, Bytes)>) -> Result<(), BackupError> {
        let Rows { rows, leases, auth, bytes: _ } = std::mem::take(&mut self.batch);
        Ok(self.store.commit(&StoreBatch::Write { rows, leases, auth, meta })?)
    }
}
