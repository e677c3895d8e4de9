//! What clients saw, as the page draws it: operations, the verdict, and numbers over time.
//!
//! ```text
//!   you   |--put a 1--*-|                         * where it takes effect in the order found
//!   A            |--get a 1---*--|  |-get a ...   open: no answer yet
//! ```
//!
//! Times are virtual microseconds, as in frames.

use serde::{Deserialize, Serialize};

use super::super::frame::{Alias, Span};

/// Most operations in one answer, the newest ones. A drawing of more is no drawing.
pub const OPERATIONS_MAX: usize = 240;

/// Upper bounds of the buckets of etcd's histogram `etcd_disk_wal_fsync_duration_seconds`, in
/// milliseconds; what takes longer is counted behind them.
pub const FSYNC_BUCKETS_MS: [u64; 14] =
    [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096, 8_192];

/// What clients saw, judged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct History {
    /// Now.
    pub time_us: u64,
    /// What is known of it.
    pub verdict: Verdict,
    /// The newest operations, in order of their calls.
    pub operations: Vec<Operation>,
    /// How many are older than those.
    #[serde(skip_serializing_if = "zero")]
    pub earlier: u64,
    /// Stretches in which no leader could commit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stalls: Vec<Span>,
    /// The way of the operation that was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub way: Vec<Step>,
    /// Numbers over time.
    pub charts: Charts,
}

fn zero(value: &u64) -> bool {
    *value == 0
}

fn no(value: &bool) -> bool {
    !*value
}

/// Whether one copy could have given these answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Verdict {
    /// The verdict.
    pub kind: Kind,
    /// Answers that one order explains.
    pub explained: u64,
    /// Operations without an answer: they may take effect at any time from their call on, or never.
    pub open: u64,
    /// Steps of the model in the last check.
    pub steps: u64,
    /// Revisions were left out: only values were compared.
    #[serde(skip_serializing_if = "no")]
    pub blind: bool,
    /// Refuted: the operation whose answer no order explains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stuck: Option<u64>,
    /// Refuted: an operation that was over before, and contradicts it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub against: Option<u64>,
    /// Unknown: the limit that was met.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub limit: String,
}

/// A verdict without its reasons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// One order explains every answer.
    #[default]
    Linearizable,
    /// No order does.
    Refuted,
    /// A limit was met first.
    Unknown,
}

/// One operation of one client.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Operation {
    /// Its number in the run, up from call to call.
    pub id: u64,
    /// Who asked: `you`, a name, `load-1`.
    pub client: String,
    /// Who was asked.
    pub member: Alias,
    /// Question and answer in a few words: `put apples 40`, `get plums 7`.
    pub words: String,
    /// It may write.
    #[serde(skip_serializing_if = "no")]
    pub write: bool,
    /// It is not promised to see all that was written (a serializable read, one of an old revision).
    #[serde(skip_serializing_if = "no")]
    pub outside: bool,
    /// When it was asked.
    pub called_us: u64,
    /// When its client stopped waiting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returned_us: Option<u64>,
    /// What came of it.
    pub outcome: Outcome,
    /// What the refusal says, or why nobody answered.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// The term of its entry, or the one in which it was answered: its hue.
    pub term: u64,
    /// Its entry in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<u64>,
    /// The revision that its client was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
    /// Its number in the order found, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<u64>,
    /// A moment at which it can take effect in that order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub point_us: Option<u64>,
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It waits for its answer.
    #[default]
    Open,
    /// It was answered.
    Done,
    /// It was refused: nothing happened.
    Refused,
    /// Nobody knows: it may have happened, happen yet, or never.
    Unknown,
}

/// One step of an operation's way through the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Step {
    /// When; absent: it has not happened yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_us: Option<u64>,
    /// What.
    pub what: StepKind,
    /// The member that did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<Alias>,
    /// The other member that it concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<Alias>,
    /// The entry's index.
    #[serde(skip_serializing_if = "zero")]
    pub index: u64,
    /// The entry's term.
    #[serde(skip_serializing_if = "zero")]
    pub term: u64,
    /// How long it took; of a step that is open, how long it lasts so far.
    #[serde(skip_serializing_if = "zero")]
    pub took_us: u64,
}

/// What an operation met on its way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// The client asks a member.
    #[default]
    Asked,
    /// The question arrives.
    Arrived,
    /// The member hands it to the leader.
    HandedOn,
    /// The member asks the leader for its commit index (ReadIndex).
    ReadIndex,
    /// The leader asks a majority whether it still leads.
    Confirms,
    /// The commit index has come.
    ReadIndexKnown,
    /// The leader makes an entry of it.
    Proposed,
    /// A member has the entry in memory.
    Received,
    /// A member has the entry on its disk; open: its fsync is under way.
    OnDisk,
    /// The entry is committed.
    Committed,
    /// The member that was asked has applied it.
    Applied,
    /// It answers.
    Answered,
    /// The client has the answer, or stops waiting.
    Returned,
}

/// Numbers over the whole run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Charts {
    /// How long fsyncs of the log took, one for each member.
    pub fsyncs: Vec<Fsyncs>,
    /// Width of one stretch of the series below.
    pub bucket_us: u64,
    /// Operations that were answered in each stretch.
    pub answered: Vec<u32>,
    /// How many entries the slowest running member's commit index was behind the newest, at most.
    pub lag: Vec<u32>,
}

/// The fsyncs of one member's log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fsyncs {
    /// Whose.
    pub member: Alias,
    /// How many in each bucket of [`FSYNC_BUCKETS_MS`], and one more for those that took longer.
    pub counts: Vec<u32>,
}
