//! Schedules made for planted bugs that chance hardly finds. Each runs twice: sick members break the
//! property, sound ones do not.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are a test")]

use glasshouse_core::api::{PutRequest, RangeRequest, Request};
use glasshouse_core::node::{NodeView, Role};
use glasshouse_sim::check::Property;
use glasshouse_sim::clock::{MILLIS, SECOND};
use glasshouse_sim::mutant::{Mutant, Plants};
use glasshouse_sim::place::{ClientNo, MemberNo, Place};
use glasshouse_sim::world::{Action, Spec, World};

/// Three members, sick or sound, and their first leader.
fn world(plants: Plants) -> (World, ClientNo, MemberNo) {
    let mut world = World::new(Spec { mutants: plants, ..Spec::lesson(1, 3) });
    let client = world.client("client");
    wait(&mut world, |world| world.leader().is_some());
    world.run_until(world.now() + SECOND);
    let leader = world.leader().unwrap();
    (world, client, leader)
}

/// Lets time pass until something holds, which must be soon.
fn wait(world: &mut World, holds: impl Fn(&World) -> bool) {
    for _ in 0..60_000 {
        if holds(world) || world.violation().is_some() {
            return;
        }
        world.run_until(world.now() + MILLIS);
    }
    panic!("it never came to that");
}

fn view<T>(world: &World, no: MemberNo, look: impl FnOnce(NodeView<'_>) -> T) -> T {
    world.with_node(no, look).unwrap()
}

fn others(world: &World, of: MemberNo) -> [MemberNo; 2] {
    let rest: Vec<_> = world.members().into_iter().filter(|no| *no != of).collect();
    rest.try_into().unwrap()
}

fn put(world: &mut World, client: ClientNo, member: MemberNo) {
    let put = PutRequest { key: "k".into(), value: "v".into(), ..PutRequest::default() };
    let _ = world.call(client, member, Request::from(put), 3 * SECOND);
}

fn read(world: &mut World, client: ClientNo, member: MemberNo) {
    let read = RangeRequest { key: "k".into(), ..RangeRequest::default() };
    let _ = world.call(client, member, Request::from(read), 3 * SECOND);
}

fn part(world: &mut World, one: MemberNo, rest: &[MemberNo]) {
    let rest = rest.iter().copied().map(Place::from).collect();
    world.act(Action::Partition(vec![vec![one.into()], rest])).unwrap();
}

/// Calls elections at a member until it leads.
fn elect(world: &mut World, no: MemberNo) {
    while world.violation().is_none() && view(world, no, |node| node.role()) != Role::Leader {
        world.act(Action::Campaign(no)).unwrap();
        let until = world.now() + 300 * MILLIS;
        wait(world, |world| {
            world.now() >= until || view(world, no, |node| node.role()) == Role::Leader
        });
    }
}

/// Raft, figure 8, with three members:
///
/// ```text
///    a leads, is cut off, appends x; dies        a: .. x(2)
///    b leads by c's vote, is cut off; dies       b: .. e(3)
///    a comes back, leads, gives x to c           a: .. x(2) e(4)    c: .. x(2)
///    a counts two copies of x: committed?        b has a newer log than c and wins the next election
/// ```
fn figure_8(plants: Plants) -> World {
    let (mut world, client, a) = world(plants);
    let rest = others(&world, a);
    part(&mut world, a, &rest);
    put(&mut world, client, a);
    let before = view(&world, a, |node| node.last_index());
    wait(&mut world, |world| view(world, a, |node| node.durable_index()) > before);
    let x = before + 1;
    world.act(Action::Kill(a)).unwrap();

    let leads = |world: &World, no: MemberNo| view(world, no, |node| node.role()) == Role::Leader;
    wait(&mut world, |world| rest.into_iter().any(|no| leads(world, no)));
    let [b, c] = if leads(&world, rest[0]) { rest } else { [rest[1], rest[0]] };
    part(&mut world, b, &[c]);
    wait(&mut world, |world| view(world, b, |node| node.durable_index()) >= x);
    world.act(Action::Kill(b)).unwrap();
    assert!(view(&world, c, |node| node.last_index()) < x, "c has got something");

    world.act(Action::Heal).unwrap();
    world.act(Action::Restart(a)).unwrap();
    wait(&mut world, |world| world.with_node(a, |_| ()).is_some());
    elect(&mut world, a);
    wait(&mut world, |world| view(world, c, |node| node.last_index()) >= x);
    let until = world.now() + 50 * MILLIS;
    wait(&mut world, |world| world.now() >= until || view(world, c, |node| node.commit()) >= x);
    if world.violation().is_none() {
        world.act(Action::Kill(a)).unwrap();
        world.act(Action::Restart(b)).unwrap();
        world.run_until(world.now() + 10 * SECOND);
    }
    world
}

#[test]
fn entries_of_earlier_terms_are_not_committed_by_counting() {
    let sick = figure_8(Plants::usual(Mutant::CommitAnyTerm));
    let violation = sick.violation().expect("figure 8 is a violation");
    assert_eq!(violation.property, Property::LeaderCompleteness, "{violation}");
    let sound = figure_8(Plants::default());
    assert_eq!(sound.violation(), None);
}

/// The answer to the first question for the commit index is slow; meanwhile somebody writes, somebody reads,
/// and the question is asked again for both reads.
///
/// ```text
///   a reader     reads ──► question 1 ─────────────────────────── answer: index 9 ──►
///   a writer            writes 10, is told
///   a reader                        reads ──► question 2 (or 1 again?)     index 9 is too old for this one
/// ```
fn slow_answer(plants: Plants) -> World {
    let (mut world, client, leader) = world(plants);
    let [follower, _] = others(&world, leader);
    put(&mut world, client, leader);
    let one_way = Some(700 * MILLIS);
    let (from, to) = (leader.into(), follower.into());
    world.act(Action::SlowLink { from, to, one_way }).unwrap();
    world.run_until(world.now() + 2 * SECOND);
    for _ in 0..10 {
        read(&mut world, client, follower);
        world.run_until(world.now() + 100 * MILLIS);
        put(&mut world, client, leader);
        world.run_until(world.now() + 100 * MILLIS);
        read(&mut world, client, follower);
        world.run_until(world.now() + 2 * SECOND);
    }
    world
}

#[test]
fn a_question_that_is_asked_again_has_a_new_name() {
    let sick = slow_answer(Plants::usual(Mutant::ReadContextReused));
    let violation = sick.violation().expect("the second reader was told something old");
    assert_eq!(violation.property, Property::Linearizability, "{violation}");
    let sound = slow_answer(Plants::default());
    assert_eq!(sound.violation(), None);
}
