//! A snapshot file on a disk, read where it is needed.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use glasshouse_core::bbolt::Source;

use super::check_exists;

/// An open file.
pub struct SnapshotSource {
    file: File,
    length: u64,
}

impl SnapshotSource {
    /// Opens a file.
    ///
    /// # Errors
    /// One sentence for the operator.
    pub fn open(path: &Path) -> Result<Self, String> {
        check_exists(path)?;
        let open = || {
            let file = File::open(path)?;
            let length = file.metadata()?.len();
            Ok::<_, std::io::Error>(Self { file, length })
        };
        open().map_err(|error| format!("cannot read {}: {error}", path.display()))
    }
}

impl Source for SnapshotSource {
    fn len_bytes(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> Result<(), String> {
        self.file.read_exact_at(bytes, offset).map_err(|error| error.to_string())
    }
}
