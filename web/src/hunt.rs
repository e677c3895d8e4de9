//! Hunts: what is known of the planted faults, and how seeds are shared out among workers.
//!
//! ```text
//!   seeds    0 1 2 │ 3 4 5 6 │ 7 8 9 │ 10 ...     slices: handed out in order, to who is free
//!   worker     1        2        1
//!                       ◆ 4                       a catch: nobody gets another slice, and slices
//!                                                 that begin below it are waited for
//! ```
//!
//! So the smallest seed that breaks something wins, however many workers there are and whichever of
//! them is quick. The worker that caught it makes it small; its [`Tale`] is the story at the right.
//!
//! What was found is kept in this browser ([`Known`]): a fault has a name only for who has seen
//! what it does.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use glasshouse_sim::view::call::Reply;
use glasshouse_sim::view::call::hunt::{Card, Catch, Search, Tale};
use serde::{Deserialize, Serialize};

use crate::link;
use crate::state::State;

/// A worker should answer so often, in real milliseconds: figures move, and a stop is heard.
const ANSWER_MS: f64 = 300.0;
/// Most seeds in one slice.
const SLICE_MAX: u32 = 100;
/// Seeds that are looked at when nothing is planted.
const SOUND_BUDGET: u64 = 1_000;
/// Most cells in the picture of the seeds.
const CELLS_MAX: u64 = 1_000;
/// Most workers that are offered: each has a simulation of its own in memory.
const WORKERS_MAX: usize = 4;

/// What happens to hunts.
#[derive(Debug)]
pub(crate) enum Msg {
    /// The planted fault to hunt, by its code; `None` plants nothing.
    Choose(Option<String>),
    /// The next (+1) or the previous (-1) one of the list.
    Move(i32),
    /// How many workers hunt.
    Workers(usize),
    /// Looks at the seeds from 0 on.
    Start,
    /// Goes on behind the last one that was looked at.
    Another,
    Stop,
    /// A worker's answer to the question with this number, with the browser's time in milliseconds.
    Heard(usize, u32, Box<Reply>, f64),
    /// A worker has ended, for this reason.
    Lost(usize, String),
    /// The text of a finding, or why it cannot be had.
    File(Result<String, String>),
    /// Tells what was found earlier again.
    Retell,
    /// Puts the link of the story on the clipboard.
    CopyLink,
    /// Opens a bench of so many members with the chosen fault planted.
    ByHand(u32),
    /// Forgets what was found in this browser.
    Forget,
}

/// What a worker was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Errand {
    Catalogue,
    /// The runs of so many seeds from this one on, for the hunt of this number.
    Slice {
        hunt: u32,
        from: u64,
        seeds: u32,
    },
    /// Make small what it caught in the hunt of this number.
    Shrink {
        hunt: u32,
    },
    Judge,
}

/// A worker.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Hunter {
    /// What it was asked and has not answered: number, errand, the browser's time. It answers in order.
    pub(crate) errands: Vec<(u32, Errand, f64)>,
    /// How long one seed takes it, in real milliseconds.
    seed_ms: Option<f64>,
}

impl Hunter {
    /// So many seeds fill the time until an answer is due.
    fn slice(&self) -> u32 {
        let seeds = self.seed_ms.map_or(1.0, |ms| ANSWER_MS / ms.max(0.1));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number from 1 to SLICE_MAX"
        )]
        let seeds = seeds.clamp(1.0, f64::from(SLICE_MAX)) as u32;
        seeds
    }

    /// It took so long for so many seeds.
    fn timed(&mut self, seeds: usize, took_ms: f64) {
        let ms = took_ms / seeds.max(1) as f64;
        self.seed_ms = Some(self.seed_ms.map_or(ms, |before| (before + ms) / 2.0));
    }
}

/// How far a hunt is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Seeds are tried.
    Seeking,
    /// One broke something, and it is made small.
    Shrinking,
    /// Its story is told.
    Told,
    /// No seed of the budget broke anything.
    Nothing,
    /// A person ended it.
    Stopped,
    /// It could not go on, for this reason.
    Failed(String),
}

/// Some seeds of a hunt, as one cell of the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    /// Seeds that were run.
    pub(crate) done: u32,
    /// How often somebody became leader in them.
    pub(crate) elections: u32,
}

/// One hunt.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Chase {
    /// Its number in this page.
    pub(crate) no: u32,
    /// The planted fault.
    pub(crate) code: Option<String>,
    /// The first seed, how many there are, and the first that nobody has got yet.
    pub(crate) first: u64,
    pub(crate) budget: u64,
    next: u64,
    /// Seeds that were run.
    pub(crate) tried: u64,
    /// Virtual microseconds of all runs.
    pub(crate) time_us: u64,
    /// Seeds of one cell, and the cells.
    pub(crate) per_cell: u64,
    pub(crate) cells: Rc<Vec<Cell>>,
    /// The smallest seed that broke something so far, and whose catch it is.
    pub(crate) best: Option<(usize, Catch)>,
    pub(crate) stage: Stage,
    /// When it began, and when the last seed was run, in the browser's milliseconds.
    pub(crate) began_ms: f64,
    pub(crate) ended_ms: Option<f64>,
}

impl Chase {
    pub(crate) fn new(
        no: u32,
        code: Option<String>,
        first: u64,
        budget: u64,
        began_ms: f64,
    ) -> Self {
        let per_cell = budget.div_ceil(CELLS_MAX).max(1);
        let cells = usize::try_from(budget.div_ceil(per_cell)).unwrap_or(0);
        Self {
            no,
            code,
            first,
            budget,
            next: first,
            tried: 0,
            time_us: 0,
            per_cell,
            cells: Rc::new(vec![Cell::default(); cells]),
            best: None,
            stage: Stage::Seeking,
            began_ms,
            ended_ms: None,
        }
    }

    /// The next slice, if there is one: at most so many seeds.
    pub(crate) fn slice(&mut self, most: u32) -> Option<(u64, u32)> {
        let left = self.first.saturating_add(self.budget).saturating_sub(self.next);
        let seeds = u32::try_from(left).unwrap_or(u32::MAX).min(most);
        if self.stage != Stage::Seeking || self.best.is_some() || seeds == 0 {
            return None;
        }
        self.next += u64::from(seeds);
        Some((self.next - u64::from(seeds), seeds))
    }

    /// A worker has run the seeds from `from` on.
    pub(crate) fn take(&mut self, worker: usize, from: u64, search: Search) {
        self.tried += search.elections.len() as u64;
        self.time_us += search.time_us;
        let cells = Rc::make_mut(&mut self.cells);
        for (seed, elections) in (from..).zip(&search.elections) {
            let nth = (seed - self.first) / self.per_cell;
            if let Some(cell) = usize::try_from(nth).ok().and_then(|nth| cells.get_mut(nth)) {
                cell.done += 1;
                cell.elections = cell.elections.saturating_add(*elections);
            }
        }
        if let Some(catch) = search.catch
            && self.best.as_ref().is_none_or(|(_, best)| catch.seed < best.seed)
        {
            self.best = Some((worker, catch));
        }
    }

    /// The slices of this hunt that are being run: first seed and number.
    pub(crate) fn running<'a>(
        &self,
        hunters: &'a [Hunter],
    ) -> impl Iterator<Item = (u64, u32)> + use<'a> {
        let no = self.no;
        hunters.iter().flat_map(|hunter| &hunter.errands).filter_map(move |errand| match errand.1 {
            Errand::Slice { hunt, from, seeds } if hunt == no => Some((from, seeds)),
            _ => None,
        })
    }

    /// No slice that is being run can change what comes of it.
    fn is_over(&self, hunters: &[Hunter]) -> bool {
        match &self.best {
            Some((_, best)) => self.running(hunters).all(|(from, _)| from > best.seed),
            None => {
                self.next >= self.first.saturating_add(self.budget)
                    && self.running(hunters).next().is_none()
            }
        }
    }

    /// How long seeds were run, in real seconds.
    pub(crate) fn seconds(&self, now_ms: f64) -> f64 {
        (self.ended_ms.unwrap_or(now_ms) - self.began_ms).max(0.0) / 1_000.0
    }
}

/// What this browser remembers of a planted fault.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Known {
    /// The finding of a hunt, as a text, and its link.
    pub(crate) text: String,
    pub(crate) link: String,
    /// Lines that the hunter needed; 0 when none was found by a hunter.
    pub(crate) hunter: u32,
    /// Lines that the person needed; 0 when it was not found by hand.
    pub(crate) by_hand: u32,
}

/// A story, with what its text says of the run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) tale: Tale,
    pub(crate) seed: u64,
    /// The planted fault; `None` when nothing is planted.
    pub(crate) code: Option<String>,
    /// Lines of the command language.
    pub(crate) lines: u32,
    /// The hash over the history, 16 hex digits.
    pub(crate) trace: String,
}

impl Told {
    pub(crate) fn new(tale: Tale) -> Self {
        let (head, script) = tale.text.split_once("\n\n").unwrap_or((&tale.text, ""));
        let field = |name: &str| {
            let value = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            value.unwrap_or_default().to_owned()
        };
        let lines = script.lines().filter(|line| !line.is_empty());
        let code = lines.clone().find_map(|line| planted(line.split_once(' ')?.1));
        let (seed, trace) = (field("seed").parse().unwrap_or(0), field("trace"));
        let lines = u32::try_from(lines.count()).unwrap_or(u32::MAX);
        Self { seed, code, lines, trace, tale }
    }

    /// The name under which its text is saved: `M07-17.finding`.
    pub(crate) fn file_name(&self) -> String {
        format!("{}-{}.finding", self.code.as_deref().unwrap_or("sound"), self.seed)
    }

    /// The link that stands at this moment of the run.
    pub(crate) fn link_at(&self, time_us: u64) -> String {
        let at = format!("&t={}", self.tale.at_us);
        self.tale.link.replacen(&at, &format!("&t={time_us}"), 1)
    }
}

/// The code in a line that plants a fault: `plant M07`, `plant M07 n2`.
fn planted(line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    let code = (words.next() == Some("plant")).then(|| words.next()).flatten()?;
    Some(code.to_owned())
}

/// Everything about hunts.
#[derive(Debug, Default)]
pub(crate) struct Hunts {
    /// The planted faults; empty until the catalogue has come.
    pub(crate) cards: Rc<Vec<Card>>,
    /// What is chosen of them; `None` plants nothing.
    pub(crate) chosen: Option<String>,
    /// Workers that hunt, and the most that are offered here.
    pub(crate) workers: usize,
    pub(crate) workers_max: usize,
    pub(crate) hunters: Vec<Hunter>,
    /// The number of the last question, and of the last hunt.
    asked: u32,
    pub(crate) hunts: u32,
    pub(crate) chase: Option<Chase>,
    pub(crate) told: Option<Rc<Told>>,
    /// Why a file tells nothing, in one sentence.
    pub(crate) refused: Option<String>,
    pub(crate) known: BTreeMap<String, Known>,
    /// The page is about to show how the finding got small: since when, in the browser's milliseconds.
    pub(crate) played_ms: Option<f64>,
    /// How much of that is shown, from 0 to 1.
    pub(crate) played: f64,
    /// When the figures were drawn last, in the browser's milliseconds.
    pub(crate) beat_ms: f64,
}

impl Hunts {
    /// On a machine of so many cores; `kept` is what the browser remembers.
    pub(crate) fn new(cores: usize, kept: &str) -> Self {
        let workers_max = cores.saturating_sub(1).clamp(1, WORKERS_MAX);
        let known = serde_json::from_str(kept).unwrap_or_default();
        Self {
            workers: workers_max,
            workers_max: workers_max.max(2),
            known,
            played: 1.0,
            ..Self::default()
        }
    }

    /// The card of a code.
    pub(crate) fn card(&self, code: &str) -> Option<&Card> {
        self.cards.iter().find(|card| card.code == code)
    }

    /// Seeds to look at for what is chosen.
    pub(crate) fn budget(&self) -> u64 {
        let card = self.chosen.as_deref().and_then(|code| self.card(code));
        card.map_or(SOUND_BUDGET, |card| u64::from(card.budget))
    }

    /// A hunt or a shrinking is under way.
    pub(crate) fn busy(&self) -> bool {
        let stage = self.chase.as_ref().map(|chase| &chase.stage);
        matches!(stage, Some(Stage::Seeking | Stage::Shrinking))
    }

    /// A file is being judged.
    pub(crate) fn judging(&self) -> bool {
        let mut errands = self.hunters.iter().flat_map(|hunter| &hunter.errands);
        errands.any(|(_, errand, _)| *errand == Errand::Judge)
    }

    /// The codes that have a name here.
    pub(crate) fn found(&self) -> BTreeSet<&str> {
        self.known.keys().map(String::as_str).collect()
    }

    /// A number for a question to this worker, which has to answer it now.
    pub(crate) fn ask(&mut self, worker: usize, errand: Errand, now_ms: f64) -> u32 {
        if self.hunters.len() <= worker {
            self.hunters.resize_with(worker + 1, Hunter::default);
        }
        self.asked = self.asked.wrapping_add(1);
        self.hunters[worker].errands.push((self.asked, errand, now_ms));
        self.asked
    }

    /// What this worker has answered; times how long its seeds took.
    pub(crate) fn answered(
        &mut self,
        worker: usize,
        asked: u32,
        reply: &Reply,
        now_ms: f64,
    ) -> Option<Errand> {
        let hunter = self.hunters.get_mut(worker)?;
        let nth = hunter.errands.iter().position(|(no, ..)| *no == asked)?;
        let (_, errand, asked_ms) = hunter.errands.remove(nth);
        if let (Errand::Slice { .. }, Some(search)) = (errand, &reply.search) {
            hunter.timed(search.elections.len(), now_ms - asked_ms);
        }
        Some(errand)
    }

    /// The slices to hand out now: worker, first seed, number.
    pub(crate) fn hand_out(&mut self) -> Vec<(usize, u64, u32)> {
        let Some(chase) = &mut self.chase else { return Vec::new() };
        let mut slices = Vec::new();
        for worker in 0..self.workers {
            let hunter = self.hunters.get(worker);
            let free = hunter.is_none_or(|hunter| hunter.errands.is_empty());
            let most = hunter.map_or(1, Hunter::slice);
            if free && let Some((from, seeds)) = chase.slice(most) {
                slices.push((worker, from, seeds));
            }
        }
        slices
    }

    /// Whose catch is to be made small, when all that counts is known.
    pub(crate) fn settle(&mut self, now_ms: f64) -> Option<usize> {
        let chase = self.chase.as_mut().filter(|chase| chase.stage == Stage::Seeking)?;
        if !chase.is_over(&self.hunters) {
            return None;
        }
        chase.ended_ms = Some(now_ms);
        let winner = chase.best.as_ref().map(|(worker, _)| *worker);
        chase.stage = if winner.is_some() { Stage::Shrinking } else { Stage::Nothing };
        winner
    }
}

/// A violation that a person has brought about by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Score {
    /// The planted fault.
    pub(crate) code: String,
    /// Lines that it took.
    pub(crate) lines: u32,
    /// Lines that the hunter needed, if one has hunted here.
    pub(crate) hunter: Option<u32>,
}

/// What the bench shows was brought about by hand: a planted fault was broken after the part of the
/// run that a link repeated, and not by doing what the hunter did.
pub(crate) fn score(state: &State) -> Option<Score> {
    let violation = state.frame.violation.as_ref()?;
    let done =
        state.timeline.branch().actions.iter().filter(|action| action.time_us <= violation.time_us);
    let code = done.clone().find_map(|action| planted(&action.line))?;
    let known = state.hunts.known.get(&code);
    let theirs = known.and_then(|known| link::read(&known.link).ok().flatten());
    let same = theirs.is_some_and(|link| {
        (link.run.seed, &link.run.actions) == (state.run.seed, &state.timeline.branch().actions)
    });
    if violation.time_us <= state.run.time_us || same {
        return None;
    }
    let lines = u32::try_from(done.count()).unwrap_or(u32::MAX);
    let hunter = known.map(|known| known.hunter).filter(|lines| *lines > 0);
    Some(Score { code, lines, hunter })
}

#[cfg(test)]
mod tests;
