//! Stories about revisions.

use super::*;
use crate::api::{DeleteRangeRequest, PutRequest, RangeRequest};
use crate::store::StoreBatch;

pub(super) fn put(key: &str, value: &str) -> PutRequest {
    PutRequest { key: key.to_owned().into(), value: value.to_owned().into(), ..Default::default() }
}

pub(super) fn range(key: &str, end: &str) -> RangeRequest {
    RangeRequest {
        key: key.to_owned().into(),
        range_end: end.to_owned().into(),
        ..Default::default()
    }
}

pub(super) fn delete(key: &str, end: &str) -> DeleteRangeRequest {
    DeleteRangeRequest {
        key: key.to_owned().into(),
        range_end: end.to_owned().into(),
        prev_kv: false,
    }
}

pub(super) fn flush(mvcc: &mut Mvcc) {
    let rows = mvcc.take_rows();
    let meta = mvcc.meta();
    mvcc.store.commit(&StoreBatch::Write { rows, meta }).unwrap();
    mvcc.rows_stored();
}

#[test]
fn a_put_is_read_before_and_after_it_is_durable() {
    let store = Store::in_memory();
    let mut mvcc = Mvcc::open(store.clone()).unwrap();
    assert_eq!(mvcc.revision(), 1);
    mvcc.put(&put("a", "1"), &NoLeases).unwrap();
    mvcc.put(&put("b", "2"), &NoLeases).unwrap();
    let before = mvcc.range(&range("a", "z")).unwrap();
    flush(&mut mvcc);
    assert_eq!(mvcc.range(&range("a", "z")).unwrap(), before);
    assert_eq!(before.count, 2);
    assert_eq!(mvcc.delete_range(&delete("a", "")).deleted, 1);
    flush(&mut mvcc);
    let again = Mvcc::open(store).unwrap();
    assert_eq!(again.revision(), 4);
    assert_eq!(again.range(&range("a", "z")).unwrap().count, 1);
    assert_eq!(again.hash_kv(0).unwrap(), mvcc.hash_kv(0).unwrap());
}
