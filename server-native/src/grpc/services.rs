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
//!   /grpc.health.v1.Health/…         ──► grpc::HealthService
//!   /grpc.reflection.…              ──► grpc::ReflectionService
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
use super::health_v1::health_server::HealthServer;
use super::reflection_v1::server_reflection_server::ServerReflectionServer;
use super::reflection_v1alpha::server_reflection_server::ServerReflectionServer as AlphaServer;
use super::refusal::{mend_answer, unreadable_at};
use super::v3electionpb::election_server::ElectionServer;
use super::v3lockpb::lock_server::LockServer;
use super::{
    AuthService, ClusterService, ElectionService, HealthService, KvService, LeaseService,
    LockService, MaintenanceService, ReflectionService, Snapshots, WatchService, not_built, token,
};
use crate::config::Settings;
use crate::jwt::Jwt;
use crate::mailbox::Mailbox;
use crate::metrics::Metrics;

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
    health: HealthServer<HealthService>,
    reflection: ServerReflectionServer<ReflectionService>,
    reflection_alpha: AlphaServer<ReflectionService>,
    auth: AuthServer<AuthService>,
    lock: LockServer<LockService>,
    election: ElectionServer<ElectionService>,
    jwt: Option<Arc<Jwt>>,
    metrics: Arc<Metrics>,
}

impl Services {
    /// The services around the node behind `mailbox`, whoever makes files of its store, and the keys of
    /// signed tokens.
    #[must_use]
    pub fn new(
        settings: &Settings,
        mailbox: &Arc<Mailbox>,
        snapshots: Snapshots,
        jwt: Option<Arc<Jwt>>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let limit = message_bytes_max(settings);
        let reflection = ReflectionService::new();
        Self {
            kv: KvServer::new(KvService(mailbox.clone())).max_decoding_message_size(limit),
            watch: WatchServer::new(WatchService(mailbox.clone())).max_decoding_message_size(limit),
            lease: LeaseServer::new(LeaseService(mailbox.clone())).max_decoding_message_size(limit),
            cluster: ClusterServer::new(ClusterService(mailbox.clone()))
                .max_decoding_message_size(limit),
            health: HealthServer::new(HealthService),
            reflection: ServerReflectionServer::new(reflection.clone()),
            reflection_alpha: AlphaServer::new(reflection),
            maintenance: MaintenanceServer::new(MaintenanceService(mailbox.clone(), snapshots))
                .max_decoding_message_size(limit),
            auth: AuthServer::new(AuthService(mailbox.clone())).max_decoding_message_size(limit),
            lock: LockServer::new(LockService(mailbox.clone())).max_decoding_message_size(limit),
            election: ElectionServer::new(ElectionService(mailbox.clone()))
                .max_decoding_message_size(limit),
            jwt,
            metrics,
        }
    }

    /// Answers one call of gRPC.
    pub fn call<B>(&self, mut request: Request<B>) -> Answer
    where
        B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<StdError> + Send + 'static,
    {
        if let Some(jwt) = &self.jwt
            && let Some(claims) = token(request.headers()).and_then(|token| jwt.verify(token))
        {
            request.extensions_mut().insert(claims);
        }
        let call = self.metrics.calls.begin(request.uri().path());
        let request = request.map(|body| self.metrics.calls.received(body));
        let path = request.uri().path();
        let unreadable = unreadable_at(path);
        let service = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        let answer: Answer = match service {
            "etcdserverpb.KV" => self.kv.clone().call(request),
            "etcdserverpb.Watch" => self.watch.clone().call(request),
            "etcdserverpb.Lease" => self.lease.clone().call(request),
            "etcdserverpb.Cluster" => self.cluster.clone().call(request),
            "etcdserverpb.Auth" => self.auth.clone().call(request),
            "etcdserverpb.Maintenance" => self.maintenance.clone().call(request),
            "v3lockpb.Lock" => self.lock.clone().call(request),
            "v3electionpb.Election" => self.election.clone().call(request),
            "grpc.health.v1.Health" => self.health.clone().call(request),
            "grpc.reflection.v1.ServerReflection" => self.reflection.clone().call(request),
            "grpc.reflection.v1alpha.ServerReflection" => {
                self.reflection_alpha.clone().call(request)
            }
            _ => {
                let refused = not_built(path.trim_start_matches('/')).into_http();
                Box::pin(std::future::ready(Ok(refused)))
            }
        };
        Box::pin(async move {
            let answer = answer.await?;
            Ok(call.answered(mend_answer(answer, unreadable)))
        })
    }
}

/// The largest message of a client in bytes (etcd: `maxRequestBytes` and `grpcOverheadBytes`).
#[must_use]
pub fn message_bytes_max(settings: &Settings) -> usize {
    let limit = settings.max_request_bytes.saturating_add(limits::GRPC_OVERHEAD_BYTES);
    usize::try_from(limit).unwrap_or(usize::MAX)
}
