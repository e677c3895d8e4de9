//! Lessons beside the page: a file for each, fetched when somebody opens it, and a list of all.
//!
//! ```text
//!   labs/05-stop-the-leader/lab.toml ─┬─► dist/labs/05-stop-the-leader.lesson    (sim/src/lesson/file.rs)
//!                          lesson.md ─┘
//!   title, minutes, objective, goals  ──► dist/labs/index.json                   the list of lessons
//! ```
//!
//! What the list says is read off the first lines of `lab.toml`, because this program has no dependencies. A text
//! of TOML in double quotes on one line is a text of JSON, too; whoever writes it otherwise is told. That the list
//! says what the lessons say is tested by `tests/lesson_files.rs`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::shell::{self, file_failure};
use crate::{Failure, Result};

/// Writes all lessons and their list into the page's folder.
pub fn write(dist: &Path) -> Result<()> {
    let mut cards = Vec::new();
    for folder in folders()? {
        let lesson = read(&folder)?;
        shell::write(&dist.join(format!("labs/{}.lesson", lesson.id)), lesson.file.as_bytes())?;
        cards.push(lesson.card);
    }
    shell::write(&dist.join("labs/index.json"), format!("[{}]\n", cards.join(",\n")).as_bytes())
}

/// One lesson, as the page gets it.
pub struct Lesson {
    /// The name of its folder.
    pub id: String,
    /// Both of its texts in one.
    pub file: String,
    /// Its line in the list, in JSON.
    pub card: String,
}

/// The folders of all lessons, in order.
pub fn folders() -> Result<Vec<PathBuf>> {
    let labs = shell::root().join("labs");
    let entries = fs::read_dir(&labs).map_err(|error| file_failure(&labs, &error))?;
    let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    folders.retain(|folder| folder.join("lab.toml").is_file());
    folders.sort();
    Ok(folders)
}

/// Reads the lesson in a folder.
pub fn read(folder: &Path) -> Result<Lesson> {
    let text = |name: &str| -> Result<String> {
        Ok(String::from_utf8_lossy(&shell::read(&folder.join(name))?).into_owned())
    };
    let (toml, lesson) = (text("lab.toml")?, text("lesson.md")?);
    let id = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let value = |name: &str| {
        value(&toml, name).ok_or_else(|| {
            Failure::Failed(format!(
                "labs/{id}/lab.toml: {name} has to be one line above all tables"
            ))
        })
    };
    let goals = toml.lines().filter(|line| line.trim_end() == "[[goals]]").count();
    let card = format!(
        "{{\"id\":\"{id}\",\"title\":{},\"minutes\":{},\"objective\":{},\"goals\":{goals}}}",
        value("title")?,
        value("minutes")?,
        value("objective")?,
    );
    let file = format!("glasshouse lesson 1\nlesson {id}\n\n{}\n---\n{lesson}", toml.trim_end());
    Ok(Lesson { id, file, card })
}

/// A number, or a text in double quotes, above the first table.
fn value<'a>(toml: &'a str, name: &str) -> Option<&'a str> {
    let mut above = toml.lines().take_while(|line| !line.starts_with('['));
    let value = above.find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix('='))?;
    let value = value.trim();
    let is_text = value.len() > 1 && value.starts_with('"') && value.ends_with('"');
    (is_text || value.bytes().all(|byte| byte.is_ascii_digit())).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_one_line_above_all_tables() {
        let toml = "title = \"a \\\"b\\\"\"\nminutes = 15\nprepare = [\n  \"x\",\n]\n\n[[goals]]\nname = \"G1\"\n";
        assert_eq!(value(toml, "title"), Some("\"a \\\"b\\\"\""));
        assert_eq!(value(toml, "minutes"), Some("15"));
        assert_eq!(value(toml, "prepare"), None);
        assert_eq!(value(toml, "name"), None);
    }
}
