//! `grpc.health.v1.Health`: whether the server serves, as gRPC's own clients and load balancers ask.
//!
//! Like etcd's, it knows one name, the empty one, for the whole server; whether the cluster can
//! answer is told by `/readyz`.

use std::pin::Pin;
use std::task::{Context, Poll};

use tonic::codegen::tokio_stream::Stream;
use tonic::{Request, Response, Status, async_trait};

use super::health_v1::health_check_response::ServingStatus;
use super::health_v1::health_server::Health;
use super::health_v1::{HealthCheckRequest, HealthCheckResponse};

/// The service.
pub struct HealthService;

/// One status, and then none as long as the server runs.
pub struct Statuses(Option<ServingStatus>);

impl Stream for Statuses {
    type Item = Result<HealthCheckResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // Nothing changes: the stream ends with the connection.
        self.0.take().map_or(Poll::Pending, |status| Poll::Ready(Some(Ok(response(status)))))
    }
}

#[async_trait]
impl Health for HealthService {
    type WatchStream = Statuses;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        match status_of(&request.get_ref().service) {
            Some(status) => Ok(Response::new(response(status))),
            None => Err(Status::not_found("unknown service")),
        }
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Statuses>, Status> {
        let status = status_of(&request.get_ref().service);
        Ok(Response::new(Statuses(Some(status.unwrap_or(ServingStatus::ServiceUnknown)))))
    }
}

fn status_of(service: &str) -> Option<ServingStatus> {
    service.is_empty().then_some(ServingStatus::Serving)
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status as i32 }
}
