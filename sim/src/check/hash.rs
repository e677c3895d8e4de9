//! Equal stores: members at the same revision have the same HashKV (etcd's own corruption check).

use std::collections::BTreeMap;

use glasshouse_core::node::NodeView;

use super::{Property, Violation};
use crate::place::MemberNo;

/// Compares all members at the highest revision that every one of them has.
pub(crate) fn compare<'a>(
    nodes: impl Iterator<Item = (MemberNo, NodeView<'a>)>,
) -> Option<Violation> {
    let nodes: Vec<_> = nodes.collect();
    let revision = nodes.iter().map(|(_, view)| view.mvcc().revision()).min()?;
    // The hash covers the history since the last compaction, so only members with the same
    // compaction can be compared.
    let mut first: BTreeMap<i64, (MemberNo, u32)> = BTreeMap::new();
    for (no, view) in nodes {
        let Ok(hash) = view.mvcc().hash_kv(revision) else { continue };
        let (other, known) = *first.entry(hash.compact_revision).or_insert((no, hash.hash));
        if known != hash.hash {
            return Some(Violation::new(
                Property::HashEquality,
                no,
                format!("HashKV of {other} at revision {revision} is {known}"),
                format!("that of {no} is {}", hash.hash),
            ));
        }
    }
    None
}
