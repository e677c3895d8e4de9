//! Snapshot files: a member's store as the database that an etcd would have, and back.
//!
//! `etcdctl snapshot save` fetches one from a running member; `etcdutl snapshot restore` makes the data
//! directory of a new cluster of it. In between it is a file that other programs open: a
//! [`bbolt`](crate::bbolt) database with etcd's buckets, and behind its last page the SHA-256 of all
//! before:
//!
//! ```text
//!   +----------------------------------------------+----------+
//!   |  bbolt database: whole pages of 4096 bytes   |  SHA-256 |   so the length is 32 modulo 512
//!   +----------------------------------------------+----------+
//!     alarm            AlarmMember -> nothing
//!     auth             authEnabled, authRevision
//!     authRoles        name -> authpb.Role           authUsers   name -> authpb.User
//!     cluster          (clusterVersion: left out, see `schema`)
//!     key              revision -> mvccpb.KeyValue   as in our own store, to the byte
//!     lease            id -> leasepb.Lease           as well
//!     members          id in hex -> JSON             members_removed   id in hex -> "removed"
//!     meta             confState, consistent_index, finishedCompactRev, scheduledCompactRev,
//!                      storageVersion, term
//! ```
//!
//! - **Saving** ([`SnapshotFile`]) reads one commit of the store twice: the metas in front must know
//!   where the root is and how long the file gets. What it holds in memory is one part of
//!   32 KiB, one row, and one page for each level of the tree. Later commits go on beside it.
//! - **Restoring** ([`restore()`]) checks the whole file before a member may start from it. The new
//!   members have new ids, a log that begins behind the first entries of a cluster, and nothing of
//!   the old members. A file of an etcd (3.4 and up) serves as well as one of ours.
//!
//! The word *snapshot* is taken twice in etcd. How one member brings another one up to date is in
//! `snapshot`, and has nothing to do with this.
//!
//! Source: etcd `server/storage/schema/`, `etcdutl/snapshot/v3_snapshot.go`,
//! `server/etcdserver/api/v3rpc/maintenance.go`.

mod file;
mod hash;
mod restore;
mod schema;
mod status;
#[cfg(test)]
mod tests;

pub use self::file::{Part, SnapshotFile};
pub use self::hash::{HashCheck, check_hash};
pub use self::restore::{Loaded, NewCluster, load, restore};
pub use self::status::{Status, status};

use crate::bbolt::ReadError;
use crate::store::StoreError;

/// Why a snapshot file cannot be used. Each is one sentence for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackupError {
    /// The file is no database, or a damaged one.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A row is not what etcd keeps in its bucket.
    #[error("bucket {bucket:?} holds a row that is none: {what}")]
    Row {
        /// The bucket.
        bucket: &'static str,
        /// What is wrong.
        what: &'static str,
    },
    /// A bucket of etcd is missing.
    #[error("it is no snapshot of an etcd: there is no bucket {0:?}")]
    NoBucket(&'static str),
    /// The rows contradict each other, or the disk under the new store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The revisions after the bump would be too large.
    #[error("--bump-revision is too large")]
    Bump,
}
