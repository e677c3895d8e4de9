//! English: the teacher's desk.

use super::seconds;

pub(crate) const TITLE: &str = "Write a lesson: Glasshouse";
pub(crate) const HEAD: &str = "Write a lesson";
pub(crate) const WHAT: &str = "The text of the lesson is here, and beside it what a student sees. Do on the bench what your students shall do, and make goals of it.";
pub(crate) const TEXT: &str = "The text of the lesson";
pub(crate) const OPEN: &str = "Open";
pub(crate) const SAVE: &str = "Save";
pub(crate) const FRESH: &str = "Begin a new one";
pub(crate) const PLAY: &str = "Play from the start";
pub(crate) const AS_STUDENT: &str = "See it as a student";
pub(crate) const SHOW_LINE: &str = "Show the line";
pub(crate) const READABLE: &str = "This lesson can be given away.";
pub(crate) const UNOPENED: &str =
    "It begins otherwise than the run on the bench: play it from the start to judge its goals.";
pub(crate) const NOT_PLAYED: &str = "What is wrong with the text has to be mended first.";
pub(crate) const DID: &str = "Goals from what you did";
pub(crate) const NOTHING_DONE: &str =
    "Nothing yet. Do something on the bench, at the terminal or by a click, and pause.";
pub(crate) const DID_HOW: &str = "Each holds in this run and did not hold at its start. It becomes a goal of the step that is shown.";
pub(crate) const LOCKED: &str = "Locked commands";
pub(crate) const SET_UP: &str = "Set-up";
pub(crate) const SET_UP_HOW: &str = "What stands on the bench now is where a student begins: what you did becomes prepared lines, with the times between them.";
pub(crate) const SET_UP_DO: &str = "Begin where the bench stands";
pub(crate) const CLASS: &str = "A class";
pub(crate) const CLASS_NAME: &str = "Name of the class";
pub(crate) const STUDENTS: &str = "Students, one in each line";
pub(crate) const SAVE_CLASS: &str = "Save the table";
pub(crate) const CLASS_HOW: &str = "Class, lesson and student give the seed: each has another leader and other times. Give each a link, and to all the file of the lesson.";

/// Groups of commands that a lesson locks together: what they are called, and the words of the list.
pub(crate) const LOCKS: &[(&str, &[&str])] = &[
    ("kill, power off, freeze members", &["kill", "power off", "freeze", "thaw"]),
    ("stop and restart members", &["stop", "restart"]),
    ("cut the network", &["partition", "drop", "message"]),
    ("make links bad", &["slow link", "rough"]),
    ("harm disks", &["slow disk", "full disk", "break disk", "rot"]),
    ("set clocks and call elections", &["clock", "campaign", "align timers"]),
    ("change rules of the protocol", &["rule"]),
    ("plant bugs", &["plant", "unplant"]),
    ("clients that ask by themselves", &["load"]),
    ("add and remove members", &["member", "move-leader"]),
];

/// When an offer was reached.
pub(crate) fn at(us: u64) -> String {
    format!("at {} s", seconds(us))
}
