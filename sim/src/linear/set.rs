//! Which operations are placed: a set that is short to remember.
//!
//! Operations are numbered in the order of their calls, so the placed ones are nearly a prefix: all up
//! to somewhere, then a few more within reach of the present.
//!
//! ```text
//!   placed      1111111111111111 1111111111111011 0100000000000000
//!   remembered                  └ from this word on: the first that is not full
//! ```

/// Bits in a word.
const WORD: usize = u64::BITS as usize;

/// A set of small numbers.
#[derive(Clone, Debug)]
pub(super) struct Set {
    words: Vec<u64>,
    /// All words before this one are full.
    full: usize,
    /// Behind the last word that is not empty.
    end: usize,
}

impl Set {
    /// An empty set for numbers below `size`.
    pub(super) fn new(size: usize) -> Self {
        Self { words: vec![0; size.div_ceil(WORD)], full: 0, end: 0 }
    }

    pub(super) fn contains(&self, number: usize) -> bool {
        self.words[number / WORD] >> (number % WORD) & 1 == 1
    }

    pub(super) fn insert(&mut self, number: usize) {
        self.words[number / WORD] |= 1 << (number % WORD);
        self.end = self.end.max(number / WORD + 1);
        while self.words.get(self.full) == Some(&u64::MAX) {
            self.full += 1;
        }
    }

    pub(super) fn remove(&mut self, number: usize) {
        self.words[number / WORD] &= !(1 << (number % WORD));
        self.full = self.full.min(number / WORD);
        while self.end > 0 && self.words[self.end - 1] == 0 {
            self.end -= 1;
        }
    }

    /// Appends what tells this set from all others of its size: how many words are full, how many
    /// follow, and those.
    pub(super) fn write(&self, key: &mut Vec<u64>) {
        let rest = self.words.get(self.full..self.end).unwrap_or_default();
        key.push((self.full as u64) << 32 | rest.len() as u64);
        key.extend_from_slice(rest);
    }
}
