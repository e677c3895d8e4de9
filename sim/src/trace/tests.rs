//! The record and its hash.

#![allow(clippy::cast_possible_truncation, reason = "random words are cut to what a field holds")]

use glasshouse_core::peer::MessageKind;

use super::*;
use crate::rng::Stream;

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
    for i in 0..5_000 {
        record.record(RING_EVENTS as u64 + 10 + i, delayed(i), None);
    }
    let kept: Vec<u64> = record.since(0).map(|event| event.seq).collect();
    assert_eq!(kept[0], 0);
    // Whole chunks are forgotten, so a few more are left than must be.
    let bulk = kept.len() - 1;
    assert!((RING_EVENTS..RING_EVENTS + 1_500).contains(&bulk), "{bulk} are left");
    assert_eq!(kept[1..], (kept[1]..=kept[bulk]).collect::<Vec<_>>());
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

/// What may stand in a field: few bytes, many, and the most.
fn number(random: &mut Stream) -> u64 {
    random.word() >> random.below(64)
}

fn place(random: &mut Stream) -> Place {
    match MemberNo::from_number(random.below(12) as u8) {
        Some(member) => member.into(),
        None => ClientNo(number(random) as u16).into(),
    }
}

fn carried(random: &mut Stream) -> Carried {
    use MessageKind::*;
    let kinds = [
        Heartbeat, Append, Vote, PreVote, Snapshot, ReadIndex, Propose, TimeoutNow, Forward, Hash,
        Removed, Other,
    ];
    match random.below(10) {
        0 => Carried::Request(CallId(number(random))),
        1 => Carried::Cancel(CallId(number(random))),
        2 => Carried::Answer(CallId(number(random))),
        3 => Carried::Said(StreamId(number(random))),
        4 => Carried::Heard(StreamId(number(random))),
        _ => Carried::Peer(MessageInfo {
            kind: kinds[random.below(kinds.len() as u64) as usize],
            answer: random.below(2) == 0,
            reject: random.below(2) == 0,
            term: number(random),
            index: number(random),
            log_term: number(random),
            commit: number(random),
            entries: number(random) as u32,
        }),
    }
}

fn disk_step(random: &mut Stream) -> DiskStep {
    match random.below(10) {
        0 => DiskStep::Wrote {
            append: number(random),
            segment: number(random),
            offset: number(random),
            bytes: number(random) as u32,
            crc: number(random) as u32,
        },
        1 => DiskStep::SyncBegan { until: number(random) },
        2 => DiskStep::Synced { append: number(random) },
        3 => DiskStep::CommitBegan { batch: number(random), until: number(random) },
        4 => DiskStep::CommitDone { batch: number(random) },
        5 => DiskStep::SegmentsDropped { first: number(random) },
        6 => DiskStep::Failed { reason: "kein Platz \u{1f4be}".repeat(random.below(40) as usize) },
        7 => DiskStep::Lost { lost: number(random), kept: number(random) },
        _ => DiskStep::Rotted {
            segment: (random.below(2) == 0).then(|| number(random)),
            offset: number(random),
            bit: random.below(8) as u8,
        },
    }
}

fn bulk(random: &mut Stream) -> What {
    let id = MessageId(number(random));
    let (from, to, carries) = (place(random), place(random), carried(random));
    let member = MemberNo::from_number(1 + random.below(9) as u8).expect("1 to 9");
    let reasons = [
        DropReason::Loss,
        DropReason::Cut,
        DropReason::NobodyListens,
        DropReason::ReceiverDied,
        DropReason::ByHand,
    ];
    match random.below(7) {
        0 => What::Sent {
            id,
            from,
            to,
            carries,
            bytes: number(random) as u32,
            arrives_at: number(random),
            copy_of: (random.below(2) == 0).then(|| MessageId(number(random))),
        },
        1 => What::Delivered { id, from, to, carries },
        2 => What::Dropped { id, from, to, carries, why: reasons[random.below(5) as usize] },
        3 => What::Delayed { id, arrives_at: number(random) },
        4 => What::Committed { member, index: number(random) },
        5 => What::Applied { member, index: number(random) },
        _ => What::Disk { member, step: disk_step(random) },
    }
}

#[test]
fn bulk_comes_back_as_it_was() {
    let mut random = Stream::new(5, "bulk", 0, 0);
    let (mut record, mut model) = (Recorder::default(), Vec::new());
    let mut at = 0;
    for seq in 0..20_000 {
        at += number(&mut random) >> 20;
        let what = if random.below(9) == 0 { note("n") } else { bulk(&mut random) };
        model.push(format!("{:?}", Event { seq, at, what: what.clone() }));
        record.record(at, what, None);
    }
    for cursor in [0, 1, 77, 5_000, 19_999, 20_000] {
        let read: Vec<_> = record.since(cursor).map(|event| format!("{event:?}")).collect();
        assert_eq!(read, model[cursor as usize..], "from {cursor}");
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
