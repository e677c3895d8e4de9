//! The checkers are awake: every planted fault is caught, by a property that is the right one.
//!
//! Every one is hunted here as `glasshouse-lab hunt` does it, within the seeds of its level; how long each
//! takes, and how small it gets, is in `docs/hunts.md`.

use glasshouse_sim::check::Violation;
use glasshouse_sim::hunt::draw::Draw;
use glasshouse_sim::mutant::{Level, Mutant};

/// The first violation that the seeds of its level bring.
fn caught(mutant: Mutant) -> Violation {
    let facts = mutant.facts();
    let mut seeds = 0..facts.level.seeds();
    let found = seeds.find_map(|seed| Draw::of_seed(seed, Some(mutant)).run().1.world.violation());
    let violation = found.unwrap_or_else(|| {
        panic!("{} was not caught in {} seeds", facts.name, facts.level.seeds())
    });
    let right = facts.caught_by.contains(&violation.property);
    assert!(right, "{} was caught as {violation}", facts.name);
    violation
}

/// What the checker of watches must say of some of them: one of these.
const WORDS: [(Mutant, &[&str]); 12] = [
    (Mutant::BackwardEvents, &["revisions are told of in their order"]),
    (Mutant::DoubledEvent, &["was told of everything below"]),
    (Mutant::DoubledTxnEvent, &["after that", "nothing for it", "next"]),
    (Mutant::FalseCreate, &["the committed log makes"]),
    (Mutant::FalsePrevKv, &["the pair before is"]),
    (Mutant::ForgottenFilter, &["the committed log has nothing for it", "next"]),
    (Mutant::FutureWatch, &["was told of everything below", "canceled as compacted"]),
    (Mutant::LateResume, &["is told of progress up to", "next"]),
    (Mutant::LostEvent, &["is told of progress up to", "next", "gets only"]),
    (Mutant::OvertakingProgress, &["is told of progress up to"]),
    (Mutant::ReplayOnReconnect, &["was told of everything below"]),
    (Mutant::TornRevision, &["events of that revision"]),
];

fn all_of(level: Level) {
    let of_level = |mutant: &Mutant| mutant.facts().level == level;
    for mutant in Mutant::all().filter(of_level) {
        let text = caught(mutant).to_string();
        if let Some((_, words)) = WORDS.iter().find(|(known, _)| *known == mutant) {
            let fits = words.iter().any(|word| text.contains(word));
            assert!(fits, "{} was caught as {text}", mutant.name());
        }
    }
}

/// The row of a mutant in `docs/hunts.md`, up to the columns that were measured.
fn row(mutant: Mutant) -> String {
    let facts = mutant.facts();
    let by: Vec<&str> = facts.caught_by.iter().map(|property| property.name()).collect();
    format!(
        "| {} | {} | {} | {} | {} | {} |",
        facts.code,
        facts.name,
        facts.rule,
        facts.provenance,
        facts.level.name(),
        by.join(", ")
    )
}

#[test]
fn the_page_has_the_catalogue() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/hunts.md");
    let text = std::fs::read_to_string(path).expect("the page is there");
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| M")).collect();
    for (at, mutant) in Mutant::all().enumerate() {
        let row = row(mutant);
        let found = rows.get(at).is_some_and(|line| line.starts_with(&row));
        assert!(found, "docs/hunts.md has no row that begins with\n{row}");
    }
    assert_eq!(rows.len(), Mutant::all().count(), "rows of nobody");
}

#[test]
fn the_easy_ones_are_caught() {
    all_of(Level::Easy);
}

#[test]
fn the_medium_ones_are_caught() {
    all_of(Level::Medium);
}

#[test]
fn the_hard_ones_are_caught() {
    all_of(Level::Hard);
    all_of(Level::Expert);
}
