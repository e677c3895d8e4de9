//! Watches of real members: by the real etcdctl, by `glasshouse ctl`, and by many watchers at once
//! while a leader is killed.
//!
//! `GLASSHOUSE_WATCHERS` and `GLASSHOUSE_WATCH_EVENTS` set the size of the last: 1000 and 10000 for
//! the whole of it. `GLASSHOUSE_WATCH_IDLE_SECONDS` says how long a client reads nothing: 60 for the
//! whole.
#![allow(clippy::print_stdout, reason = "the size and the times belong in the output")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use glasshouse_core::api::watch_request::RequestUnion;
use glasshouse_core::api::{self, Response, WatchCreateRequest, WatchRequest, WatchResponse};
use glasshouse_server::client::Connection;
use glasshouse_tests::addresses::Addresses;
use glasshouse_tests::cluster::{Cluster, Member, Ran, TempDir, glasshouse, run};
use glasshouse_tests::tools;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout, timeout_at};

/// How long a watch that does not end by itself is listened to.
const LISTEN: Duration = Duration::from_millis(1_200);

/// Time between two lines that are typed.
const TYPE: Duration = Duration::from_millis(300);

/// A difference is looked at again so slowly before it counts: a busy machine may have cut it short.
const SLOWLY: u32 = 8;

/// How long all watchers may take to hear of everything, besides [`PER_EVENT`].
const PATIENCE: Duration = Duration::from_secs(120);

/// How long one watcher may take to hear of one event, on average: far more than it takes.
const PER_EVENT: Duration = Duration::from_micros(100);

// --- etcdctl ---

/// A member of some kind, and a command line that talks to it.
struct Side<'a> {
    program: &'a Path,
    /// Words in front of every command.
    first: &'a [&'a str],
    endpoint: &'a str,
}

impl Side<'_> {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(self.program);
        command.args(self.first).arg(format!("--endpoints={}", self.endpoint)).args(args);
        command.env("ETCDCTL_API", "3");
        command
    }

    /// Runs a command to its end.
    fn run(&self, args: &[&str]) -> Ran {
        run(&mut self.command(args))
    }

    /// Runs a watch until it ends or has been listened to; then it is killed and has no exit code.
    /// Lines are typed, and it is listened to, `slowness` times as slowly as a machine at rest needs.
    fn watch(&self, (args, lines, variables): &Case, slowness: u32) -> Ran {
        let mut command = self.command(&["watch"]);
        command.args(*args).envs(variables.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program can be started");
        let mut input = child.stdin.take().expect("it is piped");
        for line in lines.split_inclusive('\n') {
            let _ = input.write_all(line.as_bytes());
            thread::sleep(TYPE * slowness);
        }
        let ended = listen(&mut child, LISTEN * slowness);
        drop(input);
        let output = child.wait_with_output().expect("it was started");
        Ran {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code().filter(|_| ended),
        }
    }
}

/// Waits for the end of a watch and kills it when there is none; whether there was one.
fn listen(child: &mut Child, time: Duration) -> bool {
    let begin = Instant::now();
    while begin.elapsed() < time {
        if child.try_wait().expect("it was started").is_some() {
            return true;
        }
        thread::sleep(Duration::from_millis(20));
    }
    child.kill().expect("it runs");
    false
}

/// Ids and terms differ from cluster to cluster.
fn steady(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let names = ["\"cluster_id\":", "\"member_id\":", "\"raft_term\":"];
        let mut line = line.to_owned();
        for name in names {
            if let Some(at) = line.find(name) {
                let from = at + name.len();
                let digits = line[from..].bytes().take_while(u8::is_ascii_digit).count();
                line.replace_range(from..from + digits, "0");
            }
        }
        for name in ["\"ClusterID\" : ", "\"MemberID\" : ", "\"RaftTerm\" : "] {
            if line.starts_with(name) {
                line = name.to_owned();
            }
        }
        out += &line;
        out.push('\n');
    }
    out
}

/// What is watched of the same history, and how: arguments, standard input, environment.
type Case = (&'static [&'static str], &'static str, &'static [(&'static str, &'static str)]);

const CASES: &[Case] = &[
    (&["foo", "--rev=2"], "", &[]),
    (&["foo", "--rev=2", "--prev-kv"], "", &[]),
    (&["foo", "--rev=2", "--prev-kv", "-w", "json"], "", &[]),
    (&["foo", "--rev=2", "--prev-kv", "-w", "fields"], "", &[]),
    (&["foo", "--rev=2", "-w", "table"], "", &[]),
    (&["foo", "--rev=2", "--hex"], "", &[]),
    (&["fo", "--prefix", "--rev=2"], "", &[]),
    (&["", "--prefix", "--rev=2", "-w", "json"], "", &[]),
    (&["a", "foo0", "--rev=3"], "", &[]),
    (&["foo", "--rev=99"], "", &[]),
    (&["b", "a"], "", &[]),
    (&["b", "a", "-w", "json"], "", &[]),
    (&["--rev=1"], "", &[]),
    (&[], "", &[]),
    (&["--prefix", "a", "b"], "", &[]),
    (&["a", "--"], "", &[]),
    (&["--rev=5"], "", &[("ETCDCTL_WATCH_KEY", "foo")]),
    (&["--rev=2"], "", &[("ETCDCTL_WATCH_KEY", "a"), ("ETCDCTL_WATCH_RANGE_END", "z")]),
    (&["foo"], "", &[("ETCDCTL_WATCH_KEY", "foo")]),
    (&["foo", "--", "echo", "1"], "", &[("ETCDCTL_WATCH_KEY", "foo")]),
    (&["--rev=5", "--", "echo", "1"], "", &[("ETCDCTL_WATCH_KEY", "foo")]),
    (&["foo"], "", &[("ETCDCTL_WATCH_RANGE_END", "foo")]),
    (&["foo", "--rev=4", "--", "sh", "-c", "env | grep ETCD_WATCH_ | sort"], "", &[]),
    (&["foo", "--rev=4", "--", "false"], "", &[]),
    (&["foo", "--rev=4", "--", "no-such-command", "a b"], "", &[]),
    (&["foo", "--rev=4", "--", "echo", "echo"], "", &[]),
    (&["--help"], "", &[]),
    (&["--no-such-flag", "foo"], "", &[]),
    (&["-i"], "watch foo --rev 5\n\nget\nwatch\nwatch b a\nwatch --prefix fo zz\nprogress\n", &[]),
    (&["-i", "-w", "json"], "watch foo --rev 5\nprogress\n", &[]),
    (&["-i"], "watch --no-such-flag foo\n", &[]),
    (&["-i"], "watch foz --rev 2 -- echo hello\nwatch foo --rev 5\n", &[]),
];

/// The same after a compaction.
const COMPACTED: &[Case] = &[
    (&["foo", "--rev=2"], "", &[]),
    (&["foo", "--rev=2", "-w", "json"], "", &[]),
    (&["foo", "--rev=4", "--prev-kv", "-w", "json"], "", &[]),
    (&["foo", "--rev=-3", "-w", "json"], "", &[]),
];

fn write_history(side: &Side<'_>) {
    for args in [
        &["put", "foo", "bar"][..],
        &["put", "foo", "baz"],
        &["del", "foo"],
        &["put", "foo", "qux"],
        &["put", "foz", "\"1\""],
    ] {
        let ran = side.run(args);
        assert_eq!(ran.code, Some(0), "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn etcdctl_watches_us_as_it_watches_etcd_and_so_does_our_own() {
    let Some(tools) = tools::etcd("3.5.16") else { return };
    let etcdctl = tools.join("etcdctl");
    let etcd = Etcd::start(&tools.join("etcd"));
    let mut cluster = Cluster::on_addresses(1, 31);
    cluster.start_all();
    let (ours, own) = (cluster.members[0].address(), glasshouse());
    let sides = [
        Side { program: &etcdctl, first: &[], endpoint: &etcd.endpoint },
        Side { program: &etcdctl, first: &[], endpoint: &ours },
        Side { program: &own, first: &["ctl"], endpoint: &ours },
    ];
    write_history(&sides[0]);
    write_history(&sides[2]);
    compare(&sides, CASES);
    for side in &sides[..2] {
        assert_eq!(side.run(&["compaction", "4"]).code, Some(0));
    }
    compare(&sides, COMPACTED);
}

fn compare(sides: &[Side<'_>; 3], cases: &[Case]) {
    let differs = |case: &&Case| !differences(sides, case, 1).is_empty();
    let suspects = cases.iter().filter(differs);
    let wrong: Vec<String> = suspects.flat_map(|case| differences(sides, case, SLOWLY)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// What is printed otherwise than by etcdctl on etcd.
fn differences(sides: &[Side<'_>; 3], case: &Case, slowness: u32) -> Vec<String> {
    let [theirs, real, own] = thread::scope(|scope| {
        let ran = |side| scope.spawn(move || Side::watch(side, case, slowness));
        let [a, b, c] = [ran(&sides[0]), ran(&sides[1]), ran(&sides[2])];
        [a, b, c].map(|thread| thread.join().expect("it ran"))
    });
    let same = |ran: &Ran| {
        (steady(&ran.stdout), steady(&ran.stderr), ran.code)
            == (steady(&theirs.stdout), steady(&theirs.stderr), theirs.code)
    };
    let others = [("etcdctl on us", real), ("glasshouse ctl", own)];
    let others = others.into_iter().filter(|(_, ran)| !same(ran));
    let (args, lines, _) = case;
    others
        .map(|(who, ran)| format!("watch {args:?} {lines:?}\n{who}: {ran:#?}\netcd: {theirs:#?}"))
        .collect()
}

/// A real etcd of one member.
struct Etcd {
    child: Child,
    endpoint: String,
    _dir: TempDir,
    _addresses: Addresses,
}

impl Etcd {
    fn start(program: &PathBuf) -> Self {
        let addresses = Addresses::take([127, 77, 32]);
        let dir = TempDir::new("etcd");
        let (client, peer) = ("http://127.77.32.1:2379", "http://127.77.32.1:2380");
        let child = Command::new(program)
            .arg(format!("--data-dir={}", dir.0.join("etcd").display()))
            .arg(format!("--listen-client-urls={client}"))
            .arg(format!("--advertise-client-urls={client}"))
            .arg(format!("--listen-peer-urls={peer}"))
            .arg(format!("--initial-advertise-peer-urls={peer}"))
            .arg(format!("--initial-cluster=default={peer}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("etcd can be started");
        Self { child, endpoint: "127.77.32.1:2379".to_owned(), _dir: dir, _addresses: addresses }
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

// --- many watchers ---

#[test]
fn many_watchers_hear_everything_once_through_a_killed_leader() {
    let watchers = variable("GLASSHOUSE_WATCHERS").unwrap_or(200);
    let events = variable("GLASSHOUSE_WATCH_EVENTS").unwrap_or(2_000);
    let mut cluster = Cluster::on_addresses(3, 33);
    cluster.start_all();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime starts").block_on(watch_all(&mut cluster, watchers, events));
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

async fn watch_all(cluster: &mut Cluster, watchers: u64, events: u64) {
    let begin = Instant::now();
    let addresses: Vec<String> = cluster.members.iter().map(Member::address).collect();
    // The last revision, once it is known.
    let end = Arc::new(AtomicI64::new(i64::MAX));
    let tasks: Vec<_> = (0..watchers)
        .map(|number| {
            let mut addresses = addresses.clone();
            let count = addresses.len() as u64;
            addresses.rotate_left(usize::try_from(number % count).expect("few members"));
            tokio::spawn(watch_one(number, addresses, end.clone()))
        })
        .collect();
    let mut last = 0;
    for number in 0..events {
        if number == events / 2 {
            let leader = leader(&addresses).await;
            cluster.members[leader].kill();
            println!("the leader, member {leader}, is killed after {number} events");
        }
        last = put(&addresses, number).await;
    }
    let written = begin.elapsed();
    end.store(last, Ordering::Relaxed);
    // A watcher that waits for the next event sees the end with this one.
    put(&addresses, events).await;
    let mut streams = 0;
    let deliveries = u32::try_from(watchers * events).expect("few enough");
    let deadline = tokio::time::Instant::now() + PATIENCE + PER_EVENT * deliveries;
    for task in tasks {
        let ended = timeout_at(deadline, task).await;
        let (revisions, opened) = ended.expect("every watcher hears the end").expect("it ran");
        assert!(revisions.iter().copied().eq(2..=last), "a watcher heard {revisions:?}");
        streams += opened;
    }
    assert!(streams > watchers, "those of the killed leader went on elsewhere");
    let all = begin.elapsed();
    let alive = cluster.members.iter_mut().filter_map(|member| {
        let is_running = member.is_running();
        is_running.then(|| member.resident_bytes() / 1_000_000)
    });
    println!(
        "{watchers} watchers, {events} events: written after {written:?}, all heard after {all:?}, \
         {streams} streams, MB of the members that are left: {:?}",
        alive.collect::<Vec<_>>()
    );
}

/// Writes until it is acknowledged; returns the revision.
async fn put(addresses: &[String], number: u64) -> i64 {
    for round in 0.. {
        let address = &addresses[round % addresses.len()];
        let request = api::PutRequest {
            key: format!("key{}", number % 10).into(),
            value: number.to_string().into(),
            ..api::PutRequest::default()
        };
        let attempt = async {
            let connection = Connection::open(address, Duration::from_secs(1)).await.ok()?;
            connection.ask(request.into()).await.ok()
        };
        if let Ok(Some(Response::Put(done))) = timeout(Duration::from_secs(3), attempt).await {
            return done.header.expect("every answer has a header").revision;
        }
        sleep(Duration::from_millis(50)).await;
    }
    unreachable!("it tries until it works")
}

async fn leader(addresses: &[String]) -> usize {
    let begin = Instant::now();
    loop {
        for (number, address) in addresses.iter().enumerate() {
            let connection = Connection::open(address, PATIENCE).await.expect("it is up");
            let status = connection.ask(api::StatusRequest::default().into()).await;
            let Ok(Response::Status(status)) = status else { panic!("no status: {status:?}") };
            if status.header.is_some_and(|header| header.member_id == status.leader) {
                return number;
            }
        }
        assert!(begin.elapsed() < PATIENCE, "nobody leads");
        sleep(Duration::from_millis(50)).await;
    }
}

/// Watches all keys from the beginning to the end, member after member; returns the revisions that
/// it heard of, and how many streams that took.
async fn watch_one(number: u64, addresses: Vec<String>, end: Arc<AtomicI64>) -> (Vec<i64>, u64) {
    let mut revisions: Vec<i64> = Vec::new();
    for round in 0.. {
        let address = &addresses[round % addresses.len()];
        let next = revisions.last().map_or(2, |last| last + 1);
        let Ok(connection) = Connection::open(address, Duration::from_secs(1)).await else {
            sleep(Duration::from_millis(20)).await;
            continue;
        };
        let (requests, outgoing) = mpsc::unbounded_channel();
        let create = WatchCreateRequest {
            key: "key".into(),
            range_end: "kez".into(),
            start_revision: next,
            prev_kv: number.is_multiple_of(2),
            ..WatchCreateRequest::default()
        };
        let union = RequestUnion::CreateRequest(create);
        requests.send(WatchRequest { request_union: Some(union) }).expect("it is listened to");
        let Ok(mut responses) = connection.watch(outgoing, true, None).await else { continue };
        while let Ok(Some(response)) = responses.message().await {
            take(&mut revisions, &response, &end);
            if revisions.last().is_some_and(|last| *last >= end.load(Ordering::Relaxed)) {
                return (revisions, round as u64 + 1);
            }
        }
    }
    unreachable!("it watches until the end")
}

fn take(revisions: &mut Vec<i64>, response: &WatchResponse, end: &AtomicI64) {
    assert!(!response.canceled, "{response:?}");
    for event in &response.events {
        let revision = event.kv.as_ref().map_or(0, |pair| pair.mod_revision);
        if revision <= end.load(Ordering::Relaxed) {
            revisions.push(revision);
        }
    }
}

// --- a client that reads nothing ---

/// Values of 16 KiB, 32 MiB in all: far more than a stream's credit and all windows.
const LARGE: (usize, usize) = (2_048, 16 * 1024);

/// Watchers of the one stream. What they hear is eight times what was written.
const IDLE_WATCHERS: usize = 8;

/// Memory that such a client may cost the member, in bytes: the stream's credit, all windows, and
/// what an allocator does not give back. A quarter of what waits for the client.
const COST_MAX: u64 = 2 * (LARGE.0 * LARGE.1) as u64;

#[test]
fn watchers_whose_client_reads_nothing_cost_little_and_get_all_later() {
    let idle = Duration::from_secs(variable("GLASSHOUSE_WATCH_IDLE_SECONDS").unwrap_or(1));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    // The same writes with nobody watching say what the data itself costs.
    let mut alone = Cluster::on_addresses(1, 35);
    alone.start_all();
    runtime.block_on(write_large(&alone.members[0]));
    let without = alone.members[0].resident_bytes();
    let mut cluster = Cluster::on_addresses(1, 34);
    cluster.start_all();
    runtime.block_on(read_nothing_for(idle, &cluster.members[0], without));
}

async fn write_large(member: &Member) {
    let writer = Connection::open(&member.address(), PATIENCE).await.unwrap();
    for _ in 0..LARGE.0 {
        let value = vec![b'x'; LARGE.1];
        let put =
            api::PutRequest { key: "large".into(), value: value.into(), ..Default::default() };
        writer.clone().ask(put.into()).await.unwrap();
    }
}

async fn read_nothing_for(time: Duration, member: &Member, without: u64) {
    let reader = Connection::open(&member.address(), PATIENCE).await.unwrap();
    let (requests, outgoing) = mpsc::unbounded_channel();
    for _ in 0..IDLE_WATCHERS {
        let create = WatchCreateRequest { key: "large".into(), ..Default::default() };
        let union = RequestUnion::CreateRequest(create);
        requests.send(WatchRequest { request_union: Some(union) }).unwrap();
    }
    let mut responses = reader.watch(outgoing, false, None).await.unwrap();
    for _ in 0..IDLE_WATCHERS {
        assert!(responses.message().await.unwrap().unwrap().created);
    }
    write_large(member).await;
    sleep(time).await;
    let with = member.resident_bytes();
    println!(
        "nothing was read for {time:?}: {with} bytes of memory, {without} with nobody watching"
    );
    assert!(with < without + COST_MAX, "{with} bytes, {without} with nobody watching");
    let mut heard = vec![Vec::new(); IDLE_WATCHERS];
    while heard.iter().any(|revisions: &Vec<i64>| revisions.len() < LARGE.0) {
        let response = timeout(PATIENCE, responses.message()).await.unwrap().unwrap().unwrap();
        let watcher = usize::try_from(response.watch_id).unwrap();
        let events = response.events.iter();
        heard[watcher].extend(events.map(|event| event.kv.as_ref().unwrap().mod_revision));
    }
    let all: Vec<i64> = (2..).take(LARGE.0).collect();
    assert!(heard.iter().all(|revisions| *revisions == all));
    println!("all was read: {} bytes of memory", member.resident_bytes());
}
