//! Numbers for Prometheus, under etcd's names, in its text format.
//!
//! What a node knows (leader, indexes, sizes) is read from [`NodeState`] when it is asked for;
//! what only the world around it knows (how long the disk took, how many bytes went by) is
//! counted here. Every counter is one atomic number: the disk threads count too.

use std::fmt::{Display, Write as _};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use glasshouse_core::Role;

use crate::driver::NodeState;

mod calls;
mod checks;
mod keys;
mod process;

pub use self::calls::Calls;
pub use self::checks::HealthChecks;
pub use self::keys::Figures;

/// Upper bounds of the buckets: 1 ms, doubled 13 times to 8.192 s, as etcd's are.
const BUCKETS: usize = 14;

/// How often something took how long.
#[derive(Debug, Default)]
pub struct Histogram {
    /// Observations in each bucket alone; the last one holds those above every bound.
    counts: [AtomicU64; BUCKETS + 1],
    sum_ns: AtomicU64,
}

impl Histogram {
    /// Counts one observation.
    pub fn observe(&self, took: Duration) {
        let bucket = (0..BUCKETS).find(|&bucket| took <= bound(bucket)).unwrap_or(BUCKETS);
        self.counts[bucket].fetch_add(1, Relaxed);
        self.sum_ns.fetch_add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }

    fn write(&self, text: &mut String, name: &str, help: &str) {
        head(text, name, help, "histogram");
        let mut below = 0;
        for bucket in 0..BUCKETS {
            below += self.counts[bucket].load(Relaxed);
            let le = bound(bucket).as_secs_f64();
            let _ = writeln!(text, "{name}_bucket{{le=\"{le}\"}} {below}");
        }
        let count = below + self.counts[BUCKETS].load(Relaxed);
        let sum = Duration::from_nanos(self.sum_ns.load(Relaxed)).as_secs_f64();
        let _ = writeln!(text, "{name}_bucket{{le=\"+Inf\"}} {count}");
        let _ = writeln!(text, "{name}_sum {sum}\n{name}_count {count}");
    }
}

fn bound(bucket: usize) -> Duration {
    Duration::from_millis(1 << bucket)
}

/// What is counted outside of the node.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Each fdatasync of the write-ahead log.
    pub wal_fsync: Histogram,
    /// Each durable transaction of the store.
    pub backend_commit: Histogram,
    /// The last, undivided step of each defragmentation.
    pub backend_defrag: Histogram,
    /// Bytes written into the write-ahead log.
    pub wal_write_bytes: AtomicU64,
    /// Bytes of messages to peers.
    pub peer_sent_bytes: AtomicU64,
    /// Bytes of messages from peers.
    pub peer_received_bytes: AtomicU64,
    /// Answers to `/health` that were good.
    pub health_success: AtomicU64,
    /// Answers to `/health` that were bad.
    pub health_failures: AtomicU64,
    /// Calls of gRPC.
    pub calls: Calls,
    /// Outcomes of the checks of `/livez` and `/readyz`.
    pub health_checks: HealthChecks,
    /// Open connections of clients.
    pub client_connections: AtomicU64,
}

impl Metrics {
    /// The whole page of `/metrics`. `file_bytes` is the size of the store's file; without figures the
    /// page says less.
    #[must_use]
    pub fn render(&self, state: &NodeState, figures: Option<&Figures>, file_bytes: u64) -> String {
        let mut text = String::with_capacity(8 * 1024);
        self.wal_fsync.write(
            &mut text,
            "etcd_disk_wal_fsync_duration_seconds",
            "The latency distributions of fsync called by WAL.",
        );
        self.backend_commit.write(
            &mut text,
            "etcd_disk_backend_commit_duration_seconds",
            "The latency distributions of commit called by backend.",
        );
        self.backend_defrag.write(
            &mut text,
            "etcd_disk_backend_defrag_duration_seconds",
            "The latency distribution of backend defragmentation.",
        );
        write_node(&mut text, state, file_bytes);
        if let Some(figures) = figures {
            figures.write(&mut text);
        }
        keys::write_alarms(&mut text, state);
        let counters = [
            ("etcd_disk_wal_write_bytes_total", "Bytes written in WAL.", &self.wal_write_bytes),
            ("etcd_network_peer_sent_bytes_total", "Bytes sent to peers.", &self.peer_sent_bytes),
            (
                "etcd_network_peer_received_bytes_total",
                "Bytes received from peers.",
                &self.peer_received_bytes,
            ),
            (
                "etcd_server_health_success",
                "The total number of successful health checks",
                &self.health_success,
            ),
            (
                "etcd_server_health_failures",
                "The total number of failed health checks",
                &self.health_failures,
            ),
        ];
        for (name, help, value) in counters {
            sample(&mut text, name, help, "counter", value.load(Relaxed));
        }
        sample(
            &mut text,
            "etcd_server_client_connections",
            "Open connections of clients.",
            "gauge",
            self.client_connections.load(Relaxed),
        );
        self.calls.write(&mut text);
        self.health_checks.write(&mut text);
        process::write(&mut text);
        text
    }
}

fn write_node(text: &mut String, state: &NodeState, file_bytes: u64) {
    let leads = state.leader == Some(state.id);
    let rows: [(&str, &str, &str, u64); 9] = [
        (
            "etcd_server_has_leader",
            "Whether or not a leader exists. 1 is existence, 0 is not.",
            "gauge",
            state.leader.is_some().into(),
        ),
        (
            "etcd_server_is_leader",
            "Whether or not this member is a leader. 1 if is, 0 otherwise.",
            "gauge",
            leads.into(),
        ),
        (
            "etcd_server_is_learner",
            "Whether or not this member is a learner. 1 if is, 0 otherwise.",
            "gauge",
            (state.role == Role::Learner).into(),
        ),
        (
            "etcd_server_leader_changes_seen_total",
            "The number of leader changes seen.",
            "counter",
            state.leader_changes,
        ),
        (
            "etcd_server_proposals_committed_total",
            "The total number of consensus proposals committed.",
            "gauge",
            state.commit,
        ),
        (
            "etcd_server_proposals_applied_total",
            "The total number of consensus proposals applied.",
            "gauge",
            state.applied,
        ),
        (
            "etcd_server_proposals_pending",
            "The current number of calls that wait for an answer.",
            "gauge",
            state.open_calls,
        ),
        (
            "etcd_mvcc_db_total_size_in_bytes",
            "Total size of the underlying database physically allocated in bytes.",
            "gauge",
            file_bytes,
        ),
        (
            "etcd_debugging_mvcc_current_revision",
            "The current revision of store.",
            "gauge",
            state.revision,
        ),
    ];
    for (name, help, kind, value) in rows {
        sample(text, name, help, kind, value);
    }
    write_names(text, state);
}

/// Versions and ids: each a label of a line that says 1.
fn write_names(text: &mut String, state: &NodeState) {
    head(text, "etcd_server_version", "Which version is running. 1 for this one.", "gauge");
    let _ =
        writeln!(text, "etcd_server_version{{server_version=\"{}\"}} 1", glasshouse_core::VERSION);
    if let Some(version) = &state.cluster_version {
        let help =
            "Which version is running. 1 for 'cluster_version' label with current cluster version";
        head(text, "etcd_cluster_version", help, "gauge");
        // etcd names the minor version only.
        let minor = version.rsplit_once('.').map_or(version.as_str(), |(minor, _)| minor);
        let _ = writeln!(text, "etcd_cluster_version{{cluster_version=\"{minor}\"}} 1");
    }
    head(text, "etcd_server_id", "Server or member ID in hexadecimal format. 1 for this.", "gauge");
    let _ = writeln!(text, "etcd_server_id{{server_id=\"{}\"}} 1", state.id);
}

fn sample(text: &mut String, name: &str, help: &str, kind: &str, value: impl Display) {
    head(text, name, help, kind);
    let _ = writeln!(text, "{name} {value}");
}

fn head(text: &mut String, name: &str, help: &str, kind: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_cumulative_and_named_as_in_the_walkthrough() {
        let histogram = Histogram::default();
        for ms in [0, 1, 3, 9_000] {
            histogram.observe(Duration::from_millis(ms));
        }
        let mut text = String::new();
        histogram.write(&mut text, "x", "y");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[2], "x_bucket{le=\"0.001\"} 2");
        assert_eq!(lines[3], "x_bucket{le=\"0.002\"} 2");
        assert_eq!(lines[4], "x_bucket{le=\"0.004\"} 3");
        assert_eq!(lines[15], "x_bucket{le=\"8.192\"} 3");
        assert_eq!(lines[16..], ["x_bucket{le=\"+Inf\"} 4", "x_sum 9.004", "x_count 4"]);
    }
}
