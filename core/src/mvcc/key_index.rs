//! The history of one key.
//!
//! A key lives in *generations*: a put begins one, further puts extend it, a delete ends it with a
//! tombstone. The index keeps, for each key, which rows these writes are, oldest first; the version
//! counts the puts of a generation from 1, and a tombstone has version 0.
//!
//! ```text
//!   put@1  put@2  delete@3  put@4  delete@5          rows, with the version after @
//!
//!                     | rows                          | generations
//!   ------------------+-------------------------------+------------------------
//!                     | 1.0@1 2.0@2 3.0@0 4.0@1 5.0@0 | {1 2 3t} {4 5t} {}
//!   compact to 2      |       2.0@2 3.0@0 4.0@1 5.0@0 |   {2 3t} {4 5t} {}
//!   compact to 4      |                   4.0@1 5.0@0 |          {4 5t} {}
//!   compact to 5      |                         5.0@0 |            {5t} {}
//!   compact to 6      |                               | the key is forgotten
//! ```
//!
//! Compaction keeps, of what is not newer than its revision, the last write alone, and that only
//! when somebody could still see it: a put, or the tombstone of the very revision.
//! The semantics are those of etcd's `keyIndex` (`server/storage/mvcc/key_index.go`).

use crate::store::{REVISION_MAX, Revision, RowKey};

/// The rows of one key.
#[derive(Clone, Debug, Default)]
pub(super) struct KeyIndex {
    /// Create revision of the oldest generation. Its first put may be compacted away.
    created: i64,
    writes: Writes,
}

/// One write of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Write {
    /// The write.
    pub revision: Revision,
    /// Puts of this generation up to and with this one; 0 for a tombstone.
    pub version: i64,
}

/// The writes of a key, oldest first. Most keys have one, which needs no memory of its own.
#[derive(Clone, Debug)]
enum Writes {
    One(Write),
    Many(Vec<Write>),
}

/// A key as somebody sees it at a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Visible {
    /// The write that made it what it is.
    pub(crate) revision: Revision,
    /// Main revision of the put that began its generation.
    pub(crate) create_revision: i64,
    /// Puts of its generation so far.
    pub(crate) version: i64,
}

impl Visible {
    /// The row that holds it.
    pub(super) fn row(&self) -> RowKey {
        RowKey { revision: self.revision, tombstone: false }
    }
}

impl KeyIndex {
    /// Whether the key exists at the head.
    pub(super) fn is_live(&self) -> bool {
        self.writes.as_slice().last().is_some_and(|write| write.version > 0)
    }

    /// Whether nothing is known of the key.
    pub(super) fn is_empty(&self) -> bool {
        self.writes.as_slice().is_empty()
    }

    /// The key at the main revision `at`, if it existed then.
    pub(super) fn at(&self, at: i64) -> Option<Visible> {
        let writes = self.writes.as_slice();
        self.visible(writes.partition_point(|write| write.revision.main <= at).checked_sub(1)?)
    }

    /// The key at the head, if it exists.
    pub(super) fn head(&self) -> Option<Visible> {
        self.visible(self.writes.as_slice().len().checked_sub(1)?)
    }

    fn visible(&self, position: usize) -> Option<Visible> {
        let writes = self.writes.as_slice();
        let Write { revision, version } = writes[position];
        if version == 0 {
            return None;
        }
        // The first put of the generation is `version - 1` places to the left, unless compaction
        // took it; then it belongs to the oldest generation.
        let first = usize::try_from(version).ok().and_then(|v| (position + 1).checked_sub(v));
        let create_revision = first.map_or(self.created, |first| writes[first].revision.main);
        Some(Visible { revision, create_revision, version })
    }

    /// A put at the head. `revision` is above every revision here.
    pub(super) fn put(&mut self, revision: Revision) -> Visible {
        let last = self.writes.as_slice().last();
        let version = last.map_or(1, |write| write.version + 1);
        if last.is_none() {
            self.created = revision.main;
        }
        self.writes.push(Write { revision, version });
        self.head().expect("the last write is a put")
    }

    /// A delete at the head; false, and nothing happens, when the key does not exist.
    pub(super) fn tombstone(&mut self, revision: Revision) -> bool {
        let live = self.is_live();
        if live {
            self.writes.push(Write { revision, version: 0 });
        }
        live
    }

    /// Takes in a row that was read from the store, in order of revisions; `created` and `version`
    /// are what the row says. False when that is impossible, or contradicts the rows before.
    pub(super) fn restore(&mut self, row: RowKey, created: i64, version: i64) -> bool {
        let version = if row.tombstone { 0 } else { version };
        let sound = match self.writes.as_slice().last() {
            Some(last) => {
                row.revision > last.revision
                    && if row.tombstone { last.version > 0 } else { version == last.version + 1 }
            }
            None => {
                self.created = created;
                let range = 1..=REVISION_MAX;
                row.tombstone || (range.contains(&version) && created <= row.revision.main)
            }
        };
        if sound {
            self.writes.push(Write { revision: row.revision, version });
        }
        sound
    }

    /// How many of the oldest rows a compaction to `at` makes superfluous.
    pub(super) fn obsolete(&self, at: i64) -> usize {
        let writes = self.writes.as_slice();
        let old = writes.partition_point(|write| write.revision.main <= at);
        match old.checked_sub(1).map(|last| writes[last]) {
            None => 0,
            Some(last) if last.version == 0 && last.revision.main < at => old,
            Some(_) => old - 1,
        }
    }

    /// The writes, oldest first.
    pub(super) fn writes(&self) -> &[Write] {
        self.writes.as_slice()
    }

    /// The rows of the writes, oldest first.
    pub(super) fn rows(&self) -> impl Iterator<Item = RowKey> {
        let row = |w: &Write| RowKey { revision: w.revision, tombstone: w.version == 0 };
        self.writes.as_slice().iter().map(row)
    }

    /// Forgets the `count` oldest rows.
    pub(super) fn forget(&mut self, count: usize) {
        if count == 0 {
            return;
        }
        // What begins before the cut and ends behind it keeps the revision at which it began.
        let kept = (count < self.writes.as_slice().len()).then(|| self.visible(count)).flatten();
        if let Some(kept) = kept {
            self.created = kept.create_revision;
        }
        self.writes.forget(count);
    }
}

impl Default for Writes {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Writes {
    fn as_slice(&self) -> &[Write] {
        match self {
            Self::One(write) => std::slice::from_ref(write),
            Self::Many(writes) => writes,
        }
    }

    fn push(&mut self, write: Write) {
        match self {
            Self::Many(writes) if writes.is_empty() => *self = Self::One(write),
            Self::Many(writes) => writes.push(write),
            Self::One(first) => *self = Self::Many(vec![*first, write]),
        }
    }

    fn forget(&mut self, count: usize) {
        let left = &self.as_slice()[count..];
        *self = match left {
            [write] => Self::One(*write),
            _ => Self::Many(left.to_vec()),
        };
    }
}
