//! TLS with the real etcdctl 3.4.23 and 3.5.16 and with `glasshouse ctl`: three members that speak
//! nothing else, to clients and to each other.
//!
//! The certificates are made here, by an authority of this test.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

use glasshouse_tests::cluster::{
    Cluster, Ran, TempDir, eventually, glasshouse, run, run_until_ok, text,
};
use glasshouse_tests::tools;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};

/// The addresses of this test's members: `127.77.{BLOCK}.1` and up.
const BLOCK: u8 = 95;

/// An authority, and what it has signed.
struct Authority {
    dir: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let dir = TempDir::new("authority");
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        fs::write(dir.0.join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        Self { dir, issuer: Issuer::new(params, key) }
    }

    fn ca(&self) -> PathBuf {
        self.dir.0.join("ca.pem")
    }

    /// A certificate in this name, for these addresses.
    fn sign(&self, common_name: &str, addresses: &[Ipv4Addr]) -> (PathBuf, PathBuf) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.subject_alt_names =
            addresses.iter().map(|ip| SanType::IpAddress((*ip).into())).collect();
        let file = |end: &str| self.dir.0.join(format!("{common_name}.{end}"));
        fs::write(file("pem"), params.signed_by(&key, &self.issuer).unwrap().pem()).unwrap();
        fs::write(file("key"), key.serialize_pem()).unwrap();
        (file("pem"), file("key"))
    }
}

/// Every etcdctl that is there, ours first.
fn programs() -> Vec<(&'static str, Command)> {
    let mut ours = Command::new(glasshouse());
    ours.arg("ctl");
    let mut programs = vec![("glasshouse ctl", ours)];
    for version in ["3.4.23", "3.5.16"] {
        if let Some(folder) = tools::etcd(version) {
            let mut command = Command::new(folder.join("etcdctl"));
            command.env("ETCDCTL_API", "3");
            programs.push((version, command));
        }
    }
    programs
}

fn ask(command: &Command, flags: &[&str], line: &[&str]) -> Ran {
    let mut again = Command::new(command.get_program());
    again.args(command.get_args()).args(flags).args(line);
    for (name, value) in command.get_envs() {
        again.env(name, value.unwrap_or_default());
    }
    run(&mut again)
}

fn flag(name: &str, path: &Path) -> String {
    format!("--{name}={}", text(path))
}

#[test]
fn clients_and_members_with_certificates() {
    let authority = Authority::new();
    // Members call each other from 127.0.0.1, and must be who their certificates say.
    let own = (1..=3).map(|number| Ipv4Addr::new(127, 77, BLOCK, number));
    let addresses: Vec<Ipv4Addr> = own.chain([Ipv4Addr::LOCALHOST]).collect();
    let (cert, key) = authority.sign("member", &addresses);
    let flags: Vec<String> = ["", "peer-"]
        .iter()
        .flat_map(|port| {
            [
                flag(&format!("{port}cert-file"), &cert),
                flag(&format!("{port}key-file"), &key),
                flag(&format!("{port}trusted-ca-file"), &authority.ca()),
                format!("--{port}client-cert-auth"),
            ]
        })
        .collect();
    let mut cluster = Cluster::on_addresses(3, BLOCK);
    cluster.speak_tls(&flags.iter().map(String::as_str).collect::<Vec<_>>());
    cluster.start_all();
    let endpoints = format!("--endpoints={}", cluster.endpoints());
    let (own, own_key) = authority.sign("alice", &[]);
    let known = [flag("cacert", &authority.ca()), flag("cert", &own), flag("key", &own_key)];
    let known: Vec<&str> = known.iter().chain([&endpoints]).map(String::as_str).collect();
    for (name, program) in programs() {
        let ok = |line: &[&str]| run_until_ok(|| ask(&program, &known, line)).stdout;
        assert_eq!(ok(&["put", "city", name]), "OK\n", "{name}");
        assert_eq!(ok(&["get", "city", "--print-value-only"]), format!("{name}\n"));
        ok(&["endpoint", "health"]);

        if name == "3.4.23" {
            // It gives a connection up after 20 s, whatever it is told.
            continue;
        }
        // Without a certificate, and without TLS, nothing is answered.
        let ca = flag("cacert", &authority.ca());
        let nobody = [&*ca, &endpoints, "--command-timeout=1s", "--dial-timeout=1s"];
        assert_ne!(ask(&program, &nobody, &["get", "city"]).code, Some(0), "{name}");
        let plain = endpoints.replace("https", "http");
        let plain = [&*plain, "--command-timeout=1s", "--dial-timeout=1s"];
        assert_ne!(ask(&program, &plain, &["get", "city"]).code, Some(0), "{name}");
    }
    assert!(cluster.members[0].log().contains("serving client traffic securely"));
    assert!(cluster.members[0].log().contains("rejected connection"));

    // The members find each other again.
    cluster.members[2].kill();
    cluster.start(2);
    cluster.members[2].wait_until_ready();
    let (_, ours) = programs().remove(0);
    let third = format!("--endpoints={}", cluster.members[2].url());
    let known: Vec<&str> = known[..3].iter().copied().chain([third.as_str()]).collect();
    eventually("the third member answers", || {
        let get = ask(&ours, &known, &["get", "city"]);
        if get.code == Some(0) { Ok(()) } else { Err(get.stderr) }
    });
}

/// Who asks, by the name in the certificate, and what: from no users to many and back.
const BY_COMMON_NAME: &str = "\
root user add root --no-password
root role add root
root user grant-role root root
root user add alice --no-password
root user add bob:bobs
root role add app
root role grant-permission app readwrite app/ --prefix
root role grant-permission app read seen
root user grant-role alice app
alice put app/a 0
root auth enable
root auth status
root put seen 1
root put hidden 1
root user list
alice put app/a 1
alice get app/a
alice get seen
alice put seen 2
alice get hidden
alice get app/ --prefix
alice get a z
alice del app/a --prev-kv
alice user get alice
alice user get root
alice user list
alice role get app
alice member list
alice lease grant 10 -w json
alice auth disable
bob get app/a
bob --user=bob:bobs get app/a
alice --user=bob:bobs put app/a 2
alice --user=bob:wrong get app/a
stranger --user=root:x get app/a
stranger get app/a
stranger user list
root --user=bob:bobs get hidden
root user revoke-role alice app
alice get app/a
root user grant-role alice app
alice put app/a 3
root user delete alice
alice get app/a
root auth disable
stranger get app/a
";

/// The name in a client's certificate is its user, unless it logs in as another: line by line what a
/// real etcd with the same certificates says.
#[test]
fn common_names_are_users_as_in_etcd() {
    let Some(folder) = tools::etcd("3.5.16") else { return };
    let authority = Authority::new();
    let addresses = [REAL, OURS].map(|block| Ipv4Addr::new(127, 77, block, 1));
    let member = authority.sign("", &[&addresses[..], &[Ipv4Addr::LOCALHOST]].concat());
    let mut flags = vec!["--client-cert-auth".to_owned()];
    for port in ["", "peer-"] {
        flags.push(flag(&format!("{port}cert-file"), &member.0));
        flags.push(flag(&format!("{port}key-file"), &member.1));
        flags.push(flag(&format!("{port}trusted-ca-file"), &authority.ca()));
    }
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let clusters = [(REAL, folder.join("etcd")), (OURS, glasshouse())].map(|(block, program)| {
        let mut cluster = Cluster::on_addresses(1, block);
        cluster.program = program;
        cluster.speak_tls(&flags);
        cluster.start_all();
        cluster
    });
    let clients =
        ["root", "alice", "bob", "stranger"].map(|name| (name, authority.sign(name, &[])));
    let etcdctl = Command::new(folder.join("etcdctl"));
    let (mut done, mut wrong) = (0, Vec::new());
    for line in BY_COMMON_NAME.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let (_, (cert, key)) = clients.iter().find(|(name, _)| *name == words[0]).unwrap();
        let own = [flag("cacert", &authority.ca()), flag("cert", cert), flag("key", key)];
        let [theirs, ours] = [&clusters[0], &clusters[1]].map(|cluster| {
            let endpoints = format!("--endpoints={}", cluster.endpoints());
            let flags: Vec<&str> = own.iter().chain([&endpoints]).map(String::as_str).collect();
            let ran = ask(&etcdctl, &flags, &words[1..]);
            // The client's own log lines carry times.
            let error = ran.stderr.lines().filter(|line| !line.starts_with('{'));
            (without_ids(&ran.stdout), error.collect::<Vec<_>>().join("\n"), ran.code)
        });
        done += usize::from(ours.2 == Some(0));
        if ours != theirs {
            wrong.push(format!("{line}\n  etcd: {theirs:?}\n  ours: {ours:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(done, ALLOWED, "lines that did what they say");
}

/// Lines of [`BY_COMMON_NAME`] that are allowed.
const ALLOWED: usize = 30;

/// Block of a registry; the next one is that of the members that meet there.
const REGISTRY: u8 = 125;

/// Blocks of a real etcd and of ours.
const REAL: u8 = 128;
const OURS: u8 = 129;

/// Ids and names of members and of the cluster, which two clusters do not share.
fn without_ids(text: &str) -> String {
    let is_id = |word: &&str| word.len() > 8 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_address = |word: &&str| word.contains("127.77.");
    let word = |word| if is_id(&word) || is_address(&word) { "#" } else { word };
    let split = |c: char| " ,:\n{}\"".contains(c);
    text.split_inclusive(split)
        .map(|part| {
            let (head, end) = part.split_at(part.trim_end_matches(split).len());
            format!("{}{end}", word(head))
        })
        .collect()
}

#[test]
fn members_that_make_their_own_certificates() {
    let mut cluster = Cluster::on_addresses(3, BLOCK + 1);
    cluster.speak_tls(&["--auto-tls", "--peer-auto-tls"]);
    cluster.start_all();
    let endpoints = format!("--endpoints={}", cluster.endpoints());
    let flags = [&*endpoints, "--insecure-skip-tls-verify", "--insecure-transport=false"];
    for (name, program) in programs() {
        let put = run_until_ok(|| ask(&program, &flags, &["put", "city", "Paris"]));
        assert_eq!(put.stdout, "OK\n", "{name}");
    }
    assert!(cluster.data_dir(0).join("fixtures/client/cert.pem").is_file());
    assert!(cluster.data_dir(0).join("fixtures/peer/key.pem").is_file());
}

/// Members that do not know each other meet at a registry that talks to nobody without a certificate, a real etcd.
#[test]
fn a_registry_with_certificates() {
    let Some(etcd) = tools::etcd("3.5.16") else { return };
    let authority = Authority::new();
    let (cert, key) = authority.sign("registry", &[Ipv4Addr::new(127, 77, REGISTRY, 1)]);
    let mut registry = Cluster::on_addresses(1, REGISTRY);
    registry.program = etcd.join("etcd");
    registry.speak_tls(&[
        &flag("cert-file", &cert),
        &flag("key-file", &key),
        &flag("trusted-ca-file", &authority.ca()),
        "--client-cert-auth",
        "--peer-auto-tls",
    ]);
    registry.start_all();
    let (own, own_key) = authority.sign("stranger", &[]);
    let known = [flag("cacert", &authority.ca()), flag("cert", &own), flag("key", &own_key)];
    let (_, ours) = programs().remove(0);
    let ask = |line: &[&str]| {
        let endpoints = format!("--endpoints={}", registry.members[0].url());
        let flags: Vec<&str> = known.iter().chain([&endpoints]).map(String::as_str).collect();
        run_until_ok(|| ask(&ours, &flags, line)).stdout
    };
    ask(&["put", "/_etcd/registry/pair/_config/size", "2"]);

    let mut strangers = Cluster::on_addresses(2, REGISTRY + 1);
    strangers.discover(&registry.members[0].url(), "pair");
    let [ca, own, own_key] = known.each_ref().map(|flag| flag.replace("--", "--discovery-"));
    // Of an unknown authority, and then as nobody: no registry, and no place in it.
    for (flags, why) in [(vec![&*own, &*own_key], Some("UnknownIssuer")), (vec![&*ca], None)] {
        strangers
            .change_flags(0, &["--discovery-cacert=", "--discovery-cert=", "--discovery-key="]);
        strangers.change_flags(0, &flags);
        strangers.start(0);
        strangers.members[0].wait_for_log("retry connecting to discovery service");
        let log = strangers.members[0].log();
        assert!(why.is_none_or(|why| log.contains(why)), "{log}");
        strangers.members[0].kill();
    }
    assert_eq!(ask(&["get", "/_etcd/registry/pair/members", "--prefix", "--keys-only"]), "");

    strangers.change_flags(0, &[&ca, &own, &own_key]);
    // The other one takes anybody for the registry, and must still say who it is.
    strangers.change_flags(1, &["--discovery-insecure-skip-tls-verify=true", &own, &own_key]);
    strangers.start_all();
    let endpoints = format!("--endpoints={}", strangers.endpoints());
    let listed = run_until_ok(|| self::ask(&ours, &[&endpoints], &["member", "list"])).stdout;
    assert_eq!(listed.matches(", started, ").count(), 2, "{listed}");
    let rows = ask(&["get", "/_etcd/registry/pair/members", "--prefix", "--keys-only"]);
    assert_eq!(rows.split_whitespace().count(), 2, "{rows}");
}

#[test]
fn what_is_wrong_with_certificates_is_said_in_one_sentence() {
    let dir = TempDir::new("no-certificates");
    let data = flag("data-dir", &dir.0.join("data"));
    let urls = ["--listen-client-urls", "--advertise-client-urls"]
        .map(|flag| format!("{flag}=https://127.77.{BLOCK}.9:2379"));
    let start = |more: &[&str]| {
        let mut command = Command::new(glasshouse());
        let peer = format!("http://127.77.{BLOCK}.9:2380");
        command.args([&data, &urls[0], &urls[1]]).args(more);
        command.arg(format!("--listen-peer-urls={peer}"));
        command.arg(format!("--initial-advertise-peer-urls={peer}"));
        run(command.arg(format!("--initial-cluster=default={peer}")))
    };
    for (more, sentence) in [
        (&[][..], "TLS key/cert (--cert-file, --key-file) must be provided for client url"),
        (&["--cert-file=/none", "--key-file=/none"], "the certificate /none: No such file"),
        (&["--cert-file=/none"], "KeyFile and CertFile must both be present"),
        (&["--cipher-suites=FOO", "--auto-tls"], "unexpected TLS cipher suite"),
    ] {
        let ran = start(more);
        assert_eq!(ran.code, Some(1), "{more:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(sentence), "{more:?}: {}", ran.stderr);
    }
}
