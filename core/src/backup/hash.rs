//! The checksum behind the database.

use sha2::{Digest as _, Sha256};

use crate::bbolt::{ReadError, Source};

/// Bytes of the checksum.
const HASH_BYTES: usize = 32;
/// A database is whole sectors of this many bytes or more, so the rest of the length tells whether a
/// checksum is there.
const SECTOR_BYTES: u64 = 512;
/// Bytes that are read at once.
const BUFFER_BYTES: usize = 64 * 1024;

/// How a file and its checksum stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashCheck {
    /// There is none: the file was copied from a data directory.
    Missing,
    /// It is that of the file.
    Equal,
    /// The file has changed since, or was cut.
    Differs {
        /// What the file ends with.
        expected: [u8; HASH_BYTES],
        /// What its bytes give.
        got: [u8; HASH_BYTES],
    },
}

/// Compares a snapshot file with the checksum at its end.
///
/// # Errors
/// When the file cannot be read.
pub fn check_hash(source: &impl Source) -> Result<HashCheck, ReadError> {
    let length = source.len_bytes();
    if length % SECTOR_BYTES != HASH_BYTES as u64 {
        return Ok(HashCheck::Missing);
    }
    let end = length - HASH_BYTES as u64;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut offset = 0;
    while offset < end {
        let part = usize::try_from(end - offset).unwrap_or(BUFFER_BYTES).min(BUFFER_BYTES);
        source.read_at(offset, &mut buffer[..part]).map_err(ReadError::Io)?;
        hash.update(&buffer[..part]);
        offset += part as u64;
    }
    let mut expected = [0; HASH_BYTES];
    source.read_at(end, &mut expected).map_err(ReadError::Io)?;
    let got = hash.finalize().into();
    Ok(if expected == got { HashCheck::Equal } else { HashCheck::Differs { expected, got } })
}
