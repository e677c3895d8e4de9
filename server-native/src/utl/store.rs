//! Work on the store of a member that does not run.

use std::fs::File;
use std::path::{Path, PathBuf};

use glasshouse_core::backup;
use glasshouse_core::bbolt::{ReadError, Reader};
use glasshouse_core::mvcc::{HashKvResult, Mvcc};
use glasshouse_core::store::Store;
use redb::backends::FileBackend;

use super::{SnapshotSource, check_exists};
use crate::disk::{open_store, take_lock};

/// Gives the space that a store does not use back to the disk.
pub(super) fn defragment(data_dir: &Path) -> Result<(), String> {
    let path = store_path(data_dir);
    let (store, _lock) = open_stopped(&path)?;
    store.compact().map_err(|error| error.to_string())
}

/// Hashes the keys of a snapshot file, of a store, or of the store in a data directory.
pub(super) fn hash(path: &Path, revision: i64) -> Result<HashKvResult, String> {
    check_exists(path)?;
    if path.is_dir() {
        return hash_of(open_stopped(&store_path(path))?.0, revision);
    }
    match Reader::open(SnapshotSource::open(path)?) {
        Ok(file) => {
            let store = temporary_store()?;
            backup::load(&file, &store).map_err(|error| error.to_string())?;
            hash_of(store, revision)
        }
        Err(ReadError::NoMeta) => hash_of(open_stopped(path)?.0, revision),
        Err(error) => Err(error.to_string()),
    }
}

fn hash_of(store: Store, revision: i64) -> Result<HashKvResult, String> {
    let mvcc = Mvcc::open(store).map_err(|error| error.to_string())?;
    let result = mvcc.hash_kv(revision).map_err(|error| error.message.into_owned())?;
    match mvcc.failure() {
        Some(error) => Err(error.to_string()),
        None => Ok(result),
    }
}

fn store_path(data_dir: &Path) -> PathBuf {
    data_dir.join("member").join("snap").join("db")
}

/// Opens a store that is there, with the lock of its member, which is held as long as the second value
/// lives. A log that lies apart from the data has the lock with it; then the lock of the store's own
/// file has to do.
fn open_stopped(path: &Path) -> Result<(Store, Option<File>), String> {
    check_exists(path)?;
    let wal = path.parent().and_then(Path::parent).map(|member| member.join("wal"));
    let lock = match wal.filter(|wal| wal.join("lock").is_file()) {
        Some(wal) => Some(take_lock(&wal).map_err(|error| error.to_string())?),
        None => None,
    };
    let store = open_store(path).map_err(|error| error.to_string())?;
    Ok((store, lock))
}

/// A store in a file that has no name any more: it vanishes with its handle.
fn temporary_store() -> Result<Store, String> {
    let path = std::env::temp_dir().join(format!("glasshouse-hashkv-{}", std::process::id()));
    let open = || {
        let file = File::options().read(true).write(true).create_new(true).open(&path)?;
        std::fs::remove_file(&path)?;
        Ok::<_, std::io::Error>(file)
    };
    let file = open().map_err(|error| format!("cannot create {}: {error}", path.display()))?;
    let backend = FileBackend::new(file).map_err(|error| error.to_string())?;
    Store::open(backend).map_err(|error| error.to_string())
}
