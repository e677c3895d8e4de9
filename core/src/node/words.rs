//! A log entry in a few words, for a cell of a panel.

use prost::Message as _;

use super::{EntryKind, EntryView};
use crate::api::{InternalRaftRequest, Member};

/// Bytes of a key or value that are shown; the rest is three dots.
const SHOWN_BYTES: usize = 24;

pub(super) fn entry_words(entry: &EntryView) -> String {
    match entry.kind {
        EntryKind::Empty => String::from("leader"),
        EntryKind::ConfChange => conf_words(entry),
        EntryKind::Request => match InternalRaftRequest::decode(entry.data.clone()) {
            Ok(request) => request_words(&request),
            Err(_) => String::from("unknown"),
        },
    }
}

fn request_words(request: &InternalRaftRequest) -> String {
    if let Some(put) = &request.put {
        return format!("put {} {}", text(&put.key), text(&put.value));
    }
    if let Some(delete) = &request.delete_range {
        return format!("del {}", text(&delete.key));
    }
    if let Some(txn) = &request.txn {
        return format!("txn \u{d7}{}", txn.success.len().max(txn.failure.len()));
    }
    if let Some(compaction) = &request.compaction {
        return format!("compact {}", compaction.revision);
    }
    if let Some(set) = &request.cluster_member_attr_set {
        return format!("name {}", set.member_attributes.as_ref().map_or("", |a| a.name.as_str()));
    }
    if let Some(set) = &request.cluster_version_set {
        return format!("version {}", set.ver);
    }
    if request.alarm.is_some() {
        return String::from("alarm");
    }
    String::from("request")
}

fn conf_words(entry: &EntryView) -> String {
    let raw = raft::eraftpb::Entry {
        entry_type: raft::eraftpb::EntryType::EntryConfChange,
        data: entry.data.clone(),
        ..raft::eraftpb::Entry::default()
    };
    let Some(change) = crate::raft::conf_change(&raw) else { return String::from("members") };
    let member = Member::decode(change.context.clone()).unwrap_or_default();
    match change.changes.first() {
        Some(single) if member.name.is_empty() => format!("member {:x}", single.node_id),
        Some(_) => format!("member {}", member.name),
        None => String::from("members"),
    }
}

fn text(bytes: &[u8]) -> String {
    let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN_BYTES)]).into_owned();
    if bytes.len() > SHOWN_BYTES { shown + "..." } else { shown }
}
