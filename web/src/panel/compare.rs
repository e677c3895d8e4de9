//! The comparison: a sentence, both runs on one axis, what came of each, and rules to change.

mod drawing;

use glasshouse_sim::view::call::compare::Comparison;
use yew::prelude::*;

use super::Emit;
use crate::compare::{Msg, Rule};
use crate::state::{self, State};
use crate::text::en::compare as text;
use crate::timeline::Branch;

/// How this view tells what people do.
type Tell = Callback<Msg>;

/// The view, with what floats over it.
pub(crate) fn view(state: &State, overlay: Html, emit: &Emit) -> Html {
    let fates = &state.fates;
    let tell = &emit.reform(state::Msg::Compare);
    let pair = fates.pair(&state.timeline);
    let branches = pair.map(|pair| pair.map(|nth| &state.timeline.branches()[nth]));
    let known = fates.comparison.as_deref().zip(branches);
    let said = match (known, pair) {
        (Some((comparison, branches)), _) => text::said(comparison, names(branches)),
        (None, None) => text::ONE.to_owned(),
        (None, Some(_)) if state.flow.playing => text::PLAYING.to_owned(),
        (None, Some(_)) => text::WAIT.to_owned(),
    };
    let detail = if pair.is_some() { text::DETAIL } else { text::HOW };
    html! {
        <main class="compare" id="view" tabindex="-1" aria-label="Compare">
            <h1 class="sr">{ "Compare two branches" }</h1>
            <div class="stage">
                <div class="say"><div role="status"><p>{ state.notice.clone().unwrap_or(said) }</p><p>{ detail }</p></div></div>
                if let Some((comparison, branches)) = known { { drawing::drawing(comparison, branches) } }
            </div>
            <aside class="insp" aria-label="Differences" tabindex="0">
                if let (Some(pair), Some(branches)) = (pair, branches) {
                    { head(state, pair, fates.comparison.as_deref(), tell) }
                    if let Some(comparison) = fates.comparison.as_deref() { { outcome(comparison, branches) } }
                }
                { rules(state, tell) }
            </aside>
            { overlay }
        </main>
    }
}

fn names(branches: [&Branch; 2]) -> [&str; 2] {
    branches.map(|branch| branch.name.as_str())
}

/// Which two, and what can be done with them.
fn head(state: &State, pair: [usize; 2], comparison: Option<&Comparison>, tell: &Tell) -> Html {
    let side = |side: usize, label: &'static str| {
        let pick = tell.reform(move |event: Event| {
            let field = event.target_dyn_into::<web_sys::HtmlSelectElement>();
            let nth = field.map_or(0, |field| field.selected_index());
            Msg::Side(side, usize::try_from(nth).unwrap_or(0))
        });
        html! {
            <label>
                <span class="dim">{ label }</span>
                <select onchange={pick}>
                    { for state.timeline.branches().iter().enumerate().map(|(nth, branch)| html! {
                        <option translate="no" selected={nth == pair[side]}>{ &branch.name }</option>
                    }) }
                </select>
            </label>
        }
    };
    let differs = comparison.is_some_and(|comparison| comparison.differs_us.is_some());
    html! {
        <>
            <div class="who">
                <svg width="30" height="30" viewBox="0 0 30 30" aria-hidden="true">
                    <path d="M2 9H28" stroke="var(--ink)" stroke-width="3"/>
                    <path d="M9 9L15 21H28" fill="none" stroke="var(--edge)" stroke-width="3"/>
                </svg>
                <div>
                    <h2>{ "Two branches" }</h2>
                    <p class="dim num">{ comparison.map(text::equal).unwrap_or_default() }</p>
                </div>
            </div>
            <div class="pair">{ side(0, "above") }{ side(1, "below") }</div>
            <div class="acts2">
                <button class="b" disabled={!differs} onclick={tell.reform(|_: MouseEvent| Msg::GoThere)}>{ "Go to the difference" }</button>
                <button class="b" onclick={tell.reform(|_: MouseEvent| Msg::Swap)}>{ "Swap" }</button>
                <a class="b" href="#bench">{ "Close" }</a>
            </div>
        </>
    }
}

/// The table: a mark where they are not equal.
fn outcome(comparison: &Comparison, branches: [&Branch; 2]) -> Html {
    let [one, other] = &comparison.runs[..] else { return Html::default() };
    let (rows, names) = (text::rows(one).into_iter().zip(text::rows(other)), names(branches));
    html! {
        <section class="sec" aria-label="What came of it">
            <div class="hd"><h3>{ "What came of it, at the end" }</h3></div>
            <div class="in">
                <table class="tab">
                    <thead><tr><th scope="col">{ "a mark: not equal" }</th>{ for names.map(|name| html! { <th scope="col" class="n" translate="no">{ name }</th> }) }</tr></thead>
                    <tbody>
                        { for rows.map(|((name, one), (_, other))| {
                            let differs = one != other;
                            html! {
                                <tr>
                                    <th scope="row"><span class={if differs { "chgm" } else { "chg0" }}></span>{ name }if differs { <span class="sr">{ ", not equal" }</span> }</th>
                                    <td class="n">{ one }</td><td class="n">{ other }</td>
                                </tr>
                            }
                        }) }
                    </tbody>
                </table>
            </div>
        </section>
    }
}

/// The rules of the branch that is on the bench.
fn rules(state: &State, tell: &Tell) -> Html {
    let branch = state.timeline.branch();
    let locked = state.lessons.which.is_some();
    let one = |rule: Rule| {
        let on = rule.holds(&branch.actions);
        let turn = tell.reform(move |_: Event| Msg::Rule(rule, !on));
        let id = format!("rule-{rule:?}");
        html! {
            <li>
                <label><input type="checkbox" checked={on} disabled={locked} onchange={turn} aria-describedby={id.clone()}/>{ text::rule(rule) }</label>
                <p class="dim" {id}>{ text::without(rule) }</p>
            </li>
        }
    };
    html! {
        <section class="sec" aria-label={text::RULES}>
            <div class="hd"><h3>{ text::RULES }</h3></div>
            <div class="in">
                <ul class="rules">{ for Rule::ALL.into_iter().map(one) }</ul>
                <p class="dim">{ if locked { text::RULES_LOCKED } else { text::RULES_HOW } }</p>
            </div>
        </section>
    }
}
