//! Leases with the real etcdctl 3.4.23 and 3.5.16 and with `glasshouse ctl`: the same command lines
//! print the same bytes against a real etcd 3.5.16 and against our member.
//!
//! A lease's id is drawn by the server, so that ids are compared by their places; so are the seconds
//! that are left of a lease, which depend on the moment.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use glasshouse_tests::cluster::{
    Cluster, PATIENT, Ran, TempDir, eventually, glasshouse, run, run_until_ok, text,
};
use glasshouse_tests::tools;

/// `NAME=command` keeps the id that the command prints, for `$NAME` in later lines.
const LINES: &str = "\
lease list
A=lease grant 300
lease grant 400 -w json
lease grant 500 -w fields
lease grant 700 -w table
B=lease grant 100
put leased/b 2 --lease=$A
put leased/a 1 --lease=$A
put leased/c 3 --lease=$A
put leased/c 4
get leased --prefix -w json
get leased/a -w fields
put leased/a 5 --ignore-lease
put leased/b --ignore-value --lease=$B
lease timetolive $A
lease timetolive $A --keys
lease timetolive $A --keys -w json
lease timetolive $A -w json
lease timetolive $B --keys -w fields
lease timetolive $A -w table
lease keep-alive $A --once
lease keep-alive $A --once -w json
lease keep-alive $A --once -w fields
lease keep-alive 123abc --once
lease timetolive 123abc
lease timetolive 123abc --keys -w json
lease revoke 123abc
put k v --lease=123abc
put k v --lease=xyz
lease revoke $A
get leased --prefix --keys-only
lease timetolive $A
lease keep-alive $A --once
lease list
lease list -w json
lease list -w fields
lease grant
lease grant abc
lease grant 9000000001
lease grant 99999999999999999999
lease revoke xyz
lease timetolive
lease keep-alive
lease grant 1
";

/// A real etcd of one member.
struct RealEtcd {
    process: Child,
    _dir: TempDir,
}

impl RealEtcd {
    const CLIENT: &str = "http://127.77.40.9:2379";

    fn start(program: &PathBuf) -> Self {
        let dir = TempDir::new("real-etcd");
        let peer = "http://127.77.40.9:2380";
        let process = Command::new(program)
            .args(["--data-dir", text(&dir.0)])
            .args(["--listen-client-urls", Self::CLIENT, "--advertise-client-urls", Self::CLIENT])
            .args(["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer])
            .args(["--initial-cluster", &format!("default={peer}")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("etcd can be started");
        Self { process, _dir: dir }
    }
}

impl Drop for RealEtcd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A command line tool.
#[derive(Clone)]
struct Tool {
    program: PathBuf,
    first: &'static [&'static str],
}

impl Tool {
    fn all() -> Option<[Self; 3]> {
        Some([
            Self { program: tools::etcd("3.5.16")?.join("etcdctl"), first: &[] },
            Self { program: tools::etcd("3.4.23")?.join("etcdctl"), first: &[] },
            Self { program: glasshouse(), first: &["ctl"] },
        ])
    }

    fn command(&self, endpoints: &str, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.env("ETCDCTL_API", "3").args(self.first);
        command.arg(format!("--endpoints={endpoints}")).args(PATIENT).args(args);
        command
    }

    fn run(&self, endpoints: &str, line: &str) -> Ran {
        run(&mut self.command(endpoints, &line.split_whitespace().collect::<Vec<_>>()))
    }

    /// All lines, and what each printed, with what is drawn or measured made equal.
    fn play(&self, endpoints: &str) -> Vec<(String, Ran)> {
        let mut ids: Vec<(String, String)> = Vec::new();
        let play = |line: &str| {
            let (name, line) =
                line.split_once("=lease").map_or((None, line.to_owned()), |(n, l)| {
                    (Some(n.to_owned()), format!("lease{l}"))
                });
            let given = ids
                .iter()
                .fold(line.clone(), |line, (name, id)| line.replace(&format!("${name}"), id));
            let mut ran = self.run(endpoints, &given);
            if let Some(name) = name {
                ids.push((name, ran.stdout.split_whitespace().nth(1).unwrap_or("").to_owned()));
            }
            ran.stdout = steady(&ran.stdout);
            // The log lines of the retries are no output of the command.
            let sentences = ran.stderr.lines().filter(|line| !line.starts_with('{'));
            ran.stderr = sentences.collect::<Vec<_>>().join("\n");
            (line, ran)
        };
        LINES.lines().map(play).collect()
    }
}

/// Ids and the seconds that are left are made equal.
fn steady(printed: &str) -> String {
    let mut out = String::new();
    let mut rest = printed;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        let left = ["remaining(", "\"ttl\":", "\"TTL\" : "].iter().any(|name| out.ends_with(name));
        if word.len() >= 15 || left && word.parse::<u64>().is_ok_and(|seconds| seconds > 0) {
            out.push('#');
        } else {
            out.push_str(word);
        }
        let mut chars = behind.chars();
        out.extend(chars.next());
        rest = chars.as_str();
    }
    out
}

#[test]
fn every_line_prints_what_it_prints_against_etcd() {
    let (Some(tools), Some(etcd)) = (Tool::all(), tools::etcd("3.5.16")) else { return };
    let mut cluster = Cluster::on_addresses(1, 40);
    let _theirs = RealEtcd::start(&etcd.join("etcd"));
    cluster.start_all();
    let ours = cluster.endpoints();
    eventually("etcd serves", || {
        let ran = tools[0].run(RealEtcd::CLIENT, "endpoint health");
        if ran.code == Some(0) { Ok(()) } else { Err(ran.stderr) }
    });
    let mut first = None;
    for tool in &tools {
        // Leases that the tool before left behind end first, in the same order on both sides.
        for endpoints in [RealEtcd::CLIENT, &ours] {
            forget_all(tool, endpoints);
        }
        let (theirs, ours) = thread::scope(|scope| {
            let theirs = scope.spawn(|| tool.play(RealEtcd::CLIENT));
            let ours = tool.play(&ours);
            (theirs.join().expect("it ran"), ours)
        });
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!(ours, theirs, "{}", tool.program.display());
        }
        assert!(ours.iter().filter(|(_, ran)| ran.code == Some(0)).count() > 25);
        // Our command line prints what etcdctl 3.5.16 prints, up to the revisions of its turn.
        let codes: Vec<_> = ours.iter().map(|(line, ran)| (line.clone(), ran.code)).collect();
        assert_eq!(&codes, first.get_or_insert_with(|| codes.clone()));
    }
}

/// Revokes all leases, so that their keys go, too.
fn forget_all(tool: &Tool, endpoints: &str) {
    let listed = tool.run(endpoints, "lease list").stdout;
    for id in listed.lines().skip(1) {
        tool.run(endpoints, &format!("lease revoke {id}"));
    }
}

/// Grants a lease; its id.
fn grant(tool: &Tool, endpoints: &str, ttl: u32) -> String {
    let ran = run_until_ok(|| tool.run(endpoints, &format!("lease grant {ttl}")));
    ran.stdout.split_whitespace().nth(1).expect("lease ID granted").to_owned()
}

#[test]
fn a_lease_is_kept_alive_until_it_is_revoked() {
    let Some(tools) = Tool::all() else { return };
    let mut cluster = Cluster::on_addresses(1, 41);
    cluster.start_all();
    let endpoints = cluster.endpoints();
    // Side by side: each takes as long as a lease lives, and that is long, so that it outlives a moment
    // in which the machine stands still.
    thread::scope(|scope| {
        for tool in &tools {
            scope.spawn(|| keep_alive(tool, &endpoints));
        }
    });
}

/// Seconds that a lease lives that is kept alive.
const KEPT: u32 = 9;

/// Keeps a lease alive for longer than it would live, and revokes it.
fn keep_alive(tool: &Tool, endpoints: &str) {
    let id = grant(tool, endpoints, KEPT);
    let mut keeping = tool.command(endpoints, &["lease", "keep-alive", &id]);
    let mut keeping = keeping.stdout(Stdio::piped()).spawn().expect("the program can be started");
    let mut lines = BufReader::new(keeping.stdout.take().expect("it is piped")).lines();
    let mut line = || lines.next().and_then(Result::ok).unwrap_or_default();
    // The first at once, then one in a third of the time: the fifth is behind the end of the first.
    let begin = Instant::now();
    let renewed = format!("lease {id} keepalived with TTL({KEPT})");
    for _ in 0..5 {
        assert_eq!(line(), renewed, "{}", tool.program.display());
    }
    assert!(begin.elapsed() > Duration::from_secs(KEPT.into()), "{:?}", begin.elapsed());
    run_until_ok(|| tool.run(endpoints, &format!("lease revoke {id}")));
    let mut last = line();
    while last == renewed {
        last = line();
    }
    assert_eq!(last, format!("lease {id} expired or revoked."));
    assert_eq!(keeping.wait().expect("it ends when the lease does").code(), Some(0));
}

/// Seconds that a lease lives whose leader dies: long enough for all that is asked before.
const ORPHANED: u32 = 12;

#[test]
fn a_lease_outlives_its_leader_and_then_ends_with_its_keys() {
    let Some([etcdctl, ..]) = Tool::all() else { return };
    let mut cluster = Cluster::on_addresses(3, 42);
    cluster.start_all();
    let urls: Vec<String> = cluster.members.iter().map(|member| member.url()).collect();
    let id = grant(&etcdctl, &urls[0], ORPHANED);
    run_until_ok(|| etcdctl.run(&urls[1], &format!("put here I --lease={id}")));
    for url in &urls {
        let ran = run_until_ok(|| etcdctl.run(url, &format!("lease keep-alive {id} --once")));
        assert_eq!(ran.stdout, format!("lease {id} keepalived with TTL({ORPHANED})\n"));
    }
    let leader = eventually("there is a leader", || {
        let ran = etcdctl.run(&urls.join(","), "endpoint status");
        let leads = |line: &str| line.split(", ").nth(4) == Some("true");
        ran.stdout.lines().position(leads).ok_or_else(|| format!("{ran:?}"))
    });
    cluster.members[leader].kill();
    let other = &urls[(leader + 1) % 3];
    let ran = run_until_ok(|| etcdctl.run(other, &format!("lease timetolive {id} --keys")));
    assert!(ran.stdout.ends_with("attached keys([here])\n"), "{} {}", ran.stdout, ran.stderr);
    eventually("the lease ends", || {
        let ran = etcdctl.run(other, "get here");
        if ran.stdout.is_empty() && ran.code == Some(0) { Ok(()) } else { Err(ran.stdout) }
    });
    let ran = run_until_ok(|| etcdctl.run(other, &format!("lease timetolive {id}")));
    assert_eq!(ran.stdout, format!("lease {id} already expired\n"));
}
