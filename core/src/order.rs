//! Sorting where lists are short, with one sort's code for all of them.
//!
//! The standard library's stable sort is a fine machine of five kilobytes, and it is built anew for each type and
//! each way to compare: seventy of them were a twelfth of the page's module. What sorts thousands of rows in a
//! server's request ([`crate::mvcc`], [`crate::store`]) keeps it. Everything else, members, flags, addresses, the
//! lists of a drawing, is sorted here: the *places* of a list are sorted, by a comparison behind a pointer, and
//! then each element is moved to its place once.
//!
//! ```text
//!   items     d  a  c  b          the list
//!   places    1  3  2  0          sorted: the smallest is at 1, the next at 3, ...
//!   swaps     a  d  c  b  ->  a  b  c  d
//! ```
//!
//! The same holds for what is gathered into a map: `collect` sorts first and then builds, [`map`] and [`set`] insert
//! one after the other, which is code that a map has anyway.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// Sorts; equal elements stay as they were.
pub fn sort<T: Ord>(items: &mut [T]) {
    sort_by(items, T::cmp);
}

/// Sorts by a key that is computed for each comparison; equal elements stay as they were.
pub fn sort_by_key<T, K: Ord>(items: &mut [T], key: impl Fn(&T) -> K) {
    sort_by(items, |a, b| key(a).cmp(&key(b)));
}

/// Sorts by a comparison; equal elements stay as they were. Costs nothing but the look where all is in order.
pub fn sort_by<T>(items: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    if items.is_sorted_by(|a, b| compare(a, b).is_le()) {
        return;
    }
    let mut places: Vec<usize> = (0..items.len()).collect();
    sort_places(&mut places, &|a, b| compare(&items[a], &items[b]));
    arrange(&mut places, &mut |a, b| items.swap(a, b));
}

/// The one sort.
fn sort_places(places: &mut [usize], compare: &dyn Fn(usize, usize) -> Ordering) {
    places.sort_by(|&a, &b| compare(a, b));
}

/// Moves to each place what belongs there: every cycle of the permutation is walked once.
fn arrange(places: &mut [usize], swap: &mut dyn FnMut(usize, usize)) {
    for start in 0..places.len() {
        let mut at = start;
        loop {
            let from = std::mem::replace(&mut places[at], at);
            if from == start {
                break;
            }
            swap(at, from);
            at = from;
        }
    }
}

/// A map of what comes; of two values for one key the later stays.
pub fn map<K: Ord, V>(entries: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut map = BTreeMap::new();
    map.extend(entries);
    map
}

/// A set of what comes.
pub fn set<T: Ord>(elements: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    let mut set = BTreeSet::new();
    set.extend(elements);
    set
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sorts_as_the_standard_library(items: Vec<(u8, u16)>) {
            let (mut ours, mut theirs) = (items.clone(), items.clone());
            sort_by_key(&mut ours, |item| item.0 / 16);
            theirs.sort_by_key(|item| item.0 / 16);
            prop_assert_eq!(&ours, &theirs);
            sort(&mut ours);
            theirs.sort();
            prop_assert_eq!(&ours, &theirs);
            sort_by(&mut ours, |a, b| b.cmp(a));
            theirs.reverse();
            prop_assert_eq!(ours, theirs);
            prop_assert_eq!(map(items.clone()), items.iter().copied().collect());
            prop_assert_eq!(set(items.clone()), items.into_iter().collect());
        }
    }
}
