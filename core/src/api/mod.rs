//! etcd's messages: what clients send and what members answer.
//!
//! The types are generated from `core/proto/` by the test `codegen` and committed, one module for
//! each protobuf package; everything else in this crate imports them from here, as `api::PutRequest`.
//! Services (the async traits of gRPC) are no part of this crate: they belong to whoever owns sockets.
//!
//! [`Request`] and [`Response`] gather the unary calls in two closed enums, so that one call fits in
//! one value: a node is stepped with a `Request`, a simulated client records it, `ctl` asks for it.
//!
//! ```text
//!    argv ──ctl──► Request ──gRPC or simulated network──► Node::step ──► Result<Response, Error>
//! ```

mod caller;
mod error;
#[cfg(test)]
mod tests;
mod urls;

pub use caller::{Caller, Claims};
pub use error::{Code, Error};
pub use etcdserverpb::*;
pub use mvccpb::{Event, KeyValue};
use prost::Message as _;
pub(crate) use urls::check_urls;

/// Includes one generated package. It is included rather than declared as a module file, so that
/// rustfmt and clippy leave what a generator wrote alone.
macro_rules! package {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[allow(clippy::all, missing_docs, unused_qualifications, unreachable_pub)]
        pub mod $name {
            include!(concat!("generated/", stringify!($name), ".rs"));
        }
    };
}

package! {
    /// Keys, values and events.
    mvccpb
}
package! {
    /// Users, roles and permissions.
    authpb
}
package! {
    /// Members and cluster-wide settings as they travel through the log.
    membershippb
}
package! {
    /// The client API, and the entry of the replicated log.
    etcdserverpb
}
package! {
    /// The lock service.
    v3lockpb
}
package! {
    /// The election service.
    v3electionpb
}

/// Declares both enums from one table, so that a call cannot have a request without a response.
macro_rules! unary_calls {
    ($($(#[$doc:meta])* $variant:ident = $service:literal / $rpc:literal ($request:ident => $response:ident),)+) => {
        /// One unary call of etcd's client API.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Request {
            $($(#[$doc])* $variant($request),)+
        }

        /// The successful answer to the [`Request`] of the same name.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Response {
            $($(#[$doc])* $variant($response),)+
        }

        impl Request {
            /// The RPC's name in etcd's `rpc.proto`, as metrics and logs spell it.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $rpc,)+ }
            }

            /// The path of the gRPC method, with service and package.
            pub fn path(&self) -> &'static str {
                match self { $(Self::$variant(_) => concat!("/etcdserverpb.", $service, "/", $rpc),)+ }
            }

            /// The message as protobuf bytes.
            pub fn encode_to_vec(&self) -> Vec<u8> {
                match self { $(Self::$variant(request) => request.encode_to_vec(),)+ }
            }

            /// Reads the answer to this request.
            ///
            /// # Errors
            /// The bytes are no message of the type that answers it.
            pub fn decode_response(&self, bytes: &[u8]) -> Result<Response, prost::DecodeError> {
                match self { $(Self::$variant(_) => $response::decode(bytes).map(Response::from),)+ }
            }
        }

        impl Response {
            /// The RPC's name in etcd's `rpc.proto`.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $rpc,)+ }
            }

            /// The message as protobuf bytes.
            pub fn encode_to_vec(&self) -> Vec<u8> {
                match self { $(Self::$variant(response) => response.encode_to_vec(),)+ }
            }

            /// Who answered, and at which revision and term. A member always sets it.
            pub fn header(&self) -> Option<&ResponseHeader> {
                match self { $(Self::$variant(response) => response.header.as_ref(),)+ }
            }

            /// The header to fill in; it is created when absent.
            pub fn header_mut(&mut self) -> &mut ResponseHeader {
                match self { $(Self::$variant(response) => response.header.get_or_insert_default(),)+ }
            }
        }

        $(
            impl From<$request> for Request {
                fn from(request: $request) -> Self {
                    Self::$variant(request)
                }
            }

            impl From<$response> for Response {
                fn from(response: $response) -> Self {
                    Self::$variant(response)
                }
            }
        )+
    };
}

unary_calls! {
    /// Reads the keys of a range, at a revision.
    Range = "KV" / "Range" (RangeRequest => RangeResponse),
    /// Writes one key.
    Put = "KV" / "Put" (PutRequest => PutResponse),
    /// Deletes the keys of a range.
    DeleteRange = "KV" / "DeleteRange" (DeleteRangeRequest => DeleteRangeResponse),
    /// Compares, then does one of two lists of operations, at one revision.
    Txn = "KV" / "Txn" (TxnRequest => TxnResponse),
    /// Forgets the history before a revision.
    Compact = "KV" / "Compact" (CompactionRequest => CompactionResponse),
    /// Grants a lease for some seconds.
    LeaseGrant = "Lease" / "LeaseGrant" (LeaseGrantRequest => LeaseGrantResponse),
    /// Takes a lease back and deletes its keys.
    LeaseRevoke = "Lease" / "LeaseRevoke" (LeaseRevokeRequest => LeaseRevokeResponse),
    /// Renews a lease: one message of gRPC's stream.
    LeaseKeepAlive = "Lease" / "LeaseKeepAlive" (LeaseKeepAliveRequest => LeaseKeepAliveResponse),
    /// How much of a lease is left, and its keys.
    LeaseTimeToLive = "Lease" / "LeaseTimeToLive" (LeaseTimeToLiveRequest => LeaseTimeToLiveResponse),
    /// Lists all leases.
    LeaseLeases = "Lease" / "LeaseLeases" (LeaseLeasesRequest => LeaseLeasesResponse),
    /// Lists the members of the cluster.
    MemberList = "Cluster" / "MemberList" (MemberListRequest => MemberListResponse),
    /// Lets a member join, as a voter or as a learner.
    MemberAdd = "Cluster" / "MemberAdd" (MemberAddRequest => MemberAddResponse),
    /// Removes a member for good.
    MemberRemove = "Cluster" / "MemberRemove" (MemberRemoveRequest => MemberRemoveResponse),
    /// Gives a member other peer URLs.
    MemberUpdate = "Cluster" / "MemberUpdate" (MemberUpdateRequest => MemberUpdateResponse),
    /// Makes a learner a voter.
    MemberPromote = "Cluster" / "MemberPromote" (MemberPromoteRequest => MemberPromoteResponse),
    /// Hands leadership to a voter; only the leader can.
    MoveLeader = "Maintenance" / "MoveLeader" (MoveLeaderRequest => MoveLeaderResponse),
    /// What one member knows of itself; needs no quorum.
    Status = "Maintenance" / "Status" (StatusRequest => StatusResponse),
    /// Lists, raises or clears alarms; etcdctl asks for the list in `endpoint health`.
    Alarm = "Maintenance" / "Alarm" (AlarmRequest => AlarmResponse),
    /// Hashes one member's keys up to a revision.
    HashKv = "Maintenance" / "HashKV" (HashKvRequest => HashKvResponse),
    /// Hashes one member's whole store.
    Hash = "Maintenance" / "Hash" (HashRequest => HashResponse),
    /// Gives space of one member's store back to its disk.
    Defragment = "Maintenance" / "Defragment" (DefragmentRequest => DefragmentResponse),
    /// Prepares the cluster for members of an older version, or takes that back.
    Downgrade = "Maintenance" / "Downgrade" (DowngradeRequest => DowngradeResponse),
    /// Asks for a snapshot file: how gRPC's stream begins. The answer says that the store now holds
    /// all that was applied; the world makes the file ([`crate::backup`]).
    Snapshot = "Maintenance" / "Snapshot" (SnapshotRequest => SnapshotResponse),
    /// From now on, who asks must say who it is.
    AuthEnable = "Auth" / "AuthEnable" (AuthEnableRequest => AuthEnableResponse),
    /// Everybody may do everything again.
    AuthDisable = "Auth" / "AuthDisable" (AuthDisableRequest => AuthDisableResponse),
    /// Whether authentication is on, and the revision of users and roles.
    AuthStatus = "Auth" / "AuthStatus" (AuthStatusRequest => AuthStatusResponse),
    /// Name and password for a token.
    Authenticate = "Auth" / "Authenticate" (AuthenticateRequest => AuthenticateResponse),
    /// Adds a user.
    UserAdd = "Auth" / "UserAdd" (AuthUserAddRequest => AuthUserAddResponse),
    /// The roles of a user.
    UserGet = "Auth" / "UserGet" (AuthUserGetRequest => AuthUserGetResponse),
    /// Lists all users.
    UserList = "Auth" / "UserList" (AuthUserListRequest => AuthUserListResponse),
    /// Deletes a user.
    UserDelete = "Auth" / "UserDelete" (AuthUserDeleteRequest => AuthUserDeleteResponse),
    /// Gives a user another password.
    UserChangePassword = "Auth" / "UserChangePassword" (AuthUserChangePasswordRequest => AuthUserChangePasswordResponse),
    /// Gives a user a role.
    UserGrantRole = "Auth" / "UserGrantRole" (AuthUserGrantRoleRequest => AuthUserGrantRoleResponse),
    /// Takes a role from a user.
    UserRevokeRole = "Auth" / "UserRevokeRole" (AuthUserRevokeRoleRequest => AuthUserRevokeRoleResponse),
    /// Adds a role.
    RoleAdd = "Auth" / "RoleAdd" (AuthRoleAddRequest => AuthRoleAddResponse),
    /// The permissions of a role.
    RoleGet = "Auth" / "RoleGet" (AuthRoleGetRequest => AuthRoleGetResponse),
    /// Lists all roles.
    RoleList = "Auth" / "RoleList" (AuthRoleListRequest => AuthRoleListResponse),
    /// Deletes a role.
    RoleDelete = "Auth" / "RoleDelete" (AuthRoleDeleteRequest => AuthRoleDeleteResponse),
    /// Lets a role read or write keys.
    RoleGrantPermission = "Auth" / "RoleGrantPermission" (AuthRoleGrantPermissionRequest => AuthRoleGrantPermissionResponse),
    /// Takes that back.
    RoleRevokePermission = "Auth" / "RoleRevokePermission" (AuthRoleRevokePermissionRequest => AuthRoleRevokePermissionResponse),
}
