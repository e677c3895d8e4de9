//! The plain HTTP answers: `/version`, `/metrics`, and the pages about [health], with etcd's bodies.
//!
//! They are served beside gRPC on the client port, alone on `--listen-metrics-urls`, and
//! `/version` on the peer port too.

mod access;
mod health;
mod query;

use std::sync::Arc;

use bytes::Bytes;
use glasshouse_core::VERSION;
use glasshouse_core::store::Store;
use http_body_util::Full;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::json;
use tokio::sync::watch;

pub use self::access::{Access, AllowList, allow_origin};
use crate::driver::NodeState;
use crate::log::Log;
use crate::mailbox::Mailbox;
use crate::metrics::Metrics;

const PLAIN: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// What the answers are made of.
pub struct HttpContext {
    /// The way to the node.
    pub mailbox: Arc<Mailbox>,
    /// Where the node is.
    pub state: watch::Receiver<NodeState>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// For its size.
    pub store: Store,
    /// The log.
    pub log: Arc<Log>,
}

impl HttpContext {
    /// Answers one request; the body of the request is not looked at.
    pub async fn answer<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        match request.uri().path() {
            "/version" => self.version(request.method()),
            "/metrics" => self.metrics(request.method()).await,
            _ => self.health_page(request).await.unwrap_or_else(not_found),
        }
    }

    /// `{"etcdserver":"3.6.0","etcdcluster":"3.6.0","storage":"3.6.0"}`.
    pub fn version(&self, method: &Method) -> Response<Full<Bytes>> {
        if method != Method::GET {
            return method_not_allowed();
        }
        let cluster = self.state.borrow().cluster_version.clone();
        let cluster = cluster.as_deref().unwrap_or("not_decided");
        // serde_json sorts names; etcd's order is kept by hand.
        let body = format!(
            "{{\"etcdserver\":{},\"etcdcluster\":{},\"storage\":{}}}",
            json!(VERSION),
            json!(cluster),
            json!(VERSION)
        );
        let mut response = Response::new(Full::from(body));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }

    async fn metrics(&self, method: &Method) -> Response<Full<Bytes>> {
        if method != Method::GET {
            return method_not_allowed();
        }
        let figures = self.mailbox.measure().await;
        let file_bytes = self.store.size_bytes();
        let page = self.metrics.render(&self.state.borrow(), figures.as_ref(), file_bytes);
        let mut response = Response::new(Full::from(page));
        let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, kind);
        response
    }
}

/// A short text as Go's `http.Error` sends it, with an end of line.
pub fn text(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(format!("{text}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, PLAIN);
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    response
}

/// Go's answer to an unknown path.
pub fn not_found() -> Response<Full<Bytes>> {
    text(StatusCode::NOT_FOUND, "404 page not found")
}

/// etcd's answer to a method other than GET.
pub fn method_not_allowed() -> Response<Full<Bytes>> {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
    response
}
