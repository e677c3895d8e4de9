//! The teacher's desk: the text of a lesson, and what changes it. The student's column stands at the other side of
//! the bench.

use glasshouse_sim::view::call::lesson::{Offer, Sheet};
use web_sys::{HtmlInputElement, HtmlTextAreaElement};
use yew::prelude::*;

use super::{Emit, file};
use crate::state::{self, State};
use crate::teach::{Desk, Msg};
use crate::text::en::teach as text;

type Tell = Callback<Msg>;

/// The column.
pub(crate) fn view(state: &State, emit: &Emit) -> Html {
    let (desk, sheet) = (&state.teach, state.lessons.sheet.as_ref());
    let tell = emit.reform(state::Msg::Teach);
    html! {
        <section class="teach" aria-label={text::HEAD} tabindex="0">
            <div class="head">
                <h2>{ text::HEAD }</h2>
                <p class="dim">{ text::WHAT }</p>
                <div class="acts">
                    { file::open("draft", text::OPEN, ".lesson,text/plain", &tell.reform(Msg::Open)) }
                    { button(text::SAVE, &tell, || Msg::Save) }
                    { button(text::PLAY, &tell, || Msg::Play) }
                    if let Some(sheet) = sheet { <a class="b" href={format!("#lesson/{}", sheet.card.id)}>{ text::AS_STUDENT }</a> }
                </div>
            </div>
            { editor(desk, sheet, &tell) }
            { offers(&desk.offers, &tell) }
            { locks(sheet, &tell) }
            <details>
                <summary>{ text::SET_UP }</summary>
                <p class="dim">{ text::SET_UP_HOW }</p>
                { button(text::SET_UP_DO, &tell, || Msg::SetUp) }
            </details>
            { class(desk, sheet, &tell) }
            <div class="acts foot">{ button(text::FRESH, &tell, || Msg::Fresh) }</div>
        </section>
    }
}

fn button(label: &'static str, tell: &Tell, msg: fn() -> Msg) -> Html {
    html! { <button class="b" onclick={tell.reform(move |_: MouseEvent| msg())}>{ label }</button> }
}

/// The text and what is wrong with it.
fn editor(desk: &Desk, sheet: Option<&Sheet>, tell: &Tell) -> Html {
    let edit = tell.reform(|event: InputEvent| {
        Msg::Edit(event.target_unchecked_into::<HtmlTextAreaElement>().value())
    });
    let says = match (&desk.wrong, sheet) {
        (Some(wrong), _) => wrong.as_str(),
        (None, Some(sheet)) if sheet.unopened => text::UNOPENED,
        (None, _) => text::READABLE,
    };
    html! {
        <div class="editor">
            <label for="lesson-text">{ text::TEXT }</label>
            <textarea id="lesson-text" spellcheck="false" autocomplete="off" wrap="off" aria-describedby="lesson-says"
                aria-invalid={desk.wrong.is_some().then_some("true")} value={desk.file.clone()} oninput={edit}/>
            <div class="says">
                <p id="lesson-says" role="status" class={classes!(desk.wrong.is_some().then_some("bad"))}>{ says }</p>
                if desk.wrong_line().is_some() { { button(text::SHOW_LINE, tell, || Msg::ShowLine) } }
            </div>
        </div>
    }
}

/// What happened, to be made a goal of.
fn offers(offers: &[Offer], tell: &Tell) -> Html {
    let offer = |(nth, offer): (usize, &Offer)| {
        html! {
            <li>
                <button class="b" onclick={tell.reform(move |_: MouseEvent| Msg::Take(nth))}>{ &offer.title }</button>
                <span class="dim num">{ text::at(offer.at_us) }</span><code>{ &offer.formula }</code>
            </li>
        }
    };
    html! {
        <details open=true>
            <summary>{ text::DID }</summary>
            <p class="dim">{ if offers.is_empty() { text::NOTHING_DONE } else { text::DID_HOW } }</p>
            <ol class="offers">{ for offers.iter().enumerate().map(offer) }</ol>
        </details>
    }
}

/// Groups of commands that students may not use.
fn locks(sheet: Option<&Sheet>, tell: &Tell) -> Html {
    let locked = |words: &[&str]| {
        sheet.is_some_and(|sheet| {
            words.iter().all(|word| sheet.locked.iter().any(|one| one == word))
        })
    };
    let group = |(nth, (name, words)): (usize, &(&'static str, &'static [&'static str]))| {
        let set = tell.reform(move |event: Event| {
            Msg::Lock(nth, event.target_unchecked_into::<HtmlInputElement>().checked())
        });
        html! {
            <li><label><input type="checkbox" checked={locked(words)} disabled={sheet.is_none()} onchange={set}/>{ *name }</label></li>
        }
    };
    html! {
        <details>
            <summary>{ text::LOCKED }</summary>
            <ul class="locks">{ for text::LOCKS.iter().enumerate().map(group) }</ul>
        </details>
    }
}

/// A class: names go in, links come out.
fn class(desk: &Desk, sheet: Option<&Sheet>, tell: &Tell) -> Html {
    let class = tell.reform(|event: InputEvent| {
        Msg::Class(event.target_unchecked_into::<HtmlInputElement>().value())
    });
    let students = tell.reform(|event: InputEvent| {
        Msg::Students(event.target_unchecked_into::<HtmlTextAreaElement>().value())
    });
    let id = sheet.map(|sheet| sheet.card.id.clone()).unwrap_or_default();
    html! {
        <details>
            <summary>{ text::CLASS }</summary>
            <p class="dim">{ text::CLASS_HOW }</p>
            <label for="class-name">{ text::CLASS_NAME }</label>
            <input id="class-name" class="field" value={desk.class.clone()} oninput={class} autocomplete="off"/>
            <label for="class-students">{ text::STUDENTS }</label>
            <textarea id="class-students" rows="5" spellcheck="false" value={desk.students.clone()} oninput={students}/>
            if !desk.seats.is_empty() {
                <div class="seats" tabindex="0" role="region" aria-label={text::CLASS}><table>
                    <thead><tr><th>{ "Student" }</th><th>{ "Seed" }</th><th>{ "Link" }</th></tr></thead>
                    <tbody>{ for desk.seats.iter().map(|seat| {
                        let link = format!("#{}", desk.link(&id, &seat.student));
                        html! { <tr><td>{ &seat.student }</td><td class="mono">{ seat.seed }</td><td><a href={link.clone()}>{ link.clone() }</a></td></tr> }
                    }) }</tbody>
                </table></div>
                { button(text::SAVE_CLASS, tell, || Msg::SaveClass) }
            }
        </details>
    }
}
