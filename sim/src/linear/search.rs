//! The search: place an operation, go on, take it back.

use std::collections::{BTreeMap, BTreeSet};

use super::set::Set;
use super::{Limits, Model, Operation, Refutation, Verdict};
use crate::clock::Nanos;

/// Bytes that an entry of an ordered set or map costs beside its content, about.
const ENTRY_BYTES: usize = 32;

/// Says whether one correct copy could have given the answers of `history`.
pub fn check<M: Model>(model: &M, history: &[Operation<M::Op>], limits: Limits) -> Verdict {
    check_counted(model, history, limits).0
}

/// The same, and how many steps of the model it took.
pub fn check_counted<M: Model>(
    model: &M,
    history: &[Operation<M::Op>],
    limits: Limits,
) -> (Verdict, u64) {
    let mut search = Search::new(model, history, limits);
    let verdict = search.run();
    (verdict, search.steps)
}

/// The calls and returns that are not placed, in order of time: a list with links both ways, so that
/// taking an operation out and putting it back costs nothing.
///
/// Entry 0 is the head. Call and return of the answered operation `n` are entries `at[n]`.
struct Timeline {
    next: Vec<usize>,
    previous: Vec<usize>,
    entries: Vec<Entry>,
    at: Vec<(usize, usize)>,
}

#[derive(Clone, Copy)]
enum Entry {
    Head,
    Call(usize),
    Return(usize),
}

impl Timeline {
    /// `answered` is in order of calls. At one moment calls come before returns: such operations
    /// overlap.
    fn new(answered: &[(Nanos, Nanos)]) -> Self {
        let calls = answered.iter().enumerate().map(|(n, (call, _))| (*call, 0, n));
        let returns = answered.iter().enumerate().map(|(n, (_, end))| (*end, 1, n));
        let mut moments: Vec<(Nanos, u8, usize)> = calls.chain(returns).collect();
        moments.sort_unstable();
        let mut entries = vec![Entry::Head];
        let mut at = vec![(0, 0); answered.len()];
        for (place, (_, kind, n)) in (1..).zip(moments) {
            if kind == 0 {
                at[n].0 = place;
                entries.push(Entry::Call(n));
            } else {
                at[n].1 = place;
                entries.push(Entry::Return(n));
            }
        }
        let count = entries.len();
        let next = (1..=count).map(|place| place % count).collect();
        let previous = (0..count).map(|place| (place + count - 1) % count).collect();
        Self { next, previous, entries, at }
    }

    fn take_out(&mut self, n: usize) {
        let (call, end) = self.at[n];
        for place in [call, end] {
            let (before, behind) = (self.previous[place], self.next[place]);
            self.next[before] = behind;
            self.previous[behind] = before;
        }
    }

    /// In the reverse order of taking out.
    fn put_back(&mut self, n: usize) {
        let (call, end) = self.at[n];
        for place in [end, call] {
            let (before, behind) = (self.previous[place], self.next[place]);
            self.next[before] = place;
            self.previous[behind] = place;
        }
    }
}

/// Where to look for the next candidate.
#[derive(Clone, Copy)]
enum Cursor {
    /// At this entry of the timeline.
    Answered(usize),
    /// Among the operations without an answer, from this one on; they must have been called before
    /// the answered operation `due` returned.
    Open { from: usize, due: usize },
}

/// An operation that may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Candidate {
    Answered(usize),
    Open(usize),
}

/// What is taken back when nothing fits behind it.
struct Frame<S> {
    placed: Candidate,
    state_before: S,
    cursor: Cursor,
}

struct Search<'a, M: Model> {
    model: &'a M,
    history: &'a [Operation<M::Op>],
    limits: Limits,
    /// Places in the history of the answered operations, in order of calls.
    answered: Vec<usize>,
    /// Places of those without an answer.
    open: Vec<usize>,
    /// For each of them, the one before it that does the same: it comes first, or neither does.
    twin: Vec<Option<usize>>,
    timeline: Timeline,
    placed_answered: Set,
    placed_open: Set,
    frames: Vec<Frame<M::State>>,
    /// Answered operations that are not placed.
    left: usize,
    states: BTreeMap<M::State, u64>,
    tried: BTreeSet<Box<[u64]>>,
    memory_bytes: usize,
    steps: u64,
    best: Option<Refutation>,
}

impl<'a, M: Model> Search<'a, M> {
    fn new(model: &'a M, history: &'a [Operation<M::Op>], limits: Limits) -> Self {
        let mut order: Vec<usize> = (0..history.len()).collect();
        order.sort_by_key(|&place| (history[place].called_at, place));
        let (answered, open): (Vec<usize>, Vec<usize>) =
            order.into_iter().partition(|&place| history[place].returned_at.is_some());
        let span = |&place: &usize| {
            let Operation { called_at, returned_at, .. } = history[place];
            // An answer cannot come before the question.
            (called_at, returned_at.unwrap_or(Nanos::MAX).max(called_at))
        };
        let spans: Vec<_> = answered.iter().map(span).collect();
        let op = |n: usize| &history[open[n]].op;
        let twin_of = |n: usize| (0..n).rev().find(|&before| model.is_same(op(before), op(n)));
        let twin = (0..open.len()).map(twin_of).collect();
        Self {
            model,
            history,
            limits,
            timeline: Timeline::new(&spans),
            placed_answered: Set::new(answered.len()),
            placed_open: Set::new(open.len()),
            frames: Vec::new(),
            left: answered.len(),
            answered,
            open,
            twin,
            states: BTreeMap::new(),
            tried: BTreeSet::new(),
            memory_bytes: 0,
            steps: 0,
            best: None,
        }
    }

    fn run(&mut self) -> Verdict {
        let mut state = self.model.begin();
        let mut cursor = self.first();
        while self.left > 0 {
            if let Some(limit) = self.limit() {
                return Verdict::GaveUp { limit };
            }
            let Some(candidate) = self.candidate(&mut cursor) else {
                self.note(cursor);
                let Some(frame) = self.frames.pop() else {
                    return match self.best.take() {
                        Some(best) => Verdict::Refuted(best),
                        None => unreachable!("something is left, so something is due"),
                    };
                };
                self.take_back(frame.placed);
                (state, cursor) = (frame.state_before, frame.cursor);
                continue;
            };
            self.steps += 1;
            let op = &self.history[self.place_of(candidate)].op;
            let Some(next) = self.model.step(&state, op) else { continue };
            if next == state && matches!(candidate, Candidate::Open(_)) {
                // It may as well never have happened.
                continue;
            }
            self.place(candidate);
            if self.is_new(&next) {
                let state_before = std::mem::replace(&mut state, next);
                self.frames.push(Frame { placed: candidate, state_before, cursor });
                cursor = self.first();
            } else {
                self.take_back(candidate);
            }
        }
        Verdict::Linearizable { order: self.order() }
    }

    fn limit(&self) -> Option<&'static str> {
        if self.memory_bytes > self.limits.memory_bytes {
            Some("memory")
        } else if self.steps > self.limits.steps {
            Some("steps")
        } else {
            None
        }
    }

    fn first(&self) -> Cursor {
        Cursor::Answered(self.timeline.next[0])
    }

    /// The next operation that may be placed, if there is one more.
    fn candidate(&self, cursor: &mut Cursor) -> Option<Candidate> {
        if let Cursor::Answered(at) = *cursor {
            match self.timeline.entries[at] {
                Entry::Call(n) => {
                    *cursor = Cursor::Answered(self.timeline.next[at]);
                    return Some(Candidate::Answered(n));
                }
                Entry::Return(due) => *cursor = Cursor::Open { from: 0, due },
                Entry::Head => return None,
            }
        }
        let Cursor::Open { from, due } = *cursor else { return None };
        let due_at = self.history[self.answered[due]].returned_at?;
        let is_called = |&n: &usize| self.history[self.open[n]].called_at <= due_at;
        let is_free = |&n: &usize| {
            let behind_twin = self.twin[n].is_none_or(|twin| self.placed_open.contains(twin));
            !self.placed_open.contains(n) && behind_twin
        };
        let found = (from..self.open.len()).take_while(is_called).find(is_free)?;
        *cursor = Cursor::Open { from: found + 1, due };
        Some(Candidate::Open(found))
    }

    fn place_of(&self, candidate: Candidate) -> usize {
        match candidate {
            Candidate::Answered(n) => self.answered[n],
            Candidate::Open(n) => self.open[n],
        }
    }

    fn place(&mut self, candidate: Candidate) {
        match candidate {
            Candidate::Answered(n) => {
                self.placed_answered.insert(n);
                self.timeline.take_out(n);
                self.left -= 1;
            }
            Candidate::Open(n) => self.placed_open.insert(n),
        }
    }

    fn take_back(&mut self, candidate: Candidate) {
        match candidate {
            Candidate::Answered(n) => {
                self.placed_answered.remove(n);
                self.timeline.put_back(n);
                self.left += 1;
            }
            Candidate::Open(n) => self.placed_open.remove(n),
        }
    }

    /// Nothing that is placed now was placed before with the same state behind it.
    fn is_new(&mut self, state: &M::State) -> bool {
        let number = match self.states.get(state) {
            Some(number) => *number,
            None => {
                let number = self.states.len() as u64;
                self.memory_bytes += self.model.bytes(state) + ENTRY_BYTES;
                self.states.insert(state.clone(), number);
                number
            }
        };
        let mut key = vec![number];
        self.placed_answered.write(&mut key);
        self.placed_open.write(&mut key);
        let bytes = key.len() * size_of::<u64>() + ENTRY_BYTES;
        let is_new = self.tried.insert(key.into_boxed_slice());
        if is_new {
            self.memory_bytes += bytes;
        }
        is_new
    }

    /// Nothing fits here: is it the furthest that the search came?
    fn note(&mut self, cursor: Cursor) {
        let Cursor::Open { due, .. } = cursor else { return };
        if self.best.as_ref().is_none_or(|best| best.order.len() < self.frames.len()) {
            self.best = Some(Refutation { order: self.order(), stuck: self.answered[due] });
        }
    }

    fn order(&self) -> Vec<usize> {
        self.frames.iter().map(|frame| self.place_of(frame.placed)).collect()
    }
}
