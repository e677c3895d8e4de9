//! Leadership goes to a voter that a client names (`etcdctl move-leader`; dissertation 3.10).
//!
//! Source: etcd `MoveLeader` in `server/etcdserver/api/v3rpc/maintenance.go` and
//! `server/etcdserver/server.go`.

use super::{Effect, Node};
use crate::api::{Error, MoveLeaderResponse};
use crate::id::{CallId, MemberId};

/// Calls that wait until somebody leads.
#[derive(Debug, Default)]
pub(super) struct Moves(Vec<(CallId, MemberId)>);

impl Node {
    pub(super) fn move_leader(&mut self, call: CallId, to: MemberId, effects: &mut Vec<Effect>) {
        if !self.raft.is_leader() {
            return self.respond(call, Err(Error::NOT_LEADER), effects);
        }
        if self.membership.get(to).is_none_or(|member| member.is_learner) {
            return self.respond(call, Err(Error::BAD_LEADER_TRANSFEREE), effects);
        }
        self.moves.0.push((call, to));
        self.raft.transfer_leadership_to(to);
    }

    /// Answers the calls whose wish has come true; the others time out as all calls do.
    pub(super) fn answer_moves(&mut self, effects: &mut Vec<Effect>) {
        let leader = self.raft.leader();
        let (done, open): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.moves.0).into_iter().partition(|(_, to)| Some(*to) == leader);
        self.moves.0 = open;
        self.moves.0.retain(|(call, _)| self.calls.is_open(*call));
        for (call, _) in done {
            self.respond(call, Ok(MoveLeaderResponse::default().into()), effects);
        }
    }
}
