//! Links, the cut, and what travels: messages between members, calls of clients.

use serde::{Deserialize, Serialize};

use super::{Alias, no, zero};

/// A message that arrived, or was dropped, stays in the frame for so long, so that its end is seen.
pub const MESSAGE_LINGER_US: u64 = 5_000;

/// One direction of a link.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Link {
    /// Sender.
    pub from: Alias,
    /// Receiver.
    pub to: Alias,
    /// Nothing gets through.
    #[serde(skip_serializing_if = "no")]
    pub cut: bool,
    /// Extra delay.
    #[serde(skip_serializing_if = "zero")]
    pub delay_us: u64,
    /// Messages lost, in percent.
    #[serde(skip_serializing_if = "zero")]
    pub loss_percent: u64,
}

/// A partition: who can still talk to whom.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cut {
    /// The parts of the sheet, each in order of members.
    pub groups: Vec<Vec<Alias>>,
    /// When it was made.
    pub since_us: u64,
}

/// The kind of a message: its shape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Disc.
    #[default]
    Heartbeat,
    /// Square with two lines.
    Append,
    /// Triangle.
    Vote,
    /// Dashed triangle.
    PreVote,
    /// Two stacked squares.
    Snapshot,
    /// Ring with a dot.
    ReadIndex,
    /// A follower hands a proposal on.
    Propose,
    /// Leadership transfer.
    TimeoutNow,
    /// Anything else.
    Other,
}

/// A message between members.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Message {
    /// Its number in this run; a duplicate has its own.
    pub id: u64,
    /// Its kind.
    pub kind: Kind,
    /// It answers one of that kind: hollow.
    #[serde(skip_serializing_if = "no")]
    pub answer: bool,
    /// It refuses: hollow and struck through.
    #[serde(skip_serializing_if = "no")]
    pub reject: bool,
    /// The sender's term: its hue.
    pub term: u64,
    /// Sender.
    pub from: Alias,
    /// Receiver.
    pub to: Alias,
    /// When it left.
    pub sent_us: u64,
    /// When it arrives, or would have.
    pub arrive_us: u64,
    /// How many entries it carries.
    #[serde(skip_serializing_if = "zero")]
    pub entries: u64,
    /// Append: index before the first entry. Answer: last index that matches.
    #[serde(skip_serializing_if = "zero")]
    pub index: u64,
    /// What the world did to it.
    #[serde(skip_serializing_if = "fate_is_plain")]
    pub fate: Fate,
    /// Short words beside the glyph: "entry 34", "n2 has 34". May be empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub words: String,
}

fn fate_is_plain(fate: &Fate) -> bool {
    *fate == Fate::Plain
}

/// What happened to a message on its way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// Nothing.
    #[default]
    Plain,
    /// It ended on the way: a cross.
    Dropped,
    /// It is the second copy.
    Duplicate,
    /// It was held up.
    Delayed,
    /// It reached a member that does not run.
    Unheard,
}

/// A client.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Client {
    /// Its name: `A`, `B`, or `you` for the terminal.
    pub name: String,
    /// The member that it talks to, or talked to last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Alias>,
    /// Its open call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<Call>,
}

/// A call of a client, on its way or waiting.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Call {
    /// What it asks: "put stock/apples 41".
    pub words: String,
    /// When it was sent.
    pub sent_us: u64,
    /// When it reaches the member, or reached it.
    pub arrive_us: u64,
    /// The member has answered: when the answer left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_us: Option<u64>,
    /// When the answer reaches the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub back_us: Option<u64>,
}
