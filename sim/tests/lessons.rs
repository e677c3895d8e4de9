//! Every lesson in `labs/` tests itself: nothing holds at its start, all holds after its solution, and for each goal there
//! is a change of the solution that makes just that goal fail.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are a test")]

use std::fs;
use std::path::{Path, PathBuf};

use glasshouse_sim::lesson::grade::grade;
use glasshouse_sim::lesson::solution::Player;
use glasshouse_sim::lesson::{Lab, change, submission};

/// Students of a class: each has another world.
const STUDENTS: [&str; 3] = ["anna", "boris", "chen"];

fn labs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("labs")
}

/// The folders of all lessons.
fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        fs::read_dir(labs()).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|folder| folder.join("lab.toml").is_file());
    folders.sort();
    assert!(!folders.is_empty(), "there are no lessons");
    folders
}

fn text(folder: &Path, name: &str) -> String {
    let path = folder.join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read(folder: &Path) -> Lab {
    let id = folder.file_name().unwrap().to_string_lossy().into_owned();
    Lab::read(&id, &text(folder, "lab.toml"), &text(folder, "lesson.md"))
        .unwrap_or_else(|why| panic!("{id}: {why}"))
}

/// The goals that do not hold after a script.
fn missed(lab: &Lab, student: &str, script: &str) -> Vec<String> {
    let mut player = Player::new(lab, "class", student).unwrap();
    player.play(script).unwrap_or_else(|why| panic!("{}, {student}: {why}", lab.id));
    let grade = player.grade();
    let missed = grade.goals.iter().filter(|goal| !goal.judged.is_met());
    missed.map(|goal| goal.name.clone()).collect()
}

#[test]
fn no_goal_holds_before_anything_is_done() {
    for folder in folders() {
        let lab = read(&folder);
        let held: Vec<String> = lab.goals.iter().map(|goal| goal.name.clone()).collect();
        assert_eq!(
            missed(&lab, "anna", "run 2s"),
            held,
            "{}: these are missed, those exist",
            lab.id
        );
    }
}

#[test]
fn every_solution_reaches_every_goal() {
    for folder in folders() {
        let (lab, solution) = (read(&folder), text(&folder, "solution.script"));
        for student in STUDENTS {
            let none: Vec<String> = Vec::new();
            assert_eq!(missed(&lab, student, &solution), none, "{}, {student}", lab.id);
        }
    }
}

#[test]
fn every_goal_has_a_change_that_makes_it_fail_alone() {
    for folder in folders() {
        let (lab, solution) = (read(&folder), text(&folder, "solution.script"));
        let changes = change::read(&text(&folder, "wrong.script")).unwrap();
        for change in &changes {
            let changed = change.apply(&solution).unwrap_or_else(|why| panic!("{}: {why}", lab.id));
            let missed = missed(&lab, "anna", &changed);
            assert_eq!(missed, vec![change.goal.clone()], "{}: {}", lab.id, change.why);
        }
        for goal in &lab.goals {
            let tested = changes.iter().any(|change| change.goal == goal.name);
            assert!(tested, "{}: nothing makes {} fail", lab.id, goal.name);
        }
    }
}

#[test]
fn what_is_handed_in_is_graded_as_what_was_played() {
    for folder in folders() {
        let (lab, solution) = (read(&folder), text(&folder, "solution.script"));
        let mut player = Player::new(&lab, "class", "anna").unwrap();
        player.play(&solution).unwrap();
        let handed_in = player.submission("class", "anna").to_string();
        let again = submission::read(&handed_in).unwrap();
        assert_eq!(again.to_string(), handed_in, "{}: written, read and written again", lab.id);
        let graded = grade(&lab, &again).unwrap();
        assert_eq!(graded, player.grade(), "{}", lab.id);
        let made = graded.predictions.iter().filter(|one| one.made.word() != "right");
        assert_eq!(made.count(), 0, "{}: {:?}", lab.id, graded.predictions);
        assert!(handed_in.len() < 4_096, "{}: {} bytes", lab.id, handed_in.len());
    }
}

/// Every step of a lesson has a text, and every name in its texts is known.
#[test]
fn texts_fit_their_steps() {
    for folder in folders() {
        let lab = read(&folder);
        let headings: Vec<&str> =
            lab.text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        let titles: Vec<String> =
            lab.steps.iter().zip(1..).map(|(step, n)| format!("{n}. {}", step.title)).collect();
        assert_eq!(headings, titles, "{}", lab.id);
        let steps = u32::try_from(lab.steps.len()).unwrap();
        let named = lab.goals.iter().map(|goal| goal.step);
        let named = named.chain(lab.predictions.iter().map(|one| one.step));
        for step in named.chain(lab.questions.iter().map(|one| one.step)) {
            assert!((1..=steps).contains(&step), "{}: there is no step {step}", lab.id);
        }
        for prediction in &lab.predictions {
            for right in &prediction.accepted {
                let offered = prediction.choices.is_empty() || prediction.choices.contains(right);
                assert!(offered, "{}: {} cannot be chosen", lab.id, right);
            }
        }
        for goal in &lab.goals {
            assert_eq!(goal.hints.len(), 2, "{}: {} has two hints", lab.id, goal.name);
        }
    }
}
