//! Commands that go on: more than one question and its answer.
//!
//! A [`Job`] is a small state machine inside of a session. Whatever happens is told to it; it asks the
//! session for calls, watches, timers and programs, and says when it is over.
//!
//! ```text
//!   driver ──on_result, on_message, on_timer ...──► Session ──► Job
//!          ◄── Call, Open, Timer, Execute, Write ──         ◄── session.call(..), session.timer(..)
//! ```

use std::fmt;
use std::time::Duration;

use super::Exit;
use super::session::{CallError, CallId, Session};
use super::stream::{FetchId, ProgramError, StreamId, TimerId};
use crate::api::{Response, WatchResponse};

/// Whether a job goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    GoesOn,
    Over,
}

/// What became of a job by one event: it may also end with an error.
pub(super) type Moved = Result<Flow, Exit>;

/// A command that goes on.
pub(super) trait Job: fmt::Debug + Send {
    /// It begins: the client is made.
    fn begin(&mut self, session: &mut Session) -> Moved;

    /// A call was answered, after this time.
    fn on_result(
        &mut self,
        session: &mut Session,
        id: CallId,
        result: Result<Response, CallError>,
        took: Duration,
    ) -> Moved;

    /// A response came on a watch.
    fn on_watch(&mut self, _: &mut Session, _: StreamId, _: &WatchResponse) -> Moved {
        Ok(Flow::GoesOn)
    }

    /// A watch broke.
    fn on_watch_end(&mut self, _: &mut Session, _: StreamId, _: &CallError) -> Moved {
        Ok(Flow::GoesOn)
    }

    /// A timer rang. `now` counts from the beginning of the session.
    fn on_timer(&mut self, session: &mut Session, timer: TimerId, now: Duration) -> Moved;

    /// A program ended.
    fn on_executed(&mut self, _: &mut Session, _: Result<(), ProgramError>) -> Moved {
        Ok(Flow::GoesOn)
    }

    /// A page was fetched.
    fn on_fetched(&mut self, _: &mut Session, _: FetchId, _: Result<Vec<u8>, String>) -> Moved {
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
    fn waits_for_others(&self) -> bool;
}

/// A break of a watch behind which etcd's client opens another.
pub(super) fn may_watch_again(error: &CallError) -> bool {
    use crate::api::Code;
    match error {
        CallError::Status(error) => matches!(error.code, Code::Unavailable | Code::Internal),
        CallError::DeadlineExceeded => true,
        CallError::Client(_) => false,
    }
}
