//! What `lock` and `elect` have in common: something is won with a recipe, held, and given back.
//!
//! ```text
//!   grant a lease ──► recipe ──► print the key ──► hold ───── Ctrl-C ──► give back ──► 0
//!        │              │            └─ or run a program ── its end ──► give back ──► its code
//!        │              └─ Ctrl-C: leave the queue ──► "context canceled"
//!        └─ kept alive from here on; when it ends nevertheless: "session expired"
//! ```

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use super::Exit;
use super::job::{Flow, Job, Moved};
use super::keeper::{Keeper, Kept};
use super::print::Report;
use super::recipe::{End, Running};
use super::session::{CallError, CallId, Session, wrong_answer};
use super::stream::{Program, ProgramError, StreamId, TimerId};
use crate::api::{RangeRequest, RangeResponse, Request, Response, WatchResponse};
use crate::concurrency::{Recipe, session as lease_of};

/// What Go says when Ctrl-C takes a wait away.
const CANCELED: &str = "context canceled";

/// What is won, and the words about it: the part in which `lock` and `elect` differ.
pub(super) trait Prize: fmt::Debug + Send {
    /// How it is won.
    type Recipe: Recipe<Done: fmt::Debug> + fmt::Debug + Send;
    /// What shows that it is held.
    type Proof: fmt::Debug + Clone + Send;

    /// The command, for a sentence about a wrong answer.
    const COMMAND: &str;
    /// How it ends when the lease does.
    const EXPIRED: &str;

    /// Begins the recipe with this lease.
    fn enter(&self, lease: i64) -> (Self::Recipe, Request);

    /// It is won: the proof, and what is to be run as long as it is held.
    fn on_won(&self, won: <Self::Recipe as Recipe>::Done) -> (Self::Proof, Option<Program>);

    /// The key that the proof is about.
    fn key(proof: &Self::Proof) -> Bytes;

    /// Looks at the key once more before it is printed.
    fn check(_: &RangeResponse) -> Result<(), Exit> {
        Ok(())
    }

    /// The request that gives it back.
    fn give_back(proof: &Self::Proof) -> Request;
}

/// One run of such a command.
#[derive(Debug)]
pub(super) struct Holding<P: Prize> {
    prize: P,
    /// The time of the lease, in seconds.
    ttl: i64,
    keeper: Option<Keeper>,
    state: State<P>,
}

#[derive(Debug)]
enum State<P: Prize> {
    Granting,
    Entering {
        running: Box<Running<P::Recipe>>,
        /// Ctrl-C came while a call was under way.
        canceled: bool,
    },
    Showing(CallId, P::Proof),
    Held(P::Proof),
    Executing(P::Proof),
    /// With what the command ends.
    GivingBack(CallId, Moved),
}

impl<P: Prize> Holding<P> {
    pub(super) fn new(prize: P, ttl: i64) -> Self {
        Self { prize, ttl, keeper: None, state: State::Granting }
    }

    fn on_granted(&mut self, session: &mut Session, response: &Response) -> Moved {
        let Response::LeaseGrant(granted) = response else {
            return Err(wrong_answer(&P::COMMAND, response));
        };
        self.keeper = Some(Keeper::begin(session, granted.id));
        let running = Box::new(Running::begin(session, self.prize.enter(granted.id)));
        self.state = State::Entering { running, canceled: false };
        Ok(Flow::GoesOn)
    }

    /// Goes on where the recipe ended, or where Ctrl-C ended it.
    fn on_end(
        &mut self,
        session: &mut Session,
        end: Option<End<<P::Recipe as Recipe>::Done>>,
    ) -> Moved {
        let State::Entering { running, canceled } = &mut self.state else {
            return Ok(Flow::GoesOn);
        };
        if *canceled && !running.calls() {
            let back = running.cancel(session);
            return self.take_back(session, back, Err(Exit::error(CANCELED)));
        }
        let failed = match end {
            None => return Ok(Flow::GoesOn),
            Some(End::Done(won)) => {
                self.on_won(session, won);
                return Ok(Flow::GoesOn);
            }
            Some(End::Refused(refusal)) => Exit::error(refusal.to_string()),
            Some(End::Failed(exit)) => exit,
        };
        let back = running.recipe.after_failure();
        self.take_back(session, back, Err(failed))
    }

    fn on_won(&mut self, session: &mut Session, won: <P::Recipe as Recipe>::Done) {
        let (proof, program) = self.prize.on_won(won);
        self.state = match program {
            Some(program) => {
                session.execute(program);
                State::Executing(proof)
            }
            None => {
                let request = RangeRequest { key: P::key(&proof), ..RangeRequest::default() };
                State::Showing(session.ask_patiently(request), proof)
            }
        };
    }

    fn on_shown(&mut self, session: &mut Session, proof: P::Proof, response: &Response) -> Moved {
        let Response::Range(found) = response else {
            return Err(wrong_answer(&P::COMMAND, response));
        };
        P::check(found)?;
        session.print(Report::Get(found))?;
        self.state = State::Held(proof);
        Ok(Flow::GoesOn)
    }

    /// Ends with `end`, after something was taken back.
    fn take_back(&mut self, session: &mut Session, back: Option<Request>, end: Moved) -> Moved {
        let Some(back) = back else { return end };
        self.state = State::GivingBack(session.ask_patiently(back), end);
        Ok(Flow::GoesOn)
    }

    fn give_back(&mut self, session: &mut Session, proof: &P::Proof, end: Moved) -> Moved {
        self.take_back(session, Some(P::give_back(proof)), end)
    }

    fn on_kept(&self, kept: Option<Kept>) -> Moved {
        match (kept, &self.state) {
            (Some(Kept::Gone), State::Held(_)) => Err(Exit::error(P::EXPIRED)),
            _ => Ok(Flow::GoesOn),
        }
    }
}

impl<P: Prize> Job for Holding<P> {
    fn begin(&mut self, session: &mut Session) -> Moved {
        session.ask_patiently(lease_of::grant(self.ttl));
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
            State::Entering { running, .. } => {
                let end = running.on_result(session, id, result);
                self.on_end(session, end)
            }
            State::Showing(call, proof) if *call == id => {
                let proof = proof.clone();
                self.on_shown(session, proof, &result?)
            }
            State::GivingBack(call, end) if *call == id => {
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
        let State::Entering { running, .. } = &mut self.state else { return Ok(Flow::GoesOn) };
        let end = running.on_watch(session, stream, response);
        self.on_end(session, end)
    }

    fn on_stream_end(
        &mut self,
        session: &mut Session,
        stream: StreamId,
        error: &CallError,
    ) -> Moved {
        let State::Entering { running, .. } = &mut self.state else { return Ok(Flow::GoesOn) };
        let end = running.on_watch_end(session, stream, error);
        self.on_end(session, end)
    }

    fn on_timer(&mut self, session: &mut Session, timer: TimerId, _: Duration) -> Moved {
        let kept = self.keeper.as_mut().and_then(|keeper| keeper.on_timer(session, timer));
        self.on_kept(kept)
    }

    fn on_executed(&mut self, session: &mut Session, result: Result<(), ProgramError>) -> Moved {
        let State::Executing(proof) = &self.state else { return Ok(Flow::GoesOn) };
        let proof = proof.clone();
        let failed = |error: ProgramError| Exit::new(error.code.unwrap_or(1), error.why);
        self.give_back(session, &proof, result.map(|()| Flow::Over).map_err(failed))
    }

    fn takes_interrupt(&self) -> bool {
        // Before that there is nothing to take back; after that it is on its way.
        !matches!(self.state, State::Granting | State::GivingBack(..))
    }

    fn on_interrupt(&mut self, session: &mut Session) -> Moved {
        match &mut self.state {
            State::Entering { canceled, .. } => {
                *canceled = true;
                self.on_end(session, None)
            }
            State::Showing(_, proof) => {
                let proof = proof.clone();
                self.give_back(session, &proof, Err(Exit::error(CANCELED)))
            }
            State::Held(proof) => {
                let proof = proof.clone();
                self.give_back(session, &proof, Ok(Flow::Over))
            }
            // The program hears of it by itself, and decides.
            State::Granting | State::Executing(_) | State::GivingBack(..) => Ok(Flow::GoesOn),
        }
    }

    fn waits_for_others(&self) -> bool {
        let rests = self.keeper.as_ref().is_some_and(Keeper::rests);
        let waits = match &self.state {
            State::Held(_) | State::Executing(_) => true,
            State::Entering { running, .. } => !running.calls(),
            State::Granting | State::Showing(..) | State::GivingBack(..) => false,
        };
        waits && rests
    }
}
