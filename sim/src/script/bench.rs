//! A world with a terminal: lines go in, time flows, text and pictures come out.
//!
//! ```text
//!   exec("kill leader") ──► Command ──► World::act            done at once
//!   exec("put a 1")     ──► Session ──► World::call ──┐
//!   exec("until leader")──► Condition ────────────────┤ jobs: looked at on the grid, while
//!                                                     ▼ run_until lets time flow
//!                                              Entry.output, Entry.done
//! ```
//!
//! **A run is its log.** Every line that does something is kept with its virtual time, and
//! [`Bench::new`] takes such a log and does it all again: same setup, same log, same trace hash.
//! For that to hold, nothing may depend on how often somebody looked: jobs are looked at only on a
//! fixed grid of virtual time ([`GRID`]), and a line takes effect at the very moment it is given.

mod jobs;

use std::collections::{BTreeMap, VecDeque};

use self::jobs::Job;
use super::act;
use super::command::{Command, Etcdctl};
use super::complete::{Known, complete};
use super::condition::Waiting;
use super::{curl, help, parse, report, words};
use crate::client::{Running, Shell};
use crate::clock::{MICROS, MILLIS, Nanos};
use crate::fault::{Peace, Siege};
use crate::place::{ClientNo, MemberNo};
use crate::run::{self, Plan, Trial};
use crate::view::View;
use crate::view::call::history::History;
use crate::view::call::{Action, Candidate, STEP_US, Stop};
use crate::view::frame::{self, Entry, Frame, FrameRequest};
use crate::view::narrate::Speaker;
use crate::world::{Spec, World};

/// Jobs are looked at whenever this much virtual time has passed, counted from zero.
pub const GRID: Nanos = MILLIS;

/// The longest stretch that runs without the view reading the record, so that it misses nothing.
const STRETCH: Nanos = 100 * MILLIS;

/// How finely time flows while somebody waits for the next event.
const FINE: Nanos = STEP_US * MICROS;

/// Entries of the terminal that are kept.
const ENTRIES_MAX: usize = 500;

/// Lines that may wait at the same time.
const JOBS_MAX: usize = 64;

/// The name of the terminal's own client.
pub const TERMINAL: &str = "you";

/// What a world is built from: the part of a run that is not in its log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// The seed.
    pub seed: u64,
    /// Members, 1 to 9.
    pub members: u8,
    /// Applied entries after which a member compacts its log, if not the usual number.
    pub snapshot_count: Option<u64>,
    /// Entries that stay behind a compaction, if not the usual number.
    pub snapshot_catchup: Option<u64>,
}

impl Setup {
    /// A world of the usual kind.
    #[must_use]
    pub fn new(seed: u64, members: u8) -> Self {
        Self { seed, members, snapshot_count: None, snapshot_catchup: None }
    }

    /// The world's own description of itself.
    #[must_use]
    pub fn spec(&self) -> Spec {
        let mut spec = Spec::lesson(self.seed, self.members);
        if let Some(count) = self.snapshot_count {
            spec.snapshot_count = count;
        }
        if let Some(count) = self.snapshot_catchup {
            spec.snapshot_catchup_entries = count;
        }
        spec
    }
}

/// A world with a terminal. See the module's page.
pub struct Bench {
    pub(crate) world: World,
    /// What is done to it beside the lines: a hunt's faults, and the peace at its end.
    siege: Siege,
    pub(crate) setup: Setup,
    pub(crate) view: View,
    log: Vec<Action>,
    due: VecDeque<Action>,
    jobs: BTreeMap<u64, Job>,
    entries: VecDeque<Entry>,
    next_id: u64,
    /// The world keeps a chronicle.
    chronicled: bool,
    pub(crate) clients: BTreeMap<String, Named>,
}

/// A client that lines have named.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named {
    pub(crate) no: ClientNo,
    /// The member that it talked to last.
    pub(crate) last: Option<MemberNo>,
}

impl Bench {
    /// Builds the world and takes the log of an earlier run, which will be done again as time
    /// flows.
    #[must_use]
    pub fn new(setup: Setup, log: Vec<Action>) -> Self {
        let mut world = World::new(setup.spec());
        world.follow_calls();
        let view = View::new(&setup);
        let mut bench = Self {
            world,
            siege: Siege::none(),
            setup,
            view,
            log: Vec::new(),
            due: log.into(),
            jobs: BTreeMap::new(),
            entries: VecDeque::new(),
            next_id: 1,
            chronicled: false,
            clients: BTreeMap::new(),
        };
        bench.do_what_is_due();
        bench
    }

    /// The same without a log, for a world that writes down what happens from its beginning (see
    /// [`crate::chronicle`]).
    #[must_use]
    pub fn chronicled(setup: Setup) -> Self {
        let mut bench = Self::new(setup, Vec::new());
        bench.chronicled = true;
        bench.world.keep_chronicle();
        bench
    }

    /// These lines, too, will be done when their time comes. They are in order of time, and none is of
    /// the past.
    pub fn follow(&mut self, lines: impl IntoIterator<Item = Action>) {
        self.due.extend(lines);
        self.do_what_is_due();
    }

    /// The present virtual time in microseconds.
    #[must_use]
    pub fn now_us(&self) -> u64 {
        self.world.now() / MICROS
    }

    /// The first whole microsecond that is not before the present: who does the run again up to there has seen
    /// all of it, also an end between two of them.
    #[must_use]
    pub fn end_us(&self) -> u64 {
        self.world.now().div_ceil(MICROS)
    }

    /// The world, to look at.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// What the feed tells from this event on, without single messages.
    #[must_use]
    pub fn feed(&self, since: u64) -> Vec<frame::Event> {
        self.view.feed(since)
    }

    /// What was done so far, as far as it did something to the world.
    #[must_use]
    pub fn log(&self) -> &[Action] {
        &self.log
    }

    /// The same, and what is still to come of the run that is repeated.
    #[must_use]
    pub fn whole_log(&self) -> Vec<Action> {
        self.log.iter().chain(&self.due).cloned().collect()
    }

    /// Goes on with another rest of the run, or with none: the log so far is the beginning of
    /// `actions`, and what is behind it is done when its time comes.
    ///
    /// # Errors
    /// One sentence, if this world has done something else, or is past what is to be done.
    pub fn resume(&mut self, mut actions: Vec<Action>) -> Result<(), String> {
        let done = self.log.len();
        let rest = actions.split_off(done.min(actions.len()));
        if actions != self.log || rest.first().is_some_and(|next| next.time_us < self.now_us()) {
            return Err("This world has another past than that run. Boot it anew.".to_string());
        }
        self.due = rest.into();
        self.do_what_is_due();
        Ok(())
    }

    /// Somebody does something now. If that changed the world, the rest of the run that was being
    /// repeated belongs to another one.
    pub fn by_hand<T>(&mut self, act: impl FnOnce(&mut Self) -> T) -> T {
        let done = self.log.len();
        let done_by_it = act(self);
        if self.log.len() > done {
            self.due.clear();
        }
        done_by_it
    }

    /// When something that a step would stop at happened last, in microseconds: the end of the
    /// step that would have stopped there.
    #[must_use]
    pub fn last(&self, stop: Stop) -> Option<u64> {
        let at = self.view.last(stop)?;
        Some(at.next_multiple_of(FINE).min(self.world.now()) / MICROS)
    }

    /// Lets time flow until `until_us`, or until `stop` says so, in at most `slices_max` steps
    /// (0: no limit). Gives the reason when it ended before its time.
    pub fn run_until(
        &mut self,
        until_us: u64,
        stop: Stop,
        slices_max: u64,
    ) -> Option<&'static str> {
        self.view.begin_step(&self.world);
        let until = until_us.saturating_mul(MICROS);
        let marks = self.view.counts();
        let mut slices = 0;
        while self.world.now() < until {
            if slices_max > 0 && slices == slices_max {
                return Some("slices");
            }
            slices += 1;
            let (now, jobs) = (self.world.now(), self.jobs.len());
            self.slice(until, stop);
            if self.world.violation().is_some() {
                return Some("violation");
            }
            if let Some(reason) = self.view.counts().passed(&marks, stop) {
                return Some(reason);
            }
            if stop == Stop::Done && self.jobs.len() < jobs {
                return Some("done");
            }
            if self.world.now() == now {
                return Some("stopped");
            }
        }
        None
    }

    /// One step: to the next moment at which something may have to be done.
    fn slice(&mut self, until: Nanos, stop: Stop) {
        let now = self.world.now();
        let mut target = until.min(now + STRETCH);
        if let Some(action) = self.due.front() {
            target = target.min((action.time_us * MICROS).max(now));
        }
        target = target.min(self.siege.due().max(now));
        if !self.jobs.is_empty() {
            target = target.min(now - now % GRID + GRID);
        }
        if !matches!(stop, Stop::Time | Stop::Done) {
            target = target.min(now - now % FINE + FINE);
        }
        self.world.run_until(target);
        if self.world.now() >= self.siege.due() {
            self.siege.advance(&self.world);
        }
        self.view.read(&self.world);
        if self.world.now().is_multiple_of(GRID) {
            self.look_after_jobs();
        }
        self.do_what_is_due();
    }

    /// An entry of the terminal, while it is kept.
    #[must_use]
    pub fn entry(&self, id: u64) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id == id)
    }

    /// The entries from `id` on.
    pub(crate) fn entries_since(&self, id: u64) -> Vec<Entry> {
        self.entries.iter().filter(|entry| entry.id >= id).cloned().collect()
    }

    /// The picture of now.
    #[must_use]
    pub fn frame(&mut self, request: &FrameRequest) -> Frame {
        self.view.refresh(&self.world);
        crate::view::frame_of(self, request)
    }

    /// What clients saw so far, judged; `blind` compares no revisions, `select` is the operation whose
    /// way is told.
    #[must_use]
    pub fn history(&mut self, blind: bool, select: Option<u64>) -> History {
        self.view.history(&self.world, blind, select)
    }

    /// What could stand at the cursor of a line.
    #[must_use]
    pub fn complete(&self, line: &str, cursor: usize) -> (usize, Vec<Candidate>) {
        let known = Known {
            members: report::who_is_who(&self.world),
            clients: self.clients.keys().filter(|name| *name != TERMINAL).cloned().collect(),
            keys: report::some_keys(&self.world),
        };
        complete(line, cursor, &known)
    }

    /// Somebody types a line at the keyboard: it goes to the command that waits for input there, if one
    /// does. `interrupt` and `^D` are Ctrl-C and Ctrl-D, and `client A ...` is another keyboard.
    pub fn type_line(&mut self, line: &str) -> u64 {
        match parse(line) {
            Ok(Command::Type(_) | Command::Interrupt) => self.exec(line),
            _ => match self.as_input(line) {
                Some(input) => self.exec(&input),
                None => self.exec(line.trim()),
            },
        }
    }

    /// Somebody gave a line that may not be given here: it does nothing, and its entry says why.
    pub fn refuse(&mut self, line: &str, why: &str) -> u64 {
        let id = self.entry_for(line);
        self.done(id, format!("{why}\n"), true);
        id
    }

    /// A line of the language takes effect now. Its output is in the entry of the id that is returned,
    /// at once or while time flows.
    pub fn exec(&mut self, line: &str) -> u64 {
        let id = self.entry_for(line);
        self.view.before_line(&self.world);
        let outcome = parse(line).map_err(|error| error.to_string());
        let outcome = outcome.and_then(|command| {
            let text = self.carry_out(id, line, command)?;
            Ok(text)
        });
        match outcome {
            Ok(Some(text)) => self.done(id, text, false),
            Ok(None) => {}
            Err(sentence) => self.done(id, format!("{sentence}\n"), true),
        }
        self.view.read(&self.world);
        id
    }

    /// A new entry of the terminal.
    fn entry_for(&mut self, line: &str) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        if self.entries.len() == ENTRIES_MAX {
            self.entries.pop_front();
        }
        let short: String = line.chars().take(words::LINE_BYTES_MAX).collect();
        self.entries.push_back(Entry {
            id,
            etcdctl: super::speaks_etcdctl(&short),
            line: short,
            time_us: self.now_us(),
            ..Entry::default()
        });
        id
    }

    /// Carries a command out; gives its output unless it waits.
    fn carry_out(
        &mut self,
        id: u64,
        line: &str,
        command: Command,
    ) -> Result<Option<String>, String> {
        match command {
            Command::Nothing => Ok(Some(String::new())),
            Command::Help(topic) => Ok(Some(help::help(topic.as_deref()))),
            Command::Status => Ok(Some(report::status(&self.world))),
            Command::Curl(call) => curl::fetch(&self.world, &self.view, &call).map(Some),
            Command::Members => Ok(Some(report::members(&self.world))),
            Command::Hunt(seconds) => self.hunt(line, seconds),
            Command::Ground(ground) => {
                self.begin_anew("ground")?;
                self.world = World::new(ground.spec(self.setup.seed, self.setup.members));
                self.world.follow_calls();
                if self.chronicled {
                    self.world.keep_chronicle();
                }
                self.remember(line);
                Ok(Some(String::new()))
            }
            Command::Settle(within_us) => {
                self.remember(line);
                let peace = Peace::new(self.world.now(), within_us * MICROS);
                self.siege = Siege::written(Vec::new(), Some(peace));
                self.siege.advance(&self.world);
                Ok(Some("Everything heals.\n".to_string()))
            }
            Command::Run(time_us) => {
                let until = self.world.now() + time_us * MICROS;
                self.wait(id, Job::Run(until))
            }
            Command::Until { condition, within_us } => {
                let waiting = Waiting::new(&self.world, condition, within_us)?;
                match waiting.look(&self.world)? {
                    Some(text) => Ok(Some(text)),
                    None => self.wait(id, Job::Until(waiting)),
                }
            }
            Command::Etcdctl(call) => {
                if self.jobs.len() >= JOBS_MAX {
                    return Err(too_many());
                }
                self.remember(line);
                self.etcdctl(id, call)
            }
            Command::Type(typed) => self.type_input(id, line, &typed),
            Command::Interrupt => self.interrupt(line),
            Command::Stop(who) => {
                let members = act::members_that_run(&self.world, &who)?;
                self.remember(line);
                let text = act::stop(&mut self.world, &members)?;
                self.say_so_far(id, &text);
                let since = self.world.now();
                self.wait(id, Job::Stop { members, since })
            }
            // What students say is a line of the run, so that its order to all that happens is plain.
            Command::Answer { .. } | Command::Predict { .. } | Command::Hint { .. } => {
                self.remember(line);
                Ok(Some(String::new()))
            }
            Command::Mark(name) => {
                self.remember(line);
                self.view.mark(&self.world, &name);
                Ok(Some(String::new()))
            }
            other => {
                // Refusals leave no trace, so the line is remembered only when it was done.
                let text = act::act(self, &other)?;
                self.remember(line);
                Ok(Some(text))
            }
        }
    }

    /// Puts the world of a headless run in place of this one, which has not begun yet. The line is
    /// no event of that world, so its history is the very one that the command line repeats.
    fn hunt(&mut self, line: &str, seconds: u64) -> Result<Option<String>, String> {
        self.begin_anew("hunt")?;
        let spec = Spec::hunt(self.setup.seed, self.setup.members);
        let Trial { world, siege } = run::begin(spec, Plan::new(seconds, true));
        (self.world, self.siege) = (world, siege);
        self.world.follow_calls();
        self.log.push(Action { time_us: 0, line: line.to_string() });
        Ok(Some(format!("A hunt of {seconds} s begins.\n")))
    }

    /// The world is about to be replaced, which only the first line of a run may do.
    fn begin_anew(&mut self, word: &str) -> Result<(), String> {
        if self.world.now() > 0 || !self.log.is_empty() {
            return Err(format!(
                "It decides the whole run: begin one with its seed, and type {word} first."
            ));
        }
        self.view = View::new(&self.setup);
        Ok(())
    }

    /// Writes a line into the log of the run and into the world's record.
    fn remember(&mut self, line: &str) {
        self.log.push(Action { time_us: self.now_us(), line: line.to_string() });
        self.world.note(line);
    }

    fn wait(&mut self, id: u64, job: Job) -> Result<Option<String>, String> {
        if self.jobs.len() >= JOBS_MAX {
            return Err(too_many());
        }
        self.jobs.insert(id, job);
        Ok(None)
    }

    fn etcdctl(&mut self, id: u64, call: Etcdctl) -> Result<Option<String>, String> {
        let local = match &call.at {
            Some(who) => Some(act::member(&self.world, who)?),
            None => None,
        };
        let name = call.client.unwrap_or_else(|| TERMINAL.to_string());
        let client = self.client(&name);
        let shell = Shell { client: client.no, last: client.last, local };
        let mut running =
            Running::start(&mut self.world, &shell, &call.args, call.stdin.as_deref())?;
        match running.poll(&mut self.world)? {
            Some(printed) => {
                self.done(id, printed.text, printed.failed);
                Ok(None)
            }
            None => {
                let prompt = running.written();
                self.say_so_far(id, &prompt);
                self.wait(id, Job::Etcdctl { running: Box::new(running), client: name })
            }
        }
    }

    /// The client of this name; it comes into the world when it is first named.
    pub(crate) fn client(&mut self, name: &str) -> Named {
        if let Some(known) = self.clients.get(name) {
            return *known;
        }
        let known = Named { no: self.world.client(name), last: None };
        let speaker =
            if name == TERMINAL { Speaker::You } else { Speaker::Named(name.to_string()) };
        self.view.introduce(known.no, speaker);
        self.clients.insert(name.to_string(), known);
        known
    }

    fn do_what_is_due(&mut self) {
        let now_us = self.now_us();
        while let Some(action) = self.due.pop_front_if(|action| action.time_us <= now_us) {
            self.exec(&action.line);
        }
    }
}

fn too_many() -> String {
    format!("{JOBS_MAX} lines are waiting already. Let time flow until one of them is done.")
}
