//! Multi-version concurrency control: every write makes a new revision, and the old ones stay
//! readable until they are compacted.
//!
//! ```text
//!   put, delete, txn ──► write.rs ─┬─► index.rs    which keys, with which revisions   (memory)
//!                                  └─► overlay.rs  rows not yet durable               (memory)
//!                                           │ take_rows / rows_stored
//!   range, compare  ──► read.rs ◄───────────┴─► store   rows: revision -> KeyValue    (disk)
//! ```
//!
//! A range asks the index which rows are visible at its revision, then fetches them, from the
//! overlay or else from the store. The index is not stored: it is made from the rows when a member
//! starts.
//!
//! - **Revisions.** A transaction that changes something gets the next main revision, whatever
//!   number of changes it holds; `sub` counts them. One that changes nothing gets none: an empty
//!   delete and a failed compare leave the revision as it was.
//! - **Deterministic.** The same requests in the same order give the same rows, answers and hash on
//!   every member. What an answer depends on is in the index and the rows, nowhere else.
//! - **Total.** Every request has an answer. One that cannot be done is refused before it has
//!   changed anything, with etcd's error.
//!
//! What can fail is the disk under a read. Then [`Mvcc::failure`] says so, the answer at hand is
//! worthless, and the node must halt.
//!
//! etcd's counterpart is `server/storage/mvcc/`.

mod compact;
mod hash;
mod history;
mod index;
mod key_index;
mod look;
mod overlay;
mod read;
mod row;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use bytes::Bytes;

use self::index::Index;
use self::overlay::Overlay;
use self::row::RowHead;
use crate::api::KeyValue;
use crate::store::{MetaKey, REVISION_MAX, Store, StoreError};
pub use crate::store::{Revision, RowKey};

pub use self::hash::HashKvResult;
pub(crate) use self::history::Change;
pub(crate) use self::index::KeyRange;
pub use self::look::{KeyHistory, Write};
pub use self::write::Leases;
#[cfg(test)]
pub(crate) use self::write::NoLeases;

/// The revision of a store to which nothing was ever written.
const FIRST_REVISION: i64 = 1;
/// What [`Mvcc::compacted`] says before the first compaction; etcd's value, seen in `HashKV`.
const NEVER_COMPACTED: i64 = -1;

/// The keys of a member: all that `KV` requests read and write.
#[derive(Debug)]
pub struct Mvcc {
    store: Store,
    index: Index,
    overlay: Overlay,
    /// Main revision of the last finished transaction.
    revision: i64,
    /// Main revision up to which history is compacted.
    compacted: i64,
    /// Where the physical part of the last compaction goes on; see [`compact`].
    sweep: Option<compact::Sweep>,
    /// Changes of the transaction that is being executed, which makes revision `revision + 1`.
    changes: i64,
    /// The first failure of the store under a read.
    failure: OnceLock<StoreError>,
}

impl Mvcc {
    /// Takes over what the store holds.
    ///
    /// # Errors
    /// When the store cannot be read, or its rows contradict each other.
    pub fn open(store: Store) -> Result<Self, StoreError> {
        Self::open_with_leases(store).map(|(mvcc, _)| mvcc)
    }

    /// As [`Self::open`]; says which keys have a lease, too, since all rows are read anyway.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with_leases(store: Store) -> Result<(Self, BTreeMap<Bytes, i64>), StoreError> {
        let mut attached = BTreeMap::new();
        let revision = read_revision(&store, MetaKey::Revision)?.unwrap_or(FIRST_REVISION);
        let compacted = read_revision(&store, MetaKey::Compact)?.unwrap_or(NEVER_COMPACTED);
        let mut mvcc = Self {
            store,
            index: Index::default(),
            overlay: Overlay::default(),
            revision: revision.max(compacted),
            compacted,
            sweep: (compacted > 0).then(compact::Sweep::default),
            changes: 0,
            failure: OnceLock::new(),
        };
        let (index, last) = (&mut mvcc.index, &mut mvcc.revision);
        mvcc.store.visit_rows(|row, value| {
            let RowHead { key, create_revision, version, lease } = RowHead::decode(value)
                .ok_or_else(|| {
                    StoreError::Corrupt(format!("row {} is unreadable", row.revision))
                })?;
            *last = row.revision.main.max(*last);
            // Rows come in order of revisions: the last one of a key stands.
            if lease != 0 {
                attached.insert(Bytes::copy_from_slice(key), lease);
            } else {
                attached.remove(key);
            }
            if index.change(key, |history| history.restore(row, create_revision, version)) {
                Ok(())
            } else {
                let reason = format!("row {} contradicts an earlier row of its key", row.revision);
                Err(StoreError::Corrupt(reason))
            }
        })?;
        Ok((mvcc, attached))
    }

    /// Main revision of the last transaction that changed something; 1 in a new store.
    #[must_use]
    pub fn revision(&self) -> i64 {
        self.revision
    }

    /// Main revision up to which history is compacted, -1 if it never was.
    #[must_use]
    pub fn compacted(&self) -> i64 {
        self.compacted
    }

    /// How many keys exist.
    #[must_use]
    pub fn live_keys(&self) -> u64 {
        self.index.live()
    }

    /// How many keys have any history, deleted ones included.
    #[must_use]
    pub fn known_keys(&self) -> u64 {
        self.index.keys()
    }

    /// What the next [`StoreBatch::Write`](crate::store::StoreBatch) must hold, in order of rows.
    /// The rows stay readable here until [`Self::rows_stored`].
    pub fn take_rows(&mut self) -> Vec<(RowKey, Option<Bytes>)> {
        self.overlay.take()
    }

    /// What the same batch must hold of [`MetaKey::Revision`] and [`MetaKey::Compact`].
    #[must_use]
    pub fn meta(&self) -> Vec<(MetaKey, Bytes)> {
        [(MetaKey::Revision, self.revision), (MetaKey::Compact, self.compacted)]
            .map(|(key, revision)| (key, Bytes::copy_from_slice(&revision.to_le_bytes())))
            .into()
    }

    /// The oldest batch that was taken and not yet stored is durable now.
    pub fn rows_stored(&mut self) {
        self.overlay.stored();
    }

    /// Bytes that the next batch would hold.
    #[must_use]
    pub fn pending_rows_bytes(&self) -> u64 {
        self.overlay.pending_bytes()
    }

    /// Bytes of keys and values of rows that are not in the durable store yet.
    #[must_use]
    pub fn unstored_bytes(&self) -> u64 {
        self.overlay.row_bytes()
    }

    /// Rows that compaction took are still in the durable store, or on their way out of it.
    #[must_use]
    pub fn deletes_wait(&self) -> bool {
        self.overlay.deletes_wait()
    }

    /// Why the last read was worthless: the store failed under it. The node must halt.
    #[must_use]
    pub fn failure(&self) -> Option<&StoreError> {
        self.failure.get()
    }

    /// What the transactions after the main revision `revision` changed, oldest first: for
    /// watchers, and for leases, which keys are attached to. A tombstone has a key and nothing
    /// else. Ask at once: rows leave with [`Self::rows_stored`].
    pub fn changes_after(&self, revision: i64) -> impl Iterator<Item = (RowKey, KeyValue)> {
        self.overlay.rows_after(revision).map(|(row, value)| (row, row::decode(value)))
    }

    /// The rows that the transactions after the main revision `revision` wrote, oldest first. Ask at
    /// once, as for [`Self::changes_after`].
    pub(crate) fn rows_after(&self, revision: i64) -> impl Iterator<Item = RowKey> {
        self.overlay.rows_after(revision).map(|(row, _)| row)
    }

    /// The revision that a read without one sees: of the transaction that is being executed, once
    /// it has changed something, else of the last one.
    fn head(&self) -> i64 {
        self.revision + i64::from(self.changes > 0)
    }
}

fn read_revision(store: &Store, key: MetaKey) -> Result<Option<i64>, StoreError> {
    let Some(bytes) = store.meta(key)? else { return Ok(None) };
    let revision = bytes[..].try_into().map(i64::from_le_bytes).ok();
    match revision.filter(|revision| (-1..=REVISION_MAX).contains(revision)) {
        Some(revision) => Ok(Some(revision)),
        None => Err(StoreError::Corrupt(format!("{key:?} is stored as {bytes:?}"))),
    }
}
