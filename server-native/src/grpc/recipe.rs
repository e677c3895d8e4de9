//! Runs core's recipes for locks and elections against this member's own node.
//!
//! The recipe asks for one thing at a time; here a call becomes a call of the mailbox and a watch a
//! stream of watches of its own. A client that goes away leaves nothing behind:
//!
//! ```text
//!   client ──► handler ──────── waits ────────► answer
//!                │ spawns                          ▲
//!                ▼                                 │ sends, or finds nobody there:
//!              task: recipe ◄──► mailbox ──────────┘ takes the key back
//! ```
//!
//! A call that is under way is waited for even when the client has gone: only its answer tells whether
//! there is a key to take back.

use std::sync::Arc;

use glasshouse_core::api::watch_request::RequestUnion;
use glasshouse_core::api::{
    self, Caller, Error, LeaseGrantResponse, Response, WatchCreateRequest, WatchRequest,
    WatchResponse,
};
use glasshouse_core::concurrency::{Recipe, Turn, service_error, session};
use glasshouse_core::{Input, StreamId};
use tokio::sync::{mpsc, oneshot};
use tonic::Status;

use super::status;
use crate::mailbox::{Mailbox, WatchItem};

/// A recipe's way to the node.
pub(super) struct Runner {
    mailbox: Arc<Mailbox>,
    caller: Caller,
    watch: Option<OwnWatch>,
}

impl Runner {
    pub(super) fn new(mailbox: Arc<Mailbox>, caller: Caller) -> Self {
        Self { mailbox, caller, watch: None }
    }

    /// Makes one call; an error is one as etcd's services give it.
    pub(super) async fn call(&self, request: api::Request) -> Result<Response, Error> {
        let answer = self.mailbox.call(self.caller.clone(), request).await;
        answer.map_err(|error| service_error(error.message))
    }

    /// Does what the recipe wants, and gives what it wants then. May be dropped while it waits for a
    /// watch; nothing is lost by that.
    pub(super) async fn carry<R: Recipe>(
        &mut self,
        recipe: &mut R,
        turn: Turn<R::Done>,
    ) -> Result<Turn<R::Done>, Error> {
        match turn {
            Turn::Call(request) => {
                self.watch = None;
                self.call(request).await.map(|response| recipe.on_answer(response))
            }
            Turn::Watch(request) => {
                self.watch = Some(OwnWatch::open(&self.mailbox, self.caller.clone(), request));
                Ok(Turn::Wait)
            }
            Turn::Wait => {
                let Some(watch) = &mut self.watch else { return Ok(recipe.on_watch_lost()) };
                match watch.next().await {
                    Some(Ok(response)) => Ok(recipe.on_watch(&response)),
                    Some(Err(error)) => Err(service_error(error.message)),
                    None => Err(service_error(Error::STOPPED.message)),
                }
            }
            end @ (Turn::Done(_) | Turn::Refused(_)) => Ok(end),
        }
    }

    /// Runs to the end; `None` when the client was `gone` before.
    async fn run<R: Recipe>(
        &mut self,
        recipe: &mut R,
        first: api::Request,
        gone: impl Future<Output = ()>,
    ) -> Option<Result<R::Done, Error>> {
        let mut gone = std::pin::pin!(gone);
        let mut turn = Turn::Call(first);
        loop {
            let calls = matches!(turn, Turn::Call(_));
            let next = if calls {
                self.carry(recipe, turn).await
            } else {
                tokio::select! {
                    next = self.carry(recipe, turn) => next,
                    () = gone.as_mut() => return None,
                }
            };
            turn = match next {
                Ok(Turn::Done(done)) => return Some(Ok(done)),
                Ok(Turn::Refused(why)) => return Some(Err(service_error(why))),
                Ok(turn) => turn,
                Err(error) => return Some(Err(error)),
            };
        }
    }

    /// Takes back what a recipe has done; whether it works is of no interest to anybody.
    async fn take_back(&mut self, request: Option<api::Request>) {
        self.watch = None;
        if let Some(request) = request {
            let _ = self.call(request).await;
        }
    }
}

/// Runs a recipe to its end, for a client that waits for it.
pub(super) async fn run<R>(
    mailbox: Arc<Mailbox>,
    caller: Caller,
    mut recipe: R,
    first: api::Request,
) -> Result<R::Done, Status>
where
    R: Recipe + Send + 'static,
    R::Done: Send,
{
    let (mut sender, receiver) = oneshot::channel();
    tokio::spawn(async move {
        let mut runner = Runner::new(mailbox, caller);
        let end = runner.run(&mut recipe, first, sender.closed()).await;
        if let Some(Err(_)) = &end {
            runner.take_back(recipe.after_failure()).await;
        }
        let is_heard = end.is_some_and(|end| sender.send(end).is_ok());
        if !is_heard {
            runner.take_back(recipe.after_cancel()).await;
        }
    });
    let end = receiver.await.unwrap_or_else(|_| Err(service_error(Error::STOPPED.message)));
    end.map_err(|error| status(&error))
}

/// The lease of a session: the given one, or a new one that lives for a minute unless its owner keeps it
/// alive.
pub(super) async fn lease(runner: &Runner, given: i64) -> Result<i64, Status> {
    if given != 0 {
        return Ok(given);
    }
    match runner.call(session::grant(session::TTL_SECONDS).into()).await {
        Ok(Response::LeaseGrant(LeaseGrantResponse { id, .. })) => Ok(id),
        Ok(other) => Err(Status::internal(format!("a grant was answered with {}", other.name()))),
        Err(error) => Err(status(&error)),
    }
}

/// A stream with one watch on it.
struct OwnWatch {
    mailbox: Arc<Mailbox>,
    stream: StreamId,
    responses: mpsc::UnboundedReceiver<WatchItem>,
}

impl OwnWatch {
    fn open(mailbox: &Arc<Mailbox>, caller: Caller, request: WatchCreateRequest) -> Self {
        let (stream, responses) = mailbox.open_watch(false, caller);
        let request = WatchRequest { request_union: Some(RequestUnion::CreateRequest(request)) };
        mailbox.post(Input::Watch { stream, request });
        Self { mailbox: mailbox.clone(), stream, responses }
    }

    async fn next(&mut self) -> Option<Result<WatchResponse, Error>> {
        let item = self.responses.recv().await?;
        if item.is_ok() {
            self.mailbox.post(Input::WatchTaken { stream: self.stream, responses: 1 });
        }
        Some(item)
    }
}

impl Drop for OwnWatch {
    fn drop(&mut self) {
        self.mailbox.post(Input::WatchClosed { stream: self.stream });
    }
}
