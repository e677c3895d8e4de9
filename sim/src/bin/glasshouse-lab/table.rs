//! `glasshouse-lab table`: every planted fault is hunted within its budget, and what it took becomes a
//! row of the table in `docs/hunts.md`.

use glasshouse_console::{note, say};
use glasshouse_sim::hunt::finding::Finding;
use glasshouse_sim::hunt::shrink::shrink;
use glasshouse_sim::mutant::{Level, Mutant};

use crate::Failure;
use crate::args::Args;
use crate::hunt::jobs;
use crate::search::{Catch, Search};
use crate::stopwatch::Stopwatch;

pub(crate) fn table(mut args: Args) -> Result<(), Failure> {
    let hardest = match args.text("--up-to").as_deref() {
        None | Some("expert") => Level::Expert,
        Some("easy") => Level::Easy,
        Some("medium") => Level::Medium,
        Some("hard") => Level::Hard,
        Some(other) => {
            let known = format!("--up-to wants easy, medium, hard or expert, not {other:?}.");
            return Err(Failure::Usage(known));
        }
    };
    let jobs = jobs(&mut args)?;
    args.finish("table")?;
    say!("| code | bug | level | found by seed | real s | checker | lines | shrunk in s |");
    say!("| --- | --- | --- | ---: | ---: | --- | ---: | ---: |");
    let mut sizes = Vec::new();
    let mut missed = Vec::new();
    for mutant in Mutant::all().filter(|mutant| mutant.facts().level <= hardest) {
        match row(mutant, jobs) {
            Ok(lines) => sizes.push(lines),
            Err(why) => missed.push(format!("{}: {why}", mutant.code())),
        }
    }
    sizes.sort_unstable();
    let median = sizes.get(sizes.len() / 2).copied().unwrap_or(0);
    say!("\n{} found, with a median of {median} lines", sizes.len());
    for why in &missed {
        say!("{why}");
    }
    if missed.is_empty() { Ok(()) } else { Err(Failure::Violated) }
}

/// Hunts one; prints its row and gives the number of lines, or says why it counts as missed.
fn row(mutant: Mutant, jobs: usize) -> Result<usize, String> {
    let budget = mutant.facts().level.seeds();
    let search =
        Search { mutant: Some(mutant), seeds: 0..budget, shard: (0, 1), seconds: None, jobs };
    let began = Stopwatch::start();
    let (first, _) = search.first(&|progress| {
        note!("{}: {} of {budget} seeds", mutant.code(), progress.done);
    });
    let hunted = began.seconds();
    let Some(Catch { seed, case, violation }) = first else {
        return Err(format!("not found in {budget} seeds"));
    };
    let began = Stopwatch::start();
    let small = shrink(case, violation, &mut |_, _| {});
    let shrunk = began.seconds();
    let lines = small.case.interventions();
    let property = small.violation.property;
    say!(
        "| {} | {} | {} | {seed} | {hunted:.1} | {property} | {lines} | {shrunk:.1} |",
        mutant.code(),
        mutant.name(),
        mutant.facts().level.name(),
    );
    if !mutant.facts().caught_by.contains(&property) {
        return Err(format!("caught as {property}"));
    }
    if Finding::of(&small.case).is_none() {
        return Err("its lines break nothing on the bench".to_owned());
    }
    Ok(lines)
}
