//! What people type: standard input, and passwords that must not be seen.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::process::{Command, Stdio};

use glasshouse_core::ctl::Input;

/// Reads standard input; what cannot be read counts as its end.
pub(super) fn read(input: Input) -> Vec<u8> {
    let mut bytes = Vec::new();
    match input {
        Input::All => {
            let _ = io::stdin().read_to_end(&mut bytes);
        }
        Input::Line { prompt } => {
            show(prompt);
            let _ = io::stdin().lock().read_until(b'\n', &mut bytes);
        }
        Input::Password { prompt } => {
            show(&prompt);
            {
                let _hidden = Hidden::new();
                let _ = io::stdin().lock().read_until(b'\n', &mut bytes);
            }
            // The line feed that was typed was not shown either.
            show("\n");
        }
    }
    bytes
}

/// Whoever cannot be asked may answer all the same: the command ends when it has something to tell.
fn show(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush());
}

/// What is typed is not shown as long as this lives.
struct Hidden {
    in_terminal: bool,
}

impl Hidden {
    fn new() -> Self {
        let in_terminal = io::stdin().is_terminal();
        if in_terminal {
            stty("-echo");
        }
        Self { in_terminal }
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if self.in_terminal {
            stty("echo");
        }
    }
}

/// Asks the system's own program, as etcdctl does: it needs no unsafe code and is everywhere.
fn stty(what: &str) {
    let _ = Command::new("stty").arg(what).stderr(Stdio::null()).status();
}
