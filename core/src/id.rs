//! Names that are numbers: members, clusters and calls.
//!
//! A member's id is derived from what it announces, as etcd does it, so a transcript
//! that was recorded with etcd shows the same ids here:
//!
//! ```text
//! member  = first 8 bytes, big endian, of SHA-1(sorted peer URLs joined + token)
//! cluster = first 8 bytes, big endian, of SHA-1(sorted member ids, 8 bytes each)
//! ```
//!
//! The token is therefore no secret: it is one more input of a hash, and two clusters
//! that were started with different tokens are strangers to each other.
//! Source: etcd `server/etcdserver/api/membership/{member,cluster}.go`.

use crate::order;
use std::fmt;

use sha1::{Digest, Sha1};

/// One member of a cluster. Zero is nobody. Printed in hex without padding, as etcd does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(pub u64);

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

/// One cluster. Printed in hex without padding, as etcd does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterId(pub u64);

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

/// One call of one client at one member. The world chooses it and gets the answer under it;
/// a node never looks inside. It must not be reused while the call is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// One stream of one client at one member: a watch. The world chooses it; it must not be reused
/// within a life of the member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub u64);

/// The id of a member that announces `peer_urls` in a cluster started with `token`.
#[must_use]
pub fn member_id<S: AsRef<str>>(peer_urls: &[S], token: &str) -> MemberId {
    let mut urls: Vec<&str> = peer_urls.iter().map(AsRef::as_ref).collect();
    order::sort(&mut urls);
    let mut hash = Sha1::new();
    for url in urls {
        hash.update(url.as_bytes());
    }
    hash.update(token.as_bytes());
    MemberId(first_u64(&hash.finalize()))
}

/// The id of the cluster that starts with these members, in any order.
#[must_use]
pub fn cluster_id(members: &[MemberId]) -> ClusterId {
    let mut ids: Vec<u64> = members.iter().map(|m| m.0).collect();
    order::sort(&mut ids);
    let mut hash = Sha1::new();
    for id in ids {
        hash.update(id.to_be_bytes());
    }
    ClusterId(first_u64(&hash.finalize()))
}

fn first_u64(digest: &[u8]) -> u64 {
    let first: [u8; 8] = digest[..8].try_into().expect("SHA-1 gives 20 bytes");
    u64::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every id of the walkthroughs in `shared/seeds`.
    #[test]
    fn ids_equal_those_of_the_transcripts() {
        let docker: Vec<String> = (1..=3)
            .map(|n| member_id(&[format!("http://etcd{n}:2380")], "etcd-cluster").to_string())
            .collect();
        assert_eq!(docker, ["ade526d28b1f92f7", "d282ac2ce600c1ce", "bd388e7810915853"]);
        let infra: Vec<MemberId> = [20, 21]
            .map(|n| member_id(&[format!("http://172.16.80.{n}:2380")], "etcd-cluster-1"))
            .to_vec();
        assert_eq!(infra[0].to_string(), "5a1e3e74478b7608");
        assert_eq!(infra[1].to_string(), "47a835a883b86bfe");
        assert_eq!(cluster_id(&infra).to_string(), "2904ef1066e801d0");
    }

    #[test]
    fn the_cluster_id_of_the_local_trio() {
        let ids: Vec<MemberId> = [12380, 22380, 32380]
            .map(|p| member_id(&[format!("http://127.0.0.1:{p}")], "etcd-cluster-1"))
            .to_vec();
        assert_eq!(ids[0].to_string(), "8211f1d0f64f3269");
        assert_eq!(cluster_id(&ids), ClusterId(17_237_436_991_929_493_444));
    }
}
