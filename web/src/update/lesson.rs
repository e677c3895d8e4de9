//! Lessons: what people and the simulation do to them.

use glasshouse_sim::view::call::lesson::{Sheet, Which};
use glasshouse_sim::view::call::{Call, Reply};

use crate::lesson::progress::Progress;
use crate::lesson::{self, Carry, EVERY_MS, Msg};
use crate::link::Run;
use crate::state::{Ask, Effect, Origin, Phase, State, Tab, View};
use crate::text::en::lesson as text;

impl State {
    /// The lesson is open: its world stands where the student comes in.
    pub(super) fn lesson_opened(&mut self, reply: Reply, out: &mut Vec<Effect>) {
        let Some(sheet) = reply.lesson else { return };
        let Sheet { seed, members, start_us, prepared, .. } = (*sheet).clone();
        self.run = Run { seed, nodes: members, time_us: start_us, actions: prepared.clone() };
        drop(self.timeline.begin(prepared.clone()));
        self.timeline.did(Some(prepared.len()));
        self.flow.sim_us = start_us;
        let image = self.timeline.keep(start_us);
        self.ask_image(image, out);
        if let Some(promise) = self.lessons.promise.take() {
            out.push(Effect::Answer(promise, Ok(sheet.card.title.clone())));
        }
        self.lessons.step = self.lessons.step.min(sheet.steps.len().saturating_sub(1));
        self.lessons.sheet = Some(*sheet);
        self.teach_opened(None);
        (self.first, self.tab) = (false, Tab::Log);
        self.ask_frame(true, out);
    }

    pub(super) fn lesson(&mut self, msg: Msg, out: &mut Vec<Effect>) {
        let msg = match msg {
            Msg::Fetched(file, text) => return self.lesson_fetched(file, text, out),
            Msg::Open(text, promise) => return self.lesson_given(text, promise, out),
            msg => msg,
        };
        let lessons = &mut self.lessons;
        let Some(sheet) = &lessons.sheet else { return };
        match msg {
            Msg::Fetched(..) | Msg::Open(..) => {}
            Msg::Turn(by) => {
                let last = sheet.steps.len().saturating_sub(1);
                lessons.step = lessons.step.saturating_add_signed(by as isize).min(last);
                out.push(Effect::Focus("lesson-step".to_owned()));
            }
            Msg::Draft(name, draft) => drop(lessons.drafts.insert(name, draft)),
            Msg::Choose(name, choice) => {
                let several = sheet.predictions.iter().any(|one| one.name == name && one.several);
                let draft = lessons.drafts.entry(name).or_default();
                *draft = if several { toggled(draft, &choice) } else { choice };
            }
            Msg::Predict(name) => {
                let line =
                    lessons.drafts.get(&name).map(|choice| format!("predict {name} {choice}"));
                self.say_in_lesson(line, out);
            }
            Msg::Answer(name) => {
                let line = lessons
                    .drafts
                    .get(&name)
                    .map(|answer| format!("answer {name} {}", answer.trim()));
                self.say_in_lesson(line, out);
            }
            Msg::Hint(goal, number) => {
                let line = format!("hint {goal} {number}");
                lessons.hints.insert(goal, number);
                self.exec(&line, Origin::Bench, out);
            }
            Msg::HandIn => {
                let (present, branches) = lesson::branches(&self.timeline, sheet.prepared.len());
                self.ask(Ask::Submission, Call::Submission { present, branches }, out);
            }
        }
    }

    pub(super) fn carry_progress(&mut self, carry: Carry, out: &mut Vec<Effect>) {
        let progress = &mut self.lessons.progress;
        let told = match carry {
            Carry::Out => {
                out.push(Effect::Save("glasshouse.progress".to_owned(), progress.write()));
                return;
            }
            Carry::In(text) => text.and_then(|text| Progress::read(&text)),
        };
        self.notice = Some(match told {
            Ok(elsewhere) => {
                progress.merge(elsewhere);
                out.push(Effect::Remember("lessons", progress.write()));
                text::IMPORTED.to_owned()
            }
            Err(why) => why,
        });
    }

    fn say_in_lesson(&mut self, line: Option<String>, out: &mut Vec<Effect>) {
        match line {
            Some(line) => self.exec(&line, Origin::Bench, out),
            None => self.notice = Some(text::SAY_SOMETHING.to_owned()),
        }
    }

    /// The browser is about to draw: asks for the goals when the run is another one than was judged last.
    pub(super) fn lesson_tick(&mut self, now_ms: f64, out: &mut Vec<Effect>) {
        let Some(sheet) = self.lessons.sheet.as_ref().filter(|sheet| !sheet.unopened) else {
            return;
        };
        let now = (self.newest().trace.clone(), self.timeline.branches().len());
        let waits = self.flow.unanswered.contains(&Ask::Judged) || self.timeline.journey.is_some();
        let due = !self.flow.playing || now_ms - self.lessons.judged_ms >= EVERY_MS;
        if self.phase != Phase::Ready || waits || !due || self.lessons.judged.as_ref() == Some(&now)
        {
            return;
        }
        let (present, branches) = lesson::branches(&self.timeline, sheet.prepared.len());
        (self.lessons.judged, self.lessons.judged_ms) = (Some(now), now_ms);
        self.ask(Ask::Judged, Call::JudgeLesson { present: present.name, branches }, out);
    }

    /// What the simulation says about lessons.
    pub(super) fn lesson_told(&mut self, ask: &Ask, reply: Reply, out: &mut Vec<Effect>) {
        match ask {
            Ask::LessonFile(file, promise) => {
                self.lesson_is_one(file, *promise, reply.card.unwrap_or_default(), out);
            }
            Ask::Lesson => self.lesson_opened(reply, out),
            Ask::Judged => {
                if let Some(grade) = reply.grade {
                    self.lessons.grade = *grade;
                    self.note_progress(out);
                }
            }
            Ask::Submission => {
                if let (Some(body), Some(which)) = (reply.text, &self.lessons.which) {
                    out.push(Effect::Save(file_name(which), body));
                }
            }
            _ => {}
        }
    }

    /// What was reached is kept as soon as it is more than before.
    fn note_progress(&mut self, out: &mut Vec<Effect>) {
        let reached = self.lessons.reached();
        let Some(which) = &self.lessons.which else { return };
        if self.lessons.progress.note(which, reached) {
            out.push(Effect::Remember("lessons", self.lessons.progress.write()));
        }
    }

    /// The address of the lesson that is open.
    pub(super) fn lesson_address(&self) -> Option<String> {
        let which = self.lessons.which.as_ref().filter(|_| self.view == View::Lessons);
        which.map(lesson::write)
    }
}

fn file_name(which: &Which) -> String {
    format!("{}-{}.lab", which.id, which.student)
}

/// A list with commas, with this choice or without it.
fn toggled(list: &str, choice: &str) -> String {
    let mut choices: Vec<&str> = list.split(", ").filter(|other| !other.is_empty()).collect();
    match choices.iter().position(|other| *other == choice) {
        Some(place) => drop(choices.remove(place)),
        None => choices.push(choice),
    }
    choices.join(", ")
}
