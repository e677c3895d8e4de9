//! Links from strangers: a thousand addresses that were changed at random, files of lessons, and texts of submissions.
//! Each is refused in one sentence or is a run of its own; nothing hangs, nothing in them is ever a script, and the page
//! is as good afterwards as it was before.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are a test")]

use glasshouse_sim::lesson::solution::Player;
use glasshouse_sim::lesson::{file, library};
use glasshouse_tests::bench::Bench;
use glasshouse_tests::browser::Screen;
use glasshouse_tests::random::Random;
use serde_json::{Value, json};

/// What the addresses are made of.
const LINKS: [&str; 8] = [
    "seed=42&n=5&t=2000000",
    "seed=7&n=3&a=1500000.kill+leader;200000.put+a+1&t=2500000",
    "seed=9&n=3&a=1500000.partition+n1+%7C+rest;0.load+20+put%2Fs+for+1s&t=2000000&b=0123456789abcdef",
    "seed=1&n=1&a=1.put+%22%3Cimg%20src=x%20onerror=window.hacked=1%3E%22+%3Cb%3E",
    "lesson/05-stop-the-leader",
    "lesson/01-first-cluster/class/student",
    "spacetime",
    "hunt",
];

/// What strangers put into them.
const BITS: [&str; 24] = [
    "<script>window.hacked=1</script>",
    "<img src=x onerror=window.hacked=1>",
    "javascript:window.hacked=1",
    "\" onmouseover=\"window.hacked=1",
    "%3Csvg%20onload=window.hacked=1%3E",
    "%00",
    "%",
    "%e2%82",
    "&",
    "=",
    ";",
    ".",
    "/",
    "18446744073709551616",
    "-1",
    "999999999999",
    "n=9",
    "n=0",
    "t=3600000000",
    "a=0.kill+n99",
    "seed=",
    "..",
    "\u{202e}",
    "🦀",
];

/// So many addresses.
const COUNT: usize = 1_000;
/// So many files of lessons.
const LESSONS: usize = 300;
/// So many of them at once.
const BATCH: usize = 50;

/// The text with a few changes.
fn mutated(random: &mut Random, text: &str) -> String {
    mutated_by(random, text, &BITS)
}

/// The same with these bits.
fn mutated_by(random: &mut Random, text: &str, bits: &[&str]) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    for _ in 0..=random.below(3) {
        let at = random.below(letters.len() + 1);
        match random.below(5) {
            0 => letters.truncate(at),
            1 if at < letters.len() => drop(letters.remove(at)),
            2 if at < letters.len() => {
                letters[at] = char::from(33 + u8::try_from(random.below(94)).unwrap());
            }
            3 => letters = [&letters[..at], &letters[..], &letters[at..]].concat(),
            _ => drop(letters.splice(at..at, bits[random.below(bits.len())].chars())),
        }
    }
    letters.into_iter().collect()
}

/// Opens each address as a link on the page would, and tells what the page says of it once it has drawn.
const VISIT: &str = "(async (hashes) => {
    const drawn = () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    const said = [];
    for (const hash of hashes) {
        location.hash = hash;
        await drawn();
        await drawn();
        said.push(document.querySelector('#view [role=status]')?.textContent.trim() ?? '');
    }
    return said;
})";

#[test]
fn a_thousand_links_from_strangers() {
    let good = "seed=7&n=3&a=1500000.kill+leader;200000.put+a+1&t=2500000";
    let Some(mut bench) = Bench::open(Screen::DESKTOP, good) else { return };
    bench.settle();
    let before: Value = bench.eval("[glasshouse.traceHash(), glasshouse.status().members]");
    let elements: usize = bench.eval(
        "document.querySelectorAll('script, img, iframe, object, [onerror], [onload]').length",
    );

    let mut random = Random::new(1);
    let hashes: Vec<String> = (0..COUNT)
        .map(|_| {
            let link = LINKS[random.below(LINKS.len())];
            mutated(&mut random, link)
        })
        .collect();
    let mut refused = 0;
    for batch in hashes.chunks(BATCH) {
        let said: Vec<String> = bench.eval(&format!("{VISIT}({})", json!(batch)));
        for (hash, said) in batch.iter().zip(said) {
            assert!(!said.is_empty(), "nothing is said of #{hash}");
            if said.contains("cannot be opened") {
                refused += 1;
                assert!(said.chars().count() < 200 && said.ends_with('.'), "#{hash}: {said}");
                assert!(!said.contains("\u{0}") && !said.contains('\n'), "#{hash}: {said}");
            }
        }
    }
    println!("{refused} of {COUNT} were refused");
    assert!((COUNT / 5..COUNT).contains(&refused), "{refused}");
    assert!(!bench.eval::<bool>("'hacked' in window"), "something in a link was run");
    let after: usize = bench.eval(
        "document.querySelectorAll('script, img, iframe, object, [onerror], [onload]').length",
    );
    assert_eq!(after, elements, "something in a link became an element");

    // And the page is none the worse for it.
    bench.eval::<Value>(&format!("(location.hash = {}, null)", json!(good)));
    bench.until("s.settled && s.seed === '7' && s.time_us === 2500000");
    assert_eq!(
        bench.eval::<Value>("[glasshouse.traceHash(), glasshouse.status().members]"),
        before
    );
}

#[test]
fn texts_of_submissions_from_strangers() {
    let Some(mut bench) = Bench::open(Screen::DESKTOP, "#seed=7&n=3&t=2000000") else { return };
    bench.give_ask();
    let lesson = library::find("05").unwrap().file();
    let lab = file::read(&lesson).unwrap();
    let mut player = Player::new(&lab, "class", "anna").unwrap();
    player.play("stop leader\nuntil leader\nrun 1s").unwrap();
    let text = player.submission("class", "anna").to_string();
    let mut random = Random::new(2);
    let mut refused = 0;
    for _ in 0..200 {
        let text = mutated(&mut random, &text);
        let call = json!({ "op": "grade-submission", "text": text, "file": lesson });
        let reply: Value = bench.eval(&format!("ask({call})"));
        match reply["error"].as_str() {
            Some(why) => {
                refused += 1;
                assert!(
                    why.chars().count() < 400 && why.ends_with(['.', '?']) && !why.contains('\n'),
                    "{text}: {why}"
                );
            }
            None => assert!(reply["grade"].is_object(), "{text}: {reply}"),
        }
    }
    assert!(refused > 50, "{refused}");
}

/// What strangers put into lessons.
const PIECES: [&str; 14] = [
    "[[goals]]\n",
    "[",
    "\"",
    "'''",
    "\n---\n",
    "members = 9\n",
    "\"run 10m\", ",
    "\"load 9000 put/s\", ",
    "{L}",
    "{",
    "<script>window.hacked=1</script>",
    "<img src=x onerror=window.hacked=1>",
    "[x](javascript:window.hacked=1)",
    "**`<b onclick=window.hacked=1>`**",
];

/// Opens each text as a chosen file would be opened; gives the sentence of a refusal, or nothing and what is read.
const GIVE: &str = "(async (texts) => {
    const drawn = () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    const said = [];
    for (const text of texts) {
        const why = await glasshouse.lesson(text).then(() => '', error => error.message);
        await drawn();
        const shown = why
            ? document.querySelector('.lesson [role=alert]')?.textContent ?? ''
            : document.querySelector('.lesson h2')?.textContent ?? '';
        said.push([why, shown]);
    }
    return said;
})";

#[test]
fn lessons_from_strangers() {
    let good = "seed=7&n=3&a=1500000.kill+leader;200000.put+a+1&t=2500000";
    let Some(mut bench) = Bench::open(Screen::DESKTOP, good) else { return };
    let before: Value = bench.eval("[glasshouse.traceHash(), glasshouse.status().members]");
    bench.eval::<Value>("(location.hash = 'lesson', null)");
    bench.wait("document.querySelectorAll('.cards li').length >= 5");
    let files: Vec<String> = ["03", "05"].map(|id| library::find(id).unwrap().file()).into();
    let mut random = Random::new(3);
    let texts: Vec<String> = (0..LESSONS)
        .map(|_| {
            let file = files[random.below(files.len())].clone();
            mutated_by(&mut random, &file, &PIECES)
        })
        .collect();
    let mut refused = 0;
    for batch in texts.chunks(BATCH) {
        let said: Vec<(String, String)> = bench.eval(&format!("{GIVE}({})", json!(batch)));
        for (text, (why, shown)) in batch.iter().zip(said) {
            if why.is_empty() {
                let lab = file::read(text).unwrap();
                assert_eq!(shown, lab.title, "{text}");
                continue;
            }
            refused += 1;
            assert_eq!(shown, why, "{text}");
            assert!(why.chars().count() < 400 && why.ends_with(['.', '?']), "{text}: {why}");
            assert!(!why.contains('\n'), "{text}: {why}");
        }
    }
    println!("{refused} of {LESSONS} lessons were refused");
    assert!((LESSONS / 5..LESSONS).contains(&refused), "{refused}");
    assert!(!bench.eval::<bool>("'hacked' in window"), "something in a lesson was run");
    let strange = "document.querySelectorAll('.lesson script, .lesson img, .lesson a[href^=javascript], [onerror], [onclick]').length";
    assert_eq!(bench.eval::<usize>(strange), 0, "something in a lesson became an element");

    // And the page is none the worse for it.
    bench.eval::<Value>(&format!("(location.hash = {}, null)", json!(good)));
    bench.until("s.settled && s.seed === '7' && s.time_us === 2500000");
    assert_eq!(
        bench.eval::<Value>("[glasshouse.traceHash(), glasshouse.status().members]"),
        before
    );
}
