//! Machines that start with flags of their own: who they are, whom they turn away, and that two clusters in one
//! world are judged each for itself.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are a test")]

use glasshouse_core::id::member_id;
use glasshouse_sim::check::Property;
use glasshouse_sim::place::MemberNo;
use glasshouse_sim::script::{Bench, Setup};
use glasshouse_sim::view::call::Stop;

const PAIR: &str = "a=http://etcd1:2380,b=http://etcd2:2380";
const OTHER: &str = "c=http://etcd3:2380,d=http://etcd4:2380,e=http://etcd5:2380";

/// Carries out lines; each must succeed.
fn play(bench: &mut Bench, lines: &[&str]) -> String {
    let mut printed = String::new();
    for line in lines {
        let id = bench.exec(line);
        bench.finish(id, 60_000_000);
        let entry = bench.entry(id).unwrap();
        assert!(!entry.failed, "{line}: {}", entry.output);
        printed.push_str(&entry.output);
    }
    printed
}

fn no(number: u8) -> MemberNo {
    MemberNo::from_number(number).unwrap()
}

/// Five machines: n1 and n2 are a cluster, and n3, n4, n5 another one.
fn two_clusters(seed: u64) -> Bench {
    let mut bench = Bench::chronicled(Setup::new(seed, 5));
    let mut lines = vec!["stop all".to_owned()];
    for (number, name, cluster) in
        [(1, "a", PAIR), (2, "b", PAIR), (3, "c", OTHER), (4, "d", OTHER), (5, "e", OTHER)]
    {
        lines.push(format!("start n{number} --name {name} --initial-cluster {cluster}"));
    }
    lines.push("until leader".to_owned());
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    play(&mut bench, &lines);
    bench
}

#[test]
fn two_clusters_live_side_by_side() {
    let mut bench = two_clusters(3);
    play(
        &mut bench,
        &[
            "run 1s",
            "put k here --endpoints=n1",
            "put k there --endpoints=n3",
            "put k there-again --endpoints=n4",
            "load 20 put/s for 15s at n4",
            "run 12s",
            "kill n3",
            "run 4s",
            "restart n3",
            "settle 20s",
        ],
    );
    let (first, second) = (
        play(&mut bench, &["get k --endpoints=n2 --print-value-only"]),
        play(&mut bench, &["get k --endpoints=n5 --print-value-only"]),
    );
    assert_eq!((first.as_str(), second.as_str()), ("here\n", "there-again\n"));
    let world = bench.world();
    assert_eq!(world.violation(), None);
    assert_eq!(world.cluster_of(no(1)), world.cluster_of(no(2)));
    assert_ne!(world.cluster_of(no(1)), world.cluster_of(no(3)));
    assert_eq!(world.cluster_of(no(3)), world.cluster_of(no(5)));
}

/// The checkers of the second cluster are awake: a planted bug there is found there.
#[test]
fn a_bug_in_the_second_cluster_is_found() {
    let mut bench = two_clusters(3);
    play(
        &mut bench,
        &["run 1s", "put k v --endpoints=n1", "plant M03 n3 n4 n5", "load 50 put/s for 2s at n3"],
    );
    bench.run_until(20_000_000, Stop::Time, 0);
    let violation = bench.world().violation().unwrap();
    assert!(violation.member.is_none_or(|member| member >= no(3)), "{violation}");
    assert_eq!(violation.property, Property::DurableQuorum, "{violation}");
}

/// A cluster whose disks were all taken away begins anew under its old id, from term 1 on: that contradicts nothing.
#[test]
fn without_its_disks_a_cluster_begins_anew() {
    let mut bench = Bench::chronicled(Setup::new(6, 3));
    play(&mut bench, &["until leader", "put k old", "kill all", "wipe all", "restart all"]);
    let found =
        play(&mut bench, &["until leader", "get k", "put k new", "get k --print-value-only"]);
    assert!(found.ends_with("OK\nnew\n"), "{found}");
    assert_eq!(bench.world().violation(), None);
}

/// The same lines give the same history, with machines that change their cluster among them.
#[test]
fn the_same_lines_give_the_same_history() {
    let run = || {
        let mut bench = two_clusters(8);
        play(&mut bench, &["kill n5", "wipe n5", "start n5 --initial-cluster-token t", "run 3s"]);
        (bench.world().trace_hash(), bench.world().events())
    };
    assert_eq!(run(), run());
}

/// Who has lost its disk may not begin again under its old id while somebody knows that it has run.
#[test]
fn a_member_that_lost_its_disk_is_known() {
    let mut bench = Bench::chronicled(Setup::new(5, 3));
    play(&mut bench, &["until leader", "run 1s", "kill n2", "wipe n2", "start n2", "run 1s"]);
    let status = play(&mut bench, &["status"]);
    let sentence = "member d282ac2ce600c1ce has already been bootstrapped";
    assert!(status.contains(sentence), "{status}");
    // Another token makes another member of it, whom the others turn away.
    play(&mut bench, &["start n2 --initial-cluster-token t", "run 3s"]);
    let world = bench.world();
    assert_ne!(world.cluster_of(no(2)), world.cluster_of(no(1)));
    assert_eq!((world.leader_in(world.cluster_of(no(2))), world.violation()), (None, None));
}

/// Machines do not take each other's addresses, and nothing is done when a line cannot be.
#[test]
fn what_cannot_be_is_told_in_a_sentence() {
    let mut bench = Bench::chronicled(Setup::new(5, 2));
    play(&mut bench, &["until leader", "kill n2"]);
    for (line, sentence) in [
        ("wipe n1", "n1 is running; kill or stop it first"),
        ("start n1 --name x", "n1 is running; kill or stop it first"),
        (
            "start n2 --initial-advertise-peer-urls http://etcd1:2380",
            "that is the address of n1: what is sent there would not come to n2",
        ),
        (
            "start n2 --initial-cluster-tokn x",
            "A machine of this lab has no flag \"initial-cluster-tokn\". Is --initial-cluster-token meant?",
        ),
        ("start n2 --name", "--name needs a value behind it."),
        (
            "start n2 --initial-cluster-state old",
            "\"old\" is no state of a cluster. Write new or existing.",
        ),
    ] {
        let events = bench.world().events();
        let id = bench.exec(line);
        bench.finish(id, 1_000_000);
        let entry = bench.entry(id).unwrap();
        assert_eq!((entry.failed, entry.output.trim_end()), (true, sentence), "{line}");
        assert_eq!(bench.world().events(), events, "{line}");
    }
}

/// A registry is a cluster beside the one that is formed through it; killed on its way, a member begins its way anew.
#[test]
fn three_meet_at_a_registry() {
    let mut bench = Bench::chronicled(Setup::new(9, 4));
    let found = "--discovery-endpoints n1 --discovery-token t";
    play(
        &mut bench,
        &[
            "stop all",
            "start n1 --name r --initial-cluster r=http://etcd1:2380",
            "until leader",
            "put /_etcd/registry/t/_config/size 3 --endpoints=n1",
            &format!("start n2 {found}"),
            &format!("start n3 {found}"),
            "run 3s",
            "kill n3",
            "restart n3",
            &format!("start n4 {found}"),
            "until n2 up",
            "until n3 up",
            "until leader",
            "kill n1",
            "put k v --endpoints=n3",
            "run 1s",
        ],
    );
    let world = bench.world();
    assert_eq!(world.violation(), None);
    let clusters = [2, 3, 4].map(|number| world.cluster_of(no(number)));
    assert!(
        clusters
            .iter()
            .all(|cluster| *cluster == clusters[0] && *cluster != world.cluster_of(no(1)))
    );
    assert_eq!(world.member_id(no(3)), member_id(&["http://etcd3:2380"], "t"));
}

/// One of the two flags alone, or a registry that nobody knows.
#[test]
fn without_a_registry_nobody_is_found() {
    let mut bench = Bench::chronicled(Setup::new(9, 2));
    play(&mut bench, &["kill all", "wipe all", "start n2 --discovery-token t", "run 1s"]);
    let status = play(&mut bench, &["status"]);
    let sentence = "both --discovery-token and --discovery-endpoints must be set";
    assert!(status.contains(sentence), "{status}");
    let told =
        play(&mut bench, &["start n2 --discovery-endpoints nobody:2379", "run 20s", "status"]);
    assert!(told.ends_with("n2  starting\n"), "{told}");
}
