//! A real Chromium, driven as a user would: trusted mouse and key events, and waiting for what can
//! be seen.
//!
//! Chromium is told what to do over two pipes ([`pipe`]) in the DevTools protocol, so there is no
//! driver to install and no port to choose. A [`Page`] is one Chromium with one tab and a fresh
//! profile. Everything that goes wrong in the tab (an exception, `console.error`, a file that is
//! not found) fails the test at the end, whether or not the test looked at it.

mod input;
mod pipe;

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{root, tools};
use pipe::Pipe;

/// How long a condition may take to come true; generous, because test machines are busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// Ways in which a page may be shown.
#[derive(Clone, Copy)]
pub struct Screen {
    /// Width in CSS pixels.
    pub width: u32,
    /// Height in CSS pixels.
    pub height: u32,
    /// The system's colours: `light` or `dark`.
    pub colours: &'static str,
    /// True for a phone: touch, and the page's viewport tag counts.
    pub phone: bool,
    /// True when the user asked the system for less motion.
    pub still: bool,
}

impl Screen {
    /// A common desktop.
    pub const DESKTOP: Self =
        Self { width: 1440, height: 900, colours: "light", phone: false, still: false };
    /// A small phone.
    pub const PHONE: Self =
        Self { width: 360, height: 740, colours: "light", phone: true, still: false };
    /// The desktop of who works in the dark.
    pub const DARK: Self = Self { colours: "dark", ..Self::DESKTOP };
    /// The phone in the dark.
    pub const DARK_PHONE: Self = Self { colours: "dark", ..Self::PHONE };
    /// What everybody must be able to read, with names for pictures.
    pub const ALL: [(&str, Self); 4] = [
        ("light", Self::DESKTOP),
        ("dark", Self::DARK),
        ("phone", Self::PHONE),
        ("phone-dark", Self::DARK_PHONE),
    ];
}

/// One tab of one Chromium.
pub struct Page {
    pipe: Pipe,
}

impl Page {
    /// Starts Chromium with an empty tab; `None` after saying that there is no Chromium.
    pub fn launch(screen: Screen) -> Option<Self> {
        let mut page = Self { pipe: Pipe::launch(&tools::chromium()?) };
        for domain in ["Page", "Runtime", "Log"] {
            page.call(&format!("{domain}.enable"), json!({}));
        }
        // Workers report their errors through sessions of their own.
        let attach = json!({"autoAttach": true, "waitForDebuggerOnStart": false, "flatten": true});
        page.call("Target.setAutoAttach", attach);
        page.show_on(screen);
        Some(page)
    }

    /// Changes size, colours and motion.
    pub fn show_on(&mut self, screen: Screen) {
        self.call(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": screen.width, "height": screen.height, "deviceScaleFactor": 1, "mobile": screen.phone}),
        );
        self.call("Emulation.setTouchEmulationEnabled", json!({"enabled": screen.phone}));
        let motion = if screen.still { "reduce" } else { "no-preference" };
        self.call(
            "Emulation.setEmulatedMedia",
            json!({"features": [
                {"name": "prefers-color-scheme", "value": screen.colours},
                {"name": "prefers-reduced-motion", "value": motion},
            ]}),
        );
    }

    /// Goes to an address and waits until its document is there.
    pub fn open(&mut self, url: &str) {
        // An address that differs only after `#` would otherwise load nothing.
        self.call("Page.navigate", json!({"url": "about:blank"}));
        self.wait("location.href === 'about:blank'");
        let answer = self.call("Page.navigate", json!({"url": url}));
        if let Some(why) = answer.get("errorText") {
            self.fail(&format!("{url} could not be opened: {why}"));
        }
        self.wait("location.href !== 'about:blank' && document.readyState !== 'loading'");
    }

    /// The value of a JavaScript expression, of its promise when it is one.
    pub fn eval<T: DeserializeOwned>(&mut self, expression: &str) -> T {
        match self.try_eval(expression) {
            Ok(value) => serde_json::from_value(value.clone()).unwrap_or_else(|error| {
                panic!("`{expression}` is {value}, which the test did not expect: {error}")
            }),
            Err(why) => self.fail(&format!("`{expression}` failed: {why}")),
        }
    }

    /// Waits until a JavaScript expression is true.
    pub fn wait(&mut self, condition: &str) {
        self.wait_for(PATIENCE, &format!("!!({condition})"));
    }

    /// Waits so long until a JavaScript expression is neither false nor null; its value.
    pub fn wait_for(&mut self, patience: Duration, expression: &str) -> Value {
        let started = Instant::now();
        loop {
            // While a document is replaced its expressions fail; the next one is asked again.
            let last = self.try_eval(expression);
            match &last {
                Ok(Value::Null | Value::Bool(false)) | Err(_) => {}
                Ok(value) => return value.clone(),
            }
            if started.elapsed() > patience {
                self.fail(&format!("after {patience:?} `{expression}` was still {last:?}"));
            }
            thread::sleep(Duration::from_millis(25));
        }
    }

    /// Saves what the tab shows as `target/screenshots/NAME.png`.
    pub fn screenshot(&mut self, name: &str) -> PathBuf {
        let answer = self.call("Page.captureScreenshot", json!({"format": "png"}));
        let png = STANDARD.decode(answer["data"].as_str().unwrap()).unwrap();
        let path = root().join(format!("target/screenshots/{name}.png"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, png).unwrap();
        path
    }

    /// What axe-core finds wrong in the page as it is: one line for each rule and element.
    pub fn axe(&mut self, axe: &str) -> Vec<String> {
        let _: Value = self.eval(&format!("{axe};\nnull"));
        self.eval(
            "axe.run().then(found => found.violations.flatMap(rule => rule.nodes.map(
                node => `${rule.id}: ${node.target.join(' ')}: ${node.failureSummary}`)))",
        )
    }

    /// What has gone wrong in the tab so far, taken away: for tests that provoke a mistake.
    pub fn take_errors(&mut self) -> Vec<String> {
        self.pipe.take_errors()
    }

    /// One call of the DevTools protocol.
    pub fn call(&mut self, method: &str, parameters: Value) -> Value {
        match self.pipe.call(method, &parameters) {
            Ok(answer) => answer,
            Err(why) => panic!("Chromium refused {method}: {why}"),
        }
    }

    /// What makes the page wider than the tab, so that people would have to scroll it sideways.
    pub fn sticking_out(&mut self) -> Vec<String> {
        self.eval(
            "(root => root.scrollWidth <= root.clientWidth ? [] : [...root.querySelectorAll('body *')]
                .filter(one => one.getBoundingClientRect().right > root.clientWidth + 0.5)
                .map(one => one.cloneNode(false).outerHTML.slice(0, 120)))(document.documentElement)",
        )
    }

    /// Gives the tab `ask(op)`: a question to a simulation of its own, in a worker of its own. The page
    /// that is open must come from where the worker does.
    pub fn give_ask(&mut self) {
        let _: Value = self.eval(
            "window.ask = (op) => new Promise((resolve, reject) => {
                const worker = new Worker('worker.js');
                worker.onmessage = ({ data }) => {
                    if (data.failed || data.error) reject(new Error(data.failed || data.error));
                    if (data.id !== 1) return;
                    worker.terminate();
                    resolve(JSON.parse(data.reply));
                };
                worker.postMessage({ id: 1, op: JSON.stringify(op) });
            }); null",
        );
    }

    fn try_eval(&mut self, expression: &str) -> Result<Value, String> {
        let parameters = json!({
            "expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true,
        });
        let mut answer = self.pipe.call("Runtime.evaluate", &parameters)?;
        if let Some(thrown) = answer.get("exceptionDetails") {
            return Err(pipe::exception(thrown));
        }
        Ok(answer["result"]["value"].take())
    }

    /// Ends the test with a picture of the tab and its errors.
    fn fail(&mut self, why: &str) -> ! {
        let name = thread::current().name().unwrap_or("test").replace("::", "-");
        let errors = self.take_errors();
        // Told first: of a page that is not there no picture can be taken.
        eprintln!("{why}\nerrors in the page: {errors:#?}");
        let picture = self.screenshot(&format!("failed-{name}"));
        panic!("{why}\nscreenshot: {}", picture.display());
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let errors = self.take_errors();
        if !thread::panicking() {
            assert!(errors.is_empty(), "errors in the page: {errors:#?}");
        }
    }
}
