//! What is asked: lists that proptest makes up.
//!
//! A made-up request does not know the store's revision. It names revisions by their distance from
//! the newest one, and [`MadeUp::at`] makes them absolute. So requests ask for revisions that are
//! there, that were compacted and that are yet to come, whenever they are sent.

use glasshouse_core::api::compare::TargetUnion;
use glasshouse_core::api::request_op::Request as Op;
use glasshouse_core::api::{
    CompactionRequest, Compare, DeleteRangeRequest, HashKvRequest, LeaseGrantRequest,
    LeaseKeepAliveRequest, LeaseLeasesRequest, LeaseRevokeRequest, LeaseTimeToLiveRequest,
    MemberAddRequest, MemberListRequest, MemberPromoteRequest, MemberRemoveRequest,
    MemberUpdateRequest, PutRequest, RangeRequest, Request, RequestOp, TxnRequest,
    WatchCreateRequest,
};
use proptest::prelude::*;

/// Few keys, so that requests meet; one holds another, one is no text.
const KEYS: [&[u8]; 8] = [b"", b"a", b"b", b"b/1", b"b/2", b"c", b"\xff", b"\0"];

/// Few values, so that comparisons hold now and then.
const VALUES: [&[u8]; 5] = [b"", b"1", b"2", b"10", b"\0\xfe"];

/// Leases that exist now and then, none, and one that never does.
const LEASES: [i64; 5] = [0, 1, 2, 3, 77];

/// One thing that is asked.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A call.
    Ask(Request),
    /// A watch: what it hears up to a put of its first key that follows.
    Watch(WatchCreateRequest),
    /// The member that was added last goes.
    RemoveLearner,
}

/// A step whose revisions are distances from the newest one.
#[derive(Clone, Debug)]
pub(crate) struct MadeUp(Step);

impl MadeUp {
    /// The step as it is done when `head` is the newest revision.
    pub(crate) fn at(&self, head: i64) -> Step {
        let mut step = self.0.clone();
        match &mut step {
            Step::Ask(Request::Range(range)) => place_range(range, head),
            Step::Ask(Request::Txn(txn)) => place_txn(txn, head),
            Step::Ask(Request::Compact(compact)) => compact.revision += head,
            Step::Ask(Request::HashKv(hash)) => place(&mut hash.revision, head),
            Step::Watch(create) => place(&mut create.start_revision, head),
            _ => {}
        }
        step
    }
}

/// Revision 0 stays: it means the newest one, or no bound.
fn place(revision: &mut i64, head: i64) {
    if *revision != 0 {
        *revision += head;
    }
}

fn place_range(range: &mut RangeRequest, head: i64) {
    place(&mut range.revision, head);
    place(&mut range.min_mod_revision, head);
    place(&mut range.max_mod_revision, head);
    place(&mut range.min_create_revision, head);
    place(&mut range.max_create_revision, head);
}

fn place_txn(txn: &mut TxnRequest, head: i64) {
    for compare in &mut txn.compare {
        if let Some(TargetUnion::ModRevision(at) | TargetUnion::CreateRevision(at)) =
            &mut compare.target_union
        {
            place(at, head);
        }
    }
    for op in txn.success.iter_mut().chain(&mut txn.failure) {
        match &mut op.request {
            Some(Op::RequestRange(range)) => place_range(range, head),
            Some(Op::RequestTxn(txn)) => place_txn(txn, head),
            _ => {}
        }
    }
}

/// Lists of `length` steps.
pub(crate) fn list(length: usize) -> impl Strategy<Value = Vec<MadeUp>> {
    prop::collection::vec(step().prop_map(MadeUp), length)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        80 => request().prop_map(Step::Ask),
        12 => lease().prop_map(Step::Ask),
        3 => member().prop_map(Step::Ask),
        1 => Just(Step::RemoveLearner),
        4 => watch().prop_map(Step::Watch),
    ]
}

fn request() -> impl Strategy<Value = Request> {
    prop_oneof![
        30 => put().prop_map(Request::from),
        30 => range().prop_map(Request::from),
        12 => delete().prop_map(Request::from),
        24 => txn(2).prop_map(Request::from),
        2 => (-9_i64..=1).prop_map(|revision| {
            // Physical: the answer comes when the rows are gone, so that a hash may follow.
            CompactionRequest { revision, physical: true }.into()
        }),
        2 => distance().prop_map(|revision| HashKvRequest { revision }.into()),
    ]
}

fn key() -> impl Strategy<Value = &'static [u8]> {
    // The empty key, which is an error, comes rarely.
    prop_oneof![1 => Just(KEYS[0]), 40 => prop::sample::select(&KEYS[1..])]
}

/// None, a greater key, a smaller one, the same, or everything from the key on.
fn range_end() -> impl Strategy<Value = &'static [u8]> {
    prop_oneof![3 => Just(KEYS[0]), 5 => prop::sample::select(&KEYS[1..])]
}

/// A revision: the newest one, or so far from it.
fn distance() -> impl Strategy<Value = i64> {
    prop_oneof![6 => Just(0_i64), 4 => -12_i64..=0, 1 => 1_i64..=3]
}

/// A bound of revisions: mostly none.
fn bound() -> impl Strategy<Value = i64> {
    prop_oneof![8 => Just(0_i64), 1 => -8_i64..=1]
}

fn value() -> impl Strategy<Value = &'static [u8]> {
    prop::sample::select(&VALUES[..])
}

fn rarely() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.1)
}

fn put() -> impl Strategy<Value = PutRequest> {
    let lease = prop_oneof![20 => Just(0), 8 => prop::sample::select(&LEASES[1..])];
    (key(), value(), lease, any::<bool>(), rarely(), rarely()).prop_map(
        |(key, value, lease, prev_kv, ignore_value, ignore_lease)| PutRequest {
            key: key.into(),
            value: value.into(),
            lease,
            prev_kv,
            ignore_value,
            ignore_lease,
        },
    )
}

fn delete() -> impl Strategy<Value = DeleteRangeRequest> {
    (key(), range_end(), any::<bool>()).prop_map(|(key, range_end, prev_kv)| DeleteRangeRequest {
        key: key.into(),
        range_end: range_end.into(),
        prev_kv,
    })
}

fn range() -> impl Strategy<Value = RangeRequest> {
    // etcd 3.5.16 ends itself when it is asked for an order or a target that it does not know.
    let sort = (0_i32..=2, 0_i32..=4);
    let flags = (any::<bool>(), rarely(), rarely());
    let bounds = (bound(), bound(), bound(), bound());
    (key(), range_end(), -1_i64..=4, distance(), sort, flags, bounds).prop_map(
        |(key, range_end, limit, revision, sort, flags, bounds)| RangeRequest {
            key: key.into(),
            range_end: range_end.into(),
            limit,
            revision,
            sort_order: sort.0,
            sort_target: sort.1,
            serializable: flags.0,
            keys_only: flags.1,
            count_only: flags.2,
            min_mod_revision: bounds.0,
            max_mod_revision: bounds.1,
            min_create_revision: bounds.2,
            max_create_revision: bounds.3,
        },
    )
}

fn compare() -> impl Strategy<Value = Compare> {
    let target = prop_oneof![
        (0_i64..4).prop_map(|version| (0, TargetUnion::Version(version))),
        distance().prop_map(|revision| (1, TargetUnion::CreateRevision(revision))),
        distance().prop_map(|revision| (2, TargetUnion::ModRevision(revision))),
        value().prop_map(|value| (3, TargetUnion::Value(value.into()))),
        (0_i64..2).prop_map(|lease| (4, TargetUnion::Lease(lease))),
    ];
    let end = prop_oneof![3 => Just(KEYS[0]), 1 => range_end()];
    (0_i32..=3, target, key(), end).prop_map(|(result, (target, union), key, range_end)| Compare {
        result,
        target,
        key: key.into(),
        range_end: range_end.into(),
        target_union: Some(union),
    })
}

/// A transaction whose branches nest so deep.
fn txn(depth: u32) -> BoxedStrategy<TxnRequest> {
    let op = if depth == 0 {
        flat_op().boxed()
    } else {
        let nested = txn(depth - 1).prop_map(Op::RequestTxn);
        prop_oneof![6 => flat_op(), 1 => nested].boxed()
    };
    let op = op.prop_map(|request| RequestOp { request: Some(request) });
    let branch = || prop::collection::vec(op.clone(), 0..4).prop_map(without_etcds_panic);
    (prop::collection::vec(compare(), 0..3), branch(), branch())
        .prop_map(|(compare, success, failure)| TxnRequest { compare, success, failure })
        .boxed()
}

/// etcd ends itself over a put that keeps the value of a key which the same transaction has deleted
/// before: behind a delete, puts keep nothing.
fn without_etcds_panic(mut ops: Vec<RequestOp>) -> Vec<RequestOp> {
    if ops.iter().any(|op| !matches!(op.request, Some(Op::RequestRange(_) | Op::RequestPut(_)))) {
        ops.iter_mut().for_each(keep_nothing);
    }
    ops
}

fn keep_nothing(op: &mut RequestOp) {
    match &mut op.request {
        Some(Op::RequestPut(put)) => (put.ignore_value, put.ignore_lease) = (false, false),
        Some(Op::RequestTxn(txn)) => {
            txn.success.iter_mut().chain(&mut txn.failure).for_each(keep_nothing);
        }
        _ => {}
    }
}

fn flat_op() -> impl Strategy<Value = Op> + Clone {
    prop_oneof![
        range().prop_map(Op::RequestRange),
        put().prop_map(Op::RequestPut),
        delete().prop_map(Op::RequestDeleteRange),
    ]
    .boxed()
}

fn lease() -> impl Strategy<Value = Request> {
    let id = || prop::sample::select(&LEASES[1..]);
    // Never the same time twice in a short while: the list is in order of expiry.
    let ttl = prop_oneof![20 => 10_000_i64..1_000_000, 1 => Just(i64::MAX)];
    prop_oneof![
        3 => (id(), ttl).prop_map(|(id, ttl)| LeaseGrantRequest { ttl, id: id % 70 }.into()),
        2 => id().prop_map(|id| LeaseRevokeRequest { id }.into()),
        3 => (id(), any::<bool>()).prop_map(|(id, keys)| LeaseTimeToLiveRequest { id, keys }.into()),
        2 => id().prop_map(|id| LeaseKeepAliveRequest { id }.into()),
        1 => Just(LeaseLeasesRequest {}.into()),
    ]
}

/// A learner at an address where nobody listens, and members that there are not.
fn member() -> impl Strategy<Value = Request> {
    let url = || prop_oneof![5 => Just("http://127.77.250.1:2380"), 1 => Just("nonsense")];
    let urls = move || prop::collection::vec(url().prop_map(str::to_owned), 0..3);
    prop_oneof![
        any::<bool>().prop_map(|linearizable| MemberListRequest { linearizable }.into()),
        urls().prop_map(|peer_urls| MemberAddRequest { peer_urls, is_learner: true }.into()),
        Just(MemberRemoveRequest { id: 5 }.into()),
        Just(MemberPromoteRequest { id: 5 }.into()),
        urls().prop_map(|peer_urls| MemberUpdateRequest { id: 5, peer_urls }.into()),
    ]
}

/// A watch of a key or of a range that holds its own first key.
fn watch() -> impl Strategy<Value = WatchCreateRequest> {
    let range_end = prop_oneof![Just(&b""[..]), Just(&b"\0"[..]), Just(&b"\xff\xff"[..])];
    let filters = prop_oneof![3 => Just(vec![]), 1 => Just(vec![1])];
    let keys = prop::sample::select(&KEYS[1..]);
    (keys, range_end, distance(), any::<bool>(), filters).prop_map(
        |(key, range_end, start_revision, prev_kv, filters)| WatchCreateRequest {
            key: key.into(),
            range_end: range_end.into(),
            start_revision,
            prev_kv,
            filters,
            ..WatchCreateRequest::default()
        },
    )
}
