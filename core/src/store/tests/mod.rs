//! The store between a node that trusts it and a disk that it must not trust.

mod damage;
mod disk;
mod power;
mod rebuild;
mod transfer;

use prost::Message;

use self::disk::Disk;
use super::*;
use crate::api::KeyValue;

/// What a store holds, row by row.
type Rows = Vec<(RowKey, Bytes)>;

fn value(key: &str, value: &[u8]) -> Bytes {
    let pair = KeyValue {
        key: key.to_owned().into(),
        value: Bytes::copy_from_slice(value),
        version: 1,
        ..Default::default()
    };
    pair.encode_to_vec().into()
}

/// One row for each revision of the range.
fn write(revisions: std::ops::Range<i64>) -> StoreBatch {
    let last = revisions.end - 1;
    let row = |main: i64| {
        let text = format!("value {main} ").repeat(usize::try_from(main % 40).unwrap());
        (RowKey::put(main, 0), Some(value(&format!("key {}", main % 7), text.as_bytes())))
    };
    let meta = vec![(MetaKey::Revision, Bytes::copy_from_slice(&last.to_le_bytes()))];
    StoreBatch::Write { rows: revisions.map(row).collect(), leases: vec![], auth: vec![], meta }
}

fn rows(store: &Store) -> Result<Rows, StoreError> {
    store.rows()?.collect()
}

fn open(bytes: Vec<u8>) -> Result<Store, StoreError> {
    Store::open(Disk::of(bytes))
}

/// A store with three commits, as it is on the disk while its member runs.
fn some_store() -> (Vec<u8>, Rows) {
    let disk = Disk::default();
    let store = Store::open(disk.clone()).unwrap();
    for begin in [2, 40, 90] {
        store.commit(&write(begin..begin + 30)).unwrap();
    }
    (disk.bytes(), rows(&store).unwrap())
}

#[test]
fn a_new_store_is_empty() {
    let store = Store::in_memory();
    assert_eq!(rows(&store).unwrap(), []);
    assert_eq!(store.meta(MetaKey::Applied).unwrap(), None);
    assert_eq!(store.value(RowKey::put(2, 0)).unwrap(), None);
    assert_eq!(store.in_use_bytes(), 0);
}

#[test]
fn a_commit_is_there_after_a_restart() {
    let disk = Disk::default();
    let store = Store::open(disk.clone()).unwrap();
    store.commit(&write(2..20)).unwrap();
    let before = rows(&store).unwrap();
    assert_eq!(before.len(), 18);
    drop(store);
    let store = Store::open(disk.clone()).unwrap();
    assert_eq!(rows(&store).unwrap(), before);
    assert_eq!(store.meta(MetaKey::Revision).unwrap().unwrap()[..], 19_i64.to_le_bytes());
    for (row, bytes) in before {
        assert_eq!(store.value(row).unwrap(), Some(bytes));
    }
    assert_eq!(store.size_bytes(), disk.bytes().len() as u64);
}

#[test]
fn deleting_rows_gives_their_bytes_back() {
    let store = Store::in_memory();
    store.commit(&write(2..50)).unwrap();
    let full = store.in_use_bytes();
    let StoreBatch::Write { rows: deleted, .. } = write(10..20) else { unreachable!() };
    let bytes: usize = deleted.iter().map(|(_, value)| 17 + value.as_ref().unwrap().len()).sum();
    // The second row is deleted twice and a third never was there: neither may be counted.
    let mut deletes: Vec<_> = deleted.into_iter().map(|(row, _)| (row, None)).collect();
    deletes.push((RowKey::put(11, 0), None));
    deletes.push((RowKey::put(99, 0), None));
    store
        .commit(&StoreBatch::Write { rows: deletes, leases: vec![], auth: vec![], meta: vec![] })
        .unwrap();
    assert_eq!(store.in_use_bytes(), full - bytes as u64);
    assert_eq!(store.value(RowKey::put(11, 0)).unwrap(), None);
}

#[test]
fn revisions_sort_like_their_bytes() {
    let keys = [
        RowKey::put(0, 0),
        RowKey::put(2, 0),
        RowKey::tombstone(2, 0),
        RowKey::put(2, 1),
        RowKey::put(2, 256),
        RowKey::tombstone(255, 0),
        RowKey::put(256, 0),
        RowKey::put(1 << 62, 1 << 62),
    ];
    for pair in keys.windows(2) {
        assert!(pair[0] < pair[1] && pair[0].encode()[..] < pair[1].encode()[..]);
    }
    for key in keys {
        assert_eq!(RowKey::decode(&key.encode()), Some(key));
    }
    assert_eq!(&RowKey::tombstone(1, 2).encode()[..], b"\0\0\0\0\0\0\0\x01_\0\0\0\0\0\0\0\x02t");
}

#[test]
fn bytes_that_are_no_revision_are_refused() {
    let good = RowKey::tombstone(5, 6).encode();
    for len in 0..good.len() - 1 {
        assert_eq!(RowKey::decode(&good[..len]), None);
    }
    for (position, byte) in [(0, 0x80), (0, 0x41), (8, b'-'), (9, 0x80), (17, b'u')] {
        let mut bytes = good.to_vec();
        bytes[position] = byte;
        assert_eq!(RowKey::decode(&bytes), None, "byte {position}");
    }
    assert_eq!(RowKey::decode(&[&good[..], &[0]].concat()), None);
}

#[test]
fn a_store_of_an_earlier_build_has_no_leases_and_takes_some() {
    let store = Store::in_memory();
    let transaction = store.shared().database.begin_write().unwrap();
    assert!(transaction.delete_table(LEASE).unwrap(), "later builds make it at once");
    transaction.commit().unwrap();
    store.commit(&write(2..5)).unwrap();
    assert_eq!(store.leases(), Ok(vec![]));
    let mut reader = store.snapshot().unwrap();
    while reader.next_rows(100).unwrap().is_some() {}
    let lease = |id| LeaseRow { id, ttl: 60, remaining_ttl: 0 };
    let leases = [3, -3, 1].map(|id| (id, Some(lease(id)))).to_vec();
    store.commit(&StoreBatch::Write { rows: vec![], leases, auth: vec![], meta: vec![] }).unwrap();
    let gone = vec![(1, None)];
    store
        .commit(&StoreBatch::Write { rows: vec![], leases: gone, auth: vec![], meta: vec![] })
        .unwrap();
    assert_eq!(store.leases(), Ok(vec![lease(3), lease(-3)]));
}

#[test]
fn damaged_leases_of_a_snapshot_are_refused() {
    let mut good = Vec::new();
    rows::encode_lease(&LeaseRow { id: 7, ttl: 60, remaining_ttl: 9 }, &mut good);
    assert_eq!(check_rows(&good), Ok(1));
    assert_eq!(check_rows(&[&good[..], &good].concat()), Err(BadRows::Order));
    for len in 1..good.len() {
        assert!(check_rows(&good[..len]).is_err(), "{len} bytes");
    }
    let mut other = good.clone();
    other[8] = 8;
    assert_eq!(check_rows(&other), Err(BadRows::Lease), "the key is not the lease's id");
}
