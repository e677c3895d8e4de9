//! Snapshots: saved by the real etcdctl 3.4.23 and 3.5.16 from members of ours while clients write,
//! restored by the real etcdutl into a real etcd, by `glasshouse utl` into members of ours, and from a
//! real etcd into members of ours.
//!
//! ```text
//!   our cluster ──► etcdctl snapshot save ──► file ──┬─► etcdutl restore ────────► real etcd
//!                                                    └─► glasshouse utl restore ─► our cluster
//!   real etcd   ──► etcdctl snapshot save ──► file ────► glasshouse utl restore ─► our cluster
//! ```
//!
//! Equal means: keys, values, revisions, versions and leases in JSON, and the hash of all rows.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use glasshouse_core::api::{self, CompactionRequest, DeleteRangeRequest, PutRequest, Request};
use glasshouse_server::client::Connection;
use glasshouse_tests::cluster::{Cluster, Ran, TempDir, eventually, glasshouse, run, text};
use glasshouse_tests::tools;
use serde_json::Value;

/// A folder of a real etcd, with `etcd`, `etcdctl` and maybe `etcdutl`.
struct Etcd(PathBuf);

impl Etcd {
    fn find(version: &str) -> Option<Self> {
        tools::etcd(version).map(Self)
    }

    fn ctl(&self, cluster: &Cluster, args: &[&str]) -> Ran {
        let endpoint = cluster.members[0].address();
        let mut command = Command::new(self.0.join("etcdctl"));
        run(command.env("ETCDCTL_API", "3").args(["--endpoints", &endpoint]).args(args))
    }

    fn utl(&self, args: &[&str]) -> Ran {
        run(Command::new(self.0.join("etcdutl")).args(args))
    }

    fn save(&self, cluster: &Cluster, file: &Path) {
        let ran = self.ctl(cluster, &["snapshot", "save", text(file)]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
}

fn utl(args: &[&str]) -> Ran {
    run(Command::new(glasshouse()).arg("utl").args(args))
}

fn json(ran: &Ran) -> Value {
    assert_eq!(ran.code, Some(0), "{ran:?}");
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

/// All keys as JSON, and the revision at which they were read.
fn keys(etcd: &Etcd, cluster: &Cluster) -> (Value, Value) {
    let mut answer = json(&etcd.ctl(cluster, &["get", "", "--prefix", "-w", "json"]));
    (answer["kvs"].take(), answer["header"]["revision"].take())
}

/// Ids of the leases, in order: etcd lists them as its map gives them.
fn leases(etcd: &Etcd, cluster: &Cluster) -> Vec<i64> {
    let mut list = json(&etcd.ctl(cluster, &["lease", "list", "-w", "json"]));
    let list = list["leases"].take();
    let ids = list.as_array().into_iter().flatten().filter_map(|lease| lease["id"].as_i64());
    let mut ids: Vec<i64> = ids.collect();
    ids.sort_unstable();
    ids
}

fn hash(etcd: &Etcd, cluster: &Cluster) -> Value {
    let mut answer = json(&etcd.ctl(cluster, &["endpoint", "hashkv", "-w", "json"]));
    answer[0]["HashKV"]["hash"].take()
}

/// One connection to a member, for many requests.
struct Client {
    runtime: tokio::runtime::Runtime,
    connection: Connection,
}

impl Client {
    fn new(address: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let open = Connection::open(address, Duration::from_secs(60));
        let connection = runtime.block_on(open).unwrap();
        Self { runtime, connection }
    }

    fn ask(&self, request: impl Into<Request>) -> api::Response {
        self.runtime.block_on(self.connection.clone().ask(request.into())).unwrap()
    }

    fn put(&self, key: &str, value: &str, lease: i64) {
        self.ask(PutRequest {
            key: key.to_owned().into(),
            value: value.to_owned().into(),
            lease,
            ..PutRequest::default()
        });
    }
}

/// Keys of all sizes, generations, a compaction in the middle, leases with keys.
fn fill(address: &str) {
    let client = Client::new(address);
    for lease in [0x1234, 0x7f00_0000_0000_0001] {
        client.ask(api::LeaseGrantRequest { id: lease, ttl: 5_000 });
    }
    for number in 0..600_usize {
        let size = if number % 50 == 0 { 40_000 + number * 100 } else { number % 300 };
        let lease = if number % 100 == 7 { 0x1234 } else { 0 };
        client.put(&format!("key/{:03}", number % 400), &"v".repeat(size), lease);
        if number % 9 == 4 {
            let key = format!("key/{number:03}").into();
            client.ask(DeleteRangeRequest { key, ..DeleteRangeRequest::default() });
        }
    }
    client.ask(CompactionRequest { revision: 300, physical: true });
}

/// Makes a member's data directory of a file; the rest of the line is the cluster's.
fn restore(program: &mut Command, file: &Path, cluster: &Cluster, number: usize) -> Ran {
    let member = |name: &str| format!("{name}=http://{name}:2380");
    let names = cluster.members.iter().map(|of| of.name.as_str());
    let name = &cluster.members[number].name;
    run(program.args(["snapshot", "restore", text(file), "--name", name]).args([
        "--data-dir",
        text(&cluster.data_dir(number)),
        "--initial-cluster",
        &names.map(member).collect::<Vec<_>>().join(","),
        "--initial-advertise-peer-urls",
        &format!("http://{name}:2380"),
    ]))
}

fn restore_ours(file: &Path, block: u8, size: u8) -> Cluster {
    let mut cluster = Cluster::on_addresses(size, block);
    for number in 0..usize::from(size) {
        let ran = restore(Command::new(glasshouse()).arg("utl"), file, &cluster, number);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{ran:?}");
    }
    cluster.start_all();
    cluster
}

/// Etcdutl 3.5.16, etcdctl 3.5.16 and ours say the same of a file, in every format.
fn check_status(etcd_35: &Etcd, file: &Path) -> Value {
    for format in ["simple", "table", "json", "fields", "protobuf"] {
        let args = ["snapshot", "status", text(file), "-w", format];
        let theirs = etcd_35.utl(&args);
        assert_eq!(utl(&args), theirs, "{args:?}");
        let ctl = run(Command::new(etcd_35.0.join("etcdctl")).args(args));
        assert_eq!((&ctl.stdout, ctl.code), (&theirs.stdout, theirs.code));
    }
    json(&etcd_35.utl(&["snapshot", "status", text(file), "-w", "json"]))
}

#[test]
fn real_etcds_start_from_a_snapshot_of_a_busy_cluster() {
    let (Some(etcd_34), Some(etcd_35)) = (Etcd::find("3.4.23"), Etcd::find("3.5.16")) else {
        return;
    };
    let dir = TempDir::new("snapshot");
    let mut ours = Cluster::on_addresses(3, 60);
    ours.start_all();
    fill(&ours.members[1].address());

    // Both command lines save while a client writes at another member.
    let (busy, address) = (AtomicBool::new(true), ours.members[2].address());
    let written = AtomicU64::new(0);
    let files = thread::scope(|scope| {
        scope.spawn(|| {
            let client = Client::new(&address);
            for number in 0.. {
                client.put(&format!("busy/{}", number % 50), &number.to_string(), 0);
                written.store(number, Ordering::Relaxed);
                if !busy.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        let files: Vec<PathBuf> = (0..6).map(|number| dir.0.join(format!("{number}.db"))).collect();
        for (number, file) in files.iter().enumerate() {
            let before = written.load(Ordering::Relaxed);
            eventually("the client goes on", || {
                let now = written.load(Ordering::Relaxed);
                if now > before + 1 { Ok(()) } else { Err(format!("{now} writes")) }
            });
            [&etcd_34, &etcd_35][number % 2].save(&ours, file);
        }
        busy.store(false, Ordering::Relaxed);
        files
    });
    let mut last = 0;
    for file in &files {
        let status = check_status(&etcd_35, file);
        let simple = ["snapshot", "status", text(file)];
        assert_eq!(etcd_34.ctl(&ours, &simple).stdout, utl(&simple).stdout);
        let revision = status["revision"].as_i64().unwrap();
        assert!(revision > last, "each file holds what was acknowledged before: {revision}");
        last = revision;
    }

    // One more when it is quiet: it holds exactly what the cluster holds.
    let file = dir.0.join("quiet.db");
    etcd_35.save(&ours, &file);
    let status = check_status(&etcd_35, &file);
    let expected = keys(&etcd_35, &ours);
    assert_eq!(status["revision"], expected.1);
    let hashed = json(&utl(&["hashkv", text(&file), "-w", "json"]));
    assert_eq!(hashed["hash"], hash(&etcd_35, &ours));
    assert_eq!(hashed["hashRevision"], expected.1);
    assert_eq!(hashed["compactRevision"], 300);

    for (etcd, block) in [(&etcd_34, 61), (&etcd_35, 62)] {
        let mut real = Cluster::on_addresses(1, block);
        real.program = etcd.0.join("etcd");
        let program = ["etcdutl", "etcdctl"].map(|name| etcd.0.join(name));
        let program = program.iter().find(|path| path.is_file()).unwrap();
        let ran = restore(Command::new(program).env("ETCDCTL_API", "3"), &file, &real, 0);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        real.start_all();
        assert_eq!(keys(etcd, &real), expected, "{}", etcd.0.display());
        assert_eq!(leases(etcd, &real), leases(etcd, &ours));
        Client::new(&real.members[0].address()).put("it", "goes on", 0);
    }
}

#[test]
fn a_new_cluster_of_ours_begins_with_a_snapshot() {
    let Some(etcd_35) = Etcd::find("3.5.16") else { return };
    let dir = TempDir::new("snapshot");
    let file = dir.0.join("ours.db");
    let mut before = Cluster::on_addresses(1, 63);
    before.start_all();
    fill(&before.members[0].address());
    etcd_35.save(&before, &file);

    let mut after = restore_ours(&file, 64, 3);
    assert_eq!(keys(&etcd_35, &after), keys(&etcd_35, &before));
    assert_eq!(leases(&etcd_35, &after), leases(&etcd_35, &before));
    let ran = etcd_35.ctl(&after, &["endpoint", "hashkv", "--cluster", "-w", "json"]);
    let hashes = json(&ran);
    assert_eq!(hashes.as_array().map(Vec::len), Some(3));
    for said in hashes.as_array().unwrap() {
        assert_eq!(said["HashKV"]["hash"], hash(&etcd_35, &before));
    }
    // Ids are etcd's, made of the new peer URLs, and the old member is nobody here.
    let list = etcd_35.ctl(&after, &["member", "list"]).stdout;
    assert_eq!(list.lines().count(), 3, "{list}");
    assert!(!list.contains("127.77.63.1"), "{list}");

    Client::new(&after.members[0].address()).put("it", "goes on", 0);
    let expected = keys(&etcd_35, &after);
    for member in &mut after.members {
        member.stop();
    }
    // Offline, a data directory is as good as a file.
    let hashed = json(&utl(&["hashkv", text(&after.data_dir(0)), "-w", "json"]));
    let defrag = utl(&["defrag", "--data-dir", text(&after.data_dir(0))]);
    assert_eq!(defrag.code, Some(0), "{defrag:?}");
    after.start_all();
    assert_eq!(keys(&etcd_35, &after), expected);
    assert_eq!(hashed["hash"], hash(&etcd_35, &after));

    // While it runs, nothing touches it.
    for line in [
        &["hashkv", text(&after.data_dir(0))][..],
        &["defrag", "--data-dir", text(&after.data_dir(0))],
    ] {
        let ran = utl(line);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.stderr.contains("in use by another process"), "{ran:?}");
    }
    let again = restore(Command::new(glasshouse()).arg("utl"), &file, &after, 0);
    assert_eq!(again.code, Some(1));
    let dir = after.data_dir(0);
    assert_eq!(again.stderr, format!("Error: data-dir {dir:?} not empty or could not be read\n"));
}

#[test]
fn people_move_over_from_a_real_etcd() {
    for (version, block) in [("3.4.23", 65), ("3.5.16", 67)] {
        let Some(etcd) = Etcd::find(version) else { return };
        let Some(etcd_35) = Etcd::find("3.5.16") else { return };
        let dir = TempDir::new("snapshot");
        let file = dir.0.join("etcd.db");
        let mut real = Cluster::on_addresses(1, block);
        real.program = etcd.0.join("etcd");
        real.start_all();
        fill(&real.members[0].address());
        etcd.save(&real, &file);
        check_status(&etcd_35, &file);

        let ours = restore_ours(&file, block + 1, 3);
        assert_eq!(keys(&etcd, &ours), keys(&etcd, &real));
        assert_eq!(leases(&etcd, &ours), leases(&etcd, &real));
        if version == "3.5.16" {
            assert_eq!(hash(&etcd, &ours), hash(&etcd, &real));
        }

        // A file that was copied out of a data directory has no checksum, and says so.
        real.members[0].stop();
        let copied = real.data_dir(0).join("member/snap/db");
        let target = dir.0.join("copied");
        let line = ["snapshot", "restore", text(&copied), "--data-dir", text(&target)];
        let refused = utl(&line);
        let why = "Error: snapshot missing hash but --skip-hash-check=false\n";
        assert_eq!((refused.code, refused.stderr.as_str()), (Some(1), why));
        let wal = dir.0.join("log");
        let apart = ["--skip-hash-check", "--wal-dir", text(&wal), "--bump-revision", "5000"];
        let apart = [&apart[..], &["--mark-compacted"]].concat();
        assert_eq!(utl(&[&line[..], &apart].concat()).code, Some(0));
        assert!(wal.join("0000000000000000.wal").is_file());
        assert!(!target.join("member/wal").exists());
        let revision = keys(&etcd, &ours).1.as_i64().unwrap();
        let hashed = json(&utl(&["hashkv", text(&target), "-w", "json"]));
        assert_eq!(hashed["hashRevision"], revision + 5_000);
        assert_eq!(hashed["compactRevision"], revision + 5_000);
    }
}

/// Users, roles and their rights; from here on who asks must say who he is.
const USERS: &str = "\
user add root:rootpw
role add root
user grant-role root root
user add alice:alices
user add carol --no-password
role add app
role add empty
role grant-permission app readwrite app/ --prefix
role grant-permission app read seen
user grant-role alice app
user grant-role carol app
user grant-role carol empty
put app/a 1
put seen 1
put hidden 1
auth enable";

/// What shows them all, and what they are worth.
const SHOWN: &str = "\
--user=root:rootpw user list
--user=root:rootpw user get alice --detail
--user=root:rootpw user get carol --detail
--user=root:rootpw role list
--user=root:rootpw role get app
--user=root:rootpw role get empty
--user=root:rootpw get hidden
--user=alice:alices put app/a 1
--user=alice:alices get app/a
--user=alice:alices get seen
--user=alice:alices put seen 2
--user=alice:alices get hidden
--user=alice:wrong get seen
--user=carol:x get seen
get seen";

/// Lines of [`SHOWN`] that are allowed.
const ALLOWED: usize = 10;

fn set_up_users(etcd: &Etcd, cluster: &Cluster) {
    for line in USERS.lines() {
        let ran = etcd.ctl(cluster, &line.split(' ').collect::<Vec<_>>());
        assert_eq!(ran.code, Some(0), "{line}: {ran:?}");
    }
}

fn users(etcd: &Etcd, cluster: &Cluster) -> Vec<Ran> {
    let ask = |line: &str| {
        let mut ran = etcd.ctl(cluster, &line.split(' ').collect::<Vec<_>>());
        // The client's own log lines carry times.
        let said = ran.stderr.lines().filter(|line| !line.starts_with('{'));
        ran.stderr = said.collect::<Vec<_>>().join("\n");
        ran
    };
    let answers: Vec<Ran> = SHOWN.lines().map(ask).collect();
    let allowed = answers.iter().filter(|ran| ran.code == Some(0)).count();
    assert_eq!(allowed, ALLOWED, "{answers:?}");
    answers
}

/// From ours into a real etcd and back, and through every way in which a store is written anew.
#[test]
fn users_and_roles_come_through() {
    let Some(etcd) = Etcd::find("3.5.16") else { return };
    let dir = TempDir::new("snapshot");
    let mut ours = Cluster::on_addresses(1, 48);
    ours.start_all();
    set_up_users(&etcd, &ours);
    let expected = users(&etcd, &ours);
    let as_root = |cluster: &Cluster, line: &[&str]| {
        let ran = etcd.ctl(cluster, &[&["--user=root:rootpw"], line].concat());
        assert_eq!(ran.code, Some(0), "{ran:?}");
    };
    let save = |cluster: &Cluster, name: &str| {
        let file = dir.0.join(name);
        as_root(cluster, &["snapshot", "save", text(&file)]);
        file
    };
    as_root(&ours, &["defrag"]);
    assert_eq!(users(&etcd, &ours), expected, "after a defragmentation");
    let file = save(&ours, "ours.db");
    ours.members[0].stop();
    assert_eq!(utl(&["defrag", "--data-dir", text(&ours.data_dir(0))]).code, Some(0));
    ours.start_all();
    assert_eq!(users(&etcd, &ours), expected, "after one while nothing ran");

    let mut real = Cluster::on_addresses(1, 49);
    real.program = etcd.0.join("etcd");
    let ran = restore(&mut Command::new(etcd.0.join("etcdutl")), &file, &real, 0);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    real.start_all();
    assert_eq!(users(&etcd, &real), expected, "in a real etcd");

    let again = restore_ours(&save(&real, "real.db"), 50, 3);
    assert_eq!(users(&etcd, &again), expected, "in three of ours, from a real etcd");
}

#[test]
fn a_damaged_file_is_refused_in_one_sentence() {
    let Some(etcd_35) = Etcd::find("3.5.16") else { return };
    let dir = TempDir::new("snapshot");
    let file = dir.0.join("ours.db");
    let mut ours = Cluster::on_addresses(1, 69);
    ours.start_all();
    fill(&ours.members[0].address());
    etcd_35.save(&ours, &file);
    let bytes = fs::read(&file).unwrap();
    let flipped = |at: usize| {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x20;
        bytes
    };
    let middle = bytes.len() / 2;
    let damaged: [(&str, Vec<u8>, &str); 6] = [
        ("flipped", flipped(middle), "expected sha256 ["),
        ("flipped tail", flipped(bytes.len() - 1), "expected sha256 ["),
        ("cut", bytes[..middle].to_vec(), "snapshot missing hash but"),
        ("no tail", bytes[..bytes.len() - 32].to_vec(), "snapshot missing hash but"),
        ("empty", Vec::new(), "snapshot missing hash but"),
        ("text", b"this is no database".to_vec(), "snapshot missing hash but"),
    ];
    let target = dir.0.join("target");
    for (name, bytes, why) in damaged {
        let path = dir.0.join(name);
        fs::write(&path, bytes).unwrap();
        let line = ["snapshot", "restore", text(&path), "--data-dir", text(&target)];
        let ran = utl(&line);
        assert_eq!(ran.code, Some(1), "{name}: {ran:?}");
        assert!(ran.stderr.starts_with(&format!("Error: {why}")), "{name}: {ran:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{name}: {ran:?}");
        if !matches!(name, "flipped" | "flipped tail" | "no tail") {
            // Without its checksum it is found out by what it holds.
            let status = vec!["snapshot", "status", text(&path)];
            for line in [[&line[..], &["--skip-hash-check"]].concat(), status] {
                let ran = utl(&line);
                assert_eq!((ran.code, ran.stderr.lines().count()), (Some(1), 1), "{name}: {ran:?}");
            }
        }
        let left: Vec<_> =
            fs::read_dir(&dir.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(left.iter().all(|name| !name.to_string_lossy().starts_with("target")), "{left:?}");
    }
}

/// Lines that need no file, or none that exists: etcdutl's bytes and codes. Only its own help is left
/// out: it lists commands that we have not, and not all of ours.
#[test]
fn lines_print_what_etcdutl_prints() {
    let Some(etcd_35) = Etcd::find("3.5.16") else { return };
    let lines = "\
version
version -w json
snapshot
snapshot --help
snapshot foo
snapshot status
snapshot status --help
snap stat a b
snapshot status nofile
snapshot status nofile extra
snapshot status --foo nofile
snapshot status nofile -x
help snapshot restore
snapshot restore
snapshot restore file
snapshot restore --data-dir
snapshot restore --data-dir d
snapshot restore a b --data-dir d
snapshot restore file --data-dir d --bump-revision 5
snapshot restore file --data-dir d --mark-compacted
snapshot restore file --data-dir d --bump-revision=-1 --mark-compacted
snapshot restore file --data-dir d --bump-revision x
snapshot restore file --data-dir d --name other
snapshot restore file --data-dir / --skip-hash-check
snapshot restore file --data-dir d --wal-dir /
snapshot restore -h
defrag
defrag --help
defrag --data-dir
foo
foo --help
-w json foo
help version
";
    for line in lines.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        assert_eq!(utl(&words), etcd_35.utl(&words), "etcdutl {line}");
    }
    let migrate = utl(&["migrate", "--data-dir", "d", "--target-version", "3.5"]);
    assert_eq!(migrate.code, Some(1));
    assert!(migrate.stderr.starts_with("Error: there is nothing to migrate"), "{migrate:?}");
}
