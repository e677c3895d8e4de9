//! The head of the page, and on small screens the row of actions on the selected member.

use glasshouse_sim::view::frame::{Alias, Frame, Member};
use yew::prelude::*;

use super::inspector::deeds;
use super::{Emit, Shared, glyph};
use crate::state::{Deed, Msg, Tab, View};
use crate::text::en as text;

#[derive(Properties, PartialEq)]
pub(crate) struct HeadProps {
    pub(crate) view: View,
    /// Where the lessons are: at the one that is open, if people come back to it.
    pub(crate) lessons: String,
    pub(crate) frame: Shared<Frame>,
    pub(crate) emit: Emit,
}

#[component]
pub(crate) fn Head(props: &HeadProps) -> Html {
    let frame = &props.frame;
    let deed = |deed: Deed| props.emit.reform(move |_: MouseEvent| Msg::Do(deed));
    // The link of the view that is open leads nowhere else.
    let link = |view: View, href: &str, name: &'static str| {
        let shown = match props.view {
            View::Compare => View::Spacetime,
            View::Teach => View::Lessons,
            view => view,
        };
        let current = view == shown;
        // Of these there are several, and the link leads to the first of them.
        let leads = matches!(props.view, View::Compare | View::Lessons | View::Teach);
        let stay = Callback::from(move |event: MouseEvent| {
            if current && !leads {
                event.prevent_default();
            }
        });
        html! { <a href={href.to_owned()} aria-current={current.then_some("page")} onclick={stay}>{ name }</a> }
    };
    let trace = frame.trace.get(..8).map(|hash| format!("{} {}", &hash[..4], &hash[4..]));
    html! {
        <header class="top">
            <span class="mark" translate="no">{ glyph::mark() }<span class="wm">{ "Glasshouse" }</span></span>
            <nav class="nav" aria-label="Views">
                { link(View::Bench, "#bench", "Bench") }
                { link(View::Spacetime, "#spacetime", "Space-time") }
                { link(View::History, "#history", "History") }
                { link(View::Lessons, &props.lessons, "Lessons") }
                { link(View::Hunts, "#hunt", "Hunts") }
            </nav>
            <div class="run num">
                if props.view.has_time() {
                    <span class="wide">
                        { "seed " }<b class="mono">{ frame.seed }</b>{ format!(" · {}", text::count(frame.members.len() as u64, "member")) }
                        if let Some(trace) = trace { { " · trace " }<span class="mono" translate="no">{ trace }</span> }
                    </span>
                    <button class="b desk" onclick={deed(Deed::CopyLink)}>{ "Copy link" }</button>
                }
                <button class="b desk" onclick={deed(Deed::Palette)}><span class="wide">{ "Do anything " }</span><kbd>{ "Ctrl K" }</kbd></button>
                <button class="b" onclick={deed(Deed::RunMenu)}>{ "Run" }</button>
                <button class="b bare desk" aria-label="All keys" onclick={deed(Deed::Keys)}>{ "?" }</button>
            </div>
        </header>
    }
}

/// The tabs of a small screen.
pub(crate) fn tabs(tab: Tab, selected: Option<Alias>, first: bool, emit: &Emit) -> Html {
    let member = match selected {
        _ if first => "Start".to_owned(),
        Some(alias) => format!("n{alias}"),
        None => "Member".to_owned(),
    };
    let one = |this: Tab, class: &'static str, name: String| {
        let onclick = emit.reform(move |_: MouseEvent| Msg::Tab(this));
        html! { <button {class} aria-pressed={(this == tab).to_string()} {onclick}>{ name }</button> }
    };
    html! {
        <div class="tabs" role="group" aria-label="Panel">
            { one(Tab::Log, "t-log", "Log".to_owned()) }
            { one(Tab::Member, "t-member", member) }
            { one(Tab::Terminal, "t-terminal", "Terminal".to_owned()) }
            { one(Tab::Events, "t-events", "Events".to_owned()) }
        </div>
    }
}

/// The row of actions under a phone's drawing.
pub(crate) fn phone_actions(member: Option<&Member>, emit: &Emit) -> Html {
    let Some(member) = member else { return Html::default() };
    let alias = member.alias;
    let press = {
        let emit = emit.clone();
        Callback::from(move |event: MouseEvent| {
            let at = crate::geometry::Point::new(
                f64::from(event.client_x()),
                f64::from(event.client_y()),
            );
            emit.emit(Msg::Press(alias, at));
        })
    };
    html! {
        <div class="pacts" role="group" aria-label={format!("Actions on n{alias}")}>
            { for deeds(member).into_iter().take(2).map(|(deed, name, _)| {
                let onclick = emit.reform(move |_: MouseEvent| Msg::Do(deed));
                html! { <button class="b" {onclick}>{ format!("{name} n{alias}") }</button> }
            }) }
            <button class="b" onclick={emit.reform(|_: MouseEvent| Msg::Do(Deed::CutMode))}>{ "Cut" }</button>
            <button class="b" onclick={emit.reform(|_: MouseEvent| Msg::Do(Deed::Heal))}>{ "Heal" }</button>
            <button class="b" style="flex:0 0 44px" aria-label={format!("More actions on n{alias}")} onclick={press}>{ "…" }</button>
        </div>
    }
}
