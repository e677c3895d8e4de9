//! `snapshot save`: a member's snapshot, streamed into a file; and the commands for such files.
//!
//! ```text
//!   FILE.part   created ── parts, as they come ── 32 bytes of SHA-256 ── flushed, renamed ──► FILE
//! ```
//!
//! The name is given last, so that a file of this name is always whole.

use std::collections::BTreeMap;

use super::{CallError, Session};
use crate::api::{SnapshotRequest, SnapshotResponse};
use crate::ctl::access::text;
use crate::ctl::commands::Action;
use crate::ctl::flags::Arg;
use crate::ctl::job::{Flow, Job, Moved};
use crate::ctl::parse::Invocation;
use crate::ctl::print::human_bytes;
use crate::ctl::stream::{FileWork, StreamId, StreamRequest};
use crate::ctl::{Exit, Output, go, utl};

/// How `snapshot save` ends when it fails, whatever the reason.
pub(super) const INTERRUPTED: u8 = 5;

/// A database is a whole number of sectors; the hash behind it is not.
const SECTOR: u64 = 512;

/// SHA-256.
const HASH: u64 = 32;

impl Session {
    /// Does what such a command can do before its first answer.
    pub(super) fn run_snapshot(
        &mut self,
        invocation: Invocation,
        environment: &BTreeMap<String, String>,
    ) -> Result<(), Exit> {
        let Invocation { flags, args, action, .. } = &invocation;
        match action {
            Action::SnapshotStatus => {
                self.deprecated("status");
                return self.begin_job(Box::new(OnDisk(utl::status(flags, args)?)));
            }
            Action::SnapshotRestore => {
                self.deprecated("restore");
                return self.begin_job(Box::new(OnDisk(utl::restore(flags, args)?)));
            }
            _ => {}
        }
        let [path] = args.as_slice() else {
            return Err(Exit::bad_args("snapshot save expects one argument"));
        };
        let path = path.clone();
        self.connect(invocation, environment)?;
        let endpoints = &self.config.endpoints;
        if endpoints.len() != 1 {
            let all = endpoints.join(" ");
            return Err(Exit::new(
                INTERRUPTED,
                format!("snapshot must be requested to one selected node, not multiple [{all}]"),
            ));
        }
        self.begin_job(Box::new(Saving { path, bytes: 0, stage: Stage::Creating }))
    }

    /// etcdctl 3.5 still has what became etcdutl's.
    fn deprecated(&mut self, name: &str) {
        self.output.err_line(format!("Deprecated: Use `etcdutl snapshot {name}` instead."));
        self.output.err_line("");
    }
}

/// A command that looks after files and asks nobody.
#[derive(Debug)]
pub(super) struct OnDisk(pub(super) utl::Job);

impl Job for OnDisk {
    fn begin(&mut self, session: &mut Session) -> Moved {
        session.on_disk(self.0.clone());
        Ok(Flow::GoesOn)
    }

    fn on_disk_work(&mut self, session: &mut Session, result: Result<Output, String>) -> Moved {
        let printed = result.map_err(Exit::error)?;
        session.output().append(printed);
        Ok(Flow::Over)
    }
}

#[derive(Debug)]
struct Saving {
    path: Arg,
    bytes: u64,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Creating,
    Fetching,
    Naming,
}

impl Saving {
    fn part(&self) -> Arg {
        [self.path.as_slice(), b".part"].concat()
    }

    /// The member has sent all of it.
    fn on_whole(&mut self, session: &mut Session) -> Moved {
        if self.bytes % SECTOR != HASH {
            let why = format!("sha256 checksum not found [bytes: {}]", self.bytes);
            return Err(self.fail(session, why));
        }
        log(session, "fetched snapshot", "size", &human_bytes(self.bytes));
        self.stage = Stage::Naming;
        session.file(FileWork::Finish { from: self.part(), to: self.path.clone() });
        Ok(Flow::GoesOn)
    }

    fn fail(&self, session: &mut Session, why: String) -> Exit {
        session.file(FileWork::Remove { path: self.part() });
        Exit::new(INTERRUPTED, why)
    }
}

impl Job for Saving {
    fn begin(&mut self, session: &mut Session) -> Moved {
        session.file(FileWork::Create { path: self.part() });
        Ok(Flow::GoesOn)
    }

    fn on_snapshot(&mut self, session: &mut Session, part: Option<&SnapshotResponse>) -> Moved {
        let Some(part) = part else { return self.on_whole(session) };
        self.bytes += part.blob.len() as u64;
        session.file(FileWork::Append(part.blob.clone()));
        Ok(Flow::GoesOn)
    }

    fn on_stream_end(&mut self, session: &mut Session, _: StreamId, error: &CallError) -> Moved {
        Err(self.fail(session, error.to_string()))
    }

    fn on_file(&mut self, session: &mut Session, result: Result<(), String>) -> Moved {
        let path = text(&self.path);
        match (self.stage, result) {
            (Stage::Creating, Ok(())) => {
                log(session, "created temporary db file", "path", &(path + ".part"));
                let endpoint = session.endpoints().join(" ");
                log(session, "fetching snapshot", "endpoint", &endpoint);
                self.stage = Stage::Fetching;
                session.open_stream(StreamRequest::Snapshot(SnapshotRequest {}));
                Ok(Flow::GoesOn)
            }
            (Stage::Creating, Err(why)) => {
                let why = format!("could not open {path}.part ({why})");
                Err(Exit::new(INTERRUPTED, why))
            }
            (Stage::Fetching, Ok(())) => Ok(Flow::GoesOn),
            (Stage::Fetching, Err(why)) => Err(self.fail(session, why)),
            (Stage::Naming, Ok(())) => {
                log(session, "saved", "path", &path);
                session.output().out_line(format!("Snapshot saved at {path}"));
                Ok(Flow::Over)
            }
            (Stage::Naming, Err(why)) => {
                let why = format!("could not rename {path}.part to {path} ({why})");
                Err(self.fail(session, why))
            }
        }
    }
}

/// A line of etcdctl's log, without the time.
fn log(session: &mut Session, message: &str, field: &str, value: &str) {
    session.output().err_line(format!(
        "{{\"level\":\"info\",\"msg\":\"{message}\",\"{field}\":{}}}",
        go::json_string(value)
    ));
}
