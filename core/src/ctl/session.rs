//! One run of a command, as a state machine that a driver pushes along.

mod access;
mod cluster;
pub(super) mod errands;
mod leases;
mod login;
mod maintenance;
mod members;
mod snapshot;
mod step;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::time::Duration;

use self::cluster::Guard;
use self::errands::{Errand, Heard};
use self::login::Login;
pub use self::step::{Call, CallError, CallId, Endpoint, Input, Step, may_retry};
use super::access::{self as users, NewPassword, Reading};
use super::commands::{Action, ROOT};
use super::config::{self, API_VARIABLE, Config};
use super::endpoint::{Ask, Check, Sweep};
use super::lease::{self, Renewing};
use super::parse::{Invocation, Parsed};
use super::print::{Printer, Report};
use super::stream::{Program, StreamId, StreamResponse};
use super::watch::{self, Say, Watching};
use super::{
    API_VERSION, Exit, Output, VERSION, compaction, completion, del, get, member, move_leader,
    parse, put, txn,
};
use crate::api::downgrade_request::DowngradeAction;
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
    /// A command asks again, depending on the answers.
    Errand(Box<dyn Errand>),
    /// Every endpoint is asked.
    Sweep(Sweep),
    /// Keys are watched.
    Watch(Watching),
    /// A lease is being renewed.
    Renew(Renewing),
    /// It was; the next time is after a pause.
    RenewAfter(Renewing, Duration),
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
    Access(users::Answer),
    Alarms,
    Downgrade(DowngradeAction),
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
        if let Some(step) = self.steps.pop_front() {
            return self.leave_stream(step);
        }
        match &self.plan {
            Plan::Watch(_) if !self.output.is_empty() => {
                Step::Write(std::mem::take(&mut self.output))
            }
            Plan::Watch(watching) if watching.interactive => {
                Step::WaitOrRead(Input::Line { prompt: "" })
            }
            Plan::Watch(_) => Step::Wait,
            Plan::Renew(_) | Plan::RenewAfter(..) if !self.output.is_empty() => {
                Step::Write(std::mem::take(&mut self.output))
            }
            Plan::RenewAfter(_, pause) => Step::Pause(*pause),
            Plan::PutFromInput(..) => Step::Read(Input::All),
            Plan::TxnFromInput(reader) => Step::Read(Input::Line { prompt: reader.prompt() }),
            Plan::Password(reading) => Step::Read(match reading.0.reading() {
                Some(Reading::Unseen(prompt)) => Input::Password { prompt },
                _ => Input::Line { prompt: "" },
            }),
            Plan::Answer(_) | Plan::Errand(_) | Plan::Sweep(_) | Plan::Renew(_) => Step::Wait,
            Plan::Done => Step::Done(std::mem::take(&mut self.output)),
        }
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
                Ok(())
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
                Ok(response) => self.show(answer, response),
                Err(error) => Err(answer.failed(error)),
            },
            Plan::Errand(errand) => self.tell_errand(errand, Heard::Answer(id, result)),
            Plan::Renew(renewing) => self.on_renewed(renewing, result, took),
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
            Plan::Errand(errand) => match response {
                StreamResponse::Snapshot(part) => self.tell_errand(errand, Heard::Part(part)),
                StreamResponse::SnapshotEnd => self.tell_errand(errand, Heard::StreamEnd(Ok(()))),
                StreamResponse::Watch(_) => {
                    self.plan = Plan::Errand(errand);
                    Ok(())
                }
            },
            Plan::Watch(watching) => {
                let StreamResponse::Watch(response) = response else {
                    self.plan = Plan::Watch(watching);
                    return;
                };
                let take = |watching: &mut Watching, say: &mut Say<'_>| {
                    watching.on_message(stream, response, say)
                };
                self.go_on_watching(watching, take)
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
            Plan::Errand(errand) => self.tell_errand(errand, Heard::StreamEnd(Err(error))),
            plan => {
                self.plan = plan;
                Ok(())
            }
        };
        self.settle(result);
    }

    /// Takes how a [`Step::Execute`] ended: a failure ends the command.
    pub fn on_executed(&mut self, program: &Program, result: Result<(), String>) {
        if let Err(why) = result {
            self.steps.clear();
            self.output.err_line(watch::failed(&program.command, &why));
            self.settle(Err(Exit { code: 1, text: None }));
        }
    }

    /// Whether the command has nothing to do but to wait for events: it may go on so for ever.
    #[must_use]
    pub fn is_watching(&self) -> bool {
        matches!(&self.plan, Plan::Watch(watching) if watching.is_settled())
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
        match invocation.action {
            Action::AuthDisable
            | Action::AuthEnable
            | Action::AuthStatus
            | Action::RoleAdd
            | Action::RoleDelete
            | Action::RoleGet
            | Action::RoleGrantPermission
            | Action::RoleList
            | Action::RoleRevokePermission
            | Action::UserAdd
            | Action::UserDelete
            | Action::UserGet
            | Action::UserGrantRole
            | Action::UserList
            | Action::UserPasswd
            | Action::UserRevokeRole => self.run_access(invocation, environment),
            Action::AlarmDisarm
            | Action::AlarmList
            | Action::Defrag
            | Action::DowngradeCancel
            | Action::DowngradeEnable
            | Action::DowngradeValidate => self.run_maintenance(invocation, environment),
            Action::SnapshotRestore | Action::SnapshotSave | Action::SnapshotStatus => {
                self.run_snapshot(invocation, environment)
            }
            Action::LeaseGrant
            | Action::LeaseKeepAlive
            | Action::LeaseList
            | Action::LeaseRevoke
            | Action::LeaseTimeToLive => self.run_lease(invocation, environment),
            Action::ClusterStatus => self.cluster_status(invocation, environment),
            Action::EndpointHealth => self.sweep(invocation, environment, Check::Health),
            Action::EndpointStatus => self.sweep(invocation, environment, Check::Status),
            Action::EndpointHashKv => {
                let check = Check::HashKv { revision: invocation.flags.int64("rev") };
                self.sweep(invocation, environment, check)
            }
            Action::CompletionBash
            | Action::CompletionFish
            | Action::CompletionPowershell
            | Action::CompletionZsh => {
                self.output.out(completion::script(invocation.action));
                Ok(())
            }
            Action::Version => {
                self.output.out_line(format!("etcdctl version: {VERSION}"));
                self.output.out_line(format!("API version: {API_VERSION}"));
                Ok(())
            }
            _ => self.run_question(invocation, environment),
        }
    }

    /// The same for what is about keys and members.
    fn run_question(
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
            Action::Watch => {
                let watching = Watching::new(flags, args, &invocation.line, environment)?;
                self.connect(invocation, environment)?;
                return self.go_on_watching(watching, |watching, say| {
                    watching.begin(say);
                    Ok(())
                });
            }
            // The others have ways of their own.
            _ => return Ok(()),
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
        let exit_code = match invocation.action {
            Action::SnapshotSave => snapshot::INTERRUPTED,
            _ => 2,
        };
        self.login = Login::new(self.config.user.clone(), exit_code);
        self.want_introductions();
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

    fn call(&mut self, endpoint: Endpoint, request: Request, timeout: Option<Duration>) -> CallId {
        let id = self.new_call_id();
        self.calls.push_back(Call { id, endpoint, token: None, request, timeout, once: false });
        id
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
            (Answer::Access(answer), response) => users::show(&answer, response, &printer, output),
            (Answer::Alarms, Response::Alarm(response)) => {
                printer.print(Report::Alarms(response), output)
            }
            (Answer::Downgrade(action), Response::Downgrade(response)) => {
                printer.print(Report::Downgrade(action, response), output)
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
            self.calls.clear();
            // What was to be written or run before the failure still is.
            self.steps
                .retain(|step| matches!(step, Step::Write(_) | Step::Execute(_) | Step::File(_)));
            self.output.fail(exit);
        }
    }
}

/// The other side mixed up its answers.
pub(super) fn wrong_answer(answer: &dyn fmt::Debug, response: &Response) -> Exit {
    Exit::error(format!(
        "the answer to {answer:?} was one to {}: the other side is no etcd",
        response.name()
    ))
}
