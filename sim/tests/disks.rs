//! Disks that fail in every way, told as stories.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are a test")]

use glasshouse_core::api::{PutRequest, RangeRequest, Request, Response};
use glasshouse_sim::clock::{MILLIS, Nanos, SECOND};
use glasshouse_sim::member::MemberState;
use glasshouse_sim::place::{ClientNo, MemberNo, Place};
use glasshouse_sim::trace::{CallEnd, What};
use glasshouse_sim::world::{Action, DiskOperation, RotTarget, Spec, World};

fn n(number: u8) -> MemberNo {
    MemberNo::from_number(number).unwrap()
}

/// A world with a client, past its first election.
fn world(spec: Spec) -> (World, ClientNo) {
    let mut world = World::new(spec);
    let client = world.client("A");
    until(&mut world, "a leader", |world| world.leader().is_some());
    (world, client)
}

/// Lets time pass until something holds.
fn until(world: &mut World, what: &str, holds: impl Fn(&World) -> bool) {
    let deadline = world.now() + 30 * SECOND;
    while !holds(world) {
        assert!(world.now() < deadline, "never happened: {what}");
        assert_eq!(world.violation(), None);
        world.run_until(world.now() + 10 * MILLIS);
    }
}

fn ask(world: &mut World, client: ClientNo, member: MemberNo, request: Request) -> CallEnd {
    let call = world.call(client, member, request, 8 * SECOND);
    until(world, "an answer", |world| world.call_view(call).unwrap().end.is_some());
    world.call_view(call).unwrap().end.unwrap().1
}

fn put(world: &mut World, client: ClientNo, member: MemberNo, key: &str, value: &str) {
    let (key, value) = (key.to_owned().into(), value.to_owned().into());
    let put = PutRequest { key, value, ..Default::default() };
    let end = ask(world, client, member, put.into());
    assert!(end.success().is_some(), "{end:?}");
}

fn get(world: &mut World, client: ClientNo, member: MemberNo, key: &str) -> Option<String> {
    let range = RangeRequest { key: key.to_owned().into(), ..Default::default() };
    let end = ask(world, client, member, range.into());
    let Some(Response::Range(found)) = end.success() else { panic!("{end:?}") };
    found.kvs.first().map(|pair| String::from_utf8(pair.value.to_vec()).unwrap())
}

fn applied(world: &World, member: MemberNo) -> Option<u64> {
    world.with_node(member, |view| view.applied())
}

fn is_up(world: &World, member: MemberNo) -> bool {
    world.member_state(member) == MemberState::Up
}

fn wait_for_all(world: &mut World) {
    until(world, "everybody is level", |world| {
        let first = applied(world, n(1));
        first.is_some() && world.members().into_iter().all(|no| applied(world, no) == first)
    });
}

fn restart_all(world: &mut World) {
    for member in world.members() {
        world.act(Action::Restart(member)).unwrap();
    }
    until(world, "a leader", |world| world.leader().is_some());
}

#[test]
fn what_was_acknowledged_survives_a_power_failure_of_all_with_torn_sectors() {
    for seed in 0..30 {
        let (mut world, client) = world(Spec::hunt(seed, 3));
        for i in 0..5 {
            put(&mut world, client, n(1), &format!("k{i}"), "v");
        }
        // Some more, of which nobody waits for the answer.
        for i in 5..9 {
            let put = PutRequest { key: format!("k{i}").into(), ..Default::default() };
            world.call(client, n(2), put, SECOND);
        }
        world.run_until(world.now() + 4 * MILLIS);
        for member in world.members() {
            world.act(Action::PowerOff { member, torn: true }).unwrap();
        }
        restart_all(&mut world);
        for i in 0..5 {
            let found = get(&mut world, client, n(3), &format!("k{i}"));
            assert_eq!(found.as_deref(), Some("v"), "seed {seed}");
        }
        assert_eq!(world.violation(), None);
    }
}

#[test]
fn a_rotten_record_is_refused_and_the_others_go_on() {
    let (mut world, client) = world(Spec::lesson(1, 3));
    for i in 0..10 {
        put(&mut world, client, n(1), &format!("k{i}"), "v");
    }
    wait_for_all(&mut world);
    let target = RotTarget::Entry(applied(&world, n(3)).unwrap() - 5);
    world.act(Action::Rot { member: n(3), target }).unwrap();
    world.act(Action::Kill(n(3))).unwrap();
    world.act(Action::Restart(n(3))).unwrap();
    until(&mut world, "n3 gives up", |world| !world.member_state(n(3)).is_running());
    let MemberState::Refused(reason) = world.member_state(n(3)) else {
        panic!("{:?}", world.member_state(n(3)))
    };
    assert!(reason.contains("the write-ahead log is damaged in segment 0"), "{reason}");
    put(&mut world, client, n(1), "more", "v");
}

#[test]
fn a_rotten_store_is_refused() {
    let (mut world, client) = world(Spec::lesson(1, 3));
    put(&mut world, client, n(1), "k", "v");
    world.run_until(world.now() + 2 * SECOND);
    world.act(Action::Kill(n(2))).unwrap();
    for offset in (100..20_000).step_by(500) {
        let target = RotTarget::Store { offset, bit: 1 };
        world.act(Action::Rot { member: n(2), target }).unwrap();
    }
    world.act(Action::Restart(n(2))).unwrap();
    until(&mut world, "n2 gives up", |world| !world.member_state(n(2)).is_running());
    let MemberState::Refused(reason) = world.member_state(n(2)) else { panic!() };
    assert!(reason.starts_with("the store is damaged"), "{reason}");
}

#[test]
fn a_full_disk_ends_the_member_and_room_brings_it_back() {
    let (mut world, client) = world(Spec::lesson(1, 3));
    world.act(Action::FullDisk { member: n(2), full: true }).unwrap();
    put(&mut world, client, n(1), "k", "v");
    until(&mut world, "n2 gives up", |world| !world.member_state(n(2)).is_running());
    let MemberState::Halted(reason) = world.member_state(n(2)) else { panic!() };
    assert!(reason.contains("no space left on device"), "{reason}");
    world.act(Action::FullDisk { member: n(2), full: false }).unwrap();
    world.act(Action::Restart(n(2))).unwrap();
    until(&mut world, "n2 is back", |world| is_up(world, n(2)));
    wait_for_all(&mut world);
    assert_eq!(get(&mut world, client, n(2), "k").as_deref(), Some("v"));
}

#[test]
fn a_disk_that_cannot_be_read_refuses_the_start() {
    let (mut world, _) = world(Spec::lesson(1, 3));
    world.act(Action::Kill(n(1))).unwrap();
    let reads =
        |failing| Action::DiskErrors { member: n(1), operation: DiskOperation::Read, failing };
    world.act(reads(true)).unwrap();
    world.act(Action::Restart(n(1))).unwrap();
    until(&mut world, "n1 gives up", |world| !world.member_state(n(1)).is_running());
    let reason = String::from("cannot read the WAL: input/output error");
    assert_eq!(world.member_state(n(1)), MemberState::Refused(reason));
    world.act(reads(false)).unwrap();
    world.act(Action::Restart(n(1))).unwrap();
    until(&mut world, "n1 is back", |world| is_up(world, n(1)));
}

/// Whether a member has taken a snapshot in place of its log.
fn took_snapshot(world: &World, member: MemberNo) -> bool {
    let mut took = false;
    world.events_since(0, |event| {
        took |= matches!(event.what, What::SnapshotInstalled { member: who, .. } if who == member);
    });
    took
}

/// A world in which n3 is down and far behind a compacted log.
fn far_behind(seed: u64) -> (World, ClientNo) {
    let spec = Spec {
        snapshot_count: 50,
        snapshot_catchup_entries: 10,
        snapshot_chunk_bytes: 512,
        // Room for a log that is worth a snapshot.
        quota_backend_bytes: 0,
        ..Spec::hunt(seed, 3)
    };
    let (mut world, client) = world(spec);
    world.act(Action::Kill(n(3))).unwrap();
    until(&mut world, "a leader", |world| world.leader().is_some());
    for i in 0..150 {
        put(&mut world, client, n(1), &format!("k{i:03}"), &"v".repeat(100));
    }
    (world, client)
}

#[test]
fn a_member_behind_a_compacted_log_takes_a_snapshot() {
    let (mut world, client) = far_behind(1);
    world.act(Action::Restart(n(3))).unwrap();
    until(&mut world, "n3 is back", |world| is_up(world, n(3)));
    wait_for_all(&mut world);
    assert!(took_snapshot(&world, n(3)));
    assert_eq!(get(&mut world, client, n(3), "k077"), Some("v".repeat(100)));
}

#[test]
fn a_receiver_that_crashes_at_any_point_of_a_snapshot_starts_again() {
    for crash in 1..40_u64 {
        let (mut world, _) = far_behind(crash % 4);
        world.act(Action::Restart(n(3))).unwrap();
        let at: Nanos = world.now() + 20 * MILLIS + crash * 5 * MILLIS;
        world.run_until(at);
        let member = n(3);
        if crash % 2 == 0 {
            world.act(Action::PowerOff { member, torn: true }).unwrap();
        } else {
            world.act(Action::Kill(member)).unwrap();
        }
        world.act(Action::Restart(member)).unwrap();
        until(&mut world, "n3 is back", |world| is_up(world, n(3)));
        wait_for_all(&mut world);
        assert_eq!(world.violation(), None, "crash {crash}");
    }
}

#[test]
fn a_sender_that_loses_leadership_in_a_snapshot_is_replaced() {
    for seed in 0..10 {
        let (mut world, _) = far_behind(seed);
        let leader = world.leader().unwrap();
        world.act(Action::Restart(n(3))).unwrap();
        world.run_until(world.now() + (30 + seed * 7) * MILLIS);
        let others = world.members().into_iter().filter(|no| *no != leader);
        let groups = vec![vec![Place::from(leader)], others.map(Place::from).collect()];
        world.act(Action::Partition(groups)).unwrap();
        world.run_until(world.now() + 3 * SECOND);
        world.act(Action::Heal).unwrap();
        wait_for_all(&mut world);
        assert_eq!(world.violation(), None, "seed {seed}");
    }
}

#[test]
fn a_lying_disk_loses_what_was_acknowledged_and_the_checkers_see_it() {
    let (mut world, client) = world(Spec::lesson(2, 3));
    for member in world.members() {
        world.act(Action::LyingDisk { member, lying: true }).unwrap();
    }
    for i in 0..5 {
        let put = PutRequest { key: format!("k{i}").into(), ..Default::default() };
        world.call(client, n(1), put, SECOND);
    }
    world.run_until(world.now() + SECOND);
    for member in world.members() {
        let _ = world.act(Action::PowerOff { member, torn: false });
    }
    for member in world.members() {
        let _ = world.act(Action::Restart(member));
    }
    world.run_until(world.now() + 10 * SECOND);
    let violation = world.violation().expect("five acknowledged writes are gone");
    assert!(violation.to_string().contains("violated"), "{violation}");
}

/// SIGTERM in the first moments, before anything is on a disk, whatever comes first.
#[test]
fn who_is_stopped_in_its_first_moments_starts_again() {
    for seed in 1..=20 {
        let mut world = World::new(Spec::lesson(seed, 3));
        world.run_until(50 * MILLIS);
        for member in MemberNo::first(3) {
            world.act(Action::Stop(member)).unwrap();
        }
        until(&mut world, "all have left", |world| {
            MemberNo::first(3).all(|no| !world.member_state(no).is_running())
        });
        for member in MemberNo::first(3) {
            world.act(Action::Restart(member)).unwrap();
        }
        until(&mut world, "a leader", |world| world.leader().is_some());
        assert!(MemberNo::first(3).all(|no| is_up(&world, no)), "seed {seed}");
    }
}
