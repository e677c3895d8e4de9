//! `lock`: holds a lock until Ctrl-C, or as long as a program runs.
//!
//! ```text
//!   grant a lease ──► lock ──► print the key ──► hold ───── Ctrl-C ──► unlock ──► 0
//!        │              │           └─ with a command: run it ── its end ──► unlock ──► its code
//!        │              └─ Ctrl-C: leave the queue ──► "context canceled"
//!        └─ kept alive from here on; when it ends nevertheless: "session expired"
//! ```

use std::time::Duration;

use bytes::Bytes;

use super::Exit;
use super::flags::{Arg, FlagSet};
use super::job::{Flow, Job, Moved};
use super::keeper::{Keeper, Kept};
use super::print::Report;
use super::recipe::{End, Running};
use super::session::{CallError, CallId, Session, wrong_answer};
use super::stream::{Program, ProgramError, StreamId, TimerId};
use crate::api::{RangeRequest, Response, WatchResponse};
use crate::concurrency::{Held, Lock, Recipe as _, session as lease_of, unlock};

/// What Go says when Ctrl-C takes a wait away.
pub(super) const CANCELED: &str = "context canceled";

/// One run of `lock`.
#[derive(Debug)]
pub(super) struct Locking {
    name: Arg,
    command: Vec<Arg>,
    ttl: i64,
    keeper: Option<Keeper>,
    state: State,
}

#[derive(Debug)]
enum State {
    Granting,
    Locking {
        running: Box<Running<Lock>>,
        /// Ctrl-C came while a call was under way.
        canceled: bool,
    },
    Showing(CallId, Bytes),
    Held(Bytes),
    Executing(Bytes),
    /// With what the command ends.
    Unlocking(CallId, Moved),
}

impl Locking {
    pub(super) fn new(flags: &FlagSet, args: &[Arg]) -> Result<Self, Exit> {
        let Some((name, command)) = args.split_first() else {
            return Err(Exit::bad_args(
                "lock takes a lock name argument and an optional command to execute",
            ));
        };
        // A session without a time of its own has the usual one.
        let ttl = Some(flags.int64("ttl")).filter(|ttl| *ttl > 0);
        Ok(Self {
            name: name.clone(),
            command: command.to_vec(),
            ttl: ttl.unwrap_or(lease_of::TTL_SECONDS),
            keeper: None,
            state: State::Granting,
        })
    }

    fn on_granted(&mut self, session: &mut Session, response: &Response) -> Moved {
        let Response::LeaseGrant(granted) = response else {
            return Err(wrong_answer(&"lock", response));
        };
        self.keeper = Some(Keeper::begin(session, granted.id));
        let (lock, enter) = Lock::begin(&self.name, granted.id);
        let running = Box::new(Running::begin(session, (lock, enter.into())));
        self.state = State::Locking { running, canceled: false };
        Ok(Flow::GoesOn)
    }

    fn on_locked(&mut self, session: &mut Session, held: Held) -> Moved {
        if self.command.is_empty() {
            let request = RangeRequest { key: held.key.clone(), ..RangeRequest::default() };
            let call = session.ask_patiently(request);
            self.state = State::Showing(call, held.key);
            return Ok(Flow::GoesOn);
        }
        session.execute(Program {
            command: self.command.clone(),
            environment: vec![
                ("ETCD_LOCK_KEY", held.key.to_vec()),
                ("ETCD_LOCK_REV", held.header.revision.to_string().into_bytes()),
            ],
        });
        self.state = State::Executing(held.key);
        Ok(Flow::GoesOn)
    }

    /// Goes on where the recipe ended, or where Ctrl-C ended it.
    fn on_end(&mut self, session: &mut Session, end: Option<End<Held>>) -> Moved {
        let State::Locking { running, canceled } = &mut self.state else {
            return Ok(Flow::GoesOn);
        };
        if *canceled && !running.calls() {
            let back = running.cancel(session);
            let canceled = Err(Exit::error(CANCELED));
            return self.take_back(session, back, canceled);
        }
        let failed = match end {
            None => return Ok(Flow::GoesOn),
            Some(End::Done(held)) => return self.on_locked(session, held),
            Some(End::Refused(refusal)) => Exit::error(refusal.to_string()),
            Some(End::Failed(exit)) => exit,
        };
        let back = running.recipe.after_failure();
        self.take_back(session, back, Err(failed))
    }

    /// Ends with `end`, after something was taken back.
    fn take_back(
        &mut self,
        session: &mut Session,
        back: Option<crate::api::Request>,
        end: Moved,
    ) -> Moved {
        let Some(back) = back else { return end };
        let call = session.ask_patiently(back);
        self.state = State::Unlocking(call, end);
        Ok(Flow::GoesOn)
    }

    fn unlock(&mut self, session: &mut Session, key: Bytes, end: Moved) -> Moved {
        self.take_back(session, Some(unlock(key).into()), end)
    }
}

impl Job for Locking {
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
            State::Locking { running, .. } => {
                let end = running.on_result(session, id, result);
                self.on_end(session, end)
            }
            State::Showing(call, key) if *call == id => {
                let key = key.clone();
                match result? {
                    Response::Range(found) if found.kvs.is_empty() => {
                        Err(Exit::error("lock lost on init"))
                    }
                    Response::Range(found) => {
                        session.print(Report::Get(&found))?;
                        self.state = State::Held(key);
                        Ok(Flow::GoesOn)
                    }
                    other => Err(wrong_answer(&"lock", &other)),
                }
            }
            State::Unlocking(call, end) if *call == id => {
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
        let State::Locking { running, .. } = &mut self.state else { return Ok(Flow::GoesOn) };
        let end = running.on_watch(session, stream, response);
        self.on_end(session, end)
    }

    fn on_stream_end(
        &mut self,
        session: &mut Session,
        stream: StreamId,
        error: &CallError,
    ) -> Moved {
        let State::Locking { running, .. } = &mut self.state else { return Ok(Flow::GoesOn) };
        let end = running.on_watch_end(session, stream, error);
        self.on_end(session, end)
    }

    fn on_timer(&mut self, session: &mut Session, timer: TimerId, _: Duration) -> Moved {
        let kept = self.keeper.as_mut().and_then(|keeper| keeper.on_timer(session, timer));
        self.on_kept(kept)
    }

    fn on_executed(&mut self, session: &mut Session, result: Result<(), ProgramError>) -> Moved {
        let State::Executing(key) = &self.state else { return Ok(Flow::GoesOn) };
        let key = key.clone();
        let failed = |error: ProgramError| Exit::new(error.code.unwrap_or(1), error.why);
        self.unlock(session, key, result.map(|()| Flow::Over).map_err(failed))
    }

    fn takes_interrupt(&self) -> bool {
        // Before that there is nothing to take back; after that it is on its way.
        !matches!(self.state, State::Granting | State::Unlocking(..))
    }

    fn on_interrupt(&mut self, session: &mut Session) -> Moved {
        match &mut self.state {
            State::Locking { canceled, .. } => {
                *canceled = true;
                self.on_end(session, None)
            }
            State::Showing(_, key) => {
                let key = key.clone();
                self.unlock(session, key, Err(Exit::error(CANCELED)))
            }
            State::Held(key) => {
                let key = key.clone();
                self.unlock(session, key, Ok(Flow::Over))
            }
            // The program hears of it by itself, and decides.
            State::Granting | State::Executing(_) | State::Unlocking(..) => Ok(Flow::GoesOn),
        }
    }

    fn waits_for_others(&self) -> bool {
        let rests = self.keeper.as_ref().is_some_and(Keeper::rests);
        let waits = match &self.state {
            State::Held(_) | State::Executing(_) => true,
            State::Locking { running, .. } => !running.calls(),
            State::Granting | State::Showing(..) | State::Unlocking(..) => false,
        };
        waits && rests
    }
}

impl Locking {
    fn on_kept(&self, kept: Option<Kept>) -> Moved {
        match (kept, &self.state) {
            (Some(Kept::Gone), State::Held(_)) => Err(Exit::error("session expired")),
            _ => Ok(Flow::GoesOn),
        }
    }
}
