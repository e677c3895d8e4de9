//! Slices of small runs: what a student reads, and what must hold of every slice.

use std::collections::BTreeSet;

use super::fold::fold;
use super::why::{Missing, Of, why};
use super::{Event, Slice, What, Why, cause, shiviz, tell};
use crate::script::Bench;
use crate::script::bench::Setup;
use crate::view::call::{Action, Stop};
use crate::view::frame::{Fate, Kind, Role};

fn bench(seed: u64, members: u8, lines: &[(u64, &str)]) -> Bench {
    let action =
        |(ms, line): &(u64, &str)| Action { time_us: ms * 1_000, line: (*line).to_string() };
    Bench::new(Setup::new(seed, members), lines.iter().map(action).collect())
}

fn run(bench: &mut Bench, until_ms: u64) {
    assert_eq!(bench.run_until(until_ms * 1_000, Stop::Time, 0), None);
}

fn slice(bench: &Bench, from_ms: u64, to_ms: u64) -> Slice {
    super::super::slice(bench.world(), from_ms * 1_000, to_ms * 1_000)
}

/// A run with everything in it: a cut, an election, a crash, writes, a rough link.
fn eventful() -> Slice {
    let mut bench = bench(
        11,
        5,
        &[
            (2_000, "put color red"),
            (2_100, "partition leader | rest"),
            (3_800, "rough all->n4 lost=30% doubled=30% reordered=20%"),
            (4_100, "put color blue"),
            (4_150, "power off n1"),
            (4_400, "heal"),
            (4_500, "restart n1"),
            (4_600, "client A put color green"),
            (4_700, "put color grey"),
        ],
    );
    run(&mut bench, 5_200);
    slice(&bench, 0, 5_200)
}

/// The words of the golden texts, with what a reader would skip left out.
fn read(slice: &Slice) -> String {
    let mut text = String::new();
    for place in cause::order(slice) {
        let event = &slice.events[place];
        let quiet =
            slice.arrow_of(event).is_some_and(|arrow| arrow.message.kind == Kind::Heartbeat);
        if !quiet {
            let (at, words) = (tell::seconds(event.at_us), tell::event(slice, event));
            text.push_str(&format!("{at} {words}\n"));
        }
    }
    text
}

#[test]
fn a_put_as_a_student_reads_it() {
    let mut bench = bench(7, 3, &[(2_000, "put color red")]);
    run(&mut bench, 2_060);
    let text = read(&slice(&bench, 2_000, 2_060));
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/src/view/spacetime/put.golden");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(golden, &text).unwrap();
    }
    assert_eq!(text, include_str!("put.golden"));
}

#[test]
fn every_message_that_arrived_was_sent_before() {
    let slice = eventful();
    let mut arrived = 0;
    for event in &slice.events {
        let What::Delivered { message } = event.what else { continue };
        let arrow = slice.arrow(message).expect("its arrow");
        let sent = slice.event(arrow.sent.expect("the slice begins with the run")).unwrap();
        assert!(sent.seq < event.seq && sent.at_us <= event.at_us, "{arrow:?}");
        assert!(event.causes.contains(&sent.seq), "{event:?}");
        arrived += 1;
    }
    assert!(arrived > 300, "{arrived}");
    let lost: BTreeSet<_> =
        slice.lost().filter_map(|arrow| arrow.lost).map(|(_, why)| format!("{why:?}")).collect();
    for why in [Why::Cut, Why::Loss, Why::NobodyListens] {
        assert!(lost.contains(&format!("{why:?}")), "{lost:?}");
    }
    assert!(slice.arrows.iter().any(|arrow| arrow.copy_of.is_some()));
    assert!(slice.cuts.len() == 1 && slice.cuts[0].to_us.is_some(), "{:?}", slice.cuts);
    assert!(slice.lanes[0].downs.iter().any(|down| !down.frozen && down.to_us.is_some()));
    assert!(slice.lanes.iter().any(|lane| !lane.is_member() && lane.name == "you"));
}

#[test]
fn the_past_is_closed_and_never_later() {
    let slice = eventful();
    for event in slice.events.iter().step_by(17) {
        let past = cause::past(&slice, event.seq);
        assert!(past.contains(&event.seq) && past.iter().all(|seq| *seq <= event.seq));
        for seq in &past {
            let causes = &slice.event(*seq).unwrap().causes;
            assert!(causes.iter().all(|cause| past.contains(cause)), "{seq}");
        }
        // All that the process did before is in it, unless it only happened to it.
        let own = slice.events.iter().filter(|other| {
            other.lane == event.lane && other.seq < event.seq && other.lane != super::WORLD
        });
        let is_loss = matches!(event.what, What::Lost { .. });
        for other in own.filter(|other| !is_loss && !matches!(other.what, What::Lost { .. })) {
            assert!(past.contains(&other.seq), "{other:?}");
        }
    }
}

#[test]
fn no_effect_stands_before_its_cause() {
    let slice = eventful();
    let order = cause::order(&slice);
    let mut seen = BTreeSet::new();
    for place in &order {
        let event = &slice.events[*place];
        assert!(event.causes.iter().all(|cause| seen.contains(cause)), "{event:?}");
        assert!(seen.insert(event.seq));
    }
    assert_eq!(seen.len(), slice.events.len());
}

#[test]
fn folding_loses_no_event_and_leaves_no_hole() {
    let slice = eventful();
    let parts = fold(&slice, &[]);
    assert_eq!(parts.first().unwrap().from_us, slice.from_us);
    assert_eq!(parts.last().unwrap().to_us, slice.to_us);
    assert!(parts.windows(2).all(|pair| pair[0].to_us == pair[1].from_us));
    let last = parts.len() - 1;
    let mut events = 0;
    for (nth, part) in parts.iter().enumerate() {
        let within =
            |us: u64| part.from_us <= us && (us < part.to_us || nth == last && us == part.to_us);
        let here = slice.events.iter().filter(|event| within(event.at_us));
        let count = here.clone().count();
        events += count;
        if let Some(folded) = part.folded {
            assert_eq!(folded.events, count);
            for event in here {
                let arrow = slice.arrow_of(event).expect("only messages are folded");
                assert_eq!(arrow.message.kind, Kind::Heartbeat);
            }
        }
    }
    assert_eq!(events, slice.events.len());
    let gaps: Vec<_> = parts.iter().filter(|part| part.folded.is_some()).collect();
    assert!(gaps.len() > 3, "{parts:?}");
    let within = gaps[1].from_us + 1;
    let opened = fold(&slice, &[within]);
    assert_eq!(opened.iter().filter(|part| part.folded.is_some()).count(), gaps.len() - 1);
}

#[test]
fn a_leader_could_because_of_votes_that_were_on_disk() {
    let slice = eventful();
    let (event, leader, term) = slice.elections().last().unwrap();
    let count = why(&slice, event.seq).unwrap();
    assert_eq!((count.of, count.voters, count.needs), (Of::Term(term), 5, 3));
    assert_eq!(count.rows[0].member, leader);
    let counted: Vec<_> = count.rows.iter().filter(|row| row.counted_us.is_some()).collect();
    assert!(counted.len() >= count.needs, "{count:?}");
    for row in counted {
        let (asked, disk) = (row.asked_us.unwrap(), row.disk_us.unwrap());
        assert!(asked <= disk && disk <= row.counted_us.unwrap(), "{row:?}");
    }
    let cut = count.rows.iter().filter(|row| row.missing == Some(Missing::QuestionLost(Why::Cut)));
    assert_eq!(cut.count(), 1, "{count:?}");
}

#[test]
fn an_entry_is_committed_because_a_majority_has_it_on_disk() {
    let mut bench = bench(7, 3, &[(2_000, "put color red")]);
    run(&mut bench, 2_060);
    let slice = slice(&bench, 2_000, 2_060);
    let leader = slice.lanes.iter().find(|lane| lane.role == Some(Role::Leader)).unwrap().no;
    let commits = slice.events.iter().filter(|event| event.lane == leader);
    let commit = commits
        .into_iter()
        .find(|event| matches!(event.what, What::Committed { .. }))
        .expect("the leader knows it first");
    let count = why(&slice, commit.seq).unwrap();
    let on_disk = count.rows.iter().filter(|row| row.counted_us.is_some());
    assert!(on_disk.clone().count() >= count.needs, "{count:?}");
    assert!(on_disk.clone().all(|row| row.disk_us.is_some()), "{count:?}");
    // A follower learns of it from others: it has nothing to count.
    let others = slice.events.iter().filter(|event| event.lane != leader);
    let heard = others.into_iter().find(|event| matches!(event.what, What::Committed { .. }));
    assert_eq!(why(&slice, heard.unwrap().seq), None);
}

#[test]
fn a_long_stretch_is_cut_short_and_says_so() {
    let mut bench = bench(3, 5, &[(1_500, "load 400 put/s for 3s")]);
    run(&mut bench, 5_000);
    let long = slice(&bench, 0, 5_000);
    assert!(long.events.len() <= super::EVENTS_MAX);
    assert!(long.from_us > 0 && long.to_us == 5_000_000);
    assert!(tell::short(&long).unwrap().starts_with("More happened than can be drawn"));
    assert!(long.lanes.iter().filter(|lane| !lane.is_member()).count() <= super::CLIENTS_MAX);
    assert_eq!(long.clients_left_out, 2);
    let words = tell::summary(&long);
    assert!(words.contains(&format!("{} messages", long.arrows.len())), "{words}");
}

#[test]
fn one_message_is_dropped_held_back_and_doubled() {
    // The same run, and the first append of its put in the hands of a user.
    let mut plain = bench(7, 3, &[(2_000, "put color red")]);
    run(&mut plain, 2_060);
    let before = slice(&plain, 2_000, 2_060);
    let append = before
        .arrows
        .iter()
        .find(|arrow| arrow.message.kind == Kind::Append && arrow.message.entries == 1)
        .unwrap();
    let id = append.message.id;
    let with = |line: &str| {
        let mut bench = Bench::new(
            Setup::new(7, 3),
            vec![
                Action { time_us: 2_000_000, line: "put color red".to_string() },
                Action { time_us: append.message.sent_us + 1, line: line.to_string() },
            ],
        );
        run(&mut bench, 2_100);
        slice(&bench, 2_000, 2_100)
    };
    let dropped = with(&format!("drop message {id}"));
    assert_eq!(dropped.arrow(id).unwrap().lost.map(|(_, why)| why), Some(Why::ByHand));
    let line = |slice: &Slice, words: &str| {
        slice.events.iter().any(|event| event.what == What::Line { words: words.to_string() })
    };
    assert!(line(&dropped, &format!("drop message {id}")));
    let delayed = with(&format!("delay message {id} 20ms"));
    let held = &delayed.arrow(id).unwrap().message;
    assert_eq!((held.fate, held.arrive_us), (Fate::Delayed, append.message.arrive_us + 20_000));
    let copy = |slice: &Slice| {
        let copy = slice.arrows.iter().find(|arrow| arrow.copy_of == Some(id));
        copy.expect("it was sent twice").message.arrive_us
    };
    assert_eq!(copy(&with(&format!("double message {id}"))), append.message.arrive_us);
    let later = with(&format!("double message {id} 5ms"));
    assert_eq!(copy(&later), append.message.arrive_us + 5_000);
    // Earlier, once and no more often; and never before it is sent.
    let hastened = with(&format!("hasten message {id} 300us"));
    let ahead = hastened.arrow(id).unwrap();
    assert_eq!((ahead.message.fate, ahead.lost), (Fate::Delayed, None));
    assert_eq!(ahead.message.arrive_us, append.message.arrive_us - 300);
    let arrivals = |event: &&Event| event.what == What::Delivered { message: id };
    assert_eq!(hastened.events.iter().filter(arrivals).count(), 1);
    let at_once = with(&format!("hasten message {id} 1s"));
    assert_eq!(at_once.arrow(id).unwrap().message.arrive_us, append.message.sent_us + 1);
}

#[test]
fn shiviz_gets_a_clock_for_every_event_of_a_host() {
    let slice = eventful();
    let log = shiviz::log(&slice);
    let mut lines = log.lines();
    assert_eq!(lines.next(), Some(shiviz::REGEX));
    let told = |what: &What| !matches!(what, What::Lost { .. } | What::Line { .. });
    let told = slice.events.iter().filter(|event| told(&event.what)).count();
    assert_eq!(lines.skip(1).count(), 2 * told);
    assert!(log.contains("\nn2 {"), "{log}");
}
