//! The called side: handshakes, and who may call.

use std::net::IpAddr;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::server::WebPkiClientVerifier;

use super::files::{Identity, authorities, provider, versions, withdrawn};
use super::names::Names;
use super::{Stream, TlsError, TlsSettings};

/// How long a handshake may take (etcd: `tls.Listener` of `client/pkg/transport`, 5 s).
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// Makes connections of those who call. Clones of an `Arc` share the certificates.
pub struct Acceptor {
    settings: TlsSettings,
    protocols: Vec<Vec<u8>>,
    loaded: Mutex<Loaded>,
}

struct Loaded {
    /// Which file each is, and when it was last changed.
    stamps: Vec<Stamp>,
    config: Arc<ServerConfig>,
}

impl Acceptor {
    /// Reads the files; `protocols` are offered to callers in this order (ALPN).
    ///
    /// # Errors
    /// A file that is missing or does not fit.
    pub fn new(settings: TlsSettings, protocols: &[&str]) -> Result<Self, TlsError> {
        let protocols: Vec<Vec<u8>> =
            protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let stamps = stamps(&settings);
        let config = load(&settings, &protocols)?;
        Ok(Self { settings, protocols, loaded: Mutex::new(Loaded { stamps, config }) })
    }

    /// Shakes hands.
    ///
    /// # Errors
    /// The caller speaks no TLS, is too slow, or has no certificate that may be used here.
    pub async fn accept(&self, stream: TcpStream) -> Result<Stream, TlsError> {
        let remote = stream.peer_addr()?.ip();
        let handshake = TlsAcceptor::from(self.config()).accept(stream);
        let stream = timeout(HANDSHAKE_TIMEOUT, handshake)
            .await
            .map_err(|_| std::io::Error::from(std::io::ErrorKind::TimedOut))??;
        let certificates = stream.get_ref().1.peer_certificates();
        let names = match certificates.and_then(<[_]>::first) {
            Some(certificate) => Some(Names::read(certificate)?),
            None => None,
        };
        if let Some(names) = &names {
            self.check(names, remote).await?;
        }
        let common_name = names.map(|names| names.common_name).filter(|name| !name.is_empty());
        Ok(Stream::tls(stream.into(), common_name.filter(|_| self.settings.client_cert_auth)))
    }

    /// The certificates as they are now in their files.
    fn config(&self) -> Arc<ServerConfig> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let stamps = stamps(&self.settings);
        if stamps != loaded.stamps {
            // Files that are being replaced may not fit together for a moment: the old ones go on.
            if let Ok(config) = load(&self.settings, &self.protocols) {
                *loaded = Loaded { stamps, config };
            }
        }
        loaded.config.clone()
    }

    /// etcd's checks of a certificate that is sound (`client/pkg/transport/listener_tls.go`,
    /// `baseConfig` in `listener.go`).
    async fn check(&self, names: &Names, remote: IpAddr) -> Result<(), TlsError> {
        let TlsSettings { allowed_cn, allowed_hostname, .. } = &self.settings;
        if !allowed_cn.is_empty() && !allowed_cn.contains(&names.common_name) {
            return Err(TlsError::Refused("client certificate authentication failed".into()));
        }
        if !allowed_hostname.is_empty() && !allowed_hostname.iter().any(|host| names.is_for(host)) {
            return Err(TlsError::Refused("client certificate authentication failed".into()));
        }
        if self.settings.skip_san_verification
            || names.addresses.is_empty() && names.hosts.is_empty()
        {
            return Ok(());
        }
        if names.addresses.contains(&remote) {
            return Ok(());
        }
        for host in &names.hosts {
            let found = lookup_host((host.as_str(), 0)).await;
            if found.is_ok_and(|mut found| found.any(|address| address.ip() == remote)) {
                return Ok(());
            }
        }
        Err(TlsError::Refused(format!(
            "tls: {remote:?} does not match any of DNSNames {:?}",
            names.hosts
        )))
    }
}

/// A file's inode and time. The time alone is not enough: two writes may share a tick of the clock.
type Stamp = Option<(u64, SystemTime)>;

/// The files that the settings name.
fn files(settings: &TlsSettings) -> [&PathBuf; 4] {
    [&settings.cert, &settings.key, &settings.trusted_ca, &settings.crl]
}

fn stamps(settings: &TlsSettings) -> Vec<Stamp> {
    let stamp = |path: &Path| path.metadata().and_then(|file| Ok((file.ino(), file.modified()?)));
    files(settings).into_iter().map(|path| stamp(path).ok()).collect()
}

fn load(settings: &TlsSettings, protocols: &[Vec<u8>]) -> Result<Arc<ServerConfig>, TlsError> {
    let provider = provider(&settings.protocol)?;
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&versions(&settings.protocol))
        .map_err(|why| TlsError::Unfit(why.to_string()))?;
    let builder = if settings.wants_certificates() {
        let roots = Arc::new(authorities(&settings.trusted_ca)?);
        let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider)
            .with_crls(withdrawn(&settings.crl)?)
            .build()
            .map_err(|why| TlsError::Unfit(why.to_string()))?;
        builder.with_client_cert_verifier(verifier)
    } else {
        builder.with_no_client_auth()
    };
    let Identity { chain, key } = Identity::read(&settings.cert, &settings.key)?;
    let mut config = builder.with_single_cert(chain, key).map_err(|why| {
        TlsError::Unfit(format!(
            "{} and {} do not belong together: {why}",
            settings.cert.display(),
            settings.key.display()
        ))
    })?;
    config.alpn_protocols = protocols.to_vec();
    Ok(Arc::new(config))
}
