//! Stage 6: one entry changes the state. Total and deterministic: an error is a result, the same
//! on every member.

use prost::Message as _;
use raft::eraftpb::Entry;

use super::{Effect, Node, room};
use crate::api::{self, AlarmType, InternalRaftRequest, Response};
use crate::auth::AuthInfo;
use crate::id::MemberId;
use crate::raft::conf_change;

impl Node {
    pub(super) fn apply(&mut self, entry: &Entry, effects: &mut Vec<Effect>) {
        if let Some(change) = conf_change(entry) {
            return self.apply_change(entry.index, &change, effects);
        }
        if entry.data.is_empty() {
            return;
        }
        // What cannot be decoded was proposed by a member that is not ours: the same nothing
        // happens everywhere.
        let Ok(request) = InternalRaftRequest::decode(entry.data.clone()) else { return };
        let id = request.header.as_ref().map_or(0, |header| header.id);
        let call = self.proposals.take_call(id);
        if let Some(authenticate) = &request.authenticate {
            return self.apply_authenticate(entry.index, authenticate, call, effects);
        }
        let waits = request.compaction.is_some_and(|compaction| compaction.physical);
        let result = self.apply_request(request, effects);
        if let Some(call) = call
            && let Some(result) = result
        {
            if waits {
                self.respond_when_gone(call, result);
            } else {
                self.respond(call, result, effects);
            }
        }
    }

    /// `None` for requests of members to themselves, which nobody waits for.
    fn apply_request(
        &mut self,
        request: InternalRaftRequest,
        effects: &mut Vec<Effect>,
    ) -> Option<Result<Response, api::Error>> {
        let who = AuthInfo::of(request.header.as_ref());
        let corrupt = self.alarms.stands(AlarmType::Corrupt);
        if let Some(alarm) = request.alarm {
            let alarms = self.alarms.apply(&alarm);
            return Some(Ok(Response::Alarm(api::AlarmResponse { header: None, alarms })));
        }
        if let Some(space) = &request.space {
            self.apply_space(space);
            return None;
        }
        if let Some(set) = request.cluster_member_attr_set {
            let attributes = set.member_attributes.unwrap_or_default();
            let id = MemberId(set.member_id);
            self.membership.set_attributes(id, &attributes.name, &attributes.client_urls);
            self.start.on_published(id, self.config.member_id);
            return None;
        }
        if let Some(set) = request.cluster_version_set {
            self.membership.set_cluster_version(&set.ver);
            return None;
        }
        if let Some(result) = self.apply_auth(&who, &request, effects) {
            return Some(result);
        }
        if let Some(set) = &request.downgrade_info_set {
            return Some(Ok(self.apply_downgrade(set)));
        }
        if corrupt {
            return Some(Err(api::Error::CORRUPT));
        }
        if let Err(error) = self.auth.check_entry(&who, &request, &self.lessor) {
            return Some(Err(error));
        }
        let revision = self.mvcc.revision();
        let result = self.apply_write(request);
        self.attach_keys(revision);
        self.tally_rows(revision);
        if let Some(Ok(response)) = &result {
            self.tally.on_applied(response);
        }
        result
    }

    /// Users and roles change; so may who may go on listening.
    fn apply_auth(
        &mut self,
        who: &AuthInfo,
        request: &InternalRaftRequest,
        effects: &mut Vec<Effect>,
    ) -> Option<Result<Response, api::Error>> {
        let before = (self.auth.is_enabled(), self.auth.revision());
        let result = self.auth.apply(who, request)?;
        if result.is_ok() {
            if let Some(delete) = &request.auth_user_delete {
                self.tokens.drop_user(&delete.name);
            }
            if let Some(change) = &request.auth_user_change_password {
                self.tokens.drop_user(&change.name);
            }
            if request.auth_disable.is_some() {
                self.tokens.clear();
            }
        }
        if before != (self.auth.is_enabled(), self.auth.revision()) {
            self.cancel_unpermitted(effects);
        }
        Some(result)
    }

    fn apply_write(
        &mut self,
        request: InternalRaftRequest,
    ) -> Option<Result<Response, api::Error>> {
        if let Some(put) = request.put {
            let done = self.take_room().and_then(|()| self.mvcc.put(&put, &self.lessor));
            return Some(done.map(Response::Put));
        }
        if let Some(delete) = request.delete_range {
            return Some(Ok(Response::DeleteRange(self.mvcc.delete_range(&delete))));
        }
        if let Some(txn) = request.txn {
            let room = if room::puts_something(&txn) { self.take_room() } else { Ok(()) };
            let done = room.and_then(|()| self.mvcc.txn(&txn, &self.lessor));
            return Some(done.map(Response::Txn));
        }
        if let Some(compaction) = request.compaction {
            let done = self.mvcc.compact(compaction.revision);
            return Some(
                done.map(|()| Response::Compact(api::CompactionResponse { header: None })),
            );
        }
        self.apply_lease(&request)
    }

    fn apply_lease(
        &mut self,
        request: &InternalRaftRequest,
    ) -> Option<Result<Response, api::Error>> {
        if let Some(grant) = &request.lease_grant {
            let done = self.take_room().and_then(|()| self.grant_lease(grant));
            return Some(done.map(Response::LeaseGrant));
        }
        if let Some(revoke) = &request.lease_revoke {
            return Some(self.revoke_lease(revoke).map(Response::LeaseRevoke));
        }
        if let Some(checkpoint) = &request.lease_checkpoint {
            self.checkpoint_leases(checkpoint);
        }
        None
    }
}
