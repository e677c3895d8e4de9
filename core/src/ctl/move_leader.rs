//! `move-leader`: asks the endpoints, one after the other, until one of them is the leader.

use std::time::Duration;

use super::flags::Arg;
use super::job::{Flow, Job, Moved};
use super::print::Report;
use super::session::{CallError, CallId, Session, wrong_answer};
use super::{Exit, go};
use crate::api::{MoveLeaderRequest, Response, StatusRequest, StatusResponse};

/// A search for the leader among the endpoints.
#[derive(Debug)]
pub(super) struct Search {
    target: u64,
    /// Place of the endpoint that is asked.
    at: usize,
    leader: u64,
}

impl Search {
    /// Reads the line.
    pub(super) fn new(args: &[Arg]) -> Result<Self, Exit> {
        let [target] = args else {
            return Err(Exit::bad_args("move-leader command needs 1 argument"));
        };
        let target = go::parse_uint(target, 16).map_err(Exit::bad_args)?;
        Ok(Self { target, at: 0, leader: 0 })
    }

    /// The next endpoint, while there is one.
    fn ask(&self, session: &mut Session) -> Moved {
        let Some(endpoint) = session.endpoints().get(self.at).cloned() else {
            let endpoints = session.endpoints().join(" ");
            return Err(Exit::bad_args(format!("no leader endpoint given at [{endpoints}]")));
        };
        session.ask_at(&endpoint, StatusRequest {});
        Ok(Flow::GoesOn)
    }

    fn on_status(&mut self, session: &mut Session, status: &StatusResponse) -> Moved {
        let member = status.header.as_ref().map_or(0, |header| header.member_id);
        if member != status.leader {
            self.at += 1;
            return self.ask(session);
        }
        self.leader = status.leader;
        let endpoint = session.endpoints()[self.at].clone();
        session.ask_at(&endpoint, MoveLeaderRequest { target_id: self.target });
        Ok(Flow::GoesOn)
    }
}

impl Job for Search {
    fn begin(&mut self, session: &mut Session) -> Moved {
        self.ask(session)
    }

    fn on_answer(
        &mut self,
        session: &mut Session,
        _: CallId,
        answer: Result<Response, CallError>,
        _: Duration,
    ) -> Moved {
        match answer? {
            Response::Status(status) => self.on_status(session, &status),
            Response::MoveLeader(response) => {
                session.print(Report::MoveLeader(self.leader, self.target, &response))?;
                Ok(Flow::Over)
            }
            other => Err(wrong_answer(&"move-leader", &other)),
        }
    }
}
