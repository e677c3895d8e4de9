//! Programs that tests start: our own, and those that `cargo xtask test` installs.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;

use crate::root;

/// Set by `cargo xtask test`, which has installed every tool.
const REQUIRED: &str = "GLASSHOUSE_REQUIRE_TOOLS";

/// Chromium, or `None` after saying that the test is skipped.
pub fn chromium() -> Option<PathBuf> {
    or_skip("Chromium", xtask::tools::chromium_path())
}

/// Node.js, or `None` after saying that the test is skipped.
pub fn node() -> Option<PathBuf> {
    or_skip("Node.js", xtask::tools::node_path())
}

/// The folder of a real `etcd` and `etcdctl`, `3.4.23` or `3.5.16`; `None` after saying so.
pub fn etcd(version: &str) -> Option<PathBuf> {
    or_skip(&format!("etcd {version}"), xtask::tools::etcd_path(version))
}

/// The text of axe-core, the accessibility checker; `None` after saying that the test is skipped.
pub fn axe() -> Option<String> {
    or_skip("axe-core", xtask::tools::axe_path())
        .map(|path| std::fs::read_to_string(path).expect("axe-core's script is a text"))
}

/// The built page, `dist/`; `None` after saying that the test is skipped.
pub fn dist() -> Option<PathBuf> {
    let dist = root().join("dist");
    or_skip("the page (cargo xtask page)", dist.join("index.html").is_file().then_some(dist))
}

/// One of our own programs, built when it is not there: `("glasshouse-server", "glasshouse")`.
pub fn program(package: &str, name: &str) -> PathBuf {
    static BUILDING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = BUILDING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    // This test lies in target/debug/deps; programs lie one folder above.
    let test = env::current_exe().expect("a running program has a path");
    let path = test.ancestors().nth(2).expect("tests lie in target/debug/deps").join(name);
    if env::var_os(REQUIRED).is_none() || !path.is_file() {
        // Quick when nothing has changed, and a test must not run yesterday's program.
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--package", package, "--bin", name]).current_dir(root());
        let status = build.status().expect("cargo can be started");
        assert!(status.success(), "`cargo build --package {package} --bin {name}` failed");
    }
    path
}

fn or_skip<T>(what: &str, found: Option<T>) -> Option<T> {
    if found.is_none() {
        assert!(
            env::var_os(REQUIRED).is_none(),
            "{what} is missing: `cargo xtask test` installs and builds what tests need"
        );
        eprintln!("SKIPPED: {what} is missing; `cargo xtask test` installs and builds it");
    }
    found
}
