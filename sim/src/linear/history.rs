//! What clients of a world saw, as a history to check.
//!
//! A call is an operation if what it is told depends on all that happened before: writes, and
//! linearizable reads of the present. An error that says "no" for certain is no operation, because
//! nothing happened; an answer that never came may stand for anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use glasshouse_core::api::{Code, Request, Response};
use glasshouse_core::id::CallId;
use glasshouse_core::order;
use glasshouse_core::txn;

use super::etcd::{Etcd, Op, Told, is_of_any_past};
use super::{Limits, Operation, Refutation, Verdict, check};
use crate::clock::Nanos;
use crate::place::ClientNo;
use crate::trace::CallEnd;

/// The operations of a world, in order of their calls.
#[derive(Debug, Default)]
pub struct History {
    operations: Vec<Operation<Op>>,
    /// Whose call each is; none is a lease that may end.
    calls: Vec<Option<CallId>>,
    /// Places of the calls that have not ended.
    open: BTreeMap<CallId, usize>,
    /// Places of those that certainly had no effect, or that tell nothing.
    void: Vec<usize>,
    /// Operations that may happen at any time from now on, or never.
    unknown: usize,
}

impl History {
    /// A client calls.
    pub(crate) fn on_called(
        &mut self,
        call: CallId,
        client: ClientNo,
        now: Nanos,
        request: &Arc<Request>,
    ) {
        if is_operation(request) {
            self.open.insert(call, self.operations.len());
            self.push(Some(call), client, now, Op::asked(Request::clone(request)));
        }
    }

    /// A call is over.
    pub(crate) fn on_end(&mut self, call: CallId, now: Nanos, end: &CallEnd) {
        if let Some(Response::LeaseGrant(granted)) = end.success() {
            // From now on it may end at any time; that it does not end early is another checker's.
            self.unknown += 1;
            self.push(None, ClientNo(u16::MAX), now, Op::LeaseEnds(granted.id));
        }
        let Some(place) = self.open.remove(&call) else { return };
        let op = &self.operations[place].op;
        let is_read = matches!(op, Op::Call(call) if matches!(call.request, Request::Range(_)));
        match end {
            CallEnd::Answer(answer) => match answer.as_ref() {
                Ok(response) => {
                    self.operations[place].returned_at = Some(now);
                    if let Op::Call(call) = &mut self.operations[place].op {
                        call.told = Told::of(response);
                    }
                }
                Err(error) if is_read || is_a_no(error.code) => self.void.push(place),
                Err(_) => self.unknown += 1,
            },
            CallEnd::NoConnection => self.void.push(place),
            CallEnd::Broken | CallEnd::TimedOut | CallEnd::Canceled if is_read => {
                self.void.push(place);
            }
            CallEnd::Broken | CallEnd::TimedOut | CallEnd::Canceled => self.unknown += 1,
        }
    }

    fn push(&mut self, call: Option<CallId>, client: ClientNo, called_at: Nanos, op: Op) {
        let client = u32::from(client.0);
        self.calls.push(call);
        self.operations.push(Operation { client, called_at, returned_at: None, op });
    }

    /// Operations so far, also those that will turn out to be none.
    pub(crate) fn len(&self) -> usize {
        self.operations.len()
    }

    /// Everything is over and was answered, and no lease is left that may end: whatever is called from
    /// now on comes behind all of it.
    pub(crate) fn is_quiet(&self) -> bool {
        self.open.is_empty() && self.unknown == 0
    }

    /// The operations as they are to be checked.
    #[must_use]
    pub fn operations(&self) -> Vec<Operation<Op>> {
        self.listed().1
    }

    /// The same, and whose call each is.
    pub(crate) fn listed(&self) -> (Vec<Option<CallId>>, Vec<Operation<Op>>) {
        let mut void = self.void.clone();
        order::sort(&mut void);
        let is_kept = |(place, one): &(usize, &Operation<Op>)| {
            let is_open_read = one.returned_at.is_none()
                && matches!(&one.op, Op::Call(call) if matches!(call.request, Request::Range(_)));
            void.binary_search(place).is_err() && !is_open_read
        };
        let kept = self.operations.iter().enumerate().filter(is_kept);
        kept.map(|(place, one)| (self.calls[place], one.clone())).unzip()
    }

    /// The verdict in one sentence.
    #[must_use]
    pub fn verdict(&self, limits: Limits) -> (Verdict, String) {
        let mut operations = self.operations();
        let model = Etcd::of(&mut operations);
        let verdict = check(&model, &operations, limits);
        let count = operations.len();
        let sentence = match &verdict {
            Verdict::Linearizable { .. } => {
                format!("{count} operations of clients: one copy could have answered so")
            }
            Verdict::Refuted(Refutation { order, stuck }) => {
                let Operation { client, called_at, op, .. } = &operations[*stuck];
                format!(
                    "{count} operations of clients: no order of them gives these answers; behind the \
                     best {} nothing explains what client {client} was told, who asked at {called_at} \
                     ns: {op:?}",
                    order.len()
                )
            }
            Verdict::GaveUp { limit } => {
                format!(
                    "{count} operations of clients: the limit of {limit} was met, nothing is known"
                )
            }
        };
        (verdict, sentence)
    }
}

/// What depends on everything before.
pub(crate) fn is_operation(request: &Request) -> bool {
    match request {
        Request::Put(_) | Request::DeleteRange(_) | Request::LeaseRevoke(_) => true,
        Request::Txn(txn) => !txn::is_serializable(txn),
        Request::Range(range) => !range.serializable && !is_of_any_past(range),
        _ => false,
    }
}

/// The member says that it did not do it, and that nobody will.
pub(crate) fn is_a_no(code: Code) -> bool {
    matches!(
        code,
        Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::FailedPrecondition
            | Code::OutOfRange
            | Code::Unimplemented
            | Code::Unauthenticated
            | Code::ResourceExhausted
    )
}
