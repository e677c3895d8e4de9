//! An etcd as its documentation has it, for judging what clients were told.
//!
//! The state is what decides later answers and no more: the revision, and each key's latest pair. There
//! is no log, no compaction, no member. It shares no line with [`crate::model`], which is told of the
//! log's entries, nor with core's store: three times the same semantics, written down three times.
//!
//! What a client cannot tell is left out of the comparison: reads of an old revision, and serializable
//! ones, may be answered by any past of the store.
//!
//! A write without an answer is tried where its [pins](super::pins) allow it.

use std::collections::BTreeMap;
use std::ops::Bound;

use bytes::Bytes;
use glasshouse_core::api::compare::{CompareResult, CompareTarget, TargetUnion};
use glasshouse_core::api::range_request::{SortOrder, SortTarget};
use glasshouse_core::api::request_op::Request as Ask;
use glasshouse_core::api::response_op::Response as Done;
use glasshouse_core::api::{
    Compare, DeleteRangeRequest, DeleteRangeResponse, KeyValue, PutRequest, PutResponse,
    RangeRequest, RangeResponse, Request, RequestOp, Response, ResponseOp, TxnRequest, TxnResponse,
};
use glasshouse_core::order;

use super::pins::{Pin, Pins};
use super::{Model, Operation};

/// An operation of a client, or of the lessor.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// A client's call.
    Call(Box<Call>),
    /// A lease ends by itself: no client asks for that, but clients see its keys go.
    LeaseEnds(i64),
}

/// A client's call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// What it asked.
    pub request: Request,
    /// What it was told, if it was told anything.
    pub told: Option<Told>,
    /// Where it may have happened, as others were shown.
    pub pin: Pin,
}

impl Op {
    /// A call that was told nothing so far.
    #[must_use]
    pub fn asked(request: Request) -> Self {
        Self::Call(Box::new(Call { request, told: None, pin: Pin::default() }))
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The revision in its header.
    pub revision: i64,
    /// The answer without any header.
    pub body: Response,
}

impl Told {
    /// The parts of an answer that are compared; `None` for an answer that has no header.
    #[must_use]
    pub fn of(response: &Response) -> Option<Self> {
        let revision = response.header()?.revision;
        let mut body = response.clone();
        match &mut body {
            Response::Put(put) => put.header = None,
            Response::Range(range) => range.header = None,
            Response::DeleteRange(delete) => delete.header = None,
            Response::Txn(txn) => strip(txn),
            Response::LeaseRevoke(revoke) => revoke.header = None,
            _ => {}
        }
        Some(Self { revision, body })
    }
}

fn strip(txn: &mut TxnResponse) {
    txn.header = None;
    for done in txn.responses.iter_mut().filter_map(|one| one.response.as_mut()) {
        match done {
            Done::ResponsePut(put) => put.header = None,
            Done::ResponseRange(range) => range.header = None,
            Done::ResponseDeleteRange(delete) => delete.header = None,
            Done::ResponseTxn(nested) => strip(nested),
        }
    }
}

/// A key's latest pair.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Pair {
    created: i64,
    modified: i64,
    version: i64,
    lease: i64,
    value: Bytes,
}

/// What decides later answers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Store {
    revision: i64,
    pairs: BTreeMap<Bytes, Pair>,
}

impl Default for Store {
    /// An empty one.
    fn default() -> Self {
        Self { revision: 1, pairs: BTreeMap::new() }
    }
}

/// etcd, as a [`Model`].
#[derive(Clone, Debug, Default)]
pub struct Etcd {
    begin: Store,
    pins: Pins,
    /// Revisions are not compared.
    is_blind: bool,
}

impl Etcd {
    /// The model for a history, whose operations get their pins.
    pub fn of(history: &mut [Operation<Op>]) -> Self {
        Self::from(Store::default(), history)
    }

    /// The model for what happened behind a state.
    pub fn from(begin: Store, history: &mut [Operation<Op>]) -> Self {
        let pins = Pins::set(history, begin.revision);
        Self { begin, pins, is_blind: false }
    }

    /// A model that does not look at the revisions in answers: what a client could say that sees values
    /// only. It has more orders to try, because revisions tell most of them apart.
    #[must_use]
    pub fn without_revisions() -> Self {
        Self { is_blind: true, ..Self::default() }
    }

    /// The state behind an order that a check has found.
    #[must_use]
    pub fn behind(&self, history: &[Operation<Op>], order: &[usize]) -> Store {
        let step = |state: Store, place: &usize| self.step(&state, &history[*place].op);
        order.iter().try_fold(self.begin(), step).unwrap_or_else(|| unreachable!("it was found"))
    }

    /// Whether an operation that was told nothing may have led from one state to the other.
    fn may_make(&self, before: &Store, after: &Store, pin: &Pin) -> bool {
        after.revision == before.revision || self.pins.allow(after.revision, pin)
    }
}

impl Model for Etcd {
    type State = Store;
    type Op = Op;

    fn begin(&self) -> Store {
        self.begin.clone()
    }

    fn step(&self, state: &Store, op: &Op) -> Option<Store> {
        let mut turn = Turn { next: state.revision + 1, wrote: false, store: state.clone() };
        match op {
            Op::LeaseEnds(lease) => {
                turn.end_lease(*lease);
                let store = turn.done();
                self.may_make(state, &store, &Pin::default()).then_some(store)
            }
            Op::Call(call) => {
                let Call { request, told, pin } = call.as_ref();
                let body = turn.answer(request);
                let store = turn.done();
                let fits = match told {
                    Some(told) if self.is_blind => {
                        let seen = |body: &Response| Told { revision: 0, body: unrevised(body) };
                        is_same(request, &unrevised(&body), 0, &seen(&told.body))
                    }
                    Some(told) => is_same(request, &body, store.revision, told),
                    None => self.may_make(state, &store, pin),
                };
                fits.then_some(store)
            }
        }
    }

    fn is_same(&self, a: &Op, b: &Op) -> bool {
        match (a, b) {
            (Op::Call(a), Op::Call(b)) => a.request == b.request,
            (Op::LeaseEnds(a), Op::LeaseEnds(b)) => a == b,
            _ => false,
        }
    }

    fn bytes(&self, state: &Store) -> usize {
        let pairs = state.pairs.iter();
        pairs.map(|(key, pair)| key.len() + pair.value.len() + size_of::<(Bytes, Pair)>()).sum()
    }
}

/// One operation at work: all that it writes has one revision.
struct Turn {
    store: Store,
    next: i64,
    wrote: bool,
}

impl Turn {
    fn done(mut self) -> Store {
        if self.wrote {
            self.store.revision = self.next;
        }
        self.store
    }

    fn answer(&mut self, request: &Request) -> Response {
        match request {
            Request::Put(put) => self.put(put).into(),
            Request::Range(range) => self.range(range).into(),
            Request::DeleteRange(delete) => self.delete(delete).into(),
            Request::Txn(txn) => {
                let before = self.store.clone();
                self.txn(txn, &before).into()
            }
            Request::LeaseRevoke(revoke) => {
                self.end_lease(revoke.id);
                glasshouse_core::api::LeaseRevokeResponse::default().into()
            }
            other => unreachable!("histories hold no {}", other.name()),
        }
    }

    fn put(&mut self, put: &PutRequest) -> PutResponse {
        let before = self.store.pairs.get(&put.key).cloned();
        let kept = before.as_ref();
        let pair = Pair {
            created: kept.map_or(self.next, |pair| pair.created),
            modified: self.next,
            version: kept.map_or(0, |pair| pair.version) + 1,
            lease: kept.filter(|_| put.ignore_lease).map_or(put.lease, |pair| pair.lease),
            value: kept
                .filter(|_| put.ignore_value)
                .map_or_else(|| put.value.clone(), |pair| pair.value.clone()),
        };
        self.store.pairs.insert(put.key.clone(), pair);
        self.wrote = true;
        let prev_kv = before.filter(|_| put.prev_kv).map(|pair| shown(&put.key, &pair));
        PutResponse { header: None, prev_kv }
    }

    fn delete(&mut self, delete: &DeleteRangeRequest) -> DeleteRangeResponse {
        let gone: Vec<(Bytes, Pair)> = self
            .store
            .pairs
            .extract_if(bounds(&delete.key, &delete.range_end), |_, _| true)
            .collect();
        self.wrote |= !gone.is_empty();
        let shown = gone.iter().filter(|_| delete.prev_kv).map(|(key, pair)| shown(key, pair));
        DeleteRangeResponse { header: None, deleted: gone.len() as i64, prev_kvs: shown.collect() }
    }

    fn end_lease(&mut self, lease: i64) {
        let before = self.store.pairs.len();
        self.store.pairs.retain(|_, pair| lease == 0 || pair.lease != lease);
        self.wrote |= self.store.pairs.len() != before;
    }

    /// Compares, nested ones too, see the store as it was before the whole transaction.
    fn txn(&mut self, txn: &TxnRequest, before: &Store) -> TxnResponse {
        let succeeded = txn.compare.iter().all(|compare| holds(before, compare));
        let ops = if succeeded { &txn.success } else { &txn.failure };
        let responses = ops.iter().map(|op| {
            let response = op.request.as_ref().map(|ask| match ask {
                Ask::RequestPut(put) => Done::ResponsePut(self.put(put)),
                Ask::RequestRange(range) => Done::ResponseRange(self.range(range)),
                Ask::RequestDeleteRange(delete) => Done::ResponseDeleteRange(self.delete(delete)),
                Ask::RequestTxn(nested) => Done::ResponseTxn(self.txn(nested, before)),
            });
            ResponseOp { response }
        });
        TxnResponse { header: None, succeeded, responses: responses.collect() }
    }

    fn range(&self, range: &RangeRequest) -> RangeResponse {
        let found = self.store.pairs.range(bounds(&range.key, &range.range_end));
        let mut found: Vec<KeyValue> = found.map(|(key, pair)| shown(key, pair)).collect();
        let count = found.len() as i64;
        if range.count_only {
            return RangeResponse { count, ..RangeResponse::default() };
        }
        let within = |value: i64, min: i64, max: i64| {
            (min == 0 || value >= min) && (max == 0 || value <= max)
        };
        found.retain(|pair| {
            within(pair.mod_revision, range.min_mod_revision, range.max_mod_revision)
                && within(
                    pair.create_revision,
                    range.min_create_revision,
                    range.max_create_revision,
                )
        });
        sort(&mut found, range);
        let limit = usize::try_from(range.limit).unwrap_or(0);
        let more = limit > 0 && found.len() > limit;
        if more {
            found.truncate(limit);
        }
        if range.keys_only {
            found.iter_mut().for_each(|pair| pair.value = Bytes::new());
        }
        RangeResponse { header: None, kvs: found, more, count }
    }
}

fn shown(key: &Bytes, pair: &Pair) -> KeyValue {
    KeyValue {
        key: key.clone(),
        create_revision: pair.created,
        mod_revision: pair.modified,
        version: pair.version,
        value: pair.value.clone(),
        lease: pair.lease,
    }
}

fn sort(found: &mut [KeyValue], range: &RangeRequest) {
    order::sort_by(found, |a, b| match range.sort_target() {
        SortTarget::Key => a.key.cmp(&b.key),
        SortTarget::Version => a.version.cmp(&b.version),
        SortTarget::Create => a.create_revision.cmp(&b.create_revision),
        SortTarget::Mod => a.mod_revision.cmp(&b.mod_revision),
        SortTarget::Value => a.value.cmp(&b.value),
    });
    if range.sort_order() == SortOrder::Descend {
        found.reverse();
    }
}

/// One key, everything from a key on (`\0`), or everything between two.
fn bounds(key: &Bytes, end: &Bytes) -> (Bound<Bytes>, Bound<Bytes>) {
    let from = Bound::Included(key.clone());
    let to = match end.as_ref() {
        [] => Bound::Included(key.clone()),
        [0] => Bound::Unbounded,
        _ => Bound::Excluded(end.clone().max(key.clone())),
    };
    (from, to)
}

/// A compare of a range holds if it holds for each key in it. Where there is none, the numbers are
/// zero, and a value compares false.
fn holds(store: &Store, compare: &Compare) -> bool {
    let mut found = store.pairs.range(bounds(&compare.key, &compare.range_end)).peekable();
    if found.peek().is_none() {
        let absent = Pair { created: 0, modified: 0, version: 0, lease: 0, value: Bytes::new() };
        return compare.target() != CompareTarget::Value && holds_for(compare, &absent);
    }
    found.all(|(_, pair)| holds_for(compare, pair))
}

fn holds_for(compare: &Compare, pair: &Pair) -> bool {
    use TargetUnion as Asked;
    let asked = compare.target_union.as_ref();
    let number = |of_this_kind: Option<i64>| of_this_kind.unwrap_or(0);
    let order = match compare.target() {
        CompareTarget::Version => pair.version.cmp(&number(asked.and_then(|asked| match asked {
            Asked::Version(version) => Some(*version),
            _ => None,
        }))),
        CompareTarget::Create => pair.created.cmp(&number(asked.and_then(|asked| match asked {
            Asked::CreateRevision(revision) => Some(*revision),
            _ => None,
        }))),
        CompareTarget::Mod => pair.modified.cmp(&number(asked.and_then(|asked| match asked {
            Asked::ModRevision(revision) => Some(*revision),
            _ => None,
        }))),
        CompareTarget::Lease => pair.lease.cmp(&number(asked.and_then(|asked| match asked {
            Asked::Lease(lease) => Some(*lease),
            _ => None,
        }))),
        CompareTarget::Value => match asked {
            Some(Asked::Value(value)) => pair.value.cmp(value),
            _ => pair.value.as_ref().cmp(&[]),
        },
    };
    match compare.result() {
        CompareResult::Equal => order.is_eq(),
        CompareResult::Greater => order.is_gt(),
        CompareResult::Less => order.is_lt(),
        CompareResult::NotEqual => order.is_ne(),
    }
}

/// Whether an answer is the one that the model gives, as far as a client can tell.
fn is_same(request: &Request, ours: &Response, revision: i64, told: &Told) -> bool {
    match (request, ours, &told.body) {
        // Its header tells the revision of the moment of the answer.
        (Request::LeaseRevoke(_), _, Response::LeaseRevoke(_)) => revision <= told.revision,
        (Request::Txn(txn), Response::Txn(ours), Response::Txn(body)) => {
            revision == told.revision && is_same_txn(txn, ours, body)
        }
        (_, ours, body) => revision == told.revision && ours == body,
    }
}

fn is_same_txn(txn: &TxnRequest, ours: &TxnResponse, told: &TxnResponse) -> bool {
    let ops = if ours.succeeded { &txn.success } else { &txn.failure };
    let same_op = |op: &RequestOp, ours: &ResponseOp, told: &ResponseOp| match &op.request {
        Some(Ask::RequestRange(range)) if is_of_any_past(range) => true,
        Some(Ask::RequestTxn(nested)) => match (&ours.response, &told.response) {
            (Some(Done::ResponseTxn(ours)), Some(Done::ResponseTxn(told))) => {
                is_same_txn(nested, ours, told)
            }
            _ => false,
        },
        _ => ours == told,
    };
    ours.succeeded == told.succeeded
        && ours.responses.len() == told.responses.len()
        && ops
            .iter()
            .zip(ours.responses.iter().zip(&told.responses))
            .all(|(op, (ours, told))| same_op(op, ours, told))
}

/// An answer without the revisions of its pairs.
fn unrevised(answer: &Response) -> Response {
    let mut answer = answer.clone();
    match &mut answer {
        Response::Put(put) => put.prev_kv.iter_mut().for_each(unrevise),
        Response::Range(range) => range.kvs.iter_mut().for_each(unrevise),
        Response::DeleteRange(delete) => delete.prev_kvs.iter_mut().for_each(unrevise),
        Response::Txn(txn) => unrevise_txn(txn),
        _ => {}
    }
    answer
}

fn unrevise(pair: &mut KeyValue) {
    (pair.create_revision, pair.mod_revision) = (0, 0);
}

fn unrevise_txn(txn: &mut TxnResponse) {
    for done in txn.responses.iter_mut().filter_map(|one| one.response.as_mut()) {
        match done {
            Done::ResponsePut(put) => put.prev_kv.iter_mut().for_each(unrevise),
            Done::ResponseRange(range) => range.kvs.iter_mut().for_each(unrevise),
            Done::ResponseDeleteRange(delete) => delete.prev_kvs.iter_mut().for_each(unrevise),
            Done::ResponseTxn(nested) => unrevise_txn(nested),
        }
    }
}

/// A read that may be answered from the past.
pub(crate) fn is_of_any_past(range: &RangeRequest) -> bool {
    range.revision > 0
}
