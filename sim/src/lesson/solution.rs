//! A script that plays a lesson, as a student could.
//!
//! ```text
//!   # A comment.
//!   predict P1 no                    lines of the command language; each is waited for
//!   stop {f}                         {...} is an expression of the goal language, looked at now
//!   put foo2 bar
//!   answer term = term(leader)       an answer that is computed; without = it stands as it is
//!   mark before
//!   branch B from before             goes back to a mark (or to start) and on from there as B
//!   branch C                         goes on from here as C
//!   hint G1 2
//! ```
//!
//! Expressions are for solutions only: a student types what he has seen.

use super::goal::{Judge, Value, parse};
use super::grade::{self, Grade, Played};
use super::lab::{self, Lab, START};
use super::submission::{BRANCHES_MAX, Branch, LINES_MAX, Submission};
use crate::chronicle::Moment;
use crate::script::Bench;
use crate::view::call::{Action, Stop};

/// How long one line may let time flow, in microseconds: ten minutes.
const LINE_US_MAX: u64 = 600_000_000;

/// A lesson that is being played.
pub struct Player<'a> {
    lab: &'a Lab,
    seed: u64,
    bench: Bench,
    /// Lines before the lesson began.
    prepared: usize,
    branch: Branch,
    done: Vec<(Branch, Played)>,
}

impl<'a> Player<'a> {
    /// A lesson, set up for a student.
    ///
    /// # Errors
    /// One sentence: a prepared line cannot be carried out.
    pub fn new(lab: &'a Lab, class: &str, student: &str) -> Result<Self, String> {
        let seed = lab.seed(class, student);
        let bench = lab.open(seed)?;
        let prepared = bench.log().len();
        let branch = Branch { name: "main".to_owned(), ..Branch::default() };
        Ok(Self { lab, seed, bench, prepared, branch, done: Vec::new() })
    }

    /// Plays all lines of a script.
    ///
    /// # Errors
    /// One sentence about the first line that cannot be played.
    pub fn play(&mut self, script: &str) -> Result<(), String> {
        self.tell(script, &mut |_, _| {})
    }

    /// The same; `told` gets each line as it was played, and what it printed.
    ///
    /// # Errors
    /// One sentence about the first line that cannot be played.
    pub fn tell(&mut self, script: &str, told: &mut impl FnMut(&str, &str)) -> Result<(), String> {
        for (number, line) in script.lines().enumerate() {
            let trimmed = line.trim();
            if trimmed.is_empty() || trimmed.starts_with('#') {
                continue;
            }
            if number >= LINES_MAX {
                return Err(format!("A solution has {LINES_MAX} lines at most."));
            }
            let (done, printed) = self
                .line(trimmed)
                .map_err(|why| format!("line {}, {trimmed}: {why}", number + 1))?;
            told(&done, &printed);
        }
        Ok(())
    }

    /// Plays one line; gives it as it was carried out, and what it printed.
    fn line(&mut self, line: &str) -> Result<(String, String), String> {
        if let Some(words) = line.strip_prefix("branch ") {
            self.fork(words)?;
            return Ok((line.to_owned(), String::new()));
        }
        let mut line = self.fill(line)?;
        if let Some((question, expr)) =
            line.strip_prefix("answer ").and_then(|rest| rest.split_once(" = "))
        {
            let value = self.value(expr)?;
            line = answer_line(question.trim(), &value.to_string());
        }
        if let Some(why) = self.lab.forbids(&line) {
            return Err(why);
        }
        let id = self.bench.exec(&line);
        self.bench.finish(id, LINE_US_MAX);
        let Some(entry) = self.bench.entry(id) else { return Ok((line, String::new())) };
        let is_ctl = matches!(
            crate::script::parse(&line),
            Ok(crate::script::Command::Etcdctl(_) | crate::script::Command::Type(_))
        );
        if entry.failed && !is_ctl {
            return Err(entry.output.trim_end().to_owned());
        }
        Ok((line, entry.output.clone()))
    }

    /// The line with the values of its expressions.
    fn fill(&self, line: &str) -> Result<String, String> {
        let mut filled = String::new();
        let mut rest = line;
        while let Some((before, inner)) = rest.split_once('{') {
            let Some((expr, after)) = inner.split_once('}') else { break };
            filled.push_str(before);
            filled.push_str(&self.value(expr)?.to_string());
            rest = after;
        }
        Ok(filled + rest)
    }

    /// The value of an expression now.
    fn value(&self, text: &str) -> Result<Value, String> {
        let expr = parse::expr(text).map_err(|wrong| wrong.told(text))?;
        let checked = self.lab.scopes().expr(&expr, &mut Vec::new());
        checked.map_err(|wrong| wrong.told(text))?;
        let wanted = self.lab.wanted();
        // Whoever looks at the chronicle holds the world.
        let now = self.now();
        let value = self.bench.world().chronicle(|chronicle| {
            let mut runs: Vec<_> = self
                .done
                .iter()
                .map(|(_, played)| lab::run(&played.name, &played.chronicle, played.end))
                .collect();
            runs.push(lab::run(&self.branch.name, chronicle, now));
            let judge = Judge { runs: &runs, names: &self.lab.names, wanted: &wanted };
            judge.value(&expr, runs.len() - 1)
        });
        value.unwrap_or_else(|| Err("The bench keeps no chronicle.".to_owned()))
    }

    fn now(&self) -> Moment {
        Moment::after(self.bench.world().now())
    }

    /// The lines of the student so far.
    fn lines(&self) -> Vec<Action> {
        self.bench.log().iter().skip(self.prepared).cloned().collect()
    }

    /// The present branch as it stands.
    fn present(&self) -> (Branch, Played) {
        let branch =
            Branch { lines: self.lines(), until_us: self.bench.end_us(), ..self.branch.clone() };
        let played = Played {
            name: branch.name.clone(),
            end: self.now(),
            chronicle: self.bench.world().chronicle(Clone::clone).unwrap_or_default(),
        };
        (branch, played)
    }

    /// `B`, or `B from MARK`.
    fn fork(&mut self, words: &str) -> Result<(), String> {
        let words: Vec<&str> = words.split_whitespace().collect();
        let (name, mark) = match words.as_slice() {
            [name] => (*name, None),
            [name, "from", mark] => (*name, Some(*mark)),
            _ => return Err("Write it like branch B, or branch B from MARK.".to_owned()),
        };
        let (branch, played) = self.present();
        if name == branch.name || self.done.iter().any(|(other, _)| other.name == name) {
            return Err(format!("There is a branch {name} already."));
        }
        if self.done.len() + 1 == BRANCHES_MAX {
            return Err(format!("There are {BRANCHES_MAX} branches at most."));
        }
        let mut lines = branch.lines.clone();
        let at_us = match mark {
            None => branch.until_us,
            Some(START) => {
                lines.clear();
                self.bench.log().get(self.prepared - 1).map_or(0, |action| action.time_us)
            }
            Some(mark) => {
                let line = format!("mark {mark}");
                let place = lines.iter().position(|action| action.line == line);
                let place =
                    place.ok_or_else(|| format!("There is no mark {mark} in this branch."))?;
                lines.truncate(place + 1);
                lines[place].time_us
            }
        };
        let shared = u32::try_from(lines.len()).unwrap_or(u32::MAX);
        let mut bench = self.lab.open(self.seed)?;
        bench.follow(lines);
        bench.run_until(at_us, Stop::Time, 0);
        self.bench = bench;
        self.branch = Branch {
            name: name.to_owned(),
            from: Some((branch.name.clone(), shared)),
            ..Branch::default()
        };
        self.done.push((branch, played));
        Ok(())
    }

    /// The grade of what was done so far.
    #[must_use]
    pub fn grade(&self) -> Grade {
        let mut played: Vec<Played> = Vec::new();
        let present = self.present();
        for (_, branch) in self.done.iter().chain([&present]) {
            played.push(Played {
                name: branch.name.clone(),
                chronicle: branch.chronicle.clone(),
                end: branch.end,
            });
        }
        grade::judge(self.lab, &played)
    }

    /// What was done so far, to hand in.
    #[must_use]
    pub fn submission(&self, class: &str, student: &str) -> Submission {
        let branches = self.done.iter().map(|(branch, _)| branch.clone());
        let mut submission = Submission::new(&self.lab.id, class, student);
        submission.branches = branches.chain([self.present().0]).collect();
        submission
    }
}

/// The line that answers a question: a text that a shell would cut is in quotes.
#[must_use]
pub fn answer_line(question: &str, text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || " -_.,:/{}[]".contains(c);
    if text.chars().all(plain) && !text.contains("  ") {
        return format!("answer {question} {text}");
    }
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("answer {question} \"{escaped}\"")
}
