//! The checkers are alive: every planted fault is caught, by the property that it breaks.

use glasshouse_sim::check::{Property, Violation};
use glasshouse_sim::mutant::Mutant;
use glasshouse_sim::run::run_mutant;

/// Seeds within which a mutant must be caught.
const BUDGET: u64 = 500;

fn caught(mutant: Mutant, by: &[Property]) -> Violation {
    let mut seeds = 0..BUDGET;
    let found = seeds.find_map(|seed| run_mutant(seed, 3, 60, mutant).violation);
    let violation = found.unwrap_or_else(|| panic!("{mutant} was not caught in {BUDGET} seeds"));
    assert!(by.contains(&violation.property), "{mutant} was caught as {violation}");
    violation
}

/// A fault of watches is caught, and for what it is.
fn watch_caught(mutant: Mutant, words: &[&str]) {
    let text = caught(mutant, &[Property::Watch]).to_string();
    assert!(words.iter().any(|word| text.contains(word)), "{mutant} was caught as {text}");
}

#[test]
fn acknowledging_before_the_fsync_is_caught() {
    caught(Mutant::AckBeforeFsync, &[Property::DurableQuorum]);
}

#[test]
fn a_vote_that_is_not_persisted_is_caught() {
    caught(Mutant::VoteNotPersisted, &[Property::OneVotePerTerm]);
}

#[test]
fn a_local_read_on_any_member_is_caught() {
    caught(Mutant::LocalRead, &[Property::Linearizability]);
}

// etcd's guarantees to watchers, in the order of its documentation.

#[test]
fn ordered_events_that_come_backwards_are_caught() {
    watch_caught(Mutant::BackwardEvents, &["revisions are told of in their order"]);
}

#[test]
fn unique_an_event_that_is_told_twice_is_caught() {
    watch_caught(Mutant::DoubledEvent, &["was told of everything below"]);
}

#[test]
fn reliable_an_event_that_is_left_out_is_caught() {
    let missing = ["is told of progress up to", "next", "gets only"];
    watch_caught(Mutant::LostEvent, &missing);
}

#[test]
fn atomic_a_revision_in_two_pieces_is_caught() {
    watch_caught(Mutant::TornRevision, &["events of that revision"]);
}

#[test]
fn resumable_a_gap_behind_a_new_stream_is_caught() {
    watch_caught(Mutant::LateResume, &["is told of progress up to", "next"]);
}

#[test]
fn bookmarkable_progress_that_overtakes_events_is_caught() {
    watch_caught(Mutant::OvertakingProgress, &["is told of progress up to"]);
}

#[test]
fn prev_kv_that_was_not_before_is_caught() {
    watch_caught(Mutant::FalsePrevKv, &["the pair before is"]);
}

#[test]
fn is_create_of_a_key_that_was_there_is_caught() {
    watch_caught(Mutant::FalseCreate, &["the committed log makes"]);
}

#[test]
fn filter_events_that_nobody_wanted_are_caught() {
    watch_caught(Mutant::ForgottenFilter, &["the committed log has nothing for it", "next"]);
}

#[test]
fn a_row_that_is_not_what_was_meant_is_caught() {
    caught(
        Mutant::RottenRow,
        &[Property::HashEquality, Property::Linearizability, Property::Watch],
    );
}

#[test]
fn a_renewal_that_the_leader_does_not_know_of_is_caught() {
    caught(Mutant::LocalRenewal, &[Property::Leases]);
}

#[test]
fn a_member_that_takes_everybody_for_root_is_caught() {
    caught(Mutant::EverybodyIsRoot, &[Property::Auth]);
}
