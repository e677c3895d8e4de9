//! All services of one member behind one call: the path of a request names its service.
//!
//! ```text
//!   /etcdserverpb.KV/Range          ──► grpc::KvService
//!   /etcdserverpb.Watch/Watch       ──► grpc::WatchService
//!   /etcdserverpb.Lease/…           ──► grpc::LeaseService
//!   /etcdserverpb.Cluster/…         ──► grpc::ClusterService
//!   /etcdserverpb.Maintenance/…     ──► grpc::MaintenanceService
//!   /etcdserverpb.Auth/…           ──► grpc::AuthService
//!   /v3lockpb.Lock/…                ──► grpc::LockService
//!   /v3electionpb.Election/…        ──► grpc::ElectionService
//!   any other                       ──► Unimplemented
//! ```
//!
//! Whoever speaks gRPC comes here, whatever carried it: one door, one set of limits.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use glasshouse_core::limits;
use hyper::{Request, Response};
use tonic::body::Body;
use tonic::codegen::{Body as HttpBody, Service, StdError};

use super::etcdserverpb::auth_server::AuthServer;
use super::etcdserverpb::cluster_server::ClusterServer;
use super::etcdserverpb::kv_server::KvServer;
use super::etcdserverpb::lease_server::LeaseServer;
use super::etcdserverpb::maintenance_server::MaintenanceServer;
use super::etcdserverpb::watch_server::WatchServer;
use super::v3electionpb::election_server::ElectionServer;
use super::v3lockpb::lock_server::LockServer;
use super::{
    AuthService, ClusterService, ElectionService, KvService, LeaseService, LockService,
    MaintenanceService, WatchService, not_built,
};
use crate::config::Settings;
use crate::mailbox::Mailbox;

/// An answer that is on its way.
pub type Answer = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

/// The services around one node.
#[derive(Clone)]
pub struct Services {
    kv: KvServer<KvService>,
    watch: WatchServer<WatchService>,
    lease: LeaseServer<LeaseService>,
    cluster: ClusterServer<ClusterService>,
    maintenance: MaintenanceServer<MaintenanceService>,
    auth: AuthServer<AuthService>,
    lock: LockServer<LockService>,
    election: ElectionServer<ElectionService>,
}

impl Services {
    /// The services around the node behind `mailbox`.
    #[must_use]
    pub fn new(settings: &Settings, mailbox: &Arc<Mailbox>) -> Self {
        let limit = message_bytes_max(settings);
        Self {
            kv: KvServer::new(KvService(mailbox.clone())).max_decoding_message_size(limit),
            watch: WatchServer::new(WatchService(mailbox.clone())).max_decoding_message_size(limit),
            lease: LeaseServer::new(LeaseService(mailbox.clone())).max_decoding_message_size(limit),
            cluster: ClusterServer::new(ClusterService(mailbox.clone()))
                .max_decoding_message_size(limit),
            maintenance: MaintenanceServer::new(MaintenanceService(mailbox.clone()))
                .max_decoding_message_size(limit),
            auth: AuthServer::new(AuthService(mailbox.clone())).max_decoding_message_size(limit),
            lock: LockServer::new(LockService(mailbox.clone())).max_decoding_message_size(limit),
            election: ElectionServer::new(ElectionService(mailbox.clone()))
                .max_decoding_message_size(limit),
        }
    }

    /// Answers one call of gRPC.
    pub fn call<B>(&self, request: Request<B>) -> Answer
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<StdError> + Send + 'static,
    {
        let path = request.uri().path();
        let service = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        match service {
            "etcdserverpb.KV" => self.kv.clone().call(request),
            "etcdserverpb.Watch" => self.watch.clone().call(request),
            "etcdserverpb.Lease" => self.lease.clone().call(request),
            "etcdserverpb.Cluster" => self.cluster.clone().call(request),
            "etcdserverpb.Auth" => self.auth.clone().call(request),
            "etcdserverpb.Maintenance" => self.maintenance.clone().call(request),
            "v3lockpb.Lock" => self.lock.clone().call(request),
            "v3electionpb.Election" => self.election.clone().call(request),
            _ => {
                let refused = not_built(path.trim_start_matches('/')).into_http();
                Box::pin(std::future::ready(Ok(refused)))
            }
        }
    }
}

/// The largest message of a client in bytes (etcd: `maxRequestBytes` and `grpcOverheadBytes`).
#[must_use]
pub fn message_bytes_max(settings: &Settings) -> usize {
    let limit = settings.max_request_bytes.saturating_add(limits::GRPC_OVERHEAD_BYTES);
    usize::try_from(limit).unwrap_or(usize::MAX)
}
