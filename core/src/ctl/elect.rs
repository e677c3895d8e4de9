//! `elect`: stands for election until Ctrl-C, or looks on (`-l`). For the first see [`hold`](super::hold).

use std::time::Duration;

use bytes::Bytes;

use super::Exit;
use super::flags::{Arg, FlagSet};
use super::hold::{Holding, Prize};
use super::job::{Flow, Job, Moved};
use super::keeper::Keeper;
use super::print::Report;
use super::recipe::{End, Running};
use super::session::{CallError, CallId, Session, wrong_answer};
use super::stream::{Program, StreamId, TimerId};
use crate::api::{RangeResponse, Request, Response, ResponseHeader, WatchResponse};
use crate::concurrency::{Campaign, Leadership, Never, Observe, session as lease_of};

/// The job that a command line asks for.
pub(super) fn job(flags: &FlagSet, args: &[Arg]) -> Result<Box<dyn Job>, Exit> {
    match (args, flags.bool("listen")) {
        ([_], false) => Err(Exit::bad_args("no proposal argument but -l not set")),
        ([_, _], true) => Err(Exit::bad_args("proposal given but -l is set")),
        ([name], true) => Ok(Box::new(Observing::new(name))),
        ([name, proposal], false) => {
            let standing = Standing { name: name.clone(), proposal: proposal.clone() };
            Ok(Box::new(Holding::new(standing, lease_of::TTL_SECONDS)))
        }
        _ => Err(Exit::bad_args(
            "elect takes one election name argument and an optional proposal argument",
        )),
    }
}

/// A candidate.
#[derive(Debug)]
struct Standing {
    name: Arg,
    /// What it stands for.
    proposal: Arg,
}

impl Prize for Standing {
    type Recipe = Campaign;
    type Proof = Leadership;

    const COMMAND: &str = "elect";
    const EXPIRED: &str = "elect: session expired";

    fn enter(&self, lease: i64) -> (Campaign, Request) {
        let value = self.proposal.clone().into();
        let (campaign, enter) = Campaign::begin(&self.name, lease, value);
        (campaign, enter.into())
    }

    fn on_won(&self, won: (Leadership, ResponseHeader)) -> (Leadership, Option<Program>) {
        (won.0, None)
    }

    fn key(leadership: &Leadership) -> Bytes {
        leadership.key.clone()
    }

    fn give_back(leadership: &Leadership) -> Request {
        leadership.resign().into()
    }
}

/// Looks on: prints each leader. etcdctl grants a lease for this, too.
#[derive(Debug)]
struct Observing {
    name: Arg,
    keeper: Option<Keeper>,
    /// `None` while the lease is granted.
    running: Option<Running<Observe>>,
}

impl Observing {
    fn new(name: &[u8]) -> Self {
        Self { name: name.to_vec(), keeper: None, running: None }
    }

    /// Prints the leaders that were seen. Whatever ends an observation, the observer is lost.
    fn on_observed(&mut self, session: &mut Session, end: Option<&End<Never>>) -> Moved {
        let Some(running) = &mut self.running else { return Ok(Flow::GoesOn) };
        while let Some(seen) = running.recipe.take() {
            let kvs = seen.kv.into_iter().collect();
            let seen = RangeResponse { header: seen.header, kvs, ..RangeResponse::default() };
            session.print(Report::Get(&seen))?;
        }
        match end {
            None => Ok(Flow::GoesOn),
            Some(_) => Err(Exit::error("elect: observer lost")),
        }
    }
}

impl Job for Observing {
    fn begin(&mut self, session: &mut Session) -> Moved {
        session.ask_patiently(lease_of::grant(lease_of::TTL_SECONDS));
        Ok(Flow::GoesOn)
    }

    fn on_answer(
        &mut self,
        session: &mut Session,
        id: CallId,
        result: Result<Response, CallError>,
        took: Duration,
    ) -> Moved {
        let keeper = self.keeper.as_mut();
        if let Some(kept) = keeper.and_then(|k| k.on_result(session, id, &result, took)) {
            return kept.map(|_| Flow::GoesOn);
        }
        if let Some(running) = &mut self.running {
            let end = running.on_result(session, id, result);
            return self.on_observed(session, end.as_ref());
        }
        match result? {
            Response::LeaseGrant(granted) => {
                self.keeper = Some(Keeper::begin(session, granted.id));
                let (observe, ask) = Observe::begin(&self.name);
                self.running = Some(Running::begin(session, (observe, ask.into())));
                Ok(Flow::GoesOn)
            }
            other => Err(wrong_answer(&"elect", &other)),
        }
    }

    fn on_watch(
        &mut self,
        session: &mut Session,
        stream: StreamId,
        response: &WatchResponse,
    ) -> Moved {
        let running = self.running.as_mut();
        let end = running.and_then(|running| running.on_watch(session, stream, response));
        self.on_observed(session, end.as_ref())
    }

    fn on_stream_end(
        &mut self,
        session: &mut Session,
        stream: StreamId,
        error: &CallError,
    ) -> Moved {
        let running = self.running.as_mut();
        let end = running.and_then(|running| running.on_watch_end(session, stream, error));
        self.on_observed(session, end.as_ref())
    }

    fn on_timer(&mut self, session: &mut Session, timer: TimerId, _: Duration) -> Moved {
        if let Some(keeper) = &mut self.keeper {
            keeper.on_timer(session, timer);
        }
        Ok(Flow::GoesOn)
    }

    fn takes_interrupt(&self) -> bool {
        self.running.is_some()
    }

    fn waits_for_others(&self) -> bool {
        let waits = self.running.as_ref().is_some_and(|running| !running.calls());
        waits && self.keeper.as_ref().is_some_and(Keeper::rests)
    }
}
