//! The first visit: three things to try, and how to read the drawing. No dialog: the cluster
//! already runs.

use glasshouse_sim::view::frame::{Kind, Life, Role};
use yew::prelude::*;

use super::{Emit, glyph};
use crate::state::{Deed, Msg, Origin};

/// What stands in the inspector's place until the first action.
pub(crate) fn panel(term: u64, emit: &Emit) -> Html {
    let deed = |deed: Deed| emit.reform(move |_: MouseEvent| Msg::Do(deed));
    let put = emit.reform(|_: MouseEvent| Msg::Exec("etcdctl put a 1".to_owned(), Origin::Bench));
    html! {
        <aside class="insp" aria-label="Start here" tabindex="0">
            <div class="try">
                <h2>{ "Three things to try" }</h2>
                <ol>
                    <li>
                        <button class="b main" onclick={deed(Deed::KillLeader)}>{ "Kill the leader " }<kbd>{ "K" }</kbd></button>
                        <span>{ "Watch who takes over, and how long it takes." }</span>
                    </li>
                    <li>
                        <button class="b" onclick={deed(Deed::CutMode)}>{ "Cut the network " }<kbd>{ "C" }</kbd></button>
                        <span>{ "Draw a line through the cluster. It is a sheet of glass." }</span>
                    </li>
                    <li>
                        <button class="b" translate="no" onclick={put}>{ "etcdctl put a 1" }</button>
                        <span>{ "Follow one write from your keyboard to the disks." }</span>
                    </li>
                </ol>
                <p class="dim">
                    { "Nothing here can be broken for good: the same seed begins the same run again." }
                    { " " }
                    <a href="#lesson/01-first-cluster">{ "Or start with lesson 1." }</a>
                </p>
            </div>
            <div class="leg">{ legend(term) }</div>
        </aside>
    }
}

/// How to read the drawing, in the hue of a term.
pub(crate) fn legend(term: u64) -> Html {
    let role = |role: Role, life: Life, name: &'static str, does: &'static str| {
        html! {
            <li>{ glyph::role(role, life, term, 22) }<span><b>{ name }</b>{ does }</span></li>
        }
    };
    let kind = |kind: Kind, answer: bool, reject: bool, name: &'static str, does: &'static str| {
        html! {
            <li>{ glyph::icon(glyph::message(kind, answer, reject), term, 20) }<span><b>{ name }</b>{ does }</span></li>
        }
    };
    html! {
        <>
            <h2>{ "How to read it" }</h2>
            <p>{ "Shape is what a thing is. Colour is its term. Filled is safe on a disk." }</p>
            <ul>
                { role(Role::Leader, Life::Up, "leader", "") }
                { role(Role::Follower, Life::Up, "follower", "; its ring shrinks until it calls an election") }
                { role(Role::PreCandidate, Life::Up, "pre-candidate", " asks who would vote") }
                { role(Role::Candidate, Life::Up, "candidate", " asks for votes") }
                { role(Role::Learner, Life::Up, "learner", " has no vote") }
                { role(Role::Follower, Life::Frozen, "frozen", ": its clock stands") }
                { role(Role::Follower, Life::Down, "down", "") }
            </ul>
            <ul>
                { kind(Kind::Heartbeat, false, false, "heartbeat", "") }
                { kind(Kind::Append, false, false, "append", "") }
                { kind(Kind::Vote, false, false, "vote", "") }
                { kind(Kind::PreVote, false, false, "pre-vote", "") }
                { kind(Kind::Snapshot, false, false, "snapshot", "") }
                { kind(Kind::ReadIndex, false, false, "read index", "") }
                { kind(Kind::Propose, false, false, "proposal", " handed on") }
                { kind(Kind::TimeoutNow, false, false, "take over now", "") }
                <li>{ glyph::icon(glyph::client(), 0, 20) }<span><b>{ "client" }</b></span></li>
                { kind(Kind::Append, true, false, "hollow", ": an answer") }
                { kind(Kind::Append, true, true, "struck", ": a refusal") }
            </ul>
        </>
    }
}
