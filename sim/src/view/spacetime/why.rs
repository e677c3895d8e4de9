//! Why it could: the votes behind a leader, the disks behind a commit.
//!
//! Both are the same table. Somebody was asked, had it on disk, and was counted; a majority of such rows
//! is what raft means by "elected" and by "committed".

use super::{Arrow, Event, LaneNo, Seq, Slice, What, Why};
use crate::view::frame::{Kind, Role};

/// The table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// What was decided.
    pub of: Of,
    /// Members that have a vote.
    pub voters: usize,
    /// How many of them are needed.
    pub needs: usize,
    /// One row for each, whoever leads first.
    pub rows: Vec<Row>,
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Who leads this term.
    Term(u64),
    /// The entry at this index.
    Entry(u64),
}

/// What one member had to do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Who.
    pub member: LaneNo,
    /// When the question, or the entry, reached it.
    pub asked_us: Option<u64>,
    /// When its vote, or the entry, was on its disk.
    pub disk_us: Option<u64>,
    /// When whoever leads knew.
    pub counted_us: Option<u64>,
    /// Why it was not counted.
    pub missing: Option<Missing>,
}

/// Why somebody was not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Nothing about it was sent in the stretch that is looked at.
    NotAsked,
    /// The question was lost.
    QuestionLost(Why),
    /// The answer was lost.
    AnswerLost(Why),
    /// It does not run.
    Down,
    /// It said no.
    Refused,
    /// Its answer was not needed any more, or is on its way.
    Late,
}

/// Why this event could happen, if it is somebody's election or a leader's commit.
#[must_use]
pub fn why(slice: &Slice, seq: Seq) -> Option<Count> {
    let event = slice.event(seq)?;
    let (of, kind) = match event.what {
        What::Became { role: Role::Leader, term, .. } => (Of::Term(term), Kind::Vote),
        What::Committed { index } if led(slice, event) => (Of::Entry(index), Kind::Append),
        _ => return None,
    };
    let voters = slice.voters.len();
    let mut rows = vec![own(slice, event, of)];
    for member in slice.voters.iter().filter(|member| **member != event.lane) {
        rows.push(other(slice, event, *member, of, kind));
    }
    Some(Count { of, voters, needs: voters / 2 + 1, rows })
}

/// Whoever the event happens to leads at that moment.
fn led(slice: &Slice, event: &Event) -> bool {
    let before = slice.events.iter().rev().filter(|other| other.seq < event.seq);
    let standing =
        before.filter(|other| other.lane == event.lane).find_map(|other| match other.what {
            What::Became { role, .. } => Some(role),
            _ => None,
        });
    let role = standing.or_else(|| slice.lane(event.lane).and_then(|lane| lane.role));
    role == Some(Role::Leader)
}

/// This message is about the decision.
fn about(arrow: &Arrow, of: Of, kind: Kind) -> bool {
    let message = &arrow.message;
    if arrow.client || message.kind != kind {
        return false;
    }
    match of {
        Of::Term(term) => message.term == term,
        Of::Entry(index) if message.answer => message.index >= index || message.reject,
        Of::Entry(index) => message.index < index && message.index + message.entries >= index,
    }
}

/// The first sync of a member between two events.
fn synced(slice: &Slice, member: LaneNo, after: Seq, before: Seq) -> Option<&Event> {
    slice.events.iter().find(|event| {
        event.lane == member
            && event.seq > after
            && event.seq <= before
            && matches!(event.what, What::Synced { .. })
    })
}

/// Whoever leads: it asks itself when it asks the others.
fn own(slice: &Slice, event: &Event, of: Of) -> Row {
    let began =
        slice.events.iter().filter(|other| other.seq < event.seq && other.lane == event.lane);
    let begun = match of {
        Of::Term(term) => began.clone().find(|other| {
            matches!(other.what, What::Became { role: Role::Candidate, term: of, .. } if of == term)
        }),
        Of::Entry(_) => began.clone().find(|other| {
            matches!(other.what, What::Sent { .. })
                && slice.arrow_of(other).is_some_and(|arrow| {
                    !arrow.message.answer && about(arrow, of, Kind::Append)
                })
        }),
    };
    let Some(begun) = begun else {
        let missing = Some(Missing::NotAsked);
        return Row {
            member: event.lane,
            asked_us: None,
            disk_us: None,
            counted_us: None,
            missing,
        };
    };
    // What it writes about it may stand before the event that tells so: both belong to one moment.
    let moment = began.clone().find(|other| other.at_us == begun.at_us).unwrap_or(begun);
    let disk = synced(slice, event.lane, moment.seq, event.seq).map(|synced| synced.at_us);
    Row {
        member: event.lane,
        asked_us: Some(begun.at_us),
        disk_us: disk,
        counted_us: disk,
        missing: disk.is_none().then_some(Missing::Late),
    }
}

/// Somebody else: question, disk, answer.
fn other(slice: &Slice, event: &Event, member: LaneNo, of: Of, kind: Kind) -> Row {
    let leader = event.lane;
    let until = |arrow: &&Arrow| arrow.sent.is_none_or(|sent| sent < event.seq);
    let all = || slice.arrows.iter().filter(until).filter(|arrow| about(arrow, of, kind));
    let asked = |arrow: &&Arrow| {
        (arrow.message.from, arrow.message.to, arrow.message.answer) == (leader, member, false)
    };
    let answered = |arrow: &&Arrow| {
        (arrow.message.from, arrow.message.to, arrow.message.answer) == (member, leader, true)
    };
    let arrived = |arrow: &&Arrow| arrow.end.is_some() && arrow.lost.is_none();
    let mut row = Row { member, asked_us: None, disk_us: None, counted_us: None, missing: None };
    let Some(question) = all().filter(asked).find(arrived) else {
        let lost = all().filter(asked).find_map(|arrow| arrow.lost);
        let down = slice.lane(member).is_some_and(|lane| lane.down_at(event.at_us).is_some());
        row.missing = Some(match lost {
            _ if down => Missing::Down,
            Some((_, why)) => Missing::QuestionLost(why),
            None if all().any(|arrow| asked(&arrow)) => Missing::Late,
            None => Missing::NotAsked,
        });
        return row;
    };
    row.asked_us = Some(question.message.arrive_us);
    let yes = all().filter(answered).find(|arrow| !arrow.message.reject);
    let Some(answer) = yes else {
        let refused = all().any(|arrow| answered(&arrow) && arrow.message.reject);
        row.missing = Some(if refused { Missing::Refused } else { Missing::Late });
        return row;
    };
    let (got, said) = (question.end.unwrap_or(0), answer.sent.unwrap_or(event.seq));
    row.disk_us = synced(slice, member, got, said).map(|synced| synced.at_us);
    match (answer.lost, answer.end) {
        (Some((_, why)), _) => row.missing = Some(Missing::AnswerLost(why)),
        (None, Some(end)) if end < event.seq => row.counted_us = Some(answer.message.arrive_us),
        (None, _) => row.missing = Some(Missing::Late),
    }
    row
}
