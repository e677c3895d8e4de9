//! The history: when it is asked for, and what people look at.

use std::rc::Rc;

use glasshouse_sim::view::call::{Call, Reply};

use crate::history::{Msg, Sheet, Way, mark_id};
use crate::state::{Ask, Effect, Phase, State, View};

/// The history is asked for at most so often while time flows, in real milliseconds.
const AGAIN_MS: f64 = 150.0;
/// Columns of the log that stand before an entry that is to be seen.
const COLUMNS_BEFORE: u64 = 3;

impl State {
    pub(super) fn history(&mut self, msg: Msg, out: &mut Vec<Effect>) {
        match msg {
            Msg::Choose(id) => {
                self.seen.chosen = Some(id);
                self.seen.stale = true;
            }
            Msg::Move(way) => return self.history_move(way, out),
            Msg::Blind(on) => (self.seen.blind, self.seen.stale) = (on, true),
            Msg::AsList(on) => self.seen.as_list = on,
            Msg::ShowEntry(index) => {
                self.seen.log_from = Some(index.saturating_sub(COLUMNS_BEFORE).max(1));
                self.ask_frame(true, out);
                out.push(Effect::Go("bench".to_owned()));
            }
            Msg::ShowMessages(at_us) => {
                self.seek(at_us, out);
                out.push(Effect::Go("spacetime".to_owned()));
            }
        }
        self.history_pump(out);
    }

    /// The focus goes to a neighbour, and the side column with it.
    fn history_move(&mut self, way: Way, out: &mut Vec<Effect>) {
        let sheet = Sheet::new(&self.seen.picture);
        let operations = &self.seen.picture.operations;
        let selected = self.seen.selected().map(|one| one.id);
        let here = sheet.bars.iter().position(|bar| Some(operations[bar.nth].id) == selected);
        let next = here.and_then(|nth| sheet.next(nth, way));
        if let Some(id) = next.map(|nth| operations[sheet.bars[nth].nth].id) {
            out.push(Effect::Focus(mark_id(id)));
            self.history(Msg::Choose(id), out);
        }
    }

    /// Asks for the history when it is looked at and is not that of the newest picture.
    pub(super) fn history_pump(&mut self, out: &mut Vec<Effect>) {
        let asked = self.flow.unanswered.contains(&Ask::History);
        if self.view != View::History || self.phase != Phase::Ready || asked {
            return;
        }
        let is_old = self.seen.picture.time_us != self.flow.sim_us;
        let due = !self.flow.playing || self.flow.tick_ms - self.seen.asked_ms >= AGAIN_MS;
        if self.seen.stale || is_old && due {
            self.seen.stale = false;
            self.seen.asked_ms = self.flow.tick_ms;
            let select = self.seen.selected().map(|one| one.id);
            let call = Call::History { blind: self.seen.blind, select };
            self.ask(Ask::History, call, out);
        }
    }

    pub(super) fn history_told(&mut self, reply: Reply) {
        if let Some(history) = reply.history {
            // The way is of the operation that was selected when it was asked for.
            let before = self.seen.selected().map(|one| one.id);
            self.seen.picture = Rc::new(*history);
            self.seen.stale |= self.seen.selected().map(|one| one.id) != before;
        }
    }
}
