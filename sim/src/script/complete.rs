//! What could stand at the cursor.
//!
//! A candidate is a whole word that replaces the one at the cursor. The world's part (names of
//! members, clients and keys that exist) comes in as [`Known`]; the rest is the vocabulary.

use super::units::quoted;
use super::vocabulary::{CONDITIONS, ETCDCTL, Entry, FLAGS, WORLD};
use crate::mutant::Mutant;
use crate::view::call::Candidate;

/// Most candidates that are given.
pub const CANDIDATES_MAX: usize = 20;

/// What exists in the world that a line may name.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Members and who they are: `n1`, "leader of term 4".
    pub members: Vec<(String, String)>,
    /// Names of clients.
    pub clients: Vec<String>,
    /// Some keys of the store.
    pub keys: Vec<String>,
}

/// Candidates for the word at `cursor` (a byte offset), and where that word begins.
#[must_use]
pub fn complete(line: &str, cursor: usize, known: &Known) -> (usize, Vec<Candidate>) {
    let mut cursor = cursor.min(line.len());
    while !line.is_char_boundary(cursor) {
        cursor -= 1;
    }
    let before = &line[..cursor];
    let mut start = before.rfind([' ', '|']).map_or(0, |at| at + 1);
    if !before[start..].starts_with('-') {
        start += before[start..].rfind(',').map_or(0, |at| at + 1);
    }
    let typed = &before[start..];
    let done: Vec<&str> = before[..start].split_whitespace().collect();
    let mut found: Vec<Candidate> = possible(&done, typed, known)
        .into_iter()
        .filter(|candidate| candidate.text.starts_with(typed) && candidate.text != typed)
        .collect();
    found.dedup_by(|a, b| a.text == b.text);
    found.truncate(CANDIDATES_MAX);
    (start, found)
}

fn candidate(text: &str, help: &str) -> Candidate {
    Candidate { text: text.to_string(), help: help.to_string() }
}

fn possible(done: &[&str], typed: &str, known: &Known) -> Vec<Candidate> {
    let skip = match done {
        ["client", _, ..] => 2,
        ["etcdctl", ..] => 1,
        _ => 0,
    };
    let (first, rest) = match &done[skip..] {
        [] => return begin(skip > 0),
        [first, rest @ ..] => (*first, rest),
    };
    if ETCDCTL.iter().any(|entry| entry.words.split(' ').next() == Some(first)) {
        return etcdctl(first, rest, typed, known);
    }
    match (first, rest) {
        ("client", []) => known.clients.iter().map(|name| candidate(name, "a client")).collect(),
        ("power", []) => vec![candidate("off", "the machine dies")],
        ("slow", []) => {
            vec![candidate("disk", "fsync takes longer"), candidate("link", "messages take longer")]
        }
        ("full" | "break", []) => vec![candidate("disk", "")],
        ("align", []) => vec![candidate("timers", "same phase for all")],
        ("delay" | "hasten" | "double", []) => vec![candidate("message", "one that is on its way")],
        ("drop", []) => {
            let mut list = members(known);
            list.push(candidate("message", "one that is on its way"));
            list
        }
        ("freeze" | "thaw", ["client"]) => {
            known.clients.iter().map(|name| candidate(name, "a client")).collect()
        }
        ("until", rest) => until(rest, known),
        ("load", []) => vec![candidate("off", "ends the load")],
        ("load", [_]) => vec![candidate("put/s", "writes in a second")],
        ("load", [_, _]) => vec![candidate("for", "how long")],
        ("help", []) => {
            WORLD.iter().chain(ETCDCTL).map(|entry| candidate(entry.words, entry.help)).collect()
        }
        ("plant" | "unplant", []) => Mutant::all()
            .map(|mutant| candidate(mutant.code(), mutant.facts().level.name()))
            .collect(),
        ("rot", [_]) => vec![candidate("wal", "the record of an entry")],
        (
            "heal" | "status" | "members" | "run" | "hunt" | "mark" | "rule" | "align" | "load"
            | "help" | "rot" | "delay" | "hasten" | "double",
            _,
        )
        | ("drop", ["message", ..]) => Vec::new(),
        ("partition", _) => {
            let mut list = members(known);
            list.push(candidate("rest", "everyone else"));
            list.retain(|candidate| !rest.contains(&candidate.text.as_str()));
            list
        }
        ("power", [_, _, ..]) => {
            let mut list = members(known);
            list.push(candidate("torn", "a part of the last write stays"));
            list
        }
        ("break", [_, _, ..]) => {
            vec![candidate("reads", ""), candidate("writes", ""), candidate("off", "")]
        }
        _ => members(known),
    }
}

/// The first word: commands of etcdctl, and unless a client speaks, of the bench.
fn begin(etcdctl_only: bool) -> Vec<Candidate> {
    let whole = |entry: &Entry| candidate(entry.words, entry.help);
    let mut list: Vec<Candidate> = Vec::new();
    if !etcdctl_only {
        list.extend(WORLD.iter().map(whole));
    }
    list.extend(ETCDCTL.iter().map(whole));
    if !etcdctl_only {
        list.push(candidate("etcdctl", "etcd's own client"));
    }
    list
}

fn etcdctl(first: &str, rest: &[&str], typed: &str, known: &Known) -> Vec<Candidate> {
    if let Some(list) = typed.strip_prefix("--endpoints=") {
        let head = list.rfind(',').map_or("", |at| &list[..=at]);
        return known
            .members
            .iter()
            .filter(|(name, _)| !head.split(',').any(|listed| listed == name))
            .map(|(name, help)| candidate(&format!("--endpoints={head}{name}"), help))
            .collect();
    }
    // etcdctl itself knows which flags a command has and which values they take.
    let line = [&[first], rest, &[typed]].concat().join(" ");
    let known_flags = glasshouse_core::ctl::complete(&line);
    if typed.starts_with('-') || rest.last().is_some_and(|word| word.starts_with('-')) {
        let help = |word: &str| {
            let entry = FLAGS.iter().find(|entry| entry.words.trim_end_matches('=') == word);
            entry.map_or("", |entry| entry.help)
        };
        return known_flags.iter().map(|word| candidate(word, help(word))).collect();
    }
    let second = ETCDCTL.iter().filter_map(|entry| {
        let (begin, second) = entry.words.split_once(' ')?;
        (begin == first && rest.is_empty()).then(|| candidate(second, entry.help))
    });
    let mut list: Vec<Candidate> = second.collect();
    if list.is_empty() && rest.is_empty() {
        let plain = |key: &&String| !quoted(key).contains('\\') && !key.contains([' ', '#', '\'']);
        list.extend(known.keys.iter().filter(plain).map(|key| candidate(key, "a key")));
    }
    list
}

fn until(rest: &[&str], known: &Known) -> Vec<Candidate> {
    match rest {
        [] => {
            let mut list: Vec<Candidate> = CONDITIONS
                .iter()
                .filter(|entry| !entry.words.starts_with("n3 "))
                .map(|entry| candidate(entry.words, entry.help))
                .collect();
            list.extend(known.members.iter().map(|(name, help)| candidate(name, help)));
            list
        }
        ["new" | "no"] => vec![candidate("leader", "")],
        [one] if one.starts_with('n') => {
            ["leads", "up", "down", "commit", "applied"].map(|word| candidate(word, "")).to_vec()
        }
        [.., "within"] => vec![candidate("10s", "how long to wait")],
        _ => vec![candidate("within", "how long to wait at most")],
    }
}

fn members(known: &Known) -> Vec<Candidate> {
    let mut list = vec![
        candidate("leader", "the leader of the highest term"),
        candidate("follower", "a running follower"),
    ];
    list.extend(known.members.iter().map(|(name, help)| candidate(name, help)));
    list.push(candidate("all", "every member"));
    list
}
