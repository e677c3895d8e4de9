//! Joining a running cluster (`--initial-cluster-state existing` with an empty data directory).
//!
//! Somebody has added this member before (`member add`), so the cluster knows its id already; what
//! the member itself knows is `--initial-cluster`. It asks the peers named there for their
//! `/members`, finds itself by its peer URLs, and takes over its id and the cluster's. Its log is
//! empty; the leader fills it.
//!
//! ```text
//!   --initial-cluster a=…,b=…,me=…        GET http://a:2380/members
//!            └───────── same peer URLs? ─────────┘        X-Etcd-Cluster-ID: 2904ef1066e801d0
//! ```
//!
//! Sentences are etcd's (`bootstrapExistingClusterNoWAL` in `server/etcdserver/bootstrap.go`,
//! `ValidateClusterAndAssignIDs` in `server/etcdserver/api/membership/cluster.go`).

use std::time::Duration;

use bytes::Bytes;
use glasshouse_core::membership::Member;
use glasshouse_core::{ClusterId, MemberId};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::Request;
use hyper::header::HOST;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::time::timeout;

use crate::config::{PeerMap, Settings, Url};
use crate::peer::{Identity, dial};
use crate::tls::Dialer;

/// Bytes of a list of members that are read: far more than the largest cluster needs.
const MEMBERS_BYTES_MAX: usize = 1024 * 1024;

/// Who this member is, and whom it can ask.
pub struct Joining {
    /// As the cluster knows it.
    pub identity: Identity,
    /// The members as one of them listed them.
    pub members: Vec<Member>,
}

/// A cluster as one of its members describes it.
struct Found {
    cluster: ClusterId,
    members: Vec<Member>,
}

/// Finds this member in the cluster that it is to join.
///
/// # Errors
/// etcd's sentence about why it is not there.
pub async fn join(
    settings: &Settings,
    dialer: Option<&Dialer>,
    patience: Duration,
) -> Result<Joining, String> {
    let told = settings.existing_cluster()?;
    let found = ask_all(&told, &settings.name, dialer, patience).await.ok_or(
        "cannot fetch cluster info from peer urls: could not retrieve cluster information from \
         the given URLs",
    )?;
    let own = match_members(&told, &settings.name, &found)
        .map_err(|why| format!("error validating peerURLs {}: {why}", describe(&found)))?;
    if !own.name.is_empty() {
        return Err(format!(
            "member {} has already been bootstrapped: it ran with another data directory, and \
             what it voted there is lost here; start it with that directory, or remove the member \
             and add it again",
            own.id
        ));
    }
    let identity = Identity { cluster: found.cluster, member: own.id };
    Ok(Joining { identity, members: found.members })
}

/// The first list that some other member gives.
async fn ask_all(
    told: &PeerMap,
    own_name: &str,
    dialer: Option<&Dialer>,
    patience: Duration,
) -> Option<Found> {
    let mut urls: Vec<&Url> =
        told.iter().filter(|(name, _)| *name != own_name).flat_map(|(_, urls)| urls).collect();
    urls.sort();
    for url in urls {
        if let Ok(Some(found)) = timeout(patience, ask(url, dialer)).await {
            return Some(found);
        }
    }
    None
}

async fn ask(url: &Url, dialer: Option<&Dialer>) -> Option<Found> {
    let stream = dial(url, dialer).await.ok()?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
    // Ends with the answer.
    tokio::spawn(async move { drop(connection.await) });
    let request = Request::get("/members")
        .header(HOST, url.authority())
        .body(Empty::<Bytes>::new())
        .expect("path and header are valid");
    let (head, body) = sender.send_request(request).await.ok()?.into_parts();
    let cluster = head.headers.get("x-etcd-cluster-id")?.to_str().ok()?;
    let cluster = ClusterId(u64::from_str_radix(cluster, 16).ok()?);
    let body = Limited::new(body, MEMBERS_BYTES_MAX).collect().await.ok()?.to_bytes();
    let rows: Vec<Value> = serde_json::from_slice(&body).ok()?;
    let members: Vec<Member> = rows.iter().map(member).collect::<Option<_>>()?;
    (!members.is_empty()).then_some(Found { cluster, members })
}

fn member(row: &Value) -> Option<Member> {
    let urls = |name: &str| {
        let list = row.get(name).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
    };
    Some(Member {
        id: MemberId(row.get("id")?.as_u64()?),
        name: row.get("name").and_then(Value::as_str).unwrap_or_default().to_owned(),
        peer_urls: urls("peerURLs"),
        client_urls: urls("clientURLs"),
        is_learner: row.get("isLearner").and_then(Value::as_bool).unwrap_or(false),
    })
}

/// This member in the list; all the others must have been told, too.
fn match_members(told: &PeerMap, own_name: &str, found: &Found) -> Result<Member, String> {
    if told.len() != found.members.len() {
        return Err("member count is unequal".into());
    }
    let mut own = None;
    for member in &found.members {
        let mut theirs = member.peer_urls.clone();
        theirs.sort();
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
fn describe(found: &Found) -> String {
    let members: Vec<String> = found
        .members
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
    let cluster = found.cluster;
    format!("{{ClusterID:{cluster} Members:[{}] RemovedMemberIDs:[]}}", members.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse_cluster;

    fn found() -> Found {
        let member = |id, name: &str, url: &str| Member {
            id: MemberId(id),
            name: name.to_owned(),
            peer_urls: vec![url.to_owned()],
            ..Member::default()
        };
        let members =
            vec![member(1, "a", "http://10.0.0.1:2380"), member(2, "", "http://10.0.0.2:2380")];
        Found { cluster: ClusterId(0xc1), members }
    }

    fn matched(told: &str) -> Result<MemberId, String> {
        match_members(&parse_cluster(told).unwrap(), "b", &found()).map(|member| member.id)
    }

    #[test]
    fn a_member_finds_itself_by_its_urls() {
        let own = matched("a=http://10.0.0.1:2380,b=http://10.0.0.2:2380");
        assert_eq!(own, Ok(MemberId(2)));
        let alone = matched("b=http://10.0.0.2:2380");
        assert_eq!(alone, Err("member count is unequal".into()));
        let moved = matched("a=http://10.0.0.1:2380,b=http://10.0.0.3:2380").unwrap_err();
        assert!(moved.starts_with(
            "PeerURLs: no match found for existing member (2, [http://10.0.0.2:2380])"
        ));
    }

    #[test]
    fn members_are_described_as_in_etcds_log() {
        assert_eq!(
            describe(&found()),
            "{ClusterID:c1 Members:[&{ID:1 RaftAttributes:{PeerURLs:[http://10.0.0.1:2380] \
             IsLearner:false} Attributes:{Name:a ClientURLs:[]}} &{ID:2 RaftAttributes:{\
             PeerURLs:[http://10.0.0.2:2380] IsLearner:false} Attributes:{Name: ClientURLs:[]}}] \
             RemovedMemberIDs:[]}"
        );
    }
}
