//! Snapshot files: what they hold of what was acknowledged, and members that begin with one.

use super::*;
use crate::backup::{NewCluster, SnapshotFile, restore};
use crate::bbolt::Reader;

fn file_of(store: &Store) -> Vec<u8> {
    let mut file = SnapshotFile::new(&store.view().unwrap()).unwrap();
    let mut bytes = Vec::new();
    while let Some(part) = file.next_part().unwrap() {
        bytes.extend_from_slice(&part.bytes);
    }
    bytes
}

#[test]
fn the_store_has_what_was_acknowledged_before_the_answer() {
    // Batches leave on request only.
    let mut cluster = Cluster::with(1, |config| config.store_flush_ticks = 1_000_000);
    cluster.elect();
    for round in 1..=3 {
        cluster.put(0, "round", &round.to_string());
        let rows = |cluster: &Cluster| cluster.hosts[0].store.rows().unwrap().count();
        assert_eq!(rows(&cluster), round - 1, "the store lags behind");
        let call = cluster.ask(0, api::SnapshotRequest::default().into());
        let answer = &cluster.answers[&call];
        assert!(matches!(answer, Ok(Response::Snapshot(said)) if said.version == "3.6.0"));
        assert_eq!(rows(&cluster), round);
    }
}

#[test]
fn a_restored_cluster_goes_on_and_sends_its_store_to_who_joins() {
    let mut old = Cluster::new(1);
    old.elect();
    for number in 0..50 {
        old.put(0, &format!("key {number}"), "value");
    }
    old.ask(0, api::SnapshotRequest::default().into());
    let file = file_of(&old.hosts[0].store);

    let mut cluster = Cluster::new(3);
    for host in &mut cluster.hosts {
        let new = NewCluster {
            cluster_id: host.config.cluster_id,
            member_id: host.config.member_id,
            members: host.config.bootstrap.clone(),
            bump_revision: 0,
            wal_segment_bytes: host.config.wal_segment_bytes,
        };
        host.store = Store::in_memory();
        let append = restore(&Reader::open(&file[..]).unwrap(), &new, &host.store).unwrap();
        host.wal = BTreeMap::from([(append.segment, append.bytes.to_vec())]);
    }
    (0..3).for_each(|at| cluster.start(at));
    let leader = cluster.elect();
    for at in 0..3 {
        assert_eq!(cluster.get(at, "key 49", false).as_deref(), Some("value"));
    }
    let call = cluster.put(leader, "more", "of it");
    let header = *cluster.answers[&call].as_ref().unwrap().header().unwrap();
    assert_eq!(header.revision, 52, "the first was 2, and revisions go on");

    cluster.ticks(60);
    let joined = cluster.add(
        leader,
        Request::MemberAdd(api::MemberAddRequest {
            peer_urls: vec!["http://etcd4:2380".into()],
            is_learner: false,
        }),
    );
    let at = cluster.join(joined);
    cluster.ticks(60);
    for key in ["key 0", "more"] {
        assert!(cluster.get(at, key, true).is_some_and(|value| !value.is_empty()), "{key}");
    }
    assert_eq!(cluster.view(at).mvcc().hash_kv(0), cluster.view(leader).mvcc().hash_kv(0));
}
