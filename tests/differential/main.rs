//! The same requests to a real etcd and to ours: the same answers, field by field.
//!
//! One member of each, with the same history from the first revision on. What must differ is taken
//! out before the comparison, and nothing else: ids of member and cluster, terms, times
//! ([`normal`]). Texts and codes of errors are compared as they are.
//!
//! ```text
//!   scripts/*.txt: what a person wrote ─┬─► etcd ───────► answer ─┐
//!                                       │                         ├─► equal, or a difference that is
//!   lists that proptest makes up ───────┴─► glasshouse ─► answer ─┘   wanted and has its reason
//! ```
//!
//! - [`script`] plays the scripts, against etcd 3.5.16 and against 3.4.23.
//! - [`made_up`] makes up lists; `PROPTEST_RNG_SEED` makes up others, CI asks the same ones each time.
#![allow(clippy::print_stdout, reason = "the wanted differences belong in the output")]

mod made_up;
mod normal;
mod requests;
mod script;

use std::collections::BTreeSet;
use std::fs;

use glasshouse_tests::pair::Pair;
use glasshouse_tests::root;

/// Requests that all scripts together send at least.
const REQUESTS_MIN: usize = 400;

/// The scripts, each on members of its own.
const SCRIPTS: [&str; 9] =
    ["kv", "txn", "compact", "lease", "watch", "cluster", "maintenance", "auth", "lock"];

/// Methods that we answer with `Unimplemented`; a script that begins with one is not played further.
const NOT_LANDED: &[&str] = &[];

#[test]
fn scripts_are_answered_as_by_etcd_3_5() {
    play_all("3.5.16", &SCRIPTS, 50);
}

#[test]
fn scripts_are_answered_as_by_etcd_3_4() {
    // Its users and roles are another chapter: it ends itself over half of that script.
    let scripts: Vec<&str> = SCRIPTS.into_iter().filter(|name| *name != "auth").collect();
    play_all("3.4.23", &scripts, 52);
}

fn play_all(version: &str, scripts: &[&str], block: u8) {
    let only = std::env::var("GLASSHOUSE_SCRIPT").ok();
    let (mut requests, mut wrong, mut missing) = (0, Vec::new(), BTreeSet::new());
    let apart = normal::APART.iter().filter(|(only, ..)| version.starts_with(only));
    for (_, message, fields, reason) in apart {
        println!("{message} {}: {reason}", fields.join(", "));
    }
    for name in scripts {
        if only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        let path = root().join("tests/differential/scripts").join(format!("{name}.txt"));
        let script = fs::read_to_string(path).expect("the script is there");
        let Some(mut pair) = Pair::start(version, block, &[]) else { return };
        let report = script::play(name, &script, version, &mut pair);
        report.wanted.iter().for_each(|wanted| println!("{wanted}"));
        requests += report.requests;
        wrong.extend(report.wrong);
        missing.extend(report.missing);
    }
    println!("{requests} requests to etcd {version} and to ours");
    assert!(wrong.is_empty(), "{} differences\n{}", wrong.len(), wrong.join("\n"));
    if only.is_none() {
        assert!(requests >= REQUESTS_MIN, "{requests} requests");
        let missing: Vec<&str> = missing.iter().map(String::as_str).collect();
        let of = |method: &&&str| scripts.contains(&"auth") || !method.starts_with("Auth/");
        let expected: Vec<&str> = NOT_LANDED.iter().filter(of).copied().collect();
        assert_eq!(missing, expected, "the list of what is missing is exact");
    }
}
