//! One vote per term, also across crashes (Raft 5.2, figure 2: `votedFor` is persistent).
//!
//! A vote counts when it is *sent*: from then on somebody relies on it. A candidate votes for
//! itself with its request. Votes for a pre-candidate bind nobody and are not counted.

use std::collections::{BTreeMap, BTreeSet};

use glasshouse_core::id::MemberId;
use glasshouse_core::peer::{MessageInfo, MessageKind};

use super::{Property, Violation};
use crate::place::MemberNo;

/// The votes that were given away.
#[derive(Debug)]
pub(super) struct Votes {
    ids: BTreeMap<MemberNo, MemberId>,
    /// The last (term, receiver) of each member. The receiver's machine may have another id by now.
    last: BTreeMap<MemberNo, (u64, MemberNo, MemberId)>,
    /// Who voted for whom, by term: a candidate may learn that it has won when its voters have long
    /// voted in later terms.
    given: BTreeMap<(u64, MemberId), BTreeSet<MemberId>>,
}

/// Elections whose voters are remembered.
const KEPT_ELECTIONS: usize = 1024;

impl Votes {
    pub(super) fn new(ids: BTreeMap<MemberNo, MemberId>) -> Self {
        Self { ids, last: BTreeMap::new(), given: BTreeMap::new() }
    }

    /// A machine begins with an empty disk under a new id.
    pub(super) fn on_new_machine(&mut self, no: MemberNo, id: MemberId) {
        self.ids.insert(no, id);
        self.last.remove(&no);
    }

    fn id(&self, no: MemberNo) -> MemberId {
        self.ids.get(&no).copied().unwrap_or_default()
    }

    /// The machine of each of these members, where it has one.
    pub(super) fn machines(&self, members: &BTreeSet<MemberId>) -> Vec<Option<MemberNo>> {
        let machine = |id| self.ids.iter().find(|(_, other)| *other == id).map(|(no, _)| *no);
        members.iter().map(machine).collect()
    }

    /// A member leads a term. `configs` are the voters that it went by: those before its last step
    /// and, if they changed in it, those after it. Votes of others count for nothing.
    pub(super) fn on_leader(
        &self,
        no: MemberNo,
        term: u64,
        configs: &[BTreeSet<MemberId>],
    ) -> Option<Violation> {
        let (own, nobody) = (self.id(no), BTreeSet::new());
        let given = self.given.get(&(term, own)).unwrap_or(&nobody);
        let mut most = (0, 0);
        for voters in configs {
            // Who is alone need not ask anybody.
            let votes = voters.iter().filter(|id| **id == own || given.contains(id)).count();
            if votes > voters.len() / 2 {
                return None;
            }
            most = (votes, voters.len());
        }
        Some(Violation::new(
            Property::ElectionQuorum,
            no,
            format!("{} of {} voters have voted for {no} in term {term}", most.0, most.1),
            format!("{no} leads it"),
        ))
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
        let vote = (term, given_to, self.id(given_to));
        let (last_term, last_to, last_id) = self.last.get(&no).copied().unwrap_or((0, no, vote.2));
        if term < last_term || (term == last_term && vote.2 != last_id) {
            return Some(Violation::new(
                Property::OneVotePerTerm,
                no,
                format!("{no} voted for {last_to} in term {last_term}"),
                format!("{no} votes for {given_to} in term {term}"),
            ));
        }
        self.last.insert(no, vote);
        let voter = self.id(no);
        self.given.entry((term, vote.2)).or_default().insert(voter);
        if self.given.len() > KEPT_ELECTIONS {
            self.given.pop_first();
        }
        None
    }

    /// A member has read its disk: it must remember the vote that it gave.
    pub(super) fn on_recovered(
        &self,
        no: MemberNo,
        term: u64,
        vote: Option<MemberId>,
    ) -> Option<Violation> {
        let &(last_term, last_to, last_id) = self.last.get(&no)?;
        let remembers = term > last_term || (term == last_term && vote == Some(last_id));
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
