//! The worked example of `key_index.rs`, and its edges.

use super::super::key_index::{KeyIndex, Visible};
use super::*;

fn at(main: i64) -> Revision {
    Revision { main, sub: 0 }
}

/// put@1 put@2 delete@3 put@4 delete@5
fn example() -> KeyIndex {
    let mut key = KeyIndex::default();
    key.put(at(1));
    key.put(at(2));
    assert!(key.tombstone(at(3)));
    key.put(at(4));
    assert!(key.tombstone(at(5)));
    key
}

fn compacted(revision: i64) -> (KeyIndex, Vec<i64>) {
    let mut key = example();
    key.forget(key.obsolete(revision));
    let rows = key.rows().map(|row| row.revision.main).collect();
    (key, rows)
}

#[test]
fn the_example_is_compacted_as_drawn() {
    let expected: [&[i64]; 7] =
        [&[1, 2, 3, 4, 5], &[1, 2, 3, 4, 5], &[2, 3, 4, 5], &[3, 4, 5], &[4, 5], &[5], &[]];
    for (revision, rows) in (0..).zip(expected) {
        assert_eq!(compacted(revision).1, rows, "compacted to {revision}");
    }
}

#[test]
fn compaction_changes_nothing_that_is_still_readable() {
    for revision in 0..7 {
        let (key, rows) = compacted(revision);
        assert_eq!(key.is_empty(), rows.is_empty());
        for read in revision..8 {
            assert_eq!(key.at(read), example().at(read), "compacted to {revision}, read at {read}");
        }
    }
}

#[test]
fn generations_count_versions_from_one() {
    let key = example();
    let seen = |revision| key.at(revision).map(|v| (v.create_revision, v.version));
    let expected = [None, Some((1, 1)), Some((1, 2)), None, Some((4, 1)), None, None];
    for (revision, expected) in (0..).zip(expected) {
        assert_eq!(seen(revision), expected, "at {revision}");
    }
    assert!(!key.is_live());
}

#[test]
fn a_deleted_key_cannot_be_deleted() {
    let mut key = example();
    assert!(!key.tombstone(at(6)));
    assert!(!KeyIndex::default().tombstone(at(6)));
    assert_eq!(key.rows().count(), 5);
}

#[test]
fn a_put_and_a_delete_in_one_transaction() {
    let mut key = KeyIndex::default();
    key.put(at(4));
    key.put(Revision { main: 5, sub: 0 });
    assert!(key.tombstone(Revision { main: 5, sub: 1 }));
    assert_eq!(key.at(5), None);
    assert_eq!(key.at(4).map(|v| v.version), Some(1));
    assert_eq!(key.obsolete(5), 2);
    assert_eq!(key.obsolete(6), 3);
}

#[test]
fn what_is_restored_equals_what_was_compacted() {
    let mut key = KeyIndex::default();
    for main in 1..6 {
        key.put(at(main));
    }
    let values: Vec<_> = (3..6).map(|main| key.at(main).unwrap()).collect();
    key.forget(key.obsolete(3));
    let mut restored = KeyIndex::default();
    for Visible { revision, create_revision, version } in values {
        let row = RowKey { revision, tombstone: false };
        assert!(restored.restore(row, create_revision, version));
    }
    for read in 0..8 {
        assert_eq!(key.at(read), restored.at(read));
    }
}

#[test]
fn rows_that_contradict_each_other_are_refused() {
    let put = |main, created, version| (RowKey::put(main, 0), created, version);
    let gone = |main| (RowKey::tombstone(main, 0), 0, 0);
    let refused: [&[(RowKey, i64, i64)]; 6] = [
        &[put(2, 2, 1), put(2, 2, 2)],
        &[put(2, 2, 1), put(3, 2, 3)],
        &[gone(2), gone(3)],
        &[put(2, 2, 1), gone(3), put(4, 2, 2)],
        &[put(2, 2, 0)],
        &[put(2, 3, 1)],
    ];
    for rows in refused {
        let mut key = KeyIndex::default();
        assert!(!rows.iter().all(|(row, created, version)| key.restore(*row, *created, *version)));
    }
}
