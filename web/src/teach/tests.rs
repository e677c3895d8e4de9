use super::edit::{with_goal, with_list};
use super::*;

fn list(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

#[test]
fn a_list_is_written_in_its_place() {
    let locked = with_list(TEMPLATE, "locked", &list(&["drop", "power off"]));
    assert_eq!(locked, TEMPLATE.replace("locked = []", "locked = [\"drop\", \"power off\"]"));
    assert_eq!(with_list(&locked, "locked", &[]), TEMPLATE, "and back");
}

#[test]
fn a_list_of_several_lines_goes_as_a_whole() {
    let long = "locked = [\n  \"a]\", # two\n  'b',\n]";
    let file = TEMPLATE.replace("locked = []", long);
    assert_eq!(with_list(&file, "locked", &[]), TEMPLATE);
}

#[test]
fn a_list_that_is_missing_comes_above_the_tables() {
    let file = TEMPLATE.replace("locked = []\n", "");
    let file = with_list(&file, "locked", &list(&["rule"]));
    let (place, tables) = (file.find("locked = [\"rule\"]\n"), file.find("[[steps]]"));
    assert!(place.is_some() && place < tables, "{file}");
    assert_eq!(file.matches("locked").count(), 1);
    // What the text of the lesson says is no setting.
    let text = TEMPLATE.replace("locked = []\n", "") + "\nlocked = [] is what you write\n";
    assert!(with_list(&text, "locked", &[]).ends_with("\nlocked = [] is what you write\n"));
}

#[test]
fn a_goal_comes_behind_the_last_one() {
    let file = with_goal(TEMPLATE, 2, "put \"a\"", "ok put(key = \"a\")");
    let goal = "\n\n[[goals]]\nname = \"G2\"\nstep = 2\ntitle = \"put \\\"a\\\"\"\nformula = 'ok put(key = \"a\")'\n---\n# My lesson";
    assert!(file.contains(goal), "{file}");
    assert!(
        with_goal(&file, 1, "x", "a ~ \"it's\"").contains("formula = \"a ~ \\\"it's\\\"\"\n---")
    );
}

#[test]
fn a_class_is_a_list_of_names() {
    let mut desk = Desk::new("");
    desk.class = " Spring 2026 ".to_owned();
    desk.students = "Anna Bell\n\n  Jörg, \"the\" Ox\n=1+1\nAnna Bell\n".to_owned();
    assert_eq!(desk.class_name(), "Spring-2026");
    assert_eq!(desk.names(), ["Anna-Bell", "Jörg-the-Ox", "11", "Anna-Bell-2"]);
    assert_eq!(desk.link("30-mine", "Anna-Bell"), "lesson/30-mine/Spring-2026/Anna-Bell");
    desk.seats = vec![Seat { student: "Anna-Bell".to_owned(), seed: 7 }];
    assert_eq!(
        desk.table("30-mine", "http://x/"),
        "student,seed,link\nAnna-Bell,7,http://x/#lesson/30-mine/Spring-2026/Anna-Bell\n"
    );
    desk.students = "ü".repeat(100);
    assert_eq!(desk.names()[0].len(), NAME_MAX);
}

#[test]
fn the_line_that_is_wrong_is_known() {
    let mut desk = Desk::new("");
    assert_eq!(desk.wrong_line(), None);
    desk.wrong = Some("Line 12: unknown field `x`.".to_owned());
    assert_eq!(desk.wrong_line(), Some(12));
    desk.wrong = Some("A lesson without goals cannot be graded.".to_owned());
    assert_eq!(desk.wrong_line(), None);
}
