//! Lines that wait: commands of etcdctl, conditions, stretches of time.
//!
//! A job is looked at on the grid of virtual time, and what it prints goes into its entry. A command
//! that reads rests until something is typed into it; what it prints then is also the output of the
//! entry of the line that was typed.

use super::{Bench, JOBS_MAX, TERMINAL, too_many};
use crate::client::{Asks, Printed, Reads, Running};
use crate::clock::{MICROS, Nanos, SECOND};
use crate::place::MemberNo;
use crate::script::command::Typed;
use crate::script::condition::{self, Waiting};
use crate::script::typed;
use crate::script::units::spoken;
use crate::view::call::Stop;
use crate::view::frame::Entry;

/// Bytes of output of one entry; of what is longer, the end is kept.
const OUTPUT_BYTES_MAX: usize = 16 * 1024;

/// How long `stop` waits for the process to end.
const STOP_WAITS: Nanos = 10 * SECOND;

/// A line that waits.
pub(super) enum Job {
    Etcdctl {
        running: Box<Running>,
        client: String,
    },
    /// It was typed into the command of this entry, which is busy with it.
    Typed(u64),
    Until(Waiting),
    Run(Nanos),
    Stop {
        members: Vec<MemberNo>,
        since: Nanos,
    },
}

impl Job {
    /// It waits for events or for input, perhaps for ever: nobody has to wait for it.
    fn rests(&self) -> bool {
        matches!(self, Self::Etcdctl { running, .. } if running.rests())
    }
}

impl Bench {
    /// Lets time flow until this entry is done or [rests](Self::rests), or at most `within_us`. A
    /// script's way to wait.
    pub fn finish(&mut self, id: u64, within_us: u64) {
        let until = self.world.now() + within_us.saturating_mul(MICROS);
        while self.jobs.get(&id).is_some_and(|job| !job.rests())
            && self.world.now() < until
            && self.world.violation().is_none()
        {
            self.slice(until, Stop::Time);
        }
    }

    /// Whether this entry's command only waits, for events or for input, perhaps for ever.
    #[must_use]
    pub fn rests(&self, id: u64) -> bool {
        self.jobs.get(&id).is_some_and(Job::rests)
    }

    /// The latest moment to which a waiting line asks time to flow.
    pub(crate) fn wants_until(&self) -> Option<Nanos> {
        self.jobs
            .values()
            .filter(|job| !job.rests())
            .map(|job| match job {
                Job::Run(until) => *until,
                Job::Until(waiting) => waiting.deadline,
                Job::Stop { since, .. } => since + STOP_WAITS,
                Job::Etcdctl { .. } | Job::Typed(_) => self.world.now() + SECOND,
            })
            .max()
    }

    // --- input ---

    /// What the terminal's own command wants to be typed.
    pub(crate) fn asks(&self) -> Option<Asks> {
        match self.jobs.get(&self.reader(TERMINAL)?) {
            Some(Job::Etcdctl { running, .. }) => running.asks().cloned(),
            _ => None,
        }
    }

    /// The entry of a client's command that waits for input.
    fn reader(&self, name: &str) -> Option<u64> {
        let reads = |job: &Job| match job {
            Job::Etcdctl { running, client } => client == name && running.asks().is_some(),
            _ => false,
        };
        self.jobs.iter().rev().find(|(_, job)| reads(job)).map(|(id, _)| *id)
    }

    /// The line that gives what was typed at the keyboard to the command that waits for it there; `None`
    /// when it is a line of its own.
    pub(super) fn as_input(&self, line: &str) -> Option<String> {
        let (client, text) = typed::speaker(line);
        self.reader(client.unwrap_or(TERMINAL))?;
        Some(typed::write(client, text))
    }

    /// Gives a line to the command that waits for it.
    pub(super) fn type_input(
        &mut self,
        id: u64,
        line: &str,
        typed: &Typed,
    ) -> Result<Option<String>, String> {
        if self.jobs.len() >= JOBS_MAX {
            return Err(too_many());
        }
        let into = self.reader(typed.client.as_deref().unwrap_or(TERMINAL));
        let job = into.and_then(|into| self.jobs.remove(&into).map(|job| (into, job)));
        let Some((into, Job::Etcdctl { mut running, client })) = job else {
            return Err("No command waits for input. Begin one, such as txn -i.".to_string());
        };
        self.remember(line);
        let is_password = running.asks().is_some_and(|asks| asks.reads == Reads::Password);
        self.echo(id, into, typed, is_password);
        match running.type_line(&mut self.world, typed.line.as_deref()) {
            Ok(Some(printed)) => self.done(into, printed.text, printed.failed),
            Err(sentence) => self.done(into, format!("{sentence}\n"), true),
            Ok(None) => {
                let written = running.written();
                self.say_so_far(into, &written);
                let rests = running.rests();
                self.jobs.insert(into, Job::Etcdctl { running, client });
                if rests {
                    return Ok(Some(String::new()));
                }
                self.jobs.insert(id, Job::Typed(into));
            }
        }
        Ok(None)
    }

    /// The line appears behind what the command has printed, as at a terminal.
    fn echo(&mut self, id: u64, into: u64, typed: &Typed, is_password: bool) {
        for entry in &mut self.entries {
            if entry.id == into && !is_password {
                let line = typed.line.as_ref().map(|line| format!("{line}\n"));
                entry.output.push_str(&line.unwrap_or_default());
            }
            if entry.id == id {
                entry.into = Some(into);
                if is_password {
                    entry.line = typed::write(typed.client.as_deref(), "");
                }
            }
        }
    }

    /// Ends the command of etcdctl that was begun last and still runs.
    pub(super) fn interrupt(&mut self, line: &str) -> Result<Option<String>, String> {
        let runs = |(id, job): (&u64, &Job)| matches!(job, Job::Etcdctl { .. }).then_some(*id);
        let last = self.jobs.iter().rev().find_map(runs);
        let job = last.and_then(|id| self.jobs.remove(&id).map(|job| (id, job)));
        let Some((id, Job::Etcdctl { mut running, client })) = job else {
            return Err("No command of etcdctl is running.".to_string());
        };
        self.remember(line);
        if running.interrupt(&mut self.world)? {
            self.jobs.insert(id, Job::Etcdctl { running, client });
        } else {
            let written = running.written();
            self.done(id, written, false);
        }
        Ok(Some(String::new()))
    }

    // --- while time flows ---

    pub(super) fn look_after_jobs(&mut self) {
        let ids: Vec<u64> = self.jobs.keys().copied().collect();
        for id in ids {
            let Some(job) = self.jobs.remove(&id) else { continue };
            match self.look_after(job) {
                Ok(mut job) => {
                    if let Job::Etcdctl { running, .. } = &mut job {
                        let written = running.written();
                        self.say_so_far(id, &written);
                    }
                    self.jobs.insert(id, job);
                }
                Err(printed) => self.done(id, printed.text, printed.failed),
            }
        }
        self.view.read(&self.world);
    }

    /// Looks at a job: gives it back while it waits, and what it printed when it is over.
    fn look_after(&mut self, mut job: Job) -> Result<Job, Printed> {
        let ok = |text: String| Printed { text, failed: false };
        let now = self.world.now();
        match &mut job {
            Job::Run(until) if now >= *until => Err(ok(String::new())),
            Job::Run(_) => Ok(job),
            Job::Typed(into) if self.rests(*into) => Err(ok(String::new())),
            Job::Typed(_) => Ok(job),
            Job::Until(waiting) => match waiting.look(&self.world) {
                Ok(Some(text)) => Err(ok(text)),
                Ok(None) => Ok(job),
                Err(sentence) => Err(Printed { text: format!("{sentence}\n"), failed: true }),
            },
            Job::Stop { members, since } => {
                if members.iter().all(|member| !self.world.member_state(*member).is_running()) {
                    Err(ok(String::new()))
                } else if now >= *since + STOP_WAITS {
                    let text = format!("It has not ended after {}.\n", spoken(STOP_WAITS / MICROS));
                    Err(Printed { text, failed: true })
                } else {
                    Ok(job)
                }
            }
            Job::Etcdctl { running, client } => {
                let printed = match running.poll(&mut self.world) {
                    Ok(printed) => printed,
                    Err(text) => Some(Printed { text: format!("{text}\n"), failed: true }),
                };
                if let Some(known) = self.clients.get_mut(client) {
                    known.last = running.at();
                }
                match printed {
                    Some(printed) => Err(printed),
                    None => Ok(job),
                }
            }
        }
    }

    /// Adds to the output of an entry, and of a line that was typed into its command and waits for what
    /// comes of it.
    pub(super) fn say_so_far(&mut self, id: u64, text: &str) {
        for entry in self.entries.iter_mut().filter(|entry| hears(entry, id)) {
            type_into(&mut entry.output, text);
            cut(&mut entry.output);
        }
    }

    /// The same for its last words.
    pub(super) fn done(&mut self, id: u64, text: String, failed: bool) {
        for entry in self.entries.iter_mut().filter(|entry| hears(entry, id)) {
            type_into(&mut entry.output, &text);
            entry.done = true;
            entry.failed = failed;
        }
        self.jobs.retain(|_, job| !matches!(job, Job::Typed(into) if *into == id));
    }

    /// What a waiting line waits for, in a few words.
    pub(crate) fn waits(&self, id: u64) -> String {
        match self.jobs.get(&id) {
            Some(Job::Etcdctl { running, .. })
                if running.is_watching() && running.asks().is_none() =>
            {
                "watches; Ctrl-C or interrupt ends it".to_string()
            }
            Some(Job::Etcdctl { running, .. }) if running.rests() => reads(running).to_string(),
            Some(Job::Etcdctl { running, .. }) => match running.at() {
                Some(member) => format!("waits for {member}"),
                None => "waits for a connection".to_string(),
            },
            Some(Job::Until(waiting)) => {
                format!("waits until {}", condition::words(&waiting.condition))
            }
            Some(Job::Run(until)) => {
                format!("runs {} more", spoken(until.saturating_sub(self.world.now()) / MICROS))
            }
            Some(Job::Stop { members, .. }) => {
                let list: Vec<String> = members.iter().map(ToString::to_string).collect();
                format!("waits for {} to end", list.join(", "))
            }
            Some(Job::Typed(_)) | None => String::new(),
        }
    }
}

/// What a command waits for that wants to be typed into.
fn reads(running: &Running) -> &'static str {
    match running.asks().map(|asks| asks.reads) {
        Some(Reads::All) => "reads what you type until Ctrl-D (^D)",
        Some(Reads::Password) => "reads a password",
        _ if running.is_watching() => "watches, and reads what you type; Ctrl-C ends it",
        _ => "reads what you type; Ctrl-C ends it",
    }
}

/// What the command of entry `id` prints is for this entry: its own, or that of a line that was typed
/// into it and waits for what comes of it.
fn hears(entry: &Entry, id: u64) -> bool {
    entry.id == id || (entry.into == Some(id) && !entry.done)
}

/// Adds text as a terminal shows it: a carriage return begins the last line anew.
fn type_into(output: &mut String, text: &str) {
    for (number, piece) in text.split('\r').enumerate() {
        if number > 0 {
            output.truncate(output.rfind('\n').map_or(0, |end| end + 1));
        }
        output.push_str(piece);
    }
}

/// Of an output that grows for ever the end is kept.
fn cut(output: &mut String) {
    if output.len() <= OUTPUT_BYTES_MAX {
        return;
    }
    let from = output.len() - OUTPUT_BYTES_MAX / 2;
    let line = output.bytes().skip(from).position(|byte| byte == b'\n');
    let from = line.map_or(output.len(), |line| from + line + 1);
    *output = format!("...\n{}", &output[from..]);
}
