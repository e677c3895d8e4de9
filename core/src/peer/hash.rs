//! Members compare what they hold: one asks, each of the others hashes its keys.
//!
//! ```text
//!   who compares ── WantHash { id, revision } ──► another member
//!   who compares ◄── Hashed { id, hash } ──────── another member
//! ```
//!
//! Nothing is repeated: a member that does not answer is not compared this time.

use crate::api::HashKvResponse;

/// Hash your keys as of this revision.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct WantHash {
    /// Names the comparison; chosen by the member that compares.
    #[prost(uint64, tag = "1")]
    pub id: u64,
    /// The main revision.
    #[prost(int64, tag = "2")]
    pub revision: i64,
}

/// The answer.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Hashed {
    /// The id of the comparison.
    #[prost(uint64, tag = "1")]
    pub id: u64,
    /// The hash, if the member has that revision.
    #[prost(message, optional, tag = "2")]
    pub hash: Option<HashKvResponse>,
}
