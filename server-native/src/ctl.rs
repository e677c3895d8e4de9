//! `glasshouse ctl`: drives core's etcdctl ([`glasshouse_core::ctl`]) with gRPC.
//!
//! What is asked and what is printed is decided in core; here requests travel, lines are read
//! and bytes are written. A call waits for a connection as etcdctl's does: an endpoint that
//! cannot be reached is no error before the call's own timeout.

mod dial;
mod files;
mod terminal;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use glasshouse_core::api::{self, Response, SnapshotRequest, WatchRequest};
use glasshouse_core::ctl::{
    Call, CallError, CallId, Config, Endpoint, Input, Output, Program, Session, Step, Stream,
    StreamId, StreamRequest, StreamResponse, may_retry,
};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use self::files::Files;
use self::terminal::read;
use crate::client::{ConnectError, Connection, error_of};

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
    let mut session = Session::start(args, &environment);
    session.guard();
    let output = runtime.block_on(Driver::new(session).drive());
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
    /// A line of standard input; without its end when there are no more.
    Line(Vec<u8>),
}

/// Does what a session wants: calls and streams side by side.
struct Driver {
    session: Session,
    sender: mpsc::UnboundedSender<Event>,
    events: mpsc::UnboundedReceiver<Event>,
    /// Where the requests of open streams go.
    streams: BTreeMap<StreamId, mpsc::UnboundedSender<WatchRequest>>,
    /// Streams opened so far: each begins with another endpoint.
    opened: usize,
    /// A thread is reading a line.
    reading: bool,
    files: Files,
}

impl Driver {
    fn new(session: Session) -> Self {
        let (sender, events) = mpsc::unbounded_channel();
        let (streams, files) = (BTreeMap::new(), Files::default());
        Self { session, sender, events, streams, opened: 0, reading: false, files }
    }

    async fn drive(mut self) -> Output {
        loop {
            match self.session.next() {
                Step::Call(call) => self.call(call),
                Step::Open(stream) => self.open(stream),
                Step::Send(stream, StreamRequest::Watch(request)) => {
                    if let Some(requests) = self.streams.get(&stream) {
                        // A stream that broke a moment ago says so itself.
                        let _ = requests.send(request);
                    }
                }
                // Its stream takes one request only.
                Step::Send(_, StreamRequest::Snapshot(_)) => {}
                Step::File(work) => {
                    let result = self.files.work(work);
                    self.session.on_file(result);
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
                Step::Pause(pause) => {
                    sleep(pause).await;
                    self.session.on_pause_over();
                }
                Step::Execute(program) => {
                    let result = execute(&program);
                    self.session.on_executed(&program, result);
                }
                Step::Done(output) => return output,
            }
        }
    }

    async fn wait(&mut self) {
        match self.events.recv().await.expect("a sender lives here") {
            Event::Answer(id, answer, took) => self.session.on_result(id, answer, took),
            Event::Message(stream, response) => self.session.on_message(stream, &response),
            Event::StreamEnd(stream, error) => {
                self.streams.remove(&stream);
                self.session.on_stream_end(stream, &error);
            }
            Event::Line(line) => {
                self.reading = false;
                self.session.on_input(&line);
            }
        }
    }

    fn call(&self, call: Call) {
        let (config, sender) = (self.session.config().clone(), self.sender.clone());
        tokio::spawn(async move {
            let begin = Instant::now();
            let id = call.id;
            let answer = perform(call, &config).await;
            // The session may be over when an answer comes.
            let _ = sender.send(Event::Answer(id, answer, begin.elapsed()));
        });
    }

    fn open(&mut self, stream: Stream) {
        let config = self.session.config();
        let mut endpoints = endpoints(&stream.endpoint, config);
        let count = endpoints.len().max(1);
        endpoints.rotate_left(self.opened % count);
        self.opened += 1;
        let (config, sender) = (config.clone(), self.sender.clone());
        match stream.request.clone() {
            StreamRequest::Watch(first) => {
                let (requests, outgoing) = mpsc::unbounded_channel();
                let _ = requests.send(first);
                self.streams.insert(stream.id, requests);
                tokio::spawn(async move {
                    let id = stream.id;
                    let error = carry(stream, outgoing, &endpoints, &config, &sender).await;
                    sleep(BACK_OFF).await;
                    let _ = sender.send(Event::StreamEnd(id, error));
                });
            }
            StreamRequest::Snapshot(request) => {
                tokio::spawn(async move {
                    let id = stream.id;
                    let end = fetch(stream, request, &endpoints, &config, &sender).await;
                    let _ = sender.send(match end {
                        Ok(()) => Event::Message(id, StreamResponse::SnapshotEnd),
                        Err(error) => Event::StreamEnd(id, error),
                    });
                });
            }
        }
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
    config: &Config,
    sender: &mpsc::UnboundedSender<Event>,
) -> CallError {
    let connection = match connect(endpoints, config).await {
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

/// Fetches a snapshot, part by part, up to the end that the member gives it.
async fn fetch(
    stream: Stream,
    request: SnapshotRequest,
    endpoints: &[String],
    config: &Config,
    sender: &mpsc::UnboundedSender<Event>,
) -> Result<(), CallError> {
    let connection = connect(endpoints, config).await?;
    let mut parts =
        connection.snapshot(request, stream.token.as_deref()).await.map_err(CallError::Status)?;
    while let Some(part) =
        parts.message().await.map_err(|status| CallError::Status(error_of(&status)))?
    {
        let _ = sender.send(Event::Message(stream.id, StreamResponse::Snapshot(part)));
    }
    Ok(())
}

/// Tries one endpoint after the other until one can be connected to.
async fn connect(endpoints: &[String], config: &Config) -> Result<Connection, CallError> {
    loop {
        for endpoint in endpoints {
            match dial::open(endpoint, config, config.dial_timeout).await {
                Ok(connection) => return Ok(connection),
                Err(ConnectError::Unreachable(_)) => {}
                Err(ConnectError::Endpoint(why)) => return Err(CallError::Client(why)),
            }
        }
        sleep(BACK_OFF).await;
    }
}

/// Runs a program to its end; an error is said in Go's words.
fn execute(program: &Program) -> Result<(), String> {
    let text = |bytes: &Vec<u8>| OsString::from_vec(bytes.clone());
    let mut words = program.command.iter().map(text);
    let name = words.next().unwrap_or_default();
    let environment = program.environment.iter().map(|(variable, value)| (variable, text(value)));
    let status = Command::new(&name).args(words).envs(environment).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(match (status.code(), status.signal()) {
            (Some(code), _) => format!("exit status {code}"),
            (None, signal) => format!("signal: {}", signal.unwrap_or(0)),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(format!("exec: {name:?}: executable file not found in $PATH"))
        }
        Err(error) => Err(error.to_string()),
    }
}

fn endpoints(endpoint: &Endpoint, config: &Config) -> Vec<String> {
    match endpoint {
        Endpoint::Any => config.endpoints.clone(),
        Endpoint::Named(endpoint) => vec![endpoint.clone()],
    }
}

async fn perform(call: Call, config: &Config) -> Result<Response, CallError> {
    let endpoints = endpoints(&call.endpoint, config);
    if call.once {
        let limit = call.timeout.unwrap_or(config.dial_timeout);
        let attempt = attempt_once(&call, &endpoints, config, limit);
        let late = || CallError::Unreachable(format!("no answer within {limit:?}"));
        return timeout(limit, attempt).await.unwrap_or_else(|_| Err(late()));
    }
    let attempts = attempt_until_answered(&call, &endpoints, config);
    match call.timeout {
        None => attempts.await,
        Some(limit) => timeout(limit, attempts).await.unwrap_or(Err(CallError::DeadlineExceeded)),
    }
}

/// Says why nobody answers, where a patient call would wait for somebody.
async fn attempt_once(
    Call { token, request, .. }: &Call,
    endpoints: &[String],
    config: &Config,
    limit: Duration,
) -> Result<Response, CallError> {
    let Some(endpoint) = endpoints.first() else {
        return Err(CallError::Unreachable("no endpoint".to_owned()));
    };
    let connection = dial::open(endpoint, config, limit).await.map_err(|error| match error {
        ConnectError::Unreachable(error) => CallError::Unreachable(files::reason(&error)),
        ConnectError::Endpoint(why) => CallError::Client(why),
    })?;
    connection.ask_as(token.as_deref(), request.clone()).await.map_err(CallError::Status)
}

async fn attempt_until_answered(
    Call { token, request, .. }: &Call,
    endpoints: &[String],
    config: &Config,
) -> Result<Response, CallError> {
    loop {
        for endpoint in endpoints {
            let connection = match dial::open(endpoint, config, config.dial_timeout).await {
                Ok(connection) => connection,
                // Nothing was sent: the next endpoint may be asked, whatever the request is.
                Err(ConnectError::Unreachable(_)) => continue,
                Err(ConnectError::Endpoint(why)) => return Err(CallError::Client(why)),
            };
            match connection.ask_as(token.as_deref(), request.clone()).await {
                Ok(response) => return Ok(response),
                Err(error) if may_retry(request, &error) => {}
                Err(error) => return Err(CallError::Status(error)),
            }
        }
        sleep(BACK_OFF).await;
    }
}
