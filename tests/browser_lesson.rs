//! A lesson as a student does it: chosen from the list, predicted, done in the terminal, answered, graded while
//! one works; with keyboard names for everything, in the dark, on a phone.

use glasshouse_sim::view::call::Call;
use glasshouse_sim::view::serve::Served;
use glasshouse_tests::bench::Bench;
use glasshouse_tests::browser::Screen;
use glasshouse_tests::tools;
use serde_json::{Value, json};

/// The lesson, with its world set up.
fn open(screen: Screen) -> Option<Bench> {
    let mut bench = Bench::open(screen, "#lesson")?;
    bench.wait("document.querySelectorAll('.cards li').length >= 5");
    bench.click(".cards a[href='#lesson/05-stop-the-leader']");
    bench.wait("document.querySelector('#predict-P1')");
    bench.settle();
    Some(bench)
}

fn met(bench: &mut Bench, goal: &str) {
    bench.wait(&format!("document.querySelector('#goal-{goal}').classList.contains('met')"));
}

fn answer(bench: &mut Bench, name: &str, value: &str) {
    bench.click(&format!("#answer-{name}"));
    bench.type_text(value);
    bench.press("Enter");
    bench.wait(&format!("glasshouse.actions().some(a => a.line === 'answer {name} {value}')"));
}

#[test]
fn a_lesson_is_done_from_the_list_to_its_last_goal() {
    let Some(mut bench) = open(Screen::DESKTOP) else { return };
    bench.screenshot("lesson");
    let leader = bench.leader();
    assert!(
        !bench.eval::<bool>("!!document.querySelector('.goals .met')"),
        "nothing holds at the start"
    );
    // What the lesson locks is refused in one sentence.
    let refused = bench.exec("drop n1->n2");
    assert!(refused.contains("lesson") || refused.contains("locked"), "{refused}");

    bench.click("#predict-P1 label");
    bench.click("#predict-P1 button");
    bench.wait("glasshouse.actions().some(a => a.line.startsWith('predict P1 '))");
    bench.wait("!document.querySelector('#predict-P1 button')");
    bench.exec("stop leader");
    bench.exec("until leader");
    bench.exec(&format!("restart {leader}"));
    bench.exec(&format!("until {leader} up"));
    bench.exec("run 3s");
    met(&mut bench, "G1");
    bench.wait("document.querySelector('#predict-P1 .reveal')");
    bench.screenshot("lesson-goal");
    // Whoever looks at the messages meanwhile comes back to the lesson as it was.
    bench.click_named("Space-time");
    bench.wait("document.querySelector('.space')");
    bench.click_named("Lessons");
    bench.wait(
        "document.querySelector('#goal-G1.met') && document.querySelector('#predict-P1 .reveal')",
    );
    for _ in 0..2 {
        bench.click_named("Next step");
    }
    bench.wait("document.querySelector('#predict-P2')");
    bench.exec("kill leader");
    bench.exec("until new leader");
    bench.exec("run 3s");
    met(&mut bench, "G2");
    bench.click_named("Next step");
    let leader = bench.leader();
    let status = bench.status();
    let member = status["members"]
        .as_array()
        .unwrap()
        .iter()
        .find(|member| member["member"] == leader.as_str());
    let term = member.unwrap()["term"].to_string();
    answer(&mut bench, "new_leader", &leader);
    answer(&mut bench, "term_now", &term);
    bench.exec("restart all");
    bench.exec("run 2s");
    for goal in ["G3", "G4", "G5"] {
        met(&mut bench, goal);
    }
    bench.wait(
        "document.querySelector('.lesson .foot span').textContent === 'Step 4 of 4, 5 of 5 goals'",
    );
    bench.screenshot("lesson-done");
    what_was_reached_is_kept(&mut bench);
}

/// All of lesson 05 was reached: that is kept in this browser, and can be carried to another one.
fn what_was_reached_is_kept(bench: &mut Bench) {
    let kept: String = bench.eval("localStorage.getItem('glasshouse.lessons')");
    assert_eq!(kept, "glasshouse progress 1\n05-stop-the-leader self me 5 5\n");
    bench.click_named("all lessons");
    let card = ".cards a[href='#lesson/05-stop-the-leader'] .dim";
    bench.wait(&format!(
        "document.querySelector({card:?}).textContent.endsWith('5 of 5 goals reached')"
    ));
    assert!(bench.has_named("Save progress"));
    bench.eval::<Value>("(localStorage.setItem('glasshouse.lessons', 'glasshouse progress 1\\n05-stop-the-leader self me 2 5\\n'), null)");
    bench.eval::<Value>("(window.old = true, location.reload(), null)");
    bench.wait("window.glasshouse && !window.old");
    bench.wait(&format!(
        "document.querySelector({card:?}).textContent.endsWith('2 of 5 goals reached')"
    ));
    open_file(bench, &kept);
    bench.wait(&format!(
        "document.querySelector({card:?}).textContent.endsWith('5 of 5 goals reached')"
    ));
    open_file(bench, "<script>");
    bench
        .wait("document.querySelector('.say').textContent.includes('This is no text of progress')");
}

/// Chooses a file with this text where progress is opened.
fn open_file(bench: &mut Bench, text: &str) {
    bench.give_file("#progress", "my.progress", text);
}

#[test]
fn everybody_can_read_a_lesson() {
    let Some(axe) = tools::axe() else { return };
    for (name, screen) in Screen::ALL {
        let Some(mut bench) = open(screen) else { return };
        assert_eq!(bench.axe(&axe), Vec::<String>::new(), "{name}");
        bench.screenshot(&format!("lesson-{name}"));
        assert_eq!(bench.sticking_out(), Vec::<String>::new(), "{name}");
        bench.eval::<Value>("(location.hash = 'lesson', null)");
        bench.wait("document.querySelector('.cards')");
        assert_eq!(bench.axe(&axe), Vec::<String>::new(), "{name}, the list");
    }
}

/// What lesson 02 wants to be seen: ids are hashes of peer URLs and the token.
#[test]
fn another_token_is_tried_in_the_inspector() {
    let Some(mut bench) = Bench::open(Screen::DESKTOP, "#seed=7&n=3&t=3000000") else { return };
    bench.settle();
    let mut served = Served::default();
    let mut ask = |call: Call| served.reply(call).expect("a world");
    ask(Call::Boot { seed: 7, nodes: 3, actions: Vec::new() });
    let trace: String = bench.eval("glasshouse.traceHash()");
    bench.click("#member-2");
    bench.wait("document.querySelector('.insp[aria-label=\"Member n2\"] #try-token')");
    bench.eval::<Value>("(document.querySelector('details:has(#try-token)').open = true, null)");
    let own: String = bench.eval("document.querySelector('#try-token').value");
    bench.click("#try-token");
    bench.press("End");
    // Letter by letter, and back to its own.
    for (key, token) in [("-", format!("{own}-")), ("b", format!("{own}-b"))]
        .into_iter()
        .chain([("Backspace", format!("{own}-")), ("Backspace", own.clone())])
    {
        bench.press(key);
        let ids = ask(Call::Identify { member: 2, token }).identity.expect("two ids");
        let told = format!(
            "Started first with this token, its id is {}, and its cluster's {}.",
            ids.member, ids.cluster
        );
        bench.wait(&format!(
            "document.querySelector('#token-told').textContent === {}",
            json!(told)
        ));
    }
    let rows = "document.querySelector('details:has(#try-token)').innerText";
    let ids = ask(Call::Identify { member: 2, token: own }).identity.expect("two ids");
    bench.wait(&format!(
        "{rows}.includes('{} = hash of') && {rows}.includes('{}')",
        ids.member, ids.cluster
    ));
    assert_eq!(bench.eval::<String>("glasshouse.traceHash()"), trace, "nothing was done");
    bench.screenshot("inspector-token");
}
