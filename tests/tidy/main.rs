//! The rules of this repository, as tests.
//!
//! What formatting and clippy cannot say: which crate and which module may use which ([`crates`],
//! [`layers`]), how files look and what they may not contain ([`sources`]). A rule that fails names
//! every place at once.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod crates;
mod layers;
mod sources;

use std::fs;
use std::path::{Path, PathBuf};

use glasshouse_tests::root;

/// A text file of the repository, by its path from the root.
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn is_generated(&self) -> bool {
        self.path.contains("/generated/")
    }

    /// True for code that only tests run.
    fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs")
            || self.path.contains("/tests/")
            || self.path.starts_with("tests/")
            || self.path.ends_with("_tests.rs")
    }
}

/// All texts with one of these endings, in order of their paths; build results are left out.
fn sources(endings: &[&str]) -> Vec<Source> {
    let mut paths = Vec::new();
    walk(&root(), &mut paths);
    paths.sort();
    paths
        .into_iter()
        .filter(|path| endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)))
        .filter_map(|path| {
            let text = String::from_utf8(fs::read(&path).ok()?).ok()?;
            let path = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
            Some(Source { path, text })
        })
        .collect()
}

fn walk(dir: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let built = matches!(name.as_str(), "target" | "dist" | "node_modules" | ".git");
        if path.is_dir() && !built {
            walk(&path, paths);
        } else if path.is_file() {
            paths.push(path);
        }
    }
}

/// Fails with all complaints, one on each line.
fn assert_none(rule: &str, complaints: &[String]) {
    assert!(complaints.is_empty(), "{rule}\n  {}", complaints.join("\n  "));
}
