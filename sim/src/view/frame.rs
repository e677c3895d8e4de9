//! A frame: everything that the bench draws, at one moment of virtual time.
//!
//! The page never looks into the world. It asks for a [`Frame`] and draws it, so what is on the
//! screen, what the text alternative says and what a test compares are one value. A frame is made
//! of plain numbers and words; it crosses the border between the two wasm modules as JSON.
//!
//! ```text
//!   World ──look──► Frame ──JSON──► page: drawing · log matrix · inspector · events · time bar
//! ```
//!
//! Conventions of this file:
//! - Times are virtual, in microseconds since the run began, and end in `_us`.
//! - A member is its [`Alias`]: 3 is written n3, whatever its `--name`.
//! - Numbers of 64 random bits (ids, hashes) are hex text, because JavaScript would round them.
//! - What is false, empty or absent is left out of the JSON.
//! - Sentences are finished text of one language; the page does not build any.
//!
//! **Solid survives, glass breaks**: wherever something could be lost in a crash, the frame says
//! whether it would be, as [`Keep`].

mod inspector;
mod marks;
mod traffic;

use serde::{Deserialize, Serialize};

pub use inspector::{
    Inspector, KEYS_MAX, KeyChange, KeyRow, Keys, LEASES_MAX, LeaseRow, Peer, WAL_RECORD_BYTES_MAX,
    WAL_RECORDS_MAX, WalRecord, WalTail, Watching,
};
pub use marks::{Down, MARKS_MAX, Marks, Named, Span, TermSpan};
pub use traffic::{Call, Client, Cut, Fate, Kind, Link, MESSAGE_LINGER_US, Message};

/// The number of a member in this run: 3 is drawn and typed as `n3`. Counted from 1, never reused.
pub type Alias = u32;

fn no(value: &bool) -> bool {
    !*value
}

fn zero(value: &u64) -> bool {
    *value == 0
}

/// The bench at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Frame {
    /// Now.
    pub time_us: u64,
    /// The seed of this run.
    #[serde(with = "super::seed")]
    pub seed: u64,
    /// How many members it began with.
    pub size: u32,
    /// The hash over everything that happened so far, 16 hex digits.
    pub trace: String,
    /// What is going on: the line over the drawing.
    pub sentence: Sentence,
    /// The text alternative of the drawing: members, cuts, messages in flight.
    pub alternative: String,
    /// The members in order of their number.
    pub members: Vec<Member>,
    /// The tails of all logs, aligned by index.
    pub log: LogMatrix,
    /// Links that are not plain, one entry for each direction. A link that is not listed is open,
    /// with the world's usual delay.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
    /// The cut in the sheet, if the network is parted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<Cut>,
    /// Messages in flight, and those that ended less than [`MESSAGE_LINGER_US`] ago.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Message>,
    /// Clients that have called at least once, and the terminal's own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<Client>,
    /// Lines of the terminal from [`FrameRequest::since_entry`] on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub terminal: Vec<Entry>,
    /// The feed from [`FrameRequest::since_event`] on, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Event>,
    /// What the time bar shows.
    pub marks: Marks,
    /// The first broken property. The run is worth pausing when it appears.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub violation: Option<Violation>,
    /// The inspector, for the member that the request selected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inspector: Option<Inspector>,
    /// The terminal's command waits for input: the next line that is typed goes to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asks: Option<Asks>,
    /// A line of the terminal waits: it asks that time flows until it is done, at most to here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wants_us: Option<u64>,
}

/// What a frame should hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FrameRequest {
    /// Fill [`Frame::inspector`] for this member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub select: Option<Alias>,
    /// Send events whose [`Event::seq`] is at least this. At most [`EVENTS_MAX`] are sent, the
    /// newest ones.
    #[serde(skip_serializing_if = "zero")]
    pub since_event: u64,
    /// Send messages' and disks' events too, not only changes of role and commit.
    #[serde(skip_serializing_if = "no")]
    pub messages_too: bool,
    /// Send terminal entries whose [`Entry::id`] is at least this: the smallest one that was not
    /// seen `done`.
    #[serde(skip_serializing_if = "zero")]
    pub since_entry: u64,
    /// Columns of the log matrix, 12 when 0.
    #[serde(skip_serializing_if = "zero")]
    pub columns: u64,
    /// First index of the log matrix. Without it the matrix follows the tail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_column: Option<u64>,
}

/// Most events in one frame; a page that is further behind has skipped ahead anyway.
pub const EVENTS_MAX: usize = 200;

/// The sentence over the drawing, in two lines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sentence {
    /// Who leads, who is cut off, who is down. A live region.
    pub now: String,
    /// What waits for what; may be empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// No leader for three election timeouts: `now` says why.
    #[serde(skip_serializing_if = "no")]
    pub stuck: bool,
}

/// What a crash would do to a thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// On disk: filled.
    #[default]
    Durable,
    /// Written, but only in memory or in the page cache: a dashed outline.
    Cached,
    /// A crash took it: a dotted outline, struck through.
    Lost,
}

/// Which shape a member has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Open circle.
    #[default]
    Follower,
    /// Open diamond, dashed.
    PreCandidate,
    /// Open diamond.
    Candidate,
    /// Filled hexagon.
    Leader,
    /// Open square.
    Learner,
}

/// Whether a member runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Life {
    /// It runs.
    #[default]
    Up,
    /// It reads its disk.
    Starting,
    /// SIGTERM was sent: it hands over and writes out.
    Stopping,
    /// Stopped, killed or without power.
    Down,
    /// SIGSTOP: its clock stands.
    Frozen,
    /// It refuses to go on; [`Member::why`] says what it found.
    Halted,
}

/// One member, as far as the drawing and the log's row heads need it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Member {
    /// Its number.
    pub alias: Alias,
    /// Its `--name`.
    pub name: String,
    /// Its id in hex, as etcdctl prints it.
    pub id: String,
    /// Its cluster's id in hex, while the machines of the world belong to several.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cluster: String,
    /// Its role, or the last one that it had.
    pub role: Role,
    /// Whether it runs.
    pub life: Life,
    /// Since when it has this role and life.
    pub since_us: u64,
    /// Why it halted or is down, in a few words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Its term.
    pub term: u64,
    /// Whom it voted for in this term.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vote: Option<Alias>,
    /// Whom it takes for the leader.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leader: Option<Alias>,
    /// Last index that it knows to be committed.
    pub commit: u64,
    /// Last index that it has applied.
    pub applied: u64,
    /// Last index of its log.
    pub last: u64,
    /// Last index on its disk.
    pub durable: u64,
    /// First index still in its log.
    pub first: u64,
    /// Last index in its durable store.
    pub stored: u64,
    /// Ring: how long it has heard no leader. Absent for a leader and for who does not run.
    #[serde(skip_serializing_if = "zero")]
    pub elapsed_ms: u64,
    /// Ring: after how long it calls an election; 0 when there is no ring.
    #[serde(skip_serializing_if = "zero")]
    pub timeout_ms: u64,
    /// Revision of its store.
    pub revision: i64,
    /// Revision up to which its history is compacted.
    pub compacted: i64,
    /// Bytes of its store's file; only for the selected member, 0 for others.
    #[serde(skip_serializing_if = "zero")]
    pub db_bytes: u64,
    /// Squares under the name, one for each entry of the tail, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub squares: Vec<Square>,
    /// When the fsync that is under way began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fsync_since_us: Option<u64>,
    /// What the last fsync of the WAL took.
    #[serde(skip_serializing_if = "zero")]
    pub last_fsync_us: u64,
    /// Rate of its clock when it is not 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_rate: Option<f64>,
    /// Fields that changed in the last step: `term`, `vote`, `commit`, `applied`, `last`,
    /// `durable`, `revision`, `compacted`, `role`, `leader`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
    /// Its label under the name, two short lines: "leader of term 4", "commit 33 of 34".
    pub label: [String; 2],
    /// Its accessible name: "n3, leader of term 4, on disk to 33 of 34".
    pub spoken: String,
}

/// A square of a member's disk: one log entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Square {
    /// The entry's index.
    #[serde(rename = "i")]
    pub index: u64,
    /// The entry's term: its hue.
    #[serde(rename = "t")]
    pub term: u64,
    /// What a crash would do to it.
    #[serde(rename = "k")]
    pub keep: Keep,
}

/// Logs side by side: a column is an index, a row is a member.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogMatrix {
    /// Index of the first column.
    pub first: u64,
    /// Number of columns; rows may be shorter.
    pub columns: u64,
    /// The rows, in order of the members.
    pub rows: Vec<LogRow>,
    /// The foot: on how many disks of voters each column's entry is. Of two entries at one index
    /// the one on more disks counts.
    pub disks: Vec<u32>,
    /// Disks that make a majority.
    pub quorum: u32,
}

/// The log of one member, or as much as the matrix shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogRow {
    /// Whose log.
    pub alias: Alias,
    /// The last applied index: a notch after that column.
    pub applied: u64,
    /// Entries up to this index are gone from the log; the store holds what they did.
    #[serde(skip_serializing_if = "zero")]
    pub compacted: u64,
    /// The cells, in order of index, without gaps.
    pub cells: Vec<Cell>,
}

/// One entry in one log.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cell {
    /// Its index.
    #[serde(rename = "i")]
    pub index: u64,
    /// Its term.
    #[serde(rename = "t")]
    pub term: u64,
    /// What it holds, in a few words.
    #[serde(rename = "w")]
    pub words: String,
    /// What a crash would do to it.
    #[serde(rename = "k")]
    pub keep: Keep,
    /// This member knows that it is committed.
    #[serde(rename = "c", skip_serializing_if = "no")]
    pub committed: bool,
    /// It changed in the last step.
    #[serde(rename = "n", skip_serializing_if = "no")]
    pub changed: bool,
}

/// A line of the terminal and its output.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Entry {
    /// Its number, one up for each line, from 1.
    pub id: u64,
    /// What was typed.
    pub line: String,
    /// When it took effect.
    pub time_us: u64,
    /// What it prints is etcd's text, which no other language replaces.
    #[serde(skip_serializing_if = "no")]
    pub etcdctl: bool,
    /// What it printed so far.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub output: String,
    /// Nothing more will come.
    #[serde(skip_serializing_if = "no")]
    pub done: bool,
    /// It failed: a refusal, a time-out, a line that could not be read.
    #[serde(skip_serializing_if = "no")]
    pub failed: bool,
    /// What it waits for, while it is not done.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub waits: String,
    /// It prints what happens, or waits for input, and may go on so for ever: nobody has to wait for its
    /// end.
    #[serde(skip_serializing_if = "no")]
    pub watches: bool,
    /// It was typed into the command of this entry, whose output shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub into: Option<u64>,
}

/// What a command of the terminal waits to be typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Asks {
    /// What stands before it; empty when the command has said nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub prompt: String,
    /// A password: it must not be shown.
    #[serde(skip_serializing_if = "no")]
    pub secret: bool,
}

/// What stands before an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Icon {
    /// Nothing.
    #[default]
    None,
    /// Dashed triangle: pre-vote.
    PreVote,
    /// Triangle: vote.
    Vote,
    /// Hexagon: a leader.
    Leader,
    /// Circle: a follower.
    Follower,
    /// Tick: committed.
    Commit,
    /// Arrow tag: a client.
    Client,
    /// Filled square: on disk.
    Disk,
    /// Dashed square: waits for a disk.
    Waits,
    /// Square with two lines: append.
    Append,
    /// Disc: heartbeat.
    Heartbeat,
    /// Stacked squares: snapshot.
    Snapshot,
    /// Ring with a dot: read index.
    ReadIndex,
    /// Crossed circle: a member went down.
    Down,
    /// Circle with a bar: it came back.
    Up,
    /// A cut or a mended link.
    Cut,
    /// A clock, a slow disk or link.
    Dial,
    /// Crossed diamond: a broken property.
    Violation,
}

/// How loud an event is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Single messages and disk writes: "messages too".
    Message,
    /// Roles, commits, faults, clients: the default.
    #[default]
    Change,
    /// A broken property.
    Violation,
}

/// One line of the feed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Event {
    /// Its number, one up for each event of any level, from 1.
    pub seq: u64,
    /// When.
    pub time_us: u64,
    /// Its shape.
    pub icon: Icon,
    /// Its hue; 0 is ink.
    #[serde(skip_serializing_if = "zero")]
    pub term: u64,
    /// The member that acted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<Alias>,
    /// What happened, in plain words.
    pub text: String,
    /// How loud it is.
    #[serde(skip_serializing_if = "level_is_change")]
    pub level: Level,
}

fn level_is_change(level: &Level) -> bool {
    *level == Level::Change
}

/// A broken property: the banner.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Violation {
    /// Its short name in scripts and links: `durability`, `election-safety`.
    pub property: String,
    /// Its title: "Durable commit is broken".
    pub title: String,
    /// Who did what, and what the rule asks.
    pub text: String,
    /// The member that broke it, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<Alias>,
    /// When.
    pub time_us: u64,
}
