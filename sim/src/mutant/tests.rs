use super::*;
use crate::place::MemberNo;

#[test]
fn the_catalogue_is_in_the_order_of_the_mutants() {
    for (place, facts) in catalogue::CATALOGUE.iter().enumerate() {
        assert_eq!(facts.mutant as usize, place, "{}", facts.code);
        assert_eq!(facts.mutant.facts().code, facts.code);
        assert!(!facts.caught_by.is_empty(), "{}", facts.code);
    }
    assert!(catalogue::CATALOGUE.is_sorted_by(|left, right| left.code < right.code));
}

#[test]
fn codes_and_names_are_good_words() {
    for mutant in Mutant::all() {
        let (code, name) = (mutant.code(), mutant.name());
        assert!(code.starts_with('M') && code.len() == 3, "{code}");
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{name}");
        for word in [code, name, &code.to_lowercase()] {
            assert_eq!(Mutant::from_name(word), Some(mutant), "{word}");
        }
        assert_eq!(mutant.to_string(), code, "a hunter sees the code");
    }
    let names: std::collections::BTreeSet<_> = Mutant::all().map(Mutant::name).collect();
    assert_eq!(names.len(), catalogue::CATALOGUE.len());
    assert_eq!(Mutant::from_name("M00"), None);
}

#[test]
fn members_fall_sick_and_are_cured_one_by_one() {
    let [n1, n2, n3] = [1, 2, 3].map(|number| MemberNo::from_number(number).unwrap());
    let has = |plants: &Plants| [n1, n2, n3].map(|no| plants.has(Mutant::LocalRead, no));
    let mut plants = Plants::default();
    assert!(plants.is_empty());
    plants.plant(Mutant::LocalRead, &[n2]);
    plants.plant(Mutant::LocalRead, &[n3]);
    assert_eq!(has(&plants), [false, true, true]);
    assert!(!plants.unplant(Mutant::LocalRead, &[n1]));
    assert!(plants.unplant(Mutant::LocalRead, &[n2]));
    assert_eq!(has(&plants), [false, false, true]);
    plants.plant(Mutant::LocalRead, &[]);
    assert_eq!(has(&plants), [true, true, true]);
    assert!(plants.unplant(Mutant::LocalRead, &[]));
    assert!(plants.is_empty());
    assert!(Plants::usual(Mutant::RottenRow).has(Mutant::RottenRow, n1));
    assert!(!Plants::usual(Mutant::RottenRow).has(Mutant::RottenRow, n2));
}
