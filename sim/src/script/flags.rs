//! `start n2 --initial-cluster-token b`: a machine is started with flags of its own.

use super::ParseError;
use super::command::{Command, Who};
use super::parse::who;
use super::units::quoted;
use super::vocabulary::{self, nearest};
use crate::world::{Flag, Flags};

type Result<T> = std::result::Result<T, ParseError>;

/// Whether the line names flags.
pub(super) fn are_in(rest: &[&str]) -> bool {
    rest.iter().any(|word| word.starts_with('-'))
}

/// Reads what stands behind `start`: a machine, perhaps the word `etcd`, and flags as `--name value` or
/// `--name=value`.
pub(super) fn parse(rest: &[&str]) -> Result<Command> {
    let usage = || {
        let usage = vocabulary::find("start").map_or("start", |entry| entry.usage);
        ParseError::new(format!("Write it like {usage}."))
    };
    let (member, mut rest) = match rest {
        [member, "etcd", rest @ ..] | [member, rest @ ..] => (*member, rest),
        [] => return Err(usage()),
    };
    let (member @ Who::Alias(_) | member @ Who::Name(_)) = who(member)? else {
        return Err(usage());
    };
    let mut flags = Flags::new();
    while let [first, more @ ..] = rest {
        let Some(name) = first.strip_prefix("--").or_else(|| first.strip_prefix('-')) else {
            return Err(usage());
        };
        let (name, value) = match (name.split_once('='), more) {
            (Some((name, value)), _) => {
                rest = more;
                (name, value)
            }
            (None, [value, more @ ..]) => {
                rest = more;
                (name, *value)
            }
            (None, []) => {
                return Err(ParseError::new(format!("--{name} needs a value behind it.")));
            }
        };
        let flag = Flag::from_name(name).ok_or_else(|| unknown(name))?;
        if flag == Flag::State && !matches!(value, "new" | "existing") {
            return Err(ParseError::new(format!(
                "{} is no state of a cluster. Write new or existing.",
                quoted(value)
            )));
        }
        flags.push((flag, value.to_owned()));
    }
    Ok(Command::Start { member, flags })
}

/// The words of a line that changes these flags.
pub(super) fn words(flags: &Flags) -> String {
    flags.iter().map(|(flag, value)| format!(" --{} {value}", flag.name())).collect()
}

fn unknown(name: &str) -> ParseError {
    let known = || Flag::ALL.into_iter().map(Flag::name);
    let hint = match nearest(name, known()) {
        Some(near) => format!("Is --{near} meant?"),
        None => format!("There are --{}.", known().collect::<Vec<_>>().join(", --")),
    };
    ParseError::new(format!("A machine of this lab has no flag {}. {hint}", quoted(name)))
}
