//! The properties that must hold, judged at every step of every member.
//!
//! Each file here is one property: what it says, why it matters, and how it is checked with work
//! in proportion to what is new. The first violation ends the run; it names the property, the
//! place, and the two facts that contradict each other.
//!
//! | file | property | source |
//! | --- | --- | --- |
//! | `election` | at most one leader in a term | Raft 5.2, Election Safety |
//! | `append_only` | a leader never takes back entries of its log | Raft 5.3, Leader Append-Only |
//! | `ledger` | equal index and term, equal log up to there | Raft 5.3, Log Matching |
//! | `ledger` | committed entries never change | Raft 5.4, State Machine Safety |
//! | `completeness` | a new leader has every committed entry | Raft 5.4, Leader Completeness |
//! | `votes` | one vote in a term, also across crashes | Raft 5.2 |
//! | `quorum` | what is committed is durable on a quorum | dissertation 10.2.1 |
//! | `quorum` | a log that was durable is there after a crash | Raft figure 2 |
//! | `monotonic` | term, commit and applied index never go back | Raft figure 2 |
//! | `clients` | acknowledged writes stay; reads are not stale | linearizability, with the log as witness |
//! | `revision` | one change, one revision, on all members alike | etcd's API guarantees |
//! | `once` | a request takes effect at most once | what TCP gives etcd, and no network promises |
//! | `watch` | watchers hear of everything once, in order, whole | etcd's API guarantees |
//! | `lease` | leases are never early, end once, and end | etcd's lease API |
//! | `lock` | what is written under a lock is written by its holder | etcd's concurrency recipes |
//! | `auth` | who gets through was permitted; equal users at an equal index | etcd's auth store |
//! | `hash` | stores are equal at an equal revision | etcd's corruption check |
//! | `membership` | equal members at an equal index; one change at a time | dissertation 4.1 |
//! | `stable` | a leader that a whole majority hears stays | dissertation 9.6 |
//! | `liveness` | after faults heal, the cluster works again | |

mod append_only;
mod auth;
mod clients;
mod clusters;
mod completeness;
mod election;
pub(crate) mod hash;
pub(crate) mod lease;
mod ledger;
pub(crate) mod liveness;
pub(crate) mod lock;
pub(crate) mod membership;
mod monotonic;
mod once;
mod quorum;
mod revision;
pub(crate) mod stable;
mod votes;
mod watch;

use std::collections::BTreeMap;
use std::fmt;

use glasshouse_core::api;
use glasshouse_core::concurrency::Held;
use glasshouse_core::id::{MemberId, StreamId};
use glasshouse_core::node::{NodeView, Role};
use glasshouse_core::peer::MessageInfo;

pub(crate) use self::clusters::Clusters;
use crate::clock::{MILLIS, Nanos, Rate, SECOND};
use crate::member::Seen;
use crate::place::MemberNo;

/// A property that must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Property {
    /// At most one leader in a term.
    ElectionSafety,
    /// A leader never takes back entries of its log.
    LeaderAppendOnly,
    /// Logs with an entry of equal index and term are equal up to it.
    LogMatching,
    /// A new leader has every committed entry.
    LeaderCompleteness,
    /// No two members apply different entries at one index.
    StateMachineSafety,
    /// A member votes once in a term, also across crashes.
    OneVotePerTerm,
    /// An entry is committed only when a quorum has it on disk.
    DurableQuorum,
    /// A log that was durable is there after every crash.
    DurableLog,
    /// Term, commit index and applied index never go back.
    Monotonic,
    /// What was acknowledged to a client is never lost or changed.
    Durability,
    /// Every change is the next revision, on all members alike.
    Revisions,
    /// What was asked for once happens at most once.
    AtMostOnce,
    /// A linearizable read sees everything acknowledged before it began.
    Linearizability,
    /// A watcher is told of every change once, in order, with all of its revision.
    Watch,
    /// A lease lives as long as was promised, ends once, and takes its keys along.
    Leases,
    /// What is written under a lock is written by the one who holds it.
    Locks,
    /// Nobody gets through who may not, and all members know the same users.
    Auth,
    /// Members with the same revision have the same keys.
    HashEquality,
    /// Members that have applied the same entries know the same members.
    MembershipEquality,
    /// One entry changes one voter, so majorities before and after it overlap.
    MembershipOverlap,
    /// A leader has the votes of a majority of its voters.
    ElectionQuorum,
    /// A leader that a whole majority hears is not disturbed.
    StableLeader,
    /// After faults heal there is a leader, members converge, calls are answered.
    Liveness,
}

impl Property {
    /// All of them.
    pub const ALL: [Self; 23] = [
        Self::ElectionSafety,
        Self::LeaderAppendOnly,
        Self::LogMatching,
        Self::LeaderCompleteness,
        Self::StateMachineSafety,
        Self::OneVotePerTerm,
        Self::DurableQuorum,
        Self::DurableLog,
        Self::Monotonic,
        Self::Durability,
        Self::Revisions,
        Self::AtMostOnce,
        Self::Linearizability,
        Self::Watch,
        Self::Leases,
        Self::Locks,
        Self::Auth,
        Self::HashEquality,
        Self::MembershipEquality,
        Self::MembershipOverlap,
        Self::ElectionQuorum,
        Self::StableLeader,
        Self::Liveness,
    ];

    /// Its name, for banners and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ElectionSafety => "election safety",
            Self::LeaderAppendOnly => "leader append-only",
            Self::LogMatching => "log matching",
            Self::LeaderCompleteness => "leader completeness",
            Self::StateMachineSafety => "state machine safety",
            Self::OneVotePerTerm => "one vote per term",
            Self::DurableQuorum => "commit needs a durable quorum",
            Self::DurableLog => "durable logs stay",
            Self::Monotonic => "nothing goes back",
            Self::Durability => "acknowledged writes stay",
            Self::Revisions => "revision arithmetic",
            Self::AtMostOnce => "at most once",
            Self::Linearizability => "linearizability",
            Self::Watch => "watch guarantees",
            Self::Leases => "leases",
            Self::Locks => "locks",
            Self::Auth => "auth",
            Self::HashEquality => "equal stores",
            Self::MembershipEquality => "equal members",
            Self::MembershipOverlap => "overlapping majorities",
            Self::ElectionQuorum => "a leader needs a majority",
            Self::StableLeader => "stable leader",
            Self::Liveness => "liveness",
        }
    }

    /// A client can see that it is broken, without a look into any member.
    #[must_use]
    pub fn is_seen_by_clients(self) -> bool {
        matches!(
            self,
            Self::Durability
                | Self::AtMostOnce
                | Self::Linearizability
                | Self::Watch
                | Self::Leases
                | Self::Locks
                | Self::Auth
                | Self::Liveness
        )
    }

    /// What it promises, in a sentence.
    #[must_use]
    pub fn promise(self) -> &'static str {
        match self {
            Self::ElectionSafety => "At most one member leads in a term.",
            Self::LeaderAppendOnly => "A leader only appends to its log; it never takes back.",
            Self::LogMatching => {
                "If two logs hold an entry of the same index and term, they are equal up to it."
            }
            Self::LeaderCompleteness => "A new leader has every entry that was ever committed.",
            Self::StateMachineSafety => "No two members apply different entries at the same index.",
            Self::OneVotePerTerm => "A member gives one vote in a term, even if it crashes.",
            Self::DurableQuorum => "What is committed is on the disks of a majority.",
            Self::DurableLog => "A log that was on a disk is there after every crash.",
            Self::Monotonic => "Term, commit index and applied index never go back.",
            Self::Durability => "What was acknowledged to a client is never lost or changed.",
            Self::Revisions => {
                "Every change is one revision, the next one, and the same on all members."
            }
            Self::AtMostOnce => "What a client asks for once happens at most once.",
            Self::Linearizability => {
                "A linearizable answer knows everything that was acknowledged before it was asked."
            }
            Self::Watch => {
                "A watcher hears of every change of its keys once, in order, whole revisions at a time."
            }
            Self::Leases => {
                "A lease lives as long as its client was told, ends once, and takes its keys along."
            }
            Self::Locks => "What is written under a lock, with a fence, is written by its holder.",
            Self::Auth => {
                "A call that succeeds is permitted to its user while it is made; members know the same users."
            }
            Self::HashEquality => "Members at the same revision hold the same keys and values.",
            Self::MembershipEquality => {
                "Members that have applied the same entries know the same members."
            }
            Self::MembershipOverlap => "A change of the members changes one voter at a time.",
            Self::ElectionQuorum => "A leader has the votes of a majority of its voters.",
            Self::StableLeader => {
                "Nobody begins a term beside a leader that a whole majority hears."
            }
            Self::Liveness => {
                "When faults have healed, a leader arises, members converge and calls are answered."
            }
        }
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A broken property: two facts that cannot both be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The property.
    pub property: Property,
    /// When it was seen.
    pub at: Nanos,
    /// Where it was seen, if it is one member's doing.
    pub member: Option<MemberNo>,
    /// The first fact.
    pub known: String,
    /// The second, which contradicts the first.
    pub seen: String,
}

impl Violation {
    /// A violation that is seen now; the world fills in the time.
    pub(crate) fn new(
        property: Property,
        member: impl Into<Option<MemberNo>>,
        known: String,
        seen: String,
    ) -> Self {
        Self { property, at: 0, member: member.into(), known, seen }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = (self.at / SECOND, self.at % SECOND / MILLIS);
        write!(f, "{} is violated at {seconds}.{millis:03} s", self.property)?;
        if let Some(member) = self.member {
            write!(f, " on {member}")?;
        }
        write!(f, ": {}, but {}", self.known, self.seen)
    }
}

/// All checkers of a cluster.
#[derive(Debug)]
pub(crate) struct Checks {
    ledger: ledger::Ledger,
    quorum: quorum::Quorum,
    election: election::Election,
    append_only: append_only::AppendOnly,
    votes: votes::Votes,
    monotonic: monotonic::Monotonic,
    clients: clients::Clients,
    watchers: watch::Watchers,
    voters: membership::Voters,
    leases: lease::Leases,
    locks: lock::Locks,
    once: once::Once,
    rights: auth::Rights,
    revisions: revision::Revisions,
    pub(crate) calm: stable::Calm,
}

/// What a client may rely on that calls now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    floor: clients::Floor,
    /// What the fastest possible clock shows.
    fast: Nanos,
    rights: auth::Asked,
}

impl Checks {
    /// The checkers of a cluster of these members, in a world of so many machines.
    fn new(count: usize, ids: BTreeMap<MemberNo, MemberId>) -> Self {
        Self {
            ledger: ledger::Ledger::new(count),
            quorum: quorum::Quorum::new(count),
            election: election::Election::default(),
            append_only: append_only::AppendOnly::new(count),
            votes: votes::Votes::new(ids),
            monotonic: monotonic::Monotonic::new(count),
            clients: clients::Clients::default(),
            watchers: watch::Watchers::default(),
            voters: membership::Voters::default(),
            leases: lease::Leases::default(),
            locks: lock::Locks::default(),
            once: once::Once::default(),
            rights: auth::Rights::default(),
            revisions: revision::Revisions::default(),
            calm: stable::Calm::default(),
        }
    }

    /// A machine begins with an empty disk under a new id: what its number promised before binds it no
    /// more.
    pub(crate) fn on_new_machine(&mut self, no: MemberNo, id: MemberId) {
        self.ledger.on_new_machine(no);
        self.quorum.on_new_machine(no);
        self.append_only.on_new_machine(no);
        self.votes.on_new_machine(no, id);
        self.monotonic.on_new_machine(no);
    }

    /// A member has read its disk.
    pub(crate) fn on_recovered(
        &mut self,
        no: MemberNo,
        view: NodeView<'_>,
        seen: &Seen,
    ) -> Option<Violation> {
        self.append_only.on_recovered(no);
        self.calm.touch(self.leases.now(), no);
        self.voters.on_recovered(no, view);
        let verdict = self.votes.on_recovered(no, seen.standing.term, view.vote());
        let verdict = verdict.or_else(|| self.monotonic.on_recovered(no, seen));
        let verdict = verdict.or_else(|| self.ledger.on_recovered(no, view));
        let durable = self.quorum.on_recovered(no, view.last_index(), view.stored_index());
        let verdict = verdict.or(durable);
        let nothing = Seen { commit: 0, applied: 0, ..*seen };
        verdict.or_else(|| self.on_commit(no, view, &nothing, seen))
    }

    /// A member made a step; `stored` when its store told it of a commit.
    pub(crate) fn on_step(
        &mut self,
        no: MemberNo,
        view: NodeView<'_>,
        before: &Seen,
        after: &Seen,
        stored: bool,
    ) -> Option<Violation> {
        if stored {
            self.quorum.on_stored(no, view.stored_index());
        }
        self.leases.on_step(no, view.last_index());
        let logged = self.ledger.on_step(no, view);
        if let Ok(Some(cut_to)) = logged {
            self.quorum.on_cut(no, cut_to);
        }
        let verdict = self.append_only.on_step(no, view, &after.standing).or(logged.err());
        if before == after {
            return verdict;
        }
        self.calm.on_step(self.leases.now(), no, before, after);
        verdict
            .or_else(|| self.monotonic.on_step(no, before, after))
            .or_else(|| self.on_leading(no, view, before, after))
            .or_else(|| self.on_commit(no, view, before, after))
    }

    fn on_leading(
        &mut self,
        no: MemberNo,
        view: NodeView<'_>,
        before: &Seen,
        after: &Seen,
    ) -> Option<Violation> {
        let (old, new) = (before.standing, after.standing);
        if new.role != Role::Leader || (old.role, old.term) == (new.role, new.term) {
            return None;
        }
        let prolonged = self.leases.on_leader(no, new.term);
        let verdict = self.election.on_leader(no, new.term).or(prolonged);
        let configs = self.voters.around(no, view);
        let verdict = verdict.or_else(|| self.votes.on_leader(no, new.term, &configs));
        verdict.or_else(|| completeness::on_leader(&self.ledger, no, new.term))
    }

    fn on_commit(
        &mut self,
        no: MemberNo,
        view: NodeView<'_>,
        before: &Seen,
        after: &Seen,
    ) -> Option<Violation> {
        let known = self.ledger.committed();
        if after.commit > before.commit
            && let Some(verdict) = self.ledger.on_commit(no, after.standing.term, after.commit)
        {
            return Some(verdict);
        }
        if after.commit > known {
            for entry in view.entries(known + 1, after.commit) {
                let verdict = self.once.on_committed(&entry);
                let changes = self.clients.on_committed(&entry);
                let revision = self.clients.model().revision();
                self.revisions.on_committed(entry.index, revision);
                let verdict =
                    verdict.or_else(|| lock::on_committed(&changes, self.clients.model()));
                self.watchers.on_committed(revision, changes);
                let verdict =
                    verdict.or_else(|| self.leases.on_committed(&entry, self.clients.model()));
                self.rights.on_committed(&entry, self.clients.model());
                if verdict.is_some() {
                    return verdict;
                }
            }
            // The first entries are the configuration's own: every first member starts with them,
            // and nobody votes on them.
            let verdict = (known > 0)
                .then(|| {
                    let configs = self.voters.around(no, view);
                    let configs = configs.iter().map(|voters| self.votes.machines(voters));
                    let configs: Vec<_> = configs.collect();
                    self.quorum.on_commit(&self.ledger, no, after.commit, &configs)
                })
                .flatten();
            if verdict.is_some() {
                return verdict;
            }
        }
        if after.applied > before.applied {
            let verdict = self.voters.on_applied(no, view, after.applied - before.applied);
            let verdict = verdict.or_else(|| self.rights.on_applied(no, view));
            let revision = view.mvcc().revision();
            let verdict =
                verdict.or_else(|| self.revisions.on_applied(no, after.applied, revision));
            return verdict.or_else(|| self.ledger.on_applied(no, after.applied));
        }
        None
    }

    /// A member gave out an append: its log as it stands will be durable with it.
    pub(crate) fn on_appended(&mut self, no: MemberNo, seq: u64, view: NodeView<'_>) {
        self.quorum.on_appended(no, seq, view.last_index());
        self.monotonic.on_appended(no, seq, view.term());
    }

    /// Appends up to `seq` are on the member's platter: the disk's word, not the node's.
    pub(crate) fn on_synced(&mut self, no: MemberNo, seq: u64) {
        self.quorum.on_synced(no, seq);
        self.monotonic.on_synced(no, seq);
    }

    /// A member says something to another.
    pub(crate) fn on_sent(
        &mut self,
        no: MemberNo,
        to: MemberNo,
        info: &MessageInfo,
    ) -> Option<Violation> {
        self.calm.on_sent(info);
        self.votes.on_sent(no, to, info)
    }

    /// A process ended.
    pub(crate) fn on_ended(&mut self, no: MemberNo) {
        self.quorum.on_ended(no);
        self.calm.touch(self.leases.now(), no);
        let durable = self.monotonic.on_ended(no);
        self.election.on_ended(no, durable);
    }

    /// The time that was told last.
    fn now(&self) -> Nanos {
        self.leases.now()
    }

    /// Time has passed. Called before everything that looks at it.
    pub(crate) fn at(&mut self, now: Nanos) {
        self.leases.at(now);
    }

    /// A member's clock has ticked.
    pub(crate) fn on_tick(&mut self, no: MemberNo, view: NodeView<'_>) {
        self.leases.on_tick(no, view);
    }

    /// What leaders are told about leases.
    pub(crate) fn expect_checkpoints(&mut self, every_seconds: u64, tick_ms: u64) {
        self.leases.expect_checkpoints(every_seconds, tick_ms);
    }

    /// Clocks of members run at these rates from now on.
    pub(crate) fn on_rates(&mut self, now: Nanos, rates: impl Iterator<Item = Rate> + Clone) {
        self.leases.on_rates(now, rates);
    }

    /// A client calls.
    pub(crate) fn on_called(&mut self, now: Nanos, request: &api::Request) -> Asked {
        self.leases.on_called(request);
        self.once.on_called(request);
        let (floor, rights) = (self.clients.floor(), self.rights.asked());
        Asked { floor, fast: self.leases.at(now), rights }
    }

    /// A client's call is over, with a successful answer or without one.
    pub(crate) fn on_end(
        &mut self,
        now: Nanos,
        (member, caller): (MemberNo, &api::Caller),
        request: &api::Request,
        response: Option<&api::Response>,
        asked: Asked,
    ) -> Option<Violation> {
        self.at(now);
        let verdict = self.leases.on_end(member, request, response, asked.fast);
        let verdict = verdict
            .or_else(|| self.rights.on_answer(member, caller, request, response?, asked.rights));
        verdict.or_else(|| self.clients.on_answer(member, request, response?, asked.floor))
    }

    /// A client was told that it holds the lock.
    pub(crate) fn on_held(&self, held: &Held) -> Option<Violation> {
        lock::on_held(self.clients.model(), held)
    }

    /// A client was told whether its write under a lock took effect.
    pub(crate) fn on_fenced(&mut self, took_effect: bool) {
        self.locks.on_fenced(took_effect);
    }

    /// Writes under a lock: those that took effect, and those that came too late.
    pub(crate) fn fenced_writes(&self) -> (u64, u64) {
        (self.locks.written, self.locks.refused)
    }

    /// How many leases have run out.
    pub(crate) fn expired_leases(&self) -> u64 {
        self.leases.expired
    }

    /// A lease that must end before `deadline`, as nobody renews it, and has not ended yet.
    pub(crate) fn awaited_lease(&self, deadline: Nanos) -> Option<i64> {
        self.leases.awaited(deadline)
    }

    /// A client asks on a stream of watches.
    pub(crate) fn on_watch_asked(&mut self, stream: StreamId, request: &api::WatchRequest) {
        self.watchers.on_asked(stream, request);
    }

    /// A response reached the client of a stream.
    pub(crate) fn on_watched(
        &mut self,
        member: MemberNo,
        stream: StreamId,
        response: &api::WatchResponse,
    ) -> Option<Violation> {
        self.watchers.on_response(member, stream, response, self.clients.model())
    }

    /// A stream is over for its client.
    pub(crate) fn on_stream_ended(&mut self, stream: StreamId) {
        self.watchers.on_ended(stream);
    }

    /// What a watcher has not been told, in one sentence.
    pub(crate) fn unwatched(&self) -> Option<String> {
        self.watchers.missing()
    }

    /// The store that the committed log adds up to.
    pub(crate) fn model(&self) -> &crate::model::Model {
        self.clients.model()
    }
}

/// Replaces what is known of a machine, or adds the next machine.
fn renew<T>(all: &mut Vec<T>, no: MemberNo, fresh: T) {
    match all.get_mut(no.index()) {
        Some(old) => *old = fresh,
        None => all.push(fresh),
    }
}
