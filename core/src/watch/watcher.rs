//! One watcher: what it wants, and how far it has come.

use super::ranges::Span;
use crate::api::mvccpb::event::EventType;
use crate::api::watch_create_request::FilterType;
use crate::api::{Event, WatchCreateRequest};
use crate::id::StreamId;
use crate::mvcc::{Change, Mvcc};

/// A watcher of this member: its stream, and its id there, which clients may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WatcherId {
    pub(crate) stream: StreamId,
    pub(crate) watch: i64,
}

/// Where a watcher gets its next event from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// From apply, at once: it has everything up to now.
    Synced,
    /// From history, when its turn comes.
    Behind,
    /// From history, but not before its client has taken some of what it was sent.
    Parked,
}

/// One watcher.
#[derive(Debug)]
pub(crate) struct Watcher {
    /// Who made it; `None` when nobody had to say.
    pub(crate) user: Option<String>,
    pub(crate) span: Span,
    /// The first revision that it was not sent, and above all a revision that it does not want
    /// anything below of. A synced watcher's is kept only when it stops to be synced.
    pub(crate) cursor: i64,
    pub(crate) place: Place,
    pub(crate) fragment: bool,
    /// It wants to be told now and then how far it has come.
    pub(crate) progress_notify: bool,
    /// It was sent events since the last such notice, so that the next one is left out.
    pub(crate) heard: bool,
    puts: bool,
    deletes: bool,
    prev_kv: bool,
}

impl Watcher {
    pub(crate) fn new(
        request: &WatchCreateRequest,
        user: Option<String>,
        span: Span,
        cursor: i64,
        place: Place,
    ) -> Self {
        let filtered = |filter: FilterType| request.filters.contains(&(filter as i32));
        Self {
            user,
            span,
            cursor,
            place,
            fragment: request.fragment,
            progress_notify: request.progress_notify,
            heard: false,
            puts: !filtered(FilterType::Noput),
            deletes: !filtered(FilterType::Nodelete),
            prev_kv: request.prev_kv,
        }
    }

    /// Whether a change of one of its keys is to be sent.
    pub(crate) fn wants(&self, change: &Change<'_>) -> bool {
        let kind = if change.row.tombstone { self.deletes } else { self.puts };
        kind && change.row.revision.main >= self.cursor
    }

    /// The change as this watcher is told of it. The pair before is left out when the key was new,
    /// and when compaction took it.
    pub(crate) fn event(&self, change: &Change<'_>, mvcc: &Mvcc) -> Event {
        let kind = if change.row.tombstone { EventType::Delete } else { EventType::Put };
        let prev_kv = if self.prev_kv { change.previous(mvcc).cloned() } else { None };
        Event { r#type: kind as i32, kv: Some(change.pair().clone()), prev_kv }
    }
}
