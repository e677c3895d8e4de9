//! Walkthroughs 000 and 001 in the page: what the texts do with Docker, by terminal and by clicks.
//!
//! 000 asks for tables, stops one leader after the other until nobody leads, and starts them again.
//! 001 writes and reads while a follower is away, then while the old leader is away.

use glasshouse_tests::bench::{Bench, table};
use glasshouse_tests::browser::Screen;

const THREE: &str = "#seed=7&n=3";
const STATUS: &str = "ETCDCTL_API=3 etcdctl --write-out=table \
    --endpoints=http://etcd1:2379,http://etcd2:2379,http://etcd3:2379 endpoint status";

/// The member list of walkthrough 000, as it was printed there.
const MEMBER_LIST: &str = "\
ade526d28b1f92f7, started, etcd1, http://etcd1:2380, http://etcd1:2379, false
bd388e7810915853, started, etcd3, http://etcd3:2380, http://etcd3:2379, false
d282ac2ce600c1ce, started, etcd2, http://etcd2:2380, http://etcd2:2379, false";

#[test]
fn walkthrough_000_by_terminal() {
    let Some(mut bench) = Bench::open(Screen::DESKTOP, THREE) else { return };
    bench.leader();
    bench.hurry();
    assert_eq!(bench.terminal("etcdctl member list").trim(), MEMBER_LIST);

    let rows = table(&bench.terminal(STATUS));
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[1]["ENDPOINT"], "http://etcd2:2379");
    assert_eq!(rows[1]["ID"], "d282ac2ce600c1ce");
    assert_eq!(rows.iter().filter(|row| row["IS LEADER"] == "true").count(), 1);
    bench.screenshot("walkthrough-000-three");

    // "docker stop etcd2": the leader goes, another one is elected.
    let first = bench.leader();
    bench.terminal(&format!("docker stop {}", container(&first)));
    bench.until(&format!("s.leader && s.leader !== '{first}'"));
    let text = bench.terminal(STATUS);
    assert!(text.contains(&format!(
        "Failed to get the status of endpoint http://{}:2379 (context deadline exceeded)",
        container(&first)
    )));
    assert_eq!(table(&text).len(), 2);

    // The second leader goes, too: the last one cannot win alone.
    let second = bench.leader();
    bench.terminal(&format!("docker stop {}", container(&second)));
    bench.until("s.leader === null && s.members.every(m => m.life !== 'up' || m.leader === null)");
    let rows = table(&bench.terminal(STATUS));
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["ERRORS"], "etcdserver: no leader");
    bench.screenshot("walkthrough-000-no-leader");

    bench.terminal(&format!("docker start {}", container(&second)));
    bench.leader();
    bench.terminal(&format!("docker start {}", container(&first)));
    bench.until("new Set(s.members.map(m => m.applied)).size === 1 && s.members.every(m => m.life === 'up')");
    let rows = table(&bench.terminal(STATUS));
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| row["RAFT TERM"] == rows[0]["RAFT TERM"]), "{rows:?}");
    assert_eq!(rows.iter().filter(|row| row["IS LEADER"] == "true").count(), 1);
    bench.screenshot("walkthrough-000-level");
}

#[test]
fn walkthrough_000_by_clicks() {
    let Some(mut bench) = Bench::open(Screen::DESKTOP, THREE) else { return };
    let first = bench.leader();
    bench.act(&first, "Stop (SIGTERM)");
    bench.until(&format!("s.leader && s.leader !== '{first}'"));
    let second = bench.leader();
    bench.act(&second, "Stop (SIGTERM)");
    let status = bench.until("s.leader === null");
    assert_eq!(status["members"].as_array().unwrap().len(), 3);
    bench.screenshot("clicks-000-no-leader");

    bench.act(&second, "Restart");
    bench.leader();
    bench.act(&first, "Restart");
    bench.until("new Set(s.members.map(m => m.applied)).size === 1 && s.members.every(m => m.life === 'up')");
    bench.screenshot("clicks-000-level");
}

#[test]
fn walkthrough_001_by_terminal() {
    let Some(mut bench) = Bench::open(Screen::DESKTOP, THREE) else { return };
    let leader = bench.leader();
    let followers = bench.followers();
    let at = |member: &str, command: &str| {
        let shell = format!("export ETCDCTL_API=3 && /usr/local/bin/etcdctl {command}");
        format!("docker exec {} /bin/sh -c \"{shell}\"", container(member))
    };

    assert_eq!(bench.terminal(&at(&leader, "put foo bar")).trim(), "OK");
    assert_eq!(bench.terminal(&at(&followers[0], "get foo")).trim(), "foo\nbar");

    // A follower is away while something is written; back, it answers with it.
    bench.terminal(&format!("docker stop {}", container(&followers[0])));
    assert_eq!(bench.terminal(&at(&leader, "put foo2 bar")).trim(), "OK");
    bench.terminal(&format!("docker start {}", container(&followers[0])));
    assert_eq!(bench.terminal(&at(&followers[0], "get foo2")).trim(), "foo2\nbar");
    bench.screenshot("walkthrough-001-follower");

    // The leader is away; another one leads, and goes on leading when the old one comes back.
    bench.terminal(&format!("docker stop {}", container(&leader)));
    let status = bench.until(&format!("s.leader && s.leader !== '{leader}'"));
    let next = status["leader"].as_str().unwrap().to_owned();
    let term = "s.members.find(m => m.member === s.leader).term";
    let before = bench.eval::<u64>(&format!("(s => {term})(glasshouse.status())"));
    assert_eq!(bench.terminal(&at(&next, "put foo3 bar")).trim(), "OK");
    bench.terminal(&format!("docker start {}", container(&leader)));
    assert_eq!(bench.terminal(&at(&leader, "get foo3")).trim(), "foo3\nbar");
    let after = bench.eval::<u64>(&format!("(s => {term})(glasshouse.status())"));
    assert_eq!(
        (bench.leader(), after),
        (next, before),
        "the return of the old leader is no election"
    );
    bench.screenshot("walkthrough-001-leader");
}

#[test]
fn walkthrough_001_by_clicks() {
    let Some(mut bench) = Bench::open(Screen::DESKTOP, THREE) else { return };
    let leader = bench.leader();
    let follower = bench.followers().remove(0);
    let revision = |member: &str| format!("s.members.find(m => m.member === '{member}').revision");

    bench.click_named("etcdctl put a 1");
    bench.until(&format!("{} === 2", revision(&follower)));

    bench.act(&follower, "Stop (SIGTERM)");
    bench.until(&format!("s.members.find(m => m.member === '{follower}').life === 'down'"));
    assert_eq!(bench.terminal("etcdctl put foo2 bar").trim(), "OK");
    bench.act(&follower, "Restart");
    bench.until(&format!("{} === 3", revision(&follower)));
    // The restarted member shows the key that was written while it was away.
    bench.wait("document.querySelector('aside.insp')?.innerText.includes('foo2')");
    bench.screenshot("clicks-001-follower");

    bench.act(&leader, "Stop (SIGTERM)");
    let next = bench.until(&format!("s.leader && s.leader !== '{leader}'"))["leader"].clone();
    assert_eq!(bench.terminal("etcdctl put foo3 bar").trim(), "OK");
    bench.act(&leader, "Restart");
    bench.until(&format!("{} === 4", revision(&leader)));
    assert_eq!(bench.status()["leader"], next, "the return of the old leader is no election");
    bench.screenshot("clicks-001-leader");
}

#[test]
fn a_link_repeats_the_run() {
    let Some(mut bench) = Bench::open(Screen::DESKTOP, "#seed=11&n=5") else { return };
    let leader = bench.leader();
    bench.exec("put a 1");
    bench.act(&leader, "Kill");
    bench.until(&format!("s.leader && s.leader !== '{leader}'"));
    bench.exec("partition leader | rest");
    bench.exec("run 3s");
    bench.exec("heal");
    bench.exec("put a 2");
    // The play goes on; a paused run has one hash.
    bench.press("Escape");
    if bench.status()["playing"] == true {
        bench.click_named("Pause");
    }
    bench.settle();
    let told =
        "[location.hash, glasshouse.link(), glasshouse.traceHash(), glasshouse.status().time_us]";
    let (address, link, hash, time): (String, String, String, u64) = bench.eval(told);
    assert!(link.ends_with(&address), "the address is the link: {address} {link}");
    assert_eq!(hash.len(), 16);

    let Some(mut again) = Bench::open(Screen::DESKTOP, &address) else { return };
    again.settle();
    let repeated: (String, String, String, u64) = again.eval(told);
    assert_eq!((repeated.0, repeated.2, repeated.3), (address, hash, time));
    again.screenshot("link-reopened");
}

/// What the walkthroughs' containers are called: member n2 is etcd2.
fn container(member: &str) -> String {
    format!("etcd{}", member.trim_start_matches('n'))
}
