//! Beside the stages: the members change, one at a time.
//!
//! ```text
//!   client ─► any member: is the request well-formed?
//!                 │ handed over (forward.rs), again until it is answered
//!                 ▼
//!             leader: one after the other
//!                 │   could it cost the quorum? is the learner caught up?  ──► refused, with etcd's error
//!                 ▼
//!             conf change in the log ─► applied by every member: was it decided before? then pass over.
//!                                       does it fit the members as they stand?
//!                                                 │
//!                            the member that was asked answers its client
//! ```
//!
//! The leader decides because it alone knows who is heard and who is caught up; etcd lets the member
//! that is asked judge by its own connections, and forwards only promotions
//! (`server/etcdserver/server.go`, `AddMember` and what follows it). A change waits while another
//! one is under way. A leader does not remove itself: it hands leadership over, and the next one removes it.

use std::collections::VecDeque;

use prost::Message as _;
use raft::eraftpb::{ConfChangeSingle, ConfChangeType, ConfChangeV2};

use super::forward::Asker;
use super::{Effect, Node};
use crate::api::{self, Error, Request, Response};
use crate::auth::AuthInfo;
use crate::id::{CallId, MemberId, member_id};
use crate::limits;
use crate::membership::{
    self, ChangeKind, Member, MemberChange, check_peer_urls, not_enough_started,
};
use crate::raft::HandOver;

/// A change that is not proposed yet.
struct Waiting {
    asker: Asker,
    change: MemberChange,
}

/// Changes that wait at the leader for the one before them.
#[derive(Default)]
pub(super) struct Changes(VecDeque<Waiting>);

impl Node {
    /// The members are to change, and this member leads.
    pub(super) fn queue_change(
        &mut self,
        asker: Asker,
        id: u64,
        request: &Request,
        effects: &mut Vec<Effect>,
    ) {
        let change = self.change_of(id, request).and_then(|change| {
            let who = self.who_asks(asker)?;
            self.auth.check_admin(&who)?;
            Ok(MemberChange { user: who.user, ..change })
        });
        match change {
            Ok(change) if self.changes.0.len() < limits::MEMBER_CHANGES_WAITING_MAX => {
                self.changes.0.push_back(Waiting { asker, change });
            }
            Ok(_) => self.answer(asker, Err(Error::TOO_MANY_REQUESTS), effects),
            Err(error) => self.answer(asker, Err(error), effects),
        }
    }

    /// The change that a request asks for, under the id that the request has wherever it goes.
    fn change_of(&self, request_id: u64, request: &Request) -> Result<MemberChange, Error> {
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
            request: request_id,
            learners_max: self.config.max_learners,
            user: String::new(),
        })
    }

    /// The wall clock in seconds since 1970, as far as ticks can tell.
    fn unix_s(&self) -> u64 {
        self.config.started_unix_s + self.tick * self.config.tick_ms / 1000
    }

    /// Proposes the changes that wait, as long as none is under way. Without its office a member
    /// forgets them: whoever asked asks the next leader.
    pub(super) fn drive_changes(&mut self, effects: &mut Vec<Effect>) {
        if self.changes.0.is_empty() {
            return;
        }
        if !self.raft.is_leader() {
            return self.changes.0.clear();
        }
        self.forwards.serve_in(self.raft.term());
        // With no change under way, everything that was decided is known here.
        while self.raft.takes_changes() {
            let Some(Waiting { asker, change }) = self.changes.0.pop_front() else { return };
            if !self.is_wanted(asker) || self.membership.has_decided(change.request) {
                continue;
            }
            let removes_leader =
                change.kind() == ChangeKind::Remove && change.id() == self.config.member_id;
            match self.may_change(&change) {
                Err(error) => self.answer(asker, Err(error), effects),
                Ok(()) if removes_leader && self.raft.transfer_leadership() != HandOver::Nobody => {
                    // The next leader removes this one; see ARCHITECTURE.md for the reason.
                    return self.changes.0.push_front(Waiting { asker, change });
                }
                Ok(()) => {
                    if !self.raft.propose_change(conf_change(&change)) {
                        self.answer(asker, Err(Error::TOO_MANY_REQUESTS), effects);
                    }
                }
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
                self.check_may_add(change.member.is_learner)?;
                if self.connected_voters() < self.membership.voters().count() {
                    return Err(Error::UNHEALTHY);
                }
            }
            ChangeKind::Remove if strict => self.check_may_remove(change.id())?,
            _ => {}
        }
        Ok(())
    }

    fn check_may_add(&self, is_learner: bool) -> Result<(), Error> {
        if is_learner || self.membership.is_ready_to_add() {
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

    /// Without a leader nobody can join, and etcd says so at once; the rest waits for one, and so does
    /// what a former leader may have in its log.
    pub(super) fn refuse_without_leader(&mut self, call: CallId, effects: &mut Vec<Effect>) {
        let Some(Request::MemberAdd(add)) = self.forwards.unsent(call) else { return };
        if self.config.strict_reconfig_check {
            let error = self.check_may_add(add.is_learner).err().unwrap_or(Error::UNHEALTHY);
            self.answer(Asker::Call(call), Err(error), effects);
        }
    }

    /// The change is in the log: it takes effect, or is the same nothing on every member.
    pub(super) fn apply_change(
        &mut self,
        index: u64,
        entry: &ConfChangeV2,
        effects: &mut Vec<Effect>,
    ) {
        let Ok(change) = MemberChange::decode(entry.context.clone()) else { return };
        if !self.membership.decide(change.request) {
            return;
        }
        let who = AuthInfo { user: change.user.clone(), revision: 0 };
        let checked = self.auth.check_admin(&who).and_then(|()| self.membership.check(&change));
        if checked.is_ok() {
            self.membership.make(&change);
            if change.kind() != ChangeKind::Update {
                self.raft.apply_conf_change(&conf_change(&change));
            }
            if change.kind() == ChangeKind::Remove {
                self.forget(change.id(), index);
            }
        }
        let result = checked.map(|()| self.change_response(&change));
        if let Some(call) = self.forwards.take_by_id(change.request) {
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
