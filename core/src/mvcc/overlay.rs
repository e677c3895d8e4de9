//! Rows that are applied but not yet durable.
//!
//! Applying an entry must not wait for a disk. So its rows are put here, can be read at once, and
//! leave when the store says that it has them:
//!
//! ```text
//!    apply ──push──► | taken, on its way to the disk | pending |
//!                      └── stored(): dropped           └── take(): the next batch
//! ```
//!
//! Rows come in order of revisions, so a queue is all that this needs.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::store::RowKey;

#[derive(Debug, Default)]
pub(super) struct Overlay {
    /// In order of revisions. `None` when compaction came before the row was taken.
    rows: VecDeque<(RowKey, Option<Bytes>)>,
    /// Sizes, in rows, of the batches that were taken and are not stored yet, oldest first.
    batches: VecDeque<usize>,
    /// Rows at the front that belong to these batches.
    taken: usize,
    /// Rows of the store that compaction made superfluous.
    deletes: Vec<RowKey>,
    /// Bytes of what is pending.
    pending_bytes: u64,
    /// Bytes of all rows here: pending, or on their way to the disk.
    row_bytes: u64,
}

impl Overlay {
    /// Adds the newest row.
    pub(super) fn push(&mut self, row: RowKey, value: Bytes) {
        debug_assert!(self.rows.back().is_none_or(|(last, _)| last.revision < row.revision));
        self.pending_bytes += row_bytes(value.len());
        self.row_bytes += row_bytes(value.len());
        self.rows.push_back((row, Some(value)));
    }

    /// The value of a row, if it is here.
    pub(super) fn get(&self, row: RowKey) -> Option<&Bytes> {
        let position = self.position(row)?;
        self.rows[position].1.as_ref()
    }

    /// Deletes a row, here or later in the store.
    pub(super) fn delete(&mut self, row: RowKey) {
        match self.position(row) {
            Some(position) if position >= self.taken => {
                let value = self.rows[position].1.take();
                let bytes = value.map_or(0, |value| row_bytes(value.len()));
                self.pending_bytes -= bytes;
                self.row_bytes -= bytes;
            }
            _ => {
                self.pending_bytes += row_bytes(0);
                self.deletes.push(row);
            }
        }
    }

    /// The oldest row that may be missing in the store.
    pub(super) fn first(&self) -> Option<RowKey> {
        self.rows.front().map(|(row, _)| *row)
    }

    /// The rows above a main revision.
    pub(super) fn rows_after(&self, main: i64) -> impl Iterator<Item = (RowKey, &Bytes)> {
        self.iter_from(self.rows.partition_point(|(row, _)| row.revision.main <= main))
    }

    /// All rows, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (RowKey, &Bytes)> {
        self.iter_from(0)
    }

    /// What the next batch must hold, in order of rows.
    pub(super) fn take(&mut self) -> Vec<(RowKey, Option<Bytes>)> {
        let mut batch: Vec<_> = self.deletes.drain(..).map(|row| (row, None)).collect();
        batch.sort_unstable_by_key(|(row, _)| *row);
        let pending = self.rows.range(self.taken..);
        batch.extend(pending.filter(|(_, value)| value.is_some()).cloned());
        self.batches.push_back(self.rows.len() - self.taken);
        self.taken = self.rows.len();
        self.pending_bytes = 0;
        batch
    }

    /// The oldest taken batch is in the store.
    pub(super) fn stored(&mut self) {
        let count = self.batches.pop_front().unwrap_or(0);
        self.taken -= count;
        let stored = self.rows.drain(..count).filter_map(|(_, value)| value);
        self.row_bytes -= stored.map(|value| row_bytes(value.len())).sum::<u64>();
    }

    pub(super) fn pending_bytes(&self) -> u64 {
        self.pending_bytes
    }

    pub(super) fn row_bytes(&self) -> u64 {
        self.row_bytes
    }

    /// Rows of the store wait to be deleted there.
    pub(super) fn deletes_wait(&self) -> bool {
        !self.deletes.is_empty()
    }

    fn position(&self, row: RowKey) -> Option<usize> {
        // Most reads are of rows that left long ago.
        if self.rows.front().is_none_or(|(first, _)| row < *first) {
            return None;
        }
        self.rows.binary_search_by_key(&row, |(row, _)| *row).ok()
    }

    fn iter_from(&self, begin: usize) -> impl Iterator<Item = (RowKey, &Bytes)> {
        self.rows.range(begin..).filter_map(|(row, value)| Some((*row, value.as_ref()?)))
    }
}

fn row_bytes(value: usize) -> u64 {
    18 + value as u64
}
