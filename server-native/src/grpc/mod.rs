//! etcd's gRPC services, one file for each.
//!
//! A handler does nothing but carry: the request goes into the node, the node's answer comes
//! back with etcd's code and text. What a request means is decided in core, for the simulator
//! and the page as for this server.

mod auth;
mod cluster;
mod election;
mod health;
mod kv;
mod lease;
mod lock;
mod maintenance;
mod recipe;
mod reflection;
mod refusal;
mod services;
mod snapshot;
mod watch;

use std::sync::Arc;

use glasshouse_core::api;
use hyper::HeaderMap;
use tonic::{Code, Status};

pub use self::auth::AuthService;
pub use self::cluster::ClusterService;
pub use self::election::ElectionService;
pub use self::health::HealthService;
pub use self::kv::KvService;
pub use self::lease::LeaseService;
pub use self::lock::LockService;
pub use self::maintenance::MaintenanceService;
pub use self::reflection::ReflectionService;
pub use self::services::{Answer, Services, message_bytes_max};
pub use self::snapshot::Snapshots;
pub use self::watch::WatchService;
use crate::mailbox::Mailbox;

/// Includes one generated package; see `core/src/api/mod.rs` for why it is included.
macro_rules! services {
    ($(#[$doc:meta])* $name:ident = $file:literal) => {
        $(#[$doc])*
        #[allow(clippy::all, clippy::pedantic, missing_docs, unused_qualifications, unreachable_pub)]
        pub mod $name {
            include!(concat!("../generated/", $file, ".rs"));
        }
    };
}

services! {
    /// KV, Watch, Lease, Cluster, Maintenance and Auth: traits for servers, and clients.
    etcdserverpb = "etcdserverpb"
}
services! {
    /// Whether the server serves.
    health_v1 = "grpc.health.v1"
}
services! {
    /// What the server serves.
    reflection_v1 = "grpc.reflection.v1"
}
services! {
    /// The same under the name that older tools know.
    reflection_v1alpha = "grpc.reflection.v1alpha"
}

services! {
    /// Lock: traits for servers, and clients.
    v3lockpb = "v3lockpb"
}
services! {
    /// Election: traits for servers, and clients.
    v3electionpb = "v3electionpb"
}

/// Answers a call with the response of the variant that belongs to its request.
macro_rules! unary {
    ($mailbox:expr, $variant:ident, $request:expr) => {
        match $crate::grpc::ask(&$mailbox, $request).await? {
            ::glasshouse_core::api::Response::$variant(response) => {
                Ok(::tonic::Response::new(response))
            }
            other => Err(::tonic::Status::internal(format!(
                "the node answered {} with {}",
                stringify!($variant),
                other.name()
            ))),
        }
    };
}
use unary;

async fn ask(
    mailbox: &Arc<Mailbox>,
    request: tonic::Request<impl Into<api::Request>>,
) -> Result<api::Response, Status> {
    let caller = caller(&request);
    mailbox.call(caller, request.into_inner().into()).await.map_err(|error| status(&error))
}

/// The common name in the certificate of whoever calls: an extension of its requests.
#[derive(Clone, Debug)]
pub struct CommonName(pub Arc<str>);

/// Who asks: the token in the metadata, what it says if it is a signed one, and the certificate of the
/// connection.
fn caller<T>(request: &tonic::Request<T>) -> api::Caller {
    let extensions = request.extensions();
    api::Caller {
        token: token(request.metadata().as_ref()).map(str::to_owned),
        claims: extensions.get::<api::Claims>().cloned().map(Box::new),
        common_name: extensions.get::<CommonName>().map(|name| name.0.to_string()),
    }
}

/// The token, under gRPC's name or HTTP's (etcd: `TokenFieldNameGRPC` and `TokenFieldNameSwagger` in
/// `rpctypes`).
fn token(headers: &HeaderMap) -> Option<&str> {
    let token = headers.get("token").or_else(|| headers.get("authorization"));
    token.and_then(|token| token.to_str().ok())
}

/// The node's error with gRPC's code.
fn status(error: &api::Error) -> Status {
    Status::new(Code::from_i32(error.code.number()), error.message.as_ref())
}

/// The answer to a method that etcd has and this server does not have yet.
#[must_use]
pub fn not_built(method: &str) -> Status {
    Status::unimplemented(format!("glasshouse: {method} is not supported yet"))
}
