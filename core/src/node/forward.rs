//! Beside the stages: requests that only the leader can answer.
//!
//! A lease is renewed where its deadline is kept, in the leader's memory; a change of the members is
//! judged where everybody is heard. But a client may ask any member. So a member that does not lead hands
//! the request over ([`crate::peer::forward`]) and gives the leader's answer to its client.
//!
//! ```text
//!   call ──► no leader: wait ──► Forward ──► leader: lease    prove that it leads (read index), do it
//!               ▲  │ again every half second         change   judge it, propose it (members.rs)
//!               │  │ to whoever leads then
//!               └──┘ until it is answered, or the call's patience ends
//! ```
//!
//! The leader's own calls stand in the same list: when it loses its office before they are answered, they
//! go to the next one.
//!
//! Counterpart in etcd: `leasehttp` and the loops in `LeaseRenew` and `LeaseTimeToLive`
//! (`server/etcdserver/v3_server.go`), and `promoteMember` (`server.go`), with the same patience and the
//! same errors.

use std::collections::{BTreeMap, VecDeque};

use super::{Effect, Node};
use crate::api::{self, Request, Response};
use crate::auth::AuthInfo;
use crate::id::{CallId, MemberId};
use crate::limits;
use crate::peer::{
    Envelope, Forward, ForwardAnswer, ForwardRequest, Forwarded, MessageInfo, MessageKind,
};

/// Who wants an answer: a client of this member, or another member for a client of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asker {
    /// A call of this member.
    Call(CallId),
    /// A forwarded request.
    Peer(MemberId, u64),
}

/// Whom a request was given to last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sent {
    to: MemberId,
    /// The term in which it leads.
    term: u64,
    tick: u64,
}

/// A call whose request is with the leader, or waits for one.
struct Handed {
    id: u64,
    request: Request,
    /// The store's revision when the client asked.
    revision: i64,
    sent: Option<Sent>,
}

/// A request of another member that this one, the leader, was given.
struct Served {
    came_tick: u64,
    who: AuthInfo,
    /// The final answer, for those to whom it got lost.
    refusal: Option<ForwardAnswer>,
}

/// Requests on both ways.
#[derive(Default)]
pub(super) struct Forwards {
    /// From this member to the leader.
    handed: BTreeMap<CallId, Handed>,
    /// The leader that was known last, and its term.
    led: (Option<MemberId>, u64),
    calls: BTreeMap<u64, CallId>,
    /// From others to this member in the term that it leads.
    serving: BTreeMap<(MemberId, u64), Served>,
    serving_term: u64,
    /// Those that were refused last, oldest first; the answers are kept for them.
    refused: VecDeque<(MemberId, u64)>,
}

impl Forwards {
    /// This call is about a lease and waits for the leader.
    pub(super) fn asks_of_a_lease(&self, call: CallId) -> bool {
        self.handed.get(&call).is_some_and(|handed| !is_change(&handed.request))
    }

    /// The call whose request has this id, and which waits no more.
    pub(super) fn take_by_id(&mut self, id: u64) -> Option<CallId> {
        let call = self.calls.get(&id).copied()?;
        self.take(call)?;
        Some(call)
    }

    /// The request of a call that was given to nobody yet.
    pub(super) fn unsent(&self, call: CallId) -> Option<&Request> {
        let handed = self.handed.get(&call)?;
        handed.sent.is_none().then_some(&handed.request)
    }

    fn take(&mut self, call: CallId) -> Option<Handed> {
        let handed = self.handed.remove(&call)?;
        self.calls.remove(&handed.id);
        Some(handed)
    }

    /// What was served in another term is over: whoever asked asks again.
    pub(super) fn serve_in(&mut self, term: u64) {
        if self.serving_term != term {
            self.serving_term = term;
            self.serving.clear();
            self.refused.clear();
        }
    }

    /// Keeps a refusal for those that ask again, however late.
    fn refuse(&mut self, key: (MemberId, u64), refused: Served) {
        self.serving.insert(key, refused);
        self.refused.push_back(key);
        if self.refused.len() > limits::REFUSALS_KEPT
            && let Some(oldest) = self.refused.pop_front()
        {
            self.serving.remove(&oldest);
        }
    }
}

/// The side of the member that was asked.
impl Node {
    /// Sends a request to where it can be answered.
    pub(super) fn ask_leader(&mut self, call: CallId, request: Request, effects: &mut Vec<Effect>) {
        let id = self.new_id();
        let revision = self.mvcc.revision();
        self.forwards.calls.insert(id, call);
        self.forwards.handed.insert(call, Handed { id, request, revision, sent: None });
        self.hand_over(call, effects);
    }

    /// Gives a waiting request to whoever leads now.
    fn hand_over(&mut self, call: CallId, effects: &mut Vec<Effect>) {
        let term = self.raft.term();
        let Some(to) = self.raft.leader() else { return self.refuse_without_leader(call, effects) };
        let who = match self.who(call) {
            Ok(who) => who,
            Err(error) if self.forwards.unsent(call).is_some() => {
                return self.answer(Asker::Call(call), Err(error), effects);
            }
            // What was sent before may have been done.
            Err(_) => return,
        };
        let Some(handed) = self.forwards.handed.get_mut(&call) else { return };
        handed.sent = Some(Sent { to, term, tick: self.tick });
        let id = handed.id;
        if to == self.config.member_id {
            let request = handed.request.clone();
            return self.serve(Asker::Call(call), id, request, effects);
        }
        let request = ForwardRequest::of(&handed.request);
        let message = Forward { id, request, term, user: who.user, auth_revision: who.revision };
        let envelope = Envelope { forward: Some(message), ..Envelope::default() };
        self.send(to, MessageInfo::of(MessageKind::Forward, term), &envelope, effects);
    }

    /// Repeats what may have got lost, and forgets what nobody waits for.
    pub(super) fn tick_forwards(&mut self, effects: &mut Vec<Effect>) {
        let patience = self.patience_ticks();
        let is_fresh = |served: &Served| self.tick < served.came_tick + patience;
        self.forwards.serving.retain(|_, served| served.refusal.is_some() || is_fresh(served));
        self.repeat_forwards(effects);
    }

    /// When another leader is there, everything goes to it at once.
    pub(super) fn follow_leader(&mut self, effects: &mut Vec<Effect>) {
        let led = (self.raft.leader(), self.raft.term());
        if self.forwards.led != led {
            self.forwards.led = led;
            self.repeat_forwards(effects);
        }
    }

    fn repeat_forwards(&mut self, effects: &mut Vec<Effect>) {
        let calls: Vec<CallId> = self.forwards.handed.keys().copied().collect();
        for call in calls {
            if !self.calls.is_open(call) {
                self.forwards.take(call);
            } else if self.is_overdue(call) {
                self.hand_over(call, effects);
            }
        }
    }

    /// Nobody has this request, or it may be lost, or whoever has it leads no more.
    fn is_overdue(&self, call: CallId) -> bool {
        let sent = self.forwards.handed.get(&call).and_then(|handed| handed.sent);
        let retry = (limits::FORWARD_RETRY_MS / self.config.tick_ms).max(1);
        let is_overdue = |sent: Sent| {
            Some(sent.to) != self.raft.leader()
                || sent.term != self.raft.term()
                || sent.to != self.config.member_id && self.tick >= sent.tick + retry
        };
        sent.is_none_or(is_overdue)
    }

    /// The leader answers. An answer to a call that is over, or to an earlier life, is dropped; so is
    /// one of a leader that was not the last to be asked.
    pub(super) fn on_forwarded(
        &mut self,
        from: MemberId,
        message: Forwarded,
        effects: &mut Vec<Effect>,
    ) -> Result<(), &'static str> {
        let answer = message.answer.ok_or("it answers nothing")?;
        let Some(call) = self.forwards.calls.get(&message.id).copied() else { return Ok(()) };
        let sent = self.forwards.handed.get(&call).and_then(|handed| handed.sent);
        if sent.is_none_or(|sent| (sent.to, sent.term) != (from, message.term)) {
            return Ok(());
        }
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
}

/// The side of the leader.
impl Node {
    /// Another member hands a request over. One that this member cannot serve is dropped: it comes
    /// again, to whoever leads then.
    pub(super) fn on_forward(
        &mut self,
        from: MemberId,
        message: Forward,
        effects: &mut Vec<Effect>,
    ) -> Result<(), &'static str> {
        let request = message.request.ok_or("it forwards a request that is none")?;
        if message.id == 0 || self.membership.get(from).is_none() {
            return Err("it forwards a request that nobody asked");
        }
        if !self.raft.is_leader() || message.term != self.raft.term() {
            return Ok(());
        }
        self.forwards.serve_in(message.term);
        let (id, key) = (message.id, (from, message.id));
        match self.forwards.serving.get(&key) {
            Some(served) => {
                if let Some(refusal) = served.refusal.clone() {
                    self.send_answer(from, id, refusal, effects);
                }
            }
            None if self.forwards.serving.len() >= limits::FORWARDED_MAX => {}
            None => {
                let who = AuthInfo { user: message.user, revision: message.auth_revision };
                let served = Served { came_tick: self.tick, who, refusal: None };
                self.forwards.serving.insert(key, served);
                self.serve(Asker::Peer(from, id), id, request.into(), effects);
            }
        }
        Ok(())
    }

    fn serve(&mut self, asker: Asker, id: u64, request: Request, effects: &mut Vec<Effect>) {
        if is_change(&request) {
            self.queue_change(asker, id, &request, effects);
        } else {
            self.read(asker, request);
        }
    }

    /// Who wants this answer.
    pub(super) fn who_asks(&mut self, asker: Asker) -> Result<AuthInfo, api::Error> {
        match asker {
            Asker::Call(call) => self.who(call),
            Asker::Peer(member, id) => {
                let served = self.forwards.serving.get(&(member, id));
                Ok(served.map(|served| served.who.clone()).unwrap_or_default())
            }
        }
    }

    /// Somebody still waits for this answer.
    pub(super) fn is_wanted(&self, asker: Asker) -> bool {
        match asker {
            Asker::Call(call) => self.calls.is_open(call),
            Asker::Peer(member, id) => {
                let served = self.forwards.serving.get(&(member, id));
                served.is_some_and(|served| served.refusal.is_none())
            }
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
            Asker::Call(call) => {
                self.forwards.take(call);
                self.respond(call, result, effects);
            }
            Asker::Peer(member, id) => {
                let Some(mut served) = self.forwards.serving.remove(&(member, id)) else { return };
                let Some(answer) = ForwardAnswer::of(result) else { return };
                if matches!(answer, ForwardAnswer::Error(_)) {
                    served.refusal = Some(answer.clone());
                    self.forwards.refuse((member, id), served);
                }
                self.send_answer(member, id, answer, effects);
            }
        }
    }

    fn send_answer(
        &mut self,
        to: MemberId,
        id: u64,
        answer: ForwardAnswer,
        effects: &mut Vec<Effect>,
    ) {
        let term = self.forwards.serving_term;
        let reject = matches!(answer, ForwardAnswer::Error(_));
        let info =
            MessageInfo { answer: true, reject, ..MessageInfo::of(MessageKind::Forward, term) };
        let message = Forwarded { id, answer: Some(answer), term };
        let envelope = Envelope { forwarded: Some(message), ..Envelope::default() };
        self.send(to, info, &envelope, effects);
    }

    /// This member cannot answer after all, because it leads no more. A call of its own is still in the
    /// list, and goes to the next leader; what another member forwarded is forgotten, for that
    /// member asks again.
    pub(super) fn leave_to_next_leader(&mut self, asker: Asker) {
        if let Asker::Peer(member, id) = asker {
            self.forwards.serving.remove(&(member, id));
        }
    }
}

/// A change of the members. All other requests for the leader are about leases.
fn is_change(request: &Request) -> bool {
    matches!(
        request,
        Request::MemberAdd(_)
            | Request::MemberRemove(_)
            | Request::MemberUpdate(_)
            | Request::MemberPromote(_)
    )
}
