//! The space-time view: what people do in it, and the slices that it asks for.

use std::rc::Rc;

use glasshouse_sim::view::call::Call;
use glasshouse_sim::view::spacetime::fold::fold;
use glasshouse_sim::view::spacetime::{Slice, cause, shiviz};

use crate::spacetime::drag::{self, Drag};
use crate::spacetime::{EVERY_MS, Move, Msg, Spacetime};
use crate::state::{Ask, Effect, Origin, Phase, State, View};

impl State {
    pub(super) fn spacetime(&mut self, msg: Msg, out: &mut Vec<Effect>) {
        let space = &mut self.space;
        match msg {
            Msg::Resize(width, height) => space.size = (width, height),
            Msg::Filter(group) => {
                if !space.hidden.remove(&group) {
                    space.hidden.insert(group);
                }
            }
            Msg::Zoom(steps) => space.zoom_by(steps),
            Msg::Choose(chosen) => space.choose(chosen),
            Msg::Show(seq) => {
                space.choose(Some(seq));
                // The row that was pressed may be gone: the keys go on in the drawing.
                out.push(Effect::Focus("pan".to_owned()));
                out.push(Effect::Reveal("chosen".to_owned()));
            }
            Msg::Move(to) => {
                let event = space.event().or(space.slice.events.last());
                let next = event.and_then(|event| match (space.chosen, to) {
                    // The first key chooses where the others begin.
                    (None, _) => Some(event.seq),
                    (_, Move::Back) => cause::along(&space.slice, event, -1),
                    (_, Move::On) => cause::along(&space.slice, event, 1),
                    (_, Move::Cause) => cause::before(&space.slice, event),
                    (_, Move::Effect) => cause::after(&space.slice, event),
                });
                if next.is_some() {
                    space.choose(next);
                    out.push(Effect::Reveal("chosen".to_owned()));
                }
            }
            Msg::OnlyPast => space.only_past = space.chosen.is_some() && !space.only_past,
            Msg::AsList(on) => {
                space.as_list = on;
                self.put_back();
            }
            Msg::Unfold(us) => {
                space.opened.push(us);
                space.fold();
            }
            Msg::Earlier => space.reach_back(),
            Msg::Fate(line, None) => self.exec(&line, Origin::Bench, out),
            Msg::Fate(line, Some(at_us)) => {
                // What is typed on the way through time is done there.
                self.seek(at_us, out);
                self.exec(&line, Origin::Bench, out);
            }
            Msg::Grab(message, at) => self.grab(message, at),
            Msg::Drag(at, copy) => {
                if let Some(drag) = &mut space.drag {
                    (drag.at, drag.copy) = (at, copy);
                }
            }
            Msg::LetGo => self.let_go(out),
            Msg::Escape => {
                if !self.put_back() {
                    self.space.choose(None);
                }
            }
            Msg::GoThere => {
                // Its microsecond is over when it has happened.
                if let Some(at_us) = space.event().map(|event| event.at_us + 1) {
                    self.seek(at_us, out);
                }
            }
            Msg::SaveSvg => out.push(Effect::SaveDrawing("space-time.svg".to_owned())),
            Msg::SaveShiviz => {
                let log = shiviz::log(&space.slice);
                out.push(Effect::Save("space-time.shiviz.log".to_owned(), log));
            }
        }
    }

    /// A hand takes an arrow. Time stands meanwhile, and the drawing with it.
    fn grab(&mut self, message: u64, at: (f64, f64)) {
        let is_loose = self.space.slice.arrow(message).is_some_and(drag::is_loose);
        if is_loose && self.phase == Phase::Ready {
            let flowed = std::mem::take(&mut self.flow.playing);
            self.space.drag = Some(Drag { message, from: at, at, copy: false, flowed });
        }
    }

    /// The arrow goes back to where it was, and time goes on; says whether there was one in the hand.
    pub(super) fn put_back(&mut self) -> bool {
        let drag = self.space.drag.take();
        self.flow.playing |= drag.is_some_and(|drag| drag.flowed);
        drag.is_some()
    }

    /// The hand opens: back to when the message was on its way, the line there, and on to where people
    /// looked, so that they see what came of it.
    fn let_go(&mut self, out: &mut Vec<Effect>) {
        let deed = self.space.drag.and_then(|drag| {
            let scene = self.space.scene();
            drag.deed(&self.space.slice, &scene)
        });
        let (Some(deed), Phase::Ready) = (deed, &self.phase) else {
            self.put_back();
            return;
        };
        let flowed = self.space.drag.take().is_some_and(|drag| drag.flowed);
        self.space.choose(deed.sent);
        self.seek(deed.at_us, out);
        self.exec(&deed.line, Origin::Bench, out);
        (self.flow.until_us, self.flow.playing) = (Some(deed.until_us), flowed);
    }

    /// The browser is about to draw: asks for the slice that ends at the clock, if it is another one than
    /// was asked for last.
    pub(super) fn spacetime_tick(&mut self, now_ms: f64, out: &mut Vec<Effect>) {
        if self.view != View::Spacetime || self.phase != Phase::Ready {
            self.put_back();
            return;
        }
        // Nothing moves under the hand, and nothing on the way is worth a look.
        let on_the_way = self.timeline.journey.is_some() || self.flow.until_us.is_some();
        if self.space.drag.is_some() || on_the_way {
            return;
        }
        let to_us = self.clock_us();
        let from_us = to_us.saturating_sub(self.space.span_us);
        let wanted = (from_us, to_us, self.newest().trace.clone());
        let waits = self.flow.unanswered.contains(&Ask::Spacetime);
        if waits
            || self.space.asked.as_ref() == Some(&wanted)
            || now_ms - self.space.asked_ms < EVERY_MS
        {
            return;
        }
        (self.space.asked, self.space.asked_ms) = (Some(wanted), now_ms);
        self.ask(Ask::Spacetime, Call::Spacetime { from_us, to_us }, out);
    }

    /// Another run begins: nothing of the old one is shown, but what was set stays.
    pub(super) fn spacetime_anew(&mut self) {
        let Spacetime { zoom, size, as_list, .. } = self.space;
        let hidden = std::mem::take(&mut self.space.hidden);
        self.space = Spacetime { zoom, size, as_list, hidden, ..Spacetime::default() };
    }
}

impl Spacetime {
    /// The slice has come.
    pub(super) fn take(&mut self, slice: Slice) {
        if self.drag.is_some() {
            // Nothing moves under the hand: it is asked for again when the hand is empty.
            self.asked = None;
            return;
        }
        self.opened.retain(|us| (slice.from_us..=slice.to_us).contains(us));
        self.slice = Rc::new(slice);
        self.fold();
        self.choose(self.chosen.filter(|seq| self.slice.event(*seq).is_some()));
    }

    fn fold(&mut self) {
        self.parts = Rc::new(fold(&self.slice, &self.opened));
    }

    fn choose(&mut self, chosen: Option<u64>) {
        self.chosen = chosen;
        let past = chosen.map(|seq| cause::past(&self.slice, seq)).unwrap_or_default();
        if *self.past != past {
            self.past = Rc::new(past);
        }
        self.only_past &= chosen.is_some();
        // What is folded cannot be seen.
        if let Some(event) = self.event() {
            let at_us = event.at_us;
            let folded = self.parts.iter().find(|part| part.folds(at_us));
            if folded.is_some() {
                self.opened.push(at_us);
                self.fold();
            }
        }
    }
}
