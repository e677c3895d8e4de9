//! Where things stand in the drawing of two runs: one axis of time, a strip for each.
//!
//! ```text
//!     0        96                 x(differs)                    end
//!              │ the same, faded  │                              │
//!   ┌ main     ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒┼══════════════════════════════│ n1, n2, ... commits
//!   ├────────────────────────────◆ first difference
//!   └ branch   ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒┼══════════════════════════════│
//! ```

use glasshouse_sim::view::call::compare::{Comparison, Fate, Lane, Stand};
use glasshouse_sim::view::frame::Role;

/// The drawing, in its own units.
pub(crate) const WIDTH: f64 = 1_008.0;
/// The edges of the sheets.
pub(crate) const SIDES: (f64, f64) = (8.0, 1_000.0);
/// Where time begins and ends.
const TIME: (f64, f64) = (96.0, 985.0);
/// The first sheet begins so far from above.
const TOP: f64 = 14.0;
/// Distance of two lanes.
const PITCH: f64 = 36.0;
/// Room in a sheet above the first lane and below the commits.
const ROOM: (f64, f64) = (62.0, 21.0);
/// Room between the sheets, for the first difference.
const BETWEEN: f64 = 20.0;
/// Room for the moments.
const AXIS: f64 = 26.0;
/// Half the height of a band.
pub(crate) const HALF: f64 = 7.0;
/// What differs takes so many times the room of what both have in common.
const COMMON: u64 = 5;
/// Most moments on the axis.
const TICKS_MAX: u64 = 8;
/// A wait is written where its words fit.
const WAIT_WIDTH: f64 = 190.0;

/// The places of a drawing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scene {
    from_us: u64,
    to_us: u64,
    lanes: usize,
}

/// A stretch of a lane in one term.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Band {
    pub(crate) term: u64,
    pub(crate) from: f64,
    pub(crate) to: f64,
}

impl Scene {
    /// All that differs, and a part of what does not.
    pub(crate) fn new(comparison: &Comparison, ends_us: [u64; 2]) -> Self {
        let to_us = ends_us[0].max(ends_us[1]).max(1);
        let differs_us = comparison.differs_us.unwrap_or(0).min(to_us);
        let common_us = (to_us - differs_us) / COMMON;
        let lanes = comparison.runs.iter().map(|fate| fate.lanes.len()).max().unwrap_or(0);
        Self { from_us: differs_us.saturating_sub(common_us.max(1)), to_us, lanes }
    }

    pub(crate) fn height(&self) -> f64 {
        self.bottom(1) + AXIS
    }

    fn sheet(&self) -> f64 {
        ROOM.0 + PITCH * self.lanes as f64 + ROOM.1
    }

    /// The upper edge of a sheet.
    pub(crate) fn top(&self, side: usize) -> f64 {
        TOP + side as f64 * (self.sheet() + BETWEEN)
    }

    /// The lower edge of a sheet.
    pub(crate) fn bottom(&self, side: usize) -> f64 {
        self.top(side) + self.sheet()
    }

    /// The middle of a lane; behind the last one stand the commits.
    pub(crate) fn y(&self, side: usize, lane: usize) -> f64 {
        self.top(side) + ROOM.0 + PITCH * lane as f64
    }

    /// Where the commits stand.
    pub(crate) fn commits(&self, side: usize) -> f64 {
        self.y(side, self.lanes)
    }

    /// The place of a moment; what lies before the drawing stands at its edge.
    pub(crate) fn x(&self, us: u64) -> f64 {
        let us = us.clamp(self.from_us, self.to_us);
        let share = (us - self.from_us) as f64 / (self.to_us - self.from_us).max(1) as f64;
        TIME.0 + share * (TIME.1 - TIME.0)
    }

    /// Whether a moment is in the drawing.
    pub(crate) fn shows(&self, us: u64) -> bool {
        (self.from_us..=self.to_us).contains(&us)
    }

    /// The stretches of a lane, up to the end of its run.
    pub(crate) fn bands(&self, lane: &Lane, end_us: u64) -> Vec<Band> {
        let ends = lane.stands.iter().skip(1).map(|stand| stand.from_us).chain([end_us]);
        let mut bands: Vec<Band> = Vec::new();
        for (stand, to_us) in lane.stands.iter().zip(ends) {
            if to_us <= self.from_us {
                continue;
            }
            let (from, to) = (self.x(stand.from_us), self.x(to_us));
            match bands.last_mut().filter(|band| band.term == stand.term) {
                Some(band) => band.to = to,
                None => bands.push(Band { term: stand.term, from, to }),
            }
        }
        bands
    }

    /// When a member came to lead, as far as it is in the drawing; who led before stands at its edge.
    pub(crate) fn crowns<'a>(&self, lane: &'a Lane) -> impl Iterator<Item = &'a Stand> {
        let from_us = self.from_us;
        let next = lane.stands.iter().skip(1).map(|stand| stand.from_us).chain([u64::MAX]);
        let stands = lane.stands.iter().zip(next);
        stands
            .filter(move |(stand, next)| stand.role == Role::Leader && *next > from_us)
            .map(|(stand, _)| stand)
    }

    /// The longest stretch without a commit in the drawing that has room for words: from, to, and how long.
    pub(crate) fn longest_wait(&self, fate: &Fate, end_us: u64) -> Option<(f64, f64, u64)> {
        let stops = || fate.commits_us.iter().copied().chain([end_us]);
        let waits = stops().zip(stops().skip(1));
        let seen = waits.filter(|(from, to)| self.shows(*from) && self.shows(*to));
        let (from, to) = seen.max_by_key(|(from, to)| to - from)?;
        let places = (self.x(from), self.x(to));
        (places.1 - places.0 >= WAIT_WIDTH).then_some((places.0, places.1, to - from))
    }

    /// Moments for the axis.
    pub(crate) fn ticks(&self) -> Vec<u64> {
        let whole = self.to_us - self.from_us;
        let steps = (3..).flat_map(|tens| [1, 2, 5].map(|one| one * 10_u64.pow(tens)));
        let step =
            steps.take_while(|step| *step < u64::MAX / 100).find(|step| whole / step <= TICKS_MAX);
        let step = step.unwrap_or(whole).max(1);
        (self.from_us.div_ceil(step)..=self.to_us / step).map(|nth| nth * step).collect()
    }
}

#[cfg(test)]
mod tests;
