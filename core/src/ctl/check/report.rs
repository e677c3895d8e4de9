//! What many calls add up to.

use std::collections::BTreeMap;
use std::time::Duration;

/// Durations of calls that succeeded, and errors of those that did not.
#[derive(Debug, Default)]
pub(super) struct Report {
    seconds: Vec<f64>,
    pub(super) errors: BTreeMap<String, u64>,
}

impl Report {
    pub(super) fn add(&mut self, took: Duration) {
        self.seconds.push(took.as_secs_f64());
    }

    pub(super) fn add_error(&mut self, text: String) {
        *self.errors.entry(text).or_default() += 1;
    }

    /// Calls for each second of this time.
    pub(super) fn per_second(&self, all: Duration) -> f64 {
        as_float(self.seconds.len()) / all.as_secs_f64()
    }

    pub(super) fn slowest(&self) -> f64 {
        self.seconds.iter().copied().fold(0.0, f64::max)
    }

    /// The standard deviation of the durations, in seconds.
    pub(super) fn deviation(&self) -> f64 {
        let count = as_float(self.seconds.len());
        let mean = self.seconds.iter().sum::<f64>() / count;
        let squares: f64 = self.seconds.iter().map(|one| (one - mean) * (one - mean)).sum();
        (squares / count).sqrt()
    }

    /// The lines about errors.
    pub(super) fn complaints(&self) -> String {
        let mut out = String::new();
        if !self.errors.is_empty() {
            out += "FAIL: too many errors\n";
        }
        for (error, count) in &self.errors {
            out += &format!("FAIL: ERROR({error}) -> {count}\n");
        }
        out
    }
}

fn as_float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
