//! The counted tree against a sorted map.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use proptest::prelude::*;

use super::super::index::{Index, KeyRange};
use super::*;

/// Live or deleted, by key.
type Map = BTreeMap<Vec<u8>, bool>;

#[derive(Clone, Debug)]
enum Step {
    Put(u16),
    Tombstone(u16),
    /// Forgets a deleted key.
    Remove(u16),
    /// Forgets all deleted keys of a range.
    RemoveRange(u16, u16),
}

fn step() -> impl Strategy<Value = Step> {
    let key = 0_u16..3000;
    prop_oneof![
        6 => key.clone().prop_map(Step::Put),
        3 => key.clone().prop_map(Step::Tombstone),
        3 => key.clone().prop_map(Step::Remove),
        1 => (key.clone(), key).prop_map(|(a, b)| Step::RemoveRange(a, b)),
    ]
}

/// Keys of several shapes: alike for long, and told apart only by zeros at the end.
fn bytes(key: u16) -> Vec<u8> {
    match key % 4 {
        0 => format!("{key:04}").into_bytes(),
        1 => format!("1/a long beginning/{key:04}").into_bytes(),
        2 => format!("2{}", "\0".repeat(usize::from(key % 50))).into_bytes(),
        _ => key.to_be_bytes().to_vec(),
    }
}

#[derive(Default)]
struct Both {
    tree: Index,
    map: Map,
    revision: i64,
}

impl Both {
    fn next(&mut self) -> Revision {
        self.revision += 1;
        Revision { main: self.revision, sub: 0 }
    }

    fn put(&mut self, key: u16) {
        let revision = self.next();
        self.tree.change(&bytes(key), |history| history.put(revision));
        self.map.insert(bytes(key), true);
    }

    fn tombstone(&mut self, key: u16) {
        let revision = self.next();
        if let Some(live @ true) = self.map.get_mut(&bytes(key)) {
            *live = false;
            assert!(self.tree.change(&bytes(key), |history| history.tombstone(revision)));
        }
    }

    fn remove(&mut self, key: u16) {
        let key = bytes(key);
        if self.map.get(&key) == Some(&false) {
            self.map.remove(&key);
            self.tree.change(&key, |history| history.forget(history.rows().count()));
            self.tree.remove(&key);
        }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Put(key) => self.put(key),
            Step::Tombstone(key) => self.tombstone(key),
            Step::Remove(key) => self.remove(key),
            Step::RemoveRange(a, b) => (a.min(b)..a.max(b)).for_each(|key| self.remove(key)),
        }
    }

    fn check(&self, a: &[u8], b: &[u8], skip: u64, limit: usize) {
        let (tree, map) = (&self.tree, &self.map);
        assert_eq!(tree.keys(), map.len() as u64);
        assert_eq!(tree.live(), map.values().filter(|live| **live).count() as u64);
        for range in [KeyRange::Between(a, b), KeyRange::From(a), KeyRange::One(a)] {
            let all: Vec<_> = map.keys().filter(|key| range.contains(key)).cloned().collect();
            let live: Vec<_> = all.iter().filter(|key| map[*key]).cloned().collect();
            assert_eq!(tree.count(range), live.len() as u64, "count of {range:?}");
            let mut seen = Vec::new();
            tree.visit::<()>(range, |key, _| {
                seen.push(key.to_vec());
                ControlFlow::Continue(())
            });
            assert_eq!(seen, all, "all of {range:?}");
            let mut page = Vec::new();
            tree.visit_live(range, skip, |key, history| {
                assert!(history.is_live());
                page.push(key.to_vec());
                if page.len() == limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            let skip = usize::try_from(skip).unwrap();
            let expected: Vec<_> = live.into_iter().skip(skip).take(limit).collect();
            assert_eq!(page, expected, "a page of {range:?} behind {skip}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn the_tree_equals_a_map(
        steps in prop::collection::vec(step(), 0..3000),
        looks in prop::collection::vec((0_u16..3000, 0_u16..3000, 0_u64..200, 1_usize..50), 20),
    ) {
        let mut both = Both::default();
        for (number, step) in steps.iter().enumerate() {
            both.step(step);
            if number % 500 == 0 {
                both.check(b"0500", b"1/a long beginning/2", 7, 9);
            }
        }
        for (a, b, skip, limit) in looks {
            both.check(&bytes(a), &bytes(b), skip, limit);
        }
    }
}

#[test]
fn keys_in_order_and_against_it() {
    let (mut up, mut down) = (Both::default(), Both::default());
    for key in 0..9000 {
        up.put(key);
        down.put(9000 - key);
    }
    for both in [&mut up, &mut down] {
        both.check(b"1234", b"5678", 300, 20);
        (0..9001).filter(|key| key % 3 != 0).for_each(|key| both.tombstone(key));
        both.check(b"1234", b"5678", 300, 20);
        (0..9001).for_each(|key| both.remove(key));
        both.check(b"1234", b"5678", 300, 20);
        (0..9001).for_each(|key| both.tombstone(key));
        both.check(b"", b"9", 0, 20);
        (0..9001).for_each(|key| both.remove(key));
        assert_eq!(both.tree.keys(), 0);
        both.put(4);
        both.check(b"", b"9", 0, 20);
    }
}
