//! Background watchers: clients that watch, fall behind, lose their member and go on elsewhere.
//!
//! Each has one stream with one watch on it, and remembers the revision after the last one that it
//! was told of. When the stream breaks it goes on from there at another member; when that revision
//! is compacted it begins where history begins. Now and then it reads nothing for a while, asks for
//! progress, or watches something else. What it is told is judged by the checker, not here.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use glasshouse_core::api::watch_create_request::FilterType;
use glasshouse_core::api::watch_request::RequestUnion;
use glasshouse_core::api::{WatchCreateRequest, WatchProgressRequest, WatchRequest, WatchResponse};
use glasshouse_core::id::StreamId;

use crate::clock::{MILLIS, Nanos, SECOND};
use crate::login::Login;
use crate::place::{ClientNo, MemberNo};
use crate::rng::Stream;
use crate::stream::{Heard, Said, StreamEnd};
use crate::workload::{Workload, any_member};
use crate::world::{State, lock};

/// One in this many (in millionths) rounds reads nothing for a while.
const IDLES: u32 = 30_000;
/// So many ask for progress.
const ASKS: u32 = 100_000;
/// So many give the watch up and begin another.
const MOVES: u32 = 20_000;

/// The client of one stream.
struct Watcher {
    no: ClientNo,
    random: Stream,
    keys: u64,
    members: u8,
    member: MemberNo,
    request: WatchCreateRequest,
    /// Who it is, when it is asked.
    login: Login,
}

/// The task of one watcher of a workload; it watches until the world ends.
pub(crate) async fn watch(
    state: Arc<Mutex<State>>,
    no: ClientNo,
    stream: u64,
    workload: Arc<Workload>,
) {
    let (seed, members) = {
        let state = lock(&state);
        (state.spec.seed, state.spec.members)
    };
    let mut random = Stream::new(seed, "watcher", stream, 0);
    let member = any_member(&mut random, members);
    let keys = workload.keys.max(1);
    let request = WatchCreateRequest::default();
    let mut watcher =
        Watcher { no, random, keys, members, member, request, login: Login::of_client(no) };
    // The members need a moment to start.
    pause(&mut watcher.random, SECOND, 3 * SECOND).await;
    loop {
        if watcher.request.key.is_empty() {
            watcher.choose();
        }
        watcher.listen(&state).await;
        watcher.member = any_member(&mut watcher.random, watcher.members);
        pause(&mut watcher.random, 10 * MILLIS, 200 * MILLIS).await;
    }
}

async fn pause(random: &mut Stream, from: Nanos, to: Nanos) {
    let span = random.between(from, to);
    madsim::time::sleep(Duration::from_nanos(span)).await;
}

impl Watcher {
    /// What to watch next: all keys, a range or one key, with options.
    fn choose(&mut self) {
        let first = self.random.below(self.keys);
        let last = self.random.below(self.keys);
        let (kind, options) = (self.random.below(3), self.random.below(8));
        let name = |number: u64| Bytes::from(format!("key{number:03}"));
        let (key, range_end) = match kind {
            0 => (Bytes::from_static(b"key"), Bytes::from_static(b"kez")),
            1 => (name(first.min(last)), name(first.max(last) + 1)),
            _ => (name(first), Bytes::new()),
        };
        let filters = match options {
            6 => vec![FilterType::Noput as i32],
            7 => vec![FilterType::Nodelete as i32],
            _ => Vec::new(),
        };
        self.request = WatchCreateRequest {
            key,
            range_end,
            filters,
            prev_kv: options % 2 == 0,
            progress_notify: options % 3 == 0,
            ..WatchCreateRequest::default()
        };
    }

    /// One stream, from its beginning to its end.
    async fn listen(&mut self, state: &Mutex<State>) {
        let union = RequestUnion::CreateRequest(self.request.clone());
        let request = WatchRequest { request_union: Some(union) };
        let stream = lock(state).open_stream(self.no, self.member, self.login.caller(), request);
        loop {
            let (arrived, end) = next_of(state, stream).await;
            for heard in &arrived {
                if let Ok(response) = heard.as_ref() {
                    self.learn(response);
                }
            }
            if end.is_some() {
                return;
            }
            if arrived.iter().any(wants_proof) {
                lock(state).close_stream(stream);
                return self.login.prove(state, self.no, self.member).await;
            }
            let canceled = |heard: &Arc<Heard>| heard.as_ref().as_ref().is_ok_and(|r| r.canceled);
            let moves = self.random.chance(MOVES);
            if moves || arrived.iter().any(canceled) {
                if moves {
                    self.request = WatchCreateRequest::default();
                }
                return lock(state).close_stream(stream);
            }
            if self.random.chance(ASKS) {
                let union = RequestUnion::ProgressRequest(WatchProgressRequest {});
                lock(state).say(stream, Said::Asked(WatchRequest { request_union: Some(union) }));
            }
            if self.random.chance(IDLES) {
                pause(&mut self.random, SECOND, 6 * SECOND).await;
            }
        }
    }

    /// Remembers from where to go on.
    fn learn(&mut self, response: &WatchResponse) {
        let header = response.header.map_or(0, |header| header.revision);
        if response.compact_revision > 0 {
            self.request.start_revision = response.compact_revision;
        } else if response.created {
            if self.request.start_revision == 0 {
                self.request.start_revision = header + 1;
            }
        } else if let Some(pair) = response.events.last().and_then(|event| event.kv.as_ref()) {
            self.request.start_revision = pair.mod_revision + 1;
        } else if !response.canceled {
            self.request.start_revision = self.request.start_revision.max(header + 1);
        }
    }
}

/// Whether a watcher was canceled because its client has not said who it is.
fn wants_proof(heard: &Arc<Heard>) -> bool {
    let response = heard.as_ref().as_ref();
    response.is_ok_and(|response| Login::is_cured_by_proof(&response.cancel_reason))
}

/// What comes next on a stream, or its end.
pub(crate) async fn next_of(
    state: &Mutex<State>,
    id: StreamId,
) -> (Vec<Arc<Heard>>, Option<StreamEnd>) {
    poll_fn(|context| {
        let mut state = lock(state);
        if let Some(stream) = state.streams.open.get_mut(&id)
            && stream.arrived.is_empty()
            && stream.end.is_none()
        {
            stream.waker = Some(context.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(state.take_stream(id))
    })
    .await
}
