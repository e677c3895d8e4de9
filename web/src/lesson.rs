//! Lessons: which one is open, where its student is in it, and what came of its goals.
//!
//! ```text
//!   labs/index.json ► list ──labs/ID.lesson, or a file that somebody gives──┐
//!                                                                          open
//!                    ┌─────────────────────────────────────────────────────┘
//!                    ▼
//!                  sheet: steps, predictions, questions, goals
//!                    │ what a student predicts, answers and reads is a line of the terminal's language
//!                    ▼
//!   run and its branches ──judge──► grade: a mark at each goal, while one works
//! ```
//!
//! The page decides nothing about a goal. It asks the simulation, which judges the run on the bench and
//! the other branches as `glasshouse-lab verify` does.

use std::collections::BTreeMap;

use glasshouse_sim::view::call::lesson::{Branch, Card, Grade, Sheet, Which};

use self::progress::{Progress, Reached};
use crate::state::View;
use crate::timeline::Timeline;

pub(crate) mod markdown;
pub(crate) mod progress;

/// While time flows the run is judged at most so often, in real milliseconds: it is copied for that.
pub(crate) const EVERY_MS: f64 = 1_500.0;

/// The class and the student of who works for nobody.
const ALONE: (&str, &str) = ("self", "me");

/// A file that lies beside the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Beside {
    /// A line for each lesson.
    Index,
    /// The lesson of this id.
    Lesson(String),
}

impl Beside {
    /// Where it lies, seen from the page.
    pub(crate) fn path(&self) -> String {
        match self {
            Self::Index => "labs/index.json".to_owned(),
            Self::Lesson(id) => format!("labs/{id}.lesson"),
        }
    }
}

/// What happens in a lesson.
#[derive(Debug)]
pub(crate) enum Msg {
    /// A file beside the page has come, or why it has not.
    Fetched(Beside, Result<String, String>),
    /// The text of a lesson that somebody gives, or why it cannot be had; a promise of the page API may wait.
    Open(Result<String, String>, Option<u64>),
    /// To another step: +1 or -1.
    Turn(i32),
    /// What is typed as an answer to the question of this name.
    Draft(String, String),
    /// A choice of the prediction of this name; a second time takes it back where several are right.
    Choose(String, String),
    /// The choice is made: it is kept before the run goes on.
    Predict(String),
    /// The answer to the question of this name is given.
    Answer(String),
    /// Shows a hint to a goal: which one, from 1.
    Hint(String, usize),
    /// Saves what is handed in.
    HandIn,
}

/// What was reached goes from one browser to another; no lesson need be open.
#[derive(Debug)]
pub(crate) enum Carry {
    /// Saves it.
    Out,
    /// The text of what was reached elsewhere, or why it cannot be had.
    In(Result<String, String>),
}

/// The state of the lessons.
#[derive(Debug, Default)]
pub(crate) struct Lessons {
    /// All of this build; `None` before they are known.
    pub(crate) cards: Option<Vec<Card>>,
    /// Why there is none of what was asked for, in one sentence.
    pub(crate) wrong: Option<String>,
    /// Whose lesson an address asked for that is not among ours: its file will be given.
    pub(crate) awaited: Option<Which>,
    /// A promise of the page API that waits for the lesson.
    pub(crate) promise: Option<u64>,
    /// What was reached in this browser.
    pub(crate) progress: Progress,
    /// Which one is open, or about to be.
    pub(crate) which: Option<Which>,
    pub(crate) sheet: Option<Sheet>,
    /// The step that is read, from 0.
    pub(crate) step: usize,
    pub(crate) grade: Grade,
    /// What was judged last: the hash of the run and how many branches it has.
    pub(crate) judged: Option<(String, usize)>,
    pub(crate) judged_ms: f64,
    /// What is being typed or chosen, by the name of question or prediction.
    pub(crate) drafts: BTreeMap<String, String>,
    /// Hints that were read, by the name of their goal.
    pub(crate) hints: BTreeMap<String, usize>,
}

/// Reads what stands behind `#lesson` in an address: `/05-stop-the-leader/class/student`.
pub(crate) fn read(path: &str) -> Option<Which> {
    let mut parts = path.trim_matches('/').split('/');
    let id = parts.next().filter(|id| !id.is_empty())?;
    let mut name =
        |other: &str| parts.next().filter(|name| !name.is_empty()).unwrap_or(other).to_owned();
    let (class, student) = (name(ALONE.0), name(ALONE.1));
    Some(Which { id: id.to_owned(), class, student, ..Which::default() })
}

/// The address of a lesson.
pub(crate) fn write(which: &Which) -> String {
    let whose = (which.class.as_str(), which.student.as_str());
    match whose == ALONE {
        true => format!("lesson/{}", which.id),
        false => format!("lesson/{}/{}/{}", which.id, which.class, which.student),
    }
}

/// The same lesson for the same student, whatever its file.
pub(crate) fn is_same(one: &Which, other: &Which) -> bool {
    (&one.id, &one.class, &one.student) == (&other.id, &other.class, &other.student)
}

/// Where the link to the lessons leads: back to the one that is open, and from there to the list.
pub(crate) fn link(lessons: &Lessons, view: View) -> String {
    let open = lessons.which.as_ref().filter(|_| view != View::Lessons);
    open.map_or_else(|| "#lesson".to_owned(), |which| format!("#{}", write(which)))
}

impl Lessons {
    /// With what this browser has kept.
    pub(crate) fn new(kept: &str) -> Self {
        // Whatever else stands there is none of this page's: it begins anew.
        Self { progress: Progress::read(kept).unwrap_or_default(), ..Self::default() }
    }

    /// The lesson of this build with this id or number.
    pub(crate) fn card(&self, id: &str) -> Option<&Card> {
        let number = |card: &&Card| card.id == id || card.id.split('-').next() == Some(id);
        self.cards.iter().flatten().find(number)
    }

    /// The id of the open lesson, if its texts can be there in other languages: one of this build.
    pub(crate) fn catalogue(&self) -> Option<String> {
        let id = &self.sheet.as_ref()?.card.id;
        self.cards.iter().flatten().any(|card| card.id == *id).then(|| id.clone())
    }

    /// Another lesson, or none, takes the place of the one that was open.
    pub(crate) fn anew(&mut self, which: Option<Which>) {
        let Self { cards, progress, promise, .. } = std::mem::take(self);
        *self = Self { cards, progress, promise, which, ..Self::default() };
    }

    /// So many goals are met.
    pub(crate) fn reached(&self) -> Reached {
        let goals = self.sheet.as_ref().map_or(0, |sheet| sheet.goals.len());
        let met = self.grade.goals.iter().filter(|result| result.verdict == "met").count();
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Reached { met: number(met), of: number(goals) }
    }

    /// What was predicted or answered under this name, as the run has it.
    pub(crate) fn said<'a>(
        &self,
        word: &str,
        name: &str,
        timeline: &'a Timeline,
    ) -> Option<&'a str> {
        let actions = timeline.branch().actions.iter().rev();
        let mut lines =
            actions.filter_map(|action| action.line.strip_prefix(word)?.strip_prefix(' '));
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
    }

    /// The mark at a goal.
    pub(crate) fn is_met(&self, goal: &str) -> bool {
        self.grade.goals.iter().any(|result| result.name == goal && result.verdict == "met")
    }

    /// All goals of a step are met; one without goals is done when it was read.
    pub(crate) fn is_done(&self, step: usize) -> bool {
        let Some(sheet) = &self.sheet else { return false };
        let mut goals = sheet.goals.iter().filter(|goal| goal.step as usize == step + 1).peekable();
        if goals.peek().is_none() {
            return step < self.step;
        }
        goals.all(|goal| self.is_met(&goal.name))
    }
}

/// The present branch and the others, as a submission names them.
pub(crate) fn branches(timeline: &Timeline, prepared: usize) -> (Branch, Vec<Branch>) {
    let all = timeline.branches();
    let name =
        |nth: usize| if nth == 0 { "main".to_owned() } else { format!("branch-{}", nth + 1) };
    let common = |one: usize, other: usize| {
        let pairs = all[one].actions.iter().zip(&all[other].actions);
        pairs.take_while(|(one, other)| one == other).count()
    };
    let told = |nth: usize| {
        // It came from the one before it with which it shares most.
        let parent = (0..nth).rev().max_by_key(|parent| common(*parent, nth));
        let shared = parent.map_or(0, |parent| common(parent, nth).saturating_sub(prepared));
        Branch {
            name: name(nth),
            from: parent.map(name).unwrap_or_default(),
            shared: u32::try_from(shared).unwrap_or(u32::MAX),
            lines: all[nth].actions.iter().skip(prepared).cloned().collect(),
            until_us: all[nth].end.time_us,
        }
    };
    let present = timeline.current();
    let others = (0..all.len()).filter(|nth| *nth != present).map(told).collect();
    (told(present), others)
}

#[cfg(test)]
mod tests;
