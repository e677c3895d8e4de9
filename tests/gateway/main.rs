//! The JSON gateway beside a real etcd's: the same requests, the same status, type and body.
//!
//! The requests stand in `requests.txt`, with the differences that we want and their reasons. Taken
//! out before the comparison is only what two clusters cannot share: ids, terms, sizes, names, and what
//! 3.6 has and 3.5 has not.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod ask;
mod patroni;
mod random;
mod routes;

use std::path::PathBuf;
use std::thread;

use glasshouse_tests::cluster::{Cluster, glasshouse};
use glasshouse_tests::tools;
use serde_json::{Value, json};

use self::ask::{Answer, Progress, ask, ask_beside};

const REQUESTS: &str = include_str!("requests.txt");

/// Fields that two clusters, or two versions, do not share.
const NOT_SHARED: [&str; 19] = [
    "cluster_id",
    "member_id",
    "raft_term",
    "raftTerm",
    "raftIndex",
    "raftAppliedIndex",
    "leader",
    "version",
    "storageVersion",
    "dbSize",
    "dbSizeInUse",
    "dbSizeQuota",
    "downgradeInfo",
    "peerURLs",
    "clientURLs",
    "name",
    // grpc-gateway 1's name for what stands in `message`, which ours writes beside it.
    "error",
    // How much of a lease is left, which may be a second less on either side.
    "TTL",
    // What a user shows after its password.
    "token",
];

fn start(program: PathBuf, block: u8) -> Cluster {
    let mut cluster = Cluster::on_addresses(1, block);
    cluster.program = program;
    cluster.start_all();
    cluster
}

/// A body without what is not shared, one value for each line.
fn comparable(body: &str) -> Vec<Value> {
    let mut values: Vec<Value> = serde_json::Deserializer::from_str(body)
        .into_iter()
        .map(|value| value.unwrap_or_else(|_| Value::from(body.replace('\u{a0}', " "))))
        .collect();
    values.iter_mut().for_each(strip);
    values
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !NOT_SHARED.contains(&name.as_str()));
            // An id that a member has chosen.
            if fields.get("ID").and_then(Value::as_str).is_some_and(|id| id.len() > 10) {
                fields.remove("ID");
            }
            fields.values_mut().for_each(strip);
        }
        Value::Array(values) => values.iter_mut().for_each(strip),
        Value::String(text) => *text = text.replace('\u{a0}', " "),
        _ => {}
    }
}

fn same(etcd: &Answer, ours: &Answer, in_any_order: bool) -> bool {
    let values = |answer: &Answer| {
        let mut values = comparable(&answer.body);
        if in_any_order {
            values.sort_by_cached_key(Value::to_string);
        }
        values
    };
    etcd.status == ours.status
        && etcd.content_type == ours.content_type
        && values(etcd) == values(ours)
}

/// Sends one line to both: `@user:password`, for somebody who logs in first, and the request.
fn send_to_both(clusters: [&Cluster; 2], line: &str, progress: &Progress) -> [Answer; 2] {
    thread::scope(|scope| {
        let send = |side: usize| scope.spawn(move || send(progress, side, clusters[side], line));
        [send(0), send(1)].map(|asked| asked.join().unwrap())
    })
}

fn send(progress: &Progress, side: usize, cluster: &Cluster, line: &str) -> Answer {
    let address = cluster.members[0].address();
    let Some((who, request)) = line.strip_prefix('@').and_then(|line| line.split_once(' ')) else {
        return ask_beside(progress, side, "", &address, line);
    };
    let Some((name, password)) = who.split_once(':') else {
        return ask_beside(progress, side, who, &address, request);
    };
    let log_in = json!({ "name": name, "password": password });
    let answer = ask(&address, &format!("POST /v3/auth/authenticate {log_in}"));
    let answer: Value = serde_json::from_str(&answer.body).unwrap();
    let token = answer["token"].as_str().unwrap_or_else(|| panic!("{line}: {answer}"));
    ask_beside(progress, side, token, &address, request)
}

#[test]
fn answers_are_those_of_etcd() {
    let Some(tools) = tools::etcd("3.5.16") else { return };
    let etcd = start(tools.join("etcd"), 80);
    let ours = start(glasshouse(), 81);
    let (mut count, mut wrong) = (0, Vec::new());
    let (mut reason, mut in_any_order) = (None, false);
    for line in REQUESTS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(text) = line.strip_prefix("~ ") {
            reason = Some(text);
            continue;
        }
        if line.starts_with("* ") {
            in_any_order = true;
            continue;
        }
        count += 1;
        let progress = if reason.is_some() { Progress::of_others() } else { Progress::of_equals() };
        let [etcd, ours] = send_to_both([&etcd, &ours], line, &progress);
        let is_same = same(&etcd, &ours, std::mem::take(&mut in_any_order));
        match (is_same, reason.take()) {
            (true, None) | (false, Some(_)) => {}
            (true, Some(reason)) => wrong.push(format!("{line}: no difference, but: {reason}")),
            (false, None) => wrong.push(format!("{line}\n  etcd: {etcd:?}\n  ours: {ours:?}")),
        }
    }
    assert!(count >= 120, "{count} requests");
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_large_body_is_refused_as_by_etcd() {
    let ours = start(glasshouse(), 82);
    let address = ours.members[0].address();
    let put = |bytes: usize| {
        let value = "A".repeat(bytes / 3 * 4);
        ask(&address, &format!("POST /v3/kv/put {{\"key\":\"YQ==\",\"value\":\"{value}\"}}"))
    };
    assert_eq!(put(1_500_000).status, 200);
    let large = put(1_600_000);
    assert_eq!(large.status, 400);
    assert!(large.body.contains("etcdserver: request is too large"), "{}", large.body);
    let larger = put(2_200_002);
    assert_eq!(larger.status, 429);
    let text = "grpc: received message larger than max (2200010 vs. 2097152)";
    assert!(larger.body.contains(text), "{}", larger.body);
    assert_eq!(put(9_000_000).status, 429);
}
