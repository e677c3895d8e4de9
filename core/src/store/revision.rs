//! Revisions, and the keys of the rows that hold them.
//!
//! Every transaction that writes gets the next *main* revision; the writes inside it are told apart
//! by *sub*, counted from 0. One row of the store is one write, and its key is the revision in
//! bytes that sort like the numbers:
//!
//! ```text
//!   0        8   9        17
//!   +--------+---+--------+- - -+
//!   |  main  | _ |  sub   |  t  |     big endian; the last byte only for a tombstone
//!   +--------+---+--------+- - -+
//! ```
//!
//! This is etcd's own encoding (`server/storage/mvcc/revision.go`): the hash of the store covers
//! these bytes, so that they decide whether two members agree.

use std::fmt;

/// A point in the history of the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision {
    /// The transaction, from 2 (a new store is at revision 1).
    pub main: i64,
    /// The write inside the transaction, from 0.
    pub sub: i64,
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.main, self.sub)
    }
}

/// The key of a row: which write it is, and whether that write deleted its key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey {
    /// The write.
    pub revision: Revision,
    /// The write deleted the key.
    pub tombstone: bool,
}

/// The greatest number that a revision may hold. No history gets there; behind it numbers would
/// overflow, and they come from disks and from other members.
pub(crate) const REVISION_MAX: i64 = 1 << 62;

/// Bytes of a row key without the mark of a tombstone.
const PLAIN: usize = 17;
/// Bytes of a row key with the mark.
const MARKED: usize = 18;
/// Between main and sub.
const SEPARATOR: u8 = b'_';
/// The mark.
const TOMBSTONE: u8 = b't';

/// A row key in etcd's encoding; derefs to its 17 or 18 bytes.
#[derive(Clone, Copy)]
pub struct RowKeyBytes {
    bytes: [u8; MARKED],
    tombstone: bool,
}

impl std::ops::Deref for RowKeyBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..if self.tombstone { MARKED } else { PLAIN }]
    }
}

impl RowKey {
    /// The row of a put.
    #[must_use]
    pub fn put(main: i64, sub: i64) -> Self {
        Self { revision: Revision { main, sub }, tombstone: false }
    }

    /// The row of a delete.
    #[must_use]
    pub fn tombstone(main: i64, sub: i64) -> Self {
        Self { revision: Revision { main, sub }, tombstone: true }
    }

    /// The key as the store holds it.
    #[must_use]
    pub fn encode(self) -> RowKeyBytes {
        let mut bytes = [0; MARKED];
        bytes[..8].copy_from_slice(&self.revision.main.to_be_bytes());
        bytes[8] = SEPARATOR;
        bytes[9..PLAIN].copy_from_slice(&self.revision.sub.to_be_bytes());
        bytes[PLAIN] = TOMBSTONE;
        RowKeyBytes { bytes, tombstone: self.tombstone }
    }

    /// Reads a key; `None` when the bytes are not the key of a row.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (main, rest) = bytes.split_first_chunk::<8>()?;
        let (separator, rest) = rest.split_first()?;
        let (sub, mark) = rest.split_first_chunk::<8>()?;
        let tombstone = match mark {
            [] => false,
            [TOMBSTONE] => true,
            _ => return None,
        };
        let revision = Revision { main: i64::from_be_bytes(*main), sub: i64::from_be_bytes(*sub) };
        let possible = 0..=REVISION_MAX;
        let sound = *separator == SEPARATOR
            && possible.contains(&revision.main)
            && possible.contains(&revision.sub);
        sound.then_some(Self { revision, tombstone })
    }
}
