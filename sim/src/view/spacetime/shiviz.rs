//! A log for ShiViz (Beschastnikh and others, "Visualizing Distributed System Executions", 2020): every
//! event with the vector clock of its host, from which the tool draws the picture.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Slice, What, tell};

/// The expression with which ShiViz reads the log.
pub const REGEX: &str = r"(?<host>\S*) (?<clock>{.*})\n(?<event>.*)";

/// How an event is tied to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tie {
    /// Only to those before it at its own host.
    Here,
    /// It sends this message.
    Sends(u64),
    /// It receives this message.
    Receives(u64),
}

type Clock = BTreeMap<String, u64>;

/// A log that is being written.
#[derive(Debug)]
pub struct Log {
    text: String,
    clocks: BTreeMap<String, Clock>,
    flying: BTreeMap<u64, Clock>,
}

impl Default for Log {
    fn default() -> Self {
        let (clocks, flying) = (BTreeMap::new(), BTreeMap::new());
        Self { text: format!("{REGEX}\n\n"), clocks, flying }
    }
}

impl Log {
    /// Adds the next event of a host.
    pub fn add(&mut self, host: &str, words: &str, tie: Tie) {
        // The expression ends a host's name at the first blank.
        let host = host.replace(' ', "-");
        let clock = self.clocks.entry(host.clone()).or_default();
        if let Tie::Receives(message) = tie {
            for (host, count) in self.flying.get(&message).into_iter().flatten() {
                let known = clock.entry(host.clone()).or_default();
                *known = (*known).max(*count);
            }
        }
        *clock.entry(host.clone()).or_default() += 1;
        if let Tie::Sends(message) = tie {
            self.flying.insert(message, clock.clone());
        }
        let counts: Vec<String> =
            clock.iter().map(|(host, count)| format!("\"{host}\":{count}")).collect();
        let _ =
            writeln!(self.text, "{host} {{{}}}\n{}", counts.join(","), words.replace('\n', " "));
    }

    /// The log.
    #[must_use]
    pub fn text(self) -> String {
        self.text
    }
}

/// A slice as such a log. What people did to the world and losses have no host and stay out.
#[must_use]
pub fn log(slice: &Slice) -> String {
    let mut log = Log::default();
    for event in &slice.events {
        let tie = match event.what {
            What::Sent { message } => Tie::Sends(message),
            What::Delivered { message } => Tie::Receives(message),
            What::Lost { .. } | What::Line { .. } => continue,
            _ => Tie::Here,
        };
        if let Some(lane) = slice.lane(event.lane) {
            log.add(&lane.name, &tell::event(slice, event), tie);
        }
    }
    log.text()
}
