//! Names this build of the simulator: a hash over the sources that decide what a seed does.
//!
//! A finding carries the name, and so nobody wonders why a run of last year breaks nothing today.

use std::fs;
use std::path::{Path, PathBuf};

/// What decides a history, seen from the workspace.
const SOURCES: [&str; 5] =
    ["core/src", "core/raft-proto/src", "sim/src", "sim/madsim/src", "Cargo.lock"];

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace is above");
    let mut files = Vec::new();
    for source in SOURCES {
        let path = root.join(source);
        println!("cargo:rerun-if-changed={}", path.display());
        collect(&path, &mut files);
    }
    files.sort();
    let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
    for path in files {
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        hash.bytes(name.as_bytes());
        hash.bytes(&fs::read(&path).unwrap_or_default());
    }
    println!("cargo:rustc-env=GLASSHOUSE_BUILD={:016x}", hash.0);
    embed_lessons(&root.join("labs"));
}

/// Writes the list of lessons for `lesson::library`. They are no part of the name: a text may be mended without
/// making findings and submissions worthless.
fn embed_lessons(labs: &Path) {
    println!("cargo:rerun-if-changed={}", labs.display());
    let mut list = String::from("&[\n");
    let folders = fs::read_dir(labs).map(|entries| entries.flatten().map(|entry| entry.path()));
    let mut folders: Vec<PathBuf> = folders.map(Iterator::collect).unwrap_or_default();
    folders.retain(|folder| folder.join("lab.toml").is_file());
    folders.sort();
    for folder in folders {
        let mut files = Vec::new();
        collect(&folder, &mut files);
        files.iter().for_each(|file| println!("cargo:rerun-if-changed={}", file.display()));
        let id = folder.file_name().unwrap_or_default();
        let text = |name: &str| format!("include_str!({:?})", folder.join(name));
        let (toml, lesson) = (text("lab.toml"), text("lesson.md"));
        list.push_str(&format!("    Source {{ id: {id:?}, toml: {toml}, text: {lesson} }},\n"));
    }
    list.push_str("]\n");
    let out = std::env::var_os("OUT_DIR").map(PathBuf::from).expect("cargo says where");
    fs::write(out.join("lessons.rs"), list).expect("cargo's own folder takes files");
}

/// All files below a path. A path that is not there has none: a packaged crate stands alone.
fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    match fs::read_dir(path) {
        Ok(entries) => entries.flatten().for_each(|entry| collect(&entry.path(), files)),
        Err(_) if path.is_file() => files.push(path.to_owned()),
        Err(_) => {}
    }
}

/// FNV-1a in 64 bits: short, stable, and no dependency.
struct Fnv(u64);

impl Fnv {
    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().chain(&(bytes.len() as u64).to_le_bytes()) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}
