//! May this user do that? The questions that etcd asks, for each kind of request.
//!
//! ```text
//!   range, compare, prev_kv, keys of a lease      read permission for all of its keys
//!   put, delete                                   write permission for all of its keys
//!   lease of a put, revoke, keep-alive            write permission for all keys that the lease has
//!   users, roles, members, compaction, alarms,    the role root
//!   hashes, snapshot, defragment, move-leader
//!   status, member list, lease grant, alarm list  any user
//! ```
//!
//! A transaction needs what all of its operations need, of both branches, and of those inside it.

use super::{Auth, AuthInfo, ROOT, has_role};
use crate::api::request_op::Request;
use crate::api::{
    DeleteRangeRequest, Error, InternalRaftRequest, PutRequest, RequestOp, TxnRequest,
};
use crate::lease::Lessor;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Read,
    Write,
}

impl Auth {
    /// May he read these keys?
    ///
    /// # Errors
    /// [`Error::USER_EMPTY`] for nobody, [`Error::AUTH_OLD_REVISION`] when users or roles changed since he
    /// proved himself, [`Error::PERMISSION_DENIED`].
    pub fn check_read(&self, who: &AuthInfo, key: &[u8], range_end: &[u8]) -> Result<(), Error> {
        self.check_keys(who, key, range_end, Kind::Read)
    }

    /// May he write these keys?
    ///
    /// # Errors
    /// Those of [`Auth::check_read`].
    pub fn check_write(&self, who: &AuthInfo, key: &[u8], range_end: &[u8]) -> Result<(), Error> {
        self.check_keys(who, key, range_end, Kind::Write)
    }

    fn check_keys(
        &self,
        who: &AuthInfo,
        key: &[u8],
        range_end: &[u8],
        kind: Kind,
    ) -> Result<(), Error> {
        if !self.enabled {
            return Ok(());
        }
        if who.revision == 0 {
            return Err(Error::USER_EMPTY);
        }
        if who.revision < self.revision {
            return Err(Error::AUTH_OLD_REVISION);
        }
        let user = self.users.get(&who.user).ok_or(Error::PERMISSION_DENIED)?;
        if has_role(user, ROOT) {
            return Ok(());
        }
        let permissions = self.permissions.get(&who.user).ok_or(Error::PERMISSION_DENIED)?;
        let ranges = match kind {
            Kind::Read => &permissions.read,
            Kind::Write => &permissions.write,
        };
        if ranges.cover(key, range_end) { Ok(()) } else { Err(Error::PERMISSION_DENIED) }
    }

    /// Has he the role `root`?
    ///
    /// # Errors
    /// [`Error::USER_EMPTY`], [`Error::USER_NOT_FOUND`] and [`Error::PERMISSION_DENIED`].
    pub fn check_admin(&self, who: &AuthInfo) -> Result<(), Error> {
        if !self.enabled {
            return Ok(());
        }
        if who.user.is_empty() {
            return Err(Error::USER_EMPTY);
        }
        let user = self.users.get(&who.user).ok_or(Error::USER_NOT_FOUND)?;
        if has_role(user, ROOT) { Ok(()) } else { Err(Error::PERMISSION_DENIED) }
    }

    /// Is it anybody at all?
    pub(crate) fn check_somebody(&self, who: &AuthInfo) -> Result<(), Error> {
        if self.enabled && who.revision == 0 { Err(Error::USER_EMPTY) } else { Ok(()) }
    }

    /// May he read all keys of a lease?
    pub(crate) fn check_lease_read(
        &self,
        who: &AuthInfo,
        id: i64,
        lessor: &Lessor,
    ) -> Result<(), Error> {
        self.check_somebody(who)?;
        self.check_lease(who, id, lessor, Kind::Read)
    }

    /// May he write all keys of a lease? Who may not could not revoke it either, so he may not tie a key
    /// to it, nor keep it alive.
    pub(crate) fn check_lease_write(
        &self,
        who: &AuthInfo,
        id: i64,
        lessor: &Lessor,
    ) -> Result<(), Error> {
        self.check_lease(who, id, lessor, Kind::Write)
    }

    fn check_lease(
        &self,
        who: &AuthInfo,
        id: i64,
        lessor: &Lessor,
        kind: Kind,
    ) -> Result<(), Error> {
        let Some(lease) = lessor.get(id) else { return Ok(()) };
        if self.check_admin(who).is_ok() {
            return Ok(());
        }
        lease.keys.iter().try_for_each(|key| self.check_keys(who, key, b"", kind))
    }

    /// May he see that these leases exist?
    pub(crate) fn check_leases(&self, who: &AuthInfo, lessor: &Lessor) -> Result<(), Error> {
        self.check_somebody(who)?;
        let ids: Vec<i64> = lessor.leases().map(|(id, _)| id).collect();
        ids.into_iter().try_for_each(|id| self.check_lease(who, id, lessor, Kind::Read))
    }

    /// May an entry of the log do what it says? Asked again where it is applied.
    pub(crate) fn check_entry(
        &self,
        who: &AuthInfo,
        entry: &InternalRaftRequest,
        lessor: &Lessor,
    ) -> Result<(), Error> {
        if !self.enabled {
            return Ok(());
        }
        if let Some(put) = &entry.put {
            self.check_put(who, put, lessor)
        } else if let Some(delete) = &entry.delete_range {
            self.check_delete(who, delete)
        } else if let Some(txn) = &entry.txn {
            self.check_txn(who, txn, lessor)
        } else if let Some(revoke) = &entry.lease_revoke {
            self.check_lease_write(who, revoke.id, lessor)
        } else if entry.compaction.is_some() {
            // etcd asks this before the log only.
            self.check_admin(who)
        } else {
            Ok(())
        }
    }

    fn check_put(&self, who: &AuthInfo, put: &PutRequest, lessor: &Lessor) -> Result<(), Error> {
        self.check_write(who, &put.key, b"")?;
        self.check_lease_write(who, put.lease, lessor)?;
        if put.prev_kv { self.check_read(who, &put.key, b"") } else { Ok(()) }
    }

    fn check_delete(&self, who: &AuthInfo, delete: &DeleteRangeRequest) -> Result<(), Error> {
        self.check_write(who, &delete.key, &delete.range_end)?;
        if delete.prev_kv { self.check_read(who, &delete.key, &delete.range_end) } else { Ok(()) }
    }

    /// May he do every operation of a transaction, whichever branch is taken?
    pub(crate) fn check_txn(
        &self,
        who: &AuthInfo,
        txn: &TxnRequest,
        lessor: &Lessor,
    ) -> Result<(), Error> {
        let mut compares = txn.compare.iter();
        compares.try_for_each(|c| self.check_read(who, &c.key, &c.range_end))?;
        let mut ops = txn.success.iter().chain(&txn.failure);
        ops.try_for_each(|op| self.check_op(who, op, lessor))
    }

    fn check_op(&self, who: &AuthInfo, op: &RequestOp, lessor: &Lessor) -> Result<(), Error> {
        match &op.request {
            Some(Request::RequestRange(range)) => {
                self.check_read(who, &range.key, &range.range_end)
            }
            Some(Request::RequestPut(put)) => self.check_put(who, put, lessor),
            Some(Request::RequestDeleteRange(delete)) => self.check_delete(who, delete),
            Some(Request::RequestTxn(txn)) => self.check_txn(who, txn, lessor),
            None => Ok(()),
        }
    }
}
