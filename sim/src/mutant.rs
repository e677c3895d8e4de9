//! Planted faults: bugs that real systems had, put into a member from outside.
//!
//! A checker that never fires proves nothing. Each mutant here breaks one rule that the protocol
//! rests on, by rewriting what passes between the node and its world; the node itself is the same
//! sound code that the server runs. Every mutant must be caught within 500 seeds
//! (`tests/mutants`), and none may be caught where none is planted.

use std::fmt;

/// One planted fault. It applies to every member of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mutant {
    /// The disk thread says "durable" when the bytes have reached the page cache, before the
    /// fsync. A power failure then takes back what was promised (Jepsen, NATS 2.12.1).
    AckBeforeFsync,
    /// A vote is not written before it is given: records of term and vote alone wait in memory
    /// until an entry is appended. A crash forgets the vote, and the member votes again in the
    /// same term (Raft, figure 2, "persistent state").
    VoteNotPersisted,
    /// Every member answers a linearizable read from its own store, without asking the leader
    /// and without waiting (Jepsen, etcd 0.4.1).
    LocalRead,
    /// Now and then the last event of a response to a watcher is left out (etcd issue 18089: a
    /// delete at the compacted revision).
    LostEvent,
    /// Now and then a response to a watcher is sent twice, as when a cursor is not moved on.
    DoubledEvent,
    /// Every member answers a keep-alive by itself, from the leases that it knows, without asking the
    /// leader. The deadline in the leader's memory does not move (the effect of etcd issue 15247 on a
    /// client: a renewal that is acknowledged and not there).
    LocalRenewal,
    /// The first member stores another value than it was told, now and then: memory that flipped a bit
    /// before any checksum was made, or a bug in apply (etcd issue 13766, data inconsistency).
    RottenRow,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::AckBeforeFsync,
        Self::VoteNotPersisted,
        Self::LocalRead,
        Self::LostEvent,
        Self::DoubledEvent,
        Self::LocalRenewal,
        Self::RottenRow,
    ];

    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AckBeforeFsync => "ack-before-fsync",
            Self::VoteNotPersisted => "vote-not-persisted",
            Self::LocalRead => "local-read",
            Self::LostEvent => "lost-event",
            Self::DoubledEvent => "doubled-event",
            Self::LocalRenewal => "local-renewal",
            Self::RottenRow => "rotten-row",
        }
    }

    /// The mutant with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mutant| mutant.name() == name)
    }
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
