//! What the page hears of hunts.

use serde::{Deserialize, Serialize};

use crate::view::frame::Icon;

/// A planted fault, as it is shown to who hunts it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Card {
    /// `M07`.
    pub code: String,
    /// 1 easy, 2 medium, 3 hard, 4 expert.
    pub level: u32,
    /// Seeds within which it has to be found.
    pub budget: u32,
    /// The line that plants it where it shows: `plant M07`.
    pub line: String,
    /// Members of a cluster in which it shows, at least.
    pub members: u32,
    /// What it is. For who has found it.
    pub name: String,
    /// The rule that it breaks, in one sentence. For who has found it.
    pub rule: String,
    /// Where it comes from. For who has found it.
    pub provenance: String,
}

/// A run that broke a property.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Catch {
    /// Its seed.
    #[serde(with = "super::super::seed")]
    pub seed: u64,
    /// The property.
    pub property: String,
    /// Property, place and the two facts.
    pub violation: String,
    /// Lines that it takes to do it again, before anything was left out.
    pub lines: u32,
}

/// What came of the runs of [`Call::Hunt`](super::Call::Hunt).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Search {
    /// How often somebody became leader in each of them, in the order of their seeds: how eventful
    /// they were. The one that broke something is the last.
    pub elections: Vec<u32>,
    /// Virtual microseconds of all of them together.
    pub time_us: u64,
    /// What broke.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catch: Option<Catch>,
}

/// What is left of a catch, told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tale {
    /// The property that breaks.
    pub property: String,
    /// What it promises, in a sentence.
    pub promise: String,
    /// When it breaks, in virtual microseconds.
    pub at_us: u64,
    /// Runs that the shrinking took.
    pub runs: u32,
    /// How it got smaller: after so many runs so many lines were left.
    pub shrinking: Vec<(u32, u32)>,
    /// The file.
    pub text: String,
    /// The part of the page's address after the `#`.
    pub link: String,
    /// What was done and what happened.
    pub steps: Vec<Step>,
}

/// Something in a story.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Step {
    /// When, in virtual microseconds.
    pub time_us: u64,
    /// It is a line that was typed, not something that happened.
    pub done: bool,
    /// It is the broken property.
    pub loud: bool,
    /// The term that it is about, for its hue; 0 is ink.
    pub term: u64,
    /// Its shape.
    pub icon: Icon,
    /// The line, or a sentence.
    pub text: String,
}
