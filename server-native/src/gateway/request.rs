//! A body of JSON as frames of gRPC: values are cut out, mapped, and framed as they arrive.
//!
//! ```text
//!   {"ID":"9"} {"ID":     "7"}           pieces of the body
//!   └─ scan ─┘            └─ scan goes on where it stopped
//!        ▼
//!   0 | length | 08 09                   frames
//! ```

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{BufMut as _, Bytes, BytesMut};
use hyper::body::{Body, Frame};
use tonic::Status;

use super::decode::decode;
use super::schema::{MessageId, Schema};
use super::syntax::{Progress, Scanner};

/// How many times larger than its message a text may be: base64 takes 4/3, names and space the rest.
const TEXT_PER_MESSAGE: usize = 2;

/// gRPC's head of a message: not compressed, and a length of four bytes.
const HEAD_BYTES: usize = 5;

/// What values become.
#[derive(Clone)]
pub(super) struct Mapping {
    pub(super) schema: Arc<Schema>,
    pub(super) message: MessageId,
    /// The largest message in bytes.
    pub(super) message_bytes_max: usize,
}

impl Mapping {
    /// One value as a frame. No text at all is the empty message.
    ///
    /// # Errors
    /// The text does not describe the message, or it describes too large a one.
    pub(super) fn frame(&self, json: &[u8]) -> Result<Bytes, Status> {
        let mut frame = vec![0; HEAD_BYTES];
        if !json.is_empty() {
            decode(&self.schema, self.message, json, &mut frame)
                .map_err(Status::invalid_argument)?;
        }
        let length = frame.len() - HEAD_BYTES;
        if length > self.message_bytes_max {
            return Err(self.too_large(length));
        }
        let length = u32::try_from(length).map_err(|_| self.too_large(length))?;
        frame[1..HEAD_BYTES].copy_from_slice(&length.to_be_bytes());
        Ok(frame.into())
    }

    /// Bytes of text that one message may have.
    pub(super) fn text_bytes_max(&self) -> usize {
        self.message_bytes_max.saturating_mul(TEXT_PER_MESSAGE)
    }

    /// gRPC's words in Go about a message of so many bytes.
    pub(super) fn too_large(&self, bytes: usize) -> Status {
        let max = self.message_bytes_max;
        Status::resource_exhausted(format!(
            "grpc: received message larger than max ({bytes} vs. {max})"
        ))
    }
}

/// The body of a stream of requests.
///
/// As in etcd, a value behind the first one that cannot be read ends the requests, not the stream. The
/// first one that cannot be read is answered.
pub(super) struct RequestFrames<B> {
    body: B,
    mapping: Mapping,
    scanner: Scanner,
    /// Bytes of the value that is being scanned, and what follows it.
    text: BytesMut,
    scanned: usize,
    is_first: bool,
    ended: bool,
}

impl<B> RequestFrames<B> {
    pub(super) fn new(body: B, mapping: Mapping) -> Self {
        Self {
            body,
            mapping,
            scanner: Scanner::new(),
            text: BytesMut::new(),
            scanned: 0,
            is_first: true,
            ended: false,
        }
    }

    /// The next frame that the bytes at hand are enough for.
    fn next_frame(&mut self) -> Result<Option<Bytes>, Status> {
        while let Some(byte) = self.text.get(self.scanned) {
            match self.scanner.feed(*byte).map_err(Status::invalid_argument)? {
                Progress::More => self.scanned += 1,
                Progress::Done => return self.cut(self.scanned + 1).map(Some),
                Progress::DoneBefore => return self.cut(self.scanned).map(Some),
            }
        }
        if self.text.len() > self.mapping.text_bytes_max() {
            return Err(self.mapping.too_large(self.text.len()));
        }
        Ok(None)
    }

    /// What is left when the body has ended.
    fn last_frame(&mut self) -> Result<Option<Bytes>, Status> {
        if self.scanner.is_whole_at_end() {
            return self.cut(self.text.len()).map(Some);
        }
        if self.scanner.has_begun() {
            return Err(Status::invalid_argument("unexpected EOF"));
        }
        Ok(None)
    }

    fn cut(&mut self, length: usize) -> Result<Bytes, Status> {
        let value = self.text.split_to(length);
        (self.scanner, self.scanned) = (Scanner::new(), 0);
        let frame = self.mapping.frame(&value)?;
        self.is_first = false;
        Ok(frame)
    }

    fn end(&mut self, why: Status) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.ended = true;
        Poll::Ready(self.is_first.then_some(Err(why)))
    }
}

impl<B> Body for RequestFrames<B>
where
    B: Body<Data = Bytes> + Unpin,
{
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        while !self.ended {
            match self.next_frame() {
                Ok(Some(frame)) => return Poll::Ready(Some(Ok(Frame::data(frame)))),
                Ok(None) => {}
                Err(why) => return self.end(why),
            }
            match std::task::ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.text.put(data);
                    }
                }
                Some(Err(_)) => return self.end(Status::cancelled("the client went away")),
                None => {
                    let last = self.last_frame();
                    self.ended = true;
                    return match last {
                        Ok(last) => Poll::Ready(last.map(|frame| Ok(Frame::data(frame)))),
                        Err(why) => self.end(why),
                    };
                }
            }
        }
        Poll::Ready(None)
    }
}
