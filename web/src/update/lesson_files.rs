//! How the page comes to a lesson: from the files beside it, or from one that somebody gives.
//!
//! The simulation holds no lessons. It gets the text of one in the call that opens it.

use glasshouse_sim::view::call::Call;
use glasshouse_sim::view::call::lesson::{Card, Which};

use crate::lesson::{self, Beside};
use crate::state::{Ask, Effect, Phase, State, View};
use crate::text::en::lesson as text;

impl State {
    /// The lessons are shown: the list, or the lesson that the address names.
    pub(super) fn lessons_open(&mut self, path: &str, out: &mut Vec<Effect>) {
        let asked = lesson::read(path);
        let open = self.lessons.which.as_ref();
        let is_open =
            asked.as_ref().zip(open).is_some_and(|(one, other)| lesson::is_same(one, other));
        if let (true, Some(sheet)) = (is_open, &self.lessons.sheet) {
            // From the teacher's desk it may come without its world.
            if sheet.unopened {
                let which = self.lessons.which.take();
                self.lessons.anew(which);
                self.lesson_begin(out);
            }
            return;
        }
        // The list takes the place of a lesson; its run stays on the bench.
        self.lessons.anew(asked);
        match self.lessons.cards {
            Some(_) => self.lesson_fetch(out),
            None => out.push(Effect::Fetch(Beside::Index)),
        }
    }

    /// Fetches the lesson that was asked for.
    fn lesson_fetch(&mut self, out: &mut Vec<Effect>) {
        let Some(which) = self.lessons.which.take() else { return };
        match self.lessons.card(&which.id).map(|card| card.id.clone()) {
            Some(id) => {
                self.lessons.which = Some(Which { id: id.clone(), ..which });
                out.push(Effect::Fetch(Beside::Lesson(id)));
            }
            None => {
                let why = text::not_here(&which.id);
                self.lessons.awaited = Some(which);
                self.lesson_refused(why, out);
            }
        }
    }

    /// A file beside the page has come, or has not.
    pub(super) fn lesson_fetched(
        &mut self,
        file: Beside,
        text: Result<String, String>,
        out: &mut Vec<Effect>,
    ) {
        let which = self.lessons.which.as_mut().filter(|which| which.file.is_empty());
        match (file, text) {
            (Beside::Index, Ok(index)) => match serde_json::from_str::<Vec<Card>>(&index) {
                Ok(cards) => {
                    self.lessons.cards = Some(cards);
                    self.lesson_fetch(out);
                }
                Err(_) => self.lesson_refused(text::NO_LIST.to_owned(), out),
            },
            (Beside::Index, Err(why)) => self.lesson_refused(text::no_list(&why), out),
            (Beside::Lesson(id), text) => {
                // Who has gone on to another lesson meanwhile waits for that one.
                let Some(which) = which.filter(|which| which.id == id) else { return };
                match text {
                    Ok(text) => {
                        which.file = text;
                        if self.sim_ready {
                            self.lesson_begin(out);
                        }
                    }
                    Err(why) => self.lesson_refused(text::no_lesson(&id, &why), out),
                }
            }
        }
    }

    /// Somebody gives the text of a lesson. What the bench has stays until the text is known to be one.
    pub(super) fn lesson_given(
        &mut self,
        file: Result<String, String>,
        promise: Option<u64>,
        out: &mut Vec<Effect>,
    ) {
        match file {
            Ok(file) if self.sim_ready => {
                self.ask(Ask::LessonFile(file.clone(), promise), Call::ReadLesson { file }, out);
            }
            Ok(_) => self.not_taken(crate::text::en::NOT_READY.to_owned(), promise, out),
            Err(why) => self.not_taken(why, promise, out),
        }
    }

    fn not_taken(&mut self, why: String, promise: Option<u64>, out: &mut Vec<Effect>) {
        self.lessons.promise = promise;
        self.lesson_refused(why, out);
    }

    /// The text is a lesson: it is opened, for whom the address named, if it named it.
    pub(super) fn lesson_is_one(
        &mut self,
        file: &str,
        promise: Option<u64>,
        card: Card,
        out: &mut Vec<Effect>,
    ) {
        let awaited = self.lessons.awaited.take().filter(|which| which.id == card.id);
        let which = awaited.or_else(|| lesson::read(&card.id)).unwrap_or_default();
        let step = self.lessons.step;
        self.lessons.anew(Some(Which { file: file.to_owned(), ..which }));
        match self.view {
            View::Teach => self.lessons.step = step,
            _ => self.look_at(View::Lessons, out),
        }
        self.lesson_begin(out);
        self.lessons.promise = promise;
    }

    /// Opens the lesson that was asked for, if one was; says whether. Its file may still be on its way.
    pub(super) fn lesson_begin(&mut self, out: &mut Vec<Effect>) -> bool {
        let Some(which) = self.lessons.which.clone().filter(|_| self.lessons.sheet.is_none())
        else {
            return false;
        };
        if which.file.is_empty() {
            return true;
        }
        self.renew(out);
        let forgotten = self.timeline.begin(Vec::new());
        self.ask(Ask::Lesson, Call::OpenLesson { which }, out);
        for image in forgotten {
            self.ask_image(image, out);
        }
        true
    }

    /// There is no such lesson: one sentence says why, above the list; the bench is there for whatever comes next.
    pub(super) fn lesson_refused(&mut self, why: String, out: &mut Vec<Effect>) {
        if let Some(promise) = self.lessons.promise.take() {
            out.push(Effect::Answer(promise, Err(why.clone())));
        }
        self.teach_opened(Some(&why));
        self.lessons.wrong = Some(why);
        if self.lessons.sheet.is_none() {
            self.lessons.which = None;
        }
        if self.sim_ready && matches!(self.phase, Phase::Loading | Phase::Building) {
            self.boot(out);
        }
    }
}
