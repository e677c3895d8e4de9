//! Beside the stages: requests that only the leader can answer.
//!
//! A lease is renewed where its deadline is kept, in the leader's memory; but a client may ask any
//! member. So a member that does not lead hands the request over ([`crate::peer::forward`]) and gives
//! the leader's answer to its client.
//!
//! ```text
//!   call ──► no leader: wait ──► Forward ──► leader: prove that it leads (read index) ──► do it
//!               ▲  │ again every half second, to whoever leads then
//!               └──┘ until answered, or the call's patience ends
//! ```
//!
//! Counterpart in etcd: `leasehttp` and the loops in `LeaseRenew` and `LeaseTimeToLive`
//! (`server/etcdserver/v3_server.go`), with the same patience and the same errors.

use std::collections::BTreeMap;

use super::{Effect, Node};
use crate::api::{self, Request, Response};
use crate::auth::AuthInfo;
use crate::id::{CallId, MemberId};
use crate::limits;
use crate::peer::{Envelope, Forward, ForwardAnswer, ForwardRequest, Forwarded, forward};

/// Who wants an answer: a client of this member, or another member for a client of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asker {
    /// A call of this member.
    Call(CallId),
    /// A forwarded request.
    Peer(MemberId, u64),
}

/// A call whose request is with the leader, or waits for one.
struct Handed {
    id: u64,
    request: Request,
    /// The store's revision when the client asked.
    revision: i64,
    /// To whom it was sent last, and when.
    sent: Option<(MemberId, u64)>,
}

/// A request of another member's client.
struct Serving {
    came_tick: u64,
    who: AuthInfo,
}

/// Requests on both ways.
#[derive(Default)]
pub(super) struct Forwards {
    /// From this member to the leader.
    handed: BTreeMap<CallId, Handed>,
    calls: BTreeMap<u64, CallId>,
    /// From others to this member.
    serving: BTreeMap<(MemberId, u64), Serving>,
}

impl Forwards {
    /// This call waits for the leader.
    pub(super) fn is_handed(&self, call: CallId) -> bool {
        self.handed.contains_key(&call)
    }

    fn take(&mut self, call: CallId) -> Option<Handed> {
        let handed = self.handed.remove(&call)?;
        self.calls.remove(&handed.id);
        Some(handed)
    }
}

impl Node {
    /// Sends a request to where it can be answered: to the read path of this member if it leads, else
    /// to the leader.
    pub(super) fn ask_leader(&mut self, call: CallId, request: Request, effects: &mut Vec<Effect>) {
        if self.raft.is_leader() {
            return self.read(Asker::Call(call), request);
        }
        let id = self.new_id();
        let revision = self.mvcc.revision();
        self.forwards.calls.insert(id, call);
        self.forwards.handed.insert(call, Handed { id, request, revision, sent: None });
        self.hand_over(call, effects);
    }

    /// Sends a waiting request to whoever leads now.
    fn hand_over(&mut self, call: CallId, effects: &mut Vec<Effect>) {
        let Some(leader) = self.raft.leader() else { return };
        if leader == self.config.member_id {
            if let Some(handed) = self.forwards.take(call) {
                self.read(Asker::Call(call), handed.request);
            }
            return;
        }
        let who = match self.who(call) {
            Ok(who) => who,
            Err(error) => return self.respond(call, Err(error), effects),
        };
        let (tick, term) = (self.tick, self.raft.term());
        let Some(handed) = self.forwards.handed.get_mut(&call) else { return };
        handed.sent = Some((leader, tick));
        let message = Forward {
            id: handed.id,
            request: ForwardRequest::of(&handed.request),
            user: who.user,
            auth_revision: who.revision,
        };
        let envelope = Envelope { forward: Some(message), ..Envelope::default() };
        self.send(leader, forward::info(false, false, term), &envelope, effects);
    }

    /// Repeats what may have got lost, and forgets what nobody waits for.
    pub(super) fn tick_forwards(&mut self, effects: &mut Vec<Effect>) {
        let patience = self.patience_ticks();
        if self.raft.is_leader() {
            self.forwards.serving.retain(|_, asked| self.tick < asked.came_tick + patience);
        } else {
            self.forwards.serving.clear();
        }
        let retry = (limits::FORWARD_RETRY_MS / self.config.tick_ms).max(1);
        let leader = self.raft.leader();
        let calls: Vec<CallId> = self.forwards.handed.keys().copied().collect();
        for call in calls {
            if !self.calls.is_open(call) {
                self.forwards.take(call);
                continue;
            }
            let again = match self.forwards.handed.get(&call).and_then(|handed| handed.sent) {
                Some((to, tick)) => Some(to) != leader || self.tick >= tick + retry,
                None => true,
            };
            if again {
                self.hand_over(call, effects);
            }
        }
    }

    /// Another member hands a request over. One that this member cannot serve is dropped: it comes
    /// again, to whoever leads then.
    pub(super) fn on_forward(
        &mut self,
        from: MemberId,
        message: Forward,
        effects: &mut Vec<Effect>,
    ) -> Result<(), &'static str> {
        let request = message.request.ok_or("it forwards a request that is none")?;
        if let ForwardRequest::HashKv(hash) = request {
            self.on_hash_wanted(from, message.id, hash.revision, effects);
            return Ok(());
        }
        let key = (from, message.id);
        let full = self.forwards.serving.len() >= limits::FORWARDED_MAX;
        if self.raft.is_leader() && !full && !self.forwards.serving.contains_key(&key) {
            let who = AuthInfo { user: message.user, revision: message.auth_revision };
            self.forwards.serving.insert(key, Serving { came_tick: self.tick, who });
            self.read(Asker::Peer(from, message.id), request.into());
        }
        Ok(())
    }

    /// The leader answers. An answer to a call that is over, or to an earlier life, is dropped.
    pub(super) fn on_forwarded(
        &mut self,
        from: MemberId,
        message: Forwarded,
        effects: &mut Vec<Effect>,
    ) -> Result<(), &'static str> {
        let answer = message.answer.ok_or("it answers nothing")?;
        let Some(call) = self.forwards.calls.get(&message.id).copied() else {
            let hash = match answer {
                ForwardAnswer::HashKv(hash) => Some(hash),
                _ => None,
            };
            self.on_told_hash(from, message.id, hash, effects);
            return Ok(());
        };
        let Some(handed) = self.forwards.take(call) else { return Ok(()) };
        let mut result: Result<Response, api::Error> = answer.into();
        if let Ok(response @ Response::LeaseKeepAlive(_)) = &mut result {
            // A revoke that this member applies meanwhile must not seem older than the renewal
            // (etcd: `leaseKeepAlive` in `v3rpc/lease.go`).
            response.header_mut().revision = handed.revision;
        }
        self.respond(call, result, effects);
        Ok(())
    }

    /// Who wants this answer.
    pub(super) fn who_asks(&mut self, asker: Asker) -> Result<AuthInfo, api::Error> {
        match asker {
            Asker::Call(call) => self.who(call),
            Asker::Peer(member, id) => {
                let serving = self.forwards.serving.get(&(member, id));
                Ok(serving.map(|serving| serving.who.clone()).unwrap_or_default())
            }
        }
    }

    /// Somebody still waits for this answer.
    pub(super) fn is_wanted(&self, asker: Asker) -> bool {
        match asker {
            Asker::Call(call) => self.calls.is_open(call),
            Asker::Peer(member, id) => self.forwards.serving.contains_key(&(member, id)),
        }
    }

    /// Answers whoever asked.
    pub(super) fn answer(
        &mut self,
        asker: Asker,
        result: Result<Response, api::Error>,
        effects: &mut Vec<Effect>,
    ) {
        match asker {
            Asker::Call(call) => self.respond(call, result, effects),
            Asker::Peer(member, id) => {
                if self.forwards.serving.remove(&(member, id)).is_none() {
                    return;
                }
                let info = forward::info(true, result.is_err(), self.raft.term());
                let message = Forwarded { id, answer: ForwardAnswer::of(result) };
                let envelope = Envelope { forwarded: Some(message), ..Envelope::default() };
                self.send(member, info, &envelope, effects);
            }
        }
    }

    /// This member cannot answer after all, because it leads no more: a call goes to the leader, and
    /// what another member forwarded is forgotten, for that member asks again.
    pub(super) fn ask_elsewhere(
        &mut self,
        asker: Asker,
        request: Request,
        effects: &mut Vec<Effect>,
    ) {
        match asker {
            Asker::Call(call) => self.ask_leader(call, request, effects),
            Asker::Peer(member, id) => {
                self.forwards.serving.remove(&(member, id));
            }
        }
    }
}
