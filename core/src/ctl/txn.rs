//! `txn`: a transaction written as text on standard input.
//!
//! ```text
//! mod("key1") > "0"          comparisons, one a line
//!                            an empty line ends them
//! put key1 "overwrote-key1"  what to do when all of them hold: get, put, del
//!
//! put key1 "created-key1"    what to do otherwise
//!
//! ```

use super::commands::{Action, OPERATIONS};
use super::flags::{Arg, FlagSet};
use super::{Exit, Output, del, get, go, parse, put};
use crate::api::compare::{CompareResult, CompareTarget, TargetUnion};
use crate::api::request_op::Request as Op;
use crate::api::{Compare, RequestOp, TxnRequest};

/// Reads the three parts line by line.
#[derive(Debug)]
pub(super) struct Reader {
    interactive: bool,
    part: Part,
    /// Whether the part's heading was shown.
    prompted: bool,
    request: TxnRequest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Compares,
    Success,
    Failure,
}

impl Reader {
    pub(super) fn new(flags: &FlagSet, args: &[Arg]) -> Result<Self, Exit> {
        if !args.is_empty() {
            return Err(Exit::bad_args("txn command does not accept argument"));
        }
        Ok(Self {
            interactive: flags.bool("interactive"),
            part: Part::Compares,
            prompted: false,
            request: TxnRequest::default(),
        })
    }

    /// The heading to show before the next line.
    pub(super) fn prompt(&self) -> &'static str {
        match self.part {
            _ if !self.interactive || self.prompted => "",
            Part::Compares => "compares:\n",
            Part::Success => "success requests (get, put, del):\n",
            Part::Failure => "failure requests (get, put, del):\n",
        }
    }

    /// Takes a line with its line feed; the request, once the third part has ended.
    pub(super) fn on_line(
        &mut self,
        line: &[u8],
        output: &mut Output,
    ) -> Result<Option<TxnRequest>, Exit> {
        self.prompted = true;
        let Some(line) = line.strip_suffix(b"\n") else {
            return Err(Exit::invalid_input("EOF"));
        };
        let line = line.trim_ascii();
        if line.is_empty() {
            self.prompted = false;
            self.part = match self.part {
                Part::Compares => Part::Success,
                Part::Success => Part::Failure,
                Part::Failure => return Ok(Some(std::mem::take(&mut self.request))),
            };
            return Ok(None);
        }
        match self.part {
            Part::Compares => self.request.compare.push(comparison(line)?),
            Part::Success => self.request.success.push(operation(line, output)?),
            Part::Failure => self.request.failure.push(operation(line, output)?),
        }
        Ok(None)
    }
}

/// One line of the second or third part: `get`, `put` or `del` with their options.
fn operation(line: &[u8], output: &mut Output) -> Result<RequestOp, Exit> {
    let words = split(line)?;
    if words.len() < 2 {
        return Err(Exit::invalid_input([b"invalid txn compare request: ", line].concat()));
    }
    let wrong = || Exit::invalid_input([b"invalid txn request: ", line].concat());
    let invocation = parse::parse_operation(&OPERATIONS, words, output).ok_or_else(wrong)?;
    let (flags, args) = (&invocation.flags, invocation.args.as_slice());
    let op = match invocation.action {
        Action::Get => Op::RequestRange(get::request(flags, args)?),
        Action::Del => Op::RequestDeleteRange(del::request(flags, args, output)?),
        Action::Put => {
            let pending = put::Pending::new(flags, args)?;
            // Standard input holds the transaction: there is no value to read from it.
            let request = pending.ready()?.map_or_else(|| pending.on_input(b""), Ok)?;
            Op::RequestPut(request)
        }
        _ => return Err(wrong()),
    };
    Ok(RequestOp { request: Some(op) })
}

/// Splits a line into words: `"…"` as Go quotes strings, `'…'` literally, anything else up to the
/// next blank.
pub(super) fn split(line: &[u8]) -> Result<Vec<Arg>, Exit> {
    let mut words = Vec::new();
    let mut rest = line;
    while let [first, after @ ..] = rest {
        match first {
            byte if byte.is_ascii_whitespace() => rest = after,
            b'"' => match go::unquote(rest) {
                Some((word, after)) => {
                    words.push(word);
                    rest = after;
                }
                None if closing_quote(rest).is_some() => {
                    return Err(Exit::invalid_input("invalid syntax"));
                }
                None => rest = after,
            },
            b'\'' => match after.iter().position(|byte| *byte == b'\'') {
                Some(end) => {
                    words.push(after[..end].to_vec());
                    rest = &after[end + 1..];
                }
                None => rest = after,
            },
            _ => {
                let end = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
                words.push(rest[..end].to_vec());
                rest = &rest[end..];
            }
        }
    }
    Ok(words)
}

/// The place behind the quote that ends the quoted string at the start of `text`.
fn closing_quote(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// One line of the first part: `target("key") operator "value"`.
fn comparison(line: &[u8]) -> Result<Compare, Exit> {
    let malformed = |what: Arg| {
        Err(Exit::invalid_input([b"malformed comparison: ", line, what.as_slice()].concat()))
    };
    let Some(paren) = line.iter().position(|byte| *byte == b'(') else {
        return malformed(Arg::new());
    };
    let (target, rest) = (&line[..paren], &line[paren + 1..]);
    let scanned = Scanned::new(rest);
    let Some(value) = &scanned.value else {
        let got = [b"; got ", target, scanned.describe().as_bytes()].concat();
        return malformed(got);
    };
    let number = || {
        go::parse_int(value, 10)
            .map_err(|_| Exit::invalid_input([b"invalid txn compare request: ", line].concat()))
    };
    let (target, union) = match target {
        b"ver" | b"version" => (CompareTarget::Version, TargetUnion::Version(number()?)),
        b"c" | b"create" => (CompareTarget::Create, TargetUnion::CreateRevision(number()?)),
        b"m" | b"mod" => (CompareTarget::Mod, TargetUnion::ModRevision(number()?)),
        b"val" | b"value" => (CompareTarget::Value, TargetUnion::Value(value.clone().into())),
        b"lease" => (CompareTarget::Lease, TargetUnion::Lease(number()?)),
        _ => return malformed([b" (unknown target ", target, b")"].concat()),
    };
    let result = match scanned.operator.as_slice() {
        b"=" => CompareResult::Equal,
        b"!=" => CompareResult::NotEqual,
        b">" => CompareResult::Greater,
        b"<" => CompareResult::Less,
        _ => {
            return Err(Exit::invalid_input([b"invalid txn compare request: ", line].concat()));
        }
    };
    Ok(Compare {
        result: result.into(),
        target: target.into(),
        key: scanned.key.into(),
        target_union: Some(union),
        ..Default::default()
    })
}

/// What was understood of `"key") operator "value"` before the first mistake.
#[derive(Debug, Default)]
struct Scanned {
    key: Arg,
    operator: Arg,
    value: Option<Arg>,
}

impl Scanned {
    fn new(text: &[u8]) -> Self {
        let mut scanned = Self::default();
        scanned.scan(text);
        scanned
    }

    fn scan(&mut self, text: &[u8]) -> Option<()> {
        let (key, rest) = go::unquote(text.trim_ascii_start())?;
        self.key = key;
        let rest = rest.strip_prefix(b")")?;
        let operator = blanks(rest)?;
        let end = operator.iter().position(u8::is_ascii_whitespace).unwrap_or(operator.len());
        self.operator = operator[..end].to_vec();
        let value = blanks(&operator[end..])?;
        self.value = Some(go::unquote(value)?.0);
        Some(())
    }

    fn describe(&self) -> String {
        format!(
            "({}) {} {}",
            go::quote(&self.key),
            String::from_utf8_lossy(&self.operator),
            go::quote(self.value.as_deref().unwrap_or_default()),
        )
    }
}

/// What follows a run of blanks; there must be one, and something after it.
fn blanks(text: &[u8]) -> Option<&[u8]> {
    let rest = text.trim_ascii_start();
    (rest.len() < text.len() && !rest.is_empty()).then_some(rest)
}
