//! The helpers that `raft` calls, case by case.

use protobuf::Message as _;
use raft_proto::prelude::*;
use raft_proto::{ConfChangeI, conf_state_eq, new_conf_change_single};

fn change(transition: ConfChangeTransition, nodes: u64) -> ConfChangeV2 {
    let changes: Vec<_> =
        (1..=nodes).map(|id| new_conf_change_single(id, ConfChangeType::AddNode)).collect();
    ConfChangeV2 { transition, changes: changes.into(), ..Default::default() }
}

#[test]
fn joint_configurations() {
    use ConfChangeTransition::{Auto, Explicit, Implicit};
    let cases = [
        (Auto, 0, None, true),
        (Auto, 1, None, false),
        (Auto, 2, Some(true), false),
        (Implicit, 0, Some(true), false),
        (Implicit, 1, Some(true), false),
        (Explicit, 0, Some(false), false),
        (Explicit, 2, Some(false), false),
    ];
    for (transition, nodes, enters, leaves) in cases {
        let change = change(transition, nodes);
        assert_eq!(change.enter_joint(), enters, "{transition:?} with {nodes}");
        assert_eq!(change.leave_joint(), leaves, "{transition:?} with {nodes}");
    }
}

#[test]
fn one_change_in_the_general_form() {
    let one = ConfChange {
        id: 7,
        node_id: 3,
        change_type: ConfChangeType::RemoveNode,
        context: vec![1, 2].into(),
        ..Default::default()
    };
    let general = one.as_v2().into_owned();
    assert_eq!(
        general.changes.as_slice(),
        &[new_conf_change_single(3, ConfChangeType::RemoveNode)]
    );
    assert_eq!(general.context, vec![1, 2]);
    assert_eq!(one.as_v1(), Some(&one));
    assert_eq!(general.as_v1(), None);
    assert_eq!(*general.as_v2(), general);
    assert_eq!(one.into_v2(), general);
}

#[test]
fn members_are_sets() {
    let a = ConfState::from((vec![1, 2, 3], vec![4]));
    assert!(conf_state_eq(&a, &ConfState::from((vec![3, 1, 2], vec![4]))));
    assert!(!conf_state_eq(&a, &ConfState::from((vec![1, 2], vec![4]))));
    assert!(!conf_state_eq(&a, &ConfState::from((vec![1, 2, 3], vec![]))));
    assert!(!conf_state_eq(&a, &ConfState { auto_leave: true, ..a.clone() }));
    assert!(!conf_state_eq(&a, &ConfState { voters_outgoing: vec![1], ..a.clone() }));
}

#[test]
fn a_snapshot_at_zero_is_empty() {
    let mut snapshot = Snapshot::default();
    assert!(snapshot.is_empty());
    snapshot.mut_metadata().index = 1;
    assert!(!snapshot.is_empty());
}

/// Field 1 of an entry is its type, field 2 its term, field 4 its data.
#[test]
fn bytes_of_an_entry() {
    let entry = Entry { term: 5, data: b"ab".to_vec().into(), ..Default::default() };
    let bytes = entry.write_to_bytes().unwrap();
    assert_eq!(bytes, [0x10, 5, 0x22, 2, b'a', b'b']);
    assert_eq!(Entry::parse_from_bytes(&bytes).unwrap(), entry);
}

/// A type that nobody here knows is an error, not a command.
#[test]
fn an_unknown_type_is_refused() {
    assert_eq!(
        Entry::parse_from_bytes(&[0x08, 2]).unwrap().entry_type,
        EntryType::EntryConfChangeV2
    );
    assert!(Entry::parse_from_bytes(&[0x08, 3]).is_err());
    assert!(Message::parse_from_bytes(&[0x08, 19]).is_err());
    // A fixed32 in the place of the type.
    assert!(Entry::parse_from_bytes(&[0x0d, 0, 0, 0, 0]).is_err());
}

/// RUSTSEC-2024-0437 is about a stack frame for each group inside a group. This version of the library
/// refuses the second one; were that to change, hostile bytes could end the process.
#[test]
fn nested_groups_are_refused_and_cost_no_stack() {
    const GROUP_OF_FIELD_30: [u8; 2] = [0xf3, 0x01];
    let bytes = GROUP_OF_FIELD_30.repeat(4 << 20);
    assert!(Message::parse_from_bytes(&bytes).is_err());
    assert!(Entry::parse_from_bytes(&bytes).is_err());
}
