//! Everything that the bench says, as facts; a language turns a fact into a sentence.
//!
//! A [`Say`] names its arguments and no words, so every language is one exhaustive `match` in one
//! file, and a sentence that one language lacks does not compile. The voice: subject, verb,
//! object; members are actors; the present for what is, the past for what happened. Numbers have
//! units. What happened comes first, then what it means.

mod en;

use crate::place::MemberNo;

/// A fact that can be said in one or two sentences.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Say {
    // --- lives ---
    /// The world begins.
    WorldBegins { members: usize },
    /// A member has read its disk.
    Up { who: MemberNo, last: u64, term: u64 },
    /// SIGKILL.
    Killed { who: MemberNo },
    /// SIGTERM was sent.
    Stopping { who: MemberNo },
    /// It has ended after SIGTERM.
    Stopped { who: MemberNo },
    /// Its machine lost power; entries `lost` were not on its disk.
    PowerFailed { who: MemberNo, lost: Option<(u64, u64)> },
    /// SIGSTOP.
    Frozen { who: MemberNo },
    /// SIGCONT after that long.
    Thawed { who: MemberNo },
    /// It gave up by itself.
    Halted { who: MemberNo, why: String },
    /// It could not start.
    Refused { who: MemberNo, why: String },
    /// It is started with other flags.
    StartsWith { who: MemberNo, flags: Vec<(&'static str, String)> },
    /// Its disk is emptied.
    Wiped { who: MemberNo },
    /// It turned a caller of another cluster away.
    TurnsAway { who: MemberNo, from: MemberNo, theirs: String, ours: String },

    // --- elections ---
    /// Asks for pre-votes; how long it heard no leader, if that is known.
    PreCandidate { who: MemberNo, silent_us: Option<u64> },
    /// Stands for a term.
    Candidate { who: MemberNo, term: u64 },
    /// Several stood for a term and nobody won.
    SplitVote { who: Vec<MemberNo>, term: u64, quorum: usize },
    /// A vote was given.
    Votes { who: MemberNo, candidate: MemberNo, term: u64, pre: bool },
    /// A vote was refused.
    RefusesVote { who: MemberNo, candidate: MemberNo, term: u64, pre: bool },
    /// Won.
    Leads { who: MemberNo, term: u64, votes: Vec<MemberNo> },
    /// Follows a leader.
    Follows { who: MemberNo, leader: MemberNo, term: u64 },
    /// A leader heard of a higher term.
    Deposed { who: MemberNo, term: u64 },
    /// A leader has not heard a majority.
    LostQuorum { who: MemberNo, term: u64 },
    /// A pre-candidate or candidate gave up.
    GivesUp { who: MemberNo },

    // --- log ---
    /// Entries `from ..= to` are committed; who has them on disk.
    Committed { from: u64, to: u64, on_disk: Vec<MemberNo> },
    /// A leader sends entries.
    SendsEntries { who: MemberNo, to: MemberNo, first: u64, last: u64 },
    /// A leader sends a heartbeat to these.
    SendsHeartbeats { who: MemberNo, to: usize },
    /// A follower says what it has on disk.
    HasEntry { who: MemberNo, index: u64 },
    /// A follower lacks what comes before.
    RefusesEntries { who: MemberNo, index: u64 },
    /// A leader sends (a part of) a snapshot.
    SendsSnapshot { who: MemberNo, to: MemberNo, index: u64 },
    /// A member took a snapshot in place of its log.
    InstallsSnapshot { who: MemberNo, index: u64 },
    /// A member dropped the beginning of its log.
    CompactsLog { who: MemberNo, first: u64 },
    /// A follower asks for the commit index before it reads.
    AsksReadIndex { who: MemberNo, leader: MemberNo },
    /// A follower hands a write on.
    HandsOn { who: MemberNo, leader: MemberNo },
    /// A member asks the leader what only the leader can answer.
    AsksForClient { who: MemberNo, leader: MemberNo },
    /// A leader tells its successor to campaign.
    HandsOver { who: MemberNo, to: MemberNo },
    /// A message was lost.
    LosesMessage { what: &'static str, answer: bool, from: MemberNo, to: MemberNo, why: Loss },

    // --- disks ---
    /// The WAL waits for its fsync.
    SyncBegins { who: MemberNo, takes_us: u64 },
    /// A disk operation failed.
    DiskFails { who: MemberNo, reason: String },
    /// A bit flipped.
    Rots { who: MemberNo, place: String },

    // --- clients ---
    /// A client's call reached a member.
    CallArrives { client: Option<String>, words: String, at: MemberNo },
    /// A call was answered.
    CallAnswered {
        client: Option<String>,
        words: String,
        at: MemberNo,
        error: Option<String>,
        took_us: u64,
    },
    /// Nobody listened.
    CallUnheard { client: Option<String>, words: String, at: MemberNo, write: bool },
    /// The connection broke.
    CallBroken { client: Option<String>, words: String, at: MemberNo, write: bool },
    /// The client waited long enough.
    CallTimedOut { client: Option<String>, words: String, at: MemberNo, took_us: u64, write: bool },
    /// A client stands still, or goes on.
    ClientFrozen { client: String, frozen: bool },

    // --- network, disks, clocks, by hand ---
    /// The network was parted.
    Parted { groups: Vec<Vec<MemberNo>> },
    /// The links between these groups are whole again.
    Mended { groups: Vec<Vec<MemberNo>> },
    /// All links are as they were.
    Healed,
    /// One direction of a link was cut.
    LinkCut { from: MemberNo, to: MemberNo },
    /// One direction of a link is as it was.
    LinkHealed { from: MemberNo, to: MemberNo },
    /// One direction of a link is slow, or as fast as usual.
    LinkSlow { from: MemberNo, to: MemberNo, delay_us: Option<u64> },
    /// One direction of a link loses messages.
    LinkLossy { from: MemberNo, to: MemberNo, percent: u32 },
    /// One message was taken out, held back, hastened or doubled by hand.
    MessageTouched { id: u64, how: Touch },
    /// An fsync takes that long, or the usual time.
    DiskSlow { who: MemberNo, fsync_us: Option<u64> },
    /// A disk is full, or has space again.
    DiskFull { who: MemberNo, full: bool },
    /// Operations fail, or work again.
    DiskBroken { who: MemberNo, operation: &'static str, failing: bool },
    /// A disk forgets what it called durable, or is honest again.
    DiskLies { who: MemberNo, lying: bool },
    /// A clock runs at another rate.
    ClockRate { who: MemberNo, thousandths: u32 },
    /// An election timer fires by hand.
    Campaigns { who: MemberNo },
    /// All ticks have one phase.
    TimersAligned,
    /// A rule was switched.
    RuleSet { name: &'static str, on: bool },
    /// A fault was planted in these members, or taken out again; nobody stands for all.
    Planted { code: &'static str, who: Vec<MemberNo>, planted: bool },
    /// A moment got a name.
    Marked { name: String },

    // --- properties ---
    /// A property broke.
    Violated { property: &'static str, known: String, seen: String, promise: &'static str },
    /// The title of its banner.
    ViolatedTitle { property: &'static str },

    // --- the sentence of the moment ---
    /// A leader and who follows it; `all` when that is everyone.
    NowLeads { who: MemberNo, term: u64, with: Vec<MemberNo>, all: bool },
    /// It believes that it leads, and a newer leader exists or it is alone.
    NowBelieves { who: MemberNo, term: u64, cut: bool },
    /// A leader that is frozen.
    NowFrozenLeader { who: MemberNo, term: u64 },
    /// These are down.
    NowDown { who: Vec<MemberNo> },
    /// These stand still.
    NowFrozen { who: Vec<MemberNo> },
    /// There are several clusters; what follows is of this one.
    NowCluster { id: String, who: Vec<MemberNo> },
    /// These stopped by themselves.
    NowHalted { who: Vec<MemberNo> },
    /// Nobody leads; these ask for pre-votes.
    NowPreVote { who: Vec<MemberNo> },
    /// Nobody leads; these stand.
    NowElection { who: Vec<MemberNo>, term: u64 },
    /// Nobody leads yet; the first timer fires in so many milliseconds.
    NowWaits { first: MemberNo, in_ms: u64 },
    /// Nobody leads, because too few are there.
    NowStuck { connected: usize, members: usize, quorum: usize },
    /// Nobody runs.
    NowNobody,
    /// An entry waits for disks.
    WaitsForDisks { index: u64, words: String, on: usize, quorum: usize },
    /// A client waits.
    WaitsForAnswer { client: Option<String>, words: String, at: MemberNo, since_us: u64 },
    /// A disk is busy.
    WaitsForFsync { who: MemberNo, since_us: u64 },
    /// Members are behind, all of them equally far.
    Behind { who: Vec<MemberNo>, entries: u64 },

    // --- a member's label and name ---
    /// First line under a member.
    LabelRole { role: super::frame::Role, life: super::frame::Life, term: u64, since_us: u64 },
    /// Second line under a member.
    LabelLog { commit: u64, last: u64 },
    /// Its name for screen readers.
    Spoken {
        who: MemberNo,
        role: super::frame::Role,
        life: super::frame::Life,
        term: u64,
        durable: u64,
        last: u64,
    },

    // --- the text alternative of the drawing ---
    /// How many members there are.
    AltCount { members: usize },
    /// Who is parted from whom, for how long.
    AltCut { groups: Vec<Vec<MemberNo>>, for_us: u64 },
    /// What is in flight, in finished words, and how many more.
    AltFlight { messages: Vec<String>, more: usize },
    /// One message of that list.
    AltMessage {
        what: &'static str,
        answer: bool,
        entry: Option<u64>,
        from: MemberNo,
        to: MemberNo,
    },
}

/// Why a message did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// The link loses some.
    Chance,
    /// The link is cut.
    Cut,
    /// The receiver does not run.
    Down,
    /// Somebody took it out.
    Hand,
}

/// What a hand did to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Touch {
    /// Took it out.
    Dropped,
    /// Held it back, for microseconds.
    Delayed(u64),
    /// Let it arrive earlier, by microseconds.
    Hastened(u64),
    /// Sent a copy.
    Doubled,
}

impl Say {
    /// The fact in English.
    #[must_use]
    pub(crate) fn text(&self) -> String {
        en::text(self)
    }
}
