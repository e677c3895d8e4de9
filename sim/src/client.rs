//! A client that runs etcdctl: the same command line as the native binary, over simulated links.
//!
//! `core::ctl` is a state machine that asks for calls; here its calls become calls of the world,
//! so that etcdctl in the page prints what etcdctl prints, byte for byte, and each call is on the
//! record with the member that it asked.
//!
//! A client keeps to one member as long as that member answers, and goes on to the next endpoint
//! when nobody listens, as etcd's client does: a call that found no connection waits for one until
//! its time-out, a read that met an unavailable member is repeated, a write that may have arrived
//! is not.
//!
//! `watch` never ends by itself: what it prints is fetched with [`Running::written`] while it goes
//! on, and [`Running::interrupt`] ends it, as Ctrl-C does. `lock` and `elect` hear of Ctrl-C and give back
//! what they hold before they end.

mod hosts;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use glasshouse_core::api;
use glasshouse_core::ctl::{
    self, CallError, Endpoint, ProgramError, Session, Step, StreamRequest, StreamResponse, TimerId,
};
use glasshouse_core::id::{CallId, StreamId};

use self::hosts::Hosts;
use crate::clock::{MILLIS, Nanos, SECOND};
use crate::place::{ClientNo, MemberNo};
use crate::stream::StreamEnd;
use crate::trace::CallEnd;
use crate::world::World;

/// How long a client waits before it tries again. etcd's client waits 25 ms; a longer pause keeps
/// the drawing readable and changes no outcome.
pub const RETRY_AFTER: Nanos = 100 * MILLIS;

/// The time of a call to which etcdctl gives no limit (`txn`): the run would end first.
const NO_LIMIT: Nanos = 24 * 3600 * SECOND;

/// What a command printed, and whether it failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Printed {
    /// Standard error, then standard output.
    pub text: String,
    /// The exit code is not 0.
    pub failed: bool,
}

/// A command of etcdctl that is under way.
#[derive(Debug)]
pub struct Running {
    session: Session,
    client: ClientNo,
    /// The member that the client talked to before.
    last: Option<MemberNo>,
    /// The members behind the session's endpoints, in order.
    endpoints: Vec<MemberNo>,
    /// Which of them answered last.
    current: usize,
    /// Which member an endpoint means.
    hosts: Hosts,
    calls: Vec<Pending>,
    streams: Vec<Carried>,
    input: Option<VecDeque<String>>,
    prompts: String,
    /// What was printed before the end.
    written: String,
    /// When the session began.
    began_at: Nanos,
    /// Timers of the session, and when they ring.
    timers: Vec<(Nanos, TimerId)>,
    output: Option<ctl::Output>,
}

/// A stream of the session, over all attempts to open it.
#[derive(Debug)]
struct Carried {
    id: ctl::StreamId,
    caller: api::Caller,
    /// The requests so far, for an attempt that found nobody.
    requests: Vec<api::WatchRequest>,
    attempt: StreamAttempt,
}

#[derive(Debug)]
enum StreamAttempt {
    /// At this member.
    Open(MemberNo, StreamId),
    /// Again at this time.
    Waiting(Nanos),
}

/// One call of the session, over all its attempts.
#[derive(Debug)]
struct Pending {
    id: ctl::CallId,
    endpoint: Endpoint,
    caller: api::Caller,
    request: api::Request,
    once: bool,
    began_at: Nanos,
    deadline: Nanos,
    attempt: Attempt,
}

#[derive(Debug)]
enum Attempt {
    /// At this member, under this name.
    Asked(MemberNo, CallId),
    /// Again at this time.
    Waiting(Nanos),
}

/// What a client brings to a command.
#[derive(Clone, Debug)]
pub struct Shell {
    /// The client's number in the world.
    pub client: ClientNo,
    /// The member that it talked to last; the first endpoint is tried first otherwise.
    pub last: Option<MemberNo>,
    /// The member inside of which etcdctl runs, if the line says so.
    pub local: Option<MemberNo>,
}

impl Running {
    /// Begins `etcdctl ARGS`.
    ///
    /// # Errors
    /// One sentence: an endpoint that is no member, or input that is missing.
    pub fn start(
        world: &mut World,
        shell: &Shell,
        args: &[String],
        stdin: Option<&str>,
    ) -> Result<Self, String> {
        let mut environment = BTreeMap::new();
        if shell.local.is_none() && !names_endpoints(args) {
            let all: Vec<String> = world.members().into_iter().map(MemberNo::client_url).collect();
            environment.insert("ETCDCTL_ENDPOINTS".to_string(), all.join(","));
        }
        let began_at = world.now();
        let seed = world.spec().seed ^ began_at.rotate_left(32) ^ u64::from(shell.client.0);
        let session = Session::start(args.iter().map(String::as_bytes), &environment);
        let session = session.with_seed(seed);
        let hosts = Hosts::of(world, shell.local);
        let mut running = Self {
            session,
            client: shell.client,
            last: shell.last,
            current: 0,
            endpoints: Vec::new(),
            hosts,
            calls: Vec::new(),
            streams: Vec::new(),
            input: stdin.map(|text| text.split_inclusive('\n').map(str::to_string).collect()),
            prompts: String::new(),
            written: String::new(),
            began_at,
            timers: Vec::new(),
            output: None,
        };
        running.find_endpoints()?;
        running.advance(world)?;
        Ok(running)
    }

    /// Finds the members behind the endpoints, once the session knows these: a command that reads its
    /// input first looks at its options after that.
    fn find_endpoints(&mut self) -> Result<(), String> {
        if !self.endpoints.is_empty() {
            return Ok(());
        }
        for text in &self.session.config().endpoints {
            match self.hosts.member(text) {
                Some(member) => self.endpoints.push(member),
                None => self.hosts.must_not_be_one(text)?,
            }
        }
        let is_last = |member: &MemberNo| Some(*member) == self.last;
        self.current = self.endpoints.iter().position(is_last).unwrap_or(0);
        Ok(())
    }

    /// Looks after the calls; gives the output when the command is over. Call it whenever time has
    /// passed.
    ///
    /// # Errors
    /// One sentence when input is missing.
    pub fn poll(&mut self, world: &mut World) -> Result<Option<Printed>, String> {
        let now = world.now();
        self.ring(now);
        let mut open = Vec::new();
        for mut call in std::mem::take(&mut self.calls) {
            let result = match call.attempt {
                Attempt::Waiting(until) if until > now => None,
                Attempt::Waiting(_) => self.ask(world, &mut call),
                Attempt::Asked(member, id) => self.hear(world, &mut call, member, id),
            };
            match result {
                Some(result) => {
                    let took = Duration::from_nanos(now - call.began_at);
                    self.session.on_result(call.id, result, took);
                }
                None => open.push(call),
            }
        }
        self.calls = open;
        self.look_after_streams(world);
        self.advance(world)?;
        Ok(self.output.take().map(|output| self.printed(&output)))
    }

    /// What was printed since the last time, of a command that goes on.
    pub fn written(&mut self) -> String {
        std::mem::take(&mut self.written)
    }

    /// Whether it only waits for events, perhaps for ever.
    #[must_use]
    pub fn is_watching(&self) -> bool {
        self.calls.is_empty() && self.session.is_watching()
    }

    /// Ctrl-C. `true` when the command has heard of it and ends by itself; otherwise what is under way
    /// is taken back, and it is over.
    ///
    /// # Errors
    /// One sentence when input is missing.
    pub fn interrupt(&mut self, world: &mut World) -> Result<bool, String> {
        if self.session.takes_interrupt() {
            self.session.on_interrupt();
            self.advance(world)?;
            return Ok(true);
        }
        for call in self.calls.drain(..) {
            if let Attempt::Asked(_, id) = call.attempt {
                world.cancel(id);
            }
        }
        for stream in self.streams.drain(..) {
            if let StreamAttempt::Open(_, id) = stream.attempt {
                world.close_stream(id);
            }
        }
        Ok(false)
    }

    /// The member that it talks to.
    #[must_use]
    pub fn at(&self) -> Option<MemberNo> {
        let asked = self.calls.iter().find_map(|call| match call.attempt {
            Attempt::Asked(member, _) => Some(member),
            Attempt::Waiting(_) => None,
        });
        let watched = self.streams.iter().find_map(|stream| match stream.attempt {
            StreamAttempt::Open(member, _) => Some(member),
            StreamAttempt::Waiting(_) => None,
        });
        asked.or(watched).or_else(|| self.endpoints.get(self.current).copied())
    }

    fn printed(&self, output: &ctl::Output) -> Printed {
        let mut text = String::from_utf8_lossy(&output.stderr).into_owned();
        text.push_str(&self.prompts);
        text.push_str(&String::from_utf8_lossy(&output.stdout));
        text.insert_str(0, &self.written);
        Printed { text, failed: output.exit_code != 0 }
    }

    /// Does what the session wants until it waits or is done.
    fn advance(&mut self, world: &mut World) -> Result<(), String> {
        while self.output.is_none() {
            match self.session.next() {
                Step::Call(call) => {
                    self.find_endpoints()?;
                    self.begin(world, call);
                }
                Step::Read(input) => {
                    let text = self.read(&input)?;
                    self.session.on_input(text.as_bytes());
                }
                Step::WaitOrRead(input) if self.input.as_ref().is_some_and(|l| !l.is_empty()) => {
                    let text = self.read(&input)?;
                    self.session.on_input(text.as_bytes());
                }
                // Input that is used up stays open, as a terminal does.
                Step::Wait | Step::WaitOrRead(_) => break,
                Step::Open(stream) => self.open(world, stream),
                Step::Send(id, StreamRequest::Watch(request)) => self.ask_more(world, id, request),
                Step::Send(_, StreamRequest::Snapshot(_)) => {}
                Step::File(_) => {
                    let why = "a page has no files: use `glasshouse ctl snapshot save` with a real cluster";
                    self.session.on_file(Err(why.to_string()));
                }
                Step::OnDisk(_) => {
                    let why = "a page has no files: use `glasshouse ctl` on your own machine";
                    self.session.on_disk_work(Err(why.to_string()));
                }
                Step::Write(output) => self.written.push_str(&text_of(&output)),
                Step::Close(id) => self.close(world, id),
                Step::Timer(timer, after) => {
                    let after = u64::try_from(after.as_nanos()).unwrap_or(NO_LIMIT);
                    self.timers.push((world.now().saturating_add(after), timer));
                }
                Step::Execute(program) => {
                    let why = "there are no processes in a page: leave the command out".to_string();
                    self.session.on_executed(&program, Err(ProgramError { why, code: None }));
                }
                Step::Fetch(page) => {
                    let found = self.fetch(world, &page.url);
                    self.session.on_fetched(page.id, found);
                }
                Step::Done(output) => self.output = Some(output),
            }
        }
        Ok(())
    }

    /// Tells the session of the timers that are due, in the order in which they ring.
    fn ring(&mut self, now: Nanos) {
        let (mut due, later): (Vec<_>, Vec<_>) =
            self.timers.drain(..).partition(|(at, _)| *at <= now);
        self.timers = later;
        due.sort_unstable();
        for (_, timer) in due {
            self.session.on_timer(timer, Duration::from_nanos(now - self.began_at));
        }
    }

    /// The page of metrics, as far as a member has some here: the length of its store stands for
    /// its memory, as there is no process.
    fn fetch(&self, world: &World, url: &str) -> Result<Vec<u8>, String> {
        let member = self.hosts.member(url).filter(|no| world.member_state(*no).is_running());
        let Some(member) = member else {
            return Err(format!("Get {url:?}: connect: connection refused"));
        };
        let bytes = world.disk(member).store_live_len;
        Ok(format!("process_resident_memory_bytes {bytes}\n").into_bytes())
    }

    // --- streams ---

    fn close(&mut self, world: &mut World, id: ctl::StreamId) {
        let (closed, open) = self.streams.drain(..).partition(|stream| stream.id == id);
        self.streams = open;
        let closed: Vec<Carried> = closed;
        for stream in closed {
            if let StreamAttempt::Open(_, id) = stream.attempt {
                world.close_stream(id);
            }
        }
    }

    fn open(&mut self, world: &mut World, stream: ctl::Stream) {
        // A snapshot needs a file first, and there is none.
        let StreamRequest::Watch(request) = stream.request else { return };
        let caller = api::Caller { token: stream.token, ..api::Caller::default() };
        let attempt = StreamAttempt::Waiting(world.now());
        let mut carried = Carried { id: stream.id, caller, requests: vec![request], attempt };
        self.attempt(world, &mut carried);
        self.streams.push(carried);
    }

    /// Opens a stream at the member whose turn it is.
    fn attempt(&self, world: &mut World, carried: &mut Carried) {
        let now = world.now();
        carried.attempt = match self.endpoints.get(self.current) {
            Some(&member) => {
                let mut requests = carried.requests.iter().cloned();
                let first = requests.next().unwrap_or_default();
                let id = world.open_stream(self.client, member, carried.caller.clone(), first);
                requests.for_each(|request| world.ask_stream(id, request));
                StreamAttempt::Open(member, id)
            }
            None => StreamAttempt::Waiting(now + RETRY_AFTER),
        };
    }

    fn ask_more(&mut self, world: &mut World, id: ctl::StreamId, request: api::WatchRequest) {
        for stream in self.streams.iter_mut().filter(|stream| stream.id == id) {
            if let StreamAttempt::Open(_, id) = stream.attempt {
                world.ask_stream(id, request.clone());
            }
            stream.requests.push(request.clone());
        }
    }

    fn look_after_streams(&mut self, world: &mut World) {
        for mut stream in std::mem::take(&mut self.streams) {
            let (arrived, end) = match stream.attempt {
                StreamAttempt::Waiting(until) if until > world.now() => (Vec::new(), None),
                StreamAttempt::Waiting(_) => {
                    self.attempt(world, &mut stream);
                    (Vec::new(), None)
                }
                StreamAttempt::Open(_, id) => world.take_stream(id),
            };
            let id = stream.id;
            if end.is_none() {
                self.streams.push(stream);
            } else {
                self.next_endpoint();
                if end == Some(StreamEnd::NoConnection) {
                    stream.attempt = StreamAttempt::Waiting(world.now() + RETRY_AFTER);
                    self.streams.push(stream);
                    continue;
                }
            }
            for heard in arrived {
                if let Ok(response) = heard.as_ref() {
                    let message = StreamResponse::Watch(response.clone());
                    self.session.on_message(id, &message);
                }
            }
            if let Some(end) = end {
                let error = match end {
                    StreamEnd::Error(error) => error,
                    _ => api::Error::new(api::Code::Unavailable, "error reading from server: EOF"),
                };
                self.session.on_stream_end(id, &CallError::Status(error));
            }
        }
    }

    fn next_endpoint(&mut self) {
        self.current = (self.current + 1) % self.endpoints.len().max(1);
    }

    // --- calls ---

    fn begin(&mut self, world: &mut World, call: ctl::Call) {
        let now = world.now();
        let nanos = |limit: Duration| u64::try_from(limit.as_nanos()).unwrap_or(NO_LIMIT);
        let limit = call.timeout.map_or(NO_LIMIT, nanos).min(NO_LIMIT);
        let mut pending = Pending {
            id: call.id,
            endpoint: call.endpoint,
            caller: api::Caller { token: call.token, ..api::Caller::default() },
            request: call.request,
            once: call.once,
            began_at: now,
            deadline: now.saturating_add(limit),
            attempt: Attempt::Waiting(now),
        };
        match self.ask(world, &mut pending) {
            Some(result) => self.session.on_result(pending.id, result, Duration::ZERO),
            None => self.calls.push(pending),
        }
    }

    fn read(&mut self, input: &ctl::Input) -> Result<String, String> {
        let lines = self.input.as_mut().ok_or(
            "This command reads its input. Write it like txn <<< \"...\", or <<END with the text below it.",
        )?;
        Ok(match input {
            ctl::Input::All => lines.drain(..).collect(),
            ctl::Input::Line { prompt } => {
                self.prompts.push_str(prompt);
                lines.pop_front().unwrap_or_default()
            }
            ctl::Input::Password { prompt } => {
                self.prompts.push_str(prompt);
                self.prompts.push('\n');
                lines.pop_front().unwrap_or_default()
            }
        })
    }

    /// Sends a call to the member whose turn it is; an answer only when its time is over.
    fn ask(
        &mut self,
        world: &mut World,
        pending: &mut Pending,
    ) -> Option<Result<api::Response, CallError>> {
        let now = world.now();
        if now >= pending.deadline {
            return Some(Err(CallError::DeadlineExceeded));
        }
        let member = match &pending.endpoint {
            Endpoint::Any => self.endpoints.get(self.current).copied(),
            Endpoint::Named(text) => self.hosts.member(text),
            // There is one cluster in the page: its own members stand for another one.
            Endpoint::Elsewhere(other) => self.hosts.member(&other.endpoint),
        };
        pending.attempt = match member {
            Some(member) => {
                let (caller, request) = (pending.caller.clone(), pending.request.clone());
                let limit = pending.deadline - now;
                let id = world.call_as(self.client, member, caller, request, limit);
                Attempt::Asked(member, id)
            }
            None if pending.once => {
                return Some(Err(CallError::Unreachable("no such host".to_string())));
            }
            None => Attempt::Waiting(pending.deadline.min(now + RETRY_AFTER)),
        };
        None
    }

    /// Looks whether an attempt is over; an answer only when there is no other attempt.
    fn hear(
        &mut self,
        world: &World,
        pending: &mut Pending,
        member: MemberNo,
        id: CallId,
    ) -> Option<Result<api::Response, CallError>> {
        let (_, end) = world.call_view(id)?.end?;
        let failure = match end {
            CallEnd::Answer(answer) => match answer.as_ref() {
                Ok(response) => return Some(Ok(response.clone())),
                Err(error) => Some(error.clone()),
            },
            CallEnd::Broken => {
                Some(api::Error::new(api::Code::Unavailable, "error reading from server: EOF"))
            }
            // The call never arrived: it may be made again, whatever it is.
            CallEnd::NoConnection => None,
            CallEnd::TimedOut | CallEnd::Canceled => {
                return Some(Err(CallError::DeadlineExceeded));
            }
        };
        if pending.once {
            let refused = || CallError::Unreachable("connection refused".to_string());
            return Some(Err(failure.map_or_else(refused, CallError::Status)));
        }
        if let Some(error) = failure
            && !ctl::may_retry(&pending.request, &error)
        {
            return Some(Err(CallError::Status(error)));
        }
        let mut pause = RETRY_AFTER;
        if pending.endpoint == Endpoint::Any && self.endpoints.get(self.current) == Some(&member) {
            self.current = (self.current + 1) % self.endpoints.len();
            // The next endpoint is tried at once, the first one again after a pause.
            pause = if self.current == 0 { RETRY_AFTER } else { 0 };
        }
        pending.attempt = Attempt::Waiting(pending.deadline.min(world.now() + pause));
        None
    }
}

/// Standard error, then standard output.
fn text_of(output: &ctl::Output) -> String {
    let mut text = String::from_utf8_lossy(&output.stderr).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stdout));
    text
}

/// Whether a command line says which endpoints to ask.
fn names_endpoints(args: &[String]) -> bool {
    args.iter()
        .take_while(|arg| *arg != "--")
        .any(|arg| arg == "--endpoints" || arg.starts_with("--endpoints="))
}

/// The running members that follow a leader, in order.
#[must_use]
pub fn followers(world: &World) -> Vec<MemberNo> {
    let follows = |member: &MemberNo| {
        world.with_node(*member, |node| node.leader().is_some_and(|leader| leader != node.id()))
            == Some(true)
    };
    world.members().into_iter().filter(follows).collect()
}
