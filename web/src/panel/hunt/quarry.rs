//! What is chosen: how to hunt it, how far the hunt is, and the other game, to find it by hand.

use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::{Emit, list};
use crate::hunt::{self, Hunts, Stage};
use crate::state::Msg;
use crate::text::en::{self, hunt as text};

/// Its code, what may be known of it, buttons, and figures.
pub(super) fn head(hunts: &Hunts, said: &str, now_ms: f64, emit: &Emit) -> Html {
    let card = hunts.chosen.as_deref().and_then(|code| hunts.card(code));
    let known = card.is_some_and(|card| hunts.known.contains_key(&card.code));
    let send = |msg: fn() -> hunt::Msg| emit.reform(move |_: MouseEvent| Msg::Hunt(msg()));
    let workers = emit.reform(|event: Event| {
        let field: HtmlSelectElement = event.target_unchecked_into();
        Msg::Hunt(hunt::Msg::Workers(field.value().parse().unwrap_or(1)))
    });
    let ended = hunts.chase.as_ref().is_some_and(|chase| {
        matches!(chase.stage, Stage::Told | Stage::Nothing) && chase.code == hunts.chosen
    });
    let busy = hunts.busy();
    let main = hunts.told.is_none().then_some("main");
    html! {
        <div class="quarry">
            <div class="hd">
                <div>
                    <h2><span class={card.map(|_| "mono")}>{ card.map_or(text::NOTHING, |card| card.code.as_str()) }</span>
                        if let Some(card) = card.filter(|_| known) { { " " }{ card.name.clone() } }
                    </h2>
                    <p>{ text::about(card, known) }</p>
                </div>
                <span class="sp"></span>
                <label class="sr" for="workers">{ "Workers" }</label>
                <select id="workers" class="field" onchange={workers}>
                    { for (1..=hunts.workers_max).map(|count| html! {
                        <option value={count.to_string()} selected={count == hunts.workers}>{ text::workers(count) }</option>
                    }) }
                </select>
                // One button, so that the focus stays on it.
                <button class={classes!("b", main)} id={if busy { "hunt-stop" } else { "hunt-start" }}
                    disabled={hunts.cards.is_empty()} onclick={send(if busy { || hunt::Msg::Stop } else { || hunt::Msg::Start })}>
                    { if busy { "Stop" } else { "Hunt" } }
                </button>
                if ended {
                    <button class="b" onclick={send(|| hunt::Msg::Another)}>{ "Look for another" }</button>
                }
            </div>
            <p class="saying" role="status">{ said }</p>
            { figures(hunts, now_ms) }
        </div>
    }
}

/// Seeds, rate, virtual time, catch.
fn figures(hunts: &Hunts, now_ms: f64) -> Html {
    let card = hunts.chosen.as_deref().and_then(|code| hunts.card(code));
    let Some(chase) = &hunts.chase else {
        return html! {
            <dl class="big num">
                <div><dt>{ "level" }</dt><dd>
                    if let Some(card) = card { { list::level(card.level) }<span>{ format!(" {}", text::level(card.level)) }</span> }
                    else { <span>{ "none" }</span> }
                </dd></div>
                <div><dt>{ "budget" }</dt><dd>{ text::thousands(hunts.budget()) }<span>{ " seeds" }</span></dd></div>
                <div><dt>{ "workers" }</dt><dd>{ hunts.workers }</dd></div>
                <div><dt>{ "found" }</dt><dd><span>{ "nothing yet" }</span></dd></div>
            </dl>
        };
    };
    let seconds = chase.seconds(now_ms);
    let share = (chase.tried as f64 / chase.budget.max(1) as f64 * 100.0).min(100.0);
    html! {
        <>
            <dl class="big num">
                <div><dt>{ "seeds tried" }</dt>
                    <dd id="tried">{ text::thousands(chase.tried) }<span>{ format!(" of {}", text::thousands(chase.budget)) }</span></dd></div>
                <div><dt>{ "rate" }</dt>
                    <dd>{ text::rate(chase.tried, seconds) }<span>{ format!(" per second, {}", text::workers(hunts.workers).to_lowercase()) }</span></dd></div>
                <div><dt>{ "virtual time" }</dt>
                    <dd>{ text::long(chase.time_us) }<span>{ format!(" in {seconds:.0} s") }</span></dd></div>
                <div><dt>{ "found" }</dt>
                    <dd>if let Some((_, catch)) = &chase.best {
                        <svg width="14" height="14" viewBox="-8 -8 16 16" aria-hidden="true"><path d="M0-7L7 0L0 7L-7 0Z" fill="var(--red)"/></svg>
                        <b class="red">{ " 1" }</b><span>{ format!(" seed {}", catch.seed) }</span>
                    } else { <span>{ "nothing yet" }</span> }</dd></div>
            </dl>
            <div class="budget" aria-hidden="true"><span style={format!("width:{share:.2}%")}></span></div>
        </>
    }
}

/// The other game.
pub(super) fn by_hand(hunts: &Hunts, emit: &Emit) -> Html {
    let play = |members: u32| {
        let name = en::capital(&en::members(members as usize));
        let onclick = emit.reform(move |_: MouseEvent| Msg::Hunt(hunt::Msg::ByHand(members)));
        html! { <button class="b" {onclick}>{ name }</button> }
    };
    let Some(card) = hunts.chosen.as_deref().and_then(|code| hunts.card(code)) else {
        return html! {
            <section class="pane" aria-label="A real one">
                <div class="hd"><h3>{ "A real one" }</h3></div>
                <p class="in">{ text::SOUND_BY_HAND }</p>
            </section>
        };
    };
    html! {
        <section class="pane" aria-label="Find it yourself">
            <div class="hd"><h3>{ "Find it yourself" }</h3></div>
            <p class="in">{ text::BY_HAND }</p>
            <p class="in"><code>{ card.line.clone() }</code></p>
            <p class="in acts">{ play(card.members) }{ play(card.members + 2) }</p>
            if let Some(lines) = text::lines(hunts.known.get(&card.code)) { <p class="in dim">{ lines }</p> }
        </section>
    }
}
