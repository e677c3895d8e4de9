//! Jobs in a session: what is told to them, and what they may ask for.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Endpoint, Plan, Session, Step};
use crate::api::watch_request::RequestUnion;
use crate::api::{Response, WatchCreateRequest, WatchRequest, WatchResponse};
use crate::ctl::commands::Action;
use crate::ctl::job::{Flow, Job, Moved};
use crate::ctl::parse::Invocation;
use crate::ctl::print::Report;
use crate::ctl::session::{CallError, CallId};
use crate::ctl::stream::{
    Fetch, FetchId, Program, ProgramError, Stream, StreamId, StreamRequest, TimerId,
};
use crate::ctl::{Exit, check, elect, lock, mirror, watch};

impl Session {
    /// A timer of [`Step::Timer`] rang; `now` is the time since the session began, by the clock of the
    /// driver.
    pub fn on_timer(&mut self, timer: TimerId, now: Duration) {
        self.tell(|job, session| job.on_timer(session, timer, now));
    }

    /// Takes how a [`Step::Execute`] ended. A program for an event of a watch that fails ends the
    /// command.
    pub fn on_executed(&mut self, program: &Program, result: Result<(), ProgramError>) {
        self.executing = false;
        if let Plan::Job(_) = self.plan {
            self.tell(|job, session| job.on_executed(session, result));
        } else if let Err(error) = result {
            self.steps.clear();
            self.output.err_line(watch::failed(&program.command, &error.why));
            self.settle(Err(Exit { code: 1, text: None }));
        }
    }

    /// Takes what [`Step::Fetch`] found, or why nothing was found.
    pub fn on_fetched(&mut self, id: FetchId, result: Result<Vec<u8>, String>) {
        self.tell(|job, session| job.on_fetched(session, id, result));
    }

    /// Whether Ctrl-C is a word to the command: then the driver passes it on and waits for
    /// [`Step::Done`]. Otherwise it ends the driver, as it ends etcdctl.
    #[must_use]
    pub fn takes_interrupt(&self) -> bool {
        matches!(&self.plan, Plan::Job(job) if job.takes_interrupt())
    }

    /// Ctrl-C.
    pub fn on_interrupt(&mut self) {
        self.tell(|job, session| job.on_interrupt(session));
    }

    /// Draws from the driver's luck: keys of `check` are random.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.random = rand_core::SeedableRng::seed_from_u64(seed);
        self
    }

    /// Reads the line of a command that goes on, and begins it.
    pub(super) fn run_job(
        &mut self,
        invocation: Invocation,
        environment: &BTreeMap<String, String>,
    ) -> Result<(), Exit> {
        let Invocation { flags, args, action, .. } = &invocation;
        let job: Box<dyn Job> = match action {
            Action::Lock => Box::new(lock::LockJob::new(flags, args)?),
            Action::Elect => Box::new(elect::ElectJob::new(flags, args)?),
            Action::MakeMirror => Box::new(mirror::Mirror::new(flags, args)?),
            Action::CheckPerf => Box::new(check::Perf::new(flags)?),
            _ => Box::new(check::Datascale::new(flags)?),
        };
        self.connect(invocation, environment)?;
        self.begin_job(job)
    }

    /// Begins a job, once the client is made.
    pub(super) fn begin_job(&mut self, mut job: Box<dyn Job>) -> Result<(), Exit> {
        let moved = job.begin(self);
        self.go_on_with(job, moved)
    }

    /// Tells the job something; a command without one does not care.
    pub(super) fn tell(&mut self, what: impl FnOnce(&mut dyn Job, &mut Self) -> Moved) {
        match std::mem::replace(&mut self.plan, Plan::Done) {
            Plan::Job(mut job) => {
                let moved = what(job.as_mut(), self);
                let result = self.go_on_with(job, moved);
                self.settle(result);
            }
            plan => self.plan = plan,
        }
    }

    fn go_on_with(&mut self, job: Box<dyn Job>, moved: Moved) -> Result<(), Exit> {
        match moved? {
            Flow::GoesOn => self.plan = Plan::Job(job),
            Flow::Over => self.forget_what_is_open(),
        }
        Ok(())
    }

    pub(super) fn job_result(
        &mut self,
        mut job: Box<dyn Job>,
        id: CallId,
        result: Result<Response, CallError>,
        took: Duration,
    ) -> Result<(), Exit> {
        let moved = job.on_result(self, id, result, took);
        self.go_on_with(job, moved)
    }

    pub(super) fn job_message(
        &mut self,
        mut job: Box<dyn Job>,
        stream: StreamId,
        response: &WatchResponse,
    ) -> Result<(), Exit> {
        let moved = job.on_watch(self, stream, response);
        self.go_on_with(job, moved)
    }

    pub(super) fn job_stream_end(
        &mut self,
        mut job: Box<dyn Job>,
        stream: StreamId,
        error: &CallError,
    ) -> Result<(), Exit> {
        let moved = job.on_watch_end(self, stream, error);
        self.go_on_with(job, moved)
    }

    // --- what a job may ask for, besides calls ---

    /// Opens a watch on a stream of its own.
    pub(in crate::ctl) fn open_watch(&mut self, request: WatchCreateRequest) -> StreamId {
        self.last_stream += 1;
        let id = StreamId(self.last_stream);
        let request = WatchRequest { request_union: Some(RequestUnion::CreateRequest(request)) };
        self.steps.push_back(Step::Open(Stream {
            id,
            endpoint: Endpoint::Any,
            token: None,
            request: StreamRequest::Watch(request),
            requires_leader: true,
        }));
        id
    }

    /// Wants no more of a stream.
    pub(in crate::ctl) fn close(&mut self, stream: StreamId) {
        self.steps.push_back(Step::Close(stream));
    }

    /// Wants to be told when this time has passed.
    pub(in crate::ctl) fn timer(&mut self, after: Duration) -> TimerId {
        self.last_timer += 1;
        let id = TimerId(self.last_timer);
        self.steps.push_back(Step::Timer(id, after));
        id
    }

    /// Runs a program.
    pub(in crate::ctl) fn execute(&mut self, program: Program) {
        self.steps.push_back(Step::Execute(program));
    }

    /// Reads a page of an endpoint's HTTP side.
    pub(in crate::ctl) fn fetch(&mut self, url: String) -> FetchId {
        self.last_fetch += 1;
        let id = FetchId(self.last_fetch);
        self.steps.push_back(Step::Fetch(Fetch { id, url }));
        id
    }

    /// Prints in the format of `--write-out`.
    pub(in crate::ctl) fn print(&mut self, report: Report<'_>) -> Result<(), Exit> {
        self.printer().print(report, &mut self.output)
    }
}
