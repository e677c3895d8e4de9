//! Writing: puts and deletes, alone or inside a transaction.
//!
//! A write encodes its row once, into memory of its own (a slice of the request would keep the
//! whole receive buffer alive), adds it to the overlay and its revision to the index. `changes`
//! counts the writes of the transaction; [`Mvcc::finish`] makes them a revision.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use bytes::Bytes;

use super::index::KeyRange;
use super::read::signed;
use super::{Mvcc, Revision, RowKey, row};
use crate::api::{
    DeleteRangeRequest, DeleteRangeResponse, Error, KeyValue, PutRequest, PutResponse,
    ResponseHeader,
};

/// What a write has to know about leases.
pub trait Leases {
    /// Whether this lease was granted and has neither expired nor been revoked.
    fn exists(&self, id: i64) -> bool;
}

/// No lease exists.
#[cfg(test)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NoLeases;

#[cfg(test)]
impl Leases for NoLeases {
    fn exists(&self, _: i64) -> bool {
        false
    }
}

impl Mvcc {
    /// Writes one key.
    ///
    /// # Errors
    /// [`Error::LEASE_NOT_FOUND`], and [`Error::KEY_NOT_FOUND`] when an absent key is asked to keep
    /// its value or lease.
    pub fn put(&mut self, request: &PutRequest, leases: &dyn Leases) -> Result<PutResponse, Error> {
        // In this order, as etcd: inside a transaction it is the other way round.
        self.check_lease(request, leases)?;
        self.check_kept(request)?;
        let response = self.put_one(request);
        self.finish();
        Ok(response)
    }

    /// Deletes the keys of a range.
    pub fn delete_range(&mut self, request: &DeleteRangeRequest) -> DeleteRangeResponse {
        let response = self.delete_some(request);
        self.finish();
        response
    }

    /// Deletes these keys in one transaction, in order: those of a lease that ends. A key that is
    /// gone is left out.
    pub(crate) fn delete_keys(&mut self, keys: &BTreeSet<Bytes>) {
        for key in keys {
            self.delete_some(&DeleteRangeRequest { key: key.clone(), ..Default::default() });
        }
        self.finish();
    }

    /// Whether a put inside a transaction could be done.
    pub(crate) fn check_put(&self, request: &PutRequest, leases: &dyn Leases) -> Result<(), Error> {
        self.check_kept(request)?;
        self.check_lease(request, leases)
    }

    fn check_lease(&self, request: &PutRequest, leases: &dyn Leases) -> Result<(), Error> {
        if request.lease == 0 || leases.exists(request.lease) {
            Ok(())
        } else {
            Err(Error::LEASE_NOT_FOUND)
        }
    }

    fn check_kept(&self, request: &PutRequest) -> Result<(), Error> {
        let keeps = request.ignore_value || request.ignore_lease;
        if keeps && self.visible(&request.key).is_none() {
            Err(Error::KEY_NOT_FOUND)
        } else {
            Ok(())
        }
    }

    /// A checked put, as a part of the transaction that is being executed.
    pub(crate) fn put_one(&mut self, request: &PutRequest) -> PutResponse {
        let reads = request.prev_kv || request.ignore_value || request.ignore_lease;
        let previous =
            if reads { self.visible(&request.key).map(|v| self.fetch(&v)) } else { None };
        let (mut value, mut lease) = (&request.value, request.lease);
        if let Some(previous) = &previous {
            if request.ignore_value {
                value = &previous.value;
            }
            if request.ignore_lease {
                lease = previous.lease;
            }
        }
        let revision = self.next();
        let visible = self.index.change(&request.key, |history| history.put(revision));
        let pair = KeyValue {
            key: request.key.clone(),
            create_revision: visible.create_revision,
            mod_revision: revision.main,
            version: visible.version,
            value: value.clone(),
            lease,
        };
        self.overlay.push(visible.row(), row::encode(&pair));
        let header = Some(ResponseHeader { revision: revision.main, ..Default::default() });
        PutResponse { header, prev_kv: previous.filter(|_| request.prev_kv) }
    }

    /// A delete, as a part of the transaction that is being executed.
    pub(crate) fn delete_some(&mut self, request: &DeleteRangeRequest) -> DeleteRangeResponse {
        let range = KeyRange::new(&request.key, &request.range_end);
        let mut prev_kvs = Vec::new();
        let mut keys: Vec<Box<[u8]>> = Vec::new();
        self.index.visit_live::<()>(range, 0, |key, history| {
            keys.push(key.into());
            if request.prev_kv {
                prev_kvs.extend(history.head().map(|visible| self.fetch(&visible)));
            }
            ControlFlow::Continue(())
        });
        for key in &keys {
            let revision = self.next();
            let existed = self.index.change(key, |history| history.tombstone(revision));
            assert!(existed, "a key that was found live is live");
            let pair = KeyValue { key: Bytes::copy_from_slice(key), ..Default::default() };
            self.overlay.push(RowKey { revision, tombstone: true }, row::encode(&pair));
        }
        let header = Some(ResponseHeader { revision: self.head(), ..Default::default() });
        DeleteRangeResponse { header, deleted: signed(keys.len() as u64), prev_kvs }
    }

    /// Ends the transaction: if it changed something, there is a new revision.
    pub(crate) fn finish(&mut self) {
        self.revision = self.head();
        self.changes = 0;
    }

    /// The revision of the next change.
    fn next(&mut self) -> Revision {
        let revision = Revision { main: self.revision + 1, sub: self.changes };
        self.changes += 1;
        revision
    }
}
