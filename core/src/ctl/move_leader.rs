//! `move-leader`: asks the endpoints, one after the other, until one of them is the leader.

use super::flags::Arg;
use super::{Exit, go};
use crate::api::{MoveLeaderRequest, Request, StatusRequest, StatusResponse};

/// A search for the leader among the endpoints.
#[derive(Debug)]
pub(super) struct Search {
    target: u64,
    endpoints: Vec<String>,
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
        Ok(Self { target, endpoints: Vec::new(), at: 0, leader: 0 })
    }

    /// Begins with the first endpoint.
    pub(super) fn begin(&mut self, endpoints: &[String]) -> (String, Request) {
        self.endpoints = endpoints.to_vec();
        self.ask()
    }

    /// Takes an endpoint's status; says whom to ask what next.
    pub(super) fn on_status(&mut self, status: &StatusResponse) -> Result<(String, Request), Exit> {
        let member = status.header.as_ref().map_or(0, |header| header.member_id);
        if member == status.leader {
            self.leader = status.leader;
            let request = MoveLeaderRequest { target_id: self.target };
            return Ok((self.endpoints[self.at].clone(), request.into()));
        }
        self.at += 1;
        if self.at == self.endpoints.len() {
            let endpoints = self.endpoints.join(" ");
            return Err(Exit::bad_args(format!("no leader endpoint given at [{endpoints}]")));
        }
        Ok(self.ask())
    }

    /// (from, to).
    pub(super) fn moved(&self) -> (u64, u64) {
        (self.leader, self.target)
    }

    fn ask(&self) -> (String, Request) {
        (self.endpoints[self.at].clone(), StatusRequest {}.into())
    }
}
