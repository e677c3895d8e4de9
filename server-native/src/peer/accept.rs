//! The called side: HTTP for people, frames for members.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::Bytes;
use glasshouse_core::{Input, MemberId};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue, UPGRADE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::time::timeout;

use super::frame::{FrameError, Frames};
use super::hello::{CLUSTER_ID, Hello, PATH, PROTOCOL, Refusal, VERSION};
use super::{PeerContext, SILENCE_MAX, hello};
use crate::http;
use crate::tls::Stream;

/// How long a caller may take to say what it wants.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// The peer port's answers.
pub struct PeerPort {
    /// Who we are and the way to the node.
    pub context: Arc<PeerContext>,
    /// For `/version`.
    pub http: Arc<http::HttpContext>,
}

/// Serves one connection until it ends.
pub async fn serve_connection(port: Arc<PeerPort>, stream: Stream) {
    let service = service_fn(move |request| {
        let port = port.clone();
        async move { Ok::<_, Infallible>(port.answer(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    // How a stranger's connection ends is no news.
    let _ = connection.await;
}

impl PeerPort {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let mut response = match request.uri().path() {
            PATH => self.answer_member(request),
            "/version" => self.http.version(request.method()),
            "/members" => self.members(request.method()),
            _ => http::not_found(),
        };
        let cluster = self.context.identity.cluster.to_string();
        let cluster = HeaderValue::try_from(cluster).expect("hex is valid in a header");
        response.headers_mut().insert(CLUSTER_ID, cluster);
        response.headers_mut().insert(VERSION, HeaderValue::from_static(glasshouse_core::VERSION));
        response
    }

    /// The members as etcd's peers tell them to one that wants to join.
    fn members(&self, method: &Method) -> Response<Full<Bytes>> {
        if method != Method::GET {
            return http::method_not_allowed();
        }
        let members = self.context.state.borrow().members.clone();
        let rows: Vec<_> = members
            .members()
            .map(|member| {
                let mut row = json!({ "id": member.id.0, "peerURLs": member.peer_urls });
                // etcd leaves out what is empty.
                if !member.name.is_empty() {
                    row["name"] = member.name.as_str().into();
                }
                if !member.client_urls.is_empty() {
                    row["clientURLs"] = member.client_urls.clone().into();
                }
                if member.is_learner {
                    row["isLearner"] = true.into();
                }
                row
            })
            .collect();
        let mut response = http::text(StatusCode::OK, &json!(rows).to_string());
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }

    /// Turns a connection into a stream of messages, or says why not.
    fn answer_member(&self, mut request: Request<Incoming>) -> Response<Full<Bytes>> {
        if request.method() != Method::GET {
            let mut response = http::method_not_allowed();
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
            return response;
        }
        let wanted = request.headers().get(UPGRADE).is_some_and(|value| value == PROTOCOL);
        let hello = Hello::read(request.headers()).and_then(|hello| {
            let is_removed = self.context.state.borrow().turns_away(hello.from.member);
            hello
                .check(self.context.identity, is_removed)
                .inspect_err(|refusal| self.log_refusal(&hello, refusal))?;
            wanted.then_some(hello).ok_or(Refusal::Malformed("Upgrade"))
        });
        let hello = match hello {
            Ok(hello) => hello,
            Err(refusal @ Refusal::Malformed(_)) => {
                return http::text(StatusCode::BAD_REQUEST, &refusal.to_string());
            }
            Err(refusal @ Refusal::Removed) => {
                return http::text(StatusCode::GONE, &refusal.to_string());
            }
            Err(refusal) => {
                return http::text(StatusCode::PRECONDITION_FAILED, &refusal.to_string());
            }
        };
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(receive(self.context.clone(), hello.from.member, upgrade));
        Response::builder()
            .status(StatusCode::SWITCHING_PROTOCOLS)
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, PROTOCOL)
            .body(Full::default())
            .expect("the headers are valid")
    }

    fn log_refusal(&self, hello: &Hello, refusal: &Refusal) {
        let ours = self.context.identity;
        let message = match refusal {
            Refusal::OtherCluster => "request cluster ID mismatch",
            Refusal::Removed => "rejected stream from remote peer because it was removed",
            Refusal::OtherMember | Refusal::Malformed(_) => {
                "ignored streaming request; ID mismatch"
            }
        };
        self.context.log.error(
            message,
            &[
                ("local-member-id", ours.member.to_string().into()),
                ("local-member-cluster-id", ours.cluster.to_string().into()),
                ("local-member-server-version", glasshouse_core::VERSION.into()),
                ("remote-peer-server-name", hello.from.member.to_string().into()),
                ("remote-peer-server-version", hello.version.as_str().into()),
                ("remote-peer-cluster-id", hello.from.cluster.to_string().into()),
                ("remote-peer-called", hello.to.to_string().into()),
            ],
        );
    }
}

/// Hands the messages of one connection to the node.
async fn receive(context: Arc<PeerContext>, from: MemberId, upgrade: OnUpgrade) {
    let Ok(upgraded) = upgrade.await else { return };
    let Ok(parts) = upgraded.downcast::<TokioIo<Stream>>() else { return };
    let limit = context.message_bytes_max;
    let mut frames = Frames::new(parts.io.into_inner(), &parts.read_buf, limit);
    let peer = ("remote-peer-id", serde_json::Value::from(from.to_string()));
    context
        .log
        .info("established TCP streaming connection with remote peer", std::slice::from_ref(&peer));
    let why = loop {
        match timeout(SILENCE_MAX, frames.next()).await {
            Ok(Ok(message)) if message.is_empty() => {}
            Ok(Ok(_)) if context.state.borrow().turns_away(from) => {
                break hello::REMOVED.to_owned();
            }
            Ok(Ok(bytes)) => {
                context.metrics.peer_received_bytes.fetch_add(bytes.len() as u64, Relaxed);
                context.mailbox.post(Input::Message { from, bytes });
            }
            Ok(Err(FrameError::Closed)) => break "EOF".to_owned(),
            Ok(Err(error)) => break error.to_string(),
            Err(_) => break format!("nothing was heard for {SILENCE_MAX:?}"),
        }
    };
    context
        .log
        .warn("lost TCP streaming connection with remote peer", &[peer, ("error", why.into())]);
}
