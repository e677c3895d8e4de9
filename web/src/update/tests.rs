use std::collections::{BTreeMap, BTreeSet, VecDeque};

use glasshouse_sim::view::call::history::{History, Operation};
use glasshouse_sim::view::call::{Action, Stop};
use glasshouse_sim::view::frame::{Asks, Cut, Entry, Frame, Member, Message, Role, Violation};

use super::*;
use crate::link::TIME_MAX_US;
use crate::state::Browser;
use crate::timeline::Image;

mod lessons;
mod travel;

/// A simulation that answers every question at once.
#[derive(Clone, Default)]
struct Sim {
    time_us: u64,
    entries: Vec<Entry>,
    actions: Vec<Action>,
    /// What is still to be done again.
    due: Vec<Action>,
    cut: Option<Cut>,
    violation: Option<Violation>,
    /// Something is on its way all the time.
    busy: bool,
    /// A command waits for input.
    asks: Option<Asks>,
    /// Lines that came from the keyboard.
    typed: Vec<String>,
    /// Lines are done so long after they were typed.
    line_takes_us: u64,
}

impl Sim {
    fn answer(&mut self, call: Call) -> Reply {
        let mut reply = Reply::default();
        match call {
            Call::Boot { actions, .. } => {
                *self = Self { violation: self.violation.take(), due: actions, ..Self::default() };
                reply.time_us = Some(0);
            }
            Call::Run { until_us, stop, .. } => {
                let happened = !matches!(stop, Stop::Time | Stop::Done);
                let waits = self.entries.iter().filter(|entry| !entry.done);
                let done = waits.map(|entry| entry.time_us + self.line_takes_us).min();
                self.time_us = match stop {
                    Stop::Time => until_us,
                    Stop::Done => done.map_or(until_us, |done| done.min(until_us)),
                    _ => self.time_us + 7,
                };
                self.repeat();
                (reply.time_us, reply.done) = (Some(self.time_us), Some(self.actions.len()));
                reply.stopped = happened.then(|| "event".to_owned());
            }
            Call::Resume { mut actions } => {
                self.due = actions.split_off(self.actions.len());
                assert_eq!(actions, self.actions);
                self.repeat();
                (reply.time_us, reply.done) = (Some(self.time_us), Some(self.actions.len()));
            }
            // Something happens every 30 microseconds.
            Call::Last { .. } => reply.time_us = Some(self.time_us - self.time_us % 30),
            Call::Type { line } => {
                self.typed.push(line.clone());
                return self.answer(Call::Exec { line });
            }
            Call::Exec { line } => {
                let id = self.entries.len() as u64 + 1;
                self.due.clear();
                self.actions.push(Action { time_us: self.time_us, line: line.clone() });
                self.entries.push(Entry { id, line, time_us: self.time_us, ..Entry::default() });
                reply.id = Some(id);
            }
            Call::Frame { request } => {
                reply.frame = Some(Box::new(self.frame(request.since_entry)));
            }
            Call::History { .. } => {
                let operation = Operation { id: 1, entry: Some(9), ..Operation::default() };
                let history = History { time_us: self.time_us, ..History::default() };
                reply.history = Some(Box::new(History { operations: vec![operation], ..history }));
            }
            Call::Actions => {
                reply.actions = Some(self.actions.iter().chain(&self.due).cloned().collect());
            }
            _ => {}
        }
        reply
    }

    /// Does what is due.
    fn repeat(&mut self) {
        let due = self.due.iter().take_while(|action| action.time_us <= self.time_us).count();
        self.actions.extend(self.due.drain(..due));
    }

    fn frame(&mut self, since: u64) -> Frame {
        for entry in &mut self.entries {
            entry.done = self.time_us >= entry.time_us + self.line_takes_us;
            entry.output = "OK\n".to_owned();
        }
        let member = |alias| Member {
            alias,
            role: if alias == 1 { Role::Leader } else { Role::Follower },
            applied: 1,
            ..Member::default()
        };
        Frame {
            time_us: self.time_us,
            members: (1..=5).map(member).collect(),
            terminal: self.entries.iter().filter(|entry| entry.id >= since).cloned().collect(),
            cut: self.cut.clone(),
            violation: self.violation.clone(),
            asks: self.asks.clone(),
            messages: self
                .busy
                .then(|| Message { arrive_us: u64::MAX, ..Message::default() })
                .into_iter()
                .collect(),
            ..Frame::default()
        }
    }
}

/// What the worker is asked.
#[derive(Clone, Debug, PartialEq)]
enum Asked {
    Call(Call),
    Image(Image),
}

/// A page with its simulation; effects other than questions are kept.
struct Page {
    state: State,
    sim: Sim,
    /// Copies of it.
    images: BTreeMap<u32, Sim>,
    /// Questions that are not answered yet, oldest first.
    asked: VecDeque<(Ask, Asked)>,
    effects: Vec<Effect>,
    now_ms: f64,
}

impl Page {
    /// The simulation is still being loaded.
    fn loading(hash: &str) -> Self {
        let state = State::new(Browser { seen: true, ..Browser::default() });
        let (sim, images, asked) = (Sim::default(), BTreeMap::new(), VecDeque::new());
        let mut page = Self { state, sim, images, asked, effects: Vec::new(), now_ms: 0.0 };
        page.tell(Msg::Resize(1000.0, 300.0));
        page.tell(Msg::Open(hash.to_owned()));
        page
    }

    fn open(hash: &str) -> Self {
        let mut page = Self::loading(hash);
        page.tell(Msg::SimReady);
        page
    }

    /// One message and all answers that follow from it, up to a bound.
    fn tell(&mut self, msg: Msg) {
        self.tell_only(msg);
        for _ in 0..200 {
            self.answer();
        }
    }

    /// One message whose questions the simulation does not answer yet.
    fn tell_only(&mut self, msg: Msg) {
        for effect in self.state.update(msg) {
            match effect {
                Effect::Ask(ask, call) => {
                    // As the driver: what was asked about the run before concerns nobody.
                    if ask == Ask::Boot {
                        self.asked.clear();
                    }
                    self.asked.push_back((ask, Asked::Call(call)));
                }
                Effect::Image(image) => self.asked.push_back((Ask::Image, Asked::Image(image))),
                other => self.effects.push(other),
            }
        }
    }

    /// The simulation answers the oldest question.
    fn answer(&mut self) {
        if let Some((ask, asked)) = self.asked.pop_front() {
            let reply = match asked {
                Asked::Call(call) => self.sim.answer(call),
                Asked::Image(image) => self.image(image),
            };
            let when = When { spent_ms: 30.0, image_bytes: 0 };
            self.tell_only(Msg::Reply(ask, Box::new(reply), when));
        }
    }

    fn image(&mut self, image: Image) -> Reply {
        match image {
            Image::Keep(number) => drop(self.images.insert(number, self.sim.clone())),
            Image::Back(number) => {
                // What the test wishes of it is no part of the state.
                let (typed, takes) = (self.sim.typed.clone(), self.sim.line_takes_us);
                self.sim = Sim { typed, line_takes_us: takes, ..self.images[&number].clone() };
            }
            Image::Forget(number) => drop(self.images.remove(&number)),
        }
        Reply::default()
    }

    /// The address that was shown last.
    fn address(&self) -> Option<&str> {
        self.effects.iter().rev().find_map(|effect| match effect {
            Effect::Address(address) => Some(address.as_str()),
            _ => None,
        })
    }

    /// What the page API tells of the run: its link and the moment of its picture.
    fn told(&self) -> (Run, u64) {
        (self.state.so_far(), self.state.newest().time_us)
    }

    fn ticks(&mut self, count: u32) {
        for _ in 0..count {
            self.now_ms += 16.0;
            self.tell(Msg::Tick(self.now_ms));
        }
    }

    fn lines(&self) -> Vec<&str> {
        self.sim.actions.iter().map(|action| action.line.as_str()).collect()
    }
}

#[test]
fn a_fresh_page_shows_a_leader_and_plays() {
    let page = Page::open("");
    assert_eq!(page.state.phase, Phase::Ready);
    assert!(page.state.flow.playing);
    assert_eq!(page.state.selected, Some(1));
}

#[test]
fn a_link_is_repeated_and_waits() {
    let mut page = Page::open("#seed=7&n=3&a=1000000.kill+n2&t=2500000");
    page.ticks(60);
    assert_eq!((page.state.run.seed, page.state.run.nodes), (7, 3));
    assert_eq!(page.state.flow.sim_us, 2_500_000);
    assert!(!page.state.flow.playing);
    assert_eq!(page.state.so_far().actions.len(), 1);
}

#[test]
fn a_bad_link_is_one_sentence_and_a_fresh_run_is_one_click() {
    let mut page = Page::open("#seed=x");
    assert!(matches!(&page.state.phase, Phase::Broken(why) if why.contains("seed")));
    page.tell(Msg::Begin(42, 5));
    assert_eq!(page.state.phase, Phase::Ready);
}

#[test]
fn the_clock_glides_between_pictures_and_never_past_the_last() {
    let mut page = Page::open("");
    page.sim.busy = true;
    page.ticks(2);
    let mut before = page.state.flow.clock_us;
    for _ in 0..40 {
        page.ticks(1);
        let clock = page.state.flow.clock_us;
        assert!(clock >= before && clock <= page.state.newest().time_us as f64);
        assert!(clock - before < 400.0, "0.01x: a picture of 16 ms is 160 virtual µs");
        before = clock;
    }
    assert!((page.state.flow.sim_us as f64) < before + 16_000.0, "the world is not far ahead");
}

#[test]
fn tables_change_so_often_that_they_can_be_read_and_are_right_when_time_stands() {
    for (speed, at_least) in [(SPEEDS.len() - 1, 3), (SPEEDS.len() - 2, 2)] {
        let mut page = Page::open("");
        page.sim.busy = true;
        page.tell(Msg::Speed(speed));
        let (mut pictures, mut tables) = (BTreeSet::new(), BTreeSet::new());
        for _ in 0..80 {
            page.ticks(1);
            pictures.insert(page.state.frame.time_us);
            tables.insert(page.state.calm.time_us);
        }
        assert!(tables.len() > 3, "{tables:?}");
        assert!(pictures.len() > at_least * tables.len(), "{speed}: {pictures:?} {tables:?}");
        // Not at the moment at which they change.
        while page.state.calm.time_us == page.state.frame.time_us {
            page.ticks(1);
        }
        page.tell(Msg::Do(Deed::Toggle));
        assert_eq!(page.state.calm.time_us, page.state.frame.time_us);
    }
}

#[test]
fn play_goes_on_behind_the_hour_that_a_link_holds() {
    for speed in [SPEEDS.len() - 1, SPEEDS.len() - 2] {
        let mut page = Page::open("");
        page.tell(Msg::Speed(speed));
        let late_us = TIME_MAX_US - 90_000;
        page.sim.time_us = late_us;
        (page.state.flow.sim_us, page.state.flow.clock_us) = (late_us, late_us as f64);
        assert_eq!(page.state.notice, None);
        page.ticks(100);
        assert!(page.state.flow.playing && page.state.newest().time_us > TIME_MAX_US, "{speed}");
        // Said once, for a while.
        assert_eq!(page.state.notice.take().as_deref(), Some(text::time::LONG));
        page.ticks(100);
        assert_eq!(page.state.notice, None);
        let link = link::read(page.address().unwrap()).unwrap().unwrap();
        assert_eq!(link.run.time_us, TIME_MAX_US);
    }
}

#[test]
fn a_reload_during_play_comes_back_near_to_where_it_was() {
    let mut page = Page::open("");
    page.tell(Msg::Speed(3));
    let shown = |page: &Page| link::read(page.address().unwrap()).unwrap().unwrap().run.time_us;
    page.ticks(700);
    assert!(page.state.flow.playing);
    let now = page.state.newest().time_us;
    assert!((now - 2_500_000..now).contains(&shown(&page)), "{} of {now}", shown(&page));
    let count = page.effects.iter().filter(|effect| matches!(effect, Effect::Address(_))).count();
    assert!(count < 10, "{count} in eleven seconds");
}

#[test]
fn a_line_of_a_lesson_waits_for_enter_in_the_terminal() {
    let mut page = Page::open("");
    page.state.tab = Tab::Events;
    page.tell(Msg::Put("kill leader".to_owned()));
    assert_eq!((page.state.tab, &*page.state.terminal.draft), (Tab::Terminal, "kill leader"));
    assert!(matches!(page.effects.last(), Some(Effect::Focus(id)) if id == "command"));
    page.tell(Msg::Submit);
    assert_eq!(page.lines(), ["kill leader"]);
}

#[test]
fn slow_play_hurries_through_silence() {
    let mut page = Page::open("");
    let before = page.state.flow.clock_us;
    page.ticks(60);
    let silence_us = page.state.flow.clock_us - before;
    page.sim.busy = true;
    page.ticks(30);
    let before = page.state.flow.clock_us;
    page.ticks(60);
    let motion_us = page.state.flow.clock_us - before;
    assert!(silence_us > 300_000.0 && motion_us < 12_000.0, "{silence_us} {motion_us}");
}

#[test]
fn what_is_clicked_is_a_line_of_the_terminal() {
    let mut page = Page::open("");
    page.tell(Msg::Select(Some(3)));
    for deed in [Deed::Kill, Deed::Freeze, Deed::Isolate, Deed::Heal, Deed::KillLeader] {
        page.tell(Msg::Do(deed));
    }
    let expected = ["kill n3", "freeze n3", "partition n3 | n1 n2 n4 n5", "heal", "kill leader"];
    assert_eq!(page.lines(), expected);
    assert_eq!(page.state.terminal.entries.len(), 5);
    assert!(
        page.effects
            .iter()
            .any(|effect| matches!(effect, Effect::Address(a) if a.contains("kill+n3")))
    );
}

#[test]
fn a_drawn_line_parts_the_members_on_its_sides() {
    let mut page = Page::open("");
    let line = (Point::new(330.0, 5.0), Point::new(280.0, 295.0));
    page.tell(Msg::CutDraw(line));
    page.tell(Msg::CutEnd);
    assert_eq!(page.lines(), ["partition n1 | n2 n3 n4 n5"]);
    page.tell(Msg::CutDraw((Point::new(5.0, 5.0), Point::new(5.0, 200.0))));
    page.tell(Msg::CutEnd);
    assert_eq!(page.lines().len(), 1, "beside all members");
    assert_eq!(page.state.notice.as_deref(), Some(text::CUT_MISSED));
}

#[test]
fn a_cut_is_chosen_with_keys() {
    let mut page = Page::open("");
    page.tell(Msg::Do(Deed::CutMode));
    page.tell(Msg::Press(2, Point::default()));
    page.tell(Msg::Press(4, Point::default()));
    page.tell(Msg::Press(4, Point::default()));
    page.tell(Msg::Press(3, Point::default()));
    page.tell(Msg::Do(Deed::CutNow));
    assert_eq!(page.lines(), ["partition n2 n3 | n1 n4 n5"]);
    assert_eq!(page.state.cutting, None);
}

#[test]
fn a_promise_is_kept_while_the_page_is_paused() {
    let mut page = Page::open("");
    page.sim.line_takes_us = 300_000;
    page.tell(Msg::Do(Deed::Toggle));
    assert!(!page.state.flow.playing);
    page.tell(Msg::Exec("put a 1".to_owned(), Origin::Api(9)));
    page.ticks(10);
    assert!(page.effects.contains(&Effect::Answer(9, Ok("OK\n".to_owned()))));
    assert!(!page.state.flow.playing, "it is paused still");
    assert_eq!(page.state.pace(), Pace::Still);
}

#[test]
fn a_kept_promise_finds_its_line_in_the_link() {
    let mut page = Page::open("");
    page.tell(Msg::Do(Deed::Toggle));
    page.tell_only(Msg::Exec("heal".to_owned(), Origin::Api(9)));
    let kept = Effect::Answer(9, Ok("OK\n".to_owned()));
    while !page.effects.contains(&kept) {
        assert!(!page.asked.is_empty(), "nothing more comes");
        page.answer();
    }
    assert_eq!(page.state.so_far().actions.len(), 1);
    assert!(page.state.settled());
}

#[test]
fn a_promise_that_was_given_before_the_bench_stood_is_kept() {
    let mut page = Page::loading("");
    page.tell(Msg::Exec("put a 1".to_owned(), Origin::Api(4)));
    page.tell(Msg::SimReady);
    assert!(page.effects.contains(&Effect::Answer(4, Ok("OK\n".to_owned()))));
}

#[test]
fn a_new_run_breaks_the_promises_of_the_old_one() {
    let mut page = Page::open("");
    page.sim.line_takes_us = u64::MAX / 2;
    page.tell(Msg::Exec("until leader".to_owned(), Origin::Api(1)));
    page.tell_only(Msg::Exec("put a 1".to_owned(), Origin::Api(2)));
    page.tell(Msg::Begin(1, 3));
    for promise in [1, 2] {
        let broken = |effect: &Effect| matches!(effect, Effect::Answer(p, Err(_)) if *p == promise);
        assert_eq!(page.effects.iter().filter(|effect| broken(effect)).count(), 1, "{promise}");
    }
    assert_eq!(page.state.flow.unanswered.len(), page.asked.len());
}

#[test]
fn after_a_pause_the_last_answers_arrive_and_then_nothing_moves() {
    let mut page = Page::open("");
    page.sim.busy = true;
    // The page plays, and its next question is on its way.
    while page.asked.is_empty() {
        page.now_ms += 16.0;
        page.tell_only(Msg::Tick(page.now_ms));
    }
    let (_, before_us) = page.told();
    page.tell_only(Msg::Do(Deed::Toggle));
    while !page.asked.is_empty() {
        let (link, time_us) = page.told();
        assert!(!page.state.settled(), "an answer is on its way");
        assert_eq!(link.time_us, time_us, "the link is of the moment of the picture");
        page.answer();
    }
    let (link, time_us) = page.told();
    assert!(time_us > before_us, "the answer came after the pause");
    assert_eq!(link.time_us, time_us);
    assert!(page.state.settled());
    assert_eq!(page.address(), Some(&*link::write(&link, "")), "the address says the same");
    page.ticks(50);
    assert_eq!(page.told(), (link, time_us), "it stays");
}

#[test]
fn a_line_that_cannot_run_leaves_the_bench_at_rest() {
    let mut page = Page::open("");
    page.tell(Msg::Do(Deed::Toggle));
    page.tell_only(Msg::Exec("put".to_owned(), Origin::Api(5)));
    assert!(!page.state.settled());
    let (ask, _) = page.asked.pop_front().expect("it was asked");
    let reply = Reply { error: Some("That cannot be.".to_owned()), ..Reply::default() };
    page.tell(Msg::Reply(ask, Box::new(reply), When::default()));
    assert!(page.effects.contains(&Effect::Answer(5, Err("That cannot be.".to_owned()))));
    assert!(page.state.settled());
}

#[test]
fn a_violation_stops_play_once() {
    let mut page = Page::open("");
    page.sim.violation = Some(Violation::default());
    page.ticks(40);
    assert!(!page.state.flow.playing);
    page.tell(Msg::Do(Deed::Toggle));
    page.ticks(2);
    assert!(page.state.flow.playing, "one may look on");
}

#[test]
fn a_violation_ends_what_waits_for_later_moments() {
    let mut page = Page::loading("#seed=7&n=3&t=2500000");
    page.sim.violation = Some(Violation::default());
    page.tell(Msg::SimReady);
    assert_eq!((&page.state.phase, page.state.pace()), (&Phase::Ready, Pace::Still));
    page.sim.line_takes_us = u64::MAX / 2;
    page.tell(Msg::Exec("put a 1".to_owned(), Origin::Api(4)));
    assert!(page.effects.contains(&Effect::Answer(4, Err(text::STANDS.to_owned()))));
}

#[test]
fn a_step_runs_to_the_next_event() {
    let mut page = Page::open("");
    page.tell(Msg::Do(Deed::Toggle));
    let before = page.state.flow.sim_us;
    page.tell(Msg::Do(Deed::Step));
    assert_eq!(page.state.flow.sim_us, before + 7);
    assert_eq!(page.state.flow.clock_us, (before + 7) as f64);
    assert_eq!(page.state.flow.stepping, None);
    assert_eq!(page.address(), Some(&*link::write(&page.state.so_far(), "")));
}

#[test]
fn the_history_walks_back_and_forth() {
    let mut page = Page::open("");
    for line in ["get a", "get b"] {
        page.tell(Msg::Draft(line.to_owned()));
        page.tell(Msg::Submit);
    }
    let mut recall = |lines| {
        page.tell(Msg::Recall(lines));
        page.state.terminal.draft.clone()
    };
    assert_eq!(
        [recall(1), recall(1), recall(1), recall(-1), recall(-1)],
        ["get b", "get a", "get a", "get b", ""]
    );
}

#[test]
fn what_a_command_reads_is_what_was_typed() {
    let mut page = Page::open("");
    let type_line = |page: &mut Page, line: &str| {
        page.tell(Msg::Draft(line.to_owned()));
        page.tell(Msg::Submit);
    };
    type_line(&mut page, " ");
    page.sim.asks = Some(Asks { prompt: "Password of root:".to_owned(), secret: true });
    type_line(&mut page, " user add root ");
    for line in ["", " rabbit hole "] {
        type_line(&mut page, line);
    }
    page.tell(Msg::Do(Deed::Heal));
    assert_eq!(page.lines(), ["user add root", "", " rabbit hole ", "heal"]);
    assert_eq!(page.sim.typed, ["user add root", "", " rabbit hole "], "heal is a click");
    assert_eq!(page.state.terminal.history, ["user add root"]);
    page.tell(Msg::Draft("half of a pass".to_owned()));
    page.tell(Msg::Recall(1));
    assert_eq!(page.state.terminal.draft, "half of a pass");
    page.sim.asks = None;
    page.tell(Msg::Exec("interrupt".to_owned(), Origin::Terminal));
    assert_eq!(page.state.terminal.draft, "", "nobody sees it");
}

#[test]
fn completion_writes_what_all_candidates_share() {
    let candidate = |text: &str| glasshouse_sim::view::call::Candidate {
        text: text.to_owned(),
        help: String::new(),
    };
    let mut state = State::new(Browser::default());
    state.terminal.draft = "p".to_owned();
    state.completed("p", Some(0), Some(vec![candidate("partition"), candidate("part")]));
    assert_eq!(state.terminal.draft, "part");
    assert_eq!(state.terminal.candidates.len(), 2);
    state.completed("part", Some(0), Some(vec![candidate("partition")]));
    assert_eq!(state.terminal.draft, "partition ");
    state.completed("stale", Some(0), Some(vec![candidate("x")]));
    assert_eq!(state.terminal.draft, "partition ");
}

#[test]
fn a_line_that_is_too_long_is_refused_with_a_sentence() {
    let mut page = Page::open("");
    page.tell(Msg::Exec("x".repeat(5_000), Origin::Api(3)));
    assert!(page.effects.contains(&Effect::Answer(3, Err(text::LINE_TOO_LONG.to_owned()))));
    assert!(page.lines().is_empty());
}

#[test]
fn the_history_is_asked_for_while_somebody_looks() {
    let mut page = Page::open("seed=1&n=5&t=3000000");
    page.tell(Msg::Open("history".to_owned()));
    assert_eq!(page.state.view, View::History);
    // Once for the picture, once more for the way of the operation that it has brought.
    page.ticks(3);
    assert_eq!(page.state.seen.picture.time_us, page.state.flow.sim_us);
    page.tell_only(Msg::Tick(page.now_ms + 16.0));
    assert!(page.asked.is_empty(), "nothing is new: {:?}", page.asked);
    // Time goes on here.
    page.tell(Msg::Do(Deed::Step));
    page.ticks(3);
    assert_eq!(page.state.seen.picture.time_us, page.state.flow.sim_us);
    // An entry is shown in the log of the bench, until time goes on.
    page.tell(Msg::History(crate::history::Msg::ShowEntry(9)));
    assert!(page.effects.contains(&Effect::Go("bench".to_owned())));
    page.tell(Msg::Open("bench".to_owned()));
    assert_eq!((page.state.view, page.state.seen.log_from), (View::Bench, Some(6)));
    page.tell(Msg::Do(Deed::Step));
    assert_eq!(page.state.seen.log_from, None);
}
