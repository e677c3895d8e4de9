//! A member whose rows differ from the others' is found out: by the leader, which raises `CORRUPT`,
//! or by itself, before it serves.

use std::fs::File;
use std::process::Command;

use glasshouse_core::api::KeyValue;
use glasshouse_core::store::{RowKey, Store, StoreBatch};
use glasshouse_tests::cluster::{Cluster, Ran, eventually, glasshouse, run, run_until_ok};
use prost::Message as _;
use redb::backends::FileBackend;

fn ctl(cluster: &Cluster, line: &str) -> Ran {
    let endpoints = format!("--endpoints={}", cluster.members[0].url());
    run(Command::new(glasshouse()).arg("ctl").arg(endpoints).args(line.split(' ')))
}

fn put(cluster: &Cluster, key: &str, value: &str) {
    run_until_ok(|| ctl(cluster, &format!("put {key} {value}")));
}

/// Three members with these flags and ten keys, the first of which has the revision 2.
fn cluster(block: u8, flags: &[&str]) -> Cluster {
    let mut cluster = Cluster::on_addresses(3, block);
    cluster.add_flags(flags);
    cluster.start_all();
    for number in 0..10 {
        put(&cluster, &format!("k{number}"), "v");
    }
    cluster
}

/// Writes another value under the row of revision 5 while the member is down.
fn change_behind_its_back(cluster: &mut Cluster, number: usize) {
    assert!(cluster.members[number].stop().success());
    let path = cluster.data_dir(number).join("member/snap/db");
    let file = File::options().read(true).write(true).open(&path).expect("the store is there");
    let store = Store::open(FileBackend::new(file).expect("nobody has it")).expect("it is whole");
    let row = RowKey::put(5, 0);
    let stored = store.value(row).expect("it can be read").expect("the row is there");
    let pair = KeyValue::decode(stored).expect("it is a key with its value");
    let pair = KeyValue { value: "w".into(), ..pair };
    let rows = vec![(row, Some(pair.encode_to_vec().into()))];
    let batch = StoreBatch::Write { rows, leases: vec![], auth: vec![], meta: vec![] };
    store.commit(&batch).expect("it can be written");
}

fn refused_as_corrupt(cluster: &Cluster) {
    eventually("the alarm", || {
        let ran = ctl(cluster, "alarm list");
        if ran.stdout.contains("alarm:CORRUPT") { Ok(()) } else { Err(ran.stdout) }
    });
    eventually("a put is refused", || {
        let ran = ctl(cluster, "put k v");
        let refused = ran.stderr.ends_with("Error: etcdserver: corrupt cluster\n");
        if refused && ran.code == Some(1) { Ok(()) } else { Err(format!("{ran:?}")) }
    });
}

#[test]
fn the_leader_finds_the_odd_one_from_time_to_time_and_after_a_compaction() {
    from_time_to_time();
    after_a_compaction();
}

/// Compacts; somebody may have lost the answer to the first attempt.
fn compact(cluster: &Cluster, revision: i64) {
    eventually("a compaction", || {
        let ran = ctl(cluster, &format!("compact {revision}"));
        let done = ran.code == Some(0) || ran.stderr.contains("revision has been compacted");
        if done { Ok(()) } else { Err(ran.stderr) }
    });
}

fn from_time_to_time() {
    let mut cluster = cluster(116, &["--experimental-corrupt-check-time=1s"]);
    change_behind_its_back(&mut cluster, 1);
    assert_eq!(run_until_ok(|| ctl(&cluster, "alarm list")).stdout, "");
    cluster.start(1);
    refused_as_corrupt(&cluster);
    let alarms = run_until_ok(|| ctl(&cluster, "alarm list")).stdout;
    assert_eq!(alarms.lines().count(), 1, "one member is the odd one: {alarms}");
}

fn after_a_compaction() {
    let flags = ["--feature-gates=CompactHashCheck=true", "--compact-hash-check-time=1s"];
    let mut cluster = cluster(116, &flags);
    compact(&cluster, 3);
    eventually("a comparison in which all agree", || {
        let mut logs = cluster.members.iter().map(glasshouse_tests::cluster::Member::log);
        if logs.any(|log| log.contains("finished compaction hash check")) {
            Ok(())
        } else {
            Err("nobody has compared".into())
        }
    });
    change_behind_its_back(&mut cluster, 2);
    cluster.start(2);
    cluster.members[2].wait_until_ready();
    compact(&cluster, 8);
    refused_as_corrupt(&cluster);
}

#[test]
fn a_member_that_differs_does_not_even_begin_to_serve() {
    let mut cluster = cluster(118, &["--experimental-initial-corrupt-check=true"]);
    change_behind_its_back(&mut cluster, 2);
    cluster.start(2);
    assert_eq!(cluster.members[2].wait_for_end().code(), Some(1));
    let log = cluster.members[2].log();
    assert!(log.contains("found data inconsistency with peers"), "{log}");
    assert!(!log.contains("ready to serve client requests"), "{log}");
    // The others are not to blame, and go on; also over a restart.
    put(&cluster, "k", "v");
    assert!(cluster.members[1].stop().success());
    cluster.start(1);
    cluster.members[1].wait_until_ready();
    put(&cluster, "k", "w");
}
