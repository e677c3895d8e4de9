//! Sixteen bytes at once, for [images](crate::images): one instruction each, and bytes on either side of it.

use std::arch::wasm32::{
    i8x16_swizzle, i32x4_bitmask, u32x4_gt, u32x4_splat, v128, v128_or, v128_xor,
};
use std::mem::transmute;

type Lanes = [u8; 16];

#[inline]
fn load(bytes: Lanes) -> v128 {
    // SAFETY: both are sixteen bytes, and any of them are a value of the other.
    unsafe { transmute(bytes) }
}

#[inline]
fn store(lanes: v128) -> Lanes {
    // SAFETY: as in `load`.
    unsafe { transmute(lanes) }
}

/// The bytes that stand at these places, zero for a place that there is not.
#[inline]
#[target_feature(enable = "simd128")]
pub(crate) fn moved(bytes: Lanes, places: &Lanes) -> Lanes {
    store(i8x16_swizzle(load(bytes), load(*places)))
}

/// Where the bits differ.
#[inline]
#[target_feature(enable = "simd128")]
pub(crate) fn differing(one: Lanes, other: Lanes) -> Lanes {
    store(v128_xor(load(one), load(other)))
}

/// The bits that either has.
#[inline]
#[target_feature(enable = "simd128")]
pub(crate) fn either(one: Lanes, other: Lanes) -> Lanes {
    store(v128_or(load(one), load(other)))
}

/// A bit for each of the four words that is greater than this.
#[inline]
#[target_feature(enable = "simd128")]
pub(crate) fn above(words: Lanes, most: u32) -> u8 {
    i32x4_bitmask(u32x4_gt(load(words), u32x4_splat(most)))
}
