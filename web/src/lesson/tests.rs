use std::rc::Rc;

use glasshouse_sim::view::call::Action;
use glasshouse_sim::view::frame::Frame;

use super::*;

#[test]
fn an_address_names_lesson_class_and_student() {
    for address in ["lesson/05-stop-the-leader", "lesson/07-lose-the-quorum/spring/anna"] {
        let which = read(address.strip_prefix("lesson").unwrap()).unwrap();
        assert_eq!(write(&which), address);
    }
    assert_eq!(read("/").map(|which| which.id), None);
    assert_eq!(read("/05//").map(|which| which.class).as_deref(), Some("self"));
}

fn action(time_us: u64, line: &str) -> Action {
    Action { time_us, line: line.to_owned() }
}

#[test]
fn branches_are_told_with_where_they_came_from() {
    let prepared = action(0, "load 20 put/s");
    let mut timeline = Timeline::new(vec![prepared.clone()]);
    let kill = action(10, "kill n1");
    timeline.acted(vec![prepared.clone(), kill.clone()]);
    timeline.acted(vec![prepared.clone(), kill.clone(), action(20, "heal")]);
    timeline.seen(&Rc::new(Frame { time_us: 30, ..Frame::default() }));
    timeline.acted(vec![prepared, kill, action(15, "kill n2")]);
    let (present, others) = branches(&timeline, 1);
    assert_eq!(
        (present.name.as_str(), present.from.as_str(), present.shared),
        ("branch-2", "main", 1)
    );
    assert_eq!(present.lines.len(), 2);
    assert_eq!((others[0].name.as_str(), others[0].until_us), ("main", 30));
    let lessons = Lessons::default();
    assert_eq!(lessons.said("kill", "n2", &timeline), None, "a line without an answer");
}
