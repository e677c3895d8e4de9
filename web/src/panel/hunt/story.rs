//! The story: what broke, what was typed and what happened, and how anybody sees the same.

use glasshouse_sim::view::call::hunt::Step;
use glasshouse_sim::view::frame::Icon;
use web_sys::DragEvent;
use yew::prelude::*;

use super::Emit;
use crate::hunt::{self, Hunts, Told};
use crate::panel::{file, glyph};
use crate::state::Msg;
use crate::text::en::{self, hunt as text};

/// The column at the right. A file that is dropped on it is judged.
pub(super) fn aside(hunts: &Hunts, emit: &Emit) -> Html {
    let over = Callback::from(|event: DragEvent| event.prevent_default());
    let tell = emit.reform(|text| Msg::Hunt(hunt::Msg::File(text)));
    let drop = {
        let tell = tell.clone();
        Callback::from(move |event: DragEvent| {
            event.prevent_default();
            file::read(event.data_transfer().and_then(|data| data.files()), &tell);
        })
    };
    html! {
        <aside class="insp story" id="story" aria-label="Story" tabindex="0" ondragover={over} ondrop={drop}>
            if let Some(why) = &hunts.refused { <p class="refused" role="alert">{ why.clone() }</p> }
            if let Some(told) = &hunts.told {
                { told_story(hunts, told, emit) }
            } else {
                { none(hunts, emit) }
            }
            <div class="acts2 foot">{ file::open("finding", "Open a finding", ".finding,text/plain", &tell) }</div>
        </aside>
    }
}

fn none(hunts: &Hunts, emit: &Emit) -> Html {
    let known = hunts.chosen.as_ref().and_then(|code| hunts.known.get(code));
    let again = known.is_some_and(|known| !known.text.is_empty()) && !hunts.busy();
    html! {
        <div class="nostory">
            <h2>{ text::NO_STORY }</h2>
            <p class="dim">{ text::NO_STORY_HOW }</p>
            if again {
                <button class="b" onclick={emit.reform(|_: MouseEvent| Msg::Hunt(hunt::Msg::Retell))}>{ "Tell what was found" }</button>
            }
        </div>
    }
}

fn told_story(hunts: &Hunts, told: &Told, emit: &Emit) -> Html {
    let tale = &told.tale;
    let file = format!(
        "data:text/plain;charset=utf-8,{}",
        String::from(js_sys::encode_uri_component(&tale.text))
    );
    let copy = emit.reform(|_: MouseEvent| Msg::Hunt(hunt::Msg::CopyLink));
    let card = told.code.as_deref().and_then(|code| hunts.card(code));
    let title = text::broken(&tale.property);
    html! {
        <>
            <div class="who">
                <svg width="30" height="30" viewBox="0 0 30 30" aria-hidden="true"><path d="M15 2L28 15L15 28L2 15Z" fill="none" stroke="var(--red)" stroke-width="2"/><path d="M10 10L20 20M20 10L10 20" stroke="var(--red)" stroke-width="2"/></svg>
                <div><h2>{ title.trim_end_matches('.').to_owned() }</h2><p class="dim">{ tale.promise.clone() }</p></div>
            </div>
            <div class="acts2">
                <a class="b main" id="open-on-bench" href={format!("#{}", tale.link)}>{ "Open on the bench" }</a>
                <button class="b" onclick={copy}>{ "Copy link" }</button>
                <a class="b" id="save" href={file} download={told.file_name()}>{ format!("Save, {}", en::bytes(tale.text.len() as u64)) }</a>
            </div>
            <section class="sec" aria-label="The story">
                <div class="hd"><h3>{ text::story(told) }</h3><span>{ "a step opens its moment" }</span></div>
                <ol class="steps">{ for told_steps(&tale.steps).into_iter().map(|said| line(told, said)) }</ol>
            </section>
            if let Some(card) = card {
                <section class="sec" aria-label="What it was">
                    <div class="hd"><h3>{ "What it was" }</h3><span class="mono">{ card.code.clone() }</span></div>
                    <p class="in"><b>{ card.name.clone() }</b></p>
                    <p class="in">{ text::rule_broken(&card.rule) }</p>
                    <p class="in dim">{ card.provenance.clone() }</p>
                </section>
            }
            <section class="sec" aria-label="Same result elsewhere">
                <div class="hd"><h3>{ "Same result elsewhere" }</h3></div>
                <p class="in dim">{ "Anyone can run it again, here or in a shell:" }</p>
                <pre class="shell" tabindex="0">{ format!("glasshouse-lab replay {}\ntrace {}", told.file_name(), spaced(&told.trace)) }</pre>
            </section>
        </>
    }
}

/// A step, or so many commits of which nobody wants to hear one by one.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Said<'a> {
    Step(&'a Step),
    Quiet(usize),
}

/// Longest row of commits that is told one by one.
const COMMITS_MAX: usize = 3;

/// Of a long row of commits the first and the last are told.
fn told_steps(steps: &[Step]) -> Vec<Said<'_>> {
    let commit = |step: &Step| step.icon == Icon::Commit;
    let mut said = Vec::new();
    for row in steps.chunk_by(|a, b| commit(a) && commit(b)) {
        match row {
            [first, between @ .., last] if row.len() > COMMITS_MAX => {
                said.extend([Said::Step(first), Said::Quiet(between.len()), Said::Step(last)]);
            }
            _ => said.extend(row.iter().map(Said::Step)),
        }
    }
    said
}

/// One step: a link to its moment.
fn line(told: &Told, said: Said<'_>) -> Html {
    let step = match said {
        Said::Step(step) => step,
        Said::Quiet(commits) => return html! { <li class="quiet">{ text::quiet(commits) }</li> },
    };
    let mark = match (step.done, step.loud) {
        (true, _) => html! { <span></span> },
        (_, true) => glyph::event(Icon::Violation, 0),
        _ => glyph::event(step.icon, step.term),
    };
    // What breaks, breaks within its microsecond.
    let moment_us = if step.loud { told.tale.at_us } else { step.time_us };
    let href = format!("#{}", told.link_at(moment_us));
    let class = classes!(step.done.then_some("did"), step.loud.then_some("bad"));
    html! {
        <li>
            <a {class} {href}>
                <time>{ en::seconds(step.time_us) }</time>{ mark }
                if step.done { <code>{ step.text.clone() }</code> } else { <span>{ step.text.clone() }</span> }
            </a>
        </li>
    }
}

/// A hash in groups of four.
fn spaced(hash: &str) -> String {
    let groups = hash.as_bytes().chunks(4).map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_commits_is_folded() {
        let step = |icon| Step { icon, ..Step::default() };
        let mut steps = vec![step(Icon::Leader)];
        steps.extend(vec![step(Icon::Commit); 6]);
        steps.push(step(Icon::Violation));
        let said = told_steps(&steps);
        assert_eq!(said.len(), 5, "{said:?}");
        assert_eq!(said[2], Said::Quiet(4));
        assert_eq!(told_steps(&steps[4..]).len(), 4, "three are told one by one");
    }
}
