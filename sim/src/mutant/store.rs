//! The store: rows, and the index that says which entries they are the effect of.
//!
//! The node gives both in one batch, and the store commits a batch whole or not at all. What a sick
//! store does wrong shows after a crash: entries are applied twice, or not at all.

use std::collections::BTreeMap;

use bytes::Bytes;
use glasshouse_core::api::{DefragmentRequest, KeyValue};
use glasshouse_core::store::{MetaKey, RowKey, Store, StoreBatch};
use prost::Message as _;

use super::Mutant;
use crate::place::MemberNo;
use crate::world::State;

/// Ticks between two defragmentations of a member that forgets its index in one.
const DEFRAGMENTED_EVERY: u64 = 20;
/// The value of a row is another one in one revision of so many.
const ROTS_ONE_IN: i64 = 16;

/// What was in the last batches of a member's life.
#[derive(Debug, Default)]
struct Last {
    life: u32,
    /// The applied index of the last batch that the node made.
    index: Option<Bytes>,
    /// Those that the store held at last, the older one first.
    stored: [Option<Bytes>; 2],
    compaction: Option<Compaction>,
}

/// A batch that deleted what was compacted and wrote something new, too.
#[derive(Debug)]
struct Compaction {
    revision: i64,
    rows: Vec<RowKey>,
}

/// The last batches of all members.
#[derive(Debug, Default)]
pub(super) struct Batches(BTreeMap<MemberNo, Last>);

impl State {
    /// A batch as a sick store takes it.
    pub(crate) fn as_it_is_stored(&mut self, no: MemberNo, batch: &mut StoreBatch) {
        if self.is_sick(Mutant::RottenRow, no) {
            rot_rows(batch);
        }
        let keeps_index = self.is_sick(Mutant::IndexBehindRows, no);
        let last = self.last_batches(no);
        last.compaction = compaction(batch);
        let meta = match batch {
            StoreBatch::Write { meta, .. } => meta,
            StoreBatch::Install { meta } => {
                let index = meta.iter().find(|(key, _)| *key == MetaKey::Applied);
                last.index = index.map(|(_, index)| index.clone());
                return;
            }
            StoreBatch::Stage { .. } => return,
        };
        // M15: the rows are those of this batch, the index is that of the batch before.
        for (_, index) in meta.iter_mut().filter(|(key, _)| *key == MetaKey::Applied) {
            let before = last.index.replace(index.clone());
            if let Some(before) = before.filter(|_| keeps_index) {
                *index = before;
            }
        }
    }

    /// A batch is in the store.
    pub(crate) fn remember_stored(&mut self, no: MemberNo, store: &Store) {
        let Ok(index) = store.meta(MetaKey::Applied) else { return };
        let last = self.last_batches(no);
        if last.stored[1] != index {
            last.stored = [last.stored[1].take(), index];
        }
    }

    /// M16: the store was rewritten, and the index in the new file is that of a batch ago. The next batch
    /// puts it right, if there is one.
    pub(crate) fn forget_index(&mut self, no: MemberNo, store: &Store) {
        let Some(index) = self.last_batches(no).stored[0].clone() else { return };
        let meta = vec![(MetaKey::Applied, index)];
        let (rows, leases, auth) = (Vec::new(), Vec::new(), Vec::new());
        // A store that cannot be written says so at its next batch.
        let _ = store.commit(&StoreBatch::Write { rows, leases, auth, meta });
    }

    /// M16: somebody defragments the member now and then, as operators do.
    pub(super) fn defragment_now_and_then(&mut self, no: MemberNo) {
        if self.member(no).ticks.is_multiple_of(DEFRAGMENTED_EVERY) {
            self.ask_beside_clients(no, DefragmentRequest {});
        }
    }

    /// M17: the process died behind a batch in which compacted rows went. That the batch had a new
    /// revision, too, is forgotten; the index says that its entry is applied.
    pub(crate) fn lose_revision(&mut self, no: MemberNo, store: &Store) {
        if !self.is_sick(Mutant::CompactionLosesRevision, no) {
            return;
        }
        let Some(last) = self.memory.store.0.remove(&no) else { return };
        let Some(Compaction { revision, rows }) = last.compaction else { return };
        let held = store.meta(MetaKey::Revision).ok().flatten();
        if held.as_deref() != Some(&revision.to_le_bytes()) {
            return;
        }
        let rows = rows.into_iter().map(|row| (row, None)).collect();
        let before = Bytes::copy_from_slice(&(revision - 1).to_le_bytes());
        let meta = vec![(MetaKey::Revision, before)];
        let (leases, auth) = (Vec::new(), Vec::new());
        let _ = store.commit(&StoreBatch::Write { rows, leases, auth, meta });
    }

    fn last_batches(&mut self, no: MemberNo) -> &mut Last {
        let life = self.member(no).life;
        let last = self.memory.store.0.entry(no).or_default();
        if last.life != life {
            *last = Last { life, ..Last::default() };
        }
        last
    }
}

/// What a batch is to M17.
fn compaction(batch: &StoreBatch) -> Option<Compaction> {
    let StoreBatch::Write { rows, .. } = batch else { return None };
    let written = rows.iter().filter(|(_, value)| value.is_some());
    let revision = written.clone().map(|(row, _)| row.revision.main).max()?;
    let newest = written.map(|(row, _)| *row).filter(|row| row.revision.main == revision);
    let deletes = rows.iter().any(|(_, value)| value.is_none());
    deletes.then(|| Compaction { revision, rows: newest.collect() })
}

/// M42: a row now and then is not what the node meant: its last byte is another one.
fn rot_rows(batch: &mut StoreBatch) {
    let StoreBatch::Write { rows, .. } = batch else { return };
    for (row, value) in rows.iter_mut().filter(|(row, _)| row.revision.main % ROTS_ONE_IN == 0) {
        let pair = value.as_ref().and_then(|value| KeyValue::decode(value.clone()).ok());
        let Some(mut pair) = pair.filter(|pair| !row.tombstone && !pair.value.is_empty()) else {
            continue;
        };
        let mut bytes = pair.value.to_vec();
        if let Some(last) = bytes.last_mut() {
            *last ^= 1;
        }
        pair.value = bytes.into();
        *value = Some(pair.encode_to_vec().into());
    }
}
