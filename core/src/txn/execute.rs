//! Executing a transaction against the store.
//!
//! etcd's counterpart: `server/etcdserver/txn/txn.go`.

use std::cmp::Ordering;

use crate::api::compare::{CompareResult, CompareTarget, TargetUnion};
use crate::api::request_op::Request;
use crate::api::response_op::Response;
use crate::api::{
    Compare, DeleteRangeRequest, Error, RangeRequest, RequestOp, ResponseHeader, ResponseOp,
    TxnRequest, TxnResponse,
};
use crate::mvcc::{KeyRange, Leases, Mvcc};

/// Whether the transaction only reads, so that it needs no entry in the log. A transaction inside
/// counts as a write, whatever it holds.
#[must_use]
pub fn is_read_only(request: &TxnRequest) -> bool {
    let is_range = |op: &RequestOp| matches!(op.request, Some(Request::RequestRange(_)));
    request.success.iter().chain(&request.failure).all(is_range)
}

/// Whether every operation is a serializable range, so that any member may answer by itself.
#[must_use]
pub fn is_serializable(request: &TxnRequest) -> bool {
    let is_serializable = |op: &RequestOp| match &op.request {
        Some(Request::RequestRange(range)) => range.serializable,
        _ => false,
    };
    request.success.iter().chain(&request.failure).all(is_serializable)
}

impl Mvcc {
    /// Does a transaction. The header holds the revision, nothing else.
    ///
    /// # Errors
    /// [`Error::COMPACTED`] and [`Error::FUTURE_REVISION`] of a range, [`Error::KEY_NOT_FOUND`] and
    /// [`Error::LEASE_NOT_FOUND`] of a put. Then nothing has happened.
    pub fn txn(&mut self, request: &TxnRequest, leases: &dyn Leases) -> Result<TxnResponse, Error> {
        let plan = Plan::of(self, request);
        // In etcd's order: the first error of a put goes before that of any range.
        plan.check_puts(self, leases, &mut Vec::new())?;
        plan.check_ranges(self)?;
        let mut response = plan.execute(self);
        self.finish();
        let header = ResponseHeader { revision: self.revision(), ..Default::default() };
        response.header = Some(header);
        Ok(response)
    }

    /// Does a transaction that only reads; its writes, if there are any, are left out.
    ///
    /// # Errors
    /// [`Error::COMPACTED`] and [`Error::FUTURE_REVISION`] of a range.
    pub fn txn_read_only(&self, request: &TxnRequest) -> Result<TxnResponse, Error> {
        let succeeded = request.compare.iter().all(|compare| holds(self, compare));
        let ops = if succeeded { &request.success } else { &request.failure };
        let ranges = || {
            ops.iter().filter_map(|op| match &op.request {
                Some(Request::RequestRange(request)) => Some(request),
                _ => None,
            })
        };
        ranges().try_for_each(|request| check_range_revision(self, request))?;
        let read = |request| Ok(response_op(Response::ResponseRange(self.range(request)?)));
        let header = ResponseHeader { revision: self.revision(), ..Default::default() };
        let responses = ranges().map(read).collect::<Result<_, Error>>()?;
        Ok(TxnResponse { header: Some(header), succeeded, responses })
    }
}

/// A transaction with the branches chosen. All compares, nested ones too, see the store as it was
/// before the transaction.
struct Plan<'a> {
    succeeded: bool,
    steps: Vec<Step<'a>>,
}

enum Step<'a> {
    One(&'a RequestOp),
    Txn(Plan<'a>),
}

impl<'a> Plan<'a> {
    fn of(mvcc: &Mvcc, request: &'a TxnRequest) -> Self {
        let succeeded = request.compare.iter().all(|compare| holds(mvcc, compare));
        let ops = if succeeded { &request.success } else { &request.failure };
        let step = |op: &'a RequestOp| match &op.request {
            Some(Request::RequestTxn(request)) => Step::Txn(Self::of(mvcc, request)),
            _ => Step::One(op),
        };
        Self { succeeded, steps: ops.iter().map(step).collect() }
    }

    /// Whether every put can be done. `deleted` collects the deletes of the steps so far.
    fn check_puts(
        &self,
        mvcc: &Mvcc,
        leases: &dyn Leases,
        deleted: &mut Vec<&'a DeleteRangeRequest>,
    ) -> Result<(), Error> {
        self.steps.iter().try_for_each(|step| match step {
            Step::Txn(plan) => plan.check_puts(mvcc, leases, deleted),
            Step::One(op) => match &op.request {
                Some(Request::RequestPut(request)) => {
                    let keeps = request.ignore_value || request.ignore_lease;
                    if keeps && deleted.iter().any(|delete| covers(delete, &request.key)) {
                        // etcd sees this only after its first write, and panics.
                        return Err(Error::KEY_NOT_FOUND);
                    }
                    mvcc.check_put(request, leases)
                }
                Some(Request::RequestDeleteRange(request)) => {
                    deleted.push(request);
                    Ok(())
                }
                _ => Ok(()),
            },
        })
    }

    /// Whether every range can be read.
    fn check_ranges(&self, mvcc: &Mvcc) -> Result<(), Error> {
        self.steps.iter().try_for_each(|step| match step {
            Step::Txn(plan) => plan.check_ranges(mvcc),
            Step::One(RequestOp { request: Some(Request::RequestRange(request)) }) => {
                check_range_revision(mvcc, request)
            }
            Step::One(_) => Ok(()),
        })
    }

    fn execute(&self, mvcc: &mut Mvcc) -> TxnResponse {
        let mut execute = |step: &Step<'_>| match step {
            // etcd leaves the header of an inner transaction empty.
            Step::Txn(plan) => response_op(Response::ResponseTxn(plan.execute(mvcc))),
            Step::One(op) => ResponseOp { response: execute_one(mvcc, op) },
        };
        TxnResponse {
            header: Some(ResponseHeader::default()),
            succeeded: self.succeeded,
            responses: self.steps.iter().map(&mut execute).collect(),
        }
    }
}

fn execute_one(mvcc: &mut Mvcc, op: &RequestOp) -> Option<Response> {
    Some(match op.request.as_ref()? {
        Request::RequestRange(request) => {
            let range = mvcc.range(request);
            Response::ResponseRange(range.expect("its revision was checked before the first write"))
        }
        Request::RequestPut(request) => Response::ResponsePut(mvcc.put_one(request)),
        Request::RequestDeleteRange(request) => {
            Response::ResponseDeleteRange(mvcc.delete_some(request))
        }
        Request::RequestTxn(_) => unreachable!("a plan holds inner transactions as plans"),
    })
}

/// Whether a delete hits a key.
fn covers(delete: &DeleteRangeRequest, key: &[u8]) -> bool {
    KeyRange::new(&delete.key, &delete.range_end).contains(key)
}

fn response_op(response: Response) -> ResponseOp {
    ResponseOp { response: Some(response) }
}

/// Whether a range could be read at the revision that it asks for. Here a negative revision is an
/// old one; alone it would mean the last one.
fn check_range_revision(mvcc: &Mvcc, request: &RangeRequest) -> Result<(), Error> {
    match request.revision {
        0 => Ok(()),
        revision if revision > mvcc.revision() => Err(Error::FUTURE_REVISION),
        revision if revision < mvcc.compacted() => Err(Error::COMPACTED),
        _ => Ok(()),
    }
}

/// Whether a comparison is true of every key in its range, or, if there is none, of an absent key:
/// its value compares false, its numbers are 0.
fn holds(mvcc: &Mvcc, compare: &Compare) -> bool {
    let target = CompareTarget::try_from(compare.target).ok();
    let mut found = false;
    let all = mvcc.all_visible(KeyRange::new(&compare.key, &compare.range_end), |visible| {
        found = true;
        let ordering = match target {
            Some(CompareTarget::Version) => visible.version.cmp(&number(compare)),
            Some(CompareTarget::Create) => visible.create_revision.cmp(&number(compare)),
            Some(CompareTarget::Mod) => visible.revision.main.cmp(&number(compare)),
            Some(CompareTarget::Lease) => mvcc.fetch(visible).lease.cmp(&number(compare)),
            Some(CompareTarget::Value) => mvcc.fetch(visible).value[..].cmp(value(compare)),
            None => Ordering::Equal,
        };
        accepts(compare, ordering)
    });
    if found {
        return all;
    }
    match target {
        Some(CompareTarget::Value) => false,
        Some(_) => accepts(compare, 0.cmp(&number(compare))),
        None => accepts(compare, Ordering::Equal),
    }
}

fn accepts(compare: &Compare, ordering: Ordering) -> bool {
    match CompareResult::try_from(compare.result) {
        Ok(CompareResult::Equal) => ordering.is_eq(),
        Ok(CompareResult::NotEqual) => ordering.is_ne(),
        Ok(CompareResult::Greater) => ordering.is_gt(),
        Ok(CompareResult::Less) => ordering.is_lt(),
        // As etcd: what it does not know does not hinder.
        Err(_) => true,
    }
}

/// The number to compare with; 0 when the request holds one for another target.
fn number(compare: &Compare) -> i64 {
    match (compare.target(), &compare.target_union) {
        (CompareTarget::Version, Some(TargetUnion::Version(number)))
        | (CompareTarget::Create, Some(TargetUnion::CreateRevision(number)))
        | (CompareTarget::Mod, Some(TargetUnion::ModRevision(number)))
        | (CompareTarget::Lease, Some(TargetUnion::Lease(number))) => *number,
        _ => 0,
    }
}

/// The value to compare with; empty when the request holds none.
fn value(compare: &Compare) -> &[u8] {
    match &compare.target_union {
        Some(TargetUnion::Value(value)) => value,
        _ => &[],
    }
}
