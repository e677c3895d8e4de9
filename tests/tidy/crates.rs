//! Rules between crates, read from `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use glasshouse_tests::root;
use serde_json::Value;

use super::assert_none;

/// Which crates of ours a crate may use, outside of its tests.
const DIRECTIONS: &[(&str, &[&str])] = &[
    ("raft-proto", &[]),
    ("tonic-prost-build", &[]),
    ("glasshouse-console", &[]),
    ("glasshouse-core", &["raft-proto"]),
    ("glasshouse-madsim", &[]),
    ("glasshouse-sim", &["glasshouse-console", "glasshouse-core", "glasshouse-madsim"]),
    ("glasshouse-web", &["glasshouse-core", "glasshouse-sim"]),
    ("glasshouse-server", &["glasshouse-console", "glasshouse-core"]),
    ("glasshouse-bench", &["glasshouse-console", "glasshouse-core"]),
    ("xtask", &["glasshouse-console"]),
    ("glasshouse-bindgen", &[]),
    (
        "glasshouse-tests",
        &["glasshouse-core", "glasshouse-madsim", "glasshouse-sim", "glasshouse-server", "xtask"],
    ),
];

const NATIVE: &str = "x86_64-unknown-linux-gnu";
const WASM: &str = "wasm32-unknown-unknown";

/// What core must never contain, however deep: runtimes, threads, sockets, files.
const NOT_IN_CORE: [&str; 9] = [
    "tokio",
    "mio",
    "async-std",
    "futures-executor",
    "hyper",
    "tonic",
    "socket2",
    "rayon",
    "tempfile",
];

/// What the page's simulation must not contain: it has no host to talk to.
const NOT_IN_THE_SIMULATION: [&str; 5] = ["mio", "socket2", "wasm-bindgen", "js-sys", "hyper"];

#[test]
fn dependencies_run_one_way() {
    let metadata = metadata(&["--no-deps"]);
    let allowed: BTreeMap<&str, &[&str]> = DIRECTIONS.iter().copied().collect();
    let packages = metadata["packages"].as_array().unwrap();
    let ours: BTreeSet<&str> = packages.iter().map(name).collect();
    let mut wrong = Vec::new();
    for package in packages {
        let Some(allowed) = allowed.get(name(package)) else {
            wrong.push(format!("{}: a new crate has its place in this table first", name(package)));
            continue;
        };
        for dependency in package["dependencies"].as_array().unwrap() {
            let uses = name(dependency);
            let in_tests = dependency["kind"] == "dev" || name(package) == "glasshouse-tests";
            if ours.contains(uses)
                && !allowed.contains(&uses)
                && !(in_tests && uses != "glasshouse-tests")
            {
                wrong.push(format!("{} uses {uses}", name(package)));
            }
        }
    }
    assert_none("core <- sim <- web, core <- server-native, and nothing uses tests:", &wrong);
}

#[test]
fn core_reaches_nothing_of_the_world() {
    for target in [NATIVE, WASM] {
        let tree = tree("glasshouse-core", target);
        let found: Vec<String> = NOT_IN_CORE
            .into_iter()
            .filter(|crate_name| tree.contains_key(*crate_name))
            .map(|crate_name| format!("{crate_name} ({target})"))
            .collect();
        assert_none("core is sans-IO; these came into its tree:", &found);
    }
}

#[test]
fn the_simulation_reaches_nothing_of_a_browser() {
    let tree = tree("glasshouse-sim", WASM);
    let found: Vec<String> = NOT_IN_THE_SIMULATION
        .into_iter()
        .filter(|crate_name| tree.contains_key(*crate_name))
        .map(str::to_owned)
        .collect();
    assert_none("the simulation's wasm imports nothing; these came into its tree:", &found);
}

/// raft and its friends ask for randomness; in wasm it must come from a back end that imports
/// nothing, and that is what the feature `custom` chooses.
#[test]
fn randomness_in_wasm_has_no_source_of_its_own() {
    for package in ["glasshouse-core", "glasshouse-sim"] {
        if let Some(features) = tree(package, WASM).get("getrandom") {
            let custom = features.split(',').any(|feature| feature == "custom");
            assert!(custom, "getrandom is in {package}'s wasm with {features:?} only");
        }
    }
}

/// Planted bugs live in the simulation, which is no dependency of the server (see `DIRECTIONS`); neither
/// of the crates that the server is made of has a switch for any.
#[test]
fn the_server_contains_no_planted_bug() {
    let metadata = metadata(&["--no-deps"]);
    let packages = metadata["packages"].as_array().unwrap();
    for ours in ["glasshouse-server", "glasshouse-core"] {
        let package = packages.iter().find(|package| name(package) == ours).unwrap();
        let features = package["features"].as_object().unwrap();
        let switch = features.keys().find(|feature| feature.contains("mutant"));
        assert_eq!(switch, None, "{ours} has a feature for planted bugs");
    }
    assert!(!tree("glasshouse-server", NATIVE).contains_key("glasshouse-sim"));
}

/// Every licence offers an alternative whose parts all stand in `deny.toml`.
#[test]
fn licences_are_permissive() {
    let deny = fs::read_to_string(root().join("deny.toml")).unwrap();
    let list = deny.split("allow = [").nth(1).unwrap().split(']').next().unwrap();
    let allowed: BTreeSet<&str> = list.split('"').skip(1).step_by(2).collect();
    let metadata = metadata(&[]);
    let mut wrong = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        let licence = package["license"].as_str().unwrap_or("none");
        if !permits(licence, &allowed) {
            wrong.push(format!("{}: {licence}", name(package)));
        }
    }
    assert_none("deny.toml does not allow these licences:", &wrong);
}

/// Reads `A OR (B AND C)`, and the old `A/B`; exceptions (`A WITH E`) count as one name.
fn permits(licence: &str, allowed: &BTreeSet<&str>) -> bool {
    let plain = licence.replace('/', " OR ");
    // A bracket's contents are an expression of their own; the innermost goes first.
    if let Some(close) = plain.find(')') {
        let open = plain[..close].rfind('(').unwrap();
        let inner = if permits(&plain[open + 1..close], allowed) { "yes" } else { "no" };
        return permits(&format!("{}{inner}{}", &plain[..open], &plain[close + 1..]), allowed);
    }
    plain.split(" OR ").any(|all| {
        all.split(" AND ").map(str::trim).all(|one| one == "yes" || allowed.contains(one))
    })
}

#[test]
fn licence_expressions_are_read() {
    let allowed = BTreeSet::from(["MIT", "Apache-2.0", "Unicode-3.0"]);
    assert!(permits("MIT OR GPL-3.0", &allowed));
    assert!(permits("(MIT OR GPL-3.0) AND Unicode-3.0", &allowed));
    assert!(permits("GPL-2.0/Apache-2.0", &allowed));
    assert!(!permits("MIT AND GPL-3.0", &allowed));
    assert!(!permits("(MIT AND GPL-3.0) OR BSL-1.1", &allowed));
}

#[test]
fn wasm_bindgen_and_its_tool_are_of_one_version() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let version = |package: &str| {
        let head = format!("name = \"{package}\"\nversion = ");
        lock.split(&head).nth(1).and_then(|rest| rest.lines().next()).map(str::to_owned)
    };
    assert_eq!(version("wasm-bindgen"), version("wasm-bindgen-cli-support"));
}

fn metadata(args: &[&str]) -> Value {
    let all = [&["metadata", "--format-version", "1", "--locked"], args].concat();
    serde_json::from_str(&cargo(&all)).unwrap()
}

fn name(package: &Value) -> &str {
    package["name"].as_str().unwrap()
}

/// All crates that a package is built with for a target, with their features, comma by comma; what
/// only its tests, its build scripts or its macros need is left out.
fn tree(package: &str, target: &str) -> BTreeMap<String, String> {
    let edges = ["--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p} [{f}]"];
    let listed = cargo(
        &[&["tree", "--locked", "--package", package, "--target", target], &edges[..]].concat(),
    );
    let crates: BTreeMap<String, String> = listed
        .lines()
        .filter_map(|line| {
            let features = line.split('[').nth(1)?.split(']').next()?;
            Some((line.split(' ').next()?.to_owned(), features.to_owned()))
        })
        .collect();
    assert!(crates.contains_key(package), "cargo tree does not list {package} itself: {listed}");
    crates
}

fn cargo(args: &[&str]) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).args(args).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
