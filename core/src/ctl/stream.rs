//! Streams: calls with many requests and many responses, over which a session and its driver talk.
//!
//! ```text
//!   Session                          driver                         member
//!     Step::Open(stream)  ──────────►  connects, first request ───────►
//!     Step::Wait                          ◄─────────────────────────── response
//!     on_message(id, response)  ◄──────
//!     Step::Write(output)  ──────────►  prints
//!     Step::Send(id, request)  ──────►  ──────────────────────────────►
//!     on_stream_end(id, error)  ◄─────    ◄─────────────────────────── the connection breaks
//!     Step::Open(another)  ──────────►  connects to the next endpoint
//! ```
//!
//! A session that ends leaves its streams to the driver to close.

use super::session::Endpoint;
use bytes::Bytes;

use crate::api::{SnapshotRequest, SnapshotResponse, WatchRequest, WatchResponse};

/// Tells the streams of one session apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StreamId(pub(super) u32);

/// A stream to be opened. Connecting is tried until it succeeds, endpoint after endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Stream {
    /// For [`Session::on_message`](super::Session::on_message) and what follows.
    pub id: StreamId,
    /// Where it goes.
    pub endpoint: Endpoint,
    /// What shows who asks, if the cluster wants to know.
    pub token: Option<String>,
    /// The first request.
    pub request: StreamRequest,
    /// The member shall end it when it has no leader (`hasleader: true` in the metadata).
    pub requires_leader: bool,
}

/// A request on a stream. All requests of one stream are of the same kind.
#[derive(Clone, Debug, PartialEq)]
pub enum StreamRequest {
    /// `Watch/Watch`.
    Watch(WatchRequest),
    /// `Maintenance/Snapshot`: the only request of its stream.
    Snapshot(SnapshotRequest),
}

/// A response on a stream.
#[derive(Clone, Debug, PartialEq)]
pub enum StreamResponse {
    /// `Watch/Watch`.
    Watch(WatchResponse),
    /// A part of `Maintenance/Snapshot`.
    Snapshot(SnapshotResponse),
    /// The member has sent all of the snapshot: a stream that ends otherwise is broken.
    SnapshotEnd,
}

/// Work on a file of whoever types. Paths are bytes, as arguments are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileWork {
    /// Create it, or empty it; only its owner may read it. Further work goes to this file.
    Create {
        /// Where.
        path: Vec<u8>,
    },
    /// Write this behind what is there.
    Append(Bytes),
    /// Flush it to the disk and give it its name.
    Finish {
        /// Its name so far.
        from: Vec<u8>,
        /// What it is called from now on.
        to: Vec<u8>,
    },
    /// It came to nothing: remove it.
    Remove {
        /// Where it is.
        path: Vec<u8>,
    },
}

/// Tells the timers of one session apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimerId(pub(super) u32);

/// Tells the pages that one session reads apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FetchId(pub(super) u32);

/// A page to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// For [`Session::on_fetched`](super::Session::on_fetched).
    pub id: FetchId,
    /// An endpoint with a scheme, and a path.
    pub url: String,
}

/// Why a program did not end well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramError {
    /// In Go's words: `exit status 3`.
    pub why: String,
    /// The code that it ended with, 255 after a signal; `None` when it did not run at all.
    pub code: Option<u8>,
}

/// A program to be run on the machine of whoever types, with the session's own output and errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its name and arguments.
    pub command: Vec<Vec<u8>>,
    /// Variables besides those that the driver has.
    pub environment: Vec<(&'static str, Vec<u8>)>,
}
