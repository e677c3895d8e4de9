//! English.

use glasshouse_sim::view::call::Identity;

use crate::state::Unit;

pub(crate) mod compare;
pub(crate) mod history;
pub(crate) mod hunt;
pub(crate) mod lesson;
pub(crate) mod spacetime;
pub(crate) mod teach;
pub(crate) mod time;

pub(crate) const TITLE: &str = "Glasshouse: an etcd you can see through";

pub(crate) const LOADING: &str = "Building the cluster.";
pub(crate) const REPLAYING: &str = "Repeating the run of this link.";
pub(crate) const FIRST_DETAIL: &str = "The code is the same as in the server. Time is slowed 100 times while a message flies; silence passes faster.";
pub(crate) const OTHER_BUILD: &str =
    "This link was made by another build, so the same seed may take another course here.";
pub(crate) const RUN_ENDED: &str = "The run ended before the command did: another one began.";
pub(crate) const STANDS: &str =
    "A property broke before the command was done: the run stands there.";
pub(crate) const NOT_READY: &str = "The cluster is not built yet: wait until it has a leader.";
pub(crate) const LINE_TOO_LONG: &str =
    "A command is one line of at most 4096 bytes without control characters.";
pub(crate) const CUT_NEEDS_BOTH: &str =
    "A cut needs a member on each side: choose some of them, not none and not all.";
pub(crate) const CUT_MISSED: &str = "The line passed beside all members: draw it between them.";
pub(crate) const CUT_CHOOSE: &str =
    "Cut: choose members with arrows and Space, then Enter. Or draw a line through the sheet.";
pub(crate) const COPIED: &str = "The address of this page repeats the run. It is on the clipboard, where the browser allows it.";
pub(crate) const IDENTITY: &str =
    "The ids are hashes of the members' peer URLs and of the token: another one makes other ids.";
pub(crate) const NO_LEASE: &str = "No lease yet. Try: ";
pub(crate) const LEASES_COUNTED: &str = ", counted here";
pub(crate) const LEASES_KNOWN: &str = ", counted by the leader";
pub(crate) const NO_WATCH: &str = "No watch yet. Try: ";
pub(crate) const NOT_TEXT: &str = "This file cannot be opened: it is no text of at most 64 KB.";
pub(crate) const NOT_LOADED: &str =
    "It could not be loaded: look whether this machine is connected, and try again.";
pub(crate) const LANGUAGE_MISSING: &str =
    "This language could not be loaded, so the page goes on in English.";
pub(crate) const SEED: &str = "A whole number from 0 to 18446744073709551615";
pub(crate) const START_OVER: &str = "Start a fresh run";
pub(crate) const TRY_COMMANDS: [&str; 3] = ["etcdctl member list", "kill leader", "help"];

/// Who a member would be.
pub(crate) fn identity(told: &Result<Identity, String>) -> String {
    match told {
        Ok(Identity { member, cluster }) => {
            format!(
                "Started first with this token, its id is {member}, and its cluster's {cluster}."
            )
        }
        Err(why) => why.clone(),
    }
}

/// A file that its server does not give.
pub(crate) fn not_loaded(status: u16) -> String {
    format!("It could not be loaded: the server answered {status}.")
}

/// How a number of members is said.
pub(crate) fn members(count: usize) -> String {
    const NAMES: [&str; 10] =
        ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"];
    match NAMES.get(count) {
        _ if count == 1 => "one member".to_owned(),
        Some(name) => format!("{} members", name.to_lowercase()),
        None => format!("{count} members"),
    }
}

/// With a capital letter.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The speeds as people choose them, in the order of [`SPEEDS`](crate::state::SPEEDS).
pub(crate) const SPEEDS: [&str; 6] = [
    "0.001× real time",
    "0.01× real time",
    "0.1× real time",
    "real time",
    "10× real time",
    "as fast as it goes",
];

/// A step as people choose it.
pub(crate) fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Event => "step by event",
        Unit::Message => "step by message",
        Unit::Disk => "step by disk write",
        Unit::Commit => "step by commit",
        Unit::Slice => "step by slice",
    }
}

/// A moment, in seconds with milliseconds: `12.480`.
pub(crate) fn seconds(us: u64) -> String {
    format!("{:02}.{:03}", us / 1_000_000, us / 1_000 % 1_000)
}

/// A stretch of time in the unit that fits: `9 ms`, `1.31 s`, `3 min`.
pub(crate) fn span(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..1_000_000 => format!("{} ms", us / 1_000),
        1_000_000..120_000_000 => format!("{}.{:02} s", us / 1_000_000, us / 10_000 % 100),
        _ => format!("{} min", us / 60_000_000),
    }
}

/// `count` of something, with the plural that English forms by an s.
pub(crate) fn count(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// At most so many letters of a name.
pub(crate) fn short(name: &str, letters: usize) -> String {
    match name.char_indices().nth(letters) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

/// A term by its number.
pub(crate) fn term(term: u64) -> String {
    format!("term {term}")
}

/// A number of bytes: `412 bytes`, `12.0 KB`.
pub(crate) fn bytes(bytes: u64) -> String {
    match bytes {
        0..10_000 => count(bytes, "byte"),
        10_000..10_000_000 => format!("{}.{} KB", bytes / 1_000, bytes / 100 % 10),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_read_well() {
        assert_eq!(seconds(12_480_999), "12.480");
        assert_eq!(seconds(0), "00.000");
        assert_eq!(
            [span(900), span(9_400), span(1_311_000), span(180_000_000)],
            ["900 µs", "9 ms", "1.31 s", "3 min"]
        );
        assert_eq!([bytes(1), bytes(412), bytes(12_040)], ["1 byte", "412 bytes", "12.0 KB"]);
        assert_eq!(
            [members(1), members(5), members(12)],
            ["one member", "five members", "12 members"]
        );
    }
}
