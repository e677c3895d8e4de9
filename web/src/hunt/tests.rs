use std::collections::VecDeque;

use glasshouse_sim::view::call::{Action, Call};
use glasshouse_sim::view::frame::{Frame, Violation};

use super::*;
use crate::state::{self, Browser, Effect, Phase, View};

/// Seeds that break something.
const BAD: [u64; 4] = [23, 29, 31, 77];
const TEXT: &str = "glasshouse finding 1\nbuild 0000000000000000\nseed 23\nmembers 3\nproperty durable commit\nat 2500000000ns\ntrace 93b1f2c0d4e5a6b7\n\n0s plant M03\n0s traffic 1/s for 1s\n1.5s kill n2\n";
const LINK: &str = "seed=23&n=3&t=2500000&a=0.plant+M03;0.traffic+1/s+for+1s;1500000.kill+n2";

/// Which of the workers that are asked answers next.
type Order = fn(usize) -> usize;

/// A page with workers that answer one at a time.
struct Page {
    state: State,
    questions: VecDeque<(usize, u32, Call)>,
    /// What each worker caught last.
    caught: Vec<Option<u64>>,
    /// Who was asked to shrink what.
    shrunk: Vec<u64>,
    effects: Vec<Effect>,
    now_ms: f64,
}

impl Page {
    fn open(browser: Browser) -> Self {
        let state = State::new(browser);
        let caught = vec![None; 8];
        let mut page = Self {
            state,
            questions: VecDeque::new(),
            caught,
            shrunk: Vec::new(),
            effects: Vec::new(),
            now_ms: 0.0,
        };
        page.tell(state::Msg::Open("#hunt".to_owned()));
        page.answer_all(|_| 0);
        page
    }

    fn tell(&mut self, msg: state::Msg) {
        for effect in self.state.update(msg) {
            match effect {
                Effect::Hunter(worker, asked, call) => {
                    self.questions.push_back((worker, asked, call));
                }
                Effect::Dismiss(gone) => self.questions.retain(|(worker, ..)| *worker != gone),
                other => self.effects.push(other),
            }
        }
    }

    fn hunt(&mut self, msg: Msg) {
        self.tell(state::Msg::Hunt(msg));
    }

    fn answer_one(&mut self, order: Order) -> bool {
        if self.questions.is_empty() {
            return false;
        }
        let nth = order(self.questions.len());
        let (worker, asked, call) = self.questions.remove(nth).expect("an order is a place");
        self.now_ms += 40.0;
        let mut reply = Reply::default();
        match call {
            Call::Catalogue => {
                let card = |code: &str, budget| Card {
                    code: code.to_owned(),
                    line: format!("plant {code}"),
                    level: 1,
                    members: 3,
                    budget,
                    ..Card::default()
                };
                reply.mutants = Some(vec![card("M03", 100), card("M08", 20)]);
            }
            Call::Hunt { from, seeds, .. } => {
                let bad = (from..from + u64::from(seeds)).find(|seed| BAD.contains(seed));
                let ran = bad.map_or(seeds, |bad| u32::try_from(bad - from).unwrap() + 1);
                self.caught[worker] = bad;
                let catch = bad.map(|seed| Catch { seed, lines: 60, ..Catch::default() });
                let elections = vec![2; ran as usize];
                reply.search = Some(Search { elections, time_us: 60_000_000, catch });
            }
            Call::Shrink => {
                self.shrunk.extend(self.caught[worker]);
                reply.tale = Some(Box::new(tale()));
            }
            Call::Judge { text } if text == TEXT => reply.tale = Some(Box::new(tale())),
            _ => reply.error = Some("It is no finding.".to_owned()),
        }
        self.hunt(Msg::Heard(worker, asked, Box::new(reply), self.now_ms));
        true
    }

    fn answer_all(&mut self, order: Order) {
        while self.answer_one(order) {}
    }

    fn chase(&self) -> &Chase {
        self.state.hunts.chase.as_ref().expect("somebody hunts")
    }

    fn remembered(&self) -> Option<&str> {
        self.effects.iter().rev().find_map(|effect| match effect {
            Effect::Remember("hunts", text) => Some(text.as_str()),
            _ => None,
        })
    }
}

fn tale() -> Tale {
    Tale {
        property: "durable commit".to_owned(),
        at_us: 2_500_000,
        runs: 137,
        shrinking: vec![(0, 60), (20, 9), (90, 3)],
        text: TEXT.to_owned(),
        link: LINK.to_owned(),
        ..Tale::default()
    }
}

fn cores(cores: usize) -> Browser {
    Browser { cores, ..Browser::default() }
}

const ORDERS: [Order; 3] = [|_| 0, |open| open - 1, |open| open / 2];

#[test]
fn the_smallest_seed_wins_whoever_is_quick() {
    for workers in 1..=4 {
        for order in ORDERS {
            let mut page = Page::open(cores(8));
            page.hunt(Msg::Workers(workers));
            page.hunt(Msg::Start);
            page.answer_all(order);
            let best = page.chase().best.as_ref().map(|(_, catch)| catch.seed);
            assert_eq!((best, &page.shrunk[..]), (Some(23), &[23][..]), "{workers} workers");
            assert_eq!(page.chase().stage, Stage::Told);
            page.hunt(Msg::Another);
            page.answer_all(order);
            assert_eq!(page.shrunk, [23, 29], "{workers} workers");
        }
    }
}

#[test]
fn every_seed_of_the_budget_is_run_once() {
    for workers in 1..=4 {
        let mut page = Page::open(cores(8));
        page.hunt(Msg::Choose(Some("M08".to_owned())));
        page.hunt(Msg::Workers(workers));
        page.hunt(Msg::Start);
        page.answer_all(|open| open - 1);
        let chase = page.chase();
        assert_eq!((chase.tried, &chase.stage), (20, &Stage::Nothing));
        assert!(chase.cells.iter().all(|cell| cell.done == 1), "{:?}", chase.cells);
        page.hunt(Msg::Another);
        assert_eq!(page.chase().first, 20);
    }
}

#[test]
fn slices_grow_until_an_answer_takes_a_moment() {
    let mut page = Page::open(cores(2));
    page.hunt(Msg::Start);
    let mut sizes = Vec::new();
    while let Some((.., Call::Hunt { seeds, .. })) = page.questions.front() {
        sizes.push(*seeds);
        page.answer_one(|_| 0);
    }
    assert_eq!(sizes[0], 1);
    assert!(sizes[1..].iter().all(|seeds| *seeds > 1), "40 ms for each answer: {sizes:?}");
}

#[test]
fn a_stop_ends_the_search_and_what_comes_late_is_not_counted() {
    let mut page = Page::open(cores(4));
    page.hunt(Msg::Start);
    page.answer_one(|_| 0);
    page.hunt(Msg::Stop);
    let tried = page.chase().tried;
    page.answer_all(|_| 0);
    assert_eq!((page.chase().tried, &page.chase().stage), (tried, &Stage::Stopped));
    assert!(!page.state.hunts.busy());
}

#[test]
fn a_stop_while_it_gets_small_ends_the_worker() {
    let mut page = Page::open(cores(2));
    page.hunt(Msg::Start);
    while page.chase().stage == Stage::Seeking {
        page.answer_one(|_| 0);
    }
    assert_eq!(page.chase().stage, Stage::Shrinking);
    page.hunt(Msg::Stop);
    assert_eq!((page.chase().stage.clone(), page.questions.len()), (Stage::Stopped, 0));
    page.hunt(Msg::Start);
    page.answer_all(|_| 0);
    assert_eq!(page.chase().stage, Stage::Told);
}

#[test]
fn a_worker_that_ends_ends_the_hunt_with_its_sentence() {
    let mut page = Page::open(cores(2));
    page.hunt(Msg::Start);
    page.hunt(Msg::Lost(0, "It stopped.".to_owned()));
    assert_eq!(page.chase().stage, Stage::Failed("It stopped.".to_owned()));
    page.hunt(Msg::Start);
    page.answer_all(|_| 0);
    assert_eq!(page.chase().stage, Stage::Told);
}

#[test]
fn what_was_found_has_its_name_in_the_next_visit_too() {
    let mut page = Page::open(cores(2));
    page.hunt(Msg::Start);
    page.answer_all(|_| 0);
    let hunts = page.remembered().unwrap().to_owned();
    let mut page = Page::open(Browser { hunts, ..cores(2) });
    assert_eq!(page.state.hunts.known["M03"].hunter, 3);
    page.hunt(Msg::Retell);
    page.answer_all(|_| 0);
    assert_eq!(page.state.hunts.told.as_ref().unwrap().trace, "93b1f2c0d4e5a6b7");
    page.hunt(Msg::Forget);
    assert_eq!(page.remembered(), Some("{}"));
    // What nobody wrote here is nothing that is known.
    assert!(Page::open(Browser { hunts: "[".to_owned(), ..cores(2) }).state.hunts.known.is_empty());
}

#[test]
fn a_file_is_judged_or_refused_with_its_sentence() {
    let mut page = Page::open(cores(2));
    page.hunt(Msg::File(Ok("something".to_owned())));
    page.answer_all(|_| 0);
    assert_eq!(page.state.hunts.refused.as_deref(), Some("It is no finding."));
    page.hunt(Msg::File(Ok(TEXT.to_owned())));
    page.answer_all(|_| 0);
    let told = page.state.hunts.told.clone().unwrap();
    assert_eq!(page.state.hunts.refused, None);
    assert_eq!((told.seed, told.code.as_deref(), told.lines), (23, Some("M03"), 3));
    assert_eq!(told.file_name(), "M03-23.finding");
    assert_eq!(told.link_at(7), LINK.replace("t=2500000", "t=7"));
    assert!(page.state.hunts.known.is_empty(), "a file of somebody else is nobody's find");
}

/// The bench shows a violation at this time, in a run whose link reached to `run_us`.
fn broken(page: &mut Page, at_us: u64, run_us: u64, lines: &[(u64, &str)]) -> Option<Score> {
    let action =
        |(time_us, line): &(u64, &str)| Action { time_us: *time_us, line: (*line).to_owned() };
    page.state.timeline = crate::timeline::Timeline::new(lines.iter().map(action).collect());
    (page.state.run.seed, page.state.run.time_us) = (23, run_us);
    let violation = Some(Violation { time_us: at_us, ..Violation::default() });
    page.state.frame = Rc::new(Frame { violation, ..Frame::default() });
    score(&page.state)
}

#[test]
fn a_violation_by_hand_is_counted_and_the_hunters_own_is_not() {
    let mut page = Page::open(cores(2));
    let by_hand = [(0, "plant M03 n1"), (9, "put a 1"), (20, "kill leader"), (99, "heal")];
    let score = Score { code: "M03".to_owned(), lines: 3, hunter: None };
    assert_eq!(broken(&mut page, 30, 0, &by_hand), Some(score.clone()));
    assert_eq!(broken(&mut page, 30, 0, &by_hand[1..]), None, "nothing is planted");
    assert_eq!(broken(&mut page, 30, 30, &by_hand), None, "a link repeats it");
    page.hunt(Msg::Start);
    page.answer_all(|_| 0);
    assert_eq!(broken(&mut page, 30, 0, &by_hand), Some(Score { hunter: Some(3), ..score }));
    let theirs = [(0, "plant M03"), (0, "traffic 1/s for 1s"), (1_500_000, "kill n2")];
    assert_eq!(broken(&mut page, 2_500_000, 1_000, &theirs), None, "the hunter did that");
}

#[test]
fn views_have_addresses_and_the_bench_waits_out_of_sight() {
    let mut page = Page::open(cores(2));
    assert_eq!(page.state.view, View::Hunts);
    page.state.phase = Phase::Ready;
    page.state.flow.playing = true;
    page.state.sim_ready = true;
    assert_eq!(page.state.pace(), crate::flow::Pace::Still);
    page.tell(state::Msg::Open("#bench".to_owned()));
    assert_eq!(page.state.view, View::Bench);
    assert!(page.effects.iter().any(|effect| matches!(effect, Effect::Address(_))));
    assert_eq!(page.state.pace(), crate::flow::Pace::Play);
    // Back, and again to the run that is there: nothing is built anew.
    let run = page.state.address.clone();
    page.tell(state::Msg::Open("#hunt".to_owned()));
    page.tell(state::Msg::Open(format!("#{run}")));
    assert_eq!((page.state.view, &page.state.phase), (View::Bench, &Phase::Ready));
}
