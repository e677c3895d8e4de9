//! The calling side: one task for each peer that calls it, again and again, and sends.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use glasshouse_core::peer::Envelope;
use glasshouse_core::{Input, MemberId};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::header::{CONNECTION, HOST, UPGRADE};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::hello::{CLUSTER_ID, Hello, Identity, PATH, PROTOCOL, REMOVED};
use super::{PING_AFTER, PeerContext, SILENCE_MAX, dial, frame};
use crate::config::Url;
use crate::tls::Stream;

/// Messages that may wait for one peer (`streamBufSize` of etcd).
const QUEUE_MESSAGES_MAX: usize = 4_096;

/// Bytes that may wait for one peer.
const QUEUE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Pauses between two calls to a peer that does not answer: the first, and the longest.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// Bytes of a refusal that are read.
const REFUSAL_BYTES_MAX: usize = 4 * 1024;

/// The way to one peer; it ends when it is dropped.
pub(super) struct Link {
    queue: Arc<Queue>,
    /// The peer's URLs as of the log.
    urls: Vec<String>,
    caller: JoinHandle<()>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.caller.abort();
    }
}

#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Default)]
struct Waiting {
    messages: VecDeque<Bytes>,
    bytes: usize,
    connected: bool,
}

impl Link {
    /// Begins to call the peer at these URLs, then at those that this member was told.
    pub(super) fn start(
        context: Arc<PeerContext>,
        peer: MemberId,
        urls: &[String],
        told: &[String],
    ) -> Self {
        let queue = Arc::new(Queue::default());
        let more = told.iter().filter(|url| !urls.contains(url));
        let parsed = urls.iter().chain(more).filter_map(|url| Url::parse(url).ok()).collect();
        let caller =
            Caller { context, peer, urls: parsed, queue: queue.clone(), last_failure: None };
        Self { queue, urls: urls.to_vec(), caller: tokio::spawn(caller.run()) }
    }

    /// Whether it calls the peer at these URLs first.
    pub(super) fn begins_at(&self, urls: &[String]) -> bool {
        self.urls == urls
    }

    /// Queues a message; `false` when it is dropped.
    pub(super) fn send(&self, message: Bytes) -> bool {
        let mut waiting = self.queue.lock();
        let full = waiting.messages.len() >= QUEUE_MESSAGES_MAX
            || waiting.bytes + message.len() > QUEUE_BYTES_MAX;
        if !waiting.connected || full {
            return false;
        }
        waiting.bytes += message.len();
        waiting.messages.push_back(message);
        drop(waiting);
        self.queue.arrived.notify_one();
        true
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Messages of an old connection are not sent on a new one: raft has moved on.
    fn set_connected(&self, connected: bool) {
        *self.lock() = Waiting { connected, ..Waiting::default() };
    }

    /// Moves everything that waits into a buffer of frames.
    fn drain_into(&self, buffer: &mut BytesMut) {
        let messages = {
            let mut waiting = self.lock();
            waiting.bytes = 0;
            std::mem::take(&mut waiting.messages)
        };
        for message in messages {
            frame::push(buffer, &message);
        }
    }
}

/// Why a connection was not made or did not last.
#[derive(Debug, thiserror::Error)]
enum LinkError {
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("{0}")]
    Http(#[from] hyper::Error),
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    #[error("the peer closed the connection")]
    Closed,
    #[error("the peer has no URL that can be called")]
    NoUrl,
    #[error("{REMOVED}")]
    Removed,
    #[error("refused with status {status}: {text}")]
    Refused { status: StatusCode, text: String },
    #[error(
        "the peer is of cluster {theirs}, this member is of cluster {ours}: one of the two was \
         started with another --initial-cluster or --initial-cluster-token, or with the data \
         directory of another cluster"
    )]
    OtherCluster { ours: String, theirs: String },
}

struct Caller {
    context: Arc<PeerContext>,
    peer: MemberId,
    urls: Vec<Url>,
    queue: Arc<Queue>,
    /// What was logged last, so that a peer that stays away is not logged every second.
    last_failure: Option<String>,
}

impl Caller {
    async fn run(mut self) {
        let mut pause = BACK_OFF.0;
        loop {
            match self.connect().await {
                Ok(stream) => {
                    pause = BACK_OFF.0;
                    self.last_failure = None;
                    self.context.log.info("peer became active", &[self.peer_field()]);
                    self.queue.set_connected(true);
                    let error = self.pump(stream).await;
                    self.queue.set_connected(false);
                    self.context.mailbox.post(Input::Unreachable { peer: self.peer });
                    self.log_failure("peer became inactive (message send to peer failed)", &error);
                }
                Err(error) => {
                    let message = match error {
                        LinkError::OtherCluster { .. } => {
                            "request sent was ignored due to cluster ID mismatch"
                        }
                        _ => "prober detected unhealthy status",
                    };
                    self.log_failure(message, &error);
                }
            }
            sleep(pause).await;
            pause = (pause * 2).min(BACK_OFF.1);
        }
    }

    fn log_failure(&mut self, message: &str, error: &LinkError) {
        let text = error.to_string();
        if self.last_failure.as_ref() == Some(&text) {
            return;
        }
        let mut fields = vec![self.peer_field(), ("error", Value::from(text.as_str()))];
        if let LinkError::OtherCluster { ours, theirs } = error {
            fields.push(("local-member-cluster-id", ours.as_str().into()));
            fields.push(("remote-peer-cluster-id", theirs.as_str().into()));
        }
        self.context.log.warn(message, &fields);
        self.last_failure = Some(text);
    }

    fn peer_field(&self) -> (&'static str, Value) {
        ("peer-id", self.peer.to_string().into())
    }

    /// Tries the peer's URLs in turn.
    async fn connect(&self) -> Result<Stream, LinkError> {
        let mut last = LinkError::NoUrl;
        for url in &self.urls {
            let limit = self.context.dial_timeout;
            match timeout(limit, self.call(url)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = error,
                Err(_) => last = LinkError::Timeout(limit),
            }
        }
        Err(last)
    }

    /// Dials, says hello, and takes the connection over when the peer agrees.
    async fn call(&self, url: &Url) -> Result<Stream, LinkError> {
        let stream = dial(url, self.context.dialer.as_ref()).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        // Ends by itself: with the upgrade, or when `sender` and the answer are dropped.
        tokio::spawn(async move { drop(connection.with_upgrades().await) });
        let response = sender.send_request(self.hello(url)).await?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(self.refused(response).await);
        }
        let upgraded = hyper::upgrade::on(response).await?;
        let parts = upgraded
            .downcast::<TokioIo<Stream>>()
            .expect("the connection was made of such a stream above");
        Ok(parts.io.into_inner())
    }

    fn hello(&self, url: &Url) -> Request<Empty<Bytes>> {
        let identity = self.context.identity;
        let hello =
            Hello { from: identity, to: self.peer, version: glasshouse_core::VERSION.to_owned() };
        let mut request = Request::get(PATH)
            .header(HOST, url.authority())
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, PROTOCOL)
            .body(Empty::new())
            .expect("path and headers are valid");
        hello.write(request.headers_mut());
        request
    }

    async fn refused(&self, response: Response<hyper::body::Incoming>) -> LinkError {
        let (head, body) = response.into_parts();
        let theirs = head.headers.get(CLUSTER_ID).and_then(|value| value.to_str().ok());
        let ours = self.context.identity.cluster.to_string();
        if let Some(theirs) = theirs.filter(|theirs| *theirs != ours) {
            return LinkError::OtherCluster { theirs: theirs.to_owned(), ours };
        }
        if head.status == StatusCode::GONE {
            let Identity { cluster, member } = self.context.identity;
            let bytes = Envelope::removed(cluster, member).to_bytes();
            self.context.mailbox.post(Input::Message { from: self.peer, bytes });
            return LinkError::Removed;
        }
        let body = Limited::new(body, REFUSAL_BYTES_MAX).collect().await;
        let bytes = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).trim().to_owned();
        LinkError::Refused { status: head.status, text }
    }

    /// Sends what is queued until the connection fails.
    async fn pump(&self, stream: Stream) -> LinkError {
        // A dead peer acknowledges nothing; without this, Linux would try for a quarter of an hour.
        #[cfg(target_os = "linux")]
        let _ = socket2::SockRef::from(stream.tcp()).set_tcp_user_timeout(Some(SILENCE_MAX));
        let (mut read, mut write) = tokio::io::split(stream);
        let mut buffer = BytesMut::new();
        let mut unexpected = [0; 1];
        loop {
            tokio::select! {
                // The peer never writes: what comes is the end of the connection.
                ended = read.read(&mut unexpected) => {
                    return ended.map_or_else(LinkError::Io, |_| LinkError::Closed);
                }
                arrived = timeout(PING_AFTER, self.queue.arrived.notified()) => match arrived {
                    Ok(()) => self.queue.drain_into(&mut buffer),
                    Err(_) => frame::push(&mut buffer, &[]),
                },
            }
            let written = async {
                write.write_all(&buffer).await?;
                // TLS keeps what does not fill a record of its own.
                write.flush().await
            };
            match timeout(SILENCE_MAX, written).await {
                Ok(Ok(())) => buffer.clear(),
                Ok(Err(error)) => return error.into(),
                Err(_) => return LinkError::Timeout(SILENCE_MAX),
            }
        }
    }
}
