//! `v3electionpb.Election`: elections for clients that do not want to run the recipe themselves.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use glasshouse_core::api;
use glasshouse_core::api::v3electionpb::{
    CampaignRequest, CampaignResponse, LeaderKey, LeaderRequest, LeaderResponse, ProclaimRequest,
    ProclaimResponse, ResignRequest, ResignResponse,
};
use glasshouse_core::concurrency::{
    Campaign, Leadership, Observe, Refusal, Turn, leader, proclaimed, service_error,
};
use tokio::sync::mpsc;
use tonic::codegen::tokio_stream::Stream;
use tonic::{Request, Response, Status, async_trait};

use super::recipe::{self, Runner};
use super::v3electionpb::election_server::Election;
use super::{caller, status};
use crate::mailbox::Mailbox;

/// Leaders of one stream that wait for the client to take them; with more, its watch stands still.
const LEADERS_WAITING_MAX: usize = 4;

/// The service.
pub struct ElectionService(pub Arc<Mailbox>);

/// The leaders that one client is told of.
pub struct Leaders(mpsc::Receiver<Result<LeaderResponse, Status>>);

impl Stream for Leaders {
    type Item = Result<LeaderResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context)
    }
}

#[async_trait]
impl Election for ElectionService {
    type ObserveStream = Leaders;

    async fn campaign(
        &self,
        request: Request<CampaignRequest>,
    ) -> Result<Response<CampaignResponse>, Status> {
        let caller = caller(&request);
        let CampaignRequest { name, lease, value } = request.into_inner();
        let runner = Runner::new(self.0.clone(), caller.clone());
        let lease = recipe::lease(&runner, lease).await?;
        let (campaign, enter) = Campaign::begin(&name, lease, value);
        let (won, header) = recipe::run(self.0.clone(), caller, campaign, enter.into()).await?;
        let leader = LeaderKey { name, key: won.key, rev: won.revision, lease };
        Ok(Response::new(CampaignResponse { header: Some(header), leader: Some(leader) }))
    }

    async fn proclaim(
        &self,
        request: Request<ProclaimRequest>,
    ) -> Result<Response<ProclaimResponse>, Status> {
        let runner = Runner::new(self.0.clone(), caller(&request));
        let ProclaimRequest { leader, value } = request.into_inner();
        let (leadership, _) = given(leader)?;
        let header = proclaim(&runner, &leadership, value).await.map_err(|error| status(&error))?;
        Ok(Response::new(ProclaimResponse { header: Some(header) }))
    }

    async fn leader(
        &self,
        request: Request<LeaderRequest>,
    ) -> Result<Response<LeaderResponse>, Status> {
        let runner = Runner::new(self.0.clone(), caller(&request));
        let ask = leader(&request.into_inner().name);
        match runner.call(ask.into()).await.map_err(|error| status(&error))? {
            api::Response::Range(found) if !found.kvs.is_empty() => {
                let kv = found.kvs.into_iter().next();
                Ok(Response::new(LeaderResponse { header: found.header, kv }))
            }
            _ => Err(status(&service_error(Refusal::NoLeader))),
        }
    }

    async fn observe(&self, request: Request<LeaderRequest>) -> Result<Response<Leaders>, Status> {
        let runner = Runner::new(self.0.clone(), caller(&request));
        let (sender, receiver) = mpsc::channel(LEADERS_WAITING_MAX);
        tokio::spawn(observe(runner, request.into_inner().name, sender));
        Ok(Response::new(Leaders(receiver)))
    }

    async fn resign(
        &self,
        request: Request<ResignRequest>,
    ) -> Result<Response<ResignResponse>, Status> {
        let runner = Runner::new(self.0.clone(), caller(&request));
        let (leadership, _) = given(request.into_inner().leader)?;
        // Who leads no more has nothing to resign from, and is told no different.
        let answer = runner.call(leadership.resign().into()).await;
        let answer = answer.map_err(|error| status(&error))?;
        Ok(Response::new(ResignResponse { header: answer.header().copied() }))
    }
}

/// The leadership that a request names.
fn given(leader: Option<LeaderKey>) -> Result<(Leadership, Bytes), Status> {
    let missing = || status(&service_error("\"leader\" field must be provided"));
    let leader = leader.ok_or_else(missing)?;
    Ok((Leadership::of(&leader), leader.name))
}

async fn proclaim(
    runner: &Runner,
    leadership: &Leadership,
    value: Bytes,
) -> Result<api::ResponseHeader, api::Error> {
    match runner.call(leadership.proclaim(value).into()).await? {
        api::Response::Txn(answer) => proclaimed(&answer).map_err(service_error),
        other => Err(service_error(Refusal::WrongAnswer(other.name()))),
    }
}

/// Tells a client who leads, until it goes away. When the watch cannot go on the stream ends without an
/// error, as etcd's does.
async fn observe(
    mut runner: Runner,
    name: Bytes,
    sender: mpsc::Sender<Result<LeaderResponse, Status>>,
) {
    let (mut observe, ask) = Observe::begin(&name);
    let mut turn = Turn::Call(ask.into());
    loop {
        let next = tokio::select! {
            next = runner.carry(&mut observe, turn) => next,
            () = sender.closed() => return,
        };
        while let Some(leader) = observe.take() {
            if sender.send(Ok(leader)).await.is_err() {
                return;
            }
        }
        turn = match next {
            Ok(Turn::Refused(_)) | Err(_) => return,
            Ok(turn) => turn,
        };
    }
}
