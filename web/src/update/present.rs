//! Presenting: the page before a room. Big type, one sentence, and the keys that remotes send.

use crate::geometry::{Line, Point};
use crate::state::{Deed, Effect, State};

/// The drawing is so many times as big as at a desk.
const SCALE: f64 = 1.5;

impl State {
    /// Begins or ends it.
    pub(super) fn present(&mut self, on: bool, out: &mut Vec<Effect>) {
        (self.presenting, self.blank) = (on, false);
        self.overlay = None;
        self.first &= !on;
        out.push(Effect::Root("data-present", on.then_some("")));
        out.push(Effect::Root("data-blank", None));
        self.place();
    }

    /// What a deed means before a room, where it means something else; says whether it does.
    pub(super) fn present_first(&mut self, deed: Deed, out: &mut Vec<Effect>) -> bool {
        let ends = deed == Deed::Close && self.overlay.is_none() && self.cutting.is_none();
        if self.blank || deed == Deed::Blank {
            // Whatever comes after the dark brings back the light, and does no more.
            self.blank = !self.blank;
            out.push(Effect::Root("data-blank", self.blank.then_some("")));
        } else if ends {
            self.present(false, out);
        } else {
            return false;
        }
        true
    }

    /// The size for which the drawing is laid out; the browser stretches it over the sheet.
    pub(crate) fn sheet_size(&self) -> (f64, f64) {
        let scale = self.sheet_scale();
        (self.size.0 / scale, self.size.1 / scale)
    }

    /// A line under the finger, which becomes one in the units of the drawing.
    pub(super) fn cut_draw(&mut self, (from, to): Line) {
        let scale = self.sheet_scale();
        let point = |point: Point| Point::new(point.x / scale, point.y / scale);
        self.cutting.get_or_insert_default().line = Some((point(from), point(to)));
    }

    fn sheet_scale(&self) -> f64 {
        if self.presenting { SCALE } else { 1.0 }
    }
}
