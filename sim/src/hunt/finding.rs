//! A finding: a run that breaks a property, as a text of about a kilobyte.
//!
//! ```text
//!   glasshouse finding 1
//!   build 0f1e2d3c4b5a6978              the simulator that made it: another may run it differently
//!   seed 42
//!   members 3
//!   property one vote per term          what breaks
//!   at 4812345us                        when
//!   trace 93b1f2c0d4e5a6b7              the hash over everything up to there
//!                                       an empty line, then lines of the command language, each
//!   0s plant M02                        with its virtual time
//!   0s traffic 1/s for 1s
//!   1.5s campaign n2
//! ```
//!
//! Nothing in it is believed: [`Finding::verify`] does it all again and looks what breaks. A text may
//! come from anybody, so its size, its lines and the work that it asks for are bounded.

use std::fmt;

use crate::check::{Property, Violation};
use crate::clock::{MICROS, MILLIS, Nanos, SECOND};
use crate::hunt::case::Case;
use crate::script::siege::time_text;
use crate::script::units::duration_us;
use crate::script::{Bench, Setup};
use crate::view::call::{Action, Stop};
use crate::view::link;

/// The simulator that this is: 16 hex digits over the sources of core and simulator.
pub const BUILD: &str = env!("GLASSHOUSE_BUILD");

/// The first line.
const HEAD: &str = "glasshouse finding 1";
/// Longest text, in bytes.
pub const BYTES_MAX: usize = 64 * 1024;
/// Most lines of the command language.
pub const LINES_MAX: usize = 1_000;
/// Longest of them, in bytes.
const LINE_BYTES_MAX: usize = 4_096;
/// The latest moment at which a property may break: an hour.
const AT_MAX: Nanos = 3_600 * SECOND;
/// Most events of a run that is judged: a second or two of work.
const EVENTS_MAX: u64 = 400_000;
/// It is looked that often how many events there were.
const LOOK_EVERY: Nanos = SECOND / 4;

/// A run that breaks a property. See the module's page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The simulator that made it.
    pub build: String,
    /// The seed.
    pub seed: u64,
    /// First members.
    pub members: u8,
    /// What breaks.
    pub property: Property,
    /// When, in virtual nanoseconds.
    pub at: Nanos,
    /// The hash over the history up to there.
    pub trace: u64,
    /// What was done: lines and their times in microseconds.
    pub lines: Vec<Action>,
}

impl Finding {
    /// The finding that a case is; `None` if its lines break nothing.
    #[must_use]
    pub fn of(case: &Case) -> Option<Self> {
        let lines = case.lines()?.into_iter();
        let lines = lines.map(|(at, line)| Action { time_us: at / MICROS, line }).collect();
        let mut finding = Self {
            build: BUILD.to_owned(),
            seed: case.seed,
            members: case.members,
            property: Property::Liveness,
            at: case.end,
            trace: 0,
            lines,
        };
        let (violation, trace) = finding.execute().ok()??;
        (finding.property, finding.at, finding.trace) = (violation.property, violation.at, trace);
        Some(finding)
    }

    /// A world in which it happens, at its beginning.
    #[must_use]
    pub fn bench(&self) -> Bench {
        Bench::new(Setup::new(self.seed, self.members), self.lines.clone())
    }

    /// Does it all again; gives what broke, and the hash over the history up to there.
    fn execute(&self) -> Result<Option<(Violation, u64)>, String> {
        let mut bench = self.bench();
        let end = self.at.saturating_add(MILLIS);
        while bench.world().now() < end {
            let next = end.min(bench.world().now() + LOOK_EVERY);
            bench.run_until(next.div_ceil(MICROS), Stop::Time, 0);
            if let Some(violation) = bench.world().violation() {
                return Ok(Some((violation, bench.world().trace_hash())));
            }
            if bench.world().events() > EVENTS_MAX {
                return Err(format!("It asks for more than {EVENTS_MAX} events."));
            }
        }
        Ok(None)
    }

    /// Does it all again, and says in one sentence what is wrong with it, if anything is.
    ///
    /// # Errors
    /// Another build made it, a line cannot be carried out, nothing breaks, or something else does.
    pub fn verify(&self) -> Result<(), String> {
        if self.build != BUILD {
            return Err(format!(
                "It was made by build {}, and this is build {BUILD}: judge it with the build that made it.",
                self.build
            ));
        }
        for action in &self.lines {
            crate::script::parse(&action.line)
                .map_err(|error| format!("Its line \"{}\" cannot be read: {error}", action.line))?;
        }
        match self.execute()? {
            None => Err(format!("Nothing breaks until {}.", time_text(self.at))),
            Some((violation, _)) if violation.property != self.property => Err(format!(
                "It says that {} breaks, and what breaks is {}.",
                self.property, violation.property
            )),
            Some((violation, _)) if violation.at != self.at => Err(format!(
                "It says that {} breaks at {}, and it breaks at {}.",
                self.property,
                time_text(self.at),
                time_text(violation.at)
            )),
            Some((_, trace)) if trace != self.trace => {
                Err(format!("Its trace is {:016x}, and it says {:016x}.", trace, self.trace))
            }
            Some(_) => Ok(()),
        }
    }

    /// The part of the page's address after the `#` that opens this run at the moment of the violation.
    #[must_use]
    pub fn link(&self) -> String {
        let at_us = self.at.div_ceil(MICROS);
        link::write(self.seed, self.members.into(), at_us, &self.lines)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(to, "{HEAD}")?;
        writeln!(to, "build {}", self.build)?;
        writeln!(to, "seed {}", self.seed)?;
        writeln!(to, "members {}", self.members)?;
        writeln!(to, "property {}", self.property)?;
        writeln!(to, "at {}ns", self.at)?;
        writeln!(to, "trace {:016x}", self.trace)?;
        writeln!(to)?;
        for action in &self.lines {
            writeln!(to, "{} {}", time_text(action.time_us * MICROS), action.line)?;
        }
        Ok(())
    }
}

/// Reads a finding.
///
/// # Errors
/// One sentence about the first thing that is wrong with the text.
pub fn read(text: &str) -> Result<Finding, String> {
    if text.len() > BYTES_MAX {
        return Err(format!("It is {} bytes long, and {BYTES_MAX} are the most.", text.len()));
    }
    let mut lines = text.lines();
    let head = lines.next().unwrap_or_default();
    if head != HEAD {
        return Err(format!("It is no finding: its first line has to be \"{HEAD}\"."));
    }
    let mut field = |name: &str| -> Result<String, String> {
        let line = lines.next().unwrap_or_default();
        let value = line.strip_prefix(name).and_then(|rest| rest.strip_prefix(' '));
        let value = value.filter(|value| value.len() <= 64);
        value.map(str::to_owned).ok_or_else(|| format!("It has no line about its {name}."))
    };
    let wrong = |name: &str, value: &str| format!("Its {name} cannot be {:?}.", shorten(value));
    let build = field("build")?;
    let hex = |text: &str| text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if !hex(&build) {
        return Err(wrong("build", &build));
    }
    let seed = field("seed")?;
    let seed = seed.parse().map_err(|_| wrong("seed", &seed))?;
    let members = field("members")?;
    let members = members.parse().ok().filter(|n| (1..=9).contains(n));
    let members = members.ok_or_else(|| "It has to have 1 to 9 members.".to_owned())?;
    let property = field("property")?;
    let known = Property::ALL.into_iter().find(|known| known.name() == property);
    let property = known.ok_or_else(|| wrong("property", &property))?;
    let at = field("at")?;
    let nanos = at.strip_suffix("ns").and_then(|at| at.parse().ok()).filter(|at| *at <= AT_MAX);
    let at = nanos.ok_or_else(|| wrong("moment", &at))?;
    let trace = field("trace")?;
    let hash = u64::from_str_radix(&trace, 16).ok().filter(|_| hex(&trace));
    let trace = hash.ok_or_else(|| wrong("trace", &trace))?;
    let lines = script(lines)?;
    Ok(Finding { build, seed, members, property, at, trace, lines })
}

/// The lines below the empty one.
fn script<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Vec<Action>, String> {
    let mut actions: Vec<Action> = Vec::new();
    for line in lines.filter(|line| !line.is_empty()) {
        if actions.len() == LINES_MAX {
            return Err(format!("It has more than {LINES_MAX} lines."));
        }
        if line.len() > LINE_BYTES_MAX || line.contains(char::is_control) {
            return Err(format!("Its line {} is no line of a script.", actions.len() + 1));
        }
        let (time, line) = line.split_once(' ').unwrap_or((line, ""));
        let time_us = duration_us(time).map_err(|error| error.to_string())?;
        if actions.last().is_some_and(|last| last.time_us > time_us) {
            return Err(format!("Its line \"{}\" comes before the one above it.", shorten(line)));
        }
        actions.push(Action { time_us, line: line.to_owned() });
    }
    if actions.is_empty() {
        return Err("It does nothing: it has no lines.".to_owned());
    }
    Ok(actions)
}

fn shorten(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}
