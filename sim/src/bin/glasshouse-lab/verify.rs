//! `glasshouse-lab verify`: findings are judged by doing them again; nothing in a file is believed.

use std::fs;

use glasshouse_sim::hunt::finding::{self, BYTES_MAX, Finding};

use crate::Failure;
use crate::args::Args;
use crate::stopwatch::Stopwatch;

pub(crate) fn verify(mut args: Args) -> Result<(), Failure> {
    let csv = args.switch("--csv");
    let files = args.words();
    args.finish("verify")?;
    if files.is_empty() {
        return Err(Failure::Usage("verify wants files, like verify *.finding.".into()));
    }
    let mut wrong = 0;
    if csv {
        println!("file,verdict,property,lines,ms,why");
    }
    for file in &files {
        let began = Stopwatch::start();
        let judged = judge(file);
        let ms = (began.seconds() * 1_000.0).round();
        wrong += usize::from(judged.is_err());
        match (&judged, csv) {
            (Ok(finding), true) => println!(
                "{},holds,{},{},{ms},",
                quoted(file),
                quoted(finding.property.name()),
                finding.lines.len()
            ),
            (Err(why), true) => println!("{},refused,,,{ms},{}", quoted(file), quoted(why)),
            (Ok(finding), false) => println!(
                "{file}: holds: {} breaks after {} lines ({ms} ms)",
                finding.property,
                finding.lines.len()
            ),
            (Err(why), false) => println!("{file}: refused: {why}"),
        }
    }
    if !csv {
        println!("{} files, {wrong} refused", files.len());
    }
    if wrong == 0 { Ok(()) } else { Err(Failure::Violated) }
}

/// Reads a file and does what it says.
pub(crate) fn judge(file: &str) -> Result<Finding, String> {
    let finding = read(file)?;
    finding.verify()?;
    Ok(finding)
}

/// Reads a file; one that is too long is not read at all.
pub(crate) fn read(file: &str) -> Result<Finding, String> {
    let cannot = |error: std::io::Error| format!("It cannot be read: {error}.");
    let length = fs::metadata(file).map_err(cannot)?.len();
    if length > BYTES_MAX as u64 {
        return Err(format!("It is {length} bytes long, and {BYTES_MAX} are the most."));
    }
    let bytes = fs::read(file).map_err(cannot)?;
    let text = String::from_utf8(bytes).map_err(|_| "It is no text.".to_owned())?;
    finding::read(&text)
}

/// A field of a table with commas.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
