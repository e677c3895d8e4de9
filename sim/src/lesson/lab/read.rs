//! `lab.toml` and `lesson.md`, read and checked.
//!
//! A lesson may come from a stranger, so everything in it is bounded, and the first thing that is wrong is told in
//! one sentence, with its line where it has one.

use std::collections::BTreeSet;

use serde::Deserialize;
use toml::Spanned;

use super::{Lab, LabGoal, Prediction, Question, Step, TEXT_BYTES_MAX};
use crate::lesson::goal::check::Scopes;
use crate::lesson::goal::{Expr, Wrong, parse};

/// Most goals, questions, predictions, steps, names, prepared lines.
const ITEMS_MAX: usize = 64;

/// The file, as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    minutes: u32,
    #[serde(default)]
    objective: String,
    members: Spanned<u8>,
    #[serde(default)]
    prepare: Vec<Spanned<String>>,
    #[serde(default)]
    locked: Vec<String>,
    #[serde(default)]
    names: Vec<(Spanned<String>, Spanned<String>)>,
    #[serde(default)]
    steps: Vec<Step>,
    #[serde(default)]
    predictions: Vec<PredictionFile>,
    #[serde(default)]
    questions: Vec<Spanned<Question>>,
    goals: Vec<GoalFile>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PredictionFile {
    name: Spanned<String>,
    step: u32,
    question: String,
    #[serde(default)]
    choices: Vec<String>,
    #[serde(default)]
    several: bool,
    accepted: Vec<String>,
    #[serde(default)]
    tempting: Vec<(String, String)>,
    reveal: Spanned<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GoalFile {
    name: Spanned<String>,
    step: u32,
    title: String,
    #[serde(default = "one")]
    weight: u32,
    formula: Spanned<String>,
    #[serde(default)]
    hints: Vec<String>,
}

fn one() -> u32 {
    1
}

/// What is wrong with a lesson.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lesson) struct Fault {
    /// Line of `lab.toml`, from 1, where it has one.
    pub(in crate::lesson) line: Option<usize>,
    /// In one sentence.
    pub(in crate::lesson) why: String,
    /// `lab.toml` cannot be read at all.
    unreadable: bool,
}

impl From<String> for Fault {
    fn from(why: String) -> Self {
        Self { line: None, why, unreadable: false }
    }
}

/// Where a fault is, before anybody has counted lines.
type At<T> = Result<T, (usize, String)>;

impl Lab {
    /// Reads a lesson.
    ///
    /// # Errors
    /// One sentence about the first thing that is wrong.
    pub fn read(id: &str, toml: &str, text: &str) -> Result<Self, String> {
        Self::parse(id, toml, text).map_err(|fault| match fault {
            Fault { line: Some(line), why, unreadable: true } => {
                format!("lab.toml, line {line}: {why}")
            }
            fault => fault.why,
        })
    }

    /// The same; says in which line of `lab.toml` it is wrong.
    pub(in crate::lesson) fn parse(id: &str, toml: &str, text: &str) -> Result<Self, Fault> {
        for (name, text) in [("lab.toml", toml), ("lesson.md", text)] {
            if text.len() > TEXT_BYTES_MAX {
                let bytes = text.len();
                return Err(format!(
                    "{name} is {bytes} bytes long, and {TEXT_BYTES_MAX} are the most."
                )
                .into());
            }
        }
        is_name(id, "lesson")?;
        let line_of = |at: usize| toml.get(..at).unwrap_or_default().matches('\n').count() + 1;
        let file: File = toml::from_str(toml).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let why: String =
                error.message().lines().next().unwrap_or_default().chars().take(200).collect();
            Fault { line: Some(line_of(at)), why: format!("{why}."), unreadable: true }
        })?;
        Self::checked(id, file, text).map_err(|(at, why)| Fault {
            line: Some(line_of(at)),
            why,
            unreadable: false,
        })
    }

    /// What is read, if it fits together.
    fn checked(id: &str, file: File, text: &str) -> At<Self> {
        let at = file.members.span().start;
        let members = file.members.into_inner();
        if !(1..=9).contains(&members) {
            return Err((at, "A lesson has 1 to 9 members.".to_owned()));
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
            return Err((0, format!("No list of a lesson has more than {ITEMS_MAX} items.")));
        }
        let prepare = file.prepare.into_iter().map(prepared).collect::<At<_>>()?;
        let mut scopes = Scopes::default();
        let names = names(file.names, &mut scopes)?;
        let mut questions = Vec::new();
        for question in file.questions {
            let at = question.span().start;
            let question = question.into_inner();
            is_name(&question.name, "question").map_err(|why| (at, why))?;
            if !scopes.questions.insert(question.name.clone()) {
                return Err((at, format!("There are two questions {}.", question.name)));
            }
            questions.push(question);
        }
        let predictions = predictions(file.predictions, &scopes)?;
        let goals = goals(file.goals, &scopes)?;
        Ok(Self {
            id: id.to_owned(),
            title: file.title,
            minutes: file.minutes,
            objective: file.objective,
            members,
            prepare,
            locked: file.locked,
            names,
            steps: file.steps,
            predictions,
            questions,
            goals,
            text: text.to_owned(),
        })
    }
}

fn is_name(name: &str, of: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if (1..=40).contains(&name.len()) && name.chars().all(plain) {
        return Ok(());
    }
    let short: String = name.chars().take(40).collect();
    Err(format!("\"{}\" is no name of a {of}. Use letters, digits, - and _.", short.escape_debug()))
}

fn prepared(line: Spanned<String>) -> At<String> {
    let at = line.span().start;
    let line = line.into_inner();
    match crate::script::parse(&line) {
        Ok(_) => Ok(line),
        Err(error) => Err((at, format!("The prepared line \"{line}\" cannot be read: {error}"))),
    }
}

fn names(
    file: Vec<(Spanned<String>, Spanned<String>)>,
    scopes: &mut Scopes,
) -> At<Vec<(String, Expr)>> {
    let mut names = Vec::new();
    for (name, text) in file {
        let (at, text_at) = (name.span().start, text.span().start);
        let (name, text) = (name.into_inner(), text.into_inner());
        is_name(&name, "value").map_err(|why| (at, why))?;
        let told = |wrong: Wrong| (text_at, format!("The name {name}: {}", wrong.told(&text)));
        let expr = parse::expr(&text).map_err(told)?;
        // Names look back only: none stands for itself.
        scopes.expr(&expr, &mut Vec::new()).map_err(told)?;
        if !scopes.names.insert(name.clone()) {
            return Err((at, format!("The name {name} is there twice.")));
        }
        names.push((name, expr));
    }
    Ok(names)
}

fn predictions(file: Vec<PredictionFile>, scopes: &Scopes) -> At<Vec<Prediction>> {
    let mut known = BTreeSet::new();
    let mut all = Vec::new();
    for prediction in file {
        let PredictionFile { name, step, question, choices, several, accepted, tempting, reveal } =
            prediction;
        let (at, reveal_at) = (name.span().start, reveal.span().start);
        let (name, reveal) = (name.into_inner(), reveal.into_inner());
        is_name(&name, "prediction").map_err(|why| (at, why))?;
        if !known.insert(name.clone()) {
            return Err((at, format!("There are two predictions {name}.")));
        }
        let told =
            |wrong: Wrong| (reveal_at, format!("The reveal of {name}: {}", wrong.told(&reveal)));
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

fn goals(file: Vec<GoalFile>, scopes: &Scopes) -> At<Vec<LabGoal>> {
    let mut known = BTreeSet::new();
    let mut all = Vec::new();
    for goal in file {
        let GoalFile { name, step, title, weight, formula, hints } = goal;
        let (at, formula_at) = (name.span().start, formula.span().start);
        let (name, formula) = (name.into_inner(), formula.into_inner());
        is_name(&name, "goal").map_err(|why| (at, why))?;
        if !known.insert(name.clone()) {
            return Err((at, format!("There are two goals {name}.")));
        }
        if !(1..=100).contains(&weight) {
            return Err((at, format!("The weight of {name} has to be 1 to 100.")));
        }
        let told =
            |wrong: Wrong| (formula_at, format!("The goal {name}: {}", wrong.told(&formula)));
        let goal = parse::goal(&formula).map_err(told)?;
        scopes.goal(&goal).map_err(told)?;
        all.push(LabGoal { name, step, title, weight, goal, hints, text: formula });
    }
    if all.is_empty() {
        return Err((0, "A lesson without goals cannot be graded.".to_owned()));
    }
    Ok(all)
}
