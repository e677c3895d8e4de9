//! One record of the WAL: a frame of 32 bytes and a payload.
//!
//! ```text
//!  0        4     5      6        8            16             24         28      32
//!  +--------+-----+------+--------+------------+--------------+----------+-------+---------+-----+
//!  | length | kind| flags| zero   | seq        | vouched      | previous | crc   | payload | pad |
//!  | u32    | u8  | u8   | u16    | u64        | u64          | crc  u32 | u32   | length  | to 8|
//!  +--------+-----+------+--------+------------+--------------+----------+-------+---------+-----+
//! ```
//!
//! All numbers are little-endian. `crc` is CRC32C over the first 28 bytes and the payload, so a
//! record proves itself; `previous crc` repeats the `crc` of the record before it, so records
//! form a chain and a stale record of an earlier use of the file cannot continue it.
//!
//! `seq` is the number of the append that wrote the record; an append is atomic, and the flag
//! [`FLAG_LAST`] stands on its last record. `vouched` is the highest append that was known to be
//! durable when this record was made: it lets a reader tell a torn tail (nobody vouched for it)
//! from a hole in what had been promised (see [`replay`](mod@super::replay)).

use bytes::{BufMut, Bytes, BytesMut};

/// Bytes of a frame before its payload.
pub const FRAME_BYTES: usize = 32;
/// Records start at multiples of this many bytes, so a reader can look for one after a hole.
pub const ALIGN_BYTES: usize = 8;
/// Largest payload, in bytes: a request of the largest size raft may batch, with room.
pub const PAYLOAD_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The record is the last one of its append.
pub const FLAG_LAST: u8 = 1;

/// What a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    /// First record of a segment: whose it is and where the log stood ([`super::Header`]).
    Header,
    /// One raft entry (protobuf `eraftpb.Entry`).
    Entry,
    /// Term, vote and commit index (protobuf `eraftpb.HardState`).
    State,
    /// The store was replaced by a received snapshot (protobuf `eraftpb.SnapshotMetadata`);
    /// the log starts again behind it.
    Snapshot,
    /// Nothing: makes durable what was written before a restart.
    Mark,
}

impl RecordKind {
    pub(super) fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Header),
            2 => Some(Self::Entry),
            3 => Some(Self::State),
            4 => Some(Self::Snapshot),
            5 => Some(Self::Mark),
            _ => None,
        }
    }

    fn to_byte(self) -> u8 {
        match self {
            Self::Header => 1,
            Self::Entry => 2,
            Self::State => 3,
            Self::Snapshot => 4,
            Self::Mark => 5,
        }
    }
}

/// A record as it was read.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) kind: RecordKind,
    pub(super) last: bool,
    pub(super) seq: u64,
    pub(super) vouched: u64,
    pub(super) previous_crc: u32,
    pub(super) crc: u32,
    pub(super) payload: Bytes,
}

/// Bytes that a payload of this length takes with frame and padding.
pub(super) fn padded_bytes(payload_bytes: usize) -> usize {
    (FRAME_BYTES + payload_bytes).next_multiple_of(ALIGN_BYTES)
}

/// Appends a record to `out` and returns its crc, the `previous_crc` of the next one.
pub(super) fn encode(
    out: &mut BytesMut,
    (kind, last): (RecordKind, bool),
    (seq, vouched): (u64, u64),
    previous_crc: u32,
    payload: &[u8],
) -> u32 {
    assert!(payload.len() <= PAYLOAD_BYTES_MAX, "WAL payload of {} bytes", payload.len());
    let start = out.len();
    out.reserve(padded_bytes(payload.len()));
    out.put_u32_le(u32::try_from(payload.len()).expect("asserted above"));
    out.put_u8(kind.to_byte());
    out.put_u8(if last { FLAG_LAST } else { 0 });
    out.put_u16_le(0);
    out.put_u64_le(seq);
    out.put_u64_le(vouched);
    out.put_u32_le(previous_crc);
    let crc = crc32c::crc32c_append(crc32c::crc32c(&out[start..start + 28]), payload);
    out.put_u32_le(crc);
    out.put_slice(payload);
    out.put_bytes(0, padded_bytes(payload.len()) - FRAME_BYTES - payload.len());
    crc
}

/// Reads the record that starts at `at`, if the bytes there prove to be one.
pub(super) fn decode(bytes: &Bytes, at: usize) -> Option<Record> {
    let frame = bytes.get(at..at.checked_add(FRAME_BYTES)?)?;
    let kind = RecordKind::from_byte(frame[4])?;
    let length = usize::try_from(u32_at(frame, 0)).ok()?;
    if length > PAYLOAD_BYTES_MAX || frame[5] > FLAG_LAST || frame[6..8] != [0, 0] {
        return None;
    }
    let from = at + FRAME_BYTES;
    let payload = bytes.get(from..from.checked_add(length)?)?;
    let padding = bytes.get(from + length..at.checked_add(padded_bytes(length))?)?;
    let crc = crc32c::crc32c_append(crc32c::crc32c(&frame[..28]), payload);
    if crc != u32_at(frame, 28) || padding.iter().any(|byte| *byte != 0) {
        return None;
    }
    Some(Record {
        kind,
        last: frame[5] == FLAG_LAST,
        seq: u64_at(frame, 8),
        vouched: u64_at(frame, 16),
        previous_crc: u32_at(frame, 24),
        crc,
        payload: bytes.slice(from..from + length),
    })
}

fn u32_at(frame: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(frame[at..at + 4].try_into().expect("four bytes of a frame"))
}

fn u64_at(frame: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(frame[at..at + 8].try_into().expect("eight bytes of a frame"))
}
