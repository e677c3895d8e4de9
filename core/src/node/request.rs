//! Stage 1: a client's request is checked and sent on its way.
//!
//! Three ways lead on: *propose* for what changes the store, *read* for what must see everything
//! acknowledged before it, and *local* for what this member answers by itself, quorum or not
//! (serializable ranges, its own status, its own hash).

use super::forward::Asker;
use super::{Effect, Node};
use crate::api::{self, AlarmType, Caller, Request, Response};
use crate::id::{CallId, MemberId};
use crate::limits;
use crate::{membership, txn};

impl Node {
    pub(super) fn on_request(
        &mut self,
        call: CallId,
        caller: Caller,
        request: Request,
        effects: &mut Vec<Effect>,
    ) {
        self.calls.open(call, caller, self.tick, self.patience_ticks());
        if let Err(error) = self.admit(&request) {
            return self.respond(call, Err(error), effects);
        }
        if !self.hold_call(call, &request) {
            self.route(call, request, effects);
        }
    }

    /// Sends a request that is well-formed on its way.
    pub(super) fn route(&mut self, call: CallId, request: Request, effects: &mut Vec<Effect>) {
        if let Err(error) = self.authorize(call, &request) {
            return self.respond(call, Err(error), effects);
        }
        match &request {
            Request::Range(range) if range.serializable => self.answer_now(call, &request, effects),
            Request::Txn(txn) if txn::is_serializable(txn) => {
                self.answer_now(call, &request, effects);
            }
            Request::MemberList(list) if !list.linearizable => {
                self.answer_now(call, &request, effects);
            }
            Request::Status(_) => self.answer_now(call, &request, effects),
            Request::HashKv(_) | Request::Hash(_) | Request::Defragment(_) => {
                self.ask_work(call, &request, effects);
            }
            Request::Downgrade(downgrade) => match self.check_downgrade_form(downgrade) {
                Ok(()) => self.read(Asker::Call(call), request),
                Err(error) => self.respond(call, Err(error), effects),
            },
            Request::LeaseLeases(_) => self.answer_now(call, &request, effects),
            Request::Range(_) | Request::MemberList(_) | Request::Authenticate(_) => {
                self.read(Asker::Call(call), request);
            }
            Request::Txn(txn) if txn::is_read_only(txn) => self.read(Asker::Call(call), request),
            Request::LeaseKeepAlive(_)
            | Request::LeaseTimeToLive(_)
            | Request::MemberAdd(_)
            | Request::MemberRemove(_)
            | Request::MemberUpdate(_)
            | Request::MemberPromote(_) => self.ask_leader(call, request, effects),
            Request::LeaseGrant(grant) => {
                let grant = self.complete_grant(*grant);
                self.propose(call, grant.into(), effects);
            }
            Request::Put(_)
            | Request::DeleteRange(_)
            | Request::Txn(_)
            | Request::Compact(_)
            | Request::LeaseRevoke(_)
            | Request::Alarm(_)
            | Request::AuthEnable(_)
            | Request::AuthDisable(_)
            | Request::AuthStatus(_)
            | Request::UserGet(_)
            | Request::UserList(_)
            | Request::UserDelete(_)
            | Request::UserGrantRole(_)
            | Request::UserRevokeRole(_)
            | Request::RoleAdd(_)
            | Request::RoleGet(_)
            | Request::RoleList(_)
            | Request::RoleDelete(_)
            | Request::RoleGrantPermission(_)
            | Request::RoleRevokePermission(_) => self.propose(call, request, effects),
            Request::UserAdd(_) | Request::UserChangePassword(_) => {
                self.hash_password(call, request, effects);
            }
            Request::Snapshot(_) => self.request_backup(call, effects),
            Request::MoveLeader(to) => self.move_leader(call, MemberId(to.target_id), effects),
        }
    }

    /// What etcd's gRPC layer refuses before the log sees it (`v3rpc/key.go`, `v3rpc/quota.go`).
    fn admit(&mut self, request: &Request) -> Result<(), api::Error> {
        if self.stopping.is_some() || self.removals.is_out() {
            return Err(api::Error::STOPPED);
        }
        let own = self.membership.get(self.config.member_id);
        if own.is_some_and(|member| member.is_learner) && !is_for_learners(request) {
            return Err(api::Error::NOT_SUPPORTED_FOR_LEARNER);
        }
        if self.calls.len() > limits::OPEN_CALLS_MAX {
            return Err(api::Error::TOO_MANY_REQUESTS);
        }
        self.check_quota(request)?;
        let ops_max = self.config.max_txn_ops;
        match request {
            Request::Range(range) => txn::check_range(range),
            Request::Put(put) => txn::check_put(put).and_then(|()| self.check_room()),
            Request::DeleteRange(delete) => txn::check_delete_range(delete),
            Request::Txn(txn) => {
                txn::check_txn(txn, ops_max)?;
                self.check_txn_room(txn)
            }
            Request::LeaseGrant(_) => self.check_room(),
            Request::MemberAdd(add) => membership::check_peer_urls(&add.peer_urls).map(drop),
            _ => Ok(()),
        }
    }

    /// Answers from this member's own state.
    pub(super) fn answer_now(
        &mut self,
        call: CallId,
        request: &Request,
        effects: &mut Vec<Effect>,
    ) {
        if let Err(error) = self.authorize_answer(call, request) {
            return self.respond(call, Err(error), effects);
        }
        let result = match request {
            Request::Range(range) => {
                self.tally.ranges += 1;
                self.mvcc.bounded_range(range, self.config.max_range_bytes).map(Response::Range)
            }
            Request::Txn(txn) => self.mvcc.txn_read_only(txn).map(Response::Txn),
            Request::MemberList(_) => Ok(Response::MemberList(self.member_list())),
            Request::Status(_) => Ok(Response::Status(self.status())),
            Request::Downgrade(downgrade) => {
                return self.decide_downgrade(call, downgrade, effects);
            }
            Request::LeaseLeases(_) => Ok(Response::LeaseLeases(self.lease_list())),
            other => unreachable!("{} is not answered from this member's state", other.name()),
        };
        self.respond(call, result, effects);
    }

    fn member_list(&self) -> api::MemberListResponse {
        let members = self.membership.members().map(membership::to_api).collect();
        api::MemberListResponse { header: None, members }
    }

    /// What this member knows of itself. Never needs a quorum (`v3rpc/maintenance.go`).
    fn status(&self) -> api::StatusResponse {
        let leader = self.raft.leader().map_or(0, |id| id.0);
        let mut errors = Vec::new();
        if leader == 0 {
            errors.push(api::Error::NO_LEADER.message.into_owned());
        }
        for alarm in self.alarms.list(AlarmType::None as i32) {
            let name = AlarmType::try_from(alarm.alarm).map_or("NONE", |kind| kind.as_str_name());
            errors.push(format!("memberID:{} alarm:{name} ", alarm.member_id));
        }
        let own = self.membership.get(self.config.member_id);
        api::StatusResponse {
            header: None,
            version: String::from(crate::VERSION),
            db_size: i64::try_from(self.store.size_bytes()).unwrap_or(i64::MAX),
            db_size_in_use: i64::try_from(self.used_bytes()).unwrap_or(i64::MAX),
            leader,
            raft_index: self.raft.commit(),
            raft_term: self.raft.term(),
            raft_applied_index: self.applied.index,
            errors,
            is_learner: own.is_some_and(|member| member.is_learner),
            storage_version: self.membership.cluster_version().unwrap_or_default().to_owned(),
            db_size_quota: match self.config.quota_backend_bytes {
                0 => i64::try_from(limits::QUOTA_BYTES_DEFAULT).unwrap_or(i64::MAX),
                bytes => bytes,
            },
            downgrade_info: Some(self.downgrade_info()),
        }
    }
}

/// A learner may be far behind: it answers only what says so by itself
/// (etcd `isRPCSupportedForLearner`, `v3rpc/util.go`).
fn is_for_learners(request: &Request) -> bool {
    match request {
        Request::Status(_) | Request::Snapshot(_) => true,
        Request::Range(range) => range.serializable,
        _ => false,
    }
}
