//! Election Safety: at most one leader can be elected in a term (Raft 5.2).

use std::collections::BTreeMap;

use super::{Property, Violation};
use crate::place::MemberNo;

/// Who led which term.
#[derive(Debug, Default)]
pub(super) struct Election(BTreeMap<u64, MemberNo>);

impl Election {
    /// A process ended that had made its terms durable up to `durable`. Who votes alone wins before its
    /// own vote is on the disk, and says nothing to anybody until it is: what was not, is as if it had not
    /// been.
    pub(super) fn on_ended(&mut self, no: MemberNo, durable: u64) {
        self.0.retain(|term, leader| *leader != no || *term <= durable);
    }

    /// A member takes itself for the leader of a term.
    pub(super) fn on_leader(&mut self, no: MemberNo, term: u64) -> Option<Violation> {
        let leader = *self.0.entry(term).or_insert(no);
        (leader != no).then(|| {
            Violation::new(
                Property::ElectionSafety,
                no,
                format!("{leader} was elected in term {term}"),
                format!("{no} leads in term {term} too"),
            )
        })
    }
}
