//! One vote per term, also across crashes (Raft 5.2, figure 2: `votedFor` is persistent).
//!
//! A vote counts when it is *sent*: from then on somebody relies on it. A candidate votes for
//! itself with its request. Votes for a pre-candidate bind nobody and are not counted.

use std::collections::BTreeMap;

use glasshouse_core::id::MemberId;
use glasshouse_core::peer::{MessageInfo, MessageKind};

use super::{Property, Violation};
use crate::place::MemberNo;

/// The votes that were given away.
#[derive(Debug)]
pub(super) struct Votes {
    ids: BTreeMap<MemberNo, MemberId>,
    /// The last (term, receiver) of each member.
    last: BTreeMap<MemberNo, (u64, MemberNo)>,
}

impl Votes {
    pub(super) fn new(ids: BTreeMap<MemberNo, MemberId>) -> Self {
        Self { ids, last: BTreeMap::new() }
    }

    /// A member sends a message; it may be a vote.
    pub(super) fn on_sent(
        &mut self,
        no: MemberNo,
        to: MemberNo,
        info: &MessageInfo,
    ) -> Option<Violation> {
        if info.kind != MessageKind::Vote || (info.answer && info.reject) {
            return None;
        }
        let given_to = if info.answer { to } else { no };
        let term = info.term;
        let (last_term, last_to) = self.last.get(&no).copied().unwrap_or((0, no));
        if term < last_term || (term == last_term && given_to != last_to) {
            return Some(Violation::new(
                Property::OneVotePerTerm,
                no,
                format!("{no} voted for {last_to} in term {last_term}"),
                format!("{no} votes for {given_to} in term {term}"),
            ));
        }
        self.last.insert(no, (term, given_to));
        None
    }

    /// A member has read its disk: it must remember the vote that it gave.
    pub(super) fn on_recovered(
        &self,
        no: MemberNo,
        term: u64,
        vote: Option<MemberId>,
    ) -> Option<Violation> {
        let &(last_term, last_to) = self.last.get(&no)?;
        let remembers =
            term > last_term || (term == last_term && vote == self.ids.get(&last_to).copied());
        if remembers {
            return None;
        }
        let vote = vote.map_or_else(|| String::from("no vote"), |id| format!("a vote for {id}"));
        Some(Violation::new(
            Property::OneVotePerTerm,
            no,
            format!("{no} voted for {last_to} in term {last_term}"),
            format!("after its restart it knows term {term} and {vote}"),
        ))
    }
}
