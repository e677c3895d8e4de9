//! The history of the page: what clients saw, the verdict and the order, equal to those that the
//! simulation finds natively; where no order fits, the two operations that contradict each other.

use std::collections::BTreeSet;

use glasshouse_sim::script::bench::{Bench as Native, Setup};
use glasshouse_sim::view::call::history::{
    FSYNC_BUCKETS_MS, Fsyncs, History, Kind, Operation, Outcome,
};
use glasshouse_sim::view::call::{Action, Stop};
use glasshouse_sim::view::link;
use glasshouse_tests::bench::Bench;
use glasshouse_tests::browser::Screen;
use glasshouse_tests::tools;

const STILL: Screen = Screen { still: true, ..Screen::DESKTOP };

/// A few clients: writes, reads, a slow disk, a leader that is cut off, and one who gives up.
const EXPLAINED: [(u64, &str); 13] = [
    (3_000, "client A put apples 40"),
    (3_004, "client B get plums"),
    (3_020, "put plums 7"),
    (3_030, "client C get apples"),
    (3_060, "client A get plums"),
    (3_070, "slow disk n3 20ms"),
    (3_080, "client B put plums 8"),
    (3_090, "client C get apples --consistency=s"),
    (3_150, "partition leader | rest"),
    (3_160, "client B put apples 39 --command-timeout=2s"),
    (6_200, "client C get apples"),
    (6_240, "client A put apples 41"),
    (6_243, "get apples"),
];

/// Every member answers reads from its own store, and one is cut off.
const REFUTED: [(u64, &str); 8] = [
    (0, "plant M05"),
    (3_000, "client A put apples 40"),
    (3_030, "client B get apples"),
    (3_060, "client B put plums 7"),
    (3_100, "partition n1 | n2 n3"),
    (3_120, "client A put apples 41 --endpoints=n2,n3"),
    (4_400, "client B get plums --endpoints=n2"),
    (4_500, "client C get apples --endpoints=n1"),
];

/// A run and its link, up to a moment, or right behind the violation that comes before it.
fn run(lines: &[(u64, &str)], until_ms: u64) -> (Native, String) {
    let action =
        |(ms, line): &(u64, &str)| Action { time_us: ms * 1_000, line: (*line).to_owned() };
    let actions: Vec<Action> = lines.iter().map(action).collect();
    let mut native = Native::new(Setup::new(7, 3), actions);
    native.run_until(until_ms * 1_000, Stop::Time, 0);
    let link = link::write(7, 3, native.now_us() + 1, &native.whole_log());
    (native, link)
}

/// The history of a run on the bench, as it is opened in the page.
fn open(screen: Screen, lines: &[(u64, &str)], until_ms: u64) -> Option<(Bench, History)> {
    let (mut native, link) = run(lines, until_ms);
    let history = native.history(false, None);
    let mut bench = Bench::open(screen, &link)?;
    bench.until(&format!("s.time_us >= {}", history.time_us));
    bench.click("a[href='#history']");
    bench.wait("document.title === 'History: Glasshouse' && document.querySelector('.op')");
    Some((bench, history))
}

/// What the drawing says of each operation.
fn drawn(bench: &mut Bench) -> Vec<String> {
    bench.eval("[...document.querySelectorAll('.op')].map(op => op.getAttribute('aria-label'))")
}

fn said(bench: &mut Bench) -> String {
    bench.eval("document.querySelector('.history [role=status]').innerText")
}

fn name(one: &Operation) -> String {
    format!("{} at n{}, {}", one.client, one.member, one.words)
}

#[test]
fn one_order_explains_what_clients_saw() {
    let Some((mut bench, history)) = open(STILL, &EXPLAINED, 6_245) else { return };
    assert_eq!(history.verdict.kind, Kind::Linearizable);
    bench.screenshot("history");
    let drawn = drawn(&mut bench);
    assert_eq!(drawn.len(), history.operations.len());
    for (label, one) in drawn.iter().zip(&history.operations) {
        assert!(label.starts_with(&name(one)), "{label} is not {one:?}");
        let place = one.place.map(|place| format!("number {place} in the order"));
        assert!(place.is_none_or(|place| label.ends_with(&place)), "{label} is not {one:?}");
    }
    let said = said(&mut bench);
    let answers = format!("one order explains all {} answers", history.verdict.explained);
    assert!(said.contains(&answers), "{said}");
    let order: Vec<String> =
        bench.eval("[...document.querySelectorAll('.ord button')].map(one => one.textContent)");
    let mut placed: Vec<&Operation> =
        history.operations.iter().filter(|one| one.place.is_some()).collect();
    placed.sort_by_key(|one| one.place);
    let expected: Vec<String> =
        placed.iter().map(|one| format!("{} {}", one.client, one.words)).collect();
    assert_eq!(order, expected);
    assert!(placed.len() >= 7, "{placed:?}");
    spoken(&mut bench, &history);
    ways(&mut bench, &history);
    keys(&mut bench, &history);
    list(&mut bench, &history);
}

/// A moment as the page writes it, and a stretch of time.
fn moment(us: u64) -> String {
    format!("{:02}.{:03}", us / 1_000_000, us / 1_000 % 1_000)
}

fn span(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..1_000_000 => format!("{} ms", us / 1_000),
        _ => format!("{}.{:02} s", us / 1_000_000, us / 10_000 % 100),
    }
}

/// What a screen reader hears of each drawing is what the simulation knows: every operation, the verdict with
/// its numbers, and what the charts draw.
fn spoken(bench: &mut Bench, history: &History) {
    let operations: Vec<String> = history.operations.iter().map(heard).collect();
    assert_eq!(drawn(bench), operations);
    let whole: String = bench.eval("document.querySelector('svg.ops').getAttribute('aria-label')");
    let verdict = &history.verdict;
    let answers =
        format!("Linearizable so far: one order explains all {} answers. ", verdict.explained);
    let open = match verdict.open {
        0 => String::new(),
        1 => "1 operation is open. ".to_owned(),
        open => format!("{open} operations are open. "),
    };
    let steps = format!("the last check took {} steps.", verdict.steps);
    assert_eq!(whole, format!("{answers}{open}Checked after every answer; {steps}"));
    let charts: Vec<String> = bench.eval(
        "[...document.querySelectorAll('.charts section')].map(one => (one.querySelector('.chart')?.getAttribute('aria-label') ?? one.querySelector('.empty').textContent))",
    );
    let mut took: Vec<u64> = history
        .operations
        .iter()
        .filter_map(|one| Some(one.returned_us? - one.called_us))
        .collect();
    took.sort_unstable();
    let (half, most) = (span(took[took.len() / 2]), span(took[took.len() - 1]));
    let numbers = &history.charts;
    let latency =
        format!("{} operations: half of them took up to {half}, the longest {most}.", took.len());
    assert_eq!(charts[1], latency);
    let answered: u32 = numbers.answered.iter().sum();
    assert!(charts[2].starts_with(&format!("{answered} answers over ")), "{charts:?}");
    let lag = numbers.lag.iter().max().copied().unwrap_or(0);
    let entries = if lag == 1 { "entry" } else { "entries" };
    let behind =
        format!("The slowest member was at most {lag} {entries} behind the newest commit.");
    assert_eq!(charts[3], behind);
    let each: Vec<String> = numbers.fsyncs.iter().map(fsyncs).collect();
    assert_eq!(charts[0], each.join(" "));
}

/// An operation as it is read out.
fn heard(one: &Operation) -> String {
    let mut outcome = match one.outcome {
        Outcome::Open => "open: no answer yet".to_owned(),
        Outcome::Done => "answered".to_owned(),
        Outcome::Refused => format!("no effect: {}", one.why),
        Outcome::Unknown => format!("unknown: {}", one.why),
    };
    if one.outside {
        outcome += "; may be old, so it is not judged";
    }
    let place = one.place.map(|place| format!(", number {place} in the order"));
    let asked = moment(one.called_us);
    format!("{}, asked {asked}, {outcome}{}", name(one), place.unwrap_or_default())
}

/// The fsyncs of a member: how many, and how long most of them took.
fn fsyncs(one: &Fsyncs) -> String {
    let sum: u32 = one.counts.iter().sum();
    let most = one.counts.iter().max().expect("every member writes");
    // Of equal ones the chart names the slowest.
    let bucket = one.counts.iter().rposition(|count| count == most).expect("one is the most");
    format!("n{}: {sum} fsyncs, most of them up to {} ms.", one.member, FSYNC_BUCKETS_MS[bucket])
}

/// The way of a write names its entry, and its button shows it in the log of the bench.
fn ways(bench: &mut Bench, history: &History) {
    let put = history.operations.iter().find(|one| one.words == "put apples 40");
    let put = put.expect("A put them");
    let entry = put.entry.expect("it went through the log");
    bench.click(&format!("#op-{} .bar2", put.id));
    bench.wait("document.querySelector('.history .who h2').textContent === 'A: put apples 40'");
    let way = "document.querySelector('.past').innerText";
    bench.wait(&format!("{way}.includes('proposes it as entry {entry} of term')"));
    let way: String = bench.eval(way);
    assert!(
        way.contains("has it on disk, after") && way.contains(&format!("commits entry {entry}"))
    );
    bench.screenshot("history-way");
    bench.click_named(&format!("Show entry {entry}"));
    bench.wait("document.querySelector('.bench:not([hidden])')");
    bench.wait(&format!(
        "[...document.querySelectorAll('.logs thead th')].some(th => th.textContent === '{entry}')"
    ));
    bench.click("a[href='#history']");
    bench.wait("document.querySelector('.op')");
}

/// Arrows walk from operation to operation, and the side column with them.
fn keys(bench: &mut Bench, history: &History) {
    let id = |nth: usize| format!("op-{}", history.operations[nth].id);
    bench.click(&format!("#{} .bar2", id(0)));
    bench.eval::<serde_json::Value>(&format!(
        "(document.querySelector('#{}').focus(), null)",
        id(0)
    ));
    for nth in [1, 2, 3] {
        bench.press("ArrowRight");
        bench.wait(&format!("document.activeElement.id === '{}'", id(nth)));
    }
    bench.press("ArrowLeft");
    bench.wait(&format!("document.activeElement.id === '{}'", id(2)));
    let title = format!("{}: {}", history.operations[2].client, history.operations[2].words);
    bench.wait(&format!("document.querySelector('.history .who h2').textContent === '{title}'"));
}

/// The table says the same as the drawing.
fn list(bench: &mut Bench, history: &History) {
    bench.click_named("As a list");
    bench.wait("document.querySelector('.oplist')");
    let rows: Vec<String> =
        bench.eval("[...document.querySelectorAll('.oplist button')].map(one => one.textContent)");
    let words: Vec<String> = history.operations.iter().rev().map(|one| one.words.clone()).collect();
    assert_eq!(rows, words);
    bench.screenshot("history-list");
}

#[test]
fn the_point_where_no_order_fits_is_shown() {
    let Some((mut bench, history)) = open(STILL, &REFUTED, 4_600) else { return };
    assert_eq!(history.verdict.kind, Kind::Refuted);
    bench.screenshot("history-violation");
    let find = |id: Option<u64>| history.operations.iter().find(|one| Some(one.id) == id).unwrap();
    let (stuck, against) = (find(history.verdict.stuck), find(history.verdict.against));
    assert_eq!((stuck.words.as_str(), against.words.as_str()), ("get apples 40", "put apples 41"));
    let said = said(&mut bench);
    assert!(said.contains("Linearizability is broken"), "{said}");
    assert!(
        said.contains("C was told \"get apples 40\" after A had been told \"put apples 41\""),
        "{said}"
    );
    let crossed: Vec<String> =
        bench.eval("[...document.querySelectorAll('.op.stuck')].map(op => op.id)");
    assert_eq!(crossed, [format!("op-{}", stuck.id)]);
    bench.wait("document.querySelector('.broken .known')");
    // Without a choice the side column tells of what broke the rule.
    let why: String =
        bench.eval("document.querySelector('[aria-label=\"Why no order fits\"]').innerText");
    assert!(why.contains("must show it or something newer"), "{why}");
    bench.wait("document.querySelector('.vm')");
    // By values alone it is as wrong.
    bench.click_named("Hide revisions");
    bench.wait(
        "document.querySelector('.history [role=status]').innerText.includes('by values alone')",
    );
    assert!(said.contains("Linearizability is broken"));
}

#[test]
fn everybody_can_read_a_history() {
    let Some(axe) = tools::axe() else { return };
    for (name, screen) in Screen::ALL {
        for (kind, lines, until_ms) in
            [("explained", &EXPLAINED[..], 6_245), ("refuted", &REFUTED[..], 4_600)]
        {
            let Some((mut bench, _)) = open(screen, lines, until_ms) else { return };
            bench.screenshot(&format!("history-{kind}-{name}"));
            assert_eq!(bench.axe(&axe), Vec::<String>::new(), "{name}, {kind}");
            assert_eq!(bench.sticking_out(), Vec::<String>::new(), "{name}");
            bench.click_named("As a list");
            bench.wait("document.querySelector('.oplist')");
            assert_eq!(bench.axe(&axe), Vec::<String>::new(), "{name}, {kind}, as a list");
            let labels: BTreeSet<String> = bench.eval(
                "[...document.querySelectorAll('.charts .chart')].map(chart => chart.getAttribute('aria-label'))",
            );
            assert!(labels.len() >= 3, "each chart says what it shows: {labels:?}");
        }
    }
}
