//! The page in Russian: nothing stays English in any view, the run is the same, and English comes back whole.

use std::fs;

use glasshouse_tests::bench::Bench;
use glasshouse_tests::browser::Screen;
use glasshouse_tests::{root, tools};
use serde_json::{Value, json};

/// Latin words that stay in Russian texts, and why. What the field calls by an English name: in
/// `web/lang/ru.txt`, under Glossary. A command of the terminal is English in every language.
const LATIN: &[&str] = &[
    // Names.
    "Glasshouse",
    "Raft",
    "ShiViz",
    "SVG",
    "WebAssembly",
    "NOSPACE",
    "SIGTERM",
    "HashKV",
    // Terms of the field, as Russian engineers say them.
    "WAL",
    "wal",
    "fsync",
    "heartbeat",
    "append",
    "ReadIndex",
    "learner",
    "lease",
    "watch",
    "vote",
    "pre",
    "check",
    "quorum",
    "peer",
    "URL",
    "crc",
    "id",
    "leader",
    "follower",
    "worker",
    // States of a peer in etcd's own words.
    "probe",
    "replicate",
    "snapshot",
    // Keys.
    "Enter",
    "Esc",
    "Ctrl",
    "Tab",
    "Shift",
    "Alt",
    "Page",
    "Up",
    "Down",
    "SIGKILL",
    "SIGSTOP",
    "SIGCONT",
    // Commands and their words, where a sentence quotes them; names of clients and of branches.
    "etcdctl",
    "etcd",
    "put",
    "get",
    "kill",
    "cut",
    "run",
    "heal",
    "main",
    "load",
    "restart",
    "member",
    "list",
    "help",
    "partition",
    "rest",
    "prevote",
    "version",
    "name",
    "you",
];

/// Every text that is to be seen or heard, with the words in it that are Latin and not in the list.
const LEFT: &str = r#"(allowed => {
    const left = new Set();
    const look = (text, where) => {
        // What people wrote stands in quotes.
        const rest = text.replace(/«[^»]*»/g, '').replace(/https?:\S+/g, '').replace(/0x[0-9a-f]+|\b[0-9a-f]{7,16}\b/g, '').replace(/\b[a-z]+\d+\b/gi, '');
        const words = (rest.match(/[A-Za-z]{2,}/g) ?? []).filter(word => !allowed.includes(word));
        if (words.length) left.add(`${where}: ${text.trim().slice(0, 160)}`);
    };
    const kept = '[translate="no"], code, kbd, script, style, noscript, .term .o';
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const at = walker.currentNode.parentElement;
        if (!at.closest(kept) && !at.closest('[hidden]')) look(walker.currentNode.nodeValue, at.localName + '.' + (at.getAttribute('class') ?? ''));
    }
    for (const name of ['aria-label', 'aria-description', 'aria-valuetext', 'title', 'placeholder', 'alt']) {
        for (const at of document.querySelectorAll(`[${name}]`)) if (!at.closest(kept) && !at.closest('[hidden]')) look(at.getAttribute(name), name);
    }
    look(document.title, 'document.title');
    return [...left];
})"#;

/// All texts and attributes of the page, in the order of the document.
const ALL: &str = r#"(() => {
    const all = [document.title];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) all.push(walker.currentNode.nodeValue);
    for (const at of document.querySelectorAll('*')) for (const name of at.getAttributeNames()) all.push(name + '=' + at.getAttribute(name));
    return all;
})()"#;

/// What stays in Latin letters in what is shown now.
fn left(bench: &mut Bench) -> Vec<String> {
    bench.eval(&format!("{LEFT}({})", json!(LATIN)))
}

/// Chooses a language in the menu of the run, by its name.
fn choose(bench: &mut Bench, run: &str, name: &str) {
    bench.click_named(run);
    bench.wait("document.querySelector('#language')");
    bench.eval::<Value>(&format!(
        "(field => {{ field.selectedIndex = [...field.options].findIndex(one => one.text === '{name}'); field.dispatchEvent(new Event('change', {{bubbles: true}})); return null; }})(document.querySelector('#language'))"
    ));
    bench.press("Escape");
}

/// A run that stands, in Russian.
fn in_russian(screen: Screen, hash: &str) -> Option<Bench> {
    let mut bench = Bench::open(screen, hash)?;
    bench.settle();
    choose(&mut bench, "Run", "Русский");
    bench.wait("document.documentElement.lang === 'ru'");
    bench.wait("[...document.querySelectorAll('.nav a')].some(one => one.textContent === 'Стенд')");
    Some(bench)
}

/// Goes to a view by its address and waits until it is there.
fn visit(bench: &mut Bench, hash: &str, there: &str) {
    bench.eval::<Value>(&format!("(location.hash = '{hash}', null)"));
    bench.wait(there);
    bench.wait("glasshouse.status().settled");
}

#[test]
fn nothing_stays_english_in_any_view() {
    let Some(mut bench) = in_russian(Screen::DESKTOP, "#seed=42&n=5&t=3000000") else { return };
    let mut wrong = Vec::new();
    let mut look = |bench: &mut Bench, place: &str| {
        wrong.extend(left(bench).into_iter().map(|text| format!("{place}: {text}")));
        bench.screenshot(&format!("ru-{place}"));
    };
    look(&mut bench, "bench");
    let leader = bench.leader();
    bench.exec("put apples 41");
    bench.exec("get apples");
    bench.exec("kill leader");
    bench.exec("until new leader");
    bench.exec("put apples 42");
    bench.settle();
    look(&mut bench, "killed");
    let leads = bench.leader();
    bench.click(&format!("#member-{}", &leads[1..]));
    bench.settle();
    look(&mut bench, "member");
    bench.exec(&format!("restart {leader}"));
    bench.exec("partition leader | rest");
    bench.exec("run 3s");
    bench.settle();
    look(&mut bench, "cut");
    for (key, name) in [("l", "legend"), ("?", "keys")] {
        bench.press(key);
        bench.wait("document.querySelector('[role=dialog]')");
        look(&mut bench, name);
        bench.press("Escape");
        bench.wait("!document.querySelector('[role=dialog]')");
    }
    bench.click_named("Прогон");
    bench.wait("document.querySelector('#language')");
    look(&mut bench, "run");
    bench.press("Escape");
    bench.eval::<Value>("glasshouse.seek(2900000)");
    bench.exec("put fate two");
    bench.settle();
    look(&mut bench, "branch");
    visit(&mut bench, "compare", "document.querySelector('.compare .tab tbody tr')");
    look(&mut bench, "compare");
    visit(&mut bench, "spacetime", "document.querySelector('svg.spacetime .ev, svg.spacetime g')");
    look(&mut bench, "spacetime");
    bench.click("#as-list");
    bench.wait("document.querySelector('.listed li')");
    look(&mut bench, "spacetime-list");
    visit(&mut bench, "history", "document.querySelector('.ops')");
    look(&mut bench, "history");
    visit(&mut bench, "hunt", "document.querySelectorAll('.hlist button').length > 30");
    look(&mut bench, "hunt");
    visit(&mut bench, "lesson", "document.querySelectorAll('.cards li').length > 10");
    look(&mut bench, "lessons");
    visit(&mut bench, "teach", "document.querySelector('#lesson-text')");
    // The lesson that is being written has its writer's language, and no catalogue.
    bench.screenshot("ru-desk");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A lesson with its own catalogue.
const LESSON: &str = "labs/05-stop-the-leader";

/// A file of this repository.
fn file(path: &str) -> String {
    let read = fs::read_to_string(root().join(path));
    read.unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The first text of this key in the lesson's file, behind `after`.
fn english(after: &str, key: &str) -> String {
    let lab = format!("\n{}", file(&format!("{LESSON}/lab.toml")));
    let (_, rest) = lab.split_once(after).expect("it is in the file");
    let (_, rest) = rest.split_once(&format!("\n{key} = ")).expect("it has the key");
    rest.split('"').nth(1).expect("a text in quotes").to_owned()
}

/// What stands for it in the catalogues: the lesson's own comes first. Without the marks of code and stress.
fn russian(english: &str) -> String {
    let texts = [file(&format!("{LESSON}/ru.txt")), file("web/lang/ru.txt")].join("\n");
    let mut lines = texts.lines().skip_while(|line| *line != english).skip(1);
    let said = lines.next().and_then(|line| line.strip_prefix("= "));
    said.unwrap_or_else(|| panic!("{english} is not translated")).replace(['`', '*'], "")
}

#[test]
fn a_lesson_is_read_in_russian_also_in_the_dark() {
    let Some(mut bench) = in_russian(Screen::DARK, "#seed=42&n=5&t=3000000") else { return };
    bench.screenshot("ru-dark-bench");
    let shows = |bench: &mut Bench, selector: &str, english: &str| {
        let said = json!(russian(english));
        let texts = format!("[...document.querySelectorAll('{selector}')]");
        bench.wait(&format!("{texts}.some(one => one.textContent.trim() === {said})"));
    };
    visit(&mut bench, "lesson/05", "document.querySelector('#goal-G1')");
    shows(&mut bench, ".lesson h2", &english("", "title"));
    let first = english("[[steps]]", "title");
    shows(&mut bench, "#lesson-step", &format!("1. {first}"));
    shows(&mut bench, "#goal-G1 p", &english("name = \"G1\"", "title"));
    shows(&mut bench, ".lesson .body p", "Predict first. Then:");
    // A hint is asked for, and given, in Russian.
    bench.click_named(&russian("A hint"));
    shows(&mut bench, "#goal-G1 .hint", &english("name = \"G1\"", "hints"));
    bench.screenshot("ru-dark-lesson");
}

#[test]
fn what_another_token_makes_is_told_in_russian() {
    let Some(mut bench) = in_russian(Screen::DARK, "#seed=7&n=3&t=3000000") else { return };
    bench.click("#member-2");
    bench.eval::<Value>("(document.querySelector('.insp:has(#try-token) details:has(#try-token)').open = true, null)");
    bench.click("#try-token");
    bench.type_text("x");
    bench.wait("/ [0-9a-f]{7,16}, .* [0-9a-f]{7,16}\\.$/.test(document.querySelector('#token-told').textContent)");
    bench.screenshot("ru-dark-token");
    assert_eq!(left(&mut bench), Vec::<String>::new());
}

#[test]
fn the_palette_is_searched_in_both_languages() {
    let Some(mut bench) = in_russian(Screen::DESKTOP, "#seed=7&n=3&t=2000000") else { return };
    for (query, found) in [("ист", "история"), ("hist", "история"), ("kill lea", "kill leader")]
    {
        bench.press("Control+k");
        bench.wait("document.activeElement.id === 'overlay'");
        bench.type_text(query);
        bench.wait(&format!("document.querySelector('#offer-0 span')?.textContent === '{found}'"));
        bench.press("Escape");
        bench.wait("!document.querySelector('#overlay')");
    }
}

#[test]
fn the_run_is_the_same_in_every_language() {
    let Some(mut bench) = Bench::open(Screen::DESKTOP, "#seed=42&n=3&t=3000000") else { return };
    for line in ["put a 1", "kill leader", "until new leader", "put a 2"] {
        bench.exec(line);
    }
    bench.settle();
    let run = |bench: &mut Bench| {
        bench.eval::<(String, String)>("[glasshouse.traceHash(), glasshouse.link()]")
    };
    let english = run(&mut bench);
    choose(&mut bench, "Run", "Русский");
    bench.wait("document.documentElement.lang === 'ru'");
    assert_eq!(run(&mut bench), english);
    // The link, opened by somebody who reads Russian.
    let (_, hash) = english.1.split_once('#').unwrap();
    bench.go(hash);
    bench.wait("document.documentElement.lang === 'ru'");
    bench.settle();
    assert_eq!(run(&mut bench), english);
}

#[test]
fn english_comes_back_whole() {
    let Some(mut bench) = Bench::open(Screen::DESKTOP, "#seed=42&n=3&t=3000000") else { return };
    bench.exec("put a 1");
    bench.settle();
    let leads = bench.leader();
    bench.click(&format!("#member-{}", &leads[1..]));
    bench.settle();
    bench.press("?");
    bench.wait("document.querySelector('[role=dialog]')");
    let speak = |bench: &mut Bench, tag: &str| {
        bench
            .eval::<Value>(&format!("(document.documentElement.dataset.language = '{tag}', null)"));
        bench.wait(&format!("document.documentElement.lang === '{tag}'"));
    };
    let before: Vec<String> = bench.eval(ALL);
    speak(&mut bench, "ru");
    bench.wait("document.querySelector('[role=dialog]').getAttribute('aria-label') === 'Клавиши'");
    let russian: Vec<String> = bench.eval(ALL);
    assert_ne!(before, russian);
    speak(&mut bench, "en");
    let after: Vec<String> = bench.eval(ALL);
    assert_eq!(before, after);
}

#[test]
fn a_choice_is_kept_and_a_missing_catalogue_is_told() {
    let Some(mut bench) = in_russian(Screen::DESKTOP, "#seed=7&n=3&t=2000000") else { return };
    bench.go("#seed=7&n=3&t=2000000");
    bench.settle();
    bench.wait("document.documentElement.lang === 'ru'");
    choose(&mut bench, "Прогон", "English");
    bench.wait("document.documentElement.lang === 'en'");
    bench.eval::<Value>("(window.fetch = () => Promise.reject(new Error('no network')), null)");
    choose(&mut bench, "Run", "Русский");
    bench.wait("document.querySelector('[role=status]').textContent.includes('This language could not be loaded')");
    assert_eq!(bench.eval::<String>("document.documentElement.lang"), "en");
    bench.take_errors();
}

#[test]
fn axe_finds_nothing_in_russian() {
    let Some(axe) = tools::axe() else { return };
    for (name, screen) in Screen::ALL {
        let Some(mut bench) = in_russian(screen, "#seed=7&n=3&t=3000000") else { return };
        assert_eq!(bench.sticking_out(), Vec::<String>::new(), "{name}");
        assert_eq!(bench.axe(&axe), Vec::<String>::new(), "{name}");
        bench.screenshot(&format!("ru-axe-{name}"));
    }
}
