//! Events and slices in words, for lists, screen readers and logs.

use std::fmt::Write as _;

use super::{Arrow, Event, LaneNo, Short, Slice, What, Why};
use crate::view::frame::{Kind, Role};

/// A moment in seconds with milliseconds: `12.480`.
#[must_use]
pub fn seconds(us: u64) -> String {
    format!("{}.{:03}", us / 1_000_000, us / 1_000 % 1_000)
}

/// How a lane is called.
#[must_use]
pub fn name(slice: &Slice, lane: LaneNo) -> &str {
    match slice.lane(lane).map(|lane| lane.name.as_str()) {
        None => "the world",
        // As the page calls whoever sits before it.
        Some("you") => "the terminal",
        Some(name) => name,
    }
}

/// An event as a sentence without its full stop: "n2 gets the vote request of n3".
#[must_use]
pub fn event(slice: &Slice, event: &Event) -> String {
    let who = name(slice, event.lane);
    match &event.what {
        What::Sent { .. } | What::Delivered { .. } | What::Lost { .. } => {
            slice.arrow_of(event).map_or_else(
                || format!("{who} hears of a message that was sent earlier"),
                |arrow| message(slice, event, arrow),
            )
        }
        What::Wrote { bytes, .. } => format!("{who} writes {bytes} bytes, not on disk yet"),
        What::Synced { .. } => format!("what {who} wrote is on disk"),
        What::Became { role, term, vote, leader } => match (role, leader, vote) {
            (Role::Leader, ..) => format!("{who} becomes leader of term {term}"),
            (Role::PreCandidate, ..) => format!("{who} hears no leader and asks for pre-votes"),
            (Role::Candidate, ..) => format!("{who} stands for term {term}"),
            (_, Some(leader), _) => format!("{who} follows n{leader} in term {term}"),
            (_, None, Some(vote)) => format!("{who} votes for n{vote} in term {term}"),
            (_, None, None) => format!("{who} is in term {term} without a leader"),
        },
        What::Committed { index } => format!("{who} knows that {index} is committed"),
        What::Life { words, .. } => format!("{who} {words}"),
        What::Called { words } => format!("{who} asks: {words}"),
        What::Returned { words, .. } => format!("{who} hears: {words}"),
        What::Line { words } => format!("> {words}"),
        What::Violated { words } => words.clone(),
    }
}

fn message(slice: &Slice, event: &Event, arrow: &Arrow) -> String {
    let (from, to) = (name(slice, arrow.message.from), name(slice, arrow.message.to));
    let what = kind(arrow);
    match (&event.what, arrow.lost) {
        (What::Sent { .. }, _) => format!("{from} sends {what} to {to}"),
        (What::Lost { .. }, Some((_, why))) => {
            format!("{from}'s {what} to {to} is lost: {}", because(why))
        }
        _ if arrow.client && !arrow.message.answer => format!("{to} gets {what} of {from}"),
        _ => format!("{to} gets {from}'s {what}"),
    }
}

/// What a message is, with the entries that it carries: "append 34", "vote, refused".
#[must_use]
pub fn kind(arrow: &Arrow) -> String {
    let message = &arrow.message;
    if arrow.client {
        return match (message.answer, message.words.as_str()) {
            (true, _) => "answer".to_owned(),
            (false, "") => "request".to_owned(),
            (false, words) => words.to_owned(),
        };
    }
    let name = match message.kind {
        Kind::Heartbeat => "heartbeat",
        Kind::Append => "append",
        Kind::Vote if message.answer => "vote",
        Kind::Vote => "vote request",
        Kind::PreVote if message.answer => "pre-vote",
        Kind::PreVote => "pre-vote request",
        Kind::Snapshot => "snapshot",
        Kind::ReadIndex => "read index",
        Kind::Propose => "proposal",
        Kind::TimeoutNow => "\"campaign now\"",
        Kind::Other => "message",
    };
    let votes = matches!(message.kind, Kind::Vote | Kind::PreVote);
    let mut words = name.to_owned();
    if message.answer && !votes {
        words.push_str(" answer");
    }
    if message.kind == Kind::Append && !message.answer {
        let _ = match message.entries {
            0 => Ok(()),
            1 => write!(words, " {}", message.index + 1),
            more => write!(words, " {}-{}", message.index + 1, message.index + more),
        };
    }
    if message.reject {
        words.push_str(", refused");
    }
    if arrow.copy_of.is_some() {
        words.push_str(" (a copy)");
    }
    words
}

/// Why a message was lost.
#[must_use]
pub fn because(why: Why) -> &'static str {
    match why {
        Why::Loss => "the link loses some",
        Why::Cut => "the network is cut",
        Why::NobodyListens => "nobody listens there",
        Why::ReceiverDied => "its receiver ended meanwhile",
        Why::ByHand => "somebody took it out",
    }
}

/// The slice in two sentences: what the drawing shows, for those who do not see it.
#[must_use]
pub fn summary(slice: &Slice) -> String {
    let many =
        |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let mut text = format!(
        "{} to {}: {}, {} lost.",
        seconds(slice.from_us),
        seconds(slice.to_us),
        many(slice.arrows.len(), "message"),
        slice.lost().count()
    );
    for (event, leader, term) in slice.elections() {
        let _ = write!(text, " n{leader} leads term {term} from {}.", seconds(event.at_us));
    }
    if slice.elections().next().is_none() {
        let leader = slice.lanes.iter().filter(|lane| lane.role == Some(Role::Leader));
        match leader.max_by_key(|lane| lane.term()) {
            Some(lane) => {
                let _ = write!(text, " {} leads term {}.", lane.name, lane.term());
            }
            None => text.push_str(" Nobody leads."),
        }
    }
    text
}

/// What the slice lacks, if it lacks something.
#[must_use]
pub fn short(slice: &Slice) -> Option<String> {
    let from = seconds(slice.from_us);
    match slice.short? {
        Short::Record => Some(format!("The record does not reach back further than {from}.")),
        Short::Events => Some(format!("More happened than can be drawn: it begins at {from}.")),
    }
}

/// The whole slice as text, a line for each event.
#[must_use]
pub fn text(slice: &Slice) -> String {
    let mut text = summary(slice);
    text.push('\n');
    for event in &slice.events {
        let _ = writeln!(text, "{} {}", seconds(event.at_us), self::event(slice, event));
    }
    text
}
