//! How fast is it: simulated seconds per second of processor time.

use std::fs;

use glasshouse_console::say;
use glasshouse_sim::clock::SECOND;
use glasshouse_sim::workload::{Mix, Workload};
use glasshouse_sim::world::{Spec, World};

use crate::Failure;
use crate::args::Args;

/// Before the measurement: an election, and clients that have found their members.
const WARM_UP: u64 = 5;

pub(crate) fn bench(mut args: Args) -> Result<(), Failure> {
    let nodes = args.nodes(5)?;
    let seconds = args.seconds()?;
    let rate = args.number("--rate", 100_u64)?;
    let checked = !args.switch("--unchecked");
    let seed = args.number("--seed", 1)?;
    args.finish("bench")?;
    let mut world = World::new(Spec { checked, ..Spec::lesson(seed, nodes) });
    let end = (WARM_UP + seconds) * SECOND;
    if rate > 0 {
        world.start_workload(Workload {
            clients: 20,
            mix: Mix::PUTS,
            keys: 1000,
            value_bytes: 256,
            ..Workload::mixed(rate, end)
        });
    }
    world.run_until(WARM_UP * SECOND);
    let (before, answered) = (cpu_time_ms()?, world.counts().answered);
    world.run_until(end);
    let spent_ms = cpu_time_ms()?.saturating_sub(before).max(1);
    let answered = world.counts().answered - answered;
    say!(
        "{nodes} members, {} op/s: {} simulated seconds per CPU second ({seconds} s in {spent_ms} ms)",
        answered / seconds,
        seconds * 1000 / spent_ms,
    );
    say!("trace {:016x}", world.trace_hash());
    match world.violation() {
        Some(violation) => {
            say!("violation {violation}");
            Err(Failure::Violated)
        }
        None => Ok(()),
    }
}

/// Processor time of this process in milliseconds, from Linux's own counter.
fn cpu_time_ms() -> Result<u64, Failure> {
    const PATH: &str = "/proc/self/schedstat";
    let text = fs::read_to_string(PATH)
        .map_err(|error| format!("Processor time is measured on Linux only: {PATH}: {error}."))?;
    let nanos: Option<u64> = text.split_whitespace().next().and_then(|word| word.parse().ok());
    let nanos = nanos.ok_or_else(|| format!("{PATH} has an unknown form."))?;
    Ok(nanos / 1_000_000)
}
