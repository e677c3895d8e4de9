//! What etcd promises to watchers, judged at every response that reaches a client.
//!
//! The committed log says which changes there were, at which revision, and what each key was before.
//! So for every watcher it is known what the next response must hold:
//!
//! * **ordered, unique**: nothing at or below what the watcher was told already;
//! * **reliable, resumable**: no change between that and the response is left out, whatever stream
//!   the watcher went on with;
//! * **atomic**: all changes of a revision in one response, or in fragments that say so;
//! * **bookmarkable**: progress at a revision comes after everything up to it;
//! * **filters, prev_kv, content**: exactly what was asked for, exactly as the log has it.
//!
//! A watch is canceled for compaction only when its revision is compacted. And in peace nothing may
//! be withheld ([`Watchers::missing`]).

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use glasshouse_core::api::mvccpb::event::EventType;
use glasshouse_core::api::watch_create_request::FilterType;
use glasshouse_core::api::watch_request::RequestUnion;
use glasshouse_core::api::{Event, KeyValue, WatchCreateRequest, WatchRequest, WatchResponse};
use glasshouse_core::id::StreamId;
use glasshouse_core::order;

use super::{Property, Violation};
use crate::model::{Change, Model, Version};
use crate::place::MemberNo;

/// The watchers of all clients, and the history that they watch.
#[derive(Debug, Default)]
pub(crate) struct Watchers {
    /// The changes of each revision, in order of keys.
    history: BTreeMap<i64, Vec<Change>>,
    streams: BTreeMap<StreamId, Stream>,
}

#[derive(Debug, Default)]
struct Stream {
    /// Requests that were not answered, oldest first.
    asked: VecDeque<WatchCreateRequest>,
    watchers: BTreeMap<i64, Watcher>,
}

#[derive(Debug)]
struct Watcher {
    request: WatchCreateRequest,
    /// It was told of everything below this revision.
    next: i64,
    /// Changes of the revision `next` that came in fragments.
    begun: usize,
}

impl Watchers {
    /// The committed log has a new revision.
    pub(super) fn on_committed(&mut self, revision: i64, changes: Vec<Change>) {
        if !changes.is_empty() {
            self.history.insert(revision, changes);
        }
    }

    pub(super) fn on_asked(&mut self, id: StreamId, request: &WatchRequest) {
        if let Some(RequestUnion::CreateRequest(create)) = &request.request_union {
            self.streams.entry(id).or_default().asked.push_back(create.clone());
        }
    }

    pub(super) fn on_ended(&mut self, id: StreamId) {
        self.streams.remove(&id);
    }

    /// A response reached its client.
    pub(super) fn on_response(
        &mut self,
        member: MemberNo,
        id: StreamId,
        response: &WatchResponse,
        model: &Model,
    ) -> Option<Violation> {
        let stream = self.streams.get_mut(&id)?;
        let header = response.header.map_or(0, |header| header.revision);
        if response.created {
            let request = stream.asked.pop_front()?;
            if !response.canceled {
                let next = match request.start_revision {
                    ..=0 => header + 1,
                    start => start,
                };
                stream.watchers.insert(response.watch_id, Watcher { request, next, begun: 0 });
            }
            return None;
        }
        if response.canceled {
            let watcher = stream.watchers.remove(&response.watch_id)?;
            return (response.compact_revision != 0 && watcher.next >= model.compacted()).then(
                || {
                    wrong(
                        member,
                        format!("history is compacted up to {}", model.compacted()),
                        format!("a watch from {} on is canceled as compacted", watcher.next),
                    )
                },
            );
        }
        if header > model.revision() {
            let known = format!("the committed log ends at revision {}", model.revision());
            return Some(wrong(member, known, format!("a watcher is told of revision {header}")));
        }
        let history = &self.history;
        if response.events.is_empty() {
            let of_all = response.watch_id < 0;
            let spoken_of = |id: &i64| of_all || *id == response.watch_id;
            let mut watchers = stream.watchers.iter_mut().filter(|(id, _)| spoken_of(id));
            return watchers.find_map(|(_, watcher)| watcher.on_progress(member, header, history));
        }
        let watcher = stream.watchers.get_mut(&response.watch_id)?;
        watcher.on_events(member, response, history, model)
    }

    /// A change that a watcher waits for although there is peace, in one sentence.
    pub(super) fn missing(&self) -> Option<String> {
        let watchers = self
            .streams
            .iter()
            .flat_map(|(id, stream)| stream.watchers.values().map(move |watcher| (id, watcher)));
        watchers.into_iter().find_map(|(id, watcher)| {
            let (revision, change) = watcher.expected(&self.history).next()?;
            let key = change.key.escape_ascii();
            Some(format!("stream {} was not told of {key} at revision {revision}", id.0))
        })
    }
}

impl Watcher {
    fn wants(&self, change: &Change) -> bool {
        let request = &self.request;
        let key = &change.key[..];
        let low: &[u8] = if request.key.is_empty() { b"\0" } else { &request.key };
        let inside = match &request.range_end[..] {
            [] => key == low,
            [0] => key >= low,
            end => low <= key && key < end,
        };
        let kind =
            if change.after.value.is_some() { FilterType::Noput } else { FilterType::Nodelete };
        inside && !request.filters.contains(&(kind as i32))
    }

    /// What it has not been told of, in order.
    fn expected<'a>(
        &'a self,
        history: &'a BTreeMap<i64, Vec<Change>>,
    ) -> impl Iterator<Item = (i64, &'a Change)> {
        let all = history.range(self.next..).flat_map(|(at, all)| all.iter().map(|c| (*at, c)));
        all.filter(|(_, change)| self.wants(change)).skip(self.begun)
    }

    fn on_progress(
        &mut self,
        member: MemberNo,
        revision: i64,
        history: &BTreeMap<i64, Vec<Change>>,
    ) -> Option<Violation> {
        let first = self.expected(history).next().filter(|(at, _)| *at <= revision);
        if let Some((at, change)) = first {
            return Some(wrong(
                member,
                format!("{} changed at revision {at}", change.key.escape_ascii()),
                format!("its watcher is told of progress up to {revision} without it"),
            ));
        }
        self.next = self.next.max(revision + 1);
        None
    }

    fn on_events(
        &mut self,
        member: MemberNo,
        response: &WatchResponse,
        history: &BTreeMap<i64, Vec<Change>>,
        model: &Model,
    ) -> Option<Violation> {
        if !response.events.is_sorted_by_key(revision_of) {
            let known = String::from("revisions are told of in their order");
            return Some(wrong(member, known, format!("a watcher is told {:?}", response.events)));
        }
        let mut events: Vec<&Event> = response.events.iter().collect();
        // Inside a revision they come in the order of the transaction, which the model forgets.
        let name = |event: &Event| event.kv.as_ref().map(|kv| kv.key.clone());
        order::sort_by_key(&mut events, |event| (revision_of(event), name(event)));
        let mut expected = self.expected(history);
        let (mut last, mut of_last) = (0, 0);
        for event in events {
            let verdict = self.judge(member, event, expected.next(), model);
            if verdict.is_some() {
                return verdict;
            }
            of_last = if revision_of(event) == last { of_last + 1 } else { 1 };
            last = revision_of(event);
        }
        let rest = expected.next().filter(|(at, _)| *at == last);
        let missing = rest.map(|(_, change)| change.key.escape_ascii().to_string());
        drop(expected);
        match missing {
            None => (self.next, self.begun) = (last + 1, 0),
            Some(_) if response.fragment => {
                self.begun = if self.next == last { self.begun + of_last } else { of_last };
                self.next = last;
            }
            Some(key) => {
                return Some(wrong(
                    member,
                    format!("{key} changed at revision {last}, too"),
                    format!("a watcher gets only {of_last} events of that revision"),
                ));
            }
        }
        None
    }

    /// Whether an event is the change that has to come next.
    fn judge(
        &self,
        member: MemberNo,
        event: &Event,
        expected: Option<(i64, &Change)>,
        model: &Model,
    ) -> Option<Violation> {
        let pair = event.kv.clone().unwrap_or_default();
        let (at, key) = (pair.mod_revision, pair.key.escape_ascii());
        if at < self.next {
            let known = format!("a watcher was told of everything below {}", self.next);
            return Some(wrong(member, known, format!("it is told of {key} at {at} after that")));
        }
        let Some((revision, change)) = expected else {
            let known = format!("the committed log has nothing for it at revision {at}");
            return Some(wrong(member, known, format!("a watcher is told of {key} at {at}")));
        };
        if revision != at || change.key != pair.key {
            let missed = change.key.escape_ascii();
            let known = format!("{missed} changed at revision {revision}");
            let seen = format!("its watcher is told of {key} at {at} next");
            return Some(wrong(member, known, seen));
        }
        let known = format!("the committed log makes {key} {:?}", change.after);
        Some(wrong(member, known, self.differs(event, &pair, change, revision, model)?))
    }

    /// What is wrong with an event, if anything is.
    fn differs(
        &self,
        event: &Event,
        pair: &KeyValue,
        change: &Change,
        revision: i64,
        model: &Model,
    ) -> Option<String> {
        let put = change.after.value.is_some();
        let kind = if put { EventType::Put } else { EventType::Delete };
        let same = is(pair, &change.after, put) && event.r#type == kind as i32;
        if !same {
            return Some(format!("its watcher is told of {event:?}"));
        }
        let before = change.before.as_ref().filter(|_| self.request.prev_kv);
        match (&event.prev_kv, before) {
            (None, None) => None,
            // Compaction may have taken it.
            (None, Some(_)) if revision - 1 < model.compacted() => None,
            (Some(told), Some(before)) if is(told, before, true) && told.key == pair.key => None,
            (told, known) => Some(format!("the pair before is {told:?} and not {known:?}")),
        }
    }
}

/// Whether a pair is this version of its key.
fn is(pair: &KeyValue, version: &Version, put: bool) -> bool {
    let none = Bytes::new();
    let value = version.value.as_ref().unwrap_or(&none);
    pair.mod_revision == version.revision
        && pair.value == value
        && (!put || (pair.create_revision, pair.version) == (version.created, version.version))
}

fn revision_of(event: &Event) -> i64 {
    event.kv.as_ref().map_or(0, |pair| pair.mod_revision)
}

fn wrong(member: MemberNo, known: String, seen: String) -> Violation {
    Violation::new(Property::Watch, member, known, seen)
}
