//! The checkers are alive: every planted fault is caught, by the property that it breaks.

use glasshouse_sim::check::Property;
use glasshouse_sim::mutant::Mutant;
use glasshouse_sim::run::run_mutant;

/// Seeds within which a mutant must be caught.
const BUDGET: u64 = 500;

fn caught(mutant: Mutant, by: &[Property]) {
    let mut seeds = 0..BUDGET;
    let found = seeds.find_map(|seed| run_mutant(seed, 3, 60, mutant).violation);
    let violation = found.unwrap_or_else(|| panic!("{mutant} was not caught in {BUDGET} seeds"));
    assert!(by.contains(&violation.property), "{mutant} was caught as {violation}");
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

#[test]
fn an_event_that_is_left_out_is_caught() {
    caught(Mutant::LostEvent, &[Property::Watch]);
}

#[test]
fn an_event_that_is_told_twice_is_caught() {
    caught(Mutant::DoubledEvent, &[Property::Watch]);
}

#[test]
fn a_row_that_is_not_what_was_meant_is_caught() {
    caught(Mutant::RottenRow, &[Property::HashEquality, Property::Linearizability, Property::Watch]);
}

#[test]
fn a_renewal_that_the_leader_does_not_know_of_is_caught() {
    caught(Mutant::LocalRenewal, &[Property::Leases]);
}
