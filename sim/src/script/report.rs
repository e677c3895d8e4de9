//! `status` and `members`: a world in a few lines of text.

use glasshouse_core::api::RangeRequest;
use glasshouse_core::id::MemberId;
use glasshouse_core::node::{NodeView, Role};

use crate::member::MemberState;
use crate::place::MemberNo;
use crate::view::words::shown;
use crate::world::{Flag, World};

/// Keys that completion offers.
const KEYS_MAX: i64 = 20;

/// One line for each member: who it is and how far it has come.
pub(super) fn status(world: &World) -> String {
    let row = |member: MemberNo| {
        let mut row = vec![member.to_string()];
        let state = world.member_state(member);
        let Some((role, leader, log)) = world.with_node(member, columns) else {
            row.push(life(&state));
            return row;
        };
        let role = match (role, leader.and_then(|id| world.member_of_id(id))) {
            (Role::Leader, _) => "leader".to_string(),
            (Role::Follower, Some(leader)) => format!("follower of {leader}"),
            (Role::Follower, None) => "follower".to_string(),
            (Role::PreCandidate, _) => "pre-candidate".to_string(),
            (Role::Candidate, _) => "candidate".to_string(),
            (Role::Learner, _) => "learner".to_string(),
        };
        row.push(if state == MemberState::Frozen { format!("frozen {role}") } else { role });
        row.extend(log);
        row
    };
    table(&world.members().into_iter().map(row).collect::<Vec<_>>())
}

/// Its role, its leader, and how far its log has come.
fn columns(node: NodeView<'_>) -> (Role, Option<MemberId>, [String; 4]) {
    let log = [
        format!("term {}", node.term()),
        format!("commit {} of {}", node.commit(), node.last_index()),
        format!("on disk to {}", node.durable_index()),
        format!("revision {}", node.mvcc().revision()),
    ];
    (node.role(), node.leader(), log)
}

fn life(state: &MemberState) -> String {
    match state {
        MemberState::New => "not started".to_string(),
        MemberState::Starting => "starting".to_string(),
        MemberState::Up => "up".to_string(),
        MemberState::Stopping => "stopping".to_string(),
        MemberState::Frozen => "frozen".to_string(),
        MemberState::Killed => "killed".to_string(),
        MemberState::Stopped => "stopped".to_string(),
        MemberState::PoweredOff => "without power".to_string(),
        MemberState::Halted(why) => format!("halted: {why}"),
        MemberState::Refused(why) => format!("does not start: {why}"),
    }
}

/// One line for each member: number, id, name and addresses.
pub(super) fn members(world: &World) -> String {
    let row = |member: MemberNo| {
        let line = world.command_line(member);
        vec![
            member.to_string(),
            world.member_id(member).to_string(),
            world.name_of(member),
            line.get(Flag::AdvertisePeer).to_owned(),
            line.get(Flag::AdvertiseClient).to_owned(),
        ]
    };
    table(&world.members().into_iter().map(row).collect::<Vec<_>>())
}

/// Columns, two spaces apart, without spaces at the ends of lines.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    // The last cell of a short row (a member that is down) does not widen its column.
    let inner = |row: &&Vec<String>, at: usize| at + 1 < row.len() || row.len() == columns;
    let width = |at: usize| {
        let cells = rows.iter().filter(|row| inner(row, at)).filter_map(|row| row.get(at));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&format!("{cell:width$}  "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The members and what they are, for completion.
pub(super) fn who_is_who(world: &World) -> Vec<(String, String)> {
    let what = |member: MemberNo| match world.with_node(member, |node| (node.role(), node.term())) {
        Some((Role::Leader, term)) => format!("leader of term {term}"),
        Some((_, term)) => format!("in term {term}"),
        None => life(&world.member_state(member)),
    };
    world.members().into_iter().map(|member| (member.to_string(), what(member))).collect()
}

/// Some keys that exist, for completion.
pub(super) fn some_keys(world: &World) -> Vec<String> {
    let request = RangeRequest {
        key: vec![0].into(),
        range_end: vec![0].into(),
        limit: KEYS_MAX,
        keys_only: true,
        ..RangeRequest::default()
    };
    let keys = world
        .members()
        .into_iter()
        .find_map(|member| world.with_node(member, |node| node.mvcc().range(&request)))
        .and_then(Result::ok);
    keys.map(|found| found.kvs.iter().map(|kv| shown(&kv.key)).collect()).unwrap_or_default()
}
