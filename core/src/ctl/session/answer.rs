//! What becomes of the answer to a command's only call.

use super::{CallError, Session, wrong_answer};
use crate::api::Response;
use crate::api::downgrade_request::DowngradeAction;
use crate::ctl::access as users;
use crate::ctl::print::Report;
use crate::ctl::{Exit, get, lease};

/// What to do with the answer to a command's only call.
#[derive(Debug)]
pub(super) enum Answer {
    Get(get::Show),
    Put,
    Del,
    Txn,
    Compaction { revision: i64 },
    Lease(lease::Answer),
    Access(users::Answer),
    Alarms,
    Downgrade(DowngradeAction),
    MemberList,
    MemberRemove { id: u64 },
    MemberUpdate { id: u64 },
    MemberPromote { id: u64 },
}

impl Answer {
    /// How the command ends when there is no answer.
    pub(super) fn failed(&self, error: CallError) -> Exit {
        match self {
            Self::Lease(answer) => answer.failed(error),
            _ => error.into(),
        }
    }
}

impl Session {
    /// Prints the answer.
    pub(super) fn show(&mut self, answer: Answer, response: &Response) -> Result<(), Exit> {
        let mut printer = self.printer();
        let output = &mut self.output;
        match (answer, response) {
            (Answer::Get(show), Response::Range(response)) => {
                printer.value_only = show.check(printer.format)?;
                printer.print(Report::Get(response), output)
            }
            (Answer::Put, Response::Put(response)) => printer.print(Report::Put(response), output),
            (Answer::Del, Response::DeleteRange(response)) => {
                printer.print(Report::Del(response), output)
            }
            (Answer::Txn, Response::Txn(response)) => printer.print(Report::Txn(response), output),
            (Answer::Compaction { revision }, Response::Compact(_)) => {
                output.out_line(format!("compacted revision {revision}"));
                Ok(())
            }
            (Answer::Access(answer), response) => users::show(&answer, response, &printer, output),
            (Answer::Alarms, Response::Alarm(response)) => {
                printer.print(Report::Alarms(response), output)
            }
            (Answer::Downgrade(action), Response::Downgrade(response)) => {
                printer.print(Report::Downgrade(action, response), output)
            }
            (Answer::Lease(answer), response) => lease::show(answer, response, &printer, output),
            (Answer::MemberList, Response::MemberList(response)) => {
                printer.print(Report::MemberList(response), output)
            }
            (Answer::MemberRemove { id }, Response::MemberRemove(response)) => {
                printer.print(Report::MemberRemove(id, response), output)
            }
            (Answer::MemberUpdate { id }, Response::MemberUpdate(response)) => {
                printer.print(Report::MemberUpdate(id, response), output)
            }
            (Answer::MemberPromote { id }, Response::MemberPromote(response)) => {
                printer.print(Report::MemberPromote(id, response), output)
            }
            (answer, response) => Err(wrong_answer(&answer, response)),
        }
    }
}
