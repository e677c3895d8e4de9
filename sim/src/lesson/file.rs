//! A lesson as one file: what the page fetches, what a teacher saves and gives away.
//!
//! ```text
//!   glasshouse lesson 1
//!   lesson 05-stop-the-leader        its id: letters, digits, - and _
//!
//!   title = "A new leader"           lab.toml
//!   ...
//!   ---
//!   # A new leader                   lesson.md
//!   ...
//! ```

use super::Lab;
use super::lab::{Fault, TEXT_BYTES_MAX};

/// The first line.
const HEAD: &str = "glasshouse lesson 1";
/// Between the two texts.
const SEPARATOR: &str = "---";
/// Lines above `lab.toml`.
const LINES_ABOVE: usize = 3;
/// Longest file, in bytes: both texts and what stands around them.
pub const BYTES_MAX: usize = 2 * TEXT_BYTES_MAX + 1_024;

/// Puts the texts of a lesson into one.
#[must_use]
pub fn write(id: &str, toml: &str, text: &str) -> String {
    format!("{HEAD}\nlesson {id}\n\n{}\n{SEPARATOR}\n{text}", toml.trim_end())
}

/// Reads a lesson from its file.
///
/// # Errors
/// One sentence about the first thing that is wrong, with its line in the file where it has one.
pub fn read(file: &str) -> Result<Lab, String> {
    if file.len() > BYTES_MAX {
        return Err(format!("It is {} bytes long, and {BYTES_MAX} are the most.", file.len()));
    }
    // Windows writes its ends of lines into what it saves.
    let file = file.replace("\r\n", "\n");
    let mut parts = file.splitn(LINES_ABOVE + 1, '\n');
    if parts.next().map(str::trim_end) != Some(HEAD) {
        return Err(format!("This is no lesson: its first line has to be \"{HEAD}\"."));
    }
    let id = parts.next().and_then(|line| line.strip_prefix("lesson "));
    let id = id.ok_or("Line 2 has to name the lesson, like \"lesson 30-my-lesson\".")?;
    let (empty, rest) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if !empty.trim().is_empty() {
        return Err("Line 3 has to be empty: the lesson begins below it.".to_owned());
    }
    let (toml, text) = split(rest).ok_or_else(|| {
        format!("A line \"{SEPARATOR}\" has to stand between the goals and the text of the lesson.")
    })?;
    Lab::parse(id.trim(), toml, text).map_err(|fault| match fault {
        Fault { line: Some(line), why, .. } => format!("Line {}: {why}", line + LINES_ABOVE),
        fault => fault.why,
    })
}

/// What stands above and below the separator.
fn split(rest: &str) -> Option<(&str, &str)> {
    let mut at = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == SEPARATOR {
            return Some((&rest[..at], &rest[at + line.len()..]));
        }
        at += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::library;

    #[test]
    fn every_lesson_is_the_same_as_one_file() {
        for source in library::LESSONS {
            let (file, folder) = (read(&source.file()).unwrap(), source.read().unwrap());
            assert_eq!(format!("{file:?}"), format!("{folder:?}"));
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let good = library::find("05").unwrap().file();
        let goal = good.lines().position(|line| line.starts_with("formula")).unwrap() + 1;
        for (from, to, told) in [
            ("glasshouse lesson 1", "glasshouse lesson 2", "first line".to_owned()),
            ("lesson 05-stop", "05-stop", "Line 2 ".to_owned()),
            ("lesson 05-stop", "lesson ../05-stop", "no name of a lesson".to_owned()),
            ("title = ", "titel = ", "Line 4: unknown field `titel`".to_owned()),
            ("members = 3", "members = 12", "Line 7: A lesson has".to_owned()),
            ("\"until leader\"", "\"until lunch\"", "Line 8: The prepared line".to_owned()),
            ("formula = '''", "formula = '''oh ", format!("Line {goal}: The goal G1")),
            ("\n---\n", "\n", "between the goals".to_owned()),
        ] {
            let file = good.replacen(from, to, 1);
            assert_ne!(file, good, "{from}");
            let why = read(&file).unwrap_err();
            assert!(why.contains(&told) && !why.contains('\n'), "{told}: {why}");
        }
        assert!(read(&good.replace('\n', "\r\n")).is_ok(), "saved by Windows");
        assert!(read(&"x".repeat(BYTES_MAX + 1)).unwrap_err().contains("bytes long"));
    }
}
