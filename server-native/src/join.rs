//! What running members say of one whose data directory is empty.
//!
//! Joining a running cluster (`--initial-cluster-state existing`):
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
//! Whether the list fits is [`find_self`]'s to say; sentences are etcd's.
//!
//! A member that begins (`new`) asks the same, because it may have lost its disk without knowing: if the others
//! know that it has run, it must not begin again ([`check_is_new`]). Where nobody answers, a cluster begins.

use std::time::Duration;

use bytes::Bytes;
use glasshouse_core::bootstrap::{Bootstrap, check_is_new, find_self};
use glasshouse_core::membership::Member;
use glasshouse_core::{ClusterId, MemberId};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::Request;
use hyper::header::HOST;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::time::timeout;

use crate::config::{Settings, Url};
use crate::peer::{Identity, dial};
use crate::tls::Dialer;

/// Bytes of a list of members that are read: far more than the largest cluster needs.
const MEMBERS_BYTES_MAX: usize = 1024 * 1024;

/// How long a member that begins waits for each of the others (`BootstrapTimeoutEffective` of etcd).
const BEGIN_PATIENCE: Duration = Duration::from_secs(1);

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
    let others = told.iter().filter(|(name, _)| **name != settings.name);
    let urls = others.flat_map(|(_, urls)| urls.clone()).collect();
    let found = ask_all(urls, dialer, patience).await.ok_or(
        "cannot fetch cluster info from peer urls: could not retrieve cluster information from \
         the given URLs",
    )?;
    let own = find_self(&told, &settings.name, found.cluster, &found.members)?;
    let identity = Identity { cluster: found.cluster, member: own.id };
    Ok(Joining { identity, members: found.members })
}

/// A member that is about to begin asks the others whether it has run before.
///
/// # Errors
/// etcd's sentence: it has.
pub async fn check_begins(first: &Bootstrap, dialer: Option<&Dialer>) -> Result<(), String> {
    let others = first.members.iter().filter(|member| member.id != first.member_id);
    let urls = others.flat_map(|member| &member.peer_urls).filter_map(|url| Url::parse(url).ok());
    match ask_all(urls.collect(), dialer, BEGIN_PATIENCE).await {
        Some(found) => check_is_new(first.member_id, &found.members),
        None => Ok(()),
    }
}

/// The first list that one of the others gives, asked in etcd's order.
async fn ask_all(mut urls: Vec<Url>, dialer: Option<&Dialer>, patience: Duration) -> Option<Found> {
    urls.sort();
    for url in &urls {
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
