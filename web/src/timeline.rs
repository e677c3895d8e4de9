//! The branches of a run, and how to be at any moment of them at once.
//!
//! ```text
//!   main      ──o────────o──────────o────┬─────o─────────────● recorded up to here
//!                                        └──o────────● branch 2: kill n3, from 11.080
//!               o  an image of the whole simulation, kept by its worker (sim/src/images.rs)
//! ```
//!
//! A run is its seed and what was done at which moment, so a branch is a list of lines. Who acts
//! in the past begins another branch; the one that was left stays as it is. To be at a moment of a
//! branch, the nearest image before it that belongs to its past is written back, the simulation is
//! told what else was done, and runs the rest of the way. Images only make that quick: whatever
//! is forgotten can be run again from the beginning.
//!
//! An image belongs to the past of a branch if what was done up to it is the beginning of what was
//! done in the branch, and the next line of the branch comes no sooner. So branches share images,
//! and nothing has to be known about which of them came from which.

use std::collections::BTreeMap;
use std::rc::Rc;

use glasshouse_sim::view::call::{Action, STEP_US};
use glasshouse_sim::view::frame::{Frame, Marks};

use crate::state::Unit;
use crate::text::en::time as text;

/// An image is made when the simulation has worked so long since the last one, in milliseconds: to
/// run there again takes as long.
const IMAGE_EVERY_MS: f64 = 45.0;
/// But not sooner than this after the one before, in virtual microseconds: slow play asks for many
/// small stretches, which are quicker to run in one.
const IMAGE_APART_US: u64 = 500_000;
/// What all images may use, in bytes: enough for one every ten seconds in ten minutes of five
/// members, so that no moment is far from one; and the tab's own memory stays about 300 MB.
const IMAGE_BYTES_MAX: u64 = 120 << 20;
/// Branches that are kept; the oldest ones beside main are forgotten first.
const BRANCHES_MAX: usize = 16;

/// What people do with time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Msg {
    /// To a moment; a promise of the page API waits for the arrival.
    Seek(u64, u64),
    /// To another branch, at the same time or at its end.
    Branch(usize),
}

/// What is done with an image of the simulation, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Image {
    Keep(u32),
    Back(u32),
    Forget(u32),
}

/// One course of the run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Branch {
    pub(crate) name: String,
    /// When it left another branch, in virtual microseconds; main left none.
    pub(crate) from_us: Option<u64>,
    /// What was done, and what will be done again when its time comes.
    pub(crate) actions: Vec<Action>,
    /// The picture of the furthest moment that was seen.
    pub(crate) end: Rc<Frame>,
}

/// An image that the worker keeps.
#[derive(Clone, Debug)]
struct Kept {
    time_us: u64,
    /// What was done up to it.
    past: Rc<[Action]>,
}

impl Kept {
    fn is_past_of(&self, actions: &[Action]) -> bool {
        actions.get(..self.past.len()).is_some_and(|past| *past == *self.past)
            && actions.get(self.past.len()).is_none_or(|next| next.time_us >= self.time_us)
    }
}

/// Where somebody wants to be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Journey {
    pub(crate) to_us: u64,
    /// The simulation is on the way there already.
    pub(crate) begun: bool,
    /// At the moment before that one: when did this happen last? There the journey ends.
    pub(crate) last: Option<Unit>,
    /// It begins with another branch.
    pub(crate) branch: Option<usize>,
    /// A promise of the page API that waits for the arrival.
    pub(crate) promise: Option<u64>,
}

impl Journey {
    pub(crate) fn to(to_us: u64) -> Self {
        Self { to_us, begun: false, last: None, branch: None, promise: None }
    }

    /// One step back from a moment: first to the end of the step before it.
    pub(crate) fn back(from_us: u64, unit: Unit) -> Self {
        let before = from_us.saturating_sub(1);
        Self { last: Some(unit), ..Self::to(before - before % STEP_US) }
    }
}

/// See the module's page.
#[derive(Clone, Debug)]
pub(crate) struct Timeline {
    branches: Vec<Branch>,
    current: usize,
    images: BTreeMap<u32, Kept>,
    next_image: u32,
    /// How long the simulation has worked since the last image, in milliseconds.
    spent_ms: f64,
    /// Images are made at least so far apart, in virtual microseconds: closer ones were thinned already.
    apart_us: u64,
    /// What was done where the simulation stands.
    past: Vec<Action>,
    pub(crate) journey: Option<Journey>,
}

impl Default for Timeline {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl Timeline {
    /// A run that begins, with what will be done in it.
    pub(crate) fn new(actions: Vec<Action>) -> Self {
        let main = Branch { name: text::MAIN.to_owned(), actions, ..Branch::default() };
        Self {
            branches: vec![main],
            current: 0,
            images: BTreeMap::new(),
            next_image: 0,
            spent_ms: 0.0,
            apart_us: IMAGE_APART_US,
            past: Vec::new(),
            journey: None,
        }
    }

    /// The same for another run; the images of the one before are to be forgotten.
    pub(crate) fn begin(&mut self, actions: Vec<Action>) -> Vec<Image> {
        let images = std::mem::take(&mut self.images);
        *self = Self { next_image: self.next_image, ..Self::new(actions) };
        images.into_keys().map(Image::Forget).collect()
    }

    pub(crate) fn branches(&self) -> &[Branch] {
        &self.branches
    }

    pub(crate) fn current(&self) -> usize {
        self.current
    }

    pub(crate) fn branch(&self) -> &Branch {
        &self.branches[self.current]
    }

    /// How far the present branch was seen.
    pub(crate) fn end_us(&self) -> u64 {
        self.branch().end.time_us
    }

    /// The marks of the present branch, also those behind the present moment.
    pub(crate) fn marks(&self) -> &Marks {
        &self.branch().end.marks
    }

    /// A picture of the present branch was seen.
    pub(crate) fn seen(&mut self, frame: &Rc<Frame>) {
        let branch = &mut self.branches[self.current];
        if frame.time_us >= branch.end.time_us {
            branch.end = Rc::clone(frame);
        }
    }

    /// The simulation has run, worked so long, and done so many lines of the present branch. Says
    /// whether an image of it should be kept.
    pub(crate) fn ran(&mut self, now_us: u64, done: Option<usize>, spent_ms: f64) -> Option<Image> {
        self.spent_ms += spent_ms;
        self.did(done);
        let before = self.images.values().filter(|image| image.is_past_of(&self.past));
        let last_us = before.map(|image| image.time_us).filter(|us| *us <= now_us).max();
        let apart = last_us.is_none_or(|last| now_us >= last + self.apart_us);
        (apart && self.spent_ms >= IMAGE_EVERY_MS).then(|| self.keep(now_us))
    }

    /// So many lines of the present branch have been done where the simulation stands.
    pub(crate) fn did(&mut self, done: Option<usize>) {
        if let Some(past) = done.and_then(|done| self.branch().actions.get(..done)) {
            self.past = past.to_vec();
        }
    }

    /// An image of the present moment.
    pub(crate) fn keep(&mut self, now_us: u64) -> Image {
        self.spent_ms = 0.0;
        self.next_image += 1;
        let past = self.past.clone().into();
        self.images.insert(self.next_image, Kept { time_us: now_us, past });
        Image::Keep(self.next_image)
    }

    /// The images use so much. Says which one can be missed most easily, if that is too much: the
    /// one whose neighbours are nearest to each other. The beginning cannot.
    pub(crate) fn thin(&mut self, bytes: u64) -> Option<Image> {
        if bytes <= IMAGE_BYTES_MAX {
            return None;
        }
        let mut by_time: Vec<_> =
            self.images.iter().map(|(number, image)| (image.time_us, *number)).collect();
        by_time.sort_unstable();
        let gaps = by_time.windows(3).map(|three| (three[2].0 - three[0].0, three[1].1));
        let (gap_us, number) = gaps.min()?;
        self.apart_us = self.apart_us.max(gap_us / 2);
        self.images.remove(&number);
        Some(Image::Forget(number))
    }

    /// The image to write back on the way to a moment of the present branch; `None` if the simulation
    /// can go there from where it stands at `now_us`.
    ///
    /// # Errors
    /// No image is left that belongs there: the run has to begin anew.
    pub(crate) fn way(&mut self, now_us: u64, to_us: u64) -> Result<Option<Image>, ()> {
        let actions = &self.branch().actions;
        let fits = |image: &Kept| image.time_us <= to_us && image.is_past_of(actions);
        let images = self.images.iter().filter(|(_, image)| fits(image));
        let best = images.max_by_key(|(number, image)| (image.time_us, **number));
        let here = Kept { time_us: now_us, past: self.past.clone().into() };
        if fits(&here) && best.is_none_or(|(_, image)| image.time_us <= now_us) {
            return Ok(None);
        }
        let (number, image) = best.ok_or(())?;
        let (number, past) = (*number, image.past.to_vec());
        self.spent_ms = 0.0;
        self.past = past;
        Ok(Some(Image::Back(number)))
    }

    /// What was done, as the simulation tells it after a line took effect. Whoever acted in the past
    /// is in a new branch from now on.
    pub(crate) fn acted(&mut self, actions: Vec<Action>) {
        let (end_us, branch) = (self.end_us(), &mut self.branches[self.current]);
        let Some(last) = actions.last().filter(|_| actions != branch.actions) else { return };
        self.past.clone_from(&actions);
        let (now_us, name) = (last.time_us, text::branch(&last.line));
        if now_us >= end_us && actions.starts_with(&branch.actions) {
            branch.actions = actions;
        } else {
            self.fork(Branch { name, from_us: Some(now_us), actions, end: Rc::default() });
        }
    }

    /// Adds a branch, which is the present one from now on.
    pub(crate) fn fork(&mut self, branch: Branch) {
        if self.branches.len() == BRANCHES_MAX {
            let oldest = if self.current == 1 { 2 } else { 1 };
            self.branches.remove(oldest);
        }
        self.current = self.branches.len();
        self.branches.push(branch);
    }

    /// Goes over to another branch, if there is such a one.
    pub(crate) fn switch(&mut self, branch: usize) {
        if branch < self.branches.len() {
            self.current = branch;
        }
    }

    /// The moments of all marks, in order.
    pub(crate) fn moments(&self) -> Vec<u64> {
        let marks = self.marks();
        let spans = |from: u64, to: Option<u64>| [Some(from), to].into_iter().flatten();
        let terms = marks.terms.iter().flat_map(|term| spans(term.from_us, term.elected_us));
        let cuts = marks.cuts.iter().flat_map(|cut| spans(cut.from_us, cut.to_us));
        let downs = marks.downs.iter().flat_map(|down| spans(down.from_us, down.to_us));
        let names = marks.names.iter().map(|name| name.time_us);
        let mut moments: Vec<_> =
            terms.chain(cuts).chain(downs).chain(names).chain(marks.violation_us).collect();
        moments.sort_unstable();
        moments.dedup();
        moments
    }
}

#[cfg(test)]
mod tests;
