//! `make-mirror`: copies the keys of one cluster into another, and then every change of them.
//!
//! ```text
//!   ask for the revision ──► read page after page as of then ──► put each key at the destination
//!                       ──► watch from the next revision on  ──► one transaction for each revision
//! ```
//!
//! Keys that the destination has and the source has not are left alone. The destination is written one
//! call after the other, so that it goes through the same states as the source.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use super::Exit;
use super::config::{self, Tls, User};
use super::flags::{Arg, FlagSet};
use super::get::Span;
use super::job::{Flow, Job, Moved, may_watch_again};
use super::session::{CallError, CallId, Elsewhere, Endpoint, Input, Session, wrong_answer};
use super::stream::{StreamId, TimerId};
use crate::api::mvccpb::event::EventType;
use crate::api::request_op::Request as Op;
use crate::api::{
    AuthenticateRequest, DeleteRangeRequest, Error, Event, KeyValue, PutRequest, RangeRequest,
    RangeResponse, Request, RequestOp, Response, TxnRequest, WatchCreateRequest, WatchResponse,
};
use crate::concurrency::cancel_reason;

/// Keys of one page (`batchLimit` in etcd's `client/v3/mirror`).
const PAGE_KEYS: i64 = 1000;

/// How often the number of copied keys is printed.
const COUNTED_EVERY: Duration = Duration::from_secs(30);

/// One run of `make-mirror`.
#[derive(Debug)]
pub(super) struct Mirroring {
    destination: Elsewhere,
    /// Who writes there.
    user: Option<User>,
    token: Option<String>,
    prefix: Arg,
    dest_prefix: Arg,
    no_dest_prefix: bool,
    /// Keys copied so far, deletions included.
    copied: u64,
    /// What is as of then is copied; what comes later is watched. 0 until it is known; with `--rev` it is
    /// the one before, and nothing is copied.
    revision: i64,
    /// How many changes one transaction may hold, as the destination allows it.
    max_txn_ops: usize,
    /// Writes that wait for their turn.
    waiting: VecDeque<Request>,
    /// Where the next page begins; `None` behind the last.
    next_page: Option<Bytes>,
    watched: Option<(StreamId, WatchCreateRequest)>,
    state: State,
}

/// What is under way.
#[derive(Debug, PartialEq, Eq)]
enum State {
    /// The destination's password is typed.
    Typing,
    Authenticating,
    Asking,
    Reading,
    Writing,
    /// Only the watch.
    Resting,
}

impl Mirroring {
    pub(super) fn new(flags: &FlagSet, args: &[Arg]) -> Result<Self, Exit> {
        let [destination] = args else {
            return Err(Exit::bad_args("make-mirror takes one destination argument"));
        };
        let text = |name: &str| String::from_utf8_lossy(flags.string(name)).into_owned();
        let tls = Tls {
            cert: text("dest-cert"),
            key: text("dest-key"),
            cacert: text("dest-cacert"),
            insecure_transport: flags.bool("dest-insecure-transport"),
            insecure_skip_verify: false,
        };
        tls.check()?;
        let endpoint = String::from_utf8_lossy(destination).into_owned();
        Ok(Self {
            destination: Elsewhere { endpoint, tls },
            user: config::user(&text("dest-user"), &text("dest-password")),
            token: None,
            prefix: flags.string("prefix").to_vec(),
            dest_prefix: flags.string("dest-prefix").to_vec(),
            no_dest_prefix: flags.bool("no-dest-prefix"),
            copied: 0,
            revision: flags.int64("rev").saturating_sub(1).max(0),
            max_txn_ops: usize::try_from(flags.uint64("max-txn-ops")).unwrap_or(usize::MAX).max(1),
            waiting: VecDeque::new(),
            next_page: None,
            watched: None,
            state: State::Typing,
        })
    }

    /// Logs in at the destination, if somebody wants to, and begins.
    fn log_in(&mut self, session: &mut Session) -> Moved {
        let known = |user: &mut User| !user.name.is_empty() && user.password() != "";
        // etcd's client asks as nobody without a name or without a password.
        let Some(user) = self.user.take_if(known) else { return self.begin_copy(session) };
        let (password, timeout) = (user.password().to_owned(), session.config().dial_timeout);
        let request = AuthenticateRequest { name: user.name, password };
        session.call(self.destination(), request.into(), Some(timeout));
        self.state = State::Authenticating;
        Ok(Flow::GoesOn)
    }

    fn on_token(&mut self, session: &mut Session, answer: Result<Response, CallError>) -> Moved {
        self.token = match answer {
            Ok(Response::Authenticate(response)) => Some(response.token),
            Ok(other) => return Err(wrong_answer(&"make-mirror", &other)),
            Err(CallError::Status(error)) if error == Error::AUTH_NOT_ENABLED => None,
            Err(error @ CallError::Client(_)) => return Err(error.into()),
            Err(error) => return Err(Exit::bad_connection(error.to_string())),
        };
        self.begin_copy(session)
    }

    fn destination(&self) -> Endpoint {
        Endpoint::Elsewhere(Box::new(self.destination.clone()))
    }

    /// Asks for anything, because every answer tells the revision; unless `--rev` tells it.
    fn begin_copy(&mut self, session: &mut Session) -> Moved {
        if self.revision > 0 {
            self.settle_prefix()?;
            return self.go_on(session);
        }
        let key = if self.prefix.is_empty() { b"foo" } else { self.prefix.as_slice() };
        let key = Bytes::copy_from_slice(key);
        session.ask_patiently(RangeRequest { key, ..RangeRequest::default() });
        self.state = State::Asking;
        Ok(Flow::GoesOn)
    }

    fn on_revision(&mut self, session: &mut Session, found: &RangeResponse) -> Moved {
        self.revision = found.header.map_or(0, |header| header.revision);
        self.settle_prefix()?;
        let first = if self.prefix.is_empty() { vec![0] } else { self.prefix.clone() };
        self.next_page = Some(first.into());
        self.go_on(session)
    }

    /// etcdctl finds out here, too, that the options contradict each other.
    fn settle_prefix(&mut self) -> Result<(), Exit> {
        if self.no_dest_prefix && !self.dest_prefix.is_empty() {
            return Err(Exit::bad_args(
                "`--dest-prefix` and `--no-dest-prefix` cannot be set at the same time, choose one",
            ));
        }
        if !self.no_dest_prefix && self.dest_prefix.is_empty() {
            self.dest_prefix.clone_from(&self.prefix);
        }
        Ok(())
    }

    fn on_page(&mut self, session: &mut Session, found: RangeResponse) -> Moved {
        let last = found.kvs.last().map(|pair| [&pair.key[..], &[0]].concat());
        self.next_page = last.filter(|_| found.more).map(Bytes::from);
        let puts = found.kvs.into_iter().map(|pair| Request::from(self.put(pair)));
        self.waiting = puts.collect();
        self.go_on(session)
    }

    /// The next write, else the next page, else the watch.
    fn go_on(&mut self, session: &mut Session) -> Moved {
        if let Some(request) = self.waiting.front().cloned() {
            session.call_as(self.token.clone(), self.destination(), request, None);
            self.state = State::Writing;
        } else if let Some(key) = self.next_page.take() {
            let (_, range_end) = self.range()?;
            let (limit, revision) = (PAGE_KEYS, self.revision);
            let request = RangeRequest { key, range_end, limit, revision, ..Default::default() };
            session.ask_patiently(request);
            self.state = State::Reading;
        } else {
            if self.watched.is_none() {
                let (key, range_end) = self.range()?;
                let start_revision = self.revision + 1;
                let request =
                    WatchCreateRequest { key, range_end, start_revision, ..Default::default() };
                self.watched = Some((session.open_watch(request.clone()), request));
            }
            self.state = State::Resting;
        }
        Ok(Flow::GoesOn)
    }

    /// The keys that are mirrored.
    fn range(&self) -> Result<(Bytes, Bytes), Exit> {
        let span = if self.prefix.is_empty() { Span::FromKey } else { Span::Prefix };
        let (key, end) = span.range(&self.prefix, None)?;
        Ok((key.into(), end.into()))
    }

    fn on_written(&mut self, session: &mut Session) -> Moved {
        if let Some(Request::Put(_)) = self.waiting.pop_front() {
            self.copied += 1;
        }
        self.go_on(session)
    }

    fn put(&self, pair: KeyValue) -> PutRequest {
        PutRequest { key: self.moved(&pair.key), value: pair.value, ..PutRequest::default() }
    }

    /// A key's name at the destination: the first place of the prefix in it is replaced.
    fn moved(&self, key: &Bytes) -> Bytes {
        let prefix = self.prefix.as_slice();
        let found = (0..=key.len().saturating_sub(prefix.len()))
            .find(|at| key[*at..].starts_with(prefix))
            .map(|at| (&key[..at], &key[at + prefix.len()..]));
        match found {
            Some((before, after)) => [before, &self.dest_prefix, after].concat().into(),
            None => key.clone(),
        }
    }

    /// Cuts events into one transaction for each revision, if it fits.
    fn take(&mut self, events: &[Event]) {
        let revision = |event: &Event| event.kv.as_ref().map_or(0, |pair| pair.mod_revision);
        let same = |a: &Event, b: &Event| revision(a) == revision(b);
        for events in events.chunk_by(same).flat_map(|events| events.chunks(self.max_txn_ops)) {
            let success = events.iter().map(|event| self.copy(event)).collect::<Vec<_>>();
            self.copied += success.len() as u64;
            self.waiting.push_back(TxnRequest { success, ..TxnRequest::default() }.into());
        }
    }

    fn copy(&self, event: &Event) -> RequestOp {
        let pair = event.kv.clone().unwrap_or_default();
        let op = if event.r#type == EventType::Delete as i32 {
            let key = self.moved(&pair.key);
            Op::RequestDeleteRange(DeleteRangeRequest { key, ..DeleteRangeRequest::default() })
        } else {
            Op::RequestPut(self.put(pair))
        };
        RequestOp { request: Some(op) }
    }
}

impl Job for Mirroring {
    fn begin(&mut self, session: &mut Session) -> Moved {
        session.timer(COUNTED_EVERY);
        if self.reads().is_some() {
            return Ok(Flow::GoesOn);
        }
        self.log_in(session)
    }

    fn reads(&self) -> Option<Input> {
        let must_ask = self.user.as_ref().is_some_and(|user| user.password.is_none());
        let prompt = || "Destination Password: ".to_owned();
        (self.state == State::Typing && must_ask).then(|| Input::Password { prompt: prompt() })
    }

    fn on_input(&mut self, session: &mut Session, line: &[u8]) -> Moved {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        if let Some(user) = &mut self.user {
            user.password = Some(String::from_utf8_lossy(line).into_owned());
        }
        self.log_in(session)
    }

    fn on_answer(
        &mut self,
        session: &mut Session,
        _: CallId,
        result: Result<Response, CallError>,
        _: Duration,
    ) -> Moved {
        if self.state == State::Authenticating {
            return self.on_token(session, result);
        }
        match (&self.state, result?) {
            (State::Asking, Response::Range(found)) => self.on_revision(session, &found),
            (State::Reading, Response::Range(found)) => self.on_page(session, found),
            (State::Writing, Response::Put(_) | Response::Txn(_)) => self.on_written(session),
            (_, other) => Err(wrong_answer(&"make-mirror", &other)),
        }
    }

    fn on_watch(
        &mut self,
        session: &mut Session,
        stream: StreamId,
        response: &WatchResponse,
    ) -> Moved {
        let Some((own, request)) = &mut self.watched else { return Ok(Flow::GoesOn) };
        if *own != stream {
            return Ok(Flow::GoesOn);
        }
        if response.compact_revision != 0 {
            return Err(CallError::Status(Error::COMPACTED).into());
        }
        if response.canceled {
            return Err(Exit::error(cancel_reason(response)));
        }
        if let Some(pair) = response.events.last().and_then(|event| event.kv.as_ref()) {
            request.start_revision = pair.mod_revision + 1;
        }
        self.take(&response.events);
        if self.state == State::Resting { self.go_on(session) } else { Ok(Flow::GoesOn) }
    }

    fn on_stream_end(
        &mut self,
        session: &mut Session,
        stream: StreamId,
        error: &CallError,
    ) -> Moved {
        match &mut self.watched {
            Some((own, request)) if *own == stream => {
                if !may_watch_again(error) {
                    return Err(error.clone().into());
                }
                *own = session.open_watch(request.clone());
                Ok(Flow::GoesOn)
            }
            _ => Ok(Flow::GoesOn),
        }
    }

    fn on_timer(&mut self, session: &mut Session, _: TimerId, _: Duration) -> Moved {
        session.output().out_line(self.copied.to_string());
        session.timer(COUNTED_EVERY);
        Ok(Flow::GoesOn)
    }

    fn waits_for_others(&self) -> bool {
        self.state == State::Resting
    }
}
