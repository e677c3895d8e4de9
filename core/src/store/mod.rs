//! The store: what a member has applied, on its disk.
//!
//! A few tables in one [redb](https://docs.rs/redb) database, which is a copy-on-write B+tree: a
//! commit either happened or it did not, and a reader sees one commit, whole, however long it
//! reads.
//!
//! ```text
//!   key       revision (17 or 18 bytes)  ->  mvccpb.KeyValue    one row for each write
//!   lease     id (8 bytes)               ->  leasepb.Lease      one row for each lease
//!   auth      kind, name                 ->  authpb.User, Role  users, roles, their revision
//!   meta      number of a MetaKey        ->  bytes              applied index, members, ...
//!   staging, staging_lease, staging_auth as `key`, `lease`, `auth`  a snapshot that is being received
//! ```
//!
//! Rows, leases, users and meta change in **one transaction** ([`StoreBatch`]), so that the applied index on the
//! disk always belongs to the rows on the disk. Nothing here decides anything: a node collects rows
//! in memory, hands out a batch as an effect, and the world commits it on its own thread, while the
//! node goes on reading through its handle.
//!
//! A damaged file is never read as data: below redb, every sector carries a checksum
//! (`sectors.rs`), and an error is a [`StoreError`], never a panic.

mod auth_row;
mod commit;
mod error;
mod lease_row;
mod rebuild;
mod revision;
mod rows;
mod sectors;
mod snapshot;
#[cfg(test)]
mod tests;
mod view;
mod work;

use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use redb::{
    Builder, Database, ReadOnlyTable, ReadTransaction, ReadableDatabase, StorageBackend,
    TableDefinition, TableError,
};

pub use self::auth_row::{AuthKey, AuthRow, AuthState};
pub use self::error::StoreError;
pub use self::lease_row::LeaseRow;
pub use self::rebuild::Rebuild;
pub(crate) use self::revision::REVISION_MAX;
pub use self::revision::{Revision, RowKey, RowKeyBytes};
pub use self::rows::{BadRows, check_rows};
use self::sectors::Sectors;
pub use self::snapshot::SnapshotReader;
pub use self::view::{RowCursor, StoreView};
pub use self::work::{HashPlan, RowHasher, Work, Worked};
use crate::limits;

type Table = TableDefinition<'static, &'static [u8], &'static [u8]>;
type MetaTable = TableDefinition<'static, u8, &'static [u8]>;
type ReadRows = ReadOnlyTable<&'static [u8], &'static [u8]>;

const KEY: Table = TableDefinition::new("key");
const LEASE: Table = TableDefinition::new("lease");
const STAGING: Table = TableDefinition::new("staging");
const STAGING_LEASE: Table = TableDefinition::new("staging_lease");
const AUTH: Table = TableDefinition::new("auth");
const STAGING_AUTH: Table = TableDefinition::new("staging_auth");
const META: MetaTable = TableDefinition::new("meta");

/// What `meta` holds. The numbers are on disk: never give one to another meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum MetaKey {
    /// The last log entry whose effect is in the store.
    Applied = 1,
    /// The members of the cluster as of that entry.
    Members = 2,
    /// The revision up to which history is compacted.
    Compact = 3,
    /// The revision of the last transaction.
    Revision = 4,
    /// Which member of which cluster this store belongs to.
    Identity = 5,
    /// The alarms that stand.
    Alarms = 6,
    /// Bytes of all rows of `key`; kept by the store itself.
    RowBytes = 254,
    /// Bytes of all rows of `staging`; kept by the store itself.
    StagedBytes = 255,
}

/// What one transaction changes.
#[derive(Clone, Debug, PartialEq)]
pub enum StoreBatch {
    /// Rows, leases, users, roles and meta of applied entries.
    Write {
        /// Rows to write; `None` deletes a row that compaction made superfluous.
        rows: Vec<(RowKey, Option<Bytes>)>,
        /// Leases to write, by id; `None` deletes one.
        leases: Vec<(i64, Option<LeaseRow>)>,
        /// Users and roles to write; `None` deletes one.
        auth: Vec<(AuthKey, Option<AuthRow>)>,
        /// Meta to write.
        meta: Vec<(MetaKey, Bytes)>,
    },
    /// A part of a received snapshot.
    Stage {
        /// This is the first part: what an earlier transfer left behind is dropped.
        first: bool,
        /// Rows as [`SnapshotReader::next_rows`] encoded them.
        rows: Bytes,
    },
    /// What was received replaces all rows, leases, users and roles.
    Install {
        /// Meta to write.
        meta: Vec<(MetaKey, Bytes)>,
    },
}

/// A handle to the store; clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    /// A defragmentation puts another one here; see [`Rebuild`].
    current: Arc<RwLock<Arc<Shared>>>,
}

#[derive(Debug)]
struct Shared {
    database: Database,
    /// The rows as of the last commit. Opening a table costs more than reading a row from it.
    rows: RwLock<ReadRows>,
    disk: Arc<dyn StorageBackend>,
}

impl Store {
    /// Opens the store on `backend`, a new one when it is empty, and recovers what a crash left.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when the bytes are damaged or of something else.
    pub fn open(backend: impl StorageBackend) -> Result<Self, StoreError> {
        let disk: Arc<dyn StorageBackend> = Arc::new(backend);
        let database = open_database(&disk)?;
        let rows = match open_rows(&database)? {
            Err(TableError::TableDoesNotExist(_)) => {
                commit::create_tables(&database)?;
                open_rows(&database)??
            }
            opened => opened?,
        };
        let shared = Shared { database, rows: RwLock::new(rows), disk };
        Ok(Self { current: Arc::new(RwLock::new(Arc::new(shared))) })
    }

    /// A store in memory, for tests.
    ///
    /// # Panics
    /// Never: memory does not fail.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::open(redb::backends::InMemoryBackend::new()).expect("memory does not fail")
    }

    /// Does one transaction. It is durable when this returns, or it did not happen.
    ///
    /// # Errors
    /// When the disk fails, or the batch holds bytes that are no rows. The store is unusable then.
    pub fn commit(&self, batch: &StoreBatch) -> Result<(), StoreError> {
        let shared = self.shared();
        commit::commit(&shared.database, batch)?;
        let rows = open_rows(&shared.database)??;
        *shared.rows.write().unwrap_or_else(PoisonError::into_inner) = rows;
        Ok(())
    }

    /// A piece of meta as of the last commit.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn meta(&self, key: MetaKey) -> Result<Option<Bytes>, StoreError> {
        read_meta(&self.read()?, key)
    }

    /// The value of a row as of the last commit, in memory of its own.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn value(&self, row: RowKey) -> Result<Option<Bytes>, StoreError> {
        let shared = self.shared();
        let rows = shared.rows.read().unwrap_or_else(PoisonError::into_inner);
        let value = rows.get(&*row.encode())?;
        Ok(value.map(|value| Bytes::copy_from_slice(value.value())))
    }

    /// All rows as of the last commit, in order.
    ///
    /// # Errors
    /// When the store cannot be read; then also as an item.
    pub fn rows(
        &self,
    ) -> Result<impl Iterator<Item = Result<(RowKey, Bytes), StoreError>> + use<>, StoreError> {
        let rows = self.read()?.open_table(KEY)?;
        let range = rows.range::<&[u8]>(..)?;
        Ok(range.map(|row| {
            let (key, value) = row?;
            Ok((decode_key(key.value())?, Bytes::copy_from_slice(value.value())))
        }))
    }

    /// Shows all rows as of the last commit to `visit`, in order, without copying them.
    ///
    /// # Errors
    /// When the store cannot be read, or the first error of `visit`.
    pub fn visit_rows(
        &self,
        mut visit: impl FnMut(RowKey, &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let rows = self.read()?.open_table(KEY)?;
        for row in rows.range::<&[u8]>(..)? {
            let (key, value) = row?;
            visit(decode_key(key.value())?, value.value())?;
        }
        Ok(())
    }

    /// Shows the rows from `from` on as of the last commit to `visit`, in order, until it breaks;
    /// gives what it broke with.
    ///
    /// # Errors
    /// When the store cannot be read, or the first error of `visit`.
    pub fn visit_rows_from<B>(
        &self,
        from: RowKey,
        mut visit: impl FnMut(RowKey, &[u8]) -> Result<ControlFlow<B>, StoreError>,
    ) -> Result<Option<B>, StoreError> {
        let rows = self.read()?.open_table(KEY)?;
        for row in rows.range::<&[u8]>(&*from.encode()..)? {
            let (key, value) = row?;
            if let ControlFlow::Break(end) = visit(decode_key(key.value())?, value.value())? {
                return Ok(Some(end));
            }
        }
        Ok(None)
    }

    /// All leases as of the last commit. A store that was written before there were leases has
    /// none.
    ///
    /// # Errors
    /// When the store cannot be read, or holds what is no lease.
    pub fn leases(&self) -> Result<Vec<LeaseRow>, StoreError> {
        let Some(leases) = open_optional(&self.read()?, LEASE)? else { return Ok(Vec::new()) };
        let range = leases.range::<&[u8]>(..)?;
        range
            .map(|lease| {
                let (key, value) = lease?;
                decode_lease(key.value(), value.value())
            })
            .collect()
    }

    /// Users, roles and their revision as of the last commit. A store that was written before there
    /// were users has none.
    ///
    /// # Errors
    /// When the store cannot be read, or holds what is no user and no role.
    pub fn auth(&self) -> Result<Vec<AuthRow>, StoreError> {
        let Some(rows) = open_optional(&self.read()?, AUTH)? else { return Ok(Vec::new()) };
        let range = rows.range::<&[u8]>(..)?;
        range
            .map(|row| {
                let (key, value) = row?;
                decode_auth(key.value(), value.value())
            })
            .collect()
    }

    /// A reader of everything as of the last commit, to send to another member. Later commits do
    /// not change what it reads, but the space of what they free is not reused before it is
    /// dropped.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn snapshot(&self) -> Result<SnapshotReader, StoreError> {
        SnapshotReader::new(self)
    }

    /// Everything as of the last commit, to walk through, as [`Self::snapshot`] says.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn view(&self) -> Result<StoreView, StoreError> {
        StoreView::new(self)
    }

    /// Bytes of the file, free pages and checksums included.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        // A disk that cannot tell its length fails the next commit, with an error.
        self.shared().disk.len().unwrap_or(0)
    }

    /// Bytes of keys and values of all rows.
    #[must_use]
    pub fn in_use_bytes(&self) -> u64 {
        let read = || read_count(&self.read()?, MetaKey::RowBytes);
        read().unwrap_or(0)
    }

    /// Moves what is in use to the front of the file and gives the rest back to the disk. For a store
    /// that nobody else uses: this handle is the last one, and is gone afterwards.
    ///
    /// # Errors
    /// When the disk fails, or there is another handle.
    pub fn compact(self) -> Result<(), StoreError> {
        let current = Arc::into_inner(self.current).map(RwLock::into_inner);
        let shared = current
            .and_then(|current| Arc::into_inner(current.unwrap_or_else(PoisonError::into_inner)));
        let Shared { mut database, rows, disk: _ } =
            shared.ok_or_else(|| StoreError::Io("it is still in use".into()))?;
        // It reads; what it reads could not be moved.
        drop(rows);
        while database.compact()? {}
        Ok(())
    }

    fn read(&self) -> Result<ReadTransaction, StoreError> {
        self.shared().read()
    }

    fn shared(&self) -> Arc<Shared> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Shared {
    fn read(&self) -> Result<ReadTransaction, StoreError> {
        Ok(self.database.begin_read()?)
    }
}

fn open_database(disk: &Arc<dyn StorageBackend>) -> Result<Database, StoreError> {
    let sectors = Sectors::new(Arc::clone(disk))?;
    Ok(Builder::new().set_cache_size(limits::STORE_CACHE_BYTES).create_with_backend(sectors)?)
}

/// The rows as of the last commit, if there is such a table.
fn open_rows(database: &Database) -> Result<Result<ReadRows, TableError>, StoreError> {
    Ok(database.begin_read()?.open_table(KEY))
}

/// A table, if it is there: stores of earlier builds have no leases and no users.
fn open_optional(
    transaction: &ReadTransaction,
    table: Table,
) -> Result<Option<ReadRows>, StoreError> {
    match transaction.open_table(table) {
        Ok(table) => Ok(Some(table)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn decode_lease(key: &[u8], value: &[u8]) -> Result<LeaseRow, StoreError> {
    lease_row::decode(key, value)
        .ok_or_else(|| StoreError::Corrupt(format!("lease {key:02x?} is unreadable")))
}

fn decode_auth(key: &[u8], value: &[u8]) -> Result<AuthRow, StoreError> {
    auth_row::decode(key, value)
        .ok_or_else(|| StoreError::Corrupt(format!("user or role {key:02x?} is unreadable")))
}

fn decode_key(bytes: &[u8]) -> Result<RowKey, StoreError> {
    RowKey::decode(bytes)
        .ok_or_else(|| StoreError::Corrupt(format!("a row has the impossible key {bytes:02x?}")))
}

fn read_meta(transaction: &ReadTransaction, key: MetaKey) -> Result<Option<Bytes>, StoreError> {
    let meta = transaction.open_table(META)?;
    let value = meta.get(key as u8)?;
    Ok(value.map(|value| Bytes::copy_from_slice(value.value())))
}

fn read_count(transaction: &ReadTransaction, key: MetaKey) -> Result<u64, StoreError> {
    read_meta(transaction, key)?.map_or(Ok(0), |bytes| decode_count(&bytes))
}

fn decode_count(bytes: &[u8]) -> Result<u64, StoreError> {
    let bytes =
        bytes.try_into().map_err(|_| StoreError::Corrupt("a count has not 8 bytes".into()))?;
    Ok(u64::from_le_bytes(bytes))
}
