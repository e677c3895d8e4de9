//! Leader Append-Only: a leader never overwrites or deletes entries in its log (Raft 5.3).

use glasshouse_core::node::{NodeView, Role};

use super::{Property, Violation};
use crate::place::MemberNo;
use crate::trace::Standing;

/// The end of a leader's log: (term it leads, last index, term of the last entry).
type End = (u64, u64, u64);

/// The end of the log of every leader.
#[derive(Debug)]
pub(super) struct AppendOnly(Vec<Option<End>>);

impl AppendOnly {
    pub(super) fn new(count: usize) -> Self {
        Self(vec![None; count])
    }

    /// A machine begins with an empty disk.
    pub(super) fn on_new_machine(&mut self, no: MemberNo) {
        super::renew(&mut self.0, no, None);
    }

    /// A process that starts does not lead.
    pub(super) fn on_recovered(&mut self, no: MemberNo) {
        self.0[no.index()] = None;
    }

    /// A member made a step.
    pub(super) fn on_step(
        &mut self,
        no: MemberNo,
        view: NodeView<'_>,
        standing: &Standing,
    ) -> Option<Violation> {
        let end = &mut self.0[no.index()];
        if standing.role != Role::Leader {
            *end = None;
            return None;
        }
        let last = view.last_index();
        let before = end.replace((standing.term, last, view.term_at(last).unwrap_or(0)));
        let (term, index, entry_term) = before.filter(|&(term, ..)| term == standing.term)?;
        // The end can only have been compacted away if the log went on behind it.
        if index <= last && view.term_at(index).is_none_or(|now| now == entry_term) {
            return None;
        }
        Some(Violation::new(
            Property::LeaderAppendOnly,
            no,
            format!("{no} leads term {term} and had entry {index} of term {entry_term}"),
            format!("its log now ends at {last}, with {:?} at {index}", view.term_at(index)),
        ))
    }
}
