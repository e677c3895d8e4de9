//! Somebody who changes the members while faults happen: adds voters and learners, starts them,
//! promotes, hands leadership over, and removes members, the leader among them.
//!
//! Everything goes through the members' API, as with etcdctl, and draws from a random stream of its
//! own, so that it shifts no other. What is refused is refused; that is half of what is tested.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use glasshouse_core::api::{
    MemberAddRequest, MemberPromoteRequest, MemberRemoveRequest, MoveLeaderRequest, Request,
};
use glasshouse_core::id::MemberId;

use crate::clock::{Nanos, SECOND};
use crate::login::Login;
use crate::place::{ClientNo, MemberNo};
use crate::rng::Stream;
use crate::workload::end_of;
use crate::world::{Action, State, lock};

/// How long the operator waits for an answer.
const PATIENCE: Nanos = 5 * SECOND;

/// Machines that may join beside the first ones.
const MORE_MACHINES_MAX: u8 = 2;

/// The task of the operator.
pub(crate) async fn operate(state: Arc<Mutex<State>>, no: ClientNo, until: Nanos) {
    let seed = lock(&state).spec.seed;
    let mut random = Stream::new(seed, "operator", 0, 0);
    let mut login = Login::new("root");
    loop {
        let pause = random.between(SECOND / 2, 4 * SECOND);
        madsim::time::sleep(Duration::from_nanos(pause)).await;
        // The last change needs its time, like every other fault.
        if lock(&state).now() + PATIENCE >= until {
            return;
        }
        start_added(&mut lock(&state));
        let wish = wish(&mut lock(&state), &mut random);
        if let Some((member, request)) = wish {
            let call = lock(&state).call(no, member, login.caller(), request, PATIENCE);
            if Login::is_wanted(&end_of(&state, call).await) {
                login.prove(&state, no, member).await;
            }
        }
        start_added(&mut lock(&state));
    }
}

/// Starts the machines of members that were added. A machine whose last member is on its way out
/// has to wait.
pub(crate) fn start_added(state: &mut State) {
    let Some(members) = state.membership() else { return };
    let unstarted: Vec<MemberNo> = members
        .members()
        .filter(|member| member.name.is_empty() && state.no_of(member.id).is_none())
        .filter_map(|member| number_of(&member.peer_urls))
        .collect();
    for no in unstarted {
        // A refusal is as good as an error of somebody who is in a hurry.
        let _ = state.act(Action::Join(no));
    }
}

/// The machine that announces these peer URLs.
fn number_of(peer_urls: &[String]) -> Option<MemberNo> {
    MemberNo::first(MemberNo::MAX).find(|no| peer_urls.contains(&no.peer_url()))
}

/// What to ask of whom next.
fn wish(state: &mut State, random: &mut Stream) -> Option<(MemberNo, Request)> {
    let (kind, pick) = (random.below(8), random.word());
    let size = state.spec.members;
    let members = state.membership()?;
    let ids = |learners: bool| -> Vec<MemberId> {
        let all = members.members().filter(|member| member.is_learner == learners);
        all.map(|member| member.id).collect()
    };
    let (voters, learners) = (ids(false), ids(true));
    let taken: Vec<MemberNo> =
        members.members().filter_map(|member| number_of(&member.peer_urls)).collect();
    let machines = (size + MORE_MACHINES_MAX).min(MemberNo::MAX);
    let free = MemberNo::first(machines)
        .filter(|no| no.index() <= state.members.len())
        .find(|no| !taken.contains(no));
    let one = |ids: &[MemberId]| {
        let place = usize::try_from(pick % u64::try_from(ids.len().max(1)).ok()?).ok()?;
        ids.get(place).copied()
    };
    let request: Request = match kind {
        0..=2 => {
            let is_learner = kind == 0;
            if !is_learner && voters.len() > usize::from(size) {
                return None;
            }
            MemberAddRequest { peer_urls: vec![free?.peer_url()], is_learner }.into()
        }
        3 | 4 => MemberPromoteRequest { id: one(&learners)?.0 }.into(),
        5 => MoveLeaderRequest { target_id: one(&voters)?.0 }.into(),
        _ => {
            // One voter less than at the beginning is the least that this schedule works with.
            let few = voters.len() < usize::from(size).max(2);
            MemberRemoveRequest { id: one(if few { &learners } else { &voters })?.0 }.into()
        }
    };
    let asked = match (&request, state.leader()) {
        (Request::MoveLeader(_), Some(leader)) => leader,
        _ => {
            let running: Vec<MemberNo> =
                state.numbers().filter(|no| state.member(*no).node().is_some()).collect();
            *running.get(usize::try_from(pick >> 32).ok()? % running.len().max(1))?
        }
    };
    Some((asked, request))
}
