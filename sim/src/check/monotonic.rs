//! Nothing goes back: term, commit index and applied index only grow while a process lives, and a
//! term that was made durable is there after every crash (Raft figure 2).

use std::collections::VecDeque;

use super::{Property, Violation};
use crate::member::Seen;
use crate::place::MemberNo;

/// The terms that members have on their platters.
#[derive(Debug)]
pub(super) struct Monotonic(Vec<Terms>);

#[derive(Clone, Debug, Default)]
struct Terms {
    /// Appends that are not durable yet: (number, term of the member when it gave it out).
    appended: VecDeque<(u64, u64)>,
    durable: u64,
}

impl Monotonic {
    pub(super) fn new(count: usize) -> Self {
        Self(vec![Terms::default(); count])
    }

    /// A machine begins with an empty disk.
    pub(super) fn on_new_machine(&mut self, no: MemberNo) {
        super::renew(&mut self.0, no, Terms::default());
    }

    /// A member made a step.
    pub(super) fn on_step(&self, no: MemberNo, before: &Seen, after: &Seen) -> Option<Violation> {
        let went_back = |what: &str, from: u64, to: u64| {
            (to < from).then(|| {
                Violation::new(
                    Property::Monotonic,
                    no,
                    format!("the {what} of {no} was {from}"),
                    format!("it is {to}"),
                )
            })
        };
        went_back("term", before.standing.term, after.standing.term)
            .or_else(|| went_back("commit index", before.commit, after.commit))
            .or_else(|| went_back("applied index", before.applied, after.applied))
    }

    /// A member gave out an append.
    pub(super) fn on_appended(&mut self, no: MemberNo, seq: u64, term: u64) {
        self.0[no.index()].appended.push_back((seq, term));
    }

    /// Appends up to `seq` are on the platter.
    pub(super) fn on_synced(&mut self, no: MemberNo, seq: u64) {
        let terms = &mut self.0[no.index()];
        while let Some((_, term)) = terms.appended.pop_front_if(|(number, _)| *number <= seq) {
            terms.durable = term;
        }
    }

    /// A process ended: nobody waits for its appends any more. Gives the last durable term.
    pub(super) fn on_ended(&mut self, no: MemberNo) -> u64 {
        let terms = &mut self.0[no.index()];
        terms.appended.clear();
        terms.durable
    }

    /// A member has read its disk.
    pub(super) fn on_recovered(&mut self, no: MemberNo, seen: &Seen) -> Option<Violation> {
        let terms = &mut self.0[no.index()];
        let (durable, found) = (terms.durable, seen.standing.term);
        terms.durable = found;
        (found < durable).then(|| {
            Violation::new(
                Property::Monotonic,
                no,
                format!("{no} had term {durable} on its platter"),
                format!("it reads term {found} there"),
            )
        })
    }
}
