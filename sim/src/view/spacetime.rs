//! Space-time: a stretch of a run as Lamport drew it ("Time, Clocks, and the Ordering of Events in a
//! Distributed System", 1978). Every process is a line, every message an arrow, time runs to the right.
//!
//! ```text
//!   n1 ─────●──────────────●──▬▬▬──●────    ▬▬  written, until it is on disk
//!            ╲   vote      ╱       ╲
//!   n2 ───────●──▬▬▬▬▬▬▬──●─────────●───    ⬡   leads from here
//!              ╲
//!   n3 ─────────✕                           ✕   lost on its way
//! ```
//!
//! A [`Slice`] is that picture as plain data: it depends on nothing but serde, so the page has it without
//! the simulator. What can be concluded from it is worked out here as well, from the slice alone:
//!
//! | module | what |
//! | --- | --- |
//! | `cause` | what happened before what, the past of an event, the list in which no effect stands before its cause |
//! | `fold` | silence becomes a gap that says what it holds |
//! | `why` | the votes behind a leader, the disks behind a commit |
//! | `tell` | an event and a slice in words |
//! | [`shiviz`] | vector clocks, for the tool that draws such pictures of any log |

pub mod cause;
pub mod fold;
pub mod shiviz;
pub mod tell;
pub mod why;

#[cfg(all(test, feature = "world"))]
mod tests;

use serde::{Deserialize, Serialize};

use super::frame::{Alias, Down, Message, Role};

/// The number of an event in its run: what is earlier in the record has the smaller one.
pub type Seq = u64;

/// A line of the picture: members are 1 to 9, clients count from 256, 0 is the world itself.
pub type LaneNo = u32;

/// The lane of what people do to the world: it precedes and follows nobody.
pub const WORLD: LaneNo = 0;

/// Most events of a slice; the newest stay. Ten seconds of five quiet members are 1,600.
pub const EVENTS_MAX: usize = 3_000;

/// Most clients that have a lane; those who spoke last stay. More lines than these cannot be told apart.
pub const CLIENTS_MAX: usize = 6;

/// A stretch of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Slice {
    /// Where it begins: later than was asked for if [`Slice::short`] says so.
    pub from_us: u64,
    /// Where it ends.
    pub to_us: u64,
    /// Why it begins later than was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub short: Option<Short>,
    /// Members in the order of their numbers, then clients in the order in which they came.
    pub lanes: Vec<Lane>,
    /// Clients without a lane, beyond [`CLIENTS_MAX`]: what they did is not here.
    pub clients_left_out: u32,
    /// What happened, in the order of the record.
    pub events: Vec<Event>,
    /// The messages that were sent, arrived or were on their way, by their ids.
    pub arrows: Vec<Arrow>,
    /// What was written to logs on disk.
    pub writes: Vec<Write>,
    /// When the network was parted.
    pub cuts: Vec<Parting>,
    /// The members who vote, at the end.
    pub voters: Vec<Alias>,
}

/// Why a slice is shorter than was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Short {
    /// The record does not reach back further.
    Record,
    /// More than [`EVENTS_MAX`] happened.
    Events,
}

/// The line of a member or a client.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lane {
    /// Its number.
    pub no: LaneNo,
    /// How it is called: `n3`, `A`, `you`.
    pub name: String,
    /// Its role at the end; clients have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The terms that it lived through.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bands: Vec<Band>,
    /// When it did not run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub downs: Vec<Down>,
}

impl Lane {
    /// It is a member.
    #[must_use]
    pub fn is_member(&self) -> bool {
        self.no < 256
    }

    /// It does not run at this moment, or is frozen.
    #[must_use]
    pub fn down_at(&self, us: u64) -> Option<&Down> {
        self.downs.iter().find(|down| down.from_us <= us && down.to_us.is_none_or(|to| us < to))
    }

    /// Its term at the end.
    #[must_use]
    pub fn term(&self) -> u64 {
        self.bands.last().map_or(0, |band| band.term)
    }
}

/// A member's time in a term.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Band {
    /// The term.
    pub term: u64,
    /// From when.
    pub from_us: u64,
    /// Until when, or the end of the slice.
    pub to_us: u64,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its number in the run.
    pub seq: Seq,
    /// When.
    pub at_us: u64,
    /// Where.
    pub lane: LaneNo,
    /// What.
    pub what: What,
    /// The events right before it: the last one of its own lane, and the sending of what arrived. What is
    /// before those is before it, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Seq>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum What {
    /// A message left.
    Sent {
        /// Its id.
        message: u64,
    },
    /// A message arrived.
    Delivered {
        /// Its id.
        message: u64,
    },
    /// A message was lost; nobody learns of it, so nothing follows from it.
    Lost {
        /// Its id.
        message: u64,
    },
    /// Bytes of the log went into the page cache.
    Wrote {
        /// The number of the append.
        append: u64,
        /// How many bytes.
        bytes: u32,
    },
    /// Appends up to this one are on the platter.
    Synced {
        /// The number of the last append.
        append: u64,
    },
    /// Role, term, vote or leader changed.
    Became {
        /// What it is now.
        role: Role,
        /// The term.
        term: u64,
        /// Whom it voted for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        vote: Option<Alias>,
        /// Whom it takes for the leader.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        leader: Option<Alias>,
    },
    /// It knows that entries are committed.
    Committed {
        /// Up to this index.
        index: u64,
    },
    /// Its process began, ended, stopped or went on.
    Life {
        /// The words: "was killed".
        words: String,
        /// It does not run from now on.
        down: bool,
    },
    /// A client asked.
    Called {
        /// What.
        words: String,
    },
    /// A client's call is over.
    Returned {
        /// What came of it.
        words: String,
        /// It succeeded.
        ok: bool,
    },
    /// Somebody did something to the world.
    Line {
        /// The line.
        words: String,
    },
    /// A property broke.
    Violated {
        /// Which, and how.
        words: String,
    },
}

impl What {
    /// The message that it is about.
    #[must_use]
    pub fn message(&self) -> Option<u64> {
        match self {
            Self::Sent { message } | Self::Delivered { message } | Self::Lost { message } => {
                Some(*message)
            }
            _ => None,
        }
    }
}

/// A message as an arrow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Arrow {
    /// What it is, and when it was sent and arrives, arrived or would have. Its ends are lanes.
    pub message: Message,
    /// It goes from or to a client.
    pub client: bool,
    /// Its sending, if that is in the slice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent: Option<Seq>,
    /// Its arrival or its loss, if that is in the slice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<Seq>,
    /// When it was lost, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<(u64, Why)>,
    /// The message that it is a copy of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copy_of: Option<u64>,
}

impl Arrow {
    /// It is still on its way at the end of the slice.
    #[must_use]
    pub fn flies(&self) -> bool {
        self.end.is_none()
    }
}

/// Why a message did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// The link loses some.
    Loss,
    /// The link is cut.
    Cut,
    /// No process listens there.
    NobodyListens,
    /// The process that it was for ended while it was on its way.
    ReceiverDied,
    /// Somebody took it out.
    ByHand,
}

/// An append to a log on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Write {
    /// Whose disk.
    pub lane: LaneNo,
    /// The number of the append.
    pub append: u64,
    /// How many bytes.
    pub bytes: u32,
    /// The member's term.
    pub term: u64,
    /// When it went into the page cache.
    pub from_us: u64,
    /// When it was on the platter; absent: it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub durable_us: Option<u64>,
    /// When the power went before that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost_us: Option<u64>,
}

/// A stretch in which the network was parted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Parting {
    /// From when.
    pub from_us: u64,
    /// Until when; absent: still.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_us: Option<u64>,
    /// Who can still talk to whom.
    pub groups: Vec<Vec<Alias>>,
}

impl Slice {
    /// The event of this number.
    #[must_use]
    pub fn event(&self, seq: Seq) -> Option<&Event> {
        self.events.get(self.place(seq)?)
    }

    /// Where in [`Slice::events`] the event of this number stands.
    #[must_use]
    pub fn place(&self, seq: Seq) -> Option<usize> {
        self.events.binary_search_by_key(&seq, |event| event.seq).ok()
    }

    /// The message of this id.
    #[must_use]
    pub fn arrow(&self, id: u64) -> Option<&Arrow> {
        let at = self.arrows.binary_search_by_key(&id, |arrow| arrow.message.id).ok()?;
        self.arrows.get(at)
    }

    /// The message that an event is about.
    #[must_use]
    pub fn arrow_of(&self, event: &Event) -> Option<&Arrow> {
        self.arrow(event.what.message()?)
    }

    /// The line of this number.
    #[must_use]
    pub fn lane(&self, no: LaneNo) -> Option<&Lane> {
        self.lanes.iter().find(|lane| lane.no == no)
    }

    /// The elections that were won: the event, who leads, which term.
    pub fn elections(&self) -> impl Iterator<Item = (&Event, LaneNo, u64)> {
        self.events.iter().filter_map(|event| match event.what {
            What::Became { role: Role::Leader, term, leader: Some(leader), .. }
                if leader == event.lane =>
            {
                Some((event, event.lane, term))
            }
            _ => None,
        })
    }

    /// Lost messages.
    pub fn lost(&self) -> impl Iterator<Item = &Arrow> {
        self.arrows.iter().filter(|arrow| arrow.lost.is_some())
    }
}
