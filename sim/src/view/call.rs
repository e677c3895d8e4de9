//! What the page says to the simulation module, and what it hears back.
//!
//! Both are JSON. A call names its operation in `op`; the answer is one [`Reply`].
//!
//! ```text
//!   {"op":"boot","seed":"42","nodes":5}                           {"time_us":0}
//!   {"op":"run","until_us":1500000}                                {"time_us":1500000}
//!   {"op":"exec","line":"kill leader"}                             {"id":1}
//!   {"op":"frame","request":{"select":3,"since_event":17}}         {"frame":{...}}
//!   {"op":"complete","line":"part","cursor":4}                     {"candidates":[...]}
//! ```
//!
//! The module keeps nothing outside its memory, so a copy of that memory is a checkpoint. Whoever writes
//! such a copy back follows it with `resume`: what was done behind the checkpoint is not in it.
//!
//! ```text
//!   (image of second 3 is written back)
//!   {"op":"resume","actions":[...the whole run...]}               {"time_us":3000000,"done":2}
//!   {"op":"run","until_us":4500000}                                {"time_us":4500000,"done":3}
//! ```

use serde::{Deserialize, Serialize};

use super::frame::{Alias, Frame, FrameRequest};
use super::spacetime::Slice;

pub mod compare;
pub mod history;
pub mod hunt;
pub mod lesson;

/// Who a member is: two ids in hex, as etcd prints them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Identity {
    /// The member's.
    pub member: String,
    /// Its cluster's.
    pub cluster: String,
}

/// One operation of the simulation module.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case")]
pub enum Call {
    /// Makes the world anew. `actions` is what a user did in an earlier run of the same seed:
    /// each line takes effect again at its time.
    Boot {
        /// The seed.
        #[serde(with = "super::seed")]
        seed: u64,
        /// Members at the beginning.
        nodes: u32,
        /// What was done, in order of time.
        #[serde(default)]
        actions: Vec<Action>,
    },
    /// The world goes on with this run: what it did so far is the beginning of it, and the rest is
    /// done again as time flows. With the lines so far, nothing more is to come.
    Resume {
        /// What was done in the whole run, in order of time.
        actions: Vec<Action>,
    },
    /// When something like this happened last.
    Last {
        /// What.
        stop: Stop,
    },
    /// Lets virtual time flow.
    Run {
        /// Until this moment at the latest.
        until_us: u64,
        /// Stop as soon as such a thing has happened.
        #[serde(default)]
        stop: Stop,
        /// Most slices of virtual time in this call, so that the worker can answer others;
        /// 0 is no limit.
        #[serde(default)]
        slices_max: u64,
    },
    /// A line of the language takes effect now, whatever the terminal waits for: a click. Its output
    /// appears in [`Frame::terminal`] under the id that is returned, while time flows. If it does
    /// something to the world, what was still to come of a run that is repeated comes no more.
    Exec {
        /// The line.
        line: String,
    },
    /// The same for a line that is typed at the terminal: it goes to the command that waits for input
    /// there ([`Frame::asks`]), if one does.
    Type {
        /// The line.
        line: String,
    },
    /// What could stand at the cursor.
    Complete {
        /// The line so far.
        line: String,
        /// Cursor, in bytes of UTF-8.
        cursor: usize,
    },
    /// Asks for the picture of now.
    Frame {
        /// What it should hold.
        #[serde(default)]
        request: FrameRequest,
    },
    /// Who a member would be, had it been started first with another token: what the core makes of its line.
    Identify {
        /// Which member.
        member: Alias,
        /// Its `--initial-cluster-token`.
        token: String,
    },
    /// Asks for what clients saw, and for the verdict on it.
    History {
        /// Judge without a look at revisions: by values alone.
        #[serde(default)]
        blind: bool,
        /// Tell the way of this operation, too.
        #[serde(default)]
        select: Option<u64>,
    },
    /// A stretch of the run as lanes and arrows.
    Spacetime {
        /// From when.
        from_us: u64,
        /// Until when; what has not happened yet is not there.
        to_us: u64,
    },
    /// The log of actions: with seed and size it is the whole run.
    Actions,
    /// Runs two fates of one seed beside the bench, from the beginning to their ends, and tells where
    /// they part.
    Compare {
        /// The seed.
        #[serde(with = "super::seed")]
        seed: u64,
        /// Members at the beginning.
        nodes: u32,
        /// What was done in each, in order of time.
        runs: [Vec<Action>; 2],
        /// Their ends.
        until_us: [u64; 2],
    },
    /// Runs a world of its own with seeded faults and clients, beside the one on the bench.
    Headless {
        /// The seed.
        #[serde(with = "super::seed")]
        seed: u64,
        /// Members.
        nodes: u32,
        /// Virtual seconds.
        seconds: u64,
        /// Without faults.
        #[serde(default)]
        calm: bool,
        /// Calls per virtual second of its clients, when it is not the usual rate.
        #[serde(default)]
        rate: Option<u64>,
    },
    /// The planted faults that can be hunted.
    Catalogue,
    /// Makes the runs that these seeds ask for, until one breaks a property. Its case is kept for
    /// [`Call::Shrink`].
    Hunt {
        /// The code of a planted fault; without one nothing is planted.
        #[serde(default)]
        mutant: Option<String>,
        /// The first seed.
        #[serde(with = "super::seed")]
        from: u64,
        /// How many.
        seeds: u32,
    },
    /// Shrinks what [`Call::Hunt`] caught last.
    Shrink,
    /// Looks whether a text is the file of a lesson, and of which.
    ReadLesson {
        /// The text.
        file: String,
    },
    /// Opens a lesson: its world, set up, takes the place of the one on the bench, and its texts come back.
    OpenLesson {
        /// Which one, and whose.
        which: lesson::Which,
    },
    /// Reads a lesson that is being written. If the world on the bench is the one that it prepares, its goals are judged
    /// on that run from now on.
    ReviseLesson {
        /// The text of its file.
        file: String,
    },
    /// What happened in the run on the bench, as goals of the open lesson.
    Offers,
    /// What was done in the run on the bench, as lines that a lesson prepares.
    SetUp,
    /// The seeds of a class.
    Seats {
        /// The lesson.
        lesson: String,
        /// The class.
        class: String,
        /// The students.
        students: Vec<String>,
    },
    /// Judges the run on the bench against the goals of the open lesson, and other branches beside it.
    JudgeLesson {
        /// The name of the branch that is on the bench.
        #[serde(default)]
        present: String,
        /// The others.
        #[serde(default)]
        branches: Vec<lesson::Branch>,
    },
    /// The text that a student hands in: the run on the bench and other branches.
    Submission {
        /// Name and origin of the branch that is on the bench; its lines are those of the bench.
        present: lesson::Branch,
        /// The others.
        #[serde(default)]
        branches: Vec<lesson::Branch>,
    },
    /// Grades the text of a submission by doing it again.
    GradeSubmission {
        /// The text.
        text: String,
        /// The file of its lesson; empty: it is one of this build.
        #[serde(default)]
        file: String,
    },
    /// Judges the text of a finding by doing it again; its story comes back.
    Judge {
        /// The text.
        text: String,
    },
}

/// A step ends on this grid of virtual time, in microseconds.
pub const STEP_US: u64 = 100;

/// When [`Call::Run`] stops before its time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// Only at a violation.
    #[default]
    Time,
    /// At the next event of level [`Change`](super::frame::Level::Change).
    Event,
    /// At the next message that is sent or arrives.
    Message,
    /// At the next write or fsync of a disk.
    Disk,
    /// When a member next learns that entries are committed.
    Commit,
    /// When a line of the terminal that took its time is done.
    Done,
}

/// A line that took effect at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Action {
    /// The moment.
    pub time_us: u64,
    /// The line, as typed.
    pub line: String,
}

/// The answer to a [`Call`]; only the fields that belong to it are there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reply {
    /// What went wrong, in one sentence; then nothing else is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Boot, Run, Resume: now. Last: the moment, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_us: Option<u64>,
    /// Run, Resume: so many lines of the run's log have taken effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done: Option<usize>,
    /// Run: it stopped for this reason before its time: `event`, `message`, `disk`, `commit`,
    /// `done`, `violation`, `slices`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
    /// Exec, Type: the number of the terminal's entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// Complete: where the word begins that a candidate replaces, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<usize>,
    /// Complete: the candidates, best first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidates: Option<Vec<Candidate>>,
    /// Frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame: Option<Box<Frame>>,
    /// Identify.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// History.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history: Option<Box<history::History>>,
    /// Spacetime.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slice: Option<Box<Slice>>,
    /// Actions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actions: Option<Vec<Action>>,
    /// Headless: the trace hash, 16 hex digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// Headless: the broken property, if one broke.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub violation: Option<String>,
    /// Compare.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Box<compare::Comparison>>,
    /// Catalogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mutants: Option<Vec<hunt::Card>>,
    /// Hunt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<hunt::Search>,
    /// ReadLesson.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<lesson::Card>,
    /// Offers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offers: Option<Vec<lesson::Offer>>,
    /// SetUp.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<String>>,
    /// Seats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seats: Option<Vec<lesson::Seat>>,
    /// OpenLesson, ReviseLesson.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lesson: Option<Box<lesson::Sheet>>,
    /// JudgeLesson, GradeSubmission.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grade: Option<Box<lesson::Grade>>,
    /// Submission.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Shrink, Judge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tale: Option<Box<hunt::Tale>>,
}

/// A word that fits at the cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Candidate {
    /// The word.
    pub text: String,
    /// What it does, in a few words.
    pub help: String,
}
