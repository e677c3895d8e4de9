//! Silence, folded: what holds nothing but heartbeats becomes a gap that says so.
//!
//! ```text
//!   12.098 ├── election ──┤   296 ms: 24 heartbeats   ├── a write ──┤ 12.497
//! ```

use super::{Event, Slice};
use crate::view::frame::Kind;

/// Silence that is longer than this is folded, in microseconds: a gap is as wide on the screen as some
/// milliseconds of time, so folding less would save nothing.
pub const QUIET_US: u64 = 15_000;

/// What stays open on both sides of an event, in microseconds: a mark needs room.
pub const MARGIN_US: u64 = 2_500;

/// A part of a slice: drawn, or folded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// From when.
    pub from_us: u64,
    /// Until when: where the next part begins.
    pub to_us: u64,
    /// What is folded in it; without this it is drawn.
    pub folded: Option<Folded>,
}

impl Part {
    /// Whether this moment, in microseconds, lies in a gap.
    #[must_use]
    pub fn folds(&self, at_us: u64) -> bool {
        self.folded.is_some() && (self.from_us..self.to_us).contains(&at_us)
    }
}

/// What a gap holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Folded {
    /// Events.
    pub events: usize,
    /// Heartbeats and answers to them that were sent.
    pub heartbeats: usize,
}

/// The parts of a slice from its beginning to its end, without holes. Gaps that hold one of the moments in
/// `open` are not folded.
#[must_use]
pub fn fold(slice: &Slice, open: &[u64]) -> Vec<Part> {
    let (from, to) = (slice.from_us, slice.to_us.max(slice.from_us));
    let mut loud: Vec<u64> = slice
        .events
        .iter()
        .filter(|event| !is_quiet(slice, event))
        .map(|event| event.at_us)
        .collect();
    // The end is where the clock stands.
    loud.push(to);
    loud.sort_unstable();
    let mut parts = Vec::new();
    let mut begin = from;
    let mut last = None;
    for at in loud {
        let quiet_from = last.map_or(from, |last: u64| last + MARGIN_US);
        let quiet_to = at.saturating_sub(MARGIN_US);
        let is_long = quiet_to >= quiet_from + QUIET_US;
        if is_long && !open.iter().any(|us| (quiet_from..quiet_to).contains(us)) {
            if quiet_from > begin {
                parts.push(Part { from_us: begin, to_us: quiet_from, folded: None });
            }
            let folded = Some(holds(slice, quiet_from, quiet_to));
            parts.push(Part { from_us: quiet_from, to_us: quiet_to, folded });
            begin = quiet_to;
        }
        last = Some(at);
    }
    parts.push(Part { from_us: begin, to_us: to, folded: None });
    parts
}

/// Nobody looks for it: a heartbeat comes or goes.
fn is_quiet(slice: &Slice, event: &Event) -> bool {
    slice.arrow_of(event).is_some_and(|arrow| {
        !arrow.client && arrow.message.kind == Kind::Heartbeat && arrow.copy_of.is_none()
    })
}

fn holds(slice: &Slice, from_us: u64, to_us: u64) -> Folded {
    let mut folded = Folded::default();
    for event in slice.events.iter().filter(|event| (from_us..to_us).contains(&event.at_us)) {
        folded.events += 1;
        folded.heartbeats += usize::from(matches!(event.what, super::What::Sent { .. }));
    }
    folded
}
