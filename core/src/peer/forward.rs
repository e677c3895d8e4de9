//! A request that only the leader can answer, handed over by the member that a client asked.
//!
//! ```text
//!   client ──► follower ── Forward { id, term, request } ──► leader
//!   client ◄── follower ◄── Forwarded { id, term, answer } ── leader
//!                    ◄───────── or: the log ───────────────── leader
//! ```
//!
//! Messages get lost, come twice and overtake each other. So the follower repeats a request under its id
//! until it is answered or its client gives up, and whoever carries it out knows the id again:
//!
//! * Questions and renewals of leases are harmless when they are done twice.
//! * A change of the members has the id in the log, and apply passes over one that it has decided
//!   ([`Membership`](crate::membership::Membership)). Its success needs no message: the follower sees it in
//!   its own log.
//! * A refusal is final. The leader gives the same one again while it leads, and both messages name the
//!   term: no other leader carries out what one has refused, and a follower believes nobody but whom it
//!   asked last.

use crate::api::{
    Code, Error, LeaseKeepAliveRequest, LeaseKeepAliveResponse, LeaseTimeToLiveRequest,
    LeaseTimeToLiveResponse, MemberAddRequest, MemberPromoteRequest, MemberRemoveRequest,
    MemberUpdateRequest, Request, Response,
};

/// A request on its way to the leader.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Forward {
    /// Chosen by the member that asks; never used again, also not by its next life.
    #[prost(uint64, tag = "1")]
    pub id: u64,
    /// What is asked.
    #[prost(oneof = "ForwardRequest", tags = "2, 3, 7, 8, 9, 10")]
    pub request: Option<ForwardRequest>,
    /// Who asks, as the member that was asked found out; empty for nobody.
    #[prost(string, tag = "4")]
    pub user: String,
    /// The revision of users and roles at which it found that.
    #[prost(uint64, tag = "5")]
    pub auth_revision: u64,
    /// The term in which the receiver leads: in any other it ignores the request.
    #[prost(uint64, tag = "6")]
    pub term: u64,
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
    /// A member joins.
    #[prost(message, tag = "7")]
    MemberAdd(MemberAddRequest),
    /// A member leaves.
    #[prost(message, tag = "8")]
    MemberRemove(MemberRemoveRequest),
    /// A member has other peer URLs.
    #[prost(message, tag = "9")]
    MemberUpdate(MemberUpdateRequest),
    /// A learner becomes a voter.
    #[prost(message, tag = "10")]
    MemberPromote(MemberPromoteRequest),
}

/// The leader's answer.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Forwarded {
    /// The id of the request.
    #[prost(uint64, tag = "1")]
    pub id: u64,
    /// The answer.
    #[prost(oneof = "ForwardAnswer", tags = "2, 3, 4")]
    pub answer: Option<ForwardAnswer>,
    /// The term in which the sender led when it answered.
    #[prost(uint64, tag = "6")]
    pub term: u64,
}

/// The answers to [`ForwardRequest`]. A change of the members that is made needs none.
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
            Request::MemberAdd(request) => Some(Self::MemberAdd(request.clone())),
            Request::MemberRemove(request) => Some(Self::MemberRemove(*request)),
            Request::MemberUpdate(request) => Some(Self::MemberUpdate(request.clone())),
            Request::MemberPromote(request) => Some(Self::MemberPromote(*request)),
            _ => None,
        }
    }
}

impl From<ForwardRequest> for Request {
    fn from(request: ForwardRequest) -> Self {
        match request {
            ForwardRequest::LeaseKeepAlive(request) => request.into(),
            ForwardRequest::LeaseTimeToLive(request) => request.into(),
            ForwardRequest::MemberAdd(request) => request.into(),
            ForwardRequest::MemberRemove(request) => request.into(),
            ForwardRequest::MemberUpdate(request) => request.into(),
            ForwardRequest::MemberPromote(request) => request.into(),
        }
    }
}

impl ForwardAnswer {
    /// The form of an answer to a forwarded request; `None` for all others.
    pub(crate) fn of(result: Result<Response, Error>) -> Option<Self> {
        match result {
            Ok(Response::LeaseKeepAlive(response)) => Some(Self::LeaseKeepAlive(response)),
            Ok(Response::LeaseTimeToLive(response)) => Some(Self::LeaseTimeToLive(response)),
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
            ForwardAnswer::Error(ForwardError { code, message }) => {
                Err(Error::new(Code::from_number(code), message))
            }
        }
    }
}
