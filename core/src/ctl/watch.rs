//! `watch`: prints events as they come, and goes on where it stopped when a member is lost.
//!
//! All watches of a session share one stream, as in etcd's client. They are created one after the
//! other; each remembers the revision after the last one that it was told of. When the stream
//! breaks, another is opened, and every watch is created again from its revision on: nothing is
//! printed twice and nothing is missed, unless it was compacted meanwhile.
//!
//! With `-i`, lines of standard input begin further watches (`watch [options] KEY [RANGE_END]
//! [-- COMMAND]`) and ask for progress (`progress`). Events may run a command each; that needs a
//! process, so the terminal of a page says that it has none.

use std::collections::{BTreeMap, VecDeque};

use super::commands::WATCH_FLAGS;
use super::flags::{Arg, FlagSet};
use super::get::Span;
use super::print::{Printer, Report};
use super::session::{CallError, Endpoint, Step};
use super::stream::{Program, Stream, StreamId, StreamRequest};
use super::{Exit, Output, go, txn};
use crate::api::mvccpb::event::EventType;
use crate::api::watch_request::RequestUnion;
use crate::api::{
    Code, Error, Event, WatchCreateRequest, WatchProgressRequest, WatchRequest, WatchResponse,
};
use crate::concurrency::cancel_reason;

/// The id in a response that speaks of all watches of the stream, or of none.
const NO_WATCH: i64 = -1;

/// How etcdctl ends when the member ends its watch.
const INTERRUPTED: u8 = 5;

/// What a watching session puts out.
pub(super) struct Say<'a> {
    pub(super) steps: &'a mut VecDeque<Step>,
    pub(super) output: &'a mut Output,
    pub(super) printer: Printer,
    /// The number of the last stream.
    pub(super) last_stream: &'a mut u32,
}

/// The watches of a session.
#[derive(Debug, Default)]
pub(super) struct Watching {
    watches: Vec<Watch>,
    stream: Option<StreamId>,
    /// Lines of standard input begin watches.
    pub(super) interactive: bool,
    variables: Variables,
}

#[derive(Debug)]
struct Watch {
    request: WatchCreateRequest,
    /// What is run for each event; empty for nothing.
    command: Vec<Arg>,
    /// What the member calls it, once it is created.
    id: Option<i64>,
}

/// `ETCDCTL_WATCH_KEY` and `ETCDCTL_WATCH_RANGE_END`.
#[derive(Clone, Debug, Default)]
struct Variables {
    key: Option<Arg>,
    range_end: Option<Arg>,
}

impl Variables {
    fn read(environment: &BTreeMap<String, String>) -> Result<Self, Exit> {
        let read = |name: &str| {
            environment.get(name).filter(|value| !value.is_empty()).map(|v| v.clone().into_bytes())
        };
        let (key, range_end) = (read("ETCDCTL_WATCH_KEY"), read("ETCDCTL_WATCH_RANGE_END"));
        match (&key, &range_end) {
            (None, Some(end)) => Err(Exit::bad_args(format!(
                "ETCDCTL_WATCH_KEY is empty but got ETCDCTL_WATCH_RANGE_END={}",
                go::quote(end)
            ))),
            _ => Ok(Self { key, range_end }),
        }
    }
}

impl Watching {
    /// Reads a command line. `line` is the whole of it, because `--` and what follows are etcdctl's
    /// own business.
    pub(super) fn new(
        flags: &FlagSet,
        args: &[Arg],
        line: &[Arg],
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, Exit> {
        let variables = Variables::read(environment)?;
        let mut watching = Self { variables, ..Self::default() };
        if flags.bool("interactive") {
            watching.interactive = true;
            return Ok(watching);
        }
        let begin = line.iter().position(|word| word == b"watch").map_or(0, |at| at + 1);
        let (args, command) = arguments(&line[begin..], args.to_vec(), &watching.variables, false)?;
        watching.watches.push(Watch { request: request(flags, &args)?, command, id: None });
        Ok(watching)
    }

    /// The client is made: begin.
    pub(super) fn begin(&mut self, say: &mut Say<'_>) {
        if !self.watches.is_empty() {
            self.open(say);
        }
    }

    /// Opens a stream and creates the first watch; the others follow one by one.
    fn open(&mut self, say: &mut Say<'_>) {
        let Some(first) = self.watches.first() else { return };
        *say.last_stream += 1;
        let id = StreamId(*say.last_stream);
        self.stream = Some(id);
        say.steps.push_back(Step::Open(Stream {
            id,
            endpoint: Endpoint::Any,
            token: None,
            request: create(first),
            requires_leader: true,
        }));
    }

    // --- standard input ---

    /// One line of `watch -i`.
    pub(super) fn on_line(&mut self, line: &[u8], say: &mut Say<'_>) -> Result<(), Exit> {
        let Some(line) = line.strip_suffix(b"\n") else {
            return Err(Exit::invalid_input("error reading watch request line: EOF"));
        };
        let words = txn::split(line)?;
        let complain = |output: &mut Output, colon: &str, why: &str| {
            output.err_line(
                [b"Invalid command", colon.as_bytes(), b" ", line, why.as_bytes()].concat(),
            );
        };
        match words.first().map(Vec::as_slice) {
            None => complain(say.output, ":", " (watch and progress supported)"),
            Some(b"watch") if words.len() < 2 && self.variables.key.is_none() => {
                complain(say.output, "", " (command type or key is not provided)");
            }
            Some(b"watch") => match self.watch_of_line(&words[1..])? {
                Ok(watch) => self.add(watch, say),
                Err(exit) => {
                    let why = exit.text.unwrap_or_default();
                    complain(say.output, "", &format!(" ({})", String::from_utf8_lossy(&why)));
                }
            },
            Some(b"progress") => {
                if let Some(stream) = self.stream {
                    let union = RequestUnion::ProgressRequest(WatchProgressRequest {});
                    let request = WatchRequest { request_union: Some(union) };
                    say.steps.push_back(Step::Send(stream, StreamRequest::Watch(request)));
                }
            }
            Some(_) => complain(say.output, "", " (only support watch)"),
        }
        Ok(())
    }

    /// A wrong range is complained about, anything else that is wrong ends the command.
    fn watch_of_line(&self, words: &[Arg]) -> Result<Result<Watch, Exit>, Exit> {
        let mut flags = FlagSet::new(WATCH_FLAGS);
        let args = flags.parse(words).map_err(Exit::bad_args)?;
        let (args, command) = arguments(words, args, &self.variables, true)?;
        Ok(request(&flags, &args).map(|request| Watch { request, command, id: None }))
    }

    fn add(&mut self, watch: Watch, say: &mut Say<'_>) {
        let all_created = self.watches.iter().all(|watch| watch.id.is_some());
        let request = create(&watch);
        self.watches.push(watch);
        match self.stream {
            None => self.open(say),
            Some(stream) if all_created => say.steps.push_back(Step::Send(stream, request)),
            // It is sent when the one before it is created.
            Some(_) => {}
        }
    }

    // --- the stream ---

    pub(super) fn on_message(
        &mut self,
        stream: StreamId,
        response: &WatchResponse,
        say: &mut Say<'_>,
    ) -> Result<(), Exit> {
        if self.stream != Some(stream) {
            return Ok(());
        }
        if response.created {
            return self.on_created(stream, response, say);
        }
        if response.watch_id == NO_WATCH {
            let created = |at: &usize| self.watches[*at].id.is_some();
            let all: Vec<usize> = (0..self.watches.len()).filter(created).collect();
            return all.into_iter().try_for_each(|at| self.tell(at, response, say));
        }
        let of = |watch: &Watch| watch.id == Some(response.watch_id);
        let Some(at) = self.watches.iter().position(of) else { return Ok(()) };
        if response.canceled {
            return self.end(at, &cancel_reason(response), Some(response), say);
        }
        self.tell(at, response, say)
    }

    fn on_created(
        &mut self,
        stream: StreamId,
        response: &WatchResponse,
        say: &mut Say<'_>,
    ) -> Result<(), Exit> {
        let Some(at) = self.watches.iter().position(|watch| watch.id.is_none()) else {
            return Ok(());
        };
        if response.watch_id == NO_WATCH || response.canceled {
            // What the refused watch is told holds nothing but that it is over.
            self.end(at, &cancel_reason(response), None, say)?;
        } else {
            let watch = &mut self.watches[at];
            watch.id = Some(response.watch_id);
            if watch.request.start_revision == 0 {
                // It began after this revision, wherever it will have to go on.
                let revision = response.header.map_or(0, |header| header.revision);
                watch.request.start_revision = revision + 1;
            }
        }
        if let Some(next) = self.watches.iter().find(|watch| watch.id.is_none()) {
            say.steps.push_back(Step::Send(stream, create(next)));
        }
        Ok(())
    }

    /// Prints a response and runs what is to be run.
    fn tell(&mut self, at: usize, response: &WatchResponse, say: &mut Say<'_>) -> Result<(), Exit> {
        let Some(watch) = self.watches.get_mut(at) else { return Ok(()) };
        let header = response.header.unwrap_or_default();
        let last = response.events.last().and_then(|event| event.kv.as_ref());
        // A fragment says nothing of what follows it.
        let seen = match last {
            Some(pair) if response.fragment => pair.mod_revision - 1,
            Some(pair) => pair.mod_revision,
            None => header.revision,
        };
        watch.request.start_revision = watch.request.start_revision.max(seen + 1);
        if response.events.is_empty() {
            say.output.out_line(format!("progress notify: {}", header.revision));
        }
        say.printer.print(Report::Watch(response), say.output)?;
        if !watch.command.is_empty() {
            let written = std::mem::take(say.output);
            say.steps.push_back(Step::Write(written));
            for event in &response.events {
                let program = program(&watch.command, header.revision, event);
                say.steps.push_back(Step::Execute(program));
            }
        }
        Ok(())
    }

    /// The stream broke, or could not be had.
    pub(super) fn on_stream_end(
        &mut self,
        stream: StreamId,
        error: &CallError,
        say: &mut Say<'_>,
    ) -> Result<(), Exit> {
        if self.stream != Some(stream) {
            return Ok(());
        }
        let may_go_on = match error {
            CallError::Status(error) => {
                matches!(error.code, Code::Unavailable | Code::Internal)
                    && error.message != Error::NO_LEADER.message
            }
            CallError::DeadlineExceeded => true,
            CallError::Unreachable(_) | CallError::Client(_) => false,
        };
        if let CallError::Client(why) = error {
            return Err(Exit::bad_args(why));
        }
        self.watches.iter_mut().for_each(|watch| watch.id = None);
        if may_go_on {
            self.open(say);
            return Ok(());
        }
        self.watches.truncate(1);
        self.end(0, &error.to_string(), None, say)
    }

    /// A watch is over.
    fn end(
        &mut self,
        at: usize,
        why: &str,
        response: Option<&WatchResponse>,
        say: &mut Say<'_>,
    ) -> Result<(), Exit> {
        say.output.err_line(format!("watch was canceled ({why})"));
        let canceled = WatchResponse { canceled: true, ..WatchResponse::default() };
        say.printer.print(Report::Watch(response.unwrap_or(&canceled)), say.output)?;
        let written = std::mem::take(say.output);
        say.steps.push_back(Step::Write(written));
        self.watches.remove(at);
        self.go_on()
    }

    /// Whether anything is left to watch, now or later.
    fn go_on(&self) -> Result<(), Exit> {
        if self.watches.is_empty() && !self.interactive {
            return Err(Exit::new(INTERRUPTED, "watch is canceled by the server"));
        }
        Ok(())
    }

    /// Every watch is created and waits for events.
    pub(super) fn is_settled(&self) -> bool {
        self.watches.iter().all(|watch| watch.id.is_some())
    }
}

fn create(watch: &Watch) -> StreamRequest {
    let union = RequestUnion::CreateRequest(watch.request.clone());
    StreamRequest::Watch(WatchRequest { request_union: Some(union) })
}

/// What is watched; the checks are etcdctl's.
fn request(flags: &FlagSet, args: &[Arg]) -> Result<WatchCreateRequest, Exit> {
    let Some(key) = args.first() else { return Err(Exit::bad_args("bad number of arguments")) };
    let prefix = flags.bool("prefix");
    // What stands behind a range end is ignored, and so is the range end then.
    let end = args.get(1).filter(|_| args.len() == 2);
    if prefix && end.is_some() {
        return Err(Exit::bad_args("`range_end` and `--prefix` are mutually exclusive"));
    }
    let span = if prefix { Span::Prefix } else { Span::Given };
    let (key, range_end) = span.range(key, end)?;
    Ok(WatchCreateRequest {
        key: key.into(),
        range_end: range_end.into(),
        start_revision: flags.int64("rev"),
        progress_notify: flags.bool("progress-notify"),
        prev_kv: flags.bool("prev-kv"),
        ..WatchCreateRequest::default()
    })
}

/// Key, range end and command, from the words behind `watch` and the arguments among them
/// (etcdctl: `parseWatchArgs`). What stands behind `--` is the command; a key from the environment
/// may not be given again.
fn arguments(
    words: &[Arg],
    mut args: Vec<Arg>,
    variables: &Variables,
    interactive: bool,
) -> Result<(Vec<Arg>, Vec<Arg>), Exit> {
    let conflict = || Exit::bad_args("bad number of arguments (found conflicting environment key)");
    let dashes = words.iter().position(|word| word == b"--");
    let with_key = variables.key.is_some();
    match dashes {
        Some(at) if at + 1 == words.len() => {
            return Err(Exit::bad_args(
                "bad number of arguments (found separator --, but no commands)",
            ));
        }
        Some(at) if with_key && !interactive && repeats_key(words, &args, at) => {
            return Err(conflict());
        }
        None if with_key && !args.is_empty() => return Err(conflict()),
        None if !with_key && (if interactive { &args } else { words }).is_empty() => {
            return Err(Exit::bad_args("bad number of arguments"));
        }
        _ => {}
    }
    let given = variables.key.iter().chain(&variables.range_end).cloned();
    args.splice(0..0, given.filter(|_| with_key));
    let Some(at) = dashes else { return Ok((args, Vec::new())) };
    let command = words[at + 1..].to_vec();
    let end = args.iter().rposition(|arg| *arg == command[0]).unwrap_or(0);
    args.truncate(end);
    Ok((args, command))
}

/// Whether a key stands in front of `--` although the environment gives one.
fn repeats_key(words: &[Arg], args: &[Arg], dashes: usize) -> bool {
    let mut at = words.len();
    for arg in args.iter().rev() {
        match at.checked_sub(1) {
            Some(last) if words[last] == *arg => at = last,
            Some(last) if last == dashes => return true,
            _ => {}
        }
    }
    false
}

/// The command for one event, which it finds in its environment as Go quotes it.
fn program(command: &[Arg], revision: i64, event: &Event) -> Program {
    let pair = event.kv.clone().unwrap_or_default();
    Program {
        command: command.to_vec(),
        environment: vec![
            ("ETCD_WATCH_REVISION", revision.to_string().into_bytes()),
            ("ETCD_WATCH_EVENT_TYPE", format!("\"{}\"", kind(event)).into_bytes()),
            ("ETCD_WATCH_KEY", go::quote(&pair.key).into_bytes()),
            ("ETCD_WATCH_VALUE", go::quote(&pair.value).into_bytes()),
        ],
    }
}

/// `PUT` or `DELETE`.
pub(super) fn kind(event: &Event) -> String {
    match EventType::try_from(event.r#type) {
        Ok(kind) => kind.as_str_name().to_owned(),
        Err(_) => event.r#type.to_string(),
    }
}

/// What is printed when a command for an event failed.
pub(super) fn failed(command: &[Arg], why: &str) -> String {
    let words: Vec<String> = command.iter().map(|word| go::quote(word)).collect();
    format!("command [{}] error ({why})", words.join(" "))
}
