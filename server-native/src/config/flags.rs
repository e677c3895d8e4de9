//! etcd's command line and environment, read as Go's `flag` package reads them.
//!
//! `-name x`, `--name x`, `--name=x` are the same; a flag of yes or no stands alone or takes
//! `=true`; `--` or the first word without a dash ends the flags. Every flag may come from the
//! environment, `--data-dir` as `ETCD_DATA_DIR`, but not from both: etcd refuses to guess which
//! one is meant, and so do we.
//!
//! This module knows what a flag's value looks like, not what it means: that is
//! [`super::Settings`]. The table of flags is in [`super::table`].

use std::collections::BTreeMap;
use std::time::Duration;

use super::Url;
use super::table;

/// What the old name of many a flag begins with.
const OLD_NAMES: &str = "experimental-";

/// What a flag's value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Any text.
    Text,
    /// Yes or no.
    Bool,
    /// A whole number from 0.
    Uint,
    /// A whole number.
    Int,
    /// `100ms`, `5s`, `1h30m`.
    Duration,
    /// URLs, separated by commas.
    Urls,
    /// URLs of pages, separated by commas, or `*`.
    Origins,
    /// One of these words.
    OneOf(&'static [&'static str]),
}

/// What becomes of a flag's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Support {
    /// It does what etcd's does.
    Works,
    /// It tunes a part that etcd has and this server has not; any value is right.
    NoEffect,
    /// It asks for a feature that is not built yet; only its default is accepted.
    NotYet,
}

/// One row of the table of flags.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flag {
    /// The name without dashes.
    pub(super) name: &'static str,
    /// What its value looks like.
    pub(super) kind: Kind,
    /// The value when it is not given; empty where etcd has none.
    pub(super) default: &'static str,
    /// What becomes of it.
    pub(super) support: Support,
    /// One line for `--help`.
    pub(super) help: &'static str,
}

impl Flag {
    /// The name of the environment variable, `ETCD_DATA_DIR`.
    #[must_use]
    pub(super) fn variable(&self) -> String {
        format!("ETCD_{}", self.name.to_uppercase().replace('-', "_"))
    }

    fn check(&self, value: &str) -> Result<(), String> {
        let parse_error = || "parse error".to_owned();
        match self.kind {
            Kind::Text => Ok(()),
            Kind::Bool => parse_bool(value).map(drop).ok_or_else(parse_error),
            Kind::Uint => value.parse::<u64>().map(drop).map_err(|_| parse_error()),
            Kind::Int => value.parse::<i64>().map(drop).map_err(|_| parse_error()),
            Kind::Duration => parse_duration(value).map(drop).ok_or_else(parse_error),
            // An empty list is a list that is not set.
            Kind::Urls if value.is_empty() && self.default.is_empty() => Ok(()),
            Kind::Origins if value == "*" => Ok(()),
            Kind::Urls | Kind::Origins => Url::parse_list(value).map(drop),
            Kind::OneOf(words) if words.contains(&value) => Ok(()),
            Kind::OneOf(_) => Err("invalid value".to_owned()),
        }
    }
}

/// The values that were given, each with the rule of its flag already checked.
#[derive(Debug, Default)]
pub(super) struct Values {
    given: BTreeMap<&'static str, String>,
}

/// What stands on the command line.
#[derive(Debug)]
pub(super) enum Line {
    /// Flags, checked.
    Values(Values),
    /// `-h` or `--help`.
    Help,
}

/// Why the command line or the environment is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlagError {
    /// A flag that does not exist or whose value cannot be read; Go's sentence, exit code 2.
    #[error("{0}")]
    Syntax(String),
    /// A word that is no flag, or a variable that cannot be read; exit code 1.
    #[error("{0}")]
    Invalid(String),
    /// The same setting by flag and by variable; exit code 1.
    #[error(
        "conflicting environment variable is shadowed by corresponding command-line flag (either unset environment variable or disable flag))"
    )]
    Conflict {
        /// The variable.
        variable: String,
    },
}

impl Values {
    /// Reads the command line (without the program's own name).
    ///
    /// # Errors
    /// What Go's `flag` package and etcd refuse, in their words.
    pub(super) fn from_args(args: impl IntoIterator<Item = String>) -> Result<Line, FlagError> {
        let mut values = Self::default();
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            let Some(body) = arg.strip_prefix("--").or_else(|| arg.strip_prefix('-')) else {
                return Err(FlagError::Invalid(format!("{arg:?} is not a valid flag")));
            };
            if body.is_empty() {
                // `--` ends the flags; etcd takes nothing behind them.
                let Some(arg) = args.next() else { break };
                return Err(FlagError::Invalid(format!("{arg:?} is not a valid flag")));
            }
            if body.starts_with(['-', '=']) {
                return Err(FlagError::Syntax(format!("bad flag syntax: {arg}")));
            }
            let (name, value) =
                body.split_once('=').map_or((body, None), |(n, v)| (n, Some(v.to_owned())));
            if name == "h" || name == "help" {
                return Ok(Line::Help);
            }
            let Some(flag) = table::find(name) else {
                return Err(FlagError::Syntax(format!("flag provided but not defined: -{name}")));
            };
            let value = match (value, flag.kind) {
                (Some(value), _) => value,
                (None, Kind::Bool) => "true".to_owned(),
                (None, _) => args
                    .next()
                    .ok_or_else(|| FlagError::Syntax(format!("flag needs an argument: -{name}")))?,
            };
            flag.check(&value).map_err(|why| {
                let what = if flag.kind == Kind::Bool { "boolean value" } else { "value" };
                let link = if flag.kind == Kind::Bool { "for" } else { "for flag" };
                FlagError::Syntax(format!("invalid {what} {value:?} {link} -{name}: {why}"))
            })?;
            values.given.insert(flag.name, value);
        }
        Ok(Line::Values(values))
    }

    /// Adds what the environment says. Gives back the variables that were used, and those that
    /// begin like ours but name no flag.
    ///
    /// # Errors
    /// A variable whose flag is given too, or whose value cannot be read.
    pub(super) fn add_environment(
        &mut self,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Environment, FlagError> {
        let mut seen = Environment::default();
        for (variable, value) in environment {
            if !variable.starts_with("ETCD_") {
                continue;
            }
            let Some(flag) = table::flags().find(|flag| flag.variable() == variable) else {
                seen.unknown.push((variable, value));
                continue;
            };
            if self.given.contains_key(flag.name) {
                return Err(FlagError::Conflict { variable });
            }
            if value.is_empty() {
                continue;
            }
            flag.check(&value).map_err(|why| {
                FlagError::Invalid(format!("invalid value {value:?} for {variable}: {why}"))
            })?;
            seen.used.push((variable, value.clone()));
            self.given.insert(flag.name, value);
        }
        Ok(seen)
    }

    /// Whether the flag was given, on either way.
    #[must_use]
    pub(super) fn is_given(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    /// The flag's value, under its name or its old one, or its default.
    ///
    /// # Panics
    /// When the table has no such flag.
    #[must_use]
    pub(super) fn text(&self, name: &str) -> &str {
        let flag = table::find(name).expect("the flag is in the table");
        let given = self.given.get(flag.name).or_else(|| {
            let old = self.given.iter().find(|(old, _)| old.strip_prefix(OLD_NAMES) == Some(name));
            old.map(|(_, value)| value)
        });
        given.map_or(flag.default, String::as_str)
    }

    /// The value that the flag has when it is not given.
    ///
    /// # Panics
    /// When the table has no such flag.
    #[must_use]
    pub(super) fn default_of(&self, name: &str) -> &'static str {
        table::find(name).expect("the flag is in the table").default
    }

    /// The value of a [`Kind::Uint`].
    ///
    /// # Panics
    /// When the flag is of another kind.
    #[must_use]
    pub(super) fn uint(&self, name: &str) -> u64 {
        self.text(name).parse().expect("the value was checked when it was given")
    }

    /// The value of a [`Kind::Int`].
    ///
    /// # Panics
    /// When the flag is of another kind.
    #[must_use]
    pub(super) fn int(&self, name: &str) -> i64 {
        self.text(name).parse().expect("the value was checked when it was given")
    }

    /// The value of a [`Kind::Bool`].
    ///
    /// # Panics
    /// When the flag is of another kind.
    #[must_use]
    pub(super) fn bool(&self, name: &str) -> bool {
        parse_bool(self.text(name)).expect("the value was checked when it was given")
    }

    /// The value of a [`Kind::Duration`].
    ///
    /// # Panics
    /// When the flag is of another kind.
    #[must_use]
    pub(super) fn duration(&self, name: &str) -> Duration {
        parse_duration(self.text(name)).expect("the value was checked when it was given")
    }

    /// The value of a [`Kind::Urls`]; empty when it is not set and has no default.
    ///
    /// # Panics
    /// When the flag is of another kind.
    #[must_use]
    pub(super) fn urls(&self, name: &str) -> Vec<Url> {
        match self.text(name) {
            "" => Vec::new(),
            text => Url::parse_list(text).expect("the value was checked when it was given"),
        }
    }
}

/// What [`Values::add_environment`] met.
#[derive(Debug, Default)]
pub(super) struct Environment {
    /// Variables that set a flag.
    pub(super) used: Vec<(String, String)>,
    /// Variables named `ETCD_*` that set nothing.
    pub(super) unknown: Vec<(String, String)>,
}

/// Go's words for yes and no.
#[must_use]
pub(super) fn parse_bool(value: &str) -> Option<bool> {
    match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// Go's durations that are not negative: `0`, `100ms`, `1h30m`, `1.5s`.
#[must_use]
pub(super) fn parse_duration(value: &str) -> Option<Duration> {
    if value == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = value;
    let mut sum = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let unit = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit);
        let seconds = match unit {
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            _ => return None,
        };
        let part = number.parse::<f64>().ok()? * seconds;
        sum = sum.checked_add(Duration::try_from_secs_f64(part).ok()?)?;
        rest = tail;
    }
    (!value.is_empty()).then_some(sum)
}
