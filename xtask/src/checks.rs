//! `cargo xtask test`: every check, in the order in which a mistake shows soonest.
//!
//! Names after the command choose some of them: `cargo xtask test fmt clippy`. CI runs the same
//! command without names.

use std::time::Instant;

use crate::shell::{self, cargo, command, duration, find, run};
use crate::{Failure, Result, page, tools, traces};

/// The crates that are compiled to wasm, too.
const WASM_CRATES: [&str; 6] =
    ["--package", "glasshouse-core", "--package", "glasshouse-sim", "--package", "glasshouse-web"];
const WASM: [&str; 2] = ["--target", "wasm32-unknown-unknown"];

/// Everything but the page's build tool, which only `cargo xtask page` compiles.
const NATIVE_CRATES: [&str; 3] = ["--workspace", "--exclude", "glasshouse-bindgen"];

/// Traces compared in each `cargo xtask test`; Must show 4's two hundred are `cargo xtask determinism`.
const SEEDS: u64 = 4;
const SECONDS: u64 = 60;

struct Check {
    name: &'static str,
    about: &'static str,
    run: fn() -> Result<()>,
}

const CHECKS: [Check; 10] = [
    Check { name: "tools", about: "install what this machine lacks", run: install },
    Check {
        name: "fmt",
        about: "formatting",
        run: || run(&mut cargo(&["fmt", "--all", "--check"])),
    },
    Check { name: "clippy", about: "lints, natively", run: clippy },
    Check { name: "clippy-wasm", about: "lints of what runs in the page", run: clippy_wasm },
    Check { name: "docs", about: "the documentation builds without a warning", run: docs },
    Check {
        name: "deny",
        about: "licences, advisories, bans (when cargo-deny is there)",
        run: deny,
    },
    Check {
        name: "page",
        about: "the page builds, and the simulation imports nothing",
        run: || page::build(false),
    },
    Check { name: "tests", about: "unit, golden, simulation, tidy, etcdctl, browser", run: tests },
    Check { name: "doctests", about: "the examples in the documentation", run: doctests },
    Check {
        name: "traces",
        about: "one seed, one history: native and wasm",
        run: || traces::determinism(SEEDS, SECONDS, 0),
    },
];

/// Runs the checks of these names, all of them when there is no name.
pub fn test(names: &[String]) -> Result<()> {
    let known = |name: &String| CHECKS.iter().any(|check| check.name == name);
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        let all: Vec<&str> = CHECKS.iter().map(|check| check.name).collect();
        return Err(Failure::Usage(format!(
            "cargo xtask test: there is no check `{unknown}`; there are {}",
            all.join(", ")
        )));
    }
    let chosen: Vec<&Check> = CHECKS
        .iter()
        .filter(|check| names.is_empty() || names.iter().any(|name| name == check.name))
        .collect();
    let all_started = Instant::now();
    let mut times = Vec::new();
    for (number, check) in chosen.iter().enumerate() {
        println!("\n[{}/{}] {}: {}", number + 1, chosen.len(), check.name, check.about);
        let started = Instant::now();
        (check.run)().map_err(|failure| match failure {
            Failure::Failed(why) => Failure::Failed(format!(
                "the check `{0}` failed: {why}; repeat it with `cargo xtask test {0}`",
                check.name
            )),
            usage => usage,
        })?;
        times.push((check.name, duration(started)));
    }
    println!();
    for (name, time) in times {
        println!("  {name:<12} {time:>12}");
    }
    println!("All checks passed in {}.", duration(all_started));
    Ok(())
}

fn install() -> Result<()> {
    tools::wasm_target()?;
    tools::node()?;
    tools::chromium()?;
    tools::etcd()?;
    tools::axe()?;
    tools::bindgen()?;
    println!("  all here; tools that clones share: {}", tools::cache()?.display());
    Ok(())
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
    let mut docs = cargo(&[&["doc", "--no-deps"], NATIVE_CRATES.as_slice()].concat());
    run(docs.env("RUSTDOCFLAGS", "-D warnings"))
}

/// Advisories need cargo-deny; licences and bans are checked by `tests/tidy.rs` in any case.
fn deny() -> Result<()> {
    if find("cargo-deny").is_none() {
        println!("  cargo-deny is not installed; tests/tidy.rs checks licences and bans");
        return Ok(());
    }
    run(&mut cargo(&["deny", "--all-features", "check"]))
}

fn tests() -> Result<()> {
    // Tests start these programs; built first, no test's time contains a build.
    run(&mut cargo(&[
        "build",
        "--bins",
        "--package",
        "glasshouse-server",
        "--package",
        "glasshouse-sim",
    ]))?;
    let mut tests = if find("cargo-nextest").is_some() {
        cargo(&["nextest", "run", "--profile", "ci"])
    } else {
        cargo(&["test", "--tests"])
    };
    // A test that misses a tool says so and passes in a plain `cargo test`; here it fails.
    run(tests.env("GLASSHOUSE_REQUIRE_TOOLS", "1").env("GLASSHOUSE_TOOLS", tools::cache()?))
}

fn doctests() -> Result<()> {
    run(&mut cargo(&["test", "--doc"]))
}

/// `cargo xtask figures`: the numbers that README states, measured on this machine.
pub fn figures() -> Result<()> {
    page::build(true)?;
    tools::etcd()?;
    run(&mut cargo(&[
        "build",
        "--release",
        "--bins",
        "--package",
        "glasshouse-server",
        "--package",
        "glasshouse-sim",
    ]))?;
    let lab = shell::target_dir().join("release/glasshouse-lab");
    run(&mut command(lab, &["bench"]))
}
