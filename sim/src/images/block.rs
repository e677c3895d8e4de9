//! A block of memory in fewer bytes: each word as wide as it has to be.
//!
//! ```text
//!   a block          | 16 control bytes, one for each four words | the words |
//!   where it differs | which fours do, 16 bits | a control byte for each of these | their words |
//!   from another one
//! ```
//!
//! Behind both stand zeros to a multiple of 16 bytes. There is one way to write a block, so equal blocks have equal
//! bytes. Four words go at once ([`lanes`]), and wherever they stand sixteen bytes are written or read: the next ones
//! stand behind as many of them as count. Hardly four words of a block are all zero, so it has no list of these; of
//! what differs, most are. To differ is meant bit by bit (exclusive or).

use super::lanes::{self, LANES, Lanes};

/// Bytes of a block.
pub(super) const BLOCK: usize = 256;
/// Fours of words in a block: a control byte for each.
const FOURS: usize = BLOCK / LANES;
/// Bytes of the list of fours that differ.
const LIST: usize = 2;
/// What a block takes is a multiple of so many bytes: finer steps save little.
pub(super) const STEP: usize = 16;
/// The most that a block takes.
pub(super) const ENCODED_MAX: usize = FOURS + BLOCK;
/// The last words are read with so many bytes behind them, whatever they are.
pub(super) const SPARE: usize = LANES;
/// Room for a block, and a mask for places in it: what is masked needs no check, which halves the time.
const ROOM: usize = 512;
const PLACE: usize = ROOM - 1;
/// Bytes of a number in front of what is written.
pub(super) const HEAD: usize = 4;

/// The bytes of a block.
pub(super) type Block = [u8; BLOCK];

/// A block as it is kept, or where it differs.
pub(super) struct Encoded {
    bytes: [u8; HEAD + ROOM + SPARE],
    length: usize,
}

impl Default for Encoded {
    fn default() -> Self {
        Self { bytes: [0; HEAD + ROOM + SPARE], length: 0 }
    }
}

impl Encoded {
    /// Holds this block from now on.
    #[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
    pub(super) fn block(&mut self, block: &Block) {
        let mut at = FOURS;
        for (nth, words) in block.as_chunks().0.iter().enumerate() {
            let (control, bytes) = lanes::narrow(*words);
            self.bytes[HEAD + nth] = control;
            self.put(&mut at, control, bytes);
        }
        self.end(at, at == FOURS);
    }

    /// Holds from now on where this block differs from another one.
    #[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
    pub(super) fn differing(&mut self, block: &Block, other: &Block) {
        let mut found = [(0, [0; LANES]); FOURS];
        let (mut list, mut count) = (0_u16, 0);
        for (nth, (words, other)) in block.as_chunks().0.iter().zip(other.as_chunks().0).enumerate()
        {
            let (control, bytes) = lanes::narrow(lanes::differing(*words, *other));
            found[count & (FOURS - 1)] = (control, bytes);
            list |= u16::from(control != 0) << nth;
            count += usize::from(control != 0);
        }
        self.bytes[HEAD..HEAD + LIST].copy_from_slice(&list.to_le_bytes());
        let mut at = LIST + count;
        for (nth, (control, bytes)) in found.into_iter().take(count).enumerate() {
            self.bytes[HEAD + LIST + nth] = control;
            self.put(&mut at, control, bytes);
        }
        self.end(at, count == 0);
    }

    #[inline]
    fn put(&mut self, at: &mut usize, control: u8, bytes: Lanes) {
        self.bytes[HEAD + (*at & PLACE)..][..LANES].copy_from_slice(&bytes);
        *at += lanes::length(control);
    }

    fn end(&mut self, at: usize, is_empty: bool) {
        self.bytes[HEAD + (at & PLACE)..][..STEP].fill(0);
        self.length = if is_empty { 0 } else { at.next_multiple_of(STEP) };
    }

    /// What is to be kept; nothing of a block that is all zeros, or does not differ.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[HEAD..HEAD + self.length]
    }

    /// The same behind the number of the block that it differs from.
    pub(super) fn on(&mut self, base: u32) -> &[u8] {
        self.bytes[..HEAD].copy_from_slice(&base.to_le_bytes());
        &self.bytes[..HEAD + self.length]
    }
}

/// All of these bytes are zero.
pub(super) fn is_zero(bytes: &[u8]) -> bool {
    bytes.as_chunks::<8>().0.iter().fold(0, |all, eight| all | u64::from_le_bytes(*eight)) == 0
}

/// These are the same bytes.
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
pub(super) fn is_same(one: &Block, other: &Block) -> bool {
    let fours = one.as_chunks().0.iter().zip(other.as_chunks().0);
    let differing = fours.fold([0; LANES], |differing, (one, other)| {
        lanes::either(differing, lanes::differing(*one, *other))
    });
    differing == [0; LANES]
}

/// Writes the block whose bytes these are, with [`SPARE`] bytes behind them.
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
pub(super) fn read(bytes: &[u8], block: &mut Block) {
    let Some((controls, mut rest)) = bytes.split_first_chunk::<FOURS>() else { return };
    for (control, words) in controls.iter().zip(block.as_chunks_mut().0) {
        let Some(next) = rest.first_chunk() else { return };
        *words = lanes::wide(*control, *next);
        rest = &rest[lanes::length(*control)..];
    }
}

/// Changes a block to the one that differs from it so, with [`SPARE`] bytes behind them.
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
pub(super) fn change(bytes: &[u8], block: &mut Block) {
    let Some((list, rest)) = bytes.split_first_chunk::<LIST>() else { return };
    let mut list = u16::from_le_bytes(*list);
    let (controls, mut rest) = rest.split_at(list.count_ones() as usize);
    let fours = block.as_chunks_mut().0;
    for control in controls {
        let nth = list.trailing_zeros() as usize & (FOURS - 1);
        list &= list.wrapping_sub(1);
        let Some(next) = rest.first_chunk() else { return };
        fours[nth] = lanes::differing(fours[nth], lanes::wide(*control, *next));
        rest = &rest[lanes::length(*control)..];
    }
}
