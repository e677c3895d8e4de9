//! What links decide.

use super::*;
use crate::clock::MILLIS;
use crate::place::MemberNo;

const REQUEST: Carried = Carried::Request(CallId(1));

fn n(number: u8) -> Place {
    MemberNo::from_number(number).unwrap().into()
}

fn network() -> Network {
    Network::new(7, 2 * MILLIS, MILLIS, MILLIS / 2)
}

fn arrival(fate: Fate) -> Nanos {
    match fate {
        Fate::Arrives { at, .. } => at,
        Fate::Lost(why) => panic!("lost: {why:?}"),
    }
}

#[test]
fn latency_stays_in_its_range_and_messages_keep_their_order() {
    let mut network = network();
    let mut last = 0;
    for i in 0..1000 {
        let now = i * 100_000;
        let at = arrival(network.decide(now, n(1), n(2), REQUEST));
        assert!(at > last, "no message overtakes another");
        assert!(at >= now + MILLIS && at <= (now + 3 * MILLIS).max(last + 1));
        last = at;
    }
}

#[test]
fn a_dial_of_one_link_shifts_no_other_and_not_its_own_latencies() {
    let draw = |dial: &dyn Fn(&mut Network)| {
        let mut network = network();
        dial(&mut network);
        let times = (0..100).map(|i| network.decide(i * 50 * MILLIS, n(2), n(1), REQUEST));
        times.map(arrival).collect::<Vec<_>>()
    };
    let calm = draw(&|_| {});
    assert_eq!(calm, draw(&|network| network.cut(0, n(1), n(2))));
    let lossy = draw(&|network| {
        network.set(n(2), n(1), |link| link.trouble.duplicates = 1_000_000);
    });
    assert_eq!(calm, lossy);
}

#[test]
fn loss_doubles_and_disorder_come_as_often_as_they_should() {
    let mut network = network();
    let trouble = Trouble { loss: 100_000, duplicates: 200_000, reordered: 300_000 };
    network.set(n(1), n(2), |link| link.trouble = trouble);
    let (mut lost, mut doubled, mut late) = (0, 0, 0);
    for i in 0..20_000 {
        let now = i * 20 * MILLIS;
        match network.decide(now, n(1), n(2), REQUEST) {
            Fate::Lost(_) => lost += 1,
            Fate::Arrives { at, copy_at } => {
                doubled += u32::from(copy_at.is_some());
                late += u32::from(at > now + 4 * MILLIS);
            }
        }
    }
    assert!((1_800..2_200).contains(&lost), "{lost}");
    assert!((3_300..3_900).contains(&doubled), "{doubled}");
    assert!((5_000..5_800).contains(&late), "{late}");
}

#[test]
fn a_cut_has_a_direction_and_a_beginning() {
    let mut network = network();
    network.cut(50, n(1), n(2));
    assert_eq!(network.decide(60, n(1), n(2), REQUEST), Fate::Lost(DropReason::Cut));
    assert!(matches!(network.decide(60, n(2), n(1), REQUEST), Fate::Arrives { .. }));
    assert!(!network.was_cut(n(1), n(2), 49), "it had arrived before");
    assert!(network.was_cut(n(1), n(2), 50));
    network.heal(n(1), n(2));
    assert!(!network.was_cut(n(1), n(2), 50));
}

#[test]
fn the_next_message_is_dropped_once() {
    let mut network = network();
    network.set(n(1), n(2), |link| link.drops_next = Some(None));
    assert_eq!(network.decide(0, n(1), n(2), REQUEST), Fate::Lost(DropReason::ByHand));
    assert!(matches!(network.decide(0, n(1), n(2), REQUEST), Fate::Arrives { .. }));
    network.set(n(1), n(2), |link| link.drops_next = Some(Some(MessageKind::Vote)));
    let answer = network.decide(0, n(1), n(2), REQUEST);
    assert!(matches!(answer, Fate::Arrives { .. }), "that is no vote");
}
