//! Seeds on all cores, for whoever looks for something in them, generation by generation.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use glasshouse_console::say;
use glasshouse_sim::check::Violation;
use glasshouse_sim::hunt::case::Case;
use glasshouse_sim::hunt::coverage::{Corpus, Coverage, GENERATION};
use glasshouse_sim::mutant::Mutant;

use crate::stopwatch::Stopwatch;

/// Progress is told after so many real seconds.
const PROGRESS: f64 = 10.0;

/// A run that broke a property.
pub(crate) struct Catch {
    pub(crate) seed: u64,
    pub(crate) case: Case,
    pub(crate) violation: Violation,
}

/// Which seeds, and with what planted.
#[derive(Clone)]
pub(crate) struct Search {
    pub(crate) mutant: Option<Mutant>,
    pub(crate) seeds: Range<u64>,
    /// This process takes the seeds of which the remainder is the first, divided by the second.
    pub(crate) shard: (u64, u64),
    /// For so many real seconds at most.
    pub(crate) seconds: Option<f64>,
    pub(crate) jobs: usize,
}

/// How far a search has come.
pub(crate) struct Progress {
    /// Runs that are over.
    pub(crate) done: u64,
    /// Runs that there are to make.
    pub(crate) all: u64,
    /// All seeds below are over.
    pub(crate) done_below: u64,
    /// Real seconds.
    pub(crate) seconds: f64,
}

/// What threads share.
struct Shared<'a> {
    search: &'a Search,
    caught: &'a (dyn Fn(Catch) -> bool + Sync),
    next: AtomicU64,
    done: AtomicU64,
    enough: AtomicBool,
    /// Sound runs of this generation and what they saw.
    saw: Mutex<Vec<(u64, Case, Coverage)>>,
    began: Stopwatch,
}

impl Search {
    /// Runs the seeds; gives how many it ran. `caught` is called with each that breaks something, and
    /// says whether that is enough. What is at a smaller seed then is still finished.
    pub(crate) fn run(
        &self,
        caught: &(dyn Fn(Catch) -> bool + Sync),
        tell: &dyn Fn(&Progress),
    ) -> u64 {
        let shared = Shared {
            search: self,
            caught,
            next: AtomicU64::new(self.seeds.start),
            done: AtomicU64::new(0),
            enough: AtomicBool::new(false),
            saw: Mutex::default(),
            began: Stopwatch::start(),
        };
        let mut corpus = Corpus::default();
        let mut told = Stopwatch::start();
        let mut from = self.seeds.start;
        while from < self.seeds.end && !shared.is_over() {
            let to = self.seeds.end.min(from + GENERATION);
            shared.next.store(from, Ordering::Relaxed);
            thread::scope(|scope| {
                let work = || shared.work(&corpus, to);
                let working: Vec<_> = (0..self.jobs).map(|_| scope.spawn(work)).collect();
                while working.iter().any(|thread| !thread.is_finished()) {
                    thread::sleep(Duration::from_millis(5));
                    if told.seconds() >= PROGRESS {
                        told = Stopwatch::start();
                        tell(&Progress {
                            done: shared.done.load(Ordering::Relaxed),
                            all: (self.seeds.end - self.seeds.start) / self.shard.1,
                            done_below: from,
                            seconds: shared.began.seconds(),
                        });
                    }
                }
            });
            let mut saw = std::mem::take(&mut *lock(&shared.saw));
            saw.sort_by_key(|(seed, ..)| *seed);
            for (_, case, coverage) in saw {
                corpus.add(case, coverage);
            }
            from = to;
        }
        shared.done.into_inner()
    }

    /// The smallest seed that breaks something, and how many were run.
    pub(crate) fn first(&self, tell: &dyn Fn(&Progress)) -> (Option<Catch>, u64) {
        let first: Mutex<Option<Catch>> = Mutex::new(None);
        let take = |catch: Catch| {
            let mut first = lock(&first);
            if first.as_ref().is_none_or(|smallest| catch.seed < smallest.seed) {
                *first = Some(catch);
            }
            true
        };
        let done = self.run(&take, tell);
        (first.into_inner().unwrap_or_else(PoisonError::into_inner), done)
    }
}

impl Shared<'_> {
    fn is_over(&self) -> bool {
        self.enough.load(Ordering::Relaxed)
            || self.search.seconds.is_some_and(|most| self.began.seconds() >= most)
    }

    fn work(&self, corpus: &Corpus, to: u64) {
        while !self.is_over() {
            let seed = self.next.fetch_add(1, Ordering::Relaxed);
            if seed >= to {
                return;
            }
            let (part, of) = self.search.shard;
            if seed % of != part {
                continue;
            }
            if let Some(catch) = self.seed(corpus, seed)
                && (self.caught)(catch)
            {
                self.enough.store(true, Ordering::Relaxed);
            }
            self.done.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn seed(&self, corpus: &Corpus, seed: u64) -> Option<Catch> {
        let draw = corpus.draw(seed, self.search.mutant);
        match catch_unwind(AssertUnwindSafe(|| draw.run())) {
            Ok((case, trial)) => match trial.world.violation() {
                Some(violation) => Some(Catch { seed, case, violation }),
                None => {
                    lock(&self.saw).push((seed, case, Coverage::of(&trial)));
                    None
                }
            },
            Err(panic) => {
                // A bug of the simulator or the core: it cannot be shrunk, but it must be seen.
                say!("seed {seed}: the run panicked: {}", crate::sweep::words_of(&*panic));
                None
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
