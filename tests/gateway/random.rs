//! Bodies that nobody should send: each is answered, and the member neither ends nor grows.

use std::fs;

use glasshouse_tests::cluster::glasshouse;

use super::ask::ask;
use super::start;

const REQUESTS: usize = 3_000;

/// Memory that the member may have more after all of them, in bytes: its allocator keeps some.
const GROWTH_MAX: u64 = 32 * 1024 * 1024;

const BODIES: [&str; 5] = [
    r#"{"key":"YQ==","range_end":"AA==","limit":"10","sort_order":"ASCEND"}"#,
    r#"{"compare":[{"target":"MOD","key":"YQ==","mod_revision":1}],"success":[{"request_put":{"key":"Yg=="}}]}"#,
    r#"{"create_request":{"key":"YQ==","start_revision":"1"}}{"cancel_request":{"watch_id":0}}"#,
    r#"{"TTL":"10","ID":"12"}"#,
    r#"{"name":"ann","perm":{"permType":"READ","key":"\u0000\ud83d\ude00"}}"#,
];

const PATHS: [&str; 6] =
    ["kv/range", "kv/txn", "lease/keepalive", "lease/timetolive", "auth/role/grant", "nothing"];

#[test]
fn random_bodies_are_answered() {
    let mut cluster = start(glasshouse(), 84);
    let address = cluster.members[0].address();
    let process = cluster.members[0].process_id();
    let mut state = 7_u64;
    let mut below = |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 8).unwrap() % limit
    };
    let mut statuses = std::collections::BTreeMap::new();
    let mut before = 0;
    for number in 0..REQUESTS {
        if number == REQUESTS / 4 {
            before = resident_bytes(process);
        }
        let mut body: Vec<char> = BODIES[below(BODIES.len())].chars().collect();
        for _ in 0..below(4) {
            let at = below(body.len());
            match below(3) {
                0 => body[at] = char::from(u8::try_from(32 + below(95)).unwrap()),
                1 => drop(body.splice(at..at, "[{\"".chars())),
                _ => body.truncate(at + 1),
            }
        }
        let body: String = body.into_iter().collect();
        let answer = ask(&address, &format!("POST /v3/{} {body}", PATHS[below(PATHS.len())]));
        *statuses.entry(answer.status).or_insert(0) += 1;
    }
    assert!(statuses.keys().all(|status| [200, 400, 404].contains(status)), "{statuses:?}");
    assert!(statuses[&200] > 100 && statuses[&400] > 100, "{statuses:?}");
    let after = resident_bytes(process);
    assert!(after < before + GROWTH_MAX, "{before} bytes became {after}");
    assert!(cluster.members[0].is_running());
    assert!(!cluster.members[0].log().contains("panicked"));
}

fn resident_bytes(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1_024
}
