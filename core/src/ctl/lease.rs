//! `lease`: from arguments to requests, from answers to reports.

use super::flags::{Arg, FlagSet};
use super::print::{Printer, Report};
use super::session::{CallError, wrong_answer};
use super::{Exit, Output, go};
use crate::api::{
    Error, LeaseGrantRequest, LeaseKeepAliveRequest, LeaseRevokeRequest, LeaseTimeToLiveRequest,
    Response,
};

/// `lease grant <ttl>`.
pub(super) fn grant(args: &[Arg]) -> Result<LeaseGrantRequest, Exit> {
    let [ttl] = args else {
        return Err(Exit::bad_args("lease grant command needs TTL argument"));
    };
    let ttl = go::parse_int(ttl, 10).map_err(|why| Exit::bad_args(format!("bad TTL ({why})")))?;
    Ok(LeaseGrantRequest { ttl, id: 0 })
}

/// `lease revoke <leaseID>`.
pub(super) fn revoke(args: &[Arg]) -> Result<LeaseRevokeRequest, Exit> {
    let [id] = args else {
        return Err(Exit::bad_args("lease revoke command needs 1 argument"));
    };
    Ok(LeaseRevokeRequest { id: id_of(id)? })
}

/// `lease timetolive <leaseID>`.
pub(super) fn time_to_live(flags: &FlagSet, args: &[Arg]) -> Result<LeaseTimeToLiveRequest, Exit> {
    let [id] = args else {
        return Err(Exit::bad_args("lease timetolive command needs lease ID as argument"));
    };
    Ok(LeaseTimeToLiveRequest { id: id_of(id)?, keys: flags.bool("keys") })
}

/// `lease keep-alive <leaseID>`.
pub(super) fn keep_alive(args: &[Arg]) -> Result<LeaseKeepAliveRequest, Exit> {
    let [id] = args else {
        return Err(Exit::bad_args("lease keep-alive command needs lease ID as argument"));
    };
    Ok(LeaseKeepAliveRequest { id: id_of(id)? })
}

fn id_of(text: &[u8]) -> Result<i64, Exit> {
    go::parse_int(text, 16)
        .map_err(|why| Exit::bad_args(format!("bad lease ID arg ({why}), expecting ID in Hex")))
}

/// What to do with the answer to a command's only call.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    Grant,
    KeepAlive,
    List,
    /// The answer does not say which lease it was.
    Revoke {
        id: i64,
    },
    TimeToLive {
        keys: bool,
    },
}

impl Answer {
    /// `--command-timeout` holds for it.
    pub(super) fn has_deadline(self) -> bool {
        matches!(self, Self::Grant | Self::Revoke { .. })
    }

    /// How the command ends when there is no answer: `grant` and `revoke` say what they tried, the
    /// others call every failure one of the connection.
    pub(super) fn failed(self, error: CallError) -> Exit {
        match (self, error) {
            (_, error @ CallError::Client(_)) => error.into(),
            (Self::Grant, error) => Exit::error(format!("failed to grant lease ({error})")),
            (Self::Revoke { .. }, error) => {
                Exit::error(format!("failed to revoke lease ({error})"))
            }
            (_, error) => Exit::bad_connection(error.to_string()),
        }
    }
}

/// Prints the answer.
pub(super) fn show(
    answer: Answer,
    response: &Response,
    printer: &Printer,
    output: &mut Output,
) -> Result<(), Exit> {
    let report = match (answer, response) {
        (Answer::Grant, Response::LeaseGrant(response)) => Report::Grant(response),
        (Answer::Revoke { id }, Response::LeaseRevoke(response)) => Report::Revoke(id, response),
        // A renewal for no time at all says that there is no such lease.
        (Answer::KeepAlive, Response::LeaseKeepAlive(response)) if response.ttl <= 0 => {
            return Err(answer.failed(CallError::Status(Error::LEASE_NOT_FOUND)));
        }
        (Answer::KeepAlive, Response::LeaseKeepAlive(response)) => Report::KeepAlive(response),
        (Answer::TimeToLive { keys }, Response::LeaseTimeToLive(response)) => {
            Report::TimeToLive { response, keys }
        }
        (Answer::List, Response::LeaseLeases(response)) => Report::Leases(response),
        (answer, response) => return Err(wrong_answer(&answer, response)),
    };
    printer.print(report, output)
}

/// Go's `%016x` of an `int64`, which puts a minus sign before the digits.
pub(super) fn shown(id: i64) -> String {
    let digits = id.unsigned_abs();
    if id < 0 { format!("-{digits:015x}") } else { format!("{digits:016x}") }
}

/// The last words of `lease keep-alive`.
pub(super) fn gone(id: i64) -> String {
    format!("lease {} expired or revoked.", shown(id))
}
