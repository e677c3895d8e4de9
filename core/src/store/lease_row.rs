//! A lease as the store keeps it: etcd's own `leasepb.Lease`, under its id in 8 bytes, big endian.
//!
//! The keys of a lease are not stored with it: the rows of the keys name their lease, and whoever
//! opens the store reads them all anyway (etcd: `server/lease/lessor.go`, `initAndRecover`).

use bytes::Bytes;
use prost::Message as _;

/// What is durable of a lease. Field numbers are etcd's (`server/lease/leasepb/lease.proto`).
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct LeaseRow {
    /// Its id; never 0, which means "no lease".
    #[prost(int64, tag = "1")]
    pub id: i64,
    /// Seconds that it was granted for.
    #[prost(int64, tag = "2")]
    pub ttl: i64,
    /// Seconds that were left of them at the last checkpoint; 0 when there was none since it was
    /// renewed.
    #[prost(int64, tag = "3")]
    pub remaining_ttl: i64,
}

impl LeaseRow {
    /// Its key and value, as the store and etcd's `lease` bucket hold them.
    #[must_use]
    pub fn to_bytes(&self) -> ([u8; LEASE_KEY], Bytes) {
        (encode_key(self.id), encode(self))
    }

    /// From key and value; `None` when they are no lease.
    #[must_use]
    pub fn from_bytes(key: &[u8], value: &[u8]) -> Option<Self> {
        decode(key, value)
    }
}

/// Bytes of the key of a lease.
pub(super) const LEASE_KEY: usize = 8;

/// The key under which a lease is stored.
pub(super) fn encode_key(id: i64) -> [u8; LEASE_KEY] {
    id.to_be_bytes()
}

pub(super) fn encode(row: &LeaseRow) -> Bytes {
    row.encode_to_vec().into()
}

/// Reads a stored lease; `None` when the bytes are none, or of another lease.
pub(super) fn decode(key: &[u8], value: &[u8]) -> Option<LeaseRow> {
    let id = key.try_into().map(i64::from_be_bytes).ok()?;
    LeaseRow::decode(value).ok().filter(|row| row.id == id && id != 0)
}
