//! Rules about the text of files.

use std::fs;

use glasshouse_tests::root;

use super::{Source, assert_none, sources};

/// A file longer than this is split.
const LINES_MAX: usize = 900;
/// A file longer than this is mentioned.
const LINES_WISHED: usize = 500;

#[test]
fn files_are_short() {
    let mut too_long = Vec::new();
    for source in sources(&[".rs"]) {
        let lines = source.text.lines().count();
        if source.is_generated() || lines <= LINES_WISHED {
            continue;
        }
        println!("{}: {lines} lines", source.path);
        if lines > LINES_MAX {
            too_long.push(format!("{}: {lines} lines", source.path));
        }
    }
    assert_none(&format!("Split these at a seam; {LINES_MAX} lines are the end:"), &too_long);
}

#[test]
fn modules_begin_with_a_page_for_readers() {
    let bare: Vec<String> = sources(&[".rs"])
        .into_iter()
        .filter(|source| !source.is_generated() && !source.path.ends_with("/tests.rs"))
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| source.path)
        .collect();
    assert_none("These have no `//!` in their first line:", &bare);
}

#[test]
fn nothing_is_left_over() {
    // In two halves each, so that this file is not among the findings.
    let words = [
        concat!("to", "do!("),
        concat!("unimpl", "emented!("),
        concat!("db", "g!("),
        concat!("FIX", "ME"),
        concat!("XX", "X:"),
        concat!("TO", "DO"),
        concat!("#[ig", "nore"),
    ];
    let mut found = Vec::new();
    for source in sources(&[".rs", ".mjs", ".js", ".css", ".html", ".toml", ".proto"]) {
        for (number, line) in source.text.lines().enumerate() {
            if let Some(word) = words.iter().find(|word| line.contains(*word)) {
                found.push(format!("{}:{}: {word}", source.path, number + 1));
            }
        }
    }
    assert_none("Finish these or take them out:", &found);
}

#[test]
fn only_tests_unwrap() {
    let mut found = Vec::new();
    for source in sources(&[".rs"]).into_iter().filter(|source| !source.is_test()) {
        for lint in ["clippy::unwrap_used", "clippy::expect_used"] {
            if source.text.contains(&format!("allow({lint}"))
                || source.text.contains(&format!("    {lint},"))
            {
                found.push(format!("{}: allows {lint}", source.path));
            }
        }
    }
    assert_none("Use `expect(\"why it cannot fail\")`, or handle the error:", &found);
}

/// What may be thousands of rows in one request of a server, or is on the checker's longest way: the standard
/// library's sort is worth its five kilobytes there. The last is also in the page's own module, which has no core.
const SORTS_ITSELF: [&str; 6] = [
    "core/src/order.rs",
    "core/src/mvcc/hash.rs",
    "core/src/mvcc/overlay.rs",
    "core/src/mvcc/read.rs",
    "sim/src/linear/search.rs",
    "sim/src/view/spacetime/fold.rs",
];

#[test]
fn short_lists_share_one_sort() {
    let mut found = Vec::new();
    for source in sources(&[".rs"]).into_iter().filter(|source| !source.is_test()) {
        let in_page = source.path.starts_with("core/src/") || source.path.starts_with("sim/src/");
        let is_program = source.path.starts_with("sim/src/bin/");
        if !in_page || is_program || SORTS_ITSELF.contains(&source.path.as_str()) {
            continue;
        }
        let code = source.text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for (number, line) in code.lines().enumerate() {
            if [".sort(", ".sort_by", ".sort_unstable"].iter().any(|word| line.contains(word)) {
                found.push(format!("{}:{}", source.path, number + 1));
            }
        }
    }
    assert_none("Each of these is five kilobytes of the page; see core/src/order.rs:", &found);
}

#[test]
fn nothing_names_a_machine() {
    let places = [
        concat!("/ro", "ot/."),
        concat!("/wo", "rk/"),
        concat!("/ho", "me/"),
        concat!("/Us", "ers/"),
    ];
    let endings = [
        ".rs",
        ".toml",
        ".md",
        ".mjs",
        ".js",
        ".sh",
        ".script",
        ".html",
        ".proto",
        "Cargo.lock",
        ".ci/run",
    ];
    let mut found = Vec::new();
    for source in sources(&endings) {
        for (number, line) in source.text.lines().enumerate() {
            if let Some(place) = places.iter().find(|place| line.contains(*place)) {
                found.push(format!("{}:{}: {place}", source.path, number + 1));
            }
        }
    }
    assert_none("Paths of one machine mean nothing on another:", &found);
}

#[test]
fn every_crate_comes_from_the_public_registry() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let elsewhere: Vec<String> = lock
        .lines()
        .filter_map(|line| line.strip_prefix("source = "))
        .filter(|source| *source != "\"registry+https://github.com/rust-lang/crates.io-index\"")
        .map(str::to_owned)
        .collect();
    assert_none("Cargo.lock names other sources than crates.io:", &elsewhere);
}

#[test]
fn every_dependency_has_its_reason() {
    let mut bare = Vec::new();
    for manifest in sources(&["Cargo.toml"]).iter().filter(|source| source.path != "Cargo.toml") {
        bare.extend(dependencies_without_reason(manifest));
    }
    assert_none("Say in a comment above each of these what it is for:", &bare);
}

/// Dependencies that stand neither below a comment nor in a group that does.
fn dependencies_without_reason(manifest: &Source) -> Vec<String> {
    let mut bare = Vec::new();
    let (mut in_dependencies, mut reason) = (false, false);
    for (number, line) in manifest.text.lines().enumerate() {
        let line = line.trim_end();
        if line.starts_with('#') {
            reason = true;
        } else if line.starts_with('[') {
            let section = line.trim_matches(['[', ']']);
            let (_, last) = section.rsplit_once('.').unwrap_or(("", section));
            in_dependencies = last.ends_with("dependencies");
            // `[dependencies.web-sys]` is one dependency, and its comment stands below or above.
            let below =
                manifest.text.lines().nth(number + 1).is_some_and(|next| next.starts_with('#'));
            if section.contains("dependencies.") && !in_dependencies && !reason && !below {
                bare.push(format!("{}:{}: {section}", manifest.path, number + 1));
            }
        } else if line.is_empty() {
            reason = false;
        } else if in_dependencies
            && !reason
            && line.contains(" = ")
            && !line.starts_with([' ', '}', ']'])
        {
            bare.push(format!("{}:{}: {line}", manifest.path, number + 1));
        }
    }
    bare
}

#[test]
fn links_in_the_guides_lead_somewhere() {
    let mut dead = Vec::new();
    for source in sources(&[".md"]) {
        let folder = root().join(&source.path).parent().unwrap().to_owned();
        for target in source.text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = target.split('#').next().unwrap_or_default();
            let elsewhere = path.is_empty() || path.contains("://") || path.contains(' ');
            if !elsewhere && !folder.join(path).exists() {
                dead.push(format!("{}: {target}", source.path));
            }
        }
    }
    assert_none("These links lead nowhere:", &dead);
}
