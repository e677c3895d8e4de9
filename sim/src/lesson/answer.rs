//! What a student answers: its kinds, how it is read, and when two answers are the same.
//!
//! People write `1.2 s` and `1200ms`, `n2` and `etcd2`, `ADE5` and `0000ade5`. What is meant counts, not
//! how it is written.

use serde::Deserialize;

use super::goal::Value;
use crate::clock::MICROS;
use crate::place::MemberNo;
use crate::script::units::duration_us;

/// What kind of answer a question wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// One of the choices, or a text: case and spaces do not count.
    #[default]
    Text,
    /// A number.
    Number,
    /// A span of time; a bare number is in milliseconds.
    Duration,
    /// A member: number, name or id.
    Member,
    /// An id in hex.
    Id,
    /// Some of the choices, in any order, with commas between them.
    Set,
    /// Numbers or texts in order, with commas between them.
    List,
}

impl Kind {
    /// Its name in `lab.toml`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Duration => "duration",
            Self::Member => "member",
            Self::Id => "id",
            Self::Set => "set",
            Self::List => "list",
        }
    }
}

/// A question, as far as judging needs it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// Its kind.
    pub kind: Kind,
    /// How far a number may be off.
    pub tolerance: f64,
    /// The same in hundredths of the right one.
    pub tolerance_percent: f64,
}

impl Wanted {
    /// Reads an answer; `None` when it is none of its kind.
    #[must_use]
    pub fn read(&self, text: &str, id_of: impl Fn(u64) -> Option<MemberNo>) -> Option<Value> {
        let text = text.trim();
        match self.kind {
            Kind::Text => Some(Value::Text(plain(text))),
            Kind::Number => number(text).map(Value::Number),
            Kind::Duration => span(text),
            Kind::Member => member(text, id_of).map(Value::Member),
            Kind::Id => id(text).map(Value::Id),
            Kind::Set => Some(Value::Set(parts(text))),
            Kind::List => Some(Value::List(parts(text))),
        }
    }

    /// Whether an answer that was read is this value.
    #[must_use]
    pub fn is_right(&self, answer: &Value, right: &Value) -> bool {
        let near = |answer: f64, right: f64| {
            let by = self.tolerance.max(right.abs() * self.tolerance_percent / 100.0);
            (answer - right).abs() <= by
        };
        match (answer, right) {
            (Value::Number(answer), Value::Number(right)) => near(*answer, *right),
            (Value::Span(answer), Value::Span(right)) => {
                // Tolerances of spans are in milliseconds.
                near(*answer as f64 / 1e6, *right as f64 / 1e6)
            }
            (Value::List(answers), Value::List(rights)) => {
                answers.len() == rights.len()
                    && answers
                        .iter()
                        .zip(rights)
                        .all(|(answer, right)| self.is_right(answer, right))
            }
            (Value::Set(answers), Value::Set(rights)) => {
                rights.iter().all(|right| answers.iter().any(|one| self.is_right(one, right)))
                    && answers
                        .iter()
                        .all(|one| rights.iter().any(|right| self.is_right(one, right)))
            }
            (Value::Text(answer), Value::Text(right)) => plain(answer) == plain(right),
            (Value::Text(answer), Value::Member(right)) => {
                *answer == right.to_string() || *answer == right.published_name()
            }
            _ => answer.equals(right),
        }
    }
}

/// Small letters, one space between words.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The longest number that is read: all digits of a quotient.
const NUMBER_BYTES_MAX: usize = 24;

fn number(text: &str) -> Option<f64> {
    let fits = text.len() <= NUMBER_BYTES_MAX
        && text.bytes().all(|b| b.is_ascii_digit() || b".-".contains(&b));
    text.parse().ok().filter(|_| fits)
}

fn span(text: &str) -> Option<Value> {
    let text: String = text.split_whitespace().collect();
    let us = match text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        true => duration_us(&format!("{text}ms")),
        false => duration_us(&text),
    };
    us.ok().map(|us| Value::span(us.saturating_mul(MICROS)))
}

fn id(text: &str) -> Option<u64> {
    let text = text.strip_prefix("0x").unwrap_or(text);
    u64::from_str_radix(text, 16).ok().filter(|_| !text.starts_with('+'))
}

fn member(text: &str, id_of: impl Fn(u64) -> Option<MemberNo>) -> Option<MemberNo> {
    let numbers = MemberNo::first(MemberNo::MAX);
    let mut named = numbers.filter(|no| {
        [no.to_string(), no.published_name()].iter().any(|n| n.eq_ignore_ascii_case(text))
    });
    named.next().or_else(|| id_of(id(text)?))
}

/// The parts of `{a, b}`, `[1, 2]` or `a, b`.
fn parts(text: &str) -> Vec<Value> {
    let inner = text.trim_start_matches(['{', '[']).trim_end_matches(['}', ']']);
    let parts = inner.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| number(part).map_or_else(|| Value::Text(plain(part)), Value::Number)).collect()
}
