//! The column at the right: one operation, its way through the cluster, and the order found.

use glasshouse_sim::view::call::history::{History, Operation, Step, StepKind};
use glasshouse_sim::view::frame::Icon;
use yew::prelude::*;

use super::Emit;
use crate::history::{Msg, Seen};
use crate::panel::glyph;
use crate::state;
use crate::text::en::{self, history as text};

/// Lines of the order that are shown, the newest ones.
const ORDER_LINES: usize = 40;

pub(super) fn aside(seen: &Seen, emit: &Emit) -> Html {
    let Some(one) = seen.selected() else {
        return html! {
            <aside class="insp" aria-label="Selected operation" tabindex="0">
                <div class="nostory"><h2>{ text::NONE_SELECTED }</h2><p class="dim">{ text::HOW }</p></div>
            </aside>
        };
    };
    let history: &History = &seen.picture;
    let id = one.entry;
    let over_us = one.returned_us.map_or(history.time_us, |us| us + 1);
    html! {
        <aside class="insp" aria-label="Selected operation" tabindex="0">
            <div class="who">
                { glyph::icon(glyph::client(), one.term, 26) }
                <div><h2><span>{ one.client.clone() }</span>{ ": " }<span translate="no">{ one.words.clone() }</span></h2><p class="dim num">{ text::asked(one, history.time_us) }</p></div>
            </div>
            <div class="acts2">
                if let Some(index) = id {
                    <button class="b" onclick={emit.reform(move |_: MouseEvent| state::Msg::History(Msg::ShowEntry(index)))}>{ text::show_entry(index) }</button>
                }
                <button class="b" onclick={emit.reform(move |_: MouseEvent| state::Msg::History(Msg::ShowMessages(over_us)))}>{ "Show its messages" }</button>
            </div>
            { why(history, one) }
            <section class="sec" aria-label="Its way through the cluster">
                <div class="hd"><h3>{ "Its way through the cluster" }</h3></div>
                <ol class="past num">{ for history.way.iter().map(|step| way(step, one)) }</ol>
            </section>
            { order(history, one.id, emit) }
        </aside>
    }
}

/// Why no order fits, beside the two operations that it is about.
fn why(history: &History, selected: &Operation) -> Html {
    let is_told = [history.verdict.stuck, history.verdict.against].contains(&Some(selected.id));
    let Some(why) = text::why(history).filter(|_| is_told) else { return Html::default() };
    html! {
        <section class="sec" aria-label="Why no order fits">
            <div class="hd"><h3>{ "Why no order fits" }</h3></div>
            <p class="in">{ why }</p>
        </section>
    }
}

fn way(step: &Step, one: &Operation) -> Html {
    let is_open = step.at_us.is_none();
    let mark = match step.what {
        StepKind::Asked | StepKind::Returned => Icon::Client,
        StepKind::Arrived | StepKind::Answered => Icon::None,
        StepKind::HandedOn | StepKind::Received => Icon::Append,
        StepKind::ReadIndex | StepKind::ReadIndexKnown => Icon::ReadIndex,
        StepKind::Confirms => Icon::Heartbeat,
        StepKind::Proposed => Icon::Leader,
        StepKind::OnDisk if is_open => Icon::Waits,
        StepKind::OnDisk => Icon::Disk,
        StepKind::Committed | StepKind::Applied => Icon::Commit,
    };
    html! {
        <li>
            <time>{ step.at_us.map_or_else(|| text::OPEN.to_owned(), en::seconds) }</time>
            { glyph::event(mark, step.term.max(one.term)) }
            <span>{ text::step(step, one) }</span>
        </li>
    }
}

/// The order found, as a list to read along.
fn order(history: &History, selected: u64, emit: &Emit) -> Html {
    let mut placed: Vec<&Operation> =
        history.operations.iter().filter(|one| one.place.is_some()).collect();
    placed.sort_by_key(|one| one.place);
    let hidden = placed.len().saturating_sub(ORDER_LINES);
    html! {
        <section class="sec" aria-label="The order found">
            <div class="hd"><h3>{ "The order found" }</h3></div>
            <p class="in dim">{ text::ORDER }</p>
            if hidden > 0 { <p class="in dim">{ text::before(hidden as u64) }</p> }
            <ol class="past ord num" start={placed.get(hidden).and_then(|one| one.place).map(|place| place.to_string())}>
                { for placed[hidden..].iter().map(|one| {
                    let id = one.id;
                    let choose = emit.reform(move |_: MouseEvent| state::Msg::History(Msg::Choose(id)));
                    html! {
                        <li key={id} class={(id == selected).then_some("on")}>
                            <time>{ one.point_us.map(en::seconds) }</time>
                            <span class="mono">{ if history.verdict.blind { None } else { one.revision } }</span>
                            <button class="b bare" onclick={choose}>{ one.client.clone() }{ " " }<span translate="no">{ one.words.clone() }</span></button>
                        </li>
                    }
                }) }
            </ol>
        </section>
    }
}
