//! Programs that a session runs: `lock CMD`, `watch -- CMD`.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;

use glasshouse_core::ctl::{Program, ProgramError};

use super::files;

/// What Go's `ExitCode` says of a program that a signal ended (-1), as a shell sees it.
const BY_SIGNAL: u8 = 255;

/// Runs a program to its end, with the standard input and output of this one.
///
/// # Errors
/// In Go's words: what the system says, or how the program ended.
pub(super) fn execute(program: &Program) -> Result<(), ProgramError> {
    let text = |bytes: &Vec<u8>| OsString::from_vec(bytes.clone());
    let mut words = program.command.iter().map(text);
    let name = words.next().unwrap_or_default();
    let environment = program.environment.iter().map(|(variable, value)| (variable, text(value)));
    match Command::new(&name).args(words).envs(environment).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(match status.code() {
            Some(code) => {
                let why = format!("exit status {code}");
                ProgramError { why, code: Some(u8::try_from(code).unwrap_or(BY_SIGNAL)) }
            }
            None => {
                let why = format!("signal: {}", signal_name(status.signal().unwrap_or(0)));
                ProgramError { why, code: Some(BY_SIGNAL) }
            }
        }),
        Err(error) => Err(ProgramError { why: not_run(&name, &error), code: None }),
    }
}

/// Why a program did not run: a name without a folder is looked for where the shell looks.
fn not_run(name: &OsStr, error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::NotFound && !name.as_bytes().contains(&b'/') {
        return format!("exec: {name:?}: executable file not found in $PATH");
    }
    format!("fork/exec {}: {}", name.display(), files::reason(error))
}

/// A signal in Go's words, as far as programs are ended by it.
fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        6 => "aborted",
        9 => "killed",
        11 => "segmentation fault",
        13 => "broken pipe",
        14 => "alarm clock",
        15 => "terminated",
        other => return format!("signal {other}"),
    };
    name.to_owned()
}
