//! The log cut at every byte, with every bit of a record flipped, and in pieces.

use bytes::Bytes;
use raft::eraftpb::{Entry, HardState};

use super::*;

const CLUSTER: ClusterId = ClusterId(7);
const MEMBER: MemberId = MemberId(1);

fn entry(index: u64, term: u64) -> Entry {
    let data = format!("value of entry {index}").into_bytes().into();
    Entry { index, term, data, ..Entry::default() }
}

fn state(term: u64, commit: u64) -> HardState {
    HardState { term, vote: 1, commit, ..HardState::default() }
}

/// Writes `count` appends of one entry each into segments of this many bytes. Each append is
/// called durable before the one after the next is made, unless `durable` is false.
fn written(count: u64, segment_bytes: u64, durable: bool) -> (Vec<Append>, WalImage) {
    let mut wal = Wal::new(CLUSTER, MEMBER, segment_bytes);
    let mut appends = Vec::new();
    for index in 1..=count {
        let entries = [entry(index, 1)];
        let hard_state = state(1, index - 1);
        let batch = Batch { entries: &entries, hard_state: Some(&hard_state), ..Batch::default() };
        let append = wal.append(&batch);
        if durable {
            wal.on_persisted(append.seq);
        }
        appends.push(append);
    }
    let image = image_of(&appends);
    (appends, image)
}

fn image_of(appends: &[Append]) -> WalImage {
    let mut segments: std::collections::BTreeMap<u64, Vec<u8>> = Default::default();
    for append in appends {
        let bytes = segments.entry(append.segment).or_default();
        let offset = usize::try_from(append.offset).unwrap();
        if append.truncate || append.offset == 0 {
            bytes.truncate(offset);
        }
        bytes.resize(offset.max(bytes.len()), 0);
        bytes.truncate(offset);
        bytes.extend_from_slice(&append.bytes);
    }
    let segments =
        segments.into_iter().map(|(number, bytes)| WalSegment { number, bytes: bytes.into() });
    WalImage { segments: segments.collect() }
}

fn indexes(image: &WalImage) -> Result<Vec<u64>, Corrupt> {
    let replayed = replay(image, 1 << 20)?;
    Ok(replayed.map_or(Vec::new(), |r| r.entries.iter().map(|e| e.index).collect()))
}

#[test]
fn what_was_written_is_read_back_across_segments() {
    let (_, image) = written(40, 300, true);
    assert!(image.segments.len() > 3, "{} segments", image.segments.len());
    let replayed = replay(&image, 300).unwrap().unwrap();
    assert_eq!(indexes(&image).unwrap(), (1..=40).collect::<Vec<_>>());
    assert_eq!(replayed.hard_state, state(1, 39));
    assert_eq!(replayed.identity.cluster_id, CLUSTER);
    assert_eq!(peek(&image).unwrap().unwrap().member_id, MEMBER);
}

#[test]
fn zeros_and_stale_bytes_behind_the_tail_are_no_records() {
    let (_, mut image) = written(5, 1 << 20, true);
    let (_, stale) = written(9, 1 << 20, true);
    let mut bytes = image.segments[0].bytes.to_vec();
    bytes.extend_from_slice(&[0; 4096]);
    bytes.extend_from_slice(&stale.segments[0].bytes[..400]);
    image.segments[0].bytes = bytes.into();
    assert_eq!(indexes(&image).unwrap(), [1, 2, 3, 4, 5]);
}

#[test]
fn a_log_cut_at_any_byte_is_a_prefix() {
    let (appends, image) = written(12, 1 << 20, false);
    let bytes = &image.segments[0].bytes;
    for cut in 0..=bytes.len() {
        let image =
            WalImage { segments: vec![WalSegment { number: 0, bytes: bytes.slice(..cut) }] };
        let whole =
            appends.iter().filter(|a| a.offset + a.bytes.len() as u64 <= cut as u64).count();
        assert_eq!(indexes(&image).unwrap().len(), whole, "cut at {cut}");
    }
}

#[test]
fn a_flipped_bit_in_an_acknowledged_record_is_corrupt_and_never_a_value() {
    let (appends, image) = written(8, 1 << 20, true);
    let bytes = &image.segments[0].bytes;
    let victim = &appends[3];
    let from = usize::try_from(victim.offset).unwrap();
    for bit in 0..victim.bytes.len() * 8 {
        let mut flipped = bytes.to_vec();
        flipped[from + bit / 8] ^= 1 << (bit % 8);
        let image = WalImage { segments: vec![WalSegment { number: 0, bytes: flipped.into() }] };
        let error = indexes(&image).expect_err("the append had been durable");
        assert_eq!(error.offset, victim.offset, "bit {bit}: {error}");
    }
}

#[test]
fn a_flipped_bit_that_nobody_vouched_for_is_a_torn_tail() {
    let (appends, image) = written(8, 1 << 20, false);
    let bytes = &image.segments[0].bytes;
    let from = usize::try_from(appends[6].offset).unwrap();
    for bit in 0..appends[6].bytes.len() * 8 {
        let mut flipped = bytes.to_vec();
        flipped[from + bit / 8] ^= 1 << (bit % 8);
        let image = WalImage { segments: vec![WalSegment { number: 0, bytes: flipped.into() }] };
        assert_eq!(indexes(&image).unwrap(), [1, 2, 3, 4, 5, 6], "bit {bit}");
    }
}

#[test]
fn a_missing_segment_is_corrupt() {
    let (_, image) = written(40, 300, true);
    for gone in 1..image.segments.len() {
        let mut image = image.clone();
        image.segments.remove(gone);
        let last = gone == image.segments.len();
        let result = indexes(&image);
        assert!(result.is_err() != last, "without segment {gone}: {result:?}");
    }
}

#[test]
fn a_log_goes_on_behind_a_cut_tail_and_the_old_tail_stays_gone() {
    let (mut appends, image) = written(6, 1 << 20, false);
    let torn = image.segments[0].bytes.slice(..image.segments[0].bytes.len() - 10);
    let torn = WalImage { segments: vec![WalSegment { number: 0, bytes: torn }] };
    let mut wal = replay(&torn, 1 << 20).unwrap().unwrap().wal;
    let entries = [entry(6, 2)];
    let hard_state = state(2, 5);
    let batch = Batch { entries: &entries, hard_state: Some(&hard_state), ..Batch::default() };
    let append = wal.append(&batch);
    assert!(append.truncate, "the torn bytes must go");
    assert_eq!(append.seq, 6, "numbers go on without a gap");
    appends.pop();
    appends.push(append);
    let replayed = replay(&image_of(&appends), 1 << 20).unwrap().unwrap();
    assert_eq!(replayed.entries.last().unwrap().term, 2);
    assert_eq!(replayed.hard_state, state(2, 5));
}

#[test]
fn a_torn_append_behind_a_full_segment_is_cut_before_the_next_segment_begins() {
    let (mut appends, _) = written(3, 1 << 20, true);
    let torn = appends.pop().unwrap();
    let keep = torn.bytes.len() - record::FRAME_BYTES;
    appends.push(Append { bytes: torn.bytes.slice(..keep), ..torn });
    let image = image_of(&appends);
    // A small bound: the segment counts as full.
    let mut wal = replay(&image, 64).unwrap().unwrap().wal;
    for index in 3..6 {
        let entries = [entry(index, 2)];
        let append = wal.append(&Batch { entries: &entries, ..Batch::default() });
        wal.on_persisted(append.seq);
        appends.push(append);
    }
    assert_eq!(indexes(&image_of(&appends)).unwrap(), [1, 2, 3, 4, 5]);
    assert!(appends.last().unwrap().segment > 0, "and then it does begin");
}

#[test]
fn later_entries_replace_earlier_ones_of_the_same_index() {
    let (mut appends, image) = written(6, 1 << 20, true);
    let mut wal = replay(&image, 1 << 20).unwrap().unwrap().wal;
    let entries = [entry(3, 2), entry(4, 2)];
    appends.push(wal.append(&Batch { entries: &entries, ..Batch::default() }));
    let replayed = replay(&image_of(&appends), 1 << 20).unwrap().unwrap();
    let log: Vec<(u64, u64)> = replayed.entries.iter().map(|e| (e.index, e.term)).collect();
    assert_eq!(log, [(1, 1), (2, 1), (3, 2), (4, 2)]);
}

/// Found by the simulator (seed 937 at 3 members): the base of the first segment that was kept
/// had the term of an entry that a later leader overwrote.
#[test]
fn an_overwritten_base_has_the_term_of_the_later_entry() {
    let (mut appends, image) = written(6, 300, true);
    let mut wal = replay(&image, 300).unwrap().unwrap().wal;
    let last = appends.last().unwrap().segment;
    let kept = |image: &WalImage| {
        let first = image.segments.iter().position(|s| s.number == last).unwrap();
        replay(&WalImage { segments: image.segments[first..].to_vec() }, 300).unwrap().unwrap()
    };
    let (base, _) = kept(&image).base;
    let entries: Vec<Entry> = (base..=7).map(|index| entry(index, 2)).collect();
    appends.push(wal.append(&Batch { entries: &entries, ..Batch::default() }));
    let replayed = kept(&image_of(&appends));
    assert_eq!(replayed.base, (base, 2), "it was of term 1 when the segment began");
    let log: Vec<(u64, u64)> = replayed.entries.iter().map(|e| (e.index, e.term)).collect();
    assert_eq!(log, (base + 1..=7).map(|index| (index, 2)).collect::<Vec<_>>());
}

#[test]
fn segments_are_dropped_only_when_all_their_entries_are_needless() {
    let (_, image) = written(40, 300, true);
    let mut wal = replay(&image, 300).unwrap().unwrap().wal;
    assert_eq!(wal.drop_before(0), None);
    let first = wal.drop_before(20).unwrap();
    let rest = WalImage {
        segments: image.segments.iter().filter(|s| s.number >= first).cloned().collect(),
    };
    let replayed = replay(&rest, 300).unwrap().unwrap();
    assert!(replayed.base.0 <= 20 && replayed.base.0 > 0, "{:?}", replayed.base);
    assert_eq!(replayed.entries.last().unwrap().index, 40);
    assert_eq!(replayed.hard_state, state(1, 39));
}

#[test]
fn random_bytes_are_never_a_log() {
    let mut number = 1_u64;
    for length in 0..600 {
        let bytes: Vec<u8> = (0..length)
            .map(|_| {
                number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (number >> 56) as u8
            })
            .collect();
        let bytes: Bytes = bytes.into();
        assert!(dump(&bytes).is_empty());
        let image = WalImage { segments: vec![WalSegment { number: 0, bytes }] };
        assert_eq!(indexes(&image).unwrap(), [0_u64; 0]);
    }
}
