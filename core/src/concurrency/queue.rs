//! Waiting in a queue of keys until nobody older is left.

use bytes::Bytes;

use super::{Refusal, Turn, cancel_reason, prefix_end};
use crate::api::mvccpb::event::EventType;
use crate::api::range_request::{SortOrder, SortTarget};
use crate::api::{RangeRequest, RangeResponse, WatchCreateRequest, WatchResponse};

/// One who waits: for the youngest of the elder keys, then for the youngest of those that are left.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    prefix: Bytes,
    /// The create revision of one's own key.
    revision: i64,
    /// What is watched, from where to go on.
    watched: WatchCreateRequest,
}

/// What a waiting one knows.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Place {
    /// Nobody is older.
    First,
    /// Somebody is: watch that key.
    Behind(WatchCreateRequest),
}

impl Queue {
    pub(super) fn new(prefix: Bytes, revision: i64) -> Self {
        Self { prefix, revision, watched: WatchCreateRequest::default() }
    }

    /// Who is the next elder?
    pub(super) fn ask(&self) -> RangeRequest {
        RangeRequest {
            max_create_revision: self.revision - 1,
            sort_order: SortOrder::Descend.into(),
            ..first_of(&self.prefix)
        }
    }

    pub(super) fn on_found(&mut self, found: RangeResponse) -> Place {
        let revision = found.header.map_or(0, |header| header.revision);
        let Some(elder) = found.kvs.into_iter().next() else { return Place::First };
        // From the revision of the answer on: a deletion behind it cannot be missed.
        self.watched = watch(elder.key, revision);
        Place::Behind(self.watched.clone())
    }

    /// Whether the elder is gone: then ask again.
    pub(super) fn on_watch<T>(&mut self, response: &WatchResponse) -> Turn<T> {
        if response.canceled {
            return Turn::Refused(Refusal::WatchCanceled(cancel_reason(response)));
        }
        go_on_behind(&mut self.watched, response);
        let is_gone = response.events.iter().any(|event| event.r#type == EventType::Delete as i32);
        if is_gone { Turn::Call(self.ask().into()) } else { Turn::Wait }
    }

    pub(super) fn again<T>(&self) -> Turn<T> {
        Turn::Watch(self.watched.clone())
    }
}

/// The key that was created first.
pub(super) fn first_of(prefix: &Bytes) -> RangeRequest {
    RangeRequest {
        key: prefix.clone(),
        range_end: prefix_end(prefix),
        limit: 1,
        sort_order: SortOrder::Ascend.into(),
        sort_target: SortTarget::Create.into(),
        ..RangeRequest::default()
    }
}

/// A watch of one key.
pub(super) fn watch(key: Bytes, start_revision: i64) -> WatchCreateRequest {
    WatchCreateRequest { key, start_revision, ..WatchCreateRequest::default() }
}

/// A watch that breaks goes on behind what it has told.
pub(super) fn go_on_behind(watched: &mut WatchCreateRequest, response: &WatchResponse) {
    let told = response.events.last().and_then(|event| event.kv.as_ref());
    if let Some(pair) = told {
        watched.start_revision = watched.start_revision.max(pair.mod_revision + 1);
    }
}
