//! Watches: clients hear of every change of the keys that they name, from any revision on.
//!
//! A watcher has a **cursor**: the first revision that it was not sent. Everything below follows
//! from one rule, *what is sent starts at the cursor, and the cursor then stands behind it*: nothing
//! is lost, nothing comes twice, everything comes in order.
//!
//! ```text
//!        history in the store                                 head
//!   ──┬─────────┬───────────────────────┬──────────────────────┬─────────►  revisions
//!     │ gone    │                       │                      │
//!   compacted   │                     behind                 synced
//!   (canceled)  │               cursor in the past:       cursor after the head:
//!               │               catch_up.rs reads         apply passes each new
//!             parked            history for it, in        revision on at once
//!        its client takes       bounded batches                │
//!        nothing: it waits            │ ▲                      │
//!               ▲                     ▼ │ caught up            │
//!               └──── no credit ──── behind ◄──── no credit ───┘
//! ```
//!
//! What a client is sent but has not taken is bounded, for each stream (`stream.rs`). A watcher
//! whose stream has no credit does not keep events in memory; it keeps its cursor, and reads them
//! from the store when the client goes on. So a slow client costs no more than a fast one, and holds
//! nobody else back.
//!
//! What clients may rely on, as with etcd:
//!
//! - **ordered, unique, reliable**: the rule of the cursor;
//! - **atomic**: the events of one revision come in one response (or in its fragments);
//! - **resumable**: a watch that begins at the revision after the last event that was seen misses
//!   nothing, at any member, unless that was compacted, which it is told;
//! - **bookmarkable**: a progress response says that everything up to its revision was sent; it is
//!   sent only when that is true of every watcher that it speaks for.
//!
//! Watches are this member's memory alone: they are not in the log and do not survive a restart.
//! Clients resume elsewhere. A snapshot that replaces the store turns all watchers behind
//! ([`Watches::resync`]).
//!
//! etcd's counterparts: `server/storage/mvcc/watchable_store.go`, `watcher.go`,
//! `server/etcdserver/api/v3rpc/watch.go`.

mod catch_up;
pub(crate) mod ranges;
mod stream;
#[cfg(test)]
mod tests;
mod watcher;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use self::ranges::{Ranges, Span};
use self::stream::Stream;
use self::watcher::{Place, Watcher, WatcherId};
use crate::api::watch_request::RequestUnion;
use crate::api::{self, WatchCreateRequest, WatchRequest, WatchResponse};
use crate::id::StreamId;
use crate::limits;
use crate::mvcc::Mvcc;

/// The id in responses that speak of no watcher or of all.
const NO_WATCHER: i64 = -1;

/// Responses on their way out, in order. Their headers hold a revision and nothing else.
pub(crate) type Responses = Vec<(StreamId, WatchResponse)>;

/// The watchers of a member.
#[derive(Debug)]
pub struct Watches {
    streams: BTreeMap<StreamId, Stream>,
    /// Those that apply tells of new revisions.
    synced: Ranges<WatcherId>,
    /// Those that read history, by cursor.
    behind: BTreeSet<(i64, WatcherId)>,
    /// Where the next scan looks for somebody to serve.
    turn: (i64, WatcherId),
    /// Streams whose clients asked how far their watchers are, while some were behind.
    progress: BTreeSet<StreamId>,
    /// When each stream sends its next progress notices.
    notices: BTreeSet<(u64, StreamId)>,
    /// Ticks between two progress notices of a watcher.
    notice_ticks: u64,
    /// The size from which on a response is cut into fragments, for watchers that asked for it.
    fragment_bytes: u64,
}

/// The watchers of a member, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WatchCounts {
    /// Open streams.
    pub streams: u64,
    /// Watchers of all streams.
    pub watchers: u64,
    /// Those of them that have everything up to now.
    pub synced: u64,
    /// Responses that clients have not taken.
    pub untaken: u64,
}

impl Watches {
    /// No watchers. `max_request_bytes` is the largest request of the member.
    pub(crate) fn new(notice_ticks: u64, max_request_bytes: u64) -> Self {
        Self {
            streams: BTreeMap::new(),
            synced: Ranges::default(),
            behind: BTreeSet::new(),
            turn: (0, catch_up::FIRST),
            progress: BTreeSet::new(),
            notices: BTreeSet::new(),
            notice_ticks: notice_ticks.max(1),
            fragment_bytes: max_request_bytes + limits::GRPC_OVERHEAD_BYTES,
        }
    }

    /// How many there are.
    #[must_use]
    pub fn counts(&self) -> WatchCounts {
        let mut counts = WatchCounts::default();
        for stream in self.streams.values() {
            counts.streams += 1;
            counts.watchers += stream.watchers.len() as u64;
            counts.synced += (stream.watchers.len() - stream.unsynced) as u64;
            counts.untaken += stream.untaken() as u64;
        }
        counts
    }

    // --- streams ---

    pub(crate) fn open(
        &mut self,
        id: StreamId,
        requires_leader: bool,
        caller: api::Caller,
        tick: u64,
    ) {
        // Streams that begin together shall not all be noticed together.
        let notices_at = tick + self.notice_ticks + id.0 % (self.notice_ticks / 10 + 1);
        self.streams.insert(id, Stream::new(requires_leader, caller, notices_at));
        self.notices.insert((notices_at, id));
    }

    pub(crate) fn close(&mut self, id: StreamId) {
        let Some(stream) = self.streams.get(&id) else { return };
        let watchers: Vec<i64> = stream.watchers.keys().copied().collect();
        let notices_at = stream.notices_at;
        for watch in watchers {
            self.remove(WatcherId { stream: id, watch });
        }
        self.notices.remove(&(notices_at, id));
        self.progress.remove(&id);
        self.streams.remove(&id);
    }

    /// The streams that end when there is no leader.
    pub(crate) fn requiring_leader(&self) -> Vec<StreamId> {
        let requiring = |(_, stream): &(&StreamId, &Stream)| stream.requires_leader;
        self.streams.iter().filter(requiring).map(|(id, _)| *id).collect()
    }

    /// Who opened a stream.
    pub(crate) fn caller(&self, id: StreamId) -> Option<&api::Caller> {
        self.streams.get(&id).map(|stream| &stream.caller)
    }

    /// All streams.
    pub(crate) fn all(&self) -> Vec<StreamId> {
        self.streams.keys().copied().collect()
    }

    /// The client took its oldest `responses`.
    pub(crate) fn on_taken(&mut self, id: StreamId, responses: u64) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        stream.taken(responses);
        if !stream.has_much_credit() {
            return;
        }
        for watch in std::mem::take(&mut stream.parked) {
            if let Some(watcher) = stream.watchers.get_mut(&watch) {
                watcher.place = Place::Behind;
                self.behind.insert((watcher.cursor, WatcherId { stream: id, watch }));
            }
        }
    }

    // --- requests ---

    pub(crate) fn on_request(
        &mut self,
        id: StreamId,
        request: WatchRequest,
        user: Option<String>,
        mvcc: &Mvcc,
        out: &mut Responses,
    ) {
        match request.request_union {
            Some(RequestUnion::CreateRequest(create)) => {
                self.create(id, &create, user, mvcc, out);
            }
            Some(RequestUnion::CancelRequest(cancel)) => {
                let watcher = WatcherId { stream: id, watch: cancel.watch_id };
                self.cancel(watcher, mvcc.revision(), out);
            }
            // Answered at once when that is possible: what is asked later must not hold it up.
            Some(RequestUnion::ProgressRequest(_)) if self.streams.contains_key(&id) => {
                self.progress.insert(id);
                self.answer_progress(mvcc.revision(), out);
            }
            // etcd ignores what it does not know.
            Some(RequestUnion::ProgressRequest(_)) | None => {}
        }
    }

    fn create(
        &mut self,
        id: StreamId,
        request: &WatchCreateRequest,
        user: Option<String>,
        mvcc: &Mvcc,
        out: &mut Responses,
    ) {
        let revision = mvcc.revision();
        let Some(stream) = self.streams.get_mut(&id) else { return };
        let span = match admit(stream, request) {
            Ok(span) => span,
            Err(reason) => return self.refuse(id, reason.to_owned(), revision, out),
        };
        let watch = if request.watch_id == 0 { stream.free_id() } else { request.watch_id };
        let cursor = match request.start_revision {
            0 => revision + 1,
            // As etcd: no history is below 0, and what was never compacted is not lost.
            start if start < 0 && start >= mvcc.compacted() => revision + 1,
            start => start,
        };
        let watcher_id = WatcherId { stream: id, watch };
        let place = if cursor > revision { Place::Synced } else { Place::Behind };
        if place == Place::Synced {
            self.synced.insert(&span, watcher_id);
        } else {
            stream.unsynced += 1;
            self.behind.insert((cursor, watcher_id));
        }
        stream.watchers.insert(watch, Watcher::new(request, user, span, cursor, place));
        let response = WatchResponse { watch_id: watch, created: true, ..WatchResponse::default() };
        stream.send(id, revision, response, out);
    }

    /// Tells a client that a watcher was not created, in one message: created, and canceled.
    pub(crate) fn refuse(
        &mut self,
        id: StreamId,
        cancel_reason: String,
        revision: i64,
        out: &mut Responses,
    ) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        let response = WatchResponse {
            watch_id: NO_WATCHER,
            created: true,
            canceled: true,
            cancel_reason,
            ..WatchResponse::default()
        };
        stream.send(id, revision, response, out);
    }

    /// Cancels the watchers for which `judge` finds a reason: it sees the user who made each, the key
    /// and the end of its range.
    pub(crate) fn cancel_where(
        &mut self,
        judge: impl Fn(Option<&str>, &[u8], &[u8]) -> Option<String>,
        revision: i64,
        out: &mut Responses,
    ) {
        let mut canceled = Vec::new();
        for (stream, watchers) in self.streams.iter().map(|(id, stream)| (*id, &stream.watchers)) {
            for (watch, watcher) in watchers {
                let (key, range_end) = watcher.span.as_range();
                if let Some(reason) = judge(watcher.user.as_deref(), key, range_end) {
                    canceled.push((WatcherId { stream, watch: *watch }, reason));
                }
            }
        }
        for (id, cancel_reason) in canceled {
            self.remove(id);
            let Some(stream) = self.streams.get_mut(&id.stream) else { continue };
            let response = WatchResponse {
                watch_id: id.watch,
                canceled: true,
                cancel_reason,
                ..WatchResponse::default()
            };
            stream.send(id.stream, revision, response, out);
        }
    }

    fn cancel(&mut self, id: WatcherId, revision: i64, out: &mut Responses) {
        if self.remove(id)
            && let Some(stream) = self.streams.get_mut(&id.stream)
        {
            let response =
                WatchResponse { watch_id: id.watch, canceled: true, ..WatchResponse::default() };
            stream.send(id.stream, revision, response, out);
        }
    }

    /// Takes a watcher out of everything; `false` when there is none.
    fn remove(&mut self, id: WatcherId) -> bool {
        let Some(stream) = self.streams.get_mut(&id.stream) else { return false };
        let Some(watcher) = stream.watchers.remove(&id.watch) else { return false };
        match watcher.place {
            Place::Synced => self.synced.remove(&watcher.span, id),
            Place::Behind => {
                self.behind.remove(&(watcher.cursor, id));
            }
            Place::Parked => {
                stream.parked.remove(&id.watch);
            }
        }
        stream.unsynced -= usize::from(watcher.place != Place::Synced);
        true
    }

    fn watcher(&self, id: WatcherId) -> Option<&Watcher> {
        self.streams.get(&id.stream)?.watchers.get(&id.watch)
    }

    // --- what happens to the store ---

    /// Revisions above `before` were applied: synced watchers hear of them.
    pub(crate) fn on_applied(&mut self, before: i64, mvcc: &Mvcc, out: &mut Responses) {
        if self.synced.is_empty() || mvcc.revision() == before {
            return;
        }
        let mut wanted: BTreeMap<(i64, WatcherId), Vec<api::Event>> = BTreeMap::new();
        mvcc.visit_history(before + 1, |change| {
            let revision = change.row.revision.main;
            self.synced.visit(change.key, |id| {
                if let Some(watcher) = self.watcher(id).filter(|watcher| watcher.wants(change)) {
                    // Without credit the event is not made, only missed.
                    let event = self
                        .streams
                        .get(&id.stream)
                        .is_some_and(Stream::has_credit)
                        .then(|| watcher.event(change, mvcc));
                    wanted.entry((revision, id)).or_default().extend(event);
                }
            });
            ControlFlow::Continue(())
        });
        for ((revision, id), events) in wanted {
            self.deliver(id, revision, events, out);
        }
    }

    /// Sends the events of one revision to a synced watcher, or leaves it behind at that revision.
    fn deliver(
        &mut self,
        id: WatcherId,
        revision: i64,
        events: Vec<api::Event>,
        out: &mut Responses,
    ) {
        let Some(stream) = self.streams.get_mut(&id.stream) else { return };
        let has_credit = stream.has_credit() && !events.is_empty();
        let Some(watcher) = stream.watchers.get_mut(&id.watch) else { return };
        if watcher.place != Place::Synced {
            // An earlier revision of the same entry left it behind.
            return;
        }
        if has_credit {
            let response = WatchResponse { watch_id: id.watch, events, ..WatchResponse::default() };
            return stream.send_events(id.stream, revision, response, self.fragment_bytes, out);
        }
        watcher.cursor = revision;
        watcher.place = Place::Parked;
        self.synced.remove(&watcher.span, id);
        stream.parked.insert(id.watch);
        stream.unsynced += 1;
    }

    /// The store was replaced by another member's, which is ahead of the revision `before`: all
    /// watchers read from there what they have not seen.
    pub(crate) fn resync(&mut self, before: i64) {
        self.synced = Ranges::default();
        for (id, stream) in &mut self.streams {
            for (watch, watcher) in &mut stream.watchers {
                if watcher.place == Place::Synced {
                    watcher.place = Place::Behind;
                    watcher.cursor = watcher.cursor.max(before + 1);
                    stream.unsynced += 1;
                    self.behind.insert((watcher.cursor, WatcherId { stream: *id, watch: *watch }));
                }
            }
        }
    }

    // --- progress ---

    /// Answers progress requests of streams whose watchers have all caught up.
    ///
    /// etcd does not answer at all while a watcher is behind; here the answer comes when it is true.
    pub(crate) fn answer_progress(&mut self, revision: i64, out: &mut Responses) {
        let streams = &mut self.streams;
        self.progress.retain(|id| {
            let Some(stream) = streams.get_mut(id) else { return false };
            if stream.unsynced > 0 {
                return true;
            }
            // Nobody speaks for no watchers, nor for one that begins in the future.
            let all_began = stream.watchers.values().all(|watcher| watcher.cursor <= revision + 1);
            if all_began && !stream.watchers.is_empty() {
                let response = WatchResponse { watch_id: NO_WATCHER, ..WatchResponse::default() };
                stream.send(*id, revision, response, out);
            }
            false
        });
    }

    /// Sends the progress notices that are due to synced watchers that asked for them and have not
    /// heard anything else meanwhile.
    pub(crate) fn notify_progress(&mut self, tick: u64, revision: i64, out: &mut Responses) {
        while let Some(&(at, id)) = self.notices.first().filter(|(at, _)| *at <= tick) {
            self.notices.remove(&(at, id));
            let Some(stream) = self.streams.get_mut(&id) else { continue };
            stream.notices_at = tick + self.notice_ticks;
            self.notices.insert((stream.notices_at, id));
            let due: Vec<i64> = stream
                .watchers
                .iter_mut()
                .filter(|(_, watcher)| watcher.progress_notify)
                .filter_map(|(watch, watcher)| {
                    let heard = std::mem::take(&mut watcher.heard);
                    let current = watcher.place == Place::Synced && watcher.cursor <= revision + 1;
                    (current && !heard).then_some(*watch)
                })
                .collect();
            if !stream.has_credit() {
                continue;
            }
            for watch_id in due {
                let response = WatchResponse { watch_id, ..WatchResponse::default() };
                stream.send(id, revision, response, out);
            }
        }
    }
}

/// What etcd refuses when a watcher is to be created, with its reasons
/// (`server/storage/mvcc/watcher.go`).
fn admit(stream: &Stream, request: &WatchCreateRequest) -> Result<Span, &'static str> {
    let span = Span::new(&request.key, &request.range_end).ok_or("mvcc: watcher range is empty")?;
    if request.watch_id != 0 && stream.watchers.contains_key(&request.watch_id) {
        return Err("mvcc: duplicate watch ID provided on the WatchStream");
    }
    Ok(span)
}
