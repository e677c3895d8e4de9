//! How Patroni asks: nothing but HTTP and JSON.
//!
//! It finds the members, takes the leader's key with a transaction under a lease, keeps the lease
//! alive, and watches the key of its cluster for whoever takes it next.

use glasshouse_tests::cluster::{eventually, glasshouse};
use serde_json::{Value, json};

use super::ask::ask;
use super::start;

#[test]
fn patroni_elects_its_leader() {
    let cluster = start(glasshouse(), 83);
    let address = cluster.members[0].address();
    let call = |path: &str, body: Value| -> Value {
        let answer = ask(&address, &format!("POST /v3/{path} {body}"));
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        serde_json::from_str(answer.body.lines().next().unwrap()).unwrap()
    };
    let version = ask(&address, "GET /version").body;
    assert!(version.contains("\"etcdserver\":\"3.6.0\""), "{version}");
    let members = call("cluster/member/list", json!({}));
    assert_eq!(members["members"][0]["clientURLs"][0], json!(cluster.members[0].url()));

    // /service/demo/leader
    let key = "L3NlcnZpY2UvZGVtby9sZWFkZXI=";
    let lease = call("lease/grant", json!({ "TTL": 30 }))["ID"].clone();
    let take = |name: &str| {
        call(
            "kv/txn",
            json!({
                "compare": [{"target": "CREATE", "key": key, "create_revision": "0"}],
                "success": [{"request_put": {"key": key, "value": name, "lease": lease}}],
            }),
        )
    };
    assert_eq!(take("bjE=")["succeeded"], json!(true));
    assert_eq!(take("bjI=").get("succeeded"), None, "there is a leader already");
    let renewed = call("lease/keepalive", json!({ "ID": lease }));
    assert_eq!(renewed["result"]["TTL"], json!("30"));
    let read = call("kv/range", json!({ "key": key }));
    assert_eq!(read["kvs"][0]["value"], json!("bjE="));

    let revision: i64 = read["header"]["revision"].as_str().unwrap().parse().unwrap();
    assert_eq!(call("kv/deleterange", json!({ "key": key }))["deleted"], json!("1"));
    let watch =
        json!({"create_request": {"key": key, "start_revision": (revision + 1).to_string()}});
    let lines = eventually("the watch shows the deletion", || {
        let lines = ask(&address, &format!("POST /v3/watch {watch}")).body;
        if lines.lines().count() >= 2 { Ok(lines) } else { Err(lines) }
    });
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["result"]["created"], json!(true));
    assert_eq!(lines[1]["result"]["events"][0]["type"], json!("DELETE"));

    let refused = ask(&address, "POST /v3/kv/put {\"key\":\"YQ==\",\"lease\":\"7\"}");
    let refused: Value = serde_json::from_str(&refused.body).unwrap();
    let text = "etcdserver: requested lease not found";
    assert_eq!(refused, json!({"error": text, "code": 5, "message": text}));
}
