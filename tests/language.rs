//! The catalogues of other languages: each entry is whole and reached, and no text of the page is without one.
//!
//! The page's own code reads them (`web/js/catalogue.js`, in Node.js). English is collected where it stands:
//! the words of the interface, the sentences of the run, the help and the promises from the source, the story
//! of real runs from the golden scripts. So who adds a sentence hears of it here.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use glasshouse_sim::lesson::library::{self, Source};
use glasshouse_tests::{root, tools};
use serde::Deserialize;
use serde_json::json;

/// Files all of whose texts people read.
const ALL_TEXT: [&str; 3] =
    ["sim/src/view/text/en.rs", "sim/src/view/spacetime/tell.rs", "sim/src/script/condition.rs"];

/// Files whose sentences people read: help, errors, promises, rules. The rest of them are commands and names.
const SENTENCES: [&str; 5] = [
    "sim/src/script/act.rs",
    "sim/src/script/parse.rs",
    "sim/src/script/vocabulary.rs",
    "sim/src/check/mod.rs",
    "sim/src/mutant/catalogue.rs",
];

/// Attributes of elements that people read or hear.
const ATTRIBUTES: [&str; 5] =
    ["aria-label=", "aria-description=", "title=", "placeholder=", "alt="];

/// What stands among texts and is none in any language, by what it is.
const NO_TEXT: [(&str, &[&str]); 4] = [
    ("names", &["Glasshouse"]),
    (
        "keys, as they are written on a keyboard and as a browser calls them",
        &["Ctrl", "Ctrl K", "Alt", "Esc", "Enter", "Tab", "Shift", "ArrowLeft", "ArrowDown"],
    ),
    (
        "commands and their words",
        &[
            "etcdctl",
            "etcdctl member list",
            "etcdctl put a 1",
            "etcdctl put apples 40",
            "etcdctl lease grant 60",
            "etcdctl watch stock/ --prefix",
            "kill leader",
            "help",
            "load 20 put/s for 5s",
            "power off",
            "full disk",
            "break disk",
            "align timers",
            "unplant",
            "move-leader",
            "glasshouse-lab replay",
        ],
    ),
    (
        "of the document: classes, attributes, events, kinds of fields, ids, shapes",
        &[
            "data-loose",
            "data-loose=chosen",
            "pointermove",
            "chg0",
            "chgm",
            "chg",
            "polite",
            "cut-out",
            "hunt-start",
            "hunt-stop",
            "checkbox",
            "radio",
            "ofclient",
            "rotate(-90",
            "rotate(90",
            "rotate(180",
            "translate",
            "scale(.82",
            "d small",
            "M4 3H7V13H4ZM9 3H12V13H9Z",
            "fault",
            "one line for each sentence; splitting hides the list",
            "entrys",
        ],
    ),
];

/// First words of hints that are lines for the terminal and nothing else.
const COMMANDS: [&str; 23] = [
    "answer",
    "client",
    "clock",
    "compaction",
    "endpoint",
    "freeze",
    "get",
    "heal;",
    "kill",
    "lease",
    "member",
    "partition",
    "plant",
    "put",
    "restart",
    "rule",
    "run",
    "slow",
    "start",
    "stop",
    "txn",
    "until",
    "watch",
];

/// What the page's code says of catalogues.
#[derive(Deserialize)]
struct Judged {
    name: String,
    wrong: Vec<String>,
    unknown: Vec<String>,
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The tags of the languages, by the files in `web/lang/`.
fn languages() -> Vec<String> {
    let files = fs::read_dir(root().join("web/lang")).unwrap();
    files
        .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect()
}

/// The catalogue of a language.
fn catalogue(language: &str) -> String {
    read(&root().join(format!("web/lang/{language}.txt")))
}

/// What a lesson shows: its paragraphs and items with their marks, and the texts of its questions and goals.
fn lesson_texts(source: &Source) -> Vec<String> {
    let lab = source.read().unwrap();
    let mut texts = Vec::new();
    for block in source.text.split("\n\n").map(|block| block.trim_matches('\n')) {
        if block.lines().all(|line| line.starts_with("    ")) {
            continue;
        }
        let lines = block.lines().map(|line| line.trim().trim_start_matches(['#', ' ']));
        let whole = lines.collect::<Vec<_>>().join(" ");
        match block.starts_with("- ") {
            true => texts.extend(whole.trim_start_matches("- ").split(" - ").map(str::to_owned)),
            false => texts.push(whole),
        }
    }
    for one in &lab.predictions {
        texts.push(one.question.clone());
        texts.extend(one.choices.iter().cloned());
        texts.extend(one.tempting.iter().map(|(_, why)| why.clone()));
    }
    for one in &lab.questions {
        texts.push(one.question.clone());
        texts.extend(one.choices.iter().cloned());
    }
    for one in &lab.goals {
        texts.push(one.title.clone());
        texts.extend(one.hints.iter().cloned());
    }
    // Names are filled in before anything is drawn.
    let names = lab.names.iter().map(|(name, _)| format!("{{{name}}}"));
    let fill = |text: String| names.clone().fold(text, |text, name| text.replace(&name, "n1"));
    texts.into_iter().map(fill).collect()
}

/// Asks the page's code about catalogues and texts; `None` after saying that Node.js is missing.
fn judge(language: &str, files: &[String], texts: &[String]) -> Option<Judged> {
    let node = tools::node()?;
    let mut child = Command::new(node)
        .arg(root().join("tests/pages/catalogue.mjs"))
        .arg(root().join("web/js/catalogue.js"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let question = json!({"language": language, "files": files, "texts": texts}).to_string();
    child.stdin.take().unwrap().write_all(question.as_bytes()).unwrap();
    let answer = child.wait_with_output().unwrap();
    assert!(answer.status.success(), "the catalogues of {language} cannot be read");
    Some(serde_json::from_slice(&answer.stdout).unwrap())
}

/// The texts in quotes of a Rust file, up to its tests; what stands before each goes along.
fn literals(source: &str) -> Vec<(String, String)> {
    let source = source.split("#[cfg(test)]").next().unwrap();
    let mut found = Vec::new();
    let mut code = String::new();
    let mut chars = source.chars().peekable();
    while let Some(letter) = chars.next() {
        match letter {
            '/' if chars.peek() == Some(&'/') => {
                chars.by_ref().take_while(|letter| *letter != '\n').for_each(drop);
                code.push('\n');
            }
            '\'' if chars.peek() == Some(&'"') => {
                chars.next();
            }
            '"' => {
                let mut text = String::new();
                while let Some(letter) = chars.next().filter(|letter| *letter != '"') {
                    match (letter, if letter == '\\' { chars.next() } else { None }) {
                        (_, Some('\n')) => {
                            while chars.peek().is_some_and(|next| next.is_whitespace()) {
                                chars.next();
                            }
                        }
                        (_, Some('n')) => text.push('\n'),
                        (_, Some(other)) => text.push(other),
                        (letter, None) => text.push(letter),
                    }
                }
                found.push((code.clone(), text));
                code.clear();
            }
            _ => code.push(letter),
        }
    }
    found
}

/// Whether what stands before a text says that people read it: in a panel, text is `{ "..." }`.
fn is_read(before: &str) -> bool {
    let before = before.trim_end();
    let attribute = before.strip_suffix("{format!(").unwrap_or(before);
    let drawn = before.strip_suffix("format!(").unwrap_or(before).trim_end();
    ATTRIBUTES.iter().any(|name| attribute.ends_with(name))
        || ["row(", "name(", "one("].iter().any(|cell| before.ends_with(cell))
        || drawn.ends_with("{ ") | drawn.ends_with('{') && !drawn.ends_with("={")
}

/// The parts of a text that are always the same, sentence by sentence: `leads term`, `alone.`
fn pieces(text: &str) -> Vec<String> {
    // The n of a member's name belongs to what changes.
    let text = &text.replace(" n{", " {");
    let mut fixed = vec![String::new()];
    let mut depth = 0;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '{' | '}' if letters.peek() == Some(&letter) => {
                letters.next();
            }
            '{' => {
                depth += 1;
                fixed.push(String::new());
            }
            '}' => depth -= 1,
            '\n' => fixed.push(String::new()),
            _ if depth == 0 => fixed.last_mut().unwrap().push(letter),
            _ => {}
        }
    }
    let sentences = fixed.iter().flat_map(|part| part.split(". "));
    let word =
        |piece: &&str| piece.split(|c: char| !c.is_ascii_alphabetic()).any(|word| word.len() > 1);
    sentences.map(bare).filter(word).map(str::to_owned).collect()
}

/// Without marks around it and numbers before it.
fn bare(piece: &str) -> &str {
    let piece = piece.trim_end_matches(|c: char| !c.is_alphanumeric());
    piece.trim_start_matches(|c: char| !c.is_alphabetic())
}

/// Every form of an English side: `{is|are}` as one and as the other, `(s)` with and without.
fn forms(english: &str) -> Vec<String> {
    let either = english.match_indices('{').find_map(|(from, _)| {
        let to = from + english[from..].find('}')?;
        english[from..to].contains('|').then_some((from, to))
    });
    if let Some((from, to)) = either {
        let choices = english[from + 1..to].split('|');
        return choices
            .flat_map(|one| forms(&format!("{}{one}{}", &english[..from], &english[to + 1..])))
            .collect();
    }
    match english.split_once("(s)") {
        Some((head, tail)) => {
            ["", "s"].into_iter().flat_map(|end| forms(&format!("{head}{end}{tail}"))).collect()
        }
        None => vec![english.to_owned()],
    }
}

/// What a catalogue knows in English.
fn english(files: &[String]) -> Vec<String> {
    let lines = files.iter().flat_map(|file| file.lines());
    lines.filter(|line| !line.starts_with(['=', '#', '['])).flat_map(forms).collect()
}

/// The texts of the page in its sources, with the file that each is from.
fn texts() -> BTreeSet<(String, String)> {
    let mut files = Vec::new();
    walk(&root().join("web/src/panel"), &mut files);
    files.push(root().join("web/src/app.rs"));
    let mut interface = vec![root().join("web/src/text/en.rs")];
    walk(&root().join("web/src/text/en"), &mut interface);
    interface.extend(ALL_TEXT.map(|file| root().join(file)));
    let of = |file: &PathBuf, all: bool| {
        let name = file.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
        let texts = literals(&read(file));
        texts
            .into_iter()
            .filter(move |(before, _)| all || is_read(before))
            .map(move |(_, text)| (name.clone(), text))
            .collect::<Vec<_>>()
    };
    let panels = files.iter().flat_map(|file| of(file, false));
    let sentences = SENTENCES.map(|file| root().join(file));
    let sentences = sentences.iter().flat_map(|file| of(file, true));
    panels
        .chain(interface.iter().flat_map(|file| of(file, true)))
        .chain(sentences.filter(|(_, text)| text.ends_with('.')))
        .collect()
}

fn walk(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// The story of real runs: lines that golden scripts have from the feed.
fn story() -> BTreeSet<String> {
    let mut files = Vec::new();
    walk(&root().join("tests/scripts/sim"), &mut files);
    let line = |line: &str| {
        let (time, text) = line.trim_start().split_once("  ")?;
        let (seconds, millis) = time.split_once('.')?;
        let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
        (line.starts_with("  ") && digits(seconds) && digits(millis) && millis.len() == 3)
            .then(|| text.to_owned())
    };
    files.iter().flat_map(|file| read(file).lines().filter_map(line).collect::<Vec<_>>()).collect()
}

#[test]
fn every_entry_is_whole_and_reached() {
    for language in languages() {
        let Some(judged) = judge(&language, &[catalogue(&language)], &[]) else { return };
        assert!(!judged.name.is_empty(), "{language} does not say its name");
        assert!(judged.wrong.is_empty(), "{language}:\n  {}", judged.wrong.join("\n  "));
    }
}

#[test]
fn a_lesson_that_is_translated_is_translated_whole() {
    for language in languages() {
        let mut wrong = Vec::new();
        for source in library::LESSONS {
            let file = root().join(format!("labs/{}/{language}.txt", source.id));
            if !file.exists() {
                continue;
            }
            let (files, texts) = ([catalogue(&language), read(&file)], lesson_texts(source));
            let Some(judged) = judge(&language, &files, &texts) else { return };
            // Numbers, members and lines for the terminal are the same in every language.
            let is_line = |text: &str| COMMANDS.contains(&text.split(' ').next().unwrap());
            let is_text = |text: &&String| text.contains(' ') && !is_line(text);
            let unknown = judged.unknown.iter().filter(is_text).cloned();
            let named = |what: String| format!("{}: {what}", source.id);
            wrong.extend(judged.wrong.into_iter().chain(unknown).map(named));
        }
        assert!(wrong.is_empty(), "{language}:\n  {}", wrong.join("\n  "));
    }
}

#[test]
fn no_text_of_the_page_is_without_a_translation() {
    let texts = texts();
    assert!(texts.len() > 700, "only {} texts were found", texts.len());
    for language in languages() {
        let known = english(&[catalogue(&language)]);
        let is_known = |piece: &str| {
            // An example is a command.
            ["Write it like ", "like "].iter().any(|example| piece.starts_with(example))
                || NO_TEXT.iter().any(|(_, names)| names.contains(&piece))
                || known.iter().any(|text| text.contains(piece))
        };
        let missing = texts.iter().flat_map(|(file, text)| {
            let missing = pieces(text).into_iter().filter(|piece| !is_known(piece));
            missing.map(move |piece| format!("{file}: {piece:?} of {text:?}"))
        });
        let missing: Vec<String> = missing.collect();
        assert!(missing.is_empty(), "{language} lacks:\n  {}", missing.join("\n  "));
    }
}

#[test]
fn the_story_of_real_runs_is_translated() {
    let story: Vec<String> = story().into_iter().collect();
    assert!(story.len() > 100, "only {} lines were found", story.len());
    for language in languages() {
        let Some(judged) = judge(&language, &[catalogue(&language)], &story) else { return };
        assert!(judged.unknown.is_empty(), "{language}:\n  {}", judged.unknown.join("\n  "));
    }
}
