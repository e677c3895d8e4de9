//! Beside stage 4: a proposal counts at most once.
//!
//! Everything else that members say to each other may be lost, doubled and late: raft's messages mean the
//! same the second time. A proposal that a follower hands to the leader does not. Heard twice, it is two
//! entries, and the second one may overwrite what another client was told in between. etcd leaves this to
//! TCP; here the message says it itself, so that it holds in every network.
//!
//! ```text
//!   follower, life 7 ── propose  term 4, life 7, number 31 ──► leads term 4, 31 is new:  appended
//!                    ── the same, again ─────────────────────► 31 was heard:             dropped
//!                    ── the same, a minute later ────────────► leads term 9, or follows: dropped
//! ```
//!
//! * It names the **term** whose leader it is meant for. Only the leader of that term takes it, and no
//!   member leads a term in two of its lives, so what was heard need not survive a crash. A member
//!   that follows by now does not pass it on.
//! * It names the **life** of its sender and a **number** that goes up in that life. The leader remembers
//!   a window of numbers for each life (as IPsec does against replays, RFC 4303, 3.4.3). What is
//!   older than the window is dropped: a proposal may be lost, as ever; its client's call times out.

use std::collections::BTreeMap;

use rand_core::RngCore as _;

use super::Node;
use crate::id::MemberId;
use crate::limits;
use crate::peer::ProposalMark;

/// Words of a window.
const WINDOW_WORDS: usize = limits::PROPOSALS_OUT_OF_ORDER_MAX.div_ceil(u64::BITS as usize);

/// Marks of proposals, given and taken.
#[derive(Debug, Default)]
pub(super) struct Once {
    /// This life's name and its last number; drawn with the first proposal that leaves.
    own: Option<(u64, u64)>,
    /// The term in which `heard` was heard.
    term: u64,
    heard: BTreeMap<(MemberId, u64), Window>,
}

/// Which numbers of a life were heard: the highest, and those right below it.
#[derive(Clone, Debug, Default)]
struct Window {
    highest: u64,
    /// Bit 0 of word 0 is the highest number.
    bits: [u64; WINDOW_WORDS],
}

impl Window {
    /// Whether the number is heard for the first time.
    fn take(&mut self, number: u64) -> bool {
        if number > self.highest {
            self.shift(number - self.highest);
            self.highest = number;
        }
        let age = self.highest - number;
        if age >= limits::PROPOSALS_OUT_OF_ORDER_MAX as u64 {
            return false;
        }
        let (word, bit) = ((age / 64) as usize, 1 << (age % 64));
        let is_new = self.bits[word] & bit == 0;
        self.bits[word] |= bit;
        is_new
    }

    fn shift(&mut self, by: u64) {
        let words = usize::try_from(by / 64).unwrap_or(usize::MAX).min(WINDOW_WORDS);
        self.bits.copy_within(..WINDOW_WORDS - words, words);
        self.bits[..words].fill(0);
        let rest = by % 64;
        if rest > 0 {
            let mut carry = 0;
            for word in &mut self.bits {
                let next = *word >> (64 - rest);
                *word = *word << rest | carry;
                carry = next;
            }
        }
    }
}

impl Node {
    /// The mark of the next proposal that leaves for the leader of this term.
    pub(super) fn mark_proposal(&mut self) -> ProposalMark {
        let ids = &mut self.ids;
        let (life, number) = self.once.own.get_or_insert_with(|| (ids.next_u64(), 0));
        *number += 1;
        ProposalMark { term: self.raft.term(), life: *life, number: *number }
    }

    /// Takes a proposal of another member, the first time, if this member leads the term that it is meant
    /// for.
    pub(super) fn take_proposal(
        &mut self,
        from: MemberId,
        mark: Option<ProposalMark>,
    ) -> Result<(), &'static str> {
        let ProposalMark { term, life, number } = mark.ok_or("a proposal without a mark")?;
        if !self.raft.is_leader() || term != self.raft.term() {
            return Err("a proposal for another leader, or for another time");
        }
        if self.once.term != term {
            self.once.heard.clear();
            self.once.term = term;
        }
        let lives = self.once.heard.len();
        let heard = self.once.heard.entry((from, life)).or_default();
        if heard.highest == 0 && lives >= limits::PROPOSING_LIVES_MAX {
            self.once.heard.remove(&(from, life));
            return Err("proposals of more lives than a term can see");
        }
        if number == 0 || !heard.take(number) {
            return Err("a proposal that was heard before");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// As a set of all numbers does it, for those within the window; older ones are never new.
        #[test]
        fn a_window_is_a_set_with_a_short_memory(steps in prop::collection::vec(0_u64..400, 1..200)) {
            let mut window = Window::default();
            let mut heard = BTreeSet::new();
            let mut base = 1;
            for step in steps {
                // Mostly near the highest number, now and then far ahead.
                let number = if step > 390 { base + 5000 } else { (base + step).saturating_sub(200).max(1) };
                base = base.max(number);
                let is_old = base - number >= limits::PROPOSALS_OUT_OF_ORDER_MAX as u64;
                let is_new = heard.insert(number);
                prop_assert_eq!(window.take(number), is_new && !is_old);
            }
        }
    }
}
