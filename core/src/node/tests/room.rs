//! The quota on whole members: who refuses what, and how the alarm comes and goes.

use super::*;
use crate::api::alarm_request::AlarmAction;
use crate::api::{AlarmType, Code};

/// Room for about forty puts of a hundred bytes.
const QUOTA: i64 = 8 * 1024;

fn cluster(size: usize) -> (Cluster, usize) {
    let mut cluster = Cluster::with(size, |config| config.quota_backend_bytes = QUOTA);
    let leader = cluster.elect();
    (cluster, leader)
}

fn alarms(cluster: &mut Cluster, at: usize) -> Vec<api::AlarmMember> {
    let call = cluster.ask(at, api::AlarmRequest::default().into());
    cluster.ticks(1);
    match &cluster.answers[&call] {
        Ok(Response::Alarm(response)) => response.alarms.clone(),
        other => panic!("{other:?}"),
    }
}

fn alarm(cluster: &mut Cluster, at: usize, action: AlarmAction, kind: AlarmType, member_id: u64) {
    let (action, alarm) = (action as i32, kind as i32);
    cluster.ask(at, api::AlarmRequest { action, member_id, alarm }.into());
    cluster.ticks(1);
}

fn nospace(cluster: &Cluster, at: usize) -> api::AlarmMember {
    let member_id = cluster.hosts[at].config.member_id.0;
    api::AlarmMember { member_id, alarm: AlarmType::Nospace as i32 }
}

/// The answer to a request: `Ok`, or the text of the error.
fn outcome(cluster: &mut Cluster, at: usize, request: Request) -> Result<(), String> {
    let call = cluster.ask(at, request);
    cluster.ticks(2);
    cluster.answers[&call].as_ref().map(drop).map_err(|error| error.message.to_string())
}

/// Writes one key again and again until that is refused.
fn fill(cluster: &mut Cluster, at: usize) -> i64 {
    for _ in 0..200 {
        let call = cluster.put(at, "k", &"v".repeat(100));
        cluster.ticks(1);
        if let Err(error) = &cluster.answers[&call] {
            assert_eq!(error.message, "etcdserver: mvcc: database space exceeded");
            assert_eq!(error.code, Code::ResourceExhausted);
            return cluster.view(at).mvcc().revision();
        }
    }
    panic!("the quota never ran over");
}

fn compact(cluster: &mut Cluster, at: usize, revision: i64) {
    let request = api::CompactionRequest { revision, physical: false };
    assert_eq!(outcome(cluster, at, request.into()), Ok(()));
}

#[test]
fn over_the_quota_only_what_makes_room_goes_on() {
    let (mut cluster, leader) = cluster(3);
    let asked = (leader + 1) % 3;
    fill(&mut cluster, asked);
    cluster.ticks(3);
    assert_eq!(alarms(&mut cluster, leader), [nospace(&cluster, asked)]);
    let refused = Err(String::from("etcdserver: mvcc: database space exceeded"));
    // Wherever it is asked, and however small it is.
    for at in 0..3 {
        assert_eq!(outcome(&mut cluster, at, put("a", "b")), refused);
        let grant = api::LeaseGrantRequest { id: 0, ttl: 60 };
        assert_eq!(outcome(&mut cluster, at, grant.into()), refused);
        let Request::Put(inner) = put("a", "b") else { unreachable!() };
        let op = |op| vec![api::RequestOp { request: Some(op) }];
        let puts = api::request_op::Request::RequestPut(inner);
        let txn = api::TxnRequest { failure: op(puts), ..Default::default() };
        assert_eq!(outcome(&mut cluster, at, txn.into()), refused);
        let reads = api::request_op::Request::RequestRange(api::RangeRequest {
            key: "k".into(),
            ..Default::default()
        });
        let txn = api::TxnRequest { success: op(reads), ..Default::default() };
        assert_eq!(outcome(&mut cluster, at, txn.into()), Ok(()));
        let delete = api::DeleteRangeRequest { key: "a".into(), ..Default::default() };
        assert_eq!(outcome(&mut cluster, at, delete.into()), Ok(()));
    }
}

#[test]
fn compaction_makes_room_and_the_alarm_clears_itself() {
    let (mut cluster, leader) = cluster(3);
    let revision = fill(&mut cluster, leader);
    cluster.ticks(3);
    assert_eq!(alarms(&mut cluster, leader).len(), 1);
    compact(&mut cluster, leader, revision);
    cluster.ticks(10);
    for at in 0..3 {
        assert_eq!(alarms(&mut cluster, at), []);
    }
    assert_eq!(outcome(&mut cluster, leader, put("a", "b")), Ok(()));
}

#[test]
fn a_raise_is_said_once_however_many_are_refused() {
    let (mut cluster, leader) = cluster(3);
    fill(&mut cluster, leader);
    for _ in 0..20 {
        cluster.put(leader, "k", &"v".repeat(100));
    }
    cluster.ticks(3);
    let view = cluster.view(leader);
    let entries = view.entries(1, view.last_index());
    let said = entries.iter().filter(|entry| entry.words() == "no space").count();
    assert_eq!(said, 1);
}

#[test]
fn a_raise_that_was_lost_with_its_leader_is_said_again() {
    let (mut cluster, leader) = cluster(3);
    let asked = (leader + 1) % 3;
    // Not over the quota yet, but what comes next would be.
    assert_eq!(outcome(&mut cluster, leader, put("k", &"v".repeat(7_800))), Ok(()));
    let large = || put("a", &"v".repeat(300));
    cluster.cut.push(cluster.hosts[leader].config.member_id);
    // The word goes to a leader whom it does not reach.
    cluster.ask(asked, large());
    cluster.elect();
    cluster.cut.clear();
    cluster.ticks(5);
    // A refused client asks again, as clients do.
    cluster.ask(asked, large());
    cluster.ticks(5);
    assert_eq!(alarms(&mut cluster, asked), [nospace(&cluster, asked)]);
}

#[test]
fn without_the_flag_the_alarm_stays_as_etcds_does() {
    let mut cluster = Cluster::with(1, |config| {
        config.quota_backend_bytes = QUOTA;
        config.quota_auto_disarm = false;
    });
    let leader = cluster.elect();
    let revision = fill(&mut cluster, leader);
    compact(&mut cluster, leader, revision);
    cluster.ticks(50);
    let standing = nospace(&cluster, leader);
    assert_eq!(alarms(&mut cluster, leader), [standing]);
    alarm(&mut cluster, leader, AlarmAction::Deactivate, AlarmType::Nospace, standing.member_id);
    assert_eq!(alarms(&mut cluster, leader), []);
    assert_eq!(outcome(&mut cluster, leader, put("a", "b")), Ok(()));
}

#[test]
fn an_alarm_that_a_client_raised_stays_until_it_is_disarmed() {
    let (mut cluster, leader) = cluster(3);
    let own = nospace(&cluster, leader);
    alarm(&mut cluster, leader, AlarmAction::Activate, AlarmType::Nospace, own.member_id);
    cluster.ticks(20);
    assert_eq!(alarms(&mut cluster, leader), [own]);
    assert!(outcome(&mut cluster, leader, put("a", "b")).is_err());
}

#[test]
fn whose_word_it_is_survives_a_restart() {
    let (mut cluster, _) = cluster(1);
    let revision = fill(&mut cluster, 0);
    cluster.ticks(5);
    cluster.stop(0);
    cluster.start(0);
    cluster.elect();
    assert_eq!(alarms(&mut cluster, 0), [nospace(&cluster, 0)]);
    compact(&mut cluster, 0, revision);
    cluster.ticks(10);
    assert_eq!(alarms(&mut cluster, 0), []);
}

#[test]
fn a_negative_quota_is_none() {
    let mut cluster = Cluster::with(1, |config| config.quota_backend_bytes = -1);
    cluster.elect();
    assert_eq!(outcome(&mut cluster, 0, put("k", &"v".repeat(1_000_000))), Ok(()));
    let call = cluster.ask(0, api::StatusRequest::default().into());
    let Ok(Response::Status(status)) = &cluster.answers[&call] else { panic!() };
    assert_eq!(status.db_size_quota, -1);
}

#[test]
fn an_answer_is_bounded_and_pages_of_it_are_not_refused() {
    let mut cluster = Cluster::with(1, |config| config.max_range_bytes = 1_000);
    cluster.elect();
    for i in 0..20 {
        cluster.put(0, &format!("k{i:02}"), &"v".repeat(100));
    }
    let all = api::RangeRequest { key: "k".into(), range_end: "l".into(), ..Default::default() };
    let refused = outcome(&mut cluster, 0, all.clone().into()).unwrap_err();
    assert!(refused.contains("more than 1000 bytes"), "{refused}");
    let page = api::RangeRequest { limit: 9, ..all.clone() };
    assert_eq!(outcome(&mut cluster, 0, page.into()), Ok(()));
    let count = api::RangeRequest { count_only: true, ..all };
    assert_eq!(outcome(&mut cluster, 0, count.into()), Ok(()));
}

#[test]
fn corruption_refuses_what_touches_the_keys_through_the_log() {
    let (mut cluster, leader) = cluster(3);
    alarm(&mut cluster, leader, AlarmAction::Activate, AlarmType::Corrupt, 0);
    let corrupt = Err(String::from("etcdserver: corrupt cluster"));
    assert_eq!(outcome(&mut cluster, leader, put("a", "b")), corrupt);
    let compaction = api::CompactionRequest { revision: 1, physical: false };
    assert_eq!(outcome(&mut cluster, leader, compaction.into()), corrupt);
    alarm(&mut cluster, leader, AlarmAction::Deactivate, AlarmType::Corrupt, 0);
    assert_eq!(outcome(&mut cluster, leader, put("a", "b")), Ok(()));
}
