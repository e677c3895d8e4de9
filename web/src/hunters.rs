//! The workers that hunt: each a simulation of its own, started when it is asked for the first time.

use glasshouse_sim::view::call::Call;
use yew::Callback;

use crate::driver::{Heard, Line, now_ms};
use crate::hunt;
use crate::state::Msg;

/// All of them, by their numbers.
pub(crate) struct Hunters {
    lines: Vec<Option<Line>>,
    build: String,
    emit: Callback<Msg>,
}

impl Hunters {
    pub(crate) fn new(build: &str, emit: Callback<Msg>) -> Self {
        Self { lines: Vec::new(), build: build.to_owned(), emit }
    }

    /// Asks a worker; `asked` comes back with the answer.
    pub(crate) fn ask(&mut self, worker: usize, asked: u32, call: &Call) {
        if self.lines.len() <= worker {
            self.lines.resize_with(worker + 1, || None);
        }
        if self.lines[worker].is_none() {
            let emit = self.emit.clone();
            let line = Line::start(&self.build, move |heard| {
                let msg = match heard {
                    Heard::Loading(..) | Heard::Ready => return,
                    Heard::Failed(sentence) => hunt::Msg::Lost(worker, sentence),
                    Heard::Reply(asked, reply, ..) => {
                        hunt::Msg::Heard(worker, asked, reply, now_ms())
                    }
                };
                emit.emit(Msg::Hunt(msg));
            });
            match line {
                Ok(line) => self.lines[worker] = Some(line),
                Err(sentence) => {
                    return self.emit.emit(Msg::Hunt(hunt::Msg::Lost(worker, sentence)));
                }
            }
        }
        if let Some(line) = &self.lines[worker] {
            line.ask(asked, call);
        }
    }

    /// Ends a worker; the next question starts it anew.
    pub(crate) fn dismiss(&mut self, worker: usize) {
        if let Some(line) = self.lines.get_mut(worker) {
            *line = None;
        }
    }
}
