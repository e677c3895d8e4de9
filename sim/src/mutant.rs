//! Planted faults: bugs that real systems had, put into a member from outside.
//!
//! A checker that never fires proves nothing. Each mutant here breaks one rule that the protocol
//! rests on, by rewriting what passes between the node and its world; the node itself is the same
//! sound code that the server runs. Every mutant must be caught within 500 seeds
//! (`tests/mutants`), and none may be caught where none is planted.

pub(crate) mod watch;

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
    /// The events of a response to a watcher come in reverse.
    BackwardEvents,
    /// A revision of several events comes in two responses, and none says that it is a fragment.
    TornRevision,
    /// A watch that goes on from a revision begins one behind it: what changed there is never told.
    LateResume,
    /// A word of progress overtakes events of revisions that it speaks of (etcd issue 15220).
    OvertakingProgress,
    /// The pair before the event is the pair after it.
    FalsePrevKv,
    /// Every put is told as if it made its key.
    FalseCreate,
    /// The member forgets what a watcher does not want to hear.
    ForgottenFilter,
    /// Every member answers a keep-alive by itself, from the leases that it knows, without asking the
    /// leader. The deadline in the leader's memory does not move (the effect of etcd issue 15247 on a
    /// client: a renewal that is acknowledged and not there).
    LocalRenewal,
    /// A member asks nobody who he is: whoever calls is taken for root, and may do everything (etcd
    /// CVE-2018-16886: a certificate's name made anybody a user).
    EverybodyIsRoot,
    /// The first member stores another value than it was told, now and then: memory that flipped a bit
    /// before any checksum was made, or a bug in apply (etcd issue 13766, data inconsistency).
    RottenRow,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::AckBeforeFsync,
        Self::VoteNotPersisted,
        Self::LocalRead,
        Self::LostEvent,
        Self::DoubledEvent,
        Self::BackwardEvents,
        Self::TornRevision,
        Self::LateResume,
        Self::OvertakingProgress,
        Self::FalsePrevKv,
        Self::FalseCreate,
        Self::ForgottenFilter,
        Self::LocalRenewal,
        Self::EverybodyIsRoot,
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
            Self::BackwardEvents => "backward-events",
            Self::TornRevision => "torn-revision",
            Self::LateResume => "late-resume",
            Self::OvertakingProgress => "overtaking-progress",
            Self::FalsePrevKv => "false-prev-kv",
            Self::FalseCreate => "false-create",
            Self::ForgottenFilter => "forgotten-filter",
            Self::LocalRenewal => "local-renewal",
            Self::EverybodyIsRoot => "everybody-is-root",
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
