//! Random clients and changes against a model that remembers everything.
//!
//! Whatever order puts, deletes, transactions, compactions, flushes, new watches, cancels and slow
//! readers come in, every watcher hears exactly the changes of its keys from its beginning on, once,
//! in order, revisions whole; or it is told that its beginning is compacted.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Deed {
    Put(u8),
    Delete(u8, u8),
    Txn(Vec<u8>),
    Compact(i64),
    Sweep,
    Flush,
    Watch { stream: u64, low: u8, end: u8, back: i64, prev_kv: bool },
    Cancel { stream: u64, watch: i64 },
    Progress(u64),
    Take(u64, u64),
    Step,
}

fn deed() -> impl Strategy<Value = Deed> {
    let key = || 0..6_u8;
    prop_oneof![
        8 => key().prop_map(Deed::Put),
        2 => (key(), key()).prop_map(|(low, end)| Deed::Delete(low, end)),
        2 => proptest::collection::btree_set(key(), 1..4)
            .prop_map(|keys| Deed::Txn(keys.into_iter().collect())),
        1 => (0..8_i64).prop_map(Deed::Compact),
        1 => Just(Deed::Sweep),
        1 => Just(Deed::Flush),
        3 => (1..3_u64, key(), key(), -3..12_i64, any::<bool>()).prop_map(
            |(stream, low, end, back, prev_kv)| Deed::Watch { stream, low, end, back, prev_kv }
        ),
        1 => (1..3_u64, 0..4_i64).prop_map(|(stream, watch)| Deed::Cancel { stream, watch }),
        1 => (1..3_u64).prop_map(Deed::Progress),
        4 => (1..3_u64, 1..6_u64).prop_map(|(stream, count)| Deed::Take(stream, count)),
        4 => Just(Deed::Step),
    ]
}

fn name(key: u8) -> String {
    format!("k{key}")
}

/// What a watcher must hear next.
struct Expected {
    low: String,
    end: String,
    next: i64,
    prev_kv: bool,
}

#[derive(Default)]
struct Model {
    /// (revision, key, value or nothing), in order.
    history: Vec<(i64, String, Option<String>)>,
    watchers: BTreeMap<(u64, i64), Expected>,
    asked: BTreeMap<u64, Vec<Expected>>,
    waiting: BTreeMap<u64, Vec<WatchResponse>>,
}

impl Model {
    fn wanted(&self, watcher: &Expected) -> Vec<(i64, String, Option<String>)> {
        let inside = |key: &String| match watcher.end.as_str() {
            "" => *key == watcher.low,
            end => *key >= watcher.low && key.as_str() < end,
        };
        let from = watcher.next;
        self.history.iter().filter(|(at, key, _)| *at >= from && inside(key)).cloned().collect()
    }

    /// A client takes a response: it must be what comes next.
    fn on_taken(&mut self, stream: u64, response: &WatchResponse, compacted: i64) {
        let header = response.header.unwrap().revision;
        if response.created {
            let mut expected = self.asked.get_mut(&stream).unwrap().remove(0);
            if response.canceled {
                return;
            }
            if expected.next == 0 {
                expected.next = header + 1;
            }
            self.watchers.insert((stream, response.watch_id), expected);
            return;
        }
        if response.canceled {
            let watcher = self.watchers.remove(&(stream, response.watch_id)).unwrap();
            let told = response.compact_revision;
            assert!(told == 0 || watcher.next < told && told <= compacted, "{response:?}");
            return;
        }
        if response.watch_id == NO_WATCHER {
            let of_stream = self.watchers.iter().filter(|((of, _), _)| *of == stream);
            for (_, watcher) in of_stream {
                let wanted = self.wanted(watcher);
                assert!(wanted.iter().all(|(at, ..)| *at > header), "progress ran ahead");
            }
            return;
        }
        let watcher = &self.watchers[&(stream, response.watch_id)];
        let last = response.events.last().unwrap().kv.as_ref().unwrap().mod_revision;
        let wanted: Vec<_> =
            self.wanted(watcher).into_iter().filter(|(at, ..)| *at <= last).collect();
        let heard: Vec<_> = response.events.iter().map(told).collect();
        assert_eq!(heard, wanted);
        assert!(last <= header);
        if watcher.prev_kv {
            response.events.iter().for_each(|event| self.check_previous(event, compacted));
        }
        self.watchers.get_mut(&(stream, response.watch_id)).unwrap().next = last + 1;
    }

    fn check_previous(&self, event: &Event, compacted: i64) {
        let (at, key, _) = told(event);
        let before = self.history.iter().rev().find(|(other, k, _)| *other < at && *k == key);
        let known = before.and_then(|(_, _, value)| value.clone());
        let prev = event.prev_kv.as_ref().map(|pair| text(&pair.value));
        assert!(prev == known || prev.is_none() && at - 1 < compacted, "{event:?} after {known:?}");
    }
}

fn text(bytes: &Bytes) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn told(event: &Event) -> (i64, String, Option<String>) {
    let pair = event.kv.as_ref().unwrap();
    let value = (event.r#type == 0).then(|| text(&pair.value));
    (pair.mod_revision, text(&pair.key), value)
}

struct Run {
    member: Member,
    model: Model,
}

impl Run {
    fn record(&mut self, before: i64) {
        let after = self.member.mvcc.revision();
        if after == before {
            return;
        }
        let mut changes: Vec<_> = self
            .member
            .mvcc
            .changes_after(before)
            .map(|(row, pair)| {
                let value = (!row.tombstone).then(|| text(&pair.value));
                (row.revision.main, text(&pair.key), value)
            })
            .collect();
        self.model.history.append(&mut changes);
    }

    fn act(&mut self, deed: &Deed, round: usize) {
        let member = &mut self.member;
        let before = member.mvcc.revision();
        match deed {
            Deed::Put(key) => member.put(&name(*key), &round.to_string()),
            Deed::Delete(low, end) => member.delete(&name(*low), &name(*end)),
            Deed::Txn(keys) => {
                let keys: Vec<String> = keys.iter().map(|key| name(*key)).collect();
                member.put_together(&keys);
            }
            Deed::Compact(back) => {
                let at = before - back;
                member.change(|mvcc| drop(mvcc.compact(at)));
            }
            Deed::Sweep => drop(member.mvcc.compact_slice(2)),
            Deed::Flush => member.flush(),
            Deed::Watch { stream, low, end, back, prev_kv } => {
                let start = if *back < 0 { 0 } else { (before + 3 - back).max(1) };
                let end = if end == low { String::new() } else { name(*end) };
                let low = name(*low);
                let request =
                    WatchCreateRequest { prev_kv: *prev_kv, ..from(start, range(&low, &end)) };
                let expected = Expected { low, end, next: start, prev_kv: *prev_kv };
                self.model.asked.entry(*stream).or_default().push(expected);
                self.member.watch(StreamId(*stream), request);
            }
            Deed::Cancel { stream, watch } => {
                let cancel = WatchCancelRequest { watch_id: *watch };
                member.ask(StreamId(*stream), RequestUnion::CancelRequest(cancel));
            }
            Deed::Progress(stream) => {
                let union = RequestUnion::ProgressRequest(WatchProgressRequest {});
                member.ask(StreamId(*stream), union);
            }
            Deed::Take(stream, count) => self.take(*stream, *count),
            Deed::Step => member.step(),
        }
        self.record(before);
    }

    fn take(&mut self, stream: u64, count: u64) {
        for (of, response) in std::mem::take(&mut self.member.sent) {
            self.model.waiting.entry(of.0).or_default().push(response);
        }
        let waiting = self.model.waiting.entry(stream).or_default();
        let count = usize::try_from(count).unwrap().min(waiting.len());
        let taken: Vec<_> = waiting.drain(..count).collect();
        self.member.watches.on_taken(StreamId(stream), count as u64);
        let compacted = self.member.mvcc.compacted();
        for response in &taken {
            self.model.on_taken(stream, response, compacted);
        }
    }

    /// Everybody takes everything: then nothing is missing.
    fn finish(&mut self) {
        for _ in 0..10_000 {
            self.member.step();
            self.take(1, 1_000);
            self.take(2, 1_000);
            let counts = self.member.watches.counts();
            if counts.synced == counts.watchers && counts.untaken == 0 {
                break;
            }
        }
        let counts = self.member.watches.counts();
        assert_eq!((counts.synced, counts.untaken), (counts.watchers, 0), "somebody is stuck");
        assert_eq!(self.model.watchers.len() as u64, counts.watchers);
        for watcher in self.model.watchers.values() {
            assert_eq!(self.model.wanted(watcher), [], "from {} on", watcher.next);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_watcher_hears_everything_once_in_order(
        deeds in proptest::collection::vec(deed(), 1..200)
    ) {
        let mut run = Run { member: Member::new(), model: Model::default() };
        for (round, deed) in deeds.iter().enumerate() {
            run.act(deed, round);
        }
        run.finish();
    }
}
