//! The teacher's desk: a lesson that is being written, beside the bench on which it is tried.
//!
//! ```text
//!   text of the file ──ReviseLesson──► what is wrong with it, and in which line
//!     ▲  ▲  ▲  ▲                       or what its student will see, with its goals judged on the run of the bench
//!     │  │  │  └─ typing
//!     │  │  └──── a goal from what one just did (Offers)
//!     │  └─────── locks
//!     └────────── what was done so far, as set-up (SetUp)
//! ```
//!
//! Whatever is done here changes the text, and nothing else is kept: what is saved is what stands in the editor. The
//! column of the student at the right is the one of the lessons, with the same state.

use std::fmt::Write as _;

use glasshouse_sim::view::call::lesson::{Offer, Seat, Which};

use crate::lesson;

pub(crate) mod edit;

/// Most students of a class: a large lecture.
const STUDENTS_MAX: usize = 500;
/// Longest name of a student or a class in a submission.
const NAME_MAX: usize = 64;
/// The class before it has a name.
const CLASS: &str = "class";

/// A lesson to begin with.
pub(crate) const TEMPLATE: &str = include_str!("teach/template.lesson");

/// What a teacher does.
#[derive(Debug)]
pub(crate) enum Msg {
    /// The text is another one.
    Edit(String),
    /// Another lesson, from its file, or why it cannot be had.
    Open(Result<String, String>),
    /// A lesson to begin with.
    Fresh,
    /// Gives the file away.
    Save,
    /// Builds the world that the lesson prepares, on the bench.
    Play,
    /// Shows the line that is wrong.
    ShowLine,
    /// Makes a goal of this offer.
    Take(usize),
    /// Locks or unlocks a group of commands ([`LOCKS`](crate::text::en::teach::LOCKS)).
    Lock(usize, bool),
    /// What was done so far is the set-up.
    SetUp,
    /// The name of the class, the names of its students, line by line.
    Class(String),
    Students(String),
    /// Gives the table of the class away.
    SaveClass,
}

/// What lies on the desk.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    /// The text of the lesson, as it stands in the editor.
    pub(crate) file: String,
    /// The text that was read last without a fault.
    pub(crate) good: String,
    /// What is wrong with the text, in one sentence.
    pub(crate) wrong: Option<String>,
    /// Nobody has read the text since it changed.
    pub(crate) changed: bool,
    /// What happened in the run, as goals, and the hash of the run of which that is known.
    pub(crate) offers: Vec<Offer>,
    pub(crate) offered: Option<String>,
    pub(crate) class: String,
    pub(crate) students: String,
    /// Who sits where: students with their seeds.
    pub(crate) seats: Vec<Seat>,
    /// The class is another one than that of the seats.
    pub(crate) reseat: bool,
}

impl Desk {
    /// With the draft that this browser has kept.
    pub(crate) fn new(kept: &str) -> Self {
        let file = if kept.is_empty() { TEMPLATE } else { kept };
        Self { file: file.to_owned(), ..Self::default() }
    }

    /// The text is another one: what is known of it is to be asked again.
    pub(crate) fn write(&mut self, file: String) {
        self.changed |= self.file != file;
        self.file = file;
    }

    /// The line that is wrong, from 1.
    pub(crate) fn wrong_line(&self) -> Option<usize> {
        let (number, _) = self
            .wrong
            .as_ref()?
            .strip_prefix("Line ")?
            .split_once(|c: char| !c.is_ascii_digit())?;
        number.parse().ok()
    }

    /// The class as submissions name it.
    pub(crate) fn class_name(&self) -> String {
        Some(plain(&self.class)).filter(|name| !name.is_empty()).unwrap_or_else(|| CLASS.to_owned())
    }

    /// The students as submissions name them, each once.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        let given = self.students.lines().map(plain).filter(|name| !name.is_empty());
        for name in given.take(STUDENTS_MAX) {
            let same = |name: &String| names.contains(name);
            let other = (2..).map(|nth| format!("{name}-{nth}"));
            let free = std::iter::once(name.clone()).chain(other).find(|name| !same(name));
            names.extend(free);
        }
        names
    }

    /// The link of a student, behind the `#`.
    pub(crate) fn link(&self, lesson: &str, student: &str) -> String {
        let which = Which {
            id: lesson.to_owned(),
            class: self.class_name(),
            student: student.to_owned(),
            ..Which::default()
        };
        lesson::write(&which)
    }

    /// The class as a table with commas; `home` is the address of the page.
    pub(crate) fn table(&self, lesson: &str, home: &str) -> String {
        let mut table = String::from("student,seed,link\n");
        for Seat { student, seed } in &self.seats {
            let link = self.link(lesson, student);
            let _ = writeln!(table, "{student},{seed},{home}#{link}");
        }
        table
    }
}

/// A name without what submissions, addresses and tables cannot hold.
fn plain(name: &str) -> String {
    let words: Vec<String> = name
        .split_whitespace()
        .map(|word| word.chars().filter(|c| c.is_alphanumeric() || "-_.".contains(*c)).collect())
        .filter(|word: &String| !word.is_empty())
        .collect();
    let name = words.join("-");
    let mut short = name.trim_start_matches(['-', '.']);
    while short.len() > NAME_MAX {
        short = &short[..short.floor_char_boundary(NAME_MAX)];
    }
    short.to_owned()
}

#[cfg(test)]
mod tests;
