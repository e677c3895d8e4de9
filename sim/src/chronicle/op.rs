//! Calls of clients: what was asked of whom, and what came of it.

use std::sync::Arc;

use glasshouse_core::api::{Request, Response};

use super::series::Moment;
use crate::linear::is_a_no;
use crate::place::{ClientNo, MemberNo};
use crate::trace::CallEnd;

/// How a call ended for its client.
#[derive(Clone, Debug, PartialEq)]
pub enum Status {
    /// It is under way.
    Open,
    /// The client was told that it succeeded.
    Ok(Response),
    /// It was refused, and certainly had no effect: etcd's text.
    Err(String),
    /// Nobody knows: it may have happened, or not, or happen yet. What the client was told.
    Unknown(String),
}

/// A call. One command of etcdctl may make several: one at each endpoint that it tries.
#[derive(Clone, Debug)]
pub struct Op {
    /// When it was made.
    pub called: Moment,
    /// When the client stopped waiting for it.
    pub returned: Option<Moment>,
    /// Who asked.
    pub client: ClientNo,
    /// Who was asked.
    pub member: MemberNo,
    /// What was asked.
    pub request: Arc<Request>,
    /// How it ended.
    pub status: Status,
}

impl Op {
    pub(super) fn new(
        called: Moment,
        client: ClientNo,
        member: MemberNo,
        request: &Arc<Request>,
    ) -> Self {
        let request = Arc::clone(request);
        Self { called, returned: None, client, member, request, status: Status::Open }
    }

    pub(super) fn end(&mut self, moment: Moment, end: &CallEnd) {
        self.returned = Some(moment);
        let changes = !matches!(
            self.request.as_ref(),
            Request::Range(_) | Request::MemberList(_) | Request::Status(_) | Request::HashKv(_)
        );
        let said = match end {
            CallEnd::Answer(answer) => match answer.as_ref() {
                Ok(response) => {
                    self.status = Status::Ok(response.clone());
                    return;
                }
                Err(error) if changes && !is_a_no(error.code) => {
                    self.status = Status::Unknown(error.message.to_string());
                    return;
                }
                Err(error) => &error.message,
            },
            CallEnd::NoConnection => "connection refused",
            CallEnd::Broken | CallEnd::TimedOut | CallEnd::Canceled => {
                let said = if *end == CallEnd::Broken { "connection broken" } else { "no answer" };
                self.status = Status::Unknown(said.to_owned());
                return;
            }
        };
        self.status = Status::Err(said.to_owned());
    }

    /// Its kind, as goals write it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.request.as_ref() {
            Request::Range(_) => "get",
            Request::Put(_) => "put",
            Request::DeleteRange(_) => "del",
            Request::Txn(_) => "txn",
            Request::Compact(_) => "compaction",
            Request::LeaseGrant(_) => "lease_grant",
            Request::LeaseRevoke(_) => "lease_revoke",
            Request::LeaseKeepAlive(_) => "lease_keep_alive",
            Request::LeaseTimeToLive(_) => "lease_timetolive",
            Request::LeaseLeases(_) => "lease_list",
            Request::MemberList(_) => "member_list",
            Request::MemberAdd(_) => "member_add",
            Request::MemberRemove(_) => "member_remove",
            Request::MemberUpdate(_) => "member_update",
            Request::MemberPromote(_) => "member_promote",
            Request::MoveLeader(_) => "move_leader",
            Request::Status(_) => "endpoint_status",
            Request::HashKv(_) => "endpoint_hashkv",
            _ => "other",
        }
    }
}
