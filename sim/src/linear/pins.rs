//! Where a write without an answer may have happened, as others were shown.
//!
//! Such a write is what makes a search long: it may have happened anywhere. But if anybody was ever shown
//! what it writes, the pair tells the revision at which that was written, whatever the order is; if
//! nothing else writes the same, it happened there. And a revision that is known to be of some writes is
//! of no others. All that follows from the answers alone, so it refutes nothing that is linearizable; it
//! only leaves fewer places to try.
//!
//! ```text
//!   A  put a 1  ─────────────── no answer                 4 or 6, and nowhere else: only A writes this
//!   B  put b 2  ── revision 5                             5 is taken
//!   C  get a    ── a = 1, written at 4
//!   D  get a    ── a = 1, written at 6
//! ```

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use glasshouse_core::api::request_op::Request as Ask;
use glasshouse_core::api::response_op::Response as Done;
use glasshouse_core::api::{KeyValue, PutRequest, Request, Response, TxnRequest, TxnResponse};

use super::Operation;
use super::etcd::{Call, Op};

/// The revisions at which a write may have happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pin {
    /// Somebody was shown at these revisions what it writes.
    shown: BTreeSet<i64>,
    /// Nothing else writes that: it happened there.
    only_there: bool,
}

/// What the pins of a history leave to writes that nobody was shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Pins {
    /// Revisions that are known to be of a certain operation.
    taken: BTreeSet<i64>,
}

impl Pins {
    /// Gives the operations of a history their pins. What was written up to revision `begin` was there
    /// before them, so it is no trace of theirs.
    pub(super) fn set(history: &mut [Operation<Op>], begin: i64) -> Self {
        let mut writers: BTreeMap<(Bytes, Bytes), Vec<usize>> = BTreeMap::new();
        let mut shown: BTreeMap<(Bytes, Bytes), BTreeSet<i64>> = BTreeMap::new();
        let mut taken = BTreeSet::new();
        for (place, one) in history.iter().enumerate() {
            let Op::Call(call) = &one.op else { continue };
            let Call { request, told, .. } = call.as_ref();
            each_put(request, &mut |put| {
                let pair = (put.key.clone(), put.value.clone());
                writers.entry(pair).or_default().push(place);
            });
            if let Some(told) = told {
                each_pair(&told.body, &mut |pair| {
                    if pair.mod_revision <= begin {
                        return;
                    }
                    let revisions =
                        shown.entry((pair.key.clone(), pair.value.clone())).or_default();
                    revisions.insert(pair.mod_revision);
                });
                if wrote(&told.body) {
                    taken.insert(told.revision);
                }
            }
        }
        for (pair, revisions) in shown {
            taken.extend(&revisions);
            let writers = writers.get(&pair).map(Vec::as_slice).unwrap_or_default();
            for writer in writers {
                if let Op::Call(call) = &mut history[*writer].op {
                    call.pin.shown.extend(&revisions);
                    call.pin.only_there |= writers.len() == 1;
                }
            }
        }
        Self { taken }
    }

    /// Whether an operation that was told nothing may have made this revision.
    pub(super) fn allow(&self, revision: i64, pin: &Pin) -> bool {
        pin.shown.contains(&revision) || !pin.only_there && !self.taken.contains(&revision)
    }
}

/// Whether an answer says that something was written.
fn wrote(answer: &Response) -> bool {
    match answer {
        Response::Put(_) => true,
        Response::DeleteRange(delete) => delete.deleted > 0,
        Response::Txn(txn) => txn.responses.iter().any(|one| match &one.response {
            Some(Done::ResponsePut(_)) => true,
            Some(Done::ResponseDeleteRange(delete)) => delete.deleted > 0,
            _ => false,
        }),
        _ => false,
    }
}

/// Every put that a request may make.
fn each_put(request: &Request, tell: &mut dyn FnMut(&PutRequest)) {
    match request {
        Request::Put(put) => tell(put),
        Request::Txn(txn) => each_put_of(txn, tell),
        _ => {}
    }
}

fn each_put_of(txn: &TxnRequest, tell: &mut dyn FnMut(&PutRequest)) {
    for op in txn.success.iter().chain(&txn.failure) {
        match &op.request {
            Some(Ask::RequestPut(put)) => tell(put),
            Some(Ask::RequestTxn(nested)) => each_put_of(nested, tell),
            _ => {}
        }
    }
}

/// Every pair that an answer shows.
fn each_pair(response: &Response, tell: &mut dyn FnMut(&KeyValue)) {
    match response {
        Response::Put(put) => put.prev_kv.iter().for_each(tell),
        Response::Range(range) => range.kvs.iter().for_each(tell),
        Response::DeleteRange(delete) => delete.prev_kvs.iter().for_each(tell),
        Response::Txn(txn) => each_pair_of(txn, tell),
        _ => {}
    }
}

fn each_pair_of(txn: &TxnResponse, tell: &mut dyn FnMut(&KeyValue)) {
    for done in txn.responses.iter().filter_map(|one| one.response.as_ref()) {
        match done {
            Done::ResponsePut(put) => put.prev_kv.iter().for_each(&mut *tell),
            Done::ResponseRange(range) => range.kvs.iter().for_each(&mut *tell),
            Done::ResponseDeleteRange(delete) => delete.prev_kvs.iter().for_each(&mut *tell),
            Done::ResponseTxn(nested) => each_pair_of(nested, tell),
        }
    }
}
