//! The page inside of another one, as a course embeds it: stage and time bar, asked by messages. Only the page around
//! it is heard, and only from the origin that the address names.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are a test")]

use std::fs;
use std::path::PathBuf;

use glasshouse_tests::browser::{Page, Screen};
use glasshouse_tests::{Site, tools};
use serde_json::{Value, json};

/// A page of a course, on an origin of its own.
fn course() -> Site {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("course");
    fs::create_dir_all(&folder).unwrap();
    fs::write(
        folder.join("index.html"),
        "<!doctype html><html lang=en><link rel=icon href=data:,><title>Course</title><h1>Week 3</h1>",
    )
    .unwrap();
    Site::serve(&folder, "/")
}

/// Puts the page into this one; `ask` asks it and keeps the answer's promise.
const EMBED: &str = "((address) => {
    const frame = document.createElement('iframe');
    Object.assign(frame, { id: 'lab', title: 'Lab', src: address, width: 900, height: 640 });
    document.querySelector('#lab')?.remove();
    document.body.append(frame);
    const waiting = new Map();
    window.heard = 0;
    window.addEventListener('message', ({ data, source }) => {
        if (source !== frame.contentWindow) return;
        window.heard += 1;
        waiting.get(data.id)?.(data);
    });
    let last = 0;
    window.askLab = (glasshouse, value) => new Promise(done => {
        waiting.set(++last, done);
        frame.contentWindow.postMessage({ glasshouse, id: last, value }, '*');
    });
    return new Promise(done => frame.addEventListener('load', () => done(null)));
})";

#[test]
fn the_page_around_asks_and_is_answered() {
    let Some(dist) = tools::dist() else { return };
    let Some(mut page) = Page::launch(Screen::DESKTOP) else { return };
    let (lab, course) = (Site::serve(&dist, "/lab/"), course());
    page.open(course.url());
    let origin: String = page.eval("location.origin");
    let address = format!("{}?embed={origin}#seed=7&n=3", lab.url());
    // The first question comes when the frame has loaded, long before the files that answer it are here.
    let slow =
        json!({"offline": false, "latency": 300, "downloadThroughput": -1, "uploadThroughput": -1});
    page.call("Network.enable", json!({}));
    page.call("Network.emulateNetworkConditions", slow);
    page.eval::<Value>(&format!("{EMBED}({})", json!(address)));

    let before: Value = page.eval("askLab('status')");
    let leader = before["result"]["leader"].as_str().unwrap().to_owned();
    let killed: Value = page.eval("askLab('exec', 'kill leader')");
    assert_eq!(killed["error"], Value::Null, "{killed}");
    let _: Value = page.eval("askLab('exec', 'until new leader')");
    let after: Value = page.eval("askLab('status')");
    assert_ne!(after["result"]["leader"], json!(leader), "{after}");
    let sought: Value = page.eval("askLab('seek', 500000)");
    assert_eq!(sought["error"], Value::Null, "{sought}");
    let back: Value = page.eval("askLab('status')");
    assert_eq!(back["result"]["time_us"], 500_000, "{back}");
    let unknown: Value = page.eval("askLab('<b>eval</b>', '1')");
    let why = unknown["error"].as_str().unwrap();
    assert!(why.starts_with("Nothing here is called") && why.ends_with('.'), "{why}");
    page.screenshot("embed");
}

#[test]
fn nobody_else_is_heard() {
    let Some(dist) = tools::dist() else { return };
    let Some(mut page) = Page::launch(Screen::DESKTOP) else { return };
    let lab = Site::serve(&dist, "/lab/");
    // A page of the same origin, which can look into the one that it embeds: itself.
    page.open(lab.url());
    let inside = "document.querySelector('#lab').contentWindow";
    for (allowed, heard) in
        [("?embed", true), ("?embed=https://course.example", false), ("", false)]
    {
        let address = format!("{}{allowed}#seed=7&n=3", lab.url());
        page.eval::<Value>(&format!("{EMBED}({})", json!(address)));
        page.wait(&format!("{inside}.glasshouse"));
        page.eval::<Value>(&format!("{inside}.glasshouse.ready.then(() => null)"));
        page.eval::<Value>("(askLab('traceHash'), null)");
        // Whatever answers has answered when the message behind it has been read and a command has run.
        let behind = format!(
            "new Promise(done => {{
                {inside}.addEventListener('message', e => e.data === 'behind' && done({inside}.glasshouse.exec('status').then(() => null)));
                {inside}.postMessage('behind', '*');
            }})"
        );
        page.eval::<Value>(&behind);
        assert_eq!(page.eval::<usize>("heard") > 0, heard, "{allowed}");
        let shown = |name: &str| {
            format!(
                "getComputedStyle({inside}.document.querySelector('{name}')).display !== 'none'"
            )
        };
        let is_embedded = allowed.starts_with("?embed");
        for (part, is_there) in
            [(".stage", true), (".time", true), (".top", !is_embedded), (".dock", !is_embedded)]
        {
            assert_eq!(page.eval::<bool>(&shown(part)), is_there, "{allowed}: {part}");
        }
    }
}
