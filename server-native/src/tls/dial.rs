//! The calling side: whom to believe, and what to show.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{
    CryptoProvider, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use super::files::{Identity, authorities, provider, versions};
use super::{Protocol, Stream, TlsError, TlsSettings};

/// Whose certificates are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Those that an authority of this file has signed.
    Authorities(PathBuf),
    /// Those that the system believes.
    System,
    /// All: the connection is secret, but who is at its other end is not known.
    Anybody,
}

/// Calls servers with TLS.
#[derive(Clone)]
pub struct Dialer(Arc<ClientConfig>);

impl Dialer {
    /// Reads the files; `own` is a certificate to show and its key, empty for none.
    ///
    /// # Errors
    /// A file that is missing or does not fit.
    pub fn new(
        trust: &Trust,
        own: (&Path, &Path),
        protocol: &Protocol,
        protocols: &[&str],
    ) -> Result<Self, TlsError> {
        let provider = provider(protocol)?;
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&versions(protocol))
            .map_err(|why| TlsError::Unfit(why.to_string()))?;
        let builder = match trust {
            Trust::Authorities(path) => builder.with_root_certificates(authorities(path)?),
            Trust::System => builder.with_root_certificates(system()),
            Trust::Anybody => {
                builder.dangerous().with_custom_certificate_verifier(Arc::new(Unverified(provider)))
            }
        };
        let (cert, key) = own;
        let mut config = if cert.as_os_str().is_empty() && key.as_os_str().is_empty() {
            builder.with_no_client_auth()
        } else {
            let Identity { chain, key } = Identity::read(cert, key)?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|why| TlsError::Unfit(format!("{}: {why}", cert.display())))?
        };
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Ok(Self(Arc::new(config)))
    }

    /// The dialer with which this member calls its peers (etcd: `TLSInfo.ClientConfig`): it shows its
    /// own certificate, and believes the authority that its callers must have.
    ///
    /// # Errors
    /// A file that is missing or does not fit.
    pub fn for_peers(settings: &TlsSettings) -> Result<Self, TlsError> {
        let trust = if settings.auto && settings.trusted_ca.as_os_str().is_empty() {
            // Certificates that members make for themselves say nothing of who they are.
            Trust::Anybody
        } else if settings.trusted_ca.as_os_str().is_empty() {
            Trust::System
        } else {
            Trust::Authorities(settings.trusted_ca.clone())
        };
        let own = if settings.client_cert.as_os_str().is_empty() {
            (settings.cert.as_path(), settings.key.as_path())
        } else {
            (settings.client_cert.as_path(), settings.client_key.as_path())
        };
        Self::new(&trust, own, &settings.protocol, &[])
    }

    /// Shakes hands with the server that is known as `host`.
    ///
    /// # Errors
    /// It is not who it should be, or speaks no TLS.
    pub async fn dial(&self, host: &str, stream: TcpStream) -> Result<Stream, TlsError> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| TlsError::Unfit(format!("{host} is no name of a server")))?;
        let stream = TlsConnector::from(self.0.clone()).connect(name, stream).await?;
        Ok(Stream::tls(stream.into(), None))
    }
}

/// What the system believes; certificates that cannot be read are left out, as everywhere.
fn system() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

/// Believes everybody. Signatures are checked nevertheless: the other side has the key of the
/// certificate that it shows.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
