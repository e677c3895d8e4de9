//! Every lesson is graded in the page as it is natively: nothing holds at its start, all of it after its
//! solution, and each change of the solution fails its own goal alone.
//!
//! Both get the same text, which is what a student hands in, and do it again from the seed. What they say
//! is compared word for word, with the moments that decided.
//!
//! By default one change of each solution is played, and none of lessons that take minutes; `GLASSHOUSE_LABS=all`
//! plays them all.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are a test")]

use std::fs;
use std::path::{Path, PathBuf};

use glasshouse_sim::lesson::library::Source;
use glasshouse_sim::lesson::solution::Player;
use glasshouse_sim::lesson::{Lab, change, library};
use glasshouse_sim::view::serve::Served;
use glasshouse_tests::browser::{Page, Screen};
use glasshouse_tests::{Site, root, tools};
use serde_json::{Value, json};

/// What a student hands in who played this.
fn handed_in(lab: &Lab, script: &str) -> String {
    let mut player = Player::new(lab, "class", "anna").unwrap();
    player.play(script).unwrap_or_else(|why| panic!("{}: {why}", lab.id));
    player.submission("class", "anna").to_string()
}

/// The goals that are not met.
fn missed(grade: &Value) -> Vec<String> {
    let goals = grade["goals"].as_array().unwrap().iter();
    let missed = goals.filter(|goal| goal["verdict"] != "met");
    missed.map(|goal| goal["name"].as_str().unwrap().to_owned()).collect()
}

struct Both {
    page: Page,
    native: Served,
}

impl Both {
    /// The grade, on which both agree.
    fn grade(&mut self, text: &str, source: &Source) -> Value {
        let call = json!({ "op": "grade-submission", "text": text, "file": source.file() });
        let native: Value =
            serde_json::from_slice(&self.native.answer(call.to_string().as_bytes())).unwrap();
        let page: Value = self.page.eval(&format!("ask({call})"));
        assert_eq!(page, native, "{text}");
        assert!(native["grade"].is_object(), "{native}");
        native["grade"].clone()
    }
}

/// Texts of lessons are fetched when they are read: nobody waits for them with the module.
fn the_module_has_no_lessons(dist: &Path) {
    let module = fs::read(dist.join("glasshouse-sim.wasm")).unwrap();
    for source in library::LESSONS {
        let longest = source.text.lines().max_by_key(|line| line.len()).unwrap().as_bytes();
        let is_there = module.windows(longest.len()).any(|window| window == longest);
        assert!(!is_there, "{} is in the module", source.id);
    }
}

#[test]
fn lessons_are_graded_in_the_page_as_natively() {
    let Some(dist) = tools::dist() else { return };
    let Some(mut page) = Page::launch(Screen::DESKTOP) else { return };
    let site = Site::serve(&dist, "/");
    page.open(site.url());
    page.give_ask();
    let mut both = Both { page, native: Served::default() };
    let all = std::env::var("GLASSHOUSE_LABS").is_ok_and(|which| which == "all");
    the_module_has_no_lessons(&dist);
    for source in library::LESSONS {
        let lab = source.read().unwrap();
        let folder: PathBuf = root().join("labs").join(source.id);
        let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        let (solution, changes) = (text("solution.script"), text("wrong.script"));

        let at_the_start = both.grade(&handed_in(&lab, "run 2s"), source);
        assert_eq!(missed(&at_the_start).len(), lab.goals.len(), "{}: {at_the_start}", lab.id);
        let solved = both.grade(&handed_in(&lab, &solution), source);
        assert_eq!(missed(&solved), Vec::<String>::new(), "{}", lab.id);
        let changes = change::read(&changes).unwrap();
        let played =
            if all { changes.len() } else { usize::from(!solution.contains("check perf")) };
        for change in changes.into_iter().take(played) {
            let changed = change.apply(&solution).unwrap();
            let grade = both.grade(&handed_in(&lab, &changed), source);
            assert_eq!(missed(&grade), [change.goal], "{}: {}", lab.id, change.why);
        }
    }
}
