//! How a lesson comes onto the bench, and what happens on the teacher's desk.

use glasshouse_sim::view::call::lesson::{Card, Offer, Sheet};

use super::*;
use crate::lesson::{self, Beside};
use crate::teach;

const INDEX: &str = r#"[{"id":"05-stop","title":"Stop","minutes":5,"objective":"","goals":1}]"#;

fn fetched(state: &mut State, file: Beside, text: Result<String, String>) -> Vec<Effect> {
    state.update(Msg::Lesson(lesson::Msg::Fetched(file, text)))
}

fn told(state: &mut State, ask: Ask, reply: Reply) -> Vec<Effect> {
    state.flow.unanswered.push_front(ask.clone());
    state.update(Msg::Reply(ask, Box::new(reply), When::default()))
}

fn opens(out: &[Effect]) -> Option<String> {
    out.iter().find_map(|effect| match effect {
        Effect::Ask(Ask::Lesson, Call::OpenLesson { which }) => Some(which.file.clone()),
        _ => None,
    })
}

/// A page whose address names a lesson by its number, with the list of lessons.
fn asked() -> State {
    let mut state = State::new(Browser::default());
    let out = state.update(Msg::Open("#lesson/05/spring/anna".to_owned()));
    assert!(out.contains(&Effect::Fetch(Beside::Index)));
    let out = fetched(&mut state, Beside::Index, Ok(INDEX.to_owned()));
    assert_eq!(out, [Effect::Fetch(Beside::Lesson("05-stop".to_owned()))]);
    state
}

#[test]
fn a_lesson_is_fetched_and_handed_to_the_simulation() {
    let mut state = asked();
    let out = state.update(Msg::SimReady);
    assert!(out.is_empty(), "no other run is built meanwhile: {out:?}");
    let out = fetched(&mut state, Beside::Lesson("04-other".to_owned()), Ok("old".to_owned()));
    assert_eq!(opens(&out), None, "an earlier wish");
    let out = fetched(&mut state, Beside::Lesson("05-stop".to_owned()), Ok("file".to_owned()));
    assert_eq!(opens(&out).as_deref(), Some("file"));
    let which = state.lessons.which.unwrap();
    assert_eq!((which.id.as_str(), which.student.as_str()), ("05-stop", "anna"));
}

#[test]
fn the_file_may_come_before_the_simulation() {
    let mut state = asked();
    let out = fetched(&mut state, Beside::Lesson("05-stop".to_owned()), Ok("file".to_owned()));
    assert!(out.is_empty(), "{out:?}");
    assert_eq!(opens(&state.update(Msg::SimReady)).as_deref(), Some("file"));
}

#[test]
fn a_lesson_that_cannot_be_had_leaves_a_bench_and_a_sentence() {
    let mut state = asked();
    state.update(Msg::SimReady);
    let file = Beside::Lesson("05-stop".to_owned());
    let out = fetched(&mut state, file, Err("It could not be loaded.".to_owned()));
    assert!(matches!(out[..], [Effect::Ask(Ask::Boot, _)]), "{out:?}");
    let why = state.lessons.wrong.unwrap();
    assert_eq!(why, "Lesson 05-stop is not here. It could not be loaded.");
    assert_eq!(state.lessons.which, None);
}

#[test]
fn a_file_is_opened_for_whom_the_address_named() {
    let mut state = asked();
    state.update(Msg::SimReady);
    state.update(Msg::Open("#lesson/30-mine/spring/ben".to_owned()));
    assert!(state.lessons.wrong.as_ref().unwrap().contains("open it"));
    let out = state.update(Msg::Lesson(lesson::Msg::Open(Ok("mine".to_owned()), Some(7))));
    let ask = Ask::LessonFile("mine".to_owned(), Some(7));
    assert!(matches!(&out[..], [Effect::Ask(asked, Call::ReadLesson { .. })] if *asked == ask));
    let card = Card { id: "30-mine".to_owned(), ..Card::default() };
    let out = told(&mut state, ask, Reply { card: Some(card), ..Reply::default() });
    assert_eq!(opens(&out).as_deref(), Some("mine"));
    assert_eq!(state.lessons.which.as_ref().unwrap().student, "ben");
    let sheet = Box::new(Sheet::default());
    let out = told(&mut state, Ask::Lesson, Reply { lesson: Some(sheet), ..Reply::default() });
    assert!(out.contains(&Effect::Answer(7, Ok(String::new()))), "{out:?}");
}

#[test]
fn a_text_that_is_no_lesson_changes_nothing_but_a_sentence() {
    let mut state = asked();
    state.update(Msg::SimReady);
    let before = (state.lessons.which.clone(), state.run.clone());
    let ask = Ask::LessonFile("x".to_owned(), Some(7));
    let error = Some("This is no lesson.".to_owned());
    let out = told(&mut state, ask, Reply { error, ..Reply::default() });
    assert!(out.contains(&Effect::Answer(7, Err("This is no lesson.".to_owned()))), "{out:?}");
    assert_eq!(state.lessons.wrong.as_deref(), Some("This is no lesson."));
    assert_eq!(before.1, state.run);
}

#[test]
fn the_desk_asks_again_when_its_text_has_changed() {
    let mut state = State::new(Browser::default());
    state.update(Msg::Open("#teach".to_owned()));
    let out = state.update(Msg::SimReady);
    assert!(matches!(&out[..], [Effect::Ask(Ask::LessonFile(..), Call::ReadLesson { .. })]));
    state.flow.unanswered.clear();
    state.phase = Phase::Ready;
    let out = state.update(Msg::Teach(teach::Msg::Edit("new".to_owned())));
    assert!(out.contains(&Effect::Remember("draft", "new".to_owned())));
    let out = state.update(Msg::Tick(1.0));
    let ask = Ask::Revise("new".to_owned());
    assert!(matches!(&out[..], [Effect::Ask(asked, Call::ReviseLesson { .. })] if *asked == ask));
    let error = Some("Line 4: no.".to_owned());
    told(&mut state, ask.clone(), Reply { error, ..Reply::default() });
    assert_eq!(state.teach.wrong_line(), Some(4));
    let sheet = Some(Box::new(Sheet { unopened: true, ..Sheet::default() }));
    told(&mut state, ask, Reply { lesson: sheet, ..Reply::default() });
    assert_eq!((state.teach.wrong.clone(), state.teach.good.as_str()), (None, "new"));

    let offer = Offer { formula: "elected()".to_owned(), ..Offer::default() };
    state.teach.offers = vec![offer];
    state.update(Msg::Teach(teach::Msg::Take(0)));
    assert!(state.teach.file.ends_with("formula = 'elected()'\n"), "{}", state.teach.file);
}
