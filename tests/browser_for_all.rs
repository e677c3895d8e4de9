//! The page for everyone: on a phone, by keyboard alone, in the dark, with a screen reader, without
//! motion; and at a sub-path, with a broken link, with a cut drawn by the mouse.

use glasshouse_tests::bench::Bench;
use glasshouse_tests::browser::Screen;
use glasshouse_tests::tools;

#[test]
fn the_page_elects_a_leader_by_itself() {
    let Some(mut bench) = Bench::open(Screen::DESKTOP, "") else { return };
    bench.leader();
    // `cargo xtask figures` shows this line.
    println!("from load to first leader: {:.0} ms", bench.ready_ms());
    let in_words: String = bench.eval("document.querySelector('#drawing-in-words').textContent");
    assert!(in_words.contains("lead"), "{in_words}");
    bench.screenshot("first");
}

#[test]
fn a_broken_link_is_told_in_a_sentence() {
    let Some(mut bench) = Bench::open(Screen::DESKTOP, "") else { return };
    let turned = "getComputedStyle(document.querySelector('.mem .nm')).transform";
    assert_eq!(bench.eval::<String>(turned), "none", "names of members stand upright");
    bench.eval::<serde_json::Value>("(location.hash = '#seed=banana&n=3', null)");
    bench.wait(
        "document.querySelector('[role=status]').textContent.includes('link cannot be opened')",
    );
    bench.screenshot("broken-link");
}

#[test]
fn the_mouse_cuts_the_network() {
    let Some(mut bench) = Bench::open(Screen::DESKTOP, "#seed=7&n=3") else { return };
    bench.leader();
    let sheet: (f64, f64, f64, f64) = bench.eval(
        "(b => [b.x, b.y, b.width, b.height])(document.querySelector('#sheet').getBoundingClientRect())",
    );
    let (x, y, width, height) = sheet;
    bench.drag((x + width * 0.5, y + 6.0), (x + width * 0.5, y + height - 6.0));
    bench.wait("document.querySelector('#sheet .gap')");
    bench.wait("document.querySelector('#drawing-in-words').textContent.includes('cut')");
    bench.screenshot("cut-by-mouse");
    bench.press("h");
    bench.wait("!document.querySelector('#sheet .gap')");
}

#[test]
fn time_stands_steps_and_flows() {
    let Some(mut bench) = Bench::open(Screen::DESKTOP, "#seed=7&n=3") else { return };
    bench.leader();
    bench.press(" ");
    let stood = bench.settle()["time_us"].clone();
    // What stands does not move by itself, however long one looks.
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert_eq!(bench.status()["time_us"], stood);
    bench.press(".");
    let stepped = bench.until(&format!("s.settled && s.time_us > {stood}"))["time_us"].clone();
    bench.press(" ");
    bench.until(&format!("s.playing && s.time_us > {stepped}"));
}

#[test]
fn a_phone_holds_the_whole_bench() {
    let Some(mut bench) = Bench::open(Screen::PHONE, "#seed=7&n=3") else { return };
    let leader = bench.leader();
    assert_eq!(bench.sticking_out(), Vec::<String>::new());
    bench.screenshot("phone");
    bench.click(&format!("#member-{}", &leader[1..]));
    bench.click_named(&format!("Kill {leader}"));
    bench.until(&format!("s.leader && s.leader !== '{leader}'"));
    for tab in ["Log", "Terminal", "Events"] {
        bench.click_named(tab);
        assert_eq!(bench.sticking_out(), Vec::<String>::new(), "{tab}");
        bench.screenshot(&format!("phone-{}", tab.to_lowercase()));
    }
    bench.click_named("Terminal");
    assert_eq!(bench.terminal("put a 1").trim(), "OK");
}

#[test]
fn the_keyboard_reaches_everything() {
    let Some(mut bench) = Bench::open(Screen::DESKTOP, "#seed=7&n=3") else { return };
    let leader = bench.leader();
    // Tab comes to the members, Enter opens the one in focus; its number selects another.
    let mut reached = Vec::new();
    for _ in 0..40 {
        bench.press("Tab");
        reached.push(
            bench.eval::<String>("document.activeElement.id || document.activeElement.tagName"),
        );
        if reached.last().unwrap().starts_with("member-") {
            break;
        }
    }
    assert!(reached.last().unwrap().starts_with("member-"), "Tab came past {reached:?}");
    bench.press("n");
    bench.press(&leader[1..]);
    bench.press("k");
    bench.until(&format!("s.members.find(m => m.member === '{leader}').life === 'down'"));
    bench.until(&format!("s.leader && s.leader !== '{leader}'"));
    bench.press("r");
    bench.until(&format!("s.members.find(m => m.member === '{leader}').life === 'up'"));

    bench.press("t");
    bench.wait("document.activeElement.id === 'command'");
    bench.type_text("put a 1\n");
    bench.wait("document.querySelector('.term').innerText.includes('OK')");
    bench.press("ArrowUp");
    bench.wait("document.querySelector('#command').value === 'put a 1'");
    bench.press("Escape");
    bench.press("?");
    bench.wait("document.querySelector('[role=dialog]')");
    bench.screenshot("keys");
    bench.press("Escape");
    bench.wait("!document.querySelector('[role=dialog]')");
}

#[test]
fn less_motion_is_respected() {
    let Some(mut bench) = Bench::open(Screen { still: true, ..Screen::DESKTOP }, "#seed=7&n=3")
    else {
        return;
    };
    bench.leader();
    let moving: Vec<String> = bench.eval(
        "[...document.querySelectorAll('*')].filter(e => {
            const s = getComputedStyle(e);
            return parseFloat(s.transitionDuration) > 0.01 || s.animationName !== 'none' && parseFloat(s.animationDuration) > 0.01;
        }).map(e => e.outerHTML.slice(0, 80))",
    );
    assert!(moving.is_empty(), "{moving:#?}");
}

#[test]
fn axe_finds_nothing() {
    let Some(axe) = tools::axe() else { return };
    for (name, screen) in Screen::ALL {
        let Some(mut bench) = Bench::open(screen, "#seed=7&n=3") else { return };
        let leader = bench.leader();
        assert_eq!(bench.axe(&axe), Vec::<String>::new(), "{name}, as it opens");
        bench.exec("put a 1");
        bench.exec("partition leader | rest");
        bench.click(&format!("#member-{}", &leader[1..]));
        assert_eq!(bench.axe(&axe), Vec::<String>::new(), "{name}, with a member selected");
        bench.screenshot(&format!("axe-{name}"));
        if !screen.phone {
            for key in ["l", "?"] {
                bench.press(key);
                bench.wait("document.querySelector('[role=dialog]')");
                assert_eq!(
                    bench.axe(&axe),
                    Vec::<String>::new(),
                    "{name}, with what `{key}` opens"
                );
                bench.press("Escape");
            }
        }
    }
}
