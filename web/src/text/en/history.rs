//! The words of the history.

use glasshouse_sim::view::call::history::{
    Charts, FSYNC_BUCKETS_MS, History, Kind, Operation, Outcome, Step, StepKind,
};
use glasshouse_sim::view::frame::Marks;

use super::{count, seconds, span};

pub(crate) const TITLE: &str = "History: Glasshouse";
pub(crate) const TO_THE_HISTORY: &str = "what clients saw, and whether one order explains it";
pub(crate) const TO_THE_BENCH: &str = "back to the cluster";
pub(crate) const NOTHING: &str = "No client has asked anything yet. Try on the bench: ";
pub(crate) const TRY: &str = "etcdctl put apples 40";
pub(crate) const NONE_SELECTED: &str = "No operation yet";
pub(crate) const HOW: &str = "Every operation of a client becomes a bar, from question to answer. The verdict knows only what clients were told.";
pub(crate) const BLIND: &str = "Hide revisions";
pub(crate) const AS_LIST: &str = "As a list";
pub(crate) const NO_COMMIT: &str = "no leader can commit";
pub(crate) const OPEN: &str = "open";
pub(crate) const ORDER: &str = "Every operation takes effect at one point between question and answer. The line joins these points; read along it and each answer is right.";
pub(crate) const COLUMNS: [&str; 7] =
    ["Asked", "Client", "Operation", "Outcome", "Took", "Revision", "In the order"];
/// Heads of the charts: name, and what is in them.
pub(crate) const FSYNCS: (&str, &str) = ("fsync time by member", "wal, whole run, etcd's buckets");
pub(crate) const LATENCY: (&str, &str) = ("Question to answer", "filled: writes; logarithmic");
pub(crate) const THROUGHPUT: (&str, &str) = ("Answers", "a second, above the terms");
pub(crate) const LAG: (&str, &str) = ("Commit lag", "entries, slowest member behind newest");
/// Terms that a chart names: more would lie upon each other.
pub(crate) const TERMS_NAMED: usize = 6;

/// The verdict in a sentence: what stands out, and the rest.
pub(crate) fn verdict(history: &History) -> (String, String) {
    let verdict = &history.verdict;
    let values = if verdict.blind { ", by values alone" } else { "" };
    match verdict.kind {
        Kind::Linearizable if verdict.explained == 0 => {
            ("Nothing was answered yet".to_owned(), ", so every order explains it.".to_owned())
        }
        Kind::Linearizable => {
            let answers = match verdict.explained {
                1 => "the one answer".to_owned(),
                explained => format!("all {explained} answers"),
            };
            (format!("Linearizable so far{values}"), format!(": one order explains {answers}."))
        }
        Kind::Refuted => {
            let at = find(history, verdict.stuck).and_then(|one| one.returned_us);
            let at = at.map_or(String::new(), |us| format!(" at {}", seconds(us)));
            (
                "Linearizability is broken".to_owned(),
                format!("{at}{values}: no order explains this answer."),
            )
        }
        Kind::Unknown => {
            let why = match verdict.limit.as_str() {
                "length" => "the run is too long to be judged by values alone".to_owned(),
                "operations" => "too many operations wait for one that has no answer".to_owned(),
                limit => format!("the check has met its limit of {limit}"),
            };
            ("Nobody knows".to_owned(), format!(": {why}."))
        }
    }
}

/// The second line of the verdict.
pub(crate) fn detail(history: &History) -> String {
    let verdict = &history.verdict;
    match verdict.kind {
        Kind::Refuted => {
            let (stuck, against) = (find(history, verdict.stuck), find(history, verdict.against));
            let facts = stuck.zip(against).map(|(stuck, against)| {
                format!(
                    "{} told \"{}\" after {} had been told \"{}\". ",
                    was(&stuck.client),
                    stuck.words,
                    against.client,
                    against.words
                )
            });
            let explained = count(verdict.explained, "answer");
            format!("{}The first {explained} fit the line.", facts.unwrap_or_default())
        }
        _ => {
            let open = match verdict.open {
                0 => String::new(),
                1 => "1 operation is open. ".to_owned(),
                open => format!("{open} operations are open. "),
            };
            format!(
                "{open}Checked after every answer; the last check took {}.",
                count(verdict.steps, "step")
            )
        }
    }
}

/// The terminal's own client.
const YOU: &str = "you";

/// "you were", "A was".
fn was(client: &str) -> String {
    format!("{client} {}", if client == YOU { "were" } else { "was" })
}

fn find(history: &History, id: Option<u64>) -> Option<&Operation> {
    history.operations.iter().find(|one| Some(one.id) == id)
}

/// The drawing in words.
pub(crate) fn alternative(history: &History, hidden: u64) -> String {
    let (name, rest) = verdict(history);
    let more = if hidden > 0 { format!(" {}", earlier(hidden)) } else { String::new() };
    format!("{name}{rest} {}{more}", detail(history))
}

/// Operations that are not here any more.
pub(crate) fn earlier(hidden: u64) -> String {
    let are = if hidden == 1 { "is" } else { "are" };
    format!("{} before these {are} not drawn.", count(hidden, "operation"))
}

/// Lines of the order that are left out.
pub(crate) fn before(hidden: u64) -> String {
    format!("{} before these.", count(hidden, "operation"))
}

/// What came of an operation.
pub(crate) fn outcome(one: &Operation) -> String {
    let mut outcome = match one.outcome {
        Outcome::Open => "open: no answer yet".to_owned(),
        Outcome::Done => "answered".to_owned(),
        Outcome::Refused if one.why.is_empty() => "refused".to_owned(),
        Outcome::Refused => format!("no effect: {}", one.why),
        Outcome::Unknown => format!("unknown: {}", one.why),
    };
    if one.outside {
        outcome.push_str("; may be old, so it is not judged");
    }
    outcome
}

/// An operation as a screen reader hears it.
pub(crate) fn operation(one: &Operation) -> String {
    let place = one.place.map_or(String::new(), |place| format!(", number {place} in the order"));
    let asked = seconds(one.called_us);
    format!(
        "{} at n{}, {}, asked {asked}, {}{place}",
        one.client,
        one.member,
        one.words,
        outcome(one)
    )
}

/// When it was asked and answered.
pub(crate) fn asked(one: &Operation, now_us: u64) -> String {
    let asked = seconds(one.called_us);
    let last = span(now_us.saturating_sub(one.called_us));
    match (one.outcome, one.returned_us) {
        (Outcome::Done, Some(us)) => {
            let revision =
                one.revision.map_or(String::new(), |revision| format!(", revision {revision}"));
            format!("asked {asked}, answered {} by n{}{revision}", seconds(us), one.member)
        }
        (Outcome::Refused, Some(us)) => {
            format!("asked {asked}, no effect, {}: {}", seconds(us), one.why)
        }
        (Outcome::Unknown, Some(us)) => {
            format!(
                "asked {asked}, {} at {}: it may take effect at any time, or never",
                one.why,
                seconds(us)
            )
        }
        _ => format!("asked {asked} · open for {last}"),
    }
}

pub(crate) fn show_entry(index: u64) -> String {
    format!("Show entry {index}")
}

/// One step of an operation's way.
pub(crate) fn step(step: &Step, one: &Operation) -> String {
    let who = step.member.map_or(String::new(), |member| format!("n{member}"));
    let other = step.other.map_or(String::new(), |member| format!("n{member}"));
    let (index, term, took) = (step.index, step.term, span(step.took_us));
    let is_open = step.at_us.is_none();
    match step.what {
        StepKind::Asked if one.client == YOU => format!("you ask {who}"),
        StepKind::Asked => format!("{} asks {who}", one.client),
        StepKind::Arrived => format!("{who} has the question"),
        StepKind::HandedOn => format!("{who} hands it to {other}"),
        StepKind::ReadIndex => format!("{who} asks {other} for the commit index"),
        StepKind::Confirms => format!("{who} asks a majority whether it still leads"),
        StepKind::ReadIndexKnown => format!("{who} knows the commit index"),
        StepKind::Proposed => format!("{who} proposes it as entry {index} of term {term}"),
        StepKind::Received => format!("{who} receives entry {index}"),
        StepKind::OnDisk if is_open => format!("{who}'s fsync, {took} so far"),
        StepKind::OnDisk => format!("{who} has it on disk, after {took}"),
        StepKind::Committed => format!("{who} commits entry {index}"),
        StepKind::Applied => format!("{who} applies it"),
        StepKind::Answered => format!("{who} answers"),
        StepKind::Returned if is_open => format!("no answer, {took} so far"),
        StepKind::Returned if one.outcome == Outcome::Done => {
            let revision =
                one.revision.map_or(String::new(), |revision| format!(", revision {revision}"));
            let has = if one.client == YOU { "have" } else { "has" };
            format!("{} {has} the answer{revision}, after {took}", one.client)
        }
        StepKind::Returned => format!("{}, after {took}: {}", one.client, one.why),
    }
}

/// Why no order fits.
pub(crate) fn why(history: &History) -> Option<String> {
    let verdict = &history.verdict;
    let stuck = find(history, verdict.stuck).filter(|_| verdict.kind == Kind::Refuted)?;
    let Some(against) = find(history, verdict.against) else {
        return Some(format!(
            "Behind the longest order that fits, nothing explains that {} told \"{}\".",
            was(&stuck.client),
            stuck.words
        ));
    };
    let revision = |one: &Operation| {
        one.revision
            .filter(|_| !verdict.blind)
            .map_or(String::new(), |revision| format!(" at revision {revision}"))
    };
    Some(format!(
        "{} told \"{}\"{} at {}. The question of {} began after that, at {}, so its answer must show it or something newer. It was told \"{}\"{}.",
        was(&against.client),
        against.words,
        revision(against),
        seconds(against.returned_us.unwrap_or(0)),
        stuck.client,
        seconds(stuck.called_us),
        stuck.words,
        revision(stuck),
    ))
}

/// Beside the line of what was known.
pub(crate) fn known(known_us: u64, asked_us: u64) -> String {
    format!(
        "acknowledged {}, {} before this was asked",
        seconds(known_us),
        span(asked_us.saturating_sub(known_us))
    )
}

/// The label of a bucket: its upper bound in milliseconds.
pub(crate) fn bucket(nth: usize) -> String {
    match FSYNC_BUCKETS_MS.get(nth) {
        Some(1) => "≤1 ms".to_owned(),
        Some(bound) => bound.to_string(),
        None => "more".to_owned(),
    }
}

pub(crate) fn milliseconds(ms: f64) -> String {
    if ms < 1.0 { format!("{ms:.2} ms") } else { format!("{ms:.0} ms") }
}

/// A number beside the axis of a series.
pub(crate) fn value(value: f64, is_rate: bool) -> String {
    match is_rate {
        _ if value < 0.0 => String::new(),
        true => format!("{value:.0}/s"),
        false => format!("{value:.0}"),
    }
}

/// The chart of fsyncs in words.
pub(crate) fn fsyncs(charts: &Charts) -> String {
    let one = |fsyncs: &glasshouse_sim::view::call::history::Fsyncs| {
        let sum: u32 = fsyncs.counts.iter().sum();
        let most = fsyncs.counts.iter().enumerate().max_by_key(|(_, count)| **count);
        match most.filter(|_| sum > 0).map(|(bucket, _)| FSYNC_BUCKETS_MS.get(bucket)) {
            None => format!("n{}: nothing written.", fsyncs.member),
            Some(Some(bound)) => format!(
                "n{}: {}, most of them up to {bound} ms.",
                fsyncs.member,
                count(sum.into(), "fsync")
            ),
            Some(None) => format!(
                "n{}: {}, most of them longer than 8 s.",
                fsyncs.member,
                count(sum.into(), "fsync")
            ),
        }
    };
    match charts.fsyncs.is_empty() {
        true => "Nothing was written yet.".to_owned(),
        false => charts.fsyncs.iter().map(one).collect::<Vec<_>>().join(" "),
    }
}

/// The chart of latencies in words.
pub(crate) fn latency(operations: &[&Operation]) -> String {
    let took =
        |one: &&Operation| one.returned_us.unwrap_or(one.called_us).saturating_sub(one.called_us);
    let mut spans: Vec<u64> = operations.iter().map(took).collect();
    spans.sort_unstable();
    match (spans.get(spans.len() / 2), spans.last()) {
        (Some(median), Some(most)) => format!(
            "{}: half of them took up to {}, the longest {}.",
            count(spans.len() as u64, "operation"),
            span(*median),
            span(*most)
        ),
        _ => "Nothing was answered yet.".to_owned(),
    }
}

/// The chart of answers in words.
pub(crate) fn throughput(answered: u32, marks: &Marks) -> String {
    match answered {
        0 => "Nothing was answered yet.".to_owned(),
        _ => format!(
            "{} over {}.",
            count(answered.into(), "answer"),
            count(marks.terms.len() as u64, "term")
        ),
    }
}

/// The chart of the commit lag in words.
pub(crate) fn lag(most: u32) -> String {
    match most {
        0 => "Nothing was committed yet.".to_owned(),
        _ => format!(
            "The slowest member was at most {} behind the newest commit.",
            count(most.into(), "entry").replace("entrys", "entries")
        ),
    }
}

#[cfg(test)]
mod tests {
    use glasshouse_sim::view::call::history::Verdict;

    use super::*;

    #[test]
    fn verdicts_read_well() {
        let mut history = History {
            verdict: Verdict { explained: 31, open: 3, steps: 45, ..Verdict::default() },
            ..History::default()
        };
        assert_eq!(
            alternative(&history, 0),
            "Linearizable so far: one order explains all 31 answers. 3 operations are open. Checked after every answer; the last check took 45 steps."
        );
        let told = |id, client: &str, words: &str, called_us, revision| Operation {
            id,
            client: client.to_owned(),
            words: words.to_owned(),
            called_us,
            returned_us: Some(called_us + 22_000),
            outcome: Outcome::Done,
            revision: Some(revision),
            ..Operation::default()
        };
        history.operations = vec![
            told(1, "c1", "put apples 41", 12_478_000, 24),
            told(2, "c3", "get apples 40", 12_560_000, 23),
        ];
        history.verdict = Verdict {
            kind: Kind::Refuted,
            explained: 32,
            stuck: Some(2),
            against: Some(1),
            ..Verdict::default()
        };
        assert_eq!(
            alternative(&history, 1),
            "Linearizability is broken at 12.582: no order explains this answer. c3 was told \"get apples 40\" after c1 had been told \"put apples 41\". The first 32 answers fit the line. 1 operation before these is not drawn."
        );
        assert_eq!(
            why(&history).unwrap(),
            "c1 was told \"put apples 41\" at revision 24 at 12.500. The question of c3 began after that, at 12.560, so its answer must show it or something newer. It was told \"get apples 40\" at revision 23."
        );
        assert_eq!(
            known(12_500_000, 12_560_000),
            "acknowledged 12.500, 60 ms before this was asked"
        );
    }
}
