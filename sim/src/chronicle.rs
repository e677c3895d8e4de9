//! The chronicle: what a lesson's goals are judged on.
//!
//! The record of a world forgets ([`RING_EVENTS`](crate::trace::RING_EVENTS)), and it says what
//! happened, not what was so. A goal asks both: "was there an election behind the kill?", "which term
//! did the leader have when the answer was typed?".
//!
//! ```text
//!    State::event ──► facts       faults, lives, standings, cut logs, snapshots, lines, violations
//!                 ──► messages    between members, without their payload
//!                 ──► watches     among the facts: what their clients heard of them
//!                 ──► ops         what clients asked, and what they were told
//!                 ──► work        fsyncs of logs, commits of stores
//!    State::observe ► books       of each member: series of what changes by steps
//!
//!    term of n1      2 ─────────────┐
//!                                   └ 3 ───────────────┐             value at a moment: the last
//!                                                      └ 4 ──        step at or before it
//!    moment          #7              #91               #140
//! ```
//!
//! Everything that a member is, is constant between two of its steps. So a **series** of (moment,
//! value) answers for any moment, exactly, with a binary search, and no run has to be made twice to look
//! at a moment that a goal finds only later. It costs a word or two for each change, and nothing while
//! nothing changes. Logs are a series for each index, stores a series for each key.
//!
//! A [`Moment`] is a time and the number of the event that came next: two events of one instant stay in
//! order. The chronicle is heard at every event and every step of every member, never from time to time:
//! how often somebody looks at a world has no influence on what it knows.
//!
//! It is kept only where somebody asked for it ([`World::keep_chronicle`](crate::world::World::keep_chronicle)).
//! Memory is bounded by the limits below; what is over a limit is counted, and a goal that needed it is
//! undecided.

mod book;
mod op;
mod series;
mod watch;

use std::collections::BTreeMap;

use glasshouse_core::api::WatchRequest;
use glasshouse_core::id::{CallId, ClusterId, StreamId};
use glasshouse_core::node::{NodeView, Role};
use glasshouse_core::peer::MessageInfo;

pub use self::book::{Book, Config, Entry, Version};
pub use self::op::{Op, Status};
pub use self::series::{Moment, Series};
pub use self::watch::{News, Watched};
use crate::check::Violation;
use crate::clock::Nanos;
use crate::place::{ClientNo, MemberNo};
use crate::trace::{Carried, DiskStep, DropReason, Life, Standing, What};
use crate::world::Action;

/// Facts that are kept: an hour of lessons has some thousands.
pub const FACTS_MAX: usize = 1 << 17;
/// Messages that are kept: ten minutes of five members under load.
pub const MESSAGES_MAX: usize = 1 << 19;
/// Calls of clients that are kept: `check perf` makes 9,000.
pub const OPS_MAX: usize = 1 << 17;

/// Fsyncs and commits that are kept: ten minutes of five members under load.
pub const WORK_MAX: usize = 1 << 19;

/// Something that happened, and is no message and no call.
#[derive(Clone, Debug)]
pub enum Fact {
    /// Somebody did something to the world.
    Done(Action),
    /// A line of the command language was given.
    Line(String),
    /// A process changed.
    Life(MemberNo, Life),
    /// Role, term, vote or leader of a member changed.
    Standing {
        /// Whose.
        member: MemberNo,
        /// What they were, in the same life of the process.
        before: Option<Standing>,
        /// What they are.
        now: Standing,
    },
    /// A member took entries of its log back.
    Truncated {
        /// Whose log.
        member: MemberNo,
        /// The first index that went.
        from: u64,
        /// The last.
        to: u64,
    },
    /// A member's commit index rose.
    Committed {
        /// Whose.
        member: MemberNo,
        /// Up to which index.
        index: u64,
    },
    /// A member threw old entries of its log away.
    Compacted {
        /// Whose log.
        member: MemberNo,
        /// The first index that is left.
        first: u64,
    },
    /// A member took a snapshot in place of its log.
    Installed {
        /// Who.
        member: MemberNo,
        /// The index that the snapshot reaches.
        index: u64,
    },
    /// A disk did something out of the ordinary: it failed, lost bytes, or a bit flipped.
    Disk(MemberNo, DiskStep),
    /// A member turned away a message of another cluster.
    PeerRefused {
        /// Who was called.
        member: MemberNo,
        /// Who called.
        from: MemberNo,
        /// The caller's cluster.
        theirs: ClusterId,
        /// The cluster of the called one.
        ours: ClusterId,
    },
    /// A client heard something of its watch.
    Watched(Watched),
    /// A property is broken.
    Violated(Violation),
}

/// A fact and its moment.
#[derive(Clone, Debug)]
pub struct Noted {
    /// When.
    pub moment: Moment,
    /// What.
    pub fact: Fact,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leg {
    /// It left.
    Sent,
    /// It arrived.
    Delivered,
    /// It is lost.
    Dropped(DropReason),
}

/// A message between members.
#[derive(Clone, Copy, Debug)]
pub struct Mail {
    /// When.
    pub moment: Moment,
    /// What became of it.
    pub leg: Leg,
    /// The sender.
    pub from: MemberNo,
    /// The receiver.
    pub to: MemberNo,
    /// What it carries.
    pub info: MessageInfo,
}

/// Something that a disk was busy with: an fsync of the log, or a commit of the store.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// Whose disk.
    pub member: MemberNo,
    /// The store's, not the log's.
    pub store: bool,
    /// When it began.
    pub began: Moment,
    /// When it was over; a process that ends does not wait for it.
    pub ended: Option<Moment>,
}

/// What was forgotten because a limit was reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Facts beyond [`FACTS_MAX`].
    pub facts: u64,
    /// Messages beyond [`MESSAGES_MAX`].
    pub messages: u64,
    /// Calls beyond [`OPS_MAX`].
    pub ops: u64,
    /// Work of disks beyond [`WORK_MAX`].
    pub work: u64,
}

/// See the module's page.
#[derive(Clone, Debug, Default)]
pub struct Chronicle {
    facts: Vec<Noted>,
    mail: Vec<Mail>,
    ops: Vec<Op>,
    open: BTreeMap<CallId, usize>,
    work: Vec<Work>,
    /// What each disk is at, by member and whether it is the store's.
    busy: BTreeMap<(MemberNo, bool), usize>,
    books: BTreeMap<MemberNo, Book>,
    clients: BTreeMap<ClientNo, String>,
    streams: watch::Streams,
    changes: Vec<Moment>,
    lost: Lost,
}

impl Chronicle {
    /// What happened, in order.
    #[must_use]
    pub fn facts(&self) -> &[Noted] {
        &self.facts
    }

    /// Messages between members, in order.
    #[must_use]
    pub fn mail(&self) -> &[Mail] {
        &self.mail
    }

    /// Calls of clients, in the order in which they were made.
    #[must_use]
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// What disks were busy with, in the order in which it began.
    #[must_use]
    pub fn work(&self) -> &[Work] {
        &self.work
    }

    /// The name of a client.
    #[must_use]
    pub fn client(&self, no: ClientNo) -> &str {
        self.clients.get(&no).map_or("", String::as_str)
    }

    /// The members that have ever run.
    pub fn members(&self) -> impl Iterator<Item = MemberNo> + '_ {
        self.books.keys().copied()
    }

    /// What is known of a member.
    #[must_use]
    pub fn book(&self, member: MemberNo) -> Option<&Book> {
        self.books.get(&member)
    }

    /// All books, by member.
    pub fn books(&self) -> impl Iterator<Item = (MemberNo, &Book)> {
        self.books.iter().map(|(member, book)| (*member, book))
    }

    /// Moments at which something about a member changed, in order.
    #[must_use]
    pub fn changes(&self) -> &[Moment] {
        &self.changes
    }

    /// What was forgotten.
    #[must_use]
    pub fn lost(&self) -> Lost {
        self.lost
    }

    /// The leader of the highest term that a running member takes itself for the leader of.
    #[must_use]
    pub fn leader(&self, at: Moment) -> Option<MemberNo> {
        let led = self.books().filter_map(|(member, book)| Some((book.leads(at)?, member)));
        led.max().map(|(_, member)| member)
    }

    // --- hearing ---

    /// A client has a name from now on.
    pub(crate) fn introduce(&mut self, no: ClientNo, name: &str) {
        self.clients.insert(no, name.to_owned());
    }

    /// Takes an event of the record, whose number it has.
    pub(crate) fn hear(&mut self, seq: u64, at: Nanos, what: &What) {
        let moment = Moment { at, seq };
        match what {
            What::Sent { from, to, carries, .. } => {
                self.post(moment, Leg::Sent, (*from, *to), *carries);
            }
            What::Delivered { from, to, carries, .. } => {
                self.post(moment, Leg::Delivered, (*from, *to), *carries);
            }
            What::Dropped { from, to, carries, why, .. } => {
                self.post(moment, Leg::Dropped(*why), (*from, *to), *carries);
            }
            What::Called { call, client, member, request } => {
                if self.ops.len() == OPS_MAX {
                    self.lost.ops += 1;
                    return;
                }
                self.open.insert(*call, self.ops.len());
                self.ops.push(Op::new(moment, *client, *member, request));
            }
            What::Returned { call, end, .. } => {
                if let Some(place) = self.open.remove(call) {
                    self.ops[place].end(moment, end);
                }
            }
            What::Standing { member, standing } => {
                let before = self.book_mut(*member).on_standing(moment, *standing);
                self.changed(moment);
                let fact = Fact::Standing { member: *member, before, now: *standing };
                self.note(moment, fact);
            }
            What::Life { member, step } => {
                self.book_mut(*member).on_life(moment, step);
                if !matches!(step, Life::Frozen | Life::Thawed | Life::Stopping) {
                    self.busy.retain(|(whose, _), _| whose != member);
                }
                self.changed(moment);
                self.note(moment, Fact::Life(*member, step.clone()));
            }
            What::Committed { member, index } => {
                self.book_mut(*member).commit.set(moment, *index);
                self.changed(moment);
                self.note(moment, Fact::Committed { member: *member, index: *index });
            }
            What::Applied { member, index } => {
                self.book_mut(*member).applied.set(moment, *index);
                self.changed(moment);
            }
            What::Disk { member, step } => self.on_disk(moment, *member, step),
            What::Fault(action) => self.on_done(moment, action),
            &What::PeerRefused { member, from, theirs, ours } => {
                self.note(moment, Fact::PeerRefused { member, from, theirs, ours });
            }
            What::Compacted { member, first_index } => {
                self.note(moment, Fact::Compacted { member: *member, first: *first_index });
            }
            What::SnapshotInstalled { member, index } => {
                self.note(moment, Fact::Installed { member: *member, index: *index });
            }
            What::Note(line) => self.note(moment, Fact::Line(line.clone())),
            What::Violated(violation) => self.note(moment, Fact::Violated(violation.clone())),
            What::StreamOpened { .. } | What::Watched { .. } | What::StreamEnded { .. } => {
                for watched in self.streams.hear(what) {
                    self.note(moment, Fact::Watched(watched));
                }
            }
            What::Delayed { .. } => {}
        }
    }

    fn on_done(&mut self, moment: Moment, action: &Action) {
        if let Action::Wipe(member) = action {
            self.book_mut(*member).forget_disk(moment);
            self.changed(moment);
        }
        self.note(moment, Fact::Done(action.clone()));
    }

    /// A client asks on a stream of watches: the record does not hold what.
    pub(crate) fn hear_asked(&mut self, stream: StreamId, request: &WatchRequest) {
        self.streams.on_asked(stream, request);
    }

    /// Looks at a member that has just made a step or read its disk. `seq` is the number of the next event.
    pub(crate) fn look(&mut self, seq: u64, at: Nanos, member: MemberNo, view: NodeView<'_>) {
        let moment = Moment { at, seq };
        let book = self.books.entry(member).or_default();
        let seen = book.look(moment, view);
        if let Some((from, to)) = seen.truncated {
            self.note(moment, Fact::Truncated { member, from, to });
        }
        if seen.changed {
            self.changed(moment);
        }
    }

    fn book_mut(&mut self, member: MemberNo) -> &mut Book {
        self.books.entry(member).or_default()
    }

    fn changed(&mut self, moment: Moment) {
        if self.changes.last() != Some(&moment) {
            self.changes.push(moment);
        }
    }

    fn on_disk(&mut self, moment: Moment, member: MemberNo, step: &DiskStep) {
        match step {
            DiskStep::Failed { .. } | DiskStep::Lost { .. } | DiskStep::Rotted { .. } => {
                self.note(moment, Fact::Disk(member, step.clone()));
            }
            DiskStep::SyncBegan { .. } => self.work_begins(moment, member, false),
            DiskStep::CommitBegan { .. } => self.work_begins(moment, member, true),
            DiskStep::Synced { .. } => self.work_ends(moment, member, false),
            DiskStep::CommitDone { .. } => self.work_ends(moment, member, true),
            _ => {}
        }
    }

    fn work_begins(&mut self, began: Moment, member: MemberNo, store: bool) {
        if self.work.len() == WORK_MAX {
            self.lost.work += 1;
            return;
        }
        self.busy.insert((member, store), self.work.len());
        self.work.push(Work { member, store, began, ended: None });
    }

    fn work_ends(&mut self, moment: Moment, member: MemberNo, store: bool) {
        if let Some(place) = self.busy.remove(&(member, store)) {
            self.work[place].ended = Some(moment);
        }
    }

    fn note(&mut self, moment: Moment, fact: Fact) {
        if self.facts.len() == FACTS_MAX {
            self.lost.facts += 1;
            return;
        }
        self.facts.push(Noted { moment, fact });
    }

    fn post(
        &mut self,
        moment: Moment,
        leg: Leg,
        (from, to): (crate::place::Place, crate::place::Place),
        carries: Carried,
    ) {
        let (Some(from), Some(to), Carried::Peer(info)) = (from.member(), to.member(), carries)
        else {
            return;
        };
        if self.mail.len() == MESSAGES_MAX {
            self.lost.messages += 1;
            return;
        }
        self.mail.push(Mail { moment, leg, from, to, info });
    }
}

/// The name of a role, as goals write it.
#[must_use]
pub fn role_name(role: Role) -> &'static str {
    match role {
        Role::Follower => "follower",
        Role::PreCandidate => "pre-candidate",
        Role::Candidate => "candidate",
        Role::Leader => "leader",
        Role::Learner => "learner",
    }
}
