//! Two fates side by side as people come to them: kill, go back, another fate, compare; and a rule of the
//! protocol changed for the same seed. What the drawing says is compared with the runs themselves.

use glasshouse_tests::bench::Bench;
use glasshouse_tests::browser::Screen;
use glasshouse_tests::tools;
use serde_json::Value;

/// The rows of the table: what came of each.
fn outcome(bench: &mut Bench) -> Vec<[String; 3]> {
    bench.wait("document.querySelector('.compare .tab tbody tr')");
    bench.eval(
        "[...document.querySelectorAll('.compare .tab tbody tr')].map(row => [...row.children].map(cell => cell.textContent.replace(', not equal', '')))",
    )
}

/// A run in which the leader is killed, and a branch in which a put is done instead.
fn two_fates(screen: Screen) -> Option<Bench> {
    let mut bench = Bench::open(screen, "#seed=42&n=5&t=3000000")?;
    bench.settle();
    bench.exec("kill leader");
    bench.exec("run 4s");
    bench.eval::<Value>("glasshouse.seek(2900000)");
    bench.exec("put fate two");
    bench.exec("run 4s");
    bench.settle();
    Some(bench)
}

#[test]
fn a_new_fate_is_compared_with_the_old_one() {
    let Some(mut bench) = two_fates(Screen::DESKTOP) else { return };
    let members: Value = bench.eval("glasshouse.status().members");
    bench.click(".branches a[href='#compare']");
    let rows = outcome(&mut bench);
    let row = |name: &str| rows.iter().find(|row| row[0] == name).unwrap();
    assert_eq!(row("violation")[1..], ["none", "none"]);
    assert_ne!(row("leader")[1], row("leader")[2], "the killed one leads no more");
    let term =
        members.as_array().unwrap().iter().map(|member| member["term"].as_u64().unwrap()).max();
    assert_eq!(row("term")[2], term.unwrap().to_string());
    assert_eq!(row("members that agree")[2], "5 of 5");
    bench.wait("document.querySelector('.compare .say').textContent.startsWith('Up to 02.900 both are one run. In main: kill leader. In put fate two: put fate two.')");
    let words: String = bench.eval("document.querySelector('.fates').getAttribute('aria-label')");
    assert!(words.contains("Equal until 02.900."), "{words}");
    for side in [1, 2] {
        assert!(
            words.contains(&format!(
                "{} leads term {} at the end",
                row("leader")[side],
                row("term")[side]
            )),
            "{words}"
        );
    }
    bench.screenshot("compare");

    // The other way round, and back to where they part.
    bench.click_named("Swap");
    bench.wait("document.querySelector('.compare .say').textContent.includes('In put fate two: put fate two. In main: kill leader.')");
    bench.click_named("Go to the difference");
    bench.until("s.settled && s.time_us === 2900000");
    bench.wait("location.hash !== '#compare' && !document.querySelector('.compare')");
}

#[test]
fn a_rule_is_changed_and_the_seed_runs_again() {
    let Some(mut bench) = Bench::open(Screen::DESKTOP, "#seed=42&n=3&t=3000000") else { return };
    bench.settle();
    let leader = bench.leader();
    let cut = bench.followers()[0].clone();
    bench.exec(&format!("partition {cut} | rest"));
    bench.exec("run 8s");
    bench.exec("heal");
    bench.exec("run 4s");
    let before = bench.settle();
    let end = before["time_us"].clone();
    assert_eq!(
        before["leader"],
        leader.as_str(),
        "with pre-vote a member that was cut off disturbs nobody"
    );
    bench.eval::<Value>("(location.hash = 'compare', null)");
    bench.wait("document.querySelector('.compare').innerText.includes('one course of this run')");
    bench.click(".compare .rules li:first-child label");
    let rows = outcome(&mut bench);
    let term = rows.iter().find(|row| row[0] == "term").unwrap();
    assert!(term[2].parse::<u64>().unwrap() > term[1].parse::<u64>().unwrap(), "{rows:?}");
    let after = bench.until("s.settled");
    assert_eq!(after["time_us"], end, "both go equally far");
    assert!(bench.eval::<bool>("glasshouse.actions()[0].line === 'rule prevote off' && glasshouse.actions()[0].time_us === 0"));
    bench.screenshot("compare-rule");
    // The same rule again: no third branch, but the first one.
    bench.click(".compare .rules li:first-child label");
    bench.until("s.settled && glasshouse.branches()[0].present");
    assert_eq!(bench.eval::<usize>("glasshouse.branches().length"), 2);
}

#[test]
fn everybody_can_read_a_comparison() {
    let Some(axe) = tools::axe() else { return };
    for (name, screen) in Screen::ALL {
        let Some(mut bench) = two_fates(screen) else { return };
        bench.eval::<Value>("(location.hash = 'compare', null)");
        outcome(&mut bench);
        assert_eq!(bench.axe(&axe), Vec::<String>::new(), "{name}");
        assert_eq!(bench.sticking_out(), Vec::<String>::new(), "{name}");
        bench.screenshot(&format!("compare-{name}"));
    }
}
