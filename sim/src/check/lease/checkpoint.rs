//! What is left of a lease is in the log before another leader counts.
//!
//! Time is in the leader's memory only, so a change of leaders would give each lease its full time again, for
//! ever if leaders change often. Therefore a leader writes into the log now and then how much of a
//! long lease is left (etcd issues 2660, 17132).
//!
//! ```text
//!    leader n1, ticks   0      10      20     21     24        the next leader
//!    lease of 3 s       granted ─────► due    ▲      ▲         gives it what the log says:
//!    log of n1                                note   put       2 s, or 3 s if there is no note
//! ```
//!
//! Everything is counted in that leader's own ticks. A note that was due before an entry was appended stands
//! before it in the leader's log; so when the entry is committed, the note is.

use std::collections::{BTreeMap, VecDeque};

use glasshouse_core::api::InternalRaftRequest;
use glasshouse_core::node::{NodeView, Role};

use super::super::{Property, Violation};
use crate::model::Model;
use crate::place::MemberNo;

/// Ticks that a note may be late: the tick at which it is due is told by the next one.
const LATE_TICKS: u64 = 3;

/// Ticks that the leader may need to apply what is committed: its disk may be slow.
const APPLIED_TICKS: u64 = 10;

/// A lease, as the present leader counts it.
#[derive(Debug)]
struct Counted {
    /// Seconds that the log grants it.
    granted: i64,
    /// The deadline that was seen last, and since when it is that.
    deadline: Option<u64>,
    since: u64,
    /// The log has a note that is not older than that.
    noted: bool,
}

/// The present leader's time.
#[derive(Debug)]
struct Reign {
    no: MemberNo,
    term: u64,
    ticks: u64,
    /// Entries of its log that are not committed: (index, tick at which it was appended).
    appended: VecDeque<(u64, u64)>,
    last_index: u64,
    /// Its last entry that is committed was appended at this tick.
    proved: u64,
}

/// Leases and the notes about them.
#[derive(Debug, Default)]
pub(super) struct Checkpoints {
    /// Seconds between two notes, and the ticks that these are; 0 before that is known.
    interval_seconds: i64,
    interval_ticks: u64,
    reign: Option<Reign>,
    leases: BTreeMap<i64, Counted>,
}

impl Checkpoints {
    pub(super) fn expect(&mut self, every_seconds: u64, tick_ms: u64) {
        self.interval_seconds = i64::try_from(every_seconds).unwrap_or(i64::MAX);
        self.interval_ticks = every_seconds.saturating_mul(1000).div_ceil(tick_ms.max(1));
    }

    /// Somebody else counts from now on.
    pub(super) fn on_leader(&mut self, no: MemberNo, term: u64) -> Option<Violation> {
        let next =
            Reign { no, term, ticks: 0, appended: VecDeque::new(), last_index: 0, proved: 0 };
        let last = self.reign.replace(next);
        let verdict = last.and_then(|last| self.judge(&last, no, term));
        for counted in self.leases.values_mut() {
            (counted.deadline, counted.since, counted.noted) = (None, 0, false);
        }
        verdict
    }

    fn judge(&self, last: &Reign, no: MemberNo, term: u64) -> Option<Violation> {
        // What is left is rounded up to seconds; with one second it is the whole time again.
        if self.interval_seconds < 2 || term <= last.term {
            return None;
        }
        let due = |counted: &Counted| counted.since + self.interval_ticks + LATE_TICKS;
        let is_missing = |counted: &Counted| {
            counted.deadline.is_some()
                && !counted.noted
                && counted.granted > self.interval_seconds
                && due(counted) < last.proved
        };
        let (id, counted) = self.leases.iter().find(|(_, counted)| is_missing(counted))?;
        let (of, ticks) = (last.no, last.proved.saturating_sub(counted.since));
        Some(Violation::new(
            Property::Leases,
            no,
            format!(
                "{of}, leader of term {}, has counted {ticks} ticks of lease {id:x}",
                last.term
            ),
            format!(
                "the log does not say so, and {no}, leader of term {term}, gives it {} s again",
                counted.granted
            ),
        ))
    }

    pub(super) fn on_tick(&mut self, no: MemberNo, view: NodeView<'_>) {
        let Some(reign) = self.reign.as_mut().filter(|reign| reign.no == no) else { return };
        if view.role() != Role::Leader || view.term() != reign.term {
            return;
        }
        reign.ticks += 1;
        let Some(deadlines) = view.lease_deadlines() else { return };
        for (id, counted) in &mut self.leases {
            let deadline = deadlines.tick_of(*id);
            if counted.deadline != deadline {
                (counted.deadline, counted.since, counted.noted) = (deadline, reign.ticks, false);
            }
        }
    }

    pub(super) fn on_step(&mut self, no: MemberNo, last_index: u64) {
        let Some(reign) = self.reign.as_mut().filter(|reign| reign.no == no) else { return };
        if last_index > reign.last_index {
            reign.last_index = last_index;
            reign.appended.push_back((last_index, reign.ticks));
        }
    }

    /// An entry is committed for the first time anywhere, and the model has applied it.
    pub(super) fn on_committed(
        &mut self,
        index: u64,
        term: u64,
        request: &InternalRaftRequest,
        model: &Model,
    ) {
        if let Some(reign) = self.reign.as_mut().filter(|reign| reign.term == term) {
            while let Some((_, tick)) = reign.appended.pop_front_if(|(last, _)| *last <= index) {
                reign.proved = tick;
            }
        }
        if let Some(grant) = &request.lease_grant
            && let Some(granted) = model.lease(grant.id)
        {
            let fresh = Counted { granted, deadline: None, since: 0, noted: false };
            self.leases.entry(grant.id).or_insert(fresh);
        }
        let now = self.reign.as_ref().map_or(0, |reign| reign.ticks);
        for checkpoint in request.lease_checkpoint.iter().flat_map(|all| &all.checkpoints) {
            if let Some(counted) = self.leases.get_mut(&checkpoint.id) {
                let all = model.lease(checkpoint.id).unwrap_or(0);
                let left = Some(checkpoint.remaining_ttl).filter(|left| *left > 0);
                (counted.granted, counted.noted) = (left.unwrap_or(all), left.is_some());
                // The next one is due so long after the leader has applied this one.
                counted.since = now + APPLIED_TICKS;
            }
        }
        if let Some(revoke) = &request.lease_revoke
            && model.lease(revoke.id).is_none()
        {
            self.leases.remove(&revoke.id);
        }
    }
}
