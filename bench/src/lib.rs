//! `glasshouse-bench`: two servers with etcd's API beside each other, under the same clients.
//!
//! ```text
//!   args ── main ─┬─ machine              what this runs on
//!                 ├─ server ◄── load ──► grpc      a cluster, and clients that work on it
//!                 │               └── probe        what it cost: CPU, fsyncs, memory, bytes
//!                 ├─ pages               the same for one page of a long list, and for memory
//!                 └─ report               ratios of each round, a table, JSON
//! ```
//!
//! How it stays fair: same clients, same flags, an empty directory and a new process for each
//! measurement; A B A B in turns, and the order swapped in every second round; fsync on for both, and
//! counted. What to trust: server CPU per call first, rates second, p99 last; and nothing while other
//! programs are busy, which the result says.

pub mod args;
pub mod grpc;
pub mod histogram;
pub mod load;
pub mod machine;
pub mod pages;
pub mod probe;
pub mod report;
pub mod server;

use std::fs;
use std::path::Path;
use std::time::Instant;

use glasshouse_console::note;
use tokio::runtime::Runtime;

use crate::args::{PagesPlan, Plan};
use crate::load::{Measured, Point};
use crate::machine::Machine;
use crate::report::{Leg, Report, Subject};
use crate::server::{Cluster, Program};

/// Why nothing was measured; one sentence for the user.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum Failure {
    /// The command line is wrong.
    #[error("{0}")]
    Usage(String),
    /// Something did not work.
    #[error("{0}")]
    Failed(String),
}

/// What most functions here return.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// Does what a command line without the program's name asks for.
///
/// # Errors
/// A sentence for the user.
pub fn run(words: impl IntoIterator<Item = String>) -> Result<()> {
    let mut words = words.into_iter().peekable();
    if words.next_if(|word| word == "pages").is_some() {
        return run_pages(&args::parse_pages(words)?);
    }
    let Some(plan) = args::parse(words)? else {
        glasshouse_console::write(args::HELP);
        return Ok(());
    };
    make_dir(&plan.dir)?;
    let runtime = runtime()?;
    let machine = Machine::look(&plan.dir)?;
    let before = machine::load();
    let legs = runtime.block_on(all_legs(&plan))?;
    let report = Report { plan: &plan, machine, load: (before, machine::load()), legs };
    if let Some(file) = &plan.json {
        let text = format!("{:#}\n", report.json());
        fs::write(file, text)
            .map_err(|error| Failure::Failed(format!("{}: {error}", file.display())))?;
    }
    glasshouse_console::write(report.text());
    Ok(())
}

fn run_pages(plan: &PagesPlan) -> Result<()> {
    make_dir(&plan.dir)?;
    runtime()?.block_on(pages::run(plan))
}

fn make_dir(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).map_err(|error| Failure::Failed(format!("{}: {error}", dir.display())))
}

/// One thread: the servers need the other processors more.
fn runtime() -> Result<Runtime> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().map_err(|error| Failure::Failed(error.to_string()))
}

async fn all_legs(plan: &Plan) -> Result<Vec<Leg>> {
    let mut order = vec![(Subject::A, &plan.programs[0])];
    order.extend(plan.programs.get(1).map(|b| (Subject::B, b)));
    if plan.again {
        order.push((Subject::AAgain, &plan.programs[0]));
    }
    let mut legs = Vec::new();
    for round in 1..=plan.rounds {
        for point in &plan.points {
            for (subject, program) in &order {
                let measured = leg(plan, program, *point).await?;
                let progress = line(plan, round, program, *point, &measured);
                note!("{progress}");
                legs.push(Leg { round, subject: *subject, point: *point, measured });
            }
        }
        // Whoever comes first finds another machine than whoever comes last.
        order.reverse();
    }
    Ok(legs)
}

/// One server, one measurement: from an empty directory to a removed one. It is repeated while
/// other programs disturb it and the plan has patience.
async fn leg(plan: &Plan, program: &Program, point: Point) -> Result<Measured> {
    let until = Instant::now() + plan.patience;
    loop {
        probe::wait_for_rest(until).await?;
        let cluster = Cluster::start(program, plan.members, &plan.dir).await?;
        let measured = load::measure(&cluster, point, plan.time).await?;
        if measured.others() <= probe::OTHERS_MAX || Instant::now() >= until {
            return Ok(measured);
        }
    }
}

fn line(plan: &Plan, round: u32, program: &Program, point: Point, measured: &Measured) -> String {
    format!(
        "round {round}/{} {:5} {:4} clients {:12} {:8.0}/s  p50 {:7.2} ms  server {:6.1} µs/call  others {:3.0} %",
        plan.rounds,
        point.case.name(),
        point.clients,
        program.name,
        measured.rate(),
        measured.p50_us / 1e3,
        measured.per_call(measured.server_cpu_seconds * 1e6),
        100.0 * measured.others(),
    )
}
