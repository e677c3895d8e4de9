//! `elect`: stands for election until Ctrl-C, or looks on (`-l`).

use std::time::Duration;

use super::Exit;
use super::flags::{Arg, FlagSet};
use super::job::{Flow, Job, Moved};
use super::keeper::{Keeper, Kept};
use super::lock::CANCELED;
use super::print::Report;
use super::recipe::{End, Running};
use super::session::{CallError, CallId, Session, wrong_answer};
use super::stream::{StreamId, TimerId};
use crate::api::{RangeRequest, RangeResponse, Request, Response, ResponseHeader, WatchResponse};
use crate::concurrency::{Campaign, Leadership, Observe, Recipe as _, session as lease_of};

/// One run of `elect`.
#[derive(Debug)]
pub(super) struct Electing {
    name: Arg,
    /// What it stands for; `None` looks on.
    proposal: Option<Arg>,
    keeper: Option<Keeper>,
    state: State,
}

#[derive(Debug)]
enum State {
    Granting,
    Campaigning {
        running: Box<Running<Campaign>>,
        /// Ctrl-C came while a call was under way.
        canceled: bool,
    },
    Showing(CallId, Leadership),
    Leading(Leadership),
    /// With what the command ends.
    Resigning(CallId, Moved),
    Observing(Box<Running<Observe>>),
}

impl Electing {
    pub(super) fn new(flags: &FlagSet, args: &[Arg]) -> Result<Self, Exit> {
        let (name, proposal) = match (args, flags.bool("listen")) {
            ([_], false) => return Err(Exit::bad_args("no proposal argument but -l not set")),
            ([_, _], true) => return Err(Exit::bad_args("proposal given but -l is set")),
            ([name], true) => (name.clone(), None),
            ([name, proposal], false) => (name.clone(), Some(proposal.clone())),
            _ => {
                return Err(Exit::bad_args(
                    "elect takes one election name argument and an optional proposal argument",
                ));
            }
        };
        Ok(Self { name, proposal, keeper: None, state: State::Granting })
    }

    fn on_granted(&mut self, session: &mut Session, response: &Response) -> Moved {
        let Response::LeaseGrant(granted) = response else {
            return Err(wrong_answer(&"elect", response));
        };
        self.keeper = Some(Keeper::begin(session, granted.id));
        self.state = match &self.proposal {
            Some(value) => {
                let value = value.clone().into();
                let (campaign, enter) = Campaign::begin(&self.name, granted.id, value);
                let running = Box::new(Running::begin(session, (campaign, enter.into())));
                State::Campaigning { running, canceled: false }
            }
            None => {
                let (observe, ask) = Observe::begin(&self.name);
                State::Observing(Box::new(Running::begin(session, (observe, ask.into()))))
            }
        };
        Ok(Flow::GoesOn)
    }

    /// Goes on where the campaign ended, or where Ctrl-C ended it.
    fn on_campaigned(
        &mut self,
        session: &mut Session,
        end: Option<End<(Leadership, ResponseHeader)>>,
    ) -> Moved {
        let State::Campaigning { running, canceled } = &mut self.state else {
            return Ok(Flow::GoesOn);
        };
        if *canceled && !running.calls() {
            let back = running.cancel(session);
            return self.take_back(session, back, Err(Exit::error(CANCELED)));
        }
        let failed = match end {
            None => return Ok(Flow::GoesOn),
            Some(End::Done((leadership, _))) => {
                let key = leadership.key.clone();
                let request = RangeRequest { key, ..RangeRequest::default() };
                let call = session.ask_patiently(request);
                self.state = State::Showing(call, leadership);
                return Ok(Flow::GoesOn);
            }
            Some(End::Refused(refusal)) => Exit::error(refusal.to_string()),
            Some(End::Failed(exit)) => exit,
        };
        let back = running.recipe.after_failure();
        self.take_back(session, back, Err(failed))
    }

    /// Prints the leaders that were seen. Whatever ends an observation, the observer is lost.
    fn on_observed(
        &mut self,
        session: &mut Session,
        end: Option<End<crate::concurrency::Never>>,
    ) -> Moved {
        let State::Observing(running) = &mut self.state else { return Ok(Flow::GoesOn) };
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

    fn take_back(&mut self, session: &mut Session, back: Option<Request>, end: Moved) -> Moved {
        let Some(back) = back else { return end };
        let call = session.ask_patiently(back);
        self.state = State::Resigning(call, end);
        Ok(Flow::GoesOn)
    }

    fn on_kept(&self, kept: Option<Kept>) -> Moved {
        match (kept, &self.state) {
            (Some(Kept::Gone), State::Leading(_)) => Err(Exit::error("elect: session expired")),
            _ => Ok(Flow::GoesOn),
        }
    }
}

impl Job for Electing {
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
            return self.on_kept(Some(kept?));
        }
        match &mut self.state {
            State::Granting => self.on_granted(session, &result?),
            State::Campaigning { running, .. } => {
                let end = running.on_result(session, id, result);
                self.on_campaigned(session, end)
            }
            State::Observing(running) => {
                let end = running.on_result(session, id, result);
                self.on_observed(session, end)
            }
            State::Showing(call, leadership) if *call == id => {
                let leadership = leadership.clone();
                match result? {
                    Response::Range(found) => session.print(Report::Get(&found))?,
                    other => return Err(wrong_answer(&"elect", &other)),
                }
                self.state = State::Leading(leadership);
                Ok(Flow::GoesOn)
            }
            State::Resigning(call, end) if *call == id => {
                end.clone().and_then(|flow| result.map(|_| flow).map_err(Exit::from))
            }
            _ => Ok(Flow::GoesOn),
        }
    }

    fn on_watch(
        &mut self,
        session: &mut Session,
        stream: StreamId,
        response: &WatchResponse,
    ) -> Moved {
        match &mut self.state {
            State::Campaigning { running, .. } => {
                let end = running.on_watch(session, stream, response);
                self.on_campaigned(session, end)
            }
            State::Observing(running) => {
                let end = running.on_watch(session, stream, response);
                self.on_observed(session, end)
            }
            _ => Ok(Flow::GoesOn),
        }
    }

    fn on_stream_end(
        &mut self,
        session: &mut Session,
        stream: StreamId,
        error: &CallError,
    ) -> Moved {
        match &mut self.state {
            State::Campaigning { running, .. } => {
                let end = running.on_watch_end(session, stream, error);
                self.on_campaigned(session, end)
            }
            State::Observing(running) => {
                let end = running.on_watch_end(session, stream, error);
                self.on_observed(session, end)
            }
            _ => Ok(Flow::GoesOn),
        }
    }

    fn on_timer(&mut self, session: &mut Session, timer: TimerId, _: Duration) -> Moved {
        let kept = self.keeper.as_mut().and_then(|keeper| keeper.on_timer(session, timer));
        self.on_kept(kept)
    }

    fn takes_interrupt(&self) -> bool {
        !matches!(self.state, State::Granting | State::Resigning(..))
    }

    fn on_interrupt(&mut self, session: &mut Session) -> Moved {
        match &mut self.state {
            State::Campaigning { canceled, .. } => {
                *canceled = true;
                self.on_campaigned(session, None)
            }
            State::Showing(_, leadership) => {
                let back = leadership.resign().into();
                self.take_back(session, Some(back), Err(Exit::error(CANCELED)))
            }
            State::Leading(leadership) => {
                let back = leadership.resign().into();
                self.take_back(session, Some(back), Ok(Flow::Over))
            }
            State::Observing(_) => Ok(Flow::Over),
            State::Granting | State::Resigning(..) => Ok(Flow::GoesOn),
        }
    }

    fn waits_for_others(&self) -> bool {
        let rests = self.keeper.as_ref().is_some_and(Keeper::rests);
        let waits = match &self.state {
            State::Leading(_) => true,
            State::Campaigning { running, .. } => !running.calls(),
            State::Observing(running) => !running.calls(),
            State::Granting | State::Showing(..) | State::Resigning(..) => false,
        };
        waits && rests
    }
}
