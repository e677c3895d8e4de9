//! The trace hash: 64 bits over a stream of 64-bit words.
//!
//! Each word is folded in by xor, an odd multiplication and a shift, which spreads every bit over
//! the whole state in two steps:
//!
//! ```text
//!    state = (state ^ word) * 0x9e37_79b9_7f4a_7c15
//!    state = state ^ (state >> 32)
//! ```
//!
//! It is made to tell histories apart, not to withstand an attacker. Bytes are packed eight to a
//! word, little endian, after their length; so the result is the same on every target.

/// The multiplier: 2^64 divided by the golden ratio, odd.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// A running hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceHash(u64);

impl Default for TraceHash {
    fn default() -> Self {
        Self::new()
    }
}

impl TraceHash {
    /// The hash of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self(SPREAD)
    }

    /// Folds one word in.
    pub fn word(&mut self, word: u64) {
        let mixed = (self.0 ^ word).wrapping_mul(SPREAD);
        self.0 = mixed ^ (mixed >> 32);
    }

    /// Folds bytes in: their length, then eight to a word, the last word filled with zeros.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.word(bytes.len() as u64);
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            self.word(u64::from_le_bytes(chunk.try_into().expect("chunks of eight")));
        }
        let rest = chunks.remainder();
        if !rest.is_empty() {
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            self.word(u64::from_le_bytes(last));
        }
    }

    /// The hash of everything so far.
    #[must_use]
    pub fn value(self) -> u64 {
        self.0
    }

    /// The hash of some bytes alone.
    #[must_use]
    pub fn of(bytes: &[u8]) -> u64 {
        let mut hash = Self::new();
        hash.bytes(bytes);
        hash.value()
    }
}
