//! One seed, one history: the same run natively, twice, and in wasm must end in the same hash.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use glasshouse_console::say;

use crate::shell::{self, capture, cargo, command, run};
use crate::{Failure, Result, lab, page, tools};

/// Sizes of cluster that are compared.
const SIZES: [u64; 3] = [3, 5, 7];

/// A line of progress after so many runs.
const PROGRESS: usize = 60;

/// One simulated run.
#[derive(Clone, Copy)]
pub struct Run {
    /// What everything random in it is drawn from.
    pub seed: u64,
    /// Members of the cluster.
    pub nodes: u64,
    /// Virtual seconds.
    pub seconds: u64,
}

impl Run {
    fn flags(self) -> [String; 6] {
        let Self { seed, nodes, seconds } = self;
        [
            "--seed",
            &seed.to_string(),
            "--nodes",
            &nodes.to_string(),
            "--seconds",
            &seconds.to_string(),
        ]
        .map(str::to_owned)
    }
}

/// Builds what the traces come from: the native program and the wasm module.
pub fn build() -> Result<()> {
    tools::node()?;
    page::build_sim()?;
    lab::build_programs()
}

/// The hash of a run's trace in wasm, in Node.js; needs [`build`].
pub fn in_wasm(run: Run) -> Result<String> {
    let script = shell::root().join("sim/js/trace.mjs");
    let mut node = command(tools::node()?, &[]);
    hash(&capture(node.arg(script).arg(page::sim_module()).args(run.flags()))?)
}

/// The hash of a run's trace natively, made twice in one process; needs [`build`].
pub fn natively(run: Run) -> Result<String> {
    let lab = shell::target_dir().join("debug/glasshouse-lab");
    hash(&capture(command(lab, &["run", "--twice"]).args(run.flags()))?)
}

/// `cargo xtask wasm-trace`: prints the hash of one run in wasm.
pub fn wasm_trace(run: Run) -> Result<()> {
    build()?;
    say!("trace {}", in_wasm(run)?);
    Ok(())
}

/// `cargo xtask determinism`: seeds 1 to `seeds` at 3, 5 and 7 members, natively twice and in Node.js,
/// and the first `browser` of them in Chromium.
pub fn determinism(seeds: u64, seconds: u64, browser: u64) -> Result<()> {
    build()?;
    let runs: Vec<Run> =
        (1..=seeds).flat_map(|seed| SIZES.map(|nodes| Run { seed, nodes, seconds })).collect();
    compare(&runs)?;
    say!("  {seeds} seeds x {SIZES:?} members x {seconds} s: native twice = Node.js");
    if browser > 0 {
        page::build(false)?;
        let mut test = cargo(&["test", "--package", "glasshouse-tests", "--test", "browser_trace"]);
        test.env("GLASSHOUSE_REQUIRE_TOOLS", "1").env("GLASSHOUSE_SEEDS", browser.to_string());
        run(test.env("GLASSHOUSE_TOOLS", tools::cache()?))?;
    }
    Ok(())
}

/// Compares all runs, as many at once as there are processors; the first difference ends it.
fn compare(runs: &[Run]) -> Result<()> {
    let next = AtomicUsize::new(0);
    let worker = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(&run) = runs.get(at) else { return Ok(()) };
            compare_one(run).inspect_err(|_| next.store(runs.len(), Ordering::Relaxed))?;
            if (at + 1).is_multiple_of(PROGRESS) {
                say!("  {} of {} runs", at + 1, runs.len());
            }
        }
    };
    let workers = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("a worker does not panic"))
    })
}

fn compare_one(run: Run) -> Result<()> {
    let (native, wasm) = (natively(run)?, in_wasm(run)?);
    if native == wasm {
        return Ok(());
    }
    let Run { seed, nodes, seconds } = run;
    Err(Failure::Failed(format!(
        "seed {seed} with {nodes} members over {seconds} s ends in {native} natively and in {wasm} in wasm"
    )))
}

/// The hash in a program's output: the line `trace HASH`.
fn hash(output: &str) -> Result<String> {
    let hash = output.lines().find_map(|line| line.strip_prefix("trace "));
    hash.map(|hash| hash.trim().to_owned()).ok_or_else(|| {
        Failure::Failed(format!("no line `trace HASH` in what was printed: {output}"))
    })
}

#[cfg(test)]
mod tests {
    use super::hash;

    #[test]
    fn the_hash_is_found_among_other_lines() {
        assert_eq!(hash("60 s\ntrace 0123abcd\n").unwrap(), "0123abcd");
        assert!(hash("nothing").is_err());
    }
}
