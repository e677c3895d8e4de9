//! Places of a small picture.

use glasshouse_sim::view::frame::Message;
use glasshouse_sim::view::spacetime::fold::Folded;
use glasshouse_sim::view::spacetime::{Lane, Parting};

use super::*;

fn slice() -> Slice {
    let lane = |no: u32| Lane { no, name: format!("n{no}"), ..Lane::default() };
    Slice {
        from_us: 0,
        to_us: 300_000,
        lanes: vec![lane(1), lane(2), lane(3), lane(256)],
        cuts: vec![Parting { from_us: 0, to_us: Some(5_000), groups: vec![vec![2], vec![1, 3]] }],
        ..Slice::default()
    }
}

fn parts() -> Vec<Part> {
    let part = |from_us, to_us, folded| Part { from_us, to_us, folded };
    vec![
        part(0, 10_000, None),
        part(10_000, 290_000, Some(Folded::default())),
        part(290_000, 300_000, None),
    ]
}

fn arrow(from: u32, to: u32, sent_us: u64, arrive_us: u64) -> Arrow {
    let message = Message { from, to, sent_us, arrive_us, ..Message::default() };
    Arrow { message, sent: Some(1), end: Some(2), ..Arrow::default() }
}

fn scene() -> Scene {
    Scene::new(&slice(), &parts(), 0.01, (200.0, 400.0))
}

#[test]
fn time_runs_to_the_right_and_gaps_have_one_width() {
    let scene = scene();
    let places: Vec<f64> = [0, 5_000, 10_000, 290_000, 300_000].map(|us| scene.x(us)).to_vec();
    assert_eq!(places, [16.0, 66.0, 116.0, 150.0, 250.0]);
    assert!(places.is_sorted());
    assert_eq!(scene.width, 250.0 + 28.0);
}

#[test]
fn a_place_has_its_moment_also_behind_the_end() {
    let scene = scene();
    for us in [0, 5_000, 10_000, 150_000, 290_000, 296_700, 300_000, 312_300] {
        assert_eq!(scene.us(scene.reach(us)), us, "{}", scene.reach(us));
    }
    assert_eq!(scene.us(-40.0), 0);
    assert_eq!(scene.reach(310_000), scene.x(300_000) + 100.0);
    assert_eq!(scene.x(310_000), scene.x(300_000));
}

#[test]
fn whoever_was_cut_off_together_stands_together() {
    let scene = scene();
    let order: Vec<u32> = scene.lanes.iter().map(|(lane, _)| *lane).collect();
    assert_eq!(order, [2, 1, 3, 256]);
    // One gap, from the sheet's edge to where it healed, between n2 and n1.
    let between = (scene.y(2).unwrap() + scene.y(1).unwrap()) / 2.0;
    assert_eq!(scene.cuts, [(0.0, scene.x(5_000), between)]);
}

#[test]
fn an_arrow_ends_where_its_message_ended() {
    let scene = scene();
    let arrived = scene.path(&arrow(1, 3, 2_000, 4_000)).unwrap();
    assert_eq!(arrived.end, End::Arrived);
    assert_eq!(arrived.to, (scene.x(4_000), scene.y(3).unwrap() - HALF));
    let cut = Arrow { lost: Some((2_000, Why::Cut)), ..arrow(2, 1, 2_000, 4_000) };
    let cut = scene.path(&cut).unwrap();
    assert_eq!((cut.end, cut.to.1), (End::Lost, scene.cuts[0].2 - CUT));
    let nobody = Arrow { lost: Some((2_000, Why::NobodyListens)), ..arrow(1, 3, 2_000, 4_000) };
    assert_eq!(scene.path(&nobody).unwrap().to, arrived.to);
    let flies = Arrow { end: None, ..arrow(1, 3, 299_000, 301_000) };
    let flies = scene.path(&flies).unwrap();
    assert_eq!((flies.end, flies.glyph), (End::Flies, flies.to));
    assert_eq!(scene.path(&arrow(1, 7, 0, 1)), None);
}

#[test]
fn moments_are_written_where_there_is_room() {
    let scene = scene();
    let ticks = scene.ticks();
    assert!(ticks.iter().all(|(us, _)| us.is_multiple_of(10_000)), "{ticks:?}");
    assert!(ticks.windows(2).all(|pair| pair[1].1 - pair[0].1 >= TICK * 0.7), "{ticks:?}");
    assert!(ticks.len() >= 2);
}
