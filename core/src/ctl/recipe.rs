//! Drives a recipe of [`crate::concurrency`] inside a job.

use super::Exit;
use super::job::may_watch_again;
use super::session::{CallError, CallId, Session};
use super::stream::StreamId;
use crate::api::{Request, Response, WatchResponse};
use crate::concurrency::{Recipe, Refusal, Turn};

/// A recipe under way: one call or one watch at a time.
#[derive(Debug)]
pub(super) struct Running<R> {
    pub(super) recipe: R,
    call: Option<CallId>,
    stream: Option<StreamId>,
}

/// How a recipe ended.
#[derive(Debug)]
pub(super) enum End<T> {
    Done(T),
    Refused(Refusal),
    Failed(Exit),
}

impl<R: Recipe> Running<R> {
    pub(super) fn begin(session: &mut Session, (recipe, first): (R, Request)) -> Self {
        // etcdctl gives these calls no deadline.
        let call = Some(session.ask_patiently(first));
        Self { recipe, call, stream: None }
    }

    /// The answer to a call; `None` while the recipe goes on.
    pub(super) fn on_result(
        &mut self,
        session: &mut Session,
        id: CallId,
        result: Result<Response, CallError>,
    ) -> Option<End<R::Done>> {
        self.call.take_if(|call| *call == id)?;
        match result {
            Ok(response) => {
                let turn = self.recipe.on_answer(response);
                self.carry(session, turn)
            }
            Err(error) => Some(End::Failed(error.into())),
        }
    }

    pub(super) fn on_watch(
        &mut self,
        session: &mut Session,
        stream: StreamId,
        response: &WatchResponse,
    ) -> Option<End<R::Done>> {
        if self.stream != Some(stream) {
            return None;
        }
        let turn = self.recipe.on_watch(response);
        self.carry(session, turn)
    }

    pub(super) fn on_watch_end(
        &mut self,
        session: &mut Session,
        stream: StreamId,
        error: &CallError,
    ) -> Option<End<R::Done>> {
        self.stream.take_if(|own| *own == stream)?;
        if !may_watch_again(error) {
            return Some(End::Failed(error.clone().into()));
        }
        let turn = self.recipe.on_watch_lost();
        self.carry(session, turn)
    }

    /// Gives up: what is to be taken back, once no call is under way.
    pub(super) fn cancel(&mut self, session: &mut Session) -> Option<Request> {
        self.close(session);
        self.recipe.after_cancel()
    }

    pub(super) fn calls(&self) -> bool {
        self.call.is_some()
    }

    fn carry(&mut self, session: &mut Session, turn: Turn<R::Done>) -> Option<End<R::Done>> {
        match turn {
            Turn::Call(request) => {
                self.close(session);
                self.call = Some(session.ask_patiently(request));
                None
            }
            Turn::Watch(request) => {
                self.close(session);
                self.stream = Some(session.open_watch(request));
                None
            }
            Turn::Wait => None,
            Turn::Done(done) => {
                self.close(session);
                Some(End::Done(done))
            }
            Turn::Refused(refusal) => {
                self.close(session);
                Some(End::Refused(refusal))
            }
        }
    }

    fn close(&mut self, session: &mut Session) {
        if let Some(stream) = self.stream.take() {
            session.close(stream);
        }
    }
}
