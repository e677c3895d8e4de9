//! The first lesson from its list to its last goal, once by keyboard alone and once with a finger on a phone of
//! 360 x 740. No mouse, and no help of the page API but to look at what came of it.

use glasshouse_tests::bench::Bench;
use glasshouse_tests::browser::Screen;
use serde_json::{Value, json};

/// With what a student works.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hands {
    Keyboard,
    Touch,
}

/// Keys until the focus is where it should be: nobody has the patience for more.
const TABS_MAX: usize = 120;

struct Student {
    bench: Bench,
    hands: Hands,
}

impl Student {
    /// Goes to an element with the Tab key.
    fn tab_to(&mut self, selector: &str) {
        let here =
            format!("!!document.activeElement && document.activeElement.matches({selector:?})");
        self.bench.wait(&format!("document.querySelector({selector:?})"));
        for _ in 0..TABS_MAX {
            if self.bench.eval::<bool>(&here) {
                return;
            }
            self.bench.press("Tab");
        }
        let there: String = self.bench.eval("document.activeElement.outerHTML.slice(0, 200)");
        panic!("Tab does not come to {selector}; the focus is at {there}");
    }

    /// Presses a button or follows a link.
    fn press(&mut self, selector: &str) {
        match self.hands {
            Hands::Keyboard => {
                self.tab_to(selector);
                self.bench.press("Enter");
            }
            Hands::Touch => self.bench.tap(selector),
        }
    }

    /// Chooses the answer of this number to a prediction, and keeps it.
    fn predict(&mut self, name: &str, choice: usize) {
        let input = format!("#predict-{name} label:nth-of-type({choice}) input");
        match self.hands {
            Hands::Keyboard => {
                // Tab comes to the first of them, arrows to the others.
                self.tab_to(&format!("#predict-{name} input"));
                self.bench.press(" ");
                for _ in 1..choice {
                    self.bench.press("ArrowDown");
                }
            }
            Hands::Touch => self.bench.tap(&format!("#predict-{name} label:nth-of-type({choice})")),
        }
        self.bench.wait(&format!("document.querySelector({input:?}).checked"));
        self.press(&format!("#predict-{name} button"));
        self.bench.wait(&format!("!document.querySelector('#predict-{name} button')"));
    }

    /// Types a line into the terminal and waits until it is done.
    fn line(&mut self, line: &str) {
        let busy =
            "[...document.querySelectorAll('.term > span:has(> b)')].at(-1)?.ariaBusy === 'true'";
        match self.hands {
            Hands::Keyboard => {
                // A letter is a key of the bench only outside of fields.
                self.bench.press("Escape");
                self.bench.eval::<Value>("(document.activeElement.blur(), null)");
                self.bench.press("t");
            }
            Hands::Touch => {
                self.bench.tap(".tabs .t-terminal");
                self.bench.tap("#command");
            }
        }
        self.bench.wait("document.activeElement.id === 'command'");
        self.write(line);
        self.bench.press("Enter");
        self.bench.wait(&format!(
            "document.querySelector('.term').innerText.includes({line:?}) && !({busy})"
        ));
        self.bench.settle();
    }

    fn answer(&mut self, name: &str, value: &str) {
        match self.hands {
            Hands::Keyboard => self.tab_to(&format!("#answer-{name}")),
            Hands::Touch => self.bench.tap(&format!("#answer-{name}")),
        }
        // What a finger does arrives a little later than what a key does.
        self.bench.wait(&format!("document.activeElement.id === 'answer-{name}'"));
        self.write(value);
        self.bench.press("Enter");
        self.given(name);
    }

    /// Chooses the first of the offered answers.
    fn choose(&mut self, name: &str) {
        self.tab_to(&format!("#answer-{name}"));
        self.bench.press("ArrowDown");
        self.bench.wait(&format!("document.querySelector('#answer-{name}').selectedIndex === 1"));
        self.press(&format!("#answer-{name} ~ button"));
        self.given(name);
    }

    /// Types into the field with the focus. Keyboards on a screen write whole texts.
    fn write(&mut self, text: &str) {
        match self.hands {
            Hands::Keyboard => self.bench.type_text(text),
            Hands::Touch => drop(self.bench.call("Input.insertText", json!({ "text": text }))),
        }
    }

    fn given(&mut self, name: &str) {
        self.bench
            .wait(&format!("glasshouse.actions().some(a => a.line.startsWith('answer {name} '))"));
    }

    fn next_step(&mut self, number: usize) {
        self.press(".lesson .foot button:last-child");
        self.bench.wait(&format!(
            "document.querySelector('#lesson-step').innerText.startsWith('{number}.')"
        ));
    }

    /// The value that a table of the terminal shows, which the student would read there.
    fn reads(&mut self, value: &str) -> String {
        self.bench
            .eval::<Value>(&format!("(s => {value})(glasshouse.status())"))
            .to_string()
            .trim_matches('"')
            .to_owned()
    }
}

fn lesson_one(hands: Hands, screen: Screen) {
    let Some(bench) = Bench::open(screen, "#lesson") else { return };
    let mut student = Student { bench, hands };
    student.press(".cards a[href='#lesson/01-first-cluster']");
    student.bench.wait("document.querySelector('#predict-P1')");
    student.bench.settle();

    student.predict("P1", 1);
    for line in ["start n1", "run 3s", "endpoint status --endpoints=n1"] {
        student.line(line);
    }
    student.next_step(2);
    student.predict("P2", 1);
    for line in ["start n2", "until leader"] {
        student.line(line);
    }
    student.next_step(3);
    for line in ["start n3", "run 2s"] {
        student.line(line);
    }
    student.next_step(4);
    student.line("member list -w table");
    let id = student.reads("s.members[2].id");
    student.answer("n3_id", &id);
    student.next_step(5);
    student.predict("P3", 1);
    for line in
        ["endpoint status --endpoints=n1 -w table", "endpoint status --endpoints=n1,n2,n3 -w table"]
    {
        student.line(line);
    }
    for (name, value) in [
        ("leader", "s.leader"),
        ("term", "s.members.find(m => m.member === s.leader).term"),
        ("index", "s.members.find(m => m.member === s.leader).commit"),
    ] {
        let value = student.reads(value);
        student.answer(name, &value);
    }
    student.choose("three_statuses");
    for line in
        ["endpoint health --endpoints=n1,n2,n3", "endpoint status --endpoints=n1,n2,n3 -w table"]
    {
        student.line(line);
    }
    student.bench.wait(
        "/, (\\d+) of \\1 goals/.test(document.querySelector('.lesson .foot span').textContent)",
    );
    assert_eq!(student.bench.sticking_out(), Vec::<String>::new());
    student.bench.screenshot(if hands == Hands::Touch {
        "lesson-one-touch"
    } else {
        "lesson-one-keys"
    });
}

#[test]
fn lesson_one_by_keyboard_alone() {
    lesson_one(Hands::Keyboard, Screen::DESKTOP);
}

#[test]
fn lesson_one_with_a_finger() {
    lesson_one(Hands::Touch, Screen::PHONE);
}
