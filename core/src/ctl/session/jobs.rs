//! Jobs in a session: what is told to them, and what they may ask for.

use std::time::Duration;

use rand_core::{RngCore as _, SeedableRng};

use super::{Call, CallId, Endpoint, Plan, Session, Step};
use crate::api::watch_request::RequestUnion;
use crate::api::{Request, WatchCreateRequest, WatchRequest};
use crate::ctl::job::{Flow, Job, Moved};
use crate::ctl::print::Report;
use crate::ctl::stream::{
    Fetch, FetchId, FileWork, Program, ProgramError, Stream, StreamId, StreamRequest, TimerId,
};
use crate::ctl::{Exit, Output, utl, watch};

impl Session {
    /// A timer of [`Step::Timer`] rang; `now` is the time since the session began, by the clock of the
    /// driver.
    pub fn on_timer(&mut self, timer: TimerId, now: Duration) {
        self.tell(|job, session| job.on_timer(session, timer, now));
    }

    /// Takes how a [`Step::File`] ended; an error is said in Go's words.
    pub fn on_file(&mut self, result: Result<(), String>) {
        self.tell(|job, session| job.on_file(session, result));
    }

    /// Takes what the work of [`Step::OnDisk`] printed, or a sentence about its failure.
    pub fn on_disk_work(&mut self, result: Result<Output, String>) {
        self.tell(|job, session| job.on_disk_work(session, result));
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
        self.random = SeedableRng::seed_from_u64(seed);
        self
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

    // --- what a job may ask for ---

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

    pub(in crate::ctl) fn call(
        &mut self,
        endpoint: Endpoint,
        request: Request,
        timeout: Option<Duration>,
    ) -> CallId {
        self.call_as(None, endpoint, request, timeout)
    }

    /// The same, by somebody who shows a token of another cluster.
    pub(in crate::ctl) fn call_as(
        &mut self,
        token: Option<String>,
        endpoint: Endpoint,
        request: Request,
        timeout: Option<Duration>,
    ) -> CallId {
        let id = self.new_call_id();
        self.calls.push_back(Call { id, endpoint, token, request, timeout, once: false });
        id
    }

    /// Opens a stream at any endpoint.
    pub(in crate::ctl) fn open_stream(&mut self, request: StreamRequest) -> StreamId {
        self.last_stream += 1;
        let id = StreamId(self.last_stream);
        let requires_leader = matches!(request, StreamRequest::Watch(_));
        let (endpoint, token) = (Endpoint::Any, None);
        self.steps.push_back(Step::Open(Stream { id, endpoint, token, request, requires_leader }));
        id
    }

    /// Opens a watch on a stream of its own.
    pub(in crate::ctl) fn open_watch(&mut self, request: WatchCreateRequest) -> StreamId {
        let request = WatchRequest { request_union: Some(RequestUnion::CreateRequest(request)) };
        self.open_stream(StreamRequest::Watch(request))
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

    pub(in crate::ctl) fn file(&mut self, work: FileWork) {
        self.steps.push_back(Step::File(work));
    }

    /// Looks after files, as etcdutl does.
    pub(in crate::ctl) fn on_disk(&mut self, work: utl::Job) {
        self.steps.push_back(Step::OnDisk(work));
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

    /// A random number.
    pub(in crate::ctl) fn draw(&mut self) -> u64 {
        self.random.next_u64()
    }

    /// Prints in the format of `--write-out`.
    pub(in crate::ctl) fn print(&mut self, report: Report<'_>) -> Result<(), Exit> {
        self.printer().print(report, &mut self.output)
    }

    pub(in crate::ctl) fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    pub(in crate::ctl) fn endpoints(&self) -> &[String] {
        &self.config.endpoints
    }
}
