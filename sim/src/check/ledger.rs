//! Log Matching and State Machine Safety, by one ledger of chains.
//!
//! The chain at an index is a hash over all entries up to it, each with its index, term and
//! payload. Two logs are equal up to an index exactly if their chains there are equal, so a
//! comparison of whole logs costs one comparison of two numbers.
//!
//! ```text
//!    entry      1        2        3          chain[3] = mix(chain[2], 3, term, payload)
//!    n1   ──► c1 ───► c2 ───► c3 ──┐
//!    n2   ──► c1 ───► c2 ───► c3 ──┴─ equal index and term: the chain must be equal (Log Matching)
//!    committed: c1, c2              ─ what one commits or applies must be what all did (Safety)
//! ```
//!
//! Only entries that are new in a member's log are read and hashed.

use std::collections::{BTreeMap, VecDeque};

use glasshouse_core::node::{EntryKind, EntryView, NodeView};

use super::{Property, Violation};
use crate::place::MemberNo;
use crate::trace::TraceHash;

/// One entry as the ledger remembers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// The entry's term.
    pub(super) term: u64,
    /// The chain up to and including it.
    chain: u64,
}

/// A member's log: the chain before its first entry, and a link for each entry.
#[derive(Clone, Debug)]
struct Log {
    base: u64,
    base_link: Link,
    links: VecDeque<Link>,
}

/// Entries that are kept below the oldest base, so that a snapshot's place is known.
const KEPT_ENTRIES: u64 = 4096;

/// What every member's log holds, and what is committed.
#[derive(Debug)]
pub(super) struct Ledger {
    logs: Vec<Log>,
    /// The chain of each (index, term) that was ever seen.
    chains: BTreeMap<(u64, u64), u64>,
    committed: BTreeMap<u64, Link>,
    last_committed: u64,
    /// The last index that was committed in each term.
    committed_in: BTreeMap<u64, u64>,
}

const NOTHING: Link = Link { term: 0, chain: 0 };

impl Log {
    fn empty() -> Self {
        Self { base: 0, base_link: NOTHING, links: VecDeque::new() }
    }

    fn last(&self) -> u64 {
        self.base + self.links.len() as u64
    }

    fn at(&self, index: u64) -> Option<Link> {
        if index == self.base {
            return Some(self.base_link);
        }
        let place = index.checked_sub(self.base + 1)?;
        self.links.get(usize::try_from(place).ok()?).copied()
    }

    /// Forgets entries behind `last`.
    fn cut(&mut self, last: u64) {
        let kept = last.saturating_sub(self.base);
        self.links.truncate(usize::try_from(kept).unwrap_or(usize::MAX));
    }

    /// Forgets entries before `first`, which must be in the log or right behind it.
    fn compact(&mut self, first: u64) {
        while self.base + 1 < first {
            let Some(link) = self.links.pop_front() else { return };
            self.base += 1;
            self.base_link = link;
        }
    }
}

impl Ledger {
    pub(super) fn new(count: usize) -> Self {
        Self {
            logs: vec![Log::empty(); count],
            chains: BTreeMap::new(),
            committed: BTreeMap::from([(0, NOTHING)]),
            last_committed: 0,
            committed_in: BTreeMap::new(),
        }
    }

    /// The last index that any member knew to be committed.
    pub(super) fn committed(&self) -> u64 {
        self.last_committed
    }

    /// The last committed entry, if there is one.
    pub(super) fn last_committed(&self) -> Option<(u64, Link)> {
        let link = self.committed.get(&self.last_committed)?;
        (self.last_committed > 0).then_some((self.last_committed, *link))
    }

    /// The last entry that was committed in a term before this one.
    pub(super) fn committed_before(&self, term: u64) -> Option<(u64, Link)> {
        let (_, &index) = self.committed_in.range(..term).next_back()?;
        self.committed.get(&index).map(|link| (index, *link))
    }

    /// A member's entry.
    pub(super) fn link_at(&self, no: MemberNo, index: u64) -> Option<Link> {
        self.logs[no.index()].at(index)
    }

    /// The index before the first entry of a member's log.
    pub(super) fn base_of(&self, no: MemberNo) -> u64 {
        self.logs[no.index()].base
    }

    /// A machine begins with an empty disk.
    pub(super) fn on_new_machine(&mut self, no: MemberNo) {
        super::renew(&mut self.logs, no, Log::empty());
    }

    /// A member has read its disk: its log is read from the beginning.
    pub(super) fn on_recovered(&mut self, no: MemberNo, view: NodeView<'_>) -> Option<Violation> {
        let mut voters = view.membership().voters();
        let is_alone = voters.next().is_some_and(|member| member.id == view.id());
        if self.logs.len() == 1 || (is_alone && voters.next().is_none()) {
            // A voter without peers leads as soon as it wants to. What it lost before it was
            // durable was seen by nobody, so the next life may lead the same term again.
            self.chains.retain(|&(index, _), _| index <= view.last_index());
        }
        let base = view.first_index().saturating_sub(1);
        let rebased = self.rebase(no, base, view.term_at(base));
        rebased.err().or_else(|| self.on_step(no, view).err())
    }

    /// A member made a step: whatever is new in its log is linked. Says to which index the log
    /// was cut, if entries were taken back.
    pub(super) fn on_step(
        &mut self,
        no: MemberNo,
        view: NodeView<'_>,
    ) -> Result<Option<u64>, Violation> {
        let (first, last) = (view.first_index(), view.last_index());
        let log = &self.logs[no.index()];
        let known = log.last();
        // A snapshot replaces a log that ends before it, and one that holds something else there: entries
        // of a former leader, which nobody committed.
        let base_term = view.term_at(first - 1);
        if first > log.base + 1 && log.at(first - 1).map(|link| link.term) != base_term {
            self.rebase(no, first - 1, base_term)?;
        }
        let log = &mut self.logs[no.index()];
        log.compact(first);
        if known == last && log.at(last).map(|link| link.term) == view.term_at(last) {
            return Ok(None);
        }
        // Walk back to the last entry that is still what it was.
        let mut same = known.min(last);
        while same > log.base && log.at(same).map(|link| link.term) != view.term_at(same) {
            same -= 1;
        }
        log.cut(same);
        for entry in view.entries(same + 1, last) {
            self.link(no, &entry)?;
        }
        self.forget_old();
        Ok((same < known).then_some(same))
    }

    /// Appends an entry to the ledger's picture of a member's log.
    fn link(&mut self, no: MemberNo, entry: &EntryView) -> Result<(), Violation> {
        let log = &mut self.logs[no.index()];
        let previous = log.links.back().map_or(log.base_link, |link| *link);
        let mut hash = TraceHash::new();
        hash.word(previous.chain);
        hash.word(entry.index);
        hash.word(entry.term);
        hash.word(match entry.kind {
            EntryKind::Empty => 1,
            EntryKind::Request => 2,
            EntryKind::ConfChange => 3,
        });
        hash.bytes(&entry.data);
        let link = Link { term: entry.term, chain: hash.value() };
        log.links.push_back(link);
        let known = *self.chains.entry((entry.index, entry.term)).or_insert(link.chain);
        if known == link.chain {
            return Ok(());
        }
        let (index, term) = (entry.index, entry.term);
        Err(Violation::new(
            Property::LogMatching,
            no,
            format!("another log holds entry {index} of term {term}"),
            format!("the log of {no} is different up to its entry {index} of term {term}"),
        ))
    }

    /// A member's log begins behind `base`: it was compacted, or replaced by a snapshot. Only
    /// committed entries may be skipped like that.
    fn rebase(&mut self, no: MemberNo, base: u64, term: Option<u64>) -> Result<(), Violation> {
        let log = &mut self.logs[no.index()];
        let committed = self.committed.get(&base).copied();
        let link = committed.filter(|link| base == 0 || Some(link.term) == term);
        let Some(base_link) = link else {
            let known = match committed {
                Some(link) => format!("entry {base} was committed in term {}", link.term),
                None => format!("entry {base} was never seen to be committed"),
            };
            let seen = format!("{no} has a snapshot up to entry {base} of term {term:?}");
            return Err(Violation::new(Property::StateMachineSafety, no, known, seen));
        };
        *log = Log { base, base_link, links: VecDeque::new() };
        Ok(())
    }

    /// A member learns in a term that `index` is committed: all entries up to it are.
    pub(super) fn on_commit(&mut self, no: MemberNo, term: u64, index: u64) -> Option<Violation> {
        let log = &self.logs[no.index()];
        for new in self.last_committed + 1..=index {
            // What a log has compacted away was committed before.
            let link = log.at(new)?;
            self.committed.insert(new, link);
            self.last_committed = new;
            self.committed_in.insert(term, new);
        }
        self.compare(no, index, "commits")
    }

    /// A member has applied entries up to `index`.
    pub(super) fn on_applied(&mut self, no: MemberNo, index: u64) -> Option<Violation> {
        if index > self.last_committed {
            return Some(Violation::new(
                Property::StateMachineSafety,
                no,
                format!("entries are committed up to {}", self.last_committed),
                format!("{no} applies entry {index}"),
            ));
        }
        self.compare(no, index, "applies")
    }

    /// The member's log up to a committed index must be the committed log.
    fn compare(&self, no: MemberNo, index: u64, does: &str) -> Option<Violation> {
        let own = self.logs[no.index()].at(index)?;
        let committed = self.committed.get(&index)?;
        (own != *committed).then(|| {
            let known = format!("entry {index} was committed in term {}", committed.term);
            let seen = format!("{no} {does} another log up to entry {index} of term {}", own.term);
            Violation::new(Property::StateMachineSafety, no, known, seen)
        })
    }

    /// Entries that every log has compacted away are looked at no more. What is before the first entry is kept:
    /// whoever joins late begins there.
    fn forget_old(&mut self) {
        let oldest = self.logs.iter().map(|log| log.base).min().unwrap_or(0);
        let Some(keep) = oldest.checked_sub(KEPT_ENTRIES) else { return };
        while self.chains.first_key_value().is_some_and(|(&(index, _), _)| index < keep) {
            self.chains.pop_first();
        }
        while let Some((&index, _)) = self.committed.range(1..keep.max(1)).next() {
            self.committed.remove(&index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_may_begin_empty_however_long_the_others_have_run() {
        let last = 3 * KEPT_ENTRIES;
        let mut ledger = Ledger::new(2);
        ledger.logs.iter_mut().for_each(|log| log.base = KEPT_ENTRIES);
        ledger.forget_old();
        ledger.committed.extend((1..=last).map(|index| (index, Link { term: 1, chain: index })));
        ledger.logs.iter_mut().for_each(|log| log.base = last);
        ledger.forget_old();
        assert_eq!(ledger.committed.len() as u64, 1 + KEPT_ENTRIES + 1);

        let late = MemberNo::from_number(2).unwrap();
        ledger.on_new_machine(late);
        assert!(ledger.rebase(late, 0, None).is_ok());
        assert!(ledger.rebase(late, last, Some(1)).is_ok(), "a snapshot of the others");
        assert!(ledger.rebase(late, last, Some(2)).is_err());
        assert!(ledger.rebase(late, last + 1, Some(1)).is_err());
    }
}
