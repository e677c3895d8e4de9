//! Watchers that are behind, and how they come to the present.
//!
//! One scan of the history serves all watchers whose cursors it passes, and a step makes one scan
//! of bounded length. Who is next goes round by cursor, so that a watcher that is a million
//! revisions behind does not make one wait that is ten behind:
//!
//! ```text
//!   cursors      a b                    c          d   | head
//!   1st step     a b──────►
//!   2nd step                            c────►
//!   3rd step                                       d───► synced
//!   4th step              a b──────►
//! ```
//!
//! A cursor below the compacted revision cannot be served: the watcher is canceled, with the
//! revision from which on it may watch again.

use std::ops::ControlFlow;

use prost::Message as _;

use super::ranges::Ranges;
use super::watcher::{Place, WatcherId};
use super::{Responses, Watches};
use crate::api::{Event, WatchResponse};
use crate::id::StreamId;
use crate::limits;
use crate::mvcc::{Change, Mvcc};

/// In front of all watchers at a cursor.
pub(super) const FIRST: WatcherId = WatcherId { stream: StreamId(0), watch: i64::MIN };
/// Behind all watchers at a cursor.
const LAST: WatcherId = WatcherId { stream: StreamId(u64::MAX), watch: i64::MAX };

/// A watcher in a scan.
struct Rider {
    id: WatcherId,
    cursor: i64,
    events: Vec<Event>,
    bytes: u64,
    revisions: u32,
    last: i64,
    /// Its response is full: it has everything below this revision and nothing from it on.
    full_at: Option<i64>,
}

impl Watches {
    /// Whether a scan would find somebody to serve.
    #[must_use]
    pub fn is_catching_up(&self) -> bool {
        !self.behind.is_empty()
    }

    /// Brings some of those that are behind forward by one scan.
    pub(crate) fn catch_up(&mut self, mvcc: &Mvcc, out: &mut Responses) {
        let Some(from) = self.next_cursor(mvcc, out) else { return };
        self.park_idle(from);
        let riders = self.board(from);
        let (riders, reached) = self.scan(from, riders, mvcc);
        if mvcc.failure().is_some() {
            return;
        }
        for rider in riders {
            self.step_off(rider, reached, mvcc, out);
        }
        self.turn = (reached, LAST);
    }

    /// The cursor from which the next scan starts. On the way those that cannot be served leave.
    fn next_cursor(&mut self, mvcc: &Mvcc, out: &mut Responses) -> Option<i64> {
        loop {
            let next = self.behind.range(self.turn..).next().or_else(|| self.behind.first());
            let (cursor, id) = *next?;
            if !self.has_credit(id) {
                self.park(cursor, id);
            } else if cursor < mvcc.compacted() {
                self.cancel_compacted(id, mvcc, out);
            } else {
                return Some(cursor);
            }
        }
    }

    /// Parks those among the next of a scan from `from` that have no credit.
    fn park_idle(&mut self, from: i64) {
        let idle: Vec<(i64, WatcherId)> = self
            .behind
            .range((from, FIRST)..)
            .take(limits::WATCH_SCAN_WATCHERS_MAX)
            .filter(|(_, id)| !self.has_credit(*id))
            .copied()
            .collect();
        idle.into_iter().for_each(|(cursor, id)| self.park(cursor, id));
    }

    fn has_credit(&self, id: WatcherId) -> bool {
        self.streams.get(&id.stream).is_some_and(super::Stream::has_credit)
    }

    fn park(&mut self, cursor: i64, id: WatcherId) {
        self.behind.remove(&(cursor, id));
        if let Some(stream) = self.streams.get_mut(&id.stream)
            && let Some(watcher) = stream.watchers.get_mut(&id.watch)
        {
            watcher.place = Place::Parked;
            stream.parked.insert(id.watch);
        }
    }

    fn cancel_compacted(&mut self, id: WatcherId, mvcc: &Mvcc, out: &mut Responses) {
        self.remove(id);
        let Some(stream) = self.streams.get_mut(&id.stream) else { return };
        let response = WatchResponse {
            watch_id: id.watch,
            canceled: true,
            compact_revision: mvcc.compacted(),
            ..WatchResponse::default()
        };
        // etcd's header of this response has no revision.
        stream.send(id.stream, 0, response, out);
    }

    /// Those who take part in a scan from `from`: the next in order of cursors.
    fn board(&self, from: i64) -> Vec<Rider> {
        self.behind
            .range((from, FIRST)..)
            .filter(|(_, id)| self.has_credit(*id))
            .take(limits::WATCH_SCAN_WATCHERS_MAX)
            .map(|&(cursor, id)| Rider {
                id,
                cursor,
                events: Vec::new(),
                bytes: 0,
                revisions: 0,
                last: 0,
                full_at: None,
            })
            .collect()
    }

    /// Reads history from `from` on. Returns the riders with their events, and the revision in
    /// front of which the scan ended: always between two revisions.
    fn scan(&self, from: i64, mut riders: Vec<Rider>, mvcc: &Mvcc) -> (Vec<Rider>, i64) {
        let mut ranges = Ranges::default();
        for (number, rider) in riders.iter().enumerate() {
            if let Some(watcher) = self.watcher(rider.id) {
                ranges.insert(&watcher.span, number);
            }
        }
        let (mut rows, mut bytes, mut at) = (0, 0, from);
        let mut reached = mvcc.revision() + 1;
        mvcc.visit_history(from, |change| {
            let revision = change.row.revision.main;
            if revision > at {
                at = revision;
                if rows >= limits::WATCH_SCAN_ROWS_MAX || bytes >= limits::WATCH_SCAN_BYTES_MAX {
                    reached = revision;
                    return ControlFlow::Break(());
                }
            }
            rows += 1;
            ranges.visit(change.key, |number| {
                bytes += self.take_on(&mut riders[number], change, mvcc);
            });
            ControlFlow::Continue(())
        });
        (riders, reached)
    }

    /// Gives a change to a rider, if it wants it; returns its bytes.
    fn take_on(&self, rider: &mut Rider, change: &Change<'_>, mvcc: &Mvcc) -> u64 {
        let Some(watcher) = self.watcher(rider.id) else { return 0 };
        if rider.full_at.is_some() || !watcher.wants(change) {
            return 0;
        }
        let revision = change.row.revision.main;
        if revision > rider.last {
            if rider.bytes >= limits::WATCH_RESPONSE_BYTES_MAX
                || rider.revisions >= limits::WATCH_RESPONSE_REVISIONS_MAX
            {
                rider.full_at = Some(revision);
                return 0;
            }
            rider.last = revision;
            rider.revisions += 1;
        }
        let event = watcher.event(change, mvcc);
        let bytes = event.encoded_len() as u64;
        rider.bytes += bytes;
        rider.events.push(event);
        bytes
    }

    /// Sends what a rider gathered and puts it where it belongs then.
    fn step_off(&mut self, rider: Rider, reached: i64, mvcc: &Mvcc, out: &mut Responses) {
        let cursor = rider.full_at.unwrap_or(reached).max(rider.cursor);
        if cursor == rider.cursor && cursor <= mvcc.revision() {
            // The scan ended before it came to this one.
            return;
        }
        self.behind.remove(&(rider.cursor, rider.id));
        let Some(stream) = self.streams.get_mut(&rider.id.stream) else { return };
        if let Some(watcher) = stream.watchers.get_mut(&rider.id.watch) {
            watcher.cursor = cursor;
            if cursor > mvcc.revision() {
                watcher.place = Place::Synced;
                stream.unsynced -= 1;
                self.synced.insert(&watcher.span, rider.id);
            } else {
                self.behind.insert((cursor, rider.id));
            }
        }
        if !rider.events.is_empty() {
            let watch_id = rider.id.watch;
            let response =
                WatchResponse { watch_id, events: rider.events, ..WatchResponse::default() };
            // What the header says must not be ahead of what was sent.
            let bytes_max = self.fragment_bytes;
            stream.send_events(rider.id.stream, cursor - 1, response, bytes_max, out);
        }
    }
}
