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
//! Equal to etcd's (`server/storage/mvcc/hash.go`) for an equal history.

use std::ops::ControlFlow;

use crc32c::crc32c_append;

use super::index::KeyRange;
use super::{Mvcc, RowKey};
use crate::api::Error;
use crate::store::StoreError;

/// The name of the bucket in which etcd has its rows.
const BUCKET: &[u8] = b"key";

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
    /// Hashes the store as of a main revision, 0 for the last one. Reads every row.
    ///
    /// # Errors
    /// [`Error::COMPACTED`] and [`Error::FUTURE_REVISION`].
    pub fn hash_kv(&self, revision: i64) -> Result<HashKvResult, Error> {
        if revision > 0 && revision < self.compacted {
            return Err(Error::COMPACTED);
        }
        if revision > self.revision {
            return Err(Error::FUTURE_REVISION);
        }
        let revision = if revision == 0 { self.revision } else { revision };
        let mut hash = RowHasher::new(self, revision);
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
            hash: hash.crc,
            compact_revision: self.compacted,
            hash_revision: revision,
        })
    }
}

struct RowHasher {
    crc: u32,
    revision: i64,
    compacted: i64,
    /// Rows, not above the compacted revision, that count; ascending.
    old: std::iter::Peekable<std::vec::IntoIter<RowKey>>,
}

impl RowHasher {
    fn new(mvcc: &Mvcc, revision: i64) -> Self {
        let crc = crc32c_append(0, BUCKET);
        let old = old_rows(mvcc, revision).into_iter().peekable();
        Self { crc, revision, compacted: mvcc.compacted, old }
    }

    fn add(&mut self, row: RowKey, value: &[u8]) {
        let main = row.revision.main;
        if main > self.revision {
            return;
        }
        if main <= self.compacted {
            while self.old.next_if(|old| *old < row).is_some() {}
            if self.old.next_if(|old| *old == row).is_none() {
                return;
            }
        }
        self.crc = crc32c_append(crc32c_append(self.crc, &row.encode()), value);
    }
}

/// The rows up to the compacted revision that count at `revision`, ascending.
fn old_rows(mvcc: &Mvcc, revision: i64) -> Vec<RowKey> {
    let compacted = mvcc.compacted;
    let mut visible = Vec::new();
    let mut kept = Vec::new();
    let mut any = false;
    mvcc.index.visit::<()>(KeyRange::From(&[]), |_, history| {
        if let Some(now) = history.at(revision) {
            any = true;
            visible.extend(Some(now.row()).filter(|row| row.revision.main <= compacted));
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
