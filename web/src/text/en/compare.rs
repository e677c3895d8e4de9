//! English: two branches side by side.

use glasshouse_sim::view::call::compare::{Comparison, Fate};

use super::{count, seconds, span};
use crate::compare::Rule;

pub(crate) const TITLE: &str = "Compare: Glasshouse";
pub(crate) const ONE: &str = "There is one course of this run so far.";
pub(crate) const HOW: &str =
    "Go back in time and do something else, or change a rule here: then there are two to compare.";
pub(crate) const WAIT: &str = "Both are run again from the beginning.";
pub(crate) const PLAYING: &str = "Time flows. Both are compared as soon as it stands.";
pub(crate) const DETAIL: &str = "Every event before the line is equal, byte for byte. Below each run: a tick for every committed entry.";
pub(crate) const EQUAL: &str = "Both are one run: no event differs as far as both were seen.";
pub(crate) const RULES: &str = "Change one rule, keep the seed";
pub(crate) const RULES_HOW: &str =
    "A change here runs the same lines of this seed again, as another branch.";
pub(crate) const RULES_LOCKED: &str = "In a lesson its rules are those of the lesson.";
pub(crate) const REGION: &str = "Two runs, scrolls sideways";

/// A rule as people choose it.
pub(crate) fn rule(rule: Rule) -> &'static str {
    match rule {
        Rule::PreVote => "pre-vote",
        Rule::CheckQuorum => "check-quorum",
        Rule::ReadIndex => "ReadIndex for reads",
        Rule::FsyncFirst => "fsync before the answer",
    }
}

/// What a cluster without the rule does.
pub(crate) fn without(rule: Rule) -> &'static str {
    match rule {
        Rule::PreVote => {
            "Off: whoever was cut off comes back with a higher term and unseats a leader that was well."
        }
        Rule::CheckQuorum => {
            "Off: a leader that reaches no majority goes on believing that it leads."
        }
        Rule::ReadIndex => {
            "Off, lease reads: a leader trusts its clock and may answer what is no longer so."
        }
        Rule::FsyncFirst => {
            "Off: a write is answered before it is on the disk; a power failure takes it away."
        }
    }
}

/// The name of a branch with one rule changed.
pub(crate) fn changed(rule: Rule, on: bool) -> String {
    let with = if on { "with" } else { "without" };
    format!("{with} {}", self::rule(rule))
}

/// What is to be seen, in a sentence.
pub(crate) fn said(comparison: &Comparison, names: [&str; 2]) -> String {
    let Some(differs_us) = comparison.differs_us else { return EQUAL.to_owned() };
    let then = |side: usize| {
        let fate = comparison.runs.get(side)?;
        let what = fate.line.as_deref().unwrap_or(&fate.first);
        (!what.is_empty()).then(|| format!(" In {}: {}.", names[side], what.trim_end_matches('.')))
    };
    let [one, other] = [0, 1].map(|side| then(side).unwrap_or_default());
    format!("Up to {} both are one run.{one}{other}", seconds(differs_us))
}

/// The head of the side column.
pub(crate) fn equal(comparison: &Comparison) -> String {
    match comparison.differs_us {
        Some(differs_us) => {
            format!(
                "equal for {}, to {}",
                count(comparison.same_events, "event"),
                seconds(differs_us)
            )
        }
        None => format!("equal for {}", count(comparison.same_events, "event")),
    }
}

pub(crate) fn same(events: u64) -> String {
    format!("the same: {}", count(events, "event"))
}

pub(crate) fn first_difference(events: u64) -> String {
    format!("first difference, event {}", events + 1)
}

pub(crate) fn leads(term: u64) -> String {
    format!("leads term {term}")
}

pub(crate) fn waits(us: u64) -> String {
    format!("{} without a commit", span(us))
}

/// What came of a run, row by row: the name and how it is written.
pub(crate) fn rows(fate: &Fate) -> [(&'static str, String); 7] {
    let leader = fate.leader.map_or_else(|| "nobody".to_owned(), |leader| format!("n{leader}"));
    [
        ("leader", leader),
        ("term", fate.term.to_string()),
        ("revision", fate.revision.to_string()),
        ("writes answered", fate.writes.to_string()),
        ("longest time without a commit", span(fate.longest_wait_us)),
        ("members that agree", format!("{} of {}", fate.agree, fate.lanes.len())),
        ("violation", fate.violation.clone().unwrap_or_else(|| "none".to_owned())),
    ]
}

/// The drawing in words.
pub(crate) fn summary(comparison: &Comparison, names: [&str; 2]) -> String {
    let equal = match comparison.differs_us {
        Some(differs_us) => format!("Equal until {}.", seconds(differs_us)),
        None => "Equal throughout.".to_owned(),
    };
    let fates = comparison.runs.iter().zip(names).map(|(fate, name)| {
        let leader = fate.leader.map_or_else(|| "nobody".to_owned(), |leader| format!("n{leader}"));
        let wait = span(fate.longest_wait_us);
        format!(" In {name} {leader} leads term {} at the end; the longest time without a commit is {wait}.", fate.term)
    });
    format!("Two branches over the same time. {equal}{}", fates.collect::<String>())
}
