//! The hash of the store, by which members find out whether they hold the same data.
//!
//! CRC-32C over the name of etcd's bucket, then key and value of each row in order, of those rows
//! that count at the revision asked for:
//!
//! - no row above it;
//! - of what compaction may delete, only the rows that are visible at that revision, because one
//!   member may have deleted the others already and another not yet;
//! - not the tombstones of the compacted revision itself, which etcd kept only since 3.5.16.
//!
//! When nothing is visible at the revision asked for, etcd hashes all that compaction left. That it
//! takes a key for invisible which one transaction deletes and writes anew, at that transaction's
//! revision, seems to be an oversight (`keyIndex.keep`); members must agree all the same.
//!
//! Equal to etcd's (`server/storage/mvcc/hash.go`) for an equal history.

use std::ops::ControlFlow;

use super::Mvcc;
use super::index::KeyRange;
use crate::api::Error;
use crate::store::{HashPlan, RowHasher, RowKey, StoreError};

/// What `HashKV` answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashKvResult {
    /// CRC-32C of the rows that count.
    pub hash: u32,
    /// The compacted revision, -1 if there was no compaction.
    pub compact_revision: i64,
    /// The revision that was hashed.
    pub hash_revision: i64,
}

impl Mvcc {
    /// The main revision that a hash at `revision` is of: 0, and less, is the last one.
    ///
    /// # Errors
    /// [`Error::COMPACTED`] and [`Error::FUTURE_REVISION`].
    pub fn check_hash(&self, revision: i64) -> Result<i64, Error> {
        if revision > 0 && revision < self.compacted {
            return Err(Error::COMPACTED);
        }
        if revision > self.revision {
            return Err(Error::FUTURE_REVISION);
        }
        Ok(if revision == 0 { self.revision } else { revision })
    }

    /// Which rows count at a main revision, 0 for the last one.
    ///
    /// # Errors
    /// [`Error::COMPACTED`] and [`Error::FUTURE_REVISION`].
    pub fn hash_plan(&self, revision: i64) -> Result<HashPlan, Error> {
        let revision = self.check_hash(revision)?;
        Ok(HashPlan { revision, compacted: self.compacted, old: old_rows(self, revision) })
    }

    /// Hashes the keys as of a main revision, 0 for the last one, here and now. Reads every row: for
    /// checkers and tests; a node lets the world do it ([`crate::store::Work`]).
    ///
    /// # Errors
    /// As [`Self::hash_plan`].
    pub fn hash_kv(&self, revision: i64) -> Result<HashKvResult, Error> {
        let plan = self.hash_plan(revision)?;
        let mut hash = RowHasher::new(&plan);
        let mut overlay = self.overlay.iter().peekable();
        let read = self.store.visit_rows(|row, value| {
            // Both are in order. A row that is in both was committed a moment ago.
            while let Some((newer, value)) = overlay.next_if(|(newer, _)| *newer < row) {
                hash.add(newer, value);
            }
            overlay.next_if(|(same, _)| *same == row);
            hash.add(row, value);
            Ok::<(), StoreError>(())
        });
        if let Err(error) = read {
            let _ = self.failure.set(error);
        }
        overlay.for_each(|(row, value)| hash.add(row, value));
        Ok(HashKvResult {
            hash: hash.crc(),
            compact_revision: plan.compacted,
            hash_revision: plan.revision,
        })
    }
}

/// The rows up to the compacted revision that count at `revision`, ascending.
fn old_rows(mvcc: &Mvcc, revision: i64) -> Vec<RowKey> {
    let compacted = mvcc.compacted;
    let mut visible = Vec::new();
    let mut kept = Vec::new();
    let mut any = false;
    mvcc.index.visit::<()>(KeyRange::From(&[]), |_, history| {
        let now = history.at(revision).map(|now| now.row());
        if let Some(row) = now.filter(|row| !is_overlooked(*row, revision, history.rows())) {
            any = true;
            visible.extend(Some(row).filter(|row| row.revision.main <= compacted));
        }
        let survivors = history.rows().skip(history.obsolete(compacted));
        kept.extend(survivors.take_while(|row| row.revision.main <= compacted && !row.tombstone));
        ControlFlow::Continue(())
    });
    // etcd's rule when nothing is visible at that revision: then it hashes all that compaction
    // left.
    let mut rows = if any { visible } else { kept };
    rows.sort_unstable();
    rows
}

/// etcd overlooks a key that the very transaction of the revision deleted and wrote anew.
fn is_overlooked(row: RowKey, revision: i64, mut rows: impl Iterator<Item = RowKey>) -> bool {
    let main = row.revision.main;
    main == revision && rows.any(|row| row.tombstone && row.revision.main == main)
}
