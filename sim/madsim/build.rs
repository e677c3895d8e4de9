//! Makes the patched copy of madsim that `src/lib.rs` includes.
//!
//! ```text
//!   registry: madsim-0.2.34/src/sim/**  ──copy──►  OUT_DIR/sim/**  ──wasm.patch──►  compiled
//! ```
//!
//! Nothing of upstream is stored in this repository: `Cargo.toml` names the exact
//! version, `Cargo.lock` its checksum, and cargo downloads it like any other crate.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const UPSTREAM: (&str, &str) = ("madsim", "0.2.34");

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=wasm.patch");

    let out = PathBuf::from(variable("OUT_DIR"));
    let copy = out.join("sim");
    if copy.exists() {
        fs::remove_dir_all(&copy).expect("OUT_DIR is ours");
    }
    copy_tree(&upstream_source().join("sim"), &copy);
    apply(&fs::read_to_string("wasm.patch").expect("wasm.patch lies beside build.rs"), &out);

    // Upstream's `mod sim;`, with its own style left alone.
    let root = "#[allow(warnings, unsafe_code, unreachable_pub, rustdoc::all)]\n\
                #[allow(clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction)]\n\
                mod sim;\n";
    fs::write(out.join("upstream.rs"), root).expect("OUT_DIR can be written");
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name} for build scripts"))
}

/// Where cargo keeps upstream's `src`.
///
/// Cargo does not download what it does not compile until somebody asks: the first
/// question is for a machine that has everything, the second fetches.
fn upstream_source() -> PathBuf {
    let metadata = cargo_metadata(&["--offline"]).or_else(|_| cargo_metadata(&[]));
    let metadata = metadata.unwrap_or_else(|error| {
        panic!("cargo metadata cannot find madsim; connect to the network once and run `cargo fetch --locked`:\n{error}")
    });
    let packages = metadata["packages"].as_array().expect("cargo metadata lists packages");
    let manifest = packages
        .iter()
        .find(|package| package["name"] == UPSTREAM.0 && package["version"] == UPSTREAM.1)
        .and_then(|package| package["manifest_path"].as_str())
        .expect("Cargo.toml names this version of madsim");
    Path::new(manifest).with_file_name("src")
}

fn cargo_metadata(options: &[&str]) -> Result<serde_json::Value, String> {
    let output = Command::new(variable("CARGO"))
        .args(["metadata", "--locked", "--format-version", "1"])
        .args(options)
        .current_dir(variable("CARGO_MANIFEST_DIR"))
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("OUT_DIR can be written");
    for entry in fs::read_dir(from).expect("cargo has unpacked the crate") {
        let entry = entry.expect("cargo has unpacked the crate");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            let text = fs::read_to_string(entry.path()).expect("sources are text");
            // Upstream's unit tests need more crates; `--all-targets` would build them.
            let text = text.replace("#[cfg(test)]", "#[cfg(any())]");
            fs::write(target, text).expect("OUT_DIR can be written");
        }
    }
}

/// Applies a patch of several files; a line `diff a/path b/path` stands before each.
fn apply(patch: &str, root: &Path) {
    for part in patch.split("\ndiff a/").skip(1) {
        let (names, hunks) = part.split_once('\n').expect("a diff line, then hunks");
        let name = names.split_whitespace().next().expect("diff names a file");
        let file = root.join(name);
        let base = fs::read_to_string(&file).expect("the patch names upstream's files");
        let hunks = format!("{}\n", hunks.trim_end_matches('\n'));
        let patch = diffy::Patch::from_str(&hunks)
            .unwrap_or_else(|error| panic!("wasm.patch, {name}: {error}"));
        let patched = diffy::apply(&base, &patch)
            .unwrap_or_else(|error| panic!("wasm.patch does not fit {name}: {error}"));
        fs::write(&file, patched).expect("OUT_DIR can be written");
    }
}
