//! Is a request well formed? etcd's questions, in etcd's order, with etcd's answers.
//!
//! etcd's counterpart: `server/etcdserver/api/v3rpc/key.go`.

use std::collections::BTreeSet;

use crate::api::range_request::{SortOrder, SortTarget};
use crate::api::request_op::Request;
use crate::api::{DeleteRangeRequest, Error, PutRequest, RangeRequest, RequestOp, TxnRequest};

/// Checks a range request.
///
/// # Errors
/// [`Error::EMPTY_KEY`] and [`Error::INVALID_SORT_OPTION`].
pub fn check_range(request: &RangeRequest) -> Result<(), Error> {
    if request.key.is_empty() {
        return Err(Error::EMPTY_KEY);
    }
    let sorts = SortOrder::try_from(request.sort_order).is_ok()
        && SortTarget::try_from(request.sort_target).is_ok();
    if sorts { Ok(()) } else { Err(Error::INVALID_SORT_OPTION) }
}

/// Checks a put request.
///
/// # Errors
/// [`Error::EMPTY_KEY`], [`Error::VALUE_PROVIDED`] and [`Error::LEASE_PROVIDED`].
pub fn check_put(request: &PutRequest) -> Result<(), Error> {
    if request.key.is_empty() {
        return Err(Error::EMPTY_KEY);
    }
    if request.ignore_value && !request.value.is_empty() {
        return Err(Error::VALUE_PROVIDED);
    }
    if request.ignore_lease && request.lease != 0 {
        return Err(Error::LEASE_PROVIDED);
    }
    Ok(())
}

/// Checks a delete request.
///
/// # Errors
/// [`Error::EMPTY_KEY`].
pub fn check_delete_range(request: &DeleteRangeRequest) -> Result<(), Error> {
    if request.key.is_empty() { Err(Error::EMPTY_KEY) } else { Ok(()) }
}

/// Checks a transaction with everything inside it. `max_ops` bounds compares, success and failure,
/// each for itself; a transaction inside may use what the longest of them leaves.
///
/// # Errors
/// [`Error::TOO_MANY_OPS`], [`Error::DUPLICATE_KEY`], [`Error::KEY_NOT_FOUND`] for an operation
/// without content, and those of the operations.
pub fn check_txn(request: &TxnRequest, max_ops: u64) -> Result<(), Error> {
    check_shape(request, max_ops)?;
    // After the limit was checked: what follows is quadratic in the number of operations.
    Writes::of(&request.success)?;
    Writes::of(&request.failure)?;
    Ok(())
}

fn check_shape(request: &TxnRequest, max_ops: u64) -> Result<(), Error> {
    let TxnRequest { compare, success, failure } = request;
    let ops = compare.len().max(success.len()).max(failure.len()) as u64;
    let left = max_ops.checked_sub(ops).ok_or(Error::TOO_MANY_OPS)?;
    if compare.iter().any(|compare| compare.key.is_empty()) {
        return Err(Error::EMPTY_KEY);
    }
    success.iter().chain(failure).try_for_each(|op| match &op.request {
        Some(Request::RequestRange(request)) => check_range(request),
        Some(Request::RequestPut(request)) => check_put(request),
        Some(Request::RequestDeleteRange(request)) => check_delete_range(request),
        Some(Request::RequestTxn(request)) => check_shape(request, left),
        // etcd's own, odd choice of a text.
        None => Err(Error::KEY_NOT_FOUND),
    })
}

/// What a list of operations writes. No key may be put twice, or put and deleted, because all
/// happens at one revision.
#[derive(Default)]
struct Writes<'a> {
    puts: BTreeSet<&'a [u8]>,
    deletes: Vec<&'a DeleteRangeRequest>,
}

impl<'a> Writes<'a> {
    /// Deletes of this list come first, then the transactions inside it in turn, then its puts:
    /// the order decides which overlaps etcd sees, and it does not see all of them (a put inside
    /// one transaction, and a delete of the same key inside a later one, pass).
    fn of(ops: &'a [RequestOp]) -> Result<Self, Error> {
        let mut writes = Self::default();
        for op in ops {
            if let Some(Request::RequestDeleteRange(request)) = &op.request {
                writes.deletes.push(request);
            }
        }
        for op in ops {
            if let Some(Request::RequestTxn(request)) = &op.request {
                let then = Self::of(&request.success)?;
                let otherwise = Self::of(&request.failure)?;
                then.puts.iter().try_for_each(|key| writes.put(key))?;
                // Only one of the two branches is taken, so both may put the same key.
                let of_both = otherwise.puts.intersection(&then.puts);
                of_both.copied().try_for_each(|key| writes.check_deletes(key))?;
                otherwise.puts.difference(&then.puts).try_for_each(|key| writes.put(key))?;
                writes.deletes.extend(then.deletes);
                writes.deletes.extend(otherwise.deletes);
            }
        }
        for op in ops {
            if let Some(Request::RequestPut(request)) = &op.request {
                writes.put(&request.key)?;
            }
        }
        Ok(writes)
    }

    fn put(&mut self, key: &'a [u8]) -> Result<(), Error> {
        if !self.puts.insert(key) {
            return Err(Error::DUPLICATE_KEY);
        }
        self.check_deletes(key)
    }

    fn check_deletes(&self, key: &[u8]) -> Result<(), Error> {
        let deleted = self.deletes.iter().any(|delete| covers(delete, key));
        if deleted { Err(Error::DUPLICATE_KEY) } else { Ok(()) }
    }
}

/// Whether etcd sees that a delete hits a key. It takes `range_end` literally here: "\0" is not "no
/// end", so that a delete of everything from a key on never collides.
fn covers(delete: &DeleteRangeRequest, key: &[u8]) -> bool {
    match &delete.range_end[..] {
        [] => key == delete.key,
        end => key >= &delete.key[..] && key < end,
    }
}
