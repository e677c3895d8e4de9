//! The one table of all planted faults: what each breaks, where it comes from, who must catch it.
//!
//! `docs/hunts.md` shows it to people; `tests/mutants.rs` keeps the two equal.

use super::Mutant;
use crate::check::Property;

/// How many seeds a hunt may need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// 100 seeds.
    Easy,
    /// 1,000 seeds.
    Medium,
    /// 10,000 seeds.
    Hard,
    /// 1,000,000 seeds, or a schedule made for it.
    Expert,
}

impl Level {
    /// The seeds within which a hunt must find it.
    #[must_use]
    pub fn seeds(self) -> u64 {
        match self {
            Self::Easy => 100,
            Self::Medium => 1_000,
            Self::Hard => 10_000,
            Self::Expert => 1_000_000,
        }
    }

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Easy => "easy",
            Self::Medium => "medium",
            Self::Hard => "hard",
            Self::Expert => "expert",
        }
    }
}

/// What is known of one mutant.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// Which one.
    pub mutant: Mutant,
    /// What hunters see: `M07`.
    pub code: &'static str,
    /// What is wrong, in a few words: `read-index-context-reused`.
    pub name: &'static str,
    /// How hard it is to find.
    pub level: Level,
    /// The rule that it breaks, in one sentence.
    pub rule: &'static str,
    /// The section of a paper, the issue, the report that it comes from.
    pub provenance: &'static str,
    /// The properties whose checkers are the right ones.
    pub caught_by: &'static [Property],
    /// First members of a world in which it shows.
    pub cluster: u8,
    /// It is planted in the first member alone: members that are sick alike would agree.
    pub in_first_only: bool,
}

const fn row(
    mutant: Mutant,
    code: &'static str,
    name: &'static str,
    level: Level,
    caught_by: &'static [Property],
    rule: &'static str,
    provenance: &'static str,
) -> Facts {
    Facts {
        mutant,
        code,
        name,
        level,
        rule,
        provenance,
        caught_by,
        cluster: 3,
        in_first_only: false,
    }
}

/// The same in a cluster of one.
const fn alone(facts: Facts) -> Facts {
    Facts { cluster: 1, ..facts }
}

/// The same in the first member only.
const fn in_first(facts: Facts) -> Facts {
    Facts { in_first_only: true, ..facts }
}

use Level::{Easy, Expert, Hard, Medium};
use Property as P;

/// All of them, in the order of [`Mutant`] and of their codes.
pub static CATALOGUE: [Facts; 39] = [
    row(
        Mutant::CommitAnyTerm,
        "M01",
        "commit-any-term",
        Hard,
        &[P::LeaderCompleteness, P::StateMachineSafety],
        "A leader counts copies only for entries of its own term; earlier ones are committed along with them.",
        "Raft, section 5.4.2 and figure 8",
    ),
    row(
        Mutant::VoteNotPersisted,
        "M02",
        "vote-not-persisted",
        Medium,
        &[P::OneVotePerTerm],
        "A vote is on the disk before it is given, so that no crash lets a member vote twice in a term.",
        "Raft, section 5.1 and figure 2, persistent state",
    ),
    row(
        Mutant::AckBeforeFsync,
        "M03",
        "ack-before-fsync",
        Easy,
        &[P::DurableQuorum],
        "Bytes are called durable when their fsync has returned, not when they are in the page cache.",
        "Jepsen, NATS 2.12.1 (nats-server issue 7564)",
    ),
    alone(row(
        Mutant::ApplyBeforeSave,
        "M04",
        "apply-before-save",
        Easy,
        &[P::DurableQuorum],
        "A member that votes alone, too, applies an entry only when it is on its disk.",
        "etcd issue 14370",
    )),
    row(
        Mutant::LocalRead,
        "M05",
        "local-read",
        Easy,
        &[P::Linearizability],
        "A linearizable read is answered only after its member has learnt what was committed when it was asked.",
        "Jepsen, etcd 0.4.1 (2014)",
    ),
    row(
        Mutant::ReadBeforeFirstCommit,
        "M06",
        "read-before-first-commit",
        Medium,
        &[P::Linearizability],
        "A new leader knows what is committed only after it has committed an entry of its own term.",
        "Raft dissertation 6.4; etcd issue 7331, tikv issue 1632, redisraft issue 22",
    ),
    row(
        Mutant::ReadContextReused,
        "M07",
        "read-index-context-reused",
        Expert,
        &[P::Linearizability],
        "A question for the commit index that is asked again has a new name, or the answer may be older than the read.",
        "etcd issue 20418, found by Antithesis",
    ),
    row(
        Mutant::LeaseRead,
        "M08",
        "lease-read",
        Medium,
        &[P::Linearizability],
        "A leader asks a majority whether it still leads before it answers a read; its clock cannot tell.",
        "Raft dissertation 6.4.1; raft-rs pull request 141",
    ),
    row(
        Mutant::NoPreVote,
        "M10",
        "no-pre-vote",
        Easy,
        &[P::StableLeader],
        "Who hears no leader asks whether it could win before it calls an election that disturbs all others.",
        "Cloudflare, 2020-11-02; Raft dissertation 9.6",
    ),
    row(
        Mutant::PreVotesKept,
        "M11",
        "pre-votes-kept",
        Medium,
        &[P::StableLeader, P::ElectionQuorum],
        "Answers to an earlier question for pre-votes count for nothing when the question is asked again.",
        "raft-rs pull requests 83 and 84",
    ),
    row(
        Mutant::VoteForAnyLog,
        "M12",
        "vote-for-any-log",
        Easy,
        &[P::LeaderCompleteness],
        "A member votes only for a candidate whose log is at least as good as its own.",
        "Raft, section 5.4.1",
    ),
    row(
        Mutant::MatchFromNext,
        "M14",
        "match-from-next",
        Hard,
        &[P::DurableQuorum, P::StateMachineSafety, P::LeaderCompleteness],
        "What a follower has is what its answer says, not what was sent to it last.",
        "Students' Guide to Raft; CCF, smart casual verification (arXiv 2406.17455)",
    ),
    row(
        Mutant::IndexBehindRows,
        "M15",
        "index-behind-rows",
        Medium,
        &[P::Revisions, P::HashEquality],
        "Rows and the index of the entry that they come from are stored together, or not at all.",
        "etcd issues 13766 and 12855; etcd's postmortem of v3.5",
    ),
    row(
        Mutant::DefragmentForgets,
        "M16",
        "defragment-forgets-index",
        Medium,
        &[P::Revisions, P::HashEquality],
        "A store that was rewritten knows the same applied index as before, whenever the process dies.",
        "etcd issues 14685 and 14730",
    ),
    row(
        Mutant::CompactionLosesRevision,
        "M17",
        "compaction-loses-revision",
        Hard,
        &[P::Revisions],
        "A compaction that a crash cuts short takes back no revision.",
        "etcd issue 17780",
    ),
    row(
        Mutant::DeleteLostInCompaction,
        "M18",
        "delete-lost-in-compaction",
        Hard,
        &[P::Watch],
        "A watch from the compacted revision on tells what happened at that revision, deletes too.",
        "etcd issues 18089 and 19179",
    ),
    row(
        Mutant::ReplayOnReconnect,
        "M19",
        "replay-on-reconnect",
        Medium,
        &[P::Watch],
        "A watch that goes on at another member begins at the revision that its client names, not before.",
        "etcd issue 15271",
    ),
    row(
        Mutant::SlowWatcherLoses,
        "M20",
        "slow-watcher-loses",
        Medium,
        &[P::Watch, P::Liveness],
        "Events for a client that does not read wait; they are never dropped.",
        "etcd issue 17529",
    ),
    row(
        Mutant::OvertakingProgress,
        "M21",
        "overtaking-progress",
        Medium,
        &[P::Watch],
        "Progress up to a revision is told after all events up to it.",
        "etcd issue 15220",
    ),
    row(
        Mutant::DoubledTxnEvent,
        "M22",
        "doubled-txn-event",
        Easy,
        &[P::Watch],
        "Each change of a transaction is told once.",
        "etcd issue 17247",
    ),
    row(
        Mutant::FutureWatch,
        "M23",
        "future-watch",
        Medium,
        &[P::Watch],
        "A watch from a revision that is still to come tells nothing that is older.",
        "etcd issue 20221",
    ),
    row(
        Mutant::RetriedWrite,
        "M24",
        "retried-write",
        Easy,
        &[P::AtMostOnce],
        "A write whose outcome is unknown is not sent again, unless a second time does no harm.",
        "Jepsen, jetcd 0.8.2",
    ),
    row(
        Mutant::LockNotRechecked,
        "M25",
        "lock-not-rechecked",
        Medium,
        &[P::Locks],
        "Who comes first in the queue of a lock holds it only if its own key is still there.",
        "Jepsen, etcd 3.4.3",
    ),
    row(
        Mutant::DeposedRevokes,
        "M26",
        "deposed-leader-revokes",
        Medium,
        &[P::Leases],
        "Only who leads says that a lease has run out: a former leader does not know of renewals.",
        "etcd issues 15247 and 12528",
    ),
    row(
        Mutant::NoLeaseCheckpoint,
        "M27",
        "no-lease-checkpoint",
        Easy,
        &[P::Leases],
        "A change of leaders does not give a lease its full time again; what is left of it is in the log.",
        "etcd issues 17132 and 2660",
    ),
    row(
        Mutant::NeverRevoked,
        "M28",
        "never-revoked",
        Easy,
        &[P::Leases, P::Liveness],
        "A lease that nobody renews ends.",
        "etcd issues 9935 and 10686",
    ),
    row(
        Mutant::CorruptTailCut,
        "M29",
        "corrupt-tail-cut",
        Hard,
        &[P::DurableLog, P::LeaderCompleteness, P::StateMachineSafety],
        "A member whose log is damaged does not vote on with a shorter one: what it had promised is gone.",
        "Protocol-aware recovery (FAST 2018); Jepsen, NATS 2.12.1",
    ),
    row(
        Mutant::SnapshotIndexOff,
        "M30",
        "snapshot-index-off",
        Hard,
        &[P::Revisions, P::HashEquality, P::StateMachineSafety],
        "A snapshot names the entry that it ends with, so that the log goes on right behind it.",
        "etcd issue 18055; tikv issue 4716",
    ),
    row(
        Mutant::LostEvent,
        "M32",
        "lost-event",
        Easy,
        &[P::Watch],
        "No event is left out.",
        "etcd's guarantees of watches: reliable",
    ),
    row(
        Mutant::DoubledEvent,
        "M33",
        "doubled-event",
        Easy,
        &[P::Watch],
        "No event is told twice.",
        "etcd's guarantees of watches: unique",
    ),
    row(
        Mutant::BackwardEvents,
        "M34",
        "backward-events",
        Easy,
        &[P::Watch],
        "Events are told in the order of their revisions.",
        "etcd's guarantees of watches: ordered",
    ),
    row(
        Mutant::TornRevision,
        "M35",
        "torn-revision",
        Medium,
        &[P::Watch],
        "All events of a revision come together, or in fragments that say so.",
        "etcd's guarantees of watches: atomic",
    ),
    row(
        Mutant::LateResume,
        "M36",
        "late-resume",
        Easy,
        &[P::Watch],
        "A watch that goes on from a revision tells what happened at it.",
        "etcd's guarantees of watches: resumable",
    ),
    row(
        Mutant::FalsePrevKv,
        "M37",
        "false-prev-kv",
        Easy,
        &[P::Watch],
        "The pair before an event is the one that it replaced.",
        "etcd's robustness tests: prev_kv",
    ),
    row(
        Mutant::FalseCreate,
        "M38",
        "false-create",
        Easy,
        &[P::Watch],
        "A put makes a key only if it was not there.",
        "etcd's robustness tests: is_create",
    ),
    row(
        Mutant::ForgottenFilter,
        "M39",
        "forgotten-filter",
        Easy,
        &[P::Watch],
        "A watcher that filters puts or deletes gets none of them.",
        "etcd's robustness tests: filter",
    ),
    row(
        Mutant::LocalRenewal,
        "M40",
        "local-renewal",
        Easy,
        &[P::Leases],
        "A renewal is acknowledged by the leader, whose clock ends the lease.",
        "etcd issue 15247, as a client sees it",
    ),
    row(
        Mutant::EverybodyIsRoot,
        "M41",
        "everybody-is-root",
        Easy,
        &[P::Auth],
        "Who calls is who he proves to be.",
        "CVE-2018-16886",
    ),
    in_first(row(
        Mutant::RottenRow,
        "M42",
        "rotten-row",
        Easy,
        &[P::HashEquality, P::Linearizability, P::Watch],
        "A member stores what the log says.",
        "etcd issue 13766, data inconsistency",
    )),
];
