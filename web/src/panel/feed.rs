//! The event feed: what happened, in plain words, newest at the foot.

use std::ops::Range;
use std::rc::Rc;

use glasshouse_sim::view::frame::{Event, Level};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::{Emit, glyph};
use crate::state::Msg;
use crate::text::en as text;

/// Lines in the page; older ones are read in the history.
const LINES: usize = 120;
/// Lines while time flows as fast as it can, when they fly by.
const LINES_FLYING: usize = 24;

/// The newest events up to a moment.
#[derive(Clone, Debug)]
pub(crate) struct Past {
    events: Rc<Vec<Event>>,
    /// Which of them.
    shown: Range<usize>,
}

impl Past {
    /// What lies after the moment has not happened yet.
    pub(crate) fn new(events: &Rc<Vec<Event>>, now_us: u64, flying: bool) -> Self {
        let end = events.partition_point(|event| event.time_us <= now_us);
        let lines = if flying { LINES_FLYING } else { LINES };
        Self { events: Rc::clone(events), shown: end.saturating_sub(lines)..end }
    }

    fn lines(&self) -> &[Event] {
        &self.events[self.shown.clone()]
    }
}

impl PartialEq for Past {
    /// Whether the same lines stand there.
    fn eq(&self, other: &Self) -> bool {
        let same = Rc::ptr_eq(&self.events, &other.events) && self.shown == other.shown;
        same || self.lines() == other.lines()
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) past: Past,
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
    let shown = props.past.lines();
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
