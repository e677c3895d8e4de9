//! From the bytes of a disk back to a log.
//!
//! Reading stops at the first place where no record continues the chain. Behind it there may be
//! nothing (zeros, stale bytes of a recycled file), or the torn end of a write that was under way
//! when the power went. Nobody was told that those bytes are safe, so they are cut. But the same
//! picture appears when a disk lost or flipped bytes that *were* safe, and then a shorter log would
//! be a lie: this member has promised those entries (Alagappan et al., "Protocol-Aware Recovery",
//! FAST '18). The two are told apart by witnesses: every record says which append was known to be
//! durable when it was made. If any record behind the break vouches for the broken append, the
//! log is [`Corrupt`].
//!
//! ```text
//!   seq      7        8        9        10            seq      7        8        9        10
//!   vouched  5        6        7        7             vouched  5        6        7        8
//!          +-----+  +-----+  +~~~~~+  +-----+                +-----+  +~~~~~+  +-----+  +-----+
//!          |  ok |  |  ok |  |torn |  |  ok |                |  ok |  | bad |  |  ok |  |  ok |
//!          +-----+  +-----+  +~~~~~+  +-----+                +-----+  +~~~~~+  +-----+  +-----+
//!          nobody vouches for 9: cut after 8                 10 vouches for 8: Corrupt
//! ```
//!
//! What this cannot see: damage to the very last durable append when nothing was written behind it.

use prost::Message as _;
use raft::eraftpb;

use super::record::{self, ALIGN_BYTES, RecordKind, padded_bytes};
use super::{Corrupt, FORMAT_VERSION, Header, Kept, Wal, WalImage, WalSegment};
use crate::id::{ClusterId, MemberId};
use crate::order;

/// Whose log it is, as its first segment says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalIdentity {
    /// The cluster.
    pub cluster_id: ClusterId,
    /// The member.
    pub member_id: MemberId,
    /// Version of the format that wrote it.
    pub version: u32,
}

/// What a replay found.
#[derive(Debug)]
pub(crate) struct Replayed {
    pub(crate) identity: WalIdentity,
    pub(crate) hard_state: eraftpb::HardState,
    /// (index, term) before the first entry.
    pub(crate) base: (u64, u64),
    /// Entries with contiguous indexes from `base.0 + 1`.
    pub(crate) entries: Vec<eraftpb::Entry>,
    /// The writing end, ready to go on.
    pub(crate) wal: Wal,
}

/// Reads who wrote this log without reading all of it. `None` for an empty directory.
pub fn peek(image: &WalImage) -> Result<Option<WalIdentity>, Corrupt> {
    let Some(first) = in_order(image)?.into_iter().next() else { return Ok(None) };
    Ok(read_header(first)?.map(|(header, _)| identity_of(&header)))
}

/// Reads the whole log. `None` when no append was ever completed.
pub(crate) fn replay(image: &WalImage, segment_bytes: u64) -> Result<Option<Replayed>, Corrupt> {
    let segments = in_order(image)?;
    let Some(first) = segments.first() else { return Ok(None) };
    let Some((header, _)) = read_header(first)? else {
        // A first header that nobody vouched for: the member died while it was being born.
        Reader::default().expect_no_witness(&segments, 0, 0)?;
        return Ok(None);
    };
    let mut reader = Reader::default();
    let (at, offset) = reader.read(&segments)?;
    reader.expect_no_witness(&segments, at, offset)?;
    if reader.seq == 0 {
        return Ok(None);
    }
    let identity = identity_of(&header);
    let mut wal = Wal::new(identity.cluster_id, identity.member_id, segment_bytes);
    wal.kept = reader.kept;
    wal.offset = offset;
    wal.next_seq = reader.seq + 1;
    wal.persisted_seq = reader.vouched;
    wal.crc = reader.crc;
    wal.truncate = true;
    wal.hard_state = reader.hard_state.clone();
    wal.last = reader.entries.last().map_or(reader.base, |entry| (entry.index, entry.term));
    let Reader { hard_state, base, entries, .. } = reader;
    Ok(Some(Replayed { identity, hard_state, base, entries, wal }))
}

/// The segments by number, without gaps.
fn in_order(image: &WalImage) -> Result<Vec<&WalSegment>, Corrupt> {
    let mut segments: Vec<&WalSegment> = image.segments.iter().collect();
    order::sort_by_key(&mut segments, |segment| segment.number);
    for pair in segments.windows(2) {
        if pair[1].number != pair[0].number + 1 {
            let what = format!("segment {} is missing", pair[0].number + 1);
            return Err(Corrupt { segment: pair[1].number, offset: 0, what });
        }
    }
    Ok(segments)
}

fn identity_of(header: &Header) -> WalIdentity {
    WalIdentity {
        cluster_id: ClusterId(header.cluster_id),
        member_id: MemberId(header.member_id),
        version: header.version,
    }
}

fn read_header(segment: &WalSegment) -> Result<Option<(Header, record::Record)>, Corrupt> {
    let Some(record) = record::decode(&segment.bytes, 0) else { return Ok(None) };
    let corrupt = |what: String| Corrupt { segment: segment.number, offset: 0, what };
    if record.kind != RecordKind::Header {
        return Err(corrupt(String::from("the segment does not start with a header")));
    }
    let header =
        Header::decode(&record.payload[..]).map_err(|e| corrupt(format!("bad header: {e}")))?;
    if header.version > FORMAT_VERSION {
        let what = format!(
            "it was written in format {} by a newer version; this one reads up to {FORMAT_VERSION}",
            header.version
        );
        return Err(corrupt(what));
    }
    Ok(Some((header, record)))
}

/// Collects appends; what belongs to an unfinished append is kept apart.
#[derive(Default)]
struct Reader {
    kept: Vec<Kept>,
    base: (u64, u64),
    entries: Vec<eraftpb::Entry>,
    hard_state: eraftpb::HardState,
    /// The last whole append.
    seq: u64,
    vouched: u64,
    crc: u32,
}

/// The records of one append that were read so far.
#[derive(Default)]
struct Pending {
    header: Option<(u64, Header)>,
    snapshot: Option<eraftpb::SnapshotMetadata>,
    entries: Vec<eraftpb::Entry>,
    hard_state: Option<eraftpb::HardState>,
    vouched: u64,
}

impl Reader {
    /// Reads whole appends until the chain ends; returns the segment (as an index) and the
    /// offset behind the last whole append.
    fn read(&mut self, segments: &[&WalSegment]) -> Result<(usize, u64), Corrupt> {
        let mut end = (0, 0);
        let mut crc: Option<u32> = None;
        for (at, segment) in segments.iter().enumerate() {
            let mut offset = 0;
            let mut pending = Pending::default();
            while let Some(record) = record::decode(&segment.bytes, offset) {
                let in_chain = crc.is_none_or(|crc| crc == record.previous_crc);
                let expected = crc.is_none() || record.seq == self.seq + 1;
                if !in_chain || !expected || (offset == 0) != (record.kind == RecordKind::Header) {
                    break;
                }
                if crc.is_none() {
                    self.seq = record.seq.saturating_sub(1);
                }
                crc = Some(record.crc);
                offset += padded_bytes(record.payload.len());
                let corrupt =
                    |what: String| Corrupt { segment: segment.number, offset: offset as u64, what };
                pending.take(segment, &record).map_err(corrupt)?;
                if record.last {
                    self.finish(std::mem::take(&mut pending)).map_err(corrupt)?;
                    self.seq = record.seq;
                    self.crc = record.crc;
                    end = (at, offset as u64);
                }
            }
            if end.0 != at || end.1 != offset as u64 || self.seq == 0 {
                break;
            }
        }
        if self.kept.is_empty() {
            self.seq = 0;
        }
        Ok(end)
    }

    fn finish(&mut self, pending: Pending) -> Result<(), String> {
        if let Some((number, header)) = pending.header {
            self.begin_segment(number, &header)?;
        }
        if let Some(meta) = pending.snapshot {
            self.base = (meta.index, meta.term);
            self.entries.clear();
        }
        for entry in pending.entries {
            self.push(entry)?;
        }
        if let Some(hard_state) = pending.hard_state {
            self.hard_state = hard_state;
        }
        self.vouched = self.vouched.max(pending.vouched);
        Ok(())
    }

    fn begin_segment(&mut self, number: u64, header: &Header) -> Result<(), String> {
        if self.kept.is_empty() {
            self.base = (header.base_index, header.base_term);
            self.hard_state = protobuf::Message::parse_from_bytes(&header.hard_state)
                .map_err(|e| format!("bad state in the header: {e}"))?;
        }
        self.kept.push(Kept { number, base_index: header.base_index });
        Ok(())
    }

    /// A later entry of the same index replaces the earlier one and all behind it (Raft 5.3).
    fn push(&mut self, entry: eraftpb::Entry) -> Result<(), String> {
        let next = self.base.0 + self.entries.len() as u64 + 1;
        if entry.index <= self.base.0 {
            // A later leader overwrote entries before this segment, too: what stood behind is
            // gone, and the base may be an entry of the later term.
            self.entries.clear();
            if entry.index == self.base.0 {
                self.base.1 = entry.term;
            }
            return Ok(());
        }
        if entry.index > next {
            return Err(format!("entry {} follows entry {}", entry.index, next - 1));
        }
        let keep = usize::try_from(entry.index - self.base.0 - 1).map_err(|e| e.to_string())?;
        self.entries.truncate(keep);
        self.entries.push(entry);
        Ok(())
    }

    /// Looks behind the end for a record that vouches for the append that is missing.
    fn expect_no_witness(
        &self,
        segments: &[&WalSegment],
        at: usize,
        offset: u64,
    ) -> Result<(), Corrupt> {
        let missing = self.seq + 1;
        for (number, segment) in segments.iter().enumerate().skip(at) {
            let start = if number == at { offset } else { 0 };
            let start = usize::try_from(start).unwrap_or(usize::MAX);
            for place in (start..segment.bytes.len()).step_by(ALIGN_BYTES) {
                if segment.bytes.get(place + 4).is_none_or(|kind| *kind == 0) {
                    continue;
                }
                let Some(record) = record::decode(&segment.bytes, place) else { continue };
                if record.seq > missing && record.vouched >= missing {
                    let what = format!(
                        "append {missing} is missing or damaged, but append {} was written \
                         after it had been made durable",
                        record.seq
                    );
                    return Err(Corrupt { segment: segments[at].number, offset, what });
                }
            }
        }
        Ok(())
    }
}

impl Pending {
    fn take(&mut self, segment: &WalSegment, record: &record::Record) -> Result<(), String> {
        self.vouched = record.vouched;
        let bad = |e: protobuf::ProtobufError| format!("a record cannot be decoded: {e}");
        match record.kind {
            RecordKind::Header => {
                let (header, _) = read_header(segment)
                    .map_err(|corrupt| corrupt.what)?
                    .expect("this record is the header");
                if header.segment != segment.number {
                    return Err(format!("the header names segment {}", header.segment));
                }
                self.header = Some((segment.number, header));
            }
            RecordKind::Entry => {
                let entry = protobuf::Message::parse_from_bytes(&record.payload).map_err(bad)?;
                self.entries.push(entry);
            }
            RecordKind::State => {
                let state = protobuf::Message::parse_from_bytes(&record.payload).map_err(bad)?;
                self.hard_state = Some(state);
            }
            RecordKind::Snapshot => {
                let meta = protobuf::Message::parse_from_bytes(&record.payload).map_err(bad)?;
                self.snapshot = Some(meta);
            }
            RecordKind::Mark => {}
        }
        Ok(())
    }
}
