//! Stage 8: the answer leaves, with etcd's header on it.

use super::{Effect, Node};
use crate::api::{self, Response};
use crate::id::CallId;

impl Node {
    /// Answers a call, once; a call that is closed (cancelled, timed out) gets nothing.
    pub(super) fn respond(
        &mut self,
        call: CallId,
        result: Result<Response, api::Error>,
        effects: &mut Vec<Effect>,
    ) {
        if !self.calls.is_open(call) {
            return;
        }
        if let Some(failure) = self.mvcc.failure() {
            // The store failed under the read that this answer is made of.
            let reason = failure.to_string();
            return self.halt(reason, effects);
        }
        self.calls.close(call);
        let result = result.map(|mut response| {
            // etcd leaves the header out of these.
            if matches!(response, Response::MoveLeader(_) | Response::Defragment(_)) {
                return response;
            }
            let revision = self.mvcc.revision();
            let is_about_members = matches!(
                response,
                Response::MemberList(_)
                    | Response::MemberAdd(_)
                    | Response::MemberRemove(_)
                    | Response::MemberUpdate(_)
                    | Response::MemberPromote(_)
            );
            let header = response.header_mut();
            header.cluster_id = self.config.cluster_id.0;
            header.member_id = self.config.member_id.0;
            header.raft_term = self.raft.term();
            if is_about_members {
                // The members are no part of the key space, so that etcd tells no revision with them.
                header.revision = 0;
            } else if header.revision == 0 {
                // An answer that knows its own is left alone, as etcd's `header.fill` does.
                header.revision = revision;
            }
            response
        });
        effects.push(Effect::Respond { call, result });
    }
}
