//! English: the way through time.

use super::seconds;

pub(crate) const TIME: &str = "Time";
pub(crate) const MAIN: &str = "main";
pub(crate) const FIRST: &str =
    "Everything is recorded. Drag the mark to go back; what you do there starts a branch.";
pub(crate) const LEFT: &str = "Time was moved before the command was done.";
pub(crate) const LONG: &str = "The run is longer than an hour, and a link holds no more: it leads to the end of the first one.";
pub(crate) const NOT_BEFORE: &str =
    "Nothing of this kind happened before: this is the beginning of the run.";
pub(crate) const KEYS: &str = "Arrows step, Page Up and Page Down go to the next mark.";

/// The name of a branch: what was done there that was not done before.
pub(crate) fn branch(line: &str) -> String {
    /// Letters of a name: two of them and the sentence fit under the bar.
    const NAME_MAX: usize = 28;
    let line = line.trim_start_matches("etcdctl ");
    let short: String = line.chars().take(NAME_MAX).collect();
    if short.len() < line.len() { format!("{}…", short.trim_end()) } else { short }
}

/// A branch and where it left another one.
pub(crate) fn left(name: &str, from_us: Option<u64>) -> String {
    from_us.map_or_else(|| name.to_owned(), |from| format!("{name}, from {}", seconds(from)))
}

/// The line under the bar, behind the name of the branch.
pub(crate) fn foot(end_us: u64, past: bool, leads: String) -> String {
    let end = seconds(end_us);
    match past {
        true => {
            format!(", recorded to {end}. You are in the past: what you do now starts a branch.")
        }
        false => format!(", recorded · {leads}"),
    }
}

/// Members that stopped running at one moment.
pub(crate) fn fallen(members: &[u32], frozen: bool) -> String {
    let names: Vec<String> = members.iter().map(|member| format!("n{member}")).collect();
    let names = match names.as_slice() {
        [head @ .., last] if !head.is_empty() => format!("{} and {last}", head.join(", ")),
        names => names.concat(),
    };
    format!("{names} {}", if frozen { "frozen" } else { "down" })
}

/// The handle of the bar in words: where it is, and who leads there.
pub(crate) fn moment(at_us: u64, end_us: u64, term: Option<(u64, Option<u32>)>) -> String {
    let leads = match term {
        Some((term, Some(leader))) => format!("; n{leader} leads term {term}"),
        Some((term, None)) => format!("; nobody leads term {term}"),
        None => String::new(),
    };
    let now = if at_us < end_us { format!(" of {}", seconds(end_us)) } else { ", now".to_owned() };
    format!("{} seconds{now}{leads}", seconds(at_us))
}
