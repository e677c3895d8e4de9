//! `--auto-tls`, `--peer-auto-tls`: a certificate that a member makes for itself.
//!
//! It keeps what is said secret from those who only listen; it proves nothing to anybody. Files and
//! folders are etcd's (`SelfCert` in `client/pkg/transport/listener.go`): `fixtures/client` and
//! `fixtures/peer` under the data directory, used again at the next start.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};

use super::TlsError;

/// A year, in days; etcd counts so.
const DAYS_PER_YEAR: u64 = 365;

/// Certificate and key in `folder`, made for these hosts (names or addresses) if they are not there.
///
/// # Errors
/// The validity is none, or the files cannot be written.
pub fn self_signed(
    folder: &Path,
    hosts: &[String],
    validity_years: u64,
) -> Result<(PathBuf, PathBuf), TlsError> {
    let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    if validity_years == 0 {
        let why = "selfSignedCertValidity is invalid,it should be greater than 0";
        return Err(TlsError::Unfit(why.into()));
    }
    if cert.is_file() && key.is_file() {
        return Ok((cert, key));
    }
    let made = make(hosts, validity_years).map_err(|why| TlsError::Unfit(why.to_string()))?;
    let failed = |path: &Path, why: std::io::Error| TlsError::File {
        what: "the certificate of this member",
        path: path.to_owned(),
        why: why.to_string(),
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|why| failed(folder, why))?;
    for (path, text) in [(&cert, made.0), (&key, made.1)] {
        let file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
        file.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
            .map_err(|why| failed(path, why))?;
    }
    Ok((cert, key))
}

/// A certificate and its key, as PEM.
fn make(hosts: &[String], validity_years: u64) -> Result<(String, String), rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(hosts.to_vec())?;
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::OrganizationName, "etcd");
    params.key_usages = vec![KeyUsagePurpose::KeyEncipherment, KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
    let now = SystemTime::now();
    let days = DAYS_PER_YEAR.saturating_mul(validity_years).min(DAYS_PER_YEAR * 1_000);
    params.not_before = now.into();
    params.not_after = (now + Duration::from_secs(days * 24 * 3_600)).into();
    Ok((params.self_signed(&key)?.pem(), key.serialize_pem()))
}
