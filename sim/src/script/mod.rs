//! The command language: etcdctl's lines and the commands of the bench, one language for the
//! terminal, the page's buttons, golden scripts and runs from the command line.
//!
//! ```text
//!   etcdctl put color red            etcdctl's own language; the word etcdctl may be left out
//!   get color --endpoints=n2         an endpoint may be written as the member's number
//!   client A get color               the same, by a client with a name of its own
//!   txn -i                           a command that reads waits for lines that are typed ...
//!   < mod("color") = "0"             ... such as this one
//!   kill leader                      leader, follower, n1, etcd1: members by role, number or name
//!   partition n1 | rest
//!   until new leader                 virtual time flows until it is so
//!   curl n1/metrics                  how long a disk took, as the walkthroughs ask for it
//!   docker stop etcd1                the lines of the walkthroughs work as they stand
//! ```
//!
//! A line goes through three stages, one file each: [`words`] cuts it as a shell does, [`parse`](mod@parse)
//! makes a [`Command`] of it, [`bench`](mod@bench) carries it out in a world. [`complete`] and help read the
//! same table, [`vocabulary`].

pub mod bench;
pub mod command;
pub mod complete;
pub mod curl;
pub mod help;
mod message;
pub mod parse;
pub mod siege;
pub mod story;
pub mod units;
pub mod vocabulary;
pub mod words;

mod act;
mod condition;
mod docker;
mod flags;
mod report;
#[cfg(test)]
mod tests;
mod typed;

use std::fmt;

pub use bench::{Bench, Setup};
pub use command::{Command, Condition, Who};
pub use parse::parse;
pub use story::Story;
pub use vocabulary::speaks_etcdctl;

/// A line that cannot be carried out, in one sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError(String);

impl ParseError {
    /// An error with this sentence.
    #[must_use]
    pub fn new(sentence: String) -> Self {
        Self(sentence)
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ParseError {}
