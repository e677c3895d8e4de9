//! What a row holds: an encoded `mvccpb.KeyValue`.
//!
//! A tombstone holds the key alone. The bytes are protobuf's, fields in order and zeros left out,
//! because the hash of the store covers them.

use bytes::Bytes;
use prost::Message;
use prost::encoding::{WireType, decode_key, decode_varint};

use crate::api::KeyValue;

/// Encodes a row into memory of exactly its size.
pub(super) fn encode(pair: &KeyValue) -> Bytes {
    // A vector whose length is its capacity becomes `Bytes` without a copy.
    let mut bytes = Vec::with_capacity(pair.encoded_len());
    pair.encode_raw(&mut bytes);
    Bytes::from(bytes)
}

/// Decodes a row of the overlay. Key and value share the row's memory.
pub(super) fn decode(bytes: &Bytes) -> KeyValue {
    KeyValue::decode(bytes.clone()).expect("the row was encoded here")
}

/// The part of a row that the index wants, borrowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RowHead<'a> {
    pub(super) key: &'a [u8],
    pub(super) create_revision: i64,
    pub(super) version: i64,
    pub(super) lease: i64,
}

impl<'a> RowHead<'a> {
    /// Reads the head of a row; `None` when the bytes are no row.
    ///
    /// A start reads the head of every row there is; decoding the whole would copy each value.
    pub(super) fn decode(mut bytes: &'a [u8]) -> Option<Self> {
        let mut head = Self::default();
        while !bytes.is_empty() {
            let (tag, wire_type) = decode_key(&mut bytes).ok()?;
            match (tag, wire_type) {
                (1 | 5, WireType::LengthDelimited) => {
                    let length = usize::try_from(decode_varint(&mut bytes).ok()?).ok()?;
                    let (field, rest) = bytes.split_at_checked(length)?;
                    bytes = rest;
                    if tag == 1 {
                        head.key = field;
                    }
                }
                (2 | 3 | 4 | 6, WireType::Varint) => {
                    // Protobuf's int64 is two's complement in a varint of 64 bits.
                    let number = decode_varint(&mut bytes).ok()?.cast_signed();
                    match tag {
                        2 => head.create_revision = number,
                        4 => head.version = number,
                        6 => head.lease = number,
                        _ => {}
                    }
                }
                _ => return None,
            }
        }
        (!head.key.is_empty()).then_some(head)
    }
}
