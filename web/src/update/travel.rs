//! The way through time: to a moment, a step back, to another branch.
//!
//! ```text
//!   Seek ──► Journey ──pump──► image back ► resume ► run ... run ► picture ──► arrived
//!                 ▲                                    └► last ──┐
//!                 └──────────── a step back: there ◄─────────────┘
//! ```
//!
//! A journey waits until every question before it is answered. Another one that begins on the way takes
//! its place, so dragging along the bar never queues. Lines that are typed meanwhile wait for the arrival.

use glasshouse_sim::view::call::{Call, Reply};
use glasshouse_sim::view::frame::Frame;

use crate::state::{Ask, Effect, Phase, State, Terminal, Unit};
use crate::text::en::time as text;
use crate::timeline::{self, Image, Journey};

/// A slice of time, for steps back: as far as a step forward goes where nothing waits, in virtual
/// microseconds.
const SLICE_US: u64 = 100_000;

impl State {
    pub(super) fn travel(&mut self, msg: timeline::Msg, out: &mut Vec<Effect>) {
        match msg {
            timeline::Msg::Seek(to_us, promise) => {
                let journey = Journey { promise: Some(promise), ..self.journey_to(to_us) };
                self.go(journey, out);
            }
            timeline::Msg::Branch(branch) => {
                if let Some(other) = self.timeline.branches().get(branch) {
                    // Another fate is looked at where it is: not before it began.
                    let to_us = self.moment().max(other.from_us.unwrap_or(0));
                    let journey = Journey::to(to_us.min(other.end.time_us));
                    self.go(Journey { branch: Some(branch), ..journey }, out);
                }
            }
        }
    }

    /// To a moment of the present branch.
    pub(super) fn seek(&mut self, to_us: u64, out: &mut Vec<Effect>) {
        self.go(self.journey_to(to_us), out);
    }

    pub(super) fn step_back(&mut self, out: &mut Vec<Effect>) {
        let now_us = self.moment();
        let journey = match self.unit {
            Unit::Slice => Journey::to(now_us.saturating_sub(SLICE_US)),
            unit => Journey::back(now_us, unit),
        };
        self.go(journey, out);
    }

    /// To the next mark of the time bar (+1) or the one before (-1).
    pub(super) fn seek_mark(&mut self, by: i32, out: &mut Vec<Effect>) {
        let (now_us, moments) = (self.moment(), self.timeline.moments());
        let found = match by {
            1 => moments.iter().find(|moment| **moment > now_us),
            _ => moments.iter().rev().find(|moment| **moment < now_us),
        };
        if let Some(moment) = found {
            self.seek(*moment, out);
        }
    }

    /// To the next (+1) or the previous (-1) branch.
    pub(super) fn switch_branch(&mut self, by: i32, out: &mut Vec<Effect>) {
        let count = self.timeline.branches().len();
        let next = self.timeline.current().wrapping_add_signed(by as isize);
        if next < count {
            self.travel(timeline::Msg::Branch(next), out);
        }
    }

    /// Where the journey goes that is under way, else the moment that is drawn.
    pub(crate) fn moment(&self) -> u64 {
        let on_the_way = self.timeline.journey.as_ref();
        on_the_way.map_or(self.frame.time_us, |journey| journey.to_us)
    }

    /// The moment that is drawn lies before the end of what was recorded.
    pub(crate) fn in_the_past(&self) -> bool {
        self.newest().time_us < self.timeline.end_us()
    }

    /// What was not seen yet cannot be gone to.
    fn journey_to(&self, to_us: u64) -> Journey {
        Journey::to(to_us.min(self.timeline.end_us()))
    }

    pub(super) fn go(&mut self, journey: Journey, out: &mut Vec<Effect>) {
        if self.phase != Phase::Ready {
            return self.break_journey(Some(journey), out);
        }
        self.flow.playing = false;
        (self.flow.stepping, self.flow.until_us, self.flow.until_leader) = (None, None, false);
        for api in std::mem::take(&mut self.flow.hurry).into_values().flatten() {
            out.push(Effect::Answer(api, Err(text::LEFT.to_owned())));
        }
        // A change of the branch that has not begun yet is not forgotten.
        let branch = self.timeline.journey.as_ref().and_then(|before| before.branch);
        let journey = Journey { branch: journey.branch.or(branch), ..journey };
        let before = self.timeline.journey.replace(journey);
        self.break_journey(before, out);
        self.pump(out);
    }

    /// Nobody arrives there: the promise is broken.
    pub(super) fn break_journey(&mut self, journey: Option<Journey>, out: &mut Vec<Effect>) {
        if let Some(api) = journey.and_then(|journey| journey.promise) {
            out.push(Effect::Answer(api, Err(text::LEFT.to_owned())));
        }
    }

    /// Asks for what is needed next on the way.
    pub(crate) fn pump_journey(&mut self, out: &mut Vec<Effect>) {
        let Some(journey) = self.timeline.journey.clone() else { return };
        if !journey.begun {
            if let Some(journey) = &mut self.timeline.journey {
                (journey.begun, journey.branch) = (true, None);
            }
            if let Some(branch) = journey.branch {
                self.timeline.switch(branch);
            }
            match self.timeline.way(self.flow.sim_us, journey.to_us) {
                Ok(Some(image)) => self.ask_image(image, out),
                Ok(None) => {}
                Err(()) => {
                    let (seed, nodes) = (self.run.seed, self.run.nodes);
                    let call = Call::Boot { seed, nodes, actions: Vec::new() };
                    self.ask(Ask::Image, call, out);
                }
            }
            let actions = self.timeline.branch().actions.clone();
            self.ask(Ask::Resume, Call::Resume { actions }, out);
        } else if self.flow.sim_us < journey.to_us {
            let until_us = journey.to_us.min(self.flow.sim_us + self.flow.chunk_us);
            self.ask(
                Ask::Run,
                Call::Run { until_us, stop: Default::default(), slices_max: 0 },
                out,
            );
        } else if let Some(unit) = journey.last {
            self.ask(Ask::Last, Call::Last { stop: unit.stop() }, out);
        } else {
            self.ask_frame_as(Ask::Arrival, out);
        }
    }

    pub(crate) fn ask_image(&mut self, image: Image, out: &mut Vec<Effect>) {
        self.flow.unanswered.push_back(Ask::Image);
        out.push(Effect::Image(image));
    }

    /// The simulation stands where an image was made, and goes on with the present branch.
    pub(super) fn resumed(&mut self, reply: &Reply) {
        self.flow.sim_us = reply.time_us.unwrap_or(self.flow.sim_us);
        self.timeline.did(reply.done);
    }

    /// The moment before is known at which something like this happened.
    pub(super) fn know_last(&mut self, reply: &Reply) {
        let Some(journey) = &mut self.timeline.journey else { return };
        if reply.time_us.is_none() {
            self.notice = Some(text::NOT_BEFORE.to_owned());
        }
        let to_us = reply.time_us.unwrap_or(0);
        *journey = Journey { promise: journey.promise, ..Journey::to(to_us) };
    }

    /// The picture of the end of the way: what was shown before is of another time.
    pub(super) fn arrived(&mut self, frame: Frame, out: &mut Vec<Effect>) {
        let Some(journey) = self.timeline.journey.take() else { return };
        if !journey.begun {
            // Another journey has begun meanwhile.
            self.timeline.journey = Some(journey);
            return;
        }
        let history = std::mem::take(&mut self.terminal.history);
        let draft = std::mem::take(&mut self.terminal.draft);
        self.terminal = Terminal { history, draft, ..Terminal::default() };
        self.events = std::rc::Rc::default();
        self.flow.clock_us = 0.0;
        self.flow.sim_us = frame.time_us;
        self.frame = std::rc::Rc::default();
        self.pictured(frame, true, out);
        if let Some(api) = journey.promise {
            out.push(Effect::Answer(api, Ok(String::new())));
        }
        for (line, origin) in std::mem::take(&mut self.early) {
            self.exec(&line, origin, out);
        }
    }
}
