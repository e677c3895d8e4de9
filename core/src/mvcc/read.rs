//! Reading: which rows are visible at a revision, filtered, sorted, cut to a page, fetched.
//!
//! etcd fetches all pairs of a range and then filters and sorts them. Here everything but values is
//! known from the index, so a row is fetched only when it is part of the answer (or its value is
//! what is sorted by). The answers are equal, with one thing that etcd leaves open: pairs that sort
//! alike are in order of keys, ascending and descending (Go's sort is not stable).
//!
//! etcd's counterpart: `executeRange` in `server/etcdserver/txn/`.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use bytes::Bytes;
use prost::Message;

use super::Mvcc;
use super::index::KeyRange;
use super::key_index::{KeyIndex, Visible};
use crate::api::range_request::{SortOrder, SortTarget};
use crate::api::{Code, Error, KeyValue, RangeRequest, RangeResponse, ResponseHeader};
use crate::store::StoreError;

impl Mvcc {
    /// Reads a range of keys at a revision. The header holds the revision, nothing else.
    ///
    /// # Errors
    /// [`Error::COMPACTED`] and [`Error::FUTURE_REVISION`].
    pub fn range(&self, request: &RangeRequest) -> Result<RangeResponse, Error> {
        self.bounded_range(request, u64::MAX)
    }

    /// The same, if it takes at most so many bytes of keys and values in memory.
    ///
    /// # Errors
    /// As [`Self::range`], and a sentence of ours with `ResourceExhausted`.
    pub fn bounded_range(
        &self,
        request: &RangeRequest,
        bytes_max: u64,
    ) -> Result<RangeResponse, Error> {
        let head = self.head();
        if request.revision > head {
            return Err(Error::FUTURE_REVISION);
        }
        let at = if request.revision <= 0 { head } else { request.revision };
        if at < self.compacted {
            return Err(Error::COMPACTED);
        }
        let header = Some(ResponseHeader { revision: head, ..Default::default() });
        let keys = KeyRange::new(&request.key, &request.range_end);
        if request.count_only {
            let count = signed(self.count(keys, at));
            return Ok(RangeResponse { header, count, ..Default::default() });
        }
        let page = Page::of(request);
        let (mut found, count) = self.find(keys, at, &page);
        found.retain(|visible| page.lets_pass(visible));
        let more = found.len() > page.limit;
        let mut kvs = if page.sorts_by(SortTarget::Value) {
            let mut kvs = self.fetch_all(&found, bytes_max)?;
            page.sort_values(&mut kvs);
            kvs.truncate(page.limit);
            kvs
        } else {
            page.sort(&mut found);
            found.truncate(page.limit);
            self.fetch_all(&found, bytes_max)?
        };
        if request.keys_only {
            kvs.iter_mut().for_each(|pair| pair.value = Bytes::new());
        }
        Ok(RangeResponse { header, kvs, more, count: signed(count) })
    }

    /// How many keys of the range existed at the main revision `at`.
    fn count(&self, keys: KeyRange<'_>, at: i64) -> u64 {
        if at == self.head() {
            return self.index.count(keys);
        }
        let mut count = 0;
        self.visit_at(keys, at, |_| count += 1);
        count
    }

    /// The keys that the page may need, in order, and how many there are in the range.
    fn find(&self, keys: KeyRange<'_>, at: i64, page: &Page) -> (Vec<Visible>, u64) {
        let mut found = Vec::new();
        if at != self.head() {
            self.visit_at(keys, at, |visible| found.push(visible));
            let count = found.len() as u64;
            if !page.reads_from_end() {
                found.truncate(page.reads);
            }
            return (found, count);
        }
        let count = self.index.count(keys);
        let reads = count.min(page.reads as u64);
        if reads == 0 {
            return (found, count);
        }
        let skip = if page.reads_from_end() { count - reads } else { 0 };
        self.index.visit_live(keys, skip, |_, history| {
            found.extend(history.head());
            if found.len() as u64 == reads {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        (found, count)
    }

    fn visit_at(&self, keys: KeyRange<'_>, at: i64, mut visit: impl FnMut(Visible)) {
        self.index.visit::<()>(keys, |_, history| {
            if let Some(visible) = history.at(at) {
                visit(visible);
            }
            ControlFlow::Continue(())
        });
    }

    /// Whether `accept` is true of all keys of the range that exist at the head.
    pub(crate) fn all_visible(
        &self,
        keys: KeyRange<'_>,
        mut accept: impl FnMut(&Visible) -> bool,
    ) -> bool {
        let refused = self.index.visit_live(keys, 0, |_, history| match history.head() {
            Some(visible) if !accept(&visible) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        });
        refused.is_none()
    }

    /// The key at the head, if it exists.
    pub(super) fn visible(&self, key: &[u8]) -> Option<Visible> {
        self.index.get(key).and_then(KeyIndex::head)
    }

    /// The pairs of visible keys, in their order.
    fn fetch_all(&self, found: &[Visible], bytes_max: u64) -> Result<Vec<KeyValue>, Error> {
        let mut bytes = 0;
        let fetch = |visible| {
            let pair = self.fetch(visible);
            bytes += (pair.key.len() + pair.value.len()) as u64;
            if bytes > bytes_max { Err(too_large(bytes_max)) } else { Ok(pair) }
        };
        found.iter().map(fetch).collect()
    }

    /// The pair of a visible key. Worthless when the store fails: see [`Mvcc::failure`].
    pub(crate) fn fetch(&self, visible: &Visible) -> KeyValue {
        let row = visible.row();
        if let Some(bytes) = self.overlay.get(row) {
            return super::row::decode(bytes);
        }
        let damaged = |what| StoreError::Corrupt(format!("row {} {what}", row.revision));
        let read = match self.store.value(row) {
            Ok(Some(bytes)) => KeyValue::decode(bytes).map_err(|_| damaged("is unreadable")),
            Ok(None) => Err(damaged("is missing")),
            Err(error) => Err(error),
        };
        read.unwrap_or_else(|error| {
            // Only the first failure is kept; what follows it is a consequence.
            let _ = self.failure.set(error);
            KeyValue::default()
        })
    }
}

/// The part of a range that a request wants to see.
struct Page {
    /// Most pairs of the answer.
    limit: usize,
    /// Most keys that have to be found, one above the limit to learn whether there are more.
    reads: usize,
    target: SortTarget,
    order: SortOrder,
    /// Inclusive bounds of the mod revision.
    modified: (i64, i64),
    /// Inclusive bounds of the create revision.
    created: (i64, i64),
}

impl Page {
    fn of(request: &RangeRequest) -> Self {
        let target = request.sort_target();
        let limit = match request.limit {
            ..=0 => usize::MAX,
            limit => usize::try_from(limit).unwrap_or(usize::MAX),
        };
        let bounds = |min, max| (min, if max == 0 { i64::MAX } else { max });
        let minima_and_maxima = [
            request.min_mod_revision,
            request.max_mod_revision,
            request.min_create_revision,
            request.max_create_revision,
        ];
        // Sorted by key from the end, the page is the end of the range; otherwise what comes first
        // is known only when all is seen. With a target but no order etcd sorts only the keys that
        // come first in the range.
        let whole = minima_and_maxima != [0; 4]
            || (request.sort_order() != SortOrder::None && target != SortTarget::Key);
        Self {
            limit,
            reads: if whole { usize::MAX } else { limit.saturating_add(1) },
            target,
            order: match request.sort_order() {
                SortOrder::None if target != SortTarget::Key => SortOrder::Ascend,
                SortOrder::Ascend if target == SortTarget::Key => SortOrder::None,
                order => order,
            },
            modified: bounds(request.min_mod_revision, request.max_mod_revision),
            created: bounds(request.min_create_revision, request.max_create_revision),
        }
    }

    fn sorts_by(&self, target: SortTarget) -> bool {
        self.order != SortOrder::None && self.target == target
    }

    fn reads_from_end(&self) -> bool {
        self.order == SortOrder::Descend && self.target == SortTarget::Key
    }

    fn lets_pass(&self, visible: &Visible) -> bool {
        let within = |revision, (min, max)| min <= revision && revision <= max;
        within(visible.revision.main, self.modified)
            && within(visible.create_revision, self.created)
    }

    /// Sorts by what the index knows.
    fn sort(&self, found: &mut [Visible]) {
        let number: fn(&Visible) -> i64 = match self.target {
            SortTarget::Version => |visible| visible.version,
            SortTarget::Create => |visible| visible.create_revision,
            SortTarget::Mod => |visible| visible.revision.main,
            SortTarget::Key | SortTarget::Value => {
                if self.order == SortOrder::Descend {
                    found.reverse();
                }
                return;
            }
        };
        if self.order != SortOrder::None {
            found.sort_by(|a, b| self.turned(number(a).cmp(&number(b))));
        }
    }

    fn sort_values(&self, pairs: &mut [KeyValue]) {
        if self.order != SortOrder::None {
            pairs.sort_by(|a, b| self.turned(a.value.cmp(&b.value)));
        }
    }

    /// How two elements stand when the order may be from the largest down; equal ones stay as they were.
    fn turned(&self, ascending: Ordering) -> Ordering {
        if self.order == SortOrder::Descend { ascending.reverse() } else { ascending }
    }
}

/// Counts in answers are signed.
pub(super) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn too_large(bytes_max: u64) -> Error {
    let text = format!(
        "glasshouse: the range holds more than {bytes_max} bytes; ask for pages of it with a limit, \
         or raise --max-range-bytes"
    );
    Error::new(Code::ResourceExhausted, text)
}
