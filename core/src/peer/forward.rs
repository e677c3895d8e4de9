//! A request that only the leader can answer, handed over by the member that a client asked.
//!
//! ```text
//!   client ──► follower ── Forward { id, request } ──► leader
//!   client ◄── follower ◄── Forwarded { id, answer } ── leader
//! ```
//!
//! Messages get lost, so the follower repeats a request under its id until it is answered or its
//! client gives up: whatever is forwarded must be harmless when it is done twice.

use super::MessageInfo;
use crate::api::{
    Code, Error, HashKvRequest, HashKvResponse, LeaseKeepAliveRequest, LeaseKeepAliveResponse, LeaseTimeToLiveRequest,
    LeaseTimeToLiveResponse, Request, Response,
};
use crate::peer::MessageKind;

/// A request on its way to the leader.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Forward {
    /// Chosen by the member that asks; never used again, also not by its next life.
    #[prost(uint64, tag = "1")]
    pub id: u64,
    /// What is asked.
    #[prost(oneof = "ForwardRequest", tags = "2, 3, 4")]
    pub request: Option<ForwardRequest>,
    /// Who asks, as the member that was asked found out; empty for nobody.
    #[prost(string, tag = "4")]
    pub user: String,
    /// The revision of users and roles at which it found that.
    #[prost(uint64, tag = "5")]
    pub auth_revision: u64,
}

/// The requests that can be forwarded.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum ForwardRequest {
    /// Renew a lease.
    #[prost(message, tag = "2")]
    LeaseKeepAlive(LeaseKeepAliveRequest),
    /// How much of a lease is left.
    #[prost(message, tag = "3")]
    LeaseTimeToLive(LeaseTimeToLiveRequest),
    /// Hash your keys: of a member that compares all. Anybody answers this one, not only a leader.
    #[prost(message, tag = "4")]
    HashKv(HashKvRequest),
}

/// The leader's answer.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Forwarded {
    /// The id of the request.
    #[prost(uint64, tag = "1")]
    pub id: u64,
    /// The answer.
    #[prost(oneof = "ForwardAnswer", tags = "2, 3, 4, 5")]
    pub answer: Option<ForwardAnswer>,
}

/// The answers to [`ForwardRequest`].
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum ForwardAnswer {
    /// An error for the client.
    #[prost(message, tag = "2")]
    Error(ForwardError),
    /// The lease is renewed, or gone.
    #[prost(message, tag = "3")]
    LeaseKeepAlive(LeaseKeepAliveResponse),
    /// How the lease stands.
    #[prost(message, tag = "4")]
    LeaseTimeToLive(LeaseTimeToLiveResponse),
    /// The hash.
    #[prost(message, tag = "5")]
    HashKv(HashKvResponse),
}

/// An error of etcd's.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ForwardError {
    /// gRPC's number.
    #[prost(int32, tag = "1")]
    pub code: i32,
    /// etcd's text.
    #[prost(string, tag = "2")]
    pub message: String,
}

impl ForwardRequest {
    /// The form of a request that may be forwarded; `None` for all others.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        match request {
            Request::LeaseKeepAlive(request) => Some(Self::LeaseKeepAlive(*request)),
            Request::LeaseTimeToLive(request) => Some(Self::LeaseTimeToLive(*request)),
            _ => None,
        }
    }
}

impl From<ForwardRequest> for Request {
    fn from(request: ForwardRequest) -> Self {
        match request {
            ForwardRequest::LeaseKeepAlive(request) => request.into(),
            ForwardRequest::LeaseTimeToLive(request) => request.into(),
            ForwardRequest::HashKv(request) => request.into(),
        }
    }
}

impl ForwardAnswer {
    /// The form of an answer to a forwarded request; `None` for all others.
    pub(crate) fn of(result: Result<Response, Error>) -> Option<Self> {
        match result {
            Ok(Response::LeaseKeepAlive(response)) => Some(Self::LeaseKeepAlive(response)),
            Ok(Response::LeaseTimeToLive(response)) => Some(Self::LeaseTimeToLive(response)),
            Ok(Response::HashKv(response)) => Some(Self::HashKv(response)),
            Ok(_) => None,
            Err(Error { code, message }) => {
                let (code, message) = (code.number(), message.into_owned());
                Some(Self::Error(ForwardError { code, message }))
            }
        }
    }
}

impl From<ForwardAnswer> for Result<Response, Error> {
    fn from(answer: ForwardAnswer) -> Self {
        match answer {
            ForwardAnswer::LeaseKeepAlive(response) => Ok(response.into()),
            ForwardAnswer::LeaseTimeToLive(response) => Ok(response.into()),
            ForwardAnswer::HashKv(response) => Ok(response.into()),
            ForwardAnswer::Error(ForwardError { code, message }) => {
                Err(Error::new(Code::from_number(code), message))
            }
        }
    }
}

/// What recorders and panels see of the pair.
pub(crate) fn info(answer: bool, reject: bool, term: u64) -> MessageInfo {
    MessageInfo {
        kind: MessageKind::Forward,
        answer,
        reject,
        term,
        index: 0,
        log_term: 0,
        commit: 0,
        entries: 0,
    }
}
