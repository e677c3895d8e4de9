//! Well formed or not, and all or nothing.

use bytes::Bytes;

use super::*;
use crate::api::compare::{CompareResult, CompareTarget, TargetUnion};
use crate::api::request_op::Request;
use crate::api::response_op::Response;
use crate::api::*;
use crate::mvcc::{Leases, Mvcc, NoLeases};
use crate::store::Store;

fn bytes(text: &str) -> Bytes {
    text.to_owned().into()
}

fn put(key: &str) -> Request {
    Request::RequestPut(PutRequest { key: bytes(key), value: bytes("v"), ..Default::default() })
}

/// A put that keeps the value that is there.
fn keep(key: &str) -> Request {
    let request = PutRequest { key: bytes(key), ignore_value: true, ..Default::default() };
    Request::RequestPut(request)
}

fn delete(key: &str, end: &str) -> Request {
    let (key, range_end) = (bytes(key), bytes(end));
    Request::RequestDeleteRange(DeleteRangeRequest { key, range_end, prev_kv: false })
}

fn range(key: &str, revision: i64) -> Request {
    Request::RequestRange(RangeRequest { key: bytes(key), revision, ..Default::default() })
}

fn ops(ops: impl IntoIterator<Item = Request>) -> Vec<RequestOp> {
    ops.into_iter().map(|request| RequestOp { request: Some(request) }).collect()
}

/// A transaction inside another: then, else.
fn inner<const N: usize, const M: usize>(then: [Request; N], otherwise: [Request; M]) -> Request {
    let (success, failure) = (ops(then), ops(otherwise));
    Request::RequestTxn(TxnRequest { compare: Vec::new(), success, failure })
}

fn txn<const N: usize>(then: [Request; N]) -> TxnRequest {
    TxnRequest { success: ops(then), ..Default::default() }
}

#[test]
fn keys_must_not_be_empty() {
    assert_eq!(check_range(&RangeRequest::default()), Err(Error::EMPTY_KEY));
    assert_eq!(check_put(&PutRequest::default()), Err(Error::EMPTY_KEY));
    assert_eq!(check_delete_range(&DeleteRangeRequest::default()), Err(Error::EMPTY_KEY));
    let compare = TxnRequest { compare: vec![Compare::default()], ..Default::default() };
    assert_eq!(check_txn(&compare, 128), Err(Error::EMPTY_KEY));
    for request in [put(""), delete("", "z"), range("", 0)] {
        assert_eq!(check_txn(&txn([request.clone()]), 128), Err(Error::EMPTY_KEY));
        assert_eq!(check_txn(&txn([inner([], [request])]), 128), Err(Error::EMPTY_KEY));
    }
}

#[test]
fn sorting_knows_three_orders_and_five_targets() {
    let sorts = |order, target| {
        let key = bytes("a");
        let request =
            RangeRequest { key, sort_order: order, sort_target: target, ..Default::default() };
        check_range(&request)
    };
    assert_eq!(sorts(2, 4), Ok(()));
    for (order, target) in [(3, 0), (-1, 0), (0, 5), (0, -1)] {
        assert_eq!(sorts(order, target), Err(Error::INVALID_SORT_OPTION));
    }
}

#[test]
fn who_keeps_a_value_gives_none() {
    let request = PutRequest { key: bytes("a"), value: bytes("v"), lease: 3, ..Default::default() };
    let keeps_value = PutRequest { ignore_value: true, ..request.clone() };
    assert_eq!(check_put(&keeps_value), Err(Error::VALUE_PROVIDED));
    let keeps_lease = PutRequest { ignore_lease: true, ..request.clone() };
    assert_eq!(check_put(&keeps_lease), Err(Error::LEASE_PROVIDED));
    let keeps_both = PutRequest { ignore_value: true, ..keeps_lease };
    assert_eq!(check_put(&keeps_both), Err(Error::VALUE_PROVIDED));
    assert_eq!(check_put(&request), Ok(()));
}

#[test]
fn an_operation_without_content_is_refused() {
    let request = TxnRequest { failure: vec![RequestOp { request: None }], ..Default::default() };
    assert_eq!(check_txn(&request, 128), Err(Error::KEY_NOT_FOUND));
}

#[test]
fn inner_transactions_get_the_remainder_of_the_limit() {
    let many = |count: usize| ops((0..count).map(|n| range(&format!("key {n}"), 0)));
    let outer = |count, of_inner| {
        let success = many(of_inner);
        let mut request = TxnRequest { failure: many(count), ..Default::default() };
        let inner = TxnRequest { success, ..Default::default() };
        request.success = ops([Request::RequestTxn(inner)]);
        request
    };
    assert_eq!(check_txn(&outer(5, 5), 10), Ok(()));
    assert_eq!(check_txn(&outer(5, 6), 10), Err(Error::TOO_MANY_OPS));
    assert_eq!(check_txn(&outer(10, 0), 10), Ok(()));
    assert_eq!(check_txn(&outer(10, 1), 10), Err(Error::TOO_MANY_OPS));
    assert_eq!(check_txn(&outer(11, 0), 10), Err(Error::TOO_MANY_OPS));
    let compare = Compare { key: bytes("a"), ..Default::default() };
    let compares = TxnRequest { compare: vec![compare; 11], ..Default::default() };
    assert_eq!(check_txn(&compares, 10), Err(Error::TOO_MANY_OPS));
    // The limit comes before everything else.
    let empty = TxnRequest { success: vec![RequestOp { request: None }; 11], ..Default::default() };
    assert_eq!(check_txn(&empty, 10), Err(Error::TOO_MANY_OPS));
}

#[test]
fn no_key_is_written_twice() {
    let refused = [
        txn([put("a"), put("a")]),
        txn([put("b"), delete("a", "c")]),
        txn([delete("a", ""), put("a")]),
        txn([put("a"), inner([put("a")], [])]),
        txn([put("a"), inner([], [put("a")])]),
        txn([inner([put("a")], []), inner([], [put("a")])]),
        txn([delete("a", "c"), inner([inner([put("b")], [])], [])]),
        txn([inner([delete("a", "c")], []), put("b")]),
        txn([inner([delete("a", "c")], []), inner([put("b")], [])]),
        txn([inner([put("a"), put("a")], [])]),
    ];
    for request in refused {
        assert_eq!(check_txn(&request, 128), Err(Error::DUPLICATE_KEY), "{request:?}");
        let failure = TxnRequest { failure: request.success, ..Default::default() };
        assert_eq!(check_txn(&failure, 128), Err(Error::DUPLICATE_KEY));
    }
}

#[test]
fn what_does_not_overlap_or_etcd_does_not_see() {
    let accepted = [
        txn([put("a"), put("b"), delete("c", "d"), put("d")]),
        txn([delete("a", "z"), delete("b", "c")]),
        txn([inner([put("a")], [put("a")])]),
        txn([inner([put("a")], [delete("a", "")])]),
        // Not seen: the put is checked before the later delete is known.
        txn([inner([put("a")], []), inner([delete("a", "b")], [])]),
        // Not seen: no end of the range is taken for an end at "\0".
        txn([delete("a", "\0"), put("b")]),
    ];
    for request in accepted {
        assert_eq!(check_txn(&request, 128), Ok(()), "{request:?}");
    }
    // One list or the other is executed, never both.
    let either =
        TxnRequest { success: ops([put("a")]), failure: ops([put("a")]), ..Default::default() };
    assert_eq!(check_txn(&either, 128), Ok(()));
}

#[test]
fn only_plain_ranges_are_reads() {
    assert!(is_read_only(&txn([range("a", 0), range("b", 0)])));
    assert!(is_read_only(&TxnRequest::default()));
    assert!(!is_read_only(&txn([inner([range("a", 0)], [])])));
    assert!(!is_read_only(&txn([put("a")])));
    assert!(!is_serializable(&txn([range("a", 0)])));
    let local = RangeRequest { key: bytes("a"), serializable: true, ..Default::default() };
    assert!(is_serializable(&txn([Request::RequestRange(local)])));
}

/// "a" at revision 2, "b" at 3, "a" again at 4; compacted to 3.
fn some_keys() -> Mvcc {
    let mut mvcc = Mvcc::open(Store::in_memory()).unwrap();
    for key in ["a", "b", "a"] {
        mvcc.txn(&txn([put(key)]), &NoLeases).unwrap();
    }
    mvcc.compact(3).unwrap();
    mvcc
}

#[test]
fn a_transaction_that_cannot_be_finished_is_not_begun() {
    struct OneLease;
    impl Leases for OneLease {
        fn exists(&self, id: i64) -> bool {
            id == 7
        }
    }
    let leased =
        |lease| Request::RequestPut(PutRequest { key: bytes("c"), lease, ..Default::default() });
    let mut mvcc = some_keys();
    let before = mvcc.hash_kv(0).unwrap();
    let refused = [
        ([range("a", 2), put("x")], Error::COMPACTED),
        ([put("x"), range("a", 2)], Error::COMPACTED),
        ([put("x"), range("a", -1)], Error::COMPACTED),
        ([put("x"), range("a", 5)], Error::FUTURE_REVISION),
        ([put("x"), keep("absent")], Error::KEY_NOT_FOUND),
        ([put("x"), leased(8)], Error::LEASE_NOT_FOUND),
        ([put("x"), inner([put("y"), range("a", 2)], [])], Error::COMPACTED),
        // The key is there before the transaction, but not when its turn comes.
        ([delete("a", "\0"), keep("b")], Error::KEY_NOT_FOUND),
        ([delete("a", "\0"), inner([inner([keep("b")], [])], [])], Error::KEY_NOT_FOUND),
    ];
    for (ops, error) in refused {
        assert_eq!(mvcc.txn(&txn(ops), &OneLease), Err(error));
        assert_eq!((mvcc.revision(), mvcc.hash_kv(0).unwrap()), (4, before));
    }
    let done = mvcc.txn(&txn([leased(7), keep("a"), delete("b", "")]), &OneLease).unwrap();
    assert_eq!(done.header.unwrap().revision, 5);
}

#[test]
fn a_transaction_sees_its_own_writes_but_its_compares_do_not() {
    let mut mvcc = some_keys();
    let compare = |version| Compare {
        result: CompareResult::Equal.into(),
        target: CompareTarget::Version.into(),
        key: bytes("a"),
        target_union: Some(TargetUnion::Version(version)),
        ..Default::default()
    };
    let inner = TxnRequest {
        compare: vec![compare(2)],
        success: ops([range("a", 0), delete("a", ""), range("a", 0)]),
        failure: Vec::new(),
    };
    let request = txn([range("a", 0), put("a"), Request::RequestTxn(inner), put("c")]);
    let response = mvcc.txn(&request, &NoLeases).unwrap();
    let revision = |op: &ResponseOp| match op.response.as_ref().unwrap() {
        Response::ResponseRange(r) => (r.header.unwrap().revision, r.count),
        Response::ResponsePut(r) => (r.header.unwrap().revision, 0),
        Response::ResponseDeleteRange(r) => (r.header.unwrap().revision, r.deleted),
        Response::ResponseTxn(r) => (r.header.unwrap().revision, i64::from(r.succeeded)),
    };
    let seen: Vec<_> = response.responses.iter().map(revision).collect();
    assert_eq!(seen, [(4, 1), (5, 0), (0, 1), (5, 0)]);
    let Some(Response::ResponseTxn(nested)) = &response.responses[2].response else { panic!() };
    let seen: Vec<_> = nested.responses.iter().map(revision).collect();
    assert_eq!(seen, [(5, 1), (5, 1), (5, 0)]);
    assert_eq!((response.header.unwrap().revision, mvcc.revision()), (5, 5));
}

#[test]
fn a_read_only_transaction_reads_as_any_other() {
    let mut mvcc = some_keys();
    let request = txn([range("a", 3), range("b", 0), range("c", 0)]);
    let read = mvcc.txn_read_only(&request).unwrap();
    assert_eq!(read, mvcc.txn(&request, &NoLeases).unwrap());
    let old = txn([range("a", 2)]);
    assert_eq!(mvcc.txn_read_only(&old), Err(Error::COMPACTED));
}
