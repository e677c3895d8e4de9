//! A block of memory in fewer bytes: each word as wide as it has to be.
//!
//! ```text
//!   | 16 bytes: two bits for each of 64 words | the words, 0, 1, 2 or 4 bytes each, little endian |
//! ```
//!
//! There is one way to write a block, so equal blocks have equal bytes. Neither direction has a branch for each word:
//! four bytes are written or read wherever a word stands, and the next one stands behind as many of them as count.

/// Bytes of a block.
pub(super) const BLOCK: usize = 256;
const WORDS: usize = BLOCK / 4;
/// Bytes that say how wide the words are.
const WIDTHS: usize = WORDS / 4;
/// Bytes of a word of each width.
const BYTES: [u8; 4] = [0, 1, 2, 4];
/// The width of a word that begins with so many zero bits.
const WIDTH: [u8; 33] = {
    let mut widths = [0; 33];
    let mut zeros = 0;
    while zeros < 32 {
        widths[zeros] = if zeros < 16 {
            3
        } else if zeros < 24 {
            2
        } else {
            1
        };
        zeros += 1;
    }
    widths
};
/// What counts of four bytes that are read.
const MASK: [u32; 4] = [0, 0xff, 0xffff, 0xffff_ffff];
/// The most that a block takes.
pub(super) const ENCODED_MAX: usize = WIDTHS + BLOCK;
/// The last word is read with so many bytes behind it, whatever they are.
pub(super) const SPARE: usize = 4;
/// Room for a block, and a mask for places in it: what is masked needs no check, which halves the time.
const ROOM: usize = 512;
const PLACE: usize = ROOM - 1;

/// A block as it is kept.
pub(super) struct Encoded {
    bytes: [u8; ROOM + SPARE],
    length: usize,
}

impl Default for Encoded {
    fn default() -> Self {
        Self { bytes: [0; ROOM + SPARE], length: 0 }
    }
}

impl Encoded {
    /// Holds this block from now on.
    pub(super) fn encode(&mut self, block: &[u8; BLOCK]) {
        let mut at = WIDTHS;
        for (nth, words) in block.as_chunks::<16>().0.iter().enumerate() {
            let mut widths = 0;
            for (place, word) in words.as_chunks::<4>().0.iter().enumerate() {
                let word = u32::from_le_bytes(*word);
                let width = WIDTH[word.leading_zeros() as usize];
                widths |= width << (2 * place);
                let at_most = at & PLACE;
                self.bytes[at_most..at_most + 4].copy_from_slice(&word.to_le_bytes());
                at += usize::from(BYTES[usize::from(width & 3)]);
            }
            self.bytes[nth] = widths;
        }
        self.length = at;
    }

    /// What is to be kept; nothing of a block that is all zeros.
    pub(super) fn bytes(&self) -> &[u8] {
        if self.length == WIDTHS { &[] } else { &self.bytes[..self.length] }
    }
}

/// All of these bytes are zero.
pub(super) fn is_zero(bytes: &[u8]) -> bool {
    bytes.as_chunks::<8>().0.iter().fold(0, |all, eight| all | u64::from_le_bytes(*eight)) == 0
}

/// Writes the block whose bytes these are, with [`SPARE`] bytes behind them.
pub(super) fn decode(bytes: &[u8], block: &mut [u8; BLOCK]) {
    let (widths, mut rest) = bytes.split_at(WIDTHS);
    for (widths, words) in widths.iter().zip(block.as_chunks_mut::<16>().0) {
        for (place, word) in words.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            let width = usize::from(widths >> (2 * place) & 3);
            let Some(four) = rest.first_chunk::<4>() else { return };
            *word = (u32::from_le_bytes(*four) & MASK[width]).to_le_bytes();
            rest = &rest[usize::from(BYTES[width])..];
        }
    }
}
