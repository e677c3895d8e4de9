//! Members come and go: the walkthrough 003, and what it leads to, with real processes and the real
//! etcdctl 3.4.23 and 3.5.16 beside `glasshouse ctl`.
#![allow(clippy::print_stdout, reason = "what was too slow belongs in the output")]

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::thread;

use glasshouse_tests::cluster::{Cluster, Ran, eventually, glasshouse, run, run_until_ok};
use glasshouse_tests::tools;

/// `member list` in the walkthrough 003 after the first start, word for word.
const TWO: &str = "\
+------------------+---------+--------+--------------------------+--------------------------+------------+
|        ID        | STATUS  |  NAME  |        PEER ADDRS        |       CLIENT ADDRS       | IS LEARNER |
+------------------+---------+--------+--------------------------+--------------------------+------------+
| 47a835a883b86bfe | started | infra1 | http://172.16.80.21:2380 | http://172.16.80.21:2379 |      false |
| 5a1e3e74478b7608 | started | infra0 | http://172.16.80.20:2380 | http://172.16.80.20:2379 |      false |
+------------------+---------+--------+--------------------------+--------------------------+------------+
";

/// The same with a third member that is added and not started, whatever its id is.
const UNSTARTED: [&str; 3] = [
    "| 47a835a883b86bfe |   started | infra1 | http://172.16.80.21:2380 | http://172.16.80.21:2379 |      false |",
    "| 5a1e3e74478b7608 |   started | infra0 | http://172.16.80.20:2380 | http://172.16.80.20:2379 |      false |",
    "| ID | unstarted |        | http://172.16.80.22:2380 |                          |      false |",
];

/// The same once it has started.
const STARTED: [&str; 3] = [
    "| 47a835a883b86bfe | started | infra1 | http://172.16.80.21:2380 | http://172.16.80.21:2379 |      false |",
    "| 5a1e3e74478b7608 | started | infra0 | http://172.16.80.20:2380 | http://172.16.80.20:2379 |      false |",
    "| ID | started | infra2 | http://172.16.80.22:2380 | http://172.16.80.22:2379 |      false |",
];

fn address(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(172, 16, 80, number)
}

/// A command line against a cluster.
struct Line<'a> {
    cluster: &'a Cluster,
    program: &'a Path,
}

impl Line<'_> {
    fn run(&self, endpoints: &str, args: &[&str]) -> Ran {
        let mut command = self.cluster.names.command(self.program);
        command.env("ETCDCTL_API", "3");
        if self.program.ends_with("glasshouse") {
            command.arg("ctl");
        }
        run(command.arg(format!("--endpoints={endpoints}")).args(args))
    }

    fn ok(&self, endpoints: &str, args: &[&str]) -> String {
        run_until_ok(|| self.run(endpoints, args)).stdout
    }

    fn check_perf(&self, endpoints: &str, prefix: &str) -> String {
        let check = || self.run(endpoints, &["check", "perf", "--prefix", prefix]);
        let mut ran = check();
        for _ in 1..CHECKS {
            if ran.code == Some(0) {
                break;
            }
            println!("too slow: {ran:?}");
            ran = check();
        }
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran.stdout
    }
}

/// How often a check may be too slow.
const CHECKS: usize = 4;

/// The first programs that check are etcdctl itself.
const ETCDCTLS: usize = 2;

/// The rows of a table, in order of id, with one id written as `ID`.
fn rows(table: &str, id: &str) -> Vec<String> {
    let lines = table.lines().filter(|line| line.starts_with("| ") && !line.contains(" ID "));
    let mut rows: Vec<String> =
        lines.map(|line| line.replace(&format!("{id:>16}"), "ID")).collect();
    rows.sort_by_key(|row| row.contains("| ID |"));
    rows
}

/// `check perf`: writes at a rate for a minute, and judges. The programs check at once, so that they take
/// one minute and not three. A machine that stands still for half a second is too slow for it, and so the
/// check is made again.
fn every_program_checks(cluster: &Cluster, programs: [&Path; 3]) {
    let all = cluster.endpoints();
    let printed = thread::scope(|scope| {
        let checks = [("a/", programs[0]), ("b/", programs[1]), ("c/", programs[2])];
        let checks = checks.map(|(prefix, program)| {
            let line = Line { cluster, program };
            let all = &all;
            scope.spawn(move || line.check_perf(all, prefix))
        });
        checks.map(|check| check.join().expect("it passes"))
    });
    for (nth, printed) in printed.iter().enumerate() {
        let begins = printed.find("PASS: Throughput is ").unwrap_or_else(|| panic!("{printed}"));
        let (bar, verdict) = printed.split_at(begins);
        // etcdctl's bar sleeps for sixty seconds, one after the other, beside the puts: whoever wakes up
        // late has not drawn the last one when it judges, and perhaps not ended its line.
        let ends = bar.contains(" 60 / 60 ") && bar.ends_with("100.00% 1m0s\n");
        let late = nth < ETCDCTLS && bar.contains(" 59 / 60 ");
        assert!(ends || late, "{printed}");
        let lines: Vec<&str> = verdict.lines().collect();
        let starts = ["PASS: Throughput is ", "PASS: Slowest request took ", "PASS: Stddev is "];
        for (line, start) in lines[..3].iter().zip(starts) {
            assert!(line.starts_with(start), "{printed}");
        }
        assert_eq!(lines[3..], ["PASS"], "{printed}");
    }
}

#[test]
fn walkthrough_003() {
    let (Some(old), Some(new)) = (tools::etcd("3.4.23"), tools::etcd("3.5.16")) else { return };
    let (old, new, ours) = (old.join("etcdctl"), new.join("etcdctl"), glasshouse());
    let hosts = [("infra0", address(20)), ("infra1", address(21))];
    let Some(mut cluster) = Cluster::in_network(&hosts, &[address(22)], "etcd-cluster-1") else {
        eprintln!("this machine allows no network of one's own: the walkthrough 003 is left out");
        return;
    };
    cluster.start_all();
    let all_lines = |cluster: &Cluster, endpoints: &str, args: &[&str]| {
        let run = |program| Line { cluster, program }.ok(endpoints, args);
        let printed = run(&new);
        assert_eq!(run(&ours), printed, "ctl {args:?}");
        assert_eq!(run(&old), printed, "3.4.23 {args:?}");
        printed
    };
    let (url0, url2) = ("http://172.16.80.20:2379", "http://172.16.80.22:2379");
    let table = ["member", "list", "-w", "table"];
    assert_eq!(all_lines(&cluster, url0, &table), TWO);

    // Until the two have been connected for five seconds, etcd lets nobody join.
    let add = ["member", "add", "infra2", "--peer-urls=http://172.16.80.22:2380"];
    let added = eventually("the member is added", || {
        let ran = Line { cluster: &cluster, program: &new }.run(url0, &add);
        if ran.code == Some(0) { Ok(ran.stdout) } else { Err(ran.stderr) }
    });
    let id = added.trim_start_matches("Member").split_whitespace().next().unwrap().to_owned();
    let mut lines = added.lines();
    assert_eq!(lines.next(), Some(&*format!("Member {id:>16} added to cluster 2904ef1066e801d0")));
    assert_eq!(lines.next(), Some(""));
    assert_eq!(lines.next(), Some("ETCD_NAME=\"infra2\""));
    assert!(lines.next().unwrap().contains("infra2=http://172.16.80.22:2380"));
    assert_eq!(lines.next(), Some("ETCD_INITIAL_ADVERTISE_PEER_URLS=\"http://172.16.80.22:2380\""));
    assert_eq!(lines.next(), Some("ETCD_INITIAL_CLUSTER_STATE=\"existing\""));
    assert_eq!(rows(&all_lines(&cluster, url0, &table), &id), UNSTARTED);

    let initial = "infra0=http://172.16.80.20:2380,infra1=http://172.16.80.21:2380,\
                   infra2=http://172.16.80.22:2380";
    let third = cluster.join("infra2", address(22), initial);
    cluster.start(third);
    cluster.members[third].wait_until_ready();
    assert_eq!(rows(&all_lines(&cluster, url0, &table), &id), STARTED);
    let all = cluster.endpoints();
    eventually("equal logs", || {
        let status = Line { cluster: &cluster, program: &new }.ok(&all, &["endpoint", "status"]);
        let rows: Vec<Vec<&str>> = status.lines().map(|line| line.split(", ").collect()).collect();
        let equal = rows.iter().all(|row| row[6..9] == rows[0][6..9]);
        let leaders = rows.iter().filter(|row| row[4] == "true").count();
        if rows.len() == 3 && equal && leaders == 1 { Ok(()) } else { Err(status) }
    });

    // The end of the walkthrough.
    every_program_checks(&cluster, [&old, &new, &ours]);
    assert_eq!(all_lines(&cluster, &all, &["get", "", "--prefix", "--keys-only"]), "");

    // Beyond the walkthrough: the third member is asked to remove the first, by our own command line.
    let out = Line { cluster: &cluster, program: &ours };
    let removed = eventually("the member is removed", || {
        let ran = out.run(url2, &["member", "remove", "5a1e3e74478b7608"]);
        if ran.code == Some(0) { Ok(ran.stdout) } else { Err(ran.stderr) }
    });
    assert_eq!(removed, "Member 5a1e3e74478b7608 removed from cluster 2904ef1066e801d0\n");
    assert!(cluster.members[0].wait_for_end().success());
    let last = "the member has been permanently removed from the cluster";
    assert!(cluster.members[0].log().contains(last), "{}", cluster.members[0].log());
    // It is told again, and by its own disk, when it is started again.
    cluster.start(0);
    assert!(cluster.members[0].wait_for_end().success());
    let line = Line { cluster: &cluster, program: &new };
    let put = eventually("the two go on", || {
        let ran = line.run(url2, &["put", "color", "red"]);
        if ran.code == Some(0) { Ok(ran.stdout) } else { Err(ran.stderr) }
    });
    assert_eq!(put, "OK\n");
}

/// What an etcd and ours, on the same addresses one after the other, tell of the same story.
fn told_alike<T: PartialEq + std::fmt::Debug>(block: u8, story: impl Fn(&mut Cluster, &Path) -> T) {
    let Some(etcd) = tools::etcd("3.5.16") else { return };
    let [theirs, ours] = [etcd.join("etcd"), glasshouse()].map(|program| {
        let mut cluster = Cluster::on_addresses(3, block);
        cluster.program = program;
        cluster.start_all();
        story(&mut cluster, &etcd.join("etcdctl"))
    });
    assert_eq!(ours, theirs);
}

/// The members as one of them lists them, once it knows the names of all.
fn all_started(line: &Line<'_>, url: &str, last_name: &str) -> String {
    eventually("every name is published", || {
        let listed = line.ok(url, &["member", "list"]);
        let is_last = listed.contains(&format!(", started, {last_name}, "));
        if is_last && !listed.contains("unstarted") { Ok(listed) } else { Err(listed) }
    })
}

/// Flags about the first start mean nothing to a disk that has had one, however wrong they are. A name is
/// published at each start, so there a wrong one is seen.
#[test]
fn a_disk_knows_whose_it_is() {
    told_alike(123, |cluster, etcdctl| {
        let line = Line { cluster, program: etcdctl };
        line.ok(&cluster.endpoints(), &["put", "color", "red"]);
        let before = all_started(&line, &cluster.members[0].url(), "127.77.123.3");
        cluster.members[2].kill();
        cluster.change_flags(
            2,
            &[
                "--name=renamed",
                "--initial-cluster=stranger=http://127.77.123.9:2380",
                "--initial-cluster-token=other",
                "--initial-advertise-peer-urls=http://127.77.123.8:2380",
            ],
        );
        cluster.start(2);
        cluster.members[2].wait_until_ready();
        let line = Line { cluster, program: etcdctl };
        let there = cluster.members[2].url();
        assert_eq!(line.ok(&there, &["get", "color", "--print-value-only"]), "red\n");
        let after = all_started(&line, &there, "renamed");
        assert_eq!(after, before.replace(", 127.77.123.3, ", ", renamed, "));
        after
    });
}

/// A member that has lost its disk, and does not know it, would vote again where it has voted: the others stop it.
#[test]
fn who_has_lost_its_disk_may_not_begin_again() {
    told_alike(124, |cluster, etcdctl| {
        // The first is the one that will be asked.
        let line = Line { cluster, program: etcdctl };
        let listed = all_started(&line, &cluster.members[0].url(), "127.77.124.3");
        let third = listed.lines().find(|line| line.contains(", 127.77.124.3, ")).unwrap();
        let id = third.split(", ").next().unwrap();
        cluster.members[2].kill();
        fs::remove_dir_all(cluster.data_dir(2)).unwrap();
        // Twice: a start that was refused leaves nothing behind that would let the next one through.
        let refused: Vec<_> = (0..2)
            .map(|_| {
                cluster.start(2);
                let ended = cluster.members[2].wait_for_end();
                let log = cluster.members[2].log();
                let mut errors = log.lines().filter_map(|line| {
                    let line: serde_json::Value = serde_json::from_str(line).ok()?;
                    Some(line["error"].as_str()?.to_owned())
                });
                let why = errors.find(|error| error.starts_with("member "));
                (ended.code(), why.unwrap_or(log))
            })
            .collect();
        assert_eq!(refused[1], (Some(1), format!("member {id} has already been bootstrapped")));
        refused
    });
}

/// A member joins a cluster whose members are killed meanwhile, itself among them, and nothing that
/// was acknowledged is lost.
#[test]
fn kill_9_while_a_member_joins() {
    let mut cluster = Cluster::on_addresses(3, 90);
    cluster.add_flags(&["--strict-reconfig-check=false"]);
    cluster.start_all();
    let ours = glasshouse();
    let put = |cluster: &Cluster, number: usize| {
        let line = Line { cluster, program: &ours };
        let value = number.to_string();
        eventually("a put", || {
            let ran = line.run(&cluster.endpoints(), &["put", &format!("key{number}"), &value]);
            if ran.code == Some(0) { Ok(()) } else { Err(ran.stderr) }
        });
    };
    (0..10).for_each(|number| put(&cluster, number));
    let ip = Ipv4Addr::new(127, 77, 90, 4);
    let line = Line { cluster: &cluster, program: &ours };
    let add = ["member", "add", "127.77.90.4", "--peer-urls=http://127.77.90.4:2380"];
    eventually("the member is added", || {
        let ran = line.run(&cluster.endpoints(), &add);
        // The answer to an attempt before may have been lost.
        let done = ran.stdout.contains("added to cluster")
            || ran.stderr.contains("Peer URLs already exists");
        if done { Ok(()) } else { Err(format!("{ran:?}")) }
    });
    let initial: Vec<String> =
        (1..=4).map(|n| format!("127.77.90.{n}=http://127.77.90.{n}:2380")).collect();
    let fourth = cluster.join("127.77.90.4", ip, &initial.join(","));
    for round in 0..6 {
        cluster.start(fourth);
        cluster.members[fourth].wait_for_log("starting etcd server");
        thread::sleep(std::time::Duration::from_millis(40 * round));
        cluster.members[fourth].kill();
        let other = usize::try_from(round).unwrap() % 3;
        cluster.members[other].kill();
        cluster.start(other);
        cluster.members[other].wait_until_ready();
        put(&cluster, 10 + usize::try_from(round).unwrap());
    }
    cluster.start(fourth);
    cluster.members[fourth].wait_until_ready();
    let line = Line { cluster: &cluster, program: &ours };
    let url = cluster.members[fourth].url();
    eventually("the fourth has everything", || {
        let got = line.run(&url, &["get", "key", "--prefix", "--count-only", "-w", "fields"]);
        if got.stdout.contains("\"Count\" : 16") { Ok(()) } else { Err(got.stdout + &got.stderr) }
    });
    let listed = line.ok(&url, &["member", "list"]);
    assert_eq!(listed.matches(", started, ").count(), 4, "{listed}");
}
