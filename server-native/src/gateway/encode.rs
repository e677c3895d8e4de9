//! Protobuf to JSON: what is on the wire is written, field by field in the order of the `.proto` file.
//!
//! Numbers of 64 bits are strings, bytes are base64, enums have names, and what is not on the wire is
//! left out: etcd's answers as its gateway writes them.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Buf as _;
use prost::encoding::{WireType, decode_key, decode_varint};
use serde_json::json;

use super::schema::{Field, Kind, MessageId, Schema};

/// One value on the wire.
#[derive(Clone, Copy)]
enum Wire<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
}

/// Writes the message as JSON behind `out`; `None` when the bytes are no such message.
pub(super) fn encode(
    schema: &Schema,
    message: MessageId,
    bytes: &[u8],
    out: &mut String,
) -> Option<()> {
    let values = values(bytes)?;
    out.push('{');
    let mut is_first = true;
    for field in &schema.message(message).fields {
        let mut all = values.iter().filter(|(number, _)| *number == field.number);
        // The last one counts where only one may stand.
        let last = if field.is_repeated { all.clone().next() } else { all.next_back() };
        let Some((_, value)) = last else { continue };
        if !std::mem::take(&mut is_first) {
            out.push(',');
        }
        let _ = write!(out, "\"{}\":", field.name);
        if !field.is_repeated {
            write_value(schema, field, *value, out)?;
            continue;
        }
        out.push('[');
        let before = out.len();
        for (_, value) in all {
            for value in unpacked(field, *value)? {
                if out.len() > before {
                    out.push(',');
                }
                write_value(schema, field, value, out)?;
            }
        }
        out.push(']');
    }
    out.push('}');
    Some(())
}

/// All fields of a message as they come.
fn values(mut bytes: &[u8]) -> Option<Vec<(u32, Wire<'_>)>> {
    let mut values = Vec::new();
    while bytes.has_remaining() {
        let (number, wire) = decode_key(&mut bytes).ok()?;
        let value = match wire {
            WireType::Varint => Wire::Varint(decode_varint(&mut bytes).ok()?),
            WireType::LengthDelimited => {
                let length = usize::try_from(decode_varint(&mut bytes).ok()?).ok()?;
                let (value, rest) = bytes.split_at_checked(length)?;
                bytes = rest;
                Wire::Bytes(value)
            }
            // etcd's messages have no field of another type.
            _ => return None,
        };
        values.push((number, value));
    }
    Some(values)
}

/// Numbers of a list may stand in one run of bytes.
fn unpacked<'a>(field: &Field, value: Wire<'a>) -> Option<Vec<Wire<'a>>> {
    let Wire::Bytes(mut run) = value else { return Some(vec![value]) };
    if matches!(field.kind, Kind::String | Kind::Bytes | Kind::Message(_)) {
        return Some(vec![value]);
    }
    let mut values = Vec::new();
    while run.has_remaining() {
        values.push(Wire::Varint(decode_varint(&mut run).ok()?));
    }
    Some(values)
}

fn write_value(schema: &Schema, field: &Field, value: Wire<'_>, out: &mut String) -> Option<()> {
    // A varint holds what is smaller in its low bits.
    #[allow(clippy::cast_possible_truncation, reason = "as protobuf reads it")]
    let written = match (field.kind, value) {
        (Kind::Message(id), Wire::Bytes(bytes)) => return encode(schema, id, bytes, out),
        (Kind::Bytes, Wire::Bytes(bytes)) => {
            out.push('"');
            STANDARD.encode_string(bytes, out);
            out.push('"');
            Ok(())
        }
        (Kind::String, Wire::Bytes(bytes)) => {
            write!(out, "{}", json!(std::str::from_utf8(bytes).ok()?))
        }
        (Kind::Bool, Wire::Varint(number)) => write!(out, "{}", number != 0),
        (Kind::Int32, Wire::Varint(number)) => write!(out, "{}", number as i32),
        (Kind::Uint32, Wire::Varint(number)) => write!(out, "{}", number as u32),
        (Kind::Int64, Wire::Varint(number)) => write!(out, "\"{}\"", number.cast_signed()),
        (Kind::Uint64, Wire::Varint(number)) => write!(out, "\"{number}\""),
        (Kind::Enum(id), Wire::Varint(number)) => {
            let number = number as i32;
            match schema.enumeration(id).name(number) {
                Some(name) => write!(out, "\"{name}\""),
                None => write!(out, "{number}"),
            }
        }
        _ => return None,
    };
    written.ok()
}
