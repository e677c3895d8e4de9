//! One gRPC connection to a member, for whoever asks it: `ctl`, tests, measurements.
//!
//! Requests and responses are core's own ([`api::Request`]), so whoever can ask a simulated
//! member can ask a real one.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf as _, BufMut as _, Bytes};
use glasshouse_core::api::{self, Request, Response};
use hyper::client::conn::http2::{self, SendRequest};
use hyper::http::Uri;
use hyper::http::uri::PathAndQuery;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::tokio_stream::Stream;
use tonic::codegen::{Service, tokio_stream};
use tonic::metadata::MetadataValue;
use tonic::{Code, Status, Streaming};
use tonic_prost::ProstCodec;

use crate::tls::{Dialer, Stream as TlsOrPlain};

/// Why no connection was made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The endpoint cannot be meant; trying again is of no use.
    #[error("{0}")]
    Endpoint(String),
    /// Nobody answers there now.
    #[error("{0}")]
    Unreachable(#[from] io::Error),
}

/// An HTTP/2 connection to one endpoint. Clones share it; their calls go side by side.
#[derive(Clone, Debug)]
pub struct Connection {
    sender: SendRequest<Body>,
    origin: Uri,
}

impl Connection {
    /// Connects to `host:port` or `http://host:port`.
    ///
    /// # Errors
    /// The endpoint makes no sense, or nobody answers there within `limit`.
    pub async fn open(endpoint: &str, limit: Duration) -> Result<Self, ConnectError> {
        Self::open_with(endpoint, None, limit).await
    }

    /// Connects to `host:port`, `http://host:port` or `https://host:port`; with a dialer, an endpoint
    /// without a scheme speaks TLS, too (etcd: `clientv3/internal/endpoint`).
    ///
    /// # Errors
    /// The endpoint makes no sense, or nobody answers there within `limit`.
    pub async fn open_with(
        endpoint: &str,
        dialer: Option<&Dialer>,
        limit: Duration,
    ) -> Result<Self, ConnectError> {
        let (scheme, authority) = endpoint.split_once("://").unwrap_or(("", endpoint));
        let dialer = match scheme {
            "http" => None,
            "" => dialer,
            "https" if dialer.is_none() => {
                let why = format!("{endpoint} wants TLS, and no certificates were given");
                return Err(ConnectError::Endpoint(why));
            }
            "https" => dialer,
            _ => {
                return Err(ConnectError::Endpoint(format!(
                    "{endpoint} is no endpoint: it begins with neither http nor https"
                )));
            }
        };
        let origin = Uri::try_from(format!("{}://{authority}", dialer.map_or("http", |_| "https")))
            .map_err(|why| ConnectError::Endpoint(format!("{endpoint} is no endpoint: {why}")))?;
        let connect = async {
            let stream = TcpStream::connect(authority).await?;
            stream.set_nodelay(true)?;
            let stream = match dialer {
                Some(dialer) => {
                    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
                    let host = host.trim_matches(['[', ']']);
                    dialer.dial(host, stream).await.map_err(io::Error::other)?
                }
                None => TlsOrPlain::plain(stream),
            };
            let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
                .await
                .map_err(io::Error::other)?;
            tokio::spawn(async move { drop(connection.await) });
            Ok(Self { sender, origin })
        };
        timeout(limit, connect)
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(ConnectError::Unreachable)
    }

    /// Whether it is known to be over.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Makes one call.
    ///
    /// # Errors
    /// What the member answered, or `Unavailable` when the connection failed.
    pub async fn ask(self, request: Request) -> Result<Response, api::Error> {
        self.ask_as(None, request).await
    }

    /// The same, by somebody who shows a token.
    ///
    /// # Errors
    /// What the member answered, or `Unavailable` when the connection failed.
    pub async fn ask_as(
        self,
        token: Option<&str>,
        request: Request,
    ) -> Result<Response, api::Error> {
        let path = PathAndQuery::from_static(request.path());
        if let Request::LeaseKeepAlive(message) = request {
            return self.keep_alive(message, token, path).await;
        }
        let message = Bytes::from(request.encode_to_vec());
        let bytes = self.call(path, token, message).await?;
        request.decode_response(&bytes).map_err(|error| {
            api::Error::new(api::Code::Internal, format!("the answer cannot be read: {error}"))
        })
    }

    /// Makes one call whose message is these bytes, proper or not.
    ///
    /// # Errors
    /// What the member answered, or `Unavailable` when the connection failed.
    pub async fn call(
        self,
        path: PathAndQuery,
        token: Option<&str>,
        message: Bytes,
    ) -> Result<Bytes, api::Error> {
        let origin = self.origin.clone();
        // etcd's clients set no limit to what they receive.
        let mut client = Grpc::with_origin(self, origin).max_decoding_message_size(usize::MAX);
        let answer = client.unary(with_token(message, token)?, path, BytesCodec).await;
        answer.map(tonic::Response::into_inner).map_err(|status| error_of(&status))
    }

    /// Opens a stream in both directions whose messages are bytes, proper or not.
    ///
    /// # Errors
    /// What the member answered, or `Unavailable` when the connection failed.
    pub async fn stream(
        self,
        path: PathAndQuery,
        token: Option<&str>,
        messages: mpsc::UnboundedReceiver<Bytes>,
    ) -> Result<Messages, api::Error> {
        let origin = self.origin.clone();
        let mut client = Grpc::with_origin(self, origin).max_decoding_message_size(usize::MAX);
        let messages = with_token(Outgoing(messages), token)?;
        let answer = client.streaming(messages, path, BytesCodec).await;
        answer.map(|answer| Messages(answer.into_inner())).map_err(|status| error_of(&status))
    }

    /// Opens a stream in both directions. `requires_leader` asks the member to end it when there is
    /// no leader.
    ///
    /// # Errors
    /// What the member answered, or `Unavailable` when the connection failed.
    pub async fn watch(
        self,
        requests: mpsc::UnboundedReceiver<api::WatchRequest>,
        requires_leader: bool,
        token: Option<&str>,
    ) -> Result<Streaming<api::WatchResponse>, api::Error> {
        let origin = self.origin.clone();
        let mut client = Grpc::with_origin(self, origin).max_decoding_message_size(usize::MAX);
        let codec = ProstCodec::<api::WatchRequest, api::WatchResponse>::default();
        let path = PathAndQuery::from_static("/etcdserverpb.Watch/Watch");
        let mut request = with_token(Outgoing(requests), token)?;
        if requires_leader {
            request.metadata_mut().insert("hasleader", MetadataValue::from_static("true"));
        }
        let answer = client.streaming(request, path, codec).await;
        answer.map(tonic::Response::into_inner).map_err(|status| error_of(&status))
    }

    /// Asks for a snapshot, which comes in parts.
    ///
    /// # Errors
    /// What the member answered, or `Unavailable` when the connection failed.
    pub async fn snapshot(
        self,
        request: api::SnapshotRequest,
        token: Option<&str>,
    ) -> Result<Streaming<api::SnapshotResponse>, api::Error> {
        let origin = self.origin.clone();
        let mut client = Grpc::with_origin(self, origin).max_decoding_message_size(usize::MAX);
        let codec = ProstCodec::<api::SnapshotRequest, api::SnapshotResponse>::default();
        let path = PathAndQuery::from_static("/etcdserverpb.Maintenance/Snapshot");
        let answer = client.server_streaming(with_token(request, token)?, path, codec).await;
        answer.map(tonic::Response::into_inner).map_err(|status| error_of(&status))
    }

    /// One message of the stream, and its answer.
    async fn keep_alive(
        self,
        message: api::LeaseKeepAliveRequest,
        token: Option<&str>,
        path: PathAndQuery,
    ) -> Result<Response, api::Error> {
        let origin = self.origin.clone();
        let mut client = Grpc::with_origin(self, origin);
        let codec = ProstCodec::<_, api::LeaseKeepAliveResponse>::default();
        let messages = with_token(tokio_stream::once(message), token)?;
        let answer = async {
            let mut answers = client.streaming(messages, path, codec).await?.into_inner();
            let ended = || Status::new(Code::Unavailable, "error reading from server: EOF");
            answers.message().await?.ok_or_else(ended)
        };
        answer.await.map(Response::from).map_err(|status: Status| error_of(&status))
    }
}

/// What comes on a stream whose messages are bytes.
#[derive(Debug)]
pub struct Messages(Streaming<Bytes>);

impl Messages {
    /// The next message; `None` at the stream's end.
    ///
    /// # Errors
    /// The stream ended with this error.
    pub async fn next(&mut self) -> Result<Option<Bytes>, api::Error> {
        self.0.message().await.map_err(|status| error_of(&status))
    }
}

/// A request with the token in its metadata, as etcd's clients put it there.
fn with_token<T>(message: T, token: Option<&str>) -> Result<tonic::Request<T>, api::Error> {
    let mut request = tonic::Request::new(message);
    if let Some(token) = token {
        let token = token.parse().map_err(|_| api::Error::INVALID_AUTH_TOKEN)?;
        request.metadata_mut().insert("token", token);
    }
    Ok(request)
}

/// Messages that are bytes already: [`Request`] and [`Response`] know their types.
#[derive(Clone, Copy, Debug)]
struct BytesCodec;

impl Codec for BytesCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, bytes: Bytes, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put(bytes);
        Ok(())
    }
}

impl Decoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}

/// Requests of a stream, as they are made.
struct Outgoing<T>(mpsc::UnboundedReceiver<T>);

impl<T> Stream for Outgoing<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        self.0.poll_recv(context)
    }
}

/// The member's error, or the transport's: a connection that breaks in the middle of an answer.
pub(crate) fn error_of(status: &Status) -> api::Error {
    if let (Code::Unknown, Some(broken)) = (status.code(), std::error::Error::source(status)) {
        return api::Error::new(
            api::Code::Unavailable,
            format!("error reading from server: {broken}"),
        );
    }
    let code = api::Code::from_number(status.code() as i32);
    api::Error::new(code, status.message().to_owned())
}

impl Service<hyper::Request<Body>> for Connection {
    type Response = hyper::Response<hyper::body::Incoming>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Status>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        // The call itself waits for its turn.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: hyper::Request<Body>) -> Self::Future {
        let answer = self.sender.send_request(request);
        Box::pin(async move {
            answer.await.map_err(|error| {
                Status::new(Code::Unavailable, format!("error reading from server: {error}"))
            })
        })
    }
}
