//! Whom a certificate names.

use std::net::IpAddr;

use tokio_rustls::rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use super::TlsError;

/// The names in a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    /// The common name of its subject; empty without one.
    pub(super) common_name: String,
    /// Host names (DNS names of the extension "subject alternative name").
    pub(super) hosts: Vec<String>,
    /// Addresses of the same extension.
    pub(super) addresses: Vec<IpAddr>,
}

impl Names {
    /// Reads them. The certificate was verified before, so that a failure is strange.
    ///
    /// # Errors
    /// The certificate cannot be read.
    pub(super) fn read(certificate: &CertificateDer<'_>) -> Result<Self, TlsError> {
        let unreadable =
            |why: String| TlsError::Refused(format!("a certificate cannot be read: {why}"));
        let (_, certificate) =
            X509Certificate::from_der(certificate).map_err(|why| unreadable(why.to_string()))?;
        let mut names = Self::default();
        let common_name = certificate.subject().iter_common_name().next();
        if let Some(name) = common_name.and_then(|name| name.as_str().ok()) {
            name.clone_into(&mut names.common_name);
        }
        let alternatives =
            certificate.subject_alternative_name().map_err(|why| unreadable(why.to_string()))?;
        for name in alternatives.iter().flat_map(|names| &names.value.general_names) {
            match name {
                GeneralName::DNSName(host) => names.hosts.push((*host).to_owned()),
                GeneralName::IPAddress(bytes) => names.addresses.extend(address(bytes)),
                _ => {}
            }
        }
        Ok(names)
    }

    /// Whether it is for this host: by its full name, or by a wildcard for its first label.
    pub(super) fn is_for(&self, host: &str) -> bool {
        let rest = host.split_once('.').map(|(_, rest)| rest);
        self.hosts.iter().any(|name| match name.strip_prefix("*.") {
            Some(parent) => rest.is_some_and(|rest| rest.eq_ignore_ascii_case(parent)),
            None => name.eq_ignore_ascii_case(host),
        })
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(four.into());
    }
    <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from)
}
