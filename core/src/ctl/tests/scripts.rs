//! Golden scripts: what etcdctl 3.5.16 really printed, and which calls it made.
//!
//! `tests/scripts/ctl/README.md` explains the format. The request of every call must be byte for
//! byte the recorded one; the answers are the recorded ones; so must be what is printed.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::api::{self, Code, Response};
use crate::ctl::*;

#[test]
fn kv() {
    play(include_str!("../../../../tests/scripts/ctl/kv.txt"));
}

#[test]
fn txn() {
    play(include_str!("../../../../tests/scripts/ctl/txn.txt"));
}

#[test]
fn leases() {
    play(include_str!("../../../../tests/scripts/ctl/lease.txt"));
}

#[test]
fn members() {
    play(include_str!("../../../../tests/scripts/ctl/members.txt"));
}

#[test]
fn learner() {
    play(include_str!("../../../../tests/scripts/ctl/learner.txt"));
}

#[test]
fn member_arguments() {
    play(include_str!("../../../../tests/scripts/ctl/member-arguments.txt"));
}

#[test]
fn alarms() {
    play(include_str!("../../../../tests/scripts/ctl/alarms.txt"));
}

#[test]
fn usage() {
    play(include_str!("../../../../tests/scripts/ctl/usage.txt"));
}

/// Commands that etcdctl 3.5 has not: the second one came with 3.6.
const MORE: [&str; 2] = ["cluster ", "downgrade "];

/// The root's page lists the commands of etcdctl, and what is more.
#[test]
fn the_root_lists_commands_of_etcdctl() {
    let recorded = include_str!("../../../../tests/scripts/ctl/root-help.txt");
    let [case] = cases(recorded).try_into().unwrap();
    let squeeze = |text: &[u8]| {
        let text = String::from_utf8(text.to_vec()).unwrap();
        let squeezed = |line: &str| {
            let cells: Vec<_> = line.split('\t').filter(|cell| !cell.is_empty()).collect();
            cells.join("\t")
        };
        text.lines().map(squeezed).collect::<Vec<_>>()
    };
    let printed = case.run().0;
    assert_eq!(printed.exit_code, 0);
    let (ours, theirs) = (squeeze(&printed.stdout), squeeze(&case.output.stdout));
    let commands = |page: &[String]| {
        let from = page.iter().position(|line| line == "COMMANDS:").unwrap();
        let to = page.iter().position(|line| line == "OPTIONS:").unwrap();
        (from, to)
    };
    let ((our_from, our_to), (from, to)) = (commands(&ours), commands(&theirs));
    assert_eq!(ours[..=our_from], theirs[..=from]);
    assert_eq!(ours[our_to..], theirs[to..]);
    let is_more = |line: &str| MORE.iter().any(|more| line.starts_with(more));
    for line in ours[our_from..our_to].iter().filter(|line| !is_more(line)) {
        assert!(theirs[from..to].contains(line), "etcdctl does not list {line:?}");
    }
}

fn play(script: &str) {
    let cases = cases(script);
    assert!(cases.len() > 5, "the script is read");
    let mut wrong = String::new();
    for case in &cases {
        let (output, complaints) = case.run();
        if output != case.output || !complaints.is_empty() {
            wrong += &format!(
                "\n$ {}\n{complaints}--- recorded\n{}--- printed\n{}",
                case.line,
                show(&case.output),
                show(&output)
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn show(output: &Output) -> String {
    format!(
        "{}(stderr) {}(exit {})\n",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
        output.exit_code
    )
}

/// One command with everything that was recorded of it.
#[derive(Debug, Default)]
struct Case {
    line: String,
    input: Vec<u8>,
    calls: Vec<Recorded>,
    output: Output,
}

/// One call as it went over the wire.
#[derive(Clone, Debug)]
struct Recorded {
    /// Empty when the call never left: the endpoint was down.
    path: String,
    endpoint: String,
    request: Vec<u8>,
    answer: Option<Result<Vec<u8>, api::Error>>,
    took: Duration,
}

impl Case {
    /// Plays the driver. Answers arrive in the order in which they were recorded.
    fn run(&self) -> (Output, String) {
        let mut words = words(&self.line).unwrap();
        let program = words.iter().position(|word| word == "etcdctl").unwrap();
        let argv = words.split_off(program + 1);
        let environment: BTreeMap<String, String> = words[..program]
            .iter()
            .map(|word| word.split_once('=').unwrap())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let mut session = Session::start(argv, &environment);
        let mut input = self.input.as_slice();
        let mut unused: Vec<Recorded> = self.calls.clone();
        let mut under_way: Vec<(usize, Call)> = Vec::new();
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let mut complaints = String::new();
        loop {
            match session.next() {
                Step::Call(call) => {
                    let at = unused.iter().position(|recorded| recorded.fits(&call));
                    if at.is_none() {
                        complaints += &format!("no such call was recorded: {call:?}\n");
                    }
                    under_way.push((at.unwrap_or(usize::MAX), call));
                }
                Step::Read(Input::All) => session.on_input(std::mem::take(&mut input)),
                Step::Read(Input::Line { prompt }) => {
                    stdout.extend_from_slice(prompt.as_bytes());
                    let end = input.iter().position(|byte| *byte == b'\n');
                    let (line, rest) = input.split_at(end.map_or(input.len(), |end| end + 1));
                    input = rest;
                    session.on_input(line);
                }
                Step::Read(Input::Password { prompt }) => {
                    stdout.extend_from_slice(prompt.as_bytes());
                    stdout.push(b'\n');
                    let end = input.iter().position(|byte| *byte == b'\n');
                    let (line, rest) = input.split_at(end.map_or(input.len(), |end| end + 1));
                    input = rest;
                    session.on_input(line);
                }
                Step::Wait => {
                    under_way.sort_by_key(|(at, _)| *at);
                    let (at, call) = under_way.remove(0);
                    let recorded = unused.get(at).cloned();
                    let (result, took) = answer(&call, &mut unused, recorded);
                    session.on_result(call.id, result, took);
                }
                Step::Write(output) => {
                    stdout.extend(output.stdout);
                    stderr.extend(output.stderr);
                }
                Step::Done(mut output) => {
                    output.stdout.splice(0..0, stdout);
                    output.stderr.splice(0..0, stderr);
                    let left = unused.iter().filter(|recorded| !recorded.path.is_empty()).count();
                    if left > 0 {
                        complaints += &format!("{left} recorded calls were not made\n");
                    }
                    return (output, complaints);
                }
                step => panic!("what goes on is not recorded: {step:?}"),
            }
        }
    }
}

/// The recorded answer, after the retries that etcd's client makes.
fn answer(
    call: &Call,
    unused: &mut [Recorded],
    mut recorded: Option<Recorded>,
) -> (Result<Response, CallError>, Duration) {
    loop {
        let Some(one) = recorded else {
            return (Err(CallError::DeadlineExceeded), Duration::ZERO);
        };
        if let Some(at) = unused.iter().position(|other| other.same(&one)) {
            // The bytes stay for a call that is under way with a higher place.
            unused[at].path.clear();
            unused[at].request = b"used".to_vec();
        }
        let error = match one.answer {
            None => return (Err(CallError::DeadlineExceeded), one.took),
            Some(Ok(bytes)) => {
                return (Ok(call.request.decode_response(&bytes).unwrap()), one.took);
            }
            Some(Err(error)) => error,
        };
        if !may_retry(&call.request, &error) {
            return (Err(CallError::Status(error)), one.took);
        }
        let again = unused.iter().find(|other| !other.path.is_empty() && other.fits(call)).cloned();
        if again.is_none() {
            return (Err(CallError::DeadlineExceeded), one.took);
        }
        recorded = again;
    }
}

impl Recorded {
    fn fits(&self, call: &Call) -> bool {
        let endpoint = match &call.endpoint {
            Endpoint::Any => true,
            // Calls to other clusters are not recorded.
            Endpoint::Elsewhere(_) => false,
            Endpoint::Named(name) => name.trim_start_matches("http://") == self.endpoint,
        };
        let request = self.path.is_empty() && self.request.is_empty()
            || call.request.path() == format!("/etcdserverpb.{}", self.path)
                && call.request.encode_to_vec() == self.request;
        endpoint && request
    }

    fn same(&self, other: &Self) -> bool {
        self.path == other.path
            && self.endpoint == other.endpoint
            && self.request == other.request
            && self.answer == other.answer
            && self.took == other.took
    }
}

/// Reads a script.
fn cases(script: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in script.lines() {
        let (mark, rest) = line.split_at(line.len().min(1));
        if mark == "$" {
            cases.push(Case { line: rest.trim().to_owned(), ..Default::default() });
        }
        let Some(case) = cases.last_mut() else { continue };
        match mark {
            "." => match rest.strip_prefix("! ") {
                Some(text) => case.input.extend_from_slice(text.as_bytes()),
                None => append_line(&mut case.input, rest),
            },
            ">" => case.calls.push(recorded(rest.trim())),
            "<" => case.calls.last_mut().unwrap().set_answer(rest.trim()),
            "|" => append(&mut case.output.stdout, rest),
            "!" => append(&mut case.output.stderr, rest),
            "=" => case.output.exit_code = rest.trim().parse().unwrap(),
            _ => {}
        }
    }
    cases
}

/// ` a line`, or `" "bytes without the end of a line"`.
fn append(out: &mut Vec<u8>, text: &str) {
    match text.strip_prefix("\" ") {
        Some(quoted) => out.extend(go::unquote(quoted.as_bytes()).unwrap().0),
        None => append_line(out, text),
    }
}

fn append_line(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.strip_prefix(' ').unwrap_or(text).as_bytes());
    out.push(b'\n');
}

/// `KV/Put @127.0.0.1:2379 "bytes"`, or `timeout @127.0.0.1:2379 took 1s`.
fn recorded(text: &str) -> Recorded {
    let mut parts = text.splitn(3, ' ');
    let path = parts.next().unwrap();
    let endpoint = parts.next().unwrap().trim_start_matches('@').to_owned();
    let rest = parts.next().unwrap_or_default();
    if path == "timeout" {
        let took = took(rest);
        let (path, request) = (String::new(), Vec::new());
        return Recorded { path, endpoint, request, answer: None, took };
    }
    let request = go::unquote(rest.as_bytes()).unwrap().0;
    let took = Duration::ZERO;
    Recorded { path: path.to_owned(), endpoint, request, answer: None, took }
}

impl Recorded {
    /// `"bytes"` or `error 11 text`, and perhaps `took 1.5ms`.
    fn set_answer(&mut self, text: &str) {
        if let Some(error) = text.strip_prefix("error ") {
            let (error, rest) = error.split_once(" took ").unwrap_or((error, "0s"));
            let (code, message) = error.split_once(' ').unwrap();
            let code = Code::from_number(code.parse().unwrap());
            self.answer = Some(Err(api::Error::new(code, message.to_owned())));
            self.took = took(&format!("took {rest}"));
        } else {
            let (bytes, rest) = go::unquote(text.as_bytes()).unwrap();
            self.answer = Some(Ok(bytes));
            self.took = took(std::str::from_utf8(rest).unwrap().trim());
        }
    }
}

fn took(text: &str) -> Duration {
    let nanos = text.strip_prefix("took ").map(|text| go::parse_duration(text.as_bytes()).unwrap());
    Duration::from_nanos(nanos.unwrap_or(0).try_into().unwrap())
}
