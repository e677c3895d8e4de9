//! What changes the state: one function, a case for everything that can happen.
//!
//! What a person does to the cluster becomes a line of the terminal's language here, whether it
//! was a click, a key or a drawn line, and goes the way of every line: to the simulation, into
//! the list of actions, into the link.

use std::rc::Rc;

use glasshouse_sim::view::call::{Call, Reply};
use glasshouse_sim::view::frame::{Alias, Life};

use crate::compare::Fates;
use crate::flow::{CHUNK_START_US, Pace};
use crate::geometry::Point;
use crate::link::{self, Run};
use crate::state::{
    Ask, Deed, Effect, Msg, Origin, Overlay, Phase, SPEEDS, Setting, State, Tab, Terminal, Theme,
    Unit, View, When,
};
use crate::text::en as text;

/// Most bytes of a line that is typed here.
const LINE_MAX: usize = 4_096;
/// Lines that the history keeps.
const HISTORY_MAX: usize = 200;

/// Play writes the address anew at most so often, in real milliseconds: a reload comes back near to where it was.
const ADDRESS_MS: f64 = 2_000.0;

impl State {
    /// Takes in what happened; says what is to be done outside.
    pub(crate) fn update(&mut self, msg: Msg) -> Vec<Effect> {
        let mut out = Vec::new();
        let rested = self.settled();
        match msg {
            Msg::Loading(got, total) => self.loaded = (got, total),
            Msg::SimReady => self.sim_came(&mut out),
            Msg::SimFailed(sentence) => self.fail(sentence, &mut out),
            Msg::Reply(ask, reply, when) => {
                self.reply(ask, *reply, when, &mut out);
                self.hunt_score(&mut out);
            }
            Msg::Tick(now_ms) => self.beat(now_ms, &mut out),
            Msg::Resize(width, height) => {
                self.size = (width, height);
                self.place();
            }
            Msg::Open(hash) => self.open(&hash, &mut out),
            Msg::Begin(seed, nodes) => {
                self.overlay = None;
                self.run = Run { seed, nodes, ..Run::default() };
                self.boot(&mut out);
            }
            Msg::Exec(line, origin) => self.exec(&line, origin, &mut out),
            Msg::Do(deed) => self.deed(deed, &mut out),
            Msg::Draft(draft) => {
                self.terminal.draft = draft;
                self.terminal.back = 0;
                self.terminal.candidates.clear();
            }
            Msg::Put(line) => self.put(line, &mut out),
            Msg::Submit => self.submit(&mut out),
            Msg::Recall(lines) => self.recall(lines),
            Msg::Complete(_) if self.terminal.asks.is_some() => {}
            Msg::Complete(cursor) => {
                let line = self.terminal.draft.clone();
                let ask = Ask::Complete(line.clone());
                self.ask(ask, Call::Complete { line, cursor }, &mut out);
            }
            Msg::Select(member) => self.select(member, &mut out),
            Msg::Press(alias, at) => self.press(alias, at, &mut out),
            Msg::CutDraw(line) => self.cut_draw(line),
            Msg::CutEnd => self.cut_end(&mut out),
            Msg::Speed(speed) => self.flow.speed = speed.min(SPEEDS.len() - 1),
            Msg::Unit(unit) => self.unit = unit,
            Msg::Tab(tab) => self.tab = tab,
            Msg::MessagesToo(on) => self.set_messages_too(on, &mut out),
            Msg::PaletteQuery(query) => self.palette_query(query),
            Msg::PaletteMove(by) => self.palette_move(by),
            Msg::PaletteDo(clicked) => self.palette_do(clicked, &mut out),
            Msg::PaletteType => self.palette_type(&mut out),
            Msg::Token(member, token) => self.try_token(member, token, &mut out),
            Msg::Set(setting) => self.set(setting, &mut out),
            Msg::LanguageMissing => self.go_on_in_english(),
            Msg::Space(msg) => self.spacetime(msg, &mut out),
            Msg::History(msg) => self.history(msg, &mut out),
            Msg::Seek(to_us) => self.seek(to_us, &mut out),
            Msg::Travel(msg) => self.travel(msg, &mut out),
            Msg::Compare(msg) => self.compare(msg, &mut out),
            Msg::Lesson(msg) => self.lesson(msg, &mut out),
            Msg::Teach(msg) => self.teach(msg, &mut out),
            Msg::Progress(carry) => self.carry_progress(carry, &mut out),
            Msg::Hunt(msg) => self.hunt(msg, &mut out),
        }
        if self.settled() && !rested {
            self.address(&mut out);
        }
        self.note_address(&out);
        out
    }

    /// The simulation can be asked: the lesson or the run that the address wants begins.
    fn sim_came(&mut self, out: &mut Vec<Effect>) {
        self.sim_ready = true;
        if self.phase == Phase::Loading && !self.teach_begin(out) && !self.lesson_begin(out) {
            self.boot(out);
        }
    }

    /// The browser is about to draw.
    fn beat(&mut self, now_ms: f64, out: &mut Vec<Effect>) {
        self.tick(now_ms, out);
        if self.flow.playing && now_ms - self.flow.address_ms >= ADDRESS_MS {
            self.flow.address_ms = now_ms;
            self.address(out);
        }
        self.history_pump(out);
        self.hunt_tick();
        self.spacetime_tick(now_ms, out);
        self.lesson_tick(now_ms, out);
        self.teach_tick(out);
        self.compare_pump(out);
    }

    /// Reads the address: the first time it says which run to make, later it makes another.
    fn open(&mut self, hash: &str, out: &mut Vec<Effect>) {
        if self.open_view(hash, out) {
            return;
        }
        match link::read(hash) {
            Ok(Some(link)) => {
                let foreign =
                    link.build.as_ref().is_some_and(|b| !self.build.is_empty() && *b != self.build);
                self.notice = foreign.then(|| text::OTHER_BUILD.to_owned());
                self.run = link.run;
                if !self.run.actions.is_empty() {
                    (self.first, self.tab) = (false, Tab::Log);
                }
            }
            Ok(None) => return,
            Err(bad) => return self.fail(bad.to_string(), out),
        }
        if self.sim_ready {
            self.boot(out);
        }
    }

    /// Starts the run that `self.run` says.
    fn boot(&mut self, out: &mut Vec<Effect>) {
        self.renew(out);
        let Run { seed, nodes, time_us, actions } = self.run.clone();
        let forgotten = self.timeline.begin(actions.clone());
        match time_us {
            0 => self.flow.until_leader = true,
            _ => self.flow.until_us = Some(time_us),
        }
        self.ask(Ask::Boot, Call::Boot { seed, nodes, actions }, out);
        for image in forgotten {
            self.ask_image(image, out);
        }
    }

    /// Nothing of the run that was there is left.
    pub(super) fn renew(&mut self, out: &mut Vec<Effect>) {
        if self.phase != Phase::Loading {
            self.drop_promises(text::RUN_ENDED, out);
        }
        let journey = self.timeline.journey.take();
        self.break_journey(journey, out);
        let fresh = Self::new(crate::state::Browser::default());
        self.phase = Phase::Building;
        self.seen = fresh.seen;
        (self.frame, self.calm, self.events) = (fresh.frame, fresh.calm, fresh.events);
        self.terminal =
            Terminal { history: std::mem::take(&mut self.terminal.history), ..Terminal::default() };
        let speed = self.flow.speed;
        self.flow = crate::state::Flow { speed, tick_ms: self.flow.tick_ms, ..fresh.flow };
        self.spacetime_anew();
        self.trial = fresh.trial;
        self.fates = Fates::default();
        (self.drawn, self.cutting, self.selected, self.hidden_us) = (None, None, None, None);
    }

    /// The run stands where it should: a fresh one plays, a repeated one waits.
    pub(crate) fn built(&mut self, out: &mut Vec<Effect>) {
        self.phase = Phase::Ready;
        self.flow.playing = self.run.time_us == 0;
        self.selected = self.selected.or(self.leader());
        self.ask_frame(true, out);
        self.address(out);
        for (line, origin) in std::mem::take(&mut self.early) {
            self.exec(&line, origin, out);
        }
    }

    fn fail(&mut self, sentence: String, out: &mut Vec<Effect>) {
        self.drop_promises(&sentence, out);
        self.flow.playing = false;
        self.phase = Phase::Broken(sentence);
    }

    /// Breaks the promises of lines that wait, that are asked, and that run.
    fn drop_promises(&mut self, why: &str, out: &mut Vec<Effect>) {
        let promise = |origin| match origin {
            Origin::Api(api) => Some(api),
            Origin::Bench | Origin::Terminal => None,
        };
        let early = std::mem::take(&mut self.early).into_iter();
        let early = early.filter_map(|(_, origin)| promise(origin));
        let asked = self.flow.unanswered.iter().filter_map(|ask| match ask {
            Ask::Exec(_, origin) => promise(*origin),
            Ask::LessonFile(_, api) => *api,
            _ => None,
        });
        let late = std::mem::take(&mut self.flow.hurry).into_values().flatten();
        let lesson = self.lessons.promise.take();
        for api in early.chain(asked).chain(late).chain(lesson) {
            out.push(Effect::Answer(api, Err(why.to_owned())));
        }
    }

    /// The simulation could not do what it was asked, and says why.
    fn refused(&mut self, ask: &Ask, sentence: String, out: &mut Vec<Effect>) {
        match ask {
            Ask::Exec(_, Origin::Api(api)) => out.push(Effect::Answer(*api, Err(sentence))),
            Ask::Exec(..)
            | Ask::Complete(_)
            | Ask::Actions
            | Ask::Spacetime
            | Ask::History
            | Ask::Compare
            | Ask::Judged
            | Ask::Submission
            | Ask::Offers
            | Ask::SetUp
            | Ask::Seats => {
                self.notice = Some(sentence);
            }
            Ask::Identify(member, token) => self.token_told(*member, token, Err(sentence)),
            Ask::Revise(_) => self.teach.wrong = Some(sentence),
            Ask::LessonFile(_, promise) => {
                self.lessons.promise = *promise;
                self.lesson_refused(sentence, out);
            }
            Ask::Lesson => self.lesson_refused(sentence, out),
            Ask::Boot
            | Ask::Run
            | Ask::Frame { .. }
            | Ask::Arrival
            | Ask::Image
            | Ask::Resume
            | Ask::Last => self.fail(sentence, out),
        }
    }

    fn reply(&mut self, ask: Ask, reply: Reply, when: When, out: &mut Vec<Effect>) {
        self.flow.unanswered.pop_front();
        if let Some(sentence) = reply.error {
            return self.refused(&ask, sentence, out);
        }
        match ask {
            Ask::Boot => {
                self.flow.sim_us = reply.time_us.unwrap_or(0);
                let image = self.timeline.keep(self.flow.sim_us);
                self.ask_image(image, out);
                self.ask_frame(true, out);
            }
            Ask::Run => self.ran(&reply, when, out),
            // What is seen on the way through time is of no moment.
            Ask::Frame { .. } if self.timeline.journey.is_some() => {}
            Ask::Frame { show } => {
                if let Some(frame) = reply.frame {
                    self.pictured(*frame, show, out);
                }
            }
            Ask::Arrival => {
                if let Some(frame) = reply.frame {
                    self.arrived(*frame, out);
                }
            }
            Ask::Image => {
                if let Some(image) = self.timeline.thin(when.image_bytes) {
                    self.ask_image(image, out);
                }
            }
            Ask::Resume => self.resumed(&reply),
            Ask::Last => self.know_last(&reply),
            Ask::Exec(line, origin) => {
                if let Some(id) = reply.id {
                    self.started(id, &line, origin, out);
                }
            }
            Ask::Actions => {
                self.timeline.acted(reply.actions.unwrap_or_default());
                self.address(out);
            }
            Ask::Spacetime => {
                if let Some(slice) = reply.slice {
                    self.space.take(*slice);
                }
            }
            Ask::Identify(member, token) => {
                self.token_told(member, &token, Ok(reply.identity.unwrap_or_default()));
            }
            Ask::History => self.history_told(reply),
            Ask::Compare => self.compared(reply),
            Ask::LessonFile(..) | Ask::Lesson | Ask::Judged | Ask::Submission => {
                self.lesson_told(&ask, reply, out);
            }
            Ask::Revise(_) | Ask::Offers | Ask::SetUp | Ask::Seats => {
                self.teach_told(&ask, reply, out);
            }
            Ask::Complete(line) => self.completed(&line, reply.start, reply.candidates),
        }
        self.pump(out);
    }

    /// Sends a line of the terminal's language to the world.
    pub(crate) fn exec(&mut self, line: &str, origin: Origin, out: &mut Vec<Effect>) {
        // What a command reads is what was typed: blanks count, and so does an empty line.
        let is_input = self.terminal.asks.is_some() && origin != Origin::Bench;
        let line = if is_input { line } else { line.trim() };
        let building = matches!(self.phase, Phase::Loading | Phase::Building);
        if self.timeline.journey.is_some() || building && matches!(origin, Origin::Api(_)) {
            return self.early.push((line.to_owned(), origin));
        }
        let refusal = match () {
            () if self.phase != Phase::Ready => Some(text::NOT_READY),
            () if line.len() > LINE_MAX || line.contains(char::is_control) => {
                Some(text::LINE_TOO_LONG)
            }
            () => None,
        };
        if let Some(sentence) = refusal {
            match origin {
                Origin::Api(api) => out.push(Effect::Answer(api, Err(sentence.to_owned()))),
                Origin::Bench | Origin::Terminal => self.notice = Some(sentence.to_owned()),
            }
            return;
        }
        if line.is_empty() && !is_input {
            if let Origin::Api(api) = origin {
                out.push(Effect::Answer(api, Ok(String::new())));
            }
            return;
        }
        self.notice = None;
        self.end_first(out);
        self.terminal.candidates.clear();
        let ask = Ask::Exec(line.to_owned(), origin);
        let line = line.to_owned();
        let call = match origin {
            Origin::Bench => Call::Exec { line },
            Origin::Terminal | Origin::Api(_) => Call::Type { line },
        };
        self.ask(ask, call, out);
    }

    /// The first action of a first visit: the three things to try give way to the inspector.
    fn end_first(&mut self, out: &mut Vec<Effect>) {
        if std::mem::take(&mut self.first) {
            // Whoever types goes on typing.
            if self.tab != Tab::Terminal {
                self.tab = Tab::Log;
            }
            out.push(Effect::Remember("seen", "1".to_owned()));
        }
    }

    /// A line took effect. It is run to its end at once if a promise waits for it, if it is about
    /// time itself, or if time stands; else it runs at the speed of play and can be watched.
    fn started(&mut self, id: u64, line: &str, origin: Origin, out: &mut Vec<Effect>) {
        let about_time = ["run", "until"].contains(&line.split_whitespace().next().unwrap_or(""));
        let stands = !self.flow.playing;
        self.flow.chunk_us = CHUNK_START_US;
        match origin {
            Origin::Api(api) => drop(self.flow.hurry.insert(id, Some(api))),
            _ if about_time || stands => drop(self.flow.hurry.insert(id, None)),
            _ => {}
        }
        // The picture keeps the promise: whoever asks for the link then finds the line in it.
        self.ask(Ask::Actions, Call::Actions, out);
        self.ask_frame(true, out);
    }

    fn submit(&mut self, out: &mut Vec<Effect>) {
        let line = std::mem::take(&mut self.terminal.draft);
        self.terminal.back = 0;
        if self.terminal.asks.is_some() {
            // Input is no command: the history does not keep it, least of all a password.
            return self.exec(&line, Origin::Terminal, out);
        }
        let line = line.trim().to_owned();
        if line.is_empty() {
            return;
        }
        if self.terminal.history.last() != Some(&line) {
            self.terminal.history.push(line.clone());
        }
        let surplus = self.terminal.history.len().saturating_sub(HISTORY_MAX);
        self.terminal.history.drain(..surplus);
        self.exec(&line, Origin::Terminal, out);
    }

    fn recall(&mut self, lines: i32) {
        if self.terminal.asks.is_some() {
            return;
        }
        let history = &self.terminal.history;
        let back = self.terminal.back.saturating_add_signed(lines as isize).min(history.len());
        self.terminal.back = back;
        self.terminal.draft = match back {
            0 => String::new(),
            _ => history[history.len() - back].clone(),
        };
        self.terminal.candidates.clear();
    }

    /// Puts what all candidates have in common into the line, and shows them if there are several.
    fn completed(
        &mut self,
        line: &str,
        start: Option<usize>,
        candidates: Option<Vec<glasshouse_sim::view::call::Candidate>>,
    ) {
        let candidates = candidates.unwrap_or_default();
        let typed = start.and_then(|start| line.get(..start));
        if line != self.terminal.draft || candidates.is_empty() || typed.is_none() {
            return self.terminal.candidates.clear();
        }
        let mut common = candidates[0].text.as_str();
        for candidate in &candidates {
            let same = common.chars().zip(candidate.text.chars()).take_while(|(a, b)| a == b);
            common = &common[..same.map(|(c, _)| c.len_utf8()).sum()];
        }
        let end = if candidates.len() == 1 { " " } else { "" };
        let longer = format!("{}{common}{end}", typed.unwrap_or_default());
        if longer.len() > line.len() {
            self.terminal.draft = longer;
        }
        self.terminal.candidates = if candidates.len() > 1 { candidates } else { Vec::new() };
    }

    fn deed(&mut self, deed: Deed, out: &mut Vec<Effect>) {
        let awaited = std::mem::take(&mut self.awaiting_member);
        if self.presenting && self.present_first(deed, out) {
            return;
        }
        match deed {
            Deed::Toggle => self.toggle(out),
            Deed::Step => self.step(self.unit, out),
            Deed::StepBy(unit) => self.step(unit, out),
            Deed::StepBack => self.step_back(out),
            Deed::NextMark => self.seek_mark(1, out),
            Deed::MarkBefore => self.seek_mark(-1, out),
            Deed::NextBranch => self.switch_branch(1, out),
            Deed::BranchBefore => self.switch_branch(-1, out),
            Deed::Slower => self.flow.speed = self.flow.speed.saturating_sub(1),
            Deed::Faster => self.flow.speed = (self.flow.speed + 1).min(SPEEDS.len() - 1),
            Deed::NextMember => self.awaiting_member = true,
            Deed::Member(alias) => {
                if awaited && self.frame.members.iter().any(|member| member.alias == alias) {
                    self.select(Some(alias), out);
                    out.push(Effect::Focus(format!("member-{alias}")));
                }
            }
            Deed::KillLeader => self.exec("kill leader", Origin::Bench, out),
            Deed::Heal => self.exec("heal", Origin::Bench, out),
            Deed::CutMode => self.cut_mode(),
            Deed::CutNow => self.cut_now(out),
            Deed::Terminal => {
                self.tab = Tab::Terminal;
                out.push(Effect::Focus("command".to_owned()));
            }
            Deed::Palette => self.palette_open(out),
            Deed::Legend => self.overlay(Overlay::Legend, out),
            Deed::Keys => self.overlay(Overlay::Keys, out),
            Deed::RunMenu => self.overlay(Overlay::Run, out),
            Deed::Present => self.present(!self.presenting, out),
            Deed::Blank => {}
            Deed::Close => self.close(out),
            Deed::CopyLink => {
                out.push(Effect::Address(link::write(&self.so_far(), &self.build)));
                out.push(Effect::CopyAddress);
                let said = if self.flow.is_long { text::time::LONG } else { text::COPIED };
                self.notice = Some(said.to_owned());
            }
            Deed::HideViolation => {
                self.hidden_us = self.frame.violation.as_ref().map(|v| v.time_us);
            }
            Deed::Kill
            | Deed::Restart
            | Deed::Stop
            | Deed::PowerOff
            | Deed::Freeze
            | Deed::Isolate
            | Deed::SlowDisk
            | Deed::Campaign => {
                if let Some(line) = self.selected.and_then(|alias| self.line_for(deed, alias)) {
                    self.overlay = None;
                    self.exec(&line, Origin::Bench, out);
                }
            }
        }
    }

    /// The line that does a deed to a member.
    pub(crate) fn line_for(&self, deed: Deed, alias: Alias) -> Option<String> {
        let member = self.frame.members.iter().find(|member| member.alias == alias)?;
        Some(match deed {
            Deed::Kill => format!("kill n{alias}"),
            Deed::Restart => format!("restart n{alias}"),
            Deed::Stop => format!("stop n{alias}"),
            Deed::PowerOff => format!("power off n{alias}"),
            Deed::Freeze if member.life == Life::Frozen => format!("thaw n{alias}"),
            Deed::Freeze => format!("freeze n{alias}"),
            Deed::SlowDisk => format!("slow disk n{alias} 20ms"),
            Deed::Campaign => format!("campaign n{alias}"),
            Deed::Isolate => self.partition_line(&[alias])?,
            _ => return None,
        })
    }

    fn toggle(&mut self, out: &mut Vec<Effect>) {
        if self.pace() == Pace::Still && !self.flow.playing {
            self.flow.playing = self.phase == Phase::Ready;
        } else {
            // Glyphs stand where they are: pictures of the next moments wait with them.
            self.flow.playing = false;
            (self.flow.stepping, self.flow.until_us, self.flow.until_leader) = (None, None, false);
            // Promises of the page API are kept even so; a line of a person may be left open.
            self.flow.hurry.retain(|_, promise| promise.is_some());
            if self.phase == Phase::Building {
                self.built(out);
                self.flow.playing = false;
            }
        }
        self.pump(out);
    }

    fn step(&mut self, unit: Unit, out: &mut Vec<Effect>) {
        self.unit = unit;
        self.flow.playing = false;
        if self.phase == Phase::Ready && self.flow.stepping.is_none() {
            self.flow.stepping = Some(0);
            self.pump(out);
        }
    }

    fn select(&mut self, member: Option<Alias>, out: &mut Vec<Effect>) {
        self.selected = member;
        self.overlay = None;
        if self.phase == Phase::Ready {
            self.ask_frame(false, out);
        }
    }

    fn press(&mut self, alias: Alias, at: Point, out: &mut Vec<Effect>) {
        if self.cutting.as_ref().is_some_and(|cutting| cutting.choosing) {
            self.cut_side(alias);
        } else if self.selected == Some(alias) && !self.first {
            self.overlay = match self.overlay {
                Some(Overlay::Member(open, _)) if open == alias => None,
                _ => Some(Overlay::Member(alias, at)),
            };
            out.push(Effect::Focus("menu-first".to_owned()));
        } else {
            self.select(Some(alias), out);
            self.end_first(out);
        }
    }

    fn overlay(&mut self, overlay: Overlay, out: &mut Vec<Effect>) {
        if self.overlay == Some(overlay) {
            self.overlay = None;
        } else {
            self.overlay = Some(overlay);
            out.push(Effect::Focus("overlay".to_owned()));
        }
    }

    /// Escape: the innermost thing that is open closes.
    fn close(&mut self, out: &mut Vec<Effect>) {
        if let Some(open) = self.overlay.take() {
            match open {
                Overlay::Member(alias, _) => out.push(Effect::Focus(format!("member-{alias}"))),
                Overlay::Palette => self.palette_close(out),
                Overlay::Legend | Overlay::Keys | Overlay::Run => {}
            }
        } else if self.put_back() {
            // The arrow in the hand was the innermost.
        } else if !self.terminal.candidates.is_empty() {
            self.terminal.candidates.clear();
        } else if self.cutting.take().is_none() {
            self.notice = None;
        }
    }

    fn set_messages_too(&mut self, on: bool, out: &mut Vec<Effect>) {
        self.messages_too = on;
        // The feed is asked for again, with what it lacks or without what it has too much of.
        self.events = Rc::default();
        if self.phase == Phase::Ready {
            self.ask_frame(false, out);
        }
    }

    fn go_on_in_english(&mut self) {
        self.language = 0;
        self.notice = Some(text::LANGUAGE_MISSING.to_owned());
    }

    fn set(&mut self, setting: Setting, out: &mut Vec<Effect>) {
        match setting {
            Setting::Theme(theme) => {
                self.theme = theme;
                let name = theme.map(Theme::name);
                out.push(Effect::Root("data-theme", name));
                out.push(Effect::Remember("theme", name.unwrap_or_default().to_owned()));
            }
            Setting::Language(nth) => {
                if let Some(language) = self.languages.get(nth) {
                    self.language = nth;
                    out.push(Effect::Language(language.tag.clone()));
                    out.push(Effect::Remember("language", language.tag.clone()));
                }
            }
            Setting::ColourByKind(on) => {
                self.colour_by_kind = on;
                let name = if on { "kind" } else { "term" };
                out.push(Effect::Root("data-colour", Some(name)));
                out.push(Effect::Remember("colour", name.to_owned()));
            }
            Setting::Letters(on) => {
                self.letters = on;
                out.push(Effect::Remember("letters", if on { "" } else { "off" }.to_owned()));
            }
        }
    }

    /// Puts a line into the terminal and leaves the rest to who sits there.
    fn put(&mut self, line: String, out: &mut Vec<Effect>) {
        self.terminal.draft = line;
        self.terminal.back = 0;
        self.terminal.candidates.clear();
        self.tab = Tab::Terminal;
        out.push(Effect::Focus("command".to_owned()));
    }

    /// Shows the run in the address, so that a reload or a copied address repeats it.
    fn address(&self, out: &mut Vec<Effect>) {
        if let Some(address) = self.lesson_address() {
            out.push(Effect::Address(address));
        } else if self.phase == Phase::Ready && self.view == View::Bench {
            out.push(Effect::Address(link::write(&self.so_far(), &self.build)));
        }
    }
}

mod compare;
mod cut;
mod history;
mod hunt;
mod lesson;
mod lesson_files;
mod palette;
mod present;
mod spacetime;
mod teach;
#[cfg(test)]
mod tests;
mod token;
mod travel;
mod view;
