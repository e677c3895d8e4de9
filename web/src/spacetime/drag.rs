//! An arrow in the hand: where it was taken, where the hand is, and what becomes of its message when it is
//! let go there.
//!
//! ```text
//!   n1 ──●───────────────    along the time: it arrives when the hand says; earlier, it overtakes others
//!         ╲ `·.              with Alt or Ctrl: it arrives as it did, and a copy arrives then
//!   n2 ────●───○─────────
//!   - - - - - - - - - - -    out of the lanes: it never arrives
//! ```
//!
//! All of it is a function of the slice and the places in its drawing. What is done to the message is a line
//! of the command language, like all that people do.

use glasshouse_sim::view::spacetime::{Arrow, Seq, Slice};

use super::scene::{Scene, TOP};

/// A message that is taken by the hand is on its way so long after it was sent, in virtual microseconds.
const AFTER_US: u64 = 1;

/// An arrow in the hand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Drag {
    /// The number of its message.
    pub(crate) message: u64,
    /// Where it was taken, in the drawing.
    pub(crate) from: (f64, f64),
    /// Where the hand is.
    pub(crate) at: (f64, f64),
    /// The arrow stays, and a copy of it is in the hand.
    pub(crate) copy: bool,
    /// Time flowed when it was taken: it stands as long as the hand holds an arrow.
    pub(crate) flowed: bool,
}

/// What becomes of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The hand is where it took the arrow.
    Same,
    /// It arrives at this moment.
    Arrives {
        at_us: u64,
        /// The hand wanted it earlier, but nothing arrives before it is sent.
        at_once: bool,
    },
    /// It arrives as it was going to, and a copy at this moment, which is not before it.
    Twice { at_us: u64 },
    /// It never arrives.
    Dropped,
}

/// What is to be done when the arrow is let go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deed {
    pub(crate) line: String,
    /// When it is done, in virtual microseconds: while the message is on its way.
    pub(crate) at_us: u64,
    /// What came of it can be seen at this moment.
    pub(crate) until_us: u64,
    /// The message leaves there: the branch that begins now has this event, too.
    pub(crate) sent: Option<Seq>,
}

/// A hand can take it: it goes from member to member, and was not lost.
pub(crate) fn is_loose(arrow: &Arrow) -> bool {
    !arrow.client && arrow.lost.is_none()
}

impl Drag {
    /// The message in the hand.
    pub(crate) fn arrow<'a>(&self, slice: &'a Slice) -> Option<&'a Arrow> {
        slice.arrow(self.message)
    }

    /// What becomes of it when it is let go now.
    pub(crate) fn fate(&self, arrow: &Arrow, scene: &Scene) -> Fate {
        let message = &arrow.message;
        if self.at.1 < TOP || self.at.1 > scene.bottom() {
            return Fate::Dropped;
        }
        let was = message.arrive_us;
        let step = step_us(scene.scale);
        let moved = scene.us(scene.reach(was) + self.at.0 - self.from.0);
        let wanted = match moved.checked_sub(was) {
            Some(later) => was + later / step * step,
            None => was.saturating_sub((was - moved) / step * step),
        };
        let first = message.sent_us + AFTER_US + 1;
        match wanted {
            wanted if wanted == was => Fate::Same,
            wanted if self.copy => Fate::Twice { at_us: wanted.max(was) },
            wanted => Fate::Arrives { at_us: wanted.max(first), at_once: wanted < first },
        }
    }

    /// What is to be done for it; nothing if nothing changes.
    pub(crate) fn deed(&self, slice: &Slice, scene: &Scene) -> Option<Deed> {
        let arrow = self.arrow(slice)?;
        let (id, was) = (self.message, arrow.message.arrive_us);
        let fate = self.fate(arrow, scene);
        let (line, at_us) = match fate {
            Fate::Same => return None,
            Fate::Dropped => (format!("drop message {id}"), was),
            Fate::Twice { at_us } if at_us == was => (format!("double message {id}"), at_us),
            Fate::Twice { at_us } => (format!("double message {id} {}", span(at_us - was)), at_us),
            Fate::Arrives { at_us, .. } if at_us < was => {
                (format!("hasten message {id} {}", span(was - at_us)), at_us)
            }
            Fate::Arrives { at_us, .. } => {
                (format!("delay message {id} {}", span(at_us - was)), at_us)
            }
        };
        // What flies is changed now, unless it shall have arrived by now.
        let now = arrow.flies() && at_us > slice.to_us;
        Some(Deed {
            line,
            at_us: if now { slice.to_us } else { arrow.message.sent_us + AFTER_US },
            until_us: slice.to_us.max(at_us + 1),
            sent: arrow.sent,
        })
    }
}

/// Messages of the same link that change places with this one when it arrives at `at_us`: those that were
/// sent before it, or behind it.
pub(crate) fn passed(slice: &Slice, arrow: &Arrow, at_us: u64) -> usize {
    let message = &arrow.message;
    let was = message.arrive_us;
    let others = slice.arrows.iter().filter(|other| {
        let ends = (other.message.from, other.message.to);
        is_loose(other) && ends == (message.from, message.to) && other.message.id != message.id
    });
    others
        .filter(|other| match at_us < was {
            true => other.message.id < message.id && other.message.arrive_us > at_us,
            false => {
                other.message.id > message.id && (was..at_us).contains(&other.message.arrive_us)
            }
        })
        .count()
}

/// The hand moves time in round numbers: the largest power of ten that is at most a pixel.
fn step_us(scale: f64) -> u64 {
    let pixel_us = 1.0 / scale.max(f64::MIN_POSITIVE);
    let powers = (0..7).rev().map(|power| 10_u64.pow(power));
    powers.into_iter().find(|step| *step as f64 <= pixel_us).unwrap_or(1)
}

/// Microseconds as lines have them: `34.9ms`.
fn span(us: u64) -> String {
    let ms = format!("{}.{:03}", us / 1_000, us % 1_000);
    format!("{}ms", ms.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests;
