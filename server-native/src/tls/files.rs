//! Certificates, keys and lists of withdrawn certificates, as files.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{
    CertificateDer, CertificateRevocationListDer, PrivateKeyDer,
};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{CipherSuite, ProtocolVersion, RootCertStore, SupportedProtocolVersion};

use super::{Protocol, TlsError};

/// A certificate with its chain, and its key.
pub(super) struct Identity {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

impl Identity {
    /// # Errors
    /// One of the two files is missing, or is not what it should be.
    pub(super) fn read(cert: &Path, key: &Path) -> Result<Self, TlsError> {
        if cert.as_os_str().is_empty() || key.as_os_str().is_empty() {
            return Err(TlsError::Unfit(format!(
                "KeyFile and CertFile must both be present[key: {}, cert: {}]",
                key.display(),
                cert.display()
            )));
        }
        let chain = certificates("the certificate", cert)?;
        let key =
            PrivateKeyDer::from_pem_file(key).map_err(|why| bad("the private key", key, &why))?;
        Ok(Self { chain, key })
    }
}

/// The authorities in a file.
pub(super) fn authorities(path: &Path) -> Result<RootCertStore, TlsError> {
    let what = "the certificates of trusted authorities";
    let mut roots = RootCertStore::empty();
    for certificate in certificates(what, path)? {
        roots.add(certificate).map_err(|why| TlsError::File {
            what,
            path: path.to_owned(),
            why: why.to_string(),
        })?;
    }
    Ok(roots)
}

/// The withdrawn certificates in a file; none without one.
pub(super) fn withdrawn(
    path: &Path,
) -> Result<Vec<CertificateRevocationListDer<'static>>, TlsError> {
    if path.as_os_str().is_empty() {
        return Ok(Vec::new());
    }
    let what = "the list of withdrawn certificates";
    let lists = CertificateRevocationListDer::pem_file_iter(path).and_then(Iterator::collect);
    lists.map_err(|why: pem::Error| bad(what, path, &why))
}

fn certificates(what: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|why: pem::Error| bad(what, path, &why))?;
    if found.is_empty() {
        return Err(bad(what, path, &pem::Error::NoItemsFound));
    }
    Ok(found)
}

fn bad(what: &'static str, path: &Path, why: &pem::Error) -> TlsError {
    let why = match why {
        pem::Error::Io(why) => why.to_string(),
        pem::Error::NoItemsFound => "there is none in it".to_owned(),
        why => format!("it is no PEM file: {why:?}"),
    };
    TlsError::File { what, path: path.to_owned(), why }
}

/// The algorithms that may be used.
///
/// # Errors
/// A cipher that does not exist here, in etcd's words.
pub(super) fn provider(protocol: &Protocol) -> Result<Arc<CryptoProvider>, TlsError> {
    let mut provider = ring::default_provider();
    let names: Vec<&str> = protocol.cipher_suites.iter().map(|name| go_alias(name)).collect();
    if let Some(unknown) = names.iter().position(|name| {
        !provider.cipher_suites.iter().any(|suite| name_of(suite.suite()) == *name)
    }) {
        let name = &protocol.cipher_suites[unknown];
        return Err(TlsError::Unfit(format!("unexpected TLS cipher suite {name:?}")));
    }
    if !names.is_empty() {
        provider.cipher_suites.retain(|suite| {
            let is_13 = suite.version().version == ProtocolVersion::TLSv1_3;
            is_13 || names.contains(&name_of(suite.suite()).as_str())
        });
    }
    Ok(Arc::new(provider))
}

/// Go's short names of two ciphers.
fn go_alias(name: &str) -> &str {
    match name {
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305" => "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305" => "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        other => other,
    }
}

/// IANA's name: rustls writes `TLS13_` before those of TLS 1.3.
fn name_of(suite: CipherSuite) -> String {
    format!("{suite:?}").replacen("TLS13_", "TLS_", 1)
}

/// The versions that may be spoken.
pub(super) fn versions(protocol: &Protocol) -> Vec<&'static SupportedProtocolVersion> {
    let both = [(protocol.tls13, &TLS13), (protocol.tls12, &TLS12)];
    both.into_iter().filter(|(spoken, _)| *spoken).map(|(_, version)| version).collect()
}
