//! The member's disk: a log and a store, each written by a thread of its own.
//!
//! ```text
//!   {data-dir}/                    mode 0700
//!     member/
//!       wal/                       or --wal-dir
//!         lock                     held while a member runs
//!         0000000000000000.wal     segments of the write-ahead log, numbered in hex
//!         0000000000000001.wal
//!       snap/
//!         db                       the store: keys, values, members, in one redb file
//!         db.tmp                   the next one, while it is defragmented
//! ```
//!
//! The threads exist because fsync blocks: the node's thread must go on with heartbeats while a
//! disk thinks. Each thread takes whatever has queued up while it was busy, writes that as one
//! group, and posts one answer for it.

mod store;
mod wal;

use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use glasshouse_core::store::Store;
use glasshouse_core::wal::{WalImage, WalSegment};
use redb::backends::FileBackend;

pub use self::store::{Job, StoreThread};
pub use self::wal::WalThread;
pub(crate) use self::wal::segment_name;
use crate::config::Settings;

/// Why a data directory cannot be used. Each is one sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// The system refused.
    #[error("cannot {action} {path}: {error}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Another process has it.
    #[error("the data directory is in use by another process, which holds {0}; stop it first")]
    InUse(PathBuf),
    /// The directory holds files of etcd.
    #[error(
        "{0} was written by etcd, whose files Glasshouse cannot read; choose another --data-dir, \
         or copy the keys over with etcdctl"
    )]
    OfEtcd(PathBuf),
    /// The store cannot be opened.
    #[error("cannot open the store {path}: {error}")]
    Store {
        /// Its file.
        path: PathBuf,
        /// Why.
        error: String,
    },
}

/// A member's directory, opened, read and locked.
pub struct DataDir {
    /// The log as it was found.
    pub wal: WalImage,
    /// The store.
    pub store: Store,
    /// Its file.
    pub store_path: PathBuf,
    /// The directory of the segments.
    pub wal_path: PathBuf,
    /// Held until the process ends.
    pub lock: File,
}

impl DataDir {
    /// Opens the member's directory and creates what is missing.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn open(settings: &Settings) -> Result<Self, DiskError> {
        let wal_path = settings.wal_path();
        let store_path = settings.store_path();
        let snap_dir = store_path.parent().expect("the store is inside of a directory");
        for dir in [&settings.data_dir, &settings.member_dir(), &wal_path, snap_dir] {
            create_dir(dir)?;
        }
        let lock = take_lock(&wal_path)?;
        let wal = read_segments(&wal_path)?;
        // A defragmentation that did not come to its end.
        let _ = std::fs::remove_file(store::beside(&store_path));
        let store = open_store(&store_path)?;
        // The entries of files that were created above must survive a power failure, too.
        for dir in [&settings.data_dir, &settings.member_dir(), &wal_path, snap_dir] {
            sync_dir(dir).map_err(failed("sync", dir))?;
        }
        Ok(Self { wal, store, store_path, wal_path, lock })
    }
}

pub(crate) fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DiskError {
    let path = path.to_owned();
    move |error| DiskError::Io { action, path, error }
}

pub(crate) fn create_dir(path: &Path) -> Result<(), DiskError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed("create", path))
}

/// Makes the names in a directory durable.
pub(crate) fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

pub(crate) fn take_lock(dir: &Path) -> Result<File, DiskError> {
    let path = dir.join("lock");
    let options = || File::options().create(true).truncate(false).write(true).open(&path);
    let file = options().map_err(failed("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(DiskError::InUse(path)),
        Err(TryLockError::Error(error)) => Err(failed("lock", &path)(error)),
    }
}

fn read_segments(dir: &Path) -> Result<WalImage, DiskError> {
    let mut segments = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(failed("read", dir))? {
        let path = entry.map_err(failed("read", dir))?.path();
        if path.extension().is_none_or(|extension| extension != "wal") {
            continue;
        }
        let number = wal::segment_number(&path).ok_or_else(|| DiskError::OfEtcd(path.clone()))?;
        let bytes = std::fs::read(&path).map_err(failed("read", &path))?.into();
        segments.push(WalSegment { number, bytes });
    }
    segments.sort_unstable_by_key(|segment| segment.number);
    Ok(WalImage { segments })
}

pub(crate) fn open_store(path: &Path) -> Result<Store, DiskError> {
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(failed("open", path))?;
    let error = |error: String| DiskError::Store { path: path.to_owned(), error };
    let backend = FileBackend::new(file).map_err(|why| error(why.to_string()))?;
    Store::open(backend).map_err(|why| error(why.to_string()))
}
