//! How virtual time follows real time.
//!
//! The simulation runs in slices of virtual time, in the worker. The page asks for a stretch of
//! time and then for a picture, and keeps a few pictures ahead of its own clock:
//!
//! ```text
//!   virtual time ──►   frame        clock          ahead.front      ahead.back = sim_us
//!                        │────────────┼──────────────────│────────────────│
//!                    members as      glyphs           what is known of
//!                    they were       stand here       messages in flight
//! ```
//!
//! So glyphs glide at every speed although the world moves in slices, and nothing is drawn that
//! has not happened. Four things make time flow: play, a step, a link that is repeated, and a
//! line that the world runs to its end.
//!
//! **Silence is folded.** At a hundredth of real time a message is seen flying, and the second
//! until an election would last two minutes. So slow play is slow only while something is on its
//! way: a message, a call, a write to a disk. In between, the clock hurries to the next of them.

use std::rc::Rc;

use glasshouse_sim::view::call::{Call, Reply, Stop};
use glasshouse_sim::view::frame::{
    Asks, Client, Entry, Frame, FrameRequest, MESSAGE_LINGER_US, Member, Message,
};

use crate::geometry::Layout;
use crate::link::TIME_MAX_US;
use crate::state::{Ask, Effect, Overlay, Phase, SPEEDS, State, Unit, When, leader};

/// Pictures are fetched so far ahead of the clock, in real milliseconds.
const AHEAD_MS: f64 = 70.0;
/// A stretch of play in one question, in real milliseconds: two pictures of the browser. Messages glide in
/// between; members change at its ends.
const STRETCH_MS: f64 = 33.3;
/// At full speed a picture is asked for so often, in real milliseconds: nobody could follow more, and
/// the simulation has better to do.
const FLASH_MS: f64 = 50.0;
/// The shortest stretch, in virtual microseconds: less would ask for nothing.
const STRETCH_MIN_US: f64 = 1_000.0;
/// Slow play passes silence at this speed.
const SILENCE_SPEED: f64 = 0.5;
/// A stretch of silence in one question, in virtual microseconds: a message that flies within it
/// is still in the picture at its end.
const SILENCE_US: f64 = MESSAGE_LINGER_US as f64;
/// Words and tables change at most so often, in real milliseconds.
const CALM_MS: f64 = 100.0;
/// The same where everything in them is new each time, so that nobody can follow.
const FLOOD_MS: f64 = 250.0;
/// A screen reader hears the sentence at most so often, in real milliseconds.
const SAY_MS: f64 = 1_000.0;
/// A notice of the page gives way to the sentence of the run after so long, in real milliseconds.
const NOTICE_MS: f64 = 8_000.0;
/// With reduced motion play is a step at most so often, in real milliseconds.
const STILL_MS: f64 = 250.0;
/// The simulation should work between these on a question at full speed, in milliseconds: long enough that asking
/// costs nothing, short enough that somebody else is heard soon.
const HURRY_MS: std::ops::Range<f64> = 12.0..40.0;
/// The first stretch at full speed, in virtual microseconds: what is over soon is seen soon.
pub(crate) const CHUNK_START_US: u64 = 50_000;
/// Bounds of a stretch at full speed, in virtual microseconds.
const CHUNK_US: (u64, u64) = (10_000, 2_000_000);
/// A step that has found nothing after so many runs of one virtual second gives up.
const STEP_RUNS_MAX: u32 = 30;
/// A fresh run shows itself when it has a leader, or after so long without one.
const FIRST_LEADER_US: u64 = 20_000_000;
/// Events that the feed keeps.
const EVENTS_KEPT: usize = 400;

/// Why time flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// It stands.
    Still,
    /// As play says.
    Play,
    /// As fast as the machine can.
    Hurry,
    /// To the next thing that happens.
    Step,
    /// To another moment.
    Journey,
}

impl State {
    /// Why time flows now.
    pub(crate) fn pace(&self) -> Pace {
        let flow = &self.flow;
        if !self.sim_ready || matches!(self.phase, Phase::Loading | Phase::Broken(_)) {
            Pace::Still
        } else if self.timeline.journey.is_some() {
            Pace::Journey
        } else if flow.until_us.is_some() || flow.until_leader || !flow.hurry.is_empty() {
            Pace::Hurry
        } else if flow.stepping.is_some() {
            Pace::Step
        } else if flow.playing && self.view.has_time() {
            match SPEEDS[flow.speed].is_infinite() {
                true => Pace::Hurry,
                false if self.reduced_motion => Pace::Still,
                false => Pace::Play,
            }
        } else {
            Pace::Still
        }
    }

    /// The browser is about to draw.
    pub(crate) fn tick(&mut self, now_ms: f64, out: &mut Vec<Effect>) {
        let passed_ms = (now_ms - self.flow.tick_ms).clamp(0.0, 100.0);
        self.flow.tick_ms = now_ms;
        self.speak(now_ms);
        let is_long = self.flow.sim_us > TIME_MAX_US;
        if is_long && !self.flow.is_long {
            self.notice = Some(crate::text::en::time::LONG.to_owned());
        }
        self.flow.is_long = is_long;
        if self.flow.playing
            && self.reduced_motion
            && self.view.has_time()
            && self.pace() == Pace::Still
        {
            let due = now_ms - self.flow.asked_ms > STILL_MS;
            if due && self.flow.unanswered.is_empty() && self.phase == Phase::Ready {
                self.flow.stepping = Some(STEP_RUNS_MAX - 1);
            }
        }
        if self.pace() == Pace::Play {
            let reach = self.newest().time_us as f64;
            let clock = self.flow.clock_us + passed_ms * 1_000.0 * self.speed();
            let reach = reach.min(self.next_motion());
            self.flow.clock_us = clock.min(reach).max(self.flow.clock_us);
            let clock_us = self.flow.clock_us;
            while self.flow.ahead.front().is_some_and(|next| next.time_us as f64 <= clock_us) {
                let next = self.flow.ahead.pop_front().expect("front was there");
                self.show(next);
            }
        }
        self.pump(out);
    }

    /// The drawn moment in whole microseconds.
    pub(crate) fn clock_us(&self) -> u64 {
        whole_us(self.flow.clock_us)
    }

    /// Play is so slow that silence is folded.
    fn folds(&self) -> bool {
        SPEEDS[self.flow.speed] < SILENCE_SPEED
    }

    /// Virtual seconds in a second at the clock's moment.
    fn speed(&self) -> f64 {
        let silent = self.folds() && !self.known().any(|frame| moving(frame, self.flow.clock_us));
        if silent { SILENCE_SPEED } else { SPEEDS[self.flow.speed] }
    }

    /// In folded silence: the moment at which the next thing begins to move, as far as is known.
    fn next_motion(&self) -> f64 {
        let clock_us = self.flow.clock_us;
        let starts = self.known().flat_map(|frame| {
            let calls = frame.clients.iter().filter_map(|client| client.call.as_ref());
            let calls = calls.flat_map(|call| [Some(call.sent_us), call.answered_us]).flatten();
            frame.messages.iter().map(|message| message.sent_us).chain(calls)
        });
        let next = starts.map(|us| us as f64).filter(|us| *us > clock_us);
        if self.folds() { next.fold(f64::INFINITY, f64::min) } else { f64::INFINITY }
    }

    /// The pictures that say what moves around the clock.
    fn known(&self) -> impl Iterator<Item = &Frame> {
        std::iter::once(&self.frame).chain(&self.flow.ahead).map(|frame| &**frame)
    }

    /// Lets words go out of date at a pace at which they can be heard.
    fn speak(&mut self, now_ms: f64) {
        let due = !self.flow.playing || now_ms - self.flow.said_ms > SAY_MS;
        if due && self.said != self.calm.sentence {
            self.flow.said_ms = now_ms;
            self.said = self.calm.sentence.clone();
        }
        match self.notice {
            None => self.notice_ms = now_ms,
            Some(_) if now_ms - self.notice_ms > NOTICE_MS => self.notice = None,
            Some(_) => {}
        }
    }

    /// Asks the simulation.
    pub(crate) fn ask(&mut self, ask: Ask, call: Call, out: &mut Vec<Effect>) {
        self.flow.unanswered.push_back(ask.clone());
        out.push(Effect::Ask(ask, call));
    }

    /// Asks the simulation for what is needed next, once everything else is answered.
    pub(crate) fn pump(&mut self, out: &mut Vec<Effect>) {
        // Where time stands, words and tables are those of the picture.
        if self.pace() == Pace::Still
            && !self.flow.playing
            && self.calm.time_us != self.frame.time_us
        {
            self.calm = Rc::clone(&self.frame);
        }
        if !self.flow.unanswered.is_empty() {
            return;
        }
        match self.pace() {
            // The last run at full speed had no picture of its own.
            Pace::Still
                if self.phase == Phase::Ready && self.flow.sim_us > self.newest().time_us =>
            {
                self.ask_frame(true, out);
            }
            Pace::Still => {}
            Pace::Play => {
                let speed = self.speed();
                let left_us = self.newest().time_us as f64 - self.flow.clock_us;
                let most = if self.folds() { SILENCE_US } else { f64::INFINITY };
                if left_us < (AHEAD_MS * 1_000.0 * speed).min(2.0 * most) {
                    let stretch = (STRETCH_MS * 1_000.0 * speed).clamp(STRETCH_MIN_US, most);
                    self.ask_run(whole_us(stretch), 0, out);
                    self.ask_frame(false, out);
                }
            }
            Pace::Hurry => {
                let mut stretch = self.flow.chunk_us;
                if self.flow.until_leader {
                    stretch = stretch.min(CHUNK_START_US);
                }
                if let Some(until) = self.flow.until_us {
                    stretch = stretch.min(until.saturating_sub(self.flow.sim_us)).max(1);
                }
                self.ask_run(stretch, 0, out);
                let arrives = self.flow.until_us == Some(self.flow.sim_us + stretch);
                let waits = arrives || self.flow.until_leader || !self.flow.hurry.is_empty();
                if waits || self.flow.tick_ms - self.flow.flash_ms >= FLASH_MS {
                    self.flow.flash_ms = self.flow.tick_ms;
                    self.ask_frame(true, out);
                }
            }
            Pace::Step => {
                let slices = u64::from(self.unit == Unit::Slice);
                self.ask_run(1_000_000, slices, out);
                self.ask_frame(true, out);
            }
            Pace::Journey => self.pump_journey(out),
        }
    }

    /// A question for time.
    fn ask_run(&mut self, stretch_us: u64, slices_max: u64, out: &mut Vec<Effect>) {
        let stop = match self.pace() {
            Pace::Step => self.unit.stop(),
            // Who waits for a line is told when it is done, not when it is noticed.
            Pace::Hurry if !self.flow.hurry.is_empty() => Stop::Done,
            _ => Stop::Time,
        };
        let until_us = self.flow.sim_us + stretch_us;
        self.flow.asked_ms = self.flow.tick_ms;
        // The log follows its end again.
        self.seen.log_from = None;
        self.ask(Ask::Run, Call::Run { until_us, stop, slices_max }, out);
    }

    /// Asks for the picture of now.
    pub(crate) fn ask_frame(&mut self, show: bool, out: &mut Vec<Effect>) {
        self.ask_frame_as(Ask::Frame { show }, out);
    }

    /// The same; on arrival at another moment with everything that leads up to it.
    pub(crate) fn ask_frame_as(&mut self, ask: Ask, out: &mut Vec<Effect>) {
        let anew = ask == Ask::Arrival;
        let undone = self.terminal.entries.values().find(|entry| !entry.done).map(|entry| entry.id);
        let last = self.terminal.entries.keys().next_back().map_or(0, |id| id + 1);
        let next_event = self.events.last().map_or(0, |event| event.seq + 1);
        let request = FrameRequest {
            select: self.selected,
            since_event: if anew { 0 } else { next_event },
            messages_too: self.messages_too,
            since_entry: if anew { 0 } else { undone.unwrap_or(last) },
            columns: if self.layout.narrow { 4 } else { 10 },
            first_column: self.seen.log_from,
        };
        self.ask(ask, Call::Frame { request }, out);
    }

    /// The simulation has run.
    pub(crate) fn ran(&mut self, reply: &Reply, when: When, out: &mut Vec<Effect>) {
        self.flow.sim_us = reply.time_us.unwrap_or(self.flow.sim_us);
        if self.pace() == Pace::Journey {
            // Where it leads was seen before, and images of it were kept, or given up.
            self.timeline.did(reply.done);
        } else if let Some(image) = self.timeline.ran(self.flow.sim_us, reply.done, when.spent_ms) {
            self.ask_image(image, out);
        }
        if reply.stopped.is_some() {
            // Whatever it was, it shall be seen at once.
            self.flow.flash_ms = f64::NEG_INFINITY;
        }
        match self.pace() {
            Pace::Hurry | Pace::Journey => {
                let chunk = match when.spent_ms {
                    _ if reply.stopped.is_some() => self.flow.chunk_us,
                    ms if ms < HURRY_MS.start => self.flow.chunk_us * 2,
                    ms if ms > HURRY_MS.end => self.flow.chunk_us / 2,
                    _ => self.flow.chunk_us,
                };
                self.flow.chunk_us = chunk.clamp(CHUNK_US.0, CHUNK_US.1);
                if let (Some(journey), Some(_)) = (&mut self.timeline.journey, &reply.stopped) {
                    // The world goes no further than its violation.
                    journey.to_us = journey.to_us.min(self.flow.sim_us);
                }
                if self.flow.until_us.is_some_and(|until| self.flow.sim_us >= until) {
                    self.flow.until_us = None;
                }
            }
            Pace::Step => {
                let runs = self.flow.stepping.unwrap_or(0) + 1;
                let found = reply.stopped.is_some() || self.unit == Unit::Slice;
                let over = found || runs >= STEP_RUNS_MAX;
                self.flow.stepping = (!over).then_some(runs);
            }
            Pace::Still | Pace::Play => {}
        }
    }

    /// A picture has come.
    pub(crate) fn pictured(&mut self, mut frame: Frame, show: bool, out: &mut Vec<Effect>) {
        self.flow.sim_us = self.flow.sim_us.max(frame.time_us);
        self.take_events(&mut frame);
        self.take_entries(&mut frame, out);
        let broken = frame.violation.is_some() && self.newest().violation.is_none();
        if frame.violation.is_some() {
            self.stand(out);
        }
        let led = leader(&frame).is_some_and(|alias| {
            frame.members.iter().any(|member| member.alias == alias && member.applied > 0)
        });
        if self.flow.until_leader && (led || frame.time_us >= FIRST_LEADER_US) {
            self.flow.until_leader = false;
        }
        let frame = Rc::new(frame);
        if show || broken || frame.time_us == self.frame.time_us {
            self.flow.ahead.clear();
            self.flow.clock_us = self.flow.clock_us.max(frame.time_us as f64);
            // One of many that fly by is no reason to change the tables, unless there was none before.
            if self.pace() != Pace::Hurry || broken || self.frame.time_us == 0 {
                self.flow.calm_ms = f64::NEG_INFINITY;
            }
            self.show(frame);
        } else if frame.time_us > self.newest().time_us {
            self.flow.ahead.push_back(frame);
        } else {
            // Another member was selected while pictures wait: only the inspector is new.
            Rc::make_mut(&mut self.calm).inspector = frame.inspector.clone();
        }
        if broken {
            self.flow.playing = false;
            self.flow.stepping = None;
        }
        self.timeline.seen(self.flow.ahead.back().unwrap_or(&self.frame));
        if self.phase == Phase::Building && self.pace() != Pace::Hurry {
            self.built(out);
        }
    }

    /// Puts a picture on the screen.
    fn show(&mut self, frame: Rc<Frame>) {
        let kept = frame.log.first < self.calm.log.first + self.calm.log.columns.max(1);
        let calm_ms = if kept && self.pace() != Pace::Hurry { CALM_MS } else { FLOOD_MS };
        let inspected = |frame: &Frame| frame.inspector.as_ref().map(|member| member.alias);
        let other = inspected(&frame) != inspected(&self.calm);
        if other || self.flow.tick_ms - self.flow.calm_ms >= calm_ms {
            self.flow.calm_ms = self.flow.tick_ms;
            self.calm = Rc::clone(&frame);
        }
        let moved = frame.cut != self.frame.cut || frame.members.len() != self.frame.members.len();
        self.frame = frame;
        if moved {
            self.place();
        }
        if let Some(Overlay::Member(alias, _)) = self.overlay
            && !self.frame.members.iter().any(|member| member.alias == alias)
        {
            self.overlay = None;
        }
    }

    /// Works out where everything stands.
    pub(crate) fn place(&mut self) {
        let members: Vec<_> = self.frame.members.iter().map(|member| member.alias).collect();
        let groups = self.frame.cut.as_ref().map_or(&[][..], |cut| &cut.groups);
        self.layout = Rc::new(Layout::new(self.sheet_size(), &members, groups, self.drawn));
    }

    fn take_events(&mut self, frame: &mut Frame) {
        if frame.events.is_empty() {
            return;
        }
        let last = self.events.last().map_or(0, |event| event.seq);
        let events = Rc::make_mut(&mut self.events);
        events.extend(frame.events.drain(..).filter(|event| event.seq > last));
        let surplus = events.len().saturating_sub(EVENTS_KEPT);
        events.drain(..surplus);
    }

    /// Takes the terminal's lines over and keeps the promises of those that are done.
    fn take_entries(&mut self, frame: &mut Frame, out: &mut Vec<Effect>) {
        if !frame.terminal.is_empty() {
            let entries = Rc::make_mut(&mut self.terminal.entries);
            entries.extend(frame.terminal.drain(..).map(|entry| (entry.id, entry)));
        }
        let asks = frame.asks.take();
        let is_secret = |asks: &Option<Asks>| asks.as_ref().is_some_and(|asks| asks.secret);
        if is_secret(&self.terminal.asks) && !is_secret(&asks) {
            // A password that was not finished must not come into the open.
            self.terminal.draft.clear();
        }
        self.terminal.asks = asks;
        let entries = &self.terminal.entries;
        self.flow.hurry.retain(|id, promise| {
            // Nobody waits for the end of a watch, or of a command that waits for somebody.
            let over = |entry: &&Entry| entry.done || entry.watches;
            let Some(entry) = entries.get(id).filter(over) else { return true };
            if let Some(api) = promise {
                out.push(Effect::Answer(*api, Ok(entry.output.clone())));
            }
            false
        });
    }
}

/// Something is on its way at this moment: a message, a call, a write to a disk.
fn moving(frame: &Frame, now_us: f64) -> bool {
    let between = |from: u64, to: u64| from as f64 <= now_us && now_us < to as f64;
    let syncs =
        |member: &Member| member.fsync_since_us.is_some_and(|us| between(us, frame.time_us));
    let flies = |message: &Message| between(message.sent_us, message.arrive_us);
    let calls = |client: &Client| {
        client.call.as_ref().is_some_and(|call| {
            let back = call.answered_us.zip(call.back_us);
            between(call.sent_us, call.arrive_us)
                || back.is_some_and(|(left, at)| between(left, at))
        })
    };
    frame.messages.iter().any(flies)
        || frame.clients.iter().any(calls)
        || frame.members.iter().any(syncs)
}

/// A positive number of microseconds in whole ones.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped first")]
pub(crate) fn whole_us(us: f64) -> u64 {
    us.clamp(0.0, 1e15) as u64
}
