//! The event feed: what happened, in plain words, newest at the foot.

use std::rc::Rc;

use glasshouse_sim::view::frame::{Event, Level};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::{Emit, Shared, glyph};
use crate::state::Msg;
use crate::text::en as text;

/// Lines in the page; older ones are read in the history.
const LINES: usize = 120;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) events: Shared<Vec<Event>>,
    /// The drawn moment: what lies after it has not happened yet.
    pub(crate) now_us: u64,
    pub(crate) messages_too: bool,
    /// Time flows: a screen reader is told by the sentence, not by every line.
    pub(crate) flowing: bool,
    pub(crate) emit: Emit,
}

#[component]
pub(crate) fn Feed(props: &Props) -> Html {
    let toggle = props.emit.reform(|event: Event_| {
        let on = event.target_dyn_into::<HtmlInputElement>().is_some_and(|field| field.checked());
        Msg::MessagesToo(on)
    });
    let past = props.events.iter().filter(|event| event.time_us <= props.now_us);
    let past: Vec<&Event> = past.collect();
    let shown = &past[past.len().saturating_sub(LINES)..];
    html! {
        <section class="s-events" aria-label="Events">
            <div class="hd">
                <h2>{ "Events" }</h2><span class="sp"></span>
                <label class="b bare"><input type="checkbox" checked={props.messages_too} onchange={toggle}/>{ "messages too" }</label>
            </div>
            <div class="bot" tabindex="0" role="log" aria-live={if props.flowing { "off" } else { "polite" }} aria-label="What happened">
                if shown.is_empty() { <p class="empty">{ "Nothing has happened yet." }</p> }
                <ol class="feed">
                    { for shown.iter().enumerate().map(|(nth, event)| line(event, nth + 1 == shown.len())) }
                </ol>
            </div>
        </section>
    }
}

/// The browser's event, beside ours.
type Event_ = yew::Event;

fn line(event: &Event, newest: bool) -> Html {
    let class = match event.level {
        Level::Violation => Some("bad"),
        _ if newest => Some("now"),
        _ => None,
    };
    html! {
        <li key={event.seq} class={classes!(class)}>
            <time>{ text::seconds(event.time_us) }</time>
            { glyph::event(event.icon, event.term) }
            <span>{ event.text.clone() }</span>
        </li>
    }
}

/// The feed at a moment, unchanged while nothing new has happened.
pub(crate) fn until(events: &Rc<Vec<Event>>, clock_us: u64) -> u64 {
    events.iter().rev().map(|event| event.time_us).find(|time| *time <= clock_us).unwrap_or(0)
}
