//! Reading the whole store as of one commit, in parts of bounded size.

use std::sync::Arc;

use bytes::Bytes;
use redb::{Range, ReadTransaction};

use super::{
    AUTH, KEY, LEASE, MetaKey, Shared, Store, StoreError, decode_auth, decode_key, decode_lease,
    open_optional, read_count, read_meta, rows,
};

type Rows = Range<'static, &'static [u8], &'static [u8]>;

/// A reader of the store as it was at one commit, for sending it to another member.
///
/// The rows come in order, behind them the leases, the users and the roles, in parts that [`StoreBatch::Stage`](super::StoreBatch) takes as they
/// are.
pub struct SnapshotReader {
    transaction: ReadTransaction,
    range: Rows,
    /// The leases; `None` when the store has never had any.
    leases: Option<Rows>,
    /// Users and roles; `None` when the store has never had any.
    auth: Option<Rows>,
    /// A row that did not fit into the last part, encoded.
    carry: Vec<u8>,
    /// Keeps the database open.
    _shared: Arc<Shared>,
}

impl std::fmt::Debug for SnapshotReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SnapshotReader").finish_non_exhaustive()
    }
}

impl SnapshotReader {
    pub(super) fn new(store: &Store) -> Result<Self, StoreError> {
        let shared = store.shared();
        let transaction = shared.read()?;
        let table = transaction.open_table(KEY)?;
        let range = table.range::<&[u8]>(..)?;
        let all = |table| -> Result<Option<Rows>, StoreError> {
            let table = open_optional(&transaction, table)?;
            Ok(table.map(|table| table.range::<&[u8]>(..)).transpose()?)
        };
        let (leases, auth) = (all(LEASE)?, all(AUTH)?);
        Ok(Self { transaction, range, leases, auth, carry: Vec::new(), _shared: shared })
    }

    /// A piece of meta, as of the same commit as the rows.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn meta(&self, key: MetaKey) -> Result<Option<Bytes>, StoreError> {
        read_meta(&self.transaction, key)
    }

    /// Bytes of keys and values of all rows, sent or not: for progress.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn row_bytes(&self) -> Result<u64, StoreError> {
        read_count(&self.transaction, MetaKey::RowBytes)
    }

    /// The next rows, at most `max_bytes` of them, but at least one; `None` behind the last.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn next_rows(&mut self, max_bytes: u64) -> Result<Option<Bytes>, StoreError> {
        let max_bytes = usize::try_from(max_bytes).unwrap_or(usize::MAX);
        let mut part = std::mem::take(&mut self.carry);
        while part.len() < max_bytes {
            let Some(row) = self.range.next() else {
                self.add_leases(&mut part, max_bytes)?;
                self.add_auth(&mut part, max_bytes)?;
                break;
            };
            let (key, value) = row?;
            let (key, value) = (decode_key(key.value())?, value.value());
            if part.is_empty() || part.len() + rows::encoded_len(value) <= max_bytes {
                rows::encode(key, value, &mut part);
            } else {
                rows::encode(key, value, &mut self.carry);
                break;
            }
        }
        Ok((!part.is_empty()).then(|| Bytes::from(part)))
    }
    /// Leases are small: they fill a part up and overshoot it by less than one of them.
    fn add_leases(&mut self, part: &mut Vec<u8>, max_bytes: usize) -> Result<(), StoreError> {
        let Some(leases) = &mut self.leases else { return Ok(()) };
        while part.len() < max_bytes {
            let Some(lease) = leases.next() else { break };
            let (key, value) = lease?;
            rows::encode_lease(&decode_lease(key.value(), value.value())?, part);
        }
        Ok(())
    }

    /// Users and roles fill a part up, too, and overshoot it by less than one of them.
    fn add_auth(&mut self, part: &mut Vec<u8>, max_bytes: usize) -> Result<(), StoreError> {
        let Some(auth) = &mut self.auth else { return Ok(()) };
        while part.len() < max_bytes {
            let Some(row) = auth.next() else { break };
            let (key, value) = row?;
            rows::encode_auth(key.value(), &decode_auth(key.value(), value.value())?, part);
        }
        Ok(())
    }
}
