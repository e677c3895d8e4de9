//! The page's calls about lessons, as the page makes them: in JSON.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are a test")]

use glasshouse_sim::lesson::library;
use glasshouse_sim::view::call::lesson::{Branch, Which};
use glasshouse_sim::view::call::{Call, Reply};
use glasshouse_sim::view::serve::Served;

fn ask(served: &mut Served, call: &Call) -> Reply {
    let answer = served.answer(&serde_json::to_vec(call).unwrap());
    serde_json::from_slice(&answer).unwrap()
}

fn open(served: &mut Served) -> Reply {
    let which = Which {
        id: "05".into(),
        class: "spring".into(),
        student: "anna".into(),
        ..Which::default()
    };
    ask(served, &Call::OpenLesson { which })
}

fn exec(served: &mut Served, line: &str) {
    let reply = ask(served, &Call::Exec { line: line.into() });
    assert_eq!(reply.error, None, "{line}");
}

fn run(served: &mut Served, until_us: u64) -> u64 {
    let call = Call::Run { until_us, stop: glasshouse_sim::view::call::Stop::Time, slices_max: 0 };
    ask(served, &call).time_us.unwrap()
}

fn verdicts(served: &mut Served, branches: &[Branch]) -> Vec<(String, String)> {
    let call = Call::JudgeLesson { present: "main".into(), branches: branches.to_vec() };
    let grade = ask(served, &call).grade.unwrap();
    grade.goals.into_iter().map(|goal| (goal.name, goal.verdict)).collect()
}

#[test]
fn a_lesson_is_opened_done_judged_and_handed_in() {
    let mut served = Served::default();
    let file = library::find("05").unwrap().file();
    let card = ask(&mut served, &Call::ReadLesson { file: file.clone() }).card.unwrap();
    assert_eq!((card.id.as_str(), card.minutes, card.goals), ("05-stop-the-leader", 20, 5));

    let reply = open(&mut served);
    let sheet = reply.lesson.unwrap();
    assert_eq!(reply.time_us, Some(sheet.start_us));
    assert_eq!(sheet.prepared.last().unwrap().line, "mark start");
    assert!(!sheet.intro.contains("{L}"), "names are filled in: {}", sheet.intro);
    assert_eq!(sheet.steps.len(), 4);
    assert!(sheet.steps[0].text.contains("stop leader"), "{:?}", sheet.steps[0]);

    assert!(verdicts(&mut served, &[]).iter().all(|(_, verdict)| verdict == "not-met"));
    exec(&mut served, "predict P1 5 s");
    exec(&mut served, "stop leader");
    run(&mut served, sheet.start_us + 4_000_000);
    assert_eq!(verdicts(&mut served, &[])[0], ("G1".into(), "met".into()));

    // A locked command does nothing, and its entry says so.
    let id = ask(&mut served, &Call::Exec { line: "power off n1".into() }).id.unwrap();
    let frame = ask(&mut served, &Call::Frame { request: Default::default() }).frame.unwrap();
    let entry = frame.terminal.iter().find(|entry| entry.id == id).unwrap();
    assert!(entry.failed && entry.output.contains("locks power off"), "{entry:?}");

    let present = Branch { name: "main".into(), ..Branch::default() };
    let call = Call::Submission { present, branches: Vec::new() };
    let text = ask(&mut served, &call).text.unwrap();
    assert!(text.contains("predict P1 5 s") && !text.contains("power off"), "{text}");
    let of_build = Call::GradeSubmission { text: text.clone(), file: String::new() };
    let grade = ask(&mut served, &of_build).grade.unwrap();
    let of_file = ask(&mut served, &Call::GradeSubmission { text, file }).grade.unwrap();
    assert_eq!(of_file, grade, "its lesson as a file");
    assert_eq!((grade.student.as_str(), grade.goals[0].verdict.as_str()), ("anna", "met"));
    assert_eq!(grade.predictions[0], ("P1".into(), "wrong".into()));
}

#[test]
fn branches_beside_the_present_one_count() {
    let mut served = Served::default();
    let sheet = open(&mut served).lesson.unwrap();
    exec(&mut served, "stop leader");
    let now = run(&mut served, sheet.start_us + 4_000_000);
    let actions = ask(&mut served, &Call::Actions).actions.unwrap();
    let lines = actions[sheet.prepared.len()..].to_vec();
    let other = Branch { name: "stopped".into(), lines, until_us: now, ..Branch::default() };

    // Back to the start: the same world is made anew, and it is the lesson's still.
    let boot =
        Call::Boot { seed: sheet.seed, nodes: sheet.members, actions: sheet.prepared.clone() };
    assert_eq!(ask(&mut served, &boot).error, None);
    run(&mut served, sheet.start_us);
    exec(&mut served, "kill leader");
    run(&mut served, sheet.start_us + 5_000_000);
    let alone = verdicts(&mut served, &[]);
    assert_eq!((alone[0].1.as_str(), alone[1].1.as_str()), ("not-met", "met"), "{alone:?}");
    let both = verdicts(&mut served, &[other]);
    assert_eq!((both[0].1.as_str(), both[1].1.as_str()), ("met", "met"), "{both:?}");
}

#[test]
fn what_cannot_be_is_told_in_a_sentence() {
    let mut served = Served::default();
    let judge = Call::JudgeLesson { present: "main".into(), branches: Vec::new() };
    assert!(ask(&mut served, &judge).error.unwrap().contains("no world"));
    let none = Call::OpenLesson { which: Which { id: "99".into(), ..Which::default() } };
    assert!(ask(&mut served, &none).error.unwrap().contains("no lesson"));
    let boot = Call::Boot { seed: 1, nodes: 3, actions: Vec::new() };
    assert_eq!(ask(&mut served, &boot).error, None);
    assert!(ask(&mut served, &judge).error.unwrap().contains("No lesson is open"));
    let file = "glasshouse lesson 1\nlesson 30-draft\n\ntitle = 1\n---\n# x\n".to_owned();
    let draft = Which { id: "30-draft".into(), file: file.clone(), ..Which::default() };
    let before = ask(&mut served, &Call::Actions);
    let why = ask(&mut served, &Call::OpenLesson { which: draft }).error.unwrap();
    assert!(why.starts_with("Line 4: "), "{why}");
    assert_eq!(ask(&mut served, &Call::ReadLesson { file }).error, Some(why));
    assert_eq!(ask(&mut served, &Call::Actions), before, "the world is still there");
    let text = "glasshouse submission 1".to_owned();
    let call = Call::GradeSubmission { text, file: String::new() };
    assert!(ask(&mut served, &call).error.is_some());
}

#[test]
fn a_lesson_that_prepares_too_much_is_refused() {
    let mut served = Served::default();
    let file = library::find("05").unwrap().file();
    for (from, to) in [
        ("\"run 2s\"", "\"run 10m\""),
        ("load 20 put/s\", \"run 2s", "load 9000 put/s\", \"run 1m"),
        ("\"run 2s\"", "\"kill all\", \"run 10m\", \"run 1s\""),
    ] {
        let file = file.replace(from, to);
        let which = Which { file, ..Which::default() };
        let why = ask(&mut served, &Call::OpenLesson { which }).error.unwrap();
        assert!(why.contains("asks for more than") && why.ends_with('.'), "{why}");
    }
}
