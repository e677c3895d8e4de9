//! The page before a room: big type, one sentence, and the keys that a remote sends.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are a test")]

use glasshouse_tests::bench::Bench;
use glasshouse_tests::browser::Screen;
use glasshouse_tests::tools;
use serde_json::Value;

fn shown(bench: &mut Bench, part: &str) -> bool {
    bench.eval(&format!("getComputedStyle(document.querySelector('{part}')).display !== 'none'"))
}

#[test]
fn a_remote_steps_and_darkens() {
    let Some(mut bench) = Bench::open(Screen::DESKTOP, "#seed=7&n=3") else { return };
    bench.leader();
    bench.press(" ");
    bench.settle();
    // So that there is something to step to: an election.
    bench.exec("kill leader");
    let stood = bench.settle()["time_us"].as_u64().unwrap();
    bench.press("PageDown");
    bench.click_named("Run");
    bench.click_named("Present");
    bench.wait("document.documentElement.dataset.present === ''");
    assert_eq!(bench.settle()["time_us"], stood, "a remote says nothing before that");
    for part in [".dock", ".insp", ".logs"] {
        assert!(!shown(&mut bench, part), "{part}");
    }
    let size: String =
        bench.eval("getComputedStyle(document.querySelector('.say p:not(.sr)')).fontSize");
    assert_eq!(size, "30px");
    bench.screenshot("present");

    bench.press("PageDown");
    let there =
        bench.until(&format!("s.settled && s.time_us > {stood}"))["time_us"].as_u64().unwrap();
    bench.press("PageDown");
    bench.until(&format!("s.settled && s.time_us > {there}"));
    bench.press("PageUp");
    bench.until(&format!("s.settled && s.time_us === {there}"));
    let dark = "getComputedStyle(document.querySelector('.app')).visibility === 'hidden'";
    bench.press("b");
    bench.wait(dark);
    bench.press("PageDown");
    bench.wait(&format!("!({dark})"));
    assert_eq!(bench.settle()["time_us"], there, "what brings back the light does no more");
    bench.press("Escape");
    bench.wait("document.documentElement.dataset.present === undefined");
    assert!(shown(&mut bench, ".dock"));
}

#[test]
fn a_cut_is_drawn_where_the_finger_is() {
    let Some(mut bench) = Bench::open(Screen::DESKTOP, "#present") else { return };
    bench.leader();
    bench.wait("document.documentElement.dataset.present === ''");
    let (x, y, width, height): (f64, f64, f64, f64) = bench.eval(
        "(b => [b.x, b.y, b.width, b.height])(document.querySelector('#sheet').getBoundingClientRect())",
    );
    bench.drag((x + width * 0.5, y + 6.0), (x + width * 0.5, y + height - 6.0));
    bench.wait("document.querySelector('#sheet .gap')");
    bench.screenshot("present-cut");
}

#[test]
fn a_room_can_read_it() {
    let Some(axe) = tools::axe() else { return };
    for (name, screen) in Screen::ALL {
        let Some(mut bench) = Bench::open(screen, "#present") else { return };
        bench.leader();
        assert_eq!(bench.axe(&axe), Vec::<String>::new(), "{name}");
        bench.eval::<Value>("(location.hash = 'lesson/05-stop-the-leader', null)");
        bench.wait("document.querySelector('#predict-P1')");
        assert_eq!(bench.axe(&axe), Vec::<String>::new(), "{name}, with a lesson");
        bench.screenshot(&format!("present-{name}"));
        assert_eq!(bench.sticking_out(), Vec::<String>::new(), "{name}");
    }
}
