//! TLS with the real etcdctl 3.4.23 and 3.5.16 and with `glasshouse ctl`: three members that speak
//! nothing else, to clients and to each other.
//!
//! The certificates are made here, by an authority of this test.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

use glasshouse_tests::cluster::{Cluster, Ran, TempDir, eventually, glasshouse, run, text};
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
        let put = ask(&program, &known, &["put", "city", name]);
        assert_eq!((put.stdout.as_str(), put.code), ("OK\n", Some(0)), "{name}: {}", put.stderr);
        let get = ask(&program, &known, &["get", "city", "--print-value-only"]);
        assert_eq!(get.stdout, format!("{name}\n"), "{}", get.stderr);
        let health = ask(&program, &known, &["endpoint", "health"]);
        assert_eq!(health.code, Some(0), "{name}: {}", health.stderr);

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

#[test]
fn members_that_make_their_own_certificates() {
    let mut cluster = Cluster::on_addresses(3, BLOCK + 1);
    cluster.speak_tls(&["--auto-tls", "--peer-auto-tls"]);
    cluster.start_all();
    let endpoints = format!("--endpoints={}", cluster.endpoints());
    let flags = [&*endpoints, "--insecure-skip-tls-verify", "--insecure-transport=false"];
    for (name, program) in programs() {
        let put = ask(&program, &flags, &["put", "city", "Paris"]);
        assert_eq!((put.stdout.as_str(), put.code), ("OK\n", Some(0)), "{name}: {}", put.stderr);
    }
    assert!(cluster.data_dir(0).join("fixtures/client/cert.pem").is_file());
    assert!(cluster.data_dir(0).join("fixtures/peer/key.pem").is_file());
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
