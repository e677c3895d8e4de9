//! TLS on the client port, on the peer port, and for whoever calls them.
//!
//! ```text
//!   --cert-file, --key-file ──► Acceptor ──► Stream ──► HTTP, gRPC      (listening)
//!   --trusted-ca-file  ───────────┘   └─ who calls: the certificate's common name
//!
//!   --peer-*, ctl --cacert ──► Dialer ──► Stream ──► HTTP, gRPC         (calling)
//! ```
//!
//! Which URLs speak TLS is told by their scheme, as in etcd (`server/embed/etcd.go`); files for a port
//! whose URL says `http` are named in a warning and not used. Certificates may be replaced while the
//! member runs: a file that has changed is read again before the next handshake, and one that cannot be
//! read then leaves the old one in use.
//!
//! The protocol itself is rustls; nothing here touches a key but to hand it over.

mod accept;
mod auto;
mod dial;
mod files;
mod names;
mod stream;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use self::accept::Acceptor;
pub use self::auto::self_signed;
pub use self::dial::{Dialer, Trust};
pub use self::stream::Stream;

/// Why there is no TLS: one sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is missing, or does not hold what it should.
    #[error("{what} {}: {why}", path.display())]
    File {
        /// What the file is for.
        what: &'static str,
        /// Where it is.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Files or settings do not fit together.
    #[error("{0}")]
    Unfit(String),
    /// The other side is not who it should be, or speaks no TLS.
    #[error(transparent)]
    Handshake(#[from] std::io::Error),
    /// The certificate is sound, but not for this.
    #[error("{0}")]
    Refused(String),
}

/// What the flags say of one port: of clients, or of peers. Empty paths mean "not given".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsSettings {
    /// The certificate of this member, and its chain.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The certificate with which this member calls others; `cert` when it is not given.
    pub client_cert: PathBuf,
    /// Its private key.
    pub client_key: PathBuf,
    /// Who must have signed the certificates of those who call.
    pub trusted_ca: PathBuf,
    /// Certificates that are withdrawn.
    pub crl: PathBuf,
    /// Callers must show a certificate, and are known by its common name.
    pub client_cert_auth: bool,
    /// Make a certificate when none is given.
    pub auto: bool,
    /// Common names that callers' certificates may have; any when empty.
    pub allowed_cn: Vec<String>,
    /// Host names that callers' certificates may be for; any when empty.
    pub allowed_hostname: Vec<String>,
    /// Do not compare the addresses in callers' certificates with where they call from.
    pub skip_san_verification: bool,
    /// What both ports share.
    pub protocol: Protocol,
}

impl TlsSettings {
    /// Nothing was given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cert.as_os_str().is_empty() && self.key.as_os_str().is_empty()
    }

    /// Callers must show a certificate: one is asked for as soon as there is an authority to check it.
    #[must_use]
    pub fn wants_certificates(&self) -> bool {
        self.client_cert_auth || !self.trusted_ca.as_os_str().is_empty()
    }
}

/// Which TLS is spoken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// TLS 1.2 is spoken, too.
    pub tls12: bool,
    /// TLS 1.3 is spoken, too.
    pub tls13: bool,
    /// Names of the ciphers of TLS 1.2 that may be used; all when empty. Those of TLS 1.3 cannot be
    /// chosen, as in Go.
    pub cipher_suites: Vec<String>,
}

impl Default for Protocol {
    fn default() -> Self {
        Self { tls12: true, tls13: true, cipher_suites: Vec::new() }
    }
}
