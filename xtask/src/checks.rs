//! `cargo xtask test`: every check, in the order in which a mistake shows soonest.
//!
//! Names after the command choose some of them: `cargo xtask test fmt clippy`. CI runs the same
//! command without names.

use std::time::Instant;

use glasshouse_console::say;

use crate::shell::{NATIVE_CRATES, cargo, duration, find, run};
use crate::{Failure, Result, flaky, lab, page, tools, traces};

/// The crates that are compiled to wasm, too.
const WASM_CRATES: [&str; 6] =
    ["--package", "glasshouse-core", "--package", "glasshouse-sim", "--package", "glasshouse-web"];
const WASM: [&str; 2] = ["--target", "wasm32-unknown-unknown"];

/// Traces compared in each `cargo xtask test`; Must show 4's two hundred are `cargo xtask determinism`.
const SEEDS: u64 = 4;
const SECONDS: u64 = 60;

/// A check's name, what it is about, and how it runs.
struct Check(&'static str, &'static str, fn() -> Result<()>);

const CHECKS: [Check; 11] = [
    Check("tools", "install what this machine lacks", install),
    Check("fmt", "formatting", fmt),
    Check("clippy", "lints, natively", clippy),
    Check("clippy-wasm", "lints of what runs in the page", clippy_wasm),
    Check("docs", "the documentation builds without a warning", docs),
    Check("deny", "licences, advisories, bans (when cargo-deny is there)", deny),
    Check("core-wasm", "core's wasm imports nothing", page::check_core),
    Check("page", "the page builds, and its simulation imports nothing", build_page),
    Check("tests", "unit, golden, simulation, tidy, etcdctl, browser", tests),
    Check("doctests", "the examples in the documentation", doctests),
    Check("traces", "one seed, one history: native and wasm", few_traces),
];

/// Runs the checks of these names, all of them when there is no name.
pub fn test(names: &[String]) -> Result<()> {
    let known = |name: &String| CHECKS.iter().any(|Check(check, ..)| check == name);
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        let all: Vec<&str> = CHECKS.iter().map(|Check(name, ..)| *name).collect();
        return Err(Failure::Usage(format!(
            "cargo xtask test: there is no check `{unknown}`; there are {}",
            all.join(", ")
        )));
    }
    let chosen: Vec<&Check> = CHECKS
        .iter()
        .filter(|check| names.is_empty() || names.iter().any(|name| name == check.0))
        .collect();
    let all_started = Instant::now();
    flaky::forget();
    let mut times = Vec::new();
    let mut failures = Vec::new();
    for (number, Check(name, about, check)) in chosen.iter().enumerate() {
        say!("\n[{}/{}] {}: {}", number + 1, chosen.len(), name, about);
        let started = Instant::now();
        match check() {
            Ok(()) => {}
            // One run tells everything that is wrong, not the first thing only.
            Err(Failure::Failed(why)) => {
                say!("FAILED: {why}");
                failures.push(format!("{name}: {why}"));
            }
            Err(usage) => return Err(usage),
        }
        times.push((name, duration(started)));
    }
    say!();
    for (name, time) in times {
        say!("  {name:<12} {time:>12}");
    }
    for test in flaky::found() {
        say!("FLAKY: {test} failed first and passed when it was tried again: find out why.");
    }
    if failures.is_empty() {
        say!("All checks passed in {}.", duration(all_started));
        return Ok(());
    }
    Err(Failure::Failed(format!(
        "{} of {} checks failed (`cargo xtask test NAME` repeats one):\n  {}",
        failures.len(),
        chosen.len(),
        failures.join("\n  ")
    )))
}

fn install() -> Result<()> {
    tools::wasm_target()?;
    tools::node()?;
    tools::chromium()?;
    tools::etcd()?;
    tools::axe()?;
    tools::bindgen()?;
    say!("  all here; tools that clones share: {}", tools::cache()?.display());
    Ok(())
}

fn fmt() -> Result<()> {
    run(&mut cargo(&["fmt", "--all", "--check"]))
}

fn clippy() -> Result<()> {
    let warnings_fail = ["--all-targets", "--", "-D", "warnings"];
    run(&mut cargo(&[&["clippy"], NATIVE_CRATES.as_slice(), &warnings_fail].concat()))
}

fn clippy_wasm() -> Result<()> {
    let warnings_fail = ["--", "-D", "warnings"];
    run(&mut cargo(&[&["clippy"], WASM_CRATES.as_slice(), &WASM, &warnings_fail].concat()))
}

fn docs() -> Result<()> {
    // Private items, too: the pages are for those who read the code, and link to all of it.
    let whole = ["doc", "--no-deps", "--document-private-items"];
    let mut docs = cargo(&[whole.as_slice(), NATIVE_CRATES.as_slice()].concat());
    run(docs.env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private_intra_doc_links"))
}

/// Advisories need cargo-deny; licences and bans are checked by `tests/tidy.rs` in any case.
fn deny() -> Result<()> {
    if find("cargo-deny").is_none() {
        say!("  cargo-deny is not installed; tests/tidy.rs checks licences and bans");
        return Ok(());
    }
    run(&mut cargo(&["deny", "--all-features", "check"]))
}

fn tests() -> Result<()> {
    // Tests start these programs; built first, no test's time contains a build.
    lab::build_programs()?;
    let mut tests = if find("cargo-nextest").is_some() {
        cargo(&[&["nextest", "run", "--profile", "ci"], NATIVE_CRATES.as_slice()].concat())
    } else {
        cargo(&[&["test", "--tests"], NATIVE_CRATES.as_slice()].concat())
    };
    // A test that misses a tool says so and passes in a plain `cargo test`; here it fails.
    run(tests.env("GLASSHOUSE_REQUIRE_TOOLS", "1").env("GLASSHOUSE_TOOLS", tools::cache()?))
}

fn build_page() -> Result<()> {
    page::build(false)
}

fn few_traces() -> Result<()> {
    traces::determinism(SEEDS, SECONDS, 0)
}

fn doctests() -> Result<()> {
    run(&mut cargo(
        &[&["test", "--doc"], NATIVE_CRATES.as_slice(), &["--exclude", "glasshouse-madsim"]]
            .concat(),
    ))
}
