//! Frames of gRPC as JSON: the one message of an answer, or the lines of a stream.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::Response;
use hyper::body::{Body as HttpBody, Frame};
use tonic::Status;
use tonic::body::Body;

use super::answer::error_line;
use super::encode::encode;
use super::schema::{MessageId, Schema};

/// gRPC's head of a message: not compressed, and a length of four bytes.
const HEAD_BYTES: usize = 5;

/// The messages of one answer of gRPC, in JSON.
pub(super) struct Messages {
    schema: Arc<Schema>,
    message: MessageId,
    body: Body,
    /// Bytes that are no whole frame yet.
    bytes: BytesMut,
}

impl Messages {
    /// # Errors
    /// The call failed before it had a body.
    pub(super) fn new(
        schema: Arc<Schema>,
        message: MessageId,
        answer: Response<Body>,
    ) -> Result<Self, Status> {
        let (head, body) = answer.into_parts();
        match Status::from_header_map(&head.headers) {
            Some(status) if status.code() != tonic::Code::Ok => Err(status),
            _ => Ok(Self { schema, message, body, bytes: BytesMut::new() }),
        }
    }

    /// The next message, in braces of its own; `None` at the end.
    ///
    /// # Errors
    /// How the call failed.
    pub(super) async fn next(&mut self) -> Option<Result<String, Status>> {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<String, Status>>> {
        loop {
            if let Some(message) = self.take() {
                return Poll::Ready(Some(message));
            }
            let frame = match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => frame,
                Some(Err(status)) => return Poll::Ready(Some(Err(status))),
                None => return Poll::Ready(None),
            };
            match frame.into_data() {
                Ok(data) => self.bytes.put(data),
                Err(frame) => {
                    let trailers = frame.into_trailers().unwrap_or_default();
                    return match Status::from_header_map(&trailers) {
                        Some(status) if status.code() != tonic::Code::Ok => {
                            Poll::Ready(Some(Err(status)))
                        }
                        _ => Poll::Ready(None),
                    };
                }
            }
        }
    }

    /// The first whole frame at hand.
    fn take(&mut self) -> Option<Result<String, Status>> {
        let head = self.bytes.get(1..HEAD_BYTES)?;
        let length = usize::try_from(u32::from_be_bytes(head.try_into().ok()?)).ok()?;
        if self.bytes.len() < HEAD_BYTES + length {
            return None;
        }
        self.bytes.advance(HEAD_BYTES);
        let message = self.bytes.split_to(length);
        let mut json = String::with_capacity(length * 2);
        let written = encode(&self.schema, self.message, &message, &mut json);
        Some(written.map(|()| json).ok_or_else(|| Status::internal("an answer cannot be read")))
    }
}

/// The body of a stream: `{"result":…}` and an end of line for each message.
pub(super) struct Lines {
    /// Read already, to find out whether the stream begins at all.
    first: Option<String>,
    messages: Messages,
    ended: bool,
}

impl Lines {
    pub(super) fn into_body(first: String, messages: Messages) -> Body {
        Body::new(Self { first: Some(first), messages, ended: false }.boxed_unsync())
    }
}

impl HttpBody for Lines {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let next = match self.first.take() {
            Some(first) => Some(Ok(first)),
            None if self.ended => None,
            None => ready!(self.messages.poll_next(context)),
        };
        let line = match next {
            Some(Ok(message)) => format!("{{\"result\":{message}}}\n"),
            Some(Err(status)) => {
                self.ended = true;
                error_line(&status) + "\n"
            }
            None => return Poll::Ready(None),
        };
        Poll::Ready(Some(Ok(Frame::data(line.into()))))
    }
}
