//! `glasshouse-lab lesson`: a lesson plays its own solution, and tells what came of each goal.

use std::fs;
use std::path::{Path, PathBuf};

use glasshouse_console::say;
use glasshouse_sim::lesson::lab::TEXT_BYTES_MAX;
use glasshouse_sim::lesson::solution::Player;
use glasshouse_sim::lesson::{Lab, file, library};

use crate::Failure;
use crate::args::Args;

/// Where lessons are looked for: in a file, in a folder, or in the program itself.
pub(crate) struct Labs {
    folder: Option<PathBuf>,
    /// One lesson, as a teacher saved it.
    file: Option<Lab>,
}

impl Labs {
    /// What the command line names.
    ///
    /// # Errors
    /// One sentence: the file is no lesson.
    pub(crate) fn of(args: &mut Args) -> Result<Self, String> {
        let file = args.text("--lesson").map(|path| read_file(Path::new(&path))).transpose()?;
        Ok(Self { folder: args.text("--labs").map(PathBuf::from), file })
    }

    /// The lesson with this id or number.
    pub(crate) fn find(&self, id: &str) -> Result<Lab, String> {
        if let Some(lab) = self.file.as_ref().filter(|lab| lab.id == id) {
            return Ok(lab.clone());
        }
        match &self.folder {
            Some(folder) => read_folder(&folder_of(folder, id)?),
            None => match library::find(id) {
                Some(source) => source.read().map_err(|why| format!("{}: {why}", source.id)),
                None => {
                    Err(format!("There is no lesson {id} in this build; --lesson names its file."))
                }
            },
        }
    }
}

/// The folder `03-put-here-get-there` for that name or for `03`.
fn folder_of(labs: &Path, id: &str) -> Result<PathBuf, String> {
    let exact = labs.join(id);
    // What stands in a submission is a name, never a way to somewhere else.
    let plain = id.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    if plain && exact.join("lab.toml").is_file() {
        return Ok(exact);
    }
    let entries = fs::read_dir(labs).map_err(|error| format!("{}: {error}.", labs.display()))?;
    let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    folders.sort();
    let is_it = |folder: &PathBuf| {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.split('-').next() == Some(id) && folder.join("lab.toml").is_file()
    };
    folders
        .into_iter()
        .find(is_it)
        .ok_or_else(|| format!("There is no lesson {id} in {}.", labs.display()))
}

/// Reads `lab.toml` and `lesson.md`.
fn read_folder(folder: &Path) -> Result<Lab, String> {
    let id = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let text = |name: &str| read_text(&folder.join(name), TEXT_BYTES_MAX);
    let lab = Lab::read(&id, &text("lab.toml")?, &text("lesson.md")?);
    lab.map_err(|why| format!("{id}: {why}"))
}

/// Reads a lesson that is one file.
fn read_file(path: &Path) -> Result<Lab, String> {
    let lab = file::read(&read_text(path, file::BYTES_MAX)?);
    lab.map_err(|why| format!("{}: {why}", path.display()))
}

fn read_text(path: &Path, bytes_max: usize) -> Result<String, String> {
    let told = |error: std::io::Error| format!("{}: {error}.", path.display());
    if fs::metadata(path).map_err(told)?.len() > bytes_max as u64 {
        return Err(format!("{} is longer than {bytes_max} bytes.", path.display()));
    }
    fs::read_to_string(path).map_err(told)
}

pub(crate) fn lesson(mut args: Args) -> Result<(), Failure> {
    let labs = PathBuf::from(args.text("--labs").unwrap_or_else(|| "labs".into()));
    let class = args.text("--class").unwrap_or_else(|| "class".into());
    let student = args.text("--student").unwrap_or_else(|| "student".into());
    let script = args.text("--script").map(PathBuf::from);
    let out = args.text("--out").map(PathBuf::from);
    let words = args.words();
    args.finish("lesson")?;
    let [id] = words.as_slice() else {
        return Err(Failure::Usage("lesson wants one lesson, like lesson 05.".into()));
    };
    let (lab, beside) = match Path::new(id) {
        file if file.is_file() => (read_file(file)?, None),
        _ => {
            let folder = folder_of(&labs, id)?;
            (read_folder(&folder)?, Some(folder.join("solution.script")))
        }
    };
    let script = script.or(beside).ok_or_else(|| {
        Failure::Usage(
            "A lesson of one file has no solution beside it: name it with --script.".into(),
        )
    })?;
    let script = read_text(&script, TEXT_BYTES_MAX)?;
    let mut player = Player::new(&lab, &class, &student)?;
    let at_start = player.grade();
    let early: Vec<&str> = at_start
        .goals
        .iter()
        .filter(|goal| goal.judged.is_met())
        .map(|goal| goal.name.as_str())
        .collect();
    player.tell(&script, &mut |line, printed| {
        say!("> {line}");
        glasshouse_console::write(printed);
    })?;
    let grade = player.grade();
    say!("\n{} {}, student {student} of {class}", lab.id, lab.title);
    glasshouse_console::write(grade.table());
    if let Some(out) = out {
        let text = player.submission(&class, &student).to_string();
        fs::write(&out, text).map_err(|error| format!("{}: {error}.", out.display()))?;
    }
    if !early.is_empty() {
        say!("These hold before anything is done: {}.", early.join(", "));
        return Err(Failure::Violated);
    }
    if grade.points() < grade.most() { Err(Failure::Violated) } else { Ok(()) }
}
