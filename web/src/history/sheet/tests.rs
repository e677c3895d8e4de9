use glasshouse_sim::view::call::history::Verdict;
use glasshouse_sim::view::frame::Span;

use super::super::Way;
use super::*;

fn operation(id: u64, client: &str, called_us: u64, returned_us: Option<u64>) -> Operation {
    let outcome = if returned_us.is_some() { Outcome::Done } else { Outcome::Open };
    let (client, words) = (client.to_owned(), format!("put key-{id} value"));
    Operation { id, client, called_us, returned_us, outcome, words, ..Operation::default() }
}

fn history(operations: Vec<Operation>) -> History {
    History { time_us: 9_000_000, operations, ..History::default() }
}

/// Somebody asks all the time, an hour passes, and somebody gives up.
fn busy() -> History {
    let mut operations: Vec<_> = (0..40)
        .zip(["you", "A", "B"].iter().cycle())
        .map(|(n, client)| {
            let at = 1_000_000 + n * 7_000;
            operation(n + 1, client, at, Some(at + 9_000))
        })
        .collect();
    operations.push(operation(41, "A", 3_600_000_000, Some(3_600_020_000)));
    operations.push(operation(42, "A", 3_600_030_000, None));
    operations.push(operation(43, "A", 3_600_040_000, Some(3_600_050_000)));
    History { time_us: 3_601_000_000, ..history(operations) }
}

#[test]
fn later_is_further_to_the_right_and_words_do_not_touch() {
    let history = busy();
    let sheet = Sheet::new(&history);
    for pair in sheet.bars.windows(2) {
        assert!(pair[0].from <= pair[1].from, "{pair:?}");
    }
    for (nth, bar) in sheet.bars.iter().enumerate() {
        assert!(bar.to > bar.from && bar.to <= sheet.width, "{bar:?}");
        let next = sheet.bars[nth + 1..].iter().find(|next| next.row == bar.row);
        let words = bar.from + label(&history.operations[bar.nth]) - FREE;
        assert!(
            next.is_none_or(|next| next.from >= words && next.from >= bar.to - BAR_MIN),
            "{bar:?} {next:?}"
        );
    }
    // An hour of silence is folded.
    assert!(sheet.width < 3_000.0, "{}", sheet.width);
    // What is open goes on, so what its client asked next lies below.
    let rows: Vec<_> = sheet.rows.iter().map(|row| row.client.as_str()).collect();
    assert_eq!(rows, ["you", "A", "A", "B"]);
    assert_eq!((sheet.bars[41].row, sheet.bars[42].row), (1, 2));
}

#[test]
fn pins_stand_in_their_bars_and_in_their_order() {
    let mut history = busy();
    for (nth, one) in history.operations.iter_mut().enumerate().filter(|(_, one)| one.id < 42) {
        (one.place, one.point_us) = (Some(100 - nth as u64), Some(one.called_us + 4_000));
    }
    let sheet = Sheet::new(&history);
    assert_eq!(sheet.pins.len(), 41);
    assert!(
        sheet.pins.windows(2).all(|pair| pair[0].0 >= pair[1].0),
        "the order runs backwards here"
    );
    for (x, y) in sheet.pins {
        assert!(sheet.bars.iter().any(|bar| bar.y == y && bar.from < x && x < bar.to));
    }
}

#[test]
fn the_break_stands_behind_what_was_known() {
    let mut history = history(vec![
        operation(1, "you", 1_000_000, Some(1_010_000)),
        operation(2, "A", 2_000_000, Some(2_010_000)),
    ]);
    history.verdict =
        Verdict { kind: Kind::Refuted, stuck: Some(2), against: Some(1), ..Verdict::default() };
    history.stalls =
        vec![Span { from_us: 0, to_us: Some(900_000) }, Span { from_us: 1_500_000, to_us: None }];
    let sheet = Sheet::new(&history);
    let at = sheet.breaks.expect("it is refuted");
    assert!(at.known_x.is_some_and(|x| x < at.x));
    assert_eq!((at.known_us, at.asked_us), (1_010_000, 2_000_000));
    assert_eq!(sheet.stalls.len(), 1, "what was over before is not drawn");
}

#[test]
fn arrows_go_to_neighbours() {
    let sheet = Sheet::new(&history(vec![
        operation(1, "you", 1_000, Some(2_000)),
        operation(2, "A", 3_000, Some(4_000)),
        operation(3, "you", 5_000, Some(6_000)),
    ]));
    assert_eq!(sheet.next(0, Way::Later), Some(1));
    assert_eq!(sheet.next(0, Way::Earlier), None);
    assert_eq!(sheet.next(2, Way::Later), None);
    assert_eq!(sheet.next(2, Way::Down), Some(1));
    assert_eq!(sheet.next(2, Way::Up), None);
}

#[test]
fn nothing_asked_nothing_drawn() {
    assert_eq!(Sheet::new(&History::default()), Sheet::default());
}
