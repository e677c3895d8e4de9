//! Leases: keys that vanish when their owner falls silent.
//!
//! A client is granted a lease for some seconds, attaches keys to it by naming it in a put, and
//! keeps it alive. When it dies, nobody renews: the lease expires and all its keys go in one
//! revision. Locks, elections and "who is up" are made of this.
//!
//! A lease has two halves, and the line between them is the whole design:
//!
//! ```text
//!   applied from the log, equal on all members            in the leader's memory, nowhere else
//!   +------------------------------------------+          +-----------------------------------+
//!   | Lessor: id, granted TTL, TTL that was    |  grant   | Deadlines: the tick of the        |
//!   | left at the last checkpoint, keys        | -------> | leader's own clock at which each  |
//!   +------------------------------------------+          | lease runs out                    |
//!      ^             ^              ^                     +-----------------------------------+
//!      | grant       | checkpoint   | revoke                |           ^ keep-alive: no entry
//!      +-------------+--------------+--- the log <----------+           | in the log
//!                                     "it ran out": a revoke
//! ```
//!
//! - **Time never enters the log.** Clocks of members differ, so an entry says "revoke", never
//!   "it is noon". Only the leader counts, in its own ticks.
//! - **A keep-alive costs no entry.** It moves a deadline in the leader's memory. So a new leader does
//!   not know who was renewed when, and gives every lease its full time again: a lease may live
//!   longer than promised, never shorter. A checkpoint bounds how much longer, see [`Deadlines`].
//! - **The keys of a lease are found, not stored.** Each row names its lease; whoever opens a store
//!   reads all rows once and puts the two together ([`Lessor::open`]).
//!
//! etcd's counterpart is `server/lease/lessor.go`.

mod deadlines;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

pub use self::deadlines::Deadlines;
pub(crate) use self::deadlines::{Clock, Renewal};
use crate::api::Error;
use crate::limits;
use crate::mvcc::Leases;
use crate::order;
use crate::store::LeaseRow;

/// One granted lease, as every member knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lease {
    /// Seconds that it was granted for.
    pub ttl: i64,
    /// Seconds that were left at the last checkpoint; 0 when it was renewed since, or never
    /// checkpointed.
    pub remaining_ttl: i64,
    /// The keys attached to it, in order.
    pub keys: BTreeSet<Bytes>,
}

impl Lease {
    /// Seconds that a new leader gives it.
    #[must_use]
    pub fn seconds_left(&self) -> i64 {
        if self.remaining_ttl > 0 { self.remaining_ttl } else { self.ttl }
    }
}

/// The leases of a member: what applying the log has made of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lessor {
    leases: BTreeMap<i64, Lease>,
    /// The lease of each key that has one.
    by_key: BTreeMap<Bytes, i64>,
    /// Leases that are not as the store has them.
    changed: BTreeSet<i64>,
}

impl Leases for Lessor {
    fn exists(&self, id: i64) -> bool {
        self.leases.contains_key(&id)
    }
}

impl Lessor {
    /// Takes over what a store holds: its leases, and which of its keys names which lease.
    #[must_use]
    pub fn open(rows: Vec<LeaseRow>, attached: BTreeMap<Bytes, i64>) -> Self {
        // The numbers come from a disk or another member: within these bounds nothing overflows.
        let lease = |row: LeaseRow| {
            let ttl = row.ttl.clamp(1, limits::LEASE_TTL_SECONDS_MAX);
            let remaining_ttl = row.remaining_ttl.clamp(0, ttl);
            (row.id, Lease { ttl, remaining_ttl, ..Lease::default() })
        };
        let mut lessor =
            Self { leases: order::map(rows.into_iter().map(lease)), ..Self::default() };
        for (key, id) in attached {
            lessor.attach(key, id);
        }
        lessor
    }

    /// A lease.
    #[must_use]
    pub fn get(&self, id: i64) -> Option<&Lease> {
        self.leases.get(&id)
    }

    /// All leases, in order of id.
    pub fn leases(&self) -> impl Iterator<Item = (i64, &Lease)> {
        self.leases.iter().map(|(id, lease)| (*id, lease))
    }

    /// How many leases there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.leases.len()
    }

    /// Whether there is no lease.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.leases.is_empty()
    }

    /// Grants a lease; returns its time to live in seconds.
    ///
    /// # Errors
    /// [`Error::LEASE_TTL_TOO_LARGE`], [`Error::LEASE_EXISTS`], and [`Error::LEASE_NOT_FOUND`] for
    /// id 0, which means "no lease".
    pub(crate) fn grant(&mut self, id: i64, ttl: i64) -> Result<i64, Error> {
        if id == 0 {
            return Err(Error::LEASE_NOT_FOUND);
        }
        if ttl > limits::LEASE_TTL_SECONDS_MAX {
            return Err(Error::LEASE_TTL_TOO_LARGE);
        }
        if self.leases.contains_key(&id) {
            return Err(Error::LEASE_EXISTS);
        }
        // Whoever proposed has raised it to the least that makes sense. A second is the least that
        // can be counted, whatever the log says.
        let ttl = ttl.max(1);
        self.leases.insert(id, Lease { ttl, ..Lease::default() });
        self.changed.insert(id);
        Ok(ttl)
    }

    /// Takes a lease back; the caller deletes its keys, which are returned in order.
    ///
    /// # Errors
    /// [`Error::LEASE_NOT_FOUND`].
    pub(crate) fn revoke(&mut self, id: i64) -> Result<BTreeSet<Bytes>, Error> {
        let lease = self.leases.remove(&id).ok_or(Error::LEASE_NOT_FOUND)?;
        for key in &lease.keys {
            self.by_key.remove(key);
        }
        self.changed.insert(id);
        Ok(lease.keys)
    }

    /// Notes how many seconds of a lease are left, for the next leader; 0 says that it was renewed.
    /// A lease that is gone is ignored: its revoke was faster.
    pub(crate) fn checkpoint(&mut self, id: i64, remaining_ttl: i64) {
        if let Some(lease) = self.leases.get_mut(&id) {
            lease.remaining_ttl = remaining_ttl.clamp(0, lease.ttl);
            self.changed.insert(id);
        }
    }

    /// A key was written with this lease, or with none (0), or was deleted (0).
    pub(crate) fn on_write(&mut self, key: &[u8], id: i64) {
        if self.by_key.get(key) == Some(&id) {
            return;
        }
        if let Some((key, old)) = self.by_key.remove_entry(key)
            && let Some(lease) = self.leases.get_mut(&old)
        {
            lease.keys.remove(&key);
        }
        if id != 0 {
            // In memory of its own: a slice of the row would keep the value alive.
            self.attach(Bytes::copy_from_slice(key), id);
        }
    }

    /// What the next batch for the store must hold.
    pub(crate) fn take_rows(&mut self) -> Vec<(i64, Option<LeaseRow>)> {
        let row = |id| {
            let lease = self.leases.get(&id)?;
            Some(LeaseRow { id, ttl: lease.ttl, remaining_ttl: lease.remaining_ttl })
        };
        std::mem::take(&mut self.changed).into_iter().map(|id| (id, row(id))).collect()
    }

    fn attach(&mut self, key: Bytes, id: i64) {
        if let Some(lease) = self.leases.get_mut(&id) {
            lease.keys.insert(key.clone());
            self.by_key.insert(key, id);
        }
    }
}
