//! Answers as HTTP: gRPC's status becomes a status of HTTP and a small object.
//!
//! The object has what clients of every etcd look for: `code` and `message`, and `error`, which etcd up
//! to 3.5 wrote beside them. Inside of a stream the old gateway had other names for the same; a line
//! has both.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::json;
use tonic::body::Body;
use tonic::{Code, Status};

/// The status of HTTP for a code of gRPC (grpc-gateway: `HTTPStatusFromCode`).
pub(super) fn http_status(code: Code) -> StatusCode {
    let status = match code {
        Code::Ok => 200,
        // The client has closed the request: nginx's number.
        Code::Cancelled => 499,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => 400,
        Code::DeadlineExceeded => 504,
        Code::NotFound => 404,
        Code::AlreadyExists | Code::Aborted => 409,
        Code::PermissionDenied => 403,
        Code::Unauthenticated => 401,
        Code::ResourceExhausted => 429,
        Code::Unimplemented => 501,
        Code::Unavailable => 503,
        Code::Unknown | Code::Internal | Code::DataLoss => 500,
    };
    StatusCode::from_u16(status).expect("each of these is a status")
}

/// The answer to a call that failed.
pub(super) fn failed(status: &Status) -> Response<Body> {
    let (code, message) = (status.code() as i32, status.message());
    let body =
        format!("{{\"error\":{},\"code\":{code},\"message\":{}}}", json!(message), json!(message));
    json_answer(http_status(status.code()), body)
}

/// The answer to a stream that failed before its first message.
pub(super) fn stream_failed(status: &Status) -> Response<Body> {
    json_answer(http_status(status.code()), error_line(status))
}

/// The last line of a stream that failed.
pub(super) fn error_line(status: &Status) -> String {
    let http = http_status(status.code());
    let (code, message) = (status.code() as i32, json!(status.message()));
    let words = json!(http.canonical_reason().unwrap_or_default());
    format!(
        "{{\"error\":{{\"code\":{code},\"grpc_code\":{code},\"http_code\":{},\"message\":{message},\
         \"http_status\":{words}}}}}",
        http.as_u16(),
    )
}

/// An answer of JSON.
pub(super) fn json_answer(status: StatusCode, body: String) -> Response<Body> {
    with_head(status, Body::new(Full::new(Bytes::from(body))))
}

/// An answer whose body is JSON, one line or many.
pub(super) fn with_head(status: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
