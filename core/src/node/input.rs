//! Everything that the world may tell a node.
//!
//! Reading this enum is reading one half of the node's contract; [`Effect`](super::Effect) is
//! the other half. A node has no other way to learn anything: no clock, no socket, no file.

use bytes::Bytes;

use crate::api;
use crate::auth::PasswordOutcome;
use crate::id::{CallId, MemberId, StreamId};
use crate::store::Worked;

/// Something that happened outside the node.
#[derive(Clone, Debug)]
pub enum Input {
    /// One tick of the member's clock has passed ([`Config::tick_ms`](super::Config::tick_ms)
    /// milliseconds, 100 by default). Elections, heartbeats and time-outs count ticks.
    Tick,
    /// A client asks. The answer is one [`Effect::Respond`](super::Effect::Respond) under `call`.
    Request {
        /// The world's name for this call.
        call: CallId,
        /// Who asks.
        caller: api::Caller,
        /// What is asked.
        request: api::Request,
    },
    /// The client of this call is gone; no answer is wanted. What was proposed may still commit.
    Cancel {
        /// The call to forget.
        call: CallId,
    },
    /// A client opens a stream of watches.
    WatchOpened {
        /// The world's name for the stream.
        stream: StreamId,
        /// The stream shall end when this member has had no leader for a while
        /// (`hasleader: true` in its metadata).
        requires_leader: bool,
        /// Who opens it. All that is asked on it is asked by this caller.
        caller: api::Caller,
    },
    /// A client asks on a stream of watches. Answers and events are
    /// [`Effect::Watch`](super::Effect::Watch).
    Watch {
        /// The stream; one that is not open is ignored.
        stream: StreamId,
        /// What is asked.
        request: api::WatchRequest,
    },
    /// The client has taken the oldest responses of its stream: they are no longer held anywhere
    /// on this side. Without this, a stream gets no more events after a while.
    WatchTaken {
        /// The stream.
        stream: StreamId,
        /// How many responses.
        responses: u64,
    },
    /// The stream is gone, whoever ended it.
    WatchClosed {
        /// The stream to forget.
        stream: StreamId,
    },
    /// Bytes of another member, as its [`Effect::Send`](super::Effect::Send) gave them. They may
    /// be late, doubled, reordered or damaged.
    Message {
        /// Who sent them, as the connection knows it.
        from: MemberId,
        /// One message.
        bytes: Bytes,
    },
    /// The connection to this member is down: do not count on what was sent last.
    Unreachable {
        /// The peer.
        peer: MemberId,
    },
    /// Every [`Effect::Append`](super::Effect::Append) up to and including `seq` would
    /// survive a power failure now: written, and fsync has returned.
    Persisted {
        /// Number of the last append that is durable.
        seq: u64,
    },
    /// The [`Effect::Store`](super::Effect::Store) of this number is committed and durable.
    Stored {
        /// Number of the batch.
        seq: u64,
    },
    /// The task of an [`Effect::Password`](super::Effect::Password) is done.
    Password {
        /// Number of the task.
        job: u64,
        /// What came out.
        outcome: PasswordOutcome,
    },
    /// The token of an [`Effect::SignToken`](super::Effect::SignToken).
    TokenSigned {
        /// Number of the token.
        job: u64,
        /// The token; `None` when the world has no key to sign with.
        token: Option<String>,
    },
    /// The [`Effect::Work`](super::Effect::Work) of this id has ended.
    Worked {
        /// Its name.
        id: u64,
        /// What came of it, or why nothing did.
        done: Result<Worked, String>,
    },
    /// A write failed or gave wrong bytes. The node halts: it must not promise what it cannot keep.
    DiskFailed {
        /// What the disk said, for the log.
        reason: String,
    },
    /// Fire the election timer now (a lesson's `campaign n5`; the server never sends it).
    Campaign,
    /// Leave politely (SIGTERM): hand leadership over if this member has it, flush the store,
    /// then say [`Effect::Stopped`](super::Effect::Stopped).
    Stop,
}
