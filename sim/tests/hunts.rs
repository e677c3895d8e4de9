//! Findings: a run and its lines are one and the same, and a file from a stranger is only a text.

use glasshouse_sim::clock::{MICROS, MILLIS, SECOND};
use glasshouse_sim::hunt::draw::Draw;
use glasshouse_sim::hunt::finding::{self, BUILD, BYTES_MAX, Finding, LINES_MAX};
use glasshouse_sim::hunt::shrink::shrink;
use glasshouse_sim::hunt::story;
use glasshouse_sim::mutant::Mutant;
use glasshouse_sim::script::{Bench, Setup};
use glasshouse_sim::view::call::{Action, Stop};

/// What the command line and the page do with a case is what the hunter did: the world counts the
/// same messages, calls, elections and so on.
#[test]
fn the_lines_of_a_run_do_what_was_done() {
    for seed in 0..12 {
        let (case, trial) = Draw::of_seed(seed, None).run();
        let lines = case.lines().expect("the language has words for all of it");
        let log =
            lines.into_iter().map(|(at, line)| Action { time_us: at / MICROS, line }).collect();
        let mut bench = Bench::new(Setup::new(case.seed, case.members), log);
        let until = case.end.min(trial.world.now());
        bench.run_until(until / MICROS, Stop::Time, 0);
        assert_eq!(bench.world().counts(), trial.world.counts(), "seed {seed}");
        assert_eq!(bench.world().settled_at(), trial.world.settled_at(), "seed {seed}");
        assert_eq!(bench.world().violation(), trial.world.violation(), "seed {seed}");
    }
}

/// A small finding of an easy bug.
fn found() -> Finding {
    let mut seeds = 0..100;
    let hit = seeds.find_map(|seed| {
        let (case, trial) = Draw::of_seed(seed, Some(Mutant::AckBeforeFsync)).run();
        Some((case, trial.world.violation()?))
    });
    let (case, violation) = hit.expect("it is an easy one");
    Finding::of(&shrink(case, violation, &mut |_, _| {}).case).expect("its lines break it, too")
}

/// Reads a text as `verify` does, and judges it.
fn refusal(text: &str) -> String {
    let judged = finding::read(text).and_then(|finding| finding.verify());
    let sentence = judged.expect_err(text);
    assert!(sentence.ends_with('.') && !sentence.contains('\n'), "{sentence:?}");
    sentence
}

/// The same head with lines that are wrong, and what is to be said of them.
fn wrong_scripts(head: &str, script: &str) -> Vec<(String, &'static str)> {
    let with = |script: &str| format!("{head}\n\n{script}");
    let after = |line: &str| with(&format!("{script}{line}\n"));
    vec![
        (with(""), "It does nothing"),
        (with("0s\n"), "Nothing breaks until"),
        (with("0s put a 1\n"), "Nothing breaks until"),
        (with("soon kill n1\n"), "is no duration"),
        (with("99999h kill n1\n"), "too long"),
        (with("2s kill n1\n1s restart n1\n"), "comes before the one above it"),
        (after("9s rm -rf /"), "cannot be read"),
        (after("9s kill n1\u{1b}[2J"), "no line of a script"),
        (after(&format!("9s put a {}", "x".repeat(5_000))), "no line of a script"),
        (with(&"0s heal\n".repeat(LINES_MAX + 1)), "more than 1000 lines"),
        (with(&"0s kill n1\n".repeat(BYTES_MAX / 10)), "are the most"),
        (
            with("0s traffic 10000/s for 1h clients=64 watchers=64 ops=all\n"),
            "Nothing breaks until",
        ),
        (with("0s traffic 10001/s for 1s\n"), "cannot be read"),
        (with("0s hunt 100000s\n"), "cannot be read"),
        (with("0s hunt 80000s\n"), "Nothing breaks until"),
    ]
}

#[test]
fn wrong_and_hostile_files_are_refused_in_one_sentence() {
    let right = found();
    assert_eq!(right.verify(), Ok(()));
    let text = right.to_string();
    let (head, script) = text.split_once("\n\n").expect("an empty line");
    let swap = |from: &str, to: &str| {
        let other = text.replacen(from, to, 1);
        assert_ne!(other, text, "{from}");
        other
    };
    let seed = format!("seed {}", right.seed);
    let members = format!("members {}", right.members);
    let at = format!("at {}ns", right.at);
    let property = format!("property {}", right.property);
    let heads: Vec<(String, &str)> = vec![
        (String::new(), "It is no finding"),
        ("glasshouse finding 2\n".into(), "It is no finding"),
        ("\u{feff}glasshouse finding 1\n".into(), "It is no finding"),
        ("<script>alert(1)</script>".into(), "It is no finding"),
        ("GET / HTTP/1.1\n\n".into(), "It is no finding"),
        ("glasshouse finding 1\n".into(), "no line about its build"),
        (format!("glasshouse finding 1\nbuild {BUILD}\n"), "no line about its seed"),
        (swap(&seed, ""), "no line about its seed"),
        (swap(&seed, "seed -1"), "Its seed cannot be"),
        (swap(&seed, "seed 18446744073709551616"), "Its seed cannot be"),
        (swap(&seed, "seed 1e9"), "Its seed cannot be"),
        (swap(&members, "members 0"), "1 to 9 members"),
        (swap(&members, "members 99"), "1 to 9 members"),
        (swap(&members, "members x"), "1 to 9 members"),
        (swap(&property, "property everything"), "Its property cannot be"),
        (swap(&property, "property liveness"), "It says that liveness breaks"),
        (swap(&property, "property election safety"), "It says that election safety breaks"),
        (swap(BUILD, "0123456789abcdef"), "It was made by build 0123456789abcdef"),
        (swap(BUILD, "latest"), "Its build cannot be"),
        (swap("ns\ntrace", "\ntrace"), "Its moment cannot be"),
        (swap(&at, "at 99999999999999999ns"), "Its moment cannot be"),
        (swap(&at, "at 5ns"), "Nothing breaks until"),
        (swap(&at, &format!("at {}ns", right.at + 1)), "it breaks at"),
        (swap(&format!("{:016x}", right.trace), "zz"), "Its trace cannot be"),
        (
            swap(&format!("{:016x}", right.trace), "0000000000000000"),
            "and it says 0000000000000000",
        ),
    ];
    let scripts = wrong_scripts(head, script);
    assert!(heads.len() + scripts.len() >= 30);
    for (text, why) in heads.into_iter().chain(scripts) {
        let sentence = refusal(&text);
        assert!(sentence.contains(why), "{sentence:?} does not say {why:?}");
    }
    // Cut off anywhere, it is refused or still says the same.
    for at in (0..text.len()).step_by(7).filter(|at| text.is_char_boundary(*at)) {
        if let Ok(finding) = finding::read(&text[..at]) {
            let _ = finding.verify();
        }
    }
}

/// A file cannot ask for more work than a few seconds.
#[test]
fn a_file_that_asks_for_too_much_is_given_up() {
    let greedy = Finding {
        build: BUILD.to_owned(),
        seed: 1,
        members: 9,
        property: glasshouse_sim::check::Property::Liveness,
        at: 3_600 * SECOND,
        trace: 0,
        lines: vec![Action {
            time_us: 0,
            line: "traffic 10000/s for 1h clients=64 keys=1000 watchers=64 ops=all".to_owned(),
        }],
    };
    let sentence = refusal(&greedy.to_string());
    assert!(sentence.contains("events"), "{sentence}");
}

#[test]
fn a_finding_is_told_in_three_ways() {
    let finding = found();
    let text = story::text(&finding);
    assert!(text.contains(&finding.property.to_string()), "{text}");
    assert!(finding.lines.iter().all(|line| text.contains(&format!("> {}", line.line))), "{text}");
    assert!(text.lines().any(|line| line.starts_with('!')), "{text}");
    let json = story::json(&finding);
    assert!(
        json.lines().all(|line| line.starts_with('{') && line.contains("\"time_us\"")),
        "{json}"
    );
    let shiviz = story::shiviz(&finding);
    let mut lines = shiviz.lines().skip(2);
    while let (Some(head), Some(_)) = (lines.next(), lines.next()) {
        let (host, clock) = head.split_once(' ').expect("a host and its clock");
        assert!(clock.contains(&format!("\"{host}\"")), "{head}");
    }
    assert!(finding.at > 100 * MILLIS);
}
