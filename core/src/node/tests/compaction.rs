//! Compaction on whole members: when it is answered, and when a leader does it by itself.

use super::*;

fn compact(revision: i64, physical: bool) -> Request {
    api::CompactionRequest { revision, physical }.into()
}

fn rows(cluster: &Cluster, at: usize) -> usize {
    cluster.hosts[at].store.rows().unwrap().count()
}

fn compacted(cluster: &Cluster, at: usize) -> i64 {
    cluster.view(at).mvcc().compacted()
}

#[test]
fn a_physical_compaction_is_answered_when_its_rows_are_gone() {
    let mut cluster = Cluster::with(3, |config| config.compaction_batch_rows = 7);
    let leader = cluster.elect();
    for i in 0..100 {
        cluster.put(leader, "k", &i.to_string());
    }
    cluster.ticks(2);
    assert_eq!(rows(&cluster, leader), 100);
    let call = cluster.ask(leader, compact(101, true));
    cluster.ticks(1);
    assert!(cluster.answers[&call].is_ok());
    assert_eq!(rows(&cluster, leader), 1);
    // Asked for again, it is refused, also behind the rows.
    let again = cluster.ask(leader, compact(101, true));
    assert_eq!(cluster.answers[&again], Err(api::Error::COMPACTED));
}

#[test]
fn by_revision_a_leader_keeps_so_many() {
    let auto = AutoCompaction::Revision { revisions: 10 };
    let mut cluster = Cluster::with(3, |config| config.auto_compaction = Some(auto));
    let leader = cluster.elect();
    for i in 0..50 {
        cluster.put(leader, "k", &i.to_string());
    }
    cluster.ticks(2_900);
    assert_eq!(compacted(&cluster, leader), -1, "every five minutes");
    cluster.ticks(200);
    assert!((0..3).all(|at| compacted(&cluster, at) == 41));
    // Nothing new, nothing to do.
    let index = cluster.view(leader).last_index();
    cluster.ticks(6_100);
    assert_eq!(cluster.view(leader).last_index(), index);
}

#[test]
fn by_time_a_leader_keeps_what_is_younger() {
    let auto = AutoCompaction::Periodic { period_ms: 60_000 };
    let mut cluster = Cluster::with(3, |config| config.auto_compaction = Some(auto));
    let leader = cluster.elect();
    for i in 0..30 {
        cluster.put(leader, "k", &i.to_string());
    }
    cluster.ticks(500);
    assert_eq!(compacted(&cluster, leader), -1, "nothing is a minute old");
    for i in 0..10 {
        cluster.put(leader, "k", &i.to_string());
    }
    cluster.ticks(700);
    // The first thirty are older than a minute, and what came in the last minute is kept.
    let seen = compacted(&cluster, leader);
    assert!((1..=41).contains(&seen), "{seen}");
    // A new leader goes on, with its own notes.
    cluster.stop(leader);
    let next = cluster.elect();
    cluster.ticks(1_300);
    assert_eq!(compacted(&cluster, next), 41);
}

#[test]
fn a_hash_is_of_what_was_applied_when_it_was_asked_for() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.elect();
    for i in 0..20 {
        cluster.put(leader, &format!("k{}", i % 3), &i.to_string());
    }
    cluster.ask(leader, compact(12, false));
    let mut answers = Vec::new();
    for at in 0..3 {
        for revision in [0, 15, 12] {
            let call = cluster.ask(at, api::HashKvRequest { revision }.into());
            cluster.ticks(1);
            let Ok(Response::HashKv(hash)) = &cluster.answers[&call] else { panic!() };
            let direct = cluster.view(at).mvcc().hash_kv(revision).unwrap();
            assert_eq!((hash.hash, hash.hash_revision), (direct.hash, direct.hash_revision));
            assert_eq!(hash.header.as_ref().unwrap().revision, 21);
            answers.push((revision, hash.hash, hash.compact_revision));
        }
    }
    answers.sort_unstable();
    answers.dedup();
    assert_eq!(answers.len(), 3, "members agree");
    let early = cluster.ask(leader, api::HashKvRequest { revision: 11 }.into());
    assert_eq!(cluster.answers[&early], Err(api::Error::COMPACTED));
    let late = cluster.ask(leader, api::HashKvRequest { revision: 22 }.into());
    assert_eq!(cluster.answers[&late], Err(api::Error::FUTURE_REVISION));
}

#[test]
fn a_downgrade_is_validated_enabled_and_cancelled_as_in_etcd() {
    use api::downgrade_request::DowngradeAction::{Cancel, Enable, Validate};
    let mut cluster = Cluster::new(3);
    let leader = cluster.elect();
    let ask = |cluster: &mut Cluster, at: usize, action, version: &str| {
        let request = api::DowngradeRequest { action: action as i32, version: version.to_owned() };
        let call = cluster.ask(at, request.into());
        cluster.ticks(2);
        match &cluster.answers[&call] {
            Ok(Response::Downgrade(response)) => response.version.clone(),
            Err(error) => error.message.to_string(),
            other => panic!("{other:?}"),
        }
    };
    let wrong = "etcdserver: wrong downgrade target version format";
    assert_eq!(ask(&mut cluster, 0, Validate, "3.x"), wrong);
    assert_eq!(ask(&mut cluster, 0, Validate, ""), wrong);
    assert_eq!(ask(&mut cluster, 0, Validate, "3.5"), "3.6");
    assert_eq!(ask(&mut cluster, 1, Validate, "3.5.7"), "3.6");
    let invalid = "etcdserver: invalid downgrade target version";
    assert_eq!(ask(&mut cluster, 1, Validate, "3.4.0"), invalid);
    assert_eq!(ask(&mut cluster, 1, Enable, "3.6.0"), invalid);
    assert_eq!(ask(&mut cluster, 2, Cancel, ""), "3.6");
    assert_eq!(ask(&mut cluster, 2, Enable, "3.5.0"), "3.6");
    let status = cluster.ask(leader, api::StatusRequest::default().into());
    let Ok(Response::Status(status)) = &cluster.answers[&status] else { panic!() };
    let info = api::DowngradeInfo { enabled: true, target_version: "3.5.0".into() };
    assert_eq!(status.downgrade_info, Some(info));
    cluster.ticks(100);
    assert!((0..3).all(|at| cluster.view(at).membership().cluster_version() == Some("3.5.0")));
    // It is on its way: from 3.5 the next one down would be 3.4.
    assert_eq!(ask(&mut cluster, 0, Validate, "3.5"), invalid);
    let busy = "etcdserver: cluster has a downgrade job in progress";
    assert_eq!(ask(&mut cluster, 0, Enable, "3.4"), busy);
    // It survives a restart of everybody.
    (0..3).for_each(|at| {
        cluster.stop(at);
        cluster.start(at);
    });
    cluster.elect();
    assert_eq!(cluster.view(0).membership().downgrade_target(), Some("3.5.0"));
    ask(&mut cluster, 0, Cancel, "");
    cluster.ticks(100);
    assert!((0..3).all(|at| cluster.view(at).membership().cluster_version() == Some("3.6.0")));
}
