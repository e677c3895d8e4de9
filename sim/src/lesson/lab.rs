//! A lesson as data: `lab.toml` beside `lesson.md`.
//!
//! ```toml
//! title = "Write on one, read on every one"
//! minutes = 15
//! members = 3
//! prepare = ["until leader"]                 # lines of the command language, before the student comes
//! locked = ["kill", "power off"]             # commands that the student may not use
//! names = [["L", "leader @ start"], ["f", "first(followers @ start)"]]
//!
//! [[steps]]
//! title = "Write at a follower"              # the text is the section of lesson.md with this number
//!
//! [[predictions]]
//! name = "P1"
//! step = 1
//! question = "Who put red into the log first?"
//! choices = ["the leader", "the follower"]
//! accepted = ["the leader"]
//! tempting = [["the follower", "It was asked, and it only handed the write on."]]
//! reveal = "ok put(key = \"color\")"         # a prediction behind this event comes too late
//!
//! [[questions]]
//! name = "served_by"
//! step = 3
//! question = "Which member answered?"
//! kind = "id"                                # text, number, duration, member, id, set, list
//!
//! [[goals]]
//! name = "G1"
//! step = 1
//! title = "A put through a follower"
//! weight = 1
//! formula = 'ok put(key = "color", via in followers)'
//! hints = ["...", "..."]
//! ```
//!
//! Names stand for expressions of the goal language. Texts may use them in braces: "stop {f}" reads "stop n2"
//! for the student whose f is n2.

use glasshouse_core::order;
use std::collections::BTreeMap;

use serde::Deserialize;

use super::answer::{Kind, Wanted};
use super::goal::check::Scopes;
use super::goal::{Expr, Goal, Judge, Run};
use crate::chronicle::{Chronicle, Fact, Moment};
use crate::script::{Bench, Setup};
use crate::trace::TraceHash;

mod read;

pub(super) use self::read::Fault;

/// Longest `lab.toml` and longest `lesson.md`, in bytes.
pub const TEXT_BYTES_MAX: usize = 128 * 1024;
/// How long all prepared lines together may let time flow, in microseconds: ten minutes.
const PREPARED_US_MAX: u64 = 600_000_000;
/// Most events before the student comes: some seconds of work. A lesson may come from a stranger.
const PREPARED_EVENTS_MAX: u64 = 300_000;
/// It is looked that often, in microseconds, how many there were.
const PREPARED_LOOK_US: u64 = 100_000;
/// The mark behind the last prepared line: what is before it is set-up.
pub const START: &str = "start";
/// Commands that no lesson opens: they put another world in place of its own.
const LOCKED_ALWAYS: [&str; 4] = ["hunt", "ground", "traffic", "settle"];

/// A step of the text.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its heading.
    pub title: String,
}

/// A question before something is seen. Any answer scores; silence does not.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// `P1`.
    pub name: String,
    /// The step in which it is asked, from 1.
    pub step: u32,
    /// The question.
    pub question: String,
    /// What can be chosen.
    pub choices: Vec<String>,
    /// Several can be chosen at once: all of `accepted` together are right.
    pub several: bool,
    /// What is right.
    pub accepted: Vec<String>,
    /// Wrong choices, and why they tempt: told when it is over.
    pub tempting: Vec<(String, String)>,
    /// The event that shows what is right.
    pub reveal: Expr,
}

impl Prediction {
    /// Whether this is right.
    #[must_use]
    pub fn is_right(&self, text: &str) -> bool {
        let plain = |text: &str| text.trim().to_lowercase();
        if !self.several {
            return self.accepted.iter().any(|right| plain(right) == plain(text));
        }
        let said = text.trim_matches(['{', '}']).split(',').map(plain);
        let said = order::set(said.filter(|one| !one.is_empty()));
        said == order::set(self.accepted.iter().map(|right| plain(right)))
    }
}

/// A question that goals look at.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Its name in goals and in `answer NAME ...`.
    pub name: String,
    /// The step in which it is asked, from 1.
    pub step: u32,
    /// The question.
    pub question: String,
    /// What kind of answer it wants.
    #[serde(default)]
    pub kind: Kind,
    /// What can be chosen; empty: something is typed.
    #[serde(default)]
    pub choices: Vec<String>,
    /// How far a number may be off; a duration in milliseconds.
    #[serde(default)]
    pub tolerance: f64,
    /// The same in hundredths of the right one.
    #[serde(default)]
    pub tolerance_percent: f64,
    /// Behind the number, for people.
    #[serde(default)]
    pub unit: String,
}

/// Something to be reached.
#[derive(Clone, Debug)]
pub struct LabGoal {
    /// `G1`.
    pub name: String,
    /// The step in which it can be reached, from 1.
    pub step: u32,
    /// What is to be reached, for people.
    pub title: String,
    /// Points.
    pub weight: u32,
    /// The formula, as text.
    pub text: String,
    /// The formula.
    pub goal: Goal,
    /// Hints: the first points, the second almost tells and costs a tenth.
    pub hints: Vec<String>,
}

/// A lesson. See the module's page.
#[derive(Clone, Debug)]
pub struct Lab {
    /// `03-put-here-get-there`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// How long it takes.
    pub minutes: u32,
    /// What a student can do afterwards.
    pub objective: String,
    /// First members.
    pub members: u8,
    /// Lines before the student comes.
    pub prepare: Vec<String>,
    /// Commands that the student may not use.
    pub locked: Vec<String>,
    /// Names for expressions.
    pub names: Vec<(String, Expr)>,
    /// Steps.
    pub steps: Vec<Step>,
    /// Predictions.
    pub predictions: Vec<Prediction>,
    /// Questions.
    pub questions: Vec<Question>,
    /// Goals.
    pub goals: Vec<LabGoal>,
    /// The text: `lesson.md`.
    pub text: String,
}

impl Lab {
    /// What a student answers is read by this.
    #[must_use]
    pub fn wanted(&self) -> BTreeMap<String, Wanted> {
        let wanted = |question: &Question| Wanted {
            kind: question.kind,
            tolerance: question.tolerance,
            tolerance_percent: question.tolerance_percent,
        };
        order::map(self.questions.iter().map(|question| (question.name.clone(), wanted(question))))
    }

    /// What expressions may speak of.
    #[must_use]
    pub fn scopes(&self) -> Scopes {
        Scopes {
            names: order::set(self.names.iter().map(|(name, _)| name.clone())),
            questions: order::set(self.questions.iter().map(|question| question.name.clone())),
        }
    }

    /// Why a student may not use this line, if he may not.
    #[must_use]
    pub fn forbids(&self, line: &str) -> Option<String> {
        let command = crate::script::parse(line).ok()?;
        let words = command.words();
        let locked = |word: &&str| {
            LOCKED_ALWAYS.contains(word) || self.locked.iter().any(|locked| locked == word)
        };
        if let Some(word) = words.iter().find(|word| locked(word)) {
            return Some(format!("This lesson locks {word}."));
        }
        matches!(&command, crate::script::Command::Mark(name) if name == START)
            .then(|| format!("The mark {START} is the lesson's own."))
    }

    /// The seed of a student: another one in each class.
    #[must_use]
    pub fn seed(&self, class: &str, student: &str) -> u64 {
        seed_of(&self.id, class, student)
    }

    /// The world of a seed, set up, at the moment at which the student comes.
    ///
    /// # Errors
    /// One sentence: a prepared line cannot be carried out.
    pub fn open(&self, seed: u64) -> Result<Bench, String> {
        let mut bench = Bench::chronicled(Setup::new(seed, self.members));
        let begin = format!("mark {START}");
        for line in self.prepare.iter().chain([&begin]) {
            let id = bench.exec(line);
            finish_prepared(&mut bench, id)?;
            if let Some(entry) = bench.entry(id)
                && entry.failed
            {
                let said = entry.output.trim_end();
                return Err(format!("The prepared line \"{line}\" failed: {said}"));
            }
        }
        Ok(bench)
    }

    /// What the names stand for in one student's run, as far as it is known.
    #[must_use]
    pub fn fills(&self, chronicle: &Chronicle) -> Vec<(String, String)> {
        let wanted = BTreeMap::new();
        let runs = [run("main", chronicle, Moment::after(u64::MAX - 1))];
        let judge = Judge { runs: &runs, names: &self.names, wanted: &wanted };
        let value = |(name, expr): &(String, Expr)| {
            judge.value(expr, 0).ok().map(|value| (name.clone(), value.to_string()))
        };
        self.names.iter().filter_map(value).collect()
    }
}

/// The seed of a student in a lesson.
#[must_use]
pub fn seed_of(lesson: &str, class: &str, student: &str) -> u64 {
    let mut hash = TraceHash::new();
    for part in [class, lesson, student] {
        hash.bytes(part.as_bytes());
    }
    hash.value()
}

/// Texts for one student: names in braces become what they stand for ([`Lab::fills`]).
#[must_use]
pub fn told(text: &str, fills: &[(String, String)]) -> String {
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        told.push_str(&rest[..open]);
        rest = &rest[open + 1..];
        let named = fills.iter().find_map(|(name, value)| {
            Some((value, rest.strip_prefix(name.as_str())?.strip_prefix('}')?))
        });
        match named {
            Some((value, behind)) => {
                told.push_str(value);
                rest = behind;
            }
            None => told.push('{'),
        }
    }
    told + rest
}

/// Lets a prepared line come to its end, within what preparing may cost.
pub(super) fn finish_prepared(bench: &mut Bench, id: u64) -> Result<(), String> {
    let runs = |bench: &Bench| {
        let entry = bench.entry(id).is_some_and(|entry| !entry.done) && !bench.rests(id);
        entry && bench.world().violation().is_none()
    };
    while runs(bench) {
        bench.finish(id, PREPARED_LOOK_US);
        if bench.now_us() > PREPARED_US_MAX {
            return Err("What is prepared asks for more than ten minutes.".to_owned());
        }
        if bench.world().events() > PREPARED_EVENTS_MAX {
            return Err(format!(
                "What is prepared asks for more than {PREPARED_EVENTS_MAX} events."
            ));
        }
    }
    Ok(())
}

/// A branch as goals see it: it begins at the mark [`START`].
#[must_use]
pub fn run<'a>(name: &'a str, chronicle: &'a Chronicle, end: Moment) -> Run<'a> {
    let begin = format!("mark {START}");
    let mut lines = chronicle.facts().iter();
    let start = lines.find(|noted| matches!(&noted.fact, Fact::Line(line) if *line == begin));
    Run { name, chronicle, start: start.map_or(Moment::BEGIN, |noted| noted.moment), end }
}
