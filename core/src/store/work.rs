//! Work on the whole store that takes long, so that a node never does it by itself.
//!
//! The world does it on the store's own thread, between two commits, and the node goes on
//! meanwhile.

use crc32c::crc32c_append;

use super::{LEASE, RowKey, Store, StoreError, open_optional};

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// Hash the rows that count at a revision ([`Store::hash_rows`]).
    HashRows(HashPlan),
    /// Hash everything as it lies there ([`Store::hash_all`]).
    HashAll,
    /// Give space that is free back to the disk. A world whose disks do not care for space may
    /// do nothing.
    Defragment,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worked {
    /// The hash.
    Hashed(u32),
    /// What was free is given back.
    Defragmented,
}

/// Which rows a hash takes.
///
/// Two members whose histories are equal have equal plans, however far each one's compaction has
/// come: what may be gone already is named row by row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HashPlan {
    /// No row above this main revision.
    pub revision: i64,
    /// Up to this main revision, only the rows of `old`.
    pub compacted: i64,
    /// Ascending.
    pub old: Vec<RowKey>,
}

/// CRC-32C over the name of etcd's bucket, then key and value of each row of a plan, in order.
#[derive(Debug)]
pub struct RowHasher<'a> {
    plan: &'a HashPlan,
    old: std::iter::Peekable<std::slice::Iter<'a, RowKey>>,
    crc: u32,
}

/// The name of the bucket in which etcd has its rows.
const BUCKET: &[u8] = b"key";

impl<'a> RowHasher<'a> {
    /// Nothing is hashed yet but the name of the bucket.
    #[must_use]
    pub fn new(plan: &'a HashPlan) -> Self {
        Self { plan, old: plan.old.iter().peekable(), crc: crc32c_append(0, BUCKET) }
    }

    /// Takes the next row, in order, if the plan wants it.
    pub fn add(&mut self, row: RowKey, value: &[u8]) {
        let main = row.revision.main;
        if main > self.plan.revision {
            return;
        }
        if main <= self.plan.compacted {
            while self.old.next_if(|old| **old < row).is_some() {}
            if self.old.next_if(|old| **old == row).is_none() {
                return;
            }
        }
        self.crc = crc32c_append(crc32c_append(self.crc, &row.encode()), value);
    }

    /// The hash of all rows that were added.
    #[must_use]
    pub fn crc(&self) -> u32 {
        self.crc
    }
}

impl Store {
    /// Does what needs nothing but the store. `None` for [`Work::Defragment`], which needs the
    /// world's files.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn work(&self, work: &Work) -> Result<Option<Worked>, StoreError> {
        match work {
            Work::HashRows(plan) => self.hash_rows(plan).map(Worked::Hashed).map(Some),
            Work::HashAll => self.hash_all().map(Worked::Hashed).map(Some),
            Work::Defragment => Ok(None),
        }
    }

    /// Hashes the rows of a plan, as of the last commit.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn hash_rows(&self, plan: &HashPlan) -> Result<u32, StoreError> {
        let mut hasher = RowHasher::new(plan);
        self.visit_rows(|row, value| {
            hasher.add(row, value);
            Ok(())
        })?;
        Ok(hasher.crc())
    }

    /// Hashes all rows and leases, as of the last commit: also what compaction will delete in a
    /// moment, so that members agree only when nothing happens (etcd: `Hash`, "for testing only").
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn hash_all(&self) -> Result<u32, StoreError> {
        let mut crc = crc32c_append(0, BUCKET);
        self.visit_rows(|row, value| {
            crc = crc32c_append(crc32c_append(crc, &row.encode()), value);
            Ok(())
        })?;
        crc = crc32c_append(crc, redb::TableHandle::name(&LEASE).as_bytes());
        if let Some(leases) = open_optional(&self.read()?, LEASE)? {
            for lease in leases.range::<&[u8]>(..)? {
                let (key, value) = lease?;
                crc = crc32c_append(crc32c_append(crc, key.value()), value.value());
            }
        }
        Ok(crc)
    }
}
