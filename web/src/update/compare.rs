//! Two branches side by side: what people do there, and when the simulation is asked.

use std::rc::Rc;

use glasshouse_sim::view::call::Reply;

use crate::compare::{self, Msg, Rule};
use crate::state::{Ask, Effect, Phase, State, View};
use crate::text::en::compare as text;
use crate::timeline::{Branch, Journey};

impl State {
    pub(super) fn compare(&mut self, msg: Msg, out: &mut Vec<Effect>) {
        match msg {
            Msg::Side(side, branch) => {
                if let Some(mut pair) = self.fates.pair(&self.timeline) {
                    // The same one twice is the other way round.
                    if pair[1 - side] == branch {
                        pair[1 - side] = pair[side];
                    }
                    pair[side] = branch;
                    self.fates.chosen = Some(pair);
                }
            }
            Msg::Swap => {
                let pair = self.fates.pair(&self.timeline);
                self.fates.chosen = pair.map(|[one, other]| [other, one]);
            }
            Msg::GoThere => {
                let known = self.fates.comparison.as_ref();
                if let Some(at_us) = known.and_then(|comparison| comparison.differs_us) {
                    self.seek(at_us, out);
                    out.push(Effect::Go("bench".to_owned()));
                }
            }
            Msg::Rule(rule, on) => self.change_rule(rule, on, out),
        }
    }

    /// The present branch once more, with one rule changed: it goes as far as that one was seen.
    fn change_rule(&mut self, rule: Rule, on: bool, out: &mut Vec<Effect>) {
        if self.phase != Phase::Ready || self.lessons.which.is_some() {
            return;
        }
        let (old, end_us) = (self.timeline.current(), self.timeline.end_us());
        let actions = rule.put(on, &self.timeline.branch().actions);
        let same = self.timeline.branches().iter().position(|branch| branch.actions == actions);
        match same {
            Some(branch) => self.timeline.switch(branch),
            None => {
                let name = text::changed(rule, on);
                self.timeline.fork(Branch { name, from_us: Some(0), actions, end: Rc::default() });
            }
        }
        self.fates.chosen = Some([old, self.timeline.current()]);
        let to_us = end_us.max(self.timeline.end_us());
        self.go(Journey::to(to_us), out);
    }

    /// Asks for the comparison when it is looked at, time stands, and it is not the one that is known.
    pub(super) fn compare_pump(&mut self, out: &mut Vec<Effect>) {
        if self.view != View::Compare || !self.settled() || self.timeline.journey.is_some() {
            return;
        }
        let Some(pair) = self.fates.pair(&self.timeline) else { return };
        let branches = pair.map(|nth| &self.timeline.branches()[nth]);
        let question = compare::question(self.run.seed, self.run.nodes, branches);
        if self.fates.asked.as_ref() != Some(&question) {
            self.fates.asked = Some(question.clone());
            self.fates.comparison = None;
            self.ask(Ask::Compare, question, out);
        }
    }

    pub(super) fn compared(&mut self, reply: Reply) {
        self.fates.comparison = reply.comparison.map(|comparison| Rc::new(*comparison));
    }
}
