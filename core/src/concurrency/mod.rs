//! Locks and elections: recipes for keys, leases and watches, as state machines without any I/O.
//!
//! etcd has no lock inside. A lock is a **queue of keys** under one prefix, one key for each who wants
//! it, and the order is the order in which the keys were created. Every key hangs on its owner's lease:
//! whoever dies leaves the queue when the lease ends.
//!
//! ```text
//!    lock "jobs"                                      create revision
//!
//!    jobs/694d8a2f…c1   lease of A    ──────────────►  7    holds the lock
//!    jobs/694d8a2f…d4   lease of B    ── watches A ──► 9    waits for the key before its own,
//!    jobs/694d8a2f…e0   lease of C    ── watches B ──► 12   and for no other: no stampede
//! ```
//!
//! 1. *Enter*: in one transaction, "if my key does not exist, put it; tell me who is first". If that is
//!    me, I hold the lock after one round trip.
//! 2. *Wait*: find the youngest key that is older than mine, watch it until it is deleted, look again.
//!    (B may give up while A still holds: then C's next elder is A.)
//! 3. *Check*: my own key is still there. While I waited my lease may have ended.
//!
//! An election is the same queue, whose keys have values: the oldest key is the leader's, its value is
//! what the leader proclaims, to resign is to delete the key, and to observe is to watch it.
//!
//! **A lock alone protects nothing.** Its holder may be frozen, its lease may end, and it may wake up
//! and still believe. What makes it safe is the *fence*: every write under the lock is a transaction
//! that compares the create revision of the lock's key ([`Held::still_held`]). When the key is gone, or
//! belongs to a later life, the write does not happen.
//!
//! A machine here asks for one thing at a time ([`Turn`]); whoever drives it makes the call or carries
//! the watch. Two drivers exist: the services `v3lockpb.Lock` and `v3electionpb.Election` of the server, and
//! `ctl lock` and `ctl elect`, natively and in the page. The requests and their
//! order are those of etcd's own client (`client/v3/concurrency` at 3.5.16), so that all of them may
//! stand in one queue with Go's.

mod election;
mod mutex;
mod observe;
mod queue;
pub mod session;
#[cfg(test)]
mod tests;

use std::fmt;

use bytes::Bytes;

pub use self::election::{Campaign, Leadership, NO_LEADER, leader, proclaimed};
pub use self::mutex::{Held, Lock, unlock};
pub use self::observe::{Never, Observe};
use crate::api::compare::{CompareResult, CompareTarget, TargetUnion};
use crate::api::request_op::Request as Op;
use crate::api::{
    Code, Compare, Error, RequestOp, Response, ResponseHeader, WatchCreateRequest, WatchResponse,
};

/// What a machine wants of its driver. It wants one thing at a time.
#[derive(Clone, Debug, PartialEq)]
pub enum Turn<T> {
    /// Make this call and pass its answer to [`Recipe::on_answer`].
    Call(crate::api::Request),
    /// Watch this, and pass what comes to [`Recipe::on_watch`]. The watch goes on until the machine
    /// wants anything but [`Turn::Wait`]: then it is to be closed.
    Watch(WatchCreateRequest),
    /// Go on with the watch.
    Wait,
    /// It is done.
    Done(T),
    /// It cannot be done.
    Refused(Refusal),
}

/// A recipe under way.
pub trait Recipe {
    /// What is there in the end.
    type Done;

    /// The call was answered with success.
    fn on_answer(&mut self, response: Response) -> Turn<Self::Done>;

    /// A response came on the watch.
    fn on_watch(&mut self, response: &WatchResponse) -> Turn<Self::Done>;

    /// The watch broke with its connection; the machine wants it again from where it stopped.
    fn on_watch_lost(&mut self) -> Turn<Self::Done>;

    /// A call failed, or the machine refused: what takes back what was done so far, if etcd's client
    /// does so. Whether that call succeeds is of no interest any more; the lease cleans up in the end.
    fn after_failure(&self) -> Option<crate::api::Request>;

    /// Whoever wanted this has gone away. Ask while no call is under way, because only the answer tells
    /// whether there is something to take back.
    fn after_cancel(&self) -> Option<crate::api::Request>;
}

/// Why a recipe ended without success. The texts are those of etcd's client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The lease ended while its owner waited in the queue.
    SessionExpired,
    /// Somebody else leads by now.
    NotLeader,
    /// Nobody leads.
    NoLeader,
    /// The member canceled the watch, and said this.
    WatchCanceled(String),
    /// An answer does not belong to its question.
    WrongAnswer(&'static str),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SessionExpired => f.write_str("mutex: session is expired"),
            Self::NotLeader => f.write_str("election: not leader"),
            Self::NoLeader => f.write_str(NO_LEADER),
            Self::WatchCanceled(why) => f.write_str(why),
            Self::WrongAnswer(name) => write!(f, "an answer to {name} answers nothing here"),
        }
    }
}

/// Why a member canceled a watch, in the words of etcd's client.
#[must_use]
pub fn cancel_reason(response: &WatchResponse) -> String {
    if response.compact_revision != 0 {
        return Error::COMPACTED.message.into_owned();
    }
    if !response.cancel_reason.is_empty() {
        return response.cancel_reason.clone();
    }
    Error::FUTURE_REVISION.message.into_owned()
}

/// As etcd's services answer whatever went wrong in a recipe: the text, and no code of its own
/// (`server/etcdserver/api/v3lock`, `v3election` pass Go's plain errors to gRPC).
#[must_use]
pub fn service_error(text: impl fmt::Display) -> Error {
    Error::new(Code::Unknown, text.to_string())
}

/// The key of one who stands in a queue: `NAME/` and the lease as Go prints it with `%x`.
fn key_of(prefix: &Bytes, lease: i64) -> Bytes {
    let sign = if lease < 0 { "-" } else { "" };
    let tail = format!("{sign}{:x}", lease.unsigned_abs());
    [prefix, tail.as_bytes()].concat().into()
}

/// The keys of a queue begin with its name and a slash.
fn prefix_of(name: &[u8]) -> Bytes {
    [name, b"/"].concat().into()
}

/// The end of the range of all keys with this prefix, which ends with a slash.
fn prefix_end(prefix: &Bytes) -> Bytes {
    let mut end = prefix.to_vec();
    if let Some(last) = end.last_mut() {
        // A slash is no 0xff: nothing is carried over.
        *last += 1;
    }
    end.into()
}

/// "The key was created at this revision"; 0: it does not exist.
fn created_at(key: &Bytes, revision: i64) -> Compare {
    Compare {
        result: CompareResult::Equal.into(),
        target: CompareTarget::Create.into(),
        key: key.clone(),
        target_union: Some(TargetUnion::CreateRevision(revision)),
        ..Compare::default()
    }
}

fn op(request: Op) -> RequestOp {
    RequestOp { request: Some(request) }
}

fn header_of(header: Option<ResponseHeader>) -> ResponseHeader {
    header.unwrap_or_default()
}
