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
//!
//! A command that reads, such as `txn -i`, says with [`Running::asks`] that it waits for a line; it
//! comes with [`Running::type_line`].

mod calls;
mod hosts;
mod stdin;
mod streams;

use std::collections::BTreeMap;
use std::time::Duration;

use glasshouse_core::ctl::{self, ProgramError, Session, Step, StreamRequest, TimerId};
use glasshouse_core::order;

use self::calls::Pending;
use self::hosts::Hosts;
use self::stdin::Stdin;
pub use self::stdin::{Asks, Reads};
use self::streams::Carried;
use crate::clock::{MILLIS, Nanos, SECOND};
use crate::place::{ClientNo, MemberNo};
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
    stdin: Stdin,
    /// What it waits to be typed.
    asks: Option<Asks>,
    /// The last prompt that it wrote.
    prompt: String,
    /// What was printed before the end.
    written: String,
    /// When the session began.
    began_at: Nanos,
    /// Timers of the session, and when they ring.
    timers: Vec<(Nanos, TimerId)>,
    output: Option<ctl::Output>,
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
    /// Begins `etcdctl ARGS`, with a text as its standard input or with a terminal.
    ///
    /// # Errors
    /// One sentence: an endpoint that is no member.
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
            stdin: Stdin::new(stdin),
            asks: None,
            prompt: String::new(),
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
    /// One sentence: an endpoint that is no member.
    pub fn poll(&mut self, world: &mut World) -> Result<Option<Printed>, String> {
        self.ring(world.now());
        self.look_after_calls(world);
        self.look_after_streams(world);
        self.advance(world)?;
        Ok(self.end())
    }

    /// The output, when the command is over.
    fn end(&mut self) -> Option<Printed> {
        let output = self.output.take()?;
        let text = self.written() + &text_of(&output);
        Some(Printed { text, failed: output.exit_code != 0 })
    }

    /// What it waits to be typed.
    #[must_use]
    pub fn asks(&self) -> Option<&Asks> {
        self.asks.as_ref()
    }

    /// Somebody types a line, or Ctrl-D (`None`), and the command reads it. Gives the output when it is
    /// over.
    ///
    /// # Errors
    /// One sentence: an endpoint that is no member.
    pub fn type_line(
        &mut self,
        world: &mut World,
        line: Option<&str>,
    ) -> Result<Option<Printed>, String> {
        self.stdin.type_line(line);
        self.advance(world)?;
        Ok(self.end())
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

    /// Whether nothing happens to it by time alone: it watches, or somebody must type.
    #[must_use]
    pub fn rests(&self) -> bool {
        let reads = self.asks.is_some() && self.calls.is_empty() && self.streams.is_empty();
        reads || self.is_watching()
    }

    /// Ctrl-C. `true` when the command has heard of it and ends by itself; otherwise what is under way
    /// is taken back, and it is over.
    ///
    /// # Errors
    /// One sentence: an endpoint that is no member.
    pub fn interrupt(&mut self, world: &mut World) -> Result<bool, String> {
        if self.session.takes_interrupt() {
            self.session.on_interrupt();
            self.advance(world)?;
            return Ok(true);
        }
        self.take_calls_back(world);
        self.close_streams(world);
        Ok(false)
    }

    /// The member that it talks to.
    #[must_use]
    pub fn at(&self) -> Option<MemberNo> {
        let asked = self.calls.iter().find_map(Pending::at);
        let watched = self.streams.iter().find_map(Carried::at);
        asked.or(watched).or_else(|| self.endpoints.get(self.current).copied())
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
                    self.ask_for(&input);
                    let Some(text) = self.stdin.read(&input) else { break };
                    self.take(&input, &text);
                }
                Step::WaitOrRead(input) => {
                    self.ask_for(&input);
                    let Some(text) = self.stdin.read_ahead() else { break };
                    self.take(&input, &text);
                }
                Step::Wait => break,
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
        order::sort(&mut due);
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
