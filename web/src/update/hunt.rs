//! Hunts: what people ask for and what workers answer.

use std::collections::BTreeMap;
use std::rc::Rc;

use glasshouse_sim::view::call::{Action, Call, Reply};

use crate::hunt::{Chase, Errand, Msg, Stage, Told, score};
use crate::link::{self, Run};
use crate::state::{Effect, State, View};
use crate::text::en as text;

/// Figures of a hunt are drawn so often, in real milliseconds.
const BEAT_MS: f64 = 250.0;
/// How a finding got small is shown in so long, in real milliseconds.
const PLAY_MS: f64 = 2_500.0;
/// Seeds of runs that are played by hand: six digits are enough for everybody.
const HAND_SEEDS: u64 = 1_000_000;

impl State {
    pub(super) fn hunt(&mut self, msg: Msg, out: &mut Vec<Effect>) {
        match msg {
            Msg::Choose(code) => self.hunt_choose(code),
            Msg::Move(by) => self.hunt_move(by, out),
            Msg::Workers(workers) => {
                self.hunts.workers = workers.clamp(1, self.hunts.workers_max);
                self.hunt_pump(out);
            }
            Msg::Start => self.hunt_start(0, out),
            Msg::Another => {
                let chase = self.hunts.chase.as_ref();
                let next = chase.map(|chase| match &chase.best {
                    Some((_, catch)) => catch.seed.saturating_add(1),
                    None => chase.first.saturating_add(chase.budget),
                });
                self.hunt_start(next.unwrap_or(0), out);
            }
            Msg::Stop => self.hunt_stop(out),
            Msg::Heard(worker, asked, reply, now_ms) => {
                self.hunt_heard(worker, asked, *reply, now_ms, out);
            }
            Msg::Lost(worker, sentence) => self.hunt_lost(worker, sentence, out),
            Msg::File(Ok(text)) => self.hunt_judge(text, out),
            Msg::File(Err(sentence)) => self.hunts.refused = Some(sentence),
            Msg::Retell => {
                let code = self.hunts.chosen.clone().unwrap_or_default();
                let known = self.hunts.known.get(&code).filter(|known| !known.text.is_empty());
                if let Some(text) = known.map(|known| known.text.clone()) {
                    self.hunt_judge(text, out);
                }
            }
            Msg::CopyLink => {
                if let Some(told) = &self.hunts.told {
                    out.push(Effect::CopyLink(told.tale.link.clone()));
                    self.notice = Some(text::hunt::COPIED.to_owned());
                }
            }
            Msg::ByHand(nodes) => {
                let card = self.hunts.chosen.as_deref().and_then(|code| self.hunts.card(code));
                if let Some(line) = card.map(|card| card.line.clone()) {
                    let actions = vec![Action { time_us: 0, line }];
                    let run = Run { seed: self.hand_seed(), nodes, time_us: 0, actions };
                    out.push(Effect::Go(link::write(&run, &self.build)));
                }
            }
            Msg::Forget => {
                self.hunts.known.clear();
                self.hunt_remember(out);
            }
        }
    }

    /// The view is opened: the list of what can be hunted is asked for once.
    pub(super) fn hunts_open(&mut self, out: &mut Vec<Effect>) {
        let asked = self.hunts.hunters.first().is_some_and(|hunter| !hunter.errands.is_empty());
        if self.hunts.cards.is_empty() && !asked {
            self.hunt_ask(0, Errand::Catalogue, Call::Catalogue, out);
        }
    }

    fn hunt_ask(&mut self, worker: usize, errand: Errand, call: Call, out: &mut Vec<Effect>) {
        let asked = self.hunts.ask(worker, errand, self.flow.tick_ms);
        out.push(Effect::Hunter(worker, asked, call));
    }

    fn hunt_choose(&mut self, code: Option<String>) {
        self.hunts.chosen = code;
        if !self.hunts.busy() {
            // What is left of another hunt is not of this fault.
            let same = |told: &Rc<Told>| told.code == self.hunts.chosen;
            if !self.hunts.told.as_ref().is_some_and(same) {
                (self.hunts.told, self.hunts.chase) = (None, None);
            }
            self.hunts.refused = None;
        }
    }

    /// Arrows walk through the list; "nothing planted" is its end.
    fn hunt_move(&mut self, by: i32, out: &mut Vec<Effect>) {
        let cards = &self.hunts.cards;
        let chosen = self.hunts.chosen.as_deref();
        let at = cards.iter().position(|card| Some(card.code.as_str()) == chosen);
        let to = at.unwrap_or(cards.len()).saturating_add_signed(by as isize).min(cards.len());
        let code = cards.get(to).map(|card| card.code.clone());
        out.push(Effect::Focus(text::hunt::row_id(code.as_deref())));
        self.hunt_choose(code);
    }

    fn hunt_start(&mut self, first: u64, out: &mut Vec<Effect>) {
        if self.hunts.busy() || self.hunts.cards.is_empty() {
            return;
        }
        let hunts = &mut self.hunts;
        hunts.hunts += 1;
        let (code, budget) = (hunts.chosen.clone(), hunts.budget());
        hunts.chase = Some(Chase::new(hunts.hunts, code, first, budget, self.flow.tick_ms));
        (hunts.told, hunts.refused, hunts.played_ms) = (None, None, None);
        out.push(Effect::Focus("hunt-stop".to_owned()));
        self.hunt_pump(out);
    }

    fn hunt_stop(&mut self, out: &mut Vec<Effect>) {
        let now_ms = self.flow.tick_ms;
        let hunts = &mut self.hunts;
        let Some(chase) = &mut hunts.chase else { return };
        match chase.stage {
            // What is being run is heard out, and then forgotten.
            Stage::Seeking => chase.ended_ms = Some(now_ms),
            Stage::Shrinking => {
                let busy = |errand: &(u32, Errand, f64)| matches!(errand.1, Errand::Shrink { .. });
                for (worker, hunter) in hunts.hunters.iter_mut().enumerate() {
                    if hunter.errands.iter().any(busy) {
                        hunter.errands.clear();
                        out.push(Effect::Dismiss(worker));
                    }
                }
            }
            _ => return,
        }
        chase.stage = Stage::Stopped;
    }

    fn hunt_judge(&mut self, text: String, out: &mut Vec<Effect>) {
        self.hunts.refused = None;
        self.hunt_ask(0, Errand::Judge, Call::Judge { text }, out);
    }

    fn hunt_heard(
        &mut self,
        worker: usize,
        asked: u32,
        reply: Reply,
        now_ms: f64,
        out: &mut Vec<Effect>,
    ) {
        let Some(errand) = self.hunts.answered(worker, asked, &reply, now_ms) else { return };
        let current = self.hunts.chase.as_ref().map(|chase| chase.no);
        match errand {
            Errand::Catalogue => {
                let cards = reply.mutants.unwrap_or_default();
                if self.hunts.chosen.is_none() {
                    self.hunts.chosen = cards.first().map(|card| card.code.clone());
                }
                self.hunts.cards = Rc::new(cards);
            }
            Errand::Judge => match (reply.tale, reply.error) {
                (Some(tale), _) => self.hunt_told(Told::new(*tale)),
                (None, error) => self.hunts.refused = error,
            },
            Errand::Slice { hunt, from, .. } if Some(hunt) == current => {
                match (reply.search, reply.error) {
                    (Some(search), _) => {
                        if let Some(chase) =
                            self.hunts.chase.as_mut().filter(|c| c.stage == Stage::Seeking)
                        {
                            chase.take(worker, from, search);
                        }
                    }
                    (None, error) => self.hunt_failed(error.unwrap_or_default()),
                }
            }
            Errand::Shrink { hunt } if Some(hunt) == current => match (reply.tale, reply.error) {
                (Some(tale), _) => self.hunt_caught(Told::new(*tale), out),
                (None, error) => self.hunt_failed(error.unwrap_or_default()),
            },
            // Of a hunt that is over.
            Errand::Slice { .. } | Errand::Shrink { .. } => {}
        }
        if let Some(winner) = self.hunts.settle(now_ms) {
            let hunt = self.hunts.hunts;
            self.hunt_ask(winner, Errand::Shrink { hunt }, Call::Shrink, out);
        }
        self.hunt_pump(out);
    }

    /// Gives slices to all who are free.
    fn hunt_pump(&mut self, out: &mut Vec<Effect>) {
        let Some(chase) = &self.hunts.chase else { return };
        let (hunt, mutant) = (chase.no, chase.code.clone());
        for (worker, from, seeds) in self.hunts.hand_out() {
            let errand = Errand::Slice { hunt, from, seeds };
            self.hunt_ask(worker, errand, Call::Hunt { mutant: mutant.clone(), from, seeds }, out);
        }
    }

    fn hunt_failed(&mut self, sentence: String) {
        if let Some(chase) = &mut self.hunts.chase {
            chase.stage = Stage::Failed(sentence);
        }
    }

    /// A worker that has ended is started anew when it is needed again.
    fn hunt_lost(&mut self, worker: usize, sentence: String, out: &mut Vec<Effect>) {
        if let Some(hunter) = self.hunts.hunters.get_mut(worker) {
            hunter.errands.clear();
        }
        out.push(Effect::Dismiss(worker));
        if self.hunts.busy() {
            self.hunt_failed(sentence);
        } else {
            self.hunts.refused = Some(sentence);
        }
    }

    /// What was hunted is small: it gets its name, and the way there is shown.
    fn hunt_caught(&mut self, told: Told, out: &mut Vec<Effect>) {
        if let Some(chase) = &mut self.hunts.chase {
            chase.stage = Stage::Told;
        }
        if let Some(code) = &told.code {
            let known = self.hunts.known.entry(code.clone()).or_default();
            // The smallest one is kept.
            if known.hunter == 0 || told.lines < known.hunter {
                known.hunter = told.lines;
                (known.text, known.link) = (told.tale.text.clone(), told.tale.link.clone());
            }
            self.hunt_remember(out);
        }
        let play = !self.reduced_motion && self.view == View::Hunts;
        self.hunts.played_ms = play.then_some(self.flow.tick_ms);
        self.hunts.played = if play { 0.0 } else { 1.0 };
        self.hunts.told = Some(Rc::new(told));
    }

    /// A file tells its story: its fault is chosen, if it has one.
    fn hunt_told(&mut self, told: Told) {
        if !self.hunts.busy() {
            self.hunts.chosen.clone_from(&told.code);
            self.hunts.chase = None;
        }
        (self.hunts.played_ms, self.hunts.played) = (None, 1.0);
        self.hunts.told = Some(Rc::new(told));
    }

    fn hunt_remember(&self, out: &mut Vec<Effect>) {
        let known: &BTreeMap<_, _> = &self.hunts.known;
        let text = serde_json::to_string(known).expect("what is known is plain data");
        out.push(Effect::Remember("hunts", text));
    }

    /// Real time has passed: figures and the way to the small finding move on.
    pub(super) fn hunt_tick(&mut self) {
        let now_ms = self.flow.tick_ms;
        let hunts = &mut self.hunts;
        if let Some(since_ms) = hunts.played_ms {
            hunts.played = ((now_ms - since_ms) / PLAY_MS).clamp(0.0, 1.0);
            hunts.beat_ms = now_ms;
            if hunts.played >= 1.0 {
                hunts.played_ms = None;
            }
        } else if hunts.busy() && now_ms - hunts.beat_ms >= BEAT_MS {
            hunts.beat_ms = now_ms;
        }
    }

    /// Somebody has broken a planted fault by hand: the fewest lines are kept.
    pub(super) fn hunt_score(&mut self, out: &mut Vec<Effect>) {
        let Some(score) = score(self) else { return };
        let known = self.hunts.known.entry(score.code).or_default();
        if known.by_hand == 0 || score.lines < known.by_hand {
            known.by_hand = score.lines;
            self.hunt_remember(out);
        }
    }

    /// A seed that nobody has seen: from the clock, because it need not be repeatable. The link has it.
    fn hand_seed(&self) -> u64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a time since the page began"
        )]
        let micros = (self.flow.tick_ms * 1_000.0) as u64;
        (micros.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20) % HAND_SEEDS
    }
}
