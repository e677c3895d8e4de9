//! The lease of a session, kept alive beside what the session is for; and `lease keep-alive`.

use std::time::Duration;

use super::Exit;
use super::job::{Flow, Job, Moved};
use super::lease;
use super::print::{Format, Report};
use super::session::{CallError, CallId, Endpoint, Session};
use super::stream::TimerId;
use crate::api::{LeaseKeepAliveResponse, Response};
use crate::concurrency::session::Renewing;

/// Renews one lease whenever a third of its time has passed.
#[derive(Debug)]
pub(super) struct Keeper {
    renewing: Renewing,
    call: Option<CallId>,
    timer: Option<TimerId>,
}

/// What a keeper has learned.
#[derive(Debug)]
pub(super) enum Kept {
    /// The lease lives on.
    Renewed(LeaseKeepAliveResponse),
    /// Nobody answered; it is tried again.
    Unanswered,
    /// The lease is gone, or must be.
    Gone,
}

impl Keeper {
    pub(super) fn begin(session: &mut Session, lease: i64) -> Self {
        let mut keeper = Self { renewing: Renewing::new(lease), call: None, timer: None };
        let _ = keeper.renew(session);
        keeper
    }

    /// The answer to one of its calls; `None` when it is not one of its calls.
    pub(super) fn on_result(
        &mut self,
        session: &mut Session,
        id: CallId,
        result: &Result<Response, CallError>,
        took: Duration,
    ) -> Option<Result<Kept, Exit>> {
        self.call.take_if(|call| *call == id)?;
        let (kept, pause) = match result {
            Ok(Response::LeaseKeepAlive(response)) if response.ttl > 0 => {
                (Kept::Renewed(*response), self.renewing.renewed(response.ttl))
            }
            Ok(_) => return Some(Ok(Kept::Gone)),
            Err(error @ CallError::Client(_)) => return Some(Err(error.clone().into())),
            Err(_) => (Kept::Unanswered, self.renewing.failed(took)),
        };
        self.timer = Some(session.timer(pause));
        Some(Ok(kept))
    }

    /// One of its timers rang: whether the lease must be gone. `None` when it is not one of its timers.
    pub(super) fn on_timer(&mut self, session: &mut Session, timer: TimerId) -> Option<Kept> {
        self.timer.take_if(|own| *own == timer)?;
        self.renew(session).is_none().then_some(Kept::Gone)
    }

    /// Nothing is asked at the moment.
    pub(super) fn rests(&self) -> bool {
        self.timer.is_some()
    }

    fn renew(&mut self, session: &mut Session) -> Option<()> {
        let patience = self.renewing.patience()?;
        let request = self.renewing.request().into();
        self.call = Some(session.call(Endpoint::Any, request, Some(patience)));
        Some(())
    }
}

/// `lease keep-alive` without `--once`: it ends when the lease does, and that is no failure.
#[derive(Debug)]
pub(super) struct KeepAlive {
    lease: i64,
    keeper: Option<Keeper>,
}

impl KeepAlive {
    pub(super) fn new(lease: i64) -> Self {
        Self { lease, keeper: None }
    }

    fn gone(&self, session: &mut Session) -> Moved {
        if session.config().format == Format::Simple {
            session.output().out_line(lease::gone(self.lease));
        }
        Ok(Flow::Over)
    }
}

impl Job for KeepAlive {
    fn begin(&mut self, session: &mut Session) -> Moved {
        self.keeper = Some(Keeper::begin(session, self.lease));
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
        match keeper.and_then(|keeper| keeper.on_result(session, id, &result, took)).transpose()? {
            Some(Kept::Renewed(response)) => session.print(Report::KeepAlive(&response))?,
            Some(Kept::Gone) => return self.gone(session),
            Some(Kept::Unanswered) | None => {}
        }
        Ok(Flow::GoesOn)
    }

    fn on_timer(&mut self, session: &mut Session, timer: TimerId, _: Duration) -> Moved {
        match self.keeper.as_mut().and_then(|keeper| keeper.on_timer(session, timer)) {
            Some(_) => self.gone(session),
            None => Ok(Flow::GoesOn),
        }
    }

    fn waits_for_others(&self) -> bool {
        self.keeper.as_ref().is_some_and(Keeper::rests)
    }
}
