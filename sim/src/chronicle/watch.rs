//! Watches of clients: what was asked on a stream, and what was told on it.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use glasshouse_core::api::mvccpb::event::EventType;
use glasshouse_core::api::watch_request::RequestUnion;
use glasshouse_core::api::{Event, WatchCreateRequest, WatchRequest, WatchResponse};
use glasshouse_core::id::StreamId;

use crate::place::{ClientNo, MemberNo};
use crate::stream::StreamEnd;
use crate::trace::What;

/// Something that a client heard of a watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// Whose watch.
    pub client: ClientNo,
    /// The member that told it.
    pub member: MemberNo,
    /// What.
    pub news: News,
}

/// What a client is told of a watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// The member watches for it from now on.
    Created {
        /// The key, or the first one.
        key: Bytes,
        /// The first revision that it will be told of.
        from: i64,
    },
    /// A key changed.
    Changed {
        /// The key.
        key: Bytes,
        /// What it holds now; `None` when it was deleted.
        value: Option<Bytes>,
        /// The revision of the change.
        revision: i64,
    },
    /// It ends.
    Ended {
        /// What the member, or the connection, said.
        why: String,
        /// The revision up to which history is gone, when that is the reason; else 0.
        compacted: i64,
    },
}

/// Streams that are open.
#[derive(Clone, Debug, Default)]
pub(super) struct Streams(BTreeMap<StreamId, Stream>);

#[derive(Clone, Debug)]
struct Stream {
    client: ClientNo,
    member: MemberNo,
    /// Requests that were not answered, oldest first.
    asked: VecDeque<WatchCreateRequest>,
}

impl Streams {
    /// Takes an event about a stream: what its client heard, in order.
    pub(super) fn hear(&mut self, what: &What) -> Vec<Watched> {
        match what {
            What::StreamOpened { stream, client, member } => {
                self.on_opened(*stream, *client, *member);
                Vec::new()
            }
            What::Watched { stream, heard } => match heard.as_ref() {
                Ok(response) => self.on_response(*stream, response),
                Err(_) => Vec::new(),
            },
            What::StreamEnded { stream, end } => self.on_ended(*stream, end).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    fn on_opened(&mut self, id: StreamId, client: ClientNo, member: MemberNo) {
        self.0.insert(id, Stream { client, member, asked: VecDeque::new() });
    }

    pub(super) fn on_asked(&mut self, id: StreamId, request: &WatchRequest) {
        if let Some(RequestUnion::CreateRequest(create)) = &request.request_union
            && let Some(stream) = self.0.get_mut(&id)
        {
            stream.asked.push_back(create.clone());
        }
    }

    /// What a response says, in its order.
    fn on_response(&mut self, id: StreamId, response: &WatchResponse) -> Vec<Watched> {
        let Some(stream) = self.0.get_mut(&id) else { return Vec::new() };
        let mut all = Vec::new();
        if response.created
            && let Some(asked) = stream.asked.pop_front()
            && !response.canceled
        {
            let next = response.header.map_or(0, |header| header.revision) + 1;
            let from = if asked.start_revision > 0 { asked.start_revision } else { next };
            all.push(News::Created { key: asked.key, from });
        }
        all.extend(response.events.iter().filter_map(change));
        if response.canceled {
            let compacted = response.compact_revision;
            all.push(News::Ended { why: response.cancel_reason.clone(), compacted });
        }
        all.into_iter().map(|news| stream.of(news)).collect()
    }

    fn on_ended(&mut self, id: StreamId, end: &StreamEnd) -> Option<Watched> {
        let stream = self.0.remove(&id)?;
        let why = match end {
            StreamEnd::Error(error) => error.message.to_string(),
            StreamEnd::NoConnection => "connection refused".to_owned(),
            StreamEnd::Broken => "connection broken".to_owned(),
            StreamEnd::Closed => "closed".to_owned(),
        };
        Some(stream.of(News::Ended { why, compacted: 0 }))
    }
}

impl Stream {
    fn of(&self, news: News) -> Watched {
        Watched { client: self.client, member: self.member, news }
    }
}

fn change(event: &Event) -> Option<News> {
    let pair = event.kv.as_ref()?;
    let is_put = event.r#type == EventType::Put as i32;
    Some(News::Changed {
        key: pair.key.clone(),
        value: is_put.then(|| pair.value.clone()),
        revision: pair.mod_revision,
    })
}
