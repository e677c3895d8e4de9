//! Plays the lines with one program.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use glasshouse_core::ctl::words;

use super::member::Member;
use super::steady::steady;

/// One line of the list.
pub(crate) struct Line {
    /// As it stands in the list; a number in front of the second one of the same.
    pub(crate) name: String,
    words: Vec<String>,
    input: String,
}

/// What became of a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// `None` after a signal.
    pub(crate) code: Option<i32>,
}

/// Reads the list.
pub(crate) fn lines(path: &Path) -> Vec<Line> {
    let text = fs::read_to_string(path).expect("the list is in the repository");
    let mut lines: Vec<Line> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (command, input) = line.split_once(" << ").unwrap_or((line, ""));
        let same = lines.iter().filter(|other| other.name.ends_with(line)).count();
        let name = if same == 0 { line.to_owned() } else { format!("{}. {line}", same + 1) };
        let words = words(command).expect("the line is one of a shell");
        lines.push(Line { name, words, input: input.replace("\\n", "\n") });
    }
    assert!(lines.len() > 200, "the list is read");
    lines
}

/// A program and the member that it talks to.
pub(crate) struct Player<'a> {
    program: &'a Path,
    first: &'a [&'a str],
    member: &'a Member,
    dir: String,
    /// The lease that was granted last, and the only member, as the program prints them.
    lease: String,
    id: String,
}

impl<'a> Player<'a> {
    pub(crate) fn new(program: &'a Path, first: &'a [&'a str], member: &'a Member) -> Self {
        let dir = member.dir.0.display().to_string();
        Self { program, first, member, dir, lease: String::new(), id: String::new() }
    }

    /// Plays all lines, one after the other.
    pub(crate) fn play(mut self, lines: &[Line]) -> Vec<Outcome> {
        let list = self.run(&["member".to_owned(), "list".to_owned()], "").0;
        self.id = list.split(',').next().unwrap_or_default().to_owned();
        lines.iter().map(|line| self.line(line)).collect()
    }

    fn line(&mut self, line: &Line) -> Outcome {
        let replaced = |word: &String| {
            let word = word.replace("$LEASE", &self.lease).replace("$MEMBER", &self.id);
            word.replace("$DIR", &self.dir)
        };
        let words: Vec<String> = line.words.iter().map(replaced).collect();
        let (stdout, stderr, code) = self.run(&words, &line.input);
        if let Some(id) = stdout.strip_prefix("lease ").and_then(|rest| rest.split_once(" granted"))
            && !line.name.contains("timetolive")
        {
            self.lease = id.0.to_owned();
        }
        let steady = |text: &str| {
            let text = text.replace(&self.member.address, "ENDPOINT").replace(&self.dir, "DIR");
            let lease = i64::from_str_radix(&self.lease, 16).map(|id| id.to_string());
            let text = match lease {
                Ok(id) => text.replace(&self.lease, "LEASE").replace(&id, "LEASE"),
                Err(_) => text,
            };
            steady(&text)
        };
        Outcome { stdout: steady(&stdout), stderr: steady(&stderr), code }
    }

    fn run(&self, words: &[String], input: &str) -> (String, String, Option<i32>) {
        let mut command = Command::new(self.program);
        command.args(self.first).env("ETCDCTL_API", "3");
        if !words.iter().any(|word| word.starts_with("--endpoints")) {
            command.arg(format!("--endpoints={}", self.member.address));
        }
        command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program can be started");
        let mut stdin = child.stdin.take().expect("it is piped");
        // A program that reads nothing may have closed it.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let output = child.wait_with_output().expect("it was started");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(&output.stdout), text(&output.stderr), output.status.code())
    }
}
