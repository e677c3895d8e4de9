//! What a member's disk was busy with, as the page of metrics counts it.
//!
//! ```text
//!   le="0.002"   ████████          4948     a bucket counts all that took at most so long:
//!   le="0.004"   █████████████     8095     how many took 2 to 4 ms is the difference, 3147
//!   le="0.008"   ██████████████    8794
//! ```
//!
//! Two histograms, with etcd's names and buckets (`etcd_disk_wal_fsync_duration_seconds`,
//! `etcd_disk_backend_commit_duration_seconds`). Like a process's own, they begin anew when it starts.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::call::history::FSYNC_BUCKETS_MS;
use crate::clock::{MILLIS, Nanos, SECOND};
use crate::place::MemberNo;
use crate::trace::{DiskStep, Event, Life, What};

/// How often something took how long.
#[derive(Clone, Debug, Default)]
struct Histogram {
    since: Option<Nanos>,
    counts: [u64; FSYNC_BUCKETS_MS.len() + 1],
    sum: Nanos,
}

impl Histogram {
    fn begin(&mut self, at: Nanos) {
        self.since = Some(at);
    }

    fn end(&mut self, at: Nanos) {
        let Some(since) = self.since.take() else { return };
        let took = at.saturating_sub(since);
        let bucket = FSYNC_BUCKETS_MS.iter().position(|bound| took <= bound * MILLIS);
        self.counts[bucket.unwrap_or(FSYNC_BUCKETS_MS.len())] += 1;
        self.sum += took;
    }

    /// As Prometheus writes it.
    fn write(&self, name: &str, help: &str, text: &mut String) {
        let mut below = 0;
        let bounds = FSYNC_BUCKETS_MS.iter().map(|ms| seconds(ms * MILLIS, 3));
        let bounds = bounds.chain(["+Inf".to_owned()]);
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} histogram");
        for (count, bound) in self.counts.iter().zip(bounds) {
            below += count;
            let _ = writeln!(text, "{name}_bucket{{le=\"{bound}\"}} {below}");
        }
        let _ = writeln!(text, "{name}_sum {}\n{name}_count {below}", seconds(self.sum, 9));
    }
}

/// Seconds with so many digits behind the point.
fn seconds(time: Nanos, digits: u32) -> String {
    let unit = SECOND / 10_u64.pow(digits);
    let (whole, rest) = (time / SECOND, time % SECOND / unit);
    format!("{whole}.{rest:0width$}", width = digits as usize)
}

/// The two of one process.
#[derive(Clone, Debug, Default)]
struct Meter {
    wal: Histogram,
    store: Histogram,
}

/// Those of all members.
#[derive(Debug, Default)]
pub(super) struct Meters(BTreeMap<MemberNo, Meter>);

impl Meters {
    /// Takes the next event of the record.
    pub(super) fn hear(&mut self, event: &Event) {
        let at = event.at;
        match &event.what {
            What::Life { member, step: Life::Starting } => {
                self.0.insert(*member, Meter::default());
            }
            What::Disk { member, step } => {
                let meter = self.0.entry(*member).or_default();
                match step {
                    DiskStep::SyncBegan { .. } => meter.wal.begin(at),
                    DiskStep::Synced { .. } => meter.wal.end(at),
                    DiskStep::CommitBegan { .. } => meter.store.begin(at),
                    DiskStep::CommitDone { .. } => meter.store.end(at),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// The page of a member that runs.
    pub(super) fn page(&self, member: MemberNo) -> String {
        let meter = self.0.get(&member).cloned().unwrap_or_default();
        let mut text = String::new();
        meter.store.write(
            "etcd_disk_backend_commit_duration_seconds",
            "How long commits of the store took.",
            &mut text,
        );
        meter.wal.write(
            "etcd_disk_wal_fsync_duration_seconds",
            "How long fsyncs of the log took.",
            &mut text,
        );
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_counts_all_that_took_at_most_so_long() {
        let mut histogram = Histogram::default();
        for took in [MILLIS, 2 * MILLIS, 3 * MILLIS, 20 * MILLIS, 9 * SECOND] {
            histogram.begin(SECOND);
            histogram.end(SECOND + took);
        }
        let mut text = String::new();
        histogram.write("x", "y.", &mut text);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..2], ["# HELP x y.", "# TYPE x histogram"]);
        assert_eq!(
            lines[2..5],
            ["x_bucket{le=\"0.001\"} 1", "x_bucket{le=\"0.002\"} 2", "x_bucket{le=\"0.004\"} 3"]
        );
        assert_eq!(lines[7], "x_bucket{le=\"0.032\"} 4");
        assert_eq!(
            lines[15..],
            [
                "x_bucket{le=\"8.192\"} 4",
                "x_bucket{le=\"+Inf\"} 5",
                "x_sum 9.026000000",
                "x_count 5"
            ]
        );
    }
}
