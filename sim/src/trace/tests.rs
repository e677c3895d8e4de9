//! The record and its hash.

use super::*;

fn note(text: &str) -> What {
    What::Note(text.into())
}

fn delayed(id: u64) -> What {
    What::Delayed { id: MessageId(id), arrives_at: 1 }
}

#[test]
fn events_come_back_in_order_from_any_cursor() {
    let mut record = Recorder::default();
    for i in 0..20 {
        record.record(i, if i % 3 == 0 { note("n") } else { delayed(i) }, None);
    }
    for cursor in 0..=20 {
        let seqs: Vec<u64> = record.since(cursor).map(|event| event.seq).collect();
        assert_eq!(seqs, (cursor..20).collect::<Vec<_>>());
    }
}

#[test]
fn old_bulk_is_forgotten_before_what_is_notable_and_the_hash_has_seen_all() {
    let (mut record, mut other) = (Recorder::default(), Recorder::default());
    record.record(0, note("first"), None);
    other.record(0, note("other"), None);
    for i in 0..RING_EVENTS as u64 + 10 {
        record.record(i, delayed(i), None);
        other.record(i, delayed(i), None);
    }
    let first: Vec<u64> = record.since(0).take(2).map(|event| event.seq).collect();
    assert_eq!(first, [0, 11]);
    assert_ne!(record.hash(), other.hash());
}

#[test]
fn time_order_and_content_are_in_the_hash() {
    let hash = |events: &[(Nanos, &str)], payload: &'static [u8]| {
        let mut record = Recorder::default();
        for (at, text) in events {
            record.record(*at, note(text), Some(&Bytes::from_static(payload)));
        }
        record.hash()
    };
    let all = [
        hash(&[(1, "a"), (2, "b")], b""),
        hash(&[(2, "b"), (1, "a")], b""),
        hash(&[(1, "a"), (3, "b")], b""),
        hash(&[(1, "a"), (2, "b")], b"x"),
        hash(&[(1, "ab"), (2, "")], b""),
    ];
    for (i, one) in all.iter().enumerate() {
        assert!(all[i + 1..].iter().all(|other| other != one));
    }
}

/// A change of this number makes every recorded trace of every run worthless: it must be meant.
#[test]
fn the_hash_is_what_it_always_was() {
    let mut hash = TraceHash::new();
    hash.word(1);
    hash.bytes(b"nine bytes");
    assert_eq!(format!("{:016x}", hash.value()), "c5447763ef966774");
}
