//! Random streams: one for each purpose and place, all from the run's seed.
//!
//! If everything drew from one generator, a slower disk would shift the latencies of the network,
//! and a student who turns one dial would see another world. So every link, disk, client and
//! schedule has a stream of its own, and draws the same number of words for each event whatever
//! its dials say.
//!
//! ```text
//!    seed ─┬─ ("latency", n1, n2) ──► ChaCha8
//!          ├─ ("disk", n3) ─────────► ChaCha8
//!          └─ ("client", A) ────────► ChaCha8
//! ```
//!
//! Only whole 64-bit words are drawn, and numbers are made of them with integer arithmetic: a
//! `usize` or a float would make wasm and native runs differ.

use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore as _, SeedableRng as _};

use crate::trace::TraceHash;

/// A stream of random numbers with a purpose.
#[derive(Clone, Debug)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream of `purpose` at the place `(a, b)`.
    #[must_use]
    pub fn new(seed: u64, purpose: &str, a: u64, b: u64) -> Self {
        let mut hash = TraceHash::new();
        hash.word(seed);
        hash.bytes(purpose.as_bytes());
        hash.word(a);
        hash.word(b);
        let mut key = [0; 32];
        for chunk in key.chunks_exact_mut(8) {
            chunk.copy_from_slice(&hash.value().to_le_bytes());
            hash.word(seed);
        }
        Self(ChaCha8Rng::from_seed(key))
    }

    /// The next 64 bits.
    pub fn word(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `bound`, which must not be 0. The bias is below `bound / 2^64`.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "there is no number below 0");
        let product = u128::from(self.word()) * u128::from(bound);
        u64::try_from(product >> 64).expect("a product of two words has a word above")
    }

    /// A number of `low ..= high`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        assert!(low <= high, "an empty range holds no number");
        match (high - low).checked_add(1) {
            Some(count) => low + self.below(count),
            None => self.word(),
        }
    }

    /// True `millionths` times in a million.
    pub fn chance(&mut self, millionths: u32) -> bool {
        self.below(1_000_000) < u64::from(millionths)
    }

    /// One of `choices`, which must not be empty.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let index = self.below(choices.len() as u64);
        &choices[usize::try_from(index).expect("below a length that is a usize")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_by_purpose_and_place_and_repeat_by_seed() {
        let first = |seed, purpose, a, b| Stream::new(seed, purpose, a, b).word();
        assert_eq!(first(1, "disk", 1, 0), first(1, "disk", 1, 0));
        let all = [
            first(1, "disk", 1, 0),
            first(2, "disk", 1, 0),
            first(1, "link", 1, 0),
            first(1, "disk", 2, 0),
            first(1, "disk", 0, 1),
        ];
        for (i, one) in all.iter().enumerate() {
            assert!(all[i + 1..].iter().all(|other| other != one));
        }
    }

    #[test]
    fn numbers_stay_in_their_range_and_reach_its_ends() {
        let mut stream = Stream::new(7, "test", 0, 0);
        let drawn: Vec<u64> = (0..1000).map(|_| stream.between(5, 8)).collect();
        assert!(drawn.iter().all(|n| (5..=8).contains(n)));
        assert!(drawn.contains(&5) && drawn.contains(&8));
        assert!(!stream.chance(0));
        assert!(stream.chance(1_000_000));
    }
}
