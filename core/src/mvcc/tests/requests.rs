//! Random requests: few keys, small numbers, so that things happen to each other.

use bytes::Bytes;

use crate::api::compare::{CompareTarget, TargetUnion};
use crate::api::request_op::Request;
use crate::api::*;

/// A generator of our own: recordings of real etcd's answers depend on its numbers.
pub(super) struct Random(u64);

/// A call that a client may make.
#[derive(Clone, Debug)]
pub(super) enum Call {
    Range(RangeRequest),
    Put(PutRequest),
    Delete(DeleteRangeRequest),
    Txn(TxnRequest),
    Compact(i64),
    Hash(i64),
}

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_add(0x9e37_79b9_7f4a_7c15))
    }

    /// A number below `below` (splitmix64).
    pub(super) fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }

    fn small(&mut self, below: u64) -> i64 {
        i64::try_from(self.below(below)).unwrap()
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// A revision around the current one, now and then an impossible one.
    fn revision(&mut self, now: i64) -> i64 {
        match self.below(10) {
            0 => now + 1,
            1 => now - 30,
            _ => (now - self.small(12)).max(0),
        }
    }

    fn key(&mut self) -> Bytes {
        let key =
            ["a", "a/1", "a/2", "b", "b/1", "c", "d", "\u{ff}", "e", "f"][index(self.below(10))];
        Bytes::from_static(key.as_bytes())
    }

    /// A key, and an end of a range or none.
    fn keys(&mut self) -> (Bytes, Bytes) {
        let key = self.key();
        match self.below(6) {
            0 => (Bytes::from_static(b"\0"), Bytes::from_static(b"\0")),
            1 => (key, Bytes::from_static(b"\0")),
            2 => (key, self.key()),
            3 => (Bytes::from_static(b"a"), Bytes::from_static(b"c")),
            _ => (key, Bytes::new()),
        }
    }

    fn value(&mut self) -> Bytes {
        let length = index(self.below(5));
        let letter = b"xyz"[index(self.below(3))];
        vec![letter; length].into()
    }

    fn range(&mut self, now: i64) -> RangeRequest {
        let (key, range_end) = self.keys();
        let bound = |random: &mut Self| if random.chance(10) { random.revision(now) } else { 0 };
        RangeRequest {
            key,
            range_end,
            limit: if self.chance(40) { self.small(5) } else { 0 },
            revision: if self.chance(40) { self.revision(now) } else { 0 },
            sort_order: if self.chance(50) { 0 } else { i32::try_from(self.below(3)).unwrap() },
            sort_target: if self.chance(50) { 0 } else { i32::try_from(self.below(5)).unwrap() },
            serializable: true,
            keys_only: self.chance(10),
            count_only: self.chance(10),
            min_mod_revision: bound(self),
            max_mod_revision: bound(self),
            min_create_revision: bound(self),
            max_create_revision: bound(self),
        }
    }

    fn put(&mut self) -> PutRequest {
        let ignore_value = self.chance(15);
        let ignore_lease = self.chance(10);
        PutRequest {
            key: self.key(),
            value: if ignore_value { Bytes::new() } else { self.value() },
            lease: if !ignore_lease && self.chance(3) { 77 } else { 0 },
            prev_kv: self.chance(30),
            ignore_value,
            ignore_lease,
        }
    }

    fn delete(&mut self) -> DeleteRangeRequest {
        let (key, range_end) = self.keys();
        DeleteRangeRequest { key, range_end, prev_kv: self.chance(30) }
    }

    fn compare(&mut self, now: i64) -> Compare {
        let (key, range_end) = self.keys();
        let target = CompareTarget::try_from(i32::try_from(self.below(5)).unwrap()).unwrap();
        let union = match target {
            CompareTarget::Version => TargetUnion::Version(self.small(4)),
            CompareTarget::Create => TargetUnion::CreateRevision((now - self.small(8)).max(0)),
            CompareTarget::Mod => TargetUnion::ModRevision((now - self.small(5)).max(0)),
            CompareTarget::Value => TargetUnion::Value(self.value()),
            CompareTarget::Lease => TargetUnion::Lease(self.small(2)),
        };
        Compare {
            result: i32::try_from(self.below(4)).unwrap(),
            target: target.into(),
            key,
            range_end,
            target_union: Some(union),
        }
    }

    fn ops(&mut self, now: i64, depth: u64) -> Vec<RequestOp> {
        let op = |random: &mut Self| match random.below(if depth < 2 { 10 } else { 8 }) {
            0..3 => Request::RequestRange(random.range(now)),
            3..6 => Request::RequestPut(random.put()),
            6..8 => Request::RequestDeleteRange(random.delete()),
            _ => Request::RequestTxn(random.txn(now, depth + 1)),
        };
        (0..self.below(4)).map(|_| RequestOp { request: Some(op(self)) }).collect()
    }

    fn txn(&mut self, now: i64, depth: u64) -> TxnRequest {
        TxnRequest {
            compare: (0..self.below(3)).map(|_| self.compare(now)).collect(),
            success: self.ops(now, depth),
            failure: self.ops(now, depth),
        }
    }

    /// The next call, when the store is at revision `now`.
    pub(super) fn call(&mut self, now: i64) -> Call {
        match self.below(20) {
            0..6 => Call::Put(self.put()),
            6..8 => Call::Delete(self.delete()),
            8..13 => Call::Range(self.range(now)),
            13..18 => {
                let mut txn = self.txn(now, 0);
                if deletes_to_the_end(&txn) {
                    keep_nothing(&mut txn);
                }
                Call::Txn(txn)
            }
            18 if self.chance(50) => Call::Compact(self.revision(now)),
            _ => Call::Hash(self.revision(now)),
        }
    }
}

fn ops(txn: &TxnRequest) -> impl Iterator<Item = &Request> {
    txn.success.iter().chain(&txn.failure).filter_map(|op| op.request.as_ref())
}

fn deletes_to_the_end(txn: &TxnRequest) -> bool {
    ops(txn).any(|op| match op {
        Request::RequestDeleteRange(request) => request.range_end == b"\0"[..],
        Request::RequestTxn(txn) => deletes_to_the_end(txn),
        _ => false,
    })
}

/// A put that keeps the value of a key that was deleted one operation earlier makes a real etcd
/// panic (its check of overlaps does not see a delete without end).
fn keep_nothing(txn: &mut TxnRequest) {
    for op in txn.success.iter_mut().chain(&mut txn.failure) {
        match &mut op.request {
            Some(Request::RequestPut(put)) => (put.ignore_value, put.ignore_lease) = (false, false),
            Some(Request::RequestTxn(txn)) => keep_nothing(txn),
            _ => {}
        }
    }
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap()
}
