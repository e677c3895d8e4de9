//! Streams of a session: watches and snapshots, each from the first endpoint that can be reached.

use glasshouse_core::api::{self, SnapshotRequest, WatchRequest};
use glasshouse_core::ctl::{
    CallError, Config, Stream, StreamId, StreamRequest, StreamResponse, Tls,
};
use tokio::sync::mpsc;
use tokio::time::sleep;
use tonic::Status;

use super::{BACK_OFF, Event, dial};
use crate::client::{ConnectError, Connection, error_of};

/// Carries one stream to its end, which is a good one for a snapshot only. Requests of a watch come
/// through `requests`, the first one too. The endpoint with the number `first` is tried first, so that a
/// watch that broke goes on at another one.
pub(super) async fn carry(
    stream: Stream,
    requests: mpsc::UnboundedReceiver<WatchRequest>,
    first: usize,
    config: &Config,
    sender: &mpsc::UnboundedSender<Event>,
) -> Result<(), CallError> {
    let (endpoints, tls) = stream.endpoint.among(config);
    let mut endpoints = endpoints.to_vec();
    let count = endpoints.len().max(1);
    endpoints.rotate_left(first % count);
    let connection = connect(&endpoints, tls, config).await?;
    if let StreamRequest::Snapshot(request) = stream.request {
        return fetch(connection, stream.id, request, stream.token.as_deref(), sender).await;
    }
    let error = watch(connection, &stream, requests, sender).await;
    sleep(BACK_OFF).await;
    Err(error)
}

async fn watch(
    connection: Connection,
    stream: &Stream,
    requests: mpsc::UnboundedReceiver<WatchRequest>,
    sender: &mpsc::UnboundedSender<Event>,
) -> CallError {
    let mut responses =
        match connection.watch(requests, stream.requires_leader, stream.token.as_deref()).await {
            Ok(responses) => responses,
            Err(error) => return CallError::Status(error),
        };
    loop {
        match responses.message().await {
            Ok(Some(response)) => {
                let _ = sender.send(Event::Message(stream.id, StreamResponse::Watch(response)));
            }
            Ok(None) => {
                let lost = api::Error::new(api::Code::Unavailable, "the stream ended");
                return CallError::Status(lost);
            }
            Err(status) => return CallError::Status(error_of(&status)),
        }
    }
}

/// Fetches a snapshot, part by part, up to the end that the member gives it.
async fn fetch(
    connection: Connection,
    id: StreamId,
    request: SnapshotRequest,
    token: Option<&str>,
    sender: &mpsc::UnboundedSender<Event>,
) -> Result<(), CallError> {
    let failed = |status: Status| CallError::Status(error_of(&status));
    let mut parts = connection.snapshot(request, token).await.map_err(CallError::Status)?;
    while let Some(part) = parts.message().await.map_err(failed)? {
        let _ = sender.send(Event::Message(id, StreamResponse::Snapshot(part)));
    }
    Ok(())
}

/// Tries one endpoint after the other until one can be connected to.
async fn connect(
    endpoints: &[String],
    tls: &Tls,
    config: &Config,
) -> Result<Connection, CallError> {
    loop {
        for endpoint in endpoints {
            match dial::open(endpoint, tls, config.dial_timeout).await {
                Ok(connection) => return Ok(connection),
                Err(ConnectError::Unreachable(_)) => {}
                Err(ConnectError::Endpoint(why)) => return Err(CallError::Client(why)),
            }
        }
        sleep(BACK_OFF).await;
    }
}
