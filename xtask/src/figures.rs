//! `cargo xtask figures`: the numbers that README states, measured on this machine.
//!
//! Each number comes from the program that it is about, built as people run it: the release profile,
//! the page after wasm-opt. Processor time is told rather than time by the clock wherever it can be,
//! because it depends less on what else the machine does.

use std::fs;
use std::path::Path;

use glasshouse_console::say;

use crate::shell::{self, capture, cargo, command, run};
use crate::{Failure, Result, page, tools};

/// The run whose speed is compared natively and in wasm: the same seed, so the same work.
const RUN: [&str; 7] = ["--seed", "1", "--nodes", "5", "--rate", "100", "--calm"];
/// A run as hunts make them, with faults: in checked seeds of [`SEED_SECONDS`] each.
const CHECKED: [&str; 6] = ["--seed", "1", "--nodes", "5", "--rate", "50"];
/// Virtual seconds of a checked seed.
const SEED_SECONDS: f64 = 60.0;
/// Virtual seconds of those runs. It is long, because a browser compiles a module twice, quickly and
/// then well; the short one is subtracted, so that loading is not counted as simulating.
const SECONDS: [u32; 2] = [60, 660];

/// What Linux counts processor time in, per second (`getconf CLK_TCK`).
const TICKS_PER_SECOND: f64 = 100.0;

/// Builds everything for release and prints every figure.
pub fn figures() -> Result<()> {
    tools::etcd()?;
    tools::chromium()?;
    say!("The page, shrunk:");
    page::build(true)?;
    say!("Building the programs for release (a few minutes)");
    let programs = ["glasshouse-server", "glasshouse-sim", "glasshouse-bench"];
    let packages = programs.iter().flat_map(|package| ["--package", package]);
    let build: Vec<&str> = ["build", "--release", "--bins"].into_iter().chain(packages).collect();
    run(&mut cargo(&build))?;
    let release = shell::target_dir().join("release");
    page_speed()?;
    simulation_speed(&release.join("glasshouse-lab"))?;
    puts(&release)?;
    pages(&release)
}

/// One page of a long list, and what the list takes in memory, beside etcd.
fn pages(release: &Path) -> Result<()> {
    say!("\nPages of a list:");
    let mut bench = beside_etcd(release, &["pages"])?;
    run(&mut bench)
}

/// From the beginning of the page's load to a cluster with a leader, in Chromium.
fn page_speed() -> Result<()> {
    say!("\nThe page in Chromium:");
    let test = ["test", "--quiet", "--package", "glasshouse-tests", "--test", "browser_for_all"];
    let only = ["--", "--nocapture", "the_page_elects_a_leader_by_itself"];
    let mut test = cargo(&[test.as_slice(), &only].concat());
    let said = capture(
        test.env("GLASSHOUSE_REQUIRE_TOOLS", "1").env("GLASSHOUSE_TOOLS", tools::cache()?),
    )?;
    for line in said.lines().filter(|line| line.contains("first leader")) {
        say!("  {line}");
    }
    Ok(())
}

fn simulation_speed(lab: &Path) -> Result<()> {
    say!("\nThe simulation:");
    for nodes in ["3", "5", "7"] {
        run(&mut command(lab, &["bench", "--seconds", "300", "--rate", "100", "--nodes", nodes]))?;
    }
    let script = shell::root().join("sim/js/trace.mjs");
    let module = page::dist().join("glasshouse-sim.wasm");
    let node = tools::node()?;
    let native = || command(lab, &["run"]);
    let wasm = || {
        let mut trace = command(&node, &[]);
        trace.arg(&script).arg(&module);
        trace
    };
    say!("  one and the same run, {}, in simulated seconds per CPU second:", RUN.join(" "));
    say!("    native  {:.0}", speed(&RUN, native)?);
    say!("    wasm    {:.0}", speed(&RUN, wasm)?);
    say!("  with faults, {}, in checked seeds of 60 s per CPU second:", CHECKED.join(" "));
    say!("    native  {:.1}", speed(&CHECKED, native)? / SEED_SECONDS);
    say!("    wasm    {:.1}", speed(&CHECKED, wasm)? / SEED_SECONDS);
    Ok(())
}

/// How many virtual seconds of a run a program makes in a second of processor time.
fn speed(run: &[&str], program: impl Fn() -> std::process::Command) -> Result<f64> {
    let spent = |seconds: u32| {
        processor_time(program().args(run).arg("--seconds").arg(seconds.to_string()))
    };
    let [short, long] = SECONDS;
    Ok(f64::from(long - short) / (spent(long)? - spent(short)?))
}

/// Puts per second and their cost, beside etcd.
fn puts(release: &Path) -> Result<()> {
    for members in ["1", "3"] {
        say!("\nPuts, members: {members}");
        run(&mut beside_etcd(release, &["--members", members])?)?;
    }
    Ok(())
}

/// The benchmark of etcd and of ours, with its data on the disk of the build.
fn beside_etcd(release: &Path, args: &[&str]) -> Result<std::process::Command> {
    let etcd =
        tools::etcd_path("3.4.23").map(|dir| format!("etcd-3.4.23={}", dir.join("etcd").display()));
    let ours = format!("glasshouse={}", release.join("glasshouse").display());
    let mut bench = command(release.join("glasshouse-bench"), args);
    bench.args(["--a", etcd.as_deref().unwrap_or_default(), "--b", &ours]);
    let disk = shell::target_dir().join("bench");
    fs::create_dir_all(&disk).map_err(|error| shell::file_failure(&disk, &error))?;
    bench.arg("--dir").arg(disk);
    Ok(bench)
}

/// User and system time that a command takes, in seconds.
fn processor_time(command: &mut std::process::Command) -> Result<f64> {
    let before = children_time()?;
    capture(command)?;
    Ok((children_time()? - before).max(1.0 / TICKS_PER_SECOND))
}

/// Processor time of all children that have ended, in seconds; Linux tells it in `/proc`.
fn children_time() -> Result<f64> {
    let stat = String::from_utf8_lossy(&shell::read(Path::new("/proc/self/stat"))?).into_owned();
    // The name in brackets may hold anything, so the fields are counted from its end.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: Option<Vec<f64>> = fields.skip(13).take(2).map(|field| field.parse().ok()).collect();
    let ticks =
        ticks.ok_or_else(|| Failure::Failed("/proc/self/stat has an unknown form".to_owned()))?;
    Ok(ticks.iter().sum::<f64>() / TICKS_PER_SECOND)
}
