//! The plain HTTP answers: `/health`, `/version`, `/metrics`, with etcd's bodies.
//!
//! They are served beside gRPC on the client port, alone on `--listen-metrics-urls`, and
//! `/version` on the peer port too.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use bytes::Bytes;
use glasshouse_core::store::Store;
use glasshouse_core::{Role, VERSION, api};
use http_body_util::Full;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::json;
use tokio::sync::watch;

use crate::driver::NodeState;
use crate::log::Log;
use crate::mailbox::Mailbox;
use crate::metrics::Metrics;

const PLAIN: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

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
            "/health" => self.health(request).await,
            "/version" => self.version(request.method()),
            "/metrics" => self.metrics(request.method()),
            _ => not_found(),
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

    fn metrics(&self, method: &Method) -> Response<Full<Bytes>> {
        if method != Method::GET {
            return method_not_allowed();
        }
        let page = self.metrics.render(&self.state.borrow(), self.store.size_bytes());
        let mut response = Response::new(Full::from(page));
        let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, kind);
        response
    }

    /// Healthy means: a leader is known and a read is answered. `?serializable=true` asks for
    /// this member alone.
    async fn health<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        if request.method() != Method::GET {
            return method_not_allowed();
        }
        let query = request.uri().query().unwrap_or_default();
        let serializable = query.split('&').any(|pair| pair == "serializable=true");
        let reason = self.unhealthy_because(serializable).await;
        let body = |health: bool, reason: &str| {
            format!("{{\"health\":\"{health}\",\"reason\":{}}}", json!(reason))
        };
        let Some(reason) = reason else {
            self.metrics.health_success.fetch_add(1, Relaxed);
            let mut response = Response::new(Full::from(body(true, "")));
            response.headers_mut().insert(CONTENT_TYPE, PLAIN);
            return response;
        };
        self.metrics.health_failures.fetch_add(1, Relaxed);
        let body = body(false, &reason);
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let fields = [("output", body.as_str().into()), ("status-code", status.as_u16().into())];
        self.log.warn("/health error", &fields);
        text(status, &body)
    }

    async fn unhealthy_because(&self, serializable: bool) -> Option<String> {
        if !serializable && self.state.borrow().leader.is_none() {
            return Some("RAFT NO LEADER".into());
        }
        // A learner answers only for itself.
        let serializable = serializable || self.state.borrow().role == Role::Learner;
        // The first key, if any: `\0` up to the end.
        let request = api::RangeRequest {
            key: Bytes::from_static(b"\0"),
            range_end: Bytes::from_static(b"\0"),
            keys_only: true,
            limit: 1,
            serializable,
            ..Default::default()
        };
        let answer = self.mailbox.call(api::Caller::default(), request.into()).await;
        answer.err().map(|error| format!("RANGE ERROR:{error}"))
    }
}

/// A short text as Go's `http.Error` sends it, with an end of line.
pub fn text(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(format!("{text}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, PLAIN);
    response.headers_mut().insert(
        HeaderName::from_static("x-content-type-options"),
        HeaderValue::from_static("nosniff"),
    );
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
