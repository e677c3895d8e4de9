//! The palette: what is typed into it, and what is chosen from it.

use crate::hunt;
use crate::palette::{Does, offers};
use crate::state::{Effect, Origin, Overlay, Palette, Setting, State};

impl State {
    pub(super) fn palette_move(&mut self, by: i32) {
        let last = offers(self, &self.palette.query).len() - 1;
        self.palette.chosen = self.palette.chosen.saturating_add_signed(by as isize).min(last);
    }

    /// Does the chosen offer, or the one that was clicked.
    pub(super) fn palette_do(&mut self, clicked: Option<usize>, out: &mut Vec<Effect>) {
        let nth = clicked.unwrap_or(self.palette.chosen);
        let offer = offers(self, &self.palette.query).into_iter().nth(nth);
        self.overlay = None;
        match offer.map(|offer| offer.does) {
            Some(Does::Line(line)) => self.exec(&line, Origin::Bench, out),
            Some(Does::Deed(deed)) => self.deed(deed, out),
            Some(Does::Go(to)) => out.push(Effect::Go(to.to_owned())),
            Some(Does::Hunt(code)) => {
                self.hunt(hunt::Msg::Choose(Some(code)), out);
                self.hunt(hunt::Msg::Start, out);
            }
            Some(Does::Speak(nth)) => self.set(Setting::Language(nth), out),
            None => {}
        }
    }

    /// Puts the chosen line into the terminal, to be changed there.
    pub(super) fn palette_type(&mut self, out: &mut Vec<Effect>) {
        let offer = offers(self, &self.palette.query).into_iter().nth(self.palette.chosen);
        if let Some(Does::Line(line)) = offer.map(|offer| offer.does) {
            self.overlay = None;
            self.put(line, out);
        }
    }

    pub(super) fn palette_open(&mut self, out: &mut Vec<Effect>) {
        self.palette = Palette::default();
        self.overlay(Overlay::Palette, out);
    }

    /// Another letter was typed: the best offer is chosen again.
    pub(super) fn palette_query(&mut self, query: String) {
        self.palette = Palette { query, chosen: 0 };
    }

    /// Escape in the palette gives the focus back to the drawing.
    pub(super) fn palette_close(&self, out: &mut Vec<Effect>) {
        if let Some(alias) = self.selected {
            out.push(Effect::Focus(format!("member-{alias}")));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::state::{Browser, Deed, Msg, State};

    #[test]
    fn a_choice_goes_to_the_terminal_for_a_change() {
        let mut state = State::new(Browser::default());
        state.update(Msg::Do(Deed::Palette));
        state.update(Msg::PaletteQuery("load".to_owned()));
        state.update(Msg::PaletteMove(-1));
        state.update(Msg::PaletteType);
        assert_eq!(state.terminal.draft, "load 20 put/s for 5s");
        assert_eq!(state.overlay, None);
    }
}
