//! `etcdserverpb.Maintenance`: what one member knows of itself.

use std::sync::Arc;

use glasshouse_core::api::{
    AlarmRequest, AlarmResponse, DefragmentRequest, DefragmentResponse, DowngradeRequest,
    DowngradeResponse, HashKvRequest, HashKvResponse, HashRequest, HashResponse, MoveLeaderRequest,
    MoveLeaderResponse, SnapshotRequest, SnapshotResponse, StatusRequest, StatusResponse,
};
use tonic::{Request, Response, Status, async_trait};

use super::etcdserverpb::maintenance_server::Maintenance;
use super::snapshot::{Messages, Snapshots};
use super::unary;
use crate::mailbox::Mailbox;

/// The service: the way to the node, and whoever makes snapshot files.
pub struct MaintenanceService(pub Arc<Mailbox>, pub Snapshots);

#[async_trait]
impl Maintenance for MaintenanceService {
    type SnapshotStream = Messages;

    async fn alarm(
        &self,
        request: Request<AlarmRequest>,
    ) -> Result<Response<AlarmResponse>, Status> {
        unary!(self.0, Alarm, request)
    }

    async fn status(
        &self,
        request: Request<StatusRequest>,
    ) -> Result<Response<StatusResponse>, Status> {
        unary!(self.0, Status, request)
    }

    async fn hash_kv(
        &self,
        request: Request<HashKvRequest>,
    ) -> Result<Response<HashKvResponse>, Status> {
        unary!(self.0, HashKv, request)
    }

    async fn hash(&self, request: Request<HashRequest>) -> Result<Response<HashResponse>, Status> {
        unary!(self.0, Hash, request)
    }

    async fn defragment(
        &self,
        request: Request<DefragmentRequest>,
    ) -> Result<Response<DefragmentResponse>, Status> {
        unary!(self.0, Defragment, request)
    }

    async fn snapshot(
        &self,
        request: Request<SnapshotRequest>,
    ) -> Result<Response<Messages>, Status> {
        let answer: Result<Response<SnapshotResponse>, Status> = unary!(self.0, Snapshot, request);
        let version = answer?.into_inner().version;
        Ok(Response::new(self.1.send(version).await?))
    }

    async fn move_leader(
        &self,
        request: Request<MoveLeaderRequest>,
    ) -> Result<Response<MoveLeaderResponse>, Status> {
        unary!(self.0, MoveLeader, request)
    }

    async fn downgrade(
        &self,
        request: Request<DowngradeRequest>,
    ) -> Result<Response<DowngradeResponse>, Status> {
        unary!(self.0, Downgrade, request)
    }
}
