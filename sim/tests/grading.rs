//! A class hands in, and one command grades it: right ones, wrong ones, and those that are no submission at all.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are a test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use glasshouse_sim::hunt::draw::Draw;
use glasshouse_sim::hunt::finding::Finding;
use glasshouse_sim::lesson::solution::Player;
use glasshouse_sim::lesson::{Lab, change, library};
use glasshouse_sim::mutant::Mutant;

/// The lessons that this class does.
const LESSONS: [&str; 5] = ["03", "04", "05", "06", "07"];

fn lab(id: &str) -> (Lab, String, Vec<change::Change>) {
    let lab = library::find(id).unwrap().read().unwrap();
    let labs = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("labs").join(&lab.id);
    let text = |name: &str| fs::read_to_string(labs.join(name)).unwrap();
    (lab, text("solution.script"), change::read(&text("wrong.script")).unwrap())
}

/// A folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn verify(files: &[PathBuf], csv: bool) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_glasshouse-lab"));
    command.arg("verify").args(files);
    if csv {
        command.arg("--csv");
    }
    command.output().unwrap()
}

/// The rows of a table, by the name of the file. Fields of these tests have no quotes in them.
fn rows(output: &Output) -> BTreeMap<String, Vec<String>> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let mut rows = BTreeMap::new();
    for line in text.lines().skip(1) {
        let mut fields: Vec<String> = vec![String::new()];
        let mut quoted = false;
        for letter in line.chars() {
            match letter {
                '"' => quoted = !quoted,
                ',' if !quoted => fields.push(String::new()),
                other => fields.last_mut().unwrap().push(other),
            }
        }
        assert_eq!(fields.len(), 13, "{line}");
        let name = Path::new(&fields[0]).file_name().unwrap().to_string_lossy().into_owned();
        rows.insert(name, fields);
    }
    rows
}

/// What a student hands in who plays this script.
fn handed_in(lab: &Lab, student: &str, script: &str) -> String {
    let mut player = Player::new(lab, "spring", student).unwrap();
    player.play(script).unwrap_or_else(|why| panic!("{}, {student}: {why}", lab.id));
    player.submission("spring", student).to_string()
}

/// Texts that must be refused, made of a right one, and a word of the reason.
fn hostile(right: &str) -> Vec<(String, &'static str)> {
    let put = |line: &str| {
        let mut lines: Vec<&str> = right.lines().collect();
        let last = lines.len() - 1;
        lines.insert(last, line);
        lines.join("\n")
    };
    let begin = |from: &str, to: &str| {
        let line = right.lines().find(|line| line.starts_with(from)).unwrap();
        right.replacen(line, to, 1)
    };
    let last = right.lines().last().unwrap().split(' ').next().unwrap();
    vec![
        (String::new(), "finding"),
        ("glasshouse submission 2\n".to_owned(), "first line"),
        (begin("build", "build 0000000000000000"), "build"),
        (begin("lesson", "lesson ../../etc"), "lesson"),
        (begin("lesson", "lesson 99-nowhere"), "99-nowhere"),
        (begin("student", "student =cmd()"), "student"),
        (begin("branch", "branch main until 999h"), "branch"),
        (begin("branch", "branch main from nobody 3 until 9s"), "branch"),
        (right.lines().take(6).collect::<Vec<_>>().join("\n"), "no branch"),
        (put("1us kill leader"), "before"),
        (put("nonsense"), "duration"),
        (put(&format!("{last} hunt 60s")), "locks hunt"),
        (put(&format!("{last} ground short-log")), "locks ground"),
        (put(&format!("{last} plant M05")), "locks plant"),
        (put(&format!("{last} mark start")), "mark"),
        (put(&format!("{last} frobnicate n1")), "cannot be read"),
        (put(&format!("{last} put k {}", "v".repeat(5_000))), "no line"),
        (put(&format!("{last} put k \u{1b}[31m")), "no line"),
        (format!("{right}{}", "\n1h run 1s".repeat(7_000)), "bytes"),
        (put(&"\n".repeat(2)).replace("branch main", "branch"), "branch"),
    ]
}

#[test]
fn a_class_of_a_hundred_is_graded_in_one_command() {
    let folder = folder("class");
    let mut expected: BTreeMap<String, (String, String)> = BTreeMap::new();
    let mut files = Vec::new();
    let mut hand_in = |name: String, text: &str, verdict: &str, goals: &str| {
        let path = folder.join(&name);
        fs::write(&path, text).unwrap();
        files.push(path);
        expected.insert(name, (verdict.to_owned(), goals.to_owned()));
    };
    let lessons: Vec<_> = LESSONS.into_iter().map(lab).collect();
    let goals = |lab: &Lab, missed: &str| {
        let mark = |name: &str| if name == missed { "-" } else { "+" };
        let goals = lab.goals.iter().map(|goal| format!("{}{}", goal.name, mark(&goal.name)));
        goals.collect::<Vec<_>>().join(" ")
    };
    for number in 0..50 {
        let (lab, solution, _) = &lessons[number % lessons.len()];
        let student = format!("s{number:02}");
        let text = handed_in(lab, &student, solution);
        hand_in(format!("right-{number:02}"), &text, "graded", &goals(lab, ""));
    }
    let changed = lessons.iter().flat_map(|(lab, solution, changes)| {
        changes.iter().map(move |change| (lab, solution, change))
    });
    for (number, (lab, solution, change)) in changed.take(30).enumerate() {
        // The changes are tested for this student's seed.
        let mut player = Player::new(lab, "class", "anna").unwrap();
        player.play(&change.apply(solution).unwrap()).unwrap();
        let text = player.submission("class", "anna").to_string();
        hand_in(format!("wrong-{number:02}"), &text, "graded", &goals(lab, &change.goal));
    }
    let (lab, solution, _) = &lessons[2];
    let right = handed_in(lab, "mallory", solution);
    let reasons = hostile(&right);
    for (number, (text, why)) in reasons.iter().enumerate() {
        hand_in(format!("hostile-{number:02}"), text, "refused", why);
    }
    assert_eq!(
        files.len(),
        50 + 30 + 20 - (30 - expected.keys().filter(|n| n.starts_with("wrong")).count())
    );

    let output = verify(&files, true);
    assert_eq!(output.status.code(), Some(3), "some are refused");
    let rows = rows(&output);
    assert_eq!(rows.len(), files.len());
    for (name, (verdict, what)) in &expected {
        let row = &rows[name];
        assert_eq!(&row[1], verdict, "{name}: {row:?}");
        if verdict == "graded" {
            assert_eq!(&row[11], what, "{name}: {row:?}");
        } else {
            assert!(row[5].contains(what), "{name}: {:?} says nothing of {what}", row[5]);
            assert_eq!(row[5].matches('\n').count(), 0, "{name}: one sentence");
        }
    }
}

#[test]
fn findings_stand_in_the_same_table() {
    let folder = folder("findings");
    let (case, trial) = Draw::of_seed(0, Mutant::from_name("M03")).run();
    assert!(trial.world.violation().is_some(), "a planted bug breaks something in seed 0");
    let finding = Finding::of(&case).unwrap();
    let holds = folder.join("holds.finding");
    fs::write(&holds, finding.to_string()).unwrap();
    let changed = folder.join("changed.finding");
    let trace = format!("trace {:016x}", finding.trace);
    fs::write(&changed, finding.to_string().replace(&trace, "trace 0000000000000000")).unwrap();
    let absent = folder.join("absent.finding");

    let output = verify(std::slice::from_ref(&holds), true);
    assert_eq!(output.status.code(), Some(0));
    let row = &rows(&output)["holds.finding"];
    assert_eq!((row[1].as_str(), row[2].as_str()), ("holds", finding.property.name()));
    assert_eq!(row[3], finding.lines.len().to_string());

    let output = verify(&[holds, changed, absent], true);
    assert_eq!(output.status.code(), Some(3));
    let rows = rows(&output);
    assert_eq!(rows["holds.finding"][1], "holds");
    assert_eq!(rows["changed.finding"][1], "refused");
    assert!(rows["changed.finding"][5].contains("trace"), "{:?}", rows["changed.finding"]);
    assert!(rows["absent.finding"][5].contains("cannot be read"), "{:?}", rows["absent.finding"]);
    assert_eq!(verify(&[], true).status.code(), Some(2), "no files");
}

/// What a teacher reads of one student. `UPDATE_GOLDEN=1` writes it anew.
#[test]
fn a_grade_reads_well() {
    let (lab, solution, changes) = lab("06");
    let wrong = changes.iter().find(|change| change.goal == "G3").unwrap();
    let script = format!("hint G1 2\n{}", wrong.apply(&solution).unwrap());
    let script = script.replace("predict P2 no\n", "");
    let mut player = Player::new(&lab, "spring", "anna").unwrap();
    player.play(&script).unwrap();
    let told = player.grade().table();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/grade.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &told).unwrap();
    }
    assert_eq!(told, fs::read_to_string(&path).unwrap_or_default());
}

#[test]
fn a_lesson_that_is_one_file_is_graded_by_its_path() {
    let source = library::find("04").unwrap();
    let folder = folder("own-lesson");
    let mine = source.file().replace(source.id, "30-mine");
    let (lesson, handed) = (folder.join("30-mine.lesson"), folder.join("anna.lab"));
    fs::write(&lesson, &mine).unwrap();
    let (_, solution, _) = lab("04");
    let lab = glasshouse_sim::lesson::file::read(&mine).unwrap();
    fs::write(&handed, handed_in(&lab, "anna", &solution)).unwrap();

    let alone = verify(std::slice::from_ref(&handed), true);
    let why = &rows(&alone)["anna.lab"][5];
    assert!(why.contains("--lesson names its file"), "{why}");
    let flag = [handed, "--lesson".into(), lesson];
    let with_its_lesson = verify(&flag, true);
    let row = rows(&with_its_lesson)["anna.lab"].clone();
    assert_eq!((row[1].as_str(), row[6].as_str()), ("graded", "30-mine"));
    assert_eq!(row[9], row[10], "all of it: {row:?}");
}
