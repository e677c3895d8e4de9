//! `glasshouse-lab verify`: findings and submissions are judged by doing them again; nothing in a file is believed.
//!
//! One table has both: a row for each file. For people it ends with the grades of every submission, goal by goal.

use std::collections::BTreeMap;
use std::fs;

use glasshouse_console::say;
use glasshouse_sim::hunt::finding::{self, BYTES_MAX, Finding};
use glasshouse_sim::lesson::grade::shown;
use glasshouse_sim::lesson::submission;
use glasshouse_sim::lesson::{Grade, Lab, Submission, grade};

use crate::Failure;
use crate::args::Args;
use crate::lessons::Labs;
use crate::stopwatch::Stopwatch;

/// What a file was found to be.
enum Verdict {
    /// A finding, and it holds.
    Finding(Finding),
    /// A submission and its grade.
    Graded(Submission, Box<Grade>),
}

/// The first line of the table. Findings fill the columns in front, submissions those behind as well.
const COLUMNS: &str =
    "file,verdict,property,lines,ms,why,lesson,class,student,points,of,goals,predictions";

pub(crate) fn verify(mut args: Args) -> Result<(), Failure> {
    let csv = args.switch("--csv");
    let labs = Labs::of(&mut args)?;
    let files = args.words();
    args.finish("verify")?;
    if files.is_empty() {
        let example = "verify wants files, like verify *.finding or verify class/*.lab.";
        return Err(Failure::Usage(example.into()));
    }
    let mut refused = 0;
    let mut known = BTreeMap::new();
    if csv {
        say!("{COLUMNS}");
    }
    for file in &files {
        let began = Stopwatch::start();
        let judged = judge_any(file, &labs, &mut known);
        let ms = (began.seconds() * 1_000.0).round();
        refused += usize::from(judged.is_err());
        if csv {
            say!("{}", row(file, &judged, ms));
        } else {
            tell(file, &judged, ms);
        }
    }
    if !csv {
        say!("{} files, {refused} refused", files.len());
    }
    if refused == 0 { Ok(()) } else { Err(Failure::Violated) }
}

/// A row of the table.
fn row(file: &str, judged: &Result<Verdict, String>, ms: f64) -> String {
    let file = quoted(file);
    match judged {
        Ok(Verdict::Finding(finding)) => {
            let (property, lines) = (quoted(finding.property.name()), finding.lines.len());
            format!("{file},holds,{property},{lines},{ms},,,,,,,,")
        }
        Err(why) => format!("{file},refused,,,{ms},{},,,,,,,", quoted(why)),
        Ok(Verdict::Graded(submission, grade)) => {
            let lines: usize = submission.branches.iter().map(|branch| branch.lines.len()).sum();
            let goals = grade.goals.iter().map(|goal| {
                let mark = if goal.judged.is_met() { "+" } else { "-" };
                format!("{}{mark}", goal.name)
            });
            let predictions =
                grade.predictions.iter().map(|one| format!("{} {}", one.name, one.made.word()));
            format!(
                "{file},graded,,{lines},{ms},,{},{},{},{},{},{},{}",
                quoted(&submission.lesson),
                quoted(&submission.class),
                quoted(&submission.student),
                shown(grade.points()),
                shown(grade.most()),
                quoted(&goals.collect::<Vec<_>>().join(" ")),
                quoted(&predictions.collect::<Vec<_>>().join("; ")),
            )
        }
    }
}

/// The same for people.
fn tell(file: &str, judged: &Result<Verdict, String>, ms: f64) {
    match judged {
        Ok(Verdict::Finding(finding)) => say!(
            "{file}: holds: {} breaks after {} lines ({ms} ms)",
            finding.property,
            finding.lines.len()
        ),
        Err(why) => say!("{file}: refused: {why}"),
        Ok(Verdict::Graded(submission, grade)) => {
            say!(
                "{file}: {} of {}: {} of {} in {} ({ms} ms)",
                submission.student,
                submission.class,
                shown(grade.points()),
                shown(grade.most()),
                submission.lesson,
            );
            for line in grade.table().lines() {
                say!("  {line}");
            }
        }
    }
}

/// Reads a file, sees what it is, and does it again. Lessons that were read once are kept in `known`.
fn judge_any(
    file: &str,
    labs: &Labs,
    known: &mut BTreeMap<String, Result<Lab, String>>,
) -> Result<Verdict, String> {
    let text = read_text(file)?;
    if !text.starts_with("glasshouse submission") {
        let finding = finding::read(&text)?;
        finding.verify()?;
        return Ok(Verdict::Finding(finding));
    }
    let submission = submission::read(&text)?;
    let lesson = submission.lesson.clone();
    let lab = known.entry(lesson).or_insert_with_key(|lesson| labs.find(lesson));
    let grade = grade(lab.as_ref().map_err(Clone::clone)?, &submission)?;
    Ok(Verdict::Graded(submission, Box::new(grade)))
}

/// Reads a finding; a file that is too long is not read at all.
pub(crate) fn read(file: &str) -> Result<Finding, String> {
    finding::read(&read_text(file)?)
}

fn read_text(file: &str) -> Result<String, String> {
    let cannot = |error: std::io::Error| format!("It cannot be read: {error}.");
    let length = fs::metadata(file).map_err(cannot)?.len();
    if length > BYTES_MAX as u64 {
        return Err(format!("It is {length} bytes long, and {BYTES_MAX} are the most."));
    }
    let bytes = fs::read(file).map_err(cannot)?;
    String::from_utf8(bytes).map_err(|_| "It is no text.".to_owned())
}

/// A field of a table with commas. A text that a spreadsheet would take for a formula is none.
fn quoted(text: &str) -> String {
    let text = match text.chars().next() {
        Some('=' | '+' | '-' | '@') => format!("'{text}"),
        _ => text.to_owned(),
    };
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}
