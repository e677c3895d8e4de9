//! Scripts: requests that a person wrote, one a line, to both; every answer must be the same.
//!
//! `scripts/README.md` shows the notation. A difference that is wanted stands in the script, in
//! front of its line and with its reason; when it goes away, the test says so.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use glasshouse_core::api::WatchResponse;
use glasshouse_tests::pair::{Answer, Pair, Side, Stream};
use glasshouse_tests::schema;
use prost_reflect::prost::Message as _;
use prost_reflect::{DynamicMessage, MethodDescriptor, Value};
use tokio::time::timeout;

use super::normal;

/// How long a message of a stream may take to come.
const PATIENCE: Duration = Duration::from_secs(5);

/// See [`Stage::slowness`].
const SLOWNESS: Duration = Duration::from_secs(60);

/// How long a stream is listened to when nothing shall come.
const QUIET: Duration = Duration::from_millis(300);

/// One line.
struct Line<'a> {
    number: usize,
    text: &'a str,
    /// Why the answers differ, when they shall.
    reason: Option<&'a str>,
    act: Act<'a>,
}

enum Act<'a> {
    /// One call: who asks, what, and what of the answer is kept under a name.
    Call {
        user: Option<&'a str>,
        method: &'a str,
        message: &'a str,
        keep: Option<(&'a str, &'a str)>,
    },
    /// A message on a stream, which is opened by its first.
    Send { stream: &'a str, user: Option<&'a str>, method: &'a str, message: &'a str },
    /// So many messages come on the stream.
    Expect { stream: &'a str, count: usize },
    /// Nothing comes.
    Quiet { stream: &'a str },
    /// The client says that it will send no more, and listens until the stream ends.
    End { stream: &'a str },
    /// Time passes, in milliseconds.
    Sleep { milliseconds: u64 },
}

impl<'a> Act<'a> {
    fn method(&self) -> &'a str {
        match self {
            Self::Call { method, .. } | Self::Send { method, .. } => method,
            _ => "",
        }
    }
}

/// What was asked, and what was not as it should be.
#[derive(Default)]
pub(crate) struct Report {
    /// Messages that were sent to each.
    pub(crate) requests: usize,
    /// One paragraph for each line that was answered differently, or not differently enough.
    pub(crate) wrong: Vec<String>,
    /// Methods that we answer with `Unimplemented`, and etcd does not.
    pub(crate) missing: Vec<String>,
    /// The wanted differences that were seen: line and reason.
    pub(crate) wanted: Vec<String>,
}

/// Asks both what a script says.
pub(crate) fn play(name: &str, script: &str, version: &str, pair: &mut Pair) -> Report {
    let mut stage = Stage::new(pair, version);
    let mut report = Report::default();
    for line in lines(script, version) {
        report.requests += usize::from(matches!(line.act, Act::Call { .. } | Act::Send { .. }));
        stage.slowness = if line.reason.is_some() { Duration::ZERO } else { SLOWNESS };
        let [theirs, ours] = stage.act(&line.act, &line);
        let place = format!("{name}:{}: {}", line.number, line.text);
        if theirs != ours && ours.starts_with("Unimplemented glasshouse: ") {
            report.missing.push(line.act.method().to_owned());
            if report.requests == 1 {
                // A script that begins with it is about nothing else.
                break;
            }
            continue;
        }
        match (line.reason, theirs == ours) {
            (None, true) => {}
            (Some(reason), false) => report.wanted.push(format!("{place}\n    {reason}")),
            (None, false) => {
                report.wrong.push(format!("{place}\n  etcd  {theirs}\n  ours  {ours}"));
            }
            (Some(_), true) => {
                report.wrong.push(format!("{place}\n  is answered by both with  {ours}"));
            }
        }
    }
    if let Err(ended) = stage.pair.check_alive() {
        report.wrong.push(ended);
    }
    report
}

fn lines<'a>(script: &'a str, version: &str) -> Vec<Line<'a>> {
    let mut found = Vec::new();
    let (mut reason, mut skip) = (None, false);
    for (index, text) in script.lines().enumerate() {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        if let Some(left_out) = text.strip_prefix('!') {
            skip = version.starts_with(left_out.split(' ').next().unwrap_or_default());
            continue;
        }
        if std::mem::take(&mut skip) {
            continue;
        }
        if let Some(wanted) = text.strip_prefix('?') {
            // `? reason`, or `?3.4 reason` for one version of etcd.
            let (only, why) = wanted.split_once(' ').expect("a reason follows");
            if version.starts_with(only) {
                reason = Some(why);
            }
            continue;
        }
        let number = index + 1;
        let act = parse(text).unwrap_or_else(|| panic!("line {number} is no request: {text}"));
        found.push(Line { number, text, reason: reason.take(), act });
    }
    found
}

fn parse(text: &str) -> Option<Act<'_>> {
    if let Some(milliseconds) = text.strip_prefix("sleep ") {
        return Some(Act::Sleep { milliseconds: milliseconds.parse().ok()? });
    }
    let stream =
        text.split_once(": ").filter(|(name, _)| name.bytes().all(|b| b.is_ascii_alphanumeric()));
    let (user, rest) = who(stream.map_or(text, |(_, rest)| rest));
    if let Some((stream, words)) = stream {
        match words {
            "end" => return Some(Act::End { stream }),
            "quiet" => return Some(Act::Quiet { stream }),
            _ => {}
        }
        if let Ok(count) = words.parse() {
            return Some(Act::Expect { stream, count });
        }
        let (method, message) = rest.split_once(' ').unwrap_or((rest, ""));
        return Some(Act::Send { stream, user, method, message });
    }
    let (keep, rest) = match rest.split_once(" = ") {
        Some((name, rest)) if name.bytes().all(|b| b.is_ascii_alphanumeric()) => (Some(name), rest),
        _ => (None, rest),
    };
    let (user, rest) = if user.is_none() { who(rest) } else { (user, rest) };
    let (rest, field) = match (keep, rest.rsplit_once(" -> ")) {
        (Some(_), Some((rest, field))) => (rest, Some(field)),
        _ => (rest, None),
    };
    let (method, message) = rest.split_once(' ').unwrap_or((rest, ""));
    method.contains('/').then(|| Act::Call { user, method, message, keep: keep.zip(field) })
}

/// `[name] rest`: the call shows the token that is kept under this name.
fn who(text: &str) -> (Option<&str>, &str) {
    let found = text.strip_prefix('[').and_then(|text| text.split_once("] "));
    found.map_or((None, text), |(name, rest)| (Some(name), rest))
}

/// Both sides, and what was kept of their answers.
struct Stage<'a> {
    pair: &'a mut Pair,
    /// etcd's.
    version: &'a str,
    /// How long a side may be silent that the other is ahead of: not at all where they shall differ.
    slowness: Duration,
    /// Names and what stands for them, on each side.
    kept: [BTreeMap<String, String>; 2],
    streams: BTreeMap<String, (MethodDescriptor, [Stream; 2])>,
}

impl<'a> Stage<'a> {
    fn new(pair: &'a mut Pair, version: &'a str) -> Self {
        let (kept, streams) = (Default::default(), BTreeMap::new());
        let mut stage = Self { pair, version, slowness: SLOWNESS, kept, streams };
        let hosts = [&stage.pair.etcd, &stage.pair.ours].map(host);
        for (kept, host) in stage.kept.iter_mut().zip(hosts) {
            kept.insert("host".to_owned(), host);
        }
        let status = schema::method("Maintenance/Status");
        let answers = stage.call(&status, None, "").map(|answer| answer.expect("it serves"));
        for (name, field) in [("cluster", "header.cluster_id"), ("member", "header.member_id")] {
            stage.keep(name, field, &answers.clone().map(|bytes| schema::answer(&status, bytes)));
        }
        stage
    }

    /// What both sides answer to a line.
    fn act(&mut self, act: &Act<'_>, line: &Line<'_>) -> [String; 2] {
        match act {
            Act::Call { user, method, message, keep } => {
                let method = schema::method(method);
                let answers = self.call(&method, *user, message);
                if let Some((name, field)) = keep
                    && let [Ok(theirs), Ok(ours)] = &answers
                {
                    let both = [theirs, ours].map(|bytes| schema::answer(&method, bytes.clone()));
                    self.keep(name, field, &both);
                }
                self.texts(&method, answers)
            }
            Act::Send { stream, user, method, message } => {
                self.send(stream, *user, method, message);
                Default::default()
            }
            Act::Expect { stream, count } => self.listen(stream, *count, PATIENCE),
            Act::Quiet { stream } => self.listen(stream, 1, QUIET),
            Act::End { stream } => {
                let (_, streams) = self
                    .streams
                    .get_mut(*stream)
                    .unwrap_or_else(|| panic!("line {}: there is no stream {stream}", line.number));
                streams.iter_mut().for_each(Stream::end);
                let texts = self.listen(stream, usize::MAX, PATIENCE);
                self.streams.remove(*stream);
                texts
            }
            Act::Sleep { milliseconds } => {
                std::thread::sleep(Duration::from_millis(*milliseconds));
                Default::default()
            }
        }
    }

    fn call(&mut self, method: &MethodDescriptor, user: Option<&str>, text: &str) -> [Answer; 2] {
        let path = schema::path(method);
        let messages = self.requests(method, text);
        let tokens = self.tokens(user);
        let tokens = [tokens[0].as_deref(), tokens[1].as_deref()];
        if !method.is_server_streaming() {
            return self.pair.call(&path, tokens, messages);
        }
        // The first message of the answer stands for all.
        let sides = [&self.pair.etcd, &self.pair.ours];
        let mut streams =
            messages.into_iter().zip(sides).zip(tokens).map(|((first, side), token)| {
                let mut stream = side.open(self.pair.runtime.handle(), &path, token, first);
                stream.end();
                self.pair.runtime.block_on(stream.next()).map(Option::unwrap_or_default)
            });
        [(); 2].map(|()| streams.next().expect("there are two"))
    }

    fn send(&mut self, name: &str, user: Option<&str>, method: &str, text: &str) {
        let method = schema::method(method);
        let messages = self.requests(&method, text);
        if let Some((_, streams)) = self.streams.get(name) {
            streams.iter().zip(messages).for_each(|(stream, message)| stream.send(message));
            return;
        }
        let path = schema::path(&method);
        let [theirs, ours] = messages;
        let tokens = self.tokens(user);
        let runtime = self.pair.runtime.handle();
        let streams = [
            self.pair.etcd.open(runtime, &path, tokens[0].as_deref(), theirs),
            self.pair.ours.open(runtime, &path, tokens[1].as_deref(), ours),
        ];
        self.streams.insert(name.to_owned(), (method, streams));
    }

    /// Up to `count` messages of a stream, or its end, or that nothing came in time.
    fn listen(&mut self, name: &str, count: usize, patience: Duration) -> [String; 2] {
        let (method, [theirs, ours]) = self.streams.get_mut(name).expect("it was opened");
        let method = method.clone();
        let [theirs, ours] = self.pair.runtime.block_on(async {
            let heard = [Cell::new(0), Cell::new(0)];
            let silence = (patience, self.slowness);
            let theirs = gather(theirs, count, silence, [&heard[0], &heard[1]]);
            let ours = gather(ours, count, silence, [&heard[1], &heard[0]]);
            let (theirs, ours) = tokio::join!(theirs, ours);
            [theirs, ours]
        });
        let mut texts = [String::new(), String::new()];
        for (side, (mut answers, text)) in [theirs, ours].into_iter().zip(&mut texts).enumerate() {
            order_watchers(&method, &mut answers);
            for answer in answers {
                let line = match answer {
                    Heard::Message(bytes) => self.text(side, schema::answer(&method, bytes)),
                    Heard::Error(error) => format!("{} {}", error.code, error.message),
                    Heard::End => "end".to_owned(),
                    Heard::Nothing => "nothing".to_owned(),
                };
                let _ = write!(text, "\n        {line}");
            }
        }
        texts
    }

    /// The text of a request as both sides get it: their own ids for names.
    fn requests(&self, method: &MethodDescriptor, text: &str) -> [bytes::Bytes; 2] {
        [0, 1].map(|side| {
            let text = with_values(text, &self.kept[side]);
            let request = schema::request(method, &text);
            request.unwrap_or_else(|error| panic!("{text} is no request: {error}"))
        })
    }

    fn tokens(&self, user: Option<&str>) -> [Option<String>; 2] {
        [0, 1].map(|side| {
            user.map(|name| self.kept[side].get(name).cloned().unwrap_or_else(|| name.to_owned()))
        })
    }

    fn keep(&mut self, name: &str, field: &str, answers: &[DynamicMessage; 2]) {
        for (kept, answer) in self.kept.iter_mut().zip(answers) {
            if let Some(value) = field_of(answer, field) {
                kept.insert(name.to_owned(), value);
            }
        }
    }

    fn texts(&self, method: &MethodDescriptor, answers: [Answer; 2]) -> [String; 2] {
        let mut side = 0;
        answers.map(|answer| {
            let text = match answer {
                Ok(bytes) => self.text(side, schema::answer(method, bytes)),
                Err(error) => format!("{} {}", error.code, error.message),
            };
            side += 1;
            text
        })
    }

    /// A message with names for ids.
    fn text(&self, side: usize, mut message: DynamicMessage) -> String {
        normal::normalise(&mut message, self.version);
        with_names(&schema::text(&message), &self.kept[side])
    }
}

fn host(side: &Side) -> String {
    let address = side.cluster.members[0].address();
    address.split(':').next().unwrap_or_default().to_owned()
}

enum Heard {
    Message(bytes::Bytes),
    Error(glasshouse_core::api::Error),
    End,
    Nothing,
}

/// Listens until nothing has come for as long as `patience`. Where the other side has heard more, this one
/// may be slow: it is listened to for as long as `slowness`.
async fn gather(
    stream: &mut Stream,
    count: usize,
    (patience, slowness): (Duration, Duration),
    [mine, others]: [&Cell<usize>; 2],
) -> Vec<Heard> {
    let mut heard = Vec::new();
    let mut silent_since = Instant::now();
    while heard.len() < count {
        let next = match timeout(patience, stream.next()).await {
            Ok(Ok(Some(bytes))) => Heard::Message(bytes),
            Ok(Ok(None)) => Heard::End,
            Ok(Err(error)) => Heard::Error(error),
            Err(_) if mine.get() < others.get() && silent_since.elapsed() < slowness => continue,
            Err(_) => Heard::Nothing,
        };
        silent_since = Instant::now();
        let is_last = !matches!(next, Heard::Message(_));
        if !matches!(next, Heard::Nothing) {
            mine.set(mine.get() + 1);
        }
        heard.push(next);
        if is_last {
            break;
        }
    }
    heard
}

/// Which watcher of a stream hears first of one revision is up to chance in etcd: they are compared
/// in order of their ids. Revisions stay in the order in which they came.
fn order_watchers(method: &MethodDescriptor, heard: &mut [Heard]) {
    if schema::short_name(method) != "Watch/Watch" {
        return;
    }
    let events = |heard: &Heard| match heard {
        Heard::Message(bytes) => {
            let response = WatchResponse::decode(bytes.clone()).expect("it is a response");
            let revision = response.header.map_or(0, |header| header.revision);
            (!response.events.is_empty()).then_some((revision, response.watch_id))
        }
        _ => None,
    };
    let same = |a: &Heard, b: &Heard| match (events(a), events(b)) {
        (Some(a), Some(b)) => a.0 == b.0,
        _ => false,
    };
    heard.chunk_by_mut(same).for_each(|run| run.sort_by_key(events));
}

/// `kvs.0.create_revision` of a message, as text.
fn field_of(message: &DynamicMessage, path: &str) -> Option<String> {
    let mut value = Value::Message(message.clone());
    for word in path.split('.') {
        value = match &value {
            Value::Message(message) => message.get_field_by_name(word)?.into_owned(),
            Value::List(list) => list.get(word.parse::<usize>().ok()?)?.clone(),
            _ => return None,
        };
    }
    match value {
        Value::U64(number) => Some(number.to_string()),
        Value::I64(number) => Some(number.to_string()),
        Value::String(text) => Some(text),
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        _ => None,
    }
}

/// `$lease` becomes what this side's answer said.
fn with_values(text: &str, kept: &BTreeMap<String, String>) -> String {
    let mut text = text.to_owned();
    // Longer names first: `$lease2` is not `$lease` and a 2.
    for (name, value) in kept.iter().rev() {
        text = text.replace(&format!("${name}"), value);
    }
    text
}

/// The other way round. Short values are no ids: they may stand for anything.
fn with_names(text: &str, kept: &BTreeMap<String, String>) -> String {
    let mut text = text.to_owned();
    for (name, value) in kept.iter().filter(|(_, value)| value.len() >= 8) {
        text = text.replace(value, &format!("${name}"));
    }
    text
}
