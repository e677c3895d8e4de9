use super::*;
use crate::lesson::file;
use crate::script::Bench;

const DRAFT: &str = "glasshouse lesson 1
lesson 30-mine

title = \"Mine\"
minutes = 10
members = 3
prepare = [\"until leader\"]

[[steps]]
title = \"One\"

[[goals]]
name = \"G1\"
step = 1
title = \"x\"
formula = 'kill(leader)'
---
# Mine
";

fn played(lines: &[&str]) -> (Lab, Bench) {
    let lab = file::read(DRAFT).unwrap();
    let mut bench = lab.open(lab.seed("class", "anna")).unwrap();
    for line in lines {
        let id = bench.exec(line);
        bench.finish(id, 60_000_000);
    }
    (lab, bench)
}

fn formulas(lines: &[&str]) -> Vec<String> {
    let (lab, bench) = played(lines);
    let end = Moment::after(bench.world().now());
    let offers = bench.world().chronicle(|chronicle| offers(&lab, chronicle, end)).unwrap();
    offers.into_iter().map(|offer| offer.formula).collect()
}

#[test]
fn nothing_is_offered_before_anything_is_done() {
    assert_eq!(formulas(&["run 2s"]), Vec::<String>::new());
}

#[test]
fn what_was_done_is_offered_by_the_role_of_whom_it_was_done_to() {
    let formulas = formulas(&[
        "put color red",
        "kill leader",
        "until new leader",
        "put color blue --endpoints=leader",
        "run 1s",
    ]);
    for wanted in [
        "ok put(key = \"color\", value = \"red\")",
        "kill(leader)",
        "elected()",
        "kill(leader) then elected()",
        "ok put(key = \"color\", value = \"blue\", via = leader)",
        "leader != leader @ start",
        "count(running) = 2",
        "kill(leader) and holds(\"acknowledged writes stay\")",
    ] {
        assert!(formulas.iter().any(|formula| formula == wanted), "{wanted}: {formulas:#?}");
    }
    assert!(
        formulas.iter().any(|formula| formula.starts_with("term(leader) = term(leader) @ start +"))
    );
}

#[test]
fn what_was_done_becomes_lines_that_lead_there() {
    let (lab, bench) = played(&[
        "put color red",
        "kill leader",
        "run 3s",
        "answer who n1",
        "partition n1 | n2 n3",
    ]);
    let prepared = lab.open(lab.seed("class", "anna")).unwrap().log().len();
    let lines = super::super::setup::lines(&lab, "class", "anna", &bench, prepared).unwrap();
    assert_eq!(&lines[..3], ["until leader", "put color red", "kill leader"]);
    assert_eq!(lines.last().map(String::as_str), Some("partition n1 | n2 n3"));
    assert!(lines.iter().all(|line| !line.starts_with("answer")), "{lines:?}");

    // Whoever begins there sees the same cluster.
    let there = Lab { prepare: lines, ..lab.clone() }.open(lab.seed("class", "anna")).unwrap();
    assert_eq!(there.now_us(), bench.now_us());
    let leads = |bench: &Bench| {
        let now = Moment::after(bench.world().now());
        bench.world().chronicle(|chronicle| chronicle.leader(now)).unwrap()
    };
    assert_eq!(leads(&there), leads(&bench));
}

#[test]
fn lines_that_fit_only_one_student_are_told() {
    let (lab, bench) = played(&["kill leader", "run 3s", "restart leader"]);
    let lines = super::super::setup::lines(&lab, "class", "anna", &bench, 2);
    assert!(lines.is_ok(), "what was refused did nothing: {lines:?}");
}
