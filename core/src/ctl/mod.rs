//! etcdctl as a library: a command line in, requests out; responses in, text out.
//!
//! Nothing here opens a socket, reads a clock, blocks on standard input or ends the process. That is
//! the work of a *driver*: the native binary drives a [`Session`] with gRPC, the page's terminal
//! drives it through the simulated network, the golden tests with recorded answers. All of them
//! print the same bytes, and those bytes are etcdctl 3.5's, because people and scripts read them.
//!
//! ```text
//!             argv, environment
//!                    │
//!   parse  commands + flags: cobra's and pflag's rules, etcdctl's table of commands
//!                    │ one Action
//!   get put del txn compaction lease member move-leader endpoint: checks, then requests
//!   alarm auth user role defrag downgrade snapshot cluster
//!   login            │ Step::Read ──► driver ──► Session::on_input: a password
//!   watch            │ Step::Call ──► driver ──► Session::on_result
//!   lock elect check │ Step::Open ──► driver ──► Session::on_message, again and again
//!   make-mirror      │ Step::Timer ─► driver ──► Session::on_timer
//!   snapshot         │ Step::File ──► driver ──► Session::on_file
//!   print  simple, json, fields, table, protobuf
//!                    │
//!             Step::Done(Output { stdout, stderr, exit_code })
//! ```
//!
//! A driver is a loop over [`Session::next`]:
//!
//! ```
//! use std::{collections::BTreeMap, time::Duration};
//! use glasshouse_core::{api, ctl::{Session, Step}};
//!
//! let mut session = Session::start(["put", "foo", "bar"], &BTreeMap::new());
//! let output = loop {
//!     match session.next() {
//!         Step::Call(call) => {
//!             // Send call.request to call.endpoint here; this cluster always says yes.
//!             let answer = Ok(api::PutResponse::default().into());
//!             session.on_result(call.id, answer, Duration::from_millis(3));
//!         }
//!         Step::Read(_) => session.on_input(b""),
//!         Step::Write(output) => print!("{}", String::from_utf8_lossy(&output.stdout)),
//!         Step::Wait => unreachable!("every call is answered at once"),
//!         Step::Done(output) => break output,
//!         other => unreachable!("only commands that go on want {other:?}"),
//!     }
//! };
//! assert_eq!(output.stdout, b"OK\n");
//! ```
//!
//! Known differences from etcdctl 3.5.16, all on purpose:
//!
//! - no log lines about retries on standard error, and no time in the ones that are printed;
//! - a transaction's comparison with an unknown operator is an error, where etcdctl panics;
//!   comparisons of `lease(…)` work, where it panics too;
//! - `'single quoted'` words in a transaction are read whole, where it takes a part (etcd 3.6 cured
//!   that);
//! - the line of `check` that tells how far it is has no bar, in a terminal neither; Ctrl-C in `check
//!   datascale` ends it at once in both;
//! - `--discovery-srv` is refused with a sentence: nothing here asks DNS;
//! - `snapshot restore` does not log what it does; it and `defrag --data-dir` make and open our own
//!   data directories;
//! - `alarm disarm -w fields` prints zeros, where it panics;
//! - a password is asked for once, where `--cluster` asks twice;
//! - a login makes one token for the whole command, where it makes one for each endpoint;
//! - `completion` prints scripts of our own;
//! - endpoints of different clusters are refused ([`Session::guard`]), and `cluster status` and
//!   etcd 3.6's `downgrade` and `make-mirror --rev --max-txn-ops` are there besides.

mod access;
mod check;
mod cluster;
mod commands;
mod compaction;
mod complete;
mod completion;
mod config;
mod del;
mod elect;
mod endpoint;
mod flags;
mod get;
mod go;
mod help;
mod hold;
mod job;
mod keeper;
mod lease;
mod lock;
mod member;
mod mirror;
mod move_leader;
mod parse;
mod print;
mod put;
mod recipe;
mod session;
mod stream;
#[cfg(test)]
mod tests;
mod txn;
pub mod utl;
mod watch;
mod words;

pub use complete::complete;
pub use config::{Config, Tls, User};
pub use session::{Call, CallError, CallId, Elsewhere, Endpoint, Input, Session, Step, may_retry};
pub use stream::{
    Fetch, FetchId, FileWork, Program, ProgramError, Stream, StreamId, StreamRequest,
    StreamResponse, TimerId,
};
pub use words::words;

/// The release whose commands, options and outputs these are.
pub const VERSION: &str = "3.5.16";

/// The version of the protocol, as `version` and the help print it.
pub const API_VERSION: &str = "3.5";

/// What a command printed, and how it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// What goes to standard output. Keys and values are bytes: it need not be UTF-8.
    pub stdout: Vec<u8>,
    /// What goes to standard error.
    pub stderr: Vec<u8>,
    /// 0 for success, 1 for a failed call, 2 for no connection, 3 for wrong input, 4 for a wrong
    /// value of an option, 128 for wrong arguments.
    pub exit_code: u8,
}

impl Output {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stdout.is_empty() && self.stderr.is_empty()
    }

    fn out(&mut self, text: impl AsRef<[u8]>) {
        self.stdout.extend_from_slice(text.as_ref());
    }

    fn out_line(&mut self, text: impl AsRef<[u8]>) {
        self.out(text);
        self.stdout.push(b'\n');
    }

    fn err_line(&mut self, text: impl AsRef<[u8]>) {
        self.stderr.extend_from_slice(text.as_ref());
        self.stderr.push(b'\n');
    }

    /// What another one printed, behind this; the later exit code counts.
    fn append(&mut self, other: Self) {
        self.stdout.extend(other.stdout);
        self.stderr.extend(other.stderr);
        self.exit_code = other.exit_code;
    }

    /// Ends the command: the message, when there is one, and the code.
    fn fail(&mut self, exit: Exit) {
        if let Some(text) = exit.text {
            self.err_line([b"Error: ", text.as_slice()].concat());
        }
        self.exit_code = exit.code;
    }
}

/// An early end of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Exit {
    code: u8,
    /// Printed after `Error: `; `None` when everything is said already.
    text: Option<Vec<u8>>,
}

impl Exit {
    fn new(code: u8, text: impl AsRef<[u8]>) -> Self {
        Self { code, text: Some(text.as_ref().to_vec()) }
    }

    /// Something failed that is none of the caller's fault.
    fn error(text: impl AsRef<[u8]>) -> Self {
        Self::new(1, text)
    }

    /// No client can be made from the options.
    fn bad_connection(text: impl AsRef<[u8]>) -> Self {
        Self::new(2, text)
    }

    /// What was read from standard input is wrong.
    fn invalid_input(text: impl AsRef<[u8]>) -> Self {
        Self::new(3, text)
    }

    /// An option exists, but not with this value.
    fn bad_feature(text: impl AsRef<[u8]>) -> Self {
        Self::new(4, text)
    }

    /// Arguments are missing, superfluous or contradict each other.
    fn bad_args(text: impl AsRef<[u8]>) -> Self {
        Self::new(128, text)
    }
}
