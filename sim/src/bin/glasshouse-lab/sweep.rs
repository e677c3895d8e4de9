//! Many seeds on all cores. A run has a runtime of its own on one thread, so runs side by side do
//! not see each other.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use glasshouse_console::say;
use glasshouse_sim::run::Plan;

use crate::args::Args;
use crate::{Failure, Run};

/// Failures that are printed; the others are counted.
const PRINTED: usize = 10;
/// A line of progress after so many seeds.
const PROGRESS: u64 = 500;

/// What is swept.
struct Sweep {
    seeds: Range<u64>,
    like: Run,
    next: AtomicU64,
    failures: Mutex<Vec<(u64, String)>>,
}

pub(crate) fn sweep(mut args: Args) -> Result<(), Failure> {
    let seeds = args.seeds(1..101)?;
    let like = crate::like(&mut args)?;
    let _ = args.switch("--faults");
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let jobs = args.number("--jobs", cores)?.clamp(1, 1024);
    args.finish("sweep")?;
    let next = AtomicU64::new(seeds.start);
    let sweep = Sweep { seeds, like, next, failures: Mutex::default() };
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| sweep.work());
        }
    });
    sweep.finish()
}

impl Sweep {
    fn work(&self) {
        loop {
            let seed = self.next.fetch_add(1, Ordering::Relaxed);
            if seed >= self.seeds.end {
                return;
            }
            let run = Run { seed, ..self.like };
            let failure = match catch_unwind(AssertUnwindSafe(|| run.make())) {
                Ok(outcome) => outcome.violation.map(|violation| violation.to_string()),
                Err(panic) => Some(format!("the run panicked: {}", words_of(&*panic))),
            };
            if let Some(failure) = failure {
                self.fail(run, failure);
            }
            let done = seed + 1 - self.seeds.start;
            if done.is_multiple_of(PROGRESS) {
                say!("{done} of {} seeds", self.seeds.end - self.seeds.start);
            }
        }
    }

    fn fail(&self, run: Run, failure: String) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() < PRINTED {
            say!("seed {}: {failure}\n  {}", run.seed, run.command());
            if run.mutant.is_none() {
                say!("  {}", link(run));
            }
        }
        failures.push((run.seed, failure));
    }

    fn finish(self) -> Result<(), Failure> {
        let failures = self.failures.into_inner().unwrap_or_else(PoisonError::into_inner);
        let seeds = self.seeds.end - self.seeds.start;
        let Run { nodes, plan: Plan { seconds, .. }, .. } = self.like;
        say!("{seeds} seeds x {nodes} members x {seconds} s: {} failed", failures.len());
        if failures.is_empty() { Ok(()) } else { Err(Failure::Violated) }
    }
}

/// The page's address of the same run.
fn link(run: Run) -> String {
    let Run { seed, nodes, plan: Plan { seconds, .. }, .. } = run;
    format!("#seed={seed}&n={nodes}&a=0.hunt+{seconds}s")
}

pub(crate) fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}
