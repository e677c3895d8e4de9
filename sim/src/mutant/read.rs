//! Linearizable reads: what has to be known before one is answered.

use std::collections::BTreeMap;

use bytes::Bytes;
use glasshouse_core::api::{self, RangeRequest};
use glasshouse_core::node::{NodeView, Role};
use glasshouse_core::peer::{Envelope, MessageInfo, MessageKind};

use super::Mutant;
use super::message::{RaftMessage, kind};
use crate::place::MemberNo;
use crate::world::State;

/// The question of a member that is not answered yet.
#[derive(Debug)]
struct Asked {
    life: u32,
    /// Under which name it was asked first.
    first: Bytes,
    /// Under which name the node waits for the answer.
    last: Bytes,
}

/// The names of all members' questions to the leader.
#[derive(Debug, Default)]
pub(super) struct Contexts(BTreeMap<MemberNo, Asked>);

/// The member has committed an entry of the term that it leads.
fn has_committed_in_term(view: NodeView<'_>) -> bool {
    view.term_at(view.commit()) == Some(view.term())
}

impl State {
    /// A read that is answered from the member's own store, as if its client had asked for that.
    pub(super) fn read_without_asking(&self, no: MemberNo, range: &mut RangeRequest) {
        let Some(view) = self.member(no).node().map(glasshouse_core::Node::view) else { return };
        let leads = view.role() == Role::Leader;
        // M05: by any member.
        let any = self.is_sick(Mutant::LocalRead, no);
        // M06: by a leader that does not know yet what was committed before it. It does lead: whoever
        // asks the others for that hears yes.
        let early = self.is_sick(Mutant::ReadBeforeFirstCommit, no)
            && self.leader() == Some(no)
            && !has_committed_in_term(view);
        // M08: by a leader that trusts its own clock to tell how long it leads.
        let trusting = self.is_sick(Mutant::LeaseRead, no) && leads && has_committed_in_term(view);
        range.serializable |= any || early || trusting;
    }

    /// M06, for reads that other members were asked: a leader answers with its commit index although it
    /// has committed nothing in its term. Says whether it did.
    pub(super) fn answer_early(&mut self, no: MemberNo, message: &RaftMessage) -> bool {
        let Some(view) = self.member(no).node().map(glasshouse_core::Node::view) else {
            return false;
        };
        let asks = message.kind == kind::READ_INDEX && self.leader() == Some(no);
        if !asks || has_committed_in_term(view) {
            return false;
        }
        let answer = RaftMessage {
            kind: kind::READ_INDEX_ANSWER,
            to: message.from,
            from: view.id().0,
            term: view.term(),
            index: view.commit(),
            entries: message.entries.clone(),
            ..RaftMessage::default()
        };
        let info = MessageInfo {
            kind: MessageKind::ReadIndex,
            answer: true,
            reject: false,
            term: answer.term,
            index: answer.index,
            log_term: 0,
            commit: 0,
            entries: 1,
        };
        if let Some(asker) = self.no_of_raw(message.from) {
            self.send_peer(no, asker, info, answer.close(Envelope::default()));
        }
        true
    }

    /// M07: a question that is asked again has the name of the first one.
    pub(super) fn reuse_context(&mut self, no: MemberNo, message: &mut RaftMessage) {
        let life = self.member(no).life;
        let Some(entry) = message.entries.first_mut().filter(|_| message.kind == kind::READ_INDEX)
        else {
            return;
        };
        let name = entry.data.clone();
        let fresh = || Asked { life, first: name.clone(), last: name.clone() };
        let asked = self.memory.read.0.entry(no).or_insert_with(fresh);
        if asked.life != life {
            *asked = fresh();
        }
        asked.last = name;
        entry.data = asked.first.clone();
    }

    /// M07, the other half: whatever answers the first question answers the last.
    pub(super) fn take_any_answer(&mut self, no: MemberNo, message: &mut RaftMessage) {
        let answers = message.kind == kind::READ_INDEX_ANSWER;
        let Some(entry) = message.entries.first_mut().filter(|_| answers) else { return };
        let fits = |asked: &Asked| asked.first == entry.data;
        if self.memory.read.0.get(&no).is_some_and(fits)
            && let Some(asked) = self.memory.read.0.remove(&no)
        {
            entry.data = asked.last;
        }
    }

    /// A request as a sick member reads it.
    pub(crate) fn as_the_member_reads_it(
        &self,
        no: MemberNo,
        request: api::Request,
    ) -> api::Request {
        match request {
            api::Request::Range(mut range) => {
                self.read_without_asking(no, &mut range);
                range.into()
            }
            request => request,
        }
    }
}
