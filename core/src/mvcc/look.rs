//! What panels and checkers may see of the keys, beyond what a client may ask.

use std::ops::ControlFlow;

use bytes::Bytes;

use super::Mvcc;
use super::index::KeyRange;
pub use super::key_index::Write;
use crate::store::RowKey;

/// All that is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyHistory {
    /// The key.
    pub key: Bytes,
    /// Its writes that compaction has not forgotten, oldest first. A write of version 0 deleted the
    /// key, and ended a generation.
    pub writes: Vec<Write>,
}

impl Mvcc {
    /// The histories of the first `limit` keys from `from` on, deleted keys included.
    #[must_use]
    pub fn histories(&self, from: &[u8], limit: usize) -> Vec<KeyHistory> {
        let mut found = Vec::new();
        self.index.visit(KeyRange::From(from), |key, history| {
            if found.len() == limit {
                return ControlFlow::Break(());
            }
            let key = Bytes::copy_from_slice(key);
            found.push(KeyHistory { key, writes: history.writes().to_vec() });
            ControlFlow::Continue(())
        });
        found
    }

    /// The rows that wait for the disk, in order: those that a crash would take from memory, and
    /// the log would have to give back.
    pub fn undurable_rows(&self) -> impl Iterator<Item = RowKey> {
        self.overlay.iter().map(|(row, _)| row)
    }
}
