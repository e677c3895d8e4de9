//! What a student hands in: a text of about a kilobyte.
//!
//! ```text
//!   glasshouse submission 1
//!   build 0f1e2d3c4b5a6978              the simulator in which it was made
//!   lesson 05-stop-the-leader
//!   class spring-2026                   class and student give the seed
//!   student 017
//!                                       an empty line, then the branches:
//!   branch main until 31.2s             what was done in it, each line with its virtual time;
//!   1.9s predict P1 no                  answers, predictions and hints are lines, too
//!   2.1s stop n2
//!   branch other from main 1 until 40s
//!   2.4s kill n2                        its first line is the first one of main
//! ```
//!
//! It may come from anybody: its size, its lines and the work that it asks for are bounded, and nothing in it
//! is believed (see [`grade`](mod@super::grade)).

use std::fmt;

use crate::clock::MICROS;
use crate::hunt::finding::BUILD;
use crate::script::siege::time_text;
use crate::script::units::duration_us;
use crate::view::call::Action;

/// The first line.
const HEAD: &str = "glasshouse submission 1";
/// Longest text, in bytes.
pub const BYTES_MAX: usize = 64 * 1024;
/// Most lines of all branches together.
pub const LINES_MAX: usize = 2_000;
/// Longest of them, in bytes.
const LINE_BYTES_MAX: usize = 4_096;
/// Most branches.
pub const BRANCHES_MAX: usize = 12;
/// The latest end of a branch, in microseconds: two hours.
pub const UNTIL_US_MAX: u64 = 7_200_000_000;

/// See the module's page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// The simulator in which it was made.
    pub build: String,
    /// The lesson.
    pub lesson: String,
    /// The class; with lesson and student it gives the seed.
    pub class: String,
    /// The student.
    pub student: String,
    /// What was done; each branch with all of its lines from the start of the lesson on.
    pub branches: Vec<Branch>,
}

/// One way that the run took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Branch {
    /// Its name.
    pub name: String,
    /// The branch that it came from, and how many lines the two share.
    pub from: Option<(String, u32)>,
    /// What was done in it, that which it shares too: lines and times in microseconds.
    pub lines: Vec<Action>,
    /// Its end, in microseconds.
    pub until_us: u64,
}

impl Submission {
    /// An empty one of this build.
    #[must_use]
    pub fn new(lesson: &str, class: &str, student: &str) -> Self {
        Self {
            build: BUILD.to_owned(),
            lesson: lesson.to_owned(),
            class: class.to_owned(),
            student: student.to_owned(),
            branches: Vec::new(),
        }
    }
}

impl fmt::Display for Submission {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(to, "{HEAD}")?;
        writeln!(to, "build {}", self.build)?;
        writeln!(to, "lesson {}", self.lesson)?;
        writeln!(to, "class {}", self.class)?;
        writeln!(to, "student {}", self.student)?;
        writeln!(to)?;
        let time = |us: u64| time_text(us.saturating_mul(MICROS));
        for branch in &self.branches {
            write!(to, "branch {}", branch.name)?;
            let mut shared = 0;
            if let Some((parent, lines)) = &branch.from {
                write!(to, " from {parent} {lines}")?;
                shared = *lines as usize;
            }
            writeln!(to, " until {}", time(branch.until_us))?;
            for action in branch.lines.iter().skip(shared) {
                writeln!(to, "{} {}", time(action.time_us), action.line)?;
            }
        }
        Ok(())
    }
}

/// Reads a submission.
///
/// # Errors
/// One sentence about the first thing that is wrong with the text.
pub fn read(text: &str) -> Result<Submission, String> {
    if text.len() > BYTES_MAX {
        return Err(format!("It is {} bytes long, and {BYTES_MAX} are the most.", text.len()));
    }
    let mut lines = text.lines();
    if lines.next().unwrap_or_default() != HEAD {
        return Err(format!("It is no submission: its first line has to be \"{HEAD}\"."));
    }
    let mut field = |name: &str| -> Result<String, String> {
        let line = lines.next().unwrap_or_default();
        let value = line.strip_prefix(name).and_then(|rest| rest.strip_prefix(' '));
        let value = value.filter(|value| is_name(value));
        value.map(str::to_owned).ok_or_else(|| format!("It has no line about its {name}."))
    };
    let mut submission = Submission {
        build: field("build")?,
        lesson: field("lesson")?,
        class: field("class")?,
        student: field("student")?,
        branches: Vec::new(),
    };
    let mut many = 0;
    for line in lines.filter(|line| !line.is_empty()) {
        many += 1;
        if many > LINES_MAX {
            return Err(format!("It has more than {LINES_MAX} lines."));
        }
        if line.len() > LINE_BYTES_MAX || line.contains(char::is_control) {
            return Err(format!("Its line {many} is no line of a script."));
        }
        if let Some(words) = line.strip_prefix("branch ") {
            let branch = branch(words, &submission.branches)?;
            submission.branches.push(branch);
            continue;
        }
        let Some(branch) = submission.branches.last_mut() else {
            return Err("Its lines have to stand below a line about their branch.".to_owned());
        };
        branch.lines.push(action(line, branch)?);
    }
    if submission.branches.is_empty() {
        return Err("It has no branch: nothing was done.".to_owned());
    }
    Ok(submission)
}

fn action(line: &str, branch: &Branch) -> Result<Action, String> {
    let (time, line) = line.split_once(' ').unwrap_or((line, ""));
    let time_us = duration_us(time).map_err(|error| error.to_string())?;
    let last = branch.lines.last().map_or(0, |last| last.time_us);
    if time_us < last {
        return Err(format!("Its line \"{}\" comes before the one above it.", shorten(line)));
    }
    if time_us > branch.until_us {
        return Err(format!("Its line \"{}\" comes behind the end of its branch.", shorten(line)));
    }
    Ok(Action { time_us, line: line.to_owned() })
}

/// `main until 31.2s`, `other from main 3 until 40s`.
fn branch(words: &str, known: &[Branch]) -> Result<Branch, String> {
    let wrong = || format!("\"branch {}\" is no line about a branch.", shorten(words));
    if known.len() == BRANCHES_MAX {
        return Err(format!("It has more than {BRANCHES_MAX} branches."));
    }
    let words: Vec<&str> = words.split(' ').collect();
    let (name, from, until) = match words.as_slice() {
        [name, "until", until] => (name, None, until),
        [name, "from", parent, lines, "until", until] => (name, Some((parent, lines)), until),
        _ => return Err(wrong()),
    };
    if !is_name(name) || known.iter().any(|other| other.name == *name) {
        return Err(wrong());
    }
    let time =
        |text: &str| duration_us(text).ok().filter(|us| *us <= UNTIL_US_MAX).ok_or_else(wrong);
    let mut branch =
        Branch { name: (*name).to_owned(), until_us: time(until)?, ..Branch::default() };
    if let Some((parent, lines)) = from {
        let lines: u32 = lines.parse().map_err(|_| wrong())?;
        let parent = known.iter().find(|other| other.name == *parent).ok_or_else(wrong)?;
        branch.lines = parent.lines.get(..lines as usize).ok_or_else(wrong)?.to_vec();
        branch.from = Some((parent.name.clone(), lines));
    }
    Ok(branch)
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "-_.@".contains(c);
    (1..=64).contains(&name.len()) && name.chars().all(plain)
}

fn shorten(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}
