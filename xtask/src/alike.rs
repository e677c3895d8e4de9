//! Puts functions that are alike side by side, where brotli describes one by the other in fewer bytes.
//!
//! A module's functions are of a few families: the same code for other types, the same shape of a panel.
//! From each function the chain goes on to the one most like it that is still left:
//!
//! ```text
//!   body ─► every five bytes, hashed ─► the smallest hash in each of 64 bins: its sketch
//!   likeness of two bodies = bins in which the sketches agree, less where one is far longer
//! ```
//!
//! The order is written down as names, because wasm-opt sorts by those: `00000`, `00001`, ...

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::Result;
use crate::wasm;

/// Bytes that are looked at together.
const WINDOW: usize = 5;
const BINS: usize = 64;
/// Agreeing bins below which two functions have nothing to do with each other.
const ALIKE_MIN: usize = BINS / 8;

/// The module with its functions named after their places in a better order.
pub fn named(module: &[u8]) -> Result<Vec<u8>> {
    let bodies = wasm::bodies(module)?;
    let mut ranks = vec![0; bodies.len()];
    for (rank, function) in chain(&bodies).into_iter().enumerate() {
        ranks[function] = rank;
    }
    let names: Vec<_> = ranks.iter().map(|rank| format!("{rank:05}")).collect();
    wasm::with_names(module, &names)
}

/// All functions, each behind one that is like it if there is one.
fn chain(bodies: &[&[u8]]) -> Vec<usize> {
    let sketches: Vec<_> = bodies.iter().map(|body| sketch(body)).collect();
    let mut same: HashMap<(usize, u32), Vec<usize>> = HashMap::new();
    for (function, sketch) in sketches.iter().enumerate() {
        for bin in sketch.iter().copied().enumerate() {
            same.entry(bin).or_default().push(function);
        }
    }
    let mut left = vec![true; bodies.len()];
    let mut order = Vec::with_capacity(bodies.len());
    for first in 0..bodies.len() {
        let mut next = Some(first).filter(|&first| left[first]);
        while let Some(function) = next {
            left[function] = false;
            order.push(function);
            let mut agreeing: HashMap<usize, usize> = HashMap::new();
            for bin in sketches[function].iter().copied().enumerate() {
                for &other in same[&bin].iter().filter(|&&other| left[other]) {
                    *agreeing.entry(other).or_default() += 1;
                }
            }
            let likeness = |other: usize, bins: usize| {
                let (one, two) = (bodies[function].len(), bodies[other].len());
                bins * (one + two) / one.max(two)
            };
            next = agreeing
                .into_iter()
                .filter(|&(_, bins)| bins >= ALIKE_MIN)
                .max_by_key(|&(other, bins)| (likeness(other, bins), Reverse(other)))
                .map(|(other, _)| other);
        }
    }
    order
}

/// The smallest hash in each bin. Bodies of which much is equal have many of them in common.
fn sketch(body: &[u8]) -> [u32; BINS] {
    let mut sketch = [u32::MAX; BINS];
    for window in body.windows(WINDOW) {
        let number = window.iter().fold(0, |number, &byte| (number << 8) | u64::from(byte));
        let hash = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
        let bin = usize::from(hash[0]) % BINS;
        let value = u32::from_be_bytes([hash[1], hash[2], hash[3], hash[4]]);
        sketch[bin] = sketch[bin].min(value);
    }
    sketch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_alike_lies_together() {
        let body = |seed: u8, change: u8| -> Vec<u8> {
            let mut body: Vec<u8> = (0..200_u8).map(|at| at.wrapping_mul(seed)).collect();
            body[100] = change;
            body
        };
        let bodies = [body(3, 0), body(7, 0), body(3, 1), body(7, 1), body(3, 2)];
        let bodies: Vec<_> = bodies.iter().map(Vec::as_slice).collect();
        assert_eq!(chain(&bodies), [0, 2, 4, 1, 3]);
    }
}
