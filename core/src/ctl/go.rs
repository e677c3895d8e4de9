//! What Go's standard library reads and prints, where etcdctl's text depends on it.
//!
//! etcdctl's outputs are full of `%q`, `strconv.ParseInt: parsing …` and `1.896947ms`; these few
//! functions follow the packages `strconv`, `time` and `encoding/json` to the byte. Arguments are
//! bytes, because an argument of a command line need not be UTF-8.

use std::fmt::Write as _;

/// A quoted Go string, as `%q` and `strconv.Quote` print it.
pub(super) fn quote(text: &[u8]) -> String {
    let mut out = String::from("\"");
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            quote_char(&mut out, c);
        }
        for byte in chunk.invalid() {
            push(&mut out, format_args!("\\x{byte:02x}"));
        }
    }
    out.push('"');
    out
}

/// `%q` of a single character, in single quotes.
pub(super) fn quote_rune(c: char) -> String {
    let mut out = String::from("'");
    match c {
        '\'' => out.push_str("\\'"),
        '"' => out.push('"'),
        c => quote_char(&mut out, c),
    }
    out.push('\'');
    out
}

fn quote_char(out: &mut String, c: char) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\u{7}' => out.push_str("\\a"),
        '\u{8}' => out.push_str("\\b"),
        '\u{b}' => out.push_str("\\v"),
        '\u{c}' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if is_print(c) => out.push(c),
        c if c < ' ' || c == '\u{7f}' => push(out, format_args!("\\x{:02x}", u32::from(c))),
        c if c <= '\u{ffff}' => push(out, format_args!("\\u{:04x}", u32::from(c))),
        c => push(out, format_args!("\\U{:08x}", u32::from(c))),
    }
}

/// Letters, marks, numbers, punctuation, symbols and the ASCII space: Go's `unicode.IsPrint`.
///
/// Rust's own notion of a printable character differs for combining marks only, and only when
/// they come first, hence the letter before `c`.
fn is_print(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_control();
    }
    let mut text = String::from("a");
    text.push(c);
    text.escape_debug().nth(2).is_none()
}

/// Why a number could not be read; prints as Go's `strconv.NumError`.
fn number_error(function: &str, text: &[u8], why: &str) -> String {
    format!("strconv.{function}: parsing {}: {why}", quote(text))
}

/// Reads an unsigned number of 64 bits, as Go's `strconv.ParseUint` does; base 0 reads Go's prefixes
/// and underscores.
///
/// # Errors
/// Go's sentence.
pub(super) fn parse_uint(text: &[u8], base: u32) -> Result<u64, String> {
    let syntax = || number_error("ParseUint", text, "invalid syntax");
    let (base, digits) = if base == 0 {
        let (base, digits) = prefixed(text).ok_or_else(syntax)?;
        (base, digits.into_iter().filter(|digit| *digit != b'_').collect())
    } else {
        (base, text.to_vec())
    };
    if digits.is_empty() {
        return Err(syntax());
    }
    let mut value: u128 = 0;
    for digit in digits {
        let digit = char::from(digit).to_digit(base).ok_or_else(syntax)?;
        value = (value * u128::from(base) + u128::from(digit)).min(1 << 64);
    }
    u64::try_from(value).map_err(|_| number_error("ParseUint", text, "value out of range"))
}

/// `strconv.ParseInt(text, base, 64)`; base 0 reads Go's prefixes and underscores.
pub(super) fn parse_int(text: &[u8], base: u32) -> Result<i64, String> {
    let syntax = || number_error("ParseInt", text, "invalid syntax");
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let (base, digits) = if base == 0 {
        let (base, digits) = prefixed(digits).ok_or_else(syntax)?;
        (base, digits.into_iter().filter(|digit| *digit != b'_').collect())
    } else {
        (base, digits.to_vec())
    };
    if digits.is_empty() {
        return Err(syntax());
    }
    let mut value: u128 = 0;
    for digit in digits {
        let digit = char::from(digit).to_digit(base).ok_or_else(syntax)?;
        value = (value * u128::from(base) + u128::from(digit)).min(1 << 64);
    }
    let limit = if negative { 1 << 63 } else { (1 << 63) - 1 };
    if value > limit {
        return Err(number_error("ParseInt", text, "value out of range"));
    }
    let value = i128::try_from(value).expect("at most 2^63");
    Ok(i64::try_from(if negative { -value } else { value }).expect("checked against the limit"))
}

/// Takes the prefix of a Go integer literal off and checks the places of underscores: each stands
/// between two digits, where the prefix counts as a digit.
fn prefixed(digits: &[u8]) -> Option<(u32, Vec<u8>)> {
    let (base, rest) = match digits {
        [b'0', b'x' | b'X', rest @ ..] => (16, rest),
        [b'0', b'o' | b'O', rest @ ..] => (8, rest),
        [b'0', b'b' | b'B', rest @ ..] => (2, rest),
        [b'0', rest @ ..] if !rest.is_empty() => (8, rest),
        rest => return underscores_fit(rest, false).then(|| (10, rest.to_vec())),
    };
    underscores_fit(rest, true).then(|| (base, rest.to_vec()))
}

fn underscores_fit(digits: &[u8], mut after_digit: bool) -> bool {
    for digit in digits {
        if *digit == b'_' && !after_digit {
            return false;
        }
        after_digit = *digit != b'_';
    }
    after_digit || digits.is_empty()
}

/// `strconv.ParseBool`.
pub(super) fn parse_bool(text: &[u8]) -> Result<bool, String> {
    match text {
        b"1" | b"t" | b"T" | b"TRUE" | b"true" | b"True" => Ok(true),
        b"0" | b"f" | b"F" | b"FALSE" | b"false" | b"False" => Ok(false),
        _ => Err(number_error("ParseBool", text, "invalid syntax")),
    }
}

const UNITS: [(&str, i64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// `time.ParseDuration`, in nanoseconds.
pub(super) fn parse_duration(text: &[u8]) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {}", time_quote(text));
    let (negative, mut rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if rest == b"0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let whole = leading_digits(rest);
        rest = &rest[whole.len()..];
        let mut fraction: &[u8] = &[];
        if let [b'.', after @ ..] = rest {
            fraction = leading_digits(after);
            rest = &after[fraction.len()..];
        }
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let unit_len = rest.iter().take_while(|b| **b != b'.' && !b.is_ascii_digit()).count();
        let (unit, after) = rest.split_at(unit_len);
        rest = after;
        if unit.is_empty() {
            return Err(format!("time: missing unit in duration {}", time_quote(text)));
        }
        let Some((_, nanos)) = UNITS.iter().find(|(name, _)| name.as_bytes() == unit) else {
            return Err(format!(
                "time: unknown unit {} in duration {}",
                time_quote(unit),
                time_quote(text)
            ));
        };
        total += scaled(whole, fraction, *nanos).ok_or_else(invalid)?;
    }
    let total = if negative { -total } else { total };
    i64::try_from(total).map_err(|_| invalid())
}

fn leading_digits(text: &[u8]) -> &[u8] {
    &text[..text.iter().take_while(|byte| byte.is_ascii_digit()).count()]
}

/// `whole.fraction` units in nanoseconds, rounded towards zero; `None` when out of range.
fn scaled(whole: &[u8], fraction: &[u8], unit: i64) -> Option<i128> {
    let digits = |text: &[u8]| -> Option<i128> {
        if text.is_empty() {
            return Some(0);
        }
        std::str::from_utf8(text).ok()?.parse::<i64>().ok().map(i128::from)
    };
    // Go keeps at most as many digits of the fraction as fit into 63 bits.
    let fraction = &fraction[..fraction.len().min(18)];
    let scale = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
    let unit = i128::from(unit);
    Some(digits(whole)? * unit + digits(fraction)? * unit / scale)
}

/// Quotes as package `time` does in its errors: everything outside of ASCII byte by byte.
fn time_quote(text: &[u8]) -> String {
    let mut out = String::from("\"");
    for byte in text {
        match byte {
            b'"' | b'\\' => push(&mut out, format_args!("\\{}", char::from(*byte))),
            b' '..=b'~' => out.push(char::from(*byte)),
            _ => push(&mut out, format_args!("\\x{byte:02x}")),
        }
    }
    out.push('"');
    out
}

/// A duration in nanoseconds as Go's `Duration.String`: `1h2m3.5s`, `1.896947ms`, `0s`.
pub(super) fn duration(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let total = nanos.unsigned_abs();
    if total == 0 {
        return "0s".to_owned();
    }
    if total < 1_000_000_000 {
        let (unit, digits) = match total {
            0..1_000 => ("ns", 0),
            1_000..1_000_000 => ("µs", 3),
            _ => ("ms", 6),
        };
        return format!("{sign}{}{unit}", decimal(total, digits));
    }
    let (minutes, nanos) = (total / 60_000_000_000, total % 60_000_000_000);
    let seconds = decimal(nanos, 9);
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

/// `value / 10^digits`, without zeros at the end of the fraction.
fn decimal(value: u64, digits: usize) -> String {
    let scale = 10_u64.pow(u32::try_from(digits).expect("at most nine"));
    let fraction = format!("{:0digits$}", value % scale);
    match fraction.trim_end_matches('0') {
        "" => (value / scale).to_string(),
        fraction => format!("{}.{fraction}", value / scale),
    }
}

/// A JSON string as `encoding/json` writes it: HTML's special characters are escaped too.
pub(super) fn json_string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                push(&mut out, format_args!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Base64 with padding, as `encoding/json` writes bytes.
pub(super) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, i| bits << 8 | u32::from(*chunk.get(i).unwrap_or(&0)));
        for i in 0..4 {
            let sextet = usize::try_from(bits >> (18 - 6 * i) & 63).expect("six bits");
            out.push(if i <= chunk.len() { char::from(ALPHABET[sextet]) } else { '=' });
        }
    }
    out
}

fn push(out: &mut String, args: std::fmt::Arguments<'_>) {
    out.write_fmt(args).expect("a String takes every write");
}

/// Reads the quoted string at the start of `text`, in double quotes with escapes or in backquotes
/// without, and returns it with what follows.
pub(super) fn unquote(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    if let [b'`', rest @ ..] = text {
        let end = rest.iter().position(|byte| *byte == b'`')?;
        return Some((rest[..end].to_vec(), &rest[end + 1..]));
    }
    let mut rest = text.strip_prefix(b"\"")?;
    let mut out = Vec::new();
    loop {
        match rest {
            [b'"', after @ ..] => return Some((out, after)),
            [b'\\', after @ ..] => rest = unescape(after, &mut out)?,
            [b'\n', ..] | [] => return None,
            [byte, after @ ..] => {
                out.push(*byte);
                rest = after;
            }
        }
    }
}

/// Reads one escape after its backslash.
fn unescape<'a>(text: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
    let (first, rest) = text.split_first()?;
    let simple = match first {
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        b'\\' => b'\\',
        b'"' => b'"',
        b'x' => {
            let (value, rest) = digits(rest, 2, 16)?;
            out.push(u8::try_from(value).ok()?);
            return Some(rest);
        }
        b'0'..=b'7' => {
            let (value, rest) = digits(text, 3, 8)?;
            out.push(u8::try_from(value).ok()?);
            return Some(rest);
        }
        b'u' | b'U' => {
            let (value, rest) = digits(rest, if *first == b'u' { 4 } else { 8 }, 16)?;
            let c = char::from_u32(value)?;
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            return Some(rest);
        }
        _ => return None,
    };
    out.push(simple);
    Some(rest)
}

/// Exactly `count` digits.
fn digits(text: &[u8], count: usize, base: u32) -> Option<(u32, &[u8])> {
    let (digits, rest) = text.split_at_checked(count)?;
    let value = u32::from_str_radix(std::str::from_utf8(digits).ok()?, base).ok()?;
    digits.iter().all(u8::is_ascii_hexdigit).then_some((value, rest))
}
