//! Durations, rates and other numbers with units, exact: no floating point reaches the world.

use super::ParseError;

/// Longest duration that a command takes: a day of virtual time.
pub const DURATION_US_MAX: u64 = 24 * 3600 * 1_000_000;

const UNITS: [(&str, u64); 5] =
    [("us", 1), ("ms", 1_000), ("s", 1_000_000), ("m", 60_000_000), ("h", 3_600_000_000)];

/// Reads `300ms`, `1.5s`, `2m` as microseconds.
///
/// # Errors
/// No number, no unit, or more than a day.
pub fn duration_us(word: &str) -> Result<u64, ParseError> {
    let wrong = || {
        ParseError::new(format!(
            "{} is no duration. Write it like 300ms, 1.5s or 2m.",
            quoted(word)
        ))
    };
    let unit_at = word.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(word.len());
    let (number, unit) = word.split_at(unit_at);
    if unit.is_empty() && thousandths(number).is_some() {
        return Err(ParseError::new(format!("Give {number} a unit: {number}s or {number}ms.")));
    }
    let unit = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?.1;
    let us = thousandths(number).ok_or_else(wrong)?.saturating_mul(unit) / 1000;
    if us > DURATION_US_MAX {
        return Err(ParseError::new(format!("{word} is too long. The longest duration is 24h.")));
    }
    Ok(us)
}

/// Reads `0.5x` or `2x` as thousandths.
///
/// # Errors
/// No number, or outside 0.01x to 100x.
pub fn rate_thousandths(word: &str) -> Result<u32, ParseError> {
    word.strip_suffix('x')
        .and_then(thousandths)
        .and_then(|rate| u32::try_from(rate).ok())
        .filter(|rate| (10..=100_000).contains(rate))
        .ok_or_else(|| {
            ParseError::new(format!(
                "{} is no clock rate. Write it like 0.5x or 2x, between 0.01x and 100x.",
                quoted(word)
            ))
        })
}

/// Reads `30%` as 30.
#[must_use]
pub fn percent(word: &str) -> Option<u8> {
    word.strip_suffix('%')?.parse().ok().filter(|p| *p <= 100)
}

/// Writes microseconds as people say them: `18 ms`, `1.022 s`, `250 us`, `2 min`.
#[must_use]
pub fn spoken(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} us"),
        1_000..1_000_000 => format!("{} ms", decimals(us, 1_000, if us < 10_000 { 1 } else { 0 })),
        1_000_000..60_000_000 => format!("{} s", decimals(us, 1_000_000, 3)),
        _ => format!("{} min", decimals(us, 60_000_000, 1)),
    }
}

/// `us / unit` with at most `places` decimals, without trailing zeros.
fn decimals(us: u64, unit: u64, places: u32) -> String {
    let scale = 10u64.pow(places);
    let scaled = us.saturating_mul(scale).saturating_add(unit / 2) / unit;
    let (whole, part) = (scaled / scale, scaled % scale);
    if part == 0 {
        return whole.to_string();
    }
    let width = places as usize;
    format!("{whole}.{}", format!("{part:0width$}").trim_end_matches('0'))
}

/// A decimal number with at most three places, in thousandths.
fn thousandths(number: &str) -> Option<u64> {
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 12 || part.len() > 3 || !digits(whole) || !digits(part) {
        return None;
    }
    if part.is_empty() && number.contains('.') {
        return None;
    }
    let part = format!("{part:0<3}").parse::<u64>().ok()?;
    Some(whole.parse::<u64>().ok()? * 1000 + part)
}

/// A word as an error shows it: in quotes, shortened.
#[must_use]
pub fn quoted(word: &str) -> String {
    let mut short: String = word.chars().take(40).collect();
    if short.len() < word.len() {
        short.push_str("...");
    }
    format!("\"{}\"", short.escape_debug())
}
