//! What `cargo xtask` does: two commands that set up a fresh machine, and the ones that CI and the
//! figures in README need. No dependencies from elsewhere, so that it is there in seconds.
//!
//! ```text
//!   lab          args ── lab ── page ─┬─ tools ── apt      builds, then serves dist/
//!   test         args ── checks ──────┤                    every check, in order
//!   page         args ── page ─ lessons                    dist/
//!   determinism  args ── traces ──────┤                    native = Node.js = Chromium
//!   figures      args ── figures ─────┘                    the numbers of README
//! ```
//!
//! It is a library as well, because the browser's tests serve the page and compare traces with
//! the same code.

pub mod alike;
pub mod apt;
pub mod args;
pub mod checks;
pub mod figures;
pub mod flaky;
pub mod lab;
pub mod lessons;
pub mod page;
pub mod serve;
pub mod shell;
pub mod single;
pub mod tools;
pub mod traces;
pub mod wasm;

/// What can go wrong here.
#[derive(Debug)]
pub enum Failure {
    /// The command line is not understood; exit code 2.
    Usage(String),
    /// Something did not work; exit code 1.
    Failed(String),
}

/// The result of everything here.
pub type Result<T> = std::result::Result<T, Failure>;
