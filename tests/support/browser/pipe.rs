//! The DevTools protocol over two pipes: JSON messages, each ended by a zero byte.
//!
//! ```text
//!   test ── {"id": 7, "method": "Page.navigate", "params": {..}} \0 ──► fd 3  Chromium
//!   test ◄─ {"id": 7, "result": {..}} \0 ────────────────────────────── fd 4
//!   test ◄─ {"method": "Runtime.exceptionThrown", "params": {..}} \0 ── fd 4   at any time
//! ```
//!
//! `sh` moves its standard input and output to descriptors 3 and 4 before it becomes Chromium, so
//! that nothing here needs unsafe code. Chromium ends by itself when the pipes close, which covers
//! tests that are killed.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long Chromium may take for one answer.
const PATIENCE: Duration = Duration::from_secs(120);

const FLAGS: [&str; 17] = [
    "--headless",
    "--remote-debugging-pipe",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-quic",
    "--disable-sync",
    // A tab that nobody sees must run as one that somebody sees.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--hide-scrollbars",
    "--no-first-run",
    "about:blank",
];

/// A running Chromium and the session with its tab.
pub(super) struct Pipe {
    child: Child,
    profile: PathBuf,
    /// `None` once the pipe is closed.
    out: Option<ChildStdin>,
    messages: Receiver<Value>,
    next_id: u64,
    session: String,
    errors: Vec<String>,
}

impl Pipe {
    /// Starts Chromium and attaches to its tab.
    pub(super) fn launch(chromium: &Path) -> Self {
        let profile = fresh_profile();
        let mut child = Command::new("sh")
            .args(["-c", r#"exec "$0" "$@" 3<&0 4>&1 0</dev/null 1>/dev/null 2>"$CHROMIUM_LOG""#])
            .arg(chromium)
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.display()))
            // Chromium's sandbox refuses to run as root, as in most containers.
            .args(is_root().then_some("--no-sandbox"))
            .env("CHROMIUM_LOG", profile.join("log.txt"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("`sh` can be started");
        let out = child.stdin.take();
        let messages = read_messages(BufReader::new(child.stdout.take().unwrap()));
        let mut pipe = Self {
            child,
            profile,
            out,
            messages,
            next_id: 1,
            session: String::new(),
            errors: vec![],
        };
        pipe.attach();
        pipe
    }

    fn attach(&mut self) {
        let started = Instant::now();
        let target = loop {
            let targets = self.call("Target.getTargets", &json!({})).expect("Chromium has targets");
            let tab =
                targets["targetInfos"].as_array().unwrap().iter().find(|t| t["type"] == "page");
            if let Some(tab) = tab {
                break tab["targetId"].clone();
            }
            assert!(started.elapsed() < PATIENCE, "Chromium opened no tab");
            thread::sleep(Duration::from_millis(20));
        };
        let attached =
            self.call("Target.attachToTarget", &json!({"targetId": target, "flatten": true}));
        attached.expect("a tab can be attached to")["sessionId"]
            .as_str()
            .unwrap()
            .clone_into(&mut self.session);
    }

    /// Sends a call and waits for its answer; what else arrives meanwhile is looked at for errors.
    pub(super) fn call(&mut self, method: &str, parameters: &Value) -> Result<Value, String> {
        let session = self.session.clone();
        let id = self.send(method, parameters, &session)?;
        loop {
            let Ok(mut message) = self.messages.recv_timeout(PATIENCE) else {
                let log = fs::read_to_string(self.profile.join("log.txt")).unwrap_or_default();
                return Err(format!("no answer from Chromium, which wrote:\n{log}"));
            };
            if message["id"] != id {
                self.notice(&message);
            } else if let Some(error) = message.get("error") {
                return Err(error.to_string());
            } else {
                return Ok(message["result"].take());
            }
        }
    }

    fn send(&mut self, method: &str, parameters: &Value, session: &str) -> Result<u64, String> {
        let id = self.next_id;
        self.next_id += 1;
        let mut message = json!({"id": id, "method": method, "params": parameters});
        if !session.is_empty() {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        let out = self.out.as_mut().ok_or("Chromium has been closed")?;
        out.write_all(&bytes).and_then(|()| out.flush()).map_err(|error| error.to_string())?;
        Ok(id)
    }

    /// Keeps what tells of a mistake in the page, and listens to workers as they come.
    fn notice(&mut self, message: &Value) {
        let told = &message["params"];
        let error = match message["method"].as_str() {
            Some("Runtime.exceptionThrown") => Some(exception(&told["exceptionDetails"])),
            Some("Runtime.consoleAPICalled")
                if matches!(told["type"].as_str(), Some("error" | "assert")) =>
            {
                let words = told["args"].as_array().unwrap().iter();
                let words: Vec<String> = words
                    .map(|word| {
                        word.get("value").or(word.get("description")).unwrap_or(word).to_string()
                    })
                    .collect();
                Some(words.join(" "))
            }
            Some("Log.entryAdded") if told["entry"]["level"] == "error" => {
                Some(format!("{} {}", told["entry"]["text"], told["entry"]["url"]))
            }
            Some("Inspector.targetCrashed") => Some("the tab crashed".to_owned()),
            Some("Target.attachedToTarget") => {
                let worker = told["sessionId"].as_str().unwrap_or_default().to_owned();
                let _ = self.send("Runtime.enable", &json!({}), &worker);
                None
            }
            _ => None,
        };
        self.errors.extend(error);
    }

    pub(super) fn take_errors(&mut self) -> Vec<String> {
        while let Ok(message) = self.messages.try_recv() {
            self.notice(&message);
        }
        std::mem::take(&mut self.errors)
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let _ = self.send("Browser.close", &json!({}), "");
        self.out = None;
        let asked = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if asked.elapsed() > Duration::from_secs(10) {
                let _ = self.child.kill();
                let _ = self.child.wait();
                break;
            }
            thread::sleep(Duration::from_millis(20));
        }
        let _ = fs::remove_dir_all(&self.profile);
    }
}

/// The sentence of an exception as Chromium describes it.
pub(super) fn exception(details: &Value) -> String {
    let description = details["exception"]["description"].as_str();
    let value = details["exception"].get("value").map(Value::to_string);
    let text = details["text"].as_str().unwrap_or_default();
    format!("{text} {}", description.map(str::to_owned).or(value).unwrap_or_default())
}

fn read_messages(mut from: impl BufRead + Send + 'static) -> Receiver<Value> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        while from.read_until(0, &mut bytes).is_ok_and(|length| length > 0) {
            let message = serde_json::from_slice(bytes.strip_suffix(b"\0").unwrap_or(&bytes));
            let Ok(message) = message else { break };
            if sender.send(message).is_err() {
                break;
            }
            bytes.clear();
        }
    });
    receiver
}

fn fresh_profile() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("glasshouse-chromium-{}-{number}", std::process::id());
    let profile = std::env::temp_dir().join(name);
    fs::create_dir_all(&profile).expect("the folder for temporary files can be written");
    profile
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}
