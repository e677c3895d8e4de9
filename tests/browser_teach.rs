//! A teacher's path: a lesson is written on the desk by doing it, saved, opened by a student, reached, handed in, and
//! graded by `glasshouse-lab verify` from its file.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are a test")]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use glasshouse_tests::bench::Bench;
use glasshouse_tests::browser::Screen;
use glasshouse_tests::tools;
use serde_json::{Value, json};

/// The desk with a lesson to begin with, played.
fn desk(screen: Screen) -> Option<Bench> {
    let mut bench = Bench::open(screen, "#teach")?;
    bench.wait("document.querySelector('.lesson h2')?.textContent === 'My lesson'");
    bench.settle();
    Some(bench)
}

/// What stands in the editor.
fn text(bench: &mut Bench) -> String {
    bench.eval("document.querySelector('#lesson-text').value")
}

/// Writes into a field, as somebody who pastes.
fn write(bench: &mut Bench, field: &str, text: &str) {
    bench.eval::<Value>(&format!(
        "(field => {{
            field.value = {};
            field.dispatchEvent(new InputEvent('input', {{ bubbles: true }}));
            return null;
        }})(document.querySelector({}))",
        json!(text),
        json!(field)
    ));
}

/// What the page says of the text.
fn says(bench: &mut Bench, begin: &str) {
    bench.wait(&format!(
        "document.querySelector('#lesson-says').textContent.startsWith({})",
        json!(begin)
    ));
}

/// Keeps what the page gives away, instead of a folder of downloads.
fn catch_files(bench: &mut Bench) {
    bench.eval::<Value>(
        "(window.given = {}, HTMLAnchorElement.prototype.click = function () {
            window.given[this.download] = decodeURIComponent(this.href.slice(this.href.indexOf(',') + 1));
        }, null)",
    );
}

/// A file that the page gave away.
fn given(bench: &mut Bench, name: &str) -> String {
    bench.wait(&format!("window.given[{}] !== undefined", json!(name)));
    bench.eval(&format!("window.given[{}]", json!(name)))
}

/// Opens a section of the desk.
fn unfold(bench: &mut Bench, title: &str) {
    bench.eval::<Value>(&format!(
        "([...document.querySelectorAll('.teach summary')].find(s => s.textContent === {}).parentElement.open = true, null)",
        json!(title)
    ));
}

fn folder() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("teach");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn a_lesson_is_written_by_doing_it_and_graded_from_its_file() {
    let Some(mut bench) = desk(Screen::DESKTOP) else { return };
    catch_files(&mut bench);
    assert!(!bench.eval::<bool>("!!document.querySelector('.offers li')"), "nothing was done");
    bench.exec("kill leader");
    bench.exec("until new leader");
    bench.click_named("The leader is killed; then: A leader is elected");
    bench.wait("document.querySelector('#goal-G2.met') && document.querySelector('#goal-G1.met')");
    assert!(text(&mut bench).contains("formula = 'kill(leader) then elected()'"));
    bench.screenshot("teach");

    what_is_wrong_is_told_with_its_line(&mut bench);
    switches_lock_commands(&mut bench);
    let seed = a_class_gets_its_links(&mut bench);
    bench.click_named("Save");
    let lesson = given(&mut bench, "30-my-lesson.lesson");
    assert_eq!(lesson, text(&mut bench));

    let handed = a_student_does_it(&mut bench, &lesson, &seed);
    assert!(handed.contains("class spring\nstudent Anna-Bell\n"), "{handed}");
    let folder = folder();
    let (file, anna) = (folder.join("30-my-lesson.lesson"), folder.join("anna.lab"));
    fs::write(&file, &lesson).unwrap();
    fs::write(&anna, &handed).unwrap();
    let lab = tools::program("glasshouse-sim", "glasshouse-lab");
    let mut verify = Command::new(lab);
    let output = verify.arg("verify").arg(&anna).arg("--lesson").arg(&file).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("Anna-Bell of spring: 2 of 2 in 30-my-lesson"), "{told}");
}

fn what_is_wrong_is_told_with_its_line(bench: &mut Bench) {
    let good = text(bench);
    write(bench, "#lesson-text", &good.replace("minutes = ", "minuets = "));
    says(bench, "Line 5: unknown field `minuets`");
    bench.click_named("Show the line");
    let selected: String = bench.eval(
        "(field => field === document.activeElement ? field.value.slice(field.selectionStart, field.selectionEnd) : '')(document.querySelector('#lesson-text'))",
    );
    assert_eq!(selected, "minuets = 15");
    bench.screenshot("teach-wrong");
    write(bench, "#lesson-text", &good.replace("My lesson", "Who follows?"));
    says(bench, "This lesson can be given away.");
    bench.wait("document.querySelector('.lesson h2').textContent === 'Who follows?'");
    write(bench, "#lesson-text", &good);
    bench.wait("document.querySelector('.lesson h2').textContent === 'My lesson'");
    bench.wait("document.querySelector('#goal-G2.met')");
}

fn switches_lock_commands(bench: &mut Bench) {
    unfold(bench, "Locked commands");
    bench.click_named("plant bugs");
    bench.wait("document.querySelector('#lesson-text').value.includes('locked = [\"plant\", \"unplant\"]')");
    bench.wait("document.querySelector('.locks :checked')");
    says(bench, "This lesson can be given away.");
    let refused = bench.exec("plant M01");
    assert!(refused.contains("This lesson locks plant."), "{refused}");
}

/// The seed of Anna Bell.
fn a_class_gets_its_links(bench: &mut Bench) -> String {
    unfold(bench, "A class");
    write(bench, "#class-name", "spring");
    write(bench, "#class-students", "Anna Bell\nJörg Ox\n");
    bench.wait("document.querySelectorAll('.seats tbody tr').length === 2 && document.querySelector('.seats a').hash.includes('spring')");
    bench.screenshot("teach-class");
    bench.click_named("Save the table");
    let table = given(bench, "30-my-lesson-spring.csv");
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0], ["student", "seed", "link"]);
    assert_eq!((rows[1][0], rows[2][0]), ("Anna-Bell", "Jörg-Ox"));
    assert!(rows[1][2].ends_with("/#lesson/30-my-lesson/spring/Anna-Bell"), "{table}");
    assert_ne!(rows[1][1], rows[2][1], "each has another seed");
    rows[1][1].to_owned()
}

/// Follows the link, opens the file, reaches the goals, and hands in.
fn a_student_does_it(bench: &mut Bench, lesson: &str, seed: &str) -> String {
    bench.eval::<Value>("(localStorage.clear(), null)");
    bench.eval::<Value>("(location.hash = 'bench', null)");
    bench.eval::<Value>("(location.hash = 'lesson/30-my-lesson/spring/Anna-Bell', null)");
    bench.wait(
        "document.querySelector('.lesson [role=alert]')?.textContent.includes('gave you its file')",
    );
    bench.screenshot("teach-link");
    bench.give_file("#lesson-file", "30-my-lesson.lesson", lesson);
    bench.wait("document.querySelector('#goal-G1')");
    bench.until(&format!("s.settled && s.seed === {}", json!(seed)));
    assert!(!bench.eval::<bool>("!!document.querySelector('.goals .met')"), "nothing holds yet");
    bench.exec("kill leader");
    bench.exec("until new leader");
    bench.wait("document.querySelector('#goal-G1.met') && document.querySelector('#goal-G2.met')");
    bench.click_named("Save what you hand in");
    given(bench, "30-my-lesson-Anna-Bell.lab")
}

#[test]
fn what_was_done_becomes_the_set_up() {
    let Some(mut bench) = desk(Screen::DESKTOP) else { return };
    bench.exec("put color red");
    bench.exec("run 2s");
    let there = bench.settle();
    // What is offered stands above the set-up: once it is all there, nothing moves under the mouse.
    bench.wait("document.querySelector('.offers')?.textContent.includes('have the same revision')");
    unfold(&mut bench, "Set-up");
    bench.click_named("Begin where the bench stands");
    bench.wait("document.querySelector('#lesson-text').value.includes('\"until leader\", \"put color red\", \"run ')");
    says(&mut bench, "It begins otherwise");
    bench.click_named("Play from the start");
    says(&mut bench, "This lesson can be given away.");
    let begins =
        bench.until(&format!("s.settled && Math.abs(s.time_us - {}) < 1000", there["time_us"]));
    assert_eq!(begins["members"], there["members"], "a student begins where the teacher stood");
    assert!(bench.exec("get color").contains("red"));
    // The draft is still there for whoever comes back.
    let before = text(&mut bench);
    bench.eval::<Value>("(window.old = true, location.reload(), null)");
    bench.wait("window.glasshouse && !window.old && document.querySelector('#lesson-text')");
    assert_eq!(text(&mut bench), before);
}

#[test]
fn whoever_writes_the_second_step_plays_the_lesson_there() {
    let Some(mut bench) = desk(Screen::DESKTOP) else { return };
    let step = "[[steps]]\ntitle = \"Second step\"\n\n[[goals]]";
    let goal = "\n[[goals]]\nname = \"G2\"\nstep = 2\ntitle = \"Another leads\"\nformula = 'kill(leader) then elected()'\nhints = [\"Wait.\"]\n---\n";
    let two = text(&mut bench).replacen("[[goals]]", step, 1).replacen("---\n", goal, 1);
    write(&mut bench, "#lesson-text", &format!("{two}\n## 2. Second step\n\nAnd then.\n"));
    says(&mut bench, "This lesson can be given away.");
    bench.wait("document.querySelectorAll('.lesson .prog i').length === 2");
    bench.click_named("Next step");
    let second = "document.querySelector('#lesson-step')?.textContent === '2. Second step'";
    bench.wait(second);
    bench.exec("kill leader");
    bench.wait("glasshouse.actions().some(action => action.line === 'kill leader')");
    bench.click_named("Play from the start");
    // What was done is undone, and the step is still the second.
    let begun = "s.settled && !glasshouse.actions().some(action => action.line === 'kill leader')";
    bench.until(&format!("{begun} && document.querySelector('#lesson-step')"));
    assert!(bench.eval::<bool>(second));
}

#[test]
fn everybody_can_write_a_lesson() {
    let Some(axe) = tools::axe() else { return };
    for (name, screen) in Screen::ALL {
        let Some(mut bench) = desk(screen) else { return };
        bench.exec("kill leader");
        bench.wait("document.querySelector('.offers li')");
        for title in ["Locked commands", "Set-up", "A class"] {
            unfold(&mut bench, title);
        }
        write(&mut bench, "#class-students", "Anna\nBen");
        bench.wait("document.querySelector('.seats')");
        assert_eq!(bench.axe(&axe), Vec::<String>::new(), "{name}");
        bench.screenshot(&format!("teach-{name}"));
        assert_eq!(bench.sticking_out(), Vec::<String>::new(), "{name}");
    }
}
