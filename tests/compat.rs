//! The walkthroughs 000 and 001 with real members, driven by the real etcdctl 3.4.23 and 3.5.16
//! and by `glasshouse ctl`.
//!
//! Three processes on three loopback addresses play the three containers: `docker stop` is
//! SIGTERM, a crash is SIGKILL. Each command that only reads is given to all three command lines;
//! 3.5.16 and ours must print the same bytes, and lines of the transcript must come back where a
//! fresh cluster can repeat them.
#![allow(clippy::print_stdout, reason = "what was played once more belongs in the output")]

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use glasshouse_tests::cluster::{
    Cluster, Ran, body, eventually, glasshouse, http, run, run_until_ok,
};
use glasshouse_tests::names::Host;
use glasshouse_tests::tools;

/// `member list` in the walkthrough 000, word for word.
const MEMBERS_000: &str = "\
ade526d28b1f92f7, started, etcd1, http://etcd1:2380, http://etcd1:2379, false
bd388e7810915853, started, etcd3, http://etcd3:2380, http://etcd3:2379, false
d282ac2ce600c1ce, started, etcd2, http://etcd2:2380, http://etcd2:2379, false
";

/// The head of `endpoint status -w table` in the walkthrough 000, word for word.
const STATUS_HEAD_000: &str = "\
+-------------------+------------------+---------+---------+-----------+------------+-----------+------------+--------------------+--------+
|     ENDPOINT      |        ID        | VERSION | DB SIZE | IS LEADER | IS LEARNER | RAFT TERM | RAFT INDEX | RAFT APPLIED INDEX | ERRORS |
+-------------------+------------------+---------+---------+-----------+------------+-----------+------------+--------------------+--------+
";

/// The same with a member that has lost its leader.
const STATUS_HEAD_000_ALONE: &str = "\
+-------------------+------------------+---------+---------+-----------+------------+-----------+------------+--------------------+-----------------------+
|     ENDPOINT      |        ID        | VERSION | DB SIZE | IS LEADER | IS LEARNER | RAFT TERM | RAFT INDEX | RAFT APPLIED INDEX |        ERRORS         |
+-------------------+------------------+---------+---------+-----------+------------+-----------+------------+--------------------+-----------------------+
";

/// Ids and endpoints in the order in which the walkthrough lists them.
const IDS_000: [&str; 3] = ["ade526d28b1f92f7", "d282ac2ce600c1ce", "bd388e7810915853"];

/// Members of the walkthrough 001, as etcd's version 3 API lists them.
const MEMBERS_001: &str = "\
9772fa935aee2fcb, started, etcd-02, http://etcd-02:2380, http://etcd-02:2379, false
dc6856a29b285c1c, started, etcd-01, http://etcd-01:2380, http://etcd-01:2379, false
f9bb7dc32e4429fd, started, etcd-00, http://etcd-00:2380, http://etcd-00:2379, false
";

/// How often a line is played before a difference counts.
const ATTEMPTS: u32 = 5;

/// Three puts that nobody can answer end within this time: each has five seconds.
const GIVEN_UP: Duration = Duration::from_secs(60);

/// The three command lines.
struct Tools {
    etcdctl_34: PathBuf,
    etcdctl_35: PathBuf,
}

impl Tools {
    fn find() -> Option<Self> {
        Some(Self {
            etcdctl_34: tools::etcd("3.4.23")?.join("etcdctl"),
            etcdctl_35: tools::etcd("3.5.16")?.join("etcdctl"),
        })
    }
}

/// One walkthrough under way.
struct Walk {
    tools: Tools,
    cluster: Cluster,
}

/// A row of `endpoint status`.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    endpoint: String,
    id: String,
    leads: bool,
    term: u64,
    index: u64,
    applied: u64,
    errors: String,
}

impl Walk {
    fn begin(hosts: &[Host], token: &str) -> Option<Self> {
        let tools = Tools::find()?;
        let mut cluster = Cluster::with_names(hosts, token);
        cluster.start_all();
        Some(Self { tools, cluster })
    }

    /// Runs etcdctl 3.5.16.
    fn etcdctl(&self, endpoints: &str, args: &[&str]) -> Ran {
        let mut command = self.cluster.names.command(&self.tools.etcdctl_35);
        run(command.arg(format!("--endpoints={endpoints}")).args(args))
    }

    fn etcdctl_34(&self, endpoints: &str, args: &[&str]) -> Ran {
        let mut command = self.cluster.names.command(&self.tools.etcdctl_34);
        command.env("ETCDCTL_API", "3");
        run(command.arg(format!("--endpoints={endpoints}")).args(args))
    }

    fn ctl(&self, endpoints: &str, args: &[&str]) -> Ran {
        let mut command = self.cluster.names.command(&glasshouse());
        run(command.arg("ctl").arg(format!("--endpoints={endpoints}")).args(args))
    }

    /// Runs all three side by side. 3.5.16 and ours must agree on bytes and exit code, up to what
    /// differs from moment to moment; so must 3.4.23 where `with_34` says so. Between two of them the
    /// cluster may have changed, or the machine stood still: a difference counts when it stays.
    fn read(&self, endpoints: &str, args: &[&str], with_34: bool) -> Ran {
        for _ in 1..ATTEMPTS {
            match self.read_once(endpoints, args, with_34) {
                Ok(ran) => return ran,
                Err(difference) => println!("once more: {difference}"),
            }
        }
        let last = self.read_once(endpoints, args, with_34);
        last.unwrap_or_else(|difference| panic!("{difference}"))
    }

    fn read_once(&self, endpoints: &str, args: &[&str], with_34: bool) -> Result<Ran, String> {
        let (theirs, old, ours) = thread::scope(|scope| {
            let theirs = scope.spawn(|| self.etcdctl(endpoints, args));
            let old = scope.spawn(|| self.etcdctl_34(endpoints, args));
            let ours = self.ctl(endpoints, args);
            let ran = |thread: thread::ScopedJoinHandle<'_, Ran>| thread.join().expect("it ran");
            (ran(theirs), ran(old), ours)
        });
        let printed = |ran: &Ran| (steady(&ran.stdout), ran.code);
        let all = |ran: &Ran| (printed(ran), sentences(&ran.stderr));
        let old_is_same =
            old.code == theirs.code && (!with_34 || printed(&old) == printed(&theirs));
        if all(&ours) == all(&theirs) && old_is_same {
            return Ok(theirs);
        }
        Err(format!("{args:?}\n3.5.16: {theirs:#?}\nctl: {ours:#?}\n3.4.23: {old:#?}"))
    }

    /// Writes with each of the three; the last writer's value stays.
    fn put(&self, endpoints: &str, key: &str, value: &str) {
        let line = ["put", key, value];
        for ran in [
            run_until_ok(|| self.etcdctl_34(endpoints, &line)),
            run_until_ok(|| self.etcdctl(endpoints, &line)),
            run_until_ok(|| self.ctl(endpoints, &line)),
        ] {
            assert_eq!(ran.stdout, "OK\n");
        }
    }

    fn get(&self, endpoints: &str, key: &str, value: &str) {
        let got = eventually("the cluster answers", || {
            let got = self.read(endpoints, &["get", key], true);
            if got.code == Some(0) { Ok(got) } else { Err(got.stderr) }
        });
        assert_eq!(got.stdout, format!("{key}\n{value}\n"), "{}", got.stderr);
    }

    fn status(&self, endpoints: &str) -> Vec<Row> {
        rows(&self.etcdctl(endpoints, &["endpoint", "status", "-w", "table"]).stdout)
    }

    /// The number of the member that all of `members` call the leader, once they do.
    fn leader(&self, members: &[usize]) -> usize {
        let urls: Vec<String> =
            members.iter().map(|&number| self.cluster.members[number].url()).collect();
        eventually("one leader", || {
            let rows = self.status(&urls.join(","));
            let leaders: Vec<usize> = (0..rows.len()).filter(|&row| rows[row].leads).collect();
            let settled = rows.len() == members.len()
                && rows.iter().all(|row| row.errors.is_empty() && row.term == rows[0].term);
            match leaders[..] {
                [leader] if settled => Ok(members[leader]),
                _ => Err(format!("{rows:?}")),
            }
        })
    }

    /// All members have applied the same log, in one term under one leader.
    fn converged(&self) -> Vec<Row> {
        eventually("equal logs", || {
            let rows = self.status(&self.cluster.endpoints());
            let equal = rows.iter().all(|row| {
                (row.term, row.index, row.applied) == (rows[0].term, rows[0].index, rows[0].index)
            });
            let leaders = rows.iter().filter(|row| row.leads).count();
            if equal && leaders == 1 && rows.len() == 3 {
                Ok(rows)
            } else {
                Err(format!("{rows:?}"))
            }
        })
    }

    fn url(&self, number: usize) -> String {
        self.cluster.members[number].url()
    }
}

/// What differs from moment to moment or from store to store is made equal: durations, sizes.
fn steady(text: &str) -> String {
    let mut steady = String::new();
    for line in text.lines() {
        let line = match line.split_once("took = ") {
            Some((before, _)) => format!("{before}took = …"),
            None => line.to_owned(),
        };
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut kept: Vec<String> = Vec::new();
        for (number, word) in words.iter().enumerate() {
            let next = words.get(number + 1).map(|next| next.trim_end_matches(','));
            let before = number.checked_sub(1).map(|before| words[before]);
            if is_size(word, next) {
                kept.push("…".to_owned());
            } else if before.is_some_and(|before| is_size(before, Some(word.trim_end_matches(','))))
            {
                // One file may just be below a megabyte and the next above it.
                kept.push(word.replace("kB", "bytes").replace("MB", "bytes"));
            } else {
                kept.push(without_sizes(word));
            }
        }
        steady.push_str(&kept.join(" "));
        steady.push('\n');
    }
    let mut lines: Vec<&str> = steady.lines().collect();
    if text.contains("took = ") {
        // `endpoint health` prints in the order of the answers.
        lines.sort_unstable();
    }
    lines.join("\n")
}

/// `20 kB`, as tables print the size of a file.
fn is_size(word: &str, unit: Option<&str>) -> bool {
    matches!(unit, Some("kB" | "MB")) && word.parse::<f64>().is_ok()
}

/// `"dbSize":618496` in JSON.
fn without_sizes(word: &str) -> String {
    let mut text = word.to_owned();
    for name in ["\"dbSize\":", "\"dbSizeInUse\":"] {
        let parts: Vec<String> = text
            .split(name)
            .enumerate()
            .map(|(number, part)| match number {
                0 => part.to_owned(),
                _ => format!("…{}", part.trim_start_matches(|c: char| c.is_ascii_digit())),
            })
            .collect();
        text = parts.join(name);
    }
    text
}

/// What etcdctl says to people: its log lines about retries are left out.
fn sentences(stderr: &str) -> String {
    stderr.lines().filter(|line| !line.starts_with('{')).map(|line| format!("{line}\n")).collect()
}

fn rows(table: &str) -> Vec<Row> {
    let lines = table.lines().filter(|line| line.starts_with('|')).skip(1);
    lines
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let number = |cell: usize| cells[cell].parse().expect("the cell is a number");
            Row {
                endpoint: cells[0].into(),
                id: cells[1].into(),
                leads: cells[4] == "true",
                term: number(6),
                index: number(7),
                applied: number(8),
                errors: cells[9].into(),
            }
        })
        .collect()
}

fn address(block: u8, number: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 78, block, number)
}

/// Walkthrough 000: status in every shape, followers and leaders stopped one by one, no quorum,
/// and everybody back.
#[test]
fn walkthrough_000() {
    let hosts = [("etcd1", address(0, 1)), ("etcd2", address(0, 2)), ("etcd3", address(0, 3))];
    let Some(mut walk) = Walk::begin(&hosts, "etcd-cluster") else { return };
    let all = walk.cluster.endpoints();

    let members = walk.read(&all, &["member", "list"], true);
    assert_eq!(members.stdout, MEMBERS_000);
    let first = walk.leader(&[0, 1, 2]);
    let table = walk.read(&all, &["--write-out=table", "endpoint", "status"], true);
    assert!(table.stdout.starts_with(STATUS_HEAD_000), "{}", table.stdout);
    let listed = rows(&table.stdout);
    assert_eq!(listed.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), IDS_000);
    assert!(listed.iter().all(|row| row.index == row.applied && row.term == listed[0].term));
    every_shape(&walk, &all);

    // `docker stop` of the leader: another one leads, and the table misses a row.
    assert!(walk.cluster.members[first].stop().success());
    let left: Vec<usize> = (0..3).filter(|&number| number != first).collect();
    let second = walk.leader(&left);
    let table = walk.read(&all, &["--write-out=table", "endpoint", "status"], true);
    assert!(table.stdout.starts_with(STATUS_HEAD_000), "{}", table.stdout);
    assert_eq!(rows(&table.stdout).len(), 2);
    let gone = format!(
        "Failed to get the status of endpoint {} (context deadline exceeded)\n",
        walk.url(first)
    );
    assert_eq!(sentences(&table.stderr), gone);
    assert_eq!(table.code, Some(1));
    walk.put(&walk.url(left[0]), "k", "two of three");
    walk.get(&walk.url(left[1]), "k", "two of three");

    // `docker stop` of the next leader: the last one is alive, but nobody is elected.
    assert!(walk.cluster.members[second].stop().success());
    let last = left.iter().copied().find(|&number| number != second).unwrap();
    without_quorum(&walk, last);

    // Everybody back.
    walk.cluster.start(second);
    walk.cluster.members[second].wait_until_ready();
    walk.leader(&[second, last]);
    walk.cluster.start(first);
    walk.cluster.members[first].wait_until_ready();
    walk.converged();
    walk.get(&walk.url(first), "k", "two of three");
    let members = walk.read(&all, &["member", "list"], true);
    assert_eq!(members.stdout, MEMBERS_000);
}

/// Reads in all shapes of `-w`, the same bytes from 3.5.16 and from ours.
fn every_shape(walk: &Walk, all: &str) {
    let one = walk.url(0);
    walk.put(&one, "shape/a", "1");
    walk.put(&one, "shape/b", "2");
    // Until every member has applied the writes, answers of different members may differ.
    walk.converged();
    for shape in ["simple", "json", "fields", "table"] {
        for args in [["endpoint", "status"], ["endpoint", "hashkv"]] {
            walk.read(all, &[&args[..], &["-w", shape]].concat(), false);
        }
        // Any endpoint may answer this one, and its header tells which.
        walk.read(&one, &["member", "list", "-w", shape], false);
    }
    for shape in ["simple", "json", "fields"] {
        walk.read(&one, &["get", "shape/", "--prefix", "-w", shape], false);
    }
    let health = walk.read(all, &["endpoint", "health"], false);
    assert_eq!(health.stdout.matches(" is healthy: ").count(), 3, "{}", health.stdout);
}

fn without_quorum(walk: &Walk, last: usize) {
    let url = walk.url(last);
    let row = eventually("no leader", || {
        let row = walk.status(&url).pop().ok_or("no row")?;
        if row.errors == "etcdserver: no leader" { Ok(row) } else { Err(format!("{row:?}")) }
    });
    assert!(!row.leads);
    let table = walk.read(&url, &["-w", "table", "endpoint", "status"], true);
    assert!(table.stdout.starts_with(STATUS_HEAD_000_ALONE), "{}", table.stdout);
    let got = walk.read(&url, &["get", "k", "--consistency=s"], true);
    assert_eq!(got.stdout, "k\ntwo of three\n");
    let begin = Instant::now();
    for ran in [
        walk.etcdctl(&url, &["put", "k", "alone"]),
        walk.etcdctl_34(&url, &["put", "k", "alone"]),
        walk.ctl(&url, &["put", "k", "alone"]),
    ] {
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.stderr.contains("context deadline exceeded"), "{ran:?}");
    }
    assert!(begin.elapsed() < GIVEN_UP, "a put fails in bounded time");
    let health = http(&walk.cluster.members[last].address(), "GET /health");
    assert!(health.starts_with("HTTP/1.1 503 "), "{health}");
    assert_eq!(body(&health), "{\"health\":\"false\",\"reason\":\"RAFT NO LEADER\"}\n");
}

/// Walkthrough 001: a follower is away while keys are written; the leader is killed and comes
/// back without a new election.
#[test]
fn walkthrough_001() {
    let hosts =
        [("etcd-00", address(1, 1)), ("etcd-01", address(1, 2)), ("etcd-02", address(1, 3))];
    let Some(mut walk) = Walk::begin(&hosts, "etcd-cluster-1") else { return };
    let all = walk.cluster.endpoints();
    assert_eq!(walk.read(&all, &["member", "list"], true).stdout, MEMBERS_001);

    let leader = walk.leader(&[0, 1, 2]);
    let follower = (leader + 1) % 3;
    let other = (leader + 2) % 3;
    walk.put(&walk.url(leader), "foo", "bar");
    walk.get(&walk.url(follower), "foo", "bar");

    // A follower is stopped, a key is written, the follower comes back and has it.
    assert!(walk.cluster.members[follower].stop().success());
    walk.put(&walk.url(leader), "foo2", "bar");
    walk.cluster.start(follower);
    walk.cluster.members[follower].wait_until_ready();
    walk.get(&walk.url(follower), "foo2", "bar");

    // The leader is killed, another one leads and takes writes.
    walk.cluster.members[leader].kill();
    let new_leader = walk.leader(&[follower, other]);
    walk.put(&walk.url(new_leader), "foo3", "bar");
    let term = walk.status(&walk.url(new_leader))[0].term;

    // The old leader comes back: no election, same term, and it has what it missed.
    walk.cluster.start(leader);
    walk.cluster.members[leader].wait_until_ready();
    walk.get(&walk.url(leader), "foo3", "bar");
    let rows = walk.converged();
    assert!(rows.iter().all(|row| row.term == term), "{term}: {rows:?}");
    assert_eq!(walk.leader(&[0, 1, 2]), new_leader);
    assert_eq!(walk.read(&all, &["member", "list"], true).stdout, MEMBERS_001);
}
