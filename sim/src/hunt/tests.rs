use super::coverage::{Corpus, Coverage};
use super::draw::Draw;
use super::finding::{self, Finding};
use super::shrink::shrink;
use crate::mutant::Mutant;

fn found(mutant: Mutant) -> (super::case::Case, crate::check::Violation) {
    let mut seeds = 0..500;
    let hit = seeds.find_map(|seed| {
        let (case, trial) = Draw::of_seed(seed, Some(mutant)).run();
        Some((case, trial.world.violation()?))
    });
    hit.expect("it is an easy one")
}

#[test]
fn a_case_repeats_the_run_that_it_was_taken_from() {
    for seed in 0..6 {
        let (case, trial) = Draw::of_seed(seed, None).run();
        let again = case.play();
        assert_eq!(again.world.trace_hash(), trial.world.trace_hash(), "seed {seed}");
        assert_eq!(again.siege.deeds(), case.deeds, "seed {seed}");
    }
}

#[test]
fn a_finding_is_small_and_its_lines_break_the_same_property() {
    let (case, violation) = found(Mutant::AckBeforeFsync);
    let before = case.interventions();
    let mut steps = 0;
    let shrunk = shrink(case.clone(), violation.clone(), &mut |_, _| steps += 1);
    assert!(shrunk.case.interventions() < before, "{:?}", shrunk.case.lines());
    assert!(shrunk.case.interventions() <= 15, "{:?}", shrunk.case.lines());
    assert_eq!(shrunk.violation.property, violation.property);
    assert!(steps > 0 && !shrunk.cut_short);
    assert_eq!(shrink(case, violation, &mut |_, _| {}), shrunk, "it is deterministic");
    let finding = Finding::of(&shrunk.case).expect("its lines break the property as well");
    let text = finding.to_string();
    assert_eq!(finding::read(&text), Ok(finding.clone()), "{text}");
    assert_eq!(finding.verify(), Ok(()), "{text}");
}

#[test]
fn a_fork_begins_as_the_run_that_it_leaves() {
    let mut corpus = Corpus::default();
    for seed in 0..4 {
        let (case, trial) = Draw::of_seed(seed, None).run();
        corpus.add(case, Coverage::of(&trial));
    }
    assert!(corpus.features() > 20, "{}", corpus.features());
    let seed = 7;
    let fork = corpus.draw(seed, None);
    assert_ne!(fork, Draw::of_seed(seed, None), "every fourth seed forks");
    let (case, trial) = fork.clone().run();
    assert_eq!(case.play().world.trace_hash(), trial.world.trace_hash());
    assert_eq!(corpus.draw(seed, None), fork, "a corpus that stands still draws the same");
}
