//! The tree of ranges against a list.

use std::collections::BTreeSet;

use bytes::Bytes;
use proptest::prelude::*;

use crate::watch::ranges::{Ranges, Span};

fn span(key: &[u8], end: &[u8]) -> Option<Span> {
    Span::new(&Bytes::copy_from_slice(key), &Bytes::copy_from_slice(end))
}

fn matches(low: &[u8], end: &[u8], key: &[u8]) -> bool {
    match end {
        [] => key == low,
        [0] => key >= low,
        end => low <= key && key < end,
    }
}

fn few_letters() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(b'a'..=b'd', 1..3)
}

fn any_end() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![Just(Vec::new()), Just(vec![0]), few_letters(), few_letters()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_tree_finds_what_a_list_finds(
        steps in proptest::collection::vec((any::<bool>(), few_letters(), any_end(), 0..4_u32), 1..120)
    ) {
        let mut ranges = Ranges::default();
        let mut list = BTreeSet::new();
        for (adds, low, end, watcher) in steps {
            let Some(span) = span(&low, &end) else { continue };
            if adds {
                ranges.insert(&span, watcher);
                list.insert((low, end, watcher));
            } else {
                ranges.remove(&span, watcher);
                list.remove(&(low, end, watcher));
            }
            ranges.check();
            for key in [&b"a"[..], b"ab", b"b", b"bcd", b"c", b"d", b"dd", b"z"] {
                let mut found = Vec::new();
                ranges.visit(key, |watcher| found.push(watcher));
                found.sort_unstable();
                let mut expected: Vec<u32> = list
                    .iter()
                    .filter(|(low, end, _)| matches(low, end, key))
                    .map(|(_, _, watcher)| *watcher)
                    .collect();
                expected.sort_unstable();
                prop_assert_eq!(found, expected);
            }
        }
        prop_assert_eq!(ranges.is_empty(), list.is_empty());
    }
}

#[test]
fn ten_thousand_ranges_make_a_low_tree() {
    let mut ranges = Ranges::default();
    for number in 0..10_000_u32 {
        let (low, end) = (format!("k{number:05}"), format!("k{:05}", number + 10));
        ranges.insert(&span(low.as_bytes(), end.as_bytes()).unwrap(), number);
    }
    assert!(ranges.check() <= 16);
    let mut found = Vec::new();
    ranges.visit(b"k05000", |watcher| found.push(watcher));
    assert_eq!(found, (4991..=5000).collect::<Vec<u32>>());
}
