//! `etcdserverpb.Watch`: one stream in each direction, any number of watchers on it.
//!
//! One object carries both directions. It is polled when the client's window has room, and only then
//! does it take responses, tell the node so, and read further requests:
//!
//! ```text
//!   client takes ──► HTTP/2 window ──► poll ──┬─► next response ──► WatchTaken (credit)
//!                                             └─► next request  ──► Watch
//! ```
//!
//! So a client that reads nothing stops the node's events by their credit, and its own requests by
//! HTTP/2's window: nothing grows on this side.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use glasshouse_core::api::{self, WatchRequest, WatchResponse};
use glasshouse_core::{Input, StreamId};
use tokio::sync::mpsc;
use tonic::codegen::tokio_stream::Stream;
use tonic::{Request, Response, Status, Streaming, async_trait};

use super::etcdserverpb::watch_server::Watch;
use super::refusal::mend_stream;
use super::{caller, status};
use crate::mailbox::{Mailbox, WatchItem};

/// Responses taken before the node is told, unless nothing more is there to take.
const TAKEN_AT_ONCE: u64 = 64;

/// The service.
pub struct WatchService(pub Arc<Mailbox>);

#[async_trait]
impl Watch for WatchService {
    type WatchStream = Carrier;

    async fn watch(
        &self,
        request: Request<Streaming<WatchRequest>>,
    ) -> Result<Response<Carrier>, Status> {
        let requires_leader =
            request.metadata().get("hasleader").is_some_and(|value| value.as_bytes() == b"true");
        let (stream, responses) = self.0.open_watch(requires_leader, caller(&request));
        Ok(Response::new(Carrier {
            mailbox: self.0.clone(),
            stream,
            requests: Some(request.into_inner()),
            responses,
            taken: 0,
            ended: false,
        }))
    }
}

/// Both directions of one stream.
pub struct Carrier {
    mailbox: Arc<Mailbox>,
    stream: StreamId,
    /// `None` when the client will ask no more; it still gets events.
    requests: Option<Streaming<WatchRequest>>,
    responses: mpsc::UnboundedReceiver<WatchItem>,
    taken: u64,
    ended: bool,
}

impl Carrier {
    fn tell_taken(&mut self) {
        let responses = std::mem::take(&mut self.taken);
        if responses > 0 {
            self.mailbox.post(Input::WatchTaken { stream: self.stream, responses });
        }
    }

    /// Passes requests on as long as there are any.
    fn poll_requests(&mut self, context: &mut Context<'_>) -> Result<(), Status> {
        while let Some(requests) = &mut self.requests {
            match Pin::new(requests).poll_next(context) {
                Poll::Ready(Some(Ok(request))) => {
                    self.mailbox.post(Input::Watch { stream: self.stream, request });
                }
                Poll::Ready(Some(Err(status))) => return Err(mend_stream(status)),
                Poll::Ready(None) => self.requests = None,
                Poll::Pending => break,
            }
        }
        Ok(())
    }

    fn end(&mut self, status: Status) -> Poll<Option<Result<WatchResponse, Status>>> {
        self.ended = true;
        Poll::Ready(Some(Err(status)))
    }
}

impl Stream for Carrier {
    type Item = Result<WatchResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if let Err(status) = self.poll_requests(context) {
            return self.end(status);
        }
        match self.responses.poll_recv(context) {
            Poll::Ready(Some(Ok(response))) => {
                self.taken += 1;
                if self.taken >= TAKEN_AT_ONCE || self.responses.is_empty() {
                    self.tell_taken();
                }
                Poll::Ready(Some(Ok(response)))
            }
            Poll::Ready(Some(Err(error))) => self.end(status(&error)),
            Poll::Ready(None) => self.end(status(&api::Error::STOPPED)),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        self.mailbox.post(Input::WatchClosed { stream: self.stream });
    }
}
