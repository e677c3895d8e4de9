//! English: lessons.

use super::{count, seconds};
use crate::lesson::progress::Reached;

pub(crate) const TITLE: &str = "Lessons: Glasshouse";
pub(crate) const SAY_SOMETHING: &str = "Choose or type something first.";
pub(crate) const LIST: &str = "A lesson is a cluster and some questions about it. You break the cluster, and what you find is judged by doing it again.";
pub(crate) const LOADING: &str = "The lesson is being set up.";
pub(crate) const KEPT: &str = "Your answer is kept. It counts for being given, right or wrong.";
pub(crate) const BEFORE: &str = "Before you look";
pub(crate) const GOALS: &str = "Goals of this step";
pub(crate) const HAND_IN: &str = "Save what you hand in";
pub(crate) const KEPT_HERE: &str = "What you reach is kept in this browser.";
pub(crate) const IMPORTED: &str = "What was reached elsewhere is taken over, where it is more.";
pub(crate) const OPEN: &str = "Open a lesson";
pub(crate) const WRITE: &str = "Write a lesson";
pub(crate) const GIVEN: &str =
    "A lesson of your teacher's own comes as a file: open it, drop it here, or paste its text.";
pub(crate) const NO_LIST: &str = "The list of lessons cannot be read: reload the page.";
pub(crate) const TYPE_HERE: &str = "Put it into the terminal";

pub(crate) fn head(id: &str, minutes: u32) -> String {
    let number = id.split('-').next().unwrap_or(id);
    format!("Lesson {number} · {}", count(minutes.into(), "minute"))
}

pub(crate) fn card(id: &str, minutes: u32, goals: u32, reached: Option<Reached>) -> String {
    let minutes = head(id, minutes);
    match reached {
        Some(Reached { met, of }) => {
            format!("{minutes} · {met} of {} reached", count(of.into(), "goal"))
        }
        None => format!("{minutes} · {}", count(goals.into(), "goal")),
    }
}

pub(crate) fn no_list(why: &str) -> String {
    format!("The list of lessons is not here. {why}")
}

pub(crate) fn no_lesson(id: &str, why: &str) -> String {
    format!("Lesson {id} is not here. {why}")
}

/// An address names a lesson that is none of ours.
pub(crate) fn not_here(id: &str) -> String {
    let id: String = id.chars().filter(|c| !c.is_control()).take(40).collect();
    format!("There is no lesson \"{id}\" here. If your teacher gave you its file, open it.")
}

/// What came of a goal, behind its title.
pub(crate) fn met(at_us: Option<u64>, words: &str) -> String {
    match at_us {
        Some(at_us) => format!("at {}: {words}", seconds(at_us)),
        None => words.to_owned(),
    }
}

pub(crate) fn foot(steps: (usize, usize), goals: (usize, usize)) -> String {
    format!("Step {} of {}, {} of {} goals", steps.0, steps.1, goals.0, goals.1)
}

pub(crate) fn hint(number: usize, of: usize) -> String {
    match number {
        1 => "A hint".to_owned(),
        _ if number == of => "Another hint, for a tenth of the goal".to_owned(),
        _ => "Another hint".to_owned(),
    }
}
