//! The space-time view in a browser: what it draws and lists is what the same run natively says; a leader
//! tells why it could; messages change their fate; and it all goes by keyboard, in the dark, on a phone.

mod drag;
mod save;

use glasshouse_sim::view::call::{Action, Call, Stop};
use glasshouse_sim::view::frame::Kind;
use glasshouse_sim::view::spacetime::fold::fold;
use glasshouse_sim::view::spacetime::why::why;
use glasshouse_sim::view::spacetime::{Arrow, Slice, What, cause, tell};
use glasshouse_sim::view::{link, serve::Served};
use glasshouse_tests::bench::Bench;
use glasshouse_tests::browser::Screen;
use glasshouse_tests::tools;
use serde_json::Value;

const SEED: u64 = 11;
const NODES: u32 = 5;
/// How far back the view reaches, in microseconds.
const SPAN: u64 = 2_000_000;

/// A leader is cut off, the others elect one, and something is written there.
fn actions() -> Vec<Action> {
    let action = |time_us, line: &str| Action { time_us, line: line.to_owned() };
    vec![
        action(2_000_000, "put stock/apples 40"),
        action(2_800_000, "partition leader | rest"),
        action(4_000_000, "power off n5"),
        action(4_200_000, "put stock/apples 41"),
    ]
}

/// The run, computed without a browser, until an append of the put is on its way: what the view shows then.
fn natively() -> Slice {
    let mut served = Served::default();
    let mut ask = |call: Call| served.reply(call).expect("the run of the link can be made");
    ask(Call::Boot { seed: SEED, nodes: NODES, actions: actions() });
    for until_us in (4_200_000..4_300_000).step_by(100) {
        ask(Call::Run { until_us, stop: Stop::Time, slices_max: 0 });
        let call = Call::Spacetime { from_us: until_us - SPAN, to_us: until_us };
        let slice = *ask(call).slice.expect("a slice");
        if slice.arrows.iter().any(is_flying_append) {
            return slice;
        }
    }
    panic!("no append flies after the put");
}

fn is_flying_append(arrow: &Arrow) -> bool {
    arrow.flies() && arrow.message.kind == Kind::Append && arrow.message.entries > 0
}

/// The same moment of the same run, opened by its link, in the space-time view.
fn open(screen: Screen, slice: &Slice) -> Option<Bench> {
    let mut bench = Bench::open(screen, &link::write(SEED, NODES, slice.to_us, &actions()))?;
    bench.settle();
    bench.eval::<Value>("(location.hash = 'spacetime', null)");
    bench.wait("document.querySelector('.arrow')");
    Some(bench)
}

/// Waits until this event is the chosen one.
fn chosen(bench: &mut Bench, seq: u64) {
    bench.wait(&format!(
        "document.querySelector('#chosen-place')?.innerText.startsWith('event {seq} ')"
    ));
}

/// Those that are drawn: what begins and ends in folded silence is not.
fn drawn(slice: &Slice) -> Vec<&Arrow> {
    let parts = fold(slice, &[]);
    let folded = |us: u64| parts.iter().any(|part| part.folds(us));
    let ends = |arrow: &Arrow| (arrow.message.sent_us, arrow.message.arrive_us.min(slice.to_us));
    slice
        .arrows
        .iter()
        .filter(|arrow| {
            let (sent, arrived) = ends(arrow);
            !(folded(sent) && folded(arrived))
        })
        .collect()
}

fn count(bench: &mut Bench, selector: &str) -> usize {
    bench.eval(&format!("document.querySelectorAll('{selector}').length"))
}

#[test]
fn the_drawing_and_its_list_are_the_run_of_the_link() {
    let slice = natively();
    let Some(mut bench) = open(Screen::DESKTOP, &slice) else { return };
    bench.screenshot("spacetime");
    // Every arrow, every loss, every leader.
    let arrows = drawn(&slice);
    let lost = arrows.iter().filter(|arrow| arrow.lost.is_some()).count();
    assert!(arrows.len() > 30 && lost > 5, "{} arrows, {lost} lost", arrows.len());
    assert_eq!(count(&mut bench, ".arrow"), arrows.len());
    assert_eq!(count(&mut bench, ".arrow[data-lost]"), lost);
    let leaders = slice.elections().count();
    assert_eq!(count(&mut bench, ".event .lead"), leaders);
    assert_eq!(count(&mut bench, ".write"), slice.writes.len());
    let spoken: String = bench.eval("document.querySelector('#drawing').ariaLabel");
    assert_eq!(spoken, tell::summary(&slice));
    // The filters hide what they say.
    bench.click_named("appends");
    let rest = arrows.iter().filter(|arrow| {
        arrow.client || !matches!(arrow.message.kind, Kind::Append | Kind::Propose)
    });
    let rest = rest.count();
    bench.wait(&format!("document.querySelectorAll('.arrow').length === {rest}"));
    bench.click_named("appends");
    // The list has the same events, no effect before its cause.
    bench.click("#as-list");
    bench.wait("document.querySelector('#list')");
    let listed: Vec<u64> = bench.eval(
        "[...document.querySelectorAll('#list > li')].map(item => Number(item.dataset.event))",
    );
    let parts = fold(&slice, &[]);
    let order: Vec<u64> = cause::order(&slice)
        .into_iter()
        .map(|place| &slice.events[place])
        .filter(|event| !parts.iter().any(|part| part.folds(event.at_us)))
        .map(|event| event.seq)
        .collect();
    assert_eq!(listed, order);
    let words: String = bench
        .eval(&format!("document.querySelector('[data-event=\"{}\"] span').innerText", listed[0]));
    assert_eq!(words, tell::event(&slice, slice.event(listed[0]).unwrap()));
    bench.screenshot("spacetime-list");
}

#[test]
fn a_leader_tells_why_it_could() {
    let slice = natively();
    let (election, ..) = slice.elections().last().expect("somebody was elected");
    let count = why(&slice, election.seq).expect("the votes");
    let Some(mut bench) = open(Screen::DESKTOP, &slice) else { return };
    bench.click(".election");
    bench.wait("document.querySelector('#why')");
    bench.wait("document.querySelector('.ring') && document.querySelector('.heavy')");
    let title: String = bench.eval("document.querySelector('#chosen-title').innerText");
    assert_eq!(title, tell::event(&slice, election));
    let rows: Vec<Vec<String>> = bench.eval(
        "[...document.querySelectorAll('#why tbody tr')].map(row => [...row.cells].map(cell => cell.innerText))",
    );
    assert_eq!(rows.len(), count.rows.len());
    for (row, expected) in rows.iter().zip(&count.rows) {
        assert_eq!(row[0], format!("n{}", expected.member));
        if expected.missing.is_none() {
            let moments = [expected.asked_us, expected.disk_us, expected.counted_us];
            for (cell, us) in row[1..].iter().zip(moments) {
                let seconds =
                    us.map(|us| format!("{:02}.{:03}", us / 1_000_000, us / 1_000 % 1_000));
                assert_eq!(Some(cell), seconds.as_ref());
            }
        } else {
            assert_eq!(row.len(), 2, "{row:?}");
        }
    }
    let past = cause::past(&slice, election.seq);
    let told: String = bench.eval("document.querySelector('#its-past .hd span').innerText");
    assert_eq!(told, format!("{} events", past.len() - 1));
    bench.screenshot("spacetime-election");
    // O leaves only its past.
    bench.press("o");
    let in_past = |arrow: &&&Arrow| arrow.sent.or(arrow.end).is_some_and(|seq| past.contains(&seq));
    let left = drawn(&slice).iter().filter(in_past).count();
    bench.wait(&format!("document.querySelectorAll('.arrow').length === {left}"));
    bench.screenshot("spacetime-only-past");
}

#[test]
fn arrows_of_the_keyboard_walk_along_causes() {
    let slice = natively();
    let Some(mut bench) = open(Screen::DESKTOP, &slice) else { return };
    // The newest arrival; from there to its sending, along the lane, and back.
    bench.press("ArrowLeft");
    bench.wait("document.querySelector('#chosen-title')");
    let mut event = slice.events.last().unwrap();
    chosen(&mut bench, event.seq);
    let arrival = |event: &glasshouse_sim::view::spacetime::Event| {
        matches!(event.what, What::Delivered { .. })
    };
    for _ in 0..40 {
        if arrival(event) {
            break;
        }
        event =
            slice.event(cause::along(&slice, event, -1).expect("it received something")).unwrap();
        bench.press("ArrowLeft");
        chosen(&mut bench, event.seq);
    }
    let sent = cause::before(&slice, event).unwrap();
    bench.press("ArrowUp");
    chosen(&mut bench, sent);
    bench.press("ArrowDown");
    chosen(&mut bench, event.seq);
    bench.press("Escape");
    bench.wait("!document.querySelector('#chosen-title')");
}

#[test]
fn a_message_on_its_way_is_dropped_by_hand() {
    let slice = natively();
    let append = slice.arrows.iter().find(|arrow| is_flying_append(arrow)).unwrap();
    let id = append.message.id;
    let Some(mut bench) = open(Screen::DESKTOP, &slice) else { return };
    let seq = append.sent.unwrap();
    // Through the list, which a screen reader would use.
    bench.click("#as-list");
    bench.wait("document.querySelector('#list')");
    bench.click(&format!("[data-event=\"{seq}\"] button"));
    bench.wait("document.querySelector('#fate')");
    bench.click("#fate button");
    bench.click("#as-list");
    bench.wait(&format!("document.querySelector('.arrow[data-message=\"{id}\"][data-lost]')"));
    bench.screenshot("spacetime-dropped");
    // It is a line of the run: the link has it.
    bench.wait(&format!("glasshouse.link().includes('drop+message+{id}')"));
}

#[test]
fn a_message_of_the_past_gets_another_fate() {
    let slice = natively();
    let parts = fold(&slice, &[]);
    let seen = |us: u64| !parts.iter().any(|part| part.folds(us));
    // A vote that counted.
    let mut votes = slice.arrows.iter().filter(|arrow| {
        let message = &arrow.message;
        message.kind == Kind::Vote
            && message.answer
            && arrow.lost.is_none()
            && seen(message.sent_us)
    });
    let vote = votes.next_back().expect("somebody was elected");
    let (id, sent_us) = (vote.message.id, vote.message.sent_us);
    let Some(mut bench) = open(Screen::DESKTOP, &slice) else { return };
    bench.click("#as-list");
    bench.wait("document.querySelector('#list')");
    bench.click(&format!("[data-event=\"{}\"] button", vote.sent.unwrap()));
    bench.wait("document.querySelector('#fate')");
    bench.click("#fate button");
    bench.wait("glasshouse.branches().length === 2");
    let status = bench.settle();
    assert!((sent_us..sent_us + 10_000).contains(&status["time_us"].as_u64().unwrap()), "{status}");
    bench.wait(&format!("glasshouse.link().includes('drop+message+{id}')"));
    bench.click("#as-list");
    bench.wait(&format!("document.querySelector('.arrow[data-message=\"{id}\"][data-lost]')"));
    bench.screenshot("spacetime-other-fate");
    // The run as it was is kept.
    bench.eval::<Value>("(location.hash = 'bench', null)");
    bench.press("Alt+ArrowUp");
    bench.until("s.settled && glasshouse.branches()[0].present");
    assert!(!bench.eval::<bool>(&format!("glasshouse.link().includes('drop+message+{id}')")));
}

#[test]
fn everybody_can_read_space_time() {
    let Some(axe) = tools::axe() else { return };
    let slice = natively();
    for (name, screen) in Screen::ALL {
        let Some(mut bench) = open(screen, &slice) else { return };
        bench.screenshot(&format!("spacetime-{name}"));
        assert_eq!(bench.axe(&axe), Vec::<String>::new(), "{name}");
        bench.click(".election");
        bench.wait("document.querySelector('#why')");
        assert_eq!(bench.axe(&axe), Vec::<String>::new(), "{name}, with a chosen event");
        bench.screenshot(&format!("spacetime-{name}-chosen"));
        assert_eq!(bench.sticking_out(), Vec::<String>::new(), "{name}");
        bench.click("#as-list");
        bench.wait("document.querySelector('#list')");
        assert_eq!(bench.axe(&axe), Vec::<String>::new(), "{name}, as a list");
    }
}
