//! Streams of a command: each goes to one member, and to the next when nobody listens.

use glasshouse_core::api;
use glasshouse_core::ctl::{self, CallError, StreamRequest, StreamResponse};
use glasshouse_core::id::StreamId;

use super::{RETRY_AFTER, Running};
use crate::clock::Nanos;
use crate::place::MemberNo;
use crate::stream::StreamEnd;
use crate::world::World;

/// A stream of the session, over all attempts to open it.
#[derive(Debug)]
pub(super) struct Carried {
    id: ctl::StreamId,
    caller: api::Caller,
    /// The requests so far, for an attempt that found nobody.
    requests: Vec<api::WatchRequest>,
    attempt: StreamAttempt,
}

#[derive(Debug)]
enum StreamAttempt {
    /// At this member.
    Open(MemberNo, StreamId),
    /// Again at this time.
    Waiting(Nanos),
}

impl Carried {
    /// The member at which it is open.
    pub(super) fn at(&self) -> Option<MemberNo> {
        match self.attempt {
            StreamAttempt::Open(member, _) => Some(member),
            StreamAttempt::Waiting(_) => None,
        }
    }
}

impl Running {
    /// Nobody wants to hear more.
    pub(super) fn close_streams(&mut self, world: &mut World) {
        for stream in self.streams.drain(..) {
            if let StreamAttempt::Open(_, id) = stream.attempt {
                world.close_stream(id);
            }
        }
    }

    pub(super) fn close(&mut self, world: &mut World, id: ctl::StreamId) {
        let (closed, open) = self.streams.drain(..).partition(|stream| stream.id == id);
        self.streams = open;
        let closed: Vec<Carried> = closed;
        for stream in closed {
            if let StreamAttempt::Open(_, id) = stream.attempt {
                world.close_stream(id);
            }
        }
    }

    pub(super) fn open(&mut self, world: &mut World, stream: ctl::Stream) {
        // A snapshot needs a file first, and there is none.
        let StreamRequest::Watch(request) = stream.request else { return };
        let caller = api::Caller { token: stream.token, ..api::Caller::default() };
        let attempt = StreamAttempt::Waiting(world.now());
        let mut carried = Carried { id: stream.id, caller, requests: vec![request], attempt };
        self.attempt(world, &mut carried);
        self.streams.push(carried);
    }

    /// Opens a stream at the member whose turn it is.
    fn attempt(&self, world: &mut World, carried: &mut Carried) {
        let now = world.now();
        carried.attempt = match self.endpoints.get(self.current) {
            Some(&member) => {
                let mut requests = carried.requests.iter().cloned();
                let first = requests.next().unwrap_or_default();
                let id = world.open_stream(self.client, member, carried.caller.clone(), first);
                requests.for_each(|request| world.ask_stream(id, request));
                StreamAttempt::Open(member, id)
            }
            None => StreamAttempt::Waiting(now + RETRY_AFTER),
        };
    }

    pub(super) fn ask_more(
        &mut self,
        world: &mut World,
        id: ctl::StreamId,
        request: api::WatchRequest,
    ) {
        for stream in self.streams.iter_mut().filter(|stream| stream.id == id) {
            if let StreamAttempt::Open(_, id) = stream.attempt {
                world.ask_stream(id, request.clone());
            }
            stream.requests.push(request.clone());
        }
    }

    pub(super) fn look_after_streams(&mut self, world: &mut World) {
        for mut stream in std::mem::take(&mut self.streams) {
            let (arrived, end) = match stream.attempt {
                StreamAttempt::Waiting(until) if until > world.now() => (Vec::new(), None),
                StreamAttempt::Waiting(_) => {
                    self.attempt(world, &mut stream);
                    (Vec::new(), None)
                }
                StreamAttempt::Open(_, id) => world.take_stream(id),
            };
            let id = stream.id;
            if end.is_none() {
                self.streams.push(stream);
            } else {
                self.next_endpoint();
                if end == Some(StreamEnd::NoConnection) {
                    stream.attempt = StreamAttempt::Waiting(world.now() + RETRY_AFTER);
                    self.streams.push(stream);
                    continue;
                }
            }
            for heard in arrived {
                if let Ok(response) = heard.as_ref() {
                    let message = StreamResponse::Watch(response.clone());
                    self.session.on_message(id, &message);
                }
            }
            if let Some(end) = end {
                let error = match end {
                    StreamEnd::Error(error) => error,
                    _ => api::Error::new(api::Code::Unavailable, "error reading from server: EOF"),
                };
                self.session.on_stream_end(id, &CallError::Status(error));
            }
        }
    }

    fn next_endpoint(&mut self) {
        self.current = (self.current + 1) % self.endpoints.len().max(1);
    }
}
