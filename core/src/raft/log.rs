//! The raft log in memory: everything behind the last compaction.
//!
//! raft reads its log through its `Storage` trait; this is that storage. It is filled at recovery
//! from the WAL and then by every [`Output`](super::Output), before the bytes are durable: raft
//! itself knows how far its log is persisted, and commits nothing beyond.
//!
//! ```text
//!        base (index, term: known, entry gone)
//!          v
//!   ...... 4 | 5  6  7  8  9 10 |          entries[0] is index 5
//!                    ^ stored: the durable store holds everything up to here;
//!                      a member that needs entry 4 or older gets a snapshot of it
//! ```

use raft::eraftpb::{ConfState, Entry, HardState, Snapshot, SnapshotMetadata};
use raft::{Error, GetEntriesContext, RaftState, Storage, StorageError};

/// Where a log begins: the last entry that is no longer in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Base {
    pub(crate) index: u64,
    pub(crate) term: u64,
}

/// raft's view of the log.
pub(crate) struct Log {
    base: Base,
    entries: Vec<Entry>,
    pub(crate) hard_state: HardState,
    /// The configuration at recovery; raft asks for it once.
    conf_state: ConfState,
    /// What the durable store holds.
    pub(crate) stored: SnapshotMetadata,
}

impl Log {
    pub(crate) fn new(
        base: Base,
        entries: Vec<Entry>,
        hard_state: HardState,
        stored: SnapshotMetadata,
    ) -> Self {
        let conf_state = stored.get_conf_state().clone();
        Self { base, entries, hard_state, conf_state, stored }
    }

    /// Adds entries; the first one replaces what stands at its index and behind it.
    pub(super) fn append(&mut self, entries: &[Entry]) {
        let Some(first) = entries.first() else { return };
        assert!(
            first.index > self.base.index && first.index <= self.last() + 1,
            "entry {} does not continue a log of {}..={}",
            first.index,
            self.base.index + 1,
            self.last()
        );
        self.entries.truncate(self.place(first.index));
        self.entries.extend_from_slice(entries);
    }

    /// The log was replaced by a snapshot.
    pub(super) fn restart_behind(&mut self, meta: &SnapshotMetadata) {
        self.base = Base { index: meta.index, term: meta.term };
        self.entries.clear();
    }

    /// Forgets entries up to and including `index`.
    pub(super) fn compact(&mut self, index: u64) {
        if index <= self.base.index {
            return;
        }
        assert!(index <= self.stored.index, "compacting {index} before it is stored");
        let term = self.term(index).expect("a stored entry is in the log");
        self.entries.drain(..=self.place(index));
        self.base = Base { index, term };
    }

    /// Entries `low .. high`; both must be inside the log.
    pub(super) fn slice(&self, low: u64, high: u64) -> &[Entry] {
        let high = high.min(self.last() + 1).max(low);
        &self.entries[self.place(low)..self.place(high)]
    }

    fn last(&self) -> u64 {
        self.base.index + self.entries.len() as u64
    }

    fn place(&self, index: u64) -> usize {
        usize::try_from(index - self.base.index - 1).expect("a log in memory is addressable")
    }
}

impl Storage for Log {
    fn initial_state(&self) -> raft::Result<RaftState> {
        Ok(RaftState::new(self.hard_state.clone(), self.conf_state.clone()))
    }

    fn entries(
        &self,
        low: u64,
        high: u64,
        max_size: impl Into<Option<u64>>,
        _context: GetEntriesContext,
    ) -> raft::Result<Vec<Entry>> {
        if low <= self.base.index {
            return Err(Error::Store(StorageError::Compacted));
        }
        if high > self.last() + 1 {
            return Err(Error::Store(StorageError::Unavailable));
        }
        let all = self.slice(low, high);
        let budget = max_size.into().unwrap_or(u64::MAX);
        let mut bytes = 0_u64;
        let fitting = all
            .iter()
            .enumerate()
            .take_while(|(at, entry)| {
                // An estimate without encoding: 24 bytes cover term, index and type.
                bytes = bytes.saturating_add(entry.data.len() as u64 + 24);
                *at == 0 || bytes <= budget
            })
            .count();
        Ok(all[..fitting].to_vec())
    }

    fn term(&self, index: u64) -> raft::Result<u64> {
        if index == self.base.index {
            return Ok(self.base.term);
        }
        if index < self.base.index {
            return Err(Error::Store(StorageError::Compacted));
        }
        if index > self.last() {
            return Err(Error::Store(StorageError::Unavailable));
        }
        Ok(self.entries[self.place(index)].term)
    }

    fn first_index(&self) -> raft::Result<u64> {
        Ok(self.base.index + 1)
    }

    fn last_index(&self) -> raft::Result<u64> {
        Ok(self.last())
    }

    /// A snapshot is only its place here; the rows come from the store when the message leaves
    /// ([`crate::snapshot`]). A member that joined a moment ago would refuse one that does not know
    /// it, so that it waits until the store does.
    fn snapshot(&self, request_index: u64, to: u64) -> raft::Result<Snapshot> {
        let conf = self.stored.get_conf_state();
        let knows = |to| [&conf.voters, &conf.learners].iter().any(|ids| ids.contains(&to));
        let is_old = self.stored.index < request_index.max(self.base.index);
        if self.stored.index == 0 || is_old || !knows(to) {
            return Err(Error::Store(StorageError::SnapshotTemporarilyUnavailable));
        }
        let mut snapshot = Snapshot::default();
        snapshot.set_metadata(self.stored.clone());
        Ok(snapshot)
    }
}
