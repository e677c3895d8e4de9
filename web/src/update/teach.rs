//! The teacher's desk: what a teacher and the simulation do to the lesson that is being written.

use glasshouse_sim::view::call::lesson::{Sheet, Which};
use glasshouse_sim::view::call::{Call, Reply};

use crate::lesson;
use crate::state::{Ask, Effect, Phase, State, View};
use crate::teach::{Msg, TEMPLATE, edit};
use crate::text::en::teach as text;

impl State {
    /// The desk is shown: its lesson takes the bench, unless it has it already.
    pub(super) fn teach_open(&mut self, out: &mut Vec<Effect>) {
        let open = self.lessons.which.as_ref().filter(|_| self.lessons.sheet.is_some());
        let is_ours = open.is_some_and(|which| which.file == self.teach.good);
        if !is_ours && self.sim_ready {
            self.teach_begin(out);
        }
    }

    /// Reads the lesson on the desk and opens it, if the desk is shown; says whether it is.
    pub(super) fn teach_begin(&mut self, out: &mut Vec<Effect>) -> bool {
        if self.view != View::Teach {
            return false;
        }
        self.lessons.anew(None);
        self.teach.changed = false;
        self.lesson_given(Ok(self.teach.file.clone()), None, out);
        true
    }

    pub(super) fn teach(&mut self, msg: Msg, out: &mut Vec<Effect>) {
        match msg {
            Msg::Edit(file) => self.write_lesson(file, out),
            Msg::Open(Ok(file)) => {
                self.write_lesson(file, out);
                self.teach_begin(out);
            }
            Msg::Open(Err(why)) => self.notice = Some(why),
            Msg::Fresh => {
                self.write_lesson(TEMPLATE.to_owned(), out);
                self.teach_begin(out);
            }
            Msg::Save => {
                let id = self.lesson_id();
                out.push(Effect::Save(format!("{id}.lesson"), self.teach.file.clone()));
            }
            Msg::Play if self.teach.wrong.is_some() => {
                self.notice = Some(text::NOT_PLAYED.to_owned());
            }
            Msg::Play => {
                // Whoever writes the fourth step plays the lesson to see it.
                let step = self.lessons.step;
                if self.teach_begin(out) {
                    self.lessons.step = step;
                }
            }
            Msg::ShowLine => {
                if let Some(line) = self.teach.wrong_line() {
                    out.push(Effect::ShowLine("lesson-text".to_owned(), line));
                }
            }
            Msg::Take(nth) => {
                let Some(offer) = self.teach.offers.get(nth) else { return };
                let step = self.lessons.step + 1;
                let file = edit::with_goal(&self.teach.file, step, &offer.title, &offer.formula);
                self.write_lesson(file, out);
            }
            Msg::Lock(group, on) => self.lock(group, on, out),
            Msg::SetUp => self.ask(Ask::SetUp, Call::SetUp, out),
            Msg::Class(class) => (self.teach.class, self.teach.reseat) = (class, true),
            Msg::Students(names) => (self.teach.students, self.teach.reseat) = (names, true),
            Msg::SaveClass => {
                let (id, class) = (self.lesson_id(), self.teach.class_name());
                let table = self.teach.table(&id, &self.home);
                out.push(Effect::Save(format!("{id}-{class}.csv"), table));
            }
        }
    }

    fn write_lesson(&mut self, file: String, out: &mut Vec<Effect>) {
        self.teach.write(file);
        out.push(Effect::Remember("draft", self.teach.file.clone()));
    }

    /// The id of the lesson, as it was read last.
    fn lesson_id(&self) -> String {
        let id = self.lessons.sheet.as_ref().map(|sheet| sheet.card.id.clone());
        id.unwrap_or_else(|| "lesson".to_owned())
    }

    fn lock(&mut self, group: usize, on: bool, out: &mut Vec<Effect>) {
        let (Some((_, words)), Some(sheet)) = (text::LOCKS.get(group), &self.lessons.sheet) else {
            return;
        };
        let mut locked = sheet.locked.clone();
        locked.retain(|word| !words.contains(&word.as_str()));
        if on {
            locked.extend(words.iter().map(|word| (*word).to_owned()));
        }
        let file = edit::with_list(&self.teach.file, "locked", &locked);
        self.write_lesson(file, out);
    }

    /// The browser is about to draw: asks about what has changed since it was asked last.
    pub(super) fn teach_tick(&mut self, out: &mut Vec<Effect>) {
        if self.view != View::Teach || self.phase != Phase::Ready {
            return;
        }
        if self.teach.changed {
            self.teach.changed = false;
            let file = self.teach.file.clone();
            self.ask(Ask::Revise(file.clone()), Call::ReviseLesson { file }, out);
        }
        let Some(sheet) = &self.lessons.sheet else { return };
        let (lesson, is_open) = (sheet.card.id.clone(), !sheet.unopened);
        if std::mem::take(&mut self.teach.reseat) {
            let (class, students) = (self.teach.class_name(), self.teach.names());
            self.ask(Ask::Seats, Call::Seats { lesson, class, students }, out);
        }
        let now = &self.newest().trace;
        if is_open && self.settled() && self.teach.offered.as_ref() != Some(now) {
            self.teach.offered = Some(now.clone());
            self.ask(Ask::Offers, Call::Offers, out);
        }
    }

    /// What the simulation says about the lesson on the desk.
    pub(super) fn teach_told(&mut self, ask: &Ask, reply: Reply, out: &mut Vec<Effect>) {
        match ask {
            Ask::Revise(file) => {
                if let Some(sheet) = reply.lesson {
                    self.revised(file, *sheet);
                }
            }
            Ask::Offers => self.teach.offers = reply.offers.unwrap_or_default(),
            Ask::Seats => self.teach.seats = reply.seats.unwrap_or_default(),
            Ask::SetUp => {
                let lines = reply.lines.unwrap_or_default();
                let file = edit::with_list(&self.teach.file, "prepare", &lines);
                self.write_lesson(file, out);
            }
            _ => {}
        }
    }

    /// The text is a lesson: the student's column shows it, on the run that is there if it is its own.
    fn revised(&mut self, file: &str, sheet: Sheet) {
        self.teach.good = file.to_owned();
        self.teach.wrong = None;
        let lessons = &mut self.lessons;
        if lessons.sheet.as_ref().is_none_or(|before| before.card.id != sheet.card.id) {
            self.teach.reseat = true;
        }
        let which = lessons.which.take().or_else(|| lesson::read(&sheet.card.id));
        let id = sheet.card.id.clone();
        lessons.which = which.map(|which| Which { id, file: file.to_owned(), ..which });
        if sheet.unopened {
            lessons.grade = Default::default();
            self.teach.offers.clear();
        }
        lessons.step = lessons.step.min(sheet.steps.len().saturating_sub(1));
        lessons.wrong = None;
        lessons.sheet = Some(sheet);
        (lessons.judged, self.teach.offered) = (None, None);
    }

    /// The lesson on the desk was opened, or it cannot be.
    pub(super) fn teach_opened(&mut self, wrong: Option<&str>) {
        if self.view != View::Teach {
            return;
        }
        if wrong.is_none() {
            self.teach.good.clone_from(&self.teach.file);
            (self.teach.offered, self.teach.reseat) = (None, true);
            self.teach.offers.clear();
        }
        self.teach.wrong = wrong.map(str::to_owned);
    }
}
