//! One operation with what became of it, and its way through the cluster.

use std::sync::Arc;

use glasshouse_core::api::{Request, Response};
use glasshouse_core::id::CallId;
use glasshouse_core::order;

use crate::clock::{MICROS, Nanos};
use crate::linear::{is_a_no, is_operation};
use crate::place::{ClientNo, MemberNo};
use crate::trace::CallEnd;
use crate::view::call::history::{Operation, Outcome, Step, StepKind};
use crate::view::words;

/// An operation that is drawn.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) call: CallId,
    pub(super) client: ClientNo,
    pub(super) member: MemberNo,
    pub(super) request: Arc<Request>,
    pub(super) called_at: Nanos,
    pub(super) end: Option<(Nanos, CallEnd)>,
    /// The term in which it was answered, or that it was asked in.
    pub(super) term: u64,
    /// Its place in the order found, and its moment there.
    pub(super) placed: Option<(u64, Nanos)>,
    pub(super) path: Path,
}

/// Where it came through.
#[derive(Debug, Default)]
pub(super) struct Path {
    pub(super) arrived: Option<Nanos>,
    /// To whom a follower handed it, or whom it asked for a read index.
    pub(super) handed: Option<(MemberNo, Nanos)>,
    pub(super) confirms: Option<Nanos>,
    pub(super) index_known: Option<Nanos>,
    /// Index and term.
    pub(super) entry: Option<(u64, u64)>,
    pub(super) copies: Vec<Copy>,
    pub(super) committed: Option<(MemberNo, Nanos)>,
    pub(super) applied: Option<Nanos>,
    pub(super) answered: Option<Nanos>,
}

/// An entry in a member's log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Copy {
    pub(super) member: MemberNo,
    pub(super) at: Nanos,
    /// On disk with this append; none was there already.
    pub(super) append: Option<u64>,
    pub(super) synced: Option<Nanos>,
}

/// Whether a call is drawn: what reads or writes keys.
pub(super) fn is_drawn(request: &Request) -> bool {
    is_operation(request) || matches!(request, Request::Range(_) | Request::Txn(_))
}

impl Kept {
    pub(super) fn new(
        call: CallId,
        (client, member): (ClientNo, MemberNo),
        request: &Arc<Request>,
        called_at: Nanos,
        term: u64,
    ) -> Self {
        let (request, path) = (Arc::clone(request), Path::default());
        Self { call, client, member, request, called_at, end: None, term, placed: None, path }
    }

    pub(super) fn is_write(&self) -> bool {
        !matches!(*self.request, Request::Range(_))
    }

    /// More can become of it: an answer, a commit, a copy on a platter.
    pub(super) fn is_moving(&self) -> bool {
        let Path { entry, copies, committed, .. } = &self.path;
        self.end.is_none()
            || entry.is_some() && committed.is_none()
            || copies.iter().any(|copy| copy.synced.is_none())
    }

    /// The operation as the page draws it.
    pub(super) fn operation(&self, client: String) -> Operation {
        let told = self.end.as_ref().and_then(|(_, end)| end.success());
        let (outcome, why) = self.outcome();
        Operation {
            id: self.call.0,
            client,
            member: self.member.number().into(),
            words: words::operation(&self.request, told),
            write: self.is_write(),
            outside: !is_operation(&self.request),
            called_us: self.called_at / MICROS,
            returned_us: self.end.as_ref().map(|(at, _)| at / MICROS),
            outcome,
            why,
            term: self.path.entry.map_or(self.term, |(_, term)| term),
            entry: self.path.entry.map(|(index, _)| index),
            revision: told.and_then(Response::header).map(|header| header.revision),
            place: self.placed.map(|(place, _)| place),
            point_us: self.placed.map(|(_, at)| at / MICROS),
        }
    }

    fn outcome(&self) -> (Outcome, String) {
        let Some((_, end)) = &self.end else { return (Outcome::Open, String::new()) };
        // A read without an answer has done nothing, whatever became of it.
        let lost = if self.is_write() { Outcome::Unknown } else { Outcome::Refused };
        let (outcome, why) = match end {
            CallEnd::Answer(answer) => match answer.as_ref() {
                Ok(_) => (Outcome::Done, ""),
                Err(error) if is_a_no(error.code) => (Outcome::Refused, &*error.message),
                Err(error) => (lost, &*error.message),
            },
            CallEnd::NoConnection => (Outcome::Refused, "connection refused"),
            CallEnd::Broken => (lost, "the connection broke"),
            CallEnd::TimedOut => (lost, "the client gave up"),
            CallEnd::Canceled => (lost, "the client took it back"),
        };
        (outcome, why.to_string())
    }

    /// Its way, in order of time; what is open comes last.
    pub(super) fn way(&self, now: Nanos) -> Vec<Step> {
        let alias = |no: MemberNo| Some(no.number().into());
        let (asked, path) = (self.member, &self.path);
        let (index, term) = path.entry.unwrap_or_default();
        let step = |what, at: Nanos, member| Step {
            at_us: Some(at / MICROS),
            what,
            member: alias(member),
            index,
            term,
            ..Step::default()
        };
        let mut way = vec![step(StepKind::Asked, self.called_at, asked)];
        way.extend(path.arrived.map(|at| step(StepKind::Arrived, at, asked)));
        way.extend(path.handed.map(|(to, at)| {
            let what = if self.is_write() { StepKind::HandedOn } else { StepKind::ReadIndex };
            Step { other: alias(to), ..step(what, at, asked) }
        }));
        way.extend(path.confirms.map(|at| step(StepKind::Confirms, at, asked)));
        way.extend(path.index_known.map(|at| step(StepKind::ReadIndexKnown, at, asked)));
        for (nth, copy) in path.copies.iter().enumerate() {
            let what = if nth == 0 { StepKind::Proposed } else { StepKind::Received };
            way.push(step(what, copy.at, copy.member));
            let until = copy.synced.unwrap_or(now);
            let took_us = until.saturating_sub(copy.at) / MICROS;
            let at_us = copy.synced.map(|at| at / MICROS);
            way.push(Step { at_us, took_us, ..step(StepKind::OnDisk, 0, copy.member) });
        }
        way.extend(path.committed.map(|(member, at)| step(StepKind::Committed, at, member)));
        way.extend(path.applied.map(|at| step(StepKind::Applied, at, asked)));
        way.extend(path.answered.map(|at| step(StepKind::Answered, at, asked)));
        let returned = Step { took_us: self.took_us(now), ..step(StepKind::Returned, 0, asked) };
        let at_us = self.end.as_ref().map(|(at, _)| at / MICROS);
        way.push(Step { at_us, ..returned });
        order::sort_by_key(&mut way, |step| (step.at_us.is_none(), step.at_us));
        way
    }

    fn took_us(&self, now: Nanos) -> u64 {
        let until = self.end.as_ref().map_or(now, |(at, _)| *at);
        until.saturating_sub(self.called_at) / MICROS
    }
}
