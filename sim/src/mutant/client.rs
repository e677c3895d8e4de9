//! Clients: whom they are taken for, and what their libraries do for them.

use glasshouse_core::api::{self, Code, KeyValue, Request, Response};
use glasshouse_core::concurrency::Held;
use glasshouse_core::id::CallId;

use super::Mutant;
use crate::clock::MILLIS;
use crate::network::Cargo;
use crate::place::{MemberNo, Place};
use crate::trace::{CallEnd, Carried};
use crate::world::State;

/// How long a library waits before it tries again.
const PAUSE: u64 = 50 * MILLIS;

impl State {
    /// M41: whoever calls is taken for root.
    pub(crate) fn whom_the_member_sees(&self, no: MemberNo, caller: api::Caller) -> api::Caller {
        if self.is_sick(Mutant::EverybodyIsRoot, no) { root() } else { caller }
    }

    /// M24: the library of a client whose write failed without an answer sends it again, to another member,
    /// although the first may have taken effect. The client knows nothing of that. Says whether it does.
    pub(crate) fn is_tried_again(&mut self, id: CallId, end: &CallEnd) -> bool {
        let Some(call) = self.calls.get(id) else { return false };
        let failed = match end {
            CallEnd::Broken | CallEnd::NoConnection => true,
            CallEnd::Answer(answer) => {
                answer.as_ref().as_ref().is_err_and(|error| error.code == Code::Unavailable)
            }
            CallEnd::TimedOut | CallEnd::Canceled => false,
        };
        let writes = matches!(call.request.as_ref(), Request::Put(_) | Request::Txn(_));
        if !failed || !writes || !self.is_sick(Mutant::RetriedWrite, call.member) {
            return false;
        }
        let asked = call.member;
        let other = self
            .numbers()
            .cycle()
            .skip(asked.index() + 1)
            .find(|no| *no == asked || self.member(*no).node().is_some());
        let other = other.unwrap_or(asked);
        self.after(PAUSE, move |state| state.try_again(id, other));
        true
    }

    fn try_again(&mut self, id: CallId, member: MemberNo) {
        let Some(call) = self.calls.get_mut(id) else { return };
        call.member = member;
        let (client, caller) = (Place::from(call.client), call.caller.clone());
        let request = call.request.clone();
        let cargo = Cargo::Request { call: id, caller, request };
        self.send(client, member.into(), Carried::Request(id), cargo);
    }

    /// A client is told that it holds the lock.
    pub(crate) fn on_held(&mut self, held: &Held) {
        let verdict = self.checks.home().on_held(held);
        self.violate(verdict);
    }

    /// M25: a lock is given to whoever is the first to wait, and nobody looks whether its own key is still
    /// there: a lease that ran out in the queue takes it along.
    pub(crate) fn as_the_lock_reads_it(&self, asked: &Request, mut answer: Response) -> Response {
        if self.plants.has_anywhere(Mutant::LockNotRechecked)
            && let (Request::Range(asked), Response::Range(found)) = (asked, &mut answer)
            && asked.range_end.is_empty()
            && found.kvs.is_empty()
        {
            found.kvs.push(KeyValue { key: asked.key.clone(), ..KeyValue::default() });
        }
        answer
    }
}

/// Who may do everything.
pub(super) fn root() -> api::Caller {
    api::Caller { common_name: Some(String::from("root")), ..api::Caller::default() }
}
