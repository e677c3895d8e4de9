//! `-w fields`: one field a line, `"Name" : value`.

use super::{Format, Report, header};
use crate::api::authpb::{Permission, permission};
use crate::api::response_op::Response as Op;
use crate::api::{
    DeleteRangeResponse, HashKvResponse, KeyValue, Member, PutResponse, RangeResponse,
    ResponseHeader, StatusResponse, TxnResponse, WatchResponse,
};
use crate::ctl::endpoint::{Health, Said};
use crate::ctl::watch::kind;
use crate::ctl::{Exit, Output, go};

pub(super) fn print(report: Report<'_>, output: &mut Output) -> Result<(), Exit> {
    match report {
        Report::Get(response) => get(response, output),
        Report::Put(response) => put(response, output),
        Report::Del(response) => del(response, output),
        Report::Txn(response) => txn(response, output),
        Report::Grant(response) => {
            fields_of_header(response.header.as_ref(), output);
            field("ID", response.id, output);
            field("TTL", response.ttl, output);
        }
        Report::Revoke(_, response) => fields_of_header(response.header.as_ref(), output),
        Report::KeepAlive(response) => {
            fields_of_header(response.header.as_ref(), output);
            field("ID", response.id, output);
            field("TTL", response.ttl, output);
        }
        Report::TimeToLive { response, .. } => {
            fields_of_header(response.header.as_ref(), output);
            field("ID", response.id, output);
            field("TTL", response.ttl, output);
            field("GrantedTTL", response.granted_ttl, output);
            response.keys.iter().for_each(|key| quoted("Key", key, output));
        }
        Report::Leases(response) => {
            fields_of_header(response.header.as_ref(), output);
            response.leases.iter().for_each(|lease| field("ID", lease.id, output));
        }
        Report::MemberList(response) => {
            fields_of_header(response.header.as_ref(), output);
            response.members.iter().for_each(|one| member(one, output));
        }
        Report::MemberAdd(_)
        | Report::MemberRemove(..)
        | Report::MemberUpdate(..)
        | Report::MemberPromote(..)
        | Report::MoveLeader(..)
        | Report::AuthStatus(_)
        | Report::UserGet(..)
        | Report::UserList(_)
        | Report::Downgrade(..) => return Err(Format::Fields.unsupported()),
        Report::Health(list) => list.iter().for_each(|one| health(one, output)),
        Report::Status(list) => list.iter().for_each(|one| status(one, output)),
        Report::HashKv(list) => list.iter().for_each(|one| hash(one, output)),
        Report::Watch(response) => watch(response, output),
        Report::Changed(_, header) => fields_of_header(header, output),
        Report::RoleGet(_, response) => {
            fields_of_header(response.header.as_ref(), output);
            response.perm.iter().for_each(|one| permission(one, output));
        }
        Report::RoleList(response) => {
            fields_of_header(response.header.as_ref(), output);
            let roles = response.roles.iter().map(|role| go::quote(role.as_bytes()));
            field("Roles", roles.collect::<Vec<_>>().join(" "), output);
        }
        Report::Alarms(response) => {
            fields_of_header(response.header.as_ref(), output);
            for alarm in &response.alarms {
                field("MemberID", alarm.member_id, output);
                field("AlarmType", alarm.alarm().as_str_name(), output);
                output.out_line("");
            }
        }
        Report::Cluster(picture) => super::cluster::fields(picture, output),
    }
    Ok(())
}

pub(super) fn field(name: &str, value: impl std::fmt::Display, output: &mut Output) {
    output.out_line(format!("\"{name}\" : {value}"));
}

pub(super) fn quoted(name: &str, value: &[u8], output: &mut Output) {
    field(name, go::quote(value), output);
}

fn fields_of_header(value: Option<&ResponseHeader>, output: &mut Output) {
    let header = header(value);
    field("ClusterID", header.cluster_id, output);
    field("MemberID", header.member_id, output);
    field("Revision", header.revision, output);
    field("RaftTerm", header.raft_term, output);
}

/// etcdctl prints two blanks before the kind.
fn permission(permission: &Permission, output: &mut Output) {
    let kind = match permission::Type::try_from(permission.perm_type) {
        Ok(kind) => kind.as_str_name().to_owned(),
        Err(_) => permission.perm_type.to_string(),
    };
    field("PermType", format_args!(" {kind}"), output);
    quoted("Key", &permission.key, output);
    quoted("RangeEnd", &permission.range_end, output);
}

fn key_value(prefix: &str, kv: &KeyValue, output: &mut Output) {
    quoted(&format!("{prefix}Key"), &kv.key, output);
    field(&format!("{prefix}CreateRevision"), kv.create_revision, output);
    field(&format!("{prefix}ModRevision"), kv.mod_revision, output);
    field(&format!("{prefix}Version"), kv.version, output);
    quoted(&format!("{prefix}Value"), &kv.value, output);
    field(&format!("{prefix}Lease"), kv.lease, output);
}

fn get(response: &RangeResponse, output: &mut Output) {
    fields_of_header(response.header.as_ref(), output);
    response.kvs.iter().for_each(|kv| key_value("", kv, output));
    field("More", response.more, output);
    field("Count", response.count, output);
}

fn put(response: &PutResponse, output: &mut Output) {
    fields_of_header(response.header.as_ref(), output);
    response.prev_kv.iter().for_each(|kv| key_value("Prev", kv, output));
}

fn del(response: &DeleteRangeResponse, output: &mut Output) {
    fields_of_header(response.header.as_ref(), output);
    field("Deleted", response.deleted, output);
    response.prev_kvs.iter().for_each(|kv| key_value("Prev", kv, output));
}

fn txn(response: &TxnResponse, output: &mut Output) {
    fields_of_header(response.header.as_ref(), output);
    field("Succeeded", response.succeeded, output);
    for op in &response.responses {
        match &op.response {
            Some(Op::ResponseRange(response)) => get(response, output),
            Some(Op::ResponsePut(response)) => put(response, output),
            Some(Op::ResponseDeleteRange(response)) => del(response, output),
            Some(Op::ResponseTxn(response)) => txn(response, output),
            None => quoted("Unknown", b"<nil>", output),
        }
    }
}

fn watch(response: &WatchResponse, output: &mut Output) {
    fields_of_header(response.header.as_ref(), output);
    for event in &response.events {
        field("Type", kind(event), output);
        event.prev_kv.iter().for_each(|pair| key_value("Prev", pair, output));
        event.kv.iter().for_each(|pair| key_value("", pair, output));
    }
}

fn member(member: &Member, output: &mut Output) {
    field("ID", member.id, output);
    quoted("Name", member.name.as_bytes(), output);
    member.peer_urls.iter().for_each(|url| quoted("PeerURL", url.as_bytes(), output));
    member.client_urls.iter().for_each(|url| quoted("ClientURL", url.as_bytes(), output));
    field("IsLearner", member.is_learner, output);
    output.out_line("");
}

fn health(health: &Health, output: &mut Output) {
    quoted("Endpoint", health.endpoint.as_bytes(), output);
    field("Health", health.healthy, output);
    field("Took", &health.took, output);
    field("Error", &health.error, output);
    output.out_line("");
}

fn status(said: &Said<StatusResponse>, output: &mut Output) {
    let status = &said.response;
    fields_of_header(status.header.as_ref(), output);
    quoted("Version", status.version.as_bytes(), output);
    field("DBSize", status.db_size, output);
    field("Leader", status.leader, output);
    field("IsLearner", status.is_learner, output);
    field("RaftIndex", status.raft_index, output);
    field("RaftTerm", status.raft_term, output);
    field("RaftAppliedIndex", status.raft_applied_index, output);
    field("Errors", format_args!("[{}]", status.errors.join(" ")), output);
    quoted("Endpoint", said.endpoint.as_bytes(), output);
    output.out_line("");
}

fn hash(said: &Said<HashKvResponse>, output: &mut Output) {
    fields_of_header(said.response.header.as_ref(), output);
    quoted("Endpoint", said.endpoint.as_bytes(), output);
    field("Hash", said.response.hash, output);
    output.out_line("");
}
