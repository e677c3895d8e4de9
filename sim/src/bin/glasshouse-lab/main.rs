//! Simulated clusters from the command line: one run, a sweep over seeds, a measurement.
//!
//! Exit codes: 0 all is well, 1 the output cannot be written, 2 the command line is wrong, 3 a property was violated
//! (or a run that was made twice gave two histories, a file was refused, a lesson's solution does not reach its
//! goals), 141 whoever read the output has gone away ([`glasshouse_console`]).

mod args;
mod bench;
mod hunt;
mod lessons;
mod replay;
mod search;
mod stopwatch;
mod sweep;
mod table;
mod verify;

use std::process::ExitCode;

use glasshouse_console::{note, say};
use glasshouse_sim::clock::SECOND;
use glasshouse_sim::linear::{Limits, Verdict};
use glasshouse_sim::mutant::{Mutant, Plants};
use glasshouse_sim::run::{CALLS_PER_SECOND, Outcome, Plan, begin, outcome, run_spec};
use glasshouse_sim::script::story::Story;
use glasshouse_sim::world::Spec;

use self::args::Args;

/// The allocator of the server: simulated runs, too, are made of many small pieces.
#[cfg(not(target_arch = "wasm32"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A property was violated.
const VIOLATED: u8 = 3;
/// The command line is wrong.
const USAGE: u8 = 2;

const HELP: &str = "\
glasshouse-lab runs simulated clusters: a seed decides the whole history.

  glasshouse-lab run    --seed S --nodes N --seconds T [--calm] [--rate R] [--twice] [--mutant M05]
                        [--black-box]
                        one run with clients and seeded faults; prints its trace hash
  glasshouse-lab run    --script FILE [--seed S --nodes N]
                        plays a script, prints it with its output, then the trace hash
  glasshouse-lab sweep  --seeds A..B --nodes N --seconds T [--mutant M05] [--jobs J]
                        many runs on all cores; prints how to repeat those that fail
  glasshouse-lab hunt   [--mutant M07] [--seeds A..B] [--minutes N] [--jobs N] [--shard I/N] [--out DIR]
                        [--all]
                        searches seeds until something breaks, and shrinks it to a short story
  glasshouse-lab table  [--up-to easy|medium|hard|expert] [--jobs N]
                        hunts every planted fault within its budget, and prints what it took
  glasshouse-lab replay FILE [--format text|json|shiviz]
                        tells what happens in a finding, step by step
  glasshouse-lab lesson NN|FILE [--labs DIR] [--script FILE] [--class C --student S] [--out FILE]
                        plays the solution of a lesson and tells what came of each goal
  glasshouse-lab verify FILES [--csv] [--labs DIR] [--lesson FILE]
                        judges findings and grades submissions, by doing them again
  glasshouse-lab bench  [--nodes N --seconds T --rate R] [--unchecked]
                        simulated seconds per second of processor time

  --calm       without faults               --twice    two runs, which must be equal
  --black-box  judges the run by what its clients saw alone, too
  --mutant     a planted bug by its code, M01 and on; docs/hunts.md tells what they are
  --unchecked  without checkers

Exit code 0: all is well. 1: the output cannot be written. 2: the command line is wrong. 3: a property was
violated, a file was refused, or a lesson's own solution does not reach its goals. 141: nobody reads the
output any more.";

/// Why the program ends before its work is done.
enum Failure {
    /// The command line is wrong: one sentence.
    Usage(String),
    /// A property was violated, and that was printed.
    Violated,
}

impl From<String> for Failure {
    fn from(sentence: String) -> Self {
        Self::Usage(sentence)
    }
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let command = words.next().unwrap_or_else(|| "help".into());
    let done = match command.as_str() {
        "help" | "--help" | "-h" => {
            say!("{HELP}");
            Ok(())
        }
        "run" => Args::parse(words).map_err(Failure::Usage).and_then(run),
        "sweep" => Args::parse(words).map_err(Failure::Usage).and_then(sweep::sweep),
        "bench" => Args::parse(words).map_err(Failure::Usage).and_then(bench::bench),
        "hunt" => Args::parse(words).map_err(Failure::Usage).and_then(hunt::hunt),
        "table" => Args::parse(words).map_err(Failure::Usage).and_then(table::table),
        "replay" => Args::parse(words).map_err(Failure::Usage).and_then(replay::replay),
        "lesson" => Args::parse(words).map_err(Failure::Usage).and_then(lessons::lesson),
        "verify" => Args::parse(words).map_err(Failure::Usage).and_then(verify::verify),
        other => Err(Failure::Usage(format!(
            "There is no command {other}; there is run, sweep, hunt, table, replay, lesson, verify and bench."
        ))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Violated) => ExitCode::from(VIOLATED),
        Err(Failure::Usage(sentence)) => {
            note!("{sentence}");
            ExitCode::from(USAGE)
        }
    }
}

/// One headless run, as command line and wasm module make it.
#[derive(Clone, Copy, Debug)]
struct Run {
    seed: u64,
    nodes: u8,
    plan: Plan,
    mutant: Option<Mutant>,
}

impl Run {
    fn spec(self) -> Spec {
        let mutants = self.mutant.map(Plants::usual).unwrap_or_default();
        Spec { mutants, ..Spec::hunt(self.seed, self.nodes) }
    }

    fn make(self) -> Outcome {
        run_spec(self.spec(), self.plan)
    }

    /// The same, judged by what its clients saw alone as well.
    fn make_and_judge(self) -> Result<Outcome, Failure> {
        let mut trial = begin(self.spec(), self.plan);
        trial.world.keep_history();
        trial.run_until(self.plan.seconds * SECOND);
        let outcome = outcome(&trial.world);
        let Some((verdict, sentence)) = trial.world.judge_history(Limits::default()) else {
            unreachable!("it was kept");
        };
        say!("black box: {sentence}");
        if matches!(verdict, Verdict::Refuted(_)) && outcome.violation.is_none() {
            report(&outcome);
            return Err(Failure::Violated);
        }
        Ok(outcome)
    }

    /// The command line that makes it again.
    fn command(self) -> String {
        let Self { seed, nodes, plan: Plan { seconds, faults, rate }, mutant } = self;
        let calm = if faults { "" } else { " --calm" };
        let rate = if rate == CALLS_PER_SECOND { String::new() } else { format!(" --rate {rate}") };
        let mutant = mutant.map_or_else(String::new, |mutant| format!(" --mutant {mutant}"));
        format!(
            "glasshouse-lab run --seed {seed} --nodes {nodes} --seconds {seconds}{calm}{rate}{mutant}"
        )
    }
}

fn run(mut args: Args) -> Result<(), Failure> {
    if let Some(path) = args.text("--script") {
        return play(args, &path);
    }
    let run = Run { seed: args.number("--seed", 42)?, ..like(&mut args)? };
    // Faults are what a run is for; the flag may be written all the same.
    let _ = args.switch("--faults");
    let twice = args.switch("--twice");
    let black_box = args.switch("--black-box");
    args.finish("run")?;
    let outcome = if black_box { run.make_and_judge()? } else { run.make() };
    report(&outcome);
    if twice && run.make() != outcome {
        say!("The second run of the same seed had another history.");
        return Err(Failure::Violated);
    }
    if outcome.violation.is_some() { Err(Failure::Violated) } else { Ok(()) }
}

/// A run without its seed. A planted fault brings the size of the cluster in which it shows.
fn like(args: &mut Args) -> Result<Run, String> {
    let mutant = args.mutant()?;
    let nodes = args.nodes(mutant.map_or(3, |mutant| mutant.facts().cluster))?;
    Ok(Run { seed: 0, nodes, plan: plan(args)?, mutant })
}

/// Length, faults and rate of a run.
fn plan(args: &mut Args) -> Result<Plan, String> {
    Ok(Plan {
        seconds: args.seconds()?,
        faults: !args.switch("--calm"),
        rate: args.number("--rate", CALLS_PER_SECOND)?,
    })
}

fn report(outcome: &Outcome) {
    let counts = outcome.counts;
    say!(
        "{} events, {} messages ({} lost), {} calls ({} answered), {} elections, {} snapshots, {} starts",
        outcome.events,
        counts.messages,
        counts.dropped,
        counts.calls,
        counts.answered,
        counts.elections,
        counts.snapshots,
        counts.starts,
    );
    if let Some(violation) = &outcome.violation {
        say!("violation {violation}");
        say!("{}", violation.property.promise());
    }
    say!("trace {:016x}", outcome.hash);
}

/// Plays a script in a world of its own.
fn play(mut args: Args, path: &str) -> Result<(), Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("The script {path} cannot be read: {error}."))?;
    let mut story = Story::parse(&text).map_err(|error| error.to_string())?;
    story.setup.seed = args.number("--seed", story.setup.seed)?;
    story.setup.members = args.nodes(story.setup.members)?;
    args.finish("run --script")?;
    let (told, bench) = story.play(|_, _| {});
    glasshouse_console::write(told);
    let world = bench.world();
    say!("trace {:016x}", world.trace_hash());
    match world.violation() {
        Some(violation) => {
            say!("violation {violation}");
            Err(Failure::Violated)
        }
        None => Ok(()),
    }
}
