//! "Do anything": a field and the list under it.

use web_sys::{HtmlInputElement, KeyboardEvent};
use yew::prelude::*;

use super::Emit;
use crate::palette::{Does, Offer};
use crate::state::Msg;

/// The palette, open.
pub(crate) fn palette(query: &str, offers: &[Offer], chosen: usize, emit: &Emit) -> Html {
    let oninput = emit.reform(|event: InputEvent| {
        Msg::PaletteQuery(event.target_unchecked_into::<HtmlInputElement>().value())
    });
    let onkeydown = {
        let emit = emit.clone();
        Callback::from(move |event: KeyboardEvent| {
            let msg = match event.key().as_str() {
                "Enter" => Msg::PaletteDo(None),
                "Tab" if !event.shift_key() => Msg::PaletteType,
                "ArrowDown" => Msg::PaletteMove(1),
                "ArrowUp" => Msg::PaletteMove(-1),
                _ => return,
            };
            event.prevent_default();
            emit.emit(msg);
        })
    };
    let option = |(nth, offer): (usize, &Offer)| {
        let onclick = emit.reform(move |_: MouseEvent| Msg::PaletteDo(Some(nth)));
        html! {
            <li role="option" id={format!("offer-{nth}")} aria-selected={(nth == chosen).to_string()} {onclick}>
                <span class="mono" translate={matches!(offer.does, Does::Line(_)).then_some("no")}>{ offer.name.clone() }</span>
                <span class="dim">{ offer.says.clone() }</span>
                if !offer.key.is_empty() { <kbd>{ offer.key }</kbd> }
            </li>
        }
    };
    html! {
        <div class="pal" role="dialog" aria-label="Do anything">
            <div class="prompt">
                <label class="dim" for="overlay">{ "do" }</label>
                <input id="overlay" role="combobox" aria-expanded="true" aria-controls="offers"
                    aria-activedescendant={format!("offer-{chosen}")} autocomplete="off" spellcheck="false"
                    placeholder="kill, cut, run, put ..." value={query.to_owned()} {oninput} {onkeydown}/>
            </div>
            <ul id="offers" role="listbox" aria-label="What can be done">
                { for offers.iter().enumerate().map(option) }
            </ul>
            <p class="dim">
                { "The same words work in the terminal. " }<kbd>{ "Enter" }</kbd>{ " do it " }
                <kbd>{ "Tab" }</kbd>{ " put it in the terminal " }<kbd>{ "Esc" }</kbd>{ " close" }
            </p>
        </div>
    }
}
