//! Numbers about keys, watchers, leases and alarms.
//!
//! etcd counts some of them twice, under a name of its own and one that begins with
//! `etcd_debugging`, because dashboards know either.

use std::fmt::Write as _;

use super::{head, sample};
use crate::driver::NodeState;

/// Appends them to the page.
pub(super) fn write(text: &mut String, state: &NodeState) {
    let NodeState { tally, watches, .. } = state;
    let counters = [
        ("etcd_mvcc_put_total", "Total number of puts seen by this member.", tally.puts),
        ("etcd_debugging_mvcc_put_total", "Total number of puts seen by this member.", tally.puts),
        ("etcd_mvcc_delete_total", "Total number of deletes seen by this member.", tally.deletes),
        (
            "etcd_debugging_mvcc_delete_total",
            "Total number of deletes seen by this member.",
            tally.deletes,
        ),
        ("etcd_mvcc_range_total", "Total number of ranges seen by this member.", tally.ranges),
        (
            "etcd_debugging_mvcc_range_total",
            "Total number of ranges seen by this member.",
            tally.ranges,
        ),
        ("etcd_mvcc_txn_total", "Total number of txns seen by this member.", tally.txns),
        ("etcd_debugging_mvcc_txn_total", "Total number of txns seen by this member.", tally.txns),
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
    let gauges = [
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
        ("etcd_debugging_mvcc_keys_total", "Total number of keys.", state.keys),
        ("glasshouse_leases", "Leases that exist.", state.leases),
    ];
    for (name, help, value) in gauges {
        sample(text, name, help, "gauge", value);
    }
    let help = "The revision of the last compaction in store.";
    sample(text, "etcd_debugging_mvcc_compact_revision", help, "gauge", state.compacted);
    write_alarms(text, state);
}

fn write_alarms(text: &mut String, state: &NodeState) {
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
        let mut state =
            NodeState { alarms: vec![(MemberId(0x1f), AlarmType::Nospace)], ..Default::default() };
        (state.watches.watchers, state.watches.synced) = (5, 3);
        let mut text = String::new();
        write(&mut text, &state);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.contains(&"etcd_debugging_mvcc_slow_watcher_total 2"));
        let alarm = "etcd_debugging_server_alarms{alarm_type=\"NOSPACE\",server_id=\"1f\"} 1";
        assert!(lines.contains(&alarm));
    }
}
