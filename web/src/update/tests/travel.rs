//! The way through time, on a simulation that is a clock and a list of lines.

use glasshouse_sim::view::spacetime::{Arrow, Lane, Slice};

use super::*;
use crate::spacetime::Msg as Space;
use crate::spacetime::drag::Drag;
use crate::text::en::time as said;
use crate::timeline;

/// A run of three seconds with two lines in it, paused at its end.
fn recorded() -> Page {
    let mut page = Page::open("#seed=7&n=3&a=1000000.kill+n2;1000000.restart+n2&t=3000000");
    page.ticks(200);
    assert_eq!(page.state.flow.sim_us, 3_000_000);
    page
}

fn names(page: &Page) -> Vec<&str> {
    page.state.timeline.branches().iter().map(|branch| branch.name.as_str()).collect()
}

#[test]
fn a_seek_shows_the_moment_and_keeps_what_comes_after_it() {
    let mut page = recorded();
    page.tell(Msg::Seek(1_500_000));
    assert_eq!(page.state.frame.time_us, 1_500_000);
    assert_eq!(page.state.flow.clock_us, 1_500_000.0);
    assert!(page.state.in_the_past() && page.state.settled());
    assert_eq!(page.lines(), ["kill n2"], "the second line is not done yet");
    assert_eq!(page.state.so_far().actions.len(), 2, "and not forgotten");
    // Play repeats what was recorded.
    page.tell(Msg::Seek(u64::MAX));
    assert_eq!(page.state.frame.time_us, 3_000_000);
    assert!(!page.state.in_the_past());
    assert_eq!(page.lines(), ["kill n2", "restart n2"]);
}

#[test]
fn images_make_the_way_short() {
    let mut page = recorded();
    let nearest = page.images.values().map(|sim| sim.time_us).filter(|us| *us <= 1_900_000).max();
    assert!(nearest > Some(0), "{nearest:?}");
    page.tell_only(Msg::Seek(1_900_000));
    page.answer();
    assert_eq!(Some(page.sim.time_us), nearest);
}

#[test]
fn who_acts_in_the_past_begins_a_branch() {
    let mut page = recorded();
    page.tell(Msg::Seek(1_500_000));
    page.tell(Msg::Exec("kill n3".to_owned(), Origin::Bench));
    assert_eq!(names(&page), ["main", "kill n3"]);
    assert_eq!(page.lines(), ["kill n2", "kill n3"], "what was to come is not done here");
    assert_eq!(page.state.timeline.branch().from_us, Some(1_500_000));
    page.tell(Msg::Exec("heal".to_owned(), Origin::Bench));
    assert_eq!(names(&page).len(), 2, "at the end of a branch one acts in it");

    page.tell(Msg::Travel(timeline::Msg::Branch(0)));
    assert_eq!(page.state.timeline.branch().actions.len(), 2);
    page.tell(Msg::Seek(u64::MAX));
    assert_eq!(page.lines(), ["kill n2", "restart n2"], "main is as it was");
    page.tell(Msg::Do(Deed::NextBranch));
    assert_eq!(page.lines(), ["kill n2", "kill n3", "heal"]);
    assert_eq!(page.address(), Some(&*link::write(&page.state.so_far(), "")));
}

#[test]
fn looking_is_no_branch() {
    let mut page = recorded();
    page.tell(Msg::Seek(1_500_000));
    page.tell(Msg::Do(Deed::Toggle));
    page.ticks(20);
    page.tell(Msg::Select(Some(2)));
    assert_eq!(names(&page), ["main"]);
}

#[test]
fn a_step_back_goes_to_what_happened_before() {
    let mut page = recorded();
    page.tell(Msg::Seek(1_500_300));
    page.tell(Msg::Do(Deed::StepBack));
    // The step before ended at most one microsecond before the grid's last line.
    assert_eq!(page.state.frame.time_us, 1_500_180);
    page.tell(Msg::Seek(0));
    page.tell(Msg::Do(Deed::StepBack));
    assert_eq!(page.state.frame.time_us, 0);
}

#[test]
fn dragging_does_not_queue() {
    let mut page = recorded();
    for at in 0..50 {
        page.tell_only(Msg::Seek(at * 50_000));
    }
    assert!(page.asked.len() <= 2, "{:?}", page.asked);
    page.tell(Msg::Seek(700_000));
    assert_eq!(page.state.frame.time_us, 700_000);
}

#[test]
fn lines_that_are_typed_on_the_way_are_done_there() {
    let mut page = recorded();
    page.tell_only(Msg::Seek(1_500_000));
    page.tell_only(Msg::Exec("kill n3".to_owned(), Origin::Api(5)));
    page.tell(Msg::Draft(String::new()));
    page.ticks(20);
    assert_eq!(page.sim.actions.last().map(|action| action.time_us), Some(1_500_000));
    assert!(page.effects.contains(&Effect::Answer(5, Ok("OK\n".to_owned()))));
}

#[test]
fn promises_end_when_time_is_moved_again() {
    let mut page = recorded();
    page.tell_only(Msg::Travel(timeline::Msg::Seek(1_000_000, 8)));
    page.tell_only(Msg::Travel(timeline::Msg::Seek(2_000_000, 9)));
    page.tell(Msg::Draft(String::new()));
    assert!(page.effects.contains(&Effect::Answer(8, Err(said::LEFT.to_owned()))));
    assert!(page.effects.contains(&Effect::Answer(9, Ok(String::new()))));
    assert_eq!(page.state.frame.time_us, 2_000_000);
    // A new run ends them, too.
    page.tell_only(Msg::Travel(timeline::Msg::Seek(1_000_000, 10)));
    page.tell(Msg::Begin(1, 3));
    assert!(page.effects.contains(&Effect::Answer(10, Err(said::LEFT.to_owned()))));
}

#[test]
fn another_run_forgets_branches_and_images() {
    let mut page = recorded();
    page.tell(Msg::Seek(1_500_000));
    page.tell(Msg::Exec("kill n3".to_owned(), Origin::Bench));
    page.tell(Msg::Begin(1, 3));
    assert_eq!(names(&page), ["main"]);
    assert!(page.images.values().all(|sim| sim.actions.is_empty()));
}

/// The recorded run in the space-time view, with one message in it: sent at 2.9 s, it arrived a millisecond later.
fn with_an_arrow() -> Page {
    let mut page = recorded();
    page.state.view = View::Spacetime;
    let message = Message {
        id: 7,
        from: 1,
        to: 2,
        sent_us: 2_900_000,
        arrive_us: 2_901_000,
        ..Message::default()
    };
    let lane = |no: u32| Lane { no, name: format!("n{no}"), ..Lane::default() };
    page.tell(Msg::Space(Space::Resize(800.0, 300.0)));
    page.state.space.take(Slice {
        from_us: 2_800_000,
        to_us: 3_000_000,
        lanes: vec![lane(1), lane(2)],
        arrows: vec![Arrow { message, sent: Some(1), end: Some(2), ..Arrow::default() }],
        ..Slice::default()
    });
    // Nothing else happens in it, so it would be folded.
    page.tell(Msg::Space(Space::Unfold(2_900_500)));
    page
}

#[test]
fn an_arrow_that_is_let_go_is_a_line_where_it_flew_and_time_goes_on_to_where_it_was() {
    let mut page = with_an_arrow();
    page.tell(Msg::Space(Space::Grab(7, (300.0, 100.0))));
    page.tell(Msg::Space(Space::Drag((296.0, 100.0), false)));
    page.tell(Msg::Space(Space::LetGo));
    page.ticks(20);
    assert_eq!(page.lines(), ["kill n2", "restart n2", "hasten message 7 0.5ms"]);
    assert_eq!(page.sim.actions.last().map(|action| action.time_us), Some(2_900_001));
    assert_eq!(page.state.newest().time_us, 3_000_000);
    assert_eq!(page.state.space.drag, None);
    assert!(page.state.settled());
    // In another hand nothing happens: it was put back, or never taken.
    page.tell(Msg::Space(Space::Grab(8, (0.0, 0.0))));
    page.tell(Msg::Space(Space::LetGo));
    assert_eq!(page.lines().len(), 3);
}

#[test]
fn time_stands_while_a_hand_holds_an_arrow() {
    let mut page = with_an_arrow();
    page.state.flow.playing = true;
    page.tell(Msg::Space(Space::Grab(7, (300.0, 100.0))));
    page.tell(Msg::Space(Space::Drag((340.0, 100.0), true)));
    let held =
        Drag { message: 7, from: (300.0, 100.0), at: (340.0, 100.0), copy: true, flowed: true };
    assert_eq!((page.state.space.drag, page.state.flow.playing), (Some(held), false));
    // Nothing moves under the hand.
    page.state.space.take(Slice::default());
    assert_eq!(page.state.space.slice.arrows.len(), 1);
    page.tell(Msg::Do(Deed::Close));
    assert_eq!((page.state.space.drag, page.state.flow.playing), (None, true));
    // Without an arrow Escape means the chosen event.
    page.tell(Msg::Space(Space::Choose(Some(1))));
    page.tell(Msg::Space(Space::Escape));
    assert_eq!(page.state.space.chosen, None);
    assert_eq!(page.lines().len(), 2);
}
