//! Real time, for who waits at a command line. Nothing in a world knows of it.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "see above")]

use std::time::Instant;

/// Counts real seconds from its start.
#[derive(Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn seconds(self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}
