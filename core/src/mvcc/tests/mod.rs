//! The store of keys against a model, against recordings of a real etcd, and in small stories.

mod index;
mod key_index;
mod model;
mod random;
mod recorded;
mod requests;
mod stories;

use self::model::Model;
use self::requests::{Call, Random};
use super::*;
use crate::api::*;
use crate::store::StoreBatch;

fn put(key: &str, value: &str) -> PutRequest {
    PutRequest { key: key.to_owned().into(), value: value.to_owned().into(), ..Default::default() }
}

fn range(key: &str, end: &str) -> RangeRequest {
    let (key, range_end) = (key.to_owned().into(), end.to_owned().into());
    RangeRequest { key, range_end, ..Default::default() }
}

fn delete(key: &str, end: &str) -> DeleteRangeRequest {
    let (key, range_end) = (key.to_owned().into(), end.to_owned().into());
    DeleteRangeRequest { key, range_end, prev_kv: false }
}

fn new() -> Mvcc {
    Mvcc::open(Store::in_memory()).unwrap()
}

/// Commits what is pending, as a node and its disk would.
fn flush(mvcc: &mut Mvcc) {
    let (rows, meta) = (mvcc.take_rows(), mvcc.meta());
    mvcc.store.commit(&StoreBatch::Write { rows, leases: vec![], auth: vec![], meta }).unwrap();
    mvcc.rows_stored();
}
