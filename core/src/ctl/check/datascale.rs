//! `check datascale`: writes many keys as fast as they are taken, and tells by how much the first
//! endpoint's memory has grown.

use std::time::Duration;

use super::Size;
use super::bar::{self, Bar};
use super::work::{Heard, Work};
use crate::api::Response;
use crate::ctl::Exit;
use crate::ctl::flags::FlagSet;
use crate::ctl::job::{Flow, Job, Moved};
use crate::ctl::session::{CallError, CallId, Session};
use crate::ctl::stream::{FetchId, TimerId};

/// Bytes of the random part of a key, of a value, and of both together.
const KEY_BYTES: usize = 512;
const VALUE_BYTES: usize = 512;

/// The metric that tells a process's memory.
const METRIC: &str = "process_resident_memory_bytes";

/// One run of `check datascale`.
#[derive(Debug)]
pub(in crate::ctl) struct Datascale {
    keys: u64,
    clients: usize,
    work: Work,
    /// Bytes of memory before and after.
    before: f64,
    after: f64,
    bar: Option<Bar>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Once nobody has keys there.
    MeasuringBefore,
    Starting,
    Writing,
    /// The last timer gives the time.
    Ending,
    MeasuringAfter,
    Tidying,
}

impl Datascale {
    pub(in crate::ctl) fn new(flags: &FlagSet) -> Result<Self, Exit> {
        let (keys, clients) = match Size::from_flags(flags)? {
            Size::Small => (10_000, 50),
            Size::Medium => (100_000, 200),
            Size::Large => (1_000_000, 500),
            Size::XLarge => (3_000_000, 1000),
        };
        let work = Work::new(flags, true, clients, KEY_BYTES, VALUE_BYTES);
        let state = State::MeasuringBefore;
        Ok(Self { keys, clients, work, before: 0.0, after: 0.0, bar: None, state })
    }

    fn measure(session: &mut Session) {
        let endpoint = session.config().endpoints.first().cloned().unwrap_or_default();
        let scheme = if endpoint.contains("://") { "" } else { "http://" };
        session.fetch(format!("{scheme}{endpoint}/metrics"));
    }

    /// The metric's value, or etcdctl's complaints.
    fn measured(
        session: &mut Session,
        page: &Result<Vec<u8>, String>,
        when: &str,
    ) -> Result<f64, Exit> {
        let value = match page {
            Err(why) => Err(format!("fetch error: {why}")),
            Ok(page) => {
                let page = String::from_utf8_lossy(page);
                let line = page.lines().find_map(|line| line.strip_prefix(METRIC));
                match line.map(|value| value.trim().parse::<f64>()) {
                    None => Err(format!("could not find: {METRIC}")),
                    Some(Err(why)) => Err(format!("parse error: {why}")),
                    Some(Ok(value)) => Ok(value),
                }
            }
        };
        match value {
            Ok(value) if value != 0.0 => return Ok(value),
            Ok(_) => {}
            Err(why) => session.output().out_line(why),
        }
        session
            .output()
            .out_line(format!("FAIL: Could not read {METRIC} {when} the put operations."));
        Err(Exit { code: 1, text: None })
    }

    fn judge(&self, session: &mut Session) -> Moved {
        let report = &self.work.load.report;
        if !report.errors.is_empty() {
            session.output().out(report.complaints());
            return Err(Exit { code: 1, text: None });
        }
        let megabytes = (self.after - self.before) / (1024.0 * 1024.0);
        session
            .output()
            .out_line(format!("PASS: Approximate system memory used : {megabytes:.2} MB."));
        Ok(Flow::Over)
    }
}

impl Job for Datascale {
    fn begin(&mut self, session: &mut Session) -> Moved {
        self.work.begin(session)?;
        Ok(Flow::GoesOn)
    }

    fn on_answer(
        &mut self,
        session: &mut Session,
        id: CallId,
        result: Result<Response, CallError>,
        took: Duration,
    ) -> Moved {
        match self.work.on_answer(session, id, result, took)? {
            Heard::Clear => Self::measure(session),
            Heard::Put if self.work.load.is_idle() => {
                self.state = State::Ending;
                session.timer(Duration::ZERO);
            }
            Heard::Tidied => return self.judge(session),
            Heard::Put | Heard::Nothing => {}
        }
        Ok(Flow::GoesOn)
    }

    fn on_fetched(
        &mut self,
        session: &mut Session,
        _: FetchId,
        page: Result<Vec<u8>, String>,
    ) -> Moved {
        match self.state {
            State::MeasuringBefore => {
                self.before = Self::measured(session, &page, "before")?;
                session.output().out_line(format!(
                    "Start data scale check for work load [{} key-value pairs, {} bytes per key-value, {} concurrent clients].",
                    self.keys,
                    KEY_BYTES + VALUE_BYTES,
                    self.clients
                ));
                self.state = State::Starting;
                session.timer(Duration::ZERO);
            }
            State::MeasuringAfter => {
                self.after = Self::measured(session, &page, "after")?;
                self.state = State::Tidying;
                self.work.tidy(session)?;
            }
            _ => {}
        }
        Ok(Flow::GoesOn)
    }

    fn on_timer(&mut self, session: &mut Session, _: TimerId, now: Duration) -> Moved {
        match self.state {
            State::Starting => {
                let mut bar = Bar::new(self.keys, now);
                session.output().out(bar.line(0, now));
                self.bar = Some(bar);
                session.timer(bar::EVERY);
                self.state = State::Writing;
                self.work.load.let_in(session, self.keys);
            }
            State::Writing => {
                let line = self.bar.as_mut().map(|bar| bar.line(self.work.load.ended, now));
                session.output().out(line.unwrap_or_default());
                session.timer(bar::EVERY);
            }
            State::Ending => {
                let line = self.bar.as_mut().map(|bar| bar.end(self.work.load.ended, now));
                session.output().out(line.unwrap_or_default());
                self.state = State::MeasuringAfter;
                Self::measure(session);
            }
            _ => {}
        }
        Ok(Flow::GoesOn)
    }
}
