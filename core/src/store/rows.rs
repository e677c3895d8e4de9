//! Rows as bytes, for the journey of a snapshot from one member to another.
//!
//! ```text
//!   +---------+----------------+-----------+---------------+
//!   | 17 | 18 |  row key       | length    |  value        |   and the next row behind it
//!   |  u8     |  17 | 18 bytes |  u32 LE   |  length bytes |
//!   +---------+----------------+-----------+---------------+
//!   |  8      |  id of a lease | length    |  lease        |   leases come behind all rows
//!   +---------+----------------+-----------+---------------+
//!   |  0      | length, key    | length    |  user or role |   users and roles behind them
//!   +---------+----------------+-----------+---------------+
//! ```
//!
//! The bytes come from another machine: everything about them is checked, and what is wrong with
//! them is an answer ([`BadRows`]).

use prost::Message;

use super::lease_row::{self, LEASE_KEY};
use super::{AuthRow, LeaseRow, RowKey, auth_row};
use crate::api::KeyValue;

/// Stands where other rows say how long their key is.
const AUTH: u8 = 0;

/// What is wrong with the bytes of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRows {
    /// The bytes end inside a row.
    #[error("a part of a snapshot ends inside a row")]
    Cut,
    /// A row's key is none.
    #[error("a part of a snapshot holds a row with an impossible key")]
    Key,
    /// A row's value is no `KeyValue`.
    #[error("a part of a snapshot holds a row without a key and value")]
    Value,
    /// A lease's value is no lease, or is another one's.
    #[error("a part of a snapshot holds a lease that is none")]
    Lease,
    /// A user or role is none, or is under another one's name.
    #[error("a part of a snapshot holds a user or role that is none")]
    Auth,
    /// Rows are not in order.
    #[error("a part of a snapshot holds rows that are not in order")]
    Order,
}

/// Checks a part of a snapshot before it is given to [`StoreBatch::Stage`](super::StoreBatch).
/// Returns the number of its rows.
///
/// # Errors
/// The first thing that is wrong.
pub fn check_rows(bytes: &[u8]) -> Result<u64, BadRows> {
    let mut rows = 0;
    for row in decode(bytes) {
        row?;
        rows += 1;
    }
    Ok(rows)
}

/// A row of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StagedRow<'a> {
    /// A write of a key, and its encoded `KeyValue`.
    Key(RowKey, &'a [u8]),
    /// A lease, and its encoded row.
    Lease(i64, &'a [u8]),
    /// The key of a user or role, and its encoded row.
    Auth(&'a [u8], &'a [u8]),
}

/// The order of a snapshot: rows by revision, then leases by the bytes of their ids, then users and
/// roles by their keys.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place<'a> {
    Row(super::Revision),
    Lease([u8; LEASE_KEY]),
    Auth(&'a [u8]),
}

/// Bytes that [`encode`] adds for this row.
pub(super) fn encoded_len(value: &[u8]) -> usize {
    1 + 18 + 4 + value.len()
}

pub(super) fn encode(row: RowKey, value: &[u8], out: &mut Vec<u8>) {
    put(&row.encode(), value, out);
}

pub(super) fn encode_lease(row: &LeaseRow, out: &mut Vec<u8>) {
    put(&lease_row::encode_key(row.id), &lease_row::encode(row), out);
}

/// The key of a user or role is as long as its name: its own length stands before it.
pub(super) fn encode_auth(key: &[u8], row: &AuthRow, out: &mut Vec<u8>) {
    out.push(AUTH);
    let length = u32::try_from(key.len()).expect("a request is far below 4 GiB");
    out.extend_from_slice(&length.to_le_bytes());
    put_value(key, &auth_row::encode(row), out);
}

fn put(key: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.push(u8::try_from(key.len()).expect("a key has 8, 17 or 18 bytes"));
    put_value(key, value, out);
}

fn put_value(key: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(key);
    let length = u32::try_from(value.len()).expect("a request is far below 4 GiB");
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(value);
}

/// The rows in `bytes`, or what is wrong with them as the last item.
pub(super) fn decode(bytes: &[u8]) -> impl Iterator<Item = Result<StagedRow<'_>, BadRows>> {
    let mut rest = bytes;
    let mut previous: Option<Place<'_>> = None;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let row = decode_one(rest).and_then(|(row, behind)| {
            let place = place(row);
            if previous.is_some_and(|previous| previous >= place) {
                return Err(BadRows::Order);
            }
            (previous, rest) = (Some(place), behind);
            Ok(row)
        });
        if row.is_err() {
            rest = &[];
        }
        Some(row)
    })
}

fn place(row: StagedRow<'_>) -> Place<'_> {
    match row {
        StagedRow::Key(key, _) => Place::Row(key.revision),
        StagedRow::Lease(id, _) => Place::Lease(lease_row::encode_key(id)),
        StagedRow::Auth(key, _) => Place::Auth(key),
    }
}

fn decode_one(bytes: &[u8]) -> Result<(StagedRow<'_>, &[u8]), BadRows> {
    let (kind, rest) = bytes.split_first().ok_or(BadRows::Cut)?;
    let (key, rest) = match *kind {
        AUTH => with_length(rest)?,
        length => rest.split_at_checked(usize::from(length)).ok_or(BadRows::Cut)?,
    };
    let (value, rest) = with_length(rest)?;
    if *kind == AUTH {
        auth_row::decode(key, value).ok_or(BadRows::Auth)?;
        return Ok((StagedRow::Auth(key, value), rest));
    }
    if key.len() == LEASE_KEY {
        let lease = lease_row::decode(key, value).ok_or(BadRows::Lease)?;
        return Ok((StagedRow::Lease(lease.id, value), rest));
    }
    let key = RowKey::decode(key).ok_or(BadRows::Key)?;
    let pair = KeyValue::decode(value).map_err(|_| BadRows::Value)?;
    if pair.key.is_empty() {
        return Err(BadRows::Value);
    }
    Ok((StagedRow::Key(key, value), rest))
}

/// Bytes that their length stands before, and what is behind them.
fn with_length(bytes: &[u8]) -> Result<(&[u8], &[u8]), BadRows> {
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or(BadRows::Cut)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| BadRows::Cut)?;
    rest.split_at_checked(length).ok_or(BadRows::Cut)
}
