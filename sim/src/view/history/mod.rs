//! What clients saw, for the page: operations, the verdict on them, and numbers over time.
//!
//! ```text
//!   record ──► Book ──► Kept      the newest operations, each with its way through the cluster
//!   notes  ──►   │ ──► Judge     one order of all of them, or the answer that no order explains
//!                │ ──► Stalls    when no leader could commit
//!                └──► Counted   fsyncs, answers, commit lag
//! ```
//!
//! The verdict knows only what clients were told ([`crate::linear`]). The way of an operation is for
//! people: it comes from the record, and from [`PathNote`]s, which say which entry is whose.

mod charts;
mod judge;
mod judges;
mod kept;
mod stalls;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use glasshouse_core::id::{CallId, ClusterId};
use glasshouse_core::peer::MessageKind;

use self::charts::Counted;
use self::judge::{Found, Placed};
use self::judges::Judges;
use self::kept::{Copy, Kept, is_drawn};
use self::stalls::Stalls;
use super::call::history::{History, OPERATIONS_MAX, Verdict};
use crate::clock::{MICROS, Nanos};
use crate::place::MemberNo;
use crate::trace::{Carried, DiskStep, Event, What};
use crate::world::{PathNote, PathStep, World};

/// What the record says of clients.
#[derive(Debug, Default)]
pub(crate) struct Book {
    /// The newest [`OPERATIONS_MAX`].
    kept: BTreeMap<CallId, Kept>,
    /// Those of them that are still on their way: every sync and commit looks at these, and at no other.
    moving: BTreeSet<CallId>,
    earlier: u64,
    judge: Judges,
    stalls: Stalls,
    counted: Counted,
    /// The highest term that anybody was seen in.
    term: u64,
    /// The highest index that anybody knew to be committed, in each cluster.
    committed: BTreeMap<ClusterId, u64>,
}

impl Book {
    /// Takes the next event of the record.
    pub(super) fn hear(&mut self, event: &Event) {
        let at = event.at;
        for Placed { call, place, at } in self.judge.hear(at, &event.what).unwrap_or_default() {
            if let Some(kept) = self.kept.get_mut(&call) {
                kept.placed = Some((place, at));
            }
        }
        self.stalls.hear(event);
        self.counted.hear(at, &event.what);
        match &event.what {
            What::Called { call, client, member, request } if is_drawn(request) => {
                if self.kept.len() == OPERATIONS_MAX {
                    self.kept.pop_first();
                    self.earlier += 1;
                }
                let kept = Kept::new(*call, (*client, *member), request, at, self.term);
                self.kept.insert(*call, kept);
                self.moving.insert(*call);
            }
            What::Returned { call, end, .. } => {
                let term = self.term;
                if let Some(kept) = self.kept.get_mut(call) {
                    kept.end = Some((at, end.clone()));
                    kept.term = term;
                    if end.success().is_some() {
                        self.counted.answered(at);
                    }
                }
            }
            What::Standing { standing, .. } => self.term = self.term.max(standing.term),
            What::Delivered { to, carries, .. } => self.on_delivered(at, to.member(), *carries),
            What::Sent { from, to, carries, .. } => {
                self.on_sent(at, (from.member(), to.member()), *carries);
            }
            What::Disk { member, step: DiskStep::Synced { append } } => {
                self.on_synced(at, *member, *append);
            }
            What::Committed { member, index } => self.on_committed(at, *member, *index),
            What::Applied { member, index } => {
                self.waiting(*member, |Kept { path, .. }| {
                    let has = path.entry.is_some_and(|(entry, _)| entry <= *index);
                    if has && path.committed.is_some() {
                        path.applied.get_or_insert(at);
                    }
                });
            }
            _ => {}
        }
    }

    /// Takes a note which entry is whose.
    pub(super) fn note(&mut self, note: &PathNote) {
        let member = note.member;
        match note.what {
            PathStep::Entered { call, index, term, append } => {
                let Some(kept) = self.kept.get_mut(&call) else { return };
                self.moving.insert(call);
                if kept.path.entry != Some((index, term)) {
                    kept.path.entry = Some((index, term));
                    kept.path.copies.clear();
                }
                if kept.path.copies.iter().all(|copy| copy.member != member) {
                    let synced = append.is_none().then_some(note.at);
                    kept.path.copies.push(Copy { member, at: note.at, append, synced });
                }
            }
            PathStep::Gone { from } => {
                for kept in self.kept.values_mut() {
                    if kept.path.entry.is_some_and(|(index, _)| index >= from) {
                        kept.path.copies.retain(|copy| copy.member != member);
                    }
                }
            }
        }
    }

    /// Visits the operations at a member that wait for their answer.
    fn waiting(&mut self, member: MemberNo, mut visit: impl FnMut(&mut Kept)) {
        for call in &self.moving {
            let Some(kept) = self.kept.get_mut(call) else { continue };
            if kept.member == member && kept.end.is_none() && kept.path.answered.is_none() {
                visit(kept);
            }
        }
    }

    fn on_delivered(&mut self, at: Nanos, to: Option<MemberNo>, carries: Carried) {
        match (carries, to) {
            (Carried::Request(call), _) => {
                if let Some(kept) = self.kept.get_mut(&call) {
                    kept.path.arrived.get_or_insert(at);
                }
            }
            (Carried::Peer(info), Some(to))
                if info.kind == MessageKind::ReadIndex && info.answer =>
            {
                self.waiting(to, |kept| {
                    if !kept.is_write() && kept.path.handed.is_some() {
                        kept.path.index_known.get_or_insert(at);
                    }
                });
            }
            _ => {}
        }
    }

    fn on_sent(
        &mut self,
        at: Nanos,
        (from, to): (Option<MemberNo>, Option<MemberNo>),
        carries: Carried,
    ) {
        if let Carried::Answer(call) = carries
            && let Some(kept) = self.kept.get_mut(&call)
        {
            kept.path.answered.get_or_insert(at);
        }
        let (Carried::Peer(info), Some(from), Some(to)) = (carries, from, to) else { return };
        let about_writes = match (info.kind, info.answer) {
            (MessageKind::Propose, false) => true,
            (MessageKind::ReadIndex | MessageKind::Heartbeat, false) => false,
            _ => return,
        };
        self.waiting(from, |kept| {
            // A step that handles a question says what comes of it at the same moment.
            let is_it = kept.is_write() == about_writes && kept.path.entry.is_none();
            if !is_it || kept.path.arrived.is_none() {
                return;
            }
            match info.kind {
                MessageKind::Heartbeat if kept.path.handed.is_none() => {
                    kept.path.confirms.get_or_insert(at);
                }
                MessageKind::Heartbeat => {}
                _ => drop(kept.path.handed.get_or_insert((to, at))),
            }
        });
    }

    fn on_synced(&mut self, at: Nanos, member: MemberNo, append: u64) {
        self.moving.retain(|call| {
            let Some(kept) = self.kept.get_mut(call) else { return false };
            let copies = kept.path.copies.iter_mut().filter(|copy| copy.member == member);
            for copy in copies.filter(|copy| copy.synced.is_none()) {
                if copy.append.is_some_and(|own| own <= append) {
                    copy.synced = Some(at);
                }
            }
            kept.is_moving()
        });
    }

    fn on_committed(&mut self, at: Nanos, member: MemberNo, index: u64) {
        let committed = self.committed.entry(self.judge.cluster_of(member)).or_default();
        if index <= *committed {
            return;
        }
        let fresh = *committed + 1..=index;
        *committed = index;
        for call in &self.moving {
            let Some(kept) = self.kept.get_mut(call) else { continue };
            let has = kept.path.copies.iter().any(|copy| copy.member == member);
            if has && kept.path.entry.is_some_and(|(index, _)| fresh.contains(&index)) {
                kept.path.committed.get_or_insert((member, at));
            }
        }
    }

    /// The history as the page draws it. `blind` judges without a look at revisions.
    pub(crate) fn history(&mut self, world: &World, blind: bool, select: Option<u64>) -> History {
        let now = world.now();
        let found = match blind {
            true => self.judge.blind(now),
            false => self.judge.found(now),
        };
        let mut operations: Vec<_> =
            self.kept.values().map(|kept| kept.operation(world.client_name(kept.client))).collect();
        for Placed { call, place, at } in &found.placed {
            let at = (operations.binary_search_by_key(&call.0, |one| one.id), place, at / MICROS);
            if let (Ok(nth), place, at_us) = at {
                (operations[nth].place, operations[nth].point_us) = (Some(*place), Some(at_us));
            }
        }
        let way = select.and_then(|id| self.kept.get(&CallId(id))).map(|kept| kept.way(now));
        History {
            time_us: now / MICROS,
            verdict: verdict(&found, blind),
            operations,
            earlier: self.earlier,
            stalls: self.stalls.spans(),
            way: way.unwrap_or_default(),
            charts: self.counted.charts(),
        }
    }
}

fn verdict(found: &Found, blind: bool) -> Verdict {
    Verdict {
        kind: found.kind,
        explained: found.explained,
        open: found.open,
        steps: found.steps,
        blind,
        stuck: found.stuck.map(|call| call.0),
        against: found.against.map(|call| call.0),
        limit: found.limit.to_string(),
    }
}
