//! Unary gRPC calls on bare HTTP/2.
//!
//! The generator shares the machine with the server that it measures, so it must cost little: heads
//! and messages are made once, and an answer is looked at only as far as its status and its length.
//!
//! ```text
//!   HEADERS  POST /etcdserverpb.KV/Put  ─►
//!   DATA     0 | length u32 | message   ─►
//!                                       ◄─ HEADERS 200
//!                                       ◄─ DATA 0 | length u32 | message
//!                                       ◄─ HEADERS grpc-status: 0
//! ```

use std::future::poll_fn;
use std::net::SocketAddr;

use bytes::{BufMut, Bytes, BytesMut};
use h2::client::SendRequest;
use http::{HeaderMap, HeaderValue, Method, Request, Version};
use prost::Message;
use tokio::net::TcpStream;

use crate::{Failure, Result};

/// Bytes before the message in a gRPC frame: a flag and the length.
const PREFIX_BYTES: usize = 5;

/// Bytes that a server may send before it has to wait, for a stream and for a connection.
const WINDOW_BYTES: (u32, u32) = (1 << 20, 1 << 24);

/// A connection; clones share it.
#[derive(Clone)]
pub struct Connection {
    address: SocketAddr,
    requests: SendRequest<Bytes>,
}

impl Connection {
    /// Connects to a server.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let failed = |error: &dyn std::fmt::Display| {
            Failure::Failed(format!("cannot connect to {address}: {error}"))
        };
        let stream = TcpStream::connect(address).await.map_err(|error| failed(&error))?;
        stream.set_nodelay(true).map_err(|error| failed(&error))?;
        let (requests, connection) = h2::client::Builder::new()
            .initial_window_size(WINDOW_BYTES.0)
            .initial_connection_window_size(WINDOW_BYTES.1)
            .handshake(stream)
            .await
            .map_err(|error| failed(&error))?;
        // When it ends, the calls on it end with the reason.
        tokio::spawn(connection);
        Ok(Self { address, requests })
    }

    /// The head of calls of this method, such as `/etcdserverpb.KV/Put`.
    pub fn head(&self, path: &str) -> Request<()> {
        let mut head = Request::new(());
        *head.method_mut() = Method::POST;
        *head.version_mut() = Version::HTTP_2;
        *head.uri_mut() =
            format!("http://{}{path}", self.address).parse().expect("address and path are plain");
        let headers = head.headers_mut();
        headers.insert("content-type", HeaderValue::from_static("application/grpc"));
        headers.insert("te", HeaderValue::from_static("trailers"));
        head
    }

    /// Sends a framed message and waits for the framed answer.
    pub async fn call(&mut self, head: &Request<()>, frame: Bytes) -> Result<Bytes> {
        let answer = self.exchange(head, frame).await;
        answer.map_err(|error| {
            Failure::Failed(format!("{} of {}: {error}", head.uri().path(), self.address))
        })
    }

    async fn exchange(&mut self, head: &Request<()>, frame: Bytes) -> Result<Bytes, CallError> {
        poll_fn(|context| self.requests.poll_ready(context)).await?;
        let (answer, mut request) = self.requests.send_request(head.clone(), false)?;
        request.send_data(frame, true)?;
        let (head, mut body) = answer.await?.into_parts();
        let mut bytes = Bytes::new();
        while let Some(part) = body.data().await.transpose()? {
            body.flow_control().release_capacity(part.len())?;
            bytes = if bytes.is_empty() { part } else { [bytes, part].concat().into() };
        }
        // An error without a message comes in one head, without trailers.
        match body.trailers().await? {
            Some(trailers) => check_status(&trailers)?,
            None => check_status(&head.headers)?,
        }
        Ok(bytes)
    }

    /// A call that is made once.
    pub async fn ask<A: Message + Default>(
        &mut self,
        path: &str,
        message: &impl Message,
    ) -> Result<A> {
        let head = self.head(path);
        let answer = self.call(&head, frame(message)).await?;
        A::decode(answer.slice(PREFIX_BYTES.min(answer.len())..)).map_err(|error| {
            Failure::Failed(format!("{path} of {} answers no such message: {error}", self.address))
        })
    }
}

/// A message as it travels.
pub fn frame(message: &impl Message) -> Bytes {
    let length = message.encoded_len();
    let mut frame = BytesMut::with_capacity(PREFIX_BYTES + length);
    frame.put_u8(0);
    frame.put_u32(u32::try_from(length).expect("requests of a benchmark are small"));
    message.encode(&mut frame).expect("there is room for its length");
    frame.freeze()
}

/// Why a call failed: the connection, or the server's answer.
struct CallError(String);

impl From<h2::Error> for CallError {
    fn from(error: h2::Error) -> Self {
        Self(error.to_string())
    }
}

impl std::fmt::Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

fn check_status(headers: &HeaderMap) -> Result<(), CallError> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    match text("grpc-status") {
        Some("0") => Ok(()),
        Some(code) => {
            Err(CallError(format!("code {code}, {}", text("grpc-message").unwrap_or("no message"))))
        }
        None => Err(CallError("the answer is not gRPC".to_owned())),
    }
}
