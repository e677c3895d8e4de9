//! One run of a command, as a state machine that a driver pushes along.

mod access;
mod answer;
mod cluster;
mod jobs;
mod leases;
mod login;
mod maintenance;
mod run;
mod snapshot;
mod step;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng as _;

use self::answer::Answer;
use self::cluster::Guard;
use self::login::Login;
pub use self::step::{Call, CallError, CallId, Elsewhere, Endpoint, Input, Step, may_retry};
use super::access::{NewPassword, Reading};
use super::commands::ROOT;
use super::config::{API_VARIABLE, Config};
use super::endpoint::Sweep;
use super::job::{Job, Moved};
use super::parse::{self, Invocation, Parsed};
use super::print::Printer;
use super::stream::{StreamId, StreamResponse};
use super::watch::{Say, Watching};
use super::{Exit, Output, put, txn};
use crate::api::{Request, Response};

/// One run of a command line.
///
/// Invariants:
/// - every [`Call`] is handed out once, and answered once with its id;
/// - nothing is printed before [`Step::Done`], except the prompts of [`Input::Line`] and what
///   [`Step::Write`] says;
/// - after `Done` the session is over and gives `Done` with an empty output.
#[derive(Debug)]
pub struct Session {
    config: Config,
    plan: Plan,
    /// Calls that the driver has not fetched.
    calls: VecDeque<Call>,
    last_id: u32,
    /// Other steps that the driver has not fetched.
    steps: VecDeque<Step>,
    last_stream: u32,
    last_timer: u32,
    last_fetch: u32,
    /// A program runs: what is to be written or run next waits for its end.
    executing: bool,
    /// What is random in a command, such as the keys of `check`.
    random: ChaCha8Rng,
    login: Login,
    /// All endpoints are to be of one cluster.
    guards: bool,
    guard: Guard,
    /// Questions of the guard that the driver has not fetched.
    introductions: Vec<Call>,
    output: Output,
}

/// How far the command has come.
#[derive(Debug)]
enum Plan {
    /// The key is known, the value comes from standard input; options are read after it.
    PutFromInput(put::Pending, Invocation, BTreeMap<String, String>),
    /// A transaction's text comes from standard input.
    TxnFromInput(txn::Reader),
    /// One call is out, and its answer is printed.
    Answer(Answer),
    /// A user's new password is read; the client is made after it.
    Password(Box<(NewPassword, Invocation, BTreeMap<String, String>)>),
    /// A command goes on: it asks again, depending on what happens.
    Job(Box<dyn Job>),
    /// Every endpoint is asked.
    Sweep(Sweep),
    /// Keys are watched.
    Watch(Watching),
    /// Nothing is left to do.
    Done,
}

impl Session {
    /// Begins a command: `argv` without the program's name, `environment` with at least the
    /// variables `ETCDCTL_*`.
    ///
    /// A wrong command line needs no special care: the session is over at once, and its output holds
    /// the complaint.
    pub fn start<A: AsRef<[u8]>>(
        argv: impl IntoIterator<Item = A>,
        environment: &BTreeMap<String, String>,
    ) -> Self {
        let mut session = Self {
            config: Config::default(),
            plan: Plan::Done,
            calls: VecDeque::new(),
            last_id: 0,
            steps: VecDeque::new(),
            last_stream: 0,
            last_timer: 0,
            last_fetch: 0,
            executing: false,
            random: ChaCha8Rng::seed_from_u64(0),
            login: Login::default(),
            guards: false,
            guard: Guard::Open,
            introductions: Vec::new(),
            output: Output::default(),
        };
        let api = environment.get(API_VARIABLE).map_or("3", String::as_str);
        if !matches!(api, "" | "3") {
            session.output.err_line(format!("unsupported API version: {api}"));
            session.output.exit_code = 1;
            return session;
        }
        let argv = argv.into_iter().map(|word| word.as_ref().to_vec()).collect();
        match parse::parse(&ROOT, argv) {
            Parsed::Print(output) => session.output = output,
            Parsed::Run(invocation) => {
                let result = session.run(invocation, environment);
                session.settle(result);
            }
        }
        session
    }

    /// How to reach the cluster. It is complete when the first [`Step::Call`] is handed out, and does
    /// not change after that.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What the driver must do.
    #[expect(clippy::should_implement_trait, reason = "its end is a step with a value")]
    pub fn next(&mut self) -> Step {
        if let Some(step) = self.guard_step().or_else(|| self.login_step()) {
            return step;
        }
        if let Some(call) = self.calls.pop_front() {
            return self.leave(call);
        }
        if matches!(self.plan, Plan::Job(_)) && !self.executing && !self.output.is_empty() {
            return Step::Write(std::mem::take(&mut self.output));
        }
        if let Some(step) = self.next_step_at().and_then(|at| self.steps.remove(at)) {
            self.executing |= matches!(step, Step::Execute(_));
            return self.leave_stream(step);
        }
        match &self.plan {
            _ if self.executing => Step::Wait,
            Plan::Watch(_) if !self.output.is_empty() => {
                Step::Write(std::mem::take(&mut self.output))
            }
            Plan::Watch(watching) if watching.interactive => {
                Step::WaitOrRead(Input::Line { prompt: "" })
            }
            Plan::Watch(_) => Step::Wait,
            Plan::PutFromInput(..) => Step::Read(Input::All),
            Plan::TxnFromInput(reader) => Step::Read(Input::Line { prompt: reader.prompt() }),
            Plan::Password(reading) => Step::Read(match reading.0.reading() {
                Some(Reading::Unseen(prompt)) => Input::Password { prompt },
                _ => Input::Line { prompt: "" },
            }),
            Plan::Job(job) => job.reads().map_or(Step::Wait, Step::Read),
            Plan::Answer(_) | Plan::Sweep(_) => Step::Wait,
            Plan::Done => Step::Done(std::mem::take(&mut self.output)),
        }
    }

    /// The place of the step that is next.
    fn next_step_at(&self) -> Option<usize> {
        let waits = |step: &Step| matches!(step, Step::Write(_) | Step::Execute(_));
        self.steps.iter().position(|step| !self.executing || !waits(step))
    }

    /// Takes what was read from standard input after [`Step::Read`].
    pub fn on_input(&mut self, input: &[u8]) {
        if self.take_password(input) {
            return;
        }
        let result = match std::mem::replace(&mut self.plan, Plan::Done) {
            Plan::PutFromInput(pending, invocation, environment) => {
                pending.on_input(input).and_then(|request| {
                    self.connect(invocation, &environment)?;
                    self.ask(Answer::Put, request.into());
                    Ok(())
                })
            }
            Plan::TxnFromInput(reader) => self.read_txn(reader, input),
            Plan::Password(mut reading) => reading.0.on_input(input).and_then(|()| {
                let (password, invocation, environment) = *reading;
                self.read_password(password, invocation, &environment)
            }),
            Plan::Watch(watching) => {
                self.go_on_watching(watching, |watching, say| watching.on_line(input, say))
            }
            plan => {
                self.plan = plan;
                return self.tell(|job, session| job.on_input(session, input));
            }
        };
        self.settle(result);
    }

    /// Takes the answer to a call, and how long it took.
    pub fn on_result(&mut self, id: CallId, result: Result<Response, CallError>, took: Duration) {
        if self.take_introduction(id, &result) {
            return;
        }
        let Some((id, result, took)) = self.take_login_answer(id, result, took) else { return };
        let result = match std::mem::replace(&mut self.plan, Plan::Done) {
            Plan::Answer(answer) => match result {
                Ok(response) => self.show(answer, &response),
                Err(error) => Err(answer.failed(error)),
            },
            Plan::Sweep(mut sweep) => {
                let asks = sweep.on_result(id, result, took, &self.config);
                asks.and_then(|asks| self.go_on(sweep, asks))
            }
            plan => {
                self.plan = plan;
                return self.tell(|job, session| job.on_answer(session, id, result, took));
            }
        };
        self.settle(result);
    }

    /// Takes a response that came on a stream.
    pub fn on_message(&mut self, stream: StreamId, response: &StreamResponse) {
        match response {
            StreamResponse::Watch(response) => {
                self.watch_or_tell(
                    |watching, say| watching.on_message(stream, response, say),
                    |job, session| job.on_watch(session, stream, response),
                );
            }
            StreamResponse::Snapshot(part) => {
                self.tell(|job, session| job.on_snapshot(session, Some(part)));
            }
            StreamResponse::SnapshotEnd => {
                self.tell(|job, session| job.on_snapshot(session, None));
            }
        }
    }

    /// Takes why a stream ended, or could not be opened at all.
    pub fn on_stream_end(&mut self, stream: StreamId, error: &CallError) {
        self.watch_or_tell(
            |watching, say| watching.on_stream_end(stream, error, say),
            |job, session| job.on_stream_end(session, stream, error),
        );
    }

    /// Whether the command has nothing to do but to wait for events: it may go on so for ever.
    #[must_use]
    pub fn is_watching(&self) -> bool {
        match &self.plan {
            Plan::Watch(watching) => watching.is_settled(),
            Plan::Job(job) => job.waits_for_others(),
            _ => false,
        }
    }

    /// Whoever watches takes it: the command `watch`, or a job.
    fn watch_or_tell(
        &mut self,
        watching: impl FnOnce(&mut Watching, &mut Say<'_>) -> Result<(), Exit>,
        job: impl FnOnce(&mut dyn Job, &mut Self) -> Moved,
    ) {
        match std::mem::replace(&mut self.plan, Plan::Done) {
            Plan::Watch(command) => {
                let result = self.go_on_watching(command, watching);
                self.settle(result);
            }
            plan => {
                self.plan = plan;
                self.tell(job);
            }
        }
    }

    fn go_on_watching(
        &mut self,
        mut watching: Watching,
        go_on: impl FnOnce(&mut Watching, &mut Say<'_>) -> Result<(), Exit>,
    ) -> Result<(), Exit> {
        let printer = self.printer();
        let mut say = Say {
            steps: &mut self.steps,
            output: &mut self.output,
            printer,
            last_stream: &mut self.last_stream,
        };
        go_on(&mut watching, &mut say)?;
        self.plan = Plan::Watch(watching);
        Ok(())
    }

    fn read_txn(&mut self, mut reader: txn::Reader, line: &[u8]) -> Result<(), Exit> {
        match reader.on_line(line, &mut self.output)? {
            Some(request) => {
                // etcdctl gives a transaction no deadline.
                self.call(Endpoint::Any, request.into(), None);
                self.plan = Plan::Answer(Answer::Txn);
            }
            None => self.plan = Plan::TxnFromInput(reader),
        }
        Ok(())
    }

    fn ask(&mut self, answer: Answer, request: Request) {
        self.call(Endpoint::Any, request, Some(self.config.command_timeout));
        self.plan = Plan::Answer(answer);
    }

    fn new_call_id(&mut self) -> CallId {
        self.last_id += 1;
        CallId(self.last_id)
    }

    /// Something waits for a connection.
    fn has_something_to_send(&self) -> bool {
        !self.calls.is_empty() || self.steps.iter().any(|step| matches!(step, Step::Open(_)))
    }

    /// `endpoint health` tells of a failed login for each endpoint.
    fn take_health_sweep(&mut self) -> Option<Sweep> {
        match std::mem::replace(&mut self.plan, Plan::Done) {
            Plan::Sweep(sweep) if sweep.is_health() => Some(sweep),
            plan => {
                self.plan = plan;
                None
            }
        }
    }

    fn printer(&self) -> Printer {
        Printer { format: self.config.format, hex: self.config.hex, value_only: false }
    }

    fn settle(&mut self, result: Result<(), Exit>) {
        if let Err(exit) = result {
            self.plan = Plan::Done;
            self.forget_what_is_open();
            self.output.fail(exit);
        }
    }

    /// The command is over: what was to be written, run or filed before its end still is.
    fn forget_what_is_open(&mut self) {
        self.calls.clear();
        self.steps.retain(|step| matches!(step, Step::Write(_) | Step::Execute(_) | Step::File(_)));
    }
}

/// The other side mixed up its answers.
pub(super) fn wrong_answer(answer: &dyn fmt::Debug, response: &Response) -> Exit {
    Exit::error(format!(
        "the answer to {answer:?} was one to {}: the other side is no etcd",
        response.name()
    ))
}
