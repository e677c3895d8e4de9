//! Writing the store anew into another file, while the first one goes on.
//!
//! redb gives free pages back only to itself: a file that was large once stays large. Its own
//! `compact` wants the database for itself. So the rows are copied, in order and in small steps,
//! and whatever is committed meanwhile is committed to both files:
//!
//! ```text
//!   store    |=========== rows ===========|   ◄── commits go on here ...
//!   rebuild  |====== copied ═══►               ... and here, too
//!                               └ each step reads what the store holds *now*
//! ```
//!
//! A row behind the place of copying is changed in both; one before it is changed in the store, and
//! copied as it is when its turn comes. So at the end both hold the same, whatever came between.
//! Then the world exchanges the files, in one step that either happens or does not, and the store
//! goes on in the new one. Readers that began before keep the old one until they end.

use std::ops::Bound;
use std::sync::{Arc, PoisonError};

use redb::{Database, ReadableTable, StorageBackend};

use super::commit::{self, begin};
use super::{
    AUTH, KEY, LEASE, META, ReadRows, Shared, Store, StoreBatch, StoreError, Table, open_database,
    open_optional, open_rows,
};

/// A copy of a store under way.
#[derive(Debug)]
pub struct Rebuild {
    database: Database,
    disk: Arc<dyn StorageBackend>,
    place: Place,
}

/// What is copied next: keys above this one.
#[derive(Debug)]
enum Place {
    Rows(Vec<u8>),
    Leases(Vec<u8>),
    Auth(Vec<u8>),
    Done,
}

impl Rebuild {
    /// Begins a copy on an empty disk.
    ///
    /// # Errors
    /// When that disk fails.
    pub fn begin(backend: impl StorageBackend) -> Result<Self, StoreError> {
        let disk: Arc<dyn StorageBackend> = Arc::new(backend);
        let database = open_database(&disk)?;
        commit::create_tables(&database)?;
        Ok(Self { database, disk, place: Place::Rows(Vec::new()) })
    }

    /// Copies the next rows, about `bytes` of them; says whether everything is copied.
    ///
    /// # Errors
    /// When either disk fails.
    pub fn step(&mut self, store: &Store, bytes: u64) -> Result<bool, StoreError> {
        let shared = store.shared();
        let from = shared.read()?;
        self.place = match &self.place {
            Place::Rows(after) => {
                let rows = from.open_table(KEY)?;
                let next = copy(&self.database, &rows, KEY, after, bytes)?;
                next.map_or(Place::Leases(Vec::new()), Place::Rows)
            }
            Place::Leases(after) => match open_optional(&from, LEASE)? {
                Some(leases) => {
                    let next = copy(&self.database, &leases, LEASE, after, bytes)?;
                    next.map_or(Place::Auth(Vec::new()), Place::Leases)
                }
                None => Place::Auth(Vec::new()),
            },
            Place::Auth(after) => match open_optional(&from, AUTH)? {
                Some(auth) => {
                    let next = copy(&self.database, &auth, AUTH, after, bytes)?;
                    next.map_or(Place::Done, Place::Auth)
                }
                None => Place::Done,
            },
            Place::Done => Place::Done,
        };
        Ok(matches!(self.place, Place::Done))
    }

    /// Does what the store has just committed; says whether the copy is still one. While a snapshot is
    /// being received the rows are exchanged as a whole: then it is not.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn follow(&mut self, batch: &StoreBatch) -> Result<bool, StoreError> {
        let follows = matches!(batch, StoreBatch::Write { .. });
        if follows {
            commit::commit(&self.database, batch)?;
        }
        Ok(follows)
    }

    /// Ends the copy: `exchange` makes its file the store's, durably, and from then on the store is in
    /// it. No commit may come between the last [`Self::step`] and this.
    ///
    /// # Errors
    /// When either disk fails; the store is as it was.
    pub fn finish(
        mut self,
        store: &Store,
        exchange: impl FnOnce() -> std::io::Result<()>,
    ) -> Result<(), StoreError> {
        assert!(matches!(self.place, Place::Done), "a copy is finished when everything is copied");
        self.copy_meta(store)?;
        // Nobody else knows this database yet: it may cut off what it did not need in the end.
        self.database.compact().map_err(|error| StoreError::Io(error.to_string()))?;
        let rows = open_rows(&self.database)??;
        exchange().map_err(|error| StoreError::Io(error.to_string()))?;
        let shared = Shared { database: self.database, rows: rows.into(), disk: self.disk };
        *store.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(shared);
        Ok(())
    }

    /// Applied index, members, counts: small, and all of the same commit as the rows.
    fn copy_meta(&self, store: &Store) -> Result<(), StoreError> {
        let shared = store.shared();
        let from = shared.read()?.open_table(META)?;
        let transaction = begin(&self.database)?;
        let mut to = transaction.open_table(META)?;
        for pair in from.iter()? {
            let (key, value) = pair?;
            to.insert(key.value(), value.value())?;
        }
        drop(to);
        transaction.commit()?;
        Ok(())
    }
}

/// Copies pairs above `after`; gives the key of the last one, or `None` when there are no more.
fn copy(
    database: &Database,
    from: &ReadRows,
    table: Table,
    after: &[u8],
    bytes: u64,
) -> Result<Option<Vec<u8>>, StoreError> {
    let mut left = usize::try_from(bytes).unwrap_or(usize::MAX);
    let mut last = None;
    let transaction = begin(database)?;
    let mut to = transaction.open_table(table)?;
    for pair in from.range::<&[u8]>((Bound::Excluded(after), Bound::Unbounded))? {
        let (key, value) = pair?;
        let (key, value) = (key.value(), value.value());
        to.insert(key, value)?;
        last = Some(key.to_vec());
        left = left.saturating_sub(key.len() + value.len());
        if left == 0 {
            break;
        }
    }
    drop(to);
    transaction.commit()?;
    Ok(last.filter(|_| left == 0))
}
