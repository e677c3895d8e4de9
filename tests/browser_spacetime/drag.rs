//! Arrows in the hand: a message arrives later or earlier, twice or never, where a mouse or a finger lets its
//! arrow go. What comes of it is what the same lines make of the same run natively.

use glasshouse_sim::view::call::{Action, Call, Stop};
use glasshouse_sim::view::frame::{FrameRequest, Kind};
use glasshouse_sim::view::serve::Served;
use glasshouse_sim::view::spacetime::fold::fold;
use glasshouse_sim::view::spacetime::{Arrow, tell};
use glasshouse_tests::bench::Bench;
use glasshouse_tests::browser::Screen;
use serde_json::json;

use super::{NODES, SEED, SPAN, Slice, is_flying_append, natively, open};

/// What the drawing makes of a millisecond at first, in CSS pixels.
const MS: f64 = 8.0;

/// The newest vote that arrived, with both ends in the drawing.
fn vote(slice: &Slice) -> &Arrow {
    let parts = fold(slice, &[]);
    let seen = |us: u64| !parts.iter().any(|part| part.folds(us));
    let mut votes = slice.arrows.iter().filter(|arrow| {
        let message = &arrow.message;
        let arrived = arrow.end.is_some() && arrow.lost.is_none();
        let drawn = seen(message.sent_us) && seen(message.arrive_us);
        message.kind == Kind::Vote && message.answer && arrived && drawn
    });
    votes.next_back().expect("somebody was elected")
}

/// A place on the arrow of a message where nothing lies over it, in whole pixels.
fn grip(bench: &mut Bench, id: u64) -> (f64, f64) {
    bench.wait(&format!("document.querySelector('.arrow[data-message=\"{id}\"]')"));
    bench
        .eval::<Option<(f64, f64)>>(&format!(
            "(async arrow => {{
                arrow.scrollIntoView({{ block: 'nearest', inline: 'center', behavior: 'instant' }});
                await new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)));
                const way = arrow.querySelector('.hit'), onto = way.getScreenCTM();
                for (let share = 0.2; share < 0.95; share += 0.01) {{
                    const place = way.getPointAtLength(way.getTotalLength() * share).matrixTransform(onto);
                    const [x, y] = [Math.round(place.x), Math.round(place.y)];
                    if (document.elementFromPoint(x, y)?.closest('.arrow') === arrow) return [x, y];
                }}
                return null;
            }})(document.querySelector('.arrow[data-message=\"{id}\"]'))"
        ))
        .expect("the arrow can be reached somewhere")
}

/// So many milliseconds of the drawing to the right.
fn right((x, y): (f64, f64), ms: f64) -> (f64, f64) {
    (x + ms * MS, y)
}

/// The lines of the run that the page shows.
fn lines(bench: &mut Bench) -> Vec<String> {
    bench.eval("glasshouse.actions().map(action => action.line)")
}

/// Waits until this line is the last of the run, the run stands at this moment, and it is what the page's lines
/// make of it natively; the slice that it shows then.
fn done(bench: &mut Bench, line: &str, until_us: u64) -> Slice {
    bench.wait(&format!("glasshouse.actions().at(-1)?.line === '{line}'"));
    bench.until(&format!("s.settled && s.time_us === {until_us}"));
    let actions: Vec<Action> = bench.eval("glasshouse.actions()");
    let mut served = Served::default();
    let mut ask = |call: Call| served.reply(call).expect("the run of the page can be made");
    ask(Call::Boot { seed: SEED, nodes: NODES, actions });
    ask(Call::Run { until_us, stop: Stop::Time, slices_max: 0 });
    let frame = ask(Call::Frame { request: FrameRequest::default() }).frame.expect("a picture");
    assert_eq!(bench.eval::<String>("glasshouse.traceHash()"), frame.trace);
    let slice = ask(Call::Spacetime { from_us: until_us - SPAN, to_us: until_us });
    let slice = slice.slice.expect("a slice");
    // It is drawn a moment after time has come to rest.
    let words = json!(tell::summary(&slice));
    bench.wait(&format!("document.querySelector('#drawing')?.ariaLabel === {words}"));
    *slice
}

/// What the hand would do, as the drawing says it.
fn said(bench: &mut Bench, words: &str) {
    bench.wait(&format!("document.querySelector('#ghost text.h')?.textContent === '{words}'"));
}

/// A moment as the page writes it.
fn moment(us: u64) -> String {
    format!("{:02}.{:03}", us / 1_000_000, us / 1_000 % 1_000)
}

#[test]
fn a_message_arrives_where_its_arrow_is_dragged_to() {
    let slice = natively();
    let Arrow { message, .. } = vote(&slice);
    let (id, was) = (message.id, message.arrive_us);
    let Some(mut bench) = open(Screen::DESKTOP, &slice) else { return };
    let before = lines(&mut bench);

    // Ten milliseconds later: the words say so while the hand holds it.
    let from = grip(&mut bench, id);
    bench.carry(from, right(from, 10.0), "");
    let later = was + 10_000;
    let words: String = {
        bench.wait("document.querySelector('#ghost text.h')");
        bench.eval("document.querySelector('#ghost text.h').textContent")
    };
    assert!(words.starts_with(&format!("arrives at {}, 10.0 ms later", moment(later))), "{words}");
    bench.screenshot("spacetime-drag");
    // Escape lets it be: nothing was done, and letting go does nothing either.
    bench.press("Escape");
    bench.wait("!document.querySelector('#ghost')");
    bench.let_go(right(from, 10.0));
    let status = bench.settle();
    assert_eq!(status["time_us"].as_u64(), Some(slice.to_us), "{status}");
    assert_eq!(lines(&mut bench), before);
    assert_eq!(bench.eval::<usize>("glasshouse.branches().length"), 1);

    // And now in earnest: a branch begins when it was on its way, and is shown up to where people looked.
    let from = grip(&mut bench, id);
    bench.drag(from, right(from, 10.0));
    let after = done(&mut bench, &format!("delay message {id} 10ms"), slice.to_us);
    assert_eq!(after.arrow(id).unwrap().message.arrive_us, later);
    assert_eq!(bench.eval::<usize>("glasshouse.branches().length"), 2);
    let at: u64 = bench.eval("glasshouse.actions().at(-1).time_us");
    assert_eq!(at, message.sent_us + 1);
    bench.wait(&format!("document.querySelector('.arrow[data-message=\"{id}\"] .held')"));
    bench.screenshot("spacetime-dragged");

    // From there a bit earlier: both lines count.
    let from = grip(&mut bench, id);
    bench.drag(from, right(from, -2.5));
    let after = done(&mut bench, &format!("hasten message {id} 2.5ms"), slice.to_us);
    assert_eq!(after.arrow(id).unwrap().message.arrive_us, later - 2_500);
    assert_eq!(bench.eval::<usize>("glasshouse.branches().length"), 3);
}

#[test]
fn nothing_arrives_before_it_is_sent() {
    let slice = natively();
    let Arrow { message, .. } = vote(&slice);
    let (id, by) = (message.id, message.arrive_us - message.sent_us - 2);
    let Some(mut bench) = open(Screen::DESKTOP, &slice) else { return };
    let from = grip(&mut bench, id);
    bench.carry(from, right(from, -8.0), "");
    bench.wait("document.querySelector('#ghost text.h')?.textContent.endsWith('it is sent then')");
    bench.let_go(right(from, -8.0));
    let line = format!("hasten message {id} {}.{:03}ms", by / 1_000, by % 1_000);
    let after = done(&mut bench, &line, slice.to_us);
    assert_eq!(after.arrow(id).unwrap().message.arrive_us, message.sent_us + 2);
}

#[test]
fn a_message_that_is_dragged_with_alt_arrives_twice() {
    let slice = natively();
    let Arrow { message, .. } = vote(&slice);
    let Some(mut bench) = open(Screen::DESKTOP, &slice) else { return };
    let from = grip(&mut bench, message.id);
    let to = right(from, 5.0);
    bench.carry(from, to, "Alt+");
    let at = moment(message.arrive_us + 5_000);
    said(&mut bench, &format!("arrives twice: the copy at {at}, 5.0 ms later"));
    bench.screenshot("spacetime-copy");
    bench.let_go(to);
    let after = done(&mut bench, &format!("double message {} 5ms", message.id), slice.to_us);
    let copy = after.arrows.iter().find(|arrow| arrow.copy_of == Some(message.id)).unwrap();
    assert_eq!(copy.message.arrive_us, message.arrive_us + 5_000);
    let first = after.arrow(message.id).unwrap();
    assert_eq!(first.message.arrive_us, message.arrive_us);
}

#[test]
fn a_message_that_is_dragged_out_is_dropped() {
    let slice = natively();
    let append = slice.arrows.iter().find(|arrow| is_flying_append(arrow)).unwrap();
    let id = append.message.id;
    let Some(mut bench) = open(Screen::DARK, &slice) else { return };
    let from = grip(&mut bench, id);
    // Into the strip under the lanes.
    bench.carry(from, right(from, 1.0), "");
    let strip = "(place => [place.x + 300, place.y + place.height / 2])(document.querySelector('.bin rect').getBoundingClientRect())";
    bench.wait("document.querySelector('.bin rect')");
    let (_, y): (f64, f64) = bench.eval(strip);
    bench.let_go(right(from, 1.0));
    // It flies: what the hand does to it is done now.
    let line = format!("delay message {id} 1ms");
    let after = done(&mut bench, &line, append.message.arrive_us + 1_001);
    assert_eq!(after.arrow(id).unwrap().message.arrive_us, append.message.arrive_us + 1_000);
    assert_eq!(bench.eval::<usize>("glasshouse.branches().length"), 1);

    let from = grip(&mut bench, id);
    bench.carry(from, (from.0, y), "");
    said(&mut bench, "is dropped: it never arrives");
    bench.wait("document.querySelector('#ghost[data-fate=dropped]')");
    bench.screenshot("spacetime-drag-out");
    bench.let_go((from.0, y));
    let until_us = append.message.arrive_us + 1_001;
    let after = done(&mut bench, &format!("drop message {id}"), until_us);
    assert!(after.arrow(id).unwrap().lost.is_some());
    bench.wait(&format!("document.querySelector('.arrow[data-message=\"{id}\"][data-lost]')"));
}

#[test]
fn a_finger_drags_the_chosen_arrow_and_scrolls_with_any_other() {
    let slice = natively();
    let Arrow { message, .. } = vote(&slice);
    let id = message.id;
    let Some(mut bench) = open(Screen::PHONE, &slice) else { return };
    // It is tapped, and has a handle then.
    let place = grip(&mut bench, id);
    bench.tap_at(place);
    bench.wait(&format!("document.querySelector('.arrow[data-message=\"{id}\"] .knob')"));
    let place = grip(&mut bench, id);
    bench.swipe(place, right(place, 4.0));
    let after = done(&mut bench, &format!("delay message {id} 4ms"), slice.to_us);
    assert_eq!(after.arrow(id).unwrap().message.arrive_us, message.arrive_us + 4_000);
    bench.screenshot("spacetime-finger");

    // Any other arrow scrolls the drawing.
    let other = after.arrows.iter().find(|arrow| {
        let message = &arrow.message;
        message.kind == Kind::Vote && !message.answer && arrow.lost.is_none()
    });
    let before = lines(&mut bench);
    let place = grip(&mut bench, other.expect("votes were asked for").message.id);
    bench.swipe(place, right(place, -10.0));
    bench.settle();
    assert_eq!(lines(&mut bench), before);
}
