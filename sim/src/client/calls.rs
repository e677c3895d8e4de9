//! Calls of a command: each is one attempt after the other, as etcd's client makes them.

use std::time::Duration;

use glasshouse_core::api;
use glasshouse_core::ctl::{self, CallError, Endpoint};
use glasshouse_core::id::CallId;

use super::{NO_LIMIT, RETRY_AFTER, Running};
use crate::clock::Nanos;
use crate::place::MemberNo;
use crate::trace::CallEnd;
use crate::world::World;

/// One call of the session, over all its attempts.
#[derive(Debug)]
pub(super) struct Pending {
    id: ctl::CallId,
    endpoint: Endpoint,
    caller: api::Caller,
    request: api::Request,
    once: bool,
    began_at: Nanos,
    deadline: Nanos,
    attempt: Attempt,
}

#[derive(Debug)]
enum Attempt {
    /// At this member, under this name.
    Asked(MemberNo, CallId),
    /// Again at this time.
    Waiting(Nanos),
}

impl Pending {
    /// The member that is asked.
    pub(super) fn at(&self) -> Option<MemberNo> {
        match self.attempt {
            Attempt::Asked(member, _) => Some(member),
            Attempt::Waiting(_) => None,
        }
    }
}

impl Running {
    /// Tells the session of answers, and tries again where it is time.
    pub(super) fn look_after_calls(&mut self, world: &mut World) {
        let now = world.now();
        let mut open = Vec::new();
        for mut call in std::mem::take(&mut self.calls) {
            let result = match call.attempt {
                Attempt::Waiting(until) if until > now => None,
                Attempt::Waiting(_) => self.ask(world, &mut call),
                Attempt::Asked(member, id) => self.hear(world, &mut call, member, id),
            };
            match result {
                Some(result) => {
                    let took = Duration::from_nanos(now - call.began_at);
                    self.session.on_result(call.id, result, took);
                }
                None => open.push(call),
            }
        }
        self.calls = open;
    }

    /// Nobody wants to know any more.
    pub(super) fn take_calls_back(&mut self, world: &mut World) {
        for call in self.calls.drain(..) {
            if let Attempt::Asked(_, id) = call.attempt {
                world.cancel(id);
            }
        }
    }

    pub(super) fn begin(&mut self, world: &mut World, call: ctl::Call) {
        let now = world.now();
        let nanos = |limit: Duration| u64::try_from(limit.as_nanos()).unwrap_or(NO_LIMIT);
        let limit = call.timeout.map_or(NO_LIMIT, nanos).min(NO_LIMIT);
        let mut pending = Pending {
            id: call.id,
            endpoint: call.endpoint,
            caller: api::Caller { token: call.token, ..api::Caller::default() },
            request: call.request,
            once: call.once,
            began_at: now,
            deadline: now.saturating_add(limit),
            attempt: Attempt::Waiting(now),
        };
        match self.ask(world, &mut pending) {
            Some(result) => self.session.on_result(pending.id, result, Duration::ZERO),
            None => self.calls.push(pending),
        }
    }

    /// Sends a call to the member whose turn it is; an answer only when its time is over.
    fn ask(
        &mut self,
        world: &mut World,
        pending: &mut Pending,
    ) -> Option<Result<api::Response, CallError>> {
        let now = world.now();
        if now >= pending.deadline {
            return Some(Err(CallError::DeadlineExceeded));
        }
        let member = match &pending.endpoint {
            Endpoint::Any => self.endpoints.get(self.current).copied(),
            Endpoint::Named(text) => self.hosts.member(text),
            // There is one cluster in the page: its own members stand for another one.
            Endpoint::Elsewhere(other) => self.hosts.member(&other.endpoint),
        };
        pending.attempt = match member {
            Some(member) => {
                let (caller, request) = (pending.caller.clone(), pending.request.clone());
                let limit = pending.deadline - now;
                let id = world.call_as(self.client, member, caller, request, limit);
                Attempt::Asked(member, id)
            }
            None if pending.once => {
                return Some(Err(CallError::Unreachable("no such host".to_string())));
            }
            None => Attempt::Waiting(pending.deadline.min(now + RETRY_AFTER)),
        };
        None
    }

    /// Looks whether an attempt is over; an answer only when there is no other attempt.
    fn hear(
        &mut self,
        world: &World,
        pending: &mut Pending,
        member: MemberNo,
        id: CallId,
    ) -> Option<Result<api::Response, CallError>> {
        let (_, end) = world.call_view(id)?.end?;
        let failure = match end {
            CallEnd::Answer(answer) => match answer.as_ref() {
                Ok(response) => return Some(Ok(response.clone())),
                Err(error) => Some(error.clone()),
            },
            CallEnd::Broken => {
                Some(api::Error::new(api::Code::Unavailable, "error reading from server: EOF"))
            }
            // The call never arrived: it may be made again, whatever it is.
            CallEnd::NoConnection => None,
            CallEnd::TimedOut | CallEnd::Canceled => {
                return Some(Err(CallError::DeadlineExceeded));
            }
        };
        if pending.once {
            let refused = || CallError::Unreachable("connection refused".to_string());
            return Some(Err(failure.map_or_else(refused, CallError::Status)));
        }
        if let Some(error) = failure
            && !ctl::may_retry(&pending.request, &error)
        {
            return Some(Err(CallError::Status(error)));
        }
        let mut pause = RETRY_AFTER;
        if pending.endpoint == Endpoint::Any && self.endpoints.get(self.current) == Some(&member) {
            self.current = (self.current + 1) % self.endpoints.len();
            // The next endpoint is tried at once, the first one again after a pause.
            pause = if self.current == 0 { RETRY_AFTER } else { 0 };
        }
        pending.attempt = Attempt::Waiting(pending.deadline.min(world.now() + pause));
        None
    }
}
