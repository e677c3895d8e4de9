//! Answers the page's questions. The module's exports and tests both come here.

use super::call::{Call, Reply};
use super::compare::compare;
use super::hunts::{self, Hunts};
use super::lessons::{self, Lessons};
use crate::place::MemberNo;
use crate::run::{CALLS_PER_SECOND, Plan, run_spec};
use crate::script::bench::{Bench, Setup};
use crate::world::Spec;

/// Longest headless run, in virtual seconds.
const HEADLESS_SECONDS_MAX: u64 = 24 * 3600;

/// One bench and whoever asks about it.
#[derive(Default)]
pub struct Served {
    bench: Option<Bench>,
    hunts: Hunts,
    lessons: Lessons,
}

impl Served {
    /// Answers a question in JSON with JSON. A question that cannot be read or carried out is
    /// answered with a sentence in [`Reply::error`].
    #[must_use]
    pub fn answer(&mut self, question: &[u8]) -> Vec<u8> {
        let reply = serde_json::from_slice(question)
            .map_err(|error| format!("This question cannot be read: {error}."))
            .and_then(|call| self.reply(call))
            .unwrap_or_else(|error| Reply { error: Some(error), ..Reply::default() });
        serde_json::to_vec(&reply).expect("a reply has only text, numbers and lists")
    }

    /// Carries a call out.
    ///
    /// # Errors
    /// One sentence.
    pub fn reply(&mut self, call: Call) -> Result<Reply, String> {
        let mut reply = Reply::default();
        match call {
            Call::Boot { seed, nodes, actions } => {
                let setup = Setup::new(seed, size(nodes)?);
                // The old world goes first, so that two never need memory at once.
                self.bench = None;
                let lesson = self.lessons.boot(&setup, &actions);
                self.bench = Some(lesson.unwrap_or_else(|| Bench::new(setup, actions)));
                reply.time_us = Some(0);
            }
            Call::Run { until_us, stop, slices_max } => {
                let bench = self.bench()?;
                let stopped = bench.run_until(until_us, stop, slices_max);
                reply.stopped = stopped.map(str::to_string);
                (reply.time_us, reply.done) = (Some(bench.now_us()), Some(bench.log().len()));
            }
            Call::Resume { actions } => {
                let bench = self.bench()?;
                bench.resume(actions)?;
                (reply.time_us, reply.done) = (Some(bench.now_us()), Some(bench.log().len()));
            }
            Call::Last { stop } => reply.time_us = self.bench()?.last(stop),
            Call::Exec { line } => {
                let forbidden = self.lessons.forbids(&line);
                let bench = self.bench()?;
                reply.id = Some(match forbidden {
                    Some(why) => bench.refuse(&line, &why),
                    None => bench.by_hand(|bench| bench.exec(&line)),
                });
            }
            Call::Type { line } => {
                let forbidden = self.lessons.forbids(&line);
                let bench = self.bench()?;
                reply.id = Some(match forbidden {
                    // What a command reads is no command.
                    Some(why) if bench.asks().is_none() => bench.refuse(&line, &why),
                    _ => bench.by_hand(|bench| bench.type_line(&line)),
                });
            }
            Call::Complete { line, cursor } => {
                let (start, candidates) = self.bench()?.complete(&line, cursor);
                reply.start = Some(start);
                reply.candidates = Some(candidates);
            }
            Call::Frame { request } => {
                reply.frame = Some(Box::new(self.bench()?.frame(&request)));
            }
            Call::History { blind, select } => {
                reply.history = Some(Box::new(self.bench()?.history(blind, select)));
            }
            Call::Spacetime { from_us, to_us } => {
                reply.slice = Some(Box::new(super::slice(self.bench()?.world(), from_us, to_us)));
            }
            Call::Actions => reply.actions = Some(self.bench()?.whole_log()),
            call @ (Call::ReadLesson { .. }
            | Call::OpenLesson { .. }
            | Call::ReviseLesson { .. }
            | Call::Offers
            | Call::SetUp
            | Call::Seats { .. }
            | Call::JudgeLesson { .. }
            | Call::Submission { .. }
            | Call::GradeSubmission { .. }) => self.lesson(call, &mut reply)?,
            call @ (Call::Identify { .. }
            | Call::Compare { .. }
            | Call::Headless { .. }
            | Call::Catalogue
            | Call::Hunt { .. }
            | Call::Shrink
            | Call::Judge { .. }) => self.beside(call, &mut reply)?,
        }
        Ok(reply)
    }

    /// Calls about other worlds than the one on the bench, or one that could be.
    fn beside(&mut self, call: Call, reply: &mut Reply) -> Result<(), String> {
        match call {
            Call::Identify { member, token } => {
                let world = self.bench()?.world();
                reply.identity = Some(super::whatif::with_token(world, member, &token)?);
            }
            Call::Compare { seed, nodes, runs: [one, other], until_us } => {
                if until_us.iter().any(|until| *until > HEADLESS_SECONDS_MAX * 1_000_000) {
                    return Err(format!("A run may last {HEADLESS_SECONDS_MAX} s. Ask for less."));
                }
                let setup = Setup::new(seed, size(nodes)?);
                let runs = [(one, until_us[0]), (other, until_us[1])];
                reply.comparison = Some(Box::new(compare(&setup, runs)));
            }
            Call::Headless { seed, nodes, seconds, calm, rate } => {
                if seconds > HEADLESS_SECONDS_MAX {
                    return Err(format!("A run may last {HEADLESS_SECONDS_MAX} s. Ask for less."));
                }
                let plan = Plan { seconds, faults: !calm, rate: rate.unwrap_or(CALLS_PER_SECOND) };
                let outcome = run_spec(Spec::hunt(seed, size(nodes)?), plan);
                reply.trace = Some(format!("{:016x}", outcome.hash));
                reply.violation = outcome.violation.map(|violation| violation.to_string());
            }
            Call::Catalogue => reply.mutants = Some(hunts::catalogue()),
            Call::Hunt { mutant, from, seeds } => {
                reply.search = Some(self.hunts.hunt(mutant.as_deref(), from, seeds)?);
            }
            Call::Shrink => reply.tale = Some(Box::new(self.hunts.shrink()?)),
            Call::Judge { text } => reply.tale = Some(Box::new(hunts::judge(&text)?)),
            _ => {}
        }
        Ok(())
    }

    /// Calls about lessons.
    fn lesson(&mut self, call: Call, reply: &mut Reply) -> Result<(), String> {
        match call {
            Call::ReadLesson { file } => reply.card = Some(lessons::card_of(&file)?),
            Call::OpenLesson { which } => {
                // Who gives a file that is no lesson keeps his world.
                let lab = lessons::read(&which)?;
                self.bench = None;
                let (bench, sheet) = self.lessons.open(lab, &which)?;
                reply.time_us = Some(bench.now_us());
                reply.lesson = Some(Box::new(sheet));
                self.bench = Some(bench);
            }
            Call::ReviseLesson { file } => {
                let sheet = self.lessons.revise(&file, self.bench.as_ref())?;
                reply.lesson = Some(Box::new(sheet));
            }
            Call::Offers => {
                let bench = self.bench.as_ref().ok_or_else(no_world)?;
                reply.offers = Some(self.lessons.offers(bench)?);
            }
            Call::SetUp => {
                let bench = self.bench.as_ref().ok_or_else(no_world)?;
                reply.lines = Some(self.lessons.set_up(bench)?);
            }
            Call::Seats { lesson, class, students } => {
                reply.seats = Some(lessons::seats(&lesson, &class, &students));
            }
            Call::JudgeLesson { present, branches } => {
                let bench = self.bench.as_ref().ok_or_else(no_world)?;
                let grade = self.lessons.judge(bench, &present, &branches)?;
                reply.grade = Some(Box::new(grade));
            }
            Call::Submission { present, branches } => {
                let bench = self.bench.as_ref().ok_or_else(no_world)?;
                reply.text = Some(self.lessons.submission(bench, &present, &branches)?);
            }
            Call::GradeSubmission { text, file } => {
                reply.grade = Some(Box::new(lessons::grade_text(&text, &file)?));
            }
            _ => {}
        }
        Ok(())
    }

    fn bench(&mut self) -> Result<&mut Bench, String> {
        self.bench.as_mut().ok_or_else(no_world)
    }
}

fn no_world() -> String {
    "There is no world yet. Send boot first.".to_string()
}

/// A number of members that a world can have.
fn size(nodes: u32) -> Result<u8, String> {
    u8::try_from(nodes)
        .ok()
        .filter(|nodes| (1..=MemberNo::MAX).contains(nodes))
        .ok_or_else(|| format!("A world has 1 to {} members, not {nodes}.", MemberNo::MAX))
}
