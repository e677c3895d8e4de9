//! The ports of a member: bound first, certified, closed to peers while it finds out who it is, then served.
//!
//! ```text
//!   listen ─► certify ─► hang_up_during(who am I?) ─► serve: peers and metrics at once
//!                                                          clients when the member has published itself
//! ```
//!
//! Clients are served once the cluster knows how to reach this member, as in etcd, or after [`READY_PATIENCE`], so
//! that a member without a quorum can still be asked what it sees.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::client_port::ClientPort;
use crate::config::{Settings, Url};
use crate::driver::NodeState;
use crate::log::Log;
use crate::peer::{PeerContext, PeerPort, serve_connection};
use crate::server::ServerError;
use crate::tls::{Acceptor, Dialer, Stream, TlsSettings, self_signed};

/// How long a start waits for a quorum before clients are served nevertheless.
const READY_PATIENCE: Duration = Duration::from_secs(5);

/// The ports, bound before anything else: a second member on the same machine must fail early.
pub(crate) struct Ports {
    peer: Vec<(Url, TcpListener)>,
    client: Vec<(Url, TcpListener)>,
    metrics: Vec<(Url, TcpListener)>,
    /// How the connections of clients and of peers become secret; `None` where no URL asks for it.
    client_tls: Option<Arc<Acceptor>>,
    peer_tls: Option<Arc<Acceptor>>,
    /// How peers are called that want TLS.
    pub(crate) dialer: Option<Dialer>,
}

impl Ports {
    pub(crate) async fn listen(settings: &Settings) -> Result<Self, ServerError> {
        Ok(Self {
            peer: listen_all(&settings.listen_peer).await?,
            client: listen_all(&settings.listen_client).await?,
            metrics: listen_all(&settings.listen_metrics).await?,
            client_tls: None,
            peer_tls: None,
            dialer: None,
        })
    }

    /// Hangs up on peers until `busy` has ended.
    ///
    /// Two members that begin at once ask each other. Without this each would wait for the other's answer until
    /// its patience ends; who is still asking has nothing to tell.
    pub(crate) async fn hang_up_during<T>(&self, busy: impl Future<Output = T>) -> T {
        let hang_up = poll_fn(|context| {
            for (_, listener) in &self.peer {
                while let Poll::Ready(Ok(_)) = listener.poll_accept(context) {}
            }
            Poll::<Infallible>::Pending
        });
        tokio::select! {
            done = busy => done,
            never = hang_up => match never {},
        }
    }

    /// Reads the certificates of the ports that need some, or makes them.
    pub(crate) fn certify(&mut self, settings: &Settings, log: &Log) -> Result<(), ServerError> {
        let client = (&self.client, &self.metrics);
        let client: Vec<&Url> = client.0.iter().chain(client.1).map(|(url, _)| url).collect();
        let peer: Vec<&Url> = self.peer.iter().map(|(url, _)| url).collect();
        warn_of_unused("client-url", &settings.client_tls, &client, log);
        warn_of_unused("peer-url", &settings.peer_tls, &peer, log);
        let announced = settings.advertise_peer.iter().any(Url::is_https);
        if client.iter().any(|url| url.is_https()) {
            let tls = certified(settings, settings.client_tls.clone(), "client", &client)?;
            self.client_tls = Some(Arc::new(Acceptor::new(tls, &["h2", "http/1.1"])?));
        }
        if announced || peer.iter().any(|url| url.is_https()) {
            let tls = certified(settings, settings.peer_tls.clone(), "peer", &peer)?;
            self.dialer = Some(Dialer::for_peers(&tls)?);
            self.peer_tls = Some(Arc::new(Acceptor::new(tls, &["http/1.1"])?));
        }
        Ok(())
    }

    pub(crate) fn serve(
        self,
        port: ClientPort,
        log: &Arc<Log>,
        peers: Arc<PeerContext>,
        state: watch::Receiver<NodeState>,
        closing: &watch::Receiver<bool>,
    ) {
        let peer_port = Arc::new(PeerPort { context: peers, http: port.http() });
        for (url, listener) in self.peer {
            log.info("serving peer traffic", &[("address", url.authority().into())]);
            let port = peer_port.clone();
            let tls = self.peer_tls.clone().filter(|_| url.is_https());
            tokio::spawn(accept(listener, tls, log.clone(), closing.clone(), move |stream| {
                serve_connection(port.clone(), stream)
            }));
        }
        for (url, listener) in self.metrics {
            log.info("serving metrics", &[("address", url.authority().into())]);
            let (port, closed) = (port.clone().pages_only(), closing.clone());
            let tls = self.client_tls.clone().filter(|_| url.is_https());
            tokio::spawn(accept(listener, tls, log.clone(), closing.clone(), move |stream| {
                port.clone().serve_connection(stream, closed.clone())
            }));
        }
        let clients = (self.client, self.client_tls);
        tokio::spawn(serve_clients(clients, port, state, log.clone(), closing.clone()));
    }
}

/// Serves clients as soon as the cluster knows how to reach this member.
async fn serve_clients(
    (listeners, tls): (Vec<(Url, TcpListener)>, Option<Arc<Acceptor>>),
    port: ClientPort,
    mut state: watch::Receiver<NodeState>,
    log: Arc<Log>,
    closing: watch::Receiver<bool>,
) {
    match timeout(READY_PATIENCE, state.wait_for(|state| state.published)).await {
        Ok(Ok(_)) => {}
        Ok(Err(_)) => return,
        Err(_) => log.warn("timed out waiting for the ready notification", &[]),
    }
    log.info("ready to serve client requests", &[]);
    for (url, listener) in listeners {
        let tls = tls.clone().filter(|_| url.is_https());
        let message = match &tls {
            Some(_) => "serving client traffic securely",
            None => "serving client traffic insecurely; this is strongly discouraged!",
        };
        log.info(message, &[("traffic", "grpc+http".into()), ("address", url.authority().into())]);
        let (port, closed) = (port.clone(), closing.clone());
        tokio::spawn(accept(listener, tls, log.clone(), closing.clone(), move |stream| {
            port.clone().serve_connection(stream, closed.clone())
        }));
    }
}

async fn listen_all(urls: &[Url]) -> Result<Vec<(Url, TcpListener)>, ServerError> {
    let mut listeners = Vec::new();
    for url in urls {
        let (host, port) = url.address();
        // Go resolves `localhost` to IPv4 here, whatever the system prefers.
        let ip = host.parse().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let listener = TcpListener::bind(SocketAddr::new(ip, port))
            .await
            .map_err(|error| ServerError::Listen { address: url.authority().to_owned(), error })?;
        listeners.push((url.clone(), listener));
    }
    Ok(listeners)
}

/// Accepts connections until the server closes; `serve` runs as a task for each.
async fn accept<F>(
    listener: TcpListener,
    tls: Option<Arc<Acceptor>>,
    log: Arc<Log>,
    mut closing: watch::Receiver<bool>,
    serve: impl Fn(Stream) -> F + Clone + Send + 'static,
) where
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = closing.wait_for(|closing| *closing) => return,
        };
        match accepted {
            Ok((stream, remote)) => {
                let _ = stream.set_nodelay(true);
                let (tls, log, serve) = (tls.clone(), log.clone(), serve.clone());
                tokio::spawn(async move {
                    let Some(tls) = tls else { return serve(Stream::plain(stream)).await };
                    match tls.accept(stream).await {
                        Ok(stream) => serve(stream).await,
                        Err(error) => log.warn(
                            "rejected connection",
                            &[
                                ("remote-addr", remote.to_string().into()),
                                ("error", error.to_string().into()),
                            ],
                        ),
                    }
                });
            }
            Err(error) => {
                // Most likely no file descriptor is left; connections that end give some back.
                log.warn("accept failed", &[("error", error.to_string().into())]);
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// What a port shows to those who call: the certificate that was given, or one that is made here.
fn certified(
    settings: &Settings,
    tls: TlsSettings,
    port: &str,
    urls: &[&Url],
) -> Result<TlsSettings, ServerError> {
    if !tls.is_empty() || !tls.auto {
        return Ok(tls);
    }
    let folder = settings.data_dir.join("fixtures").join(port);
    let hosts: Vec<String> = urls.iter().map(|url| url.address().0.to_owned()).collect();
    let (cert, key) = self_signed(&folder, &hosts, settings.self_signed_validity_years)?;
    Ok(TlsSettings { cert, key, ..tls })
}

/// Certificates for a port without TLS are of no use, and whoever gave them should know.
fn warn_of_unused(field: &'static str, tls: &TlsSettings, urls: &[&Url], log: &Log) {
    for url in urls.iter().filter(|url| !url.is_https()) {
        if !tls.is_empty() {
            log.warn(
                "scheme is http or unix while key and cert files are present; ignoring key and \
                 cert files",
                &[(field, url.as_str().into())],
            );
        }
        if tls.client_cert_auth {
            log.warn(
                "scheme is http or unix while --client-cert-auth is enabled; ignoring client cert \
                 auth for this URL",
                &[(field, url.as_str().into())],
            );
        }
    }
}

#[cfg(test)]
mod tests;
