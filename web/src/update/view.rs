//! The views: what the page shows, and how an address names it.

use crate::state::{Effect, State, View};
use crate::text::en as text;

impl State {
    /// Reads an address that names a view, or the run that is here already; says whether it was one.
    pub(super) fn open_view(&mut self, hash: &str, out: &mut Vec<Effect>) -> bool {
        let hash = hash.trim_start_matches('#');
        let view = match hash {
            lesson if lesson == "lesson" || lesson.starts_with("lesson/") => {
                self.look_at(View::Lessons, out);
                self.lessons_open(lesson.trim_start_matches("lesson"), out);
                return true;
            }
            "teach" => {
                self.look_at(View::Teach, out);
                self.teach_open(out);
                return true;
            }
            "present" => {
                self.present(true, out);
                View::Bench
            }
            "hunt" => View::Hunts,
            "history" => View::History,
            "bench" => View::Bench,
            "spacetime" => View::Spacetime,
            "compare" => View::Compare,
            // The way back from another view.
            run if self.view != View::Bench && run == self.address => View::Bench,
            run => {
                self.address = run.to_owned();
                self.look_at(View::Bench, out);
                return false;
            }
        };
        self.look_at(view, out);
        if view == View::Bench {
            self.address(out);
        }
        true
    }

    /// Remembers the address of the bench: whoever comes back to it wants no run built anew.
    pub(super) fn note_address(&mut self, out: &[Effect]) {
        let shown = out.iter().rev().find_map(|effect| match effect {
            Effect::Address(hash) => Some(hash),
            _ => None,
        });
        if let Some(hash) = shown {
            self.address.clone_from(hash);
        }
    }

    /// The world stands at a violation and goes no further, so nothing that is to come is waited for.
    pub(crate) fn stand(&mut self, out: &mut Vec<Effect>) {
        (self.flow.until_us, self.flow.until_leader) = (None, false);
        for api in std::mem::take(&mut self.flow.hurry).into_values().flatten() {
            out.push(Effect::Answer(api, Err(text::STANDS.to_owned())));
        }
    }

    /// Shows a view. What the bench does stands still while it cannot be seen.
    pub(super) fn look_at(&mut self, view: View, out: &mut Vec<Effect>) {
        if self.view == view {
            return;
        }
        self.view = view;
        self.overlay = None;
        out.push(Effect::Focus("view".to_owned()));
        match view {
            View::Bench => out.push(Effect::Title(text::TITLE)),
            View::Spacetime => out.push(Effect::Title(text::spacetime::TITLE)),
            View::Compare => {
                out.push(Effect::Title(text::compare::TITLE));
                // What flows cannot be compared.
                self.flow.playing = false;
            }
            View::History => {
                out.push(Effect::Title(text::history::TITLE));
                self.history_pump(out);
            }
            View::Lessons => out.push(Effect::Title(text::lesson::TITLE)),
            View::Teach => out.push(Effect::Title(text::teach::TITLE)),
            View::Hunts => {
                out.push(Effect::Title(text::hunt::TITLE));
                self.hunts_open(out);
            }
        }
    }
}
