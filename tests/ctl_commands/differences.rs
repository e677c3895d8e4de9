//! The lists of differences, each with its reason.
//!
//! ```text
//!   # A remark.
//!   = the reason, one sentence
//!   a line of the list
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use glasshouse_tests::root;

use super::play::{Line, Outcome};

/// Stands where nobody has given a reason yet.
const NO_REASON: &str = "NO REASON";

/// Prints the table and compares it with the list; what is wrong, if anything.
pub(crate) fn compare(
    title: &str,
    list: &str,
    lines: &[Line],
    theirs: &[Outcome],
    others: &[Outcome],
) -> String {
    let path = root().join("tests/scripts/ctl").join(list);
    let known = read(&path);
    let mut found = BTreeMap::new();
    let mut wrong = String::new();
    println!("\n{title}\nexit  bytes    command");
    for ((line, theirs), other) in lines.iter().zip(theirs).zip(others) {
        let code = other.code.map_or("-".to_owned(), |code| code.to_string());
        let reason = known.get(&line.name).map_or(NO_REASON, String::as_str);
        let verdict = if theirs == other { "same" } else { reason };
        println!("{code:>4}  {verdict:8} {}", line.name);
        if theirs != other {
            found.insert(line.name.clone(), reason.to_owned());
        }
        match (theirs == other, known.contains_key(&line.name)) {
            (false, false) => {
                wrong += &format!("{title}: {}\n{other:#?}\netcd: {theirs:#?}\n", line.name);
            }
            (true, true) => wrong += &format!("{title}: {} is equal now\n", line.name),
            _ => {}
        }
    }
    if found.values().any(|reason| reason == NO_REASON) {
        wrong += &format!("{title}: a difference in {list} has no reason\n");
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        write(&path, lines, &found);
    }
    wrong
}

/// Reason by line.
fn read(path: &PathBuf) -> BTreeMap<String, String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let mut known = BTreeMap::new();
    let mut reason = NO_REASON.to_owned();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_prefix("= ") {
            Some(text) => text.clone_into(&mut reason),
            None => {
                known.insert(line.to_owned(), reason.clone());
            }
        }
    }
    known.retain(|_, reason| reason != NO_REASON);
    known
}

fn write(path: &PathBuf, lines: &[Line], found: &BTreeMap<String, String>) {
    let mut reasons: Vec<&String> = Vec::new();
    for line in lines {
        if let Some(reason) = found.get(&line.name)
            && !reasons.contains(&reason)
        {
            reasons.push(reason);
        }
    }
    let mut text = String::from("# What differs, and why: tests/ctl_commands.\n");
    for reason in reasons {
        text += &format!("\n= {reason}\n");
        for line in lines.iter().filter(|line| found.get(&line.name) == Some(reason)) {
            text += &format!("{}\n", line.name);
        }
    }
    fs::write(path, text).expect("the list can be written");
}
