//! Handshakes over loopback, with certificates made here.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// A folder of certificates that one authority has signed; gone with the value.
struct Folder {
    path: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("glasshouse-tls-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&key).unwrap();
        fs::write(path.join("ca.pem"), authority.pem()).unwrap();
        Self { path, issuer: Issuer::new(params, key) }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A certificate for 127.0.0.1, or for hosts, in the name of somebody.
    fn sign(&self, common_name: &str, hosts: &[&str]) -> (PathBuf, PathBuf) {
        let key = KeyPair::generate().unwrap();
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let mut params = CertificateParams::new(hosts).unwrap();
        params.distinguished_name.push(DnType::CommonName, common_name);
        if params.subject_alt_names.is_empty() {
            params.subject_alt_names = vec![SanType::IpAddress([127, 0, 0, 1].into())];
        }
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let files =
            (self.file(&format!("{common_name}.pem")), self.file(&format!("{common_name}.key")));
        fs::write(&files.0, certificate.pem()).unwrap();
        fs::write(&files.1, key.serialize_pem()).unwrap();
        files
    }

    /// The settings of a server with a certificate of its own.
    fn server(&self) -> TlsSettings {
        let (cert, key) = self.sign("server", &[]);
        TlsSettings { cert, key, skip_san_verification: true, ..TlsSettings::default() }
    }

    fn dialer(&self, own: Option<&(PathBuf, PathBuf)>) -> Dialer {
        let trust = Trust::Authorities(self.file("ca.pem"));
        let own = own.map_or((Path::new(""), Path::new("")), |(cert, key)| (cert, key));
        Dialer::new(&trust, own, &Protocol::default(), &["h2"]).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// One connection: what the called side says of it, after a word each way.
async fn meet(acceptor: &Acceptor, dialer: &Dialer, host: &str) -> Result<Stream, String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let called = async {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(stream).await.map_err(|error| error.to_string())?;
        let mut word = [0; 4];
        stream.read_exact(&mut word).await.map_err(|error| error.to_string())?;
        stream.write_all(&word).await.map_err(|error| error.to_string())?;
        stream.flush().await.map_err(|error| error.to_string())?;
        Ok::<_, String>(stream)
    };
    let calls = async {
        let stream = TcpStream::connect(address).await.unwrap();
        let mut stream = dialer.dial(host, stream).await.map_err(|error| error.to_string())?;
        stream.write_all(b"word").await.map_err(|error| error.to_string())?;
        stream.flush().await.map_err(|error| error.to_string())?;
        let mut word = [0; 4];
        stream.read_exact(&mut word).await.map_err(|error| error.to_string())?;
        assert_eq!(&word, b"word");
        Ok::<_, String>(())
    };
    let (called, calls) = tokio::join!(called, calls);
    match (called, calls) {
        (Ok(stream), Ok(())) => Ok(stream),
        (Err(why), _) | (_, Err(why)) => Err(why),
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn a_certificate_of_a_trusted_authority_is_believed() {
    let folder = Folder::new("trusted");
    let acceptor = Acceptor::new(folder.server(), &["h2", "http/1.1"]).unwrap();
    let stream = run(meet(&acceptor, &folder.dialer(None), "127.0.0.1")).unwrap();
    assert_eq!(stream.common_name(), None);
}

#[test]
fn a_certificate_for_another_name_or_of_a_stranger_is_not() {
    let (folder, stranger) = (Folder::new("name"), Folder::new("stranger"));
    let acceptor = Acceptor::new(folder.server(), &[]).unwrap();
    assert!(run(meet(&acceptor, &folder.dialer(None), "localhost")).is_err());
    assert!(run(meet(&acceptor, &stranger.dialer(None), "127.0.0.1")).is_err());
    let anybody =
        Dialer::new(&Trust::Anybody, (Path::new(""), Path::new("")), &Protocol::default(), &["h2"]);
    assert!(run(meet(&acceptor, &anybody.unwrap(), "localhost")).is_ok());
}

#[test]
fn callers_are_known_by_their_certificates() {
    let folder = Folder::new("callers");
    let trusted_ca = folder.file("ca.pem");
    let settings = TlsSettings { trusted_ca, client_cert_auth: true, ..folder.server() };
    let acceptor = Acceptor::new(settings, &["h2"]).unwrap();
    let alice = folder.sign("alice", &[]);
    let stream = run(meet(&acceptor, &folder.dialer(Some(&alice)), "127.0.0.1")).unwrap();
    assert_eq!(stream.common_name().as_deref(), Some("alice"));
    assert!(run(meet(&acceptor, &folder.dialer(None), "127.0.0.1")).is_err());
    let other = Folder::new("others");
    let mallory = other.sign("alice", &[]);
    assert!(run(meet(&acceptor, &folder.dialer(Some(&mallory)), "127.0.0.1")).is_err());
}

#[test]
fn only_some_names_may_call() {
    let folder = Folder::new("allowed");
    let peers = TlsSettings { trusted_ca: folder.file("ca.pem"), ..folder.server() };
    let by_name = TlsSettings { allowed_cn: vec!["n1".into()], ..peers.clone() };
    let by_host = TlsSettings { allowed_hostname: vec!["n1.lab".into()], ..peers.clone() };
    let by_address = TlsSettings { skip_san_verification: false, ..peers };
    let (n1, n2) = (folder.sign("n1", &["*.lab"]), folder.sign("n2", &["10.9.8.7"]));
    let meets = |settings: &TlsSettings, own| {
        let acceptor = Acceptor::new(settings.clone(), &[]).unwrap();
        run(meet(&acceptor, &folder.dialer(Some(own)), "127.0.0.1")).err()
    };
    let refused = Some("client certificate authentication failed".to_owned());
    assert_eq!((meets(&by_name, &n1), meets(&by_name, &n2)), (None, refused.clone()));
    assert_eq!((meets(&by_host, &n1), meets(&by_host, &n2)), (None, refused));
    let here = folder.sign("here", &[]);
    assert_eq!(meets(&by_address, &here), None);
    assert!(meets(&by_address, &n2).unwrap().contains("does not match"));
}

#[test]
fn a_certificate_that_is_replaced_is_used_at_once() {
    let folder = Folder::new("replaced");
    let settings = folder.server();
    let acceptor = Acceptor::new(settings.clone(), &[]).unwrap();
    run(meet(&acceptor, &folder.dialer(None), "127.0.0.1")).unwrap();
    let (cert, key) = folder.sign("next", &["localhost"]);
    fs::rename(cert, &settings.cert).unwrap();
    // Between the two the files do not fit together: the old ones go on.
    run(meet(&acceptor, &folder.dialer(None), "127.0.0.1")).unwrap();
    fs::rename(key, &settings.key).unwrap();
    run(meet(&acceptor, &folder.dialer(None), "localhost")).unwrap();
}

#[test]
fn a_member_makes_its_own_certificate_once() {
    let folder = Folder::new("auto");
    let fixtures = folder.file("fixtures/client");
    let hosts = ["127.0.0.1".to_owned()];
    let (cert, key) = self_signed(&fixtures, &hosts, 1).unwrap();
    let first = fs::read(&cert).unwrap();
    assert_eq!(self_signed(&fixtures, &hosts, 1).unwrap(), (cert.clone(), key.clone()));
    assert_eq!(fs::read(&cert).unwrap(), first);
    let error = self_signed(&fixtures, &hosts, 0).unwrap_err();
    assert_eq!(error.to_string(), "selfSignedCertValidity is invalid,it should be greater than 0");
    let settings = TlsSettings { cert, key, ..TlsSettings::default() };
    let acceptor = Acceptor::new(settings, &[]).unwrap();
    let dialer = Dialer::for_peers(&TlsSettings { auto: true, ..TlsSettings::default() }).unwrap();
    run(meet(&acceptor, &dialer, "127.0.0.1")).unwrap();
}

#[test]
fn what_is_wrong_with_files_is_said_in_one_sentence() {
    let folder = Folder::new("wrong");
    let good = folder.server();
    let refused = |settings: TlsSettings| match Acceptor::new(settings, &[]) {
        Ok(_) => panic!("it is taken"),
        Err(error) => error.to_string().replace(&folder.path.display().to_string(), "DIR"),
    };
    let missing = TlsSettings { cert: folder.file("none"), ..good.clone() };
    assert_eq!(
        refused(missing),
        "the certificate DIR/none: No such file or directory (os error 2)"
    );
    let swapped = TlsSettings { cert: good.key.clone(), ..good.clone() };
    assert_eq!(refused(swapped), "the certificate DIR/server.key: there is none in it");
    let without = TlsSettings { key: PathBuf::new(), ..good.clone() };
    assert_eq!(
        refused(without),
        "KeyFile and CertFile must both be present[key: , cert: DIR/server.pem]"
    );
    let other = TlsSettings { key: folder.sign("other", &[]).1, ..good.clone() };
    assert!(refused(other).starts_with("DIR/server.pem and DIR/other.key do not belong together"));
    let protocol = Protocol { cipher_suites: vec!["TLS_FOO".into()], ..Protocol::default() };
    assert_eq!(
        refused(TlsSettings { protocol, ..good }),
        "unexpected TLS cipher suite \"TLS_FOO\""
    );
}
