//! One transaction: what a batch changes.

use bytes::Bytes;
use redb::{Database, ReadableTable, Table, TableError, WriteTransaction};

use super::rows::StagedRow;
use super::{
    AUTH, AuthKey, AuthRow, KEY, LEASE, LeaseRow, META, MetaKey, RowKey, STAGING, STAGING_AUTH,
    STAGING_LEASE, StoreBatch, StoreError, auth_row, decode_count, lease_row, rows,
};

type Meta<'a> = Table<'a, u8, &'static [u8]>;

/// Does what a batch says, all of it or nothing.
pub(super) fn commit(database: &Database, batch: &StoreBatch) -> Result<(), StoreError> {
    let transaction = begin(database)?;
    let mut meta = transaction.open_table(META)?;
    match batch {
        StoreBatch::Write { rows, leases, auth, meta: pairs } => {
            write_rows(&transaction, &mut meta, rows)?;
            write_leases(&transaction, leases)?;
            write_auth(&transaction, auth)?;
            write_meta(&mut meta, pairs)?;
        }
        StoreBatch::Stage { first, rows } => stage(&transaction, &mut meta, *first, rows)?,
        StoreBatch::Install { meta: pairs } => {
            install(&transaction, &mut meta)?;
            write_meta(&mut meta, pairs)?;
        }
    }
    drop(meta);
    transaction.commit()?;
    Ok(())
}

/// Makes the tables of a new store.
pub(super) fn create_tables(database: &Database) -> Result<(), StoreError> {
    let transaction = begin(database)?;
    transaction.open_table(KEY)?;
    transaction.open_table(LEASE)?;
    transaction.open_table(AUTH)?;
    transaction.open_table(META)?;
    transaction.commit()?;
    Ok(())
}

/// Begins a transaction that commits in two phases: everything is synced before the root that
/// points to it is, and then the root. With one phase redb finds out after a crash, by checksums,
/// whether the last commit is whole, and if not goes back to the one before; so damage could undo a
/// commit.
pub(super) fn begin(database: &Database) -> Result<WriteTransaction, StoreError> {
    let mut transaction = database.begin_write()?;
    transaction.set_two_phase_commit(true);
    Ok(transaction)
}

fn write_meta(meta: &mut Meta<'_>, pairs: &[(MetaKey, Bytes)]) -> Result<(), StoreError> {
    for (key, value) in pairs {
        meta.insert(*key as u8, &value[..])?;
    }
    Ok(())
}

fn write_rows(
    transaction: &WriteTransaction,
    meta: &mut Meta<'_>,
    rows: &[(RowKey, Option<Bytes>)],
) -> Result<(), StoreError> {
    let (mut added, mut removed) = (0, 0);
    let mut table = transaction.open_table(KEY)?;
    for (row, value) in rows {
        let key = row.encode();
        let old = match value {
            Some(value) => {
                added += row_bytes(&key, value);
                table.insert(&*key, &value[..])?
            }
            None => table.remove(&*key)?,
        };
        removed += old.map_or(0, |old| row_bytes(&key, old.value()));
    }
    let bytes = read_count(meta, MetaKey::RowBytes)? + added;
    write_count(meta, MetaKey::RowBytes, bytes.saturating_sub(removed))
}

fn write_leases(
    transaction: &WriteTransaction,
    leases: &[(i64, Option<LeaseRow>)],
) -> Result<(), StoreError> {
    if leases.is_empty() {
        return Ok(());
    }
    let mut table = transaction.open_table(LEASE)?;
    for (id, row) in leases {
        let key = lease_row::encode_key(*id);
        match row {
            Some(row) => table.insert(&key[..], &lease_row::encode(row)[..])?,
            None => table.remove(&key[..])?,
        };
    }
    Ok(())
}

fn write_auth(
    transaction: &WriteTransaction,
    rows: &[(AuthKey, Option<AuthRow>)],
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut table = transaction.open_table(AUTH)?;
    for (key, row) in rows {
        let key = auth_row::encode_key(key);
        match row {
            Some(row) => table.insert(&key[..], &auth_row::encode(row)[..])?,
            None => table.remove(&key[..])?,
        };
    }
    Ok(())
}

fn stage(
    transaction: &WriteTransaction,
    meta: &mut Meta<'_>,
    first: bool,
    rows: &[u8],
) -> Result<(), StoreError> {
    let mut bytes = 0;
    if first {
        transaction.delete_table(STAGING)?;
        transaction.delete_table(STAGING_LEASE)?;
        transaction.delete_table(STAGING_AUTH)?;
    } else {
        bytes = read_count(meta, MetaKey::StagedBytes)?;
    }
    let mut keys = transaction.open_table(STAGING)?;
    let mut leases = transaction.open_table(STAGING_LEASE)?;
    let mut auth = transaction.open_table(STAGING_AUTH)?;
    for row in rows::decode(rows) {
        match row.map_err(|error| StoreError::Corrupt(error.to_string()))? {
            StagedRow::Key(row, value) => {
                let key = row.encode();
                bytes += row_bytes(&key, value);
                keys.insert(&*key, value)?;
            }
            StagedRow::Lease(id, value) => {
                leases.insert(&lease_row::encode_key(id)[..], value)?;
            }
            StagedRow::Auth(key, value) => drop(auth.insert(key, value)?),
        }
    }
    write_count(meta, MetaKey::StagedBytes, bytes)
}

fn install(transaction: &WriteTransaction, meta: &mut Meta<'_>) -> Result<(), StoreError> {
    for (staged, table) in [(STAGING, KEY), (STAGING_LEASE, LEASE), (STAGING_AUTH, AUTH)] {
        transaction.delete_table(table)?;
        transaction.rename_table(staged, table).map_err(|error| match error {
            TableError::TableDoesNotExist(_) => {
                StoreError::Corrupt("no received snapshot is there to install".into())
            }
            other => other.into(),
        })?;
    }
    let bytes = read_count(meta, MetaKey::StagedBytes)?;
    meta.remove(MetaKey::StagedBytes as u8)?;
    write_count(meta, MetaKey::RowBytes, bytes)
}

fn read_count(meta: &Meta<'_>, key: MetaKey) -> Result<u64, StoreError> {
    match meta.get(key as u8)? {
        Some(bytes) => decode_count(bytes.value()),
        None => Ok(0),
    }
}

fn write_count(meta: &mut Meta<'_>, key: MetaKey, count: u64) -> Result<(), StoreError> {
    meta.insert(key as u8, &count.to_le_bytes()[..])?;
    Ok(())
}

fn row_bytes(key: &[u8], value: &[u8]) -> u64 {
    (key.len() + value.len()) as u64
}
