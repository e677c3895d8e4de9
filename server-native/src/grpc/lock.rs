//! `v3lockpb.Lock`: a lock for clients that do not want to run the recipe themselves.

use std::sync::Arc;

use glasshouse_core::api::v3lockpb::{LockRequest, LockResponse, UnlockRequest, UnlockResponse};
use glasshouse_core::concurrency::{self, unlock};
use tonic::{Request, Response, Status, async_trait};

use super::recipe::{self, Runner};
use super::v3lockpb::lock_server::Lock;
use super::{caller, status};
use crate::mailbox::Mailbox;

/// The service.
pub struct LockService(pub Arc<Mailbox>);

#[async_trait]
impl Lock for LockService {
    async fn lock(&self, request: Request<LockRequest>) -> Result<Response<LockResponse>, Status> {
        let caller = caller(&request);
        let LockRequest { name, lease } = request.into_inner();
        let runner = Runner::new(self.0.clone(), caller.clone());
        let lease = recipe::lease(&runner, lease).await?;
        let (lock, enter) = concurrency::Lock::begin(&name, lease);
        let held = recipe::run(self.0.clone(), caller, lock, enter.into()).await?;
        Ok(Response::new(LockResponse { header: Some(held.header), key: held.key }))
    }

    async fn unlock(
        &self,
        request: Request<UnlockRequest>,
    ) -> Result<Response<UnlockResponse>, Status> {
        let runner = Runner::new(self.0.clone(), caller(&request));
        let answer = runner.call(unlock(request.into_inner().key).into()).await;
        let answer = answer.map_err(|error| status(&error))?;
        Ok(Response::new(UnlockResponse { header: answer.header().copied() }))
    }
}
