//! Which entry of the log is which call's: what people want to see and no message says.
//!
//! The member that is asked gives its proposal a random id, and the id is in the entry. So whenever
//! a log grows, its new entries are looked at, and whoever waits for one of them is known.
//!
//! ```text
//!   call 17 ──► n2: id 9c41 ──► entry 34 of term 4 {9c41, put a 1} ──► n3, in append 12
//!                     └─────── who waits for 9c41? ──────┘    Entered { 17, n3, 34, 4, 12 }
//! ```
//!
//! It is no part of the record: nothing here is hashed, and a world where nobody asked for it
//! ([`World::follow_calls`]) makes none of it.

use std::collections::{BTreeMap, VecDeque};

use glasshouse_core::api::RequestHeader;
use glasshouse_core::id::CallId;
use glasshouse_core::node::{EntryKind, EntryView, NodeView};
use prost::Message as _;

use super::{State, World};
use crate::clock::Nanos;
use crate::place::MemberNo;

/// Ids that are remembered after their calls were answered: slow followers get the entries later.
const IDS_MAX: usize = 4096;

/// A log and a call met, or parted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PathNote {
    /// The next event of the record comes behind it.
    pub(crate) seq: u64,
    /// When.
    pub(crate) at: Nanos,
    /// Whose log.
    pub(crate) member: MemberNo,
    /// What happened to it.
    pub(crate) what: PathStep,
}

/// What happened to a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PathStep {
    /// It holds the entry of a call, in memory; on disk it will be with this append.
    Entered { call: CallId, index: u64, term: u64, append: Option<u64> },
    /// Its entries from this index on were taken back.
    Gone { from: u64 },
}

/// An entry's header; everything else of it is passed over.
#[derive(Clone, PartialEq, prost::Message)]
struct Headed {
    #[prost(message, optional, tag = "100")]
    header: Option<RequestHeader>,
}

/// What is known of logs and calls.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    /// The last entry of each log: index and term.
    ends: BTreeMap<MemberNo, (u64, u64)>,
    ids: BTreeMap<u64, CallId>,
    forgetting: VecDeque<u64>,
    notes: Vec<PathNote>,
}

impl Paths {
    /// The entries that are new in a member's log, and from where on older ones are gone.
    fn fresh(&mut self, no: MemberNo, view: NodeView<'_>) -> (Vec<EntryView>, Option<u64>) {
        let last = view.last_index();
        let end = (last, view.term_at(last).unwrap_or(0));
        let Some(before) = self.ends.insert(no, end) else { return (Vec::new(), None) };
        if before == end {
            return (Vec::new(), None);
        }
        let is_kept = before.0 <= last && view.term_at(before.0) == Some(before.1);
        // Committed entries are never taken back.
        let from = if is_kept { before.0 } else { before.0.min(view.commit()) } + 1;
        let from = from.max(view.first_index());
        let fresh = if from > last { Vec::new() } else { view.entries(from, last) };
        (fresh, (!is_kept).then_some(from))
    }

    fn remember(&mut self, id: u64, call: CallId) {
        if self.ids.insert(id, call).is_some() {
            return;
        }
        self.forgetting.push_back(id);
        if self.forgetting.len() > IDS_MAX
            && let Some(oldest) = self.forgetting.pop_front()
        {
            self.ids.remove(&oldest);
        }
    }
}

impl State {
    /// A member made a step; `append` is the last one that it gave out in it.
    pub(super) fn follow_calls(&mut self, no: MemberNo, append: Option<u64>) {
        let Some(mut paths) = self.paths.take() else { return };
        if let Some(node) = self.member(no).node() {
            let (seq, at) = (self.record.next_seq(), self.now());
            let (fresh, gone) = paths.fresh(no, node.view());
            let note = |what| PathNote { seq, at, member: no, what };
            paths.notes.extend(gone.map(|from| note(PathStep::Gone { from })));
            for entry in fresh.iter().filter(|entry| entry.kind == EntryKind::Request) {
                let header = Headed::decode(entry.data.clone()).ok().and_then(|one| one.header);
                let Some(id) = header.map(|header| header.id) else { continue };
                let waits = || self.members.iter().find_map(|one| one.node()?.view().call_of(id));
                let Some(call) = paths.ids.get(&id).copied().or_else(waits) else { continue };
                paths.remember(id, call);
                let (index, term) = (entry.index, entry.term);
                paths.notes.push(note(PathStep::Entered { call, index, term, append }));
            }
        }
        self.paths = Some(paths);
    }
}

impl World {
    /// Notes from here on which entries are which calls'. Whoever asks for it takes the notes, or they
    /// pile up.
    pub(crate) fn follow_calls(&mut self) {
        self.state().paths.get_or_insert_default();
    }

    /// The notes since the last time.
    pub(crate) fn take_path_notes(&self) -> Vec<PathNote> {
        self.state()
            .paths
            .as_mut()
            .map(|paths| std::mem::take(&mut paths.notes))
            .unwrap_or_default()
    }
}
