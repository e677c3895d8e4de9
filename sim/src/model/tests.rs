//! The oracle against etcd's documentation, and against core's own store at random.

use glasshouse_core::api::{CompactionRequest, RangeRequest, RequestOp};
use glasshouse_core::lease::Lessor;
use glasshouse_core::mvcc::Mvcc;
use glasshouse_core::store::Store;

use super::*;
use crate::rng::Stream;

fn put(key: &str, value: &str) -> PutRequest {
    PutRequest { key: key.to_owned().into(), value: value.to_owned().into(), ..Default::default() }
}

fn entry(request: InternalRaftRequest) -> Bytes {
    request.encode_to_vec().into()
}

fn apply_put(model: &mut Model, put: PutRequest) {
    model.apply(&entry(InternalRaftRequest { put: Some(put), ..Default::default() }));
}

fn value(model: &Model, key: &str, revision: i64) -> Option<Bytes> {
    model.at(key.as_bytes(), revision).and_then(|version| version.value.clone())
}

#[test]
fn every_put_makes_a_revision_and_the_past_stays() {
    let mut model = Model::default();
    apply_put(&mut model, put("a", "1"));
    apply_put(&mut model, put("a", "2"));
    assert_eq!(model.revision(), 3);
    assert_eq!(value(&model, "a", 1), None);
    assert_eq!(value(&model, "a", 2), Some("1".into()));
    assert_eq!(value(&model, "a", 9), Some("2".into()));
    let version = model.at(b"a", 3).unwrap();
    assert_eq!((version.created, version.version), (2, 2));
}

#[test]
fn what_changes_nothing_makes_no_revision() {
    let mut model = Model::default();
    let delete = DeleteRangeRequest { key: "a".into(), ..Default::default() };
    let nothing = InternalRaftRequest { delete_range: Some(delete), ..Default::default() };
    model.apply(&entry(nothing));
    apply_put(&mut model, PutRequest { ignore_value: true, ..put("a", "") });
    assert_eq!(model.revision(), 1);
}

#[test]
fn compaction_keeps_what_is_visible_at_its_revision() {
    let mut model = Model::default();
    for text in ["1", "2", "3"] {
        apply_put(&mut model, put("a", text));
    }
    let compaction = CompactionRequest { revision: 3, ..Default::default() };
    let compact = InternalRaftRequest { compaction: Some(compaction), ..Default::default() };
    model.apply(&entry(compact));
    assert_eq!(model.compacted(), 3);
    assert_eq!(value(&model, "a", 3), Some("2".into()));
    assert_eq!(value(&model, "a", 2), None);
}

/// The model and the store were written apart; whatever is done to both, they agree.
#[test]
fn the_model_and_the_store_agree_on_random_requests() {
    for seed in 0..30 {
        let mut random = Stream::new(seed, "test", 0, 0);
        let (mut model, mut mvcc) = (Model::default(), Mvcc::open(Store::in_memory()).unwrap());
        for step in 0..300 {
            let request = any_request(&mut random, step, mvcc.revision());
            model.apply(&entry(request.clone()));
            if let Some(put) = &request.put {
                let _ = mvcc.put(put, &Lessor::default());
            } else if let Some(delete) = &request.delete_range {
                mvcc.delete_range(delete);
            } else if let Some(txn) = &request.txn {
                let _ = mvcc.txn(txn, &Lessor::default());
            } else if let Some(compaction) = &request.compaction {
                let _ = mvcc.compact(compaction.revision);
            }
            assert_eq!(model.revision(), mvcc.revision(), "seed {seed} step {step} {request:?}");
        }
        let from = model.compacted().max(1);
        for revision in from..=model.revision() {
            let all = RangeRequest {
                key: Bytes::from_static(&[0]),
                range_end: Bytes::from_static(&[0]),
                revision,
                ..Default::default()
            };
            let found = mvcc.range(&all).unwrap().kvs;
            assert!(found.iter().all(|pair| model.agrees(pair, revision)), "seed {seed}");
            let count = model.range(&all.key, &all.range_end, revision).count();
            assert_eq!(count, found.len(), "seed {seed} revision {revision}");
        }
    }
}

fn any_key(random: &mut Stream) -> Bytes {
    random.pick(&["a", "b", "c", "d"]).as_bytes().into()
}

fn any_end(random: &mut Stream) -> Bytes {
    random.pick(&["", "", "", "c", "\0"]).as_bytes().into()
}

fn any_op(random: &mut Stream, step: u64) -> Op {
    match random.below(3) {
        0 => Op::RequestRange(RangeRequest { key: any_key(random), ..Default::default() }),
        1 => Op::RequestDeleteRange(DeleteRangeRequest {
            key: any_key(random),
            range_end: any_end(random),
            ..Default::default()
        }),
        _ => Op::RequestPut(any_put(random, step)),
    }
}

fn any_put(random: &mut Stream, step: u64) -> PutRequest {
    let ignore_value = random.chance(200_000);
    let value = if ignore_value { Bytes::new() } else { step.to_string().into() };
    PutRequest { key: any_key(random), value, ignore_value, ..Default::default() }
}

fn any_compare(random: &mut Stream, revision: i64) -> Compare {
    let number = random.between(0, u64::try_from(revision).unwrap());
    let number = i64::try_from(number).unwrap();
    let (target, target_union) = match random.below(4) {
        0 => (CompareTarget::Version, TargetUnion::Version(number % 4)),
        1 => (CompareTarget::Create, TargetUnion::CreateRevision(number)),
        2 => (CompareTarget::Mod, TargetUnion::ModRevision(number)),
        _ => (CompareTarget::Value, TargetUnion::Value(number.to_string().into())),
    };
    let results = [
        CompareResult::Equal,
        CompareResult::Greater,
        CompareResult::Less,
        CompareResult::NotEqual,
    ];
    Compare {
        result: *random.pick(&results) as i32,
        target: target as i32,
        key: any_key(random),
        range_end: any_end(random),
        target_union: Some(target_union),
    }
}

/// One op in each branch, so that no key is written twice.
fn any_txn(random: &mut Stream, step: u64, revision: i64) -> TxnRequest {
    let op = |random: &mut Stream| RequestOp { request: Some(any_op(random, step)) };
    TxnRequest {
        compare: (0..random.below(3)).map(|_| any_compare(random, revision)).collect(),
        success: vec![op(random)],
        failure: vec![op(random)],
    }
}

fn any_request(random: &mut Stream, step: u64, revision: i64) -> InternalRaftRequest {
    let mut request = InternalRaftRequest::default();
    match random.below(20) {
        0..=8 => request.put = Some(any_put(random, step)),
        9..=12 => {
            let (key, range_end) = (any_key(random), any_end(random));
            request.delete_range =
                Some(DeleteRangeRequest { key, range_end, ..Default::default() });
        }
        13..=18 => request.txn = Some(any_txn(random, step, revision)),
        _ => {
            let low = u64::try_from(revision - 5).unwrap_or(1);
            let revision = i64::try_from(random.between(low, low + 6)).unwrap();
            request.compaction = Some(CompactionRequest { revision, ..Default::default() });
        }
    }
    request
}
