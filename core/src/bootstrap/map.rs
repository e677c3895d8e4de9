//! `--initial-cluster`: who the members are, by name.

use crate::order;
use std::collections::BTreeMap;

use super::Url;

/// The members of `--initial-cluster`, by name.
pub type PeerMap = BTreeMap<String, Vec<Url>>;

/// Reads `infra0=http://10.0.0.1:2380,infra1=http://10.0.0.2:2380`; a name may come more than
/// once, one time for each of its URLs.
///
/// # Errors
/// etcd's sentence about the first wrong URL.
pub fn parse_cluster(text: &str) -> Result<PeerMap, String> {
    let mut members = PeerMap::new();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let (name, url) = part.split_once('=').unwrap_or((part, ""));
        members.entry(name.into()).or_default().push(Url::parse(url)?);
    }
    for urls in members.values_mut() {
        order::sort(urls);
    }
    Ok(members)
}

/// The members as `--initial-cluster` takes them, in order of name.
#[must_use]
pub fn cluster_text(members: &PeerMap) -> String {
    let pairs =
        members.iter().flat_map(|(name, urls)| urls.iter().map(move |url| format!("{name}={url}")));
    pairs.collect::<Vec<_>>().join(",")
}
