//! Streams of watches between clients and members: what is on them, and how they break.
//!
//! A stream is a connection: what is sent on it arrives in order and once, or the connection is
//! over. The simulated network loses, doubles and reorders single messages, so each message of a
//! stream has a number in its direction. A number that comes again is ignored, as TCP would; one that
//! is missing breaks the stream, as a connection breaks whose bytes do not arrive.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::task::Waker;

use glasshouse_core::api;
use glasshouse_core::id::StreamId;

use crate::clock::{Nanos, SECOND};
use crate::place::{ClientNo, MemberNo};

/// How long both ends need to notice that a message of their stream was lost (etcd's client probes
/// a silent connection after 2 s).
pub(crate) const NOTICED_AFTER: Nanos = 2 * SECOND;

/// What a client says on a stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// It opens the stream, and asks for the first time.
    Opened {
        /// The member shall end the stream when it has no leader.
        requires_leader: bool,
        /// Who asks, here and later.
        caller: api::Caller,
        /// The first request.
        request: api::WatchRequest,
    },
    /// It asks.
    Asked(api::WatchRequest),
    /// It took this many responses.
    Took(u64),
    /// It is done.
    Closed,
}

/// What a member says on a stream: responses, at last perhaps an error.
pub type Heard = Result<api::WatchResponse, api::Error>;

/// How a stream ended, as its client knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamEnd {
    /// The member ended it.
    Error(api::Error),
    /// No process listened.
    NoConnection,
    /// The connection broke.
    Broken,
    /// The client closed it.
    Closed,
}

/// A stream, until both ends have forgotten it.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) client: ClientNo,
    pub(crate) member: MemberNo,
    /// The life of the member that knows the stream; 0 before it heard of it.
    pub(crate) life: u32,
    /// Numbers of the next messages: sent and expected, from the client and to it.
    pub(crate) up: Numbers,
    pub(crate) down: Numbers,
    /// What arrived and was not taken.
    pub(crate) arrived: VecDeque<Arc<Heard>>,
    pub(crate) end: Option<StreamEnd>,
    /// The task that waits for something to arrive.
    pub(crate) waker: Option<Waker>,
}

/// Counts the messages of one direction.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Numbers {
    sent: u64,
    expected: u64,
}

/// Where a message stands in its direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// It is the next one.
    Next,
    /// It came before.
    Again,
    /// One before it is missing.
    Gap,
}

impl Numbers {
    /// The number of the next message.
    pub(crate) fn next(&mut self) -> u64 {
        self.sent += 1;
        self.sent - 1
    }

    /// Takes a message that arrived.
    pub(crate) fn take(&mut self, number: u64) -> Order {
        match number.cmp(&self.expected) {
            std::cmp::Ordering::Less => Order::Again,
            std::cmp::Ordering::Greater => Order::Gap,
            std::cmp::Ordering::Equal => {
                self.expected += 1;
                Order::Next
            }
        }
    }
}

/// All streams of a world.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    last: u64,
    pub(crate) open: BTreeMap<StreamId, Stream>,
}

impl Streams {
    /// A new stream.
    pub(crate) fn insert(&mut self, client: ClientNo, member: MemberNo) -> StreamId {
        self.last += 1;
        let id = StreamId(self.last);
        let stream = Stream {
            client,
            member,
            life: 0,
            up: Numbers::default(),
            down: Numbers::default(),
            arrived: VecDeque::new(),
            end: None,
            waker: None,
        };
        self.open.insert(id, stream);
        id
    }

    /// The streams at a member that its client has not seen the end of.
    pub(crate) fn open_at(&self, member: MemberNo) -> Vec<StreamId> {
        let at = |stream: &Stream| stream.member == member && stream.end.is_none();
        self.open.iter().filter(|(_, stream)| at(stream)).map(|(id, _)| *id).collect()
    }
}
