//! A member whose disk is empty looks for itself in the list that one of the others gives: who joins must be
//! there, and who begins must not have run before.
//!
//! Sentences are etcd's (`bootstrapExistingClusterNoWAL` in `server/etcdserver/bootstrap.go`,
//! `isMemberBootstrapped` in `cluster_util.go`,
//! `ValidateClusterAndAssignIDs` in `server/etcdserver/api/membership/cluster.go`).

use super::{PeerMap, Url};
use crate::id::{ClusterId, MemberId};
use crate::membership::Member;
use crate::order;

/// A member that begins has never run before. One that has lost its disk would vote a second time in a term
/// that it has voted in, and an entry that it had promised to keep could be undone.
///
/// Client URLs are what a member publishes of itself, so whoever has some has run.
///
/// # Errors
/// etcd's sentence: the cluster knows that it has.
pub fn check_is_new<'a>(
    id: MemberId,
    members: impl IntoIterator<Item = &'a Member>,
) -> Result<(), String> {
    let known = members.into_iter().find(|member| member.id == id);
    if known.is_some_and(|member| !member.client_urls.is_empty()) {
        return Err(format!("member {id} has already been bootstrapped"));
    }
    Ok(())
}

/// This member, as the cluster that it is to join knows it: with the same peer URLs, and not started yet.
///
/// # Errors
/// etcd's sentence about why it is not there.
pub fn find_self(
    told: &PeerMap,
    own_name: &str,
    cluster: ClusterId,
    members: &[Member],
) -> Result<Member, String> {
    let own = match_members(told, own_name, members).map_err(|why| {
        format!("error validating peerURLs {}: {why}", describe(cluster, members))
    })?;
    if !own.name.is_empty() {
        return Err(format!(
            "member {} has already been bootstrapped: it ran with another data directory, and \
             what it voted there is lost here; start it with that directory, or remove the member \
             and add it again",
            own.id
        ));
    }
    Ok(own)
}

/// This member in the list; all the others must have been told, too.
fn match_members(told: &PeerMap, own_name: &str, found: &[Member]) -> Result<Member, String> {
    if told.len() != found.len() {
        return Err("member count is unequal".into());
    }
    let mut own = None;
    for member in found {
        let mut theirs = member.peer_urls.clone();
        order::sort(&mut theirs);
        let same =
            |urls: &[Url]| urls.iter().map(Url::as_str).eq(theirs.iter().map(String::as_str));
        let Some((name, _)) = told.iter().find(|(_, urls)| same(urls)) else {
            let (id, urls) = (member.id, member.peer_urls.join(" "));
            let last =
                told.values().next_back().map_or(String::new(), |last| differ(&theirs, last));
            return Err(format!(
                "PeerURLs: no match found for existing member ({id}, [{urls}]), last resolver \
                 error ({last})"
            ));
        };
        if name == own_name {
            own = Some(member.clone());
        }
    }
    own.ok_or_else(|| {
        format!("couldn't find local name {own_name:?} in the initial cluster configuration")
    })
}

/// How two lists of URLs differ.
fn differ(theirs: &[String], told: &[Url]) -> String {
    let told: Vec<&str> = told.iter().map(Url::as_str).collect();
    if theirs.len() != told.len() {
        return format!("len({theirs:?}) != len({told:?})");
    }
    let pair = theirs.iter().zip(&told).find(|(a, b)| a != b);
    pair.map_or(String::new(), |(a, b)| {
        format!("{a:?}(resolved from {a:?}) != {b:?}(resolved from {b:?})")
    })
}

/// The cluster as etcd's log shows it.
#[must_use]
pub fn describe(cluster: ClusterId, members: &[Member]) -> String {
    let members: Vec<String> = members
        .iter()
        .map(|member| {
            format!(
                "&{{ID:{} RaftAttributes:{{PeerURLs:[{}] IsLearner:{}}} Attributes:{{Name:{} \
                 ClientURLs:[{}]}}}}",
                member.id,
                member.peer_urls.join(" "),
                member.is_learner,
                member.name,
                member.client_urls.join(" ")
            )
        })
        .collect();
    format!("{{ClusterID:{cluster} Members:[{}] RemovedMemberIDs:[]}}", members.join(" "))
}
