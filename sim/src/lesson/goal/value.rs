//! What an expression is worth.

use std::fmt;

use super::events::Occurrence;
use crate::chronicle::Moment;
use crate::clock::{MICROS, Nanos};
use crate::place::MemberNo;
use crate::script::units::spoken;

/// A value. Values of different kinds are unequal, and none is smaller than another.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing: nobody leads, no such key, not known.
    Nothing,
    /// Yes or no.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A span of virtual time in nanoseconds; a difference may be negative.
    Span(i64),
    /// A text.
    Text(String),
    /// A member.
    Member(MemberNo),
    /// An id of a member, a cluster or a lease.
    Id(u64),
    /// In this order.
    List(Vec<Self>),
    /// In any order.
    Set(Vec<Self>),
    /// A moment of the run.
    Moment(Moment),
    /// Events, in order.
    Events(Vec<Occurrence>),
    /// A branch by its place in the submission.
    Branch(usize),
}

impl Value {
    /// A number out of one that is stored.
    #[must_use]
    pub fn number(number: u64) -> Self {
        // Indexes, terms and revisions of a lesson are far below 2^53.
        Self::Number(number as f64)
    }

    /// The same for signed ones.
    #[must_use]
    pub fn signed(number: i64) -> Self {
        Self::Number(number as f64)
    }

    /// A span of virtual time.
    #[must_use]
    pub fn span(nanos: Nanos) -> Self {
        Self::Span(i64::try_from(nanos).unwrap_or(i64::MAX))
    }

    /// Its members, if it is a list or a set.
    #[must_use]
    pub fn items(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) | Self::Set(items) => Some(items),
            _ => None,
        }
    }

    /// Equal in the sense of goals: sets do not mind the order, and an id may be written as text.
    #[must_use]
    pub fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Set(a), b) | (b, Self::Set(a)) => b.items().is_some_and(|b| {
                a.iter().all(|x| b.iter().any(|y| x.equals(y)))
                    && b.iter().all(|y| a.iter().any(|x| x.equals(y)))
            }),
            (Self::List(a), Self::List(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.equals(b))
            }
            (Self::Id(id), Self::Text(text)) | (Self::Text(text), Self::Id(id)) => {
                u64::from_str_radix(text, 16) == Ok(*id)
            }
            _ => self == other,
        }
    }

    /// Smaller, equal or larger, if the two can be compared.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.partial_cmp(b),
            (Self::Span(a), Self::Span(b)) => Some(a.cmp(b)),
            (Self::Text(a), Self::Text(b)) => Some(a.cmp(b)),
            (Self::Moment(a), Self::Moment(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list =
            |items: &[Self]| items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        match self {
            Self::Nothing => to.write_str("nothing"),
            Self::Bool(yes) => write!(to, "{}", if *yes { "yes" } else { "no" }),
            Self::Number(number) => write!(to, "{number}"),
            Self::Span(nanos) => {
                let sign = if *nanos < 0 { "-" } else { "" };
                write!(to, "{sign}{}", spoken(nanos.unsigned_abs() / MICROS))
            }
            Self::Text(text) => to.write_str(text),
            Self::Member(member) => member.fmt(to),
            Self::Id(id) => write!(to, "{id:x}"),
            Self::List(items) => write!(to, "[{}]", list(items)),
            Self::Set(items) => write!(to, "{{{}}}", list(items)),
            Self::Moment(moment) => to.write_str(&spoken(moment.at / MICROS)),
            Self::Events(events) => write!(to, "{} events", events.len()),
            Self::Branch(place) => write!(to, "branch {}", place + 1),
        }
    }
}
