//! A run as a link: seed, size, and everything that was done, after the `#` of the address.
//!
//! ```text
//!   #seed=42&n=5&t=12480000&a=9700000.kill+n5;1380000.partition+n1+%7C+n2+n3
//!     │        │   │        └ what was done: microseconds since the line before, the line
//!     │        │   └ how far the run had come, in microseconds; without it, to the last command
//!     │        └ members at the beginning
//!     └ decimal, up to 2^64 - 1
//! ```
//!
//! `b=` names the build that made the link, when it has a name: another build may run the same
//! seed differently. Nothing else is kept. A link comes from strangers, so every part is bounded,
//! and whatever is wrong with it is told in one sentence.

use std::fmt::{self, Write as _};

use glasshouse_sim::view::call::Action;
use glasshouse_sim::view::link;

/// Longest link that is read, in bytes after the `#`: half of what Chromium keeps as an address, and more than anybody
/// types in an hour, for the page reads what it wrote itself.
const LINK_MAX: usize = 1024 * 1024;
/// Most lines in a link: five a second for an hour.
const ACTIONS_MAX: usize = 18_000;
/// Longest line in a link.
const LINE_MAX: usize = 4_096;
/// A link may take a visitor's machine this far: one virtual hour.
pub(crate) const TIME_MAX_US: u64 = 3_600_000_000;
/// Members that a run may begin with.
pub(crate) const SIZES: std::ops::RangeInclusive<u32> = 1..=9;

/// A run, as far as it can be repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// The seed.
    pub(crate) seed: u64,
    /// Members at the beginning.
    pub(crate) nodes: u32,
    /// How far it came.
    pub(crate) time_us: u64,
    /// What was done, in order of time.
    pub(crate) actions: Vec<Action>,
}

impl Default for Run {
    fn default() -> Self {
        Self { seed: 42, nodes: 5, time_us: 0, actions: Vec::new() }
    }
}

/// What a link says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Link {
    /// The run.
    pub(crate) run: Run,
    /// The build that made the link.
    pub(crate) build: Option<String>,
}

/// Why a link cannot be read: one sentence for its reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BadLink(String);

impl fmt::Display for BadLink {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

fn bad<T>(what: impl fmt::Display) -> Result<T, BadLink> {
    Err(BadLink(format!("This link cannot be opened: {what}.")))
}

/// Writes a run as the part of an address after the `#`.
pub(crate) fn write(run: &Run, build: &str) -> String {
    // What comes later than the reader accepts is left out: a page must open its own address.
    let held = run.actions.iter().take_while(|action| action.time_us <= TIME_MAX_US);
    let held = &run.actions[..held.count()];
    let mut text = link::write(run.seed, run.nodes, run.time_us.min(TIME_MAX_US), held);
    if is_build(build) {
        let _ = write!(text, "&b={build}");
    }
    text
}

/// Reads the part of an address after the `#`; `None` when nothing stands there.
pub(crate) fn read(hash: &str) -> Result<Option<Link>, BadLink> {
    let hash = hash.trim_start_matches('#');
    if hash.is_empty() {
        return Ok(None);
    }
    if !hash.contains('=') {
        return bad(format_args!("\"{}\" is neither a view nor a run", shorten(hash)));
    }
    if hash.len() > LINK_MAX {
        return bad(format_args!("it is {} bytes long, and {LINK_MAX} are the most", hash.len()));
    }
    let mut link = Link::default();
    for part in hash.split('&') {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        match name {
            "seed" => link.run.seed = number(value, "seed", u64::MAX)?,
            "n" => {
                let nodes = number(value, "number of members", 99)?;
                link.run.nodes = u32::try_from(nodes).unwrap_or(u32::MAX);
                if !SIZES.contains(&link.run.nodes) {
                    return bad(format_args!(
                        "it asks for {nodes} members, and 1 to 9 are possible"
                    ));
                }
            }
            "t" => {
                link.run.time_us = number(value, "time", u64::MAX)?;
                if link.run.time_us > TIME_MAX_US {
                    return bad("its time is above an hour");
                }
            }
            "a" => link.run.actions = actions(value)?,
            "b" if is_build(value) => link.build = Some(value.to_owned()),
            "b" => return bad("the name of its build is not one"),
            _ => {
                return bad(format_args!(
                    "it has a part that is unknown here, \"{}\"",
                    shorten(name)
                ));
            }
        }
    }
    // A link may stop before its last command: what is still to come is done when time goes on.
    if link.run.time_us == 0 {
        link.run.time_us = link.run.actions.last().map_or(0, |action| action.time_us);
    }
    Ok(Some(link))
}

fn actions(value: &str) -> Result<Vec<Action>, BadLink> {
    let mut actions = Vec::new();
    let mut time_us = 0_u64;
    for item in value.split(';').filter(|item| !item.is_empty()) {
        if actions.len() == ACTIONS_MAX {
            return bad(format_args!("it holds more than {ACTIONS_MAX} commands"));
        }
        let Some((after, line)) = item.split_once('.') else {
            return bad("a command in it has no time");
        };
        time_us += number(after, "time of a command", TIME_MAX_US)?;
        if time_us > TIME_MAX_US {
            return bad("its commands go on for more than an hour");
        }
        let Some(line) = unescape(line).filter(|line| !line.contains(char::is_control)) else {
            return bad("a command in it is not text");
        };
        if line.len() > LINE_MAX {
            return bad(format_args!("a command in it is longer than {LINE_MAX} bytes"));
        }
        actions.push(Action { time_us, line });
    }
    Ok(actions)
}

fn number(text: &str, what: &str, max: u64) -> Result<u64, BadLink> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<u64>() {
        Ok(number) if digits && number <= max => Ok(number),
        Ok(_) if digits => bad(format_args!("its {what} is above {max}")),
        _ => bad(format_args!(
            "its {what} is \"{}\", which is not a number that fits",
            shorten(text)
        )),
    }
}

/// Builds are named by 16 hex digits; a page that runs from its sources has no name.
fn is_build(name: &str) -> bool {
    name.len() == 16 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn shorten(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(24).collect()
}

fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (high, low) = (char::from(rest.next()?), char::from(rest.next()?));
                u8::try_from(high.to_digit(16)? * 16 + low.to_digit(16)?).ok()?
            }
            plain => plain,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests;
