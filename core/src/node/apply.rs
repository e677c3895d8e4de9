//! Stage 6: one entry changes the state. Total and deterministic: an error is a result, the same
//! on every member.

use prost::Message as _;
use raft::eraftpb::Entry;

use super::{Effect, Node};
use crate::api::{self, AlarmType, InternalRaftRequest, Response};
use crate::id::MemberId;
use crate::raft::conf_change;

impl Node {
    pub(super) fn apply(&mut self, entry: &Entry, effects: &mut Vec<Effect>) {
        if let Some(change) = conf_change(entry) {
            return self.apply_change(&change, effects);
        }
        if entry.data.is_empty() {
            return;
        }
        // What cannot be decoded was proposed by a member that is not ours: the same nothing
        // happens everywhere.
        let Ok(request) = InternalRaftRequest::decode(entry.data.clone()) else { return };
        let id = request.header.as_ref().map_or(0, |header| header.id);
        let result = self.apply_request(request);
        if let Some(call) = self.proposals.take_call(id)
            && let Some(result) = result
        {
            self.respond(call, result, effects);
        }
    }

    /// `None` for requests of members to themselves, which nobody waits for.
    fn apply_request(
        &mut self,
        request: InternalRaftRequest,
    ) -> Option<Result<Response, api::Error>> {
        let corrupt = self.alarms.stands(AlarmType::Corrupt);
        if let Some(alarm) = request.alarm {
            let alarms = self.alarms.apply(&alarm);
            return Some(Ok(Response::Alarm(api::AlarmResponse { header: None, alarms })));
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
        if corrupt {
            return Some(Err(api::Error::CORRUPT));
        }
        let revision = self.mvcc.revision();
        let result = self.apply_write(request);
        self.attach_keys(revision);
        result
    }

    fn apply_write(
        &mut self,
        request: InternalRaftRequest,
    ) -> Option<Result<Response, api::Error>> {
        if let Some(put) = request.put {
            let done = self.check_room().and_then(|()| self.mvcc.put(&put, &self.lessor));
            return Some(done.map(Response::Put));
        }
        if let Some(delete) = request.delete_range {
            return Some(Ok(Response::DeleteRange(self.mvcc.delete_range(&delete))));
        }
        if let Some(txn) = request.txn {
            let done = self.check_txn_room(&txn).and_then(|()| self.mvcc.txn(&txn, &self.lessor));
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
            let done = self.check_room().and_then(|()| self.grant_lease(grant));
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
