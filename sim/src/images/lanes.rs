//! Four words at once, each in as few bytes as it needs: one byte says how wide the four are, and a table says for
//! each of its values which byte goes where.
//!
//! ```text
//!   control byte   | h3 h2 h1 h0 | l3 l2 l1 l0 |      width of word n: 2·h(n) + l(n)
//!   width          0, 1, 2 or 3: the word takes 0, 1, 2 or 4 bytes
//! ```
//!
//! This is Stream VByte in its variant with empty words (Lemire, Kurz and Rupp 2018, "Stream VByte: Faster
//! Byte-Oriented Integer Compression"). A processor moves all sixteen bytes with one instruction, and so does wasm
//! (`i8x16.swizzle`, in all browsers since 2023); elsewhere the same tables are followed byte by byte.

#[cfg(target_arch = "wasm32")]
pub(super) use crate::wasm::lanes::{above, differing, either, moved};

#[cfg(not(target_arch = "wasm32"))]
pub(super) use self::slowly::{above, differing, either, moved};

/// Bytes of four words.
pub(super) const LANES: usize = 16;
/// A byte from nowhere: zero.
const NOWHERE: u8 = 0x80;
/// Bytes of a word of each width.
const BYTES: [u8; 4] = [0, 1, 2, 4];

/// The bytes of four words.
pub(super) type Lanes = [u8; LANES];

type Table = [Lanes; 256];

/// How many bytes the four words of a control byte take together.
static LENGTHS: [u8; 256] = {
    let mut lengths = [0; 256];
    let mut control = 0;
    while control < 256 {
        let mut lane = 0;
        while lane < 4 {
            lengths[control] += BYTES[width(control, lane)];
            lane += 1;
        }
        control += 1;
    }
    lengths
};

/// Where each byte of the narrow words comes from, and of the wide ones.
static NARROW: Table = tables().0;
static WIDE: Table = tables().1;

const fn width(control: usize, lane: usize) -> usize {
    2 * (control >> (4 + lane) & 1) + (control >> lane & 1)
}

#[allow(clippy::cast_possible_truncation, reason = "places among sixteen bytes")]
const fn tables() -> (Table, Table) {
    let (mut narrow, mut wide) = ([[NOWHERE; LANES]; 256], [[NOWHERE; LANES]; 256]);
    let mut control = 0;
    while control < 256 {
        let (mut lane, mut at) = (0, 0);
        while lane < 4 {
            let mut byte = 0;
            while byte < BYTES[width(control, lane)] as usize {
                narrow[control][at] = (4 * lane + byte) as u8;
                wide[control][4 * lane + byte] = at as u8;
                at += 1;
                byte += 1;
            }
            lane += 1;
        }
        control += 1;
    }
    (narrow, wide)
}

/// Bytes that the four words of a control byte take.
#[inline]
pub(super) fn length(control: u8) -> usize {
    usize::from(LENGTHS[usize::from(control)])
}

/// Four words, little endian, made narrow: their control byte, and their bytes with zeros behind.
#[inline]
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
pub(super) fn narrow(words: Lanes) -> (u8, Lanes) {
    let (some, two, four) = (above(words, 0), above(words, 0xff), above(words, 0xffff));
    let control = two << 4 | (some ^ two ^ four);
    (control, moved(words, &NARROW[usize::from(control)]))
}

/// The words of a control byte, from their bytes with anything behind.
#[inline]
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
pub(super) fn wide(control: u8, bytes: Lanes) -> Lanes {
    moved(bytes, &WIDE[usize::from(control)])
}

#[cfg(not(target_arch = "wasm32"))]
mod slowly {
    //! What `crate::wasm::lanes` does with one instruction each.

    use super::Lanes;

    /// The bytes that stand at these places, zero for a place that there is not.
    pub(in super::super) fn moved(bytes: Lanes, places: &Lanes) -> Lanes {
        places.map(|place| bytes.get(usize::from(place)).copied().unwrap_or(0))
    }

    /// Where the bits differ.
    pub(in super::super) fn differing(one: Lanes, other: Lanes) -> Lanes {
        (u128::from_le_bytes(one) ^ u128::from_le_bytes(other)).to_le_bytes()
    }

    /// The bits that either has.
    pub(in super::super) fn either(one: Lanes, other: Lanes) -> Lanes {
        (u128::from_le_bytes(one) | u128::from_le_bytes(other)).to_le_bytes()
    }

    /// A bit for each of the four words that is greater than this.
    pub(in super::super) fn above(words: Lanes, most: u32) -> u8 {
        let words = words.as_chunks::<4>().0.iter().enumerate();
        words
            .fold(0, |bits, (lane, word)| bits | u8::from(u32::from_le_bytes(*word) > most) << lane)
    }
}
