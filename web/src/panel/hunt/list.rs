//! The list of what can be hunted. A fault has a code; its name is for who has found it.

use glasshouse_sim::view::call::hunt::Card;
use web_sys::KeyboardEvent;
use yew::prelude::*;

use super::Emit;
use crate::hunt::{self, Hunts};
use crate::state::Msg;
use crate::text::en::{self, hunt as text};

/// The list: one stop for Tab, arrows walk through it.
pub(super) fn list(hunts: &Hunts, emit: &Emit) -> Html {
    let onkeydown = {
        let emit = emit.clone();
        Callback::from(move |event: KeyboardEvent| {
            let by = match event.key().as_str() {
                "ArrowDown" => 1,
                "ArrowUp" => -1,
                _ => return,
            };
            event.prevent_default();
            emit.emit(Msg::Hunt(hunt::Msg::Move(by)));
        })
    };
    let count = hunts.cards.len() as u64;
    html! {
        <nav class="hlist" aria-label="Planted bugs" tabindex="0">
            <div class="hd">
                <h2>{ en::count(count, "planted bug") }</h2><span class="sp"></span>
                <span class="dim num">{ format!("{} found", hunts.found().len()) }</span>
            </div>
            <ul {onkeydown}>
                { for hunts.cards.iter().map(|card| row(hunts, Some(card), emit)) }
                { row(hunts, None, emit) }
            </ul>
            if !hunts.known.is_empty() {
                <details class="kept">
                    <summary class="dim">{ "Kept here" }</summary>
                    <p class="dim">{ text::FORGET }</p>
                    <button class="b" onclick={emit.reform(|_: MouseEvent| Msg::Hunt(hunt::Msg::Forget))}>{ "Forget all" }</button>
                </details>
            }
        </nav>
    }
}

fn row(hunts: &Hunts, card: Option<&Card>, emit: &Emit) -> Html {
    let code = card.map(|card| card.code.clone());
    let known = code.as_ref().and_then(|code| hunts.known.get(code));
    let current = code == hunts.chosen;
    let choose = {
        let code = code.clone();
        emit.reform(move |_: MouseEvent| Msg::Hunt(hunt::Msg::Choose(code.clone())))
    };
    html! {
        <li>
            <button id={text::row_id(code.as_deref())} aria-current={current.then_some("true")}
                tabindex={if current { "0" } else { "-1" }} onclick={choose}>
                if let Some(card) = card {
                    <span class="mono">{ card.code.clone() }</span>
                    <span class="nm2">{ known.map(|_| card.name.clone()) }</span>
                    { level(card.level) }
                    <span class="st">{ text::state(known) }</span>
                } else {
                    <span class="mono">{ "--" }</span><span class="nm2">{ text::NOTHING }</span>
                }
            </button>
        </li>
    }
}

/// A level as squares: as many of four as it is hard.
pub(super) fn level(of: u32) -> Html {
    html! {
        <span class="lv" role="img" aria-label={text::level(of)}>
            { for (1..=4).map(|nth| html! { <i class={(nth <= of).then_some("on")}></i> }) }
        </span>
    }
}
