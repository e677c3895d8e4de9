//! The server as its operator meets it: flags, exit codes, refusals, pages, the end.

use std::fs;
use std::path::Path;
use std::process::Command;

use glasshouse_sim::mutant::Mutant;
use glasshouse_tests::cluster::{
    Cluster, Ran, TempDir, body, eventually, glasshouse, http, run, text,
};

/// Runs `glasshouse` with these flags until it ends by itself.
fn refused(flags: &[&str]) -> Ran {
    let ran = run(Command::new(glasshouse()).args(flags));
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    ran
}

/// Flags for a member on an address of its own, with its data in `dir`.
fn on(ip: &str, dir: &Path) -> Vec<String> {
    vec![
        format!("--data-dir={}", dir.display()),
        format!("--listen-client-urls=http://{ip}:2379"),
        format!("--advertise-client-urls=http://{ip}:2379"),
        format!("--listen-peer-urls=http://{ip}:2380"),
    ]
}

fn refused_on(ip: &str, dir: &Path, more: &[&str]) -> Ran {
    let mut flags = on(ip, dir);
    flags.extend(more.iter().map(|flag| (*flag).to_owned()));
    refused(&flags.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn a_wrong_command_line_is_refused_with_a_sentence() {
    let unknown = refused(&["--bogus"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.starts_with("flag provided but not defined: -bogus\nUsage:"));
    let url = refused(&["--listen-client-urls", "http://foo:abc"]);
    assert_eq!(url.code, Some(2));
    assert!(url.stderr.starts_with(
        "invalid value \"http://foo:abc\" for flag -listen-client-urls: \
         parse \"http://foo:abc\": invalid port \":abc\" after host"
    ));
    let contradiction = refused(&["--election-timeout", "100"]);
    assert_eq!(contradiction.code, Some(1));
    assert!(contradiction.stderr.contains("should be at least as 5 times as"));
    let version = refused(&["--version"]);
    assert_eq!(version.code, Some(0));
    assert!(version.stdout.starts_with("etcd Version: 3.6.0\n"), "{}", version.stdout);
    assert_eq!(refused(&["--help"]).code, Some(0));
}

#[test]
fn what_cannot_be_joined_is_refused() {
    let dir = TempDir::new("refused");
    let join = refused_on("127.77.20.1", &dir.0.join("a"), &["--initial-cluster-state=existing"]);
    assert_eq!(join.code, Some(1));
    assert!(join.stderr.contains("cannot fetch cluster info from peer urls"), "{}", join.stderr);
    let nowhere = refused_on("192.0.2.1", &dir.0.join("b"), &[]);
    assert_eq!(nowhere.code, Some(1));
    assert!(nowhere.stderr.contains("listen tcp 192.0.2.1:2380: bind: "), "{}", nowhere.stderr);
    let wal = dir.0.join("etcd/member/wal");
    fs::create_dir_all(&wal).expect("a directory can be made");
    fs::write(wal.join("0000000000000000-0000000000000000.wal"), b"").expect("a file, too");
    let foreign = refused_on("127.77.20.1", &dir.0.join("etcd"), &[]);
    assert_eq!(foreign.code, Some(1));
    assert!(foreign.stderr.contains("was written by etcd"), "{}", foreign.stderr);
}

#[test]
fn a_directory_belongs_to_one_process() {
    let mut cluster = Cluster::on_addresses(1, 21);
    cluster.start_all();
    let dir = cluster.data_dir(0);
    let shared = refused_on("127.77.21.9", &dir, &[]);
    assert_eq!(shared.code, Some(1));
    assert!(shared.stderr.contains("is in use by another process"), "{}", shared.stderr);
    let port = refused_on("127.77.21.1", &TempDir::new("port").0, &[]);
    assert!(port.stderr.contains("listen tcp 127.77.21.1:2380: bind: "), "{}", port.stderr);

    assert!(cluster.members[0].stop().success());
    cluster.start_all();
    assert!(cluster.members[0].log().contains("restarting local member"));
}

#[test]
fn the_pages_of_both_ports() {
    let mut cluster = Cluster::on_addresses(1, 22);
    cluster.add_flags(&["--listen-metrics-urls=http://127.77.22.1:2381"]);
    cluster.start_all();
    let client = cluster.members[0].address();
    let peer = cluster.members[0].peer_address();
    let health = http(&client, "GET /health");
    assert!(health.starts_with("HTTP/1.1 200 OK\r\n"), "{health}");
    assert_eq!(body(&health), "{\"health\":\"true\",\"reason\":\"\"}");
    eventually("the cluster's version", || {
        let version = http(&client, "GET /version");
        let want = "{\"etcdserver\":\"3.6.0\",\"etcdcluster\":\"3.6.0\",\"storage\":\"3.6.0\"}";
        if body(&version) == want { Ok(()) } else { Err(version) }
    });
    assert_eq!(body(&http(&peer, "GET /version")), body(&http(&client, "GET /version")));
    let members = http(&peer, "GET /members");
    assert!(members.contains("x-etcd-cluster-id: "), "{members}");
    assert!(body(&members).contains("\"peerURLs\":[\"http://127.77.22.1:2380\"]"), "{members}");
    let metrics = http(&client, "GET /metrics");
    for name in
        ["etcd_disk_wal_fsync_duration_seconds", "etcd_disk_backend_commit_duration_seconds"]
    {
        let buckets = metrics.matches(&format!("{name}_bucket{{le=")).count();
        assert_eq!(buckets, 15, "{metrics}");
    }
    assert!(metrics.contains("\netcd_server_has_leader 1\n"), "{metrics}");
    // What etcd's dashboard and its alerts ask for.
    for name in [
        "etcd_cluster_version",
        "etcd_mvcc_db_total_size_in_bytes",
        "etcd_mvcc_db_total_size_in_use_in_bytes",
        "etcd_network_client_grpc_received_bytes_total",
        "etcd_network_client_grpc_sent_bytes_total",
        "etcd_network_peer_received_bytes_total",
        "etcd_network_peer_sent_bytes_total",
        "etcd_server_health_failures",
        "etcd_server_is_learner",
        "etcd_server_leader_changes_seen_total",
        "etcd_server_proposals_applied_total",
        "etcd_server_proposals_committed_total",
        "etcd_server_proposals_failed_total",
        "etcd_server_proposals_pending",
        "etcd_server_quota_backend_bytes",
        "grpc_server_handled_total",
        "grpc_server_started_total",
        "process_open_fds",
        "process_resident_memory_bytes",
        "process_start_time_seconds",
    ] {
        assert!(metrics.contains(&format!("\n# TYPE {name} ")), "{name}: {metrics}");
    }
    let elsewhere = http("127.77.22.1:2381", "GET /metrics");
    assert!(elsewhere.contains("\netcd_server_has_leader 1\n"), "{elsewhere}");
    for port in [&client, &peer] {
        assert!(http(port, "GET /nothing").starts_with("HTTP/1.1 404 "));
        assert!(http(port, "POST /version").starts_with("HTTP/1.1 405 "));
    }
    let upgrade = http(&peer, "GET /raft/glasshouse");
    assert!(upgrade.starts_with("HTTP/1.1 400 "), "{upgrade}");
}

#[test]
fn members_of_different_clusters_refuse_each_other() {
    let mut here = Cluster::on_addresses(1, 23);
    here.start_all();
    let ours = http(&here.members[0].peer_address(), "GET /members");
    let ours = ours.lines().find_map(|line| line.strip_prefix("x-etcd-cluster-id: "));
    let ours = ours.expect("every answer names the cluster").to_owned();

    // This one was told that the member above belongs to its cluster.
    let mut there = Cluster::on_addresses(1, 24);
    let all = "--initial-cluster=127.77.24.1=http://127.77.24.1:2380,x=http://127.77.23.1:2380";
    there.add_flags(&[all]);
    there.start(0);
    there.members[0].wait_for_log("request sent was ignored due to cluster ID mismatch");
    here.members[0].wait_for_log("request cluster ID mismatch");
    let theirs = http(&there.members[0].peer_address(), "GET /members");
    let theirs = theirs.lines().find_map(|line| line.strip_prefix("x-etcd-cluster-id: "));
    let theirs = theirs.expect("every answer names the cluster");
    assert_ne!(ours, theirs);
    for log in [here.members[0].log(), there.members[0].log()] {
        let line = log.lines().find(|line| line.contains("ID mismatch")).expect("waited for above");
        assert!(line.contains(&ours) && line.contains(theirs), "{line}");
    }
}

#[test]
fn called_etcdctl_it_is_etcdctl() {
    let dir = TempDir::new("name");
    let link = dir.0.join("etcdctl");
    std::os::unix::fs::symlink(glasshouse(), &link).expect("a link can be made");
    let version = run(Command::new(text(&link)).arg("version"));
    assert_eq!(version.stdout, "etcdctl version: 3.5.16\nAPI version: 3.5\n");
    assert_eq!(version, run(Command::new(glasshouse()).args(["ctl", "version"])));
}

#[test]
fn the_program_contains_no_planted_bug() {
    let program = fs::read(glasshouse()).expect("the program is a file");
    let names: Vec<&[u8]> = Mutant::all().map(|mutant| mutant.name().as_bytes()).collect();
    // All names have a hyphen, and few bytes of a program are one.
    let hyphens = program.iter().enumerate().filter(|(_, byte)| **byte == b'-');
    for (at, _) in hyphens {
        let found = names.iter().find(|name| {
            let before = name.iter().position(|byte| *byte == b'-').expect("a hyphen");
            at.checked_sub(before).is_some_and(|begin| program[begin..].starts_with(name))
        });
        let found = found.map(|name| String::from_utf8_lossy(name));
        assert_eq!(found, None, "a planted bug is named in the server's program");
    }
}
