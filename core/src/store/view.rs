//! The store as of one commit, to walk through as often as one likes.

use std::sync::Arc;

use bytes::Bytes;
use redb::{Range, ReadTransaction};

use super::{
    AUTH, AuthRow, KEY, LEASE, LeaseRow, MetaKey, RowKey, Shared, Store, StoreError, Table,
    decode_auth, decode_key, decode_lease, open_optional, read_meta,
};

/// The store as it was at one commit. Later commits do not change what it shows, but the space of what
/// they free is not reused before it is dropped.
pub struct StoreView {
    transaction: ReadTransaction,
    /// Keeps the database open.
    _shared: Arc<Shared>,
}

impl std::fmt::Debug for StoreView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreView").finish_non_exhaustive()
    }
}

impl StoreView {
    pub(super) fn new(store: &Store) -> Result<Self, StoreError> {
        let shared = store.shared();
        Ok(Self { transaction: shared.read()?, _shared: shared })
    }

    /// A piece of meta.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn meta(&self, key: MetaKey) -> Result<Option<Bytes>, StoreError> {
        read_meta(&self.transaction, key)
    }

    /// All rows, in order.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn rows(&self) -> Result<RowCursor, StoreError> {
        Ok(RowCursor { range: self.transaction.open_table(KEY)?.range::<&[u8]>(..)? })
    }

    /// All leases, in order of the bytes of their ids.
    ///
    /// # Errors
    /// When the store cannot be read, or holds what is no lease.
    pub fn leases(&self) -> Result<Vec<LeaseRow>, StoreError> {
        self.all(LEASE, decode_lease)
    }

    /// Users, roles and their revision.
    ///
    /// # Errors
    /// When the store cannot be read, or holds what is no user and no role.
    pub fn auth(&self) -> Result<Vec<AuthRow>, StoreError> {
        self.all(AUTH, decode_auth)
    }

    /// All of a table that stores of earlier builds do not have.
    fn all<T>(
        &self,
        table: Table,
        decode: impl Fn(&[u8], &[u8]) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let Some(rows) = open_optional(&self.transaction, table)? else { return Ok(Vec::new()) };
        let range = rows.range::<&[u8]>(..)?;
        range
            .map(|row| {
                let (key, value) = row?;
                decode(key.value(), value.value())
            })
            .collect()
    }
}

/// A walk through all rows of a [`StoreView`].
pub struct RowCursor {
    range: Range<'static, &'static [u8], &'static [u8]>,
}

impl RowCursor {
    /// Shows the next row to `take` without copying it; `None` behind the last.
    ///
    /// # Errors
    /// When the store cannot be read, or holds what is no row.
    pub fn next<R>(
        &mut self,
        take: impl FnOnce(RowKey, &[u8]) -> R,
    ) -> Result<Option<R>, StoreError> {
        let Some(row) = self.range.next() else { return Ok(None) };
        let (key, value) = row?;
        Ok(Some(take(decode_key(key.value())?, value.value())))
    }
}
