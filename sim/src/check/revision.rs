//! Revision arithmetic: every change is one revision, the next one, and the same on all members.
//!
//! The committed log is one order of all changes, so each of its entries leaves the store at one
//! revision that can be told beforehand. A member that has applied that entry is at that revision,
//! also right after it has read its disk. A store that lost a change, or made one twice, is at
//! another (etcd issues 13766, 14685, 17780).

use std::collections::VecDeque;

use super::{Property, Violation};
use crate::place::MemberNo;

/// Entries whose revisions are remembered; who is further behind is compared when it has caught up.
const KEPT_ENTRIES: usize = 1 << 14;

/// The revision behind each committed entry.
#[derive(Debug, Default)]
pub(super) struct Revisions {
    /// The index of the first one that is remembered.
    first: u64,
    behind: VecDeque<i64>,
}

impl Revisions {
    /// An entry is committed for the first time anywhere; the model is at this revision behind it.
    pub(super) fn on_committed(&mut self, index: u64, revision: i64) {
        if self.first + self.behind.len() as u64 != index {
            self.behind.clear();
            self.first = index;
        }
        self.behind.push_back(revision);
        if self.behind.len() > KEPT_ENTRIES {
            self.behind.pop_front();
            self.first += 1;
        }
    }

    /// A member has applied everything up to an entry, and its store is at this revision.
    pub(super) fn on_applied(&self, no: MemberNo, index: u64, revision: i64) -> Option<Violation> {
        let place = usize::try_from(index.checked_sub(self.first)?).ok()?;
        let known = *self.behind.get(place)?;
        (known != revision).then(|| {
            Violation::new(
                Property::Revisions,
                no,
                format!("the committed log is at revision {known} behind entry {index}"),
                format!("{no} has applied that entry and is at revision {revision}"),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_counts_differently_is_seen() {
        let no = MemberNo::from_number(2).unwrap();
        let mut revisions = Revisions::default();
        for (index, revision) in [(1, 1), (2, 2), (3, 2), (4, 3)] {
            revisions.on_committed(index, revision);
        }
        assert_eq!(revisions.on_applied(no, 3, 2), None);
        assert_eq!(revisions.on_applied(no, 9, 7), None, "nobody knows yet");
        let verdict = revisions.on_applied(no, 4, 4).unwrap();
        assert_eq!(verdict.known, "the committed log is at revision 3 behind entry 4");
        assert_eq!(verdict.seen, "n2 has applied that entry and is at revision 4");
    }
}
