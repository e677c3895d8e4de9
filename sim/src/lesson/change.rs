//! Wrong solutions, written as changes of the right one: `wrong.script`.
//!
//! ```text
//!   G1: red goes to the leader          fails just this goal; what stands behind the colon is for people
//!   - put color red --endpoints={f}     this line of the solution goes,
//!   + put color red --endpoints={L}     and this one comes in its place
//!   + run 1s                            (any number of them, or none)
//! ```
//!
//! Lines that go are looked for from the last change on, so a line that stands there twice can be named in its
//! order. A lesson's own test plays them all: a goal that no change makes fail looks at nothing.

/// A change of a solution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The goal that must fail, and no other.
    pub goal: String,
    /// What is done wrong.
    pub why: String,
    edits: Vec<(String, Vec<String>)>,
}

/// Reads `wrong.script`.
///
/// # Errors
/// One sentence about the first line that is no change.
pub fn read(text: &str) -> Result<Vec<Change>, String> {
    let mut changes: Vec<Change> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        let wrong = |what: &str| format!("wrong.script, line {}: {what}", number + 1);
        let last = changes.last_mut();
        match (line.split_at_checked(2), last) {
            _ if line.is_empty() || line.starts_with('#') => {}
            (Some(("- ", old)), Some(change)) => change.edits.push((old.to_owned(), Vec::new())),
            (Some(("+ ", new)), Some(change)) => {
                let edit = change.edits.last_mut();
                let edit = edit.ok_or_else(|| wrong("First a line has to go, as \"- LINE\"."))?;
                edit.1.push(new.to_owned());
            }
            _ => {
                let head = line.split_once(':');
                let (goal, why) = head.ok_or_else(|| wrong("Write it like \"G1: why\"."))?;
                let (goal, why) = (goal.trim().to_owned(), why.trim().to_owned());
                changes.push(Change { goal, why, edits: Vec::new() });
            }
        }
    }
    Ok(changes)
}

impl Change {
    /// The solution with this change.
    ///
    /// # Errors
    /// One sentence: a line that shall go is not there.
    pub fn apply(&self, solution: &str) -> Result<String, String> {
        let mut lines: Vec<&str> = solution.lines().map(str::trim).collect();
        let mut from = 0;
        for (old, new) in &self.edits {
            let place = lines.iter().skip(from).position(|line| line == old);
            let place = from
                + place.ok_or_else(|| {
                    format!("{}: the solution has no line \"{old}\" there.", self.goal)
                })?;
            lines.splice(place..=place, new.iter().map(String::as_str));
            from = place + new.len();
        }
        Ok(lines.join("\n"))
    }
}
