//! Stories: files of lines and what they print.
//!
//! ```text
//!   # A leader that dies is replaced.
//!   world seed 7, members 3              what the run is built from; the defaults are these
//!
//!   kill leader                          one or more lines ...
//!   until new leader
//!   ---                                  ... and below this what they print
//!   n1 is killed.
//!   n3 leads term 3 after 1.204 s.
//!                                        an empty line ends the block
//!   put color red
//!   ---
//!   OK
//! ```
//!
//! A line that begins with `< ` is typed into the command that waits for input, such as `txn -i`; `<`
//! alone is an empty line, and `^D` ends the input.
//!
//! A block whose lines print nothing has `ok` below the `---`. Output with empty lines in it, or
//! with a line that could be mistaken, has `> ` before every line. What an earlier `watch` prints
//! meanwhile stands behind the line that was typed, as `[watch color] PUT`. `world ... feed` puts the feed
//! into the output: what happened, indented, with its time.
//!
//! The same file is a test (its output is compared), a demonstration (it is played) and a piece of
//! documentation (it is read).

use std::collections::BTreeMap;

use super::ParseError;
use super::bench::{Bench, Setup};
use super::units::quoted;
use super::words::here_document;
use crate::view::frame::Level;

/// How long a line may let virtual time flow, in microseconds.
const LINE_US_MAX: u64 = 3_600_000_000;

/// A file of lines and what they print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// The world.
    pub setup: Setup,
    /// The output tells the feed too.
    pub feed: bool,
    parts: Vec<Part>,
}

/// A piece of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// Kept as it stands: comments, empty lines, the line about the world.
    Text(String),
    /// Lines, and what they are said to print.
    Block { lines: Vec<String>, output: String },
}

impl Story {
    /// Reads a file. Lines behind the last `---` need no output: a plain list of lines is a story.
    ///
    /// # Errors
    /// A line about the world that cannot be read; lines of the language are not looked at yet.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let mut story = Self { setup: Setup::new(1, 3), feed: false, parts: Vec::new() };
        let mut rest = text.lines().peekable();
        while let Some(line) = rest.next() {
            let trimmed = line.trim();
            if trimmed.is_empty() || trimmed.starts_with('#') {
                story.parts.push(Part::Text(line.to_string()));
                continue;
            }
            if let Some(world) = trimmed.strip_prefix("world ") {
                story.world(world)?;
                story.parts.push(Part::Text(line.to_string()));
                continue;
            }
            let mut lines = vec![line.to_string()];
            read_here_document(&mut lines, &mut rest);
            while let Some(line) =
                rest.next_if(|line| !line.trim().is_empty() && line.trim() != "---")
            {
                lines.push(line.to_string());
                read_here_document(&mut lines, &mut rest);
            }
            let mut output = String::new();
            if rest.next_if(|line| line.trim() == "---").is_some() {
                while let Some(line) = rest.next_if(|line| !line.is_empty()) {
                    output.push_str(line);
                    output.push('\n');
                }
            }
            story.parts.push(Part::Block { lines, output });
        }
        Ok(story)
    }

    /// `seed 7, members 3, snapshot-count 20, snapshot-catchup 5, feed`.
    fn world(&mut self, words: &str) -> Result<(), ParseError> {
        let wrong = |part: &str| {
            ParseError::new(format!(
                "{} says nothing about a world. Write it like world seed 7, members 3, feed.",
                quoted(part)
            ))
        };
        for part in words.split(',').map(str::trim) {
            if part == "feed" {
                self.feed = true;
                continue;
            }
            let (name, value) = part.split_once(' ').ok_or_else(|| wrong(part))?;
            let number: u64 = value.trim().parse().map_err(|_| wrong(part))?;
            match name {
                "seed" => self.setup.seed = number,
                "members" if (1..=9).contains(&number) => {
                    self.setup.members = u8::try_from(number).map_err(|_| wrong(part))?;
                }
                "snapshot-count" => self.setup.snapshot_count = Some(number),
                "snapshot-catchup" => self.setup.snapshot_catchup = Some(number),
                _ => return Err(wrong(part)),
            }
        }
        Ok(())
    }

    /// Plays the story in a world of its own. `told` gets each block's lines and output as they
    /// come. Gives the file again, with what was printed in place of what it said.
    pub fn play(&self, mut told: impl FnMut(&[String], &str)) -> (String, Bench) {
        let mut bench = Bench::new(self.setup.clone(), Vec::new());
        let mut text = String::new();
        let mut heard = 1;
        let mut running = BTreeMap::new();
        for part in &self.parts {
            match part {
                Part::Text(line) => {
                    text.push_str(line);
                    text.push('\n');
                }
                Part::Block { lines, .. } => {
                    let mut output = String::new();
                    for line in joined(lines) {
                        let id = bench.exec(&line);
                        bench.finish(id, LINE_US_MAX);
                        if self.feed {
                            heard = tell(&bench, heard, &mut output);
                        }
                        if let Some(entry) = bench.entry(id) {
                            output.push_str(&entry.output);
                            if bench.rests(id) {
                                running.insert(id, entry.output.len());
                            } else if !entry.done {
                                output.push_str("(It still waits.)\n");
                            }
                        }
                        tell_running(&bench, &mut running, id, &mut output);
                    }
                    told(lines, &output);
                    for line in lines {
                        text.push_str(line);
                        text.push('\n');
                    }
                    text.push_str("---\n");
                    text.push_str(&written(&output));
                }
            }
        }
        (text, bench)
    }
}

/// The text after `<<END` belongs to the line before it.
fn read_here_document<'a>(
    lines: &mut Vec<String>,
    rest: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>,
) {
    let Some(tag) = lines.last().and_then(|line| here_document(line)) else { return };
    for line in rest.by_ref() {
        lines.push(line.to_string());
        if line == tag {
            break;
        }
    }
}

/// Commands of a block: a here-document is one with the lines below it.
fn joined(lines: &[String]) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    let mut rest = lines.iter();
    while let Some(line) = rest.next() {
        let mut command = line.clone();
        if let Some(tag) = here_document(line) {
            for more in rest.by_ref() {
                command.push('\n');
                command.push_str(more);
                if *more == tag {
                    break;
                }
            }
        }
        commands.push(command);
    }
    commands
}

/// Adds the feed from event `since` on, and gives the number of the next event.
fn tell(bench: &Bench, since: u64, output: &mut String) -> u64 {
    let mut next = since;
    for event in bench.view.feed(since) {
        next = event.seq + 1;
        let (seconds, millis) = (event.time_us / 1_000_000, event.time_us / 1_000 % 1_000);
        let loud = if event.level == Level::Violation { "!" } else { " " };
        output.push_str(&format!(" {loud}{seconds:>3}.{millis:03}  {}\n", event.text));
    }
    next
}

/// Adds what earlier lines that go on (`watch`) have printed meanwhile, each line behind theirs.
fn tell_running(bench: &Bench, running: &mut BTreeMap<u64, usize>, now: u64, output: &mut String) {
    // What a command says to a line that was typed into it is the output of that line.
    let into = bench.entry(now).and_then(|entry| entry.into);
    running.retain(|&id, told| {
        let Some(entry) = bench.entry(id) else { return false };
        if id != now && into != Some(id) {
            for line in entry.output.get(*told..).unwrap_or_default().lines() {
                let command = entry.line.lines().next().unwrap_or_default();
                output.push_str(format!("[{command}] {line}").trim_end());
                output.push('\n');
            }
        }
        *told = entry.output.len();
        !entry.done
    });
}

/// Output as the file writes it.
fn written(output: &str) -> String {
    if output.is_empty() {
        return "ok\n".to_string();
    }
    let text = if output.ends_with('\n') { output.to_string() } else { format!("{output}\n") };
    let plain = |line: &str| !line.is_empty() && !line.starts_with("> ") && line.trim() != "---";
    if text.lines().all(plain) && text != "ok\n" {
        return text;
    }
    text.lines().map(|line| format!("> {line}").trim_end().to_string() + "\n").collect()
}
