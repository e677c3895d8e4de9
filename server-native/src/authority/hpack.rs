//! As much of HPACK (RFC 7541) as it takes to find one header and to replace its value.
//!
//! A header block is a row of representations. Each begins with a byte whose highest bits tell
//! its kind; names and values are indexes into a table or strings with their length before them,
//! so that everything that is of no interest can be stepped over:
//!
//! ```text
//!   1xxxxxxx                    a name and value seen before
//!   01xxxxxx  [name] value      a value, to be remembered        name index 1 is :authority
//!   001xxxxx                    a new size of the table
//!   0000xxxx  [name] value      a value, not to be remembered
//!   0001xxxx  [name] value      a value that nobody may remember
//! ```

use hyper::http::uri::Authority;

/// Flags of a HEADERS frame: padding and priority stand before the block (RFC 9113, 6.2).
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;

/// Index of `:authority` in the static table.
const AUTHORITY: usize = 1;

/// What a HEADERS frame says about its authority.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is acceptable.
    Sound,
    /// It is not spelled out here, or this frame cannot be understood.
    Silent,
    /// It is not; this is the payload with another one.
    Mended(Vec<u8>),
}

/// Judges the payload of a HEADERS frame.
pub(super) fn mend(payload: &[u8], flags: u8) -> Verdict {
    find(payload, flags).unwrap_or(Verdict::Silent)
}

fn find(payload: &[u8], flags: u8) -> Option<Verdict> {
    let mut at = 0;
    let mut end = payload.len();
    if flags & PADDED != 0 {
        end = end.checked_sub(usize::from(*payload.first()?))?;
        at += 1;
    }
    if flags & PRIORITY != 0 {
        at += 5;
    }
    let block = payload.get(..end)?;
    while at < block.len() {
        let first = block[at];
        let prefix = match first {
            0x80.. => 7,
            0x40..=0x7f => 6,
            0x20..=0x3f => 5,
            0..=0x1f => 4,
        };
        let index = integer(block, &mut at, prefix)?;
        if prefix == 7 || prefix == 5 {
            continue;
        }
        if index == 0 {
            string(block, &mut at)?;
        }
        let start = at;
        let value = string(block, &mut at)?;
        if index == AUTHORITY {
            return judge(&value, payload, start, at);
        }
    }
    None
}

/// The string stands at `start..end` of the payload.
fn judge(value: &Text<'_>, payload: &[u8], start: usize, end: usize) -> Option<Verdict> {
    let text = value.decode()?;
    if Authority::try_from(text.as_slice()).is_ok() {
        return Some(Verdict::Sound);
    }
    let mut mended = payload[..start].to_vec();
    push_integer(&mut mended, 7, text.len());
    mended.resize(mended.len() + text.len(), b'x');
    mended.extend_from_slice(&payload[end..]);
    Some(Verdict::Mended(mended))
}

/// A whole number that begins in the low `prefix` bits of a byte (RFC 7541, 5.1).
fn integer(block: &[u8], at: &mut usize, prefix: u32) -> Option<usize> {
    let mask = (1_u8 << prefix) - 1;
    let mut value = usize::from(*block.get(*at)? & mask);
    *at += 1;
    if value < usize::from(mask) {
        return Some(value);
    }
    // Four bytes of seven bits are far more than a frame has.
    for shift in [0, 7, 14, 21] {
        let byte = *block.get(*at)?;
        *at += 1;
        value += usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn push_integer(out: &mut Vec<u8>, prefix: u32, value: usize) {
    let mask = (1_usize << prefix) - 1;
    let low = |value: usize| u8::try_from(value & 0x7f).expect("seven bits fit");
    if value < mask {
        return out.push(low(value));
    }
    out.push(low(mask));
    let mut rest = value - mask;
    while rest >= 0x80 {
        out.push(low(rest) | 0x80);
        rest >>= 7;
    }
    out.push(low(rest));
}

/// A string as it stands in the block.
struct Text<'a> {
    huffman: bool,
    bytes: &'a [u8],
}

fn string<'a>(block: &'a [u8], at: &mut usize) -> Option<Text<'a>> {
    let huffman = block.get(*at)? & 0x80 != 0;
    let length = integer(block, at, 7)?;
    let bytes = block.get(*at..)?.get(..length)?;
    *at += length;
    Some(Text { huffman, bytes })
}

/// The characters whose code has so many bits, in the order of their codes. The code is canonical
/// (RFC 7541, appendix B), so that this is the whole table for what an authority may hold;
/// the characters that are left out begin with fifteen ones.
const CODES: [(u32, &[u8]); 10] = [
    (5, b"012aceiost"),
    (6, b" %-./3456789=A_bdfghlmnpru"),
    (7, b":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz"),
    (8, b"&*,;XZ"),
    (10, b"!\"()?"),
    (11, b"'+|"),
    (12, b"#>"),
    (13, b"\0$@[]~"),
    (14, b"^}"),
    (15, b"<`{"),
];

impl Text<'_> {
    /// The characters; `None` when there are some that are not in the table above.
    fn decode(&self) -> Option<Vec<u8>> {
        if !self.huffman {
            return Some(self.bytes.to_vec());
        }
        let mut text = Vec::new();
        let (mut code, mut bits) = (0_usize, 0);
        for bit in self.bytes.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1)) {
            code = code << 1 | usize::from(bit);
            bits += 1;
            if let Some(character) = character(code, bits) {
                text.push(character);
                (code, bits) = (0, 0);
            } else if bits == 15 {
                return None;
            }
        }
        // What is left pads the last byte with ones.
        (bits < 8 && code + 1 == 1 << bits).then_some(text)
    }
}

fn character(code: usize, bits: u32) -> Option<u8> {
    let (mut first, mut before) = (0, CODES[0].0);
    for (length, characters) in CODES {
        first <<= length - before;
        if length == bits {
            return code.checked_sub(first).and_then(|at| characters.get(at)).copied();
        }
        first += characters.len();
        before = length;
    }
    None
}
