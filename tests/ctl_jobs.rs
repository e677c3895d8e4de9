//! Commands that go on: `lock`, `elect`, `make-mirror` and `check datascale`, of the real etcdctl 3.5.16
//! and of `glasshouse ctl`, side by side in one queue.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use glasshouse_tests::cluster::{Cluster, Ran, TempDir, eventually, glasshouse, run, text};
use glasshouse_tests::tools;

/// How long a line may take to come.
const PATIENCE: Duration = Duration::from_secs(120);

/// What has not been printed after this time is taken not to come.
const SILENCE: Duration = Duration::from_millis(700);

/// A command line tool and the endpoints that it asks.
#[derive(Clone)]
struct Tool {
    program: PathBuf,
    first: &'static [&'static str],
    endpoints: String,
}

impl Tool {
    /// etcdctl and ours.
    fn both(endpoints: &str) -> Option<[Self; 2]> {
        let endpoints = endpoints.to_owned();
        let etcdctl = tools::etcd("3.5.16")?.join("etcdctl");
        Some([
            Self { program: etcdctl, first: &[], endpoints: endpoints.clone() },
            Self { program: glasshouse(), first: &["ctl"], endpoints },
        ])
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(self.first).arg(format!("--endpoints={}", self.endpoints)).args(args);
        command
    }

    fn run(&self, args: &[&str]) -> Ran {
        run(&mut self.command(args))
    }

    fn ok(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        assert_eq!(ran.code, Some(0), "{args:?}: {}", ran.stderr);
        ran.stdout
    }

    /// Starts a command that goes on.
    fn start(&self, args: &[&str]) -> Going {
        Going::start(&mut self.command(args))
    }
}

/// A command under way, whose lines are read as they come.
struct Going {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Going {
    fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the program can be started");
        let lines = reader(child.stdout.take().expect("it is piped"));
        Self { child, lines }
    }

    fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("a line comes")
    }

    fn prints_nothing(&self) {
        let line = self.lines.recv_timeout(SILENCE);
        assert!(line.is_err(), "it printed {line:?}");
    }

    /// Ctrl-C.
    fn interrupt(&self) {
        let line = format!("kill -s INT {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &line]).status().is_ok_and(|code| code.success()));
    }

    fn code(mut self) -> Option<i32> {
        self.child.wait().expect("it was started").code()
    }

    fn kill(mut self) {
        self.child.kill().expect("it runs");
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        // Observers and mirrors go on for ever.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Lines as they come, read in a thread of their own.
fn reader(output: ChildStdout) -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    lines
}

#[test]
fn one_lock_goes_from_hand_to_hand() {
    let mut cluster = Cluster::on_addresses(1, 100);
    cluster.start_all();
    let Some([etcdctl, ours]) = Tool::both(&cluster.endpoints()) else { return };
    // Side by side, because each waits for a lease to end.
    thread::scope(|scope| {
        scope.spawn(|| hand_over(&etcdctl, &ours, "one"));
        scope.spawn(|| hand_over(&ours, &etcdctl, "two"));
    });
}

/// Seconds that a lock outlives its holder: long enough to look at it when the holder is dead.
const LOCK_TTL: u64 = 6;

fn hand_over(first: &Tool, second: &Tool, name: &str) {
    let prefix = format!("{name}/");
    let keys = || first.ok(&["get", &prefix, "--prefix", "--keys-only"]).lines().count() / 2;
    let ttl = format!("--ttl={LOCK_TTL}");
    let holder = first.start(&["lock", &ttl, name]);
    assert!(holder.line().starts_with(&prefix));
    let next = second.start(&["lock", &ttl, name]);
    eventually("the second stands in the queue", || {
        if keys() == 2 { Ok(()) } else { Err(keys().to_string()) }
    });
    next.prints_nothing();
    holder.interrupt();
    assert_eq!(holder.code(), Some(0));
    assert!(next.line().starts_with(&prefix));
    // Longer than the lease lives: it is kept alive.
    thread::sleep(Duration::from_secs(LOCK_TTL + 1));
    assert_eq!(keys(), 1);
    // Nobody gives this one back. Its lease ends, and with it the lock.
    next.kill();
    assert_eq!(keys(), 1);
    let third = first.start(&["lock", name]);
    assert!(third.line().starts_with(&prefix));
    third.interrupt();
    assert_eq!(third.code(), Some(0));
    assert_eq!(keys(), 0);
}

#[test]
fn a_program_runs_while_a_lock_is_held() {
    let mut cluster = Cluster::on_addresses(1, 101);
    cluster.start_all();
    let Some(tools) = Tool::both(&cluster.endpoints()) else { return };
    let dir = TempDir::new("lock");
    for (number, tool) in tools.iter().enumerate() {
        let done = dir.0.join(format!("done{number}"));
        let wait = format!(
            "echo held $ETCD_LOCK_REV; while ! [ -e {} ]; do sleep 0.05; done; exit 7",
            text(&done)
        );
        let holder = tool.start(&["lock", "jobs", "--", "sh", "-c", &wait]);
        assert!(holder.line().starts_with("held "));
        let waiting = tools[1 - number].start(&["lock", "jobs", "--", "echo", "next"]);
        waiting.prints_nothing();
        fs::write(&done, "").unwrap();
        assert_eq!(holder.code(), Some(7), "the program's code is passed on");
        assert_eq!(waiting.line(), "next");
        assert_eq!(waiting.code(), Some(0));
        assert_eq!(tool.ok(&["get", "jobs/", "--prefix"]), "");
        let line = ["lock", "jobs", "--", "/no/such/program"];
        assert_eq!(tool.run(&line).code, tools[0].run(&line).code);
    }
}

#[test]
fn an_election_is_won_one_after_the_other() {
    let mut cluster = Cluster::on_addresses(3, 102);
    cluster.start_all();
    let Some([etcdctl, ours]) = Tool::both(&cluster.endpoints()) else { return };
    let observers = [etcdctl.start(&["elect", "-l", "boss"]), ours.start(&["elect", "-l", "boss"])];
    let seen = |expected: &str| {
        for observer in &observers {
            assert!(observer.line().starts_with("boss/"));
            assert_eq!(observer.line(), expected);
        }
    };
    let first = etcdctl.start(&["elect", "boss", "first"]);
    assert!(first.line().starts_with("boss/"));
    assert_eq!(first.line(), "first");
    seen("first");
    let second = ours.start(&["elect", "boss", "second"]);
    second.prints_nothing();
    first.interrupt();
    assert_eq!(first.code(), Some(0));
    assert!(second.line().starts_with("boss/"));
    assert_eq!(second.line(), "second");
    seen("second");
    // A member dies; leader and observers go on at the others.
    cluster.members[0].kill();
    // It may have been raft's leader. What is proposed before the next one leads may be lost, in etcd, too.
    eventually("somebody leads again", || {
        let ran = ours.run(&["get", "boss"]);
        if ran.code == Some(0) { Ok(()) } else { Err(ran.stderr) }
    });
    let third = ours.start(&["elect", "boss", "third"]);
    third.prints_nothing();
    second.interrupt();
    assert_eq!(second.code(), Some(0));
    assert!(third.line().starts_with("boss/"));
    seen("third");
    third.interrupt();
    assert_eq!(third.code(), Some(0));
}

/// All keys under a prefix with their values, and the revision in which each was written.
fn copied(tool: &Tool, prefix: &str) -> String {
    let simple = tool.ok(&["get", prefix, "--prefix"]);
    let fields = tool.ok(&["get", prefix, "--prefix", "-w", "fields"]);
    let written = |line: &&str| line.starts_with("\"ModRevision\"");
    let mut revisions: Vec<&str> = fields.lines().filter(written).collect();
    revisions.dedup();
    format!("{simple}{} revisions", revisions.len())
}

#[test]
fn a_mirror_follows_its_source() {
    let (mut source, mut destination) =
        (Cluster::on_addresses(3, 103), Cluster::on_addresses(1, 104));
    source.start_all();
    destination.start_all();
    let Some(here) = Tool::both(&source.endpoints()) else { return };
    let Some([there, _]) = Tool::both(&destination.endpoints()) else { return };
    let [etcdctl, ours] = &here;
    ours.ok(&["put", "a/1", "one"]);
    ours.ok(&["put", "a/2", "two"]);
    ours.ok(&["put", "other", "not mirrored"]);
    let to = there.endpoints.as_str();
    let mirrors = [
        etcdctl.start(&["make-mirror", "--prefix=a/", "--dest-prefix=theirs/", to]),
        ours.start(&["make-mirror", "--prefix=a/", "--dest-prefix=ours/", to]),
        ours.start(&["make-mirror", "--prefix=a/", "--no-dest-prefix", to]),
    ];
    let reaches = |expected: &str| {
        for prefix in ["theirs/", "ours/"] {
            eventually("the mirror shows it", || {
                let shown = copied(&there, prefix).replace(prefix, "a/");
                if shown == expected { Ok(()) } else { Err(format!("{prefix} {shown}")) }
            });
        }
    };
    reaches("a/1\none\na/2\ntwo\n2 revisions");
    // A transaction of two keys is one revision on both sides.
    let mut line = ours.command(&["txn"]);
    let mut txn = line.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let asked = "\nput a/3 three\nput a/4 four\ndel a/1\n\n\n";
    std::io::Write::write_all(txn.stdin.as_mut().unwrap(), asked.as_bytes()).unwrap();
    assert!(txn.wait().unwrap().success());
    reaches("a/2\ntwo\na/3\nthree\na/4\nfour\n2 revisions");
    // The source's members die one after the other, and come back.
    for number in 0..3 {
        source.members[number].kill();
        eventually("a put", || {
            let ran = ours.run(&["put", "a/2", &format!("kill {number}")]);
            if ran.code == Some(0) { Ok(()) } else { Err(ran.stderr) }
        });
        source.start(number);
        source.members[number].wait_until_ready();
    }
    reaches("a/2\nkill 2\na/3\nthree\na/4\nfour\n2 revisions");
    assert_eq!(there.ok(&["get", "3", "--print-value-only"]), "three\n");
    assert_eq!(there.ok(&["get", "other"]), "");
    mirrors.into_iter().for_each(Going::kill);
}

#[test]
fn a_mirror_logs_in_at_its_destination() {
    let (mut source, mut destination) =
        (Cluster::on_addresses(1, 105), Cluster::on_addresses(1, 106));
    destination.add_flags(&["--bcrypt-cost=4"]);
    source.start_all();
    destination.start_all();
    let Some(here) = Tool::both(&source.endpoints()) else { return };
    let Some([there, _]) = Tool::both(&destination.endpoints()) else { return };
    for line in ["user add root:pw", "user grant-role root root", "auth enable"] {
        let _ = there.run(&["role", "add", "root"]);
        there.ok(&line.split(' ').collect::<Vec<_>>());
    }
    here[0].ok(&["put", "k", "v"]);
    let to = there.endpoints.as_str();
    for tool in &here {
        let refused = tool.run(&["make-mirror", "--dest-user=root:wrong", to]);
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        let last = "Error: etcdserver: authentication failed, invalid user ID or password";
        assert_eq!(refused.stderr.lines().last(), Some(last));
        let nobody = tool.run(&["make-mirror", to]);
        assert_eq!((nobody.code, nobody.stderr.lines().last()), (Some(1), Some(NOBODY)));
        let mirror = tool.start(&["make-mirror", "--dest-user=root:pw", to]);
        eventually("the mirror shows it", || {
            let shown = there.run(&["--user=root:pw", "get", "k"]).stdout;
            if shown == "k\nv\n" { Ok(()) } else { Err(shown) }
        });
        mirror.kill();
        there.ok(&["--user=root:pw", "del", "k"]);
    }
}

/// What a cluster with authentication says to who shows no token.
const NOBODY: &str = "Error: etcdserver: user name is empty";

#[test]
fn both_weigh_ten_thousand_keys() {
    let mut cluster = Cluster::on_addresses(1, 107);
    cluster.start_all();
    let Some(tools) = Tool::both(&cluster.endpoints()) else { return };
    for tool in &tools {
        let printed = tool.ok(&["check", "datascale", "--auto-compact"]);
        let (first, rest) = printed.split_once('\n').expect("several lines");
        assert_eq!(
            first,
            "Start data scale check for work load [10000 key-value pairs, 1024 bytes per key-value, 50 concurrent clients]."
        );
        assert!(rest.contains("\r 10000 / 10000  100.00% "), "{rest}");
        let compacted = rest.lines().nth(2).expect("it compacts");
        assert!(compacted.starts_with("Compacted with revision "), "{rest}");
        let last = rest.lines().last().expect("it judges");
        assert!(last.starts_with("PASS: Approximate system memory used : "), "{rest}");
        assert!(last.ends_with(" MB."), "{rest}");
        assert_eq!(tool.ok(&["get", "", "--prefix", "--keys-only"]), "");
    }
}

/// Files are looked after by both commands, `ctl snapshot` and `utl snapshot`.
#[test]
fn a_snapshot_is_saved_looked_into_and_restored() {
    let mut cluster = Cluster::on_addresses(1, 108);
    cluster.start_all();
    let Some([etcdctl, ours]) = Tool::both(&cluster.endpoints()) else { return };
    etcdctl.ok(&["put", "city", "Paris"]);
    let dir = TempDir::new("ctl-snapshot");
    let (file, data) = (dir.0.join("s.db"), dir.0.join("data"));
    let (file, data) = (text(&file), text(&data));
    ours.ok(&["snapshot", "save", file]);
    for format in ["simple", "json", "fields", "table", "protobuf"] {
        let line = ["snapshot", "status", file, "-w", format];
        assert_eq!(ours.run(&line), etcdctl.run(&line), "{format}");
    }
    for line in [&["snapshot", "status"][..], &["snapshot", "status", "/no/file"]] {
        assert_eq!(ours.run(line), etcdctl.run(line), "{line:?}");
    }
    let restored = ours.run(&["snapshot", "restore", file, "--data-dir", data]);
    assert_eq!(restored.code, Some(0), "{}", restored.stderr);
    assert!(Path::new(data).join("member/snap/db").exists());
    let again = ours.run(&["snapshot", "restore", file, "--data-dir", data]);
    let theirs = etcdctl.run(&["snapshot", "restore", file, "--data-dir", data]);
    assert_eq!(again.code, theirs.code);
    assert_eq!(again.stderr.lines().last(), theirs.stderr.lines().last());
    let defrag = ours.run(&["defrag", "--data-dir", data]);
    assert_eq!((defrag.code, defrag.stdout.as_str()), (Some(0), ""), "{}", defrag.stderr);
}
