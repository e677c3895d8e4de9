use super::*;

fn action(time_us: u64, line: &str) -> Action {
    Action { time_us, line: line.to_owned() }
}

#[test]
fn a_rule_goes_and_comes_back_without_a_trace() {
    let run = vec![action(3_000_000, "kill leader")];
    for rule in Rule::ALL {
        assert!(rule.holds(&run));
        let without = rule.put(false, &run);
        assert!(!rule.holds(&without));
        assert_eq!(without[0], action(0, rule.off()), "before anybody starts");
        assert_eq!(rule.put(false, &without), without, "once is enough");
        assert_eq!(rule.put(true, &without), run);
    }
    let none = Rule::ALL.iter().fold(run, |run, rule| rule.put(false, &run));
    assert_eq!(none.len(), 5);
}

#[test]
fn a_rule_that_was_changed_later_is_none_of_the_beginning() {
    let run = vec![action(1_000_000, "rule prevote off")];
    assert!(Rule::PreVote.holds(&run));
    assert_eq!(Rule::PreVote.put(true, &run), run);
}

#[test]
fn main_and_the_newest_are_compared_unless_others_were_chosen() {
    let mut timeline = Timeline::default();
    let mut fates = Fates::default();
    assert_eq!(fates.pair(&timeline), None);
    for _ in 0..2 {
        timeline.fork(Branch::default());
    }
    assert_eq!(fates.pair(&timeline), Some([0, 2]));
    timeline.switch(1);
    assert_eq!(fates.pair(&timeline), Some([0, 1]));
    timeline.switch(0);
    assert_eq!(fates.pair(&timeline), Some([0, 2]));
    fates.chosen = Some([2, 1]);
    assert_eq!(fates.pair(&timeline), Some([2, 1]));
    fates.chosen = Some([2, 3]);
    assert_eq!(fates.pair(&timeline), Some([0, 2]), "it is gone");
}
