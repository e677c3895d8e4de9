//! The space-time view: which stretch of the run is shown, how large, and what of it is chosen.
//!
//! ```text
//!   clock ──► stretch that ends at it ──ask──► Slice ──fold──► parts ──► scene ──► drawing
//!                                                └─► past of the chosen event, why it could, list
//! ```
//!
//! The slice is asked for when the clock has moved, at most a few times a second. Everything else is a
//! function of it.

use std::collections::BTreeSet;
use std::rc::Rc;

use glasshouse_sim::view::frame::Kind;
use glasshouse_sim::view::spacetime::fold::Part;
use glasshouse_sim::view::spacetime::{Arrow, Event, Seq, Slice};

pub(crate) mod drag;
pub(crate) mod scene;

use drag::Drag;
use scene::Scene;

/// A slice is asked for at most so often, in real milliseconds.
pub(crate) const EVERY_MS: f64 = 300.0;
/// How far back from the clock the picture reaches at first, and at most, in virtual microseconds.
const SPAN_US: u64 = 2_000_000;
const SPAN_US_MAX: u64 = 64_000_000;
/// The scale at first, in CSS pixels for a virtual millisecond, and one step of zoom.
const SCALE: f64 = 8.0;
const STEP: f64 = 1.5;
/// Steps of zoom to both sides: from 0.3 to 205 pixels for a millisecond.
const ZOOM_MAX: i32 = 8;

/// What happens to the view.
#[derive(Debug)]
pub(crate) enum Msg {
    /// The drawing has a new size in CSS pixels.
    Resize(f64, f64),
    /// Shows or hides messages of a kind.
    Filter(Group),
    /// Larger (+1) or smaller (-1).
    Zoom(i32),
    /// Chooses an event, or none.
    Choose(Option<Seq>),
    /// Chooses an event of the column at the right, and shows where it is.
    Show(Seq),
    /// Moves the choice.
    Move(Move),
    /// Only the past of the chosen event, or all again.
    OnlyPast,
    /// The list in place of the drawing, or the drawing again.
    AsList(bool),
    /// Opens the gap that holds this moment.
    Unfold(u64),
    /// Twice as far back.
    Earlier,
    /// Does this line to a message while it is on its way: now, or at the moment in virtual microseconds at
    /// which it was.
    Fate(String, Option<u64>),
    /// A hand takes the arrow of this message, at this place of the drawing.
    Grab(u64, (f64, f64)),
    /// The hand is here; with a copy, or with the arrow itself.
    Drag((f64, f64), bool),
    /// The hand opens.
    LetGo,
    /// The arrow in the hand goes back to where it was; without one, nothing is chosen any more.
    Escape,
    /// To the moment of the chosen event.
    GoThere,
    /// Saves the drawing.
    SaveSvg,
    /// Saves the slice for ShiViz.
    SaveShiviz,
}

/// Where an arrow key goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    /// The previous event of the lane.
    Back,
    /// The next event of the lane.
    On,
    /// What set it off.
    Cause,
    /// What it set off.
    Effect,
}

/// What can be hidden: messages of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    Votes,
    Appends,
    Heartbeats,
    Snapshots,
    Reads,
    Clients,
}

impl Group {
    pub(crate) const ALL: [Self; 6] =
        [Self::Votes, Self::Appends, Self::Heartbeats, Self::Snapshots, Self::Reads, Self::Clients];

    /// Where a message belongs.
    pub(crate) fn of(arrow: &Arrow) -> Self {
        match arrow.message.kind {
            _ if arrow.client => Self::Clients,
            Kind::Vote | Kind::PreVote | Kind::TimeoutNow => Self::Votes,
            Kind::Append | Kind::Propose => Self::Appends,
            Kind::Heartbeat | Kind::Other => Self::Heartbeats,
            Kind::Snapshot => Self::Snapshots,
            Kind::ReadIndex => Self::Reads,
        }
    }

    /// The message that stands for the group.
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Votes => Kind::Vote,
            Self::Appends => Kind::Append,
            Self::Heartbeats => Kind::Heartbeat,
            Self::Snapshots => Kind::Snapshot,
            Self::Reads => Kind::ReadIndex,
            Self::Clients => Kind::Other,
        }
    }
}

/// The state of the view.
#[derive(Clone, Debug)]
pub(crate) struct Spacetime {
    pub(crate) slice: Rc<Slice>,
    /// The slice as it is drawn: stretches and gaps.
    pub(crate) parts: Rc<Vec<Part>>,
    /// Virtual microseconds from its beginning to the clock.
    pub(crate) span_us: u64,
    pub(crate) zoom: i32,
    pub(crate) hidden: BTreeSet<Group>,
    pub(crate) chosen: Option<Seq>,
    /// The arrow in the hand.
    pub(crate) drag: Option<Drag>,
    /// What happened before the chosen event, with it.
    pub(crate) past: Rc<BTreeSet<Seq>>,
    pub(crate) only_past: bool,
    pub(crate) as_list: bool,
    /// Moments in gaps that were opened.
    pub(crate) opened: Vec<u64>,
    pub(crate) size: (f64, f64),
    /// What was asked for last: the stretch, and the hash of the run at that time.
    pub(crate) asked: Option<(u64, u64, String)>,
    pub(crate) asked_ms: f64,
}

impl Default for Spacetime {
    fn default() -> Self {
        Self {
            slice: Rc::default(),
            parts: Rc::default(),
            span_us: SPAN_US,
            zoom: 0,
            hidden: BTreeSet::new(),
            chosen: None,
            drag: None,
            past: Rc::default(),
            only_past: false,
            as_list: false,
            opened: Vec::new(),
            size: (0.0, 0.0),
            asked: None,
            asked_ms: f64::NEG_INFINITY,
        }
    }
}

impl Spacetime {
    /// CSS pixels for a virtual microsecond.
    pub(crate) fn scale(&self) -> f64 {
        SCALE * STEP.powi(self.zoom) / 1_000.0
    }

    /// Where everything stands.
    pub(crate) fn scene(&self) -> Scene {
        Scene::new(&self.slice, &self.parts, self.scale(), self.size)
    }

    pub(crate) fn zoom_by(&mut self, steps: i32) {
        self.zoom = (self.zoom + steps).clamp(-ZOOM_MAX, ZOOM_MAX);
    }

    pub(crate) fn reach_back(&mut self) {
        self.span_us = (self.span_us * 2).min(SPAN_US_MAX);
    }

    /// A longer stretch can be asked for.
    pub(crate) fn can_reach_back(&self) -> bool {
        self.span_us < SPAN_US_MAX && self.slice.short.is_none() && self.slice.from_us > 0
    }

    /// The chosen event.
    pub(crate) fn event(&self) -> Option<&Event> {
        self.slice.event(self.chosen?)
    }

    /// An event stands in the list.
    pub(crate) fn lists(&self, event: &Event) -> bool {
        let shown = match event.what.message() {
            Some(message) => self
                .slice
                .arrow(message)
                .is_some_and(|arrow| !self.hidden.contains(&Group::of(arrow))),
            None => true,
        };
        let folded = self.parts.iter().any(|part| part.folds(event.at_us));
        shown && !folded && (!self.only_past || self.past.contains(&event.seq))
    }
}
