//! The JSON gateway: gRPC for clients that have only HTTP and JSON.
//!
//! It is a client of the services beside it, as etcd's is: a request is mapped from JSON to protobuf,
//! called, and its answer mapped back. Which messages there are it reads from the descriptors, so no
//! line here is about a particular call, and a service that is added needs its paths and nothing else.
//!
//! ```text
//!   POST /v3/kv/range  {"key":"YQ=="}                {"header":{…},"kvs":[…]}
//!          │ routes        │ syntax, decode                 ▲ encode
//!          ▼               ▼                                │
//!   etcdserverpb.KV/Range  0a 01 61  ──► grpc::Services ──► 0a 10 …
//! ```
//!
//! A stream's requests are values behind each other in the body, its answers are lines.
//! Names, values and errors are those of etcd 3.6 (grpc-gateway 2), whose answers also say `error` for
//! clients that know older ones.

mod answer;
mod decode;
mod encode;
mod request;
mod response;
mod routes;
mod schema;
mod syntax;
#[cfg(test)]
mod tests;
mod token;

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Body as HttpBody;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, TE};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::StdError;

use self::request::{Mapping, RequestFrames};
use self::response::{Lines, Messages};
use self::schema::Schema;
use crate::config::Settings;
use crate::grpc::{Services, message_bytes_max};

/// Headers with this prefix are metadata of the call.
const METADATA_PREFIX: &str = "grpc-metadata-";

/// The gateway to the services of one member.
#[derive(Clone)]
pub struct Gateway {
    schema: Arc<Schema>,
    services: Services,
    message_bytes_max: usize,
}

impl Gateway {
    /// A gateway to these services.
    #[must_use]
    pub fn new(settings: &Settings, services: Services) -> Self {
        Self {
            schema: Arc::new(Schema::new()),
            services,
            message_bytes_max: message_bytes_max(settings),
        }
    }

    /// Whether the path is one of the gateway's.
    #[must_use]
    pub fn is_asked(path: &str) -> bool {
        routes::below_root(path).is_some()
    }

    /// Answers one request.
    pub async fn answer<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<StdError>,
    {
        let path = request.uri().path();
        let method = routes::below_root(path).and_then(routes::method);
        let Some(path) = method else { return answer::failed(&Status::not_found("Not Found")) };
        if request.method() != Method::POST {
            return answer::failed(&Status::unimplemented("Method Not Allowed"));
        }
        let method = self.schema.method(path).expect("every route is in the descriptors");
        let (head, body) = request.into_parts();
        let mapping = Mapping {
            schema: self.schema.clone(),
            message: method.input,
            message_bytes_max: self.message_bytes_max,
        };
        let answer = if method.client_streams {
            self.services.call(call(path, &head.headers, RequestFrames::new(body, mapping)))
        } else {
            match one_frame(body, &mapping).await {
                Ok(frame) => self.services.call(call(path, &head.headers, Full::new(frame))),
                Err(status) => return answer::failed(&status),
            }
        };
        let answer = answer.await.unwrap_or_else(|never| match never {});
        let messages = Messages::new(self.schema.clone(), method.output, answer);
        if method.server_streams { stream(messages).await } else { unary(messages).await }
    }
}

/// The whole body as one message; what follows the first value does not matter.
async fn one_frame<B>(body: B, mapping: &Mapping) -> Result<Bytes, Status>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Into<StdError>,
{
    let limit = mapping.text_bytes_max();
    let text = match Limited::new(body, limit).collect().await {
        Ok(text) => text.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(mapping.too_large(limit)),
        Err(_) => return Err(Status::cancelled("the client went away")),
    };
    let end = syntax::first_value(&text).map_err(Status::invalid_argument)?;
    mapping.frame(&text[..end])
}

/// A request of gRPC with what the client's headers say about who calls.
fn call<B>(path: &str, headers: &HeaderMap, body: B) -> Request<B> {
    let mut request = Request::post(format!("/{path}")).body(body).expect("the path is a path");
    let call = request.headers_mut();
    for (name, value) in headers {
        let name = name.as_str().strip_prefix(METADATA_PREFIX);
        if let Some(name) = name.and_then(|name| HeaderName::try_from(name).ok()) {
            call.append(name, value.clone());
        }
    }
    if let Some(token) = headers.get(AUTHORIZATION) {
        call.insert(AUTHORIZATION, token.clone());
    }
    call.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    call.insert(TE, HeaderValue::from_static("trailers"));
    call.remove("grpc-encoding");
    request
}

async fn unary(messages: Result<Messages, Status>) -> Response<Body> {
    let mut messages = match messages {
        Ok(messages) => messages,
        Err(status) => return answer::failed(&status),
    };
    match messages.next().await {
        Some(Ok(message)) => answer::json_answer(StatusCode::OK, message),
        Some(Err(status)) => answer::failed(&status),
        None => answer::failed(&Status::internal("the call has no answer")),
    }
}

/// The head of the answer goes out with the first message, so that a stream that fails at once has the
/// status of its failure.
async fn stream(messages: Result<Messages, Status>) -> Response<Body> {
    let mut messages = match messages {
        Ok(messages) => messages,
        Err(status) => return answer::stream_failed(&status),
    };
    match messages.next().await {
        Some(Ok(first)) => answer::with_head(StatusCode::OK, Lines::into_body(first, messages)),
        Some(Err(status)) => answer::stream_failed(&status),
        None => Response::new(Body::empty()),
    }
}
