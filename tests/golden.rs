//! Stories in `scripts/sim/`: lines of the command language and what they print.
//!
//! They are the specification that a student reads: each file tells one thing about a cluster.
//! `UPDATE_GOLDEN=1 cargo test --package glasshouse-tests --test golden` writes what is printed
//! into the files; read the difference before committing it.
//!
//! Those in `scripts/broken/` have a rule taken away from the members by a planted bug, and end with what broke. Without
//! the bug nothing breaks.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are a test")]

use std::path::{Path, PathBuf};

use glasshouse_sim::script::{Bench, Story};

/// How the last line of a story begins in which something broke.
const BROKEN: &str = "# Broken: ";

fn stories(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder of golden scripts is in the repository")
        .map(|entry| entry.expect("its entries can be read").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "script"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

/// A file, and the story in it.
fn read(path: &Path) -> (String, Story) {
    let said = std::fs::read_to_string(path).unwrap();
    let story = Story::parse(&said).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    (said, story)
}

#[test]
fn stories_print_what_they_say() {
    compare("sim", |path, printed, bench| {
        assert_eq!(bench.world().violation(), None, "{}", path.display());
        printed
    });
}

#[test]
fn stories_of_broken_rules_end_with_what_broke() {
    compare("broken", |path, printed, bench| {
        let violation = bench.world().violation();
        let violation = violation.unwrap_or_else(|| panic!("{}: nothing broke", path.display()));
        let story = printed.lines().filter(|line| !line.starts_with(BROKEN));
        story.map(|line| format!("{line}\n")).collect::<String>()
            + &format!("{BROKEN}{violation}\n")
    });
}

/// The same lines in an honest world.
#[test]
fn nothing_breaks_where_the_rule_holds() {
    for path in stories("broken") {
        let (said, _) = read(&path);
        let honest: Vec<&str> = said.lines().filter(|line| !line.starts_with("plant ")).collect();
        assert!(honest.len() < said.lines().count(), "{} plants nothing", path.display());
        let (_, bench) = Story::parse(&honest.join("\n")).unwrap().play(|_, _| {});
        assert_eq!(bench.world().violation(), None, "{}", path.display());
    }
}

/// Plays the stories of a folder; `whole` makes the file of what one printed.
fn compare(folder: &str, whole: impl Fn(&Path, String, &Bench) -> String) {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for path in stories(folder) {
        let (said, story) = read(&path);
        let (printed, bench) = story.play(|_, _| {});
        let printed = whole(&path, printed, &bench);
        if printed == said {
            continue;
        }
        if update {
            std::fs::write(&path, &printed).unwrap();
        } else {
            wrong.push(difference(&path, &said, &printed));
        }
    }
    assert!(wrong.is_empty(), "{}\nUPDATE_GOLDEN=1 writes what is printed.", wrong.join("\n"));
}

/// The first line that differs.
fn difference(path: &Path, said: &str, printed: &str) -> String {
    let mut said = said.lines();
    let mut printed = printed.lines();
    for number in 1.. {
        let (a, b) = (said.next(), printed.next());
        if a != b {
            let [a, b] = [a, b].map(|line| line.unwrap_or("(the end)"));
            return format!("{}:{number}\n  says:   {a}\n  prints: {b}", path.display());
        }
    }
    unreachable!("two texts that differ have a line that differs")
}

/// The log of a story, done again in a world with the same setup, is the same history.
#[test]
fn a_story_told_twice_has_one_trace() {
    for path in stories("sim") {
        let (_, story) = read(&path);
        let (_, first) = story.play(|_, _| {});
        let log = first.log().to_vec();
        let mut again = Bench::new(story.setup.clone(), log);
        // Stops at odd moments must not matter.
        let mut now = 0;
        while now < first.now_us() {
            now = first.now_us().min(now + 70_001);
            again.run_until(now, glasshouse_sim::view::call::Stop::Time, 0);
        }
        let hashes = [&first, &again].map(|bench| format!("{:016x}", bench.world().trace_hash()));
        assert_eq!(hashes[0], hashes[1], "{}", path.display());
    }
}
