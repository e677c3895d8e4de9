//! `glasshouse ctl`: drives core's etcdctl ([`glasshouse_core::ctl`]) with gRPC.
//!
//! What is asked and what is printed is decided in core; here requests travel, lines are read
//! and bytes are written. A call waits for a connection as etcdctl's does: an endpoint that
//! cannot be reached is no error before the call's own timeout. Connections are kept: `check perf`
//! makes thousands of calls.
//!
//! Ctrl-C and SIGTERM end a command at once, as they end etcdctl, except where the command wants to
//! hear of them: `lock` gives its lock back.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, BufRead, Read, Write};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitCode};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use glasshouse_core::api::{self, Response, WatchRequest};
use glasshouse_core::ctl::{
    Call, CallError, CallId, Config, Endpoint, FetchId, Input, Output, Program, ProgramError,
    Session, Step, Stream, StreamId, StreamRequest, StreamResponse, TimerId, may_retry,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

use crate::client::{ConnectError, Connection, error_of};
use crate::fetch::fetch;

/// Pause before the endpoints are tried once more (`backoffWaitBetween` of etcd's client).
const BACK_OFF: Duration = Duration::from_millis(25);

/// Runs one command line, without the program's name.
pub fn main(args: Vec<OsString>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = writeln!(io::stderr(), "Error: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let environment: BTreeMap<String, String> = crate::process::environment().collect();
    let args = args.into_iter().map(OsString::into_vec);
    // What is random in a command needs no more than to differ from run to run.
    let seed = RandomState::new().hash_one(std::process::id());
    let session = Session::start(args, &environment).with_seed(seed);
    let output = runtime.block_on(async { Driver::new(session).drive().await });
    // A thread may still wait for a line that nobody will type.
    runtime.shutdown_background();
    match write(&output) {
        Ok(()) => ExitCode::from(output.exit_code),
        // A pipe that was closed, such as `glasshouse ctl get | head`.
        Err(_) => ExitCode::FAILURE,
    }
}

fn write(output: &Output) -> io::Result<()> {
    io::stderr().write_all(&output.stderr)?;
    io::stdout().write_all(&output.stdout)?;
    io::stdout().flush()
}

/// Something that the session waits for.
enum Event {
    Answer(CallId, Result<Response, CallError>, Duration),
    Message(StreamId, StreamResponse),
    StreamEnd(StreamId, CallError),
    Timer(TimerId),
    Executed(Program, Result<(), ProgramError>),
    Fetched(FetchId, Result<Vec<u8>, String>),
    /// Ctrl-C, or SIGTERM.
    Interrupt,
    /// A line of standard input; without its end when there are no more.
    Line(Vec<u8>),
}

/// Does what a session wants: calls and streams side by side.
struct Driver {
    session: Session,
    sender: mpsc::UnboundedSender<Event>,
    events: mpsc::UnboundedReceiver<Event>,
    /// Where the requests of open streams go, and what carries them.
    streams: BTreeMap<StreamId, (mpsc::UnboundedSender<WatchRequest>, AbortHandle)>,
    connections: Arc<Connections>,
    began: Instant,
    /// Signals are listened to.
    listening: bool,
    /// Streams opened so far: each begins with another endpoint.
    opened: usize,
    /// A thread is reading a line.
    reading: bool,
}

impl Driver {
    fn new(session: Session) -> Self {
        let (sender, events) = mpsc::unbounded_channel();
        Self {
            session,
            sender,
            events,
            streams: BTreeMap::new(),
            connections: Arc::default(),
            began: Instant::now(),
            listening: false,
            opened: 0,
            reading: false,
        }
    }

    async fn drive(mut self) -> Output {
        loop {
            match self.session.next() {
                Step::Call(call) => self.call(call),
                Step::Open(stream) => self.open(stream),
                Step::Send(stream, StreamRequest::Watch(request)) => {
                    if let Some((requests, _)) = self.streams.get(&stream) {
                        // A stream that broke a moment ago says so itself.
                        let _ = requests.send(request);
                    }
                }
                Step::Close(stream) => {
                    if let Some((_, carrier)) = self.streams.remove(&stream) {
                        carrier.abort();
                    }
                }
                Step::Wait => self.wait().await,
                Step::WaitOrRead(_) => {
                    self.read_line();
                    self.wait().await;
                }
                Step::Read(input) => self.session.on_input(&read(input)),
                Step::Write(output) => {
                    if write(&output).is_err() {
                        return Output { exit_code: 1, ..Output::default() };
                    }
                }
                Step::Timer(timer, after) => self.later(async move {
                    sleep(after).await;
                    Event::Timer(timer)
                }),
                Step::Execute(program) => self.execute(program),
                Step::Fetch(page) => self.later(async move {
                    let found = fetch(&page.url).await;
                    Event::Fetched(page.id, found)
                }),
                Step::Done(output) => return output,
            }
        }
    }

    async fn wait(&mut self) {
        self.listen();
        match self.events.recv().await.expect("a sender lives here") {
            Event::Answer(id, answer, took) => self.session.on_result(id, answer, took),
            Event::Message(stream, response) => self.session.on_message(stream, &response),
            Event::StreamEnd(stream, error) => {
                self.streams.remove(&stream);
                self.session.on_stream_end(stream, &error);
            }
            Event::Timer(timer) => self.session.on_timer(timer, self.began.elapsed()),
            Event::Executed(program, result) => self.session.on_executed(&program, result),
            Event::Fetched(id, found) => self.session.on_fetched(id, found),
            Event::Interrupt if self.session.takes_interrupt() => self.session.on_interrupt(),
            // 130: as a shell calls the end by Ctrl-C.
            Event::Interrupt => std::process::exit(130),
            Event::Line(line) => {
                self.reading = false;
                self.session.on_input(&line);
            }
        }
    }

    fn call(&self, call: Call) {
        let endpoints = endpoints(&call.endpoint, self.session.config());
        let dial_timeout = self.session.config().dial_timeout;
        let connections = self.connections.clone();
        self.later(async move {
            let begin = Instant::now();
            let id = call.id;
            let answer = perform(call, &endpoints, &connections, dial_timeout).await;
            Event::Answer(id, answer, begin.elapsed())
        });
    }

    /// Something will have happened.
    fn later(&self, event: impl Future<Output = Event> + Send + 'static) {
        let sender = self.sender.clone();
        tokio::spawn(async move {
            let event = event.await;
            // The session may be over by then.
            let _ = sender.send(event);
        });
    }

    /// Runs a program in a thread of its own: the session goes on meanwhile, to keep a lease alive.
    fn execute(&self, program: Program) {
        let sender = self.sender.clone();
        std::thread::spawn(move || {
            let result = execute(&program);
            let _ = sender.send(Event::Executed(program, result));
        });
    }

    /// Hears of signals from now on, if the command wants to.
    fn listen(&mut self) {
        if self.listening || !self.session.takes_interrupt() {
            return;
        }
        self.listening = true;
        for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
            let Ok(mut signals) = signal(kind) else { continue };
            let sender = self.sender.clone();
            tokio::spawn(async move {
                while signals.recv().await.is_some() {
                    let _ = sender.send(Event::Interrupt);
                }
            });
        }
    }

    fn open(&mut self, stream: Stream) {
        let (requests, outgoing) = mpsc::unbounded_channel();
        let StreamRequest::Watch(first) = stream.request.clone();
        let _ = requests.send(first);
        let config = self.session.config();
        let mut endpoints = endpoints(&stream.endpoint, config);
        let count = endpoints.len().max(1);
        endpoints.rotate_left(self.opened % count);
        self.opened += 1;
        let (dial_timeout, sender) = (config.dial_timeout, self.sender.clone());
        let id = stream.id;
        let carrier = tokio::spawn(async move {
            let error = carry(stream, outgoing, &endpoints, dial_timeout, &sender).await;
            sleep(BACK_OFF).await;
            let _ = sender.send(Event::StreamEnd(id, error));
        });
        self.streams.insert(id, (requests, carrier.abort_handle()));
    }

    /// Reads one line in a thread of its own: standard input cannot be waited for together with
    /// anything else.
    fn read_line(&mut self) {
        if !std::mem::replace(&mut self.reading, true) {
            let sender = self.sender.clone();
            std::thread::spawn(move || {
                let _ = sender.send(Event::Line(read(Input::Line { prompt: "" })));
            });
        }
    }
}

/// Carries one stream to its end.
async fn carry(
    stream: Stream,
    requests: mpsc::UnboundedReceiver<WatchRequest>,
    endpoints: &[String],
    dial_timeout: Duration,
    sender: &mpsc::UnboundedSender<Event>,
) -> CallError {
    let connection = match connect(endpoints, dial_timeout).await {
        Ok(connection) => connection,
        Err(error) => return error,
    };
    let mut responses =
        match connection.watch(requests, stream.requires_leader, stream.token.as_deref()).await {
            Ok(responses) => responses,
            Err(error) => return CallError::Status(error),
        };
    loop {
        match responses.message().await {
            Ok(Some(response)) => {
                let _ = sender.send(Event::Message(stream.id, StreamResponse::Watch(response)));
            }
            Ok(None) => {
                let lost = api::Error::new(api::Code::Unavailable, "the stream ended");
                return CallError::Status(lost);
            }
            Err(status) => return CallError::Status(error_of(&status)),
        }
    }
}

/// Tries one endpoint after the other until one can be connected to.
async fn connect(endpoints: &[String], dial_timeout: Duration) -> Result<Connection, CallError> {
    loop {
        for endpoint in endpoints {
            match Connection::open(endpoint, dial_timeout).await {
                Ok(connection) => return Ok(connection),
                Err(ConnectError::Unreachable(_)) => {}
                Err(ConnectError::Endpoint(why)) => return Err(CallError::Client(why)),
            }
        }
        sleep(BACK_OFF).await;
    }
}

/// Runs a program to its end; an error is said in Go's words.
fn execute(program: &Program) -> Result<(), ProgramError> {
    let text = |bytes: &Vec<u8>| OsString::from_vec(bytes.clone());
    let mut words = program.command.iter().map(text);
    let name = words.next().unwrap_or_default();
    let environment = program.environment.iter().map(|(variable, value)| (variable, text(value)));
    let status = Command::new(&name).args(words).envs(environment).status();
    let (why, code) = match status {
        Ok(status) if status.success() => return Ok(()),
        Ok(status) => match (status.code(), status.signal()) {
            (Some(code), _) => (format!("exit status {code}"), u8::try_from(code).ok()),
            // Go's `-1`, as a shell sees it.
            (None, signal) => (format!("signal: {}", signal_name(signal)), Some(255)),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            (format!("exec: {name:?}: executable file not found in $PATH"), None)
        }
        Err(error) => (error.to_string(), None),
    };
    Err(ProgramError { why, code })
}

/// A signal in Go's words, as far as programs are ended by it.
fn signal_name(signal: Option<i32>) -> String {
    match signal.unwrap_or(0) {
        1 => "hangup".to_owned(),
        2 => "interrupt".to_owned(),
        3 => "quit".to_owned(),
        6 => "aborted".to_owned(),
        9 => "killed".to_owned(),
        11 => "segmentation fault".to_owned(),
        13 => "broken pipe".to_owned(),
        15 => "terminated".to_owned(),
        other => format!("signal {other}"),
    }
}

/// Reads standard input; what cannot be read counts as its end.
fn read(input: Input) -> Vec<u8> {
    let mut bytes = Vec::new();
    match input {
        Input::All => {
            let _ = io::stdin().read_to_end(&mut bytes);
        }
        Input::Line { prompt } => {
            let _ = io::stdout().write_all(prompt.as_bytes()).and_then(|()| io::stdout().flush());
            let _ = io::stdin().lock().read_until(b'\n', &mut bytes);
        }
    }
    bytes
}

fn endpoints(endpoint: &Endpoint, config: &Config) -> Vec<String> {
    match endpoint {
        Endpoint::Any => config.endpoints.clone(),
        Endpoint::Named(endpoint) => vec![endpoint.clone()],
    }
}

async fn perform(
    call: Call,
    endpoints: &[String],
    connections: &Connections,
    dial_timeout: Duration,
) -> Result<Response, CallError> {
    let attempts = attempt_until_answered(&call, endpoints, connections, dial_timeout);
    match call.timeout {
        None => attempts.await,
        Some(limit) => timeout(limit, attempts).await.unwrap_or(Err(CallError::DeadlineExceeded)),
    }
}

async fn attempt_until_answered(
    Call { token, request, .. }: &Call,
    endpoints: &[String],
    connections: &Connections,
    dial_timeout: Duration,
) -> Result<Response, CallError> {
    loop {
        for endpoint in endpoints {
            let connection = match connections.to(endpoint, dial_timeout).await {
                Ok(connection) => connection,
                // Nothing was sent: the next endpoint may be asked, whatever the request is.
                Err(ConnectError::Unreachable(_)) => continue,
                Err(ConnectError::Endpoint(why)) => return Err(CallError::Client(why)),
            };
            match connection.ask_as(token.as_deref(), request.clone()).await {
                Ok(response) => return Ok(response),
                Err(error) => {
                    if error.code == api::Code::Unavailable {
                        connections.forget(endpoint);
                    }
                    if !may_retry(request, &error) {
                        return Err(CallError::Status(error));
                    }
                }
            }
        }
        sleep(BACK_OFF).await;
    }
}

/// Connections that are open, by endpoint.
#[derive(Default)]
struct Connections(Mutex<BTreeMap<String, Connection>>);

impl Connections {
    async fn to(&self, endpoint: &str, limit: Duration) -> Result<Connection, ConnectError> {
        if let Some(open) = self.lock().get(endpoint) {
            return Ok(open.clone());
        }
        let opened = Connection::open(endpoint, limit).await?;
        self.lock().insert(endpoint.to_owned(), opened.clone());
        Ok(opened)
    }

    /// It is broken, or may be.
    fn forget(&self, endpoint: &str) {
        self.lock().remove(endpoint);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Connection>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
