//! The floor of the house: play, step, speed, and the branches of the run.

use glasshouse_sim::view::frame::Alias;
use yew::prelude::*;

use super::Emit;
use crate::state::{Deed, Msg, State, Unit, View};
use crate::text::en as text;
use crate::timeline;

#[derive(Properties, PartialEq)]
pub(crate) struct ControlProps {
    pub(crate) flowing: bool,
    pub(crate) ready: bool,
    pub(crate) speed: usize,
    pub(crate) unit: Unit,
    pub(crate) emit: Emit,
}

/// Play, step, speed. The clock stands beside them and is drawn apart, sixty times a second.
#[component]
pub(crate) fn Controls(props: &ControlProps) -> Html {
    let deed = |deed: Deed| props.emit.reform(move |_: MouseEvent| Msg::Do(deed));
    let play = if props.flowing { "Pause" } else { "Play" };
    html! {
        <>
            <button class="ib" aria-label="One step back" title="One step back (,)" disabled={!props.ready} onclick={deed(Deed::StepBack)}>
                <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
                    <path d="M11 3L5 8L11 13Z"/><path d="M3.5 3V13" stroke="var(--ink)" stroke-width="1.6"/>
                </svg>
            </button>
            <button class="ib go" aria-label={play} title={format!("{play} (Space)")} disabled={!props.ready} onclick={deed(Deed::Toggle)}>
                <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
                    <path d={if props.flowing { "M4 3H7V13H4ZM9 3H12V13H9Z" } else { "M4 2.5L13 8L4 13.5Z" }}/>
                </svg>
            </button>
            <button class="ib" aria-label="One step forward" title="One step forward (.)" disabled={!props.ready} onclick={deed(Deed::Step)}>
                <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
                    <path d="M5 3L11 8L5 13Z"/><path d="M12.5 3V13" stroke="var(--ink)" stroke-width="1.6"/>
                </svg>
            </button>
        </>
    }
}

/// The drawn moment. Its box gets its width from the number of digits, so that a digit that changes
/// moves nothing else and the browser need not look.
pub(crate) fn clock(now_us: u64) -> Html {
    let now = text::seconds(now_us);
    html! {
        <span class="clock num"><span class="digits" style={format!("--n:{}", now.len())}>{ now }<span class="dim">{ " s" }</span></span></span>
    }
}

/// The two choices under the buttons.
#[component]
pub(crate) fn Choices(props: &ControlProps) -> Html {
    let pick = |event: Event| {
        let field = event.target_dyn_into::<web_sys::HtmlSelectElement>();
        usize::try_from(field.map_or(0, |field| field.selected_index())).unwrap_or(0)
    };
    let speed = props.emit.reform(move |event| Msg::Speed(pick(event)));
    let unit =
        props.emit.reform(move |event| Msg::Unit(Unit::ALL[pick(event).min(Unit::ALL.len() - 1)]));
    html! {
        <div class="sub num">
            <label class="sr" for="speed">{ "Speed" }</label>
            <select id="speed" onchange={speed}>
                { for text::SPEEDS.iter().enumerate().map(|(nth, name)| html! { <option selected={nth == props.speed}>{ name }</option> }) }
            </select>
            <label class="sr" for="unit">{ "Step by" }</label>
            <select id="unit" onchange={unit}>
                { for Unit::ALL.iter().map(|one| html! { <option selected={*one == props.unit}>{ text::unit(*one) }</option> }) }
            </select>
        </div>
    }
}

/// What stands under the bar: the branch, how far it was seen, and the others.
pub(crate) fn foot(state: &State, emit: &Emit) -> Html {
    let timeline = &state.timeline;
    let branch = timeline.branch();
    if state.first {
        return html! { <div class="sub num">{ text::time::FIRST }</div> };
    }
    let others = timeline.branches().iter().enumerate();
    let others = others.filter(|(nth, _)| *nth != timeline.current());
    html! {
        <div class="sub num branches">
            <span id="branch"><b translate="no">{ &branch.name }</b>{ text::time::foot(timeline.end_us(), state.in_the_past(), leads(state.leader())) }</span>
            <span class="sp"></span>
            { for others.rev().take(BRANCHES_SHOWN).map(|(nth, other)| html! {
                <button class="b sm" onclick={emit.reform(move |_: MouseEvent| Msg::Travel(timeline::Msg::Branch(nth)))}>
                    { fork(nth == 0) }{ text::time::left(&other.name, other.from_us) }
                </button>
            }) }
            if timeline.branches().len() > 1 && state.view != View::Compare { <a class="b sm" href="#compare">{ "Compare" }</a> }
        </div>
    }
}

/// Branches that have a button; the palette has all of them.
const BRANCHES_SHOWN: usize = 3;

fn leads(leader: Option<Alias>) -> String {
    leader.map_or_else(|| "nobody leads".to_owned(), |leader| format!("n{leader} leads"))
}

/// A line that leaves another one, or the one that is left.
fn fork(main: bool) -> Html {
    let (of_it, other) = ("M0 4H40", "M12 4L18 11H36");
    let (strong, weak) = if main { (of_it, other) } else { (other, of_it) };
    html! {
        <svg width="40" height="14" viewBox="0 0 40 14" aria-hidden="true">
            <path d={weak} fill="none" stroke="var(--edge)" stroke-width="2"/>
            <path d={strong} fill="none" stroke="var(--ink)" stroke-width="2"/>
        </svg>
    }
}
