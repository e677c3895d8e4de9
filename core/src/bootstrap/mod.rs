//! The first start of a member: who the cluster's members are, and which ids follow from that.
//!
//! Ids are hashes of peer URLs and the token ([`crate::id`]), so every first member computes the same
//! ones for itself, and members that were told different things find out by their ids as soon as they meet.
//!
//! ```text
//!   --name ─────────────┐
//!   --initial-cluster ──┼─► first_members ─► this member's id, the cluster's id, all members
//!   --initial-cluster-token
//!   --initial-advertise-peer-urls             or etcd's sentence about the first contradiction
//!
//!   --initial-cluster-state new:       what a running member lists ─► check_is_new
//!   --initial-cluster-state existing:  what a running member lists ─► find_self
//! ```
//!
//! Pure: the native server and the simulation ask the same functions. A member whose disk holds a log
//! does not come here at all.
//! Source: etcd `server/etcdserver/bootstrap.go`, `server/config/config.go`.

mod join;
mod map;
#[cfg(test)]
mod tests;
mod url;

pub use self::join::{check_is_new, describe, find_self};
pub use self::map::{PeerMap, cluster_text, parse_cluster};
pub use self::url::Url;
use crate::id::{ClusterId, MemberId, cluster_id, member_id};
use crate::membership::Member;
use crate::order;

/// The members that the flags describe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bootstrap {
    /// This member's id.
    pub member_id: MemberId,
    /// The cluster's id.
    pub cluster_id: ClusterId,
    /// All first members, this one among them.
    pub members: Vec<Member>,
}

/// The first members of a cluster, as one of them is told: its name, `--initial-cluster`, the token,
/// and the peer URLs that it announces.
///
/// # Errors
/// etcd's sentence about the first contradiction.
pub fn first_members(
    name: &str,
    initial_cluster: &str,
    token: &str,
    announced: &[Url],
) -> Result<Bootstrap, String> {
    let cluster = told_cluster(name, initial_cluster)?;
    let own = cluster.get(name).map_or(&[][..], Vec::as_slice);
    check_announced(name, own, announced)?;
    check_urls(&cluster)?;
    let id = |urls: &[Url]| {
        let texts: Vec<&str> = urls.iter().map(Url::as_str).collect();
        member_id(&texts, token)
    };
    let members: Vec<Member> = cluster
        .iter()
        .map(|(name, urls)| Member {
            id: id(urls),
            name: name.clone(),
            peer_urls: urls.iter().map(Url::to_string).collect(),
            // A member publishes these itself, once it runs.
            client_urls: Vec::new(),
            is_learner: false,
        })
        .collect();
    let ids: Vec<MemberId> = members.iter().map(|member| member.id).collect();
    Ok(Bootstrap { member_id: id(own), cluster_id: cluster_id(&ids), members })
}

/// `--initial-cluster`, with this member in it.
///
/// # Errors
/// etcd's sentence: it cannot be read, or this member is not there.
pub fn told_cluster(name: &str, initial_cluster: &str) -> Result<PeerMap, String> {
    let cluster = parse_cluster(initial_cluster)
        .map_err(|why| format!("error setting up initial cluster: {why}"))?;
    if !cluster.contains_key(name) {
        return Err(format!(
            "couldn't find local name {name:?} in the initial cluster configuration"
        ));
    }
    Ok(cluster)
}

/// No URL may be there twice.
///
/// # Errors
/// etcd's sentence.
pub fn check_urls(cluster: &PeerMap) -> Result<(), String> {
    let urls: Vec<&Url> = cluster.values().flatten().collect();
    if order::set(&urls).len() < urls.len() {
        return Err(format!("initial cluster {} has duplicate url", cluster_text(cluster)));
    }
    Ok(())
}

/// What this member announces must be what the cluster was told about it.
///
/// etcd resolves the names on both sides and compares addresses; here the texts must be equal,
/// because the ids are made of the texts.
fn check_announced(name: &str, told: &[Url], announced: &[Url]) -> Result<(), String> {
    let missing = |from: &[Url], urls: &[Url]| {
        let missing = urls.iter().filter(|url| !from.contains(url));
        missing.map(|url| format!("{name}={url}")).collect::<Vec<_>>().join(",")
    };
    let only_told = missing(announced, told);
    if !only_told.is_empty() {
        let announced = announced.iter().map(Url::as_str).collect::<Vec<_>>().join(",");
        return Err(format!(
            "--initial-cluster has {only_told} but missing from \
             --initial-advertise-peer-urls={announced}"
        ));
    }
    let only_announced = missing(told, announced);
    if !only_announced.is_empty() {
        let told = told.iter().map(|url| format!("{name}={url}")).collect::<Vec<_>>().join(",");
        return Err(format!(
            "--initial-advertise-peer-urls has {only_announced} but missing from \
             --initial-cluster={told}"
        ));
    }
    Ok(())
}
