//! JSON to protobuf: one pass over the tokens, straight into the bytes of the message.
//!
//! The rules and the texts of errors are those of protobuf's own mapping (`protojson` of Go), with what
//! etcd sets: unknown fields and unknown names of enums are passed over. Bytes are base64 of either
//! alphabet, padded or not; numbers may stand in strings, as `1e2` or `1.0`, too; fields may have the
//! name of the `.proto` file or the one in camel case.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::BufMut as _;
use prost::encoding::{WireType, encode_key, encode_varint};

use super::schema::{Field, Kind, MessageId, Schema};
use super::syntax::first_value;
use super::token::{Placed, Token, Tokens};

/// Messages that may stand inside of each other. Those who read protobuf here go no deeper; etcd's
/// nest only in transactions, two for each.
const MESSAGE_DEPTH_MAX: u32 = 100;

/// Writes the message that `json` describes behind `out`. The text must be one well-formed value.
///
/// # Errors
/// protobuf's sentence.
pub(super) fn decode(
    schema: &Schema,
    message: MessageId,
    json: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let mut decoder = Decoder { schema, tokens: Tokens::new(json), depth: 0 };
    decoder.message(message, out)
}

struct Decoder<'a> {
    schema: &'a Schema,
    tokens: Tokens<'a>,
    depth: u32,
}

impl<'a> Decoder<'a> {
    fn message(&mut self, id: MessageId, out: &mut Vec<u8>) -> Result<(), String> {
        self.depth += 1;
        if self.depth > MESSAGE_DEPTH_MAX {
            return Err("proto: exceeded max recursion depth".to_owned());
        }
        let open = self.tokens.next()?;
        if open.token != Token::ObjectOpen {
            return Err(self.tokens.unexpected(&open));
        }
        let message = self.schema.message(id);
        let mut seen = vec![false; message.fields.len()];
        let mut set = vec![false; message.oneofs.len()];
        loop {
            let placed = self.tokens.next()?;
            let name = match &placed.token {
                Token::ObjectClose => break,
                Token::String(name) => name,
                _ => return Err(self.tokens.unexpected(&placed)),
            };
            let is_named = |field: &Field| field.json_name == **name || field.name == **name;
            let Some(place) = message.fields.iter().position(is_named) else {
                self.tokens.skip()?;
                continue;
            };
            let field = &message.fields[place];
            if std::mem::replace(&mut seen[place], true) {
                let what = format!("duplicate field {}", placed.raw);
                return Err(self.tokens.error(&placed, &what));
            }
            if self.tokens.peek() == b'n' {
                self.tokens.skip()?;
                continue;
            }
            if let Some(oneof) = field.oneof
                && std::mem::replace(&mut set[oneof], true)
            {
                let group = &message.oneofs[oneof];
                let what = format!("error parsing {}, oneof {group} is already set", placed.raw);
                return Err(self.tokens.error(&placed, &what));
            }
            if field.is_repeated { self.list(field, out)? } else { self.value(field, out)? }
        }
        self.depth -= 1;
        Ok(())
    }

    fn list(&mut self, field: &Field, out: &mut Vec<u8>) -> Result<(), String> {
        let open = self.tokens.next()?;
        if open.token != Token::ArrayOpen {
            return Err(self.tokens.unexpected(&open));
        }
        while self.tokens.peek() != b']' {
            self.value(field, out)?;
        }
        self.tokens.next().map(drop)
    }

    fn value(&mut self, field: &Field, out: &mut Vec<u8>) -> Result<(), String> {
        if let Kind::Message(id) = field.kind {
            encode_key(field.number, WireType::LengthDelimited, out);
            let start = out.len();
            self.message(id, out)?;
            let mut length = Vec::with_capacity(5);
            encode_varint((out.len() - start) as u64, &mut length);
            out.splice(start..start, length);
            return Ok(());
        }
        let placed = self.tokens.next()?;
        if self.scalar(field, &placed, out).is_some() {
            return Ok(());
        }
        let (kind, name) = (field.kind.name(), &field.json_name);
        let what = format!("invalid value for {kind} field {name}: {}", placed.raw);
        Err(self.tokens.error(&placed, &what))
    }

    /// Writes a field that is no message; `None` when the token does not fit it.
    fn scalar(&self, field: &Field, placed: &Placed<'a>, out: &mut Vec<u8>) -> Option<()> {
        let number = match (field.kind, &placed.token) {
            (Kind::String, Token::String(text)) => {
                write_bytes(field, text.as_bytes(), out);
                return Some(());
            }
            (Kind::Bytes, Token::String(text)) => {
                write_bytes(field, &from_base64(text)?, out);
                return Some(());
            }
            (Kind::Enum(id), Token::String(name)) => {
                match self.schema.enumeration(id).number(name) {
                    Some(number) => number.into(),
                    // A name of another version: as if the field was not there.
                    None => return Some(()),
                }
            }
            (Kind::Enum(_), Token::Number(text)) => i32::try_from(integer(text)?).ok()?.into(),
            (Kind::Bool, Token::Bool(yes)) => i128::from(*yes),
            (Kind::Bool | Kind::Enum(_) | Kind::String | Kind::Bytes | Kind::Message(_), _) => {
                return None;
            }
            (Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64, Token::Number(text)) => {
                integer(text)?
            }
            (Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64, Token::String(text)) => {
                let is_number = text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
                let is_whole = first_value(text.as_bytes()).is_ok_and(|end| end == text.len());
                (is_number && is_whole).then(|| integer(text))??
            }
            (Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64, _) => return None,
        };
        // Negative numbers are ten bytes long on the wire, 32 bits or not.
        let varint = match field.kind {
            Kind::Int32 => i64::from(i32::try_from(number).ok()?).cast_unsigned(),
            Kind::Uint32 => u32::try_from(number).ok()?.into(),
            Kind::Uint64 => u64::try_from(number).ok()?,
            _ => i64::try_from(number).ok()?.cast_unsigned(),
        };
        encode_key(field.number, WireType::Varint, out);
        encode_varint(varint, out);
        Some(())
    }
}

fn write_bytes(field: &Field, bytes: &[u8], out: &mut Vec<u8>) {
    encode_key(field.number, WireType::LengthDelimited, out);
    encode_varint(bytes.len() as u64, out);
    out.put_slice(bytes);
}

/// Digits that a whole number of any kind can have.
const DIGITS_MAX: usize = 20;

/// The whole number that JSON writes as `12`, `12.0` or `1.2e1`.
fn integer(text: &str) -> Option<i128> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (sign, mantissa) =
        mantissa.strip_prefix('-').map_or((1, mantissa), |positive| (-1, positive));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, fraction.trim_end_matches('0')].concat();
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Some(0);
    }
    let fraction = i64::try_from(fraction.trim_end_matches('0').len()).ok()?;
    let shift = exponent.parse::<i64>().ok()?.checked_sub(fraction)?;
    let zeros = usize::try_from(shift.unsigned_abs()).ok()?;
    let digits = if shift < 0 {
        let (kept, cut) = digits.split_at(digits.len().checked_sub(zeros)?);
        if cut.bytes().any(|digit| digit != b'0') {
            return None;
        }
        kept.to_owned()
    } else if digits.len().checked_add(zeros)? <= DIGITS_MAX {
        format!("{digits}{}", "0".repeat(zeros))
    } else {
        return None;
    };
    (digits.len() <= DIGITS_MAX).then(|| digits.parse::<i128>().ok().map(|value| sign * value))?
}

/// Go's decoder: bits that are left over do not matter, nor do ends of lines.
fn from_base64(text: &str) -> Option<Vec<u8>> {
    const fn config(padding: DecodePaddingMode) -> GeneralPurposeConfig {
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(padding)
    }
    const PADDED: GeneralPurposeConfig = config(DecodePaddingMode::RequireCanonical);
    const BARE: GeneralPurposeConfig = config(DecodePaddingMode::RequireNone);
    let alphabet = if text.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
    let engine =
        GeneralPurpose::new(alphabet, if text.len().is_multiple_of(4) { PADDED } else { BARE });
    if text.contains(['\r', '\n']) {
        return engine.decode(text.replace(['\r', '\n'], "")).ok();
    }
    engine.decode(text).ok()
}
