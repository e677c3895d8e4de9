//! The client port (2379): gRPC and plain HTTP, side by side on every connection.
//!
//! hyper finds out by the first bytes whether a connection speaks HTTP/1.1 or HTTP/2; then each
//! request goes by its content type:
//!
//! ```text
//!   HTTP/2, application/grpc  ──► grpc::Services       by the service in the path
//!   /v3/…                     ──► gateway::Gateway     JSON, which becomes gRPC
//!   anything else             ──► http::HttpContext    /health /livez /readyz /version /metrics
//! ```
//!
//! What is not gRPC passes `http::Access` first: which host is asked, and for whose page.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::service::Service;
use hyper::{Method, Request, Response, StatusCode, Version};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::sync::watch;
use tonic::body::Body;

use crate::authority::MendedStream;
use crate::config::Settings;
use crate::gateway::Gateway;
use crate::grpc::{Answer, CommonName, Services, Snapshots};
use crate::http::{Access, HttpContext, allow_origin, text};
use crate::jwt::Jwt;
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
    /// Who may ask by HTTP; pages that stand alone are for everybody.
    access: Option<Arc<Access>>,
    is_tls: bool,
    /// Who calls on this connection, by its certificate.
    common_name: Option<CommonName>,
    /// Certificates of clients are looked at.
    client_cert_auth: bool,
}

impl ClientPort {
    /// The services around one node; with keys, tokens are signed ones.
    #[must_use]
    pub fn new(settings: &Settings, http: Arc<HttpContext>, jwt: Option<Arc<Jwt>>) -> Self {
        let snapshots = Snapshots::new(http.store.clone(), http.log.clone());
        let metrics = http.metrics.clone();
        let grpc = Services::new(settings, &http.mailbox, snapshots, jwt, metrics);
        let gateway = settings.enable_grpc_gateway.then(|| Gateway::new(settings, grpc.clone()));
        let connections = connections(settings);
        Self {
            grpc,
            gateway,
            http,
            connections,
            with_grpc: true,
            access: Some(Arc::new(settings.access.clone())),
            is_tls: false,
            client_cert_auth: settings.client_tls.client_cert_auth,
            common_name: None,
        }
    }

    /// What the pages are made of.
    pub(crate) fn http(&self) -> Arc<HttpContext> {
        self.http.clone()
    }

    /// The pages alone, for `--listen-metrics-urls`.
    #[must_use]
    pub fn pages_only(mut self) -> Self {
        self.with_grpc = false;
        self.gateway = None;
        self.access = None;
        self
    }

    /// Serves one connection until it ends, or until `closing` says that the server does.
    pub async fn serve_connection(mut self, stream: Stream, mut closing: watch::Receiver<bool>) {
        self.common_name = stream.common_name().map(CommonName);
        self.is_tls = stream.is_tls();
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

impl ClientPort {
    async fn answer_http(self, request: Request<Incoming>) -> Response<Body> {
        let mut origin = None;
        if let Some(access) = &self.access {
            if let Some(refused) = access.refuse_host(&request, self.is_tls, &self.http.log) {
                return refused.map(Body::new);
            }
            origin = access.origin(&request);
        }
        let mut response = if request.method() == Method::OPTIONS && self.access.is_some() {
            Response::new(Body::empty())
        } else if let Some(gateway) =
            self.gateway.as_ref().filter(|_| Gateway::is_asked(request.uri().path()))
        {
            match self.refuse_certificate() {
                Some(refused) => refused,
                None => gateway.answer(request).await,
            }
        } else {
            self.http.answer(&request).await.map(Body::new)
        };
        if let Some(origin) = origin {
            allow_origin(response.headers_mut(), origin);
        }
        response
    }

    /// A certificate that names a user counts for nothing at the gateway; who relies on it must know.
    fn refuse_certificate(&self) -> Option<Response<Body>> {
        let named = self.common_name.as_ref().is_some_and(|name| !name.0.is_empty());
        if !self.client_cert_auth || !named || !self.http.state.borrow().auth_enabled {
            return None;
        }
        let why = "CommonName of client sending a request against gateway will be ignored and not \
                   used as expected";
        Some(text(StatusCode::BAD_REQUEST, why).map(Body::new))
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
        let port = self.clone();
        Box::pin(async move { Ok(port.answer_http(request).await) })
    }
}
