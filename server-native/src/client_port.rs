//! The client port (2379): gRPC and plain HTTP, side by side on every connection.
//!
//! hyper finds out by the first bytes whether a connection speaks HTTP/1.1 or HTTP/2; then each
//! request goes by its content type:
//!
//! ```text
//!   HTTP/2, application/grpc  ──► grpc::Services       by the service in the path
//!   /v3/…                     ──► gateway::Gateway     JSON, which becomes gRPC
//!   anything else             ──► http::HttpContext    /health /version /metrics
//! ```

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::service::Service;
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::sync::watch;
use tonic::body::Body;

use crate::authority::MendedStream;
use crate::config::Settings;
use crate::gateway::Gateway;
use crate::grpc::{Answer, CommonName, Services, Snapshots};
use crate::http::HttpContext;
use crate::tls::Stream;

/// Bytes that a client may send before the window is opened again, for one stream and for the
/// whole connection. HTTP/2's own 64 KiB would make a large value wait for round trips.
const WINDOW_BYTES: (u32, u32) = (1024 * 1024, 4 * 1024 * 1024);

/// How long a client may take to send the head of an HTTP/1.1 request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Everything that is answered on the client port.
#[derive(Clone)]
pub struct ClientPort {
    grpc: Services,
    gateway: Option<Gateway>,
    http: Arc<HttpContext>,
    connections: auto::Builder<TokioExecutor>,
    with_grpc: bool,
    /// Who calls on this connection, by its certificate.
    common_name: Option<CommonName>,
}

impl ClientPort {
    /// The services around one node.
    #[must_use]
    pub fn new(settings: &Settings, http: Arc<HttpContext>) -> Self {
        let snapshots = Snapshots::new(http.store.clone(), http.log.clone());
        let grpc = Services::new(settings, &http.mailbox, snapshots);
        let gateway = settings.enable_grpc_gateway.then(|| Gateway::new(settings, grpc.clone()));
        let connections = connections(settings);
        Self { grpc, gateway, http, connections, with_grpc: true, common_name: None }
    }

    /// The pages alone, for `--listen-metrics-urls`.
    #[must_use]
    pub fn pages_only(mut self) -> Self {
        self.with_grpc = false;
        self.gateway = None;
        self
    }

    /// Serves one connection until it ends, or until `closing` says that the server does.
    pub async fn serve_connection(mut self, stream: Stream, mut closing: watch::Receiver<bool>) {
        self.common_name = stream.common_name().map(CommonName);
        let builder = self.connections.clone();
        let metrics = self.http.metrics.clone();
        metrics.client_connections.fetch_add(1, Relaxed);
        let connection = builder.serve_connection(TokioIo::new(MendedStream::new(stream)), self);
        let mut connection = std::pin::pin!(connection);
        let closes = tokio::select! {
            // How a client's connection ends is its own affair.
            _ = connection.as_mut() => false,
            _ = closing.wait_for(|closing| *closing) => true,
        };
        if closes {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
        metrics.client_connections.fetch_sub(1, Relaxed);
    }
}

fn connections(settings: &Settings) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    let mut http2 = builder.http2();
    http2
        .timer(TokioTimer::new())
        // gRPC has no use for it, and every answer would carry and compress it.
        .auto_date_header(false)
        .max_concurrent_streams(settings.max_concurrent_streams)
        .initial_stream_window_size(WINDOW_BYTES.0)
        .initial_connection_window_size(WINDOW_BYTES.1);
    if let Some((interval, timeout)) = settings.keepalive {
        http2.keep_alive_interval(interval).keep_alive_timeout(timeout);
    }
    builder
}

impl Service<Request<Incoming>> for ClientPort {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    fn call(&self, mut request: Request<Incoming>) -> Answer {
        let kind = request.headers().get(CONTENT_TYPE).map(|kind| kind.as_bytes());
        let is_grpc = kind.is_some_and(|kind| kind.starts_with(b"application/grpc"))
            && request.version() == Version::HTTP_2;
        if is_grpc && self.with_grpc {
            // The gateway's requests carry no certificate, as in etcd.
            if let Some(name) = &self.common_name {
                request.extensions_mut().insert(name.clone());
            }
            return self.grpc.call(request);
        }
        match &self.gateway {
            Some(gateway) if Gateway::is_asked(request.uri().path()) => {
                let gateway = gateway.clone();
                Box::pin(async move { Ok(gateway.answer(request).await) })
            }
            _ => {
                let http = self.http.clone();
                Box::pin(async move { Ok(http.answer(&request).await.map(Body::new)) })
            }
        }
    }
}
