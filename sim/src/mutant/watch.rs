//! Planted faults of watches: one for each of etcd's guarantees to watchers, and those that etcd had.
//!
//! They sit on the streams between a sound member and its clients, and change what is said there.
//!
//! | guarantee | planted fault |
//! | --- | --- |
//! | ordered | the events of a response come backwards |
//! | unique | a response is sent twice; a transaction's event is; a watch begins before it should |
//! | reliable | an event is left out: any, one for a slow client, a delete that was compacted |
//! | atomic | a revision comes in two responses that do not say so |
//! | resumable | a watch that goes on from a revision begins behind it |
//! | bookmarkable | progress overtakes events |
//! | `prev_kv` | the pair before is the pair after |
//! | `is_create` | every put seems to make its key |
//! | filter | filters are forgotten |

use std::collections::{BTreeMap, BTreeSet};

use glasshouse_core::api::mvccpb::event::EventType;
use glasshouse_core::api::response_op::Response as Done;
use glasshouse_core::api::watch_request::RequestUnion;
use glasshouse_core::api::{
    self, Event, KeyValue, Response, ResponseOp, WatchRequest, WatchResponse,
};
use glasshouse_core::id::StreamId;

use super::{Mutant, Plants};
use crate::place::MemberNo;
use crate::world::State;

/// A fault that would show at once touches one response with events in this many.
const EVERY: u64 = 10;
/// A client is slow when it has not taken so many responses.
const SLOW: u64 = 6;
/// How far a watch goes back that goes on elsewhere.
const GOES_BACK: i64 = 2;
/// So many revisions are remembered to come from transactions.
const TXNS: usize = 256;

/// What planted faults of watches remember.
#[derive(Debug, Default)]
pub(crate) struct Watching {
    with_events: u64,
    /// Events that the next word of progress overtakes.
    held: BTreeMap<StreamId, WatchResponse>,
    /// Responses that clients have not taken yet.
    untaken: BTreeMap<StreamId, u64>,
    /// Revisions that transactions made, the newest ones.
    txns: BTreeSet<i64>,
}

/// Where the history of a member begins and ends.
#[derive(Clone, Copy, Debug)]
struct History {
    revision: i64,
    compacted: i64,
}

impl State {
    /// A request of a watcher as a sick member reads it.
    pub(crate) fn as_the_watch_is_read(&self, no: MemberNo, request: &mut WatchRequest) {
        if let Some(history) = self.history_of(no).filter(|_| !self.plants.is_empty()) {
            ask(&self.plants, no, history, request);
        }
    }

    /// What a client of a sick member hears instead of a response.
    pub(crate) fn as_the_watch_is_told(
        &mut self,
        no: MemberNo,
        stream: StreamId,
        response: WatchResponse,
    ) -> Vec<WatchResponse> {
        match self.history_of(no).filter(|_| !self.plants.is_empty()) {
            Some(history) => self.memory.watch.tell(&self.plants, no, history, stream, response),
            None => vec![response],
        }
    }

    /// A member answers a call; if that is a transaction that wrote, its revision is remembered.
    pub(crate) fn remember_txn(&mut self, result: &Result<Response, api::Error>) {
        let Ok(Response::Txn(done)) = result else { return };
        let put = |one: &ResponseOp| matches!(one.response, Some(Done::ResponsePut(_)));
        if done.responses.iter().any(put) {
            let txns = &mut self.memory.watch.txns;
            txns.extend(done.header.map(|header| header.revision));
            while txns.len() > TXNS {
                txns.pop_first();
            }
        }
    }

    /// A client has taken responses of a stream.
    pub(crate) fn remember_taken(&mut self, stream: StreamId, responses: u64) {
        if let Some(untaken) = self.memory.watch.untaken.get_mut(&stream) {
            *untaken = untaken.saturating_sub(responses);
        }
    }

    fn history_of(&self, no: MemberNo) -> Option<History> {
        let mvcc = self.member(no).node()?.view().mvcc();
        Some(History { revision: mvcc.revision(), compacted: mvcc.compacted() })
    }
}

fn ask(plants: &Plants, no: MemberNo, history: History, request: &mut WatchRequest) {
    let Some(RequestUnion::CreateRequest(create)) = &mut request.request_union else { return };
    let start = &mut create.start_revision;
    // M39
    if plants.has(Mutant::ForgottenFilter, no) {
        create.filters.clear();
    }
    // M36
    if plants.has(Mutant::LateResume, no) && *start > 0 {
        *start += 1;
    }
    // M19: it goes on from where its former member had been, not from where its client was.
    if plants.has(Mutant::ReplayOnReconnect, no) && *start > history.compacted + GOES_BACK {
        *start -= GOES_BACK;
    }
    // M23: what is asked for has not happened yet, so it is told what happens next.
    if plants.has(Mutant::FutureWatch, no) && *start > history.revision + 1 {
        *start = 0;
    }
}

impl Watching {
    /// What becomes of a response on its way to a client.
    fn tell(
        &mut self,
        plants: &Plants,
        no: MemberNo,
        history: History,
        stream: StreamId,
        mut response: WatchResponse,
    ) -> Vec<WatchResponse> {
        let had_events = !response.events.is_empty();
        self.with_events += u64::from(had_events);
        let is_hit = had_events && self.with_events.is_multiple_of(EVERY);
        let has = |mutant| plants.has(mutant, no);
        let mut before = None;
        if has(Mutant::DeleteLostInCompaction) {
            response.events.retain(|event| !is_compacted_delete(event, history.compacted));
        }
        if has(Mutant::SlowWatcherLoses) && self.is_slow(stream) {
            response.events.clear();
        }
        if has(Mutant::LostEvent) && is_hit {
            response.events.pop();
        }
        if had_events && response.events.is_empty() {
            return Vec::new();
        }
        if has(Mutant::SlowWatcherLoses) {
            *self.untaken.entry(stream).or_default() += 1;
        }
        if has(Mutant::DoubledTxnEvent) {
            double_of_txn(&self.txns, &mut response);
        }
        if has(Mutant::DoubledEvent) && is_hit {
            before = Some(response.clone());
        }
        if has(Mutant::BackwardEvents) {
            response.events.reverse();
        }
        if has(Mutant::TornRevision) {
            before = tear(&mut response);
        }
        if has(Mutant::FalsePrevKv) {
            response.events.iter_mut().for_each(falsify_prev_kv);
        }
        if has(Mutant::FalseCreate) {
            response.events.iter_mut().for_each(falsify_create);
        }
        if has(Mutant::OvertakingProgress) {
            return self.hold(stream, response);
        }
        before.into_iter().chain([response]).collect()
    }

    fn is_slow(&self, stream: StreamId) -> bool {
        self.untaken.get(&stream).is_some_and(|untaken| *untaken >= SLOW)
    }

    /// M21: events wait, one response of each stream; whatever comes next goes ahead of them if it is
    /// progress, and behind them if it is not.
    fn hold(&mut self, stream: StreamId, response: WatchResponse) -> Vec<WatchResponse> {
        let is_progress = response.events.is_empty() && !response.created && !response.canceled;
        let held = self.held.remove(&stream);
        if is_progress {
            return [response].into_iter().chain(held).collect();
        }
        if response.events.is_empty() {
            return held.into_iter().chain([response]).collect();
        }
        self.held.insert(stream, response);
        held.into_iter().collect()
    }
}

fn revision(event: &Event) -> i64 {
    event.kv.as_ref().map_or(0, |pair| pair.mod_revision)
}

/// M18: the delete of a key at the compacted revision, whose tombstone compaction took away.
fn is_compacted_delete(event: &Event, compacted: i64) -> bool {
    event.r#type == EventType::Delete as i32 && revision(event) == compacted
}

/// M22: the last change is told twice, if a transaction made it.
fn double_of_txn(txns: &BTreeSet<i64>, response: &mut WatchResponse) {
    let last = response.events.last().filter(|event| txns.contains(&revision(event)));
    if let Some(again) = last.cloned() {
        response.events.push(again);
    }
}

/// M35: cuts a response inside its last revision, if it can be; gives the first part.
fn tear(response: &mut WatchResponse) -> Option<WatchResponse> {
    let [.., left, right] = &response.events[..] else { return None };
    if revision(left) != revision(right) {
        return None;
    }
    let last = response.events.pop();
    let first = response.clone();
    response.events = last.into_iter().collect();
    Some(first)
}

/// M37
fn falsify_prev_kv(event: &mut Event) {
    if event.prev_kv.is_some() {
        event.prev_kv.clone_from(&event.kv);
    }
}

/// M38
fn falsify_create(event: &mut Event) {
    let is_put = |pair: &&mut KeyValue| pair.version > 0;
    if let Some(pair) = event.kv.as_mut().filter(is_put) {
        (pair.create_revision, pair.version) = (pair.mod_revision, 1);
    }
}
