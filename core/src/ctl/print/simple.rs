//! `-w simple`: for people, and for scripts that read line by line.

use super::{Printer, Report, access, cluster, hash_row, header, member_row, status_row};
use crate::api::response_op::Response as Op;
use crate::api::{
    AlarmMember, AlarmType, DeleteRangeResponse, KeyValue, LeaseTimeToLiveResponse, PutResponse,
    RangeResponse, ResponseHeader, TxnResponse, WatchResponse,
};
use crate::ctl::Output;
use crate::ctl::endpoint::Health;
use crate::ctl::lease::shown as lease_id;
use crate::ctl::watch::kind;

pub(super) fn print(report: Report<'_>, printer: Printer, output: &mut Output) {
    match report {
        Report::Get(response) => get(response, printer, output),
        Report::Put(response) => put(response, printer, output),
        Report::Del(response) => del(response, printer, output),
        Report::Txn(response) => txn(response, printer, output),
        Report::Grant(response) => {
            let (id, ttl) = (response.id, response.ttl);
            output.out_line(format!("lease {} granted with TTL({ttl}s)", lease_id(id)));
        }
        Report::Revoke(id, _) => output.out_line(format!("lease {} revoked", lease_id(id))),
        Report::KeepAlive(response) => {
            let (id, ttl) = (response.id, response.ttl);
            output.out_line(format!("lease {} keepalived with TTL({ttl})", lease_id(id)));
        }
        Report::TimeToLive { response, keys } => time_to_live(response, keys, output),
        Report::Leases(response) => {
            output.out_line(format!("found {} leases", response.leases.len()));
            response.leases.iter().for_each(|lease| output.out_line(lease_id(lease.id)));
        }
        Report::MemberList(response) => {
            response.members.iter().for_each(|member| row(&member_row(member), output));
        }
        Report::MemberAdd(response) => {
            let id = response.member.as_ref().map_or(0, |member| member.id);
            let learner = response.member.as_ref().is_some_and(|member| member.is_learner);
            let how = if learner { "added as learner to" } else { "added to" };
            changed(id, how, response.header.as_ref(), output);
        }
        Report::MemberRemove(id, response) => {
            changed(id, "removed from", response.header.as_ref(), output);
        }
        Report::MemberUpdate(id, response) => {
            changed(id, "updated in", response.header.as_ref(), output);
        }
        Report::MemberPromote(id, response) => {
            changed(id, "promoted in", response.header.as_ref(), output);
        }
        Report::MoveLeader(from, to, _) => {
            output.out_line(format!("Leadership transferred from {from:x} to {to:x}"));
        }
        Report::Health(list) => list.iter().for_each(|one| health(one, output)),
        Report::Status(list) => list.iter().for_each(|one| row(&status_row(one), output)),
        Report::HashKv(list) => list.iter().for_each(|one| row(&hash_row(one), output)),
        Report::Watch(response) => watch(response, printer, output),
        Report::AuthStatus(response) => {
            output.out_line(format!("Authentication Status: {}", response.enabled));
            output.out_line(format!("AuthRevision: {}", response.auth_revision));
        }
        Report::Changed(sentence, _) => output.out_line(sentence),
        Report::RoleGet(role, response) => access::role(role, response, output),
        Report::RoleList(response) => response.roles.iter().for_each(|role| output.out_line(role)),
        Report::UserGet(user, response) => access::user(user, response, output),
        Report::UserList(response) => response.users.iter().for_each(|user| output.out_line(user)),
        Report::Alarms(response) => {
            response.alarms.iter().for_each(|one| output.out_line(alarm_text(one)));
        }
        Report::Downgrade(action, response) => {
            let action = action.as_str_name().to_ascii_lowercase();
            let version = &response.version;
            output.out_line(format!("Downgrade {action} success, cluster version {version}"));
        }
        Report::Cluster(picture) => cluster::simple(picture, output),
    }
}

/// `Member f25ffe9b4cbc45c2 removed from cluster 2d163277cff42c2e`: ids have room for 16 digits.
fn changed(id: u64, how: &str, of: Option<&ResponseHeader>, output: &mut Output) {
    let cluster = header(of).cluster_id;
    output.out_line(format!("Member {id:>16x} {how} cluster {cluster:>16x}"));
}

fn get(response: &RangeResponse, printer: Printer, output: &mut Output) {
    response.kvs.iter().for_each(|kv| key_value(kv, printer, output));
}

fn put(response: &PutResponse, printer: Printer, output: &mut Output) {
    output.out_line("OK");
    response.prev_kv.iter().for_each(|kv| key_value(kv, printer, output));
}

fn del(response: &DeleteRangeResponse, printer: Printer, output: &mut Output) {
    output.out_line(response.deleted.to_string());
    response.prev_kvs.iter().for_each(|kv| key_value(kv, printer, output));
}

fn txn(response: &TxnResponse, printer: Printer, output: &mut Output) {
    output.out_line(if response.succeeded { "SUCCESS" } else { "FAILURE" });
    for op in &response.responses {
        output.out_line("");
        match &op.response {
            Some(Op::ResponseRange(response)) => get(response, printer, output),
            Some(Op::ResponsePut(response)) => put(response, printer, output),
            Some(Op::ResponseDeleteRange(response)) => del(response, printer, output),
            Some(Op::ResponseTxn(response)) => txn(response, printer, output),
            None => output.out_line("unexpected response"),
        }
    }
}

fn watch(response: &WatchResponse, printer: Printer, output: &mut Output) {
    for event in &response.events {
        output.out_line(kind(event));
        let pairs = event.prev_kv.iter().chain(&event.kv);
        pairs.for_each(|pair| key_value(pair, printer, output));
    }
}

fn time_to_live(response: &LeaseTimeToLiveResponse, keys: bool, output: &mut Output) {
    let LeaseTimeToLiveResponse { id, ttl, granted_ttl, .. } = response;
    let id = lease_id(*id);
    if (*granted_ttl, *ttl) == (0, -1) {
        return output.out_line(format!("lease {id} already expired"));
    }
    output.out(format!("lease {id} granted with TTL({granted_ttl}s), remaining({ttl}s)"));
    if keys {
        output.out(", attached keys([");
        output.out(response.keys.join(&b' '));
        output.out("])");
    }
    output.out_line("");
}

fn key_value(kv: &KeyValue, printer: Printer, output: &mut Output) {
    let mut line = |bytes: &[u8]| {
        if printer.hex {
            output.out_line(bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect::<String>());
        } else {
            output.out_line(bytes);
        }
    };
    if !printer.value_only {
        line(&kv.key);
    }
    line(&kv.value);
}

fn health(health: &Health, output: &mut Output) {
    let Health { endpoint, took, error, .. } = health;
    if error.is_empty() {
        output.out_line(format!(
            "{endpoint} is healthy: successfully committed proposal: took = {took}"
        ));
    } else {
        output.err_line(format!("{endpoint} is unhealthy: failed to commit proposal: {error}"));
    }
}

/// As Go's protobuf prints it: every field that is not zero, and a blank behind it.
fn alarm_text(alarm: &AlarmMember) -> String {
    let mut text = String::new();
    if alarm.member_id != 0 {
        text += &format!("memberID:{} ", alarm.member_id);
    }
    match AlarmType::try_from(alarm.alarm) {
        Ok(AlarmType::None) => {}
        Ok(kind) => text += &format!("alarm:{} ", kind.as_str_name()),
        Err(_) => text += &format!("alarm:{} ", alarm.alarm),
    }
    text
}

fn row(cells: &[String], output: &mut Output) {
    output.out_line(cells.join(", "));
}
