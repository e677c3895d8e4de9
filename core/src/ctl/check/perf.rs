//! `check perf`: writes at a rate for a minute, and judges rate and latency.

use std::time::Duration;

use super::Size;
use super::bar::{self, Bar};
use super::work::{Heard, Work};
use crate::api::Response;
use crate::ctl::Exit;
use crate::ctl::flags::FlagSet;
use crate::ctl::job::{Flow, Job, Moved};
use crate::ctl::session::{CallError, CallId, Session};
use crate::ctl::stream::TimerId;

/// How long it lasts.
const LASTS: Duration = Duration::from_secs(60);

/// The shortest pause between two looks at the clock: rates above a thousand let several puts in.
const PACE_MIN: Duration = Duration::from_millis(1);

/// Bytes of the random part of a key, and of a value.
const KEY_BYTES: usize = 256;
const VALUE_BYTES: usize = 1024;

/// Seconds that the slowest write may take, and that durations may deviate.
const SLOWEST_MAX: f64 = 0.5;
const DEVIATION_MAX: f64 = 0.1;

/// One run of `check perf`.
#[derive(Debug)]
pub(in crate::ctl) struct Perf {
    /// Writes for each second.
    rate: u32,
    work: Work,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Somebody may have keys there; then the first timer gives the time.
    Starting,
    Writing(Writing),
    /// The last timer gives the time; it began then.
    Ending(Duration),
    Tidying {
        all: Duration,
    },
}

#[derive(Debug)]
struct Writing {
    began: Duration,
    bar: Bar,
    /// The timer of the bar; all others are for the pace.
    drawing: TimerId,
    let_in: u64,
    is_over: bool,
}

impl Perf {
    pub(in crate::ctl) fn new(flags: &FlagSet) -> Result<Self, Exit> {
        let (rate, clients) = match Size::from_flags(flags)? {
            Size::Small => (150, 50),
            Size::Medium => (1000, 200),
            Size::Large => (8000, 500),
            Size::XLarge => (15_000, 1000),
        };
        let work = Work::new(flags, false, clients, KEY_BYTES, VALUE_BYTES);
        Ok(Self { rate, work, state: State::Starting })
    }

    fn pace(&self) -> Duration {
        (Duration::from_secs(1) / self.rate).max(PACE_MIN)
    }

    fn start(&mut self, session: &mut Session, now: Duration) {
        let mut bar = Bar::new(LASTS.as_secs(), now);
        session.output().out(bar.line(0, now));
        let drawing = session.timer(bar::EVERY);
        let writing = Writing { began: now, bar, drawing, let_in: 0, is_over: false };
        self.state = State::Writing(writing);
        self.write(session, now);
    }

    /// Lets in what is due by now.
    fn write(&mut self, session: &mut Session, now: Duration) {
        let pace = self.pace();
        let State::Writing(writing) = &mut self.state else { return };
        let passed = now.saturating_sub(writing.began);
        let all = u64::from(self.rate) * LASTS.as_secs();
        let due = passed.as_nanos() * u128::from(self.rate) / 1_000_000_000 + 1;
        let due = u64::try_from(due).unwrap_or(all).min(all);
        // What could not be let in when it was due is not made up for.
        let more = due.saturating_sub(writing.let_in).min(self.work.load.room());
        writing.let_in = writing.let_in.max(due);
        self.work.load.let_in(session, more);
        if passed < LASTS {
            session.timer(pace);
            return;
        }
        writing.is_over = true;
        session.output().out(writing.bar.end(LASTS.as_secs(), now));
        self.end_when_idle(session);
    }

    fn end_when_idle(&mut self, session: &mut Session) {
        if let State::Writing(writing) = &self.state
            && writing.is_over
            && self.work.load.is_idle()
        {
            self.state = State::Ending(writing.began);
            session.timer(Duration::ZERO);
        }
    }

    /// The judgement.
    fn judge(&self, session: &mut Session, all: Duration) -> Moved {
        let report = &self.work.load.report;
        let output = session.output();
        let mut passes = report.errors.is_empty();
        output.out(report.complaints());
        let per_second = report.per_second(all);
        // Whole writes for each second, rounded up.
        let shown = format!("{:.0}", per_second.floor() + 1.0);
        if per_second / f64::from(self.rate) <= 0.9 {
            output.out_line(format!("FAIL: Throughput too low: {shown} writes/s"));
            passes = false;
        } else {
            output.out_line(format!("PASS: Throughput is {shown} writes/s"));
        }
        let slowest = report.slowest();
        if slowest > SLOWEST_MAX {
            output.out_line(format!("Slowest request took too long: {slowest:.6}s"));
            passes = false;
        } else {
            output.out_line(format!("PASS: Slowest request took {slowest:.6}s"));
        }
        let deviation = report.deviation();
        if deviation > DEVIATION_MAX {
            output.out_line(format!("Stddev too high: {deviation:.6}s"));
            passes = false;
        } else {
            output.out_line(format!("PASS: Stddev is {deviation:.6}s"));
        }
        output.out_line(if passes { "PASS" } else { "FAIL" });
        if passes { Ok(Flow::Over) } else { Err(Exit { code: 1, text: None }) }
    }
}

impl Job for Perf {
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
        match (self.work.on_answer(session, id, result, took)?, &self.state) {
            (Heard::Clear, _) => {
                session.timer(Duration::ZERO);
            }
            (Heard::Put, _) => self.end_when_idle(session),
            (Heard::Tidied, State::Tidying { all }) => return self.judge(session, *all),
            (Heard::Tidied | Heard::Nothing, _) => {}
        }
        Ok(Flow::GoesOn)
    }

    fn on_timer(&mut self, session: &mut Session, timer: TimerId, now: Duration) -> Moved {
        match &mut self.state {
            State::Starting => self.start(session, now),
            State::Writing(writing) if writing.drawing == timer && !writing.is_over => {
                let seconds = now.saturating_sub(writing.began).as_secs();
                let line = writing.bar.line(seconds.min(LASTS.as_secs() - 1), now);
                writing.drawing = session.timer(bar::EVERY);
                session.output().out(line);
            }
            State::Writing(writing) if !writing.is_over => self.write(session, now),
            State::Ending(began) => {
                let all = now.saturating_sub(*began);
                self.state = State::Tidying { all };
                self.work.tidy(session)?;
            }
            _ => {}
        }
        Ok(Flow::GoesOn)
    }

    fn takes_interrupt(&self) -> bool {
        matches!(&self.state, State::Writing(writing) if !writing.is_over)
    }

    /// The keys are deleted, and what was written so far is judged.
    fn on_interrupt(&mut self, session: &mut Session) -> Moved {
        if let State::Writing(writing) = &mut self.state {
            writing.is_over = true;
        }
        self.end_when_idle(session);
        Ok(Flow::GoesOn)
    }
}
