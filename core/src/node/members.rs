//! Beside the stages: the members change, one at a time.
//!
//! ```text
//!   client ─► any member: is the request well-formed?
//!                 │ a follower hands it on (Envelope::member_change), once
//!                 ▼
//!             leader: one after the other
//!                 │   could it cost the quorum? is the learner caught up?  ──► refused, with etcd's error
//!                 ▼
//!             conf change in the log ─► applied by every member: does it fit the members as they stand?
//!                                                 │
//!                            the member that was asked answers its client
//! ```
//!
//! The leader decides because it alone knows who is heard and who is caught up; etcd lets the member
//! that is asked judge by its own connections, and forwards only promotions
//! (`server/etcdserver/server.go`, `AddMember` and what follows it). A change waits while another
//! one is under way. A hand-over to a leader that is lost on the way is not repeated, as with any
//! other proposal: the client's time runs out.

use std::collections::VecDeque;

use bytes::Bytes;
use prost::Message as _;
use raft::eraftpb::{ConfChangeSingle, ConfChangeType, ConfChangeV2};

use super::{Effect, Node};
use crate::api::{self, Error, Request, Response};
use crate::auth::AuthInfo;
use crate::id::{CallId, MemberId, member_id};
use crate::limits;
use crate::membership::{
    self, ChangeKind, Member, MemberChange, check_peer_urls, not_enough_started,
};
use crate::peer::{Envelope, MessageInfo, MessageKind, Refusal};

/// A change that is not proposed yet.
struct Waiting {
    change: MemberChange,
    /// The follower that handed it on; `None` when a client of this member asks.
    from: Option<MemberId>,
}

/// Changes that wait for a leader, or at the leader for the one before them.
#[derive(Default)]
pub(super) struct Changes(VecDeque<Waiting>);

impl Node {
    /// A client wants the members changed.
    pub(super) fn request_change(
        &mut self,
        call: CallId,
        request: &Request,
        effects: &mut Vec<Effect>,
    ) {
        let change = self.change_of(request).and_then(|change| {
            let who = self.who(call)?;
            self.auth.check_admin(&who)?;
            Ok(MemberChange { user: who.user, ..change })
        });
        let change = match change {
            Ok(change) if self.changes.0.len() < limits::MEMBER_CHANGES_WAITING_MAX => change,
            Ok(_) => return self.respond(call, Err(Error::TOO_MANY_REQUESTS), effects),
            Err(error) => return self.respond(call, Err(error), effects),
        };
        self.proposals.expect(change.request, call);
        self.changes.0.push_back(Waiting { change, from: None });
    }

    fn change_of(&mut self, request: &Request) -> Result<MemberChange, Error> {
        let with_id = |id| api::Member { id, ..api::Member::default() };
        let (kind, member) = match request {
            Request::MemberAdd(add) => {
                let peer_urls = check_peer_urls(&add.peer_urls)?;
                let id = member_id(&peer_urls, &self.unix_s().to_string()).0;
                let is_learner = add.is_learner;
                (ChangeKind::Add, api::Member { peer_urls, is_learner, ..with_id(id) })
            }
            Request::MemberRemove(remove) => (ChangeKind::Remove, with_id(remove.id)),
            Request::MemberUpdate(update) => {
                // etcd looks for the member first, and takes any URLs: a member could not be reached
                // by some of them.
                if self.membership.get(MemberId(update.id)).is_none() {
                    return Err(Error::MEMBER_NOT_FOUND);
                }
                check_peer_urls(&update.peer_urls)?;
                // In the order given: no id comes from them.
                let peer_urls = update.peer_urls.iter().map(|url| url.trim().to_owned()).collect();
                (ChangeKind::Update, api::Member { peer_urls, ..with_id(update.id) })
            }
            Request::MemberPromote(promote) => (ChangeKind::Promote, with_id(promote.id)),
            _ => unreachable!("other requests change no members"),
        };
        Ok(MemberChange {
            kind: kind as i32,
            member,
            request: self.new_id(),
            learners_max: self.config.max_learners,
            user: String::new(),
        })
    }

    /// The wall clock in seconds since 1970, as far as ticks can tell.
    fn unix_s(&self) -> u64 {
        self.config.started_unix_s + self.tick * self.config.tick_ms / 1000
    }

    /// Passes waiting changes on: the leader proposes the next one, others hand theirs to it.
    pub(super) fn drive_changes(&mut self, effects: &mut Vec<Effect>) {
        if self.changes.0.is_empty() {
            return;
        }
        if !self.raft.is_leader() {
            // Their members hear nothing, as of any proposal that a leader loses with its office.
            self.changes.0.retain(|waiting| waiting.from.is_none());
        }
        match self.raft.leader() {
            Some(leader) if leader != self.config.member_id => self.hand_on(leader, effects),
            Some(_) => self.propose_changes(effects),
            None => self.refuse_without_leader(effects),
        }
    }

    fn propose_changes(&mut self, effects: &mut Vec<Effect>) {
        while self.raft.takes_changes() {
            let Some(waiting) = self.changes.0.pop_front() else { return };
            if waiting.from.is_none() && !self.proposals.is_expected(waiting.change.request) {
                continue;
            }
            let allowed = self.may_change(&waiting.change);
            let proposed = allowed.and_then(|()| {
                let change = conf_change(&waiting.change);
                self.raft.propose_change(change).then_some(()).ok_or(Error::TOO_MANY_REQUESTS)
            });
            if let Err(error) = proposed {
                self.refuse(waiting, error, effects);
            }
        }
    }

    /// What the leader looks at before it proposes (etcd `mayAddMember`, `mayRemoveMember`,
    /// `mayPromoteMember`).
    fn may_change(&self, change: &MemberChange) -> Result<(), Error> {
        let strict = self.config.strict_reconfig_check;
        match change.kind() {
            ChangeKind::Promote => {
                self.check_caught_up(change.id())?;
                if strict && !self.membership.is_ready_to_promote() {
                    return Err(not_enough_started());
                }
            }
            ChangeKind::Add if strict => {
                self.check_may_add(change)?;
                if self.connected_voters() < self.membership.voters().count() {
                    return Err(Error::UNHEALTHY);
                }
            }
            ChangeKind::Remove if strict => self.check_may_remove(change.id())?,
            _ => {}
        }
        Ok(())
    }

    fn check_may_add(&self, change: &MemberChange) -> Result<(), Error> {
        if change.member.is_learner || self.membership.is_ready_to_add() {
            Ok(())
        } else {
            Err(not_enough_started())
        }
    }

    fn check_may_remove(&self, id: MemberId) -> Result<(), Error> {
        if self.membership.get(id).is_some_and(|member| member.is_learner) {
            return Ok(());
        }
        if !self.membership.is_ready_to_remove(id) {
            return Err(not_enough_started());
        }
        // Who is down is no part of the quorum that works.
        if id != self.config.member_id && !self.is_heard(id) {
            return Ok(());
        }
        let left = self.connected_voters().saturating_sub(1);
        if left < 1 + (self.membership.voters().count() - 1) / 2 {
            return Err(Error::UNHEALTHY);
        }
        Ok(())
    }

    /// A learner must have nine tenths of the leader's log, or its vote would hold up the next
    /// commits (etcd `isLearnerReady`).
    fn check_caught_up(&self, id: MemberId) -> Result<(), Error> {
        let progress = self.raft.progress();
        let matched = |id| progress.iter().find(|peer| peer.id == id).map(|peer| peer.matched);
        let theirs = matched(id).ok_or(Error::MEMBER_NOT_FOUND)?;
        let ours = matched(self.config.member_id).unwrap_or(0);
        if theirs * 10 < ours * 9 { Err(Error::LEARNER_NOT_READY) } else { Ok(()) }
    }

    fn refuse(&mut self, waiting: Waiting, error: Error, effects: &mut Vec<Effect>) {
        let request = waiting.change.request;
        match waiting.from {
            None => self.answer_change(request, Err(error), effects),
            Some(from) => {
                let refusal = Refusal {
                    request,
                    code: error.code.number(),
                    message: error.message.into_owned(),
                };
                let envelope = Envelope { refusal: Some(refusal), ..Envelope::default() };
                let info = self.info(MessageKind::MemberChange, true);
                self.send(from, MessageInfo { reject: true, ..info }, &envelope, effects);
            }
        }
    }

    /// Without a leader nobody can join, and etcd says so at once; the rest waits for one.
    fn refuse_without_leader(&mut self, effects: &mut Vec<Effect>) {
        if !self.config.strict_reconfig_check {
            return;
        }
        let is_add = |waiting: &Waiting| waiting.change.kind() == ChangeKind::Add;
        let (adds, others): (VecDeque<_>, VecDeque<_>) =
            std::mem::take(&mut self.changes.0).into_iter().partition(is_add);
        self.changes.0 = others;
        for waiting in adds {
            let error = self.check_may_add(&waiting.change).err().unwrap_or(Error::UNHEALTHY);
            self.refuse(waiting, error, effects);
        }
    }

    fn hand_on(&mut self, leader: MemberId, effects: &mut Vec<Effect>) {
        for waiting in std::mem::take(&mut self.changes.0) {
            if self.proposals.is_expected(waiting.change.request) {
                let bytes = Bytes::from(waiting.change.encode_to_vec());
                let envelope = Envelope { member_change: Some(bytes), ..Envelope::default() };
                self.send(leader, self.info(MessageKind::MemberChange, false), &envelope, effects);
            }
        }
    }

    /// A follower hands a change on. One that does not lead forgets it: the sender was late.
    pub(super) fn on_member_change(
        &mut self,
        from: MemberId,
        bytes: Bytes,
    ) -> Result<(), &'static str> {
        let change = MemberChange::decode(bytes).map_err(|_| "not a change of the members")?;
        let names_urls = matches!(change.kind(), ChangeKind::Add | ChangeKind::Update);
        if change.request == 0 || change.kind() == ChangeKind::Unknown {
            return Err("a change of the members that nobody asked for");
        }
        if names_urls && check_peer_urls(&change.member.peer_urls).is_err() {
            return Err("a member without a URL");
        }
        if self.membership.get(from).is_none() {
            return Err("its sender is no member");
        }
        if self.raft.is_leader() && self.changes.0.len() < limits::MEMBER_CHANGES_WAITING_MAX {
            self.changes.0.push_back(Waiting { change, from: Some(from) });
        }
        Ok(())
    }

    /// The leader refuses what this member handed on.
    pub(super) fn on_refusal(&mut self, refusal: Refusal, effects: &mut Vec<Effect>) {
        let error = Error::new(api::Code::from_number(refusal.code), refusal.message);
        self.answer_change(refusal.request, Err(error), effects);
    }

    /// The change is in the log: it takes effect, or is the same nothing on every member.
    pub(super) fn apply_change(&mut self, entry: &ConfChangeV2, effects: &mut Vec<Effect>) {
        let Ok(change) = MemberChange::decode(entry.context.clone()) else { return };
        let who = AuthInfo { user: change.user.clone(), revision: 0 };
        let checked = self.auth.check_admin(&who).and_then(|()| self.membership.check(&change));
        if checked.is_ok() {
            self.membership.make(&change);
            if change.kind() != ChangeKind::Update {
                self.raft.apply_conf_change(&conf_change(&change));
            }
            if change.kind() == ChangeKind::Remove {
                self.forget(change.id());
            }
        }
        let result = checked.map(|()| self.change_response(&change));
        self.answer_change(change.request, result, effects);
    }

    fn answer_change(
        &mut self,
        request: u64,
        result: Result<Response, Error>,
        effects: &mut Vec<Effect>,
    ) {
        if let Some(call) = self.proposals.take_call(request) {
            self.respond(call, result, effects);
        }
    }

    fn change_response(&self, change: &MemberChange) -> Response {
        let members = self.membership.members().map(membership::to_api).collect();
        let header = None;
        match change.kind() {
            ChangeKind::Remove => api::MemberRemoveResponse { header, members }.into(),
            ChangeKind::Update => api::MemberUpdateResponse { header, members }.into(),
            ChangeKind::Promote => api::MemberPromoteResponse { header, members }.into(),
            ChangeKind::Add | ChangeKind::Unknown => {
                let member = Some(change.member.clone());
                api::MemberAddResponse { header, member, members }.into()
            }
        }
    }

    /// What a recorder sees of a message that is none of raft's.
    pub(super) fn info(&self, kind: MessageKind, answer: bool) -> MessageInfo {
        let term = self.raft.term();
        let (index, log_term, commit, entries) = (0, 0, 0, 0);
        MessageInfo { kind, answer, reject: false, term, index, log_term, commit, entries }
    }
}

/// The first entries of a cluster's log are changes, too.
pub(super) fn first_change(member: &Member) -> ConfChangeV2 {
    conf_change(&MemberChange::first(member))
}

/// What raft makes of a change: one voter or learner more or less.
fn conf_change(change: &MemberChange) -> ConfChangeV2 {
    let change_type = match change.kind() {
        ChangeKind::Remove => ConfChangeType::RemoveNode,
        ChangeKind::Add if change.member.is_learner => ConfChangeType::AddLearnerNode,
        // An update changes nothing in raft's eyes; apply does not pass it on.
        _ => ConfChangeType::AddNode,
    };
    let single =
        ConfChangeSingle { change_type, node_id: change.member.id, ..ConfChangeSingle::default() };
    ConfChangeV2 {
        changes: vec![single].into(),
        context: change.encode_to_vec().into(),
        ..ConfChangeV2::default()
    }
}
