//! Stage 2: a request gets an id and goes to raft.
//!
//! The id ties the entry, when it comes back from the log, to the call that waits for it. While
//! there is no leader, proposals wait here; their calls time out as all calls do.

use std::collections::{BTreeMap, VecDeque};

use prost::Message as _;
use rand_core::RngCore as _;

use super::{Effect, Node};
use crate::api::{self, InternalRaftRequest, Request, RequestHeader};
use crate::id::CallId;
use crate::limits;

/// Proposals that wait for a leader, and those on their way through the log.
#[derive(Default)]
pub(super) struct Proposals {
    waiting: VecDeque<(Option<CallId>, Vec<u8>)>,
    calls: BTreeMap<u64, CallId>,
}

impl Proposals {
    /// The call that waits for the entry with this id.
    pub(super) fn call_of(&self, id: u64) -> Option<CallId> {
        self.calls.get(&id).copied()
    }

    /// The same, and nobody waits for it any more.
    pub(super) fn take_call(&mut self, id: u64) -> Option<CallId> {
        self.calls.remove(&id)
    }

    /// Forgets ids whose calls are closed; they may never come back.
    pub(super) fn sweep(&mut self, is_open: impl Fn(CallId) -> bool) {
        self.calls.retain(|_, call| is_open(*call));
        self.waiting.retain(|(call, _)| call.is_none_or(&is_open));
    }
}

impl Node {
    pub(super) fn propose(&mut self, call: CallId, request: Request, effects: &mut Vec<Effect>) {
        if self.raft.commit() > self.applied.index + limits::APPLY_LAG_ENTRIES_MAX {
            return self.respond(call, Err(api::Error::TOO_MANY_REQUESTS), effects);
        }
        let header = match self.header_for(call) {
            Ok(header) => header,
            Err(error) => return self.respond(call, Err(error), effects),
        };
        self.propose_entry(call, header, entry(request), effects);
    }

    /// Proposes an entry that answers a call when it is applied.
    pub(super) fn propose_entry(
        &mut self,
        call: CallId,
        header: RequestHeader,
        mut entry: InternalRaftRequest,
        effects: &mut Vec<Effect>,
    ) {
        let id = header.id;
        entry.header = Some(header);
        let data = entry.encode_to_vec();
        if data.len() as u64 > self.config.max_request_bytes {
            return self.respond(call, Err(api::Error::REQUEST_TOO_LARGE), effects);
        }
        self.proposals.calls.insert(id, call);
        self.proposals.waiting.push_back((Some(call), data));
    }

    /// Proposes what no client waits for.
    pub(super) fn propose_own(&mut self, mut entry: InternalRaftRequest) {
        entry.header = Some(self.own_header());
        self.proposals.waiting.push_back((None, entry.encode_to_vec()));
    }

    /// Proposes what only this leader may say: into its own log, now, or not at all.
    pub(super) fn propose_as_leader(&mut self, mut entry: InternalRaftRequest) -> bool {
        entry.header = Some(self.own_header());
        self.raft.is_leader()
            && self.raft.takes_proposals()
            && self.raft.propose(entry.encode_to_vec())
    }

    /// Hands waiting proposals to raft, in order, as long as there is a leader to take them.
    pub(super) fn propose_waiting(&mut self, effects: &mut Vec<Effect>) {
        while self.raft.takes_proposals() {
            let Some((call, data)) = self.proposals.waiting.pop_front() else { return };
            if call.is_some_and(|call| !self.calls.is_open(call)) {
                continue;
            }
            // raft refuses when too many bytes are uncommitted.
            if !self.raft.propose(data)
                && let Some(call) = call
            {
                self.tally.proposals_failed += 1;
                self.respond(call, Err(api::Error::TOO_MANY_REQUESTS), effects);
            }
        }
    }

    pub(super) fn new_id(&mut self) -> u64 {
        // etcd's ids are never 0: that means "none".
        self.ids.next_u64().max(1)
    }
}

fn entry(request: Request) -> InternalRaftRequest {
    let mut entry = InternalRaftRequest::default();
    match request {
        Request::Put(put) => entry.put = Some(put),
        Request::DeleteRange(delete) => entry.delete_range = Some(delete),
        Request::Txn(txn) => entry.txn = Some(txn),
        Request::Compact(compaction) => entry.compaction = Some(compaction),
        Request::Alarm(alarm) => entry.alarm = Some(alarm),
        Request::Downgrade(downgrade) => {
            entry.downgrade_info_set = Some(super::downgrade::info_set(&downgrade));
        }
        Request::LeaseGrant(grant) => entry.lease_grant = Some(grant),
        Request::LeaseRevoke(revoke) => entry.lease_revoke = Some(revoke),
        Request::AuthEnable(enable) => entry.auth_enable = Some(enable),
        Request::AuthDisable(disable) => entry.auth_disable = Some(disable),
        Request::AuthStatus(status) => entry.auth_status = Some(status),
        Request::UserAdd(add) => entry.auth_user_add = Some(add),
        Request::UserGet(get) => entry.auth_user_get = Some(get),
        Request::UserList(list) => entry.auth_user_list = Some(list),
        Request::UserDelete(delete) => entry.auth_user_delete = Some(delete),
        Request::UserChangePassword(change) => entry.auth_user_change_password = Some(change),
        Request::UserGrantRole(grant) => entry.auth_user_grant_role = Some(grant),
        Request::UserRevokeRole(revoke) => entry.auth_user_revoke_role = Some(revoke),
        Request::RoleAdd(add) => entry.auth_role_add = Some(add),
        Request::RoleGet(get) => entry.auth_role_get = Some(get),
        Request::RoleList(list) => entry.auth_role_list = Some(list),
        Request::RoleDelete(delete) => entry.auth_role_delete = Some(delete),
        Request::RoleGrantPermission(grant) => entry.auth_role_grant_permission = Some(grant),
        Request::RoleRevokePermission(revoke) => entry.auth_role_revoke_permission = Some(revoke),
        other => unreachable!("{} is no entry of the log", other.name()),
    }
    entry
}
