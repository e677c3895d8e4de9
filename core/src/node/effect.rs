//! Everything that a node may ask of the world.
//!
//! Effects come out of [`Node::step`](super::Node::step) in the order in which they must be
//! begun; they may complete in any order, except that appends become durable in order of `seq`.

use bytes::Bytes;

use crate::api;
use crate::auth::PasswordTask;
use crate::id::{CallId, MemberId, StreamId};
use crate::peer::MessageInfo;
use crate::store::{StoreBatch, Work};

/// Something that the world must do for the node.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Write these bytes into the WAL, then answer [`Input::Persisted`](super::Input::Persisted).
    Append(Append),
    /// Commit this batch to the store in one durable transaction
    /// ([`Store::commit`](crate::store::Store::commit)), then answer
    /// [`Input::Stored`](super::Input::Stored). Batches are committed in order of `seq`.
    Store {
        /// Number of the batch, one up each time.
        seq: u64,
        /// What to commit.
        batch: StoreBatch,
    },
    /// Do this with the store, behind the batches so far, then answer
    /// [`Input::Worked`](super::Input::Worked). Batches need not wait for it.
    Work {
        /// Names the work in the answer.
        id: u64,
        /// What to do.
        work: Work,
    },
    /// WAL segments numbered below this one are no longer needed; delete or recycle them.
    DropLogBefore {
        /// The first segment to keep.
        segment: u64,
    },
    /// Carry these bytes to another member. They may be lost: the node repeats what matters.
    Send {
        /// The receiver.
        to: MemberId,
        /// What is inside, for recorders, panels and metrics; not sent.
        info: MessageInfo,
        /// The message.
        bytes: Bytes,
    },
    /// Answer a client's call. Exactly one for each [`Input::Request`](super::Input::Request)
    /// that was not cancelled (a halted node answers nothing more).
    Respond {
        /// The call.
        call: CallId,
        /// etcd's answer or etcd's error.
        result: Result<api::Response, api::Error>,
    },
    /// Send this on a stream of watches, behind what was sent before.
    Watch {
        /// The stream.
        stream: StreamId,
        /// A created or canceled watcher, events, or progress.
        response: api::WatchResponse,
    },
    /// End a stream of watches with this error. The node has forgotten it.
    WatchEnded {
        /// The stream.
        stream: StreamId,
        /// etcd's error.
        error: api::Error,
    },
    /// Work with a password, which takes long: run it ([`PasswordTask::run`]) beside the node, then answer
    /// [`Input::Password`](super::Input::Password).
    Password {
        /// Number of the task.
        job: u64,
        /// What to do.
        task: PasswordTask,
    },
    /// Sign a token that says this, then answer [`Input::TokenSigned`](super::Input::TokenSigned).
    SignToken {
        /// Number of the token.
        job: u64,
        /// What it says.
        claims: api::Claims,
    },
    /// The node has done what [`Input::Stop`](super::Input::Stop) asked; end the process.
    Stopped,
    /// This member was removed from the cluster and has ended: end the process. Its data are of no
    /// further use, its id never comes back.
    Removed,
    /// The node must not go on (disk failure, corrupt bytes).
    /// It ignores every further input.
    Halt {
        /// One sentence for the log and the operator.
        reason: String,
    },
}

/// Bytes for the write-ahead log.
///
/// The world writes `bytes` at `offset` of segment `segment`, creating the segment when `offset`
/// is 0. Appends of one segment are contiguous, except the first one after a recovery, which
/// starts where the valid part ended: then everything behind it must be cut off
/// (`truncate`), so that a torn tail cannot be read again.
#[derive(Clone, Debug)]
pub struct Append {
    /// Number of this append, one up each time, from 1 at every recovery.
    pub seq: u64,
    /// Segment to write into; segments are numbered from 0.
    pub segment: u64,
    /// Byte offset inside the segment.
    pub offset: u64,
    /// Whole WAL records.
    pub bytes: Bytes,
    /// Cut the segment to `offset` before writing.
    pub truncate: bool,
}
