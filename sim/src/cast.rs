//! Everybody who asks something of the cluster in a hunt: the workload's clients and watchers, and
//! three kinds of people with a purpose of their own.
//!
//! A cast is said in one line of the command language, and [`Cast`]'s `Display` writes that line:
//!
//! ```text
//!   traffic 30/s for 40s clients=5 keys=12 watchers=2 ops=put,get,swap with=members,auth,locks
//!           │        │   └ what is not said is as small as it can be: one client that puts one key
//!           │        └ they ask for so long, counted from now
//!           └ calls per second, of all clients together
//! ```

use std::fmt;

use crate::clock::Nanos;
use crate::script::siege::time_text;
use crate::workload::{Mix, Workload};

/// Most calls per second that a line may ask for.
pub const RATE_MAX: u64 = 10_000;
/// Most clients, and most watchers.
pub const CLIENTS_MAX: u16 = 64;
/// Most keys.
pub const KEYS_MAX: u64 = 1_000;

/// Who asks, for how long, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cast {
    /// Clients that read and write, and watchers.
    pub workload: Workload,
    /// Somebody adds, promotes and removes members.
    pub operator: bool,
    /// Somebody changes users and rights.
    pub warden: bool,
    /// Some want one lock, and write under it.
    pub contenders: bool,
}

impl Cast {
    /// Everybody, at this many calls per second.
    #[must_use]
    pub fn everybody(calls_per_second: u64, until: Nanos) -> Self {
        let workload = Workload::mixed(calls_per_second, until);
        Self { workload, operator: true, warden: true, contenders: true }
    }

    /// One client that puts one key once in a second.
    #[must_use]
    pub fn least(until: Nanos) -> Self {
        let workload = Workload {
            clients: 1,
            watchers: 0,
            mix: Mix::some(|kind| kind == 0),
            keys: 1,
            ..Workload::mixed(1, until)
        };
        Self { workload, operator: false, warden: false, contenders: false }
    }

    /// Calls per second.
    #[must_use]
    pub fn rate(&self) -> u64 {
        self.workload.calls_per_1000_s / 1000
    }
}

impl fmt::Display for Cast {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Workload { clients, watchers, until, mix, keys, .. } = &self.workload;
        write!(to, "traffic {}/s for {}", self.rate(), time_text(*until))?;
        for (name, number) in
            [("clients", u64::from(*clients)), ("keys", *keys), ("watchers", u64::from(*watchers))]
        {
            if number != u64::from(name != "watchers") {
                write!(to, " {name}={number}")?;
            }
        }
        let parts = mix.parts();
        let kinds = Mix::KINDS.iter().zip(parts).filter(|(_, part)| *part > 0);
        let kinds: Vec<&str> = kinds.map(|(kind, _)| *kind).collect();
        if *mix == Mix::ALL {
            write!(to, " ops=all")?;
        } else if kinds != ["put"] {
            write!(to, " ops={}", kinds.join(","))?;
        }
        let with = [("members", self.operator), ("auth", self.warden), ("locks", self.contenders)];
        let with: Vec<&str> = with.into_iter().filter(|(_, on)| *on).map(|(who, _)| who).collect();
        if !with.is_empty() {
            write!(to, " with={}", with.join(","))?;
        }
        Ok(())
    }
}
