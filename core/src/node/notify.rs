//! Stage 7: watchers hear of what was applied.
//!
//! [`crate::watch`] knows who wants what; this file ties it to apply, the store and the clock. Each
//! applied entry is at most one revision, and its events leave at once. At the end of a step, those
//! that are behind read one bounded piece of history.

use super::authorize::cancel_reason;
use super::{Effect, Node};
use crate::api::watch_request::RequestUnion;
use crate::api::{self, WatchRequest};
use crate::auth::AuthInfo;
use crate::id::StreamId;
use crate::limits;
use crate::watch::Responses;

impl Node {
    /// A client opened a stream of watches.
    pub(super) fn on_watch_opened(
        &mut self,
        stream: StreamId,
        requires_leader: bool,
        caller: api::Caller,
        effects: &mut Vec<Effect>,
    ) {
        let own = self.membership.get(self.config.member_id);
        let refused = if self.stopping.is_some() || self.removals.is_out() {
            Some(api::Error::STOPPED)
        } else if own.is_some_and(|member| member.is_learner) {
            Some(api::Error::NOT_SUPPORTED_FOR_LEARNER)
        } else if requires_leader && self.raft.leader().is_none() {
            Some(api::Error::NO_LEADER)
        } else {
            None
        };
        match refused {
            Some(error) => effects.push(Effect::WatchEnded { stream, error }),
            None => self.watches.open(stream, requires_leader, caller, self.tick),
        }
    }

    /// The client's stream is over.
    pub(super) fn on_watch_closed(&mut self, stream: StreamId) {
        self.watches.close(stream);
        self.forget_early(stream);
    }

    pub(super) fn on_watch(
        &mut self,
        stream: StreamId,
        request: WatchRequest,
        effects: &mut Vec<Effect>,
    ) {
        if !self.hold_watch(stream, &request) {
            self.serve_watch(stream, request, effects);
        }
    }

    /// A request whose caller can be judged.
    pub(super) fn serve_watch(
        &mut self,
        stream: StreamId,
        request: WatchRequest,
        effects: &mut Vec<Effect>,
    ) {
        let mut out = Responses::new();
        let permitted = match &request.request_union {
            Some(RequestUnion::CreateRequest(create)) => self.authorize_watch(stream, create),
            _ => Ok(None),
        };
        match permitted {
            Ok(user) => self.watches.on_request(stream, request, user, &self.mvcc, &mut out),
            Err(error) => {
                let reason = cancel_reason(&error);
                self.watches.refuse(stream, reason, self.mvcc.revision(), &mut out);
            }
        }
        self.tell(out, effects);
    }

    /// Users or roles changed: watchers end whose users may not read their keys any more. etcd lets
    /// them go on.
    pub(super) fn cancel_unpermitted(&mut self, effects: &mut Vec<Effect>) {
        let (auth, revision) = (&self.auth, self.mvcc.revision());
        let mut out = Responses::new();
        let judge = |user: Option<&str>, key: &[u8], range_end: &[u8]| {
            let who = user.map_or_else(AuthInfo::default, |user| AuthInfo {
                user: user.to_owned(),
                revision: auth.revision(),
            });
            auth.check_read(&who, key, range_end).err().map(|error| cancel_reason(&error))
        };
        self.watches.cancel_where(judge, revision, &mut out);
        self.tell(out, effects);
    }

    /// An entry was applied to a store that was at the revision `before`.
    pub(super) fn notify(&mut self, before: i64, effects: &mut Vec<Effect>) {
        let mut out = Responses::new();
        self.watches.on_applied(before, &self.mvcc, &mut out);
        self.tell(out, effects);
    }

    /// The end of a step: those that are behind come a piece forward, and questions about progress
    /// are answered as far as they can be.
    pub(super) fn notify_behind(&mut self, effects: &mut Vec<Effect>) {
        if self.storing.is_installing() {
            // The rows on the disk are about to be, or already are, those of another revision.
            return;
        }
        let mut out = Responses::new();
        self.watches.catch_up(&self.mvcc, &mut out);
        self.watches.answer_progress(self.mvcc.revision(), &mut out);
        self.tell(out, effects);
    }

    /// Progress notices, and the end of streams that require a leader when there is none for three
    /// election timeouts (etcd `monitorLeader`, `server/etcdserver/api/v3rpc/interceptor.go`).
    pub(super) fn tick_watches(&mut self, effects: &mut Vec<Effect>) {
        let mut out = Responses::new();
        self.watches.notify_progress(self.tick, self.mvcc.revision(), &mut out);
        self.tell(out, effects);
        if self.raft.leader().is_some() {
            self.leaderless_ticks = 0;
            return;
        }
        self.leaderless_ticks += 1;
        let patience = limits::NO_LEADER_ELECTION_TIMEOUTS * u64::from(self.config.election_ticks);
        if self.leaderless_ticks == patience {
            for stream in self.watches.requiring_leader() {
                self.watches.close(stream);
                effects.push(Effect::WatchEnded { stream, error: api::Error::NO_LEADER });
            }
        }
    }

    fn tell(&mut self, out: Responses, effects: &mut Vec<Effect>) {
        if let Some(failure) = self.mvcc.failure() {
            // The store failed under the reads that these events are made of.
            let reason = failure.to_string();
            return self.halt(reason, effects);
        }
        for (stream, mut response) in out {
            self.tally.events += response.events.len() as u64;
            let header = response.header.get_or_insert_default();
            header.cluster_id = self.config.cluster_id.0;
            header.member_id = self.config.member_id.0;
            header.raft_term = self.raft.term();
            effects.push(Effect::Watch { stream, response });
        }
    }
}
