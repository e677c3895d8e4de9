//! One stream of a client: its watchers, and what it was sent but has not taken.
//!
//! A stream has *credit* while what lies on the way to its client is little. Events need credit; a
//! watcher without it waits at its cursor, which costs no memory. Answers to the client's own
//! requests (created, canceled, progress) need none: whoever carries the stream stops reading
//! requests while nobody takes the answers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use prost::Message as _;

use super::Responses;
use super::watcher::Watcher;
use crate::api::{Caller, ResponseHeader, WatchResponse};
use crate::id::StreamId;
use crate::limits;

/// Bytes that the fields of a header add when they are filled in.
const HEADER_BYTES: u64 = 40;

#[derive(Debug, Default)]
pub(crate) struct Stream {
    pub(crate) watchers: BTreeMap<i64, Watcher>,
    /// Watchers that wait for credit.
    pub(crate) parked: BTreeSet<i64>,
    /// Watchers that are not synced.
    pub(crate) unsynced: usize,
    /// The tick of the next progress notices.
    pub(crate) notices_at: u64,
    /// It ends when this member has had no leader for a while.
    pub(crate) requires_leader: bool,
    /// Who opened it, and asks all that is asked on it.
    pub(crate) caller: Caller,
    next_watch: i64,
    /// Sizes of the responses that were not taken, oldest first.
    untaken: VecDeque<u64>,
    untaken_bytes: u64,
}

impl Stream {
    pub(crate) fn new(requires_leader: bool, caller: Caller, notices_at: u64) -> Self {
        Self { requires_leader, caller, notices_at, ..Self::default() }
    }

    /// An id that no watcher of the stream has: they are counted from 0.
    pub(crate) fn free_id(&mut self) -> i64 {
        while self.watchers.contains_key(&self.next_watch) {
            self.next_watch += 1;
        }
        self.next_watch += 1;
        self.next_watch - 1
    }

    /// Whether events may be sent.
    pub(crate) fn has_credit(&self) -> bool {
        self.untaken.len() < limits::WATCH_UNTAKEN_RESPONSES_MAX
            && self.untaken_bytes < limits::WATCH_UNTAKEN_BYTES_MAX
    }

    /// Whether parked watchers may go on: not before half of the credit is there, so that they do
    /// not come and go with every response.
    pub(crate) fn has_much_credit(&self) -> bool {
        self.untaken.len() <= limits::WATCH_UNTAKEN_RESPONSES_MAX / 2
            && self.untaken_bytes <= limits::WATCH_UNTAKEN_BYTES_MAX / 2
    }

    /// Sends a response whose header shows `revision`.
    pub(crate) fn send(
        &mut self,
        id: StreamId,
        revision: i64,
        mut response: WatchResponse,
        out: &mut Responses,
    ) {
        response.header = Some(ResponseHeader { revision, ..ResponseHeader::default() });
        let bytes = response.encoded_len() as u64 + HEADER_BYTES;
        self.untaken.push_back(bytes);
        self.untaken_bytes += bytes;
        out.push((id, response));
    }

    /// Sends events; a watcher that asked for fragments gets them in pieces of `bytes_max`.
    pub(crate) fn send_events(
        &mut self,
        id: StreamId,
        revision: i64,
        response: WatchResponse,
        bytes_max: u64,
        out: &mut Responses,
    ) {
        let Some(watcher) = self.watchers.get_mut(&response.watch_id) else { return };
        watcher.heard = true;
        if !watcher.fragment {
            return self.send(id, revision, response, out);
        }
        for piece in fragments(response, bytes_max) {
            self.send(id, revision, piece, out);
        }
    }

    /// The client took its oldest responses.
    pub(crate) fn taken(&mut self, responses: u64) {
        for _ in 0..responses {
            let Some(bytes) = self.untaken.pop_front() else { return };
            self.untaken_bytes -= bytes;
        }
    }

    /// Responses that were not taken.
    pub(crate) fn untaken(&self) -> usize {
        self.untaken.len()
    }
}

/// Cuts a response into pieces of less than `bytes_max`, each with at least one event and all but
/// the last one marked (etcd `sendFragments`, `server/etcdserver/api/v3rpc/watch.go`).
fn fragments(response: WatchResponse, bytes_max: u64) -> Vec<WatchResponse> {
    let head = HEADER_BYTES + 2;
    if response.encoded_len() as u64 + head < bytes_max || response.events.len() < 2 {
        return vec![response];
    }
    let watch_id = response.watch_id;
    let empty = || WatchResponse { watch_id, fragment: true, ..WatchResponse::default() };
    let base = empty().encoded_len() as u64 + head;
    let mut pieces = vec![empty()];
    let mut bytes = base;
    for event in response.events {
        let length = event.encoded_len();
        let more = (1 + prost::length_delimiter_len(length) + length) as u64;
        if bytes + more >= bytes_max && pieces.last().is_some_and(|piece| !piece.events.is_empty())
        {
            pieces.push(empty());
            bytes = base;
        }
        bytes += more;
        if let Some(piece) = pieces.last_mut() {
            piece.events.push(event);
        }
    }
    if let Some(last) = pieces.last_mut() {
        last.fragment = false;
    }
    pieces
}
