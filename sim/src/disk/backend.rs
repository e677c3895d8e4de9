//! The store's file as the redb library sees it.
//!
//! redb asks for bytes and fsyncs at once; the virtual time of a commit is charged by the disk's
//! queue before the commit is carried out. What can go wrong in between is decided here: the
//! process may have died, the disk may be full or failing, or the machine may lose power at one
//! of the fsyncs of a commit.
//!
//! redb writes the pages of one flush in an order that depends on the width of a pointer, so a
//! crash is allowed only **at** an fsync: which of the writes before it survive is then decided in
//! the order of their offsets, equal on every target.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;

use super::Troubles;
use super::file::File;

/// The store's file and its state.
#[derive(Debug, Default)]
pub(super) struct StoreFile {
    /// The bytes.
    pub file: File,
    /// What the disk suffers from.
    pub troubles: Troubles,
    /// Counts lives of the process: a handle of an earlier life is dead.
    pub life: u64,
    /// Fsyncs after which the machine dies in the middle of a commit.
    pub dies_after_syncs: Option<u32>,
}

/// The file as one life of a process has it open.
#[derive(Clone, Debug)]
pub struct OpenFile {
    file: Arc<Mutex<StoreFile>>,
    life: u64,
}

/// A poisoned lock means that a look at the bytes panicked; the bytes are whole.
pub(super) fn lock(file: &Mutex<StoreFile>) -> MutexGuard<'_, StoreFile> {
    file.lock().unwrap_or_else(PoisonError::into_inner)
}

impl OpenFile {
    /// Opens the file for the process that lives now; what was open before is dead. What a
    /// killed process left in the page cache is made durable first: the new one will rely on it.
    pub(super) fn open(file: &Arc<Mutex<StoreFile>>) -> io::Result<Self> {
        let mut store = lock(file);
        store.life += 1;
        store.dies_after_syncs = None;
        store.troubles.may_read()?;
        store.troubles.may_sync()?;
        if !store.troubles.lying {
            store.file.reread();
        }
        Ok(Self { file: Arc::clone(file), life: store.life })
    }

    /// The file, if the process that opened it is alive.
    fn alive(&self) -> io::Result<MutexGuard<'_, StoreFile>> {
        let file = lock(&self.file);
        if file.life == self.life { Ok(file) } else { Err(died()) }
    }
}

fn died() -> io::Error {
    io::Error::other("the process that opened this file is gone")
}

impl StorageBackend for OpenFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.alive()?.file.live().len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let store = self.alive()?;
        store.troubles.may_read()?;
        if offset + out.len() as u64 > store.file.live().len() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "read beyond the end"));
        }
        store.file.live().read(offset, out);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut store = self.alive()?;
        let grows = len.saturating_sub(store.file.live().len());
        store.troubles.may_write(grows)?;
        store.file.set_len(len);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut store = self.alive()?;
        store.troubles.may_sync()?;
        match &mut store.dies_after_syncs {
            Some(0) => {
                // The power fails before this fsync is over.
                store.life += 1;
                return Err(died());
            }
            Some(left) => *left -= 1,
            None => {}
        }
        if store.troubles.lying {
            let sync = store.file.begin_sync();
            store.file.forget_sync(&sync);
        } else {
            store.file.sync();
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut store = self.alive()?;
        let end = offset + data.len() as u64;
        let grows = end.saturating_sub(store.file.live().len());
        store.troubles.may_write(grows)?;
        store.file.write(offset, data);
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        Ok(())
    }
}
