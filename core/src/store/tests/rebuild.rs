//! Writing the store anew while it is written to.

use super::*;

/// Deletes the rows of these revisions.
fn delete(revisions: impl Iterator<Item = i64>) -> StoreBatch {
    let rows = revisions.map(|main| (RowKey::put(main, 0), None)).collect();
    StoreBatch::Write { rows, leases: vec![], auth: vec![], meta: vec![] }
}

fn lease(id: i64, remaining_ttl: i64) -> StoreBatch {
    let row = LeaseRow { id, ttl: 100, remaining_ttl };
    StoreBatch::Write { rows: vec![], leases: vec![(id, Some(row))], auth: vec![], meta: vec![] }
}

fn commit(store: &Store, rebuild: &mut Rebuild, batch: &StoreBatch) {
    store.commit(batch).unwrap();
    assert!(rebuild.follow(batch).unwrap());
}

#[test]
fn what_is_committed_meanwhile_is_in_the_new_file_and_its_space_is_given_back() {
    let store = Store::open(Disk::default()).unwrap();
    for begin in (2..20_002).step_by(1_000) {
        store.commit(&write(begin..begin + 1_000)).unwrap();
    }
    for begin in (2..18_002).step_by(1_000) {
        store.commit(&delete(begin..begin + 1_000)).unwrap();
    }
    store.commit(&lease(7, 50)).unwrap();
    let large = store.size_bytes();
    let reader = store.rows().unwrap();
    let fresh = Disk::default();
    let mut rebuild = Rebuild::begin(fresh.clone()).unwrap();
    let mut step = 0;
    while !rebuild.step(&store, 20_000).unwrap() {
        // Before and behind the place of copying, rows come and go.
        step += 1;
        commit(&store, &mut rebuild, &delete([18_010 + step, 19_990 - step].into_iter()));
        commit(&store, &mut rebuild, &write(20_002 + step * 10..20_005 + step * 10));
        commit(&store, &mut rebuild, &lease(7, step));
    }
    assert!(step > 5, "{step} steps");
    let before = (rows(&store).unwrap(), store.leases().unwrap(), store.in_use_bytes());
    rebuild.finish(&store, || Ok(())).unwrap();
    let after = (rows(&store).unwrap(), store.leases().unwrap(), store.in_use_bytes());
    assert_eq!(before, after);
    assert!(store.size_bytes() * 3 < large, "{large} bytes, then {}", store.size_bytes());
    assert_eq!(reader.count(), 2_000, "who read before goes on in the old file");
    // It is written to as before, and is found again.
    store.commit(&write(30_000..30_100)).unwrap();
    let all = rows(&store).unwrap();
    drop(store);
    assert_eq!(rows(&open(fresh.bytes()).unwrap()).unwrap(), all);
}

#[test]
fn a_file_that_cannot_be_exchanged_leaves_the_store_as_it_was() {
    let disk = Disk::default();
    let store = Store::open(disk.clone()).unwrap();
    store.commit(&write(2..60)).unwrap();
    let mut rebuild = Rebuild::begin(Disk::default()).unwrap();
    while !rebuild.step(&store, 1_000_000).unwrap() {}
    let refused = rebuild.finish(&store, || Err(std::io::Error::other("no")));
    assert_eq!(refused, Err(StoreError::Io("no".into())));
    store.commit(&write(60..90)).unwrap();
    assert_eq!(rows(&open(disk.bytes()).unwrap()).unwrap().len(), 88);
}

#[test]
fn a_disk_that_fills_up_under_the_copy_leaves_the_store_as_it_was() {
    for calls in 0..40 {
        let store = Store::open(Disk::default()).unwrap();
        store.commit(&write(2..60)).unwrap();
        let fresh = Disk::default();
        fresh.fail_in(calls);
        let copied = Rebuild::begin(fresh).and_then(|mut rebuild| {
            while !rebuild.step(&store, 1_000)? {}
            rebuild.finish(&store, || Ok(()))
        });
        store.commit(&write(60..90)).ok();
        let found = rows(&store);
        if copied.is_err() {
            assert_eq!(found.unwrap().len(), 88, "call {calls}");
        }
    }
}

#[test]
fn a_received_snapshot_ends_the_copy() {
    let store = Store::in_memory();
    let mut rebuild = Rebuild::begin(Disk::default()).unwrap();
    let stage = StoreBatch::Stage { first: true, rows: Bytes::new() };
    store.commit(&stage).unwrap();
    assert_eq!(rebuild.follow(&stage), Ok(false));
}
