//! etcd's gRPC services, one file for each.
//!
//! A handler does nothing but carry: the request goes into the node, the node's answer comes
//! back with etcd's code and text. What a request means is decided in core, for the simulator
//! and the page as for this server.

mod auth;
mod cluster;
mod election;
mod kv;
mod lease;
mod lock;
mod maintenance;
mod recipe;
mod services;
mod watch;

use std::sync::Arc;

use glasshouse_core::api;
use tonic::{Code, Status};

pub use self::auth::AuthService;
pub use self::cluster::ClusterService;
pub use self::election::ElectionService;
pub use self::kv::KvService;
pub use self::lease::LeaseService;
pub use self::lock::LockService;
pub use self::maintenance::MaintenanceService;
pub use self::services::{Answer, Services, message_bytes_max};
pub use self::watch::WatchService;
use crate::mailbox::Mailbox;

/// Includes one generated package; see `core/src/api/mod.rs` for why it is included.
macro_rules! services {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[allow(clippy::all, clippy::pedantic, missing_docs, unused_qualifications, unreachable_pub)]
        pub mod $name {
            include!(concat!("../generated/", stringify!($name), ".rs"));
        }
    };
}

services! {
    /// KV, Watch, Lease, Cluster, Maintenance and Auth: traits for servers, and clients.
    etcdserverpb
}

services! {
    /// Lock: traits for servers, and clients.
    v3lockpb
}

services! {
    /// Election: traits for servers, and clients.
    v3electionpb
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

/// Who asks: the token in the metadata, under gRPC's name or HTTP's (etcd: `TokenFieldNameGRPC` and
/// `TokenFieldNameSwagger` in `rpctypes`).
fn caller<T>(request: &tonic::Request<T>) -> api::Caller {
    let metadata = request.metadata();
    let token = metadata.get("token").or_else(|| metadata.get("authorization"));
    let token = token.and_then(|token| token.to_str().ok());
    api::Caller { token: token.map(str::to_owned), ..api::Caller::default() }
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
