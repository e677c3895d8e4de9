//! Planted faults: bugs that real systems had, put into members from outside.
//!
//! A checker that never fires proves nothing. Each mutant breaks one rule that the cluster rests on, by
//! rewriting what passes between a node and its world; the node itself is the same sound code that
//! the server runs.
//!
//! ```text
//!     clients ──request──┐                       ┌── answers, events ──► clients
//!     peers ──message──► │  [ rewritten here ]   │  [ and here ] ──message──► peers
//!     disk ──"durable"──►└────► Node::step ──────┘──► appends, batches ──► disk
//! ```
//!
//! Which members are sick is a matter of the moment ([`Plants`]): `plant M07 n2` in a script, and
//! `unplant M07`. What each one is, where it comes from and who must catch it stands in one table
//! ([`catalogue`]). Whoever hunts sees codes only, until something is found.
//!
//! | file | what is rewritten there |
//! | --- | --- |
//! | `election` | requests for votes, and the votes |
//! | `replication` | a leader's appends and what followers say of them; snapshots |
//! | `read` | what a read waits for |
//! | `disk` | what is called durable; the log on the disk |
//! | `store` | the batches of the store, and what a crash leaves of them |
//! | `lease` | who renews and who revokes |
//! | `watch` | what watchers ask and hear |
//! | `client` | what clients do, and who they are taken for |

pub mod catalogue;
mod client;
mod disk;
mod election;
mod hooks;
mod lease;
mod message;
mod plants;
mod read;
mod replication;
mod store;
#[cfg(test)]
mod tests;
pub(crate) mod watch;

use std::fmt;

pub use catalogue::{Facts, Level};
pub use plants::Plants;

/// One planted fault. [`catalogue`] has the facts; the number of a code is the place in the list of known
/// bugs that this project began with, so some numbers are free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the catalogue says what each one is")]
pub enum Mutant {
    CommitAnyTerm,
    VoteNotPersisted,
    AckBeforeFsync,
    ApplyBeforeSave,
    LocalRead,
    ReadBeforeFirstCommit,
    ReadContextReused,
    LeaseRead,
    NoPreVote,
    PreVotesKept,
    VoteForAnyLog,
    MatchFromNext,
    IndexBehindRows,
    DefragmentForgets,
    CompactionLosesRevision,
    DeleteLostInCompaction,
    ReplayOnReconnect,
    SlowWatcherLoses,
    OvertakingProgress,
    DoubledTxnEvent,
    FutureWatch,
    RetriedWrite,
    LockNotRechecked,
    DeposedRevokes,
    NoLeaseCheckpoint,
    NeverRevoked,
    CorruptTailCut,
    SnapshotIndexOff,
    LostEvent,
    DoubledEvent,
    BackwardEvents,
    TornRevision,
    LateResume,
    FalsePrevKv,
    FalseCreate,
    ForgottenFilter,
    LocalRenewal,
    EverybodyIsRoot,
    RottenRow,
}

impl Mutant {
    /// All of them, in the order of their codes.
    pub fn all() -> impl Iterator<Item = Self> {
        catalogue::CATALOGUE.iter().map(|facts| facts.mutant)
    }

    /// What is known of it.
    #[must_use]
    pub fn facts(self) -> &'static Facts {
        &catalogue::CATALOGUE[self as usize]
    }

    /// What hunters see of it: `M07`.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.facts().code
    }

    /// Its name, which says what is wrong: `read-index-context-reused`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// The mutant with this code, in letters of any size, or with this name.
    #[must_use]
    pub fn from_name(word: &str) -> Option<Self> {
        Self::all().find(|mutant| {
            mutant.code().eq_ignore_ascii_case(word) || mutant.name() == word.to_lowercase()
        })
    }
}

/// The code: names are told when something is found.
impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// What planted faults remember from one moment to the next.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) watch: watch::Watching,
    election: election::Granted,
    lease: lease::Deadlines,
    read: read::Contexts,
    store: store::Batches,
    told: replication::Told,
}
