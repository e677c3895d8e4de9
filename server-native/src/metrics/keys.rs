//! Numbers about keys, watchers, leases and alarms.
//!
//! They take a walk over the node's streams of watches, so they are asked for with each page
//! ([`Mailbox::measure`](crate::mailbox::Mailbox::measure)) and not after each step. etcd counts some
//! of them twice, under a name of its own and one that begins with `etcd_debugging`, because
//! dashboards know either.

use std::fmt::Write as _;

use glasshouse_core::NodeView;
use glasshouse_core::node::Tally;
use glasshouse_core::watch::WatchCounts;

use super::{head, sample};
use crate::driver::NodeState;

/// What a node can say in numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Keys that exist.
    pub keys: u64,
    /// Leases that exist.
    pub leases: u64,
    /// The revision up to which its store is compacted, -1 if it never was.
    pub compacted: i64,
    /// Bytes that count against the quota.
    pub used_bytes: u64,
    /// The quota in bytes, if there is one.
    pub quota_bytes: Option<u64>,
    /// Its watchers.
    pub watches: WatchCounts,
    /// What it has done.
    pub tally: Tally,
}

impl Figures {
    /// Measures a node.
    #[must_use]
    pub fn of(view: NodeView<'_>) -> Self {
        Self {
            keys: view.mvcc().live_keys(),
            leases: view.lessor().len() as u64,
            compacted: view.mvcc().compacted(),
            used_bytes: view.used_bytes(),
            quota_bytes: view.quota_bytes(),
            watches: view.watches().counts(),
            tally: view.tally(),
        }
    }

    /// Appends them to a page.
    pub(super) fn write(&self, text: &mut String) {
        self.write_counters(text);
        let Self { watches, .. } = self;
        let gauges = [
            (
                "etcd_mvcc_db_total_size_in_use_in_bytes",
                "Total size of the underlying database logically in use in bytes.",
                self.used_bytes,
            ),
            (
                "etcd_debugging_mvcc_watch_stream_total",
                "Total number of watch streams.",
                watches.streams,
            ),
            ("etcd_debugging_mvcc_watcher_total", "Total number of watchers.", watches.watchers),
            (
                "etcd_debugging_mvcc_slow_watcher_total",
                "Total number of unsynced slow watchers.",
                watches.watchers - watches.synced,
            ),
            (
                "etcd_debugging_mvcc_pending_events_total",
                "Responses of watches that clients have not taken.",
                watches.untaken,
            ),
            ("etcd_debugging_mvcc_keys_total", "Total number of keys.", self.keys),
            ("glasshouse_leases", "Leases that exist.", self.leases),
        ];
        for (name, help, value) in gauges {
            sample(text, name, help, "gauge", value);
        }
        let help = "The revision of the last compaction in store.";
        sample(text, "etcd_debugging_mvcc_compact_revision", help, "gauge", self.compacted);
        let help = "Current backend storage quota size in bytes.";
        let quota = self.quota_bytes.map_or(String::from("-1"), |bytes| bytes.to_string());
        sample(text, "etcd_server_quota_backend_bytes", help, "gauge", quota);
    }

    fn write_counters(&self, text: &mut String) {
        let Self { tally, .. } = self;
        for prefix in ["etcd_mvcc", "etcd_debugging_mvcc"] {
            for (what, count) in [
                ("put", tally.puts),
                ("delete", tally.deletes),
                ("range", tally.ranges),
                ("txn", tally.txns),
            ] {
                let name = format!("{prefix}_{what}_total");
                let help = format!("Total number of {what}s seen by this member.");
                sample(text, &name, &help, "counter", count);
            }
        }
        let counters = [
            (
                "etcd_debugging_mvcc_events_total",
                "Total number of events sent by this member.",
                tally.events,
            ),
            (
                "etcd_debugging_lease_granted_total",
                "The total number of granted leases.",
                tally.leases_granted,
            ),
            (
                "etcd_debugging_lease_revoked_total",
                "The total number of revoked leases.",
                tally.leases_revoked,
            ),
            (
                "etcd_debugging_lease_renewed_total",
                "The number of renewed leases seen by the leader.",
                tally.leases_renewed,
            ),
            (
                "etcd_debugging_server_lease_expired_total",
                "The total number of expired leases.",
                tally.leases_expired,
            ),
            (
                "etcd_server_proposals_failed_total",
                "The total number of failed proposals seen.",
                tally.proposals_failed,
            ),
        ];
        for (name, help, value) in counters {
            sample(text, name, help, "counter", value);
        }
    }
}

/// Appends the alarms that stand.
pub(super) fn write_alarms(text: &mut String, state: &NodeState) {
    let name = "etcd_debugging_server_alarms";
    head(text, name, "Alarms for every member in cluster. 1 for firing.", "gauge");
    for (member, kind) in &state.alarms {
        let kind = kind.as_str_name();
        let _ = writeln!(text, "{name}{{alarm_type=\"{kind}\",server_id=\"{member}\"}} 1");
    }
}

#[cfg(test)]
mod tests {
    use glasshouse_core::MemberId;
    use glasshouse_core::api::AlarmType;

    use super::*;

    #[test]
    fn alarms_and_slow_watchers_are_told() {
        let mut figures = Figures::default();
        (figures.watches.watchers, figures.watches.synced) = (5, 3);
        let state =
            NodeState { alarms: vec![(MemberId(0x1f), AlarmType::Nospace)], ..Default::default() };
        let mut text = String::new();
        figures.write(&mut text);
        write_alarms(&mut text, &state);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.contains(&"etcd_debugging_mvcc_slow_watcher_total 2"));
        assert!(lines.contains(&"etcd_mvcc_put_total 0"));
        let alarm = "etcd_debugging_server_alarms{alarm_type=\"NOSPACE\",server_id=\"1f\"} 1";
        assert!(lines.contains(&alarm));
    }
}
