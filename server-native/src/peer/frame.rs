//! Messages on a stream: four bytes of length, little endian, then the message.
//!
//! A frame of length 0 is a sign of life. The reader believes no length: memory grows with the
//! bytes that have arrived, and a length above the limit ends the connection.

use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Bytes of the length before each message.
const HEAD_BYTES: usize = 4;

/// Bytes for which room is made before each read.
const READ_BYTES: usize = 64 * 1024;

/// Appends one frame to a buffer.
pub(super) fn push(buffer: &mut BytesMut, message: &[u8]) {
    let length = u32::try_from(message.len()).expect("a message is far below 4 GiB");
    buffer.extend_from_slice(&length.to_le_bytes());
    buffer.extend_from_slice(message);
}

/// Why no further message can be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum FrameError {
    /// The other side closed the connection between two frames.
    #[error("the peer closed the connection")]
    Closed,
    /// The connection failed, or ended inside of a frame.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The length cannot be meant.
    #[error("a message of {length} bytes is larger than the limit of {limit} bytes")]
    TooLarge {
        /// What the head of the frame says.
        length: usize,
        /// What is accepted.
        limit: usize,
    },
}

/// Reads frames from a stream.
pub(super) struct Frames<R> {
    stream: R,
    buffer: BytesMut,
    limit: usize,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    /// Frames of at most `limit` bytes; `first` are bytes that were read before.
    pub(super) fn new(stream: R, first: &[u8], limit: usize) -> Self {
        Self { stream, buffer: BytesMut::from(first), limit }
    }

    /// The next message; empty for a sign of life.
    ///
    /// # Errors
    /// The stream is at its end or cannot be understood.
    pub(super) async fn next(&mut self) -> Result<Bytes, FrameError> {
        loop {
            if let Some(message) = self.take()? {
                return Ok(message);
            }
            self.buffer.reserve(READ_BYTES);
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                let clean = self.buffer.is_empty();
                let broken = || io::Error::from(io::ErrorKind::UnexpectedEof).into();
                return Err(if clean { FrameError::Closed } else { broken() });
            }
        }
    }

    /// A message that has arrived whole.
    fn take(&mut self) -> Result<Option<Bytes>, FrameError> {
        let Some(head) = self.buffer.first_chunk::<HEAD_BYTES>() else { return Ok(None) };
        let length = usize::try_from(u32::from_le_bytes(*head)).unwrap_or(usize::MAX);
        if length > self.limit {
            return Err(FrameError::TooLarge { length, limit: self.limit });
        }
        if self.buffer.len() < HEAD_BYTES + length {
            return Ok(None);
        }
        let frame = self.buffer.split_to(HEAD_BYTES + length).freeze();
        Ok(Some(frame.slice(HEAD_BYTES..)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    #[test]
    fn frames_come_back_whatever_the_pieces() {
        let mut stream = BytesMut::new();
        for message in [&b"one"[..], b"", b"three and more"] {
            push(&mut stream, message);
        }
        for cut in 0..stream.len() {
            let (first, rest) = stream.split_at(cut);
            let mut frames = Frames::new(rest, first, 100);
            run(async {
                assert_eq!(frames.next().await.unwrap(), "one");
                assert_eq!(frames.next().await.unwrap(), "");
                assert_eq!(frames.next().await.unwrap(), "three and more");
                assert!(matches!(frames.next().await, Err(FrameError::Closed)));
            });
        }
    }

    #[test]
    fn a_length_above_the_limit_is_refused_before_memory_is_taken() {
        let mut frames = Frames::new(&[][..], &u32::MAX.to_le_bytes(), 100);
        let error = run(frames.next()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a message of 4294967295 bytes is larger than the limit of 100 bytes"
        );
        assert!(frames.buffer.capacity() < 1_000);
    }

    #[test]
    fn an_end_inside_of_a_frame_is_an_error() {
        let mut frames = Frames::new(&[][..], &[5, 0, 0, 0, b'x'], 100);
        assert!(matches!(run(frames.next()), Err(FrameError::Io(_))));
    }
}
