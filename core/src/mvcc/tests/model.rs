//! What the store should do, said as simply as possible: a copy of all pairs for each revision.
//!
//! Nothing is shared with the real one but the messages. Answers follow etcd's `executeRange`, step
//! by step; hashes follow the description in `hash.rs`.

use std::collections::BTreeMap;

use bytes::Bytes;
use crc32c::crc32c_append;
use prost::Message;

use crate::api::compare::{CompareResult, CompareTarget, TargetUnion};
use crate::api::range_request::{SortOrder, SortTarget};
use crate::api::request_op::Request;
use crate::api::response_op::Response;
use crate::api::*;
use crate::store::RowKey;

type Pairs = BTreeMap<Bytes, KeyValue>;

/// The whole history.
#[derive(Clone)]
pub(super) struct Model {
    /// The pairs at each revision; the first two are empty.
    history: Vec<Pairs>,
    /// Every write there was.
    rows: Vec<(RowKey, Bytes, Vec<u8>)>,
    pub(super) compacted: i64,
    /// The transaction that is being executed: its pairs and how many changes it made.
    open: Option<(Pairs, i64)>,
}

fn index(revision: i64) -> usize {
    usize::try_from(revision).unwrap()
}

fn covers(key: &[u8], begin: &[u8], end: &[u8]) -> bool {
    match end {
        [] => key == begin,
        [0] => key >= begin,
        _ => begin <= key && key < end,
    }
}

fn header(revision: i64) -> Option<ResponseHeader> {
    Some(ResponseHeader { revision, ..Default::default() })
}

impl Model {
    pub(super) fn new() -> Self {
        let history = vec![Pairs::new(), Pairs::new()];
        Self { history, rows: Vec::new(), compacted: -1, open: None }
    }

    pub(super) fn revision(&self) -> i64 {
        i64::try_from(self.history.len()).unwrap() - 1
    }

    fn head(&self) -> i64 {
        self.revision() + i64::from(self.open.as_ref().is_some_and(|(_, changes)| *changes > 0))
    }

    fn pairs(&self, revision: i64) -> &Pairs {
        match &self.open {
            Some((pairs, _)) if revision == self.head() => pairs,
            _ => &self.history[index(revision)],
        }
    }

    fn begin(&mut self) {
        self.open = Some((self.history.last().unwrap().clone(), 0));
    }

    fn end(&mut self) {
        if let Some((pairs, 1..)) = self.open.take() {
            self.history.push(pairs);
        }
    }

    fn write(&mut self, pair: KeyValue) {
        let main = self.revision() + 1;
        let (pairs, changes) = self.open.as_mut().unwrap();
        let tombstone = pair.version == 0;
        let row =
            if tombstone { RowKey::tombstone(main, *changes) } else { RowKey::put(main, *changes) };
        self.rows.push((row, pair.key.clone(), pair.encode_to_vec()));
        *changes += 1;
        if tombstone {
            pairs.remove(&pair.key);
        } else {
            pairs.insert(pair.key.clone(), pair);
        }
    }

    pub(super) fn range(&self, request: &RangeRequest) -> Result<RangeResponse, Error> {
        let head = self.head();
        let at = if request.revision <= 0 { head } else { request.revision };
        if at > head {
            return Err(Error::FUTURE_REVISION);
        }
        if at < self.compacted {
            return Err(Error::COMPACTED);
        }
        let pairs = self.pairs(at).values();
        let mut kvs: Vec<_> = pairs
            .filter(|pair| covers(&pair.key, &request.key, &request.range_end))
            .cloned()
            .collect();
        let count = i64::try_from(kvs.len()).unwrap();
        let mut response = RangeResponse { header: header(head), count, ..Default::default() };
        if request.count_only {
            return Ok(response);
        }
        let limit = usize::try_from(request.limit).ok().filter(|limit| *limit > 0);
        let bounds = [
            (request.max_mod_revision, request.min_mod_revision),
            (request.max_create_revision, request.min_create_revision),
        ];
        if let (Some(limit), SortOrder::None, true) =
            (limit, request.sort_order(), bounds == [(0, 0); 2])
        {
            kvs.truncate(limit + 1);
        }
        kvs.retain(|pair| {
            let numbers = [pair.mod_revision, pair.create_revision];
            numbers.iter().zip(bounds).all(|(number, (max, min))| {
                (max == 0 || *number <= max) && (min == 0 || *number >= min)
            })
        });
        let target = request.sort_target();
        let compare = |a: &KeyValue, b: &KeyValue| match target {
            SortTarget::Key => a.key.cmp(&b.key),
            SortTarget::Version => a.version.cmp(&b.version),
            SortTarget::Create => a.create_revision.cmp(&b.create_revision),
            SortTarget::Mod => a.mod_revision.cmp(&b.mod_revision),
            SortTarget::Value => a.value.cmp(&b.value),
        };
        match request.sort_order() {
            SortOrder::Descend => kvs.sort_by(|a, b| compare(b, a)),
            SortOrder::None | SortOrder::Ascend => kvs.sort_by(compare),
        }
        if let Some(limit) = limit {
            response.more = kvs.len() > limit;
            kvs.truncate(limit);
        }
        if request.keys_only {
            kvs.iter_mut().for_each(|pair| pair.value = Bytes::new());
        }
        response.kvs = kvs;
        Ok(response)
    }

    pub(super) fn put(&mut self, request: &PutRequest) -> Result<PutResponse, Error> {
        if request.lease != 0 {
            return Err(Error::LEASE_NOT_FOUND);
        }
        self.check_put(request)?;
        self.begin();
        let response = self.put_one(request);
        self.end();
        Ok(response)
    }

    fn check_put(&self, request: &PutRequest) -> Result<(), Error> {
        let exists = self.pairs(self.head()).contains_key(&request.key);
        match (request.ignore_value || request.ignore_lease, exists, request.lease) {
            (true, false, _) => Err(Error::KEY_NOT_FOUND),
            (_, _, 1..) => Err(Error::LEASE_NOT_FOUND),
            _ => Ok(()),
        }
    }

    fn put_one(&mut self, request: &PutRequest) -> PutResponse {
        let main = self.revision() + 1;
        let previous = self.pairs(self.head()).get(&request.key).cloned();
        let mut pair = KeyValue {
            key: request.key.clone(),
            value: request.value.clone(),
            create_revision: main,
            mod_revision: main,
            version: 1,
            lease: 0,
        };
        if let Some(previous) = &previous {
            pair.create_revision = previous.create_revision;
            pair.version = previous.version + 1;
            if request.ignore_value {
                pair.value = previous.value.clone();
            }
        }
        self.write(pair);
        PutResponse { header: header(main), prev_kv: previous.filter(|_| request.prev_kv) }
    }

    pub(super) fn delete_range(&mut self, request: &DeleteRangeRequest) -> DeleteRangeResponse {
        self.begin();
        let response = self.delete_some(request);
        self.end();
        response
    }

    fn delete_some(&mut self, request: &DeleteRangeRequest) -> DeleteRangeResponse {
        let pairs = self.pairs(self.head()).values();
        let gone: Vec<_> = pairs
            .filter(|pair| covers(&pair.key, &request.key, &request.range_end))
            .cloned()
            .collect();
        for pair in &gone {
            self.write(KeyValue { key: pair.key.clone(), ..Default::default() });
        }
        DeleteRangeResponse {
            header: header(self.head()),
            deleted: i64::try_from(gone.len()).unwrap(),
            prev_kvs: if request.prev_kv { gone } else { Vec::new() },
        }
    }

    pub(super) fn txn(&mut self, request: &TxnRequest) -> Result<TxnResponse, Error> {
        let mut path = Vec::new();
        self.choose(request, &mut path);
        // All puts of the chosen branches are looked at before the first range.
        self.check(request, &mut path.iter(), &|op| match op {
            Request::RequestPut(put) => self.check_put(put),
            _ => Ok(()),
        })?;
        self.check(request, &mut path.iter(), &|op| match op {
            Request::RequestRange(r) if r.revision > self.revision() => Err(Error::FUTURE_REVISION),
            Request::RequestRange(r) if r.revision != 0 && r.revision < self.compacted => {
                Err(Error::COMPACTED)
            }
            _ => Ok(()),
        })?;
        self.begin();
        let mut response = self.execute(request, &mut path.iter());
        self.end();
        response.header = header(self.revision());
        Ok(response)
    }

    fn choose(&self, request: &TxnRequest, path: &mut Vec<bool>) {
        let succeeded = request.compare.iter().all(|compare| self.holds(compare));
        path.push(succeeded);
        for op in branch(request, succeeded) {
            if let Some(Request::RequestTxn(inner)) = &op.request {
                self.choose(inner, path);
            }
        }
    }

    fn check<'a>(
        &self,
        request: &TxnRequest,
        path: &mut impl Iterator<Item = &'a bool>,
        look: &impl Fn(&Request) -> Result<(), Error>,
    ) -> Result<(), Error> {
        branch(request, *path.next().unwrap()).iter().try_for_each(|op| {
            match op.request.as_ref().unwrap() {
                Request::RequestTxn(inner) => self.check(inner, path, look),
                other => look(other),
            }
        })
    }

    fn execute<'a>(
        &mut self,
        request: &TxnRequest,
        path: &mut impl Iterator<Item = &'a bool>,
    ) -> TxnResponse {
        let succeeded = *path.next().unwrap();
        let mut responses = Vec::new();
        for op in branch(request, succeeded) {
            let response = match op.request.as_ref().unwrap() {
                Request::RequestRange(r) => Response::ResponseRange(self.range(r).unwrap()),
                Request::RequestPut(r) => Response::ResponsePut(self.put_one(r)),
                Request::RequestDeleteRange(r) => {
                    Response::ResponseDeleteRange(self.delete_some(r))
                }
                Request::RequestTxn(r) => Response::ResponseTxn(self.execute(r, path)),
            };
            responses.push(ResponseOp { response: Some(response) });
        }
        TxnResponse { header: header(0), succeeded, responses }
    }

    fn holds(&self, compare: &Compare) -> bool {
        let pairs = self.pairs(self.head()).values();
        let pairs: Vec<_> =
            pairs.filter(|pair| covers(&pair.key, &compare.key, &compare.range_end)).collect();
        if pairs.is_empty() {
            return compare.target() != CompareTarget::Value
                && holds_for(compare, &KeyValue::default());
        }
        pairs.iter().all(|pair| holds_for(compare, pair))
    }

    pub(super) fn compact(&mut self, revision: i64) -> Result<(), Error> {
        if revision <= self.compacted {
            return Err(Error::COMPACTED);
        }
        if revision > self.revision() {
            return Err(Error::FUTURE_REVISION);
        }
        self.compacted = revision;
        Ok(())
    }

    pub(super) fn hash(&self, revision: i64) -> Result<(u32, i64), Error> {
        let at = if revision == 0 { self.revision() } else { revision };
        if at > self.revision() {
            return Err(Error::FUTURE_REVISION);
        }
        if at > 0 && at < self.compacted {
            return Err(Error::COMPACTED);
        }
        // The last write of each key up to a revision, without tombstones older than it.
        let last = |revision: i64| -> BTreeMap<&Bytes, RowKey> {
            let rows = self.rows.iter().filter(|(row, ..)| row.revision.main <= revision);
            rows.map(|(row, key, _)| (key, *row)).collect()
        };
        // A key that the transaction of `at` deleted before it wrote it anew is overlooked.
        let overlooked = |key: &Bytes| {
            self.rows
                .iter()
                .any(|(row, of, _)| row.tombstone && row.revision.main == at && of == key)
        };
        let visible = last(at).into_iter().filter(|(key, row)| !row.tombstone && !overlooked(key));
        let keep: Vec<_> = visible.map(|(_, row)| row).collect();
        let left: Vec<_> =
            last(self.compacted).into_values().filter(|row| !row.tombstone).collect();
        let old = if keep.is_empty() { left } else { keep };
        let mut crc = crc32c_append(0, b"key");
        for (row, _, value) in &self.rows {
            let main = row.revision.main;
            if main <= at && (main > self.compacted || old.contains(row)) {
                crc = crc32c_append(crc32c_append(crc, &row.encode()), value);
            }
        }
        Ok((crc, at))
    }
}

fn branch(request: &TxnRequest, succeeded: bool) -> &[RequestOp] {
    if succeeded { &request.success } else { &request.failure }
}

fn holds_for(compare: &Compare, pair: &KeyValue) -> bool {
    let ordering = match compare.target_union.as_ref().unwrap() {
        TargetUnion::Version(number) => pair.version.cmp(number),
        TargetUnion::CreateRevision(number) => pair.create_revision.cmp(number),
        TargetUnion::ModRevision(number) => pair.mod_revision.cmp(number),
        TargetUnion::Value(value) => pair.value.cmp(value),
        TargetUnion::Lease(number) => pair.lease.cmp(number),
    };
    match compare.result() {
        CompareResult::Equal => ordering.is_eq(),
        CompareResult::Greater => ordering.is_gt(),
        CompareResult::Less => ordering.is_lt(),
        CompareResult::NotEqual => ordering.is_ne(),
    }
}
