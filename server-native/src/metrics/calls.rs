//! Calls of gRPC by method and outcome, under the names that go-grpc-prometheus gave them.
//!
//! ```text
//!   request ──► started ──► handler ──► head with a status, or a body whose trailers have one ──► handled
//! ```
//!
//! A body that nobody reads to its end counts as cancelled. The methods are those of the descriptors,
//! so nobody can make this table grow by asking for others. Bytes are those of the bodies; etcd leaves out
//! the five that gRPC puts in front of each message.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use hyper::{HeaderMap, Response};
use tonic::body::Body;
use tonic::{Code, Status};

use super::head;
use crate::descriptors;

/// Where the code stands, in the head or in the trailers.
const GRPC_STATUS: &str = "grpc-status";

/// The names of gRPC's codes, as Go writes them, by number.
const CODES: [&str; 17] = [
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
];

/// What is known of one method.
#[derive(Debug, Default)]
struct Method {
    /// `grpc_method`, `grpc_service` and `grpc_type`, as labels.
    labels: String,
    started: AtomicU64,
    /// By code.
    handled: [AtomicU64; CODES.len()],
}

/// Calls that were begun, and those that have ended.
#[derive(Debug)]
pub struct Calls {
    methods: BTreeMap<String, Arc<Method>>,
    received_bytes: Arc<AtomicU64>,
    sent_bytes: Arc<AtomicU64>,
}

impl Default for Calls {
    fn default() -> Self {
        let mut methods = BTreeMap::new();
        for file in descriptors::files() {
            for service in &file.service {
                let name = format!("{}.{}", file.package(), service.name());
                for method in &service.method {
                    let kind = match (method.client_streaming(), method.server_streaming()) {
                        (false, false) => "unary",
                        (true, false) => "client_stream",
                        (false, true) => "server_stream",
                        (true, true) => "bidi_stream",
                    };
                    let labels = format!(
                        "grpc_method=\"{}\",grpc_service=\"{name}\",grpc_type=\"{kind}\"",
                        method.name()
                    );
                    let path = format!("/{name}/{}", method.name());
                    methods.insert(path, Arc::new(Method { labels, ..Method::default() }));
                }
            }
        }
        Self { methods, received_bytes: Arc::default(), sent_bytes: Arc::default() }
    }
}

/// A call that has begun and must be counted once when it ends.
pub struct Call {
    method: Option<Arc<Method>>,
    sent_bytes: Arc<AtomicU64>,
}

impl Calls {
    /// A call of the method at this path begins.
    #[must_use]
    pub fn begin(&self, path: &str) -> Call {
        let method = self.methods.get(path).cloned();
        if let Some(method) = &method {
            method.started.fetch_add(1, Relaxed);
        }
        Call { method, sent_bytes: self.sent_bytes.clone() }
    }

    /// The body of a request, which counts what comes in.
    #[must_use]
    pub fn received<B>(&self, body: B) -> Received<B> {
        Received { body, bytes: self.received_bytes.clone() }
    }

    /// Appends them to a page of metrics.
    pub(super) fn write(&self, text: &mut String) {
        let name = "grpc_server_started_total";
        head(text, name, "Total number of RPCs started on the server.", "counter");
        for method in self.methods.values() {
            let _ = writeln!(text, "{name}{{{}}} {}", method.labels, method.started.load(Relaxed));
        }
        let name = "grpc_server_handled_total";
        let help =
            "Total number of RPCs completed on the server, regardless of success or failure.";
        head(text, name, help, "counter");
        for method in self.methods.values() {
            for (code, count) in CODES.iter().zip(&method.handled) {
                let count = count.load(Relaxed);
                if count > 0 || *code == CODES[0] {
                    let labels = &method.labels;
                    let _ = writeln!(text, "{name}{{grpc_code=\"{code}\",{labels}}} {count}");
                }
            }
        }
        for (way, bytes) in [("received", &self.received_bytes), ("sent", &self.sent_bytes)] {
            let name = format!("etcd_network_client_grpc_{way}_bytes_total");
            let link = if way == "received" { "from" } else { "to" };
            let help = format!("The total number of bytes {way} {link} grpc clients.");
            super::sample(text, &name, &help, "counter", bytes.load(Relaxed));
        }
    }
}

impl Call {
    /// The answer, which tells when the call has ended.
    #[must_use]
    pub fn answered(mut self, answer: Response<Body>) -> Response<Body> {
        if answer.headers().contains_key(GRPC_STATUS) {
            self.end(code(answer.headers()));
            return answer;
        }
        answer.map(|body| Body::new(Sent { body, call: self }))
    }

    fn end(&mut self, code: Code) {
        if let Some(method) = self.method.take() {
            let number = usize::try_from(code as i32).unwrap_or(0);
            if let Some(count) = method.handled.get(number) {
                count.fetch_add(1, Relaxed);
            }
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.end(Code::Cancelled);
    }
}

fn code(headers: &HeaderMap) -> Code {
    Status::from_header_map(headers).map_or(Code::Unknown, |status| status.code())
}

/// A request's body on its way in.
pub struct Received<B> {
    body: B,
    bytes: Arc<AtomicU64>,
}

impl<B: HttpBody<Data = Bytes> + Unpin> HttpBody for Received<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()) {
            self.bytes.fetch_add(data.len() as u64, Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer's body on its way out.
struct Sent {
    body: Body,
    call: Call,
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame {
            if let Some(data) = frame.data_ref() {
                self.call.sent_bytes.fetch_add(data.len() as u64, Relaxed);
            } else if let Some(trailers) = frame.trailers_ref() {
                self.call.end(code(trailers));
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt as _, Full};

    use super::*;

    fn page(calls: &Calls) -> Vec<String> {
        let mut text = String::new();
        calls.write(&mut text);
        text.lines().filter(|line| !line.ends_with(" 0")).map(str::to_owned).collect()
    }

    #[tokio::test]
    async fn each_call_is_counted_once_with_its_end() {
        let calls = Calls::default();
        let put = "/etcdserverpb.KV/Put";
        let refused = Status::out_of_range("no").into_http();
        drop(calls.begin(put).answered(refused));
        let mut trailers = HeaderMap::new();
        trailers.insert(GRPC_STATUS, "0".parse().unwrap());
        let body = Full::new(Bytes::from_static(b"12345678"));
        let body = body.with_trailers(std::future::ready(Some(Ok(trailers))));
        let answer = calls.begin(put).answered(Response::new(Body::new(body)));
        answer.into_body().collect().await.unwrap();
        drop(calls.begin("/etcdserverpb.Watch/Watch").answered(Response::new(Body::empty())));
        drop(calls.begin("/nobody/Knows"));
        let request = calls.received(Full::new(Bytes::from_static(b"123")));
        request.collect().await.unwrap();
        let page = page(&calls);
        for line in [
            "grpc_server_started_total{grpc_method=\"Put\",grpc_service=\"etcdserverpb.KV\",\
             grpc_type=\"unary\"} 2",
            "grpc_server_handled_total{grpc_code=\"OK\",grpc_method=\"Put\",\
             grpc_service=\"etcdserverpb.KV\",grpc_type=\"unary\"} 1",
            "grpc_server_handled_total{grpc_code=\"OutOfRange\",grpc_method=\"Put\",\
             grpc_service=\"etcdserverpb.KV\",grpc_type=\"unary\"} 1",
            "grpc_server_handled_total{grpc_code=\"Canceled\",grpc_method=\"Watch\",\
             grpc_service=\"etcdserverpb.Watch\",grpc_type=\"bidi_stream\"} 1",
            "etcd_network_client_grpc_received_bytes_total 3",
            "etcd_network_client_grpc_sent_bytes_total 8",
        ] {
            assert!(page.iter().any(|found| found == line), "{line}\n{page:#?}");
        }
    }
}
