//! Merged ranges against a model: the set of all short keys that each range holds.

use std::collections::BTreeSet;

use bytes::Bytes;
use proptest::prelude::*;

use crate::auth::Ranges;

/// Keys and ends of ranges: a few letters, so that they touch and overlap. All keys between two of
/// them differ from their neighbours in this alphabet or in a zero byte.
fn key() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(vec![0, 1, b'a', b'b']), 1..3)
}

fn range_end() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![Just(vec![]), Just(vec![0]), key(), key()]
}

/// Every key of up to three letters of the alphabet, and one above all: the model's whole world.
fn world() -> BTreeSet<Vec<u8>> {
    let mut keys = BTreeSet::from([vec![]]);
    for _ in 0..3 {
        let longer: Vec<Vec<u8>> = keys
            .iter()
            .flat_map(|key| [0, 1, b'a', b'b'].map(|letter| [&key[..], &[letter]].concat()))
            .collect();
        keys.extend(longer);
    }
    keys.remove(&vec![]);
    keys.insert(vec![0xff]);
    keys
}

fn held(key: &[u8], range_end: &[u8]) -> BTreeSet<Vec<u8>> {
    let holds = |other: &Vec<u8>| match range_end {
        [] => other == key,
        [0] => &other[..] >= key,
        end => &other[..] >= key && &other[..] < end,
    };
    world().into_iter().filter(holds).collect()
}

proptest! {
    #[test]
    fn a_union_covers_what_its_ranges_hold_together(
        ranges in prop::collection::vec((key(), range_end()), 0..6),
        asked in (key(), range_end()),
    ) {
        let mut merged = Ranges::default();
        let mut model = BTreeSet::new();
        for (key, range_end) in ranges {
            // etcd refuses a permission for a range that holds nothing.
            if !range_end.is_empty() && range_end != [0] && key >= range_end {
                continue;
            }
            merged.add(&Bytes::from(key.clone()), &Bytes::from(range_end.clone()));
            model.extend(held(&key, &range_end));
        }
        let (key, range_end) = asked;
        let wanted = held(&key, &range_end);
        if wanted.is_empty() {
            // Nothing is asked for: etcd looks at the first key.
            prop_assert!(!merged.cover(&key, &range_end) || model.contains(&key));
        } else {
            prop_assert_eq!(merged.cover(&key, &range_end), wanted.is_subset(&model));
        }
        // What is merged is in order and does not touch.
        let parts: Vec<_> = merged.iter().collect();
        for pair in parts.windows(2) {
            prop_assert!(pair[0].1.is_some_and(|end| end < pair[1].0), "{parts:?}");
        }
    }
}

#[test]
fn open_ends_and_single_keys() {
    let mut ranges = Ranges::default();
    ranges.add(&Bytes::from("k"), &Bytes::new());
    ranges.add(&Bytes::from("x"), &Bytes::from_static(b"\0"));
    assert!(ranges.cover(b"k", b"") && ranges.cover(b"k", b"k\0"));
    assert!(!ranges.cover(b"k", b"l") && !ranges.cover(b"k\0", b""));
    assert!(ranges.cover(b"x", b"\0") && ranges.cover(b"y", b"z") && !ranges.cover(b"w", b"\0"));
    ranges.add(&Bytes::from_static(b"\0"), &Bytes::from_static(b"\0"));
    assert!(ranges.cover(b"\0", b"\0"));
    assert_eq!(ranges.iter().count(), 1);
}
