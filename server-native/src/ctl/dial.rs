//! Connections to endpoints, with the certificates that the command line names.

use std::path::{Path, PathBuf};
use std::time::Duration;

use glasshouse_core::ctl::Tls;

use crate::client::{ConnectError, Connection};
use crate::tls::{Dialer, Protocol, TlsError, Trust};

/// Connects to an endpoint within `limit`.
///
/// # Errors
/// Nobody answers there, or the certificates cannot be used.
pub(crate) async fn open(
    endpoint: &str,
    tls: &Tls,
    limit: Duration,
) -> Result<Connection, ConnectError> {
    let dialer = if wants_tls(endpoint, tls) {
        let dialer = dialer(tls, "h2");
        Some(dialer.map_err(|why| ConnectError::Endpoint(why.to_string()))?)
    } else {
        None
    };
    Connection::open_with(endpoint, dialer.as_ref(), limit).await
}

/// An endpoint without a scheme speaks TLS when anything about TLS is given
/// (`clientConfigFromCmd` of etcdctl).
fn wants_tls(endpoint: &str, tls: &Tls) -> bool {
    let given = !tls.cert.is_empty()
        || !tls.cacert.is_empty()
        || tls.insecure_skip_verify
        || !tls.insecure_transport;
    match endpoint.split_once("://") {
        Some((scheme, _)) => scheme == "https",
        None => given,
    }
}

/// What shows the certificates that the command line names; `protocol` is what is spoken inside.
pub(super) fn dialer(tls: &Tls, protocol: &str) -> Result<Dialer, TlsError> {
    let trust = if tls.insecure_skip_verify {
        Trust::Anybody
    } else if tls.cacert.is_empty() {
        Trust::System
    } else {
        Trust::Authorities(PathBuf::from(&tls.cacert))
    };
    let own = (Path::new(&tls.cert), Path::new(&tls.key));
    Dialer::new(&trust, own, &Protocol::default(), &[protocol])
}
