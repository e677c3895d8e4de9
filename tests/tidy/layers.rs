//! Rules between the modules of core.
//!
//! core's modules form layers, and a new edge between two of them is the change to argue about, not
//! the lines inside one. This reads every `crate::...` in the code of a module, comments and tests
//! left out, and compares it with the table.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use glasshouse_tests::root;

use super::{Source, assert_none, sources};

/// Which modules a module of core may use; `vocabulary` is node's plain data, below.
const LAYERS: &[(&str, &[&str])] = &[
    // Beneath all of them, as the standard library is: everybody may use it.
    ("order", &[]),
    ("api", &[]),
    ("limits", &[]),
    ("id", &[]),
    // A request of a client that one member hands to another is etcd's own message.
    ("peer", &["api", "id"]),
    // Only to name entries in the view of its bytes; raft knows nothing of the WAL.
    ("wal", &["id", "limits", "raft", "vocabulary"]),
    ("store", &["api", "limits"]),
    ("membership", &["api", "id", "limits"]),
    ("alarm", &["api", "id", "limits"]),
    // The first start of a member, from its flags.
    ("bootstrap", &["id", "membership"]),
    ("discovery", &["api", "bootstrap", "id", "limits"]),
    ("mvcc", &["api", "limits", "store"]),
    ("lease", &["api", "limits", "mvcc", "store"]),
    ("auth", &["api", "lease", "limits", "store"]),
    ("txn", &["api", "limits", "mvcc"]),
    ("raft", &["id", "limits", "peer", "vocabulary"]),
    ("snapshot", &["api", "alarm", "id", "limits", "membership", "mvcc", "peer", "store"]),
    ("watch", &["api", "id", "limits", "mvcc"]),
    ("concurrency", &["api"]),
    ("bbolt", &[]),
    // Between a store and etcd's database; a new member's log begins in `restore`.
    (
        "backup",
        &["api", "bbolt", "id", "limits", "membership", "mvcc", "store", "vocabulary", "wal"],
    ),
    // `utl` prints what is found in files.
    ("ctl", &["api", "backup", "concurrency", "mvcc"]),
];

/// Files of node whose types are plain data that the layers below may speak of: what a node is
/// told, asks for, is configured with and shows.
const VOCABULARY: [&str; 4] = ["config.rs", "effect.rs", "input.rs", "view.rs"];

#[test]
fn modules_of_core_keep_their_layers() {
    let layers: BTreeMap<&str, &[&str]> = LAYERS.iter().copied().collect();
    let exports = exports();
    let vocabulary = vocabulary();
    let mut wrong = Vec::new();
    for source in sources(&[".rs"]) {
        let Some(inside) = source.path.strip_prefix("core/src/") else { continue };
        let module = inside.split(['/', '.']).next().unwrap();
        if source.is_generated() || source.is_test() || module == "lib" || module == "node" {
            continue;
        }
        let Some(allowed) = layers.get(module) else {
            wrong.push(format!("{}: a new module has its place in this table first", source.path));
            continue;
        };
        for (used, name) in uses(&source) {
            // What the crate's root exports belongs to the module that it comes from.
            let home = exports.get(&used).cloned().unwrap_or(used.clone());
            let name = if home == used { name } else { used };
            let plain = home == "node" && vocabulary.contains(&name);
            let layer = if plain { "vocabulary" } else { home.as_str() };
            if layer != module && layer != "order" && !allowed.contains(&layer) {
                wrong.push(format!("{}: uses {home}::{name}", source.path));
            }
        }
    }
    assert_none("These edges are not in the table of layers:", &wrong);
}

/// Names that `lib.rs` exports at the crate's root, with the module of each.
fn exports() -> BTreeMap<String, String> {
    let text = fs::read_to_string(root().join("core/src/lib.rs")).unwrap();
    let mut exports = BTreeMap::new();
    for statement in code(&text).split("pub use ").skip(1) {
        let statement = statement.split(';').next().unwrap();
        let (module, names) = statement.split_once("::").unwrap();
        for name in names.trim_matches(['{', '}']).split(',') {
            exports.insert(name.trim().to_owned(), module.trim().to_owned());
        }
    }
    // A constant of the root itself is nobody's layer.
    for constant in code(&text).split("pub const ").skip(1) {
        let name = constant.split(':').next().unwrap();
        exports.insert(name.to_owned(), "limits".to_owned());
    }
    exports
}

/// The types that node's files of plain data declare.
fn vocabulary() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in VOCABULARY {
        let text = fs::read_to_string(root().join("core/src/node").join(file)).unwrap();
        for keyword in ["pub struct ", "pub enum "] {
            for rest in text.split(keyword).skip(1) {
                names.insert(rest.split(|c: char| !c.is_alphanumeric()).next().unwrap().to_owned());
            }
        }
    }
    names
}

/// Each `crate::MODULE::NAME` in a file, with groups in braces taken apart.
fn uses(source: &Source) -> BTreeSet<(String, String)> {
    let code = code(&source.text);
    let mut found = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        for path in expand(rest) {
            let mut parts = path.split("::").map(|part| part.trim().to_owned());
            let module = parts.next().unwrap_or_default();
            found.insert((module, parts.next().unwrap_or_default()));
        }
    }
    found
}

/// Paths that begin here: `a::{b, c::d}; ..` is `a::b` and `a::c::d`.
fn expand(text: &str) -> Vec<String> {
    let end = text.find(|c: char| !(c.is_alphanumeric() || "_:".contains(c))).unwrap_or(text.len());
    let (head, rest) = text.split_at(end);
    if !rest.starts_with('{') || !(head.is_empty() || head.ends_with("::")) {
        return vec![head.to_owned()];
    }
    let mut depth = 0;
    let mut paths = Vec::new();
    let mut start = 1;
    for (at, character) in rest.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if (character == ',' && depth == 1) || depth == 0 {
            let item = rest[start..at].trim();
            if !item.is_empty() {
                paths.extend(expand(item).into_iter().map(|path| format!("{head}{path}")));
            }
            start = at + 1;
        }
        if depth == 0 {
            break;
        }
    }
    paths
}

/// A file's text without comments and without the tests at its end.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    text.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
}

#[test]
fn groups_are_taken_apart() {
    let text = "use crate::{api, wal::{self, Batch}};\n/// crate::node::Node\nlet x = crate::id::hash(1);\nuse crate::store;";
    let source = Source { path: String::new(), text: text.to_owned() };
    let expected = [("api", ""), ("id", "hash"), ("store", ""), ("wal", "Batch"), ("wal", "self")];
    let expected = expected.map(|(module, name)| (module.to_owned(), name.to_owned()));
    assert_eq!(uses(&source), BTreeSet::from(expected));
}
