//! What people see of a world: frames for the page, sentences for the feed.
//!
//! ```text
//!   record ──► narrate   the feed: what happened, in words
//!          ──► traffic   messages and calls on their way
//!          ──► marks     what the time bar shows
//!          ──► history   what clients saw, judged, and each operation's way
//!          ──► meters    how long fsyncs and commits took: a member's page of metrics
//!   nodes  ──► look      each member's last known state, also of members that are down
//!   disks  ──► inspect   WAL bytes and keys of the selected member
//!   record ──► slice     a stretch of the run as lanes and arrows: spacetime::Slice
//!                 └────► picture ──► frame::Frame ──► JSON
//!                        sentence: what is going on, in two lines and for screen readers
//! ```
//!
//! [`frame`] holds the picture as plain data, [`spacetime`] that of a stretch of time, [`call`] the words
//! in which the page asks for them. They depend on nothing but serde.

pub mod call;
pub mod frame;
pub mod link;
pub mod narrate;
pub mod serve;
pub mod spacetime;
pub mod words;

mod seed;

mod compare;
mod history;
mod hunts;
mod inspect;
mod lessons;
mod look;
mod marks;
mod meters;
mod picture;
mod sentence;
mod slice;
#[cfg(test)]
mod tests;
mod text;
mod traffic;
mod whatif;

use self::call::Stop;
use self::history::Book;
use self::inspect::Inspect;
use self::look::Looks;
use self::marks::MarkBook;
use self::meters::Meters;
use self::narrate::{Narrator, Speaker};
pub(crate) use self::picture::frame_of;
pub(crate) use self::slice::slice;
use self::text::Say;
use self::traffic::Traffic;
use crate::check;
use crate::clock::{MICROS, Nanos};
use crate::place::{ClientNo, MemberNo};
use crate::script::bench::Setup;
use crate::trace::What;
use crate::world::World;

/// What the view remembers of a world from frame to frame.
pub(crate) struct View {
    cursor: u64,
    commits: u64,
    lasts: Lasts,
    narrator: Narrator,
    traffic: Traffic,
    marks: MarkBook,
    history: Book,
    meters: Meters,
    looks: Looks,
    /// The members as they were when the last step began: what differs is marked as changed.
    before: Looks,
    inspect: Inspect,
}

/// How much has happened, to notice that more has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    events: u64,
    messages: u64,
    disk: u64,
    commits: u64,
}

/// When each of these happened last, to step back to it.
#[derive(Clone, Copy, Debug, Default)]
struct Lasts {
    event: Option<Nanos>,
    message: Option<Nanos>,
    disk: Option<Nanos>,
    commit: Option<Nanos>,
}

impl Lasts {
    /// An event was heard at `at`; what it was is seen in what it counted as.
    fn hear(&mut self, at: Nanos, before: &Counts, after: &Counts) {
        let happened = |before: u64, after: u64| (after > before).then_some(at);
        self.event = happened(before.events, after.events).or(self.event);
        self.message = happened(before.messages, after.messages).or(self.message);
        self.disk = happened(before.disk, after.disk).or(self.disk);
        self.commit = happened(before.commits, after.commits).or(self.commit);
    }
}

impl Counts {
    fn of(narrator: &Narrator, traffic: &Traffic, commits: u64) -> Self {
        Self {
            events: narrator.changes(),
            messages: traffic.moves(),
            disk: traffic.disk_steps(),
            commits,
        }
    }

    /// Why a step that waits for `stop` is over, if it is.
    pub(crate) fn passed(&self, before: &Self, stop: Stop) -> Option<&'static str> {
        match stop {
            // The bench knows of its lines.
            Stop::Time | Stop::Done => None,
            Stop::Event => (self.events > before.events).then_some("event"),
            Stop::Message => (self.messages > before.messages).then_some("message"),
            Stop::Disk => (self.disk > before.disk).then_some("disk"),
            Stop::Commit => (self.commits > before.commits).then_some("commit"),
        }
    }
}

impl View {
    pub(crate) fn new(setup: &Setup) -> Self {
        Self {
            cursor: 0,
            commits: 0,
            lasts: Lasts::default(),
            narrator: Narrator::new(usize::from(setup.members)),
            traffic: Traffic::new(setup.spec().latency),
            marks: MarkBook::default(),
            history: Book::default(),
            meters: Meters::default(),
            looks: Looks::default(),
            before: Looks::default(),
            inspect: Inspect::default(),
        }
    }

    /// Reads what was recorded since the last time.
    pub(crate) fn read(&mut self, world: &World) {
        let (narrator, traffic, marks) = (&mut self.narrator, &mut self.traffic, &mut self.marks);
        let (history, meters) = (&mut self.history, &mut self.meters);
        let mut notes = world.take_path_notes().into_iter().peekable();
        let (commits, lasts, looks) = (&mut self.commits, &mut self.lasts, &mut self.looks);
        let mut before = Counts::of(narrator, traffic, *commits);
        self.cursor = world.events_since(self.cursor, |event| {
            while let Some(note) = notes.next_if(|note| note.seq <= event.seq) {
                history.note(&note);
            }
            narrator.hear(event);
            traffic.hear(event);
            marks.hear(event);
            history.hear(event);
            meters.hear(event);
            looks.hear(event);
            *commits += u64::from(matches!(event.what, What::Committed { .. }));
            let after = Counts::of(narrator, traffic, *commits);
            lasts.hear(event.at, &before, &after);
            before = after;
        });
        notes.for_each(|note| history.note(&note));
        self.traffic.forget_before(world.now());
    }

    /// Looks at all members.
    pub(crate) fn refresh(&mut self, world: &World) {
        self.looks.refresh(world);
    }

    /// A line is about to take effect: what it may destroy is looked at now.
    pub(crate) fn before_line(&mut self, world: &World) {
        self.read(world);
        self.refresh(world);
        for (member, look) in self.looks.iter() {
            self.narrator.will_lose(member, look.not_durable());
        }
    }

    /// A step begins: what changes from now on is marked.
    pub(crate) fn begin_step(&mut self, world: &World) {
        self.refresh(world);
        self.before = self.looks.clone();
    }

    pub(crate) fn introduce(&mut self, client: ClientNo, speaker: Speaker) {
        self.traffic.introduce(client, speaker.clone());
        self.narrator.introduce(client, speaker);
    }

    /// Gives the present moment a name.
    pub(crate) fn mark(&mut self, world: &World, name: &str) {
        self.marks.name(world.now() / MICROS, name);
        self.narrator.mark(world.now(), name);
    }

    /// What clients saw.
    pub(crate) fn history(
        &mut self,
        world: &World,
        blind: bool,
        select: Option<u64>,
    ) -> call::history::History {
        self.history.history(world, blind, select)
    }

    /// The page of metrics of a member.
    pub(crate) fn metrics(&self, member: MemberNo) -> String {
        self.meters.page(member)
    }

    /// What is more than a message, from event `since` on.
    pub(crate) fn feed(&self, since: u64) -> Vec<frame::Event> {
        self.narrator.feed(since, false)
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts::of(&self.narrator, &self.traffic, self.commits)
    }

    /// When something that a step would stop at happened last.
    pub(crate) fn last(&self, stop: Stop) -> Option<Nanos> {
        match stop {
            Stop::Time | Stop::Done => None,
            Stop::Event => self.lasts.event,
            Stop::Message => self.lasts.message,
            Stop::Disk => self.lasts.disk,
            Stop::Commit => self.lasts.commit,
        }
    }
}

/// A broken property: its short name, its title and its text.
fn violation(violation: &check::Violation) -> (String, Say) {
    let name = violation.property.name();
    let facts = Say::Violated {
        property: name,
        known: violation.known.clone(),
        seen: violation.seen.clone(),
        promise: violation.property.promise(),
    };
    (name.replace(' ', "-"), facts)
}
