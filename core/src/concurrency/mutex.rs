//! A mutex that clients of a whole cluster share (etcd: `client/v3/concurrency/mutex.go`).

use bytes::Bytes;

use super::queue::{Place, Queue, first_of};
use super::{Recipe, Refusal, Turn, created_at, header_of, key_of, op, prefix_of};
use crate::api::request_op::Request as Op;
use crate::api::response_op::Response as Done;
use crate::api::{
    Compare, DeleteRangeRequest, PutRequest, RangeRequest, Request, Response, ResponseHeader,
    TxnRequest, TxnResponse, WatchResponse,
};

/// One who wants the lock, until it has it.
///
/// A lease stands in the queue once. Who asks again with the same lease finds its own key there, and
/// holds the lock if it held it before.
#[derive(Clone, Debug)]
pub struct Lock {
    prefix: Bytes,
    key: Bytes,
    /// The create revision of the key; 0 before it is known.
    revision: i64,
    /// The key was put by this machine, and not found.
    entered: bool,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    Entering,
    Waiting(Queue),
    Checking,
    Over,
}

/// A lock that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The key in the queue; to unlock is to delete it.
    pub key: Bytes,
    /// Its create revision: the fence.
    pub revision: i64,
    /// The header of the answer that told so.
    pub header: ResponseHeader,
}

impl Held {
    /// The comparison that makes a write safe: it fails when the lock was lost meanwhile.
    #[must_use]
    pub fn still_held(&self) -> Compare {
        created_at(&self.key, self.revision)
    }
}

/// Gives a lock back, or leaves its queue.
#[must_use]
pub fn unlock(key: Bytes) -> DeleteRangeRequest {
    DeleteRangeRequest { key, ..DeleteRangeRequest::default() }
}

impl Lock {
    /// Enters the queue of the lock `name` with a lease that lives.
    #[must_use]
    pub fn begin(name: &[u8], lease: i64) -> (Self, TxnRequest) {
        let prefix = prefix_of(name);
        let key = key_of(&prefix, lease);
        let put = PutRequest { key: key.clone(), lease, ..PutRequest::default() };
        let own = RangeRequest { key: key.clone(), ..RangeRequest::default() };
        let first = || op(Op::RequestRange(first_of(&prefix)));
        let enter = TxnRequest {
            compare: vec![created_at(&key, 0)],
            success: vec![op(Op::RequestPut(put)), first()],
            failure: vec![op(Op::RequestRange(own)), first()],
        };
        (Self { prefix, key, revision: 0, entered: false, state: State::Entering }, enter)
    }

    fn on_entered(&mut self, answer: TxnResponse) -> Turn<Held> {
        let header = header_of(answer.header);
        self.entered = answer.succeeded;
        let mut found = answer.responses.into_iter().map(|one| one.response);
        let own = found.next().flatten();
        self.revision = match own {
            Some(Done::ResponseRange(own)) => own.kvs.first().map_or(0, |own| own.create_revision),
            _ => header.revision,
        };
        let Some(Done::ResponseRange(first)) = found.next().flatten() else {
            return Turn::Refused(Refusal::WrongAnswer("Txn"));
        };
        if first.kvs.first().is_none_or(|first| first.create_revision == self.revision) {
            self.state = State::Over;
            return Turn::Done(self.held(header));
        }
        let queue = Queue::new(self.prefix.clone(), self.revision);
        let ask = queue.ask();
        self.state = State::Waiting(queue);
        Turn::Call(ask.into())
    }

    fn held(&self, header: ResponseHeader) -> Held {
        Held { key: self.key.clone(), revision: self.revision, header }
    }
}

impl Recipe for Lock {
    type Done = Held;

    fn on_answer(&mut self, response: Response) -> Turn<Held> {
        match (&mut self.state, response) {
            (State::Entering, Response::Txn(answer)) => self.on_entered(answer),
            (State::Waiting(queue), Response::Range(found)) => match queue.on_found(found) {
                Place::Behind(watch) => Turn::Watch(watch),
                Place::First => {
                    self.state = State::Checking;
                    let key = self.key.clone();
                    Turn::Call(RangeRequest { key, ..RangeRequest::default() }.into())
                }
            },
            (State::Checking, Response::Range(found)) => {
                self.state = State::Over;
                if found.kvs.is_empty() {
                    return Turn::Refused(Refusal::SessionExpired);
                }
                Turn::Done(self.held(header_of(found.header)))
            }
            (_, response) => Turn::Refused(Refusal::WrongAnswer(response.name())),
        }
    }

    fn on_watch(&mut self, response: &WatchResponse) -> Turn<Held> {
        match &mut self.state {
            State::Waiting(queue) => queue.on_watch(response),
            _ => Turn::Wait,
        }
    }

    fn on_watch_lost(&mut self) -> Turn<Held> {
        match &self.state {
            State::Waiting(queue) => queue.again(),
            _ => Turn::Wait,
        }
    }

    fn after_failure(&self) -> Option<Request> {
        let waits = matches!(self.state, State::Waiting(_) | State::Checking);
        waits.then(|| unlock(self.key.clone()).into())
    }

    fn after_cancel(&self) -> Option<Request> {
        // Nobody knows of the lock that was got: it must not stay until the lease ends.
        let unknown = matches!(self.state, State::Over) && self.entered;
        if unknown { Some(unlock(self.key.clone()).into()) } else { self.after_failure() }
    }
}
