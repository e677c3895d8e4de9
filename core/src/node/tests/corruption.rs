//! Corruption that no checksum sees: a member that stores another value than it was told.

use super::*;
use crate::api::{AlarmType, KeyValue};
use crate::node::corruption::{Verdict, judge};
use crate::store::RowKey;

fn checking() -> (Cluster, usize) {
    let mut cluster = Cluster::with(3, |config| {
        config.corrupt_check_ms = Some(5_000);
        config.compact_hash_check_ms = Some(5_000);
    });
    let leader = cluster.elect();
    for i in 0..10 {
        cluster.put(leader, &format!("k{i}"), "v");
    }
    cluster.ticks(10);
    (cluster, leader)
}

/// Writes another value under the row of a revision, behind the member's back.
fn corrupt(cluster: &Cluster, at: usize, revision: i64) {
    let pair = KeyValue {
        key: "k3".into(),
        value: "w".into(),
        create_revision: revision,
        mod_revision: revision,
        version: 1,
        lease: 0,
    };
    let bytes = prost::Message::encode_to_vec(&pair);
    let rows = vec![(RowKey::put(revision, 0), Some(bytes.into()))];
    let batch = StoreBatch::Write { rows, leases: vec![], auth: vec![], meta: vec![] };
    cluster.hosts[at].store.commit(&batch).unwrap();
}

fn standing(cluster: &mut Cluster, at: usize) -> Vec<(u64, i32)> {
    let call = cluster.ask(at, api::AlarmRequest::default().into());
    cluster.ticks(1);
    let Ok(Response::Alarm(response)) = &cluster.answers[&call] else { panic!() };
    response.alarms.iter().map(|alarm| (alarm.member_id, alarm.alarm)).collect()
}

#[test]
fn members_that_agree_raise_nothing() {
    let (mut cluster, leader) = checking();
    cluster.ask(leader, api::CompactionRequest { revision: 5, physical: false }.into());
    cluster.ticks(300);
    assert_eq!(standing(&mut cluster, leader), []);
}

#[test]
fn the_odd_member_is_named_also_when_it_leads() {
    for distance in 0..3 {
        let (mut cluster, leader) = checking();
        let odd = (leader + distance) % 3;
        corrupt(&cluster, odd, 5);
        cluster.ticks(150);
        let expected = (cluster.hosts[odd].config.member_id.0, AlarmType::Corrupt as i32);
        assert_eq!(standing(&mut cluster, leader), [expected]);
        let call = cluster.put(leader, "more", "v");
        assert_eq!(cluster.answers[&call], Err(api::Error::CORRUPT));
    }
}

#[test]
fn a_member_that_disagrees_with_its_peers_ends_at_its_start() {
    let mut cluster = Cluster::with(3, |config| config.initial_corrupt_check = true);
    let leader = cluster.elect();
    cluster.put(leader, "k", "v");
    cluster.put(leader, "k", "w");
    cluster.ticks(10);
    let odd = (leader + 1) % 3;
    cluster.stop(odd);
    corrupt(&cluster, odd, 2);
    cluster.start(odd);
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| cluster.ticks(50)));
    let reason = ended.unwrap_err().downcast::<String>().unwrap();
    assert!(reason.ends_with("found data inconsistency with peers"), "{reason}");
}

#[test]
fn the_majority_is_right_and_without_one_nobody_is() {
    let hashes = |hashes: &[u32]| (1_u64..).map(MemberId).zip(hashes.iter().copied()).collect();
    assert_eq!(judge(&hashes(&[7, 7, 7]), 3), Verdict::Agree);
    assert_eq!(judge(&hashes(&[7]), 3), Verdict::Agree);
    assert_eq!(judge(&hashes(&[7, 8, 7]), 3), Verdict::Odd(vec![MemberId(2)]));
    assert_eq!(judge(&hashes(&[7, 8]), 3), Verdict::Torn);
    assert_eq!(judge(&hashes(&[7, 8, 9, 7, 7]), 5), Verdict::Odd(vec![MemberId(2), MemberId(3)]));
}
