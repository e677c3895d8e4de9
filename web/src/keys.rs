//! Which key does what.
//!
//! Letters act only when the focus is not in a field, and can be switched off (WCAG 2.1.4). The
//! list that `?` shows and the function that reads keys are made from one table.

use crate::state::{Deed, State, Unit, View};

/// A key as the browser reports it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Press {
    /// `KeyboardEvent.key`: the character or the key's name.
    pub(crate) key: String,
    pub(crate) ctrl: bool,
    pub(crate) alt: bool,
    /// The focus is in a field, which wants the key for itself.
    pub(crate) in_field: bool,
    /// The focus is on a button or the like, which wants Space and Enter.
    pub(crate) on_control: bool,
}

/// The key as this page calls it. A keyboard of another script, or Alt on a Mac, types a letter that no row
/// names; then the place of the key counts, as it is printed beside that letter.
pub(crate) fn name(key: &str, code: &str) -> String {
    let foreign = key == "Dead" || key.chars().count() == 1 && !key.is_ascii();
    let printed = match code {
        "BracketLeft" => Some("["),
        "BracketRight" => Some("]"),
        "Period" => Some("."),
        "Comma" => Some(","),
        code => code.strip_prefix("Key"),
    };
    printed.filter(|_| foreign).unwrap_or(key).to_owned()
}

/// One row of the table of keys.
pub(crate) struct Key {
    /// `KeyboardEvent.key`, in lower case for letters.
    pub(crate) key: &'static str,
    /// It needs Alt.
    pub(crate) alt: bool,
    /// As it is shown.
    pub(crate) shown: &'static str,
    /// What it does, for people.
    pub(crate) says: &'static str,
    /// What it does.
    pub(crate) deed: Deed,
}

const fn key(key: &'static str, shown: &'static str, says: &'static str, deed: Deed) -> Key {
    Key { key, alt: false, shown, says, deed }
}

const fn alt(key: &'static str, shown: &'static str, says: &'static str, deed: Deed) -> Key {
    Key { key, alt: true, shown, says, deed }
}

/// All keys, in the order in which they are shown.
pub(crate) const KEYS: &[Key] = &[
    key(" ", "Space", "play, pause", Deed::Toggle),
    key(".", ".", "one step forward", Deed::Step),
    key(",", ",", "one step back", Deed::StepBack),
    key(">", "Shift .", "next mark of the time bar", Deed::NextMark),
    key("<", "Shift ,", "the mark before", Deed::MarkBefore),
    key("[", "[", "slower", Deed::Slower),
    key("]", "]", "faster", Deed::Faster),
    alt("e", "Alt E", "step to the next event", Deed::StepBy(Unit::Event)),
    alt("m", "Alt M", "step to the next message", Deed::StepBy(Unit::Message)),
    alt("d", "Alt D", "step to the next disk write", Deed::StepBy(Unit::Disk)),
    alt("c", "Alt C", "step to the next commit", Deed::StepBy(Unit::Commit)),
    alt("arrowdown", "Alt ↓", "next branch of the run", Deed::NextBranch),
    alt("arrowup", "Alt ↑", "the branch before", Deed::BranchBefore),
    key("n", "n, then 1 to 9", "select a member; arrows move on", Deed::NextMember),
    key("k", "K", "kill the selected member", Deed::Kill),
    key("r", "R", "restart it", Deed::Restart),
    key("p", "P", "freeze it, or let it go on", Deed::Freeze),
    key("x", "X", "cut it off", Deed::Isolate),
    key("d", "D", "make its disk slow", Deed::SlowDisk),
    key("c", "C", "cut: choose members with arrows and Space, Enter cuts", Deed::CutMode),
    key("h", "H", "heal everything", Deed::Heal),
    key("t", "T", "terminal; Esc leaves it", Deed::Terminal),
    key("l", "L", "legend", Deed::Legend),
    key("?", "?", "all keys", Deed::Keys),
    key("pagedown", "Page Down", "presenting: one step forward", Deed::Step),
    key("pageup", "Page Up", "presenting: one step back", Deed::StepBack),
    key("b", "B", "presenting: a dark screen", Deed::Blank),
    key("Escape", "Esc", "close what is open", Deed::Close),
];

/// Keys that only mean something before a room: remotes send them.
const OF_REMOTES: [&str; 3] = ["pagedown", "pageup", "b"];

/// What a key does now; `None` leaves it to the browser.
pub(crate) fn read(press: &Press, state: &State) -> Option<Deed> {
    let name = press.key.to_lowercase();
    if press.ctrl {
        return (name == "k").then_some(Deed::Palette);
    }
    if press.key == "Escape" {
        return Some(Deed::Close);
    }
    if press.in_field || !state.letters && name.chars().count() == 1 && name != " " {
        return None;
    }
    // Letters are about the bench; time flows elsewhere, too.
    let is_meant = match state.view {
        View::Bench | View::Lessons | View::Teach => true,
        view => name == "?" || view.has_time() && is_about_time(&name, press.alt),
    };
    if !is_meant {
        return None;
    }
    let choosing = state.cutting.as_ref().is_some_and(|cutting| cutting.choosing);
    if press.key == "Enter" && choosing && !press.on_control {
        return Some(Deed::CutNow);
    }
    if press.on_control && matches!(name.as_str(), " " | "enter") {
        return None;
    }
    if let (true, Some(digit @ 1..=9)) = (state.awaiting_member, name.parse::<u32>().ok()) {
        return Some(Deed::Member(digit));
    }
    let found = KEYS.iter().find(|row| row.key == name && row.alt == press.alt)?;
    if OF_REMOTES.contains(&found.key) && !state.presenting {
        return None;
    }
    // Before the first action K means the one member that everybody looks at.
    if found.deed == Deed::Kill && state.first { Some(Deed::KillLeader) } else { Some(found.deed) }
}

fn is_about_time(key: &str, alt: bool) -> bool {
    let plain = [" ", ".", ",", ">", "<", "[", "]", "pagedown", "pageup", "b"];
    let with_alt = ["e", "m", "d", "c", "arrowup", "arrowdown"];
    if alt { with_alt.contains(&key) } else { plain.contains(&key) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{Browser, Cutting};

    fn check(state: &State, key: &str, alt: bool, in_field: bool, expected: Option<Deed>) {
        let press = Press { key: key.to_owned(), alt, in_field, ..Press::default() };
        assert_eq!(read(&press, state), expected, "{press:?}");
    }

    #[test]
    fn letters_act_outside_of_fields_and_can_be_switched_off() {
        let mut state = State::new(Browser { seen: true, ..Browser::default() });
        check(&state, "k", false, false, Some(Deed::Kill));
        check(&state, "K", false, false, Some(Deed::Kill));
        check(&state, "k", false, true, None);
        check(&state, "d", true, false, Some(Deed::StepBy(Unit::Disk)));
        check(&state, "d", false, false, Some(Deed::SlowDisk));
        check(&state, "Escape", false, true, Some(Deed::Close));
        state.letters = false;
        check(&state, "k", false, false, None);
        check(&state, " ", false, false, Some(Deed::Toggle));
    }

    #[test]
    fn keys_of_the_bench_rest_in_other_views() {
        let mut state = State::new(Browser::default());
        state.view = View::Hunts;
        check(&state, "k", false, false, None);
        check(&state, " ", false, false, None);
        check(&state, "?", false, false, Some(Deed::Keys));
        state.view = View::History;
        check(&state, "k", false, false, None);
        check(&state, " ", false, false, Some(Deed::Toggle));
    }

    #[test]
    fn a_digit_names_a_member_only_after_n() {
        let mut state = State::new(Browser::default());
        check(&state, "3", false, false, None);
        state.awaiting_member = true;
        check(&state, "3", false, false, Some(Deed::Member(3)));
        check(&state, "0", false, false, None);
    }

    #[test]
    fn enter_cuts_while_a_cut_is_chosen() {
        let mut state = State::new(Browser::default());
        check(&state, "Enter", false, false, None);
        state.cutting = Some(Cutting { choosing: true, ..Cutting::default() });
        check(&state, "Enter", false, false, Some(Deed::CutNow));
    }

    #[test]
    fn a_remote_is_heard_while_presenting() {
        let mut state = State::new(Browser::default());
        check(&state, "PageDown", false, false, None);
        state.presenting = true;
        check(&state, "PageDown", false, false, Some(Deed::Step));
        check(&state, "PageUp", false, false, Some(Deed::StepBack));
        check(&state, "b", false, false, Some(Deed::Blank));
        check(&state, "b", false, true, None);
    }

    #[test]
    fn a_keyboard_of_another_script_has_the_same_keys() {
        for (key, code, expected) in [
            ("л", "KeyK", "K"),
            ("Л", "KeyK", "K"),
            ("х", "BracketLeft", "["),
            ("б", "Comma", ","),
            ("Dead", "KeyE", "E"),
            ("∂", "KeyD", "D"),
            // Latin letters are where they are: this is K on a Dvorak keyboard.
            ("k", "KeyV", "k"),
            ("?", "Digit7", "?"),
            ("Escape", "Escape", "Escape"),
            ("ж", "Semicolon", "ж"),
        ] {
            assert_eq!(name(key, code), expected, "{key} at {code}");
        }
        let state = State::new(Browser { seen: true, ..Browser::default() });
        check(&state, &name("л", "KeyK"), false, false, Some(Deed::Kill));
        let press = Press { key: name("л", "KeyK"), ctrl: true, ..Press::default() };
        assert_eq!(read(&press, &state), Some(Deed::Palette));
    }

    #[test]
    fn no_key_is_given_twice() {
        for (nth, row) in KEYS.iter().enumerate() {
            let twice =
                KEYS[..nth].iter().any(|other| other.key == row.key && other.alt == row.alt);
            assert!(!twice, "{}", row.shown);
        }
    }
}
