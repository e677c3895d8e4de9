//! What becomes of a message where the hand lets it go.

use glasshouse_sim::view::frame::Message;
use glasshouse_sim::view::spacetime::fold::Part;
use glasshouse_sim::view::spacetime::{Lane, Why};

use super::*;

/// One pixel is 100 microseconds.
const SCALE: f64 = 0.01;

fn arrow(id: u64, sent_us: u64, arrive_us: u64) -> Arrow {
    let message = Message { id, from: 1, to: 2, sent_us, arrive_us, ..Message::default() };
    Arrow { message, sent: Some(id), end: Some(100 + id), ..Arrow::default() }
}

/// Twenty milliseconds: three messages on one link, and one that flies at the end.
fn slice() -> Slice {
    let lane = |no: u32| Lane { no, name: format!("n{no}"), ..Lane::default() };
    let flies = Arrow { end: None, ..arrow(4, 19_000, 21_000) };
    Slice {
        to_us: 20_000,
        lanes: vec![lane(1), lane(2)],
        arrows: vec![arrow(1, 2_000, 4_000), arrow(2, 2_500, 4_500), arrow(3, 3_000, 5_000), flies],
        ..Slice::default()
    }
}

fn scene() -> Scene {
    let part = Part { from_us: 0, to_us: 20_000, folded: None };
    Scene::new(&slice(), &[part], SCALE, (300.0, 200.0))
}

/// The hand takes the arrow of a message and moves it so many pixels.
fn drag(message: u64, by: f64) -> Drag {
    let from = (100.0, 60.0);
    Drag { message, from, at: (from.0 + by, from.1 + 5.0), copy: false, flowed: false }
}

fn check(drag: Drag, line: &str, at_us: u64, until_us: u64) {
    let deed = drag.deed(&slice(), &scene()).expect("something changes");
    assert_eq!((deed.line.as_str(), deed.at_us, deed.until_us), (line, at_us, until_us));
    assert_eq!(deed.sent, Some(drag.message));
}

#[test]
fn along_the_time_it_arrives_later_or_earlier() {
    check(drag(2, 100.0), "delay message 2 10ms", 2_501, 20_000);
    check(drag(2, 12.4), "delay message 2 1.2ms", 2_501, 20_000);
    check(drag(2, -7.0), "hasten message 2 0.7ms", 2_501, 20_000);
    // Beyond the end of the drawing time goes on at the same scale.
    check(drag(2, 200.0), "delay message 2 20ms", 2_501, 24_501);
    // It flies: it is changed now, or when it was sent if it shall have arrived by now.
    check(drag(4, 10.0), "delay message 4 1ms", 20_000, 22_001);
    check(drag(4, -15.0), "hasten message 4 1.5ms", 19_001, 20_000);
    assert_eq!(drag(2, 0.6).deed(&slice(), &scene()), None);
    assert_eq!(drag(9, 50.0).deed(&slice(), &scene()), None);
}

#[test]
fn nothing_arrives_before_it_is_sent() {
    let slice = slice();
    let early = drag(2, -90.0);
    let fate = early.fate(slice.arrow(2).unwrap(), &scene());
    assert_eq!(fate, Fate::Arrives { at_us: 2_502, at_once: true });
    check(early, "hasten message 2 1.998ms", 2_501, 20_000);
}

#[test]
fn a_copy_arrives_where_the_hand_is_but_not_before_the_message() {
    let copy = |by| Drag { copy: true, ..drag(2, by) };
    check(copy(35.0), "double message 2 3.5ms", 2_501, 20_000);
    check(copy(-35.0), "double message 2", 2_501, 20_000);
    assert_eq!(copy(0.0).deed(&slice(), &scene()), None);
}

#[test]
fn out_of_the_lanes_it_is_dropped() {
    for y in [2.0, scene().bottom() + 1.0, -40.0] {
        let out = Drag { at: (100.0, y), ..drag(2, 0.0) };
        check(out, "drop message 2", 2_501, 20_000);
        check(Drag { copy: true, ..out }, "drop message 2", 2_501, 20_000);
    }
    let out = Drag { at: (100.0, 0.0), ..drag(4, 0.0) };
    check(out, "drop message 4", 20_000, 21_001);
}

#[test]
fn whom_it_passes_is_counted() {
    let slice = slice();
    let passes = |id, at_us| passed(&slice, slice.arrow(id).unwrap(), at_us);
    assert_eq!([passes(3, 4_200), passes(3, 3_500), passes(3, 4_800)], [1, 2, 0]);
    assert_eq!([passes(1, 4_800), passes(1, 5_200), passes(1, 30_000)], [1, 2, 3]);
}

#[test]
fn clients_and_what_was_lost_stay_where_they_are() {
    let free = arrow(1, 0, 1);
    assert!(is_loose(&free));
    assert!(!is_loose(&Arrow { client: true, ..free.clone() }));
    assert!(!is_loose(&Arrow { lost: Some((1, Why::Cut)), ..free }));
}

#[test]
fn time_moves_in_round_numbers_at_every_scale() {
    let steps = [0.000_3, 0.008, 0.01, 0.2, 3.0].map(step_us);
    assert_eq!(steps, [1_000, 100, 100, 1, 1]);
    assert_eq!([span(34_900), span(2_000), span(7)], ["34.9ms", "2ms", "0.007ms"]);
}
