//! Other programs: where they are, how they are called, what is said when they fail.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use glasshouse_console::say;

use crate::{Failure, Result};

/// Cargo's arguments for everything but the page's build tool, which only `cargo xtask page`
/// compiles.
pub const NATIVE_CRATES: [&str; 3] = ["--workspace", "--exclude", "glasshouse-bindgen"];

/// The folder of the workspace's Cargo.toml.
pub fn root() -> PathBuf {
    let xtask = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    xtask.parent().expect("every crate lies in a folder of the workspace").to_owned()
}

/// Where cargo puts what it builds.
pub fn target_dir() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// A `cargo` command in the workspace, with the cargo that runs this.
pub fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).current_dir(root());
    command
}

/// A command in the workspace.
pub fn command(program: impl AsRef<std::ffi::OsStr>, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(root());
    command
}

/// Shows the command, runs it with its output going to the user, and fails when it does.
pub fn run(command: &mut Command) -> Result<()> {
    say!("  $ {}", line(command));
    let status = command.status().map_err(|error| absent(command, &error))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::Failed(format!("`{}` failed ({status})", line(command))))
}

/// Runs a command quietly and returns what it printed; its complaints are part of the failure.
pub fn capture(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| absent(command, &error))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        let said = format!("`{}` failed ({}): {}", line(command), output.status, complaint.trim());
        return Err(Failure::Failed(said));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The path of a program, when there is one of that name on PATH.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|dir| dir.join(program)).find(|candidate| candidate.is_file())
}

/// Reads a file; the failure names it.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| file_failure(path, &error))
}

/// Writes a file and the folders above it; the failure names it.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).map_err(|error| file_failure(dir, &error))?;
    }
    fs::write(path, bytes).map_err(|error| file_failure(path, &error))
}

/// Seconds with one decimal, or minutes and seconds.
pub fn duration(since: Instant) -> String {
    let elapsed: Duration = since.elapsed();
    match elapsed.as_secs() {
        0..60 => format!("{:.1} s", elapsed.as_secs_f64()),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

pub(crate) fn file_failure(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Failed(format!("{}: {error}", path.display()))
}

fn absent(command: &Command, error: &std::io::Error) -> Failure {
    Failure::Failed(format!("`{}` could not be started: {error}", line(command)))
}

/// The command as a user would type it in the workspace: programs by their names, files by their
/// paths from here.
fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut line =
        program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned();
    for arg in command.get_args() {
        let here = Path::new(arg).strip_prefix(root()).unwrap_or(Path::new(arg));
        let arg = here.to_string_lossy();
        line.push(' ');
        if arg.contains(char::is_whitespace) {
            line.push_str(&format!("'{arg}'"));
        } else {
            line.push_str(&arg);
        }
    }
    line
}
