//! Compaction: forgetting what nobody may read any more.
//!
//! The *logical* part is one assignment: reads below the revision are refused from then on. The
//! *physical* part, which takes the superfluous rows out of the index and the store, walks the keys
//! in slices, so that no member stands still for it. Nothing that can be read depends on how far it
//! has come, neither do hashes; after a restart it begins again.

use std::ops::ControlFlow;

use super::Mvcc;
use super::index::KeyRange;
use crate::api::Error;

/// Keys that a slice looks at for each row that it may delete. A look costs far less than a delete.
const LOOKS_PER_ROW: u64 = 16;

/// Where the physical part goes on: at the first key that is not below this.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    next: Box<[u8]>,
}

impl Mvcc {
    /// Forgets the history before the main revision `revision`, which itself stays readable.
    /// [`Self::compact_slice`] does the work.
    ///
    /// # Errors
    /// [`Error::COMPACTED`] and [`Error::FUTURE_REVISION`].
    pub fn compact(&mut self, revision: i64) -> Result<(), Error> {
        if revision <= self.compacted {
            return Err(Error::COMPACTED);
        }
        if revision > self.revision {
            return Err(Error::FUTURE_REVISION);
        }
        self.compacted = revision;
        self.sweep = Some(Sweep::default());
        Ok(())
    }

    /// Whether [`Self::compact_slice`] has anything left to do.
    #[must_use]
    pub fn is_compacting(&self) -> bool {
        self.sweep.is_some()
    }

    /// Deletes at most `max_rows` superfluous rows, into the next batch for the store. Returns
    /// whether there is more to do.
    pub fn compact_slice(&mut self, max_rows: u64) -> bool {
        let Some(Sweep { next }) = self.sweep.take() else { return false };
        let mut looks = max_rows.saturating_mul(LOOKS_PER_ROW).max(1);
        let mut rows = max_rows.max(1);
        let mut cut: Vec<(Box<[u8]>, usize)> = Vec::new();
        let at = self.compacted;
        let next = self.index.visit(KeyRange::From(&next), |key, history| {
            if looks == 0 || rows == 0 {
                return ControlFlow::Break(Box::<[u8]>::from(key));
            }
            looks -= 1;
            let obsolete = history.obsolete(at);
            let count = obsolete.min(usize::try_from(rows).unwrap_or(usize::MAX));
            if count > 0 {
                rows -= count as u64;
                cut.push((key.into(), count));
            }
            if count < obsolete {
                return ControlFlow::Break(key.into());
            }
            ControlFlow::Continue(())
        });
        for (key, count) in cut {
            self.forget(&key, count);
        }
        self.sweep = next.map(|next| Sweep { next });
        self.is_compacting()
    }

    fn forget(&mut self, key: &[u8], count: usize) {
        let overlay = &mut self.overlay;
        let is_empty = self.index.change(key, |history| {
            history.rows().take(count).for_each(|row| overlay.delete(row));
            history.forget(count);
            history.is_empty()
        });
        if is_empty {
            self.index.remove(key);
        }
    }
}
