//! Rows as bytes, for the journey of a snapshot from one member to another.
//!
//! ```text
//!   +---------+----------------+-----------+---------------+
//!   | 17 | 18 |  row key       | length    |  value        |   and the next row behind it
//!   |  u8     |  17 | 18 bytes |  u32 LE   |  length bytes |
//!   +---------+----------------+-----------+---------------+
//! ```
//!
//! The bytes come from another machine: everything about them is checked, and what is wrong with
//! them is an answer ([`BadRows`]).

use prost::Message;

use super::RowKey;
use crate::api::KeyValue;

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

/// Bytes that [`encode`] adds for this row.
pub(super) fn encoded_len(value: &[u8]) -> usize {
    1 + 18 + 4 + value.len()
}

pub(super) fn encode(row: RowKey, value: &[u8], out: &mut Vec<u8>) {
    let key = row.encode();
    out.push(u8::try_from(key.len()).expect("a row key has 17 or 18 bytes"));
    out.extend_from_slice(&key);
    let length = u32::try_from(value.len()).expect("a request is far below 4 GiB");
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(value);
}

/// The rows in `bytes`, or what is wrong with them as the last item.
pub(super) fn decode(bytes: &[u8]) -> impl Iterator<Item = Result<(RowKey, &[u8]), BadRows>> {
    let mut rest = bytes;
    let mut previous: Option<RowKey> = None;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let row = decode_one(rest, previous);
        match row {
            Ok((key, value, behind)) => {
                (previous, rest) = (Some(key), behind);
                Some(Ok((key, value)))
            }
            Err(error) => {
                rest = &[];
                Some(Err(error))
            }
        }
    })
}

fn decode_one(bytes: &[u8], previous: Option<RowKey>) -> Result<(RowKey, &[u8], &[u8]), BadRows> {
    let (length, rest) = bytes.split_first().ok_or(BadRows::Cut)?;
    let (key, rest) = rest.split_at_checked(usize::from(*length)).ok_or(BadRows::Cut)?;
    let key = RowKey::decode(key).ok_or(BadRows::Key)?;
    let (length, rest) = rest.split_first_chunk::<4>().ok_or(BadRows::Cut)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| BadRows::Cut)?;
    let (value, rest) = rest.split_at_checked(length).ok_or(BadRows::Cut)?;
    let pair = KeyValue::decode(value).map_err(|_| BadRows::Value)?;
    if pair.key.is_empty() {
        return Err(BadRows::Value);
    }
    if previous.is_some_and(|previous| previous.revision >= key.revision) {
        return Err(BadRows::Order);
    }
    Ok((key, value, rest))
}
