//! What a student has reached: kept in this browser, and carried to another one as a text.
//!
//! ```text
//!   glasshouse progress 1
//!   05-stop-the-leader self me 3 5        lesson, class, student, goals met, of so many
//! ```
//!
//! It is for the student's own eyes. Grades come from what is handed in, which is done again.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use glasshouse_sim::view::call::lesson::Which;

/// The first line.
const HEAD: &str = "glasshouse progress 1";
/// Most rows that are kept: far more than there are lessons, for who works under several names.
const ROWS_MAX: usize = 500;
/// Longest name in a row, in bytes.
const NAME_MAX: usize = 64;

/// How many goals of a lesson were met at best, and how many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reached {
    pub(crate) met: u32,
    pub(crate) of: u32,
}

/// All that was reached, by lesson, class and student.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress(BTreeMap<[String; 3], Reached>);

impl Progress {
    /// Reads the text.
    ///
    /// # Errors
    /// One sentence about the first line that is none of such a text.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut lines = text.lines();
        if lines.next().map(str::trim) != Some(HEAD) {
            return Err(format!("This is no text of progress: its first line is not \"{HEAD}\"."));
        }
        let mut progress = Self::default();
        for (line, number) in lines.zip(2..).filter(|(line, _)| !line.trim().is_empty()) {
            let row = row(line).ok_or_else(|| {
                format!("Line {number} of this progress cannot be read: it should be like \"05-stop-the-leader self me 3 5\".")
            })?;
            progress.put(row.0, row.1);
        }
        Ok(progress)
    }

    /// Writes it.
    pub(crate) fn write(&self) -> String {
        let mut text = format!("{HEAD}\n");
        for ([lesson, class, student], reached) in &self.0 {
            let _ = writeln!(text, "{lesson} {class} {student} {} {}", reached.met, reached.of);
        }
        text
    }

    /// So many goals are met now; says whether that is more than ever before.
    pub(crate) fn note(&mut self, which: &Which, reached: Reached) -> bool {
        let names = [which.id.clone(), which.class.clone(), which.student.clone()];
        names.iter().all(|name| is_name(name)) && reached.met > 0 && self.put(names, reached)
    }

    /// Takes over what was reached elsewhere, where that is more.
    pub(crate) fn merge(&mut self, other: Self) {
        for (names, reached) in other.0 {
            self.put(names, reached);
        }
    }

    /// The best of a lesson, under whatever name.
    pub(crate) fn of_lesson(&self, id: &str) -> Option<Reached> {
        let rows = self.0.iter().filter(|(names, _)| names[0] == id);
        rows.map(|(_, reached)| *reached).max_by_key(|reached| reached.met)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn put(&mut self, names: [String; 3], reached: Reached) -> bool {
        let before = self.0.get(&names).map(|before| before.met);
        let more = before.is_none_or(|before| before < reached.met);
        if more && (before.is_some() || self.0.len() < ROWS_MAX) {
            self.0.insert(names, reached);
        }
        more
    }
}

fn row(line: &str) -> Option<([String; 3], Reached)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [lesson, class, student, met, of] = words[..] else { return None };
    let reached = Reached { met: met.parse().ok()?, of: of.parse().ok()? };
    let names = [lesson, class, student];
    let fits = names.into_iter().all(is_name) && reached.met <= reached.of && reached.of <= 99;
    fits.then(|| (names.map(str::to_owned), reached))
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= NAME_MAX
        && !name.contains(|c: char| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn which(id: &str) -> Which {
        Which {
            id: id.to_owned(),
            class: "spring".to_owned(),
            student: "anna".to_owned(),
            ..Which::default()
        }
    }

    #[test]
    fn the_best_is_kept_and_carried_on() {
        let mut here = Progress::default();
        assert!(!here.note(&which("05"), Reached { met: 0, of: 5 }), "nothing yet");
        assert!(here.note(&which("05"), Reached { met: 3, of: 5 }));
        assert!(!here.note(&which("05"), Reached { met: 2, of: 5 }), "it was better before");
        let mut there = Progress::read(&here.write()).unwrap();
        assert_eq!(there, here);
        there.note(&which("05"), Reached { met: 5, of: 5 });
        there.note(&which("07"), Reached { met: 1, of: 6 });
        here.merge(there);
        assert_eq!(here.of_lesson("05"), Some(Reached { met: 5, of: 5 }));
        assert_eq!(here.of_lesson("07"), Some(Reached { met: 1, of: 6 }));
        assert_eq!(here.of_lesson("06"), None);
    }

    #[test]
    fn other_texts_are_refused_in_a_sentence() {
        for (text, word) in [
            ("", "first line"),
            ("<script>", "first line"),
            ("glasshouse progress 1\n05 a b 6 5", "Line 2"),
            ("glasshouse progress 1\n\n05 a b 1", "Line 3"),
            ("glasshouse progress 1\n05 a b -1 5", "Line 2"),
        ] {
            let why = Progress::read(text).unwrap_err();
            assert!(
                why.contains(word) && why.ends_with('.') && !why.contains('\n'),
                "{text}: {why}"
            );
        }
        let long = format!("{HEAD}\n05 {} b 1 5", "x".repeat(NAME_MAX + 1));
        assert!(Progress::read(&long).is_err());
        let many: String = (0..2_000).map(|n| format!("\n{n} a b 1 5")).collect();
        let kept = Progress::read(&format!("{HEAD}{many}")).unwrap();
        assert_eq!(kept.write().lines().count(), ROWS_MAX + 1);
    }
}
