//! The page as its users know it: a bench with a terminal, on top of the browser's harness.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use serde_json::{Value, json};

use crate::browser::{Page, Screen};
use crate::{Site, tools};

/// Time that a wish may take to come true: virtual seconds pass at most as fast as real ones, and
/// slower where the machine is busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// More presses of the key for "faster" than there are speeds.
const SPEEDS: usize = 10;

/// The built page in a tab of its own, served at a sub-path.
pub struct Bench {
    page: Page,
    url: String,
    ready_ms: f64,
}

impl Bench {
    /// Opens the page with this after the `#`, and waits until its cluster stands; `None` after
    /// saying that Chromium or the page is missing.
    pub fn open(screen: Screen, hash: &str) -> Option<Self> {
        let dist = tools::dist()?;
        let page = Page::launch(screen)?;
        let site = Site::serve(&dist, "/course/week-1/glasshouse/");
        let mut bench = Self { page, url: site.url().to_owned(), ready_ms: 0.0 };
        bench.go(hash);
        Some(bench)
    }

    /// Opens another run in the same tab.
    pub fn go(&mut self, hash: &str) {
        let url = format!("{}#{}", self.url, hash.trim_start_matches('#'));
        self.page.open(&url);
        self.wait("window.glasshouse");
        self.ready_ms = self.eval("glasshouse.ready.then(() => performance.now())");
    }

    /// How long the page took from the beginning of its load to a cluster with a leader, in
    /// milliseconds.
    pub fn ready_ms(&self) -> f64 {
        self.ready_ms
    }

    /// What the page API says of the cluster.
    pub fn status(&mut self) -> Value {
        self.eval("glasshouse.status()")
    }

    /// Runs a line through the page API and returns what the terminal prints.
    pub fn exec(&mut self, line: &str) -> String {
        self.eval(&format!("glasshouse.exec({})", json!(line)))
    }

    /// Types a line into the terminal and returns what it printed, once it is done.
    pub fn terminal(&mut self, line: &str) -> String {
        let entries = "[...document.querySelectorAll('.term > span:has(> b)')]";
        let before: usize = self.eval(&format!("{entries}.length"));
        self.click("#command");
        self.type_text(line);
        self.press("Enter");
        // A line that still runs is busy.
        let done = format!("all.length > {before} && all.at(-1).ariaBusy !== 'true'");
        let text = format!("(all => {done} ? all.at(-1).innerText : null)({entries})");
        let text = self.wait_for(PATIENCE, &text);
        let (_, printed) = text.as_str().unwrap().split_once('\n').unwrap_or_default();
        printed.to_owned()
    }

    /// Waits until `condition`, JavaScript over `s`, the status, is true; the status of that moment.
    pub fn until(&mut self, condition: &str) -> Value {
        self.wait_for(PATIENCE, &format!("(s => ({condition}) ? s : null)(glasshouse.status())"))
    }

    /// Waits until a paused run stands, with all that was on its way; its status.
    pub fn settle(&mut self) -> Value {
        self.until("s.settled")
    }

    /// Waits for a leader and returns it, `n2`.
    pub fn leader(&mut self) -> String {
        let status = self.until("s.leader !== null");
        status["leader"].as_str().unwrap().to_owned()
    }

    /// Lets time pass as fast as the machine can: waiting for a timeout is no test of patience.
    pub fn hurry(&mut self) {
        for _ in 0..SPEEDS {
            self.press("]");
        }
    }

    /// The members that run and do not lead.
    pub fn followers(&mut self) -> Vec<String> {
        self.eval(
            "(s => s.members.filter(m => m.life === 'up' && m.member !== s.leader).map(m => m.member))(glasshouse.status())",
        )
    }

    /// Clicks a member in the drawing and then an item of its menu.
    pub fn act(&mut self, member: &str, item: &str) {
        let number = member.trim_start_matches('n');
        self.click(&format!("#member-{number}"));
        self.click_named(&format!("More actions on {member}"));
        self.click_named(item);
    }
}

impl Deref for Bench {
    type Target = Page;

    fn deref(&self) -> &Page {
        &self.page
    }
}

impl DerefMut for Bench {
    fn deref_mut(&mut self) -> &mut Page {
        &mut self.page
    }
}

/// The rows of a table as etcdctl draws it, each by the names of its columns.
pub fn table(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut rows = text.lines().filter(|line| line.starts_with('|')).map(|line| {
        let cells = line.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().to_owned()).collect::<Vec<_>>()
    });
    let Some(names) = rows.next() else { return Vec::new() };
    rows.map(|cells| names.iter().cloned().zip(cells).collect()).collect()
}
