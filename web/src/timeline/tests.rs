use glasshouse_sim::view::frame::{Span, TermSpan};

use super::*;

fn line(time_us: u64, line: &str) -> Action {
    Action { time_us, line: line.to_owned() }
}

fn end(time_us: u64) -> Rc<Frame> {
    Rc::new(Frame { time_us, ..Frame::default() })
}

/// Main with a line at 2 s, seen to 6 s; images at 1 s, 3 s and 5 s.
fn six_seconds() -> Timeline {
    let mut timeline = Timeline::new(vec![line(2_000_000, "kill n1")]);
    for (second, done) in [(1, 0), (3, 1), (5, 1)] {
        timeline.did(Some(done));
        timeline.keep(second * 1_000_000);
    }
    timeline.seen(&end(6_000_000));
    timeline
}

#[test]
fn the_nearest_image_of_the_branchs_own_past_is_taken() {
    let mut main = six_seconds();
    assert_eq!(main.clone().way(6_000_000, 4_000_000), Ok(Some(Image::Back(2))));
    assert_eq!(main.clone().way(6_000_000, 2_500_000), Ok(Some(Image::Back(1))));
    assert_eq!(main.clone().way(3_500_000, 4_000_000), Ok(None), "from where it stands");
    assert_eq!(main.way(6_000_000, 500_000), Err(()), "from the beginning");

    // Another fate from 2.5 s on: what main did later is not its past.
    let mut other = six_seconds();
    let actions = vec![line(2_000_000, "kill n1"), line(2_500_000, "heal")];
    other.did(Some(1));
    other.acted(actions);
    other.seen(&end(6_000_000));
    assert_eq!(other.current(), 1);
    assert_eq!(other.clone().way(2_500_000, 5_500_000), Ok(None));
    other.past = other.branches()[0].actions.clone();
    assert_eq!(other.way(6_000_000, 5_500_000), Ok(Some(Image::Back(1))));
}

#[test]
fn too_many_images_are_thinned_where_they_are_dense() {
    let mut timeline = Timeline::default();
    for time_us in [0, 10, 11, 12, 30, 50] {
        timeline.keep(time_us);
    }
    assert_eq!(timeline.thin(IMAGE_BYTES_MAX), None);
    assert_eq!(timeline.thin(IMAGE_BYTES_MAX + 1), Some(Image::Forget(3)));
    assert_eq!(timeline.images.len(), 5);
    // Down to two, which cannot be missed.
    while timeline.thin(u64::MAX).is_some() {}
    let kept: Vec<u64> = timeline.images.values().map(|image| image.time_us).collect();
    assert_eq!(kept, [0, 50]);
}

#[test]
fn an_image_is_made_after_work_and_not_beside_another_one() {
    let mut timeline = Timeline::default();
    assert_eq!(timeline.ran(100_000, Some(0), IMAGE_EVERY_MS - 1.0), None);
    assert_eq!(timeline.ran(200_000, Some(0), 1.0), Some(Image::Keep(1)));
    assert_eq!(timeline.ran(300_000, Some(0), 2.0 * IMAGE_EVERY_MS), None, "too near");
    assert_eq!(timeline.ran(700_000, Some(0), 0.0), Some(Image::Keep(2)));
}

#[test]
fn branches_are_kept_up_to_a_number_and_main_always() {
    let mut timeline = six_seconds();
    for nth in 0..40 {
        timeline.switch(0);
        timeline.acted(vec![line(1_000_000 + nth, "kill n2")]);
        assert_eq!(timeline.branch().from_us, Some(1_000_000 + nth));
    }
    assert_eq!(timeline.branches().len(), BRANCHES_MAX);
    assert_eq!(timeline.branches()[0].name, "main");
    assert_eq!(timeline.current(), BRANCHES_MAX - 1);
}

#[test]
fn marks_are_moments_in_order() {
    let mut timeline = Timeline::default();
    let terms = vec![TermSpan { term: 1, from_us: 7, elected_us: Some(9), ..TermSpan::default() }];
    let cuts = vec![Span { from_us: 3, to_us: Some(9) }];
    let marks = Marks { terms, cuts, violation_us: Some(8), ..Marks::default() };
    timeline.seen(&Rc::new(Frame { time_us: 10, marks, ..Frame::default() }));
    assert_eq!(timeline.moments(), [3, 7, 8, 9]);
}
