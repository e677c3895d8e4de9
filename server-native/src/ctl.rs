//! `glasshouse ctl`: drives core's etcdctl ([`glasshouse_core::ctl`]) with gRPC.
//!
//! What is asked and what is printed is decided in core; here requests travel, lines are read
//! and bytes are written.
//!
//! | file | what it does for a session |
//! | --- | --- |
//! | `calls` | calls, with their retries; connections are kept |
//! | `streams` | watches and snapshots |
//! | `dial` | connections, with certificates |
//! | `files`, `page`, `program`, `terminal` | files, a page of metrics, other programs, what is typed |
//!
//! Ctrl-C and SIGTERM end a command at once, as they end etcdctl, except where the command wants to
//! hear of them: `lock` gives its lock back.

mod calls;
pub(crate) mod dial;
mod files;
mod page;
mod program;
mod streams;
mod terminal;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::hash::{BuildHasher as _, RandomState};
use std::os::unix::ffi::OsStringExt as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use glasshouse_core::api::{Response, WatchRequest};
use glasshouse_core::ctl::{
    Call, CallError, CallId, FetchId, Input, Output, Program, ProgramError, Session, Step, Stream,
    StreamId, StreamRequest, StreamResponse, TimerId,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::sleep;

use self::calls::Connections;
use self::files::Files;
use self::terminal::read;

/// Pause before the endpoints are tried once more (`backoffWaitBetween` of etcd's client).
const BACK_OFF: Duration = Duration::from_millis(25);

/// How a shell calls the end of a program by Ctrl-C.
const INTERRUPTED: u8 = 130;

/// Runs one command line, without the program's name.
pub fn main(args: Vec<OsString>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            glasshouse_console::note!("Error: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let environment: BTreeMap<String, String> = crate::process::environment().collect();
    let args = args.into_iter().map(OsString::into_vec);
    // What is random in a command needs no more than to differ from run to run.
    let seed = RandomState::new().hash_one(std::process::id());
    let mut session = Session::start(args, &environment).with_seed(seed);
    session.guard();
    let output = runtime.block_on(Driver::new(session).drive());
    // A thread may still wait for a line that nobody will type.
    runtime.shutdown_background();
    ExitCode::from(write(&output).err().unwrap_or(output.exit_code))
}

/// Writes what a command said, or gives the code with which it ends for want of a reader or of room.
pub(crate) fn write(output: &Output) -> Result<(), u8> {
    glasshouse_console::write_aside(&output.stderr);
    glasshouse_console::try_write(&output.stdout)
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
    streams: BTreeMap<StreamId, Carried>,
    connections: Arc<Connections>,
    began: Instant,
    /// Signals are listened to.
    listening: bool,
    /// Streams opened so far: each begins with another endpoint.
    opened: usize,
    /// A thread is reading a line.
    reading: bool,
    files: Files,
}

/// An open stream: where its requests go, and what carries them.
struct Carried {
    requests: mpsc::UnboundedSender<WatchRequest>,
    carrier: AbortHandle,
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
            files: Files::default(),
        }
    }

    async fn drive(mut self) -> Output {
        loop {
            match self.session.next() {
                Step::Call(call) => self.call(call),
                Step::Open(stream) => self.open(stream),
                Step::Send(stream, StreamRequest::Watch(request)) => {
                    if let Some(carried) = self.streams.get(&stream) {
                        // A stream that broke a moment ago says so itself.
                        let _ = carried.requests.send(request);
                    }
                }
                // Its stream takes one request only.
                Step::Send(_, StreamRequest::Snapshot(_)) => {}
                Step::Close(stream) => {
                    if let Some(carried) = self.streams.remove(&stream) {
                        carried.carrier.abort();
                    }
                }
                Step::File(work) => {
                    let result = self.files.work(work);
                    self.session.on_file(result);
                }
                Step::OnDisk(work) => self.session.on_disk_work(crate::utl::run(work)),
                Step::Timer(timer, after) => self.later(async move {
                    sleep(after).await;
                    Event::Timer(timer)
                }),
                Step::Execute(program) => self.execute(program),
                Step::Fetch(page) => {
                    let tls = self.session.config().tls.clone();
                    self.later(async move {
                        let found = page::fetch(&page.url, &tls).await;
                        Event::Fetched(page.id, found)
                    });
                }
                Step::Read(input) => self.session.on_input(&read(input)),
                Step::Write(output) => {
                    if let Err(exit_code) = write(&output) {
                        return Output { exit_code, ..Output::default() };
                    }
                }
                Step::Wait => {
                    if let Some(end) = self.wait().await {
                        return end;
                    }
                }
                Step::WaitOrRead(_) => {
                    self.read_line();
                    self.wait().await;
                }
                Step::Done(output) => return output,
            }
        }
    }

    /// Tells the session of the next event; or the command ends at once.
    async fn wait(&mut self) -> Option<Output> {
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
            Event::Interrupt => {
                return Some(Output { exit_code: INTERRUPTED, ..Output::default() });
            }
            Event::Line(line) => {
                self.reading = false;
                self.session.on_input(&line);
            }
        }
        None
    }

    fn call(&self, call: Call) {
        let (config, connections) = (self.session.config().clone(), self.connections.clone());
        self.later(async move {
            let begin = Instant::now();
            let id = call.id;
            let answer = calls::perform(call, &config, &connections).await;
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
            let result = program::execute(&program);
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
        let (config, sender) = (self.session.config().clone(), self.sender.clone());
        let (requests, outgoing) = mpsc::unbounded_channel();
        if let StreamRequest::Watch(request) = &stream.request {
            let _ = requests.send(request.clone());
        }
        let (id, first) = (stream.id, self.opened);
        self.opened += 1;
        let carrier = tokio::spawn(async move {
            let end = streams::carry(stream, outgoing, first, &config, &sender).await;
            let _ = sender.send(match end {
                Ok(()) => Event::Message(id, StreamResponse::SnapshotEnd),
                Err(error) => Event::StreamEnd(id, error),
            });
        });
        self.streams.insert(id, Carried { requests, carrier: carrier.abort_handle() });
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
