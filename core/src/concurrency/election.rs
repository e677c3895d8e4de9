//! An election: a queue whose first one leads (etcd: `client/v3/concurrency/election.go`).

use bytes::Bytes;

use super::queue::{Place, Queue, first_of};
use super::{Recipe, Refusal, Turn, created_at, header_of, key_of, op, prefix_of};
use crate::api::request_op::Request as Op;
use crate::api::response_op::Response as Done;
use crate::api::v3electionpb::LeaderKey;
use crate::api::{
    DeleteRangeRequest, PutRequest, RangeRequest, Request, Response, ResponseHeader, TxnRequest,
    TxnResponse, WatchResponse,
};

/// What one says of an election that nobody has won.
pub const NO_LEADER: &str = "election: no leader";

/// One who wants to lead, until it does.
#[derive(Clone, Debug)]
pub struct Campaign {
    prefix: Bytes,
    value: Bytes,
    leadership: Leadership,
    /// The header of the first answer.
    header: ResponseHeader,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    Entering,
    /// It stood in the queue already, with another value.
    Proclaiming,
    Waiting(Queue),
    Over,
}

/// Who leads, or stands in the queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leadership {
    /// The key in the queue.
    pub key: Bytes,
    /// Its create revision: the fence.
    pub revision: i64,
    /// The lease that it hangs on.
    pub lease: i64,
}

impl Leadership {
    /// What a client that was elected has been told.
    #[must_use]
    pub fn of(leader: &LeaderKey) -> Self {
        Self { key: leader.key.clone(), revision: leader.rev, lease: leader.lease }
    }

    /// Proclaims another value; [`proclaimed`] reads the answer.
    #[must_use]
    pub fn proclaim(&self, value: Bytes) -> TxnRequest {
        let put =
            PutRequest { key: self.key.clone(), value, lease: self.lease, ..PutRequest::default() };
        self.fenced(Op::RequestPut(put))
    }

    /// Leads no more.
    #[must_use]
    pub fn resign(&self) -> TxnRequest {
        let key = self.key.clone();
        self.fenced(Op::RequestDeleteRange(DeleteRangeRequest { key, ..Default::default() }))
    }

    fn fenced(&self, request: Op) -> TxnRequest {
        TxnRequest {
            compare: vec![created_at(&self.key, self.revision)],
            success: vec![op(request)],
            failure: Vec::new(),
        }
    }
}

/// The question who leads.
#[must_use]
pub fn leader(name: &[u8]) -> RangeRequest {
    first_of(&prefix_of(name))
}

/// Whether a value was proclaimed.
///
/// # Errors
/// [`Refusal::NotLeader`].
pub fn proclaimed(answer: &TxnResponse) -> Result<ResponseHeader, Refusal> {
    if answer.succeeded { Ok(header_of(answer.header)) } else { Err(Refusal::NotLeader) }
}

impl Campaign {
    /// Enters the queue of the election `name` with a lease that lives.
    #[must_use]
    pub fn begin(name: &[u8], lease: i64, value: Bytes) -> (Self, TxnRequest) {
        let prefix = prefix_of(name);
        let key = key_of(&prefix, lease);
        let put =
            PutRequest { key: key.clone(), value: value.clone(), lease, ..PutRequest::default() };
        let own = RangeRequest { key: key.clone(), ..RangeRequest::default() };
        let enter = TxnRequest {
            compare: vec![created_at(&key, 0)],
            success: vec![op(Op::RequestPut(put))],
            failure: vec![op(Op::RequestRange(own))],
        };
        let leadership = Leadership { key, revision: 0, lease };
        let header = ResponseHeader::default();
        (Self { prefix, value, leadership, header, state: State::Entering }, enter)
    }

    fn on_entered(&mut self, answer: TxnResponse) -> Turn<(Leadership, ResponseHeader)> {
        self.header = header_of(answer.header);
        self.leadership.revision = self.header.revision;
        if answer.succeeded {
            return self.wait();
        }
        let own = answer.responses.into_iter().next().and_then(|one| one.response);
        let Some(Done::ResponseRange(own)) = own else {
            return Turn::Refused(Refusal::WrongAnswer("Txn"));
        };
        let Some(own) = own.kvs.into_iter().next() else {
            return Turn::Refused(Refusal::WrongAnswer("Txn"));
        };
        self.leadership.revision = own.create_revision;
        if own.value == self.value {
            return self.wait();
        }
        self.state = State::Proclaiming;
        Turn::Call(self.leadership.proclaim(self.value.clone()).into())
    }

    fn wait(&mut self) -> Turn<(Leadership, ResponseHeader)> {
        let queue = Queue::new(self.prefix.clone(), self.leadership.revision);
        let ask = queue.ask();
        self.state = State::Waiting(queue);
        Turn::Call(ask.into())
    }
}

impl Recipe for Campaign {
    type Done = (Leadership, ResponseHeader);

    fn on_answer(&mut self, response: Response) -> Turn<Self::Done> {
        match (&mut self.state, response) {
            (State::Entering, Response::Txn(answer)) => self.on_entered(answer),
            (State::Proclaiming, Response::Txn(answer)) => match proclaimed(&answer) {
                Ok(_) => self.wait(),
                Err(refusal) => Turn::Refused(refusal),
            },
            (State::Waiting(queue), Response::Range(found)) => match queue.on_found(found) {
                Place::Behind(watch) => Turn::Watch(watch),
                Place::First => {
                    self.state = State::Over;
                    Turn::Done((self.leadership.clone(), self.header))
                }
            },
            (_, response) => Turn::Refused(Refusal::WrongAnswer(response.name())),
        }
    }

    fn on_watch(&mut self, response: &WatchResponse) -> Turn<Self::Done> {
        match &mut self.state {
            State::Waiting(queue) => queue.on_watch(response),
            _ => Turn::Wait,
        }
    }

    fn on_watch_lost(&mut self) -> Turn<Self::Done> {
        match &self.state {
            State::Waiting(queue) => queue.again(),
            _ => Turn::Wait,
        }
    }

    fn after_failure(&self) -> Option<Request> {
        // Who fails while it waits keeps its place: it may ask again with the same lease.
        matches!(self.state, State::Proclaiming).then(|| self.leadership.resign().into())
    }

    fn after_cancel(&self) -> Option<Request> {
        (!matches!(self.state, State::Entering)).then(|| self.leadership.resign().into())
    }
}
