//! What supervisors and browsers meet on the client port, beside a real etcd 3.5.16: `/health`,
//! `/livez`, `/readyz` in good and in bad days, `--cors` and `--host-whitelist`.

use glasshouse_tests::cluster::{Cluster, glasshouse};
use glasshouse_tests::tools;
use glasshouse_tests::web::{Answer, ask};

/// Asked in each of the days below.
const PAGES: &str = "\
GET /health
GET /health?exclude=NOSPACE
GET /health?exclude=NOSPACE&exclude=CORRUPT
GET /health?exclude=NOSPACE,CORRUPT
GET /health?exclude=&exclude=FIRE
GET /health?serializable=true
GET /health?serializable=true&exclude=NOSPACE&exclude=%43ORRUPT
GET /livez
GET /livez?verbose
GET /livez?verbose=false&exclude=serializable_read
GET /livez/serializable_read
GET /livez/serializable_read?verbose&exclude=serializable_read
GET /livez/linearizable_read
GET /livez/
GET /livez?exclude=linearizable_read&verbose
GET /readyz
GET /readyz?verbose
GET /readyz?exclude=data_corruption
GET /readyz?exclude=data_corruption&verbose
GET /readyz?exclude=data_corruption&exclude=linearizable_read&verbose
GET /readyz?exclude=nothing&verbose
GET /readyz/data_corruption
GET /readyz/data_corruption?verbose
GET /readyz/linearizable_read?verbose
GET /readyz/read_index
GET /readyzz
POST /health
POST /livez
PUT /readyz
DELETE /readyz/data_corruption";

/// What is compared: Go tells of the checks in any order, and 3.5.16 does not have one of them.
fn comparable(answer: &Answer) -> (u16, Vec<String>, Vec<&str>) {
    let headers = ["content-type", "x-content-type-options", "allow"];
    let headers = headers.iter().chain(&[
        "access-control-allow-origin",
        "access-control-allow-methods",
        "access-control-allow-headers",
    ]);
    let headers = headers.map(|name| format!("{name}: {}", answer.header(name))).collect();
    let mut lines: Vec<&str> =
        answer.body.split('\n').filter(|line| *line != "[+]non_learner ok").collect();
    lines.sort_unstable();
    (answer.status, headers, lines)
}

/// Sends each line to both, and gives how often they answered with 503.
fn compare(day: &str, etcd: &Cluster, ours: &Cluster) -> usize {
    let mut unwell = 0;
    for line in PAGES.lines() {
        let theirs = ask(&etcd.members[0].address(), line, &[], "");
        let ours = ask(&ours.members[0].address(), line, &[], "");
        assert_eq!(comparable(&ours), comparable(&theirs), "{day}: {line}");
        unwell += usize::from(ours.status == 503);
    }
    unwell
}

fn start(size: u8, block: u8, flags: &[&str]) -> Option<(Cluster, Cluster)> {
    let etcd = tools::etcd("3.5.16")?.join("etcd");
    let clusters = [(etcd, block), (glasshouse(), block + 1)].map(|(program, block)| {
        let mut cluster = Cluster::on_addresses(size, block);
        cluster.program = program;
        cluster.add_flags(flags);
        cluster.start_all();
        cluster
    });
    Some(clusters.into())
}

fn post(clusters: [&Cluster; 2], path: &str, body: &str) {
    for cluster in clusters {
        let answer = ask(&cluster.members[0].address(), &format!("POST {path}"), &[], body);
        assert_eq!(answer.status, 200, "{path} {body}: {answer:?}");
    }
}

#[test]
fn pages_about_health_are_those_of_etcd() {
    let Some((etcd, ours)) = start(1, 110, &[]) else { return };
    let both = [&etcd, &ours];
    let alarm = |action: &str, alarm: &str| {
        let body = format!("{{\"action\":\"{action}\",\"alarm\":\"{alarm}\",\"memberID\":\"5\"}}");
        post(both, "/v3/maintenance/alarm", &body);
    };
    assert_eq!(compare("a calm day", &etcd, &ours), 0);
    alarm("ACTIVATE", "NOSPACE");
    assert!(compare("no space", &etcd, &ours) >= 4);
    alarm("DEACTIVATE", "NOSPACE");
    alarm("ACTIVATE", "CORRUPT");
    assert!(compare("corrupt", &etcd, &ours) >= 10);
    alarm("DEACTIVATE", "CORRUPT");

    // Users who must say who they are do not make a member ill.
    post(both, "/v3/auth/user/add", "{\"name\":\"root\",\"password\":\"pw\"}");
    post(both, "/v3/auth/user/grant", "{\"user\":\"root\",\"role\":\"root\"}");
    post(both, "/v3/auth/enable", "{}");
    let answer = ask(&ours.members[0].address(), "GET /readyz?verbose", &[], "");
    assert_eq!(answer.status, 200, "{answer:?}");

    let metrics = ask(&ours.members[0].address(), "GET /metrics", &[], "").body;
    for line in [
        "etcd_server_healthcheck{name=\"serializable_read\",type=\"livez\"} 1",
        "etcd_server_healthcheck{name=\"data_corruption\",type=\"readyz\"} 1",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line}\n{metrics}");
    }
    let failed = "etcd_server_healthchecks_total{name=\"data_corruption\",status=\"error\"";
    assert!(metrics.contains(failed), "{metrics}");
}

#[test]
fn without_a_quorum_a_member_lives_and_is_not_ready() {
    let Some((mut etcd, mut ours)) = start(2, 112, &[]) else { return };
    for cluster in [&mut etcd, &mut ours] {
        cluster.members[1].kill();
    }
    for line in ["GET /livez?verbose", "GET /readyz", "GET /readyz?exclude=linearizable_read"] {
        let theirs = ask(&etcd.members[0].address(), line, &[], "");
        let ours = ask(&ours.members[0].address(), line, &[], "");
        assert_eq!(comparable(&ours), comparable(&theirs), "{line}");
    }
    let ready = ask(&ours.members[0].address(), "GET /readyz", &[], "");
    assert_eq!(ready.status, 503, "{ready:?}");
    assert!(ready.body.contains("[-]linearizable_read failed: etcdserver: "), "{ready:?}");
}

#[test]
fn only_pages_and_hosts_that_the_flags_name_are_served() {
    let flags = [
        "--cors=http://a.b:80,https://c.d:8443",
        "--host-whitelist=good.com,127.77.114.1,127.77.115.1",
    ];
    let Some((etcd, ours)) = start(1, 114, &flags) else { return };
    let hosts = ["good.com", "good.com:99", "evil.com", "GOOD.com", "127.0.0.1", "[::1]:2", "::1"];
    let origins = ["http://a.b:80", "https://c.d:8443", "http://a.b", "http://x.y", ""];
    let requests = [
        ("GET /version", ""),
        ("GET /livez", ""),
        ("GET /nothing", ""),
        ("OPTIONS /v3/kv/range", ""),
        ("OPTIONS /nothing", ""),
        ("POST /v3/kv/range", "{\"key\":\"YQ==\"}"),
    ];
    let hosts = hosts.map(|host| vec![("Host", host)]);
    let origins = origins.map(|origin| vec![("Origin", origin)]);
    let (mut refused, mut allowed) = (0, 0);
    for headers in hosts.iter().chain(&origins) {
        for (request, body) in requests {
            let theirs = ask(&etcd.members[0].address(), request, headers, body);
            let ours = ask(&ours.members[0].address(), request, headers, body);
            let (mut theirs, mut same) = (comparable(&theirs), comparable(&ours));
            if ours.status == 200 && request != "GET /livez" {
                // What versions and clusters do not share.
                theirs.2.clear();
                same.2.clear();
            }
            assert_eq!(same, theirs, "{request} {headers:?}");
            refused += usize::from(ours.status == 421);
            allowed += usize::from(!ours.header("access-control-allow-origin").is_empty());
        }
    }
    assert_eq!((refused, allowed), (5 * requests.len(), 2 * requests.len()));
    // Metrics are for whoever reaches their port.
    assert_eq!(ask(&ours.members[0].address(), "GET /metrics", &[], "").status, 200);
}
