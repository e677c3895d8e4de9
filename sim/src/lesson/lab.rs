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

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::answer::{Kind, Wanted};
use super::goal::check::Scopes;
use super::goal::{Expr, Goal, Judge, Run, parse};
use crate::chronicle::{Chronicle, Fact, Moment};
use crate::script::{Bench, Setup};
use crate::trace::TraceHash;

/// Longest `lab.toml` and longest `lesson.md`, in bytes.
pub const TEXT_BYTES_MAX: usize = 128 * 1024;
/// Most goals, questions, predictions, steps, names, prepared lines.
const ITEMS_MAX: usize = 64;
/// How long one prepared line may let time flow, in microseconds: ten minutes.
const PREPARED_US_MAX: u64 = 600_000_000;
/// The mark behind the last prepared line: what is before it is set-up.
pub const START: &str = "start";
/// Commands that no lesson opens: they put another world in place of its own.
const LOCKED_ALWAYS: [&str; 4] = ["hunt", "ground", "traffic", "settle"];

/// The file, as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    minutes: u32,
    #[serde(default)]
    objective: String,
    members: u8,
    #[serde(default)]
    prepare: Vec<String>,
    #[serde(default)]
    locked: Vec<String>,
    #[serde(default)]
    names: Vec<(String, String)>,
    #[serde(default)]
    steps: Vec<Step>,
    #[serde(default)]
    predictions: Vec<PredictionFile>,
    #[serde(default)]
    questions: Vec<Question>,
    goals: Vec<GoalFile>,
}

/// A step of the text.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its heading.
    pub title: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PredictionFile {
    name: String,
    step: u32,
    question: String,
    #[serde(default)]
    choices: Vec<String>,
    #[serde(default)]
    several: bool,
    accepted: Vec<String>,
    #[serde(default)]
    tempting: Vec<(String, String)>,
    reveal: String,
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
        let said: BTreeSet<String> = text
            .trim_matches(['{', '}'])
            .split(',')
            .map(plain)
            .filter(|one| !one.is_empty())
            .collect();
        said == self.accepted.iter().map(|right| plain(right)).collect()
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

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GoalFile {
    name: String,
    step: u32,
    title: String,
    #[serde(default = "one")]
    weight: u32,
    formula: String,
    #[serde(default)]
    hints: Vec<String>,
}

fn one() -> u32 {
    1
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
    /// Reads a lesson.
    ///
    /// # Errors
    /// One sentence about the first thing that is wrong.
    pub fn read(id: &str, toml: &str, text: &str) -> Result<Self, String> {
        for (name, text) in [("lab.toml", toml), ("lesson.md", text)] {
            if text.len() > TEXT_BYTES_MAX {
                let bytes = text.len();
                return Err(format!(
                    "{name} is {bytes} bytes long, and {TEXT_BYTES_MAX} are the most."
                ));
            }
        }
        is_name(id, "lesson")?;
        let file: File = toml::from_str(toml).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let line = toml.get(..at).unwrap_or_default().matches('\n').count() + 1;
            let why: String =
                error.message().lines().next().unwrap_or_default().chars().take(200).collect();
            format!("lab.toml, line {line}: {why}.")
        })?;
        if !(1..=9).contains(&file.members) {
            return Err("A lesson has 1 to 9 members.".to_owned());
        }
        let lists = [
            file.prepare.len(),
            file.locked.len(),
            file.names.len(),
            file.steps.len(),
            file.predictions.len(),
            file.questions.len(),
            file.goals.len(),
        ];
        if lists.into_iter().any(|length| length > ITEMS_MAX) {
            return Err(format!("No list of a lesson has more than {ITEMS_MAX} items."));
        }
        for line in &file.prepare {
            crate::script::parse(line)
                .map_err(|error| format!("The prepared line \"{line}\" cannot be read: {error}"))?;
        }
        let mut scopes = Scopes::default();
        let names = names(&file.names, &mut scopes)?;
        for question in &file.questions {
            is_name(&question.name, "question")?;
            if !scopes.questions.insert(question.name.clone()) {
                return Err(format!("There are two questions {}.", question.name));
            }
        }
        let predictions = predictions(file.predictions, &scopes)?;
        let goals = goals(file.goals, &scopes)?;
        Ok(Self {
            id: id.to_owned(),
            title: file.title,
            minutes: file.minutes,
            objective: file.objective,
            members: file.members,
            prepare: file.prepare,
            locked: file.locked,
            names,
            steps: file.steps,
            predictions,
            questions: file.questions,
            goals,
            text: text.to_owned(),
        })
    }

    /// What a student answers is read by this.
    #[must_use]
    pub fn wanted(&self) -> BTreeMap<String, Wanted> {
        let wanted = |question: &Question| Wanted {
            kind: question.kind,
            tolerance: question.tolerance,
            tolerance_percent: question.tolerance_percent,
        };
        self.questions.iter().map(|question| (question.name.clone(), wanted(question))).collect()
    }

    /// What expressions may speak of.
    #[must_use]
    pub fn scopes(&self) -> Scopes {
        Scopes {
            names: self.names.iter().map(|(name, _)| name.clone()).collect(),
            questions: self.questions.iter().map(|question| question.name.clone()).collect(),
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
        let mut hash = TraceHash::new();
        for part in [class, &self.id, student] {
            hash.bytes(part.as_bytes());
        }
        hash.value()
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
            bench.finish(id, PREPARED_US_MAX);
            if let Some(entry) = bench.entry(id)
                && entry.failed
            {
                let said = entry.output.trim_end();
                return Err(format!("The prepared line \"{line}\" failed: {said}"));
            }
        }
        Ok(bench)
    }

    /// Texts for one student: names in braces become what they stand for.
    #[must_use]
    pub fn told(&self, text: &str, chronicle: &Chronicle) -> String {
        let mut told = String::with_capacity(text.len());
        let mut rest = text;
        let wanted = BTreeMap::new();
        let runs = [run("main", chronicle, Moment::after(u64::MAX - 1))];
        let judge = Judge { runs: &runs, names: &self.names, wanted: &wanted };
        while let Some(open) = rest.find('{') {
            told.push_str(&rest[..open]);
            rest = &rest[open..];
            let inner = rest.find('}').map(|close| &rest[1..close]);
            let named = inner.and_then(|inner| self.names.iter().find(|(name, _)| name == inner));
            match named.and_then(|(name, expr)| Some((name, judge.value(expr, 0).ok()?))) {
                Some((name, value)) => {
                    told.push_str(&value.to_string());
                    rest = &rest[name.len() + 2..];
                }
                None => {
                    told.push('{');
                    rest = &rest[1..];
                }
            }
        }
        told + rest
    }
}

/// A branch as goals see it: it begins at the mark [`START`].
#[must_use]
pub fn run<'a>(name: &'a str, chronicle: &'a Chronicle, end: Moment) -> Run<'a> {
    let begin = format!("mark {START}");
    let mut lines = chronicle.facts().iter();
    let start = lines.find(|noted| matches!(&noted.fact, Fact::Line(line) if *line == begin));
    Run { name, chronicle, start: start.map_or(Moment::BEGIN, |noted| noted.moment), end }
}

fn is_name(name: &str, of: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if (1..=40).contains(&name.len()) && name.chars().all(plain) {
        return Ok(());
    }
    let short: String = name.chars().take(40).collect();
    Err(format!("\"{}\" is no name of a {of}. Use letters, digits, - and _.", short.escape_debug()))
}

fn names(file: &[(String, String)], scopes: &mut Scopes) -> Result<Vec<(String, Expr)>, String> {
    let mut names = Vec::new();
    for (name, text) in file {
        is_name(name, "value")?;
        let told = |wrong: super::goal::Wrong| format!("The name {name}: {}", wrong.told(text));
        let expr = parse::expr(text).map_err(told)?;
        // Names look back only: none stands for itself.
        scopes.expr(&expr, &mut Vec::new()).map_err(told)?;
        if !scopes.names.insert(name.clone()) {
            return Err(format!("The name {name} is there twice."));
        }
        names.push((name.clone(), expr));
    }
    Ok(names)
}

fn predictions(file: Vec<PredictionFile>, scopes: &Scopes) -> Result<Vec<Prediction>, String> {
    let mut known = BTreeSet::new();
    let mut all = Vec::new();
    for prediction in file {
        let PredictionFile { name, step, question, choices, several, accepted, tempting, reveal } =
            prediction;
        is_name(&name, "prediction")?;
        if !known.insert(name.clone()) {
            return Err(format!("There are two predictions {name}."));
        }
        let told =
            |wrong: super::goal::Wrong| format!("The reveal of {name}: {}", wrong.told(&reveal));
        let expr = parse::expr(&reveal).map_err(told)?;
        scopes.expr(&expr, &mut Vec::new()).map_err(told)?;
        all.push(Prediction {
            name,
            step,
            question,
            choices,
            several,
            accepted,
            tempting,
            reveal: expr,
        });
    }
    Ok(all)
}

fn goals(file: Vec<GoalFile>, scopes: &Scopes) -> Result<Vec<LabGoal>, String> {
    let mut known = BTreeSet::new();
    let mut all = Vec::new();
    for goal in file {
        let GoalFile { name, step, title, weight, formula, hints } = goal;
        is_name(&name, "goal")?;
        if !known.insert(name.clone()) {
            return Err(format!("There are two goals {name}."));
        }
        if !(1..=100).contains(&weight) {
            return Err(format!("The weight of {name} has to be 1 to 100."));
        }
        let told = |wrong: super::goal::Wrong| format!("The goal {name}: {}", wrong.told(&formula));
        let goal = parse::goal(&formula).map_err(told)?;
        scopes.goal(&goal).map_err(told)?;
        all.push(LabGoal { name, step, title, weight, goal, hints, text: formula });
    }
    if all.is_empty() {
        return Err("A lesson without goals cannot be graded.".to_owned());
    }
    Ok(all)
}
