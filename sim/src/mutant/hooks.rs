//! Where the world asks whether a member is sick. An honest world answers at once: nothing is planted.

use bytes::Bytes;
use glasshouse_core::api;
use glasshouse_core::id::CallId;
use glasshouse_core::node::{Config, Input};
use glasshouse_core::peer::{Envelope, MessageInfo};
use prost::Message as _;

use super::message::RaftMessage;
use super::{Mutant, client, election, lease, replication};
use crate::place::MemberNo;
use crate::world::State;

/// Calls that no client made have names from here on; nobody waits for their answers.
const BESIDE_CLIENTS: u64 = 1 << 63;

impl State {
    /// Whether a member has this fault.
    pub(crate) fn is_sick(&self, mutant: Mutant, no: MemberNo) -> bool {
        self.plants.has(mutant, no)
    }

    /// What a member is told at its start.
    pub(crate) fn as_it_is_configured(&self, no: MemberNo, config: &mut Config) {
        if self.is_sick(Mutant::NoPreVote, no) {
            election::without_pre_vote(config);
        }
        if self.is_sick(Mutant::NoLeaseCheckpoint, no) {
            lease::without_checkpoints(config);
        }
    }

    /// A member's clock ticks, and its node is about to hear of it.
    pub(crate) fn on_tick_of(&mut self, no: MemberNo) {
        self.member_mut(no).ticks += 1;
        if self.plants.is_empty() {
            return;
        }
        if self.is_sick(Mutant::DefragmentForgets, no) {
            self.defragment_now_and_then(no);
        }
        if self.is_sick(Mutant::DeposedRevokes, no) {
            self.revoke_as_deposed(no);
        }
        if self.is_sick(Mutant::NeverRevoked, no) {
            self.never_revoke(no);
        }
    }

    /// A message as it leaves a sick member.
    pub(crate) fn as_it_leaves(
        &mut self,
        no: MemberNo,
        to: MemberNo,
        info: &mut MessageInfo,
        bytes: &mut Bytes,
    ) {
        if self.plants.is_empty() {
            return;
        }
        let Some(view) = self.members[no.index()].node().map(glasshouse_core::Node::view) else {
            return;
        };
        if self.is_sick(Mutant::SnapshotIndexOff, no)
            && let Ok(mut envelope) = Envelope::decode(bytes.clone())
            && replication::snapshot_index_off(view, &mut envelope).is_some()
        {
            *bytes = envelope.to_bytes();
        }
        let Some((envelope, mut message)) = RaftMessage::open(bytes) else { return };
        if self.is_sick(Mutant::CommitAnyTerm, no) {
            self.memory.told.commit_any_term(view, info, &mut message);
        }
        if self.is_sick(Mutant::ReadContextReused, no) {
            self.reuse_context(no, &mut message);
        }
        if self.is_sick(Mutant::PreVotesKept, no) {
            self.count_kept_pre_vote(no, to, &message);
        }
        *bytes = message.close(envelope);
    }

    /// A message as a sick member reads it; `None` when its node gets nothing of it.
    pub(crate) fn as_it_arrives(&mut self, no: MemberNo, bytes: Bytes) -> Option<Bytes> {
        if self.plants.is_empty() {
            return Some(bytes);
        }
        let Some((envelope, mut message)) = RaftMessage::open(&bytes) else { return Some(bytes) };
        let Some(view) = self.member(no).node().map(glasshouse_core::Node::view) else {
            return Some(bytes);
        };
        if self.is_sick(Mutant::VoteForAnyLog, no) {
            election::vote_for_any_log(view, &mut message);
        }
        if self.is_sick(Mutant::MatchFromNext, no) {
            replication::match_from_next(view, &mut message);
        }
        if self.is_sick(Mutant::ReadContextReused, no) {
            self.take_any_answer(no, &mut message);
        }
        if self.is_sick(Mutant::PreVotesKept, no) {
            self.keep_pre_vote(no, &message);
        }
        if self.is_sick(Mutant::ReadBeforeFirstCommit, no) && self.answer_early(no, &message) {
            return None;
        }
        Some(message.close(envelope))
    }

    /// A sick member asks itself for something, as root.
    pub(super) fn ask_beside_clients(&mut self, no: MemberNo, request: impl Into<api::Request>) {
        let call = CallId(BESIDE_CLIENTS + self.calls.next_id().0);
        let (caller, request) = (client::root(), request.into());
        self.member_mut(no).tell(Input::Request { call, caller, request });
    }
}
