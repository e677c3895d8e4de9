//! Watches in small stories, against a model, and the tree of ranges by itself.

mod random;
mod ranges;

use bytes::Bytes;

use super::*;
use crate::api::{
    DeleteRangeRequest, Event, PutRequest, RequestOp, TxnRequest, WatchCancelRequest,
    WatchProgressRequest, request_op,
};
use crate::mvcc::NoLeases;
use crate::store::{Store, StoreBatch};

const A: StreamId = StreamId(1);
const B: StreamId = StreamId(2);

/// Keys, watchers and what they were sent, as a node has them.
struct Member {
    store: Store,
    mvcc: Mvcc,
    watches: Watches,
    sent: Responses,
}

impl Member {
    fn new() -> Self {
        let store = Store::in_memory();
        let mvcc = Mvcc::open(store.clone()).unwrap();
        let mut watches = Watches::new(10, 1_000);
        watches.open(A, false, api::Caller::default(), 0);
        watches.open(B, false, api::Caller::default(), 0);
        Self { store, mvcc, watches, sent: Vec::new() }
    }

    fn change(&mut self, change: impl FnOnce(&mut Mvcc)) {
        let before = self.mvcc.revision();
        change(&mut self.mvcc);
        self.watches.on_applied(before, &self.mvcc, &mut self.sent);
    }

    fn put(&mut self, key: &str, value: &str) {
        let (key, value) = (key.to_owned().into(), value.to_owned().into());
        let request = PutRequest { key, value, ..PutRequest::default() };
        self.change(|mvcc| drop(mvcc.put(&request, &NoLeases).unwrap()));
    }

    fn delete(&mut self, key: &str, end: &str) {
        let (key, range_end) = (key.to_owned().into(), end.to_owned().into());
        let request = DeleteRangeRequest { key, range_end, prev_kv: false };
        self.change(|mvcc| drop(mvcc.delete_range(&request)));
    }

    fn put_together(&mut self, keys: &[String]) {
        let op = |key: &String| {
            let put = PutRequest {
                key: key.clone().into(),
                value: key.clone().into(),
                ..PutRequest::default()
            };
            RequestOp { request: Some(request_op::Request::RequestPut(put)) }
        };
        let request =
            TxnRequest { success: keys.iter().map(op).collect(), ..TxnRequest::default() };
        self.change(|mvcc| drop(mvcc.txn(&request, &NoLeases).unwrap()));
    }

    /// The disk takes what was applied.
    fn flush(&mut self) {
        let (rows, meta) = (self.mvcc.take_rows(), self.mvcc.meta());
        self.store.commit(&StoreBatch::Write { rows, leases: vec![], auth: vec![], meta }).unwrap();
        self.mvcc.rows_stored();
    }

    fn ask(&mut self, stream: StreamId, union: RequestUnion) {
        let request = WatchRequest { request_union: Some(union) };
        self.watches.on_request(stream, request, None, &self.mvcc, &mut self.sent);
    }

    fn watch(&mut self, stream: StreamId, request: WatchCreateRequest) {
        self.ask(stream, RequestUnion::CreateRequest(request));
    }

    /// The end of a step.
    fn step(&mut self) {
        self.watches.catch_up(&self.mvcc, &mut self.sent);
        self.watches.answer_progress(self.mvcc.revision(), &mut self.sent);
    }

    /// Steps until nobody is behind who has credit.
    fn settle(&mut self) {
        self.step();
        while self.watches.is_catching_up() {
            self.step();
        }
    }

    /// The clients take everything.
    fn take(&mut self) -> Vec<String> {
        let sent = std::mem::take(&mut self.sent);
        for (stream, _) in &sent {
            self.watches.on_taken(*stream, 1);
        }
        sent.iter().map(|(stream, response)| words(*stream, response)).collect()
    }

    /// Everything there is to hear, over as many rounds as it needs.
    fn hear(&mut self) -> Vec<String> {
        let mut all = Vec::new();
        loop {
            self.settle();
            let heard = self.take();
            if heard.is_empty() {
                return all;
            }
            all.extend(heard);
        }
    }
}

fn key(key: &str) -> WatchCreateRequest {
    WatchCreateRequest { key: key.to_owned().into(), ..WatchCreateRequest::default() }
}

fn range(from: &str, end: &str) -> WatchCreateRequest {
    WatchCreateRequest { range_end: end.to_owned().into(), ..key(from) }
}

fn from(start_revision: i64, request: WatchCreateRequest) -> WatchCreateRequest {
    WatchCreateRequest { start_revision, ..request }
}

/// A response in a line: `1/0 @5 put a=1 delete b`.
fn words(stream: StreamId, response: &WatchResponse) -> String {
    let revision = response.header.map_or(0, |header| header.revision);
    let mut line = format!("{}/{} @{revision}", stream.0, response.watch_id);
    for (flag, word) in [
        (response.created, " created"),
        (response.canceled, " canceled"),
        (response.fragment, " fragment"),
    ] {
        line += if flag { word } else { "" };
    }
    if response.compact_revision != 0 {
        line += &format!(" compacted {}", response.compact_revision);
    }
    if !response.cancel_reason.is_empty() {
        line += &format!(" ({})", response.cancel_reason);
    }
    let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
    for Event { r#type, kv, prev_kv } in &response.events {
        let pair = kv.as_ref().unwrap();
        line += &match r#type {
            0 => format!(" put {}={}", text(&pair.key), text(&pair.value)),
            _ => format!(" delete {}", text(&pair.key)),
        };
        if let Some(before) = prev_kv {
            line += &format!(" (was {})", text(&before.value));
        }
    }
    line
}

#[test]
fn created_comes_first_and_ids_count_from_0() {
    let mut member = Member::new();
    member.watch(A, key("a"));
    member.watch(A, range("a", "c"));
    member.watch(B, key("a"));
    member.watch(A, WatchCreateRequest { watch_id: 2, ..key("b") });
    member.watch(A, key("z"));
    member.put("a", "1");
    member.put("b", "2");
    assert_eq!(
        member.take(),
        [
            "1/0 @1 created",
            "1/1 @1 created",
            "2/0 @1 created",
            "1/2 @1 created",
            "1/3 @1 created",
            "1/0 @2 put a=1",
            "1/1 @2 put a=1",
            "2/0 @2 put a=1",
            "1/1 @3 put b=2",
            "1/2 @3 put b=2",
        ]
    );
}

#[test]
fn what_cannot_be_watched_is_refused_with_etcds_reason() {
    let mut member = Member::new();
    member.watch(A, WatchCreateRequest { watch_id: 7, ..key("a") });
    member.watch(A, WatchCreateRequest { watch_id: 7, ..key("b") });
    member.watch(A, range("b", "a"));
    member.watch(A, range("b", "b"));
    member.watch(StreamId(9), key("a"));
    member.ask(A, RequestUnion::CancelRequest(WatchCancelRequest { watch_id: 8 }));
    member.ask(A, RequestUnion::CancelRequest(WatchCancelRequest { watch_id: 7 }));
    member.put("a", "1");
    assert_eq!(
        member.hear(),
        [
            "1/7 @1 created",
            "1/-1 @1 created canceled (mvcc: duplicate watch ID provided on the WatchStream)",
            "1/-1 @1 created canceled (mvcc: watcher range is empty)",
            "1/-1 @1 created canceled (mvcc: watcher range is empty)",
            "1/7 @1 canceled",
        ]
    );
}

#[test]
fn an_empty_key_is_the_smallest_and_an_end_of_zero_is_none() {
    let mut member = Member::new();
    member.watch(A, range("", "\0"));
    member.watch(A, range("b", "\0"));
    member.watch(B, key(""));
    member.take();
    member.put("a", "1");
    member.put("\0", "2");
    member.put("zz", "3");
    let heard = member.hear();
    let expected = [
        "1/0 @2 put a=1",
        "1/0 @3 put \0=2",
        "2/0 @3 put \0=2",
        "1/0 @4 put zz=3",
        "1/1 @4 put zz=3",
    ];
    assert_eq!(heard, expected);
}

#[test]
fn the_past_comes_in_one_response_and_the_present_follows() {
    for flushed in [false, true] {
        let mut member = Member::new();
        member.put("a", "1");
        member.put("b", "2");
        if flushed {
            member.flush();
        }
        member.delete("a", "");
        member.put("a", "3");
        member.watch(A, from(2, WatchCreateRequest { prev_kv: true, ..range("a", "c") }));
        member.watch(B, from(4, key("a")));
        member.put("c", "4");
        member.settle();
        member.put("b", "5");
        assert_eq!(
            member.hear(),
            [
                "1/0 @5 created",
                "2/0 @5 created",
                "1/0 @6 put a=1 put b=2 delete a (was 1) put a=3",
                "2/0 @6 delete a put a=3",
                "1/0 @7 put b=5 (was 2)",
            ]
        );
    }
}

#[test]
fn a_watch_may_begin_in_the_future() {
    let mut member = Member::new();
    member.watch(A, from(4, key("a")));
    for value in ["1", "2", "3", "4"] {
        member.put("a", value);
    }
    assert_eq!(member.hear(), ["1/0 @1 created", "1/0 @4 put a=3", "1/0 @5 put a=4"]);
}

#[test]
fn filters_leave_out_what_is_not_wanted() {
    let mut member = Member::new();
    member.watch(A, WatchCreateRequest { filters: vec![0], ..key("a") });
    member.watch(B, WatchCreateRequest { filters: vec![1], ..key("a") });
    member.put("a", "1");
    member.delete("a", "");
    member.put("a", "2");
    member.watch(A, from(2, WatchCreateRequest { filters: vec![0], ..key("a") }));
    assert_eq!(
        member.hear()[2..],
        [
            "2/0 @2 put a=1",
            "1/0 @3 delete a",
            "2/0 @4 put a=2",
            "1/1 @4 created",
            "1/1 @4 delete a",
        ]
    );
}

#[test]
fn a_compacted_beginning_cancels() {
    let mut member = Member::new();
    for value in ["1", "2", "3", "4"] {
        member.put("a", value);
    }
    member.change(|mvcc| mvcc.compact(4).unwrap());
    member.watch(A, from(3, key("a")));
    member.watch(A, from(4, WatchCreateRequest { prev_kv: true, ..key("a") }));
    member.watch(B, from(-2, key("a")));
    assert_eq!(
        member.hear(),
        [
            "1/0 @5 created",
            "1/1 @5 created",
            "2/0 @5 created",
            "1/0 @0 canceled compacted 4",
            // What was before the compacted revision is gone.
            "1/1 @5 put a=3 put a=4 (was 3)",
            "2/0 @0 canceled compacted 4",
        ]
    );
    assert_eq!(member.watches.counts().watchers, 1);
}

#[test]
fn the_delete_at_the_compacted_revision_is_still_told() {
    let mut member = Member::new();
    member.put("a", "1");
    member.delete("a", "");
    member.put("b", "1");
    member.flush();
    member.change(|mvcc| mvcc.compact(3).unwrap());
    while member.mvcc.compact_slice(100) {}
    member.flush();
    member.watch(A, from(3, range("a", "z")));
    assert_eq!(member.hear()[1..], ["1/0 @4 delete a put b=1"]);
}

#[test]
fn a_revision_stays_in_one_response_unless_it_may_be_cut() {
    let mut member = Member::new();
    member.watches.fragment_bytes = 120;
    member.watch(A, range("k", "l"));
    member.watch(B, WatchCreateRequest { fragment: true, ..range("k", "l") });
    let keys: Vec<String> = (0..6).map(|n| format!("k{n}")).collect();
    member.put_together(&keys);
    member.take();
    member.put_together(&keys);
    let heard = member.hear();
    assert_eq!(heard[0], "1/0 @3 put k0=k0 put k1=k1 put k2=k2 put k3=k3 put k4=k4 put k5=k5");
    let (last, pieces) = heard[1..].split_last().unwrap();
    assert!(
        !pieces.is_empty() && pieces.iter().all(|piece| piece.contains("fragment")),
        "{heard:?}"
    );
    assert!(!last.contains("fragment"), "{last}");
    let all: String = heard[1..].iter().map(|piece| piece.replace("2/0 @3", "")).collect();
    assert_eq!(all.replace(" fragment", ""), heard[0].replace("1/0 @3", ""));
}

#[test]
fn a_client_that_takes_nothing_holds_nobody_back_and_costs_no_memory() {
    let mut member = Member::new();
    member.watch(A, key("a"));
    member.watch(B, key("a"));
    let (mut slow, mut quick) = (Vec::new(), 0);
    for round in 0..500 {
        member.put("a", &round.to_string());
        member.settle();
        for (stream, response) in std::mem::take(&mut member.sent) {
            if stream == A {
                slow.push(response);
            } else {
                quick += response.events.len();
                member.watches.on_taken(B, 1);
            }
        }
    }
    assert_eq!(quick, 500);
    assert_eq!(slow.len(), limits::WATCH_UNTAKEN_RESPONSES_MAX);
    let counts = member.watches.counts();
    assert_eq!((counts.synced, counts.untaken), (1, slow.len() as u64));
    // It goes on: nothing is missing, nothing comes twice.
    let mut values: Vec<i64> = Vec::new();
    while !slow.is_empty() {
        for response in slow.drain(..) {
            values.extend(response.events.iter().map(|e| e.kv.as_ref().unwrap().mod_revision));
            member.watches.on_taken(A, 1);
        }
        member.settle();
        slow.extend(std::mem::take(&mut member.sent).into_iter().map(|(_, response)| response));
    }
    assert_eq!(values, (2..502).collect::<Vec<i64>>());
    assert_eq!(member.watches.counts().synced, 2);
}

#[test]
fn progress_never_runs_ahead() {
    let mut member = Member::new();
    let progress = || RequestUnion::ProgressRequest(WatchProgressRequest {});
    member.ask(A, progress());
    member.settle();
    assert!(member.take().is_empty(), "nobody speaks for no watchers");
    member.put("a", "1");
    member.put("b", "1");
    member.watch(A, from(2, key("a")));
    member.ask(A, progress());
    assert_eq!(member.hear(), ["1/0 @3 created", "1/0 @3 put a=1", "1/-1 @3"]);
    // While a client takes nothing, the answer waits behind the events.
    for round in 0..20 {
        member.put("a", &round.to_string());
    }
    member.ask(A, progress());
    member.settle();
    let heard = member.hear();
    assert_eq!(heard.last().unwrap(), "1/-1 @23");
    assert_eq!(heard.iter().filter(|line| line.contains("/-1")).count(), 1);
    member.watch(A, from(99, key("a")));
    member.ask(A, progress());
    assert_eq!(member.hear(), ["1/1 @23 created"], "not for one that begins in the future");
}

#[test]
fn notices_come_when_nothing_else_was_heard() {
    let mut member = Member::new();
    member.watch(A, WatchCreateRequest { progress_notify: true, ..key("a") });
    member.watch(A, key("a"));
    member.take();
    let at = |member: &mut Member, tick| {
        let revision = member.mvcc.revision();
        member.watches.notify_progress(tick, revision, &mut member.sent);
        member.take()
    };
    assert!(at(&mut member, 9).is_empty());
    assert_eq!(at(&mut member, 12), ["1/0 @1"]);
    member.put("a", "1");
    member.take();
    assert!(at(&mut member, 22).is_empty(), "the event said it");
    assert_eq!(at(&mut member, 33), ["1/0 @2"]);
}

#[test]
fn a_new_store_is_read_from_where_each_watcher_was() {
    let mut member = Member::new();
    member.put("a", "1");
    member.watch(A, key("a"));
    member.watch(B, from(9, key("a")));
    member.take();
    let mut other = Member::new();
    for value in ["1", "2", "3", "4"] {
        other.put("a", value);
    }
    let before = member.mvcc.revision();
    member.mvcc = other.mvcc;
    member.watches.resync(before);
    assert_eq!(member.hear(), ["1/0 @5 put a=2 put a=3 put a=4"]);
    member.put("a", "5");
    assert_eq!(member.hear(), ["1/0 @6 put a=5"]);
    assert_eq!(member.watches.counts().synced, 2);
}

#[test]
fn a_closed_stream_leaves_nothing_behind() {
    let mut member = Member::new();
    member.put("a", "1");
    member.watch(A, key("a"));
    member.watch(A, from(2, range("a", "b")));
    member.ask(A, RequestUnion::ProgressRequest(WatchProgressRequest {}));
    member.watches.close(A);
    member.watches.close(B);
    member.sent.clear();
    member.put("a", "2");
    member.settle();
    assert!(member.sent.is_empty());
    assert_eq!(member.watches.counts(), WatchCounts::default());
    assert!(member.watches.synced.is_empty() && member.watches.notices.is_empty());
}
