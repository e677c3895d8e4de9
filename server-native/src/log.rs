//! Log lines as etcd writes them: one JSON object for each, on stderr.
//!
//! ```text
//! {"level":"info","ts":"2026-11-20T10:55:37.566831Z","caller":"server.rs:104","msg":"ready to serve client requests"}
//! ```
//!
//! Tools and people wait for etcd's messages by their text, so the texts of `msg` that etcd has
//! are used unchanged. A line is written with one `write`, so lines of threads do not mix.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::panic::Location;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

/// How grave a line is; lines below the chosen level are not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For those who look for a bug.
    Debug,
    /// The course of things.
    Info,
    /// Somebody may want to look.
    Warn,
    /// Something failed.
    Error,
    /// Accepted by `--log-level`; no line has this level.
    Panic,
    /// The process ends after this line.
    Fatal,
}

impl Level {
    /// The level with this name, as `--log-level` takes it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Debug, Self::Info, Self::Warn, Self::Error, Self::Panic, Self::Fatal]
            .into_iter()
            .find(|level| level.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Panic => "panic",
            Self::Fatal => "fatal",
        }
    }
}

/// A name and a value beside the message.
pub type Field<'a> = (&'a str, Value);

/// Where lines go.
pub struct Log {
    level: Level,
    outputs: Mutex<Vec<Box<dyn Write + Send>>>,
}

impl Log {
    /// A log to `outputs`, each `default` or `stderr`, `stdout`, or the path of a file that is
    /// appended to.
    ///
    /// # Errors
    /// A file that cannot be opened, with its path.
    pub fn new(level: Level, outputs: &[String]) -> io::Result<Self> {
        let mut writers: Vec<Box<dyn Write + Send>> = Vec::new();
        for output in outputs {
            match output.as_str() {
                "default" | "stderr" => writers.push(Box::new(io::stderr())),
                "stdout" => writers.push(Box::new(io::stdout())),
                path => {
                    let file = OpenOptions::new().create(true).append(true).open(path).map_err(
                        |error| io::Error::new(error.kind(), format!("open log {path}: {error}")),
                    )?;
                    writers.push(Box::new(file));
                }
            }
        }
        Ok(Self { level, outputs: Mutex::new(writers) })
    }

    /// A log to stderr from `info` up: what is used until the flags are read.
    #[must_use]
    pub fn stderr() -> Self {
        Self { level: Level::Info, outputs: Mutex::new(vec![Box::new(io::stderr())]) }
    }

    /// Writes a line for those who look for a bug.
    #[track_caller]
    pub fn debug(&self, message: &str, fields: &[Field<'_>]) {
        self.write(Level::Debug, None, message, fields, Location::caller());
    }

    /// Writes a line about the course of things.
    #[track_caller]
    pub fn info(&self, message: &str, fields: &[Field<'_>]) {
        self.write(Level::Info, None, message, fields, Location::caller());
    }

    /// Writes a line that somebody may want to look at.
    #[track_caller]
    pub fn warn(&self, message: &str, fields: &[Field<'_>]) {
        self.write(Level::Warn, None, message, fields, Location::caller());
    }

    /// Writes a line about something that failed.
    #[track_caller]
    pub fn error(&self, message: &str, fields: &[Field<'_>]) {
        self.write(Level::Error, None, message, fields, Location::caller());
    }

    /// Writes the last line of a process that must end.
    #[track_caller]
    pub fn fatal(&self, message: &str, fields: &[Field<'_>]) {
        self.write(Level::Fatal, None, message, fields, Location::caller());
    }

    /// Writes a line of raft's own voice, as etcd marks it.
    #[track_caller]
    pub fn raft(&self, message: &str) {
        self.write(Level::Info, Some("raft"), message, &[], Location::caller());
    }

    /// Writes a line that was prepared before this log existed.
    #[track_caller]
    pub fn at(&self, level: Level, message: &str, fields: &[Field<'_>]) {
        self.write(level, None, message, fields, Location::caller());
    }

    fn write(
        &self,
        level: Level,
        logger: Option<&str>,
        message: &str,
        fields: &[Field<'_>],
        caller: &Location<'_>,
    ) {
        if level < self.level {
            return;
        }
        let line = line(level, logger, message, fields, caller, SystemTime::now());
        let mut outputs = self.outputs.lock().unwrap_or_else(PoisonError::into_inner);
        for output in outputs.iter_mut() {
            // A log that cannot be written must not stop a member.
            let _ = output.write_all(line.as_bytes()).and_then(|()| output.flush());
        }
    }
}

fn line(
    level: Level,
    logger: Option<&str>,
    message: &str,
    fields: &[Field<'_>],
    caller: &Location<'_>,
    now: SystemTime,
) -> String {
    let file = caller.file().rsplit_once("src/").map_or(caller.file(), |(_, file)| file);
    let mut line = format!("{{\"level\":\"{}\",\"ts\":\"{}\"", level.name(), timestamp(now));
    if let Some(logger) = logger {
        line.push_str(&format!(",\"logger\":\"{logger}\""));
    }
    line.push_str(&format!(",\"caller\":\"{file}:{}\"", caller.line()));
    line.push_str(&format!(",\"msg\":{}", Value::from(message)));
    for (name, value) in fields {
        line.push_str(&format!(",{}:{value}", Value::from(*name)));
    }
    line.push_str("}\n");
    line
}

/// Coordinated universal time with microseconds, `2026-11-20T10:55:37.566831Z`.
fn timestamp(now: SystemTime) -> String {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = civil_date(days);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:06}Z",
        second / 3_600,
        second / 60 % 60,
        second % 60,
        since.subsec_micros()
    )
}

/// The date of a day counted from 1970-01-01, in the Gregorian calendar.
///
/// Years are counted from March here, so that the day that leap years add is the last of a year;
/// an era is the 400 years after which the calendar repeats.
fn civil_date(days: u64) -> (u64, u64, u64) {
    let since_march_0000 = days + 719_468;
    let (era, day_of_era) = (since_march_0000 / 146_097, since_march_0000 % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months_since_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months_since_march + 2) / 5 + 1;
    let month =
        if months_since_march < 10 { months_since_march + 3 } else { months_since_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_etcds() {
        let now = UNIX_EPOCH + Duration::from_micros(1_732_647_248_229_354);
        let caller = Location::caller();
        let fields = [("cluster-id", Value::from("cdf818194e3a8c32")), ("urls", vec!["a"].into())];
        let got = line(Level::Info, Some("raft"), "said \"so\"", &fields, caller, now);
        let want = format!(
            "{{\"level\":\"info\",\"ts\":\"2024-11-26T18:54:08.229354Z\",\"logger\":\"raft\",\
             \"caller\":\"log.rs:{}\",\"msg\":\"said \\\"so\\\"\",\
             \"cluster-id\":\"cdf818194e3a8c32\",\"urls\":[\"a\"]}}\n",
            caller.line()
        );
        assert_eq!(got, want);
    }

    #[test]
    fn dates_of_the_calendar() {
        assert_eq!(civil_date(0), (1970, 1, 1));
        assert_eq!(civil_date(11_016), (2000, 2, 29));
        assert_eq!(civil_date(11_017), (2000, 3, 1));
        assert_eq!(civil_date(20_777), (2026, 11, 20));
    }
}
