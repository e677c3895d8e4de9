//! The banner of a broken property: its name, when, who did what, what the rule asks.

use glasshouse_sim::view::frame::Violation;
use yew::prelude::*;

use super::Emit;
use crate::hunt::Score;
use crate::state::{Deed, Msg};
use crate::text::en as text;

/// The banner. It is an alert, never a dialog: what it tells can be looked at meanwhile.
/// `score` is there when a person has brought it about.
pub(crate) fn banner(violation: &Violation, score: Option<Score>, emit: &Emit) -> Html {
    let member = violation.member.map(|alias| {
        let show = emit.reform(move |_: MouseEvent| Msg::Select(Some(alias)));
        html! { <button class="b" onclick={show}>{ format!("Show n{alias}") }</button> }
    });
    let copy = emit.reform(|_: MouseEvent| Msg::Do(Deed::CopyLink));
    let hide = emit.reform(|_: MouseEvent| Msg::Do(Deed::HideViolation));
    html! {
        <div class="viol" role="alert">
            <div>
                <p><b>{ violation.title.clone() }</b>{ format!(" at {}.", text::seconds(violation.time_us)) }</p>
                <p>{ violation.text.clone() }</p>
                if let Some(score) = score { <p class="score">{ text::hunt::score(&score) }</p> }
            </div>
            <div class="acts">
                { member }
                <button class="b" onclick={copy}>{ "Copy link" }</button>
                <button class="b bare" onclick={hide}>{ "Hide" }</button>
            </div>
        </div>
    }
}
