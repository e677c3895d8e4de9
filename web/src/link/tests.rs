use super::*;

fn action(time_us: u64, line: &str) -> Action {
    Action { time_us, line: line.to_owned() }
}

#[test]
fn a_run_survives_its_link() {
    let actions = vec![
        action(9_700_000, "kill n5"),
        action(11_080_000, "partition n1 | n2 n3"),
        action(11_080_000, "etcdctl put ключ 'a;b&c=d+e%20f#g'"),
    ];
    let run = Run { seed: u64::MAX, nodes: 7, time_us: 12_480_000, actions };
    for build in ["0123456789abcdef", ""] {
        let link = read(&write(&run, build)).unwrap().unwrap();
        assert_eq!(link.run, run);
        assert_eq!(link.build.as_deref().unwrap_or(""), build);
    }
}

#[test]
fn a_plain_run_is_a_short_link() {
    assert_eq!(write(&Run::default(), ""), "seed=42&n=5");
    let run = Run { actions: vec![action(5, "kill leader")], ..Run::default() };
    assert_eq!(write(&run, ""), "seed=42&n=5&a=5.kill+leader");
    assert_eq!(read("#seed=7").unwrap().unwrap().run, Run { seed: 7, ..Run::default() });
    assert_eq!(read("").unwrap(), None);
    assert_eq!(read("#").unwrap(), None);
}

#[test]
fn a_run_reaches_its_last_command_or_the_moment_that_is_asked_for() {
    let link = read("seed=1&a=1000.heal;500.heal").unwrap().unwrap();
    assert_eq!(link.run.time_us, 1_500);
    let link = read("seed=1&t=1200&a=1000.heal;500.heal").unwrap().unwrap();
    assert_eq!((link.run.time_us, link.run.actions.len()), (1_200, 2));
}

#[test]
fn a_run_of_many_hours_has_a_link_that_opens() {
    let actions =
        vec![action(5, "heal"), action(TIME_MAX_US, "kill n1"), action(TIME_MAX_US + 1, "heal")];
    let run = Run { time_us: 5 * TIME_MAX_US, actions, ..Run::default() };
    let link = read(&write(&run, "")).unwrap().unwrap();
    assert_eq!((link.run.time_us, link.run.actions.as_slice()), (TIME_MAX_US, &run.actions[..2]));
}

/// A hostile link gets one sentence and never a panic.
#[test]
fn a_bad_link_says_what_is_wrong() {
    for (link, word) in [
        ("seed=-1", "seed"),
        ("seed=", "seed"),
        ("seed=99999999999999999999", "seed"),
        ("n=0", "1 to 9"),
        ("n=10", "1 to 9"),
        ("n=100", "above 99"),
        ("t=3600000001", "above an hour"),
        ("a=kill+n5", "no time"),
        ("a=x.kill+n5", "time of a command"),
        ("a=1.%f", "not text"),
        ("a=1.%ff", "not text"),
        ("a=1.%0A", "not text"),
        ("a=1.%zz", "not text"),
        ("a=3600000000.a;1.b", "hour"),
        ("<script>=1", "unknown"),
        ("b=../../x", "build"),
        ("nowhere", "neither a view nor a run"),
    ] {
        let sentence = read(link).unwrap_err().to_string();
        assert!(sentence.contains(word), "{link}: {sentence}");
        assert!(sentence.ends_with('.') && !sentence.contains('\n'), "{link}: {sentence}");
    }
    let long = format!("a={}", "1.a;".repeat(LINK_MAX));
    assert!(read(&long).unwrap_err().to_string().contains("bytes long"));
    let many = format!("a={}", "1.a;".repeat(ACTIONS_MAX + 1));
    assert!(read(&many).unwrap_err().to_string().contains("more than"));
}
