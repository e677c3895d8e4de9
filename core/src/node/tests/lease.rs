//! Leases on whole members: who may answer, when they end, and what survives.

use super::*;

fn granted(cluster: &mut Cluster, at: usize, ttl: i64) -> i64 {
    let call = cluster.ask(at, api::LeaseGrantRequest { id: 0, ttl }.into());
    cluster.ticks(1);
    let Ok(Response::LeaseGrant(granted)) = &cluster.answers[&call] else {
        panic!("{:?}", cluster.answers[&call])
    };
    assert!(granted.id > 0, "a positive number that fits Go's int64");
    granted.id
}

fn renew(cluster: &mut Cluster, at: usize, id: i64) -> CallId {
    cluster.ask(at, api::LeaseKeepAliveRequest { id }.into())
}

fn ttl_of(cluster: &Cluster, call: CallId) -> i64 {
    match &cluster.answers[&call] {
        Ok(Response::LeaseKeepAlive(renewed)) => renewed.ttl,
        Ok(Response::LeaseTimeToLive(left)) => left.ttl,
        other => panic!("{other:?}"),
    }
}

fn leased(key: &str, lease: i64) -> Request {
    api::PutRequest { key: key.to_owned().into(), lease, ..Default::default() }.into()
}

fn ask_left(cluster: &mut Cluster, at: usize, id: i64) -> api::LeaseTimeToLiveResponse {
    let call = cluster.ask(at, api::LeaseTimeToLiveRequest { id, keys: true }.into());
    cluster.ticks(1);
    match &cluster.answers[&call] {
        Ok(Response::LeaseTimeToLive(left)) => left.clone(),
        other => panic!("{other:?}"),
    }
}

fn leases(cluster: &Cluster, at: usize) -> usize {
    cluster.view(at).lessor().len()
}

#[test]
fn all_keys_of_an_expired_lease_go_in_one_revision_on_every_member() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.elect();
    // A follower takes the grant; one second is less than an election may take.
    let id = granted(&mut cluster, (leader + 1) % 3, 1);
    for key in ["b", "a", "c"] {
        cluster.ask(leader, leased(key, id));
    }
    cluster.ask(leader, leased("c", 0));
    cluster.ticks(1);
    let left = ask_left(&mut cluster, (leader + 2) % 3, id);
    assert_eq!((left.granted_ttl, left.ttl), (2, 1));
    assert_eq!(left.keys, [&b"a"[..], b"b"]);
    let revision = cluster.view(leader).mvcc().revision();
    cluster.ticks(25);
    for at in 0..3 {
        assert_eq!(leases(&cluster, at), 0);
        let mvcc = cluster.view(at).mvcc();
        assert_eq!((mvcc.revision(), mvcc.live_keys()), (revision + 1, 1), "only c is left");
    }
    let left = ask_left(&mut cluster, leader, id);
    assert_eq!((left.granted_ttl, left.ttl), (0, -1));
    let call = cluster.ask(leader, leased("d", id));
    assert_eq!(cluster.answers[&call], Err(api::Error::LEASE_NOT_FOUND));
}

#[test]
fn a_lease_lives_as_long_as_any_member_is_told_to_renew_it() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.elect();
    let id = granted(&mut cluster, leader, 2);
    for round in 0..10 {
        cluster.ticks(15);
        let call = renew(&mut cluster, (leader + round) % 3, id);
        cluster.ticks(1);
        assert_eq!(ttl_of(&cluster, call), 2);
    }
    cluster.ticks(25);
    let call = renew(&mut cluster, leader, id);
    cluster.ticks(1);
    assert_eq!(ttl_of(&cluster, call), 0, "etcd's way to say that there is none");
}

#[test]
fn a_new_leader_gives_every_lease_its_full_time() {
    let mut cluster = Cluster::new(3);
    let old = cluster.elect();
    granted(&mut cluster, old, 5);
    cluster.ticks(40);
    cluster.stop(old);
    let new = cluster.elect();
    cluster.ticks(30);
    assert_eq!(leases(&cluster, new), 1, "seven seconds after the grant");
    cluster.ticks(30);
    assert_eq!(leases(&cluster, new), 0);
}

#[test]
fn a_leader_that_is_cut_off_renews_nothing() {
    let mut cluster = Cluster::new(3);
    let old = cluster.elect();
    let id = granted(&mut cluster, old, 60);
    cluster.cut = vec![cluster.hosts[old].config.member_id];
    assert_eq!(cluster.view(old).role(), Role::Leader, "it believes so for a second");
    let call = renew(&mut cluster, old, id);
    cluster.ticks(5);
    assert!(!cluster.answers.contains_key(&call));
    cluster.elect();
    cluster.cut.clear();
    cluster.ticks(10);
    assert_eq!(ttl_of(&cluster, call), 60, "the new leader has done it for him");
}

#[test]
fn without_a_leader_a_renewal_ends_with_etcds_error() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.elect();
    let id = granted(&mut cluster, leader, 60);
    let other = (leader + 1) % 3;
    cluster.stop(leader);
    cluster.stop((leader + 2) % 3);
    cluster.ticks(30);
    let call = renew(&mut cluster, other, id);
    cluster.ticks(71);
    assert_eq!(cluster.answers[&call], Err(api::Error::NO_LEADER));
}

#[test]
fn a_lost_request_is_handed_over_again() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.elect();
    let id = granted(&mut cluster, leader, 60);
    cluster.next_call += 1;
    let call = CallId(cluster.next_call);
    let request = api::LeaseKeepAliveRequest { id }.into();
    cluster
        .input((leader + 1) % 3, Input::Request { call, caller: api::Caller::default(), request });
    assert_eq!(cluster.mail.len(), 1);
    cluster.mail.clear();
    cluster.ticks(4);
    assert!(!cluster.answers.contains_key(&call));
    cluster.ticks(3);
    assert_eq!(ttl_of(&cluster, call), 60);
}

#[test]
fn leases_survive_a_restart_of_everyone_and_keep_their_keys() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.elect();
    let id = granted(&mut cluster, leader, 60);
    cluster.ask(leader, leased("a", id));
    cluster.ticks(10);
    (0..3).for_each(|at| cluster.stop(at));
    (0..3).for_each(|at| cluster.start(at));
    let leader = cluster.elect();
    let left = ask_left(&mut cluster, leader, id);
    assert_eq!((left.granted_ttl, left.keys), (60, vec![Bytes::from_static(b"a")]));
}

#[test]
fn a_member_that_gets_a_snapshot_gets_the_leases() {
    let mut cluster = Cluster::with(3, |config| {
        config.snapshot_count = 20;
        config.snapshot_catchup_entries = 5;
        config.snapshot_chunk_bytes = 512;
    });
    let leader = cluster.elect();
    let behind = (leader + 1) % 3;
    let lost = granted(&mut cluster, leader, 600);
    cluster.ticks(5);
    cluster.stop(behind);
    cluster.ask(leader, api::LeaseRevokeRequest { id: lost }.into());
    let id = granted(&mut cluster, leader, 600);
    cluster.ask(leader, leased("a", id));
    for number in 0..60 {
        cluster.put(leader, &format!("key{number}"), "value");
        cluster.ticks(1);
    }
    cluster.start(behind);
    cluster.ticks(40);
    assert_eq!(cluster.view(behind).applied(), cluster.view(leader).applied());
    assert!(cluster.view(behind).first_index() > 20, "it came as a snapshot");
    assert_eq!(cluster.view(behind).lessor(), cluster.view(leader).lessor());
    assert_eq!(cluster.view(behind).lessor().get(id).unwrap().keys.len(), 1);
}

#[test]
fn a_checkpoint_outlives_the_leader_and_a_renewal_outlives_the_checkpoint() {
    let mut cluster = Cluster::with(3, |config| config.lease_checkpoint_seconds = 3);
    let old = cluster.elect();
    let (left_alone, renewed) = (granted(&mut cluster, old, 10), granted(&mut cluster, old, 10));
    cluster.ticks(70);
    let call = renew(&mut cluster, (old + 1) % 3, renewed);
    cluster.ticks(2);
    assert_eq!(ttl_of(&cluster, call), 10);
    cluster.stop(old);
    let new = cluster.elect();
    let deadline = |cluster: &Cluster, id| {
        let deadlines = cluster.view(new).lease_deadlines().unwrap();
        deadlines.tick_of(id).unwrap()
    };
    let (first, second) = (deadline(&cluster, left_alone), deadline(&cluster, renewed));
    assert_eq!(second - first, 50, "4.1 of 10 seconds, rounded up, at the last checkpoint");
}

#[test]
fn many_leases_that_end_together_are_revoked_a_few_at_a_time() {
    let mut cluster = Cluster::new(1);
    cluster.elect();
    for id in 1..=250 {
        cluster.ask(0, api::LeaseGrantRequest { id, ttl: 2 }.into());
    }
    cluster.ticks(20);
    assert_eq!(leases(&cluster, 0), 250);
    let mut left = Vec::new();
    for _ in 0..4 {
        cluster.ticks(1);
        left.push(leases(&cluster, 0));
    }
    assert_eq!(left, [150, 50, 0, 0], "a thousand in a second, a hundred in a tick");
}

#[test]
fn while_the_space_is_used_up_nothing_is_granted() {
    let mut cluster = Cluster::new(1);
    cluster.elect();
    let alarm =
        api::AlarmRequest { action: 1, member_id: 1, alarm: api::AlarmType::Nospace as i32 };
    cluster.ask(0, alarm.into());
    let call = cluster.ask(0, api::LeaseGrantRequest { id: 5, ttl: 60 }.into());
    assert_eq!(cluster.answers[&call], Err(api::Error::NO_SPACE));
}
