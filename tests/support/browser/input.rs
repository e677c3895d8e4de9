//! Mouse and keys as the system would send them: the page cannot tell them from a user's.

use std::time::Instant;

use serde_json::{Value, json};

use super::{PATIENCE, Page};

/// Keys that write nothing: name, and the number that Windows gave it, which browsers still tell.
const NAMED_KEYS: [(&str, u32); 15] = [
    ("Backspace", 8),
    ("Tab", 9),
    ("Enter", 13),
    ("Escape", 27),
    ("PageUp", 33),
    ("PageDown", 34),
    ("End", 35),
    ("Home", 36),
    ("ArrowLeft", 37),
    ("ArrowUp", 38),
    ("ArrowRight", 39),
    ("ArrowDown", 40),
    ("Delete", 46),
    ("F1", 112),
    ("F2", 113),
];

/// Bits of the modifiers in the DevTools protocol.
const MODIFIERS: [(&str, u32); 4] = [("Alt+", 1), ("Control+", 2), ("Meta+", 4), ("Shift+", 8)];

impl Page {
    /// Clicks in the middle of the element that a CSS selector finds.
    ///
    /// Fails when nothing is found, when it has no area, or when something else lies over it.
    pub fn click(&mut self, selector: &str) {
        let (x, y) = self.middle_of(selector);
        self.click_at(x, y);
    }

    /// Clicks the button, menu item or link of this name: its label, or its text without the hints
    /// for keys.
    pub fn click_named(&mut self, name: &str) {
        let (x, y) = self.middle_of_element(&named(name));
        self.click_at(x, y);
    }

    /// True when a button, menu item or link of this name can be seen.
    pub fn has_named(&mut self, name: &str) -> bool {
        self.eval(&format!("!!({})", named(name)))
    }

    /// Touches the middle of an element with one finger. The tab must be a phone's.
    pub fn tap(&mut self, selector: &str) {
        let place = self.middle_of(selector);
        self.tap_at(place);
    }

    /// Touches a place with one finger. The tab must be a phone's.
    pub fn tap_at(&mut self, (x, y): (f64, f64)) {
        let touch = |kind: &str, points: Value| json!({"type": kind, "touchPoints": points});
        self.call("Input.dispatchTouchEvent", touch("touchStart", json!([{"x": x, "y": y}])));
        self.call("Input.dispatchTouchEvent", touch("touchEnd", json!([])));
        // The click that a touch becomes comes later, and no hand is quicker than two pictures.
        let _: Value = self.eval(
            "new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(() => drawn(null))))",
        );
    }

    /// Clicks at a place, in CSS pixels from the upper left corner of the tab.
    pub fn click_at(&mut self, x: f64, y: f64) {
        self.mouse("mouseMoved", x, y);
        self.mouse("mousePressed", x, y);
        self.mouse("mouseReleased", x, y);
    }

    /// Presses the button at one place and releases it at another, with steps between them.
    pub fn drag(&mut self, from: (f64, f64), to: (f64, f64)) {
        self.carry(from, to, "");
        self.let_go(to);
    }

    /// The first half of it: the button stays down. The modifiers, such as `Alt+`, are held meanwhile.
    pub fn carry(&mut self, from: (f64, f64), to: (f64, f64), modifiers: &str) {
        let (_, held) = split_modifiers(&format!("{modifiers}x"));
        self.mouse("mouseMoved", from.0, from.1);
        self.mouse("mousePressed", from.0, from.1);
        for (x, y) in between(from, to) {
            self.mouse_with("mouseDragged", x, y, held);
        }
    }

    /// The second half: the button is released here.
    pub fn let_go(&mut self, at: (f64, f64)) {
        self.mouse("mouseReleased", at.0, at.1);
    }

    /// Draws a finger over the tab, from one place to another. The tab must be a phone's.
    pub fn swipe(&mut self, from: (f64, f64), to: (f64, f64)) {
        let touch = |kind: &str, points: Value| json!({"type": kind, "touchPoints": points});
        let at = |(x, y): (f64, f64)| json!([{"x": x, "y": y}]);
        self.call("Input.dispatchTouchEvent", touch("touchStart", at(from)));
        for place in between(from, to) {
            self.call("Input.dispatchTouchEvent", touch("touchMove", at(place)));
        }
        self.call("Input.dispatchTouchEvent", touch("touchEnd", json!([])));
    }

    /// The middle of an element after it was scrolled into view.
    pub fn middle_of(&mut self, selector: &str) -> (f64, f64) {
        self.middle_of_element(&format!("document.querySelector({})", json!(selector)))
    }

    /// What was asked of the page may still be drawn: an element that moves, or that something
    /// else lies over, is looked at again for a while.
    fn middle_of_element(&mut self, element: &str) -> (f64, f64) {
        self.wait(element);
        let started = Instant::now();
        loop {
            let place: Result<(f64, f64), String> = self.eval(&format!(
                "(async () => {{
                    const element = {element};
                    if (!element) return {{Err: 'it is gone'}};
                    element.scrollIntoView({{block: 'nearest', inline: 'nearest', behavior: 'instant'}});
                    const middle = () => {{
                        const box = element.getBoundingClientRect();
                        return [box.x + box.width / 2, box.y + box.height / 2];
                    }};
                    const before = middle();
                    await new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)));
                    const [x, y] = middle();
                    if (x !== before[0] || y !== before[1]) return {{Err: `it moves from ${{before}} to ${{x}},${{y}}`}};
                    const hit = document.elementFromPoint(x, y);
                    if (hit && (element.contains(hit) || hit.contains(element))) return {{Ok: [x, y]}};
                    return {{Err: `at ${{x}},${{y}} lies ${{hit ? hit.outerHTML.slice(0, 200) : 'nothing'}}`}};
                }})()"
            ));
            match place {
                Ok(place) => return place,
                Err(why) if started.elapsed() > PATIENCE => {
                    self.fail(&format!("{element} cannot be clicked: {why}"))
                }
                Err(_) => {}
            }
        }
    }

    /// Chooses a file of this name, with this text in it, in a field for files.
    pub fn give_file(&mut self, field: &str, name: &str, text: &str) {
        self.eval::<Value>(&format!(
            "(field => {{
                const files = new DataTransfer();
                files.items.add(new File([{}], {}, {{ type: 'text/plain' }}));
                field.files = files.files;
                field.dispatchEvent(new Event('change', {{ bubbles: true }}));
                return null;
            }})(document.querySelector({}))",
            json!(text),
            json!(name),
            json!(field)
        ));
    }

    /// Types a text, one key for each character; a newline is Enter.
    pub fn type_text(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '\n' => self.press("Enter"),
                other => self.press(&other.to_string()),
            }
        }
    }

    /// Presses and releases a key: a character, a name such as `ArrowUp`, or either after modifiers
    /// (`Shift+Tab`, `Control+k`).
    pub fn press(&mut self, key: &str) {
        let (key, modifiers) = split_modifiers(key);
        let mut event = key_event(key);
        event["modifiers"] = json!(modifiers);
        // With Control or Meta held a key is a command and writes nothing.
        if modifiers & 0b0110 != 0 {
            event["text"] = json!("");
        }
        for kind in ["keyDown", "keyUp"] {
            event["type"] = json!(kind);
            if kind == "keyUp" {
                event["text"] = json!("");
            }
            self.call("Input.dispatchKeyEvent", event.clone());
        }
    }

    fn mouse(&mut self, kind: &str, x: f64, y: f64) {
        self.mouse_with(kind, x, y, 0);
    }

    fn mouse_with(&mut self, kind: &str, x: f64, y: f64, modifiers: u32) {
        // What moves with the button down is a move that says so.
        let (kind, dragged) = match kind {
            "mouseDragged" => ("mouseMoved", true),
            kind => (kind, false),
        };
        let clicks = kind != "mouseMoved";
        let held = kind == "mousePressed" || dragged;
        let parameters = json!({
            "type": kind, "x": x, "y": y, "button": if clicks || dragged { "left" } else { "none" },
            "buttons": u8::from(held), "clickCount": u8::from(clicks), "pointerType": "mouse",
            "modifiers": modifiers,
        });
        self.call("Input.dispatchMouseEvent", parameters);
    }
}

/// Places on the way, with the end.
fn between(from: (f64, f64), to: (f64, f64)) -> impl Iterator<Item = (f64, f64)> {
    const STEPS: u32 = 10;
    (1..=STEPS).map(move |step| {
        let part = f64::from(step) / f64::from(STEPS);
        (from.0 + (to.0 - from.0) * part, from.1 + (to.1 - from.1) * part)
    })
}

/// An expression for the visible control of a name.
fn named(name: &str) -> String {
    let name = json!(name);
    format!(
        "[...document.querySelectorAll('button, a, label, [role=button], [role=menuitem]')].find(e => {{
            const bare = e.cloneNode(true);
            bare.querySelectorAll('kbd').forEach(hint => hint.remove());
            const text = e.getAttribute('aria-label') || bare.textContent.trim();
            return text === {name} && e.getClientRects().length && !e.disabled;
        }})"
    )
}

fn split_modifiers(mut key: &str) -> (&str, u32) {
    let mut held = 0;
    // A lone `+` is a key of its own.
    while let Some((name, bit)) =
        MODIFIERS.iter().find(|(name, _)| key.len() > name.len() && key.starts_with(name))
    {
        key = &key[name.len()..];
        held |= bit;
    }
    (key, held)
}

fn key_event(key: &str) -> Value {
    if let Some((name, number)) = NAMED_KEYS.iter().find(|(name, _)| *name == key) {
        let text = if *name == "Enter" { "\r" } else { "" };
        return json!({"key": name, "code": name, "windowsVirtualKeyCode": number, "text": text});
    }
    let character = key.chars().next().expect("a key has a name");
    assert_eq!(key.chars().count(), 1, "there is no key called {key}");
    let upper = character.to_ascii_uppercase();
    let (code, number) = match upper {
        'A'..='Z' => (format!("Key{upper}"), u32::from(upper)),
        '0'..='9' => (format!("Digit{upper}"), u32::from(upper)),
        ' ' => ("Space".to_owned(), 32),
        _ => (String::new(), 0),
    };
    json!({"key": key, "code": code, "windowsVirtualKeyCode": number, "text": key})
}
