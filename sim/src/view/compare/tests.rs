use super::*;
use crate::view::frame::Role;

fn action(time_ms: u64, line: &str) -> Action {
    Action { time_us: time_ms * 1_000, line: line.to_string() }
}

const END_US: u64 = 6_000_000;

fn fates(one: &[Action], other: &[Action]) -> Comparison {
    compare(&Setup::new(7, 3), [(one.to_vec(), END_US), (other.to_vec(), END_US)])
}

#[test]
fn a_run_is_equal_to_itself() {
    let actions = [action(3_000, "kill leader"), action(3_500, "put a 1")];
    let same = fates(&actions, &actions);
    assert_eq!(same.differs_us, None);
    assert_eq!(same.runs[0], same.runs[1]);
    assert!(same.same_events > 100);
}

#[test]
fn a_run_that_goes_further_is_no_other_one() {
    let actions = vec![action(3_000, "put a 1")];
    let runs = [(actions.clone(), 4_150_000), (actions, END_US)];
    let further = compare(&Setup::new(7, 3), runs);
    assert_eq!(further.differs_us, None);
    assert!(further.runs[0].trace != further.runs[1].trace);
    let [short, long] = &further.runs[..] else { panic!("two runs") };
    assert!(long.commits_us.starts_with(&short.commits_us));
}

#[test]
fn two_fates_part_where_something_else_was_done() {
    let put = action(3_000, "put a 1");
    let one = [put.clone(), action(3_250, "kill leader")];
    let other = [put, action(3_300, "put a 2")];
    let parted = fates(&one, &other);
    assert_eq!(parted.differs_us, Some(3_250_000));
    let [killed, alive] = &parted.runs[..] else { panic!("two runs") };
    assert_eq!(killed.line.as_deref(), Some("kill leader"));
    assert_eq!(killed.first, "n2 was killed. What it had written to files stays.");
    assert_eq!(alive.line.as_deref(), Some("put a 2"));
    assert_eq!((alive.leader, alive.revision), (Some(2), 3));
    assert!(killed.leader != Some(2) && killed.term > alive.term);
    assert!(killed.longest_wait_us > 1_000_000, "an election timeout: {}", killed.longest_wait_us);
    let leads = |fate: &Fate| {
        let lanes = fate.lanes.iter();
        lanes.filter(|lane| lane.stands.iter().any(|stand| stand.role == Role::Leader)).count()
    };
    assert_eq!((leads(killed), leads(alive)), (2, 1));
    // The common part is told of both in the same way.
    let before = |fate: &Fate| {
        fate.commits_us.iter().copied().filter(|us| *us < 3_250_000).collect::<Vec<_>>()
    };
    assert_eq!(before(killed), before(alive));
    // And the bench itself comes to the same end.
    let mut bench = Bench::new(Setup::new(7, 3), one.to_vec());
    bench.run_until(END_US, Stop::Time, 0);
    assert_eq!(killed.trace, format!("{:016x}", bench.world().trace_hash()));
}

#[test]
fn a_rule_from_the_beginning_parts_them_later() {
    let one = [action(3_000, "kill leader")];
    let other = [action(0, "rule prevote off"), action(3_000, "kill leader")];
    let parted = fates(&one, &other);
    assert_eq!(parted.differs_us, Some(0), "the line itself is an event");
    assert!(parted.runs[1].term >= parted.runs[0].term);
}
