//! What floats: the menu of a member, the run's settings, all keys, the legend.

use glasshouse_sim::view::frame::Member;
use web_sys::{HtmlElement, HtmlInputElement, HtmlSelectElement, KeyboardEvent};
use yew::prelude::*;

use super::inspector::deeds;
use super::{Emit, first};
use crate::geometry::Point;
use crate::keys::KEYS;
use crate::state::{Deed, Msg, Setting, State, Theme};

/// The menu of a member, at the place of the click.
pub(crate) fn member(member: &Member, at: Point, window: (f64, f64), emit: &Emit) -> Html {
    let items = deeds(member);
    let height = 28.0 * items.len() as f64 + 12.0;
    let left = at.x.min(window.0 - 250.0).max(4.0);
    let top = at.y.min(window.1 - height).max(4.0);
    html! {
        <div class="menu" role="menu" aria-label={format!("Actions on n{}", member.alias)}
            style={format!("left:{left:.0}px;top:{top:.0}px")} onkeydown={Callback::from(arrows)}>
            { for items.into_iter().enumerate().map(|(nth, (deed, name, key))| {
                let onclick = emit.reform(move |_: MouseEvent| Msg::Do(deed));
                let id = (nth == 0).then_some("menu-first");
                html! { <button role="menuitem" {id} {onclick}>{ name }if !key.is_empty() { <kbd>{ key }</kbd> }</button> }
            }) }
        </div>
    }
}

/// Arrows move between the items of a menu.
fn arrows(event: KeyboardEvent) {
    let step = match event.key().as_str() {
        "ArrowDown" => true,
        "ArrowUp" => false,
        _ => return,
    };
    event.prevent_default();
    let Some(item) = event.target_dyn_into::<HtmlElement>() else { return };
    let next = if step { item.next_element_sibling() } else { item.previous_element_sibling() };
    if let Some(next) =
        next.and_then(|next| wasm_bindgen::JsCast::dyn_into::<HtmlElement>(next).ok())
    {
        let _ = next.focus();
    }
}

fn dialog(title: &'static str, emit: &Emit, inner: Html) -> Html {
    let close = emit.reform(|_: MouseEvent| Msg::Do(Deed::Close));
    html! {
        <div class="over" role="dialog" aria-label={title} id="overlay" tabindex="-1">
            <h2>{ title }<button class="b bare close" onclick={close}>{ "Close " }<kbd>{ "Esc" }</kbd></button></h2>
            { inner }
        </div>
    }
}

/// How to read the drawing.
pub(crate) fn legend(term: u64, by_kind: bool, emit: &Emit) -> Html {
    let toggle = emit.reform(move |_: Event| Msg::Set(Setting::ColourByKind(!by_kind)));
    dialog(
        "Legend",
        emit,
        html! {
            <>
                <div class="leg">{ first::legend(term) }</div>
                <label class="row"><input type="checkbox" checked={by_kind} onchange={toggle}/>{ "colour messages by their kind" }</label>
            </>
        },
    )
}

/// All keys.
pub(crate) fn keys(letters: bool, emit: &Emit) -> Html {
    let toggle = emit.reform(move |_: Event| Msg::Set(Setting::Letters(!letters)));
    dialog(
        "Keys",
        emit,
        html! {
            <>
                <dl>
                    { for KEYS.iter().map(|key| html! { <><dt><kbd>{ key.shown }</kbd></dt><dd>{ key.says }</dd></> }) }
                    { for crate::text::en::spacetime::KEYS.iter().map(|(key, says)| html! { <><dt><kbd>{ *key }</kbd></dt><dd>{ *says }</dd></> }) }
                    <dt><kbd>{ "Ctrl K" }</kbd></dt><dd>{ "do anything" }</dd>
                <dt><kbd>{ "Tab" }</kbd></dt><dd>{ "in the terminal: complete the word" }</dd>
                    <dt><kbd>{ "Up, Down" }</kbd></dt><dd>{ "in the terminal: what was typed before" }</dd>
                </dl>
                <hr/>
                <label class="row"><input type="checkbox" checked={letters} onchange={toggle}/>{ "letters act as keys" }</label>
            </>
        },
    )
}

/// The run: seed, size, link; and how the page looks in this browser.
pub(crate) fn run(state: &State, emit: &Emit) -> Html {
    let (run, theme) = (&state.run, state.theme);
    let begin = {
        let emit = emit.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let seed = value("seed").and_then(|text| text.trim().parse::<u64>().ok());
            let nodes = value("size").and_then(|text| text.parse().ok());
            if let (Some(seed), Some(nodes)) = (seed, nodes) {
                emit.emit(Msg::Begin(seed, nodes));
            }
        })
    };
    let theme_pick = emit.reform(|event: Event| {
        let field: HtmlSelectElement = event.target_unchecked_into();
        Msg::Set(Setting::Theme(match field.value().as_str() {
            "light" => Some(Theme::Light),
            "dark" => Some(Theme::Dark),
            _ => None,
        }))
    });
    let language_pick = emit.reform(|event: Event| {
        let field: HtmlSelectElement = event.target_unchecked_into();
        let nth = usize::try_from(field.selected_index()).unwrap_or(0);
        Msg::Set(Setting::Language(nth))
    });
    let deed = |deed: Deed| emit.reform(move |_: MouseEvent| Msg::Do(deed));
    dialog(
        "Run",
        emit,
        html! {
            <>
                <form onsubmit={begin}>
                    <p class="row"><label for="seed">{ "seed" }</label>
                        <input class="field" id="seed" inputmode="numeric" pattern={seeds()} title={crate::text::en::SEED} required=true value={run.seed.to_string()}/></p>
                    <p class="row"><label for="size">{ "members" }</label>
                        <select id="size">{ for (1..=9).filter(|size| size % 2 == 1 || *size == run.nodes).map(|size| html! {
                            <option value={size.to_string()} selected={size == run.nodes}>{ size }</option>
                        }) }</select>
                        <button class="b main">{ "Begin this run" }</button></p>
                </form>
                <hr/>
                <p class="row"><label for="theme">{ "theme" }</label>
                    <select id="theme" onchange={theme_pick}>
                        <option value="" selected={theme.is_none()}>{ "as the system" }</option>
                        <option value="light" selected={theme == Some(Theme::Light)}>{ "light" }</option>
                        <option value="dark" selected={theme == Some(Theme::Dark)}>{ "dark" }</option>
                    </select></p>
                if state.languages.len() > 1 {
                    <p class="row"><label for="language">{ "language" }</label>
                        <select id="language" translate="no" onchange={language_pick}>
                            { for state.languages.iter().enumerate().map(|(nth, language)| html! {
                                <option lang={language.tag.clone()} selected={nth == state.language}>{ &language.name }</option>
                            }) }
                        </select></p>
                }
                <p class="row">
                    <button class="b" onclick={deed(Deed::CopyLink)}>{ "Copy link" }</button>
                    <button class="b" onclick={deed(Deed::Present)}>{ "Present" }</button>
                    <button class="b" onclick={deed(Deed::Legend)}>{ "Legend" }</button>
                    <button class="b" onclick={deed(Deed::Keys)}>{ "Keys" }</button>
                </p>
            </>
        },
    )
}

/// What a seed looks like, as a pattern of the browser's: no number is above the greatest.
fn seeds() -> String {
    let most = u64::MAX.to_string();
    let below = most.char_indices().filter(|(_, digit)| *digit > '0').map(|(nth, digit)| {
        let less = char::from_digit(digit.to_digit(10).unwrap_or(1) - 1, 10).unwrap_or('0');
        format!("|{}[0-{less}][0-9]{{{}}}", &most[..nth], most.len() - nth - 1)
    });
    format!("[0-9]{{1,{}}}|{most}{}", most.len() - 1, below.collect::<String>())
}

/// The value of the field with this id.
fn value(id: &str) -> Option<String> {
    let element = web_sys::window()?.document()?.get_element_by_id(id)?;
    match wasm_bindgen::JsCast::dyn_into::<HtmlInputElement>(element) {
        Ok(field) => Some(field.value()),
        Err(other) => wasm_bindgen::JsCast::dyn_into::<HtmlSelectElement>(other)
            .ok()
            .map(|field| field.value()),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_greatest_seed_fits_and_nothing_above() {
        let seeds = super::seeds();
        let parts: Vec<&str> = seeds.split('|').collect();
        assert_eq!(parts[..3], ["[0-9]{1,19}", "18446744073709551615", "[0-0][0-9]{19}"]);
        assert_eq!(parts[3], "1[0-7][0-9]{18}");
        assert_eq!(parts[parts.len() - 1], "1844674407370955161[0-4][0-9]{0}");
    }
}
