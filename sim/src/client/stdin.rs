//! Standard input of a command: a text that came with its line, or lines that somebody types while
//! it runs.
//!
//! ```text
//!   txn <<END ...        all of it is there; behind it the input has ended
//!   txn -i               nothing is there: the command waits until a line is typed, or Ctrl-D
//! ```
//!
//! As at a terminal, Ctrl-D ends one read, and the next one may go on.

use std::collections::VecDeque;

use glasshouse_core::ctl;

use super::Running;

/// What a command wants to be typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asks {
    /// The last prompt, without a line feed: that of a part holds for all its lines.
    pub prompt: String,
    /// How it reads.
    pub reads: Reads,
}

/// How a command reads what is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// Line by line.
    Lines,
    /// Everything up to Ctrl-D.
    All,
    /// One line that is not shown.
    Password,
}

/// Lines with their line feeds that the command has not read; `None` is a Ctrl-D.
#[derive(Debug)]
pub(super) struct Stdin {
    lines: VecDeque<Option<String>>,
    /// More may be typed.
    is_terminal: bool,
}

impl Stdin {
    /// A text, or a terminal.
    pub(super) fn new(text: Option<&str>) -> Self {
        let lines = text.unwrap_or_default().split_inclusive('\n');
        Self {
            lines: lines.map(|line| Some(line.to_string())).collect(),
            is_terminal: text.is_none(),
        }
    }

    /// Somebody types here.
    pub(super) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Takes a line without its line feed, or Ctrl-D.
    pub(super) fn type_line(&mut self, line: Option<&str>) {
        self.lines.push_back(line.map(|line| format!("{line}\n")));
    }

    /// What the command reads, empty at the end of the input; `None` when it must be typed first.
    pub(super) fn read(&mut self, input: &ctl::Input) -> Option<String> {
        match input {
            ctl::Input::All => {
                let end = self.lines.iter().position(Option::is_none);
                let whole =
                    end.map(|end| end + 1).or((!self.is_terminal).then_some(self.lines.len()));
                whole.map(|count| self.lines.drain(..count).flatten().collect())
            }
            ctl::Input::Line { .. } | ctl::Input::Password { .. } => {
                self.read_ahead().or_else(|| (!self.is_terminal).then(String::new))
            }
        }
    }

    /// A line that is there already: a text that is used up stays open for whoever also waits for
    /// other things.
    pub(super) fn read_ahead(&mut self) -> Option<String> {
        self.lines.pop_front().map(Option::unwrap_or_default)
    }
}

impl Running {
    /// Writes the prompt, once, and remembers what is waited for.
    pub(super) fn ask_for(&mut self, input: &ctl::Input) {
        if self.asks.is_some() {
            return;
        }
        let (prompt, reads) = match input {
            ctl::Input::All => ("", Reads::All),
            ctl::Input::Line { prompt } => (*prompt, Reads::Lines),
            ctl::Input::Password { prompt } => (prompt.as_str(), Reads::Password),
        };
        if !prompt.is_empty() {
            self.written.push_str(prompt);
            self.prompt = prompt.trim_end().to_string();
        }
        if self.stdin.is_terminal() {
            self.asks = Some(Asks { prompt: self.prompt.clone(), reads });
        }
    }

    /// What was read goes to the session.
    pub(super) fn take(&mut self, input: &ctl::Input, text: &str) {
        self.asks = None;
        if matches!(input, ctl::Input::Password { .. }) {
            self.written.push('\n');
            self.prompt.clear();
        }
        self.session.on_input(text.as_bytes());
    }
}
