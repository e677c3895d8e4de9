//! The space-time view: sentence, filters, the drawing or its list, and the chosen event at the right.

mod arrows;
mod drawing;
mod event;
mod gestures;
mod ghost;
mod hand;
mod lanes;
mod list;
mod marks;

use yew::prelude::*;

use super::{Emit, Shared, glyph};
use crate::spacetime::{Group, Move, Msg, Spacetime};
use crate::state::{self, State};
use crate::text::en::spacetime as text;

/// The view, with what floats over it.
pub(crate) fn view(state: &State, overlay: Html, emit: &Emit) -> Html {
    let space = &state.space;
    let scene = space.scene();
    let held = ghost::Held::of(space, &scene);
    let said = held.as_ref().map(|held| held.words.clone()).or_else(|| state.notice.clone());
    let said = said.unwrap_or_else(|| text::now(&space.slice));
    let spoken = match space.event() {
        Some(event) => text::title(&space.slice, event),
        None if state.flow.playing => String::new(),
        None => said.clone(),
    };
    let whole = emit;
    let emit = &emit.reform(state::Msg::Space);
    html! {
        <main class="space" id="view" tabindex="-1" aria-label="Space-time" onkeydown={keys(state.letters, state.overlay.is_some(), emit)}>
            <h1 class="sr">{ "Space-time" }</h1>
            <div class="stage">
                <div class="say">
                    <p class="sr" role="status">{ spoken }</p>
                    <div><p>{ said }</p><p>{ text::detail(&space.slice) }</p></div>
                </div>
                { filters(space, emit) }
                if space.as_list {
                    { list::list(space, emit) }
                } else {
                    <drawing::Drawing still={drawing::Props { scene, slice: Shared::from(&space.slice), past: Shared::from(&space.past),
                        hidden: space.hidden.clone(), only_past: space.only_past, chosen: space.chosen,
                        held: space.drag.map(|drag| (drag.message, drag.copy)), emit: whole.clone() }} {held}/>
                }
            </div>
            { event::aside(space, emit) }
            { overlay }
        </main>
    }
}

/// How this view tells what people do.
type Tell = Callback<Msg>;

/// The row of filters, and what else can be done with the drawing.
fn filters(space: &Spacetime, emit: &Tell) -> Html {
    let term = space.slice.lanes.iter().map(|lane| lane.term()).max().unwrap_or(1);
    let on = |msg: fn() -> Msg| emit.reform(move |_: MouseEvent| msg());
    let as_list = space.as_list;
    html! {
        <div class="filters" role="group" aria-label="What is shown">
            { for Group::ALL.into_iter().map(|group| {
                let shape = match group {
                    Group::Clients => glyph::client(),
                    _ => glyph::message(group.kind(), false, false),
                };
                let shown = !space.hidden.contains(&group);
                let onclick = emit.reform(move |_: MouseEvent| Msg::Filter(group));
                html! { <button class="b" aria-pressed={shown.to_string()} {onclick}>{ glyph::icon(shape, term, 14) }{ text::group(group) }</button> }
            }) }
            <span class="sp"></span>
            <button class="b bare" aria-label="Smaller" title="Smaller (-)" onclick={on(|| Msg::Zoom(-1))}>{ "−" }</button>
            <button class="b bare" aria-label="Larger" title="Larger (+)" onclick={on(|| Msg::Zoom(1))}>{ "+" }</button>
            <button class="b bare" disabled={!space.can_reach_back()} onclick={on(|| Msg::Earlier)}>{ "Earlier" }</button>
            <button class="b bare" id="as-list" aria-pressed={as_list.to_string()} onclick={emit.reform(move |_: MouseEvent| Msg::AsList(!as_list))}>{ "As a list" }</button>
            <button class="b bare" disabled={as_list} onclick={on(|| Msg::SaveSvg)}>{ "Save as SVG" }</button>
            <button class="b bare" onclick={on(|| Msg::SaveShiviz)}>{ "ShiViz log" }</button>
        </div>
    }
}

/// Keys of the view, wherever the focus is in it.
fn keys(letters: bool, covered: bool, emit: &Tell) -> Callback<KeyboardEvent> {
    let emit = emit.clone();
    Callback::from(move |event: KeyboardEvent| {
        // What floats over the view has the keys for itself.
        if covered || event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let msg = match event.key().as_str() {
            "ArrowLeft" => Msg::Move(Move::Back),
            "ArrowRight" => Msg::Move(Move::On),
            "ArrowUp" => Msg::Move(Move::Cause),
            "ArrowDown" => Msg::Move(Move::Effect),
            "Escape" => Msg::Escape,
            "Enter" => Msg::GoThere,
            "o" | "O" if letters => Msg::OnlyPast,
            "+" | "=" if letters => Msg::Zoom(1),
            "-" if letters => Msg::Zoom(-1),
            _ => return,
        };
        if event.key() != "Escape" {
            event.prevent_default();
        }
        emit.emit(msg);
    })
}
