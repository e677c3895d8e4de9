//! `-w json`: one line, with the names and omissions of Go's generated types.
//!
//! Fields that are zero, false or empty are left out; bytes are base64; 64-bit numbers are numbers.
//! etcdctl 3.5 knows no fields of later releases, so they do not appear.

use super::{Report, header};
use crate::api::authpb::Permission;
use crate::api::response_op::Response as Op;
use crate::api::{
    DeleteRangeResponse, Event, HashKvResponse, KeyValue, LeaseLeasesResponse, LeaseStatus,
    LeaseTimeToLiveResponse, Member, MemberAddResponse, MemberListResponse, MemberPromoteResponse,
    MemberRemoveResponse, MemberUpdateResponse, PutResponse, RangeResponse, ResponseHeader,
    ResponseOp, StatusResponse, TxnResponse, WatchResponse,
};
use crate::ctl::endpoint::{Health, Said};
use crate::ctl::{Output, go};

pub(super) fn print(report: Report<'_>, hex: bool, output: &mut Output) {
    output.out_line(match report {
        Report::Get(response) => get(response),
        Report::Put(response) => put(response),
        Report::Del(response) => del(response),
        Report::Txn(response) => txn(response),
        Report::Grant(response) => Object::new()
            .fields_of_header(response.header.as_ref())
            .raw("ID", &response.id.to_string())
            .raw("TTL", &response.ttl.to_string())
            .raw("Error", &go::json_string(&response.error))
            .end(),
        Report::Revoke(_, response) => Object::new().header(response.header.as_ref()).end(),
        Report::KeepAlive(response) => Object::new()
            .fields_of_header(response.header.as_ref())
            .raw("ID", &response.id.to_string())
            .raw("TTL", &response.ttl.to_string())
            .end(),
        Report::TimeToLive { response, .. } => time_to_live(response),
        Report::Leases(response) => leases(response),
        Report::MemberList(response) if hex => hex_member_list(response),
        Report::MemberList(response) => member_list(response),
        Report::MemberAdd(response) => member_add(response),
        Report::MemberRemove(_, MemberRemoveResponse { header, members })
        | Report::MemberUpdate(_, MemberUpdateResponse { header, members })
        | Report::MemberPromote(_, MemberPromoteResponse { header, members }) => {
            members_after(header.as_ref(), members)
        }
        Report::MoveLeader(_, _, response) => Object::new().header(response.header.as_ref()).end(),
        Report::Health(list) => array(list.iter().map(health)),
        Report::Status(list) => array(list.iter().map(status)),
        Report::HashKv(list) => array(list.iter().map(hash)),
        Report::Watch(response) => watch(response),
        Report::AuthStatus(response) => Object::new()
            .header(response.header.as_ref())
            .bool("enabled", response.enabled)
            .number("authRevision", response.auth_revision)
            .end(),
        Report::Changed(_, header) => Object::new().header(header).end(),
        Report::RoleGet(_, response) => Object::new()
            .header(response.header.as_ref())
            .list("perm", &response.perm, permission)
            .end(),
        Report::RoleList(response) => names(response.header.as_ref(), "roles", &response.roles),
        Report::UserGet(_, response) => names(response.header.as_ref(), "roles", &response.roles),
        Report::UserList(response) => names(response.header.as_ref(), "users", &response.users),
        Report::Alarms(response) => Object::new()
            .header(response.header.as_ref())
            .list("alarms", &response.alarms, |alarm| {
                Object::new().number("memberID", alarm.member_id).number("alarm", alarm.alarm).end()
            })
            .end(),
        Report::Downgrade(_, response) => Object::new()
            .header(response.header.as_ref())
            .string("version", &response.version)
            .end(),
        Report::Cluster(picture) => super::cluster::json(picture),
    });
}

/// A JSON object under construction; empty values are left out unless said otherwise.
pub(super) struct Object(String);

impl Object {
    pub(super) fn new() -> Self {
        Self("{".to_owned())
    }

    /// Adds a value that is JSON already.
    pub(super) fn raw(mut self, name: &str, value: &str) -> Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0 += &format!("\"{name}\":{value}");
        self
    }

    pub(super) fn number<N: Default + PartialEq + std::fmt::Display>(
        self,
        name: &str,
        value: N,
    ) -> Self {
        if value == N::default() { self } else { self.raw(name, &value.to_string()) }
    }

    pub(super) fn bool(self, name: &str, value: bool) -> Self {
        if value { self.raw(name, "true") } else { self }
    }

    fn bytes(self, name: &str, value: &[u8]) -> Self {
        if value.is_empty() {
            return self;
        }
        self.raw(name, &format!("\"{}\"", go::base64(value)))
    }

    pub(super) fn string(self, name: &str, value: &str) -> Self {
        if value.is_empty() { self } else { self.raw(name, &go::json_string(value)) }
    }

    fn list<T>(self, name: &str, items: &[T], json: impl Fn(&T) -> String) -> Self {
        if items.is_empty() { self } else { self.raw(name, &array(items.iter().map(json))) }
    }

    fn header(self, value: Option<&ResponseHeader>) -> Self {
        if value.is_none() {
            return self;
        }
        self.raw("header", &Self::new().fields_of_header(value).end())
    }

    /// Where Go embeds the header, its fields stand among the others.
    fn fields_of_header(self, value: Option<&ResponseHeader>) -> Self {
        let Some(header) = value else { return self };
        self.number("cluster_id", header.cluster_id)
            .number("member_id", header.member_id)
            .number("revision", header.revision)
            .number("raft_term", header.raft_term)
    }

    pub(super) fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

pub(super) fn array(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn strings(items: &[String]) -> String {
    array(items.iter().map(|item| go::json_string(item)))
}

fn names(header: Option<&ResponseHeader>, what: &str, names: &[String]) -> String {
    Object::new().header(header).list(what, names, |name| go::json_string(name)).end()
}

fn permission(permission: &Permission) -> String {
    Object::new()
        .number("permType", permission.perm_type)
        .bytes("key", &permission.key)
        .bytes("range_end", &permission.range_end)
        .end()
}

fn key_value(kv: &KeyValue) -> String {
    Object::new()
        .bytes("key", &kv.key)
        .number("create_revision", kv.create_revision)
        .number("mod_revision", kv.mod_revision)
        .number("version", kv.version)
        .bytes("value", &kv.value)
        .number("lease", kv.lease)
        .end()
}

fn get(response: &RangeResponse) -> String {
    Object::new()
        .header(response.header.as_ref())
        .list("kvs", &response.kvs, key_value)
        .bool("more", response.more)
        .number("count", response.count)
        .end()
}

fn put(response: &PutResponse) -> String {
    let object = Object::new().header(response.header.as_ref());
    match &response.prev_kv {
        Some(kv) => object.raw("prev_kv", &key_value(kv)),
        None => object,
    }
    .end()
}

fn del(response: &DeleteRangeResponse) -> String {
    Object::new()
        .header(response.header.as_ref())
        .number("deleted", response.deleted)
        .list("prev_kvs", &response.prev_kvs, key_value)
        .end()
}

fn txn(response: &TxnResponse) -> String {
    Object::new()
        .header(response.header.as_ref())
        .bool("succeeded", response.succeeded)
        .list("responses", &response.responses, operation)
        .end()
}

/// Go wraps the member of a union twice.
fn operation(op: &ResponseOp) -> String {
    let inner = match &op.response {
        Some(Op::ResponseRange(response)) => Object::new().raw("response_range", &get(response)),
        Some(Op::ResponsePut(response)) => Object::new().raw("response_put", &put(response)),
        Some(Op::ResponseDeleteRange(response)) => {
            Object::new().raw("response_delete_range", &del(response))
        }
        Some(Op::ResponseTxn(response)) => Object::new().raw("response_txn", &txn(response)),
        None => return Object::new().raw("Response", "null").end(),
    };
    Object::new().raw("Response", &inner.end()).end()
}

/// The type of etcd's client, whose fields have no other names and are never left out.
fn watch(response: &WatchResponse) -> String {
    let head = header(response.header.as_ref());
    let head = Object::new()
        .number("cluster_id", head.cluster_id)
        .number("member_id", head.member_id)
        .number("revision", head.revision)
        .number("raft_term", head.raft_term);
    // What etcd's client makes up itself has no list at all.
    let events = match response.header {
        Some(_) => array(response.events.iter().map(event)),
        None => "null".to_owned(),
    };
    Object::new()
        .raw("Header", &head.end())
        .raw("Events", &events)
        .raw("CompactRevision", &response.compact_revision.to_string())
        .raw("Canceled", &response.canceled.to_string())
        .raw("Created", &response.created.to_string())
        .end()
}

fn event(event: &Event) -> String {
    let pair = |object: Object, name, pair: Option<&KeyValue>| match pair {
        Some(pair) => object.raw(name, &key_value(pair)),
        None => object,
    };
    let object = Object::new().number("type", event.r#type);
    let object = pair(object, "kv", event.kv.as_ref());
    pair(object, "prev_kv", event.prev_kv.as_ref()).end()
}

fn time_to_live(response: &LeaseTimeToLiveResponse) -> String {
    let keys = response.keys.iter().map(|key| format!("\"{}\"", go::base64(key)));
    // Go prints a list that was never made as null.
    let keys = if response.keys.is_empty() { "null".to_owned() } else { array(keys) };
    Object::new()
        .fields_of_header(response.header.as_ref())
        .raw("id", &response.id.to_string())
        .raw("ttl", &response.ttl.to_string())
        .raw("granted-ttl", &response.granted_ttl.to_string())
        .raw("keys", &keys)
        .end()
}

fn leases(response: &LeaseLeasesResponse) -> String {
    let lease = |lease: &LeaseStatus| Object::new().raw("id", &lease.id.to_string()).end();
    Object::new()
        .fields_of_header(response.header.as_ref())
        .raw("leases", &array(response.leases.iter().map(lease)))
        .end()
}

fn member(member: &Member) -> String {
    Object::new()
        .number("ID", member.id)
        .string("name", &member.name)
        .list("peerURLs", &member.peer_urls, |url| go::json_string(url))
        .list("clientURLs", &member.client_urls, |url| go::json_string(url))
        .bool("isLearner", member.is_learner)
        .end()
}

fn member_list(response: &MemberListResponse) -> String {
    members_after(response.header.as_ref(), &response.members)
}

fn members_after(header: Option<&ResponseHeader>, members: &[Member]) -> String {
    Object::new().header(header).list("members", members, member).end()
}

fn member_add(response: &MemberAddResponse) -> String {
    let object = Object::new().header(response.header.as_ref());
    match &response.member {
        Some(added) => object.raw("member", &member(added)),
        None => object,
    }
    .list("members", &response.members, member)
    .end()
}

/// etcdctl writes this one by hand: other names, other omissions, names unescaped.
fn hex_member_list(response: &MemberListResponse) -> String {
    let header = header(response.header.as_ref());
    let urls = |urls: &[String]| if urls.is_empty() { "null".to_owned() } else { strings(urls) };
    let member = |member: &Member| {
        Object::new()
            .raw("ID", &format!("\"{:x}\"", member.id))
            .raw("name", &format!("\"{}\"", member.name))
            .raw("peerURLs", &urls(&member.peer_urls))
            .raw("clientURLS", &urls(&member.client_urls))
            .end()
    };
    let head = Object::new()
        .raw("cluster_id", &format!("\"{:x}\"", header.cluster_id))
        .raw("member_id", &format!("\"{:x}\"", header.member_id))
        .raw("raft_term", &header.raft_term.to_string());
    Object::new().raw("header", &head.end()).list("members", &response.members, member).end()
}

fn health(health: &Health) -> String {
    Object::new()
        .raw("endpoint", &go::json_string(&health.endpoint))
        .raw("health", &health.healthy.to_string())
        .raw("took", &go::json_string(&health.took))
        .string("error", &health.error)
        .end()
}

fn status(said: &Said<StatusResponse>) -> String {
    let status = &said.response;
    let json = Object::new()
        .header(status.header.as_ref())
        .string("version", &status.version)
        .number("dbSize", status.db_size)
        .number("leader", status.leader)
        .number("raftIndex", status.raft_index)
        .number("raftTerm", status.raft_term)
        .number("raftAppliedIndex", status.raft_applied_index)
        .list("errors", &status.errors, |error| go::json_string(error))
        .number("dbSizeInUse", status.db_size_in_use)
        .bool("isLearner", status.is_learner);
    Object::new().raw("Endpoint", &go::json_string(&said.endpoint)).raw("Status", &json.end()).end()
}

fn hash(said: &Said<HashKvResponse>) -> String {
    let response = &said.response;
    let json = Object::new()
        .header(response.header.as_ref())
        .number("hash", response.hash)
        .number("compact_revision", response.compact_revision);
    Object::new().raw("Endpoint", &go::json_string(&said.endpoint)).raw("HashKV", &json.end()).end()
}
