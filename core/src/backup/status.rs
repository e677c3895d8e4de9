//! What a snapshot file holds, in a few numbers.

use super::{BackupError, schema};
use crate::bbolt::{Item, Reader, Source};
use crate::store::RowKey;

/// What `snapshot status` prints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// CRC-32C of the names of all buckets, each followed by its keys and values.
    pub hash: u32,
    /// The revision of the last row.
    pub revision: i64,
    /// Rows of all buckets (etcdutl 3.5; 3.6 counts the keys that exist).
    pub total_key: u64,
    /// Bytes of the database, without the checksum behind it.
    pub total_size: u64,
}

/// Reads a whole file, with all checks.
///
/// # Errors
/// What is wrong with it.
pub fn status<S: Source>(reader: &Reader<S>) -> Result<Status, BackupError> {
    let mut status = Status { total_size: reader.size_bytes(), ..Status::default() };
    reader.visit::<BackupError>(|item| {
        let hashed = match item {
            Item::Bucket { name } => [name, &[]],
            Item::Row { bucket, key, value } => {
                status.total_key += 1;
                if bucket == schema::KEY.as_bytes() {
                    let what = "its key is no revision";
                    let row = RowKey::decode(key)
                        .ok_or(BackupError::Row { bucket: schema::KEY, what })?;
                    status.revision = row.revision.main;
                }
                [key, value]
            }
        };
        status.hash = hashed.into_iter().fold(status.hash, crc32c::crc32c_append);
        Ok(())
    })?;
    Ok(status)
}
