//! The column of a lesson, left of its bench: a step with its text, its questions and its goals.

use glasshouse_sim::view::call::lesson::{Card, Goal, Prediction, Question, Sheet};
use web_sys::DragEvent;
use yew::prelude::*;

use super::{Emit, file};
use crate::lesson::markdown::{Block, Span, blocks};
use crate::lesson::{Carry, Lessons, Msg};
use crate::state::{self, State};
use crate::text::en::lesson as text;

/// How a part of the column tells what people do.
type Tell = Callback<Msg>;

/// The column.
pub(crate) fn view(state: &State, emit: &Emit) -> Html {
    let lessons = &state.lessons;
    let tell = emit.reform(state::Msg::Lesson);
    let given = tell.reform(|text| Msg::Open(text, None));
    let over = Callback::from(|event: DragEvent| event.prevent_default());
    let drop = {
        let given = given.clone();
        Callback::from(move |event: DragEvent| {
            event.prevent_default();
            file::read(event.data_transfer().and_then(|data| data.files()), &given);
        })
    };
    html! {
        <section class="lesson" aria-label="Lesson" tabindex="0" data-catalogue={lessons.catalogue()}
            ondragover={over} ondrop={drop} onpaste={file::pasted(&given)}>
            if let Some(why) = &lessons.wrong { <p class="refused" role="alert">{ why }</p> }
            {
                match (&lessons.sheet, &lessons.which) {
                    (Some(sheet), _) => open(state, sheet, emit, &tell),
                    (None, Some(_)) => html! { <p class="in">{ text::LOADING }</p> },
                    (None, None) => list(lessons, &given, emit),
                }
            }
        </section>
    }
}

/// All lessons, with what was reached in them.
fn list(lessons: &Lessons, given: &file::Tell, emit: &Emit) -> Html {
    let cards: &[Card] = lessons.cards.as_deref().unwrap_or_default();
    let tell = emit.reform(state::Msg::Progress);
    let open = tell.reform(Carry::In);
    html! {
        <>
            <div class="head"><h2>{ "Lessons" }</h2><p class="dim">{ text::LIST }</p></div>
            <div class="own"><p class="dim">{ text::GIVEN }</p><div class="acts">{ file::open("lesson-file", text::OPEN, ".lesson,text/plain", given) }<a class="b" href="#teach">{ text::WRITE }</a></div></div>
            <ol class="cards">
                { for cards.iter().map(|card| html! {
                    <li><a href={format!("#lesson/{}", card.id)}>
                        <b>{ &card.title }</b><span class="dim">{ text::card(&card.id, card.minutes, card.goals, lessons.progress.of_lesson(&card.id)) }</span>
                        <span>{ &card.objective }</span>
                    </a></li>
                }) }
            </ol>
            <div class="foot">
                <span>{ text::KEPT_HERE }</span>
                if !lessons.progress.is_empty() { <button class="b" onclick={tell.reform(|_: MouseEvent| Carry::Out)}>{ "Save progress" }</button> }
                { file::open("progress", "Open progress", ".progress,text/plain", &open) }
            </div>
        </>
    }
}

/// A lesson at one of its steps.
fn open(state: &State, sheet: &Sheet, emit: &Emit, tell: &Tell) -> Html {
    let lessons = &state.lessons;
    let here = lessons.step;
    let of_here = |step: u32| step as usize == here + 1;
    let met = sheet.goals.iter().filter(|goal| lessons.is_met(&goal.name)).count();
    let turn = |by: i32| tell.reform(move |_: MouseEvent| Msg::Turn(by));
    let title = sheet
        .steps
        .get(here)
        .map(|step| format!("{}. {}", here + 1, step.title))
        .unwrap_or_default();
    html! {
        <>
            <div class="head">
                <p class="dim">{ text::head(&sheet.card.id, sheet.card.minutes) }{ " · " }<a href="#lesson">{ "all lessons" }</a></p>
                <h2>{ &sheet.card.title }</h2>
                <div class="prog" aria-hidden="true">
                    { for (0..sheet.steps.len()).map(|step| html! {
                        <i class={classes!(lessons.is_done(step).then_some("done"), (step == here).then_some("now"))}></i>
                    }) }
                </div>
            </div>
            <div class="body">
                if here == 0 { { prose(&sheet.intro, emit) } }
                <h3 id="lesson-step" tabindex="-1">{ title }</h3>
                { for sheet.predictions.iter().filter(|one| of_here(one.step)).map(|one| prediction(state, one, tell)) }
                { sheet.steps.get(here).map(|step| prose(&step.text, emit)).unwrap_or_default() }
                { for sheet.questions.iter().filter(|one| of_here(one.step)).map(|one| question(state, one, tell)) }
                if sheet.goals.iter().any(|goal| of_here(goal.step)) {
                    <h4>{ text::GOALS }</h4>
                    <ul class="goals">{ for sheet.goals.iter().filter(|goal| of_here(goal.step)).map(|one| goal(lessons, one, tell)) }</ul>
                }
                if here + 1 == sheet.steps.len() {
                    <button class="b" onclick={tell.reform(|_: MouseEvent| Msg::HandIn)}>{ text::HAND_IN }</button>
                }
            </div>
            <div class="foot">
                <span class="num" role="status">{ text::foot((here + 1, sheet.steps.len()), (met, sheet.goals.len())) }</span>
                <button class="b" disabled={here == 0} onclick={turn(-1)}>{ "Back" }</button>
                <button class="b" disabled={here + 1 >= sheet.steps.len()} onclick={turn(1)}>{ "Next step" }</button>
            </div>
        </>
    }
}

/// A question before something is to be seen.
fn prediction(state: &State, one: &Prediction, tell: &Tell) -> Html {
    let lessons = &state.lessons;
    let made = lessons.said("predict", &one.name, &state.timeline);
    let chosen = made.or(lessons.drafts.get(&one.name).map(String::as_str)).unwrap_or_default();
    let is_chosen = |choice: &str| {
        if one.several { chosen.split(", ").any(|other| other == choice) } else { chosen == choice }
    };
    let choice = |choice: &String| {
        let (name, value) = (one.name.clone(), choice.clone());
        let pick = tell.reform(move |_: Event| Msg::Choose(name.clone(), value.clone()));
        let kind = if one.several { "checkbox" } else { "radio" };
        html! {
            <label><input type={kind} name={one.name.clone()} checked={is_chosen(choice)} disabled={made.is_some()} onchange={pick}/>{ choice }</label>
        }
    };
    let name = one.name.clone();
    html! {
        <fieldset class="ask" id={format!("predict-{}", one.name)}>
            <legend><b>{ text::BEFORE }{ ": " }</b>{ &one.question }</legend>
            { for one.choices.iter().map(choice) }
            if made.is_some() {
                <p class="dim">{ text::KEPT }</p>
                { reveal(state, one, chosen) }
            } else {
                <button class="b main" onclick={tell.reform(move |_: MouseEvent| Msg::Predict(name.clone()))}>{ "Keep my answer" }</button>
            }
        </fieldset>
    }
}

/// What was right, once the goals of the step are met, and why what was chosen tempts.
fn reveal(state: &State, one: &Prediction, chosen: &str) -> Html {
    if !state.lessons.is_done((one.step as usize).saturating_sub(1)) {
        return Html::default();
    }
    let why = one.tempting.iter().find(|(choice, _)| choice == chosen).map(|(_, why)| why.clone());
    html! {
        <p class="reveal"><b>{ one.accepted.join(", ") }</b>{ ". " }{ why.unwrap_or_default() }</p>
    }
}

/// A question that goals look at.
fn question(state: &State, one: &Question, tell: &Tell) -> Html {
    let lessons = &state.lessons;
    let given = lessons.said("answer", &one.name, &state.timeline);
    let value =
        lessons.drafts.get(&one.name).cloned().or(given.map(str::to_owned)).unwrap_or_default();
    let id = format!("answer-{}", one.name);
    let (name, typed) = (one.name.clone(), one.name.clone());
    let draft = tell.reform(move |event: InputEvent| {
        let field = event.target_unchecked_into::<web_sys::HtmlInputElement>();
        Msg::Draft(typed.clone(), field.value())
    });
    let picked = one.name.clone();
    let pick = tell.reform(move |event: Event| {
        let field = event.target_unchecked_into::<web_sys::HtmlSelectElement>();
        Msg::Draft(picked.clone(), field.value())
    });
    let submit = tell.reform(move |event: SubmitEvent| {
        event.prevent_default();
        Msg::Answer(name.clone())
    });
    html! {
        <form class="ask" onsubmit={submit}>
            <label for={id.clone()}>{ &one.question }</label>
            <span class="row">
                if one.choices.is_empty() {
                    <input {id} {value} oninput={draft} autocomplete="off"/>
                } else {
                    <select {id} onchange={pick}>
                        <option value="" selected={value.is_empty()}>{ "…" }</option>
                        { for one.choices.iter().map(|choice| html! { <option value={choice.clone()} selected={*choice == value}>{ choice }</option> }) }
                    </select>
                }
                if !one.unit.is_empty() { <span class="dim">{ &one.unit }</span> }
                <button class="b">{ "Answer" }</button>
            </span>
            if let Some(given) = given { <p class="dim">{ format!("Given: {given}") }</p> }
        </form>
    }
}

/// Something to be reached, with what came of it.
fn goal(lessons: &Lessons, one: &Goal, tell: &Tell) -> Html {
    let result = lessons.grade.goals.iter().find(|result| result.name == one.name);
    let met = lessons.is_met(&one.name);
    let read = lessons.hints.get(&one.name).copied().unwrap_or(0);
    let next = one.name.clone();
    html! {
        <li class={classes!(met.then_some("met"))} id={format!("goal-{}", one.name)}>
            <span class="box" role="img" aria-label={if met { "met" } else { "not met yet" }}>{ if met { "✓" } else { "" } }</span>
            <div>
                <p>{ &one.title }</p>
                if let (Some(result), true) = (result, met) { <p class="dim num">{ text::met(result.at_us, &result.words) }</p> }
                { for one.hints.iter().take(read).map(|hint| html! { <p class="hint">{ hint }</p> }) }
                if read < one.hints.len() && !met {
                    <button class="b bare" onclick={tell.reform(move |_: MouseEvent| Msg::Hint(next.clone(), read + 1))}>{ text::hint(read + 1, one.hints.len()) }</button>
                }
            </div>
        </li>
    }
}

/// A text of the lesson. Lines of code can be put into the terminal.
fn prose(text: &str, emit: &Emit) -> Html {
    let spans = |spans: &[Span]| -> Html {
        spans
            .iter()
            .map(|span| match span {
                Span::Plain(text) => html! { { text } },
                // A translation may have words around them where English has none: there is room.
                Span::Bold(text) => html! { <>{ "" }<b>{ text }</b>{ "" }</> },
                Span::Code(text) => html! { <>{ "" }<code>{ text }</code>{ "" }</> },
            })
            .collect()
    };
    let line = |line: &String| {
        let typed = line.trim_end_matches('.').trim_end().to_owned();
        let put = emit.reform(move |_: MouseEvent| {
            state::Msg::Put(format!("{typed} ").trim_start().to_owned())
        });
        html! { <button class="line" title={text::TYPE_HERE} onclick={put}><span translate="no">{ line }</span></button> }
    };
    let block = |block: Block| match block {
        Block::Paragraph(line) => html! { <p data-whole="">{ spans(&line) }</p> },
        Block::List(items) => {
            html! { <ul>{ for items.iter().map(|item| html! { <li data-whole="">{ spans(item) }</li> }) }</ul> }
        }
        Block::Code(lines) => html! { <div class="code">{ for lines.iter().map(line) }</div> },
    };
    blocks(text).into_iter().map(block).collect()
}
