//! History in the order in which it was made: what watchers read.
//!
//! ```text
//!     store (older)                    overlay (newer, not known to be durable)
//!   | 2.0 | 3.0 | 4.0 | 4.1 |        | 4.1 | 5.0 | 6.0 |
//!                        └─ in both when it was committed a moment ago: read from the overlay
//! ```
//!
//! Rows leave the overlay only when the store has them, so that the two together have no gap.

use std::cell::OnceCell;
use std::ops::ControlFlow;

use bytes::Bytes;
use prost::Message as _;

use super::row::{self, RowHead};
use super::{Mvcc, RowKey};
use crate::api::{KeyValue, RangeRequest};
use crate::store::StoreError;

/// One change of one key. What is costly to make of it is made once, and only when it is wanted.
#[derive(Debug)]
pub(crate) struct Change<'a> {
    /// Which write it was.
    pub(crate) row: RowKey,
    /// The key that it changed.
    pub(crate) key: &'a [u8],
    source: Source<'a>,
    pair: OnceCell<KeyValue>,
    previous: OnceCell<Option<KeyValue>>,
}

#[derive(Debug)]
enum Source<'a> {
    Store(&'a [u8]),
    Overlay(&'a Bytes),
}

impl<'a> Change<'a> {
    fn new(row: RowKey, source: Source<'a>) -> Result<Self, StoreError> {
        let bytes = match source {
            Source::Store(bytes) => bytes,
            Source::Overlay(bytes) => &bytes[..],
        };
        let RowHead { key, .. } = RowHead::decode(bytes).ok_or_else(|| unreadable(row))?;
        Ok(Self { row, key, source, pair: OnceCell::new(), previous: OnceCell::new() })
    }

    /// The pair that was put; of a deleted key, the key and the revision of the delete.
    pub(crate) fn pair(&self) -> &KeyValue {
        self.pair.get_or_init(|| {
            let mut pair = match self.source {
                Source::Overlay(bytes) => row::decode(bytes),
                // Its head was readable, so a value that is not would show up as an empty pair
                // only if the store's checksums had failed to see it.
                Source::Store(bytes) => {
                    KeyValue::decode(Bytes::copy_from_slice(bytes)).unwrap_or_default()
                }
            };
            pair.mod_revision = self.row.revision.main;
            pair
        })
    }

    /// The pair before the change; `None` when there was none, or compaction took it.
    pub(crate) fn previous(&self, mvcc: &Mvcc) -> Option<&KeyValue> {
        let find = || {
            let created =
                !self.row.tombstone && self.pair().create_revision == self.row.revision.main;
            if created {
                return None;
            }
            let key = Bytes::copy_from_slice(self.key);
            let revision = self.row.revision.main - 1;
            let request = RangeRequest { key, revision, ..RangeRequest::default() };
            mvcc.range(&request).ok()?.kvs.pop()
        };
        self.previous.get_or_init(find).as_ref()
    }
}

impl Mvcc {
    /// Shows every change from the main revision `from` on to `visit`, in order, until it breaks.
    /// What compaction took is not shown. When the store fails, the changes seen so far are
    /// worthless; see [`Mvcc::failure`].
    pub(crate) fn visit_history(
        &self,
        from: i64,
        mut visit: impl FnMut(&Change<'_>) -> ControlFlow<()>,
    ) {
        match self.visit_stored_history(from, &mut visit) {
            Ok(ControlFlow::Continue(())) => {}
            Ok(ControlFlow::Break(())) => return,
            Err(error) => {
                let _ = self.failure.set(error);
                return;
            }
        }
        for (row, value) in self.overlay.rows_after(from - 1) {
            let change = Change::new(row, Source::Overlay(value));
            let change = change.expect("the row was encoded here");
            if visit(&change).is_break() {
                return;
            }
        }
    }

    fn visit_stored_history(
        &self,
        from: i64,
        visit: &mut impl FnMut(&Change<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, StoreError> {
        let begin = RowKey::put(from.max(0), 0);
        let newer = self.overlay.first();
        // What was applied a moment ago, which is what apply asks for, is all in the overlay.
        if newer.is_some_and(|first| first.revision <= begin.revision) || from > self.revision {
            return Ok(ControlFlow::Continue(()));
        }
        self.store
            .visit_rows_from(begin, |row, value| {
                if newer.is_some_and(|first| row >= first) {
                    return Ok(ControlFlow::Break(ControlFlow::Continue(())));
                }
                let change = Change::new(row, Source::Store(value))?;
                Ok(match visit(&change) {
                    ControlFlow::Continue(()) => ControlFlow::Continue(()),
                    ControlFlow::Break(()) => ControlFlow::Break(ControlFlow::Break(())),
                })
            })
            .map(|end| end.unwrap_or(ControlFlow::Continue(())))
    }
}

fn unreadable(row: RowKey) -> StoreError {
    StoreError::Corrupt(format!("row {} is unreadable", row.revision))
}
