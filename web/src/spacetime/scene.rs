//! Where things stand in the space-time drawing: time becomes x, lanes become y.
//!
//! ```text
//!   part        gap   part                         x: each stretch at one scale, each gap 34 wide
//!   ├──────────┤░░░├──────────────┤
//!   n1 ═══════════ ... ═══════════   y: lanes at one distance; members that were parted from each other
//!   n2 ═══════════ ... ═══════════      stand together, so that a gap in the sheet can part them
//! ```
//!
//! Everything is a function of the slice; the same slice is drawn the same way twice.

use glasshouse_sim::view::spacetime::fold::Part;
use glasshouse_sim::view::spacetime::{Arrow, LaneNo, Slice, Why};

/// Width of a gap, and room at both ends of time.
const GAP: f64 = 34.0;
const PAD: (f64, f64) = (16.0, 28.0);
/// Distance of two lanes: as much as there is, within these.
const PITCH: (f64, f64) = (62.0, 112.0);
/// Room for the moments under the last lane.
const AXIS: f64 = 26.0;
/// Half the height of a band: arrows begin and end at its edge.
pub(crate) const HALF: f64 = 7.0;
/// Half the height of a cut.
pub(crate) const CUT: f64 = 6.0;
/// The sheet's edge.
pub(crate) const TOP: f64 = 8.0;
/// Where a message ends that was lost by the way, as a part of it.
const LOST_AT: f64 = 0.62;
/// How far before its end the glyph of a lost message stands.
const BEFORE: f64 = 24.0;
/// Moments are written at least so far apart.
const TICK: f64 = 76.0;

/// The places of a drawing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Scene {
    pub(crate) width: f64,
    pub(crate) height: f64,
    /// Lanes from above, with their places.
    pub(crate) lanes: Vec<(LaneNo, f64)>,
    /// The parts with the places where they begin and end.
    pub(crate) parts: Vec<(Part, f64, f64)>,
    /// Cuts: from and to on the axis of time, and the place between two lanes.
    pub(crate) cuts: Vec<(f64, f64, f64)>,
    /// Pixels for a microsecond, outside of gaps.
    pub(crate) scale: f64,
    to_us: u64,
}

/// An arrow in the drawing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Path {
    pub(crate) from: (f64, f64),
    pub(crate) to: (f64, f64),
    /// Where its glyph stands.
    pub(crate) glyph: (f64, f64),
    pub(crate) end: End,
}

/// How an arrow ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Arrived,
    Lost,
    Flies,
}

impl Scene {
    /// Places a slice in a window of this size, at this many pixels for a microsecond.
    pub(crate) fn new(slice: &Slice, parts: &[Part], scale: f64, window: (f64, f64)) -> Self {
        let order = order(slice);
        let rows = order.len().max(1) as f64;
        let pitch = ((window.1 - AXIS - TOP) / rows).clamp(PITCH.0, PITCH.1);
        let lanes: Vec<(LaneNo, f64)> = order
            .into_iter()
            .enumerate()
            .map(|(nth, lane)| (lane, TOP + pitch * (nth as f64 + 0.5)))
            .collect();
        let mut at = PAD.0;
        let mut placed = Vec::new();
        for part in parts {
            let long = match part.folded {
                Some(_) => GAP,
                None => (part.to_us - part.from_us) as f64 * scale,
            };
            placed.push((part.clone(), at, at + long));
            at += long;
        }
        let mut scene = Self {
            width: (at + PAD.1).max(window.0),
            height: TOP + pitch * rows + AXIS,
            lanes,
            parts: placed,
            cuts: Vec::new(),
            scale,
            to_us: slice.to_us,
        };
        scene.cuts = scene.parted(slice);
        scene
    }

    /// The lower edge of the sheet.
    pub(crate) fn bottom(&self) -> f64 {
        self.height - AXIS
    }

    /// The place of a moment.
    pub(crate) fn x(&self, us: u64) -> f64 {
        let us = us.min(self.to_us.max(1));
        let part = self.parts.iter().find(|(part, ..)| us < part.to_us).or(self.parts.last());
        let Some((part, from, to)) = part else { return PAD.0 };
        let whole = part.to_us.saturating_sub(part.from_us).max(1) as f64;
        from + (to - from) * (us.saturating_sub(part.from_us) as f64 / whole).min(1.0)
    }

    /// The same, also behind the end: time goes on there at the same scale.
    pub(crate) fn reach(&self, us: u64) -> f64 {
        self.x(us) + us.saturating_sub(self.to_us) as f64 * self.scale
    }

    /// The moment of a place: the other way round.
    pub(crate) fn us(&self, x: f64) -> u64 {
        let part = self.parts.iter().find(|(.., to)| x < *to);
        let (from_us, us) = match part {
            Some((part, from, to)) => {
                let whole = (part.to_us - part.from_us) as f64;
                (part.from_us, (x - from) / (to - from).max(f64::MIN_POSITIVE) * whole)
            }
            None => {
                let end = self.parts.last().map_or(PAD.0, |(.., to)| *to);
                (self.to_us, (x - end) / self.scale.max(f64::MIN_POSITIVE))
            }
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative")]
        let us = us.round().max(0.0) as u64;
        from_us.saturating_add(us)
    }

    /// The place of a lane.
    pub(crate) fn y(&self, lane: LaneNo) -> Option<f64> {
        self.lanes.iter().find(|(no, _)| *no == lane).map(|(_, y)| *y)
    }

    /// The gaps in the sheet: between neighbours that a cut parts, for as long as it lasts.
    fn parted(&self, slice: &Slice) -> Vec<(f64, f64, f64)> {
        let mut gaps = Vec::new();
        for cut in &slice.cuts {
            let group = |lane: LaneNo| cut.groups.iter().position(|group| group.contains(&lane));
            for pair in self.lanes.windows(2) {
                if let (Some(above), Some(below)) = (group(pair[0].0), group(pair[1].0))
                    && above != below
                {
                    let (from, to) =
                        (cut.from_us.max(slice.from_us), cut.to_us.unwrap_or(u64::MAX));
                    let left = if cut.from_us <= slice.from_us { 0.0 } else { self.x(from) };
                    let right = if to > slice.to_us { self.width } else { self.x(to) };
                    gaps.push((left, right, (pair[0].1 + pair[1].1) / 2.0));
                }
            }
        }
        gaps
    }

    /// The way of a message; `None` when one of its ends has no lane.
    pub(crate) fn path(&self, arrow: &Arrow) -> Option<Path> {
        let message = &arrow.message;
        let (above, below) = (self.y(message.from)?, self.y(message.to)?);
        let down = if below > above { 1.0 } else { -1.0 };
        let from = (self.x(message.sent_us), above + HALF * down);
        let to = (self.x(message.arrive_us), below - HALF * down);
        let along =
            |share: f64| (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
        let passed = |us: u64| {
            let whole = message.arrive_us.saturating_sub(message.sent_us).max(1) as f64;
            (us.saturating_sub(message.sent_us) as f64 / whole).clamp(0.0, 1.0)
        };
        let (share, end) = match arrow.lost {
            Some((_, Why::NobodyListens | Why::ReceiverDied)) => (1.0, End::Lost),
            Some((_, Why::Cut)) => (self.to_the_cut(from, to).unwrap_or(LOST_AT), End::Lost),
            Some((_, Why::Loss)) => (LOST_AT, End::Lost),
            Some((at, Why::ByHand)) => (passed(at).max(0.1), End::Lost),
            None if arrow.flies() => (passed(self.to_us), End::Flies),
            None => (1.0, End::Arrived),
        };
        // Before the last lane on the way, so that it stands on none.
        let row = |lane: LaneNo| self.lanes.iter().position(|(no, _)| *no == lane);
        let rows = row(message.from).zip(row(message.to)).map_or(1, |(a, b)| a.abs_diff(b));
        let glyph = match end {
            End::Arrived => 1.0 - 0.5 / rows.max(1) as f64,
            End::Lost => (share - BEFORE / (to.1 - from.1).abs().max(1.0)).max(share * 0.5),
            End::Flies => share,
        };
        Some(Path { from, to: along(share), glyph: along(glyph), end })
    }

    /// How far a message comes to the first cut on its way.
    fn to_the_cut(&self, from: (f64, f64), to: (f64, f64)) -> Option<f64> {
        let down = to.1 > from.1;
        let edges = self
            .cuts
            .iter()
            .map(|(left, right, y)| (*left, *right, if down { y - CUT } else { y + CUT }));
        edges
            .filter(|(left, right, _)| (*left..=*right).contains(&from.0))
            .map(|(_, _, y)| (y - from.1) / (to.1 - from.1))
            .filter(|share| (0.0..1.0).contains(share))
            .min_by(f64::total_cmp)
    }

    /// Moments that are written on the axis.
    pub(crate) fn ticks(&self) -> Vec<(u64, f64)> {
        let drawn = || self.parts.iter().filter(|(part, ..)| part.folded.is_none());
        let scale = drawn()
            .map(|(part, from, to)| (to - from) / (part.to_us - part.from_us).max(1) as f64)
            .fold(0.0, f64::max);
        let steps = (2..8).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u64.pow(power)));
        let mut steps = steps.skip_while(|step| (*step as f64) * scale < TICK);
        let step = steps.next().unwrap_or(10_000_000);
        let mut ticks: Vec<(u64, f64)> = Vec::new();
        for (part, ..) in drawn() {
            let first = part.from_us.next_multiple_of(step);
            for us in (first..=part.to_us).step_by(usize::try_from(step).unwrap_or(usize::MAX)) {
                let x = self.x(us);
                if ticks.last().is_none_or(|(_, last)| x - last >= TICK * 0.7) {
                    ticks.push((us, x));
                }
            }
        }
        ticks
    }
}

/// Members by the groups of the last cut, then clients.
fn order(slice: &Slice) -> Vec<LaneNo> {
    let mut lanes: Vec<LaneNo> = slice.lanes.iter().map(|lane| lane.no).collect();
    if let Some(cut) = slice.cuts.last() {
        let group = |lane: LaneNo| cut.groups.iter().position(|group| group.contains(&lane));
        lanes.sort_by_key(|lane| (*lane >= 256, group(*lane).unwrap_or(usize::MAX), *lane));
    }
    lanes
}

#[cfg(test)]
mod tests;
