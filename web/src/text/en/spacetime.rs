//! English: the space-time view.

use glasshouse_sim::view::frame::{Alias, Kind, Life, Role};
use glasshouse_sim::view::spacetime::fold::Folded;
use glasshouse_sim::view::spacetime::why::{Count, Missing, Of};
use glasshouse_sim::view::spacetime::{Arrow, Event, Lane, Slice, What, tell};

use crate::spacetime::Group;
use crate::spacetime::drag::{self, Fate};
use crate::text::en;

pub(crate) const TITLE: &str = "Space-time: Glasshouse";
pub(crate) const HOW: &str = "Time runs to the right; a slanted arrow is a message on its way. Bands are terms. Filled boxes on a lane are disk writes; a dashed box is a write that is not on disk yet.";
pub(crate) const WAITS: &str = "Nothing is recorded yet: the cluster is being built.";
pub(crate) const REGION: &str =
    "Diagram. Left and Right go along a lane, Up to the cause, Down to the effect";
pub(crate) const NOTHING_CHOSEN: &str = "No event is chosen";
pub(crate) const CHOOSE_HOW: &str = "Click an event or an arrow, or walk with the arrow keys: Left and Right along a lane, Up to what set it off, Down to what came of it. Drag the arrow of a message to let it arrive at another time.";
pub(crate) const PAST_HOW: &str = "Heavy arrows are the past of the chosen event: all that can have had an influence on it. Everything else is concurrent to it or later.";
pub(crate) const FATE_NOW: &str =
    "It is on its way: what you do to it is a line of the run, so a link repeats it.";
pub(crate) const FATE_OVER: &str =
    "It is over. This goes back to when it was on its way, and begins a branch there.";
pub(crate) const FATE_DRAG: &str = "Or drag its arrow: along the time it arrives then, out of the lanes it is dropped, with Alt or Ctrl it arrives twice.";
pub(crate) const BIN: &str = "Drop it here";
pub(crate) const LIST: &str = "Events, ordered by cause";
pub(crate) const KEYS: [(&str, &str); 9] = [
    ("Left, Right", "in space-time: along a lane"),
    ("Up, Down", "in space-time: to the cause, to the effect"),
    ("Enter", "in space-time: go to the moment of the chosen event"),
    ("O", "in space-time: only the past of the chosen event"),
    ("+ and -", "in space-time: larger, smaller"),
    ("Esc", "in space-time: choose nothing, or let go of an arrow without changing anything"),
    ("Drag an arrow", "in space-time: its message arrives at another time"),
    ("Drag it out", "in space-time: its message is dropped"),
    ("Alt, drag", "in space-time: its message arrives twice; Ctrl does the same"),
];

/// The name of a group of messages.
pub(crate) fn group(group: Group) -> &'static str {
    match group {
        Group::Votes => "votes",
        Group::Appends => "appends",
        Group::Heartbeats => "heartbeats",
        Group::Snapshots => "snapshots",
        Group::Reads => "read index",
        Group::Clients => "clients",
    }
}

/// What a gap holds: "296 ms folded: 24 heartbeats".
pub(crate) fn folded(long_us: u64, folded: &Folded) -> String {
    let held = match folded.heartbeats {
        0 => "nothing happens".to_owned(),
        many => en::count(many as u64, "heartbeat"),
    };
    format!("{} folded: {held}", en::span(long_us))
}

/// What stands under the name of a lane.
pub(crate) fn standing(lane: &Lane, life: Life) -> String {
    match (life, lane.role) {
        (_, None) => "client".to_owned(),
        (Life::Down, _) => "down".to_owned(),
        (Life::Frozen, _) => "frozen".to_owned(),
        (_, Some(Role::Leader)) => format!("leader, t{}", lane.term()),
        (_, Some(Role::Candidate | Role::PreCandidate)) => format!("candidate, t{}", lane.term()),
        (_, Some(Role::Learner)) => "learner".to_owned(),
        (_, Some(Role::Follower)) => "follower".to_owned(),
    }
}

/// The line over the drawing.
pub(crate) fn now(slice: &Slice) -> String {
    if slice.lanes.is_empty() { WAITS.to_owned() } else { tell::summary(slice) }
}

/// The line below it.
pub(crate) fn detail(slice: &Slice) -> String {
    let mut text = tell::short(slice).map(|short| short + " ").unwrap_or_default();
    if slice.clients_left_out > 0 {
        let left_out = en::count(slice.clients_left_out.into(), "more client");
        text.push_str(&format!("{left_out} cannot be drawn. "));
    }
    text + HOW
}

/// An event as the title of its column.
pub(crate) fn title(slice: &Slice, event: &Event) -> String {
    let words = tell::event(slice, event);
    // Names of members stay as they are.
    if words.starts_with('n') { words } else { en::capital(&words) }
}

/// Where and when it was.
pub(crate) fn place(event: &Event) -> String {
    format!("event {} · {}", event.seq, en::seconds(event.at_us))
}

/// A label in the drawing.
pub(crate) fn label(event: &Event, name: &str) -> Option<String> {
    match &event.what {
        What::Became { role: Role::Leader, term, .. } => Some(format!("{name} leads term {term}")),
        What::Committed { index } => Some(format!("{index} committed")),
        What::Life { words, .. } => Some(words.trim_start_matches("is ").to_owned()),
        What::Called { words } => Some(words.clone()),
        _ => None,
    }
}

/// "cut since 11.080".
pub(crate) fn cut(from_us: u64) -> String {
    format!("cut since {}", en::seconds(from_us))
}

/// The rule behind the table.
pub(crate) fn rule(count: &Count) -> String {
    match count.of {
        Of::Term(_) => format!(
            "A leader of {} needs {} of one term, each on disk before it counts.",
            en::members(count.voters),
            en::count(count.needs as u64, "vote")
        ),
        Of::Entry(index) => format!(
            "Entry {index} is committed when {} of {} have it on disk, and whoever leads knows.",
            count.needs,
            en::members(count.voters)
        ),
    }
}

/// The heads of its columns.
pub(crate) fn columns(of: Of) -> [&'static str; 4] {
    match of {
        Of::Term(_) => ["vote of", "asked", "on disk", "counted"],
        Of::Entry(_) => ["on", "sent", "on disk", "counted"],
    }
}

/// Why somebody is not counted.
pub(crate) fn missing(of: Of, missing: Missing) -> String {
    let question = if matches!(of, Of::Term(_)) { "the question" } else { "the entry" };
    match missing {
        Missing::NotAsked => "was not asked in this stretch".to_owned(),
        Missing::QuestionLost(why) => format!("did not get {question}: {}", tell::because(why)),
        Missing::AnswerLost(why) => format!("its answer was lost: {}", tell::because(why)),
        Missing::Down => "down".to_owned(),
        Missing::Refused => "said no".to_owned(),
        Missing::Late => "its answer came later, and was not needed".to_owned(),
    }
}

/// How a message is called on the buttons of its fate.
pub(crate) fn it(arrow: &Arrow, name: &str) -> String {
    let what = match arrow.message.kind {
        Kind::Vote | Kind::PreVote if arrow.message.answer => "vote",
        Kind::Vote | Kind::PreVote => "request",
        Kind::Append if arrow.message.answer => "answer",
        Kind::Append => "append",
        Kind::Heartbeat => "heartbeat",
        _ => "message",
    };
    format!("{name}'s {what}")
}

/// What becomes of a message in the hand.
pub(crate) fn fate(slice: &Slice, arrow: &Arrow, fate: Fate) -> String {
    let was = arrow.message.arrive_us;
    let at = en::seconds;
    match fate {
        Fate::Same => "arrives as it did".to_owned(),
        Fate::Dropped => "is dropped: it never arrives".to_owned(),
        Fate::Twice { at_us } if at_us == was => {
            "arrives twice: the copy right behind it, not before it".to_owned()
        }
        Fate::Twice { at_us } => {
            format!("arrives twice: the copy at {}, {} later", at(at_us), fine(at_us - was))
        }
        Fate::Arrives { at_us, at_once } => {
            let (apart, others) = (fine(at_us.abs_diff(was)), drag::passed(slice, arrow, at_us));
            let others = en::count(others as u64, "other");
            match (at_us < was, others.as_str()) {
                (true, _) if at_once => {
                    format!("arrives at {}, {apart} earlier: it is sent then", at(at_us))
                }
                (true, "0 others") => format!("arrives at {}, {apart} earlier", at(at_us)),
                (true, _) => format!("arrives at {}, {apart} earlier, before {others}", at(at_us)),
                (false, "0 others") => format!("arrives at {}, {apart} later", at(at_us)),
                (false, _) => format!("arrives at {}, {apart} later, behind {others}", at(at_us)),
            }
        }
    }
}

/// A stretch of time as finely as a hand can choose it: `34.9 ms`.
fn fine(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..1_000_000 => format!("{}.{} ms", us / 1_000, us / 100 % 10),
        _ => en::span(us),
    }
}

/// What was left out above the list of the past.
pub(crate) fn more(count: usize) -> String {
    format!("and {count} earlier")
}

/// A member, as lanes are numbered.
pub(crate) fn member(alias: Alias) -> String {
    format!("n{alias}")
}
