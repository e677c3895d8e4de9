//! Elections: who may begin one, who gets a vote, and which answers count.

use std::collections::BTreeSet;

use glasshouse_core::node::{Config, Input, NodeView};
use glasshouse_core::peer::Envelope;

use super::message::{RaftMessage, kind};
use crate::place::MemberNo;
use crate::world::State;

/// (voter, candidate): pre-votes that were granted, whenever that was.
#[derive(Debug, Default)]
pub(super) struct Granted(BTreeSet<(MemberNo, MemberNo)>);

/// M10: a member that hears no leader calls an election at once, in a new term, without asking whether it
/// could win; and a leader that hears nobody leads on. It holds from the member's next start.
pub(super) fn without_pre_vote(config: &mut Config) {
    config.pre_vote = false;
    config.check_quorum = false;
}

/// M12: whatever the log of a candidate holds, it is as good as the voter's own.
pub(super) fn vote_for_any_log(voter: NodeView<'_>, message: &mut RaftMessage) {
    if !matches!(message.kind, kind::VOTE | kind::PRE_VOTE) {
        return;
    }
    let last = voter.last_index();
    let own = (voter.term_at(last).unwrap_or(0), last);
    (message.log_term, message.index) = own.max((message.log_term, message.index));
}

impl State {
    /// M11, first half: a grant is remembered.
    pub(super) fn keep_pre_vote(&mut self, no: MemberNo, message: &RaftMessage) {
        let grants = message.kind == kind::PRE_VOTED && !message.reject;
        if let Some(voter) = self.no_of_raw(message.from).filter(|_| grants) {
            self.memory.election.0.insert((voter, no));
        }
    }

    /// M11, second half: when the member asks again, the answer of long ago counts as today's.
    pub(super) fn count_kept_pre_vote(
        &mut self,
        no: MemberNo,
        to: MemberNo,
        message: &RaftMessage,
    ) {
        if message.kind != kind::PRE_VOTE || !self.memory.election.0.contains(&(to, no)) {
            return;
        }
        let old = RaftMessage {
            kind: kind::PRE_VOTED,
            to: message.from,
            from: message.to,
            term: message.term,
            ..RaftMessage::default()
        };
        let bytes = old.close(Envelope::default());
        let from = self.member(to).id;
        self.member_mut(no).tell(Input::Message { from, bytes });
    }
}
