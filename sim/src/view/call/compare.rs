//! What the page hears of two fates of one run, side by side.

use serde::{Deserialize, Serialize};

use crate::view::frame::{Alias, Marks, Role};

/// Two runs of one seed: how long they are one, and what comes of each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Comparison {
    /// So many events are equal, byte for byte.
    pub same_events: u64,
    /// When the first event happened that the other run does not have; absent: there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub differs_us: Option<u64>,
    /// The runs, in the order in which they were asked for.
    pub runs: Vec<Fate>,
}

/// What came of one of the runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fate {
    /// What was done first that was not done in the other run, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    /// What the feed tells first from the difference on.
    pub first: String,
    /// Members, in order of their numbers, with what they were over time.
    pub lanes: Vec<Lane>,
    /// Downs and cuts.
    pub marks: Marks,
    /// When the cluster's commit index rose, at most [`COMMITS_MAX`], from the first one on.
    pub commits_us: Vec<u64>,
    /// Who leads at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leader: Option<Alias>,
    /// The highest term at the end.
    pub term: u64,
    /// The highest revision at the end.
    pub revision: i64,
    /// Writes that clients were told are done.
    pub writes: u64,
    /// The longest stretch without a commit, from the first leader to the end.
    pub longest_wait_us: u64,
    /// So many members have applied the same last entry.
    pub agree: u32,
    /// The broken property.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub violation: Option<String>,
    /// The hash over everything that happened, 16 hex digits.
    pub trace: String,
}

/// A member over time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lane {
    /// The member.
    pub alias: Alias,
    /// What it was, from when on; at most [`STANDS_MAX`], the newest.
    pub stands: Vec<Stand>,
}

/// What a member was from a moment on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stand {
    /// From when.
    pub from_us: u64,
    /// Its term.
    pub term: u64,
    /// Its role.
    pub role: Role,
}

/// Most commits in a [`Fate`]: ticks of a drawing.
pub const COMMITS_MAX: usize = 2_000;

/// Most stands of a [`Lane`]: bands of a drawing.
pub const STANDS_MAX: usize = 400;
