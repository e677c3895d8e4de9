//! The history as a table, for whoever would rather read than look.

use glasshouse_sim::view::call::history::{History, Operation};
use yew::prelude::*;

use super::{Emit, Shared};
use crate::history::Msg;
use crate::state;
use crate::text::en::{self, history as text};

#[derive(Properties, PartialEq)]
pub(super) struct Props {
    pub(super) history: Shared<History>,
    pub(super) selected: Option<u64>,
    pub(super) emit: Emit,
}

#[component]
pub(super) fn List(props: &Props) -> Html {
    let history = &props.history;
    html! {
        <div class="pan" tabindex="0" role="region" aria-label="Operations, as a list">
            <table class="oplist num">
                <thead><tr>{ for text::COLUMNS.iter().map(|name| html! { <th scope="col">{ *name }</th> }) }</tr></thead>
                <tbody>{ for history.operations.iter().rev().map(|one| row(one, props)) }</tbody>
            </table>
            if history.earlier > 0 { <p class="empty">{ text::earlier(history.earlier) }</p> }
        </div>
    }
}

fn row(one: &Operation, props: &Props) -> Html {
    let id = one.id;
    let choose = props.emit.reform(move |_: MouseEvent| state::Msg::History(Msg::Choose(id)));
    let is_selected = props.selected == Some(id);
    html! {
        <tr key={id} class={is_selected.then_some("on")}>
            <td class="mono">{ en::seconds(one.called_us) }</td>
            <td>{ one.client.clone() }{ format!(" at n{}", one.member) }</td>
            <td translate="no"><button class="b bare mono" aria-pressed={is_selected.to_string()} onclick={choose}>{ one.words.clone() }</button></td>
            <td>{ text::outcome(one) }</td>
            <td>{ one.returned_us.map(|end| en::span(end.saturating_sub(one.called_us))) }</td>
            <td>{ one.revision }</td>
            <td>{ one.place }</td>
        </tr>
    }
}
