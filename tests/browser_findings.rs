//! A finding is the same everywhere: what the hunter wrote down breaks the same property at the same
//! moment natively, in Node.js and in Chromium, ten times out of ten.
//!
//! `GLASSHOUSE_FINDINGS` names the planted bugs, `M02,M03` for some, `all` for every one.

use std::fs;
use std::process::Command;

use glasshouse_sim::mutant::Mutant;
use glasshouse_tests::browser::{Page, Screen};
use glasshouse_tests::cluster::TempDir;
use glasshouse_tests::{Site, root, tools};
use serde_json::{Value, json};

/// Each judge does it so often.
const TIMES: usize = 10;

#[test]
fn a_finding_breaks_the_same_everywhere() {
    let Some(dist) = tools::dist() else { return };
    let Some(node) = tools::node() else { return };
    let Some(mut page) = Page::launch(Screen::DESKTOP) else { return };
    let lab = tools::program("glasshouse-sim", "glasshouse-lab");
    let wanted = std::env::var("GLASSHOUSE_FINDINGS").unwrap_or_else(|_| "M02,M03,M05".to_owned());
    let codes: Vec<String> = match wanted.as_str() {
        "all" => Mutant::all().map(|mutant| mutant.code().to_owned()).collect(),
        some => some.split(',').map(str::to_owned).collect(),
    };

    let site = Site::serve(&dist, "/");
    page.open(site.url());
    page.give_ask();
    let folder = TempDir::new("findings");
    for code in codes {
        let mut hunt = Command::new(&lab);
        hunt.args(["hunt", "--mutant", &code, "--out"]).arg(&folder.0);
        let hunted = hunt.output().unwrap();
        let said = String::from_utf8_lossy(&hunted.stdout).into_owned();
        assert_eq!(hunted.status.code(), Some(3), "{code}: {said}");
        let files = fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().path());
        let file = files
            .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(&*code))
            .find(|path| path.extension().is_some_and(|extension| extension == "finding"))
            .unwrap_or_else(|| panic!("{code} has no file: {said}"));
        fs::remove_file(folder.0.join("hunt.jsonl")).unwrap();

        let mut verify = Command::new(&lab);
        let verified = verify.arg("verify").args(vec![&file; TIMES]).output().unwrap();
        let said = String::from_utf8_lossy(&verified.stdout).into_owned();
        assert_eq!(verified.status.code(), Some(0), "{code} natively: {said}");

        let mut judge = Command::new(&node);
        judge.arg(root().join("sim/js/judge.mjs")).arg(dist.join("glasshouse-sim.wasm")).arg(&file);
        let judged = judge.arg(TIMES.to_string()).output().unwrap();
        let said = String::from_utf8_lossy(&judged.stdout).into_owned();
        assert!(judged.status.success(), "{code} in Node.js: {said}");
        assert_eq!(said.lines().filter(|line| line.starts_with("holds ")).count(), TIMES, "{said}");
        let holds = said.lines().next().unwrap().to_owned();
        assert!(said.lines().all(|line| line == holds), "{code} in Node.js: {said}");

        let text = fs::read_to_string(&file).unwrap();
        for _ in 0..TIMES {
            let reply: Value =
                page.eval(&format!("ask({})", json!({ "op": "judge", "text": text })));
            let tale = &reply["tale"];
            let here = format!(
                "holds {} at {} us",
                tale["property"].as_str().unwrap_or_default(),
                tale["at_us"]
            );
            assert_eq!(here, holds, "{code} in Chromium: {reply}");
        }
        println!("{code}: {holds}");
    }
}
