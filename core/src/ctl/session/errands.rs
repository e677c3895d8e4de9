//! Commands that ask again, depending on the answer.
//!
//! An [`Errand`] is told one thing after the other; it asks the session for calls, a stream or work on
//! a file, and says when it is over.

use std::fmt;

use super::{CallError, CallId, Endpoint, Plan, Session, Step, StreamId};
use crate::api::{Request, Response, SnapshotResponse};
use crate::ctl::print::{Printer, Report};
use crate::ctl::stream::{FileWork, Stream, StreamRequest};
use crate::ctl::{Exit, Output};

/// What an errand is told.
#[derive(Debug)]
pub(in crate::ctl) enum Heard<'a> {
    /// The client is made.
    Begin,
    /// A call was answered.
    Answer(CallId, Result<Response, CallError>),
    /// A part of a snapshot came.
    Part(&'a SnapshotResponse),
    /// The stream is over: with everything said, or with an error.
    StreamEnd(Result<(), &'a CallError>),
    /// The file is as it was asked for, or says why not.
    File(Result<(), String>),
}

/// Whether an errand goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ctl) enum Flow {
    GoesOn,
    Over,
}

/// A command that asks again, depending on the answer.
pub(in crate::ctl) trait Errand: fmt::Debug + Send {
    /// Takes what was heard and does what follows.
    fn hear(&mut self, session: &mut Session, heard: Heard<'_>) -> Result<Flow, Exit>;
}

impl Session {
    /// Begins an errand: the client is made.
    pub(super) fn begin_errand(&mut self, errand: impl Errand + 'static) -> Result<(), Exit> {
        self.tell_errand(Box::new(errand), Heard::Begin)
    }

    pub(super) fn tell_errand(
        &mut self,
        mut errand: Box<dyn Errand>,
        heard: Heard<'_>,
    ) -> Result<(), Exit> {
        if errand.hear(self, heard)? == Flow::GoesOn {
            self.plan = Plan::Errand(errand);
        }
        Ok(())
    }

    /// Takes how a [`Step::File`] ended; an error is said in Go's words.
    pub fn on_file(&mut self, result: Result<(), String>) {
        let result = match std::mem::replace(&mut self.plan, Plan::Done) {
            Plan::Errand(errand) => self.tell_errand(errand, Heard::File(result)),
            plan => {
                self.plan = plan;
                Ok(())
            }
        };
        self.settle(result);
    }

    // --- what an errand may ask for ---

    /// Makes a call to which `--command-timeout` holds.
    pub(in crate::ctl) fn ask_any(&mut self, request: impl Into<Request>) -> CallId {
        self.call(Endpoint::Any, request.into(), Some(self.config.command_timeout))
    }

    /// The same without a limit.
    pub(in crate::ctl) fn ask_patiently(&mut self, request: impl Into<Request>) -> CallId {
        self.call(Endpoint::Any, request.into(), None)
    }

    /// Asks one endpoint, within the time of the command.
    pub(in crate::ctl) fn ask_at(&mut self, endpoint: &str, request: impl Into<Request>) -> CallId {
        let timeout = Some(self.config.command_timeout);
        self.call(Endpoint::Named(endpoint.to_owned()), request.into(), timeout)
    }

    /// Opens a stream at any endpoint.
    pub(in crate::ctl) fn open_stream(&mut self, request: StreamRequest) {
        self.last_stream += 1;
        self.steps.push_back(Step::Open(Stream {
            id: StreamId(self.last_stream),
            endpoint: Endpoint::Any,
            token: None,
            request,
            requires_leader: false,
        }));
    }

    pub(in crate::ctl) fn file(&mut self, work: FileWork) {
        self.steps.push_back(Step::File(work));
    }

    /// Writes now what was printed so far.
    pub(in crate::ctl) fn write_now(&mut self) {
        let written = std::mem::take(&mut self.output);
        self.steps.push_back(Step::Write(written));
    }

    pub(in crate::ctl) fn print(&mut self, report: Report<'_>) -> Result<(), Exit> {
        let printer: Printer = self.printer();
        printer.print(report, &mut self.output)
    }

    pub(in crate::ctl) fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    pub(in crate::ctl) fn endpoints(&self) -> &[String] {
        &self.config.endpoints
    }
}
