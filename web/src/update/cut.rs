//! Cuts: chosen member by member, or drawn as a line through the sheet.

use glasshouse_sim::view::frame::Alias;

use crate::geometry::Line;
use crate::state::{Cutting, Effect, Origin, State};
use crate::text::en as text;

/// A drawn line shorter than this is a click, in CSS pixels.
const STROKE_MIN: f64 = 24.0;

impl State {
    /// `partition` with these members on one side and all others on the other.
    pub(crate) fn partition_line(&self, side: &[Alias]) -> Option<String> {
        let names = |inside: bool| {
            let members = self.frame.members.iter().map(|member| member.alias);
            let part: Vec<String> =
                members.filter(|a| side.contains(a) == inside).map(|a| format!("n{a}")).collect();
            (!part.is_empty()).then(|| part.join(" "))
        };
        Some(format!("partition {} | {}", names(true)?, names(false)?))
    }

    pub(super) fn cut_mode(&mut self) {
        self.cutting = match &self.cutting {
            Some(cutting) if cutting.choosing => None,
            _ => Some(Cutting { choosing: true, ..Cutting::default() }),
        };
    }

    pub(super) fn cut_side(&mut self, alias: Alias) {
        if let Some(cutting) = &mut self.cutting
            && !cutting.side.remove(&alias)
        {
            cutting.side.insert(alias);
        }
    }

    /// Makes the cut between the members that were chosen and the others.
    pub(super) fn cut_now(&mut self, out: &mut Vec<Effect>) {
        let Some(cutting) = &self.cutting else { return };
        let side: Vec<Alias> = cutting.side.iter().copied().collect();
        match self.partition_line(&side) {
            Some(line) => {
                self.cutting = None;
                self.drawn = None;
                self.exec(&line, Origin::Bench, out);
            }
            None => self.notice = Some(text::CUT_NEEDS_BOTH.to_owned()),
        }
    }

    /// A line was drawn through the sheet: whoever stands on its two sides is parted.
    pub(super) fn cut_end(&mut self, out: &mut Vec<Effect>) {
        let Some(line) = self.cutting.as_mut().and_then(|cutting| cutting.line.take()) else {
            return;
        };
        if self.cutting.as_ref().is_some_and(|cutting| !cutting.choosing) {
            self.cutting = None;
        }
        if length(line) < STROKE_MIN {
            return;
        }
        let sides = self.layout.sides(line);
        match sides.and_then(|(a, b)| self.partition_line(if a.len() <= b.len() { &a } else { &b }))
        {
            Some(command) => {
                self.cutting = None;
                self.drawn = Some(line);
                self.exec(&command, Origin::Bench, out);
            }
            None => self.notice = Some(text::CUT_MISSED.to_owned()),
        }
    }
}

fn length((a, b): Line) -> f64 {
    (a.x - b.x).hypot(a.y - b.y)
}
