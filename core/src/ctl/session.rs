//! One run of a command, as a state machine that a driver pushes along.

mod jobs;
mod leases;
mod members;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore as _, SeedableRng as _};

use super::commands::{Action, ROOT};
use super::config::{self, API_VARIABLE, Config};
use super::endpoint::{Ask, Check, Sweep};
use super::job::Job;
use super::lease;
use super::parse::{Invocation, Parsed};
use super::print::{Printer, Report};
use super::stream::{Fetch, Program, Stream, StreamId, StreamRequest, StreamResponse, TimerId};
use super::watch::{Say, Watching};
use super::{
    API_VERSION, Exit, Output, VERSION, compaction, del, get, member, move_leader, parse, put, txn,
};
use crate::api::{Code, Error, Request, Response};

/// One run of a command line.
///
/// Invariants:
/// - every [`Call`] is handed out once, and answered once with its id;
/// - nothing is printed before [`Step::Done`], except the prompts of [`Input::Line`] and what
///   [`Step::Write`] says;
/// - after `Done` the session is over and gives `Done` with an empty output.
#[derive(Debug)]
pub struct Session {
    pub(super) config: Config,
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
    pub(super) output: Output,
}

/// What the session wants of its driver.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Send this request. Several calls may be under way at once; a driver that makes them one
    /// after the other gets the same output, later.
    Call(Call),
    /// Read standard input and pass it to [`Session::on_input`].
    Read(Input),
    /// Wait for the answer to a call that is under way, or for a response on a stream.
    Wait,
    /// Wait for a response on a stream, or for a line of standard input, whichever comes first.
    WaitOrRead(Input),
    /// Open a stream; what comes on it goes to [`Session::on_message`], its end to
    /// [`Session::on_stream_end`].
    Open(Stream),
    /// Send a further request on a stream that is open.
    Send(StreamId, StreamRequest),
    /// Close a stream: nothing that comes on it matters any more.
    Close(StreamId),
    /// Write this to standard output and standard error now.
    Write(Output),
    /// Run a program to its end and pass how it ended to [`Session::on_executed`]; go on with the
    /// session meanwhile. A driver without processes says so there.
    Execute(Program),
    /// When this time has passed, call [`Session::on_timer`]; go on with the session meanwhile.
    Timer(TimerId, Duration),
    /// Read a page by HTTP's `GET` and pass it to [`Session::on_fetched`].
    Fetch(Fetch),
    /// The command is over.
    Done(Output),
}

/// What to read from standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Everything up to its end.
    All,
    /// One line with its line feed, or less when the input ends before that.
    Line {
        /// To be written to standard output first.
        prompt: &'static str,
    },
}

/// Tells the calls of one session apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallId(u32);

/// One call to the cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// For [`Session::on_result`].
    pub id: CallId,
    /// Where it goes.
    pub endpoint: Endpoint,
    /// What shows who asks, if the cluster wants to know.
    pub token: Option<String>,
    /// What is asked.
    pub request: Request,
    /// How long it may take, waiting for a connection and retries included; `None` without limit.
    pub timeout: Option<Duration>,
}

/// Where a call goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoint {
    /// Any of [`Config::endpoints`]; another one after a failure for which [`may_retry`] holds.
    Any,
    /// This one only.
    Named(String),
}

/// Why a call has no response. Its text is what etcdctl prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The member, or the transport, answered with an error.
    Status(Error),
    /// The call's timeout passed.
    DeadlineExceeded,
    /// No client could be made: an unreadable certificate, for example. The text says why.
    Client(String),
}

/// Texts that etcd's client does not recognise as etcd's own, so that gRPC's wording stays.
const UNMAPPED: [Error; 7] = [
    Error::INVALID_CLIENT_API_VERSION,
    Error::INVALID_SORT_OPTION,
    Error::WATCH_CANCELED,
    Error::PERMISSION_NOT_GIVEN,
    Error::TIMEOUT_WAIT_APPLIED_INDEX,
    Error::CANCELED,
    Error::DEADLINE_EXCEEDED,
];

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(error) if is_etcds(error) => f.write_str(&error.message),
            Self::Status(error) => {
                write!(f, "rpc error: code = {} desc = {}", error.code, error.message)
            }
            Self::DeadlineExceeded => f.write_str("context deadline exceeded"),
            Self::Client(why) => f.write_str(why),
        }
    }
}

fn is_etcds(error: &Error) -> bool {
    Error::is_etcd_text(&error.message)
        && !UNMAPPED.iter().any(|other| other.message == error.message)
}

/// Whether etcd's client sends a failed call again, to the next endpoint, while its time lasts.
///
/// - Reads, when the member is unavailable; writes never, because they may have arrived. Calls of
///   leases count as reads, all of them.
/// - Any call, when the *member* says that its own deadline passed or that it was cancelled: a member
///   without a leader answers so to a write that it could not propose.
///
/// A connection that cannot be made is no failure of the call: the call waits for one, so that a
/// driver tries the next endpoint whatever the request is.
pub fn may_retry(request: &Request, error: &Error) -> bool {
    let repeatable = matches!(
        request,
        Request::Range(_)
            | Request::MemberList(_)
            | Request::Alarm(_)
            | Request::Status(_)
            | Request::LeaseGrant(_)
            | Request::LeaseRevoke(_)
            | Request::LeaseKeepAlive(_)
            | Request::LeaseTimeToLive(_)
            | Request::LeaseLeases(_)
            | Request::HashKv(_)
            | Request::Hash(_)
            | Request::UserGet(_)
            | Request::UserList(_)
            | Request::RoleGet(_)
            | Request::RoleList(_)
    );
    match error.code {
        Code::DeadlineExceeded | Code::Canceled => true,
        Code::Unavailable => repeatable,
        _ => false,
    }
}

impl From<CallError> for Exit {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Client(why) => Self::bad_args(why),
            error => Self::error(error.to_string()),
        }
    }
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
    /// Every endpoint is asked.
    Sweep(Sweep),
    /// Keys are watched.
    Watch(Watching),
    /// A command that goes on.
    Job(Box<dyn Job>),
    /// Nothing is left to do.
    Done,
}

/// What to do with the answer to a command's only call.
#[derive(Debug)]
enum Answer {
    Get(get::Show),
    Put,
    Del,
    Txn,
    Compaction {
        revision: i64,
    },
    Lease(lease::Answer),
    MemberList,
    MemberAdd(member::Addition),
    /// The member is added; its variables need a list that it is in.
    AddedList(member::Addition),
    /// The list was too old: a read brings a member up to date.
    AddedSync(member::Addition),
    MemberRemove {
        id: u64,
    },
    MemberUpdate {
        id: u64,
    },
    MemberPromote {
        id: u64,
    },
    /// Some endpoint is the leader.
    LeaderSearch(move_leader::Search),
    MoveLeader {
        from: u64,
        to: u64,
    },
}

impl Answer {
    /// How the command ends when there is no answer.
    fn failed(&self, error: CallError) -> Exit {
        match self {
            Self::Lease(answer) => answer.failed(error),
            _ => error.into(),
        }
    }
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
        if let Some(call) = self.calls.pop_front() {
            return Step::Call(call);
        }
        let step = self.next_step();
        if let Some(step) = step {
            self.executing |= matches!(step, Step::Execute(_));
            return step;
        }
        match &self.plan {
            _ if self.executing => Step::Wait,
            Plan::Watch(_) | Plan::Job(_) if !self.output.is_empty() => {
                Step::Write(std::mem::take(&mut self.output))
            }
            Plan::Watch(watching) if watching.interactive => {
                Step::WaitOrRead(Input::Line { prompt: "" })
            }
            Plan::Watch(_) => Step::Wait,
            Plan::PutFromInput(..) => Step::Read(Input::All),
            Plan::TxnFromInput(reader) => Step::Read(Input::Line { prompt: reader.prompt() }),
            Plan::Answer(_) | Plan::Sweep(_) | Plan::Job(_) => Step::Wait,
            Plan::Done => Step::Done(std::mem::take(&mut self.output)),
        }
    }

    fn next_step(&mut self) -> Option<Step> {
        let waits = |step: &Step| matches!(step, Step::Write(_) | Step::Execute(_));
        let at = self.steps.iter().position(|step| !self.executing || !waits(step))?;
        self.steps.remove(at)
    }

    /// Takes what was read from standard input after [`Step::Read`].
    pub fn on_input(&mut self, input: &[u8]) {
        let result = match std::mem::replace(&mut self.plan, Plan::Done) {
            Plan::PutFromInput(pending, invocation, environment) => {
                pending.on_input(input).and_then(|request| {
                    self.connect(invocation, &environment)?;
                    self.ask(Answer::Put, request.into());
                    Ok(())
                })
            }
            Plan::TxnFromInput(reader) => self.read_txn(reader, input),
            Plan::Watch(watching) => {
                self.go_on_watching(watching, |watching, say| watching.on_line(input, say))
            }
            plan => {
                self.plan = plan;
                Ok(())
            }
        };
        self.settle(result);
    }

    /// Takes the answer to a call, and how long it took.
    pub fn on_result(&mut self, id: CallId, result: Result<Response, CallError>, took: Duration) {
        let result = match std::mem::replace(&mut self.plan, Plan::Done) {
            Plan::Answer(answer) => match result {
                Ok(response) => self.show(answer, response),
                Err(error) => Err(answer.failed(error)),
            },
            Plan::Job(job) => self.job_result(job, id, result, took),
            Plan::Sweep(mut sweep) => {
                let asks = sweep.on_result(id, result, took, &self.config);
                asks.and_then(|asks| self.go_on(sweep, asks))
            }
            plan => {
                self.plan = plan;
                Ok(())
            }
        };
        self.settle(result);
    }

    /// Takes a response that came on a stream.
    pub fn on_message(&mut self, stream: StreamId, response: &StreamResponse) {
        let result = match std::mem::replace(&mut self.plan, Plan::Done) {
            Plan::Watch(watching) => {
                let StreamResponse::Watch(response) = response;
                let take = |watching: &mut Watching, say: &mut Say<'_>| {
                    watching.on_message(stream, response, say)
                };
                self.go_on_watching(watching, take)
            }
            Plan::Job(job) => {
                let StreamResponse::Watch(response) = response;
                self.job_message(job, stream, response)
            }
            plan => {
                self.plan = plan;
                Ok(())
            }
        };
        self.settle(result);
    }

    /// Takes why a stream ended, or could not be opened at all.
    pub fn on_stream_end(&mut self, stream: StreamId, error: &CallError) {
        let result = match std::mem::replace(&mut self.plan, Plan::Done) {
            Plan::Watch(watching) => {
                let take = |watching: &mut Watching, say: &mut Say<'_>| {
                    watching.on_stream_end(stream, error, say)
                };
                self.go_on_watching(watching, take)
            }
            Plan::Job(job) => self.job_stream_end(job, stream, error),
            plan => {
                self.plan = plan;
                Ok(())
            }
        };
        self.settle(result);
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

    /// Does what the command can do before its first answer.
    fn run(
        &mut self,
        invocation: Invocation,
        environment: &BTreeMap<String, String>,
    ) -> Result<(), Exit> {
        let Invocation { flags, args, .. } = &invocation;
        let (answer, request): (Answer, Request) = match invocation.action {
            Action::Get => {
                (Answer::Get(get::Show::from_flags(flags)), get::request(flags, args)?.into())
            }
            Action::Put => {
                let pending = put::Pending::new(flags, args)?;
                let Some(request) = pending.ready()? else {
                    self.plan = Plan::PutFromInput(pending, invocation, environment.clone());
                    return Ok(());
                };
                (Answer::Put, request.into())
            }
            Action::Del => (Answer::Del, del::request(flags, args, &mut self.output)?.into()),
            Action::Compaction => {
                let request = compaction::request(flags, args)?;
                (Answer::Compaction { revision: request.revision }, request.into())
            }
            Action::LeaseGrant
            | Action::LeaseKeepAlive
            | Action::LeaseList
            | Action::LeaseRevoke
            | Action::LeaseTimeToLive => return self.run_lease(invocation, environment),
            Action::MemberList => (Answer::MemberList, member::list_request().into()),
            Action::MemberAdd
            | Action::MemberRemove
            | Action::MemberUpdate
            | Action::MemberPromote => members::change(invocation.action, flags, args)?,
            Action::MoveLeader => {
                let mut search = move_leader::Search::new(args)?;
                self.connect(invocation, environment)?;
                let ask = search.begin(&self.config.endpoints);
                self.ask_one(Answer::LeaderSearch(search), ask);
                return Ok(());
            }
            Action::Txn => {
                let reader = txn::Reader::new(flags, args)?;
                self.connect(invocation, environment)?;
                self.plan = Plan::TxnFromInput(reader);
                return Ok(());
            }
            Action::EndpointHealth => return self.sweep(invocation, environment, Check::Health),
            Action::EndpointStatus => return self.sweep(invocation, environment, Check::Status),
            Action::EndpointHashKv => {
                let check = Check::HashKv { revision: flags.int64("rev") };
                return self.sweep(invocation, environment, check);
            }
            Action::Version => {
                self.output.out_line(format!("etcdctl version: {VERSION}"));
                self.output.out_line(format!("API version: {API_VERSION}"));
                return Ok(());
            }
            Action::Watch => {
                let watching = Watching::new(flags, args, &invocation.line, environment)?;
                self.connect(invocation, environment)?;
                return self.go_on_watching(watching, |watching, say| {
                    watching.begin(say);
                    Ok(())
                });
            }
            Action::Lock
            | Action::Elect
            | Action::MakeMirror
            | Action::CheckPerf
            | Action::CheckDatascale => return self.run_job(invocation, environment),
            Action::Help => return Ok(()),
        };
        self.connect(invocation, environment)?;
        self.ask(answer, request);
        Ok(())
    }

    /// Reads environment and global options, as etcdctl does when it makes its client. Returns
    /// whether `--cluster` is set, by one or the other.
    fn connect(
        &mut self,
        mut invocation: Invocation,
        environment: &BTreeMap<String, String>,
    ) -> Result<bool, Exit> {
        config::read_environment(&mut invocation, environment, &mut self.output)?;
        config::print_debug(&invocation, &mut self.output);
        self.config = config::read(&invocation)?;
        let health = invocation.action == Action::EndpointHealth;
        let cluster = invocation.inherited.contains(&"cluster") && invocation.flags.bool("cluster");
        if self.config.endpoints.is_empty() && (!health || cluster) {
            return Err(Exit::bad_connection("etcdclient: no available endpoints"));
        }
        Ok(cluster)
    }

    fn sweep(
        &mut self,
        invocation: Invocation,
        environment: &BTreeMap<String, String>,
        check: Check,
    ) -> Result<(), Exit> {
        let cluster = self.connect(invocation, environment)?;
        let (sweep, asks) = Sweep::new(check, cluster, &self.config);
        self.go_on(sweep, asks)
    }

    /// Makes the calls that a sweep asks for, and prints once nothing is left to ask.
    fn go_on(&mut self, mut sweep: Sweep, asks: Vec<Ask>) -> Result<(), Exit> {
        for Ask { subject, endpoint, request, timeout } in asks {
            let id = self.call(endpoint, request, Some(timeout));
            sweep.on_called(id, subject);
        }
        if sweep.is_finished() {
            return sweep.print(&self.printer(), &mut self.output);
        }
        self.plan = Plan::Sweep(sweep);
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

    fn ask_one(&mut self, answer: Answer, (endpoint, request): (String, Request)) {
        self.call(Endpoint::Named(endpoint), request, Some(self.config.command_timeout));
        self.plan = Plan::Answer(answer);
    }

    pub(super) fn call(
        &mut self,
        endpoint: Endpoint,
        request: Request,
        timeout: Option<Duration>,
    ) -> CallId {
        self.call_as(None, endpoint, request, timeout)
    }

    /// The same, by somebody who shows a token of another cluster.
    pub(super) fn call_as(
        &mut self,
        token: Option<String>,
        endpoint: Endpoint,
        request: Request,
        timeout: Option<Duration>,
    ) -> CallId {
        self.last_id += 1;
        let id = CallId(self.last_id);
        self.calls.push_back(Call { id, endpoint, token, request, timeout });
        id
    }

    /// A random number.
    pub(super) fn draw(&mut self) -> u64 {
        self.random.next_u64()
    }

    fn show(&mut self, answer: Answer, response: Response) -> Result<(), Exit> {
        let mut printer = self.printer();
        let output = &mut self.output;
        match (answer, &response) {
            (Answer::Get(show), Response::Range(response)) => {
                printer.value_only = show.check(printer.format)?;
                printer.print(Report::Get(response), output)
            }
            (Answer::Put, Response::Put(response)) => printer.print(Report::Put(response), output),
            (Answer::Del, Response::DeleteRange(response)) => {
                printer.print(Report::Del(response), output)
            }
            (Answer::Txn, Response::Txn(response)) => printer.print(Report::Txn(response), output),
            (Answer::Compaction { revision }, Response::Compact(_)) => {
                output.out_line(format!("compacted revision {revision}"));
                Ok(())
            }
            (Answer::Lease(answer), response) => lease::show(answer, response, &printer, output),
            (Answer::MemberList, Response::MemberList(response)) => {
                printer.print(Report::MemberList(response), output)
            }
            (answer, _) => self.show_cluster(answer, &response),
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

    /// The command is over: what was to be written or run before its end still is.
    fn forget_what_is_open(&mut self) {
        self.calls.clear();
        self.steps.retain(|step| matches!(step, Step::Write(_) | Step::Execute(_)));
    }
}

/// The other side mixed up its answers.
pub(super) fn wrong_answer(answer: &dyn fmt::Debug, response: &Response) -> Exit {
    Exit::error(format!(
        "the answer to {answer:?} was one to {}: the other side is no etcd",
        response.name()
    ))
}
