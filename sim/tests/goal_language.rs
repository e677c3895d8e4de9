//! The language of goals and the files of lessons take any text: they read it, or say what is wrong with it.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are a test")]

use glasshouse_sim::lesson::goal::parse;
use glasshouse_sim::lesson::{Lab, library, submission};
use glasshouse_sim::rng::Stream;

/// A place below `end`; 0 where there is none.
fn place(dice: &mut Stream, end: usize) -> usize {
    usize::try_from(dice.below(end.max(1) as u64)).unwrap()
}

/// Some letters of a text go, come or are others.
fn mutated(dice: &mut Stream, text: &str, pieces: &[&str]) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    for _ in 0..=dice.below(4) {
        let at = place(dice, letters.len());
        match dice.below(4) {
            0 if !letters.is_empty() => {
                let end = (at + 1 + place(dice, 6)).min(letters.len());
                letters.drain(at..end);
            }
            1 => drop(letters.splice(at..at, dice.pick(pieces).chars())),
            2 if !letters.is_empty() => {
                letters[at] = char::from(32 + u8::try_from(dice.below(96)).unwrap());
            }
            _ => {
                let from = place(dice, letters.len());
                let end = (from + place(dice, 20)).min(letters.len());
                let copy = letters[from..end].to_vec();
                letters.splice(at..at, copy);
            }
        }
    }
    letters.into_iter().collect()
}

const PIECES: [&str; 26] = [
    "ever ",
    "always ",
    "no ",
    "not ",
    " then ",
    " and ",
    " or ",
    " after ",
    " before ",
    " while ",
    " within 5s",
    " @ end",
    "all m in members: ",
    "in B: ",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    " = ",
    " | ",
    ".term",
    "ok put()",
    "\"",
    "é",
];

fn goals() -> Vec<String> {
    let labs = library::LESSONS.iter().map(|source| source.read().unwrap());
    labs.flat_map(|lab| lab.goals.into_iter().map(|goal| goal.text)).collect()
}

#[test]
fn what_is_printed_is_read_as_the_same() {
    for text in goals() {
        let goal = parse::goal(&text).unwrap();
        let printed = goal.to_string();
        assert_eq!(parse::goal(&printed).as_ref(), Ok(&goal), "{text}\n{printed}");
    }
}

#[test]
fn no_text_surprises_the_parser() {
    let (goals, mut dice) = (goals(), Stream::new(7, "texts", 0, 0));
    let mut read = 0;
    for _ in 0..20_000 {
        let goal = place(&mut dice, goals.len());
        let text = mutated(&mut dice, &goals[goal], &PIECES);
        match parse::goal(&text) {
            Ok(goal) => {
                read += 1;
                let printed = goal.to_string();
                assert_eq!(parse::goal(&printed).as_ref(), Ok(&goal), "{text}\n{printed}");
            }
            Err(wrong) => {
                assert!(
                    wrong.at <= text.len() && !wrong.sentence.contains('\n'),
                    "{text}: {wrong}"
                );
                assert!(wrong.told(&text).starts_with("line "), "{text}");
            }
        }
    }
    assert!(read > 500, "only {read} of the texts are goals: they should be near to some");
}

#[test]
fn depth_and_length_have_an_end() {
    for text in ["(".repeat(3_000), "not ".repeat(900), "-".repeat(3_000), "1+".repeat(1_500) + "1"]
    {
        assert!(parse::goal(&text).is_err(), "{}...", &text[..8]);
    }
    assert!(parse::goal(&"1 ".repeat(3_000)).unwrap_err().sentence.contains("bytes"));
}

#[test]
fn unknown_names_are_told_at_once() {
    let source = library::find("05").unwrap();
    let with = |formula: &str| {
        let head = source.toml.split("[[goals]]").next().unwrap();
        let goal = format!(
            "{head}\n[[goals]]\nname = \"G1\"\nstep = 1\ntitle = \"x\"\nformula = '{formula}'\n"
        );
        Lab::read("05-x", &goal, source.text).map(|_| ()).unwrap_err()
    };
    assert!(with("elcted()").contains("Is elected meant?"), "{}", with("elcted()"));
    assert!(with("stop(nobody_known)").contains("no name"), "{}", with("stop(nobody_known)"));
    assert!(with("put(colour = \"x\")").contains("no field"), "{}", with("put(colour = \"x\")"));
    assert!(with("answer(who) = 1").contains("no question"), "{}", with("answer(who) = 1"));
    assert!(with("term()").contains("takes 1"), "{}", with("term()"));
    assert!(with("holds(\"luck\")").contains("no property"), "{}", with("holds(\"luck\")"));
    assert!(with("let L = L; stop(L)").contains("taken"), "{}", with("let L = L; stop(L)"));
    assert!(with("stop(leader").contains("line 1, column"), "{}", with("stop(leader"));
}

#[test]
fn no_file_surprises_a_lesson() {
    let mut dice = Stream::new(3, "texts", 0, 0);
    let pieces = ["[[goals]]\n", "[", "\"", "'''", "= 1\n", "members = 300\n", "\u{0}", "{L}", "#"];
    for _ in 0..600 {
        let source = dice.pick(library::LESSONS);
        let toml = mutated(&mut dice, source.toml, &pieces);
        if let Err(why) = Lab::read(source.id, &toml, source.text) {
            assert!(!why.contains('\n') && why.len() < 1_000, "{why}");
        }
    }
    assert!(Lab::read("a/../b", library::LESSONS[0].toml, "").is_err());
    assert!(Lab::read("x", &"x".repeat(200_000), "").unwrap_err().contains("bytes"));
}

#[test]
fn no_text_surprises_whoever_takes_submissions() {
    let text = "glasshouse submission 1\nbuild 0123456789abcdef\nlesson 05-stop-the-leader\nclass c\n\
                student s\n\nbranch main until 9s\n2s stop leader\n3s answer x {a, b}\n\
                branch B from main 1 until 12s\n4s kill n1\n";
    assert_eq!(submission::read(text).unwrap().to_string(), text);
    let mut dice = Stream::new(5, "texts", 0, 0);
    let pieces =
        ["branch ", " until ", " from ", "9999999h ", "\n", "\n\n", "main", "-1", "\u{7f}"];
    for _ in 0..5_000 {
        let text = mutated(&mut dice, text, &pieces);
        match submission::read(&text) {
            Ok(read) => assert_eq!(submission::read(&read.to_string()), Ok(read), "{text}"),
            Err(why) => assert!(!why.contains('\n') && why.len() < 400, "{why}"),
        }
    }
}
