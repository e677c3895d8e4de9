//! Signed tokens beside a real etcd 3.5.16 with the same keys: a token of one is good for the other,
//! whatever signs it. (`EdDSA` is of etcd 3.6; a test of the server has it.)

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use glasshouse_tests::cluster::{Cluster, TempDir, glasshouse, run, text};
use glasshouse_tests::tools;
use glasshouse_tests::web::{Answer, ask};
use rcgen::{KeyPair, PKCS_ECDSA_P384_SHA384};
use serde_json::Value;

const RSA: &str = include_str!("rsa.pem");
const RSA_PUBLIC: &str = include_str!("rsa.pub.pem");
/// A key on P-256 as `openssl ecparam` writes it (SEC 1).
const EC: &str = include_str!("ec.pem");

/// A folder of keys.
struct Keys(TempDir);

impl Keys {
    fn new() -> Self {
        let keys = Self(TempDir::new("jwt"));
        keys.put("secret", "not many know this");
        keys.put("rsa", RSA);
        keys.put("rsa.pub", RSA_PUBLIC);
        keys.put("ec", EC);
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).expect("a pair can be made");
        keys.put("p384", &pair.serialize_pem());
        keys.put("p384.pub", &pair.public_key_pem());
        keys
    }

    fn put(&self, name: &str, key: &str) {
        fs::write(self.path(name), key).expect("a file can be written");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.0.join(name)
    }

    /// `--auth-token` with the options of a line: `RS256 priv-key=rsa pub-key=rsa.pub`.
    fn flag(&self, line: &str) -> String {
        let mut words = line.split(' ');
        let method = words.next().expect("a method");
        let mut flag = format!("--auth-token=jwt,sign-method={method}");
        for word in words {
            let (option, file) = word.split_once('=').expect("an option and its file");
            flag += &format!(",{option}={}", text(&self.path(file)));
        }
        flag
    }
}

/// A member on which root has the password `pw` and `a` is 1.
fn start(program: PathBuf, block: u8, flag: &str) -> Cluster {
    let mut cluster = Cluster::on_addresses(1, block);
    cluster.program = program;
    cluster.add_flags(&[flag, "--bcrypt-cost=4"]);
    cluster.start_all();
    for (path, body) in [
        ("/v3/kv/put", "{\"key\":\"YQ==\",\"value\":\"MQ==\"}"),
        ("/v3/auth/user/add", "{\"name\":\"root\",\"password\":\"pw\"}"),
        ("/v3/auth/user/grant", "{\"user\":\"root\",\"role\":\"root\"}"),
        ("/v3/auth/enable", "{}"),
    ] {
        let answer = post(&cluster, path, &[], body);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
    }
    cluster
}

fn post(cluster: &Cluster, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    ask(&cluster.members[0].address(), &format!("POST {path}"), headers, body)
}

fn login(cluster: &Cluster) -> Answer {
    post(cluster, "/v3/auth/authenticate", &[], "{\"name\":\"root\",\"password\":\"pw\"}")
}

fn token(answer: &Answer) -> String {
    let body: Value = serde_json::from_str(&answer.body).expect("it is JSON");
    body["token"].as_str().unwrap_or_else(|| panic!("no token: {answer:?}")).to_owned()
}

fn get(cluster: &Cluster, token: &str) -> Answer {
    post(cluster, "/v3/kv/range", &[("Authorization", token)], "{\"key\":\"YQ==\"}")
}

/// The status, and the text of an error.
fn outcome(answer: &Answer) -> (u16, String) {
    let body: Value = serde_json::from_str(&answer.body).expect("it is JSON");
    (answer.status, body["message"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn a_token_of_one_is_good_for_the_other() {
    let Some(etcd) = tools::etcd("3.5.16") else { return };
    let keys = Keys::new();
    for line in [
        "HS256 priv-key=secret",
        "HS512 priv-key=secret",
        "RS256 priv-key=rsa pub-key=rsa.pub",
        "PS384 priv-key=rsa pub-key=rsa.pub",
        "ES256 priv-key=ec",
        "ES384 priv-key=p384 pub-key=p384.pub",
    ] {
        let flag = keys.flag(line);
        let theirs = start(etcd.join("etcd"), 119, &flag);
        let ours = start(glasshouse(), 117, &flag);
        let tokens = [token(&login(&theirs)), token(&login(&ours))];
        for token in &tokens {
            for cluster in [&theirs, &ours] {
                let answer = get(cluster, token);
                assert_eq!(answer.status, 200, "{line}: {answer:?}");
                assert!(answer.body.contains("\"value\":\"MQ==\""), "{line}: {answer:?}");
            }
        }
        // Both say the same, in the same order.
        let head = |token: &str| token.split('.').next().map(str::to_owned);
        assert_eq!(head(&tokens[0]), head(&tokens[1]), "{line}");
        // And what is none is none for both.
        let forged = format!("{}x", tokens[1]);
        let unsigned = tokens[1].rsplit_once('.').expect("three parts").0.to_owned() + ".";
        for token in ["x", "a.b.c", &forged, &unsigned] {
            assert_eq!(outcome(&get(&ours, token)), outcome(&get(&theirs, token)), "{token}");
        }
        let etcdctl = |line: &str| {
            let endpoint = format!("--endpoints={}", ours.members[0].url());
            run(Command::new(etcd.join("etcdctl")).arg(endpoint).args(line.split(' ')))
        };
        assert_eq!(etcdctl("--user=root:pw get a").stdout, "a\n1\n", "{line}");
        // Users have changed since: the token is of an older revision.
        assert_eq!(etcdctl("--user=root:pw user add ann:pw").code, Some(0));
        let change = ["--user=root:pw", "user", "add", "ann:pw"];
        let endpoint = format!("--endpoints={}", theirs.members[0].url());
        assert_eq!(
            run(Command::new(etcd.join("etcdctl")).arg(endpoint).args(change)).code,
            Some(0)
        );
        let old = (outcome(&get(&ours, &tokens[1])), outcome(&get(&theirs, &tokens[0])));
        assert_eq!(old.0, old.1, "{line}");
    }
}

#[test]
fn who_has_only_the_public_key_verifies_and_does_not_sign() {
    let Some(etcd) = tools::etcd("3.5.16") else { return };
    let keys = Keys::new();
    let flag = keys.flag("RS256 pub-key=rsa.pub");
    let theirs = start(etcd.join("etcd"), 140, &flag);
    let ours = start(glasshouse(), 141, &flag);
    assert_eq!(outcome(&login(&ours)), outcome(&login(&theirs)));
    drop(theirs);
    let signs = start(etcd.join("etcd"), 142, &keys.flag("RS256 priv-key=rsa"));
    assert_eq!(get(&ours, &token(&login(&signs))).status, 200);
}

#[test]
fn keys_that_do_not_fit_are_refused_at_the_start() {
    let keys = Keys::new();
    keys.put("none", "");
    for (line, why) in [
        ("RS256 priv-key=secret", "it is no private key in PEM"),
        ("RS256 priv-key=ec", "it is no private key for RS256"),
        ("RS256 pub-key=secret", "it is no public key in PEM"),
        ("RS256 priv-key=missing", "No such file or directory"),
        ("ES384 priv-key=p384 pub-key=rsa.pub", "auth: public and private keys don't match"),
        ("RS256", "auth: missing key data"),
        ("HS256 priv-key=none", "auth: missing key data"),
        ("ES512 priv-key=ec", "the method ES512 is not supported"),
        ("none", "auth: invalid auth options"),
    ] {
        let dir = TempDir::new("refused");
        let ran = run(Command::new(glasshouse()).args([
            &keys.flag(line),
            &format!("--data-dir={}", text(&dir.0)),
            "--listen-client-urls=http://127.77.119.9:2379",
            "--advertise-client-urls=http://127.77.119.9:2379",
            "--listen-peer-urls=http://127.77.119.9:2380",
        ]));
        assert_eq!(ran.code, Some(1), "{line}: {ran:?}");
        assert!(ran.stderr.contains(why), "{line}: {}", ran.stderr);
    }
}
