//! Lets old clients in whose `:authority` is no authority.
//!
//! etcdctl 3.4 calls `endpoint status` with the whole URL there (`http://etcd1:2379`), and etcd's
//! Go client of 3.5.0 with `#initially=[http://etcd1:2379]` (etcd issue 13192). Go's servers do
//! not look; h2 resets such a request, as the standard says, and has no switch. So bytes are
//! changed before h2 reads them: a value that h2 would refuse becomes as many letters `x`.
//!
//! ```text
//!   socket ─► [preface] [frame] [HEADERS … :authority "http://etcd1:2379" …] ─► h2
//!                                                     "xxxxxxxxxxxxxxxxx"
//! ```
//!
//! * The first HEADERS frame decides: when its authority is fine, the client is sound, and the
//!   rest of the connection is passed through unseen. So is a connection that is not HTTP/2.
//! * A new value has as many characters as the old one, because both sides count the size of
//!   what they remember of past headers (RFC 7541, 4.1), and must come to the same number.
//! * Nothing else of a frame is looked into; what cannot be understood here is left to h2.

mod hpack;
#[cfg(test)]
mod tests;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What every HTTP/2 connection begins with (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Bytes before the payload of a frame: length (3), type, flags, stream (4).
const FRAME_HEAD: usize = 9;

const TYPE_HEADERS: u8 = 1;

/// The largest payload of a frame that a client may send to us (RFC 9113, 4.2).
const FRAME_BYTES_MAX: usize = 16_384;

/// Bytes that are read at once while a connection is looked into.
const READ_BYTES: usize = 4_096;

/// A connection whose requests have an acceptable `:authority`.
pub(crate) struct MendedStream<S> {
    inner: S,
    mender: Mender,
}

impl<S> MendedStream<S> {
    /// A connection of which nothing has been read.
    pub(crate) fn new(inner: S) -> Self {
        Self { inner, mender: Mender::default() }
    }
}

/// Turns the bytes of a connection into acceptable ones.
#[derive(Default)]
struct Mender {
    stage: Stage,
    /// Bytes that were read and not yet looked at.
    raw: BytesMut,
    /// Bytes that may be passed on.
    ready: BytesMut,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    /// It is not known yet whether this is HTTP/2.
    #[default]
    Preface,
    /// A frame begins.
    Frame,
    /// So many bytes of a frame are of no interest.
    Skip(usize),
    /// The rest of the connection is of no interest.
    Through,
}

impl Mender {
    /// Looks at what was read, as far as it has arrived.
    fn advance(&mut self) {
        loop {
            match self.stage {
                Stage::Through => {
                    self.ready.unsplit(self.raw.split());
                    return;
                }
                Stage::Preface if self.raw.starts_with(PREFACE) => {
                    self.pass(PREFACE.len());
                    self.stage = Stage::Frame;
                }
                Stage::Preface if PREFACE.starts_with(&self.raw) => return,
                Stage::Preface => self.stage = Stage::Through,
                Stage::Skip(left) => {
                    let now = left.min(self.raw.len());
                    self.pass(now);
                    if now < left {
                        self.stage = Stage::Skip(left - now);
                        return;
                    }
                    self.stage = Stage::Frame;
                }
                Stage::Frame => {
                    let Some(head) = self.raw.first_chunk::<FRAME_HEAD>() else { return };
                    let [high, middle, low, kind, flags, ..] = *head;
                    let length = u32::from_be_bytes([0, high, middle, low]) as usize;
                    if kind != TYPE_HEADERS || length > FRAME_BYTES_MAX {
                        self.stage = Stage::Skip(FRAME_HEAD + length);
                    } else if self.raw.len() < FRAME_HEAD + length {
                        return;
                    } else {
                        self.mend(length, flags);
                    }
                }
            }
        }
    }

    /// Passes a HEADERS frame on, changed if it must be.
    fn mend(&mut self, length: usize, flags: u8) {
        let mut frame = self.raw.split_to(FRAME_HEAD + length);
        match hpack::mend(&frame[FRAME_HEAD..], flags) {
            hpack::Verdict::Sound => self.stage = Stage::Through,
            hpack::Verdict::Silent => {}
            hpack::Verdict::Mended(payload) if payload.len() <= FRAME_BYTES_MAX => {
                let [_, high, middle, low] =
                    u32::try_from(payload.len()).expect("it is below 16 KiB").to_be_bytes();
                frame[..3].copy_from_slice(&[high, middle, low]);
                frame.truncate(FRAME_HEAD);
                frame.extend_from_slice(&payload);
            }
            hpack::Verdict::Mended(_) => {}
        }
        self.ready.extend_from_slice(&frame);
    }

    fn pass(&mut self, count: usize) {
        let bytes = self.raw.split_to(count);
        self.ready.extend_from_slice(&bytes);
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for MendedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            let ready = &mut this.mender.ready;
            if !ready.is_empty() {
                let count = ready.len().min(buffer.remaining());
                buffer.put_slice(&ready[..count]);
                ready.advance(count);
                return Poll::Ready(Ok(()));
            }
            if this.mender.stage == Stage::Through {
                return Pin::new(&mut this.inner).poll_read(context, buffer);
            }
            let mut bytes = [0; READ_BYTES];
            let mut read = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut this.inner).poll_read(context, &mut read))?;
            this.mender.raw.extend_from_slice(read.filled());
            if read.filled().is_empty() {
                // The end: what is left is h2's to judge.
                this.mender.stage = Stage::Through;
            }
            this.mender.advance();
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for MendedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
