//! Commands that go on: more than one question and its answer.
//!
//! A [`Job`] is a small state machine inside of a session. Whatever happens is told to it; it asks the
//! session for calls, streams, timers, files and programs, and says when it is over.
//!
//! ```text
//!   driver ──on_result, on_message, on_timer ...──► Session ──► Job
//!          ◄── Call, Open, Timer, Execute, File ──         ◄── session.ask_any(..), session.timer(..)
//! ```
//!
//! What a job prints is written before anything else happens but calls.

use std::fmt;
use std::time::Duration;

use super::session::{CallError, CallId, Input, Session};
use super::stream::{FetchId, ProgramError, StreamId, TimerId};
use super::{Exit, Output};
use crate::api::{Response, SnapshotResponse, WatchResponse};

/// Whether a job goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    GoesOn,
    Over,
}

/// What became of a job by one event: it may also end with an error.
pub(super) type Moved = Result<Flow, Exit>;

/// A command that goes on. A job hears only of what it asked for: what it never asks for needs no word.
pub(super) trait Job: fmt::Debug + Send {
    /// It begins: the client is made.
    fn begin(&mut self, session: &mut Session) -> Moved;

    /// A call was answered, after this time.
    fn on_answer(
        &mut self,
        _: &mut Session,
        _: CallId,
        _answer: Result<Response, CallError>,
        _took: Duration,
    ) -> Moved {
        Ok(Flow::GoesOn)
    }

    /// A response came on a watch.
    fn on_watch(&mut self, _: &mut Session, _: StreamId, _: &WatchResponse) -> Moved {
        Ok(Flow::GoesOn)
    }

    /// A part of a snapshot came; `None`: the member has sent all of it.
    fn on_snapshot(&mut self, _: &mut Session, _: Option<&SnapshotResponse>) -> Moved {
        Ok(Flow::GoesOn)
    }

    /// A stream broke.
    fn on_stream_end(&mut self, _: &mut Session, _: StreamId, _: &CallError) -> Moved {
        Ok(Flow::GoesOn)
    }

    /// A timer rang. `now` counts from the beginning of the session.
    fn on_timer(&mut self, _: &mut Session, _: TimerId, _now: Duration) -> Moved {
        Ok(Flow::GoesOn)
    }

    /// Work on a file ended; an error is said in Go's words.
    fn on_file(&mut self, _: &mut Session, _: Result<(), String>) -> Moved {
        Ok(Flow::GoesOn)
    }

    /// Work of `utl` ended: what it printed, or a sentence about its failure.
    fn on_disk_work(&mut self, _: &mut Session, _: Result<Output, String>) -> Moved {
        Ok(Flow::GoesOn)
    }

    /// A program ended.
    fn on_executed(&mut self, _: &mut Session, _: Result<(), ProgramError>) -> Moved {
        Ok(Flow::GoesOn)
    }

    /// A page was fetched.
    fn on_fetched(&mut self, _: &mut Session, _: FetchId, _: Result<Vec<u8>, String>) -> Moved {
        Ok(Flow::GoesOn)
    }

    /// What must be typed before it goes on.
    fn reads(&self) -> Option<Input> {
        None
    }

    /// That was typed.
    fn on_input(&mut self, _: &mut Session, _: &[u8]) -> Moved {
        Ok(Flow::GoesOn)
    }

    /// Whether Ctrl-C is a word to the job, and not the end of the process.
    fn takes_interrupt(&self) -> bool {
        false
    }

    /// Ctrl-C.
    fn on_interrupt(&mut self, _: &mut Session) -> Moved {
        Ok(Flow::Over)
    }

    /// Whether it only waits for others, perhaps for ever.
    fn waits_for_others(&self) -> bool {
        false
    }
}

/// A break of a watch behind which etcd's client opens another.
pub(super) fn may_watch_again(error: &CallError) -> bool {
    use crate::api::Code;
    match error {
        CallError::Status(error) => matches!(error.code, Code::Unavailable | Code::Internal),
        CallError::DeadlineExceeded | CallError::Unreachable(_) => true,
        CallError::Client(_) => false,
    }
}
