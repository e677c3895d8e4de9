//! Lines that are typed into a command that waits for input.
//!
//! ```text
//!   txn -i                       waits for comparisons
//!   < mod("color") = "0"         types one
//!   <                            types an empty line
//!   ^D                           Ctrl-D: the input ends
//!   client A < put color red     the same for a command of client A
//! ```
//!
//! What stands behind `< ` is taken as it is, without quotes and comments. At the keyboard of the page
//! nobody types the `<`: [`Bench::type_line`](super::Bench::type_line) puts it there, so that a run's
//! log tells commands from their input.

use super::command::Typed;
use super::words::LINE_BYTES_MAX;

/// Reads such a line; `None` when it is another one.
pub(super) fn parse(line: &str) -> Option<Typed> {
    if line.len() > LINE_BYTES_MAX || line.contains('\n') {
        return None;
    }
    let (client, text) = speaker(line);
    let text = text.trim_start();
    let line = match text.trim_end() {
        "<" => Some(String::new()),
        "^D" | "^d" => None,
        _ => Some(text.strip_prefix("< ")?.to_string()),
    };
    Some(Typed { client: client.map(str::to_string), line })
}

/// A line that types `text`.
pub(super) fn write(client: Option<&str>, text: &str) -> String {
    let client = client.map(|name| format!("client {name} ")).unwrap_or_default();
    match text {
        "" => format!("{client}<"),
        text => format!("{client}< {text}"),
    }
}

/// Who types, if the line names somebody, and what.
pub(super) fn speaker(line: &str) -> (Option<&str>, &str) {
    let named = || {
        let rest = line.trim_start().strip_prefix("client ")?.trim_start();
        let (name, text) = rest.split_once(' ').unwrap_or((rest, ""));
        (!name.is_empty()).then_some((Some(name), text))
    };
    named().unwrap_or((None, line))
}
