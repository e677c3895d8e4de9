//! The part of a session that is about members: changes of them, and leadership that moves.

use super::{Action, Answer, Session};
use crate::api::{Request, Response};
use crate::ctl::flags::{Arg, FlagSet};
use crate::ctl::print::{Format, Report};
use crate::ctl::{Exit, member};

/// Reads the line of a command that changes the members.
pub(super) fn change(
    action: Action,
    flags: &FlagSet,
    args: &[Arg],
) -> Result<(Answer, Request), Exit> {
    Ok(match action {
        Action::MemberAdd => {
            let (addition, request) = member::add_request(flags, args)?;
            (Answer::MemberAdd(addition), request.into())
        }
        Action::MemberRemove => {
            let request = member::remove_request(args)?;
            (Answer::MemberRemove { id: request.id }, request.into())
        }
        Action::MemberUpdate => {
            let request = member::update_request(flags, args)?;
            (Answer::MemberUpdate { id: request.id }, request.into())
        }
        _ => {
            let request = member::promote_request(args)?;
            (Answer::MemberPromote { id: request.id }, request.into())
        }
    })
}

impl Session {
    /// Answers about the members, some of which lead to a further question.
    pub(super) fn show_cluster(&mut self, answer: Answer, response: &Response) -> Result<(), Exit> {
        let printer = self.printer();
        let output = &mut self.output;
        match (answer, response) {
            (Answer::MemberAdd(mut addition), Response::MemberAdd(response)) => {
                printer.print(Report::MemberAdd(response), output)?;
                addition.on_added(response);
                if printer.format == Format::Simple {
                    self.ask(Answer::AddedList(addition), member::list_request().into());
                }
                Ok(())
            }
            (Answer::AddedList(addition), Response::MemberList(list)) => {
                if addition.trusts(list) {
                    addition.print(list, output);
                } else {
                    let request = member::Addition::sync_request();
                    self.ask(Answer::AddedSync(addition), request.into());
                }
                Ok(())
            }
            (Answer::AddedSync(mut addition), Response::Range(range)) => {
                addition.on_synced(range.header.as_ref());
                self.ask(Answer::AddedList(addition), member::list_request().into());
                Ok(())
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
            (Answer::LeaderSearch(mut search), Response::Status(status)) => {
                let ask = search.on_status(status)?;
                let (from, to) = search.moved();
                let found = from != 0;
                let answer = if found {
                    Answer::MoveLeader { from, to }
                } else {
                    Answer::LeaderSearch(search)
                };
                self.ask_one(answer, ask);
                Ok(())
            }
            (Answer::MoveLeader { from, to }, Response::MoveLeader(response)) => {
                printer.print(Report::MoveLeader(from, to, response), output)
            }
            (answer, response) => Err(Exit::error(format!(
                "the answer to {answer:?} was one to {}: the other side is no etcd",
                response.name()
            ))),
        }
    }
}
