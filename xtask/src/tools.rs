//! What a bare machine lacks, and how it comes here.
//!
//! Everything that is not a program of the machine itself goes into one folder that all clones
//! share: `$GLASSHOUSE_TOOLS`, else `~/.cache/glasshouse/tools`.
//!
//! ```text
//! tools/
//!   etcd-3.4.23/usr/bin/{etcd,etcdctl}      Debian bookworm's packages, unpacked
//!   etcd-3.5.16/usr/bin/{etcd,etcdctl}      Debian trixie's
//!   npm/node_modules/{axe-core,binaryen}    accessibility checks; wasm-opt
//!   wasm-bindgen-0.2.130/glasshouse-bindgen built from `xtask/bindgen`
//! ```

use std::env;
use std::fs;
use std::path::PathBuf;

use glasshouse_console::say;

use crate::shell::{self, capture, cargo, command, file_failure, find, run};
use crate::{Failure, Result, apt};

/// Pinned, so that a rule added upstream does not fail a build here.
const AXE: (&str, &str) = ("axe-core", "4.14.1");
/// The newest wasm-opt: Debian's knows too few instructions for what rustc emits.
const BINARYEN: (&str, &str) = ("binaryen", "132.0.0");

/// The versions of etcd that we compare with, and the Debian release that carries each.
const ETCD: [(&str, &str); 2] = [("3.4.23", "bookworm"), ("3.5.16", "trixie")];

const WASM: &str = "wasm32-unknown-unknown";

/// The folder that all clones share.
pub fn cache() -> Result<PathBuf> {
    // Empty is unset, as shells have it: else tools would come to wherever somebody stands.
    if let Some(dir) = env::var_os("GLASSHOUSE_TOOLS").filter(|dir| !dir.is_empty()) {
        return Ok(dir.into());
    }
    let home = env::var_os("HOME").ok_or_else(|| {
        Failure::Failed("neither GLASSHOUSE_TOOLS nor HOME is set: set one of them".to_owned())
    })?;
    Ok(PathBuf::from(home).join(".cache/glasshouse/tools"))
}

/// The standard library for wasm.
pub fn wasm_target() -> Result<()> {
    let libraries = capture(&mut command("rustc", &["--print=target-libdir", "--target", WASM]))?;
    if PathBuf::from(libraries.trim()).is_dir() {
        return Ok(());
    }
    if find("rustup").is_none() {
        return Err(Failure::Failed(format!(
            "Rust's standard library for {WASM} is missing and there is no rustup to add it: install Rust with rustup and repeat"
        )));
    }
    say!("  adding Rust's standard library for wasm");
    run(&mut command("rustup", &["target", "add", WASM]))
}

/// Where Node.js is, in which the simulation's wasm runs outside a browser.
pub fn node_path() -> Option<PathBuf> {
    first_of(&["node", "nodejs"])
}

/// Where Chromium is, in which the page is tested; the variable `CHROMIUM` names another one.
pub fn chromium_path() -> Option<PathBuf> {
    env::var_os("CHROMIUM")
        .map(PathBuf::from)
        .or_else(|| first_of(&["chromium", "chromium-browser", "google-chrome"]))
}

/// The folder of `etcd` and `etcdctl` of a version: `3.4.23` or `3.5.16`.
pub fn etcd_path(version: &str) -> Option<PathBuf> {
    let programs = cache().ok()?.join(format!("etcd-{version}/usr/bin"));
    programs.join("etcdctl").is_file().then_some(programs)
}

/// Where axe-core's script is, which finds what people with a screen reader stumble over.
pub fn axe_path() -> Option<PathBuf> {
    let script = cache().ok()?.join("npm/node_modules").join(AXE.0).join("axe.min.js");
    script.is_file().then_some(script)
}

/// Node.js, installed when it is missing.
pub fn node() -> Result<PathBuf> {
    program("Node.js", node_path, "nodejs")
}

/// Chromium, installed when it is missing.
pub fn chromium() -> Result<PathBuf> {
    program("Chromium", chromium_path, "chromium")
}

fn program(what: &str, path: fn() -> Option<PathBuf>, package: &str) -> Result<PathBuf> {
    if path().is_none() {
        apt::install(what, &[package])?;
    }
    path().ok_or_else(|| {
        Failure::Failed(format!("{what} was installed, but `{package}` is not on PATH"))
    })
}

fn first_of(names: &[&str]) -> Option<PathBuf> {
    names.iter().find_map(|name| find(name))
}

/// Both versions of etcd and etcdctl, unpacked when they are missing.
pub fn etcd() -> Result<()> {
    for (version, release) in ETCD {
        if etcd_path(version).is_some() {
            continue;
        }
        let dir = cache()?.join(format!("etcd-{version}"));
        say!("  etcd {version} is missing");
        if !apt::present() {
            return Err(Failure::Failed(format!(
                "etcd {version} comes from Debian's packages and this machine has no apt: put its etcd and etcdctl into {}/usr/bin and repeat",
                dir.display()
            )));
        }
        let _ = fs::remove_dir_all(&dir);
        apt::unpack(release, &["etcd-server", "etcd-client"], &dir)?;
        let said = capture(&mut command(dir.join("usr/bin/etcd"), &["--version"]))?;
        if !said.contains(version) {
            return Err(Failure::Failed(format!(
                "Debian {release} carries another etcd than {version}: {}",
                said.lines().next().unwrap_or_default()
            )));
        }
    }
    Ok(())
}

/// axe-core's script, fetched when it is missing.
pub fn axe() -> Result<PathBuf> {
    npm(AXE, "axe.min.js")
}

/// wasm-opt, which makes released wasm a third smaller.
pub fn wasm_opt() -> Result<PathBuf> {
    npm(BINARYEN, "bin/wasm-opt")
}

/// A file of an npm package, which is fetched when it is not there.
fn npm((package, version): (&str, &str), file: &str) -> Result<PathBuf> {
    let dir = cache()?.join("npm");
    let found = dir.join("node_modules").join(package);
    let manifest = fs::read_to_string(found.join("package.json")).unwrap_or_default();
    if !manifest.contains(&format!("\"version\": \"{version}\"")) {
        say!("  fetching {package} {version}");
        if find("npm").is_none() {
            apt::install("npm", &["npm"])?;
        }
        fs::create_dir_all(&dir).map_err(|error| file_failure(&dir, &error))?;
        let prefix = dir.display().to_string();
        let wanted = format!("{package}@{version}");
        let quiet = ["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"];
        run(command("npm", &quiet).args(["--prefix", &prefix, &wanted]))?;
    }
    Ok(found.join(file))
}

/// Our own front of wasm-bindgen, of the version that Cargo.lock names.
pub fn bindgen() -> Result<PathBuf> {
    let lock =
        String::from_utf8_lossy(&shell::read(&shell::root().join("Cargo.lock"))?).into_owned();
    let version = locked_version(&lock, "wasm-bindgen").unwrap_or_default();
    let ours = locked_version(&lock, "wasm-bindgen-cli-support").unwrap_or_default();
    if version != ours {
        return Err(Failure::Failed(format!(
            "Cargo.lock has wasm-bindgen {version} and wasm-bindgen-cli-support {ours}, which must be equal: change xtask/bindgen/Cargo.toml"
        )));
    }
    // The source lies beside the program, so that a change of it builds it anew.
    let source = shell::read(&shell::root().join("xtask/bindgen/src/main.rs"))?;
    let dir = cache()?.join(format!("wasm-bindgen-{version}"));
    let program = dir.join("glasshouse-bindgen");
    if fs::read(dir.join("main.rs")).ok().as_deref() == Some(&source) && program.is_file() {
        return Ok(program);
    }
    say!("  building wasm-bindgen {version}, once for all clones");
    run(&mut cargo(&["build", "--package", "glasshouse-bindgen"]))?;
    let built = shell::target_dir().join("debug/glasshouse-bindgen");
    shell::write(&program.with_extension("new"), &shell::read(&built)?)?;
    fs::set_permissions(
        program.with_extension("new"),
        fs::metadata(&built).map_err(|error| file_failure(&built, &error))?.permissions(),
    )
    .and_then(|()| fs::rename(program.with_extension("new"), &program))
    .map_err(|error| file_failure(&program, &error))?;
    shell::write(&dir.join("main.rs"), &source)?;
    Ok(program)
}

/// The version of a package in a Cargo.lock.
fn locked_version<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let (_, after) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    after.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::locked_version;

    #[test]
    fn a_version_is_read_from_the_lock() {
        let lock = "[[package]]\nname = \"a-b\"\nversion = \"9\"\n\n[[package]]\nname = \"a\"\nversion = \"1.2.3\"\n";
        assert_eq!(locked_version(lock, "a"), Some("1.2.3"));
        assert_eq!(locked_version(lock, "c"), None);
    }
}
