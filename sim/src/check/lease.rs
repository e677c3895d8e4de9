//! Leases: never early, gone for good, and not forgotten.
//!
//! * **Not early.** A lease lives for its time to live after it was granted, and after every renewal that
//!   a client was told of, counted from the moment at which that client asked.
//! * **Gone is gone.** When the log has revoked a lease, nobody who asks afterwards is told that it
//!   lives. (That its keys went with it, in one revision, is the model's to say.)
//! * **Not forgotten.** In peace, a lease that nobody renews ends; `liveness` asks [`Leases::awaited`].
//! * **Not prolonged.** What a leader has counted of a long lease stands in the log before the next one gives
//!   it its full time again; [`checkpoint`] sees to that.
//!
//! Only the leader counts time, on its own clock, and clocks run wrong in this world. So there are two
//! clocks here: one goes at every moment as fast as the fastest clock of any member, one as slow as
//! the slowest. No member counts more than the first, none less than the second; a member that dies
//! and one that takes over count on after each other, within the same bounds.

mod checkpoint;

use std::collections::{BTreeMap, BTreeSet};

use glasshouse_core::api::{InternalRaftRequest, Request, Response};
use glasshouse_core::node::{EntryKind, EntryView, NodeView};
use prost::Message as _;

use super::{Property, Violation};
use crate::clock::{Nanos, Rate, SECOND};
use crate::model::Model;
use crate::place::MemberNo;

/// How much longer a lease may live in peace than its time: a renewal that its client has given up may
/// wait in a member for another seven seconds (`patience_ticks` of the core's calls), and a revoke waits
/// for a tick and a commit, and if it is lost is proposed again.
const SLACK: Nanos = 13 * SECOND;

/// The fastest and the slowest clock that there could be.
#[derive(Debug)]
struct Clocks {
    now: Nanos,
    fast: Nanos,
    slow: Nanos,
    fastest: Rate,
    slowest: Rate,
}

impl Clocks {
    fn advance(&mut self, now: Nanos) {
        let passed = now.saturating_sub(self.now);
        self.fast += self.fastest.counted(passed);
        self.slow += self.slowest.counted(passed);
        self.now = now;
    }
}

/// A lease that stands in the committed log.
#[derive(Debug)]
struct Known {
    ttl: Nanos,
    /// It must live until the fast clock shows this.
    promised: Nanos,
    /// What the slow clock showed when it could have been renewed for the last time.
    touched: Nanos,
}

/// What was promised about leases.
#[derive(Debug)]
pub(super) struct Leases {
    clocks: Clocks,
    known: BTreeMap<i64, Known>,
    /// What the fast clock showed when the log revoked a lease.
    gone: BTreeMap<i64, Nanos>,
    /// Leases that a client asked to revoke: they may end at any time.
    asked_back: BTreeSet<i64>,
    checkpoints: checkpoint::Checkpoints,
    /// How many leases ended without that.
    pub(super) expired: u64,
}

impl Default for Leases {
    fn default() -> Self {
        let (fastest, slowest) = (Rate::TRUE, Rate::TRUE);
        Self {
            clocks: Clocks { now: 0, fast: 0, slow: 0, fastest, slowest },
            known: BTreeMap::new(),
            gone: BTreeMap::new(),
            asked_back: BTreeSet::new(),
            checkpoints: checkpoint::Checkpoints::default(),
            expired: 0,
        }
    }
}

impl Leases {
    /// Time has passed; what the fast clock shows now.
    pub(super) fn at(&mut self, now: Nanos) -> Nanos {
        self.clocks.advance(now);
        self.clocks.fast
    }

    /// The time that was told last.
    pub(super) fn now(&self) -> Nanos {
        self.clocks.now
    }

    /// Clocks run at other rates from now on.
    pub(super) fn on_rates(&mut self, now: Nanos, rates: impl Iterator<Item = Rate> + Clone) {
        self.clocks.advance(now);
        self.clocks.fastest = rates.clone().max().unwrap_or(Rate::TRUE);
        self.clocks.slowest = rates.min().unwrap_or(Rate::TRUE);
    }

    /// A member leads a new term: it may give every lease the time again that the log grants it.
    pub(super) fn on_leader(&mut self, no: MemberNo, term: u64) -> Option<Violation> {
        for known in self.known.values_mut() {
            known.touched = self.clocks.slow;
        }
        self.checkpoints.on_leader(no, term)
    }

    /// A member's clock has ticked.
    pub(super) fn on_tick(&mut self, no: MemberNo, view: NodeView<'_>) {
        self.checkpoints.on_tick(no, view);
    }

    /// A member made a step.
    pub(super) fn on_step(&mut self, no: MemberNo, last_index: u64) {
        self.checkpoints.on_step(no, last_index);
    }

    /// Leaders note what is left of a lease after so many ticks.
    pub(super) fn expect_checkpoints(&mut self, every_seconds: u64, tick_ms: u64) {
        self.checkpoints.expect(every_seconds, tick_ms);
    }

    /// A client asks.
    pub(super) fn on_called(&mut self, request: &Request) {
        if let Request::LeaseRevoke(revoke) = request {
            self.asked_back.insert(revoke.id);
        }
    }

    /// An entry is committed for the first time anywhere, and the model has applied it.
    pub(super) fn on_committed(&mut self, entry: &EntryView, model: &Model) -> Option<Violation> {
        if entry.kind != EntryKind::Request {
            return None;
        }
        let request = InternalRaftRequest::decode(entry.data.clone()).ok()?;
        self.checkpoints.on_committed(entry.index, entry.term, &request, model);
        if let Some(grant) = request.lease_grant
            && let Some(ttl) = model.lease(grant.id)
        {
            let (ttl, fast) = (nanos(ttl), self.clocks.fast);
            self.gone.remove(&grant.id);
            let known = Known { ttl, promised: fast + ttl, touched: self.clocks.slow };
            self.known.entry(grant.id).or_insert(known);
        }
        let id = request.lease_revoke?.id;
        if model.lease(id).is_some() {
            return None;
        }
        let known = self.known.remove(&id)?;
        self.gone.insert(id, self.clocks.fast);
        if self.asked_back.contains(&id) {
            return None;
        }
        self.expired += 1;
        let early = known.promised.checked_sub(self.clocks.fast).filter(|left| *left > 0)?;
        let seen = format!("entry {} revokes it, and nobody asked for that", entry.index);
        Some(Violation::new(Property::Leases, None, promise(id, early), seen))
    }

    /// A client's call is over, with this answer or without one. `asked` is what the fast clock
    /// showed when it began.
    pub(super) fn on_end(
        &mut self,
        member: MemberNo,
        request: &Request,
        response: Option<&Response>,
        asked: Nanos,
    ) -> Option<Violation> {
        let (id, renewed) = match (request, response) {
            (Request::LeaseKeepAlive(request), response) => {
                if let Some(known) = self.known.get_mut(&request.id) {
                    known.touched = self.clocks.slow;
                }
                let Some(Response::LeaseKeepAlive(response)) = response else { return None };
                (response.ttl > 0).then_some((request.id, nanos(response.ttl)))?
            }
            (Request::LeaseTimeToLive(request), Some(Response::LeaseTimeToLive(response))) => {
                (response.ttl >= 0).then_some((request.id, 0))?
            }
            _ => return None,
        };
        let promised = asked + renewed;
        if let Some(known) = self.known.get_mut(&id) {
            known.promised = known.promised.max(promised);
        }
        let gone = *self.gone.get(&id)?;
        // One that a client took back may end within its time, but not before somebody asked.
        let until = if self.asked_back.contains(&id) { asked } else { promised };
        (gone < until).then(|| {
            let known = format!("the log had revoked lease {id:x}");
            let seen = format!("{member} answers {} as if it lived", request.name());
            Violation::new(Property::Leases, member, known, seen)
        })
    }

    /// A lease that must end before `deadline` and has not.
    pub(super) fn awaited(&self, deadline: Nanos) -> Option<i64> {
        let left = deadline.saturating_sub(self.clocks.now);
        let slow_then = self.clocks.slow + self.clocks.slowest.counted(left);
        let ends = |known: &Known| known.touched.saturating_add(known.ttl).saturating_add(SLACK);
        self.known.iter().find(|(_, known)| ends(known) <= slow_then).map(|(id, _)| *id)
    }
}

fn nanos(seconds: i64) -> Nanos {
    u64::try_from(seconds).unwrap_or(0).saturating_mul(SECOND)
}

fn promise(id: i64, left: Nanos) -> String {
    let millis = left / crate::clock::MILLIS;
    format!("lease {id:x} was promised to live {millis} ms longer even by the fastest clock")
}

/// A member that has applied everything has exactly the leases that the committed log adds up to.
pub(crate) fn compare(model: &Model, no: MemberNo, view: NodeView<'_>) -> Option<Violation> {
    let ours: Vec<_> =
        view.lessor().leases().map(|(id, lease)| (id, lease.ttl, lease.keys.clone())).collect();
    let theirs: Vec<_> = model.leases().map(|(id, ttl)| (id, ttl, model.keys_of(id))).collect();
    (ours != theirs).then(|| {
        let known = format!("the committed log adds up to the leases {theirs:?}");
        Violation::new(Property::Leases, no, known, format!("{no} holds {ours:?}"))
    })
}
