//! What a session and its driver say to each other: steps, calls, and why a call has no response.

use std::fmt;
use std::time::Duration;

use crate::api::{Code, Error, Request};
#[cfg(doc)]
use crate::ctl::Session;
use crate::ctl::config::{Config, Tls};
use crate::ctl::stream::{Fetch, FileWork, Program, Stream, StreamId, StreamRequest, TimerId};
use crate::ctl::{Exit, Output, utl};

/// What the session wants of its driver.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Send this request. Several calls may be under way at once; a driver that makes them one
    /// after the other gets the same output, later.
    Call(Call),
    /// Read standard input and pass it to [`Session::on_input`].
    Read(Input),
    /// Wait for the answer to a call that is under way, or for a response on a stream.
    Wait,
    /// Wait for a response on a stream, or for a line of standard input, whichever comes first.
    WaitOrRead(Input),
    /// Open a stream; what comes on it goes to [`Session::on_message`], its end to
    /// [`Session::on_stream_end`].
    Open(Stream),
    /// Send a further request on a stream that is open.
    Send(StreamId, StreamRequest),
    /// Close a stream: nothing that comes on it matters any more.
    Close(StreamId),
    /// Write this to standard output and standard error now.
    Write(Output),
    /// Do this to a file of whoever types, and say how that ended with [`Session::on_file`]. A driver
    /// without files says so there.
    File(FileWork),
    /// Do this to files as `utl` does it, and pass what it printed to [`Session::on_disk_work`]. A driver
    /// without files says so there.
    OnDisk(utl::Job),
    /// Run a program to its end and pass how it ended to [`Session::on_executed`]; go on with the
    /// session meanwhile. A driver without processes says so there.
    Execute(Program),
    /// When this time has passed, call [`Session::on_timer`]; go on with the session meanwhile.
    Timer(TimerId, Duration),
    /// Read a page by HTTP's `GET` and pass it to [`Session::on_fetched`]; go on with the session
    /// meanwhile.
    Fetch(Fetch),
    /// The command is over.
    Done(Output),
}

/// What to read from standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Everything up to its end.
    All,
    /// One line with its line feed, or less when the input ends before that.
    Line {
        /// To be written to standard output first.
        prompt: &'static str,
    },
    /// One line that is not shown while it is typed, where there is a terminal.
    Password {
        /// To be written to standard output first, and a line feed behind what was typed.
        prompt: String,
    },
}

/// Tells the calls of one session apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallId(pub(super) u32);

/// One call to the cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// For [`Session::on_result`].
    pub id: CallId,
    /// Where it goes.
    pub endpoint: Endpoint,
    /// What shows who asks, if the cluster wants to know.
    pub token: Option<String>,
    /// What is asked.
    pub request: Request,
    /// How long it may take, waiting for a connection and retries included; `None` without limit.
    pub timeout: Option<Duration>,
    /// One attempt: whoever cannot be reached at once does not answer.
    pub once: bool,
}

/// Where a call goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoint {
    /// Any of [`Config::endpoints`]; another one after a failure for which [`may_retry`] holds.
    Any,
    /// This one only.
    Named(String),
    /// One of another cluster.
    Elsewhere(Box<Elsewhere>),
}

/// An endpoint of another cluster, which has certificates of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Elsewhere {
    /// As in [`Config::endpoints`].
    pub endpoint: String,
    /// What to show and whom to believe there.
    pub tls: Tls,
}

impl Endpoint {
    /// The endpoints that are meant, and the certificates for them.
    #[must_use]
    pub fn among<'a>(&'a self, config: &'a Config) -> (&'a [String], &'a Tls) {
        match self {
            Self::Any => (&config.endpoints, &config.tls),
            Self::Named(endpoint) => (std::slice::from_ref(endpoint), &config.tls),
            Self::Elsewhere(other) => (std::slice::from_ref(&other.endpoint), &other.tls),
        }
    }

    /// Whether it is of the cluster to which the command speaks.
    pub(in crate::ctl) fn is_here(&self) -> bool {
        !matches!(self, Self::Elsewhere(_))
    }
}

/// Why a call has no response. Its text is what etcdctl prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The member, or the transport, answered with an error.
    Status(Error),
    /// The call's timeout passed.
    DeadlineExceeded,
    /// The only attempt of a call found nobody; the text says why.
    Unreachable(String),
    /// No client could be made: an unreadable certificate, for example. The text says why.
    Client(String),
}

/// Texts that etcd's client does not recognise as etcd's own, so that gRPC's wording stays.
const UNMAPPED: [Error; 7] = [
    Error::INVALID_CLIENT_API_VERSION,
    Error::INVALID_SORT_OPTION,
    Error::WATCH_CANCELED,
    Error::PERMISSION_NOT_GIVEN,
    Error::TIMEOUT_WAIT_APPLIED_INDEX,
    Error::CANCELED,
    Error::DEADLINE_EXCEEDED,
];

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(error) if is_etcds(error) => f.write_str(&error.message),
            Self::Status(error) => {
                write!(f, "rpc error: code = {} desc = {}", error.code, error.message)
            }
            Self::DeadlineExceeded => f.write_str("context deadline exceeded"),
            Self::Unreachable(why) | Self::Client(why) => f.write_str(why),
        }
    }
}

fn is_etcds(error: &Error) -> bool {
    Error::is_etcd_text(&error.message)
        && !UNMAPPED.iter().any(|other| other.message == error.message)
}

/// Whether etcd's client sends a failed call again, to the next endpoint, while its time lasts.
///
/// - Reads, when the member is unavailable; writes never, because they may have arrived. Calls of
///   leases count as reads, all of them.
/// - Any call, when the *member* says that its own deadline passed or that it was cancelled: a member
///   without a leader answers so to a write that it could not propose.
///
/// A connection that cannot be made is no failure of the call: the call waits for one, so that a
/// driver tries the next endpoint whatever the request is.
pub fn may_retry(request: &Request, error: &Error) -> bool {
    let repeatable = matches!(
        request,
        Request::Range(_)
            | Request::MemberList(_)
            | Request::Alarm(_)
            | Request::Status(_)
            | Request::LeaseGrant(_)
            | Request::LeaseRevoke(_)
            | Request::LeaseKeepAlive(_)
            | Request::LeaseTimeToLive(_)
            | Request::LeaseLeases(_)
            | Request::HashKv(_)
            | Request::Hash(_)
            | Request::UserGet(_)
            | Request::UserList(_)
            | Request::RoleGet(_)
            | Request::RoleList(_)
    );
    match error.code {
        Code::DeadlineExceeded | Code::Canceled => true,
        Code::Unavailable => repeatable,
        _ => false,
    }
}

impl From<CallError> for Exit {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Client(why) => Self::bad_args(why),
            error => Self::error(error.to_string()),
        }
    }
}
