//! Everything that can be done to a world: the closed list behind every click, every line of a
//! script and every fault of a schedule.
//!
//! An [`Action`] happens at the present virtual time, is recorded as an event, and says in one
//! sentence why it cannot be done ([`Refused`]). The list of (time, action) pairs and the seed
//! are a whole run.

use std::fmt;

use glasshouse_core::peer::MessageKind;

use super::flags::Flags;
use crate::clock::{Nanos, Rate};
use crate::mutant::Mutant;
use crate::network::MessageId;
use crate::place::{ClientNo, MemberNo, Place};

/// One thing done to the world.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    // --- processes and machines ---
    /// Starts a member that is down, from what its disk holds.
    Restart(MemberNo),
    /// Starts a member that is down, with other flags than before. Which of them count, its disk decides:
    /// with a log there, `--initial-*` is not looked at.
    Start {
        /// The machine.
        member: MemberNo,
        /// What is changed in its command line.
        flags: Flags,
    },
    /// Empties the disk of a machine whose process does not run.
    Wipe(MemberNo),
    /// Starts a machine with an empty disk as a member that joins the running cluster
    /// (`--initial-cluster-state existing`). Somebody has added it before, with the peer URL of this
    /// number. It may be the next machine of the world, or one whose member was removed.
    Join(MemberNo),
    /// SIGKILL: the process dies, the page cache survives.
    Kill(MemberNo),
    /// SIGTERM: the member leaves politely (a leader hands leadership over first).
    Stop(MemberNo),
    /// The machine loses power: bytes that were not synced are lost. `torn` leaves a part of
    /// them, sector by sector.
    PowerOff {
        /// The machine.
        member: MemberNo,
        /// Each unsynced sector is kept, lost or cut, as its disk's random stream decides.
        torn: bool,
    },
    /// SIGSTOP: nothing of it runs, what is sent to it waits.
    Freeze(MemberNo),
    /// SIGCONT.
    Thaw(MemberNo),
    /// A client stops in its tracks: answers to it wait.
    FreezeClient(ClientNo),
    /// The client goes on.
    ThawClient(ClientNo),

    // --- the network ---
    /// Cuts every link between places of different groups. A place that is in no group keeps
    /// its links; links that were cut before stay cut.
    Partition(Vec<Vec<Place>>),
    /// Cuts one direction of a link: what is on its way is lost, and so is what follows.
    CutLink {
        /// The sender.
        from: Place,
        /// The receiver.
        to: Place,
    },
    /// Mends one direction of a link and takes every other trouble off it.
    HealLink {
        /// The sender.
        from: Place,
        /// The receiver.
        to: Place,
    },
    /// Mends every link between places of different groups, both ways: the end of a
    /// [`Partition`](Self::Partition) while other faults go on.
    Mend(Vec<Vec<Place>>),
    /// Mends all links.
    Heal,
    /// Sets the one-way delay of a link; `None` gives the world's own back.
    SlowLink {
        /// The sender.
        from: Place,
        /// The receiver.
        to: Place,
        /// The delay, before jitter.
        one_way: Option<Nanos>,
    },
    /// Sets how often a link loses, doubles or reorders messages.
    RoughLink {
        /// The sender.
        from: Place,
        /// The receiver.
        to: Place,
        /// The three chances.
        trouble: Trouble,
    },
    /// Takes one message that is on its way out of the network.
    DropMessage(MessageId),
    /// Lets one message that is on its way arrive this much later.
    DelayMessage {
        /// The message.
        id: MessageId,
        /// How much later, in nanoseconds.
        by: Nanos,
    },
    /// Lets one message that is on its way arrive this much earlier, but not before the present: it
    /// overtakes what was sent before it.
    HastenMessage {
        /// The message.
        id: MessageId,
        /// How much earlier, in nanoseconds.
        by: Nanos,
    },
    /// Sends a second copy of a message that is on its way.
    DuplicateMessage {
        /// The message.
        id: MessageId,
        /// How much later than the message it arrives, in nanoseconds; 0 is right behind it.
        after: Nanos,
    },
    /// Loses the next message of a link, once.
    DropNext {
        /// The sender.
        from: Place,
        /// The receiver.
        to: Place,
        /// Only a message of this kind; `None` takes any.
        kind: Option<MessageKind>,
    },

    // --- disks ---
    /// Sets how long an fsync of this disk takes; `None` gives the world's own back.
    SlowDisk {
        /// Whose disk.
        member: MemberNo,
        /// The time of one fsync, before jitter.
        fsync: Option<Nanos>,
    },
    /// Fills the disk up (every write that needs space fails), or frees it again.
    FullDisk {
        /// Whose disk.
        member: MemberNo,
        /// Full, or free again.
        full: bool,
    },
    /// Lets operations of one kind fail with an input/output error, or ends that.
    DiskErrors {
        /// Whose disk.
        member: MemberNo,
        /// Which operations.
        operation: DiskOperation,
        /// They fail, or they work again.
        failing: bool,
    },
    /// The drive says that bytes are durable and forgets them (a volatile cache without power
    /// protection), or tells the truth again.
    LyingDisk {
        /// Whose disk.
        member: MemberNo,
        /// It lies, or it is honest again.
        lying: bool,
    },
    /// Flips one bit of what is stored.
    Rot {
        /// Whose disk.
        member: MemberNo,
        /// Which bit.
        target: RotTarget,
    },

    // --- clocks and rules ---
    /// Lets a member's clock run fast or slow; its ticks follow.
    ClockRate {
        /// Whose clock.
        member: MemberNo,
        /// The rate.
        rate: Rate,
    },
    /// Lets a member's election timer fire now.
    Campaign(MemberNo),
    /// Gives all members the same tick phase, so that timers fire together.
    AlignTimers,
    /// Switches a rule of the protocol. It holds for a member from its next start.
    Rule(Rule),
    /// Plants a fault, or takes it out again.
    Plant {
        /// Which one.
        mutant: Mutant,
        /// In whom; empty for all, those that will join among them.
        members: Vec<MemberNo>,
        /// It is there, or not any more.
        planted: bool,
    },
}

/// How often a link misbehaves, in millionths of its messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trouble {
    /// Messages that are lost.
    pub loss: u32,
    /// Messages that arrive twice.
    pub duplicates: u32,
    /// Messages that are overtaken by those sent after them.
    pub reordered: u32,
}

/// What a process asks of its disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DiskOperation {
    /// Reading a file (a member reads its disk when it starts).
    Read,
    /// Writing bytes.
    Write,
    /// Making written bytes durable.
    Sync,
}

/// Which bit rots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotTarget {
    /// A bit of the WAL record that holds this entry of the raft log.
    Entry(u64),
    /// One bit of one WAL segment.
    Wal {
        /// The segment's number.
        segment: u64,
        /// Byte in the file.
        offset: u64,
        /// Bit in the byte, 0 to 7.
        bit: u8,
    },
    /// One bit of the store's file.
    Store {
        /// Byte in the file.
        offset: u64,
        /// Bit in the byte, 0 to 7.
        bit: u8,
    },
}

/// A rule of the protocol, and what it shall be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Ask before an election whether it could be won.
    PreVote(bool),
    /// A leader without a majority steps down.
    CheckQuorum(bool),
    /// Election timeouts are drawn; otherwise all are the shortest one.
    Spread(bool),
}

/// Why an action cannot be done: one sentence for whoever asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(pub String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}
