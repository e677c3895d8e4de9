//! etcd's buckets: their names, and how a store's meta looks in them.
//!
//! One row of etcd's is left out on purpose: `cluster/clusterVersion`. A restored cluster finds its
//! version by itself; with a 3.6 written there, an etcd 3.5 would refuse to start from the file.

use std::fmt::Write as _;

use bytes::Bytes;
use prost::Message as _;
use protobuf::Message as _;
use raft::eraftpb::{ConfState, SnapshotMetadata};

use crate::api::{AlarmMember, AlarmResponse};
use crate::membership::{Member, Membership};
use crate::order;
use crate::store::{AuthRow, AuthState, MetaKey, RowKey, StoreError, StoreView};

pub(super) const ALARM: &str = "alarm";
pub(super) const AUTH: &str = "auth";
pub(super) const AUTH_ROLES: &str = "authRoles";
pub(super) const AUTH_USERS: &str = "authUsers";
pub(super) const CLUSTER: &str = "cluster";
pub(super) const KEY: &str = "key";
pub(super) const LEASE: &str = "lease";
pub(super) const MEMBERS: &str = "members";
pub(super) const MEMBERS_REMOVED: &str = "members_removed";
pub(super) const META: &str = "meta";

pub(super) const AUTH_ENABLED: &[u8] = b"authEnabled";
pub(super) const AUTH_REVISION: &[u8] = b"authRevision";
pub(super) const FINISHED_COMPACT: &[u8] = b"finishedCompactRev";
pub(super) const SCHEDULED_COMPACT: &[u8] = b"scheduledCompactRev";

/// Rows of a bucket other than `key`, in order: these are few.
pub(super) type Rows = Vec<(Bytes, Bytes)>;

/// A bucket with its name.
pub(super) type Bucket = (&'static str, Rows);

/// All buckets but `key`, with their rows.
pub(super) fn small_buckets(view: &StoreView) -> Result<Vec<Bucket>, StoreError> {
    let members = decode_meta(view, MetaKey::Members, Membership::from_bytes)?;
    let auth = AuthRows::new(view.auth()?);
    Ok(vec![
        (ALARM, alarms(view)?),
        (AUTH, auth.state),
        (AUTH_ROLES, auth.roles),
        (AUTH_USERS, auth.users),
        (CLUSTER, Rows::new()),
        (LEASE, leases(view)?),
        (MEMBERS, sorted(members.members().map(member_row))),
        (MEMBERS_REMOVED, removed_rows(&members)),
        (META, meta_rows(view)?),
    ])
}

/// Hex without padding sorts in another order than the numbers.
fn sorted(rows: impl Iterator<Item = (Bytes, Bytes)>) -> Rows {
    let mut rows: Rows = rows.collect();
    order::sort(&mut rows);
    rows
}

/// Users and roles, and what is true of all of them, as rows of their three buckets.
#[derive(Default)]
struct AuthRows {
    state: Rows,
    roles: Rows,
    users: Rows,
}

impl AuthRows {
    fn new(rows: Vec<AuthRow>) -> Self {
        let mut all = Self::default();
        // The store keeps each kind in order of name.
        for row in rows {
            match row {
                AuthRow::State(AuthState { enabled, revision }) => {
                    let enabled = Bytes::copy_from_slice(&[u8::from(enabled)]);
                    all.state.push((Bytes::from_static(AUTH_ENABLED), enabled));
                    let revision = Bytes::copy_from_slice(&revision.to_be_bytes());
                    all.state.push((Bytes::from_static(AUTH_REVISION), revision));
                }
                AuthRow::Role(name, role) => {
                    all.roles.push((name.into(), role.encode_to_vec().into()));
                }
                AuthRow::User(name, user) => {
                    all.users.push((name.into(), user.encode_to_vec().into()));
                }
            }
        }
        all
    }
}

fn alarms(view: &StoreView) -> Result<Rows, StoreError> {
    let response: AlarmResponse =
        decode_meta(view, MetaKey::Alarms, |bytes| AlarmResponse::decode(bytes))?;
    let mut rows: Rows =
        response.alarms.iter().map(|alarm| (encode_alarm(alarm), Bytes::new())).collect();
    order::sort(&mut rows);
    rows.retain(|(key, _)| !key.is_empty());
    Ok(rows)
}

fn encode_alarm(alarm: &AlarmMember) -> Bytes {
    alarm.encode_to_vec().into()
}

fn leases(view: &StoreView) -> Result<Rows, StoreError> {
    let rows = view.leases()?.into_iter().map(|lease| {
        let (key, value) = lease.to_bytes();
        (Bytes::copy_from_slice(&key), value)
    });
    Ok(rows.collect())
}

/// etcd's JSON of a member (`membership.Member`); fields that are empty are left out.
fn member_row(member: &Member) -> (Bytes, Bytes) {
    let list = |urls: &[String]| {
        let urls: Vec<String> = urls.iter().map(|url| json_string(url)).collect();
        format!("[{}]", urls.join(","))
    };
    let mut json = format!("{{\"id\":{},\"peerURLs\":{}", member.id.0, list(&member.peer_urls));
    if member.is_learner {
        json += ",\"isLearner\":true";
    }
    if !member.name.is_empty() {
        json += &format!(",\"name\":{}", json_string(&member.name));
    }
    if !member.client_urls.is_empty() {
        json += &format!(",\"clientURLs\":{}", list(&member.client_urls));
    }
    json.push('}');
    (hex(member.id.0), json.into())
}

fn removed_rows(members: &Membership) -> Rows {
    sorted(members.removed().map(|id| (hex(id.0), Bytes::from_static(b"removed"))))
}

/// The key of a member: its id in hex, without padding.
fn hex(id: u64) -> Bytes {
    format!("{id:x}").into()
}

fn meta_rows(view: &StoreView) -> Result<Rows, StoreError> {
    let place = place(view)?;
    let mut rows =
        vec![(Bytes::from_static(b"confState"), conf_state(place.get_conf_state()).into())];
    let number = |number: u64| Bytes::copy_from_slice(&number.to_be_bytes());
    rows.push((Bytes::from_static(b"consistent_index"), number(place.index)));
    if let Some(compacted) = compacted(view)? {
        // Where the physical part stands is a matter of the member; who restores begins it again.
        let revision = Bytes::copy_from_slice(&RowKey::put(compacted, 0).encode());
        rows.push((Bytes::from_static(FINISHED_COMPACT), revision.clone()));
        rows.push((Bytes::from_static(SCHEDULED_COMPACT), revision));
    }
    rows.push((
        Bytes::from_static(b"storageVersion"),
        Bytes::from_static(crate::VERSION.as_bytes()),
    ));
    rows.push((Bytes::from_static(b"term"), number(place.term)));
    Ok(rows)
}

fn place(view: &StoreView) -> Result<SnapshotMetadata, StoreError> {
    decode_meta(view, MetaKey::Applied, SnapshotMetadata::parse_from_bytes)
}

fn compacted(view: &StoreView) -> Result<Option<i64>, StoreError> {
    let Some(bytes) = view.meta(MetaKey::Compact)? else { return Ok(None) };
    let revision = bytes[..].try_into().map(i64::from_le_bytes).ok();
    Ok(revision.filter(|revision| *revision > 0))
}

/// raft's configuration as Go's JSON of `raftpb.ConfState`: empty lists are left out.
fn conf_state(state: &ConfState) -> String {
    let mut json = String::from("{");
    let lists = [
        ("voters", state.get_voters()),
        ("learners", state.get_learners()),
        ("voters_outgoing", state.get_voters_outgoing()),
        ("learners_next", state.get_learners_next()),
    ];
    for (name, ids) in lists.into_iter().filter(|(_, ids)| !ids.is_empty()) {
        let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
        json += &format!("\"{name}\":[{}],", ids.join(","));
    }
    json + &format!("\"auto_leave\":{}}}", state.get_auto_leave())
}

/// A piece of meta, or its default when there is none.
fn decode_meta<T: Default, E: std::fmt::Display>(
    view: &StoreView,
    key: MetaKey,
    decode: impl FnOnce(&[u8]) -> Result<T, E>,
) -> Result<T, StoreError> {
    let Some(bytes) = view.meta(key)? else { return Ok(T::default()) };
    decode(&bytes).map_err(|error| StoreError::Corrupt(format!("{key:?} is unreadable: {error}")))
}

/// A string in JSON.
fn json_string(text: &str) -> String {
    let mut json = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            // Go writes these three so that JSON can stand in a page.
            '<' | '>' | '&' | '\0'..' ' => {
                write!(json, "\\u{:04x}", u32::from(c)).expect("a string takes everything");
            }
            c => json.push(c),
        }
    }
    json.push('"');
    json
}
