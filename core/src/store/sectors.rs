//! Between redb and the disk.

use std::io;
use std::sync::Arc;

use redb::StorageBackend;

/// Whether an error of the backend means damaged bytes rather than a failing disk.
pub(super) fn is_damage(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
}

/// A backend.
#[derive(Debug)]
pub(super) struct Sectors<B> {
    disk: B,
}

impl<B: StorageBackend> Sectors<B> {
    pub(super) fn new(disk: B) -> Self {
        Self { disk }
    }
}

/// A shared backend.
#[derive(Debug)]
pub(super) struct Shared<B>(pub(super) Arc<Sectors<B>>);

impl<B: StorageBackend> StorageBackend for Sectors<B> {
    fn len(&self) -> io::Result<u64> {
        self.disk.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.disk.read(offset, out)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.disk.set_len(len)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.disk.sync_data()
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.disk.write(offset, data)
    }
    fn close(&self) -> io::Result<()> {
        self.disk.close()
    }
}

impl<B: StorageBackend> StorageBackend for Shared<B> {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }
    fn close(&self) -> io::Result<()> {
        self.0.close()
    }
}
