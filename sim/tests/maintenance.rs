//! Stories of maintenance: quotas that run over, members that disagree.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are a test")]

use glasshouse_core::api::{
    AlarmType, CompactionRequest, DeleteRangeRequest, Error, PutRequest, Request,
};
use glasshouse_sim::clock::SECOND;
use glasshouse_sim::mutant::{Mutant, Plants};
use glasshouse_sim::place::{ClientNo, MemberNo};
use glasshouse_sim::run::{Plan, begin};
use glasshouse_sim::trace::CallEnd;
use glasshouse_sim::world::{Action, Spec, World};

fn n(number: u8) -> MemberNo {
    MemberNo::from_number(number).unwrap()
}

fn ask(
    world: &mut World,
    client: ClientNo,
    member: MemberNo,
    request: Request,
) -> Result<(), Error> {
    let call = world.call(client, member, request, 5 * SECOND);
    for _ in 0..600 {
        world.run_until(world.now() + SECOND / 100);
        let end = world.call_view(call).unwrap().end;
        if let Some((_, end)) = end {
            let CallEnd::Answer(answer) = end else { panic!("{end:?}") };
            return answer.as_ref().as_ref().map(drop).map_err(Clone::clone);
        }
    }
    panic!("no answer after six seconds");
}

fn put(key: &str) -> Request {
    PutRequest { key: key.to_owned().into(), value: vec![b'v'; 100].into(), ..Default::default() }
        .into()
}

fn alarms(world: &World, member: MemberNo) -> Vec<AlarmType> {
    let alarms = world.with_node(member, |view| view.alarms()).unwrap();
    alarms.into_iter().map(|(_, kind)| kind).collect()
}

/// The alarm stands: of one member, or of several that found it out at the same time.
fn no_space(world: &World, member: MemberNo) -> bool {
    let alarms = alarms(world, member);
    !alarms.is_empty() && alarms.iter().all(|kind| *kind == AlarmType::Nospace)
}

#[test]
fn writes_are_refused_only_while_the_alarm_stands_and_it_clears_itself() {
    let spec = Spec { quota_backend_bytes: 8 * 1024, ..Spec::lesson(1, 3) };
    let mut world = World::new(spec);
    let client = world.client("A");
    world.run_until(3 * SECOND);
    let written = (0..200).find(|_| ask(&mut world, client, n(2), put("k")).is_err()).unwrap();
    assert!((30..80).contains(&written), "{written} puts of a hundred bytes fit into 8 KiB");
    world.run_until(world.now() + SECOND);
    for member in world.members() {
        assert!(no_space(&world, member));
        assert_eq!(ask(&mut world, client, member, put("k")), Err(Error::NO_SPACE));
    }
    // A member that was away when it was raised learns of it from the log.
    world.act(Action::Kill(n(3))).unwrap();
    world.act(Action::Restart(n(3))).unwrap();
    world.run_until(world.now() + SECOND);
    assert!(no_space(&world, n(3)));
    let delete = DeleteRangeRequest { key: "k".into(), ..Default::default() };
    assert_eq!(ask(&mut world, client, n(1), delete.into()), Ok(()));
    let revision = world.with_node(n(1), |view| view.mvcc().revision()).unwrap();
    let compact = CompactionRequest { revision, physical: true };
    assert_eq!(ask(&mut world, client, n(1), compact.into()), Ok(()));
    world.run_until(world.now() + 2 * SECOND);
    for member in world.members() {
        assert_eq!(alarms(&world, member), []);
        assert_eq!(ask(&mut world, client, member, put("k")), Ok(()));
    }
    assert_eq!(world.violation(), None);
}

#[test]
fn a_member_that_stores_something_else_is_found_out() {
    // The checkers would end the run before the members find out by themselves.
    let spec = Spec {
        mutants: Plants::usual(Mutant::RottenRow),
        corrupt_check_ms: Some(3_000),
        checked: false,
        ..Spec::lesson(1, 3)
    };
    let mut world = begin(spec, Plan::new(30, false)).world;
    let found = (1..30).any(|second| {
        world.run_until(second * SECOND);
        let members = world.members();
        members.into_iter().all(|member| alarms(&world, member) == [AlarmType::Corrupt])
    });
    assert!(found, "nobody raised the alarm");
    let named = world.with_node(n(2), |view| view.alarms()[0].0).unwrap();
    assert_eq!(Some(named), world.with_node(n(1), |view| view.id()));
}
