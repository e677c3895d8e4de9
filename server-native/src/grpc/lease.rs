//! `etcdserverpb.Lease`: leases, and the stream that keeps them alive.
//!
//! The stream carries as many leases as the client likes; each message is one question to the node
//! and one answer, in the order in which they came.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use glasshouse_core::api::{
    self, Caller, LeaseGrantRequest, LeaseGrantResponse, LeaseKeepAliveRequest,
    LeaseKeepAliveResponse, LeaseLeasesRequest, LeaseLeasesResponse, LeaseRevokeRequest,
    LeaseRevokeResponse, LeaseTimeToLiveRequest, LeaseTimeToLiveResponse,
};
use tokio::sync::mpsc;
use tonic::codegen::tokio_stream::Stream;
use tonic::{Request, Response, Status, Streaming, async_trait};

use super::etcdserverpb::lease_server::Lease;
use super::refusal::mend_stream;
use super::{caller, status, unary};
use crate::mailbox::Mailbox;

/// Answers of one stream that wait for the client to take them; with more, it is asked nothing more.
const ANSWERS_WAITING_MAX: usize = 16;

type Renewed = Result<LeaseKeepAliveResponse, Status>;

/// The service.
pub struct LeaseService(pub Arc<Mailbox>);

/// The answers of one keep-alive stream.
pub struct KeepAlives(mpsc::Receiver<Renewed>);

impl Stream for KeepAlives {
    type Item = Renewed;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Renewed>> {
        self.0.poll_recv(context)
    }
}

#[async_trait]
impl Lease for LeaseService {
    type LeaseKeepAliveStream = KeepAlives;

    async fn lease_grant(
        &self,
        request: Request<LeaseGrantRequest>,
    ) -> Result<Response<LeaseGrantResponse>, Status> {
        unary!(self.0, LeaseGrant, request)
    }

    async fn lease_revoke(
        &self,
        request: Request<LeaseRevokeRequest>,
    ) -> Result<Response<LeaseRevokeResponse>, Status> {
        unary!(self.0, LeaseRevoke, request)
    }

    async fn lease_keep_alive(
        &self,
        request: Request<Streaming<LeaseKeepAliveRequest>>,
    ) -> Result<Response<KeepAlives>, Status> {
        let (sender, receiver) = mpsc::channel(ANSWERS_WAITING_MAX);
        let caller = caller(&request);
        tokio::spawn(keep_alive(self.0.clone(), caller, request.into_inner(), sender));
        Ok(Response::new(KeepAlives(receiver)))
    }

    async fn lease_time_to_live(
        &self,
        request: Request<LeaseTimeToLiveRequest>,
    ) -> Result<Response<LeaseTimeToLiveResponse>, Status> {
        unary!(self.0, LeaseTimeToLive, request)
    }

    async fn lease_leases(
        &self,
        request: Request<LeaseLeasesRequest>,
    ) -> Result<Response<LeaseLeasesResponse>, Status> {
        unary!(self.0, LeaseLeases, request)
    }
}

/// Answers a stream until the client ends it or goes away, or the node has no answer: then the client
/// opens another, perhaps to another member.
async fn keep_alive(
    mailbox: Arc<Mailbox>,
    caller: Caller,
    mut requests: Streaming<LeaseKeepAliveRequest>,
    answers: mpsc::Sender<Renewed>,
) {
    loop {
        let request = match requests.message().await {
            Ok(Some(request)) => request,
            Ok(None) => return,
            Err(status) => {
                let _ = answers.send(Err(mend_stream(status))).await;
                return;
            }
        };
        let renewed = tokio::select! {
            renewed = renew(&mailbox, caller.clone(), request) => renewed,
            // Nobody listens any more: the node need not go on.
            () = answers.closed() => return,
        };
        let failed = renewed.is_err();
        if answers.send(renewed).await.is_err() || failed {
            return;
        }
    }
}

async fn renew(mailbox: &Arc<Mailbox>, caller: Caller, request: LeaseKeepAliveRequest) -> Renewed {
    match mailbox.call(caller, request.into()).await.map_err(|error| status(&error))? {
        api::Response::LeaseKeepAlive(response) => Ok(response),
        other => Err(Status::internal(format!("the node renewed a lease with {}", other.name()))),
    }
}
