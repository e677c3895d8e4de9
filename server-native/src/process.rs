//! What the process was started with: its name, its arguments, its environment.
//!
//! An operating system hands over bytes. A key may be any bytes, so `ctl` takes them as they are;
//! flags of the server are text, and what is not UTF-8 is refused with a sentence.

use std::ffi::OsString;
use std::path::Path;

/// The file name under which the program was called, and its arguments.
pub fn arguments() -> (String, Vec<OsString>) {
    let mut words = std::env::args_os();
    let program = words.next().unwrap_or_default();
    let name = Path::new(&program).file_name().unwrap_or_default().to_string_lossy();
    (name.into_owned(), words.collect())
}

/// The arguments as text.
///
/// # Errors
/// One sentence for the user when one of them is not UTF-8.
pub fn as_text(words: Vec<OsString>) -> Result<Vec<String>, String> {
    let text = |word: OsString| {
        word.into_string().map_err(|word| {
            format!("the argument {} is not UTF-8; flags and their values must be", word.display())
        })
    };
    words.into_iter().map(text).collect()
}

/// The environment's variables. One that is not UTF-8 is none of ours.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}
