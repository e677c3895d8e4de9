//! What two clusters cannot share is taken out of an answer, and nothing else.

use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};

/// Fields that no two members share, or that are of another version, by their message: what is
/// wanted there, and why; some in one version of etcd only.
pub(crate) const APART: &[(&str, &str, &[&str], &str)] = &[
    ("", "ResponseHeader", &["raft_term"], "elections take as many rounds as they take"),
    (
        "",
        "StatusResponse",
        &["version", "storageVersion", "dbSizeQuota", "downgradeInfo"],
        "we answer as etcd 3.6.0, which has these fields; etcd 3.5.16 names its own version",
    ),
    ("", "StatusResponse", &["dbSize", "dbSizeInUse"], "another file format has another size"),
    (
        "",
        "StatusResponse",
        &["raftIndex", "raftTerm", "raftAppliedIndex"],
        "the log holds other entries besides those of clients: names, versions, elections",
    ),
    ("", "HashKVResponse", &["hash_revision"], "a field of 3.6"),
    ("", "HashResponse", &["hash"], "a hash of the file, not of what it means"),
    (
        "",
        "SnapshotResponse",
        &["remaining_bytes", "blob", "version"],
        "the file itself, and a field of 3.6",
    ),
    ("3.4", "AlarmResponse", &["header"], "3.4 forgets it here"),
];

/// Makes answers of two clusters comparable.
pub(crate) fn normalise(message: &mut DynamicMessage, version: &str) {
    let name = message.descriptor().name().to_owned();
    let apart = |(only, of, ..): &&(&str, &str, _, _)| version.starts_with(only) && *of == name;
    for (_, _, fields, _) in APART.iter().filter(apart) {
        fields.iter().for_each(|field| message.clear_field_by_name(field));
    }
    if let Some(Value::List(members)) = message.get_field_by_name_mut("members") {
        // In order of ids, which for those that were added is chance: started ones first.
        members.sort_by_key(|member| !has_name(member));
    }
    if name == "LeaseTimeToLiveResponse" {
        round_time_to_live(message);
    }
    for (_, value) in message.fields_mut() {
        match value {
            Value::Message(inner) => normalise(inner, version),
            Value::List(values) => {
                let messages = values.iter_mut().filter_map(Value::as_message_mut);
                messages.for_each(|message| normalise(message, version));
            }
            _ => {}
        }
    }
}

fn has_name(member: &Value) -> bool {
    member.as_message().is_some_and(|member| member.has_field_by_name("name"))
}

/// What is left of a lease is the clock's affair, as long as it is most of it; and etcd lists a lease's keys in
/// an order that changes from call to call.
fn round_time_to_live(message: &mut DynamicMessage) {
    let number = |message: &DynamicMessage, field: &str| {
        message.get_field_by_name(field).and_then(|value| value.as_i64()).unwrap_or(0)
    };
    let (left, granted) = (number(message, "TTL"), number(message, "grantedTTL"));
    if left > 0 && (granted - granted / 20 - 2..=granted).contains(&left) {
        message.set_field_by_name("TTL", Value::I64(granted));
    }
    if let Some(Value::List(keys)) = message.get_field_by_name_mut("keys") {
        keys.sort_by_key(|key| key.as_bytes().cloned());
    }
}
