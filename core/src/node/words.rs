//! A log entry in a few words, for a cell of a panel.

use prost::Message as _;

use super::{EntryKind, EntryView};
use crate::api::InternalRaftRequest;
use crate::id::MemberId;
use crate::membership::{ChangeKind, MemberChange};

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
    if let Some(grant) = &request.lease_grant {
        return format!("lease {:x} for {} s", grant.id, grant.ttl);
    }
    if let Some(revoke) = &request.lease_revoke {
        return format!("revoke {:x}", revoke.id);
    }
    if request.lease_checkpoint.is_some() {
        return String::from("leases left");
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
    if let Some(set) = &request.downgrade_info_set {
        return if set.enabled {
            format!("downgrade {}", set.ver)
        } else {
            String::from("no downgrade")
        };
    }
    if request.alarm.is_some() {
        return String::from("alarm");
    }
    if let Some(space) = &request.space {
        return String::from(if space.exhausted { "no space" } else { "space again" });
    }
    auth_words(request)
}

fn auth_words(request: &InternalRaftRequest) -> String {
    if let Some(authenticate) = &request.authenticate {
        return format!("token for {}", authenticate.name);
    }
    if request.auth_enable.is_some() {
        return String::from("auth on");
    }
    if request.auth_disable.is_some() {
        return String::from("auth off");
    }
    if let Some(add) = &request.auth_user_add {
        return format!("add user {}", add.name);
    }
    if let Some(delete) = &request.auth_user_delete {
        return format!("delete user {}", delete.name);
    }
    if let Some(change) = &request.auth_user_change_password {
        return format!("password of {}", change.name);
    }
    if let Some(grant) = &request.auth_user_grant_role {
        return format!("{} becomes {}", grant.user, grant.role);
    }
    if let Some(revoke) = &request.auth_user_revoke_role {
        return format!("{} is not {}", revoke.name, revoke.role);
    }
    if let Some(add) = &request.auth_role_add {
        return format!("add role {}", add.name);
    }
    if let Some(delete) = &request.auth_role_delete {
        return format!("delete role {}", delete.role);
    }
    if let Some(grant) = &request.auth_role_grant_permission {
        let key = grant.perm.as_ref().map_or_else(String::new, |perm| text(&perm.key));
        return format!("{} may {key}", grant.name);
    }
    if let Some(revoke) = &request.auth_role_revoke_permission {
        return format!("{} may not {}", revoke.role, text(&revoke.key));
    }
    String::from("request")
}

/// The member that an entry removes, and who wants that.
pub(super) fn removal(entry: &EntryView) -> Option<(MemberId, String)> {
    let change = member_change(entry).filter(|_| entry.kind == EntryKind::ConfChange)?;
    (change.kind() == ChangeKind::Remove).then(|| (change.id(), change.user))
}

fn member_change(entry: &EntryView) -> Option<MemberChange> {
    let raw = raft::eraftpb::Entry {
        entry_type: raft::eraftpb::EntryType::EntryConfChangeV2,
        data: entry.data.clone(),
        ..raft::eraftpb::Entry::default()
    };
    let change = crate::raft::conf_change(&raw)?;
    MemberChange::decode(change.context).ok()
}

fn conf_words(entry: &EntryView) -> String {
    let Some(change) = member_change(entry) else { return String::from("members") };
    let verb = match change.kind() {
        ChangeKind::Unknown => return String::from("members"),
        // The first members, as the log of a new cluster begins.
        ChangeKind::Add if change.request == 0 => "member",
        ChangeKind::Add if change.member.is_learner => "add learner",
        ChangeKind::Add => "add member",
        ChangeKind::Remove => "remove member",
        ChangeKind::Update => "update member",
        ChangeKind::Promote => "promote member",
    };
    match change.member.name.as_str() {
        "" => format!("{verb} {}", change.id()),
        name => format!("{verb} {name}"),
    }
}

fn text(bytes: &[u8]) -> String {
    let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN_BYTES)]).into_owned();
    if bytes.len() > SHOWN_BYTES { shown + "..." } else { shown }
}
