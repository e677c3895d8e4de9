//! What the tests across crates share: where programs and tools are, and a browser to drive.
//!
//! A tool that a machine lacks (Chromium, a real etcd) makes a test say so and pass in a plain
//! `cargo test`; `cargo xtask test` installs the tools first and makes their absence a failure.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "only tests use this crate, and they fail by panicking"
)]

pub mod addresses;
pub mod bench;
pub mod browser;
pub mod cluster;
pub mod names;
pub mod pair;
pub mod random;
pub mod schema;
mod site;
pub mod tools;
pub mod web;

use std::path::PathBuf;

pub use site::Site;

/// The folder of the workspace.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}
