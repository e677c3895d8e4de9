//! What a line can mean, one variant for each command.

use std::fmt;

use super::curl::Curl;
use crate::cast::Cast;
use crate::mutant::Mutant;
use crate::view::frame::Alias;
use crate::world::{Flags, Ground, Trouble};

/// A member, as a line names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// By its number: `n3`.
    Alias(Alias),
    /// By its `--name`: `etcd3`.
    Name(String),
    /// `leader`: the running leader of the highest term.
    Leader,
    /// `follower`: the running follower with the lowest number.
    Follower,
    /// `followers`: all running followers.
    Followers,
    /// `all`.
    All,
    /// `rest`: those that the line does not name otherwise.
    Rest,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alias(alias) => write!(f, "n{alias}"),
            Self::Name(name) => f.write_str(name),
            Self::Leader => f.write_str("leader"),
            Self::Follower => f.write_str("follower"),
            Self::Followers => f.write_str("followers"),
            Self::All => f.write_str("all"),
            Self::Rest => f.write_str("rest"),
        }
    }
}

/// One direction of a link, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Direction {
    /// Sender.
    pub from: Who,
    /// Receiver.
    pub to: Who,
    /// `<->`: the other way too.
    pub both: bool,
}

/// What is wrong with a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskFault {
    /// An fsync takes this long, in microseconds; `None` is the usual time.
    Fsync(Option<u64>),
    /// Every write finds no space left.
    Full(bool),
    /// Every read fails.
    Reads(bool),
    /// Every write fails.
    Writes(bool),
    /// Every fsync fails.
    Syncs(bool),
}

/// What a hand does to one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hand {
    /// Takes it out.
    Drop,
    /// Holds it back, in microseconds.
    Delay(u64),
    /// Lets it arrive earlier, in microseconds.
    Hasten(u64),
    /// Lets it arrive twice; the copy so much later, in microseconds.
    Double(u64),
}

/// What `until` waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// A member leads and a majority of the voters follows it.
    Leader,
    /// The same, in a higher term than that of the leader when the command was given.
    NewLeader,
    /// No running member believes that it leads.
    NoLeader,
    /// This member leads.
    Leads(Who),
    /// It runs.
    Up(Who),
    /// It does not run.
    Down(Who),
    /// Some member is in this term or a later one.
    Term(u64),
    /// It, or a majority without it, knows that the entry is committed.
    Commit(Option<Who>, u64),
    /// It has applied the entry.
    Applied(Who, u64),
    /// All running members have applied the same last entry, and none has more in its log.
    Level,
    /// A property broke.
    Violation,
}

/// Calls of the members' API by a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Etcdctl {
    /// Who calls; `None` is the terminal itself.
    pub client: Option<String>,
    /// The member whose own etcdctl is used (`docker exec n2 etcdctl ...`), if the line says so.
    pub at: Option<Who>,
    /// Arguments after the word `etcdctl`.
    pub args: Vec<String>,
    /// Standard input.
    pub stdin: Option<String>,
}

/// What somebody types into a command that waits for input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    /// Whose command; `None` is one of the terminal itself.
    pub client: Option<String>,
    /// The line; `None` is Ctrl-D.
    pub line: Option<String>,
}

/// A line, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// An empty line or a comment.
    Nothing,
    /// `etcdctl put color red`.
    Etcdctl(Etcdctl),
    /// `< TEXT`, `^D`: input for a command of etcdctl that waits for it.
    Type(Typed),
    /// `interrupt`: Ctrl-C for the command of etcdctl that was begun last and still runs.
    Interrupt,
    /// `kill n2`: SIGKILL.
    Kill(Vec<Who>),
    /// `stop n2`: SIGTERM.
    Stop(Vec<Who>),
    /// `power off n2 [torn]`.
    PowerOff {
        /// Whose machines.
        members: Vec<Who>,
        /// A part of the last unsynced write stays.
        torn: bool,
    },
    /// `restart n2`.
    Restart(Vec<Who>),
    /// `start n2 --initial-cluster-token b`: with other flags than before.
    Start {
        /// The machine.
        member: Who,
        /// What is changed in its command line.
        flags: Flags,
    },
    /// `wipe n2`: empties its disk.
    Wipe(Vec<Who>),
    /// `freeze n2`: SIGSTOP.
    Freeze(Vec<Who>),
    /// `thaw n2`: SIGCONT.
    Thaw(Vec<Who>),
    /// `freeze client A`.
    FreezeClient(String),
    /// `thaw client A`.
    ThawClient(String),
    /// `partition n1 | n2 n3`.
    Partition(Vec<Vec<Who>>),
    /// `heal`: all links as they were.
    Heal,
    /// `heal n1 | n2 n3`: the links between the groups as they were.
    Mend(Vec<Vec<Who>>),
    /// `heal n1->n2`: one link as it was.
    HealLink(Direction),
    /// `rough n1->n2 lost=10% doubled=5% reordered=3%`.
    Rough {
        /// Where.
        link: Direction,
        /// How often.
        trouble: Trouble,
    },
    /// `drop n1->n2 [30%]`: loses messages.
    Drop {
        /// Where.
        link: Direction,
        /// How many of a hundred.
        percent: u8,
    },
    /// `drop message 412`, `delay message 412 20ms`, `hasten message 412 2ms`, `double message 412`.
    Message {
        /// The message's number in its run.
        id: u64,
        /// What is done to it.
        hand: Hand,
    },
    /// `slow link n1->n3 300ms`.
    SlowLink {
        /// Where.
        link: Direction,
        /// Extra delay in microseconds.
        delay_us: u64,
    },
    /// `slow disk`, `full disk`, `break disk`.
    Disk {
        /// Whose disks.
        members: Vec<Who>,
        /// What is wrong with them.
        fault: DiskFault,
    },
    /// `rot n3 wal 42`: flips a bit of an entry's durable record.
    Rot {
        /// Whose disk.
        member: Who,
        /// The entry's index.
        entry: u64,
    },
    /// `clock n1 0.5x`.
    Clock {
        /// Whose clocks.
        members: Vec<Who>,
        /// Their rate in thousandths of the true one.
        rate_thousandths: u32,
    },
    /// `campaign n5`.
    Campaign(Who),
    /// `align timers`.
    AlignTimers,
    /// `rule prevote off`.
    Rule {
        /// The rule.
        name: String,
        /// Its value.
        value: String,
    },
    /// `plant M07 [n2 n3]`, `unplant M07`.
    Plant {
        /// Which fault.
        mutant: Mutant,
        /// In whom; empty for all.
        members: Vec<Who>,
        /// `plant`, or `unplant`.
        planted: bool,
    },
    /// `load 20 put/s for 30s at n1`.
    Load {
        /// Writes in a second of virtual time.
        puts_per_second: u32,
        /// For how long, in microseconds; `None`: until `load off`.
        for_us: Option<u64>,
        /// At which member; `None`: at all.
        at: Option<Who>,
    },
    /// `load off`.
    LoadOff,
    /// `hunt 60s`: clients and faults of a headless run, for so many virtual seconds.
    Hunt(u64),
    /// `ground short-log`: the settings that hunts vary, as the first line of a run.
    Ground(Ground),
    /// `traffic 10/s for 4s`: who asks from now on, and for how long.
    Traffic(Box<Cast>),
    /// `settle 18s`: everything heals, and the cluster has to come to rest; microseconds.
    Settle(u64),
    /// `run 5s`: microseconds.
    Run(u64),
    /// `until leader [within 10s]`.
    Until {
        /// What must hold.
        condition: Condition,
        /// For how long to wait at most, in microseconds.
        within_us: u64,
    },
    /// `mark NAME`.
    Mark(String),
    /// `answer leader n2`: what a student answers to a question of a lesson.
    Answer {
        /// The question.
        name: String,
        /// The answer.
        text: String,
    },
    /// `predict P1 no`: what a student expects, before he sees it.
    Predict {
        /// The question.
        name: String,
        /// What he expects.
        text: String,
    },
    /// `hint G1 2`: a student reads a hint.
    Hint {
        /// The goal.
        goal: String,
        /// Which hint, from 1.
        number: u8,
    },
    /// `curl n1/metrics`.
    Curl(Curl),
    /// `status`.
    Status,
    /// `members`.
    Members,
    /// `help [COMMAND]`.
    Help(Option<String>),
}

impl Command {
    /// The words by which lessons lock it and count it: its own, and for etcdctl that of the command.
    #[must_use]
    pub fn words(&self) -> Vec<&str> {
        let word = match self {
            Self::Etcdctl(call) => {
                let words =
                    || call.args.iter().map(String::as_str).filter(|arg| !arg.starts_with('-'));
                return ["etcdctl"].into_iter().chain(words().take(1)).collect();
            }
            Self::Nothing => "",
            Self::Type(_) => "<",
            Self::Interrupt => "interrupt",
            Self::Kill(_) => "kill",
            Self::Stop(_) => "stop",
            Self::PowerOff { .. } => "power off",
            Self::Restart(_) => "restart",
            Self::Start { .. } => "start",
            Self::Wipe(_) => "wipe",
            Self::Freeze(_) => "freeze",
            Self::Thaw(_) => "thaw",
            Self::FreezeClient(_) => "freeze client",
            Self::ThawClient(_) => "thaw client",
            Self::Partition(_) => "partition",
            Self::Heal | Self::Mend(_) | Self::HealLink(_) => "heal",
            Self::Rough { .. } => "rough",
            Self::Drop { .. } => "drop",
            Self::Message { .. } => "message",
            Self::SlowLink { .. } => "slow link",
            Self::Disk { fault: DiskFault::Fsync(_), .. } => "slow disk",
            Self::Disk { fault: DiskFault::Full(_), .. } => "full disk",
            Self::Disk { .. } => "break disk",
            Self::Rot { .. } => "rot",
            Self::Clock { .. } => "clock",
            Self::Campaign(_) => "campaign",
            Self::AlignTimers => "align timers",
            Self::Rule { .. } => "rule",
            Self::Plant { planted: true, .. } => "plant",
            Self::Plant { .. } => "unplant",
            Self::Load { .. } | Self::LoadOff => "load",
            Self::Hunt(_) => "hunt",
            Self::Ground(_) => "ground",
            Self::Traffic(_) => "traffic",
            Self::Settle(_) => "settle",
            Self::Run(_) => "run",
            Self::Until { .. } => "until",
            Self::Mark(_) => "mark",
            Self::Answer { .. } => "answer",
            Self::Predict { .. } => "predict",
            Self::Hint { .. } => "hint",
            Self::Curl(_) => "curl",
            Self::Status => "status",
            Self::Members => "members",
            Self::Help(_) => "help",
        };
        vec![word]
    }

    /// It does something to the world from outside: no question of a client, no look, no word of a student.
    #[must_use]
    pub fn is_intervention(&self) -> bool {
        !matches!(
            self,
            Self::Nothing
                | Self::Etcdctl(_)
                | Self::Type(_)
                | Self::Interrupt
                | Self::Run(_)
                | Self::Until { .. }
                | Self::Mark(_)
                | Self::Answer { .. }
                | Self::Predict { .. }
                | Self::Hint { .. }
                | Self::Curl(_)
                | Self::Status
                | Self::Members
                | Self::Help(_)
        )
    }
}
