//! How a run is written as a link: what stands behind the `#` of the page's address.
//!
//! The page reads it (`web/src/link.rs` has the picture); page and findings write it, here.

use std::fmt::Write as _;

use super::call::Action;

/// Writes a run: its seed, the members at its beginning, how far it came in virtual microseconds (0 is
/// left out), and what was done, in order of time.
#[must_use]
pub fn write(seed: u64, nodes: u32, time_us: u64, actions: &[Action]) -> String {
    let mut text = format!("seed={seed}&n={nodes}");
    if time_us > 0 {
        let _ = write!(text, "&t={time_us}");
    }
    let mut before = 0;
    for (nth, action) in actions.iter().enumerate() {
        text.push_str(if nth == 0 { "&a=" } else { ";" });
        let _ = write!(text, "{}.", action.time_us.saturating_sub(before));
        escape(&action.line, &mut text);
        before = action.time_us;
    }
    text
}

/// Percent-encodes what has a meaning in our links or may not stand in an address.
fn escape(line: &str, to: &mut String) {
    for byte in line.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => to.push(char::from(byte)),
            b'-' | b'_' | b'.' | b'/' | b':' | b'*' | b',' => to.push(char::from(byte)),
            b' ' => to.push('+'),
            _ => {
                let _ = write!(to, "%{byte:02X}");
            }
        }
    }
}
