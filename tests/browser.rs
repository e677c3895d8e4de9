//! The page in a real Chromium.
//!
//! `harness_*` tests prove that the harness sees what it should, on a page written for that; the
//! others use the built page, served at a sub-path as a course's web site would.

use std::time::{Duration, Instant};

use glasshouse_tests::Site;
use glasshouse_tests::browser::{Page, Screen};
use glasshouse_tests::root;

/// How long an error may take from the tab to the test.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn harness_clicks_types_and_reads() {
    let site = Site::serve(&root().join("tests/pages"), "/some/where/");
    let Some(mut page) = Page::launch(Screen::DESKTOP) else { return };
    page.open(site.url());
    assert_eq!(page.eval::<String>("document.title"), "A page to test the tests");

    page.click("#count");
    page.click("#count");
    page.wait("document.querySelector('#counted').textContent === '2 true'");

    page.click("input");
    page.type_text("put a 1\n");
    page.wait("document.querySelector('#said').textContent === 'put a 1'");
    page.press("Shift+Tab");
    assert_eq!(page.eval::<String>("document.activeElement.id"), "count");
    assert_eq!(page.eval::<u32>("Promise.resolve(42)"), 42);
    let picture = page.screenshot("harness");
    assert!(std::fs::read(picture).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn harness_hears_errors_of_page_and_worker() {
    let site = Site::serve(&root().join("tests/pages"), "/");
    let Some(mut page) = Page::launch(Screen::PHONE) else { return };
    page.open(site.url());
    assert_eq!(page.eval::<u32>("innerWidth"), 360);
    assert!(page.take_errors().is_empty());

    for (action, told) in [
        ("setTimeout(() => { throw new Error('planted 1') })", "planted 1"),
        ("console.error('planted', 2)", "\"planted\" 2"),
        ("fetch('planted-3').then(() => null)", "planted-3"),
        ("worker.postMessage('planted 4')", "planted 4"),
    ] {
        let _: serde_json::Value = page.eval(&format!("{action}; null"));
        let mut heard = Vec::new();
        let started = Instant::now();
        while !heard.iter().any(|error: &String| error.contains(told)) {
            assert!(started.elapsed() < PATIENCE, "{told}: {heard:?}");
            heard.extend(page.take_errors());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    page.take_errors();
}
