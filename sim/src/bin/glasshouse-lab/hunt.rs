//! `glasshouse-lab hunt`: seeds on all cores until something breaks; what breaks is shrunk and written
//! down at once, so that Ctrl-C takes nothing away that was found.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;

use glasshouse_console::{note, say};
use glasshouse_sim::hunt::finding::Finding;
use glasshouse_sim::hunt::shrink::{Shrunk, shrink};
use glasshouse_sim::mutant::Mutant;
use serde_json::json;

use crate::Failure;
use crate::args::Args;
use crate::search::{Catch, Progress, Search};
use crate::stopwatch::Stopwatch;

/// Seeds of a hunt for nothing in particular.
const SEEDS: u64 = 1_000;

/// Where findings and the record of what was done go, and what was found.
struct Hunt {
    mutant: Option<Mutant>,
    out: Option<PathBuf>,
    found: Mutex<Vec<(u64, String)>>,
}

pub(crate) fn hunt(mut args: Args) -> Result<(), Failure> {
    let mutant = args.mutant()?;
    let budget = mutant.map_or(SEEDS, |mutant| mutant.facts().level.seeds());
    let mut seeds = args.seeds(0..budget)?;
    let minutes = args.number("--minutes", 0_u64)?;
    let jobs = jobs(&mut args)?;
    let shard = shard(args.text("--shard"))?;
    let out = args.text("--out").map(PathBuf::from);
    // Without a planted fault every finding counts; with one, the first will do.
    let all = args.switch("--all") || mutant.is_none();
    args.finish("hunt")?;
    if let Some(directory) = &out {
        seeds.start = resume(directory, seeds.start)?.min(seeds.end);
    }
    let began = Stopwatch::start();
    let seconds = (minutes > 0).then(|| minutes.saturating_mul(60) as f64);
    let search = Search { mutant, seeds: seeds.clone(), shard, seconds, jobs };
    let hunt = Hunt { mutant, out, found: Mutex::default() };
    let done = if all {
        let take = |catch| {
            hunt.take(catch);
            false
        };
        search.run(&take, &|progress| hunt.tell(progress))
    } else {
        let (first, done) = search.first(&|progress| hunt.tell(progress));
        if let Some(first) = first {
            hunt.take(first);
        }
        done
    };
    if all && seconds.is_none_or(|seconds| began.seconds() < seconds) {
        hunt.write(&json!({ "done_below": seeds.end }));
    }
    hunt.finish(done, began.seconds())
}

/// Threads: as many as there are cores, if nobody says otherwise.
pub(crate) fn jobs(args: &mut Args) -> Result<usize, String> {
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    Ok(args.number("--jobs", cores)?.clamp(1, 1024))
}

/// `--shard 2/8`: the third of eight.
fn shard(text: Option<String>) -> Result<(u64, u64), String> {
    let Some(text) = text else { return Ok((0, 1)) };
    let parts = text.split_once('/');
    let parts = parts.and_then(|(nth, of)| Some((nth.parse().ok()?, of.parse().ok()?)));
    let wrong = || {
        format!("--shard wants the part, from 0, and the number of parts, like 0/4, not {text:?}.")
    };
    parts.filter(|(nth, of)| nth < of).ok_or_else(wrong)
}

/// Where an earlier hunt into the same directory got to.
fn resume(directory: &Path, from: u64) -> Result<u64, String> {
    fs::create_dir_all(directory)
        .map_err(|error| format!("{} cannot be made: {error}.", directory.display()))?;
    let text = fs::read_to_string(record(directory)).unwrap_or_default();
    let done = text.lines().filter_map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        line.get("done_below")?.as_u64()
    });
    Ok(done.max().unwrap_or(from).max(from))
}

fn record(directory: &Path) -> PathBuf {
    directory.join("hunt.jsonl")
}

impl Hunt {
    /// Shrinks what was found, prints it and writes it down.
    fn take(&self, Catch { seed, case, violation }: Catch) {
        say!("seed {seed}: {violation}");
        let before = case.interventions();
        let began = Stopwatch::start();
        let property = violation.property.name();
        let Shrunk { case, violation, runs, cut_short } = shrink(case, violation, &mut |_, _| {});
        let seconds = began.seconds();
        // Written down before it is said: if nobody reads any more, the program ends in the middle of its words.
        let finding = Finding::of(&case);
        let file = finding.as_ref().and_then(|finding| self.keep(seed, finding));
        self.write(&json!({
            "seed": seed, "mutant": self.mutant.map(Mutant::code), "property": property,
            "lines": case.interventions(), "violation": violation.to_string(), "file": file,
        }));
        let limit = if cut_short { "; the limit on work was reached" } else { "" };
        say!(
            "shrunk from {before} to {} lines in {runs} runs and {seconds:.1} s{limit}",
            case.interventions(),
        );
        match finding {
            Some(finding) => {
                for line in finding.to_string().lines() {
                    say!("  {line}");
                }
                say!("  #{}", finding.link());
            }
            // The lean run and the bench differ: a bug of ours, and worth more than the finding.
            None => say!("  its lines break nothing on the bench: {:?}", case.lines()),
        }
        self.found.lock().unwrap_or_else(PoisonError::into_inner).push((seed, property.to_owned()));
    }

    /// Writes a finding into the directory of the hunt; gives its name.
    fn keep(&self, seed: u64, finding: &Finding) -> Option<String> {
        let directory = self.out.as_ref()?;
        let hunted = self.mutant.map_or("clean", Mutant::code);
        let name = format!("{hunted}-{seed}.finding");
        match fs::write(directory.join(&name), finding.to_string()) {
            Ok(()) => Some(name),
            Err(error) => {
                say!("  {name} cannot be written: {error}");
                None
            }
        }
    }

    /// Adds a line to the record.
    fn write(&self, line: &serde_json::Value) {
        let Some(directory) = &self.out else { return };
        let file = OpenOptions::new().create(true).append(true).open(record(directory));
        if let Err(error) = file.and_then(|mut file| writeln!(file, "{line}")) {
            say!("{} cannot be written: {error}", record(directory).display());
        }
    }

    fn tell(&self, progress: &Progress) {
        let Progress { done, all, done_below, seconds } = *progress;
        let rate = done as f64 / seconds;
        let left = all.saturating_sub(done) as f64 / rate.max(0.001);
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner).len();
        note!("{done} of {all} seeds, {rate:.1}/s, {left:.0} s to go, {found} found");
        self.write(&json!({ "done_below": done_below }));
    }

    fn finish(self, done: u64, seconds: f64) -> Result<(), Failure> {
        let found = self.found.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let (Some(mutant), Some((seed, property))) = (self.mutant, found.first()) {
            say!(
                "{} is {}: {} ({})\nseed {seed} breaks {property}",
                mutant.code(),
                mutant.name(),
                mutant.facts().rule,
                mutant.facts().provenance,
            );
        }
        let hunted = self.mutant.map_or("nothing planted", Mutant::code);
        say!("{hunted}: {done} seeds in {seconds:.1} s, {} found", found.len());
        if found.is_empty() { Ok(()) } else { Err(Failure::Violated) }
    }
}
