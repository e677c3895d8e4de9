//! The time bar: a run from its beginning, in a few spans and counts.

use serde::{Deserialize, Serialize};

use super::{Alias, no, zero};

/// What the time bar shows, from the beginning of the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Marks {
    /// The terms, oldest first; at most [`MARKS_MAX`], the newest.
    pub terms: Vec<TermSpan>,
    /// Stretches in which a member did not run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub downs: Vec<Down>,
    /// Stretches in which the network was parted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cuts: Vec<Span>,
    /// Writes that clients were told are done: how many in each stretch of `write_bucket_us`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub writes: Vec<u32>,
    /// Width of one stretch of `writes`; at most 240 stretches reach from 0 to now.
    #[serde(skip_serializing_if = "zero")]
    pub write_bucket_us: u64,
    /// Moments that have a name (`mark NAME`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<Named>,
    /// When the first property broke.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub violation_us: Option<u64>,
}

/// Most spans of one kind in [`Marks`].
pub const MARKS_MAX: usize = 100;

/// A term on the time bar: a band in its hue.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TermSpan {
    /// The term.
    pub term: u64,
    /// When its first candidate stood up: the election begins.
    pub from_us: u64,
    /// When a leader was elected; absent: nobody won (yet).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elected_us: Option<u64>,
    /// Who won.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leader: Option<Alias>,
    /// When the next term began; absent: it lasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_us: Option<u64>,
}

/// A member that did not run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Down {
    /// Who.
    pub member: Alias,
    /// It was only frozen.
    #[serde(skip_serializing_if = "no")]
    pub frozen: bool,
    /// From when.
    pub from_us: u64,
    /// Until when; absent: still.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_us: Option<u64>,
}

/// A stretch of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Span {
    /// From when.
    pub from_us: u64,
    /// Until when; absent: still.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_us: Option<u64>,
}

/// A moment with a name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Named {
    /// The name.
    pub name: String,
    /// The moment.
    pub time_us: u64,
}
