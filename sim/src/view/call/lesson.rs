//! What the page and the simulation say to each other about lessons.

use serde::{Deserialize, Serialize};

use super::Action;

/// Which lesson, and whose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Which {
    /// The id, or the number of one of this build.
    pub id: String,
    /// Its file, where the lessons are not in the simulation itself: in the page always.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// The class; with lesson and student it gives the seed.
    pub class: String,
    /// The student.
    pub student: String,
}

/// A line of the list of lessons.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Card {
    /// `03-put-here-get-there`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// How long it takes.
    pub minutes: u32,
    /// What a student can do afterwards.
    pub objective: String,
    /// How many goals it has.
    pub goals: u32,
}

/// A lesson, with the names of one student's members in its texts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sheet {
    /// Its line in the list.
    pub card: Card,
    /// What stands above the first step, in Markdown.
    pub intro: String,
    /// Its steps.
    pub steps: Vec<Step>,
    /// Its predictions.
    pub predictions: Vec<Prediction>,
    /// Its questions.
    pub questions: Vec<Question>,
    /// Its goals.
    pub goals: Vec<Goal>,
    /// Commands that it locks.
    pub locked: Vec<String>,
    /// The seed of this student.
    #[serde(with = "super::super::seed")]
    pub seed: u64,
    /// First members.
    pub members: u32,
    /// When the student comes, in microseconds of virtual time.
    pub start_us: u64,
    /// What was done before that.
    pub prepared: Vec<Action>,
    /// Nobody has begun it: the world on the bench is not the one that it prepares.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unopened: bool,
}

/// A goal that the run on the bench reaches: for whoever writes a lesson.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Offer {
    /// When it was reached, in microseconds.
    pub at_us: u64,
    /// What is to be reached.
    pub title: String,
    /// Its formula.
    pub formula: String,
}

/// A student of a class and the seed that class, lesson and name give.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Seat {
    /// The student, as submissions name him.
    pub student: String,
    /// The seed.
    #[serde(with = "super::super::seed")]
    pub seed: u64,
}

/// A step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Step {
    /// Its heading.
    pub title: String,
    /// Its text, in Markdown.
    pub text: String,
}

/// A question before something is seen: `predict NAME CHOICE`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Prediction {
    /// Its name.
    pub name: String,
    /// Its step, from 1.
    pub step: u32,
    /// The question.
    pub question: String,
    /// What can be chosen.
    pub choices: Vec<String>,
    /// Several can be chosen, with commas between them.
    pub several: bool,
    /// What is right: to be shown behind the event.
    pub accepted: Vec<String>,
    /// Wrong choices, and why they tempt: to be shown behind the event.
    pub tempting: Vec<(String, String)>,
}

/// A question that goals look at: `answer NAME TEXT`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Question {
    /// Its name.
    pub name: String,
    /// Its step, from 1.
    pub step: u32,
    /// The question.
    pub question: String,
    /// `text`, `number`, `duration`, `member`, `id`, `set`, `list`.
    pub kind: String,
    /// What can be chosen; empty: something is typed.
    pub choices: Vec<String>,
    /// Behind the number.
    pub unit: String,
}

/// Something to be reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Goal {
    /// Its name.
    pub name: String,
    /// Its step, from 1.
    pub step: u32,
    /// What is to be reached.
    pub title: String,
    /// Its weight.
    pub weight: u32,
    /// Its formula.
    pub formula: String,
    /// Its hints; reading one is the line `hint NAME NUMBER`, and the second costs a tenth.
    pub hints: Vec<String>,
}

/// One way that the run took, beside the present one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Branch {
    /// Its name.
    pub name: String,
    /// The branch that it came from; empty for the first.
    pub from: String,
    /// How many lines the two share, behind those that were prepared.
    pub shared: u32,
    /// All of its lines behind those that were prepared.
    pub lines: Vec<Action>,
    /// Its end.
    pub until_us: u64,
}

/// What came of the goals.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Grade {
    /// The lesson.
    pub lesson: String,
    /// The class.
    pub class: String,
    /// The student.
    pub student: String,
    /// The goals, in the order of the lesson.
    pub goals: Vec<Result>,
    /// The predictions: name and `right`, `wrong`, `late` or `skipped`.
    pub predictions: Vec<(String, String)>,
    /// Points, in tenths.
    pub points: u32,
    /// Points that could be reached, in tenths.
    pub most: u32,
}

/// What came of one goal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Result {
    /// Its name.
    pub name: String,
    /// `met`, `not-met` or `undecided`.
    pub verdict: String,
    /// When it was decided, in microseconds.
    pub at_us: Option<u64>,
    /// In which branch.
    pub branch: String,
    /// The event that decided, or what is missing, in a few words.
    pub words: String,
    /// Points, in tenths.
    pub points: u32,
    /// Points that it could give, in tenths.
    pub most: u32,
}
