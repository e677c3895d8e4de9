//! Small stories about revisions.

use super::*;

#[test]
fn a_put_is_read_before_and_after_it_is_durable() {
    let mut mvcc = new();
    assert_eq!((mvcc.revision(), mvcc.compacted()), (1, -1));
    mvcc.put(&put("a", "1"), &NoLeases).unwrap();
    mvcc.put(&put("b", "2"), &NoLeases).unwrap();
    let before = mvcc.range(&range("a", "z")).unwrap();
    assert_eq!((before.count, before.header.unwrap().revision), (2, 3));
    flush(&mut mvcc);
    assert_eq!(mvcc.range(&range("a", "z")).unwrap(), before);
    assert_eq!(mvcc.delete_range(&delete("a", "")).deleted, 1);
    flush(&mut mvcc);
    let again = Mvcc::open(mvcc.store.clone()).unwrap();
    assert_eq!(again.revision(), 4);
    assert_eq!(again.range(&range("a", "z")).unwrap().count, 1);
    assert_eq!(again.hash_kv(0).unwrap(), mvcc.hash_kv(0).unwrap());
}

#[test]
fn what_changes_nothing_makes_no_revision() {
    let mut mvcc = new();
    assert_eq!(mvcc.delete_range(&delete("a", "z")).header.unwrap().revision, 1);
    let response = mvcc.txn(&TxnRequest::default(), &NoLeases).unwrap();
    assert_eq!((response.succeeded, response.header.unwrap().revision), (true, 1));
    let absent = PutRequest { ignore_value: true, ..put("a", "") };
    assert_eq!(mvcc.put(&absent, &NoLeases), Err(Error::KEY_NOT_FOUND));
    let leased = PutRequest { lease: 5, ..put("a", "") };
    assert_eq!(mvcc.put(&leased, &NoLeases), Err(Error::LEASE_NOT_FOUND));
    assert_eq!(mvcc.revision(), 1);
    assert_eq!(mvcc.pending_rows_bytes(), 0);
}

#[test]
fn compaction_deletes_in_slices_and_changes_no_hash() {
    let mut mvcc = new();
    for round in 0..5 {
        for key in 0..100 {
            mvcc.put(&put(&format!("key {key}"), &format!("{round}")), &NoLeases).unwrap();
        }
        flush(&mut mvcc);
    }
    mvcc.delete_range(&delete("key 1", "key 2"));
    flush(&mut mvcc);
    let (revision, size) = (mvcc.revision(), mvcc.store.in_use_bytes());
    mvcc.compact(revision).unwrap();
    assert_eq!(mvcc.compact(revision), Err(Error::COMPACTED));
    assert_eq!(mvcc.compact(revision + 1), Err(Error::FUTURE_REVISION));
    let hash = mvcc.hash_kv(0).unwrap();
    let mut slices = 0;
    while mvcc.compact_slice(10) {
        slices += 1;
        let deletes = mvcc.take_rows();
        assert!(deletes.len() <= 10 && deletes.iter().all(|(_, value)| value.is_none()));
        let meta = mvcc.meta();
        mvcc.store
            .commit(&StoreBatch::Write { rows: deletes, leases: vec![], auth: vec![], meta })
            .unwrap();
        mvcc.rows_stored();
        assert_eq!(mvcc.hash_kv(0).unwrap(), hash);
        if slices == 20 {
            // A restart in the middle begins again and finds the rest.
            mvcc = Mvcc::open(mvcc.store.clone()).unwrap();
            assert!(mvcc.is_compacting());
        }
    }
    flush(&mut mvcc);
    assert!(slices > 40 && mvcc.store.in_use_bytes() < size / 4);
    // 100 keys, of which "key 1" and "key 10" to "key 19" are deleted at the compacted revision.
    assert_eq!((mvcc.live_keys(), mvcc.known_keys()), (89, 100));
    assert_eq!(Mvcc::open(mvcc.store.clone()).unwrap().hash_kv(0).unwrap(), hash);
    mvcc.put(&put("next", ""), &NoLeases).unwrap();
    mvcc.compact(revision + 1).unwrap();
    while mvcc.compact_slice(10) {}
    assert_eq!((mvcc.live_keys(), mvcc.known_keys()), (90, 90));
}

#[test]
fn the_revision_survives_when_its_rows_are_compacted() {
    let mut mvcc = new();
    mvcc.put(&put("a", ""), &NoLeases).unwrap();
    mvcc.delete_range(&delete("a", ""));
    mvcc.put(&put("b", ""), &NoLeases).unwrap();
    mvcc.delete_range(&delete("b", ""));
    mvcc.compact(5).unwrap();
    while mvcc.compact_slice(10) {}
    flush(&mut mvcc);
    let mut again = Mvcc::open(mvcc.store.clone()).unwrap();
    assert_eq!((again.revision(), again.compacted()), (5, 5));
    let response = again.put(&put("a", ""), &NoLeases).unwrap();
    assert_eq!(response.header.unwrap().revision, 6);
}

#[test]
fn a_lost_row_is_a_failure_not_an_answer() {
    let mut mvcc = new();
    mvcc.put(&put("a", "1"), &NoLeases).unwrap();
    flush(&mut mvcc);
    let rows = vec![(RowKey::put(2, 0), None)];
    mvcc.store
        .commit(&StoreBatch::Write { rows, leases: vec![], auth: vec![], meta: vec![] })
        .unwrap();
    assert!(mvcc.failure().is_none());
    let _worthless = mvcc.range(&range("a", ""));
    assert!(matches!(mvcc.failure(), Some(StoreError::Corrupt(_))));
}

#[test]
fn rows_that_contradict_each_other_are_damage() {
    let mut mvcc = new();
    for value in ["1", "2", "3"] {
        mvcc.put(&put("a", value), &NoLeases).unwrap();
    }
    flush(&mut mvcc);
    let rows = vec![(RowKey::put(3, 0), None)];
    mvcc.store
        .commit(&StoreBatch::Write { rows, leases: vec![], auth: vec![], meta: vec![] })
        .unwrap();
    assert!(matches!(Mvcc::open(mvcc.store.clone()), Err(StoreError::Corrupt(_))));
}

#[test]
fn changes_are_told_apart_by_revision() {
    let mut mvcc = new();
    mvcc.put(&put("a", "1"), &NoLeases).unwrap();
    mvcc.put(&put("b", "2"), &NoLeases).unwrap();
    let keys = |mvcc: &Mvcc, revision| -> Vec<(bool, String)> {
        let key = |pair: KeyValue| String::from_utf8(pair.key.to_vec()).unwrap();
        mvcc.changes_after(revision).map(|(row, pair)| (row.tombstone, key(pair))).collect()
    };
    assert_eq!(keys(&mvcc, 2), [(false, "b".into())]);
    mvcc.delete_range(&delete("a", "z"));
    assert_eq!(keys(&mvcc, 3), [(true, "a".into()), (true, "b".into())]);
    mvcc.delete_range(&delete("a", "z"));
    assert_eq!(keys(&mvcc, 4), []);
}

#[test]
fn histories_show_generations() {
    let mut mvcc = new();
    mvcc.put(&put("a", "1"), &NoLeases).unwrap();
    mvcc.put(&put("b", "2"), &NoLeases).unwrap();
    mvcc.delete_range(&delete("a", ""));
    mvcc.put(&put("a", "3"), &NoLeases).unwrap();
    let seen: Vec<_> = mvcc.histories(b"a", 5).iter().map(writes).collect();
    assert_eq!(seen, ["a 2.0@1 4.0@0 5.0@1", "b 3.0@1"]);
    assert_eq!(mvcc.histories(b"a", 1).len(), 1);
    assert_eq!(mvcc.histories(b"b", 5).len(), 1);
    assert_eq!(mvcc.undurable_rows().count(), 4);
    flush(&mut mvcc);
    assert_eq!(mvcc.undurable_rows().count(), 0);
}

fn writes(history: &KeyHistory) -> String {
    let key = String::from_utf8_lossy(&history.key).into_owned();
    history.writes.iter().fold(key, |text, w| format!("{text} {}@{}", w.revision, w.version))
}

#[test]
fn absurd_revisions_are_damage() {
    for meta in [i64::MAX, -2] {
        let mvcc = new();
        let meta = vec![(MetaKey::Revision, Bytes::copy_from_slice(&meta.to_le_bytes()))];
        mvcc.store
            .commit(&StoreBatch::Write { rows: vec![], leases: vec![], auth: vec![], meta })
            .unwrap();
        assert!(matches!(Mvcc::open(mvcc.store.clone()), Err(StoreError::Corrupt(_))));
    }
}

#[test]
fn a_value_does_not_pin_the_request() {
    let buffer = Bytes::from(vec![b'x'; 1 << 20]);
    let mut mvcc = new();
    let request =
        PutRequest { key: buffer.slice(..1), value: buffer.slice(1..9), ..Default::default() };
    mvcc.put(&request, &NoLeases).unwrap();
    drop(request);
    let rows = mvcc.take_rows();
    let row = rows[0].1.as_ref().unwrap();
    assert!(!buffer.as_ptr_range().contains(&row.as_ptr()));
    assert!(row.len() < 40);
    assert!(buffer.is_unique());
}
