//! Watching who leads (etcd: `Election.observe` in `client/v3/concurrency/election.go`).
//!
//! ```text
//!   ask who is first ──nobody──► watch the whole queue until somebody enters
//!        ▲      │ a leader                     │
//!        │      ▼                              ▼
//!        └── watch its key: every value is told; when it is deleted, ask again
//! ```

use std::collections::VecDeque;

use bytes::Bytes;

use super::queue::{first_of, go_on_behind, watch};
use super::{Recipe, Refusal, Turn, cancel_reason, header_of, prefix_end, prefix_of};
use crate::api::mvccpb::event::EventType;
use crate::api::v3electionpb::LeaderResponse;
use crate::api::{Event, RangeRequest, Request, Response, WatchCreateRequest, WatchResponse};

/// One who looks on. It is never done: what it sees is taken with [`Observe::take`].
#[derive(Clone, Debug)]
pub struct Observe {
    prefix: Bytes,
    seen: VecDeque<LeaderResponse>,
    watched: WatchCreateRequest,
    /// Nobody leads: the whole queue is watched.
    leaderless: bool,
}

/// There is nothing at the end of an observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Never {}

impl Observe {
    /// Asks who leads the election `name`.
    #[must_use]
    pub fn begin(name: &[u8]) -> (Self, RangeRequest) {
        let prefix = prefix_of(name);
        let ask = first_of(&prefix);
        let watched = WatchCreateRequest::default();
        (Self { prefix, seen: VecDeque::new(), watched, leaderless: false }, ask)
    }

    /// The leaders, and their values, that were seen since the last time, in order.
    pub fn take(&mut self) -> Option<LeaderResponse> {
        self.seen.pop_front()
    }

    fn watch(&mut self, request: WatchCreateRequest, leaderless: bool) -> Turn<Never> {
        self.leaderless = leaderless;
        self.watched = request.clone();
        Turn::Watch(request)
    }

    /// Somebody entered an empty queue.
    fn on_entered(&mut self, response: &WatchResponse) -> Turn<Never> {
        let Some(pair) = response.events.iter().find(|event| is_put(event)) else {
            return Turn::Wait;
        };
        let pair = pair.kv.clone().unwrap_or_default();
        let mut header = header_of(response.header);
        // The header may speak of later revisions than this one.
        header.revision = pair.mod_revision;
        let next = watch(pair.key.clone(), pair.mod_revision + 1);
        self.seen.push_back(LeaderResponse { header: Some(header), kv: Some(pair) });
        self.watch(next, false)
    }
}

fn is_put(event: &Event) -> bool {
    event.r#type == EventType::Put as i32
}

impl Recipe for Observe {
    type Done = Never;

    fn on_answer(&mut self, response: Response) -> Turn<Never> {
        let Response::Range(found) = response else {
            return Turn::Refused(Refusal::WrongAnswer(response.name()));
        };
        let header = header_of(found.header);
        let Some(pair) = found.kvs.into_iter().next() else {
            let mut queue = watch(self.prefix.clone(), header.revision);
            queue.range_end = prefix_end(&self.prefix);
            return self.watch(queue, true);
        };
        let next = watch(pair.key.clone(), header.revision + 1);
        self.seen.push_back(LeaderResponse { header: Some(header), kv: Some(pair) });
        self.watch(next, false)
    }

    fn on_watch(&mut self, response: &WatchResponse) -> Turn<Never> {
        if response.canceled {
            return Turn::Refused(Refusal::WatchCanceled(cancel_reason(response)));
        }
        if self.leaderless {
            return self.on_entered(response);
        }
        go_on_behind(&mut self.watched, response);
        for event in &response.events {
            if !is_put(event) {
                return Turn::Call(first_of(&self.prefix).into());
            }
            self.seen.push_back(LeaderResponse { header: response.header, kv: event.kv.clone() });
        }
        Turn::Wait
    }

    fn on_watch_lost(&mut self) -> Turn<Never> {
        Turn::Watch(self.watched.clone())
    }

    fn after_failure(&self) -> Option<Request> {
        None
    }

    fn after_cancel(&self) -> Option<Request> {
        None
    }
}
