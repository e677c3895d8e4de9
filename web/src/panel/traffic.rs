//! What moves along the links: messages between members, calls of clients.
//!
//! A glyph's place is a function of the virtual time alone. The way that it has already made is a
//! line in the hue of its term, so that a still picture shows its direction.

use std::collections::BTreeMap;

use glasshouse_sim::view::frame::{Alias, Client, Fate, Frame, Kind, MESSAGE_LINGER_US, Message};
use yew::prelude::*;

use super::glyph;
use crate::geometry::{self, Layout, Point, Side};

/// More than so many messages on one link are drawn as one with a count.
const LINK_MAX: usize = 40;
/// With more than so many in all, heartbeats are left out, then answers.
const ALL_MAX: usize = 200;
/// Words stand beside a glyph while so few are on their way; more would be noise.
const WORDS_MAX: usize = 8;
/// Without a cut in its way a dropped message ends here, as a part of its way.
const DROPPED_AT: f64 = 0.55;

/// The messages that are on the screen at a moment, thinned where they would be too many.
fn visible(frame: &Frame, now_us: f64) -> Vec<&Message> {
    let shown = |message: &&Message| {
        let lingers = message.fate == Fate::Dropped || message.fate == Fate::Unheard;
        let end = message.arrive_us + if lingers { MESSAGE_LINGER_US } else { 0 };
        (message.sent_us as f64) <= now_us && now_us < end as f64
    };
    let mut messages: Vec<&Message> = frame.messages.iter().filter(shown).collect();
    if messages.len() > ALL_MAX {
        messages.retain(|message| message.kind != Kind::Heartbeat);
    }
    if messages.len() > ALL_MAX {
        messages.retain(|message| !message.answer);
    }
    messages
}

/// All messages in flight.
pub(crate) fn messages(frame: &Frame, layout: &Layout, now_us: f64) -> Html {
    let visible = visible(frame, now_us);
    let words = visible.iter().filter(|message| !message.words.is_empty()).count() <= WORDS_MAX;
    let mut links: BTreeMap<(Alias, Alias), Vec<&Message>> = BTreeMap::new();
    for message in visible {
        links.entry((message.from, message.to)).or_default().push(message);
    }
    links
        .into_values()
        .flat_map(|on_link| match on_link.len() > LINK_MAX {
            true => vec![one(on_link[on_link.len() / 2], on_link.len(), layout, now_us, false)],
            false => on_link.into_iter().map(|m| one(m, 1, layout, now_us, words)).collect(),
        })
        .collect()
}

/// One message: the way that it made, its glyph, its words; or a cross where it ended.
fn one(message: &Message, count: usize, layout: &Layout, now_us: f64, words: bool) -> Html {
    let Some(lane) = layout.lane(message.from, message.to) else { return Html::default() };
    let way = geometry::progress(message.sent_us, message.arrive_us, now_us);
    let end = match message.fate {
        Fate::Dropped => Some(layout.gate(lane).unwrap_or(DROPPED_AT)),
        Fate::Unheard => Some(1.0),
        Fate::Plain | Fate::Duplicate | Fate::Delayed => None,
    };
    let part = end.map_or(way, |end| way.min(end));
    let at = geometry::along(lane, part);
    let ended = end.is_some_and(|end| way >= end);
    let classes =
        classes!("path", glyph::kind_class(message.kind), message.answer.then_some("rep"));
    let glyph = match ended {
        true => html! { <path class="ended" d="M-4-4L4 4M4-4L-4 4"/> },
        false => glyph::flying(message),
    };
    let copy = (message.fate == Fate::Duplicate).then(|| {
        html! {
            <circle r="10" class="arc0" style="stroke-dasharray:2 2"/>
        }
    });
    let clock = (message.fate == Fate::Delayed).then(|| {
        html! {
            <path d="M8-12a4 4 0 1 0 .1 0M8-10V-8L10-7" class="ended" style="stroke-width:1"/>
        }
    });
    let says = match count {
        1 if words && !ended => message.words.clone(),
        1 => String::new(),
        _ => format!("×{count}"),
    };
    html! {
        <g key={message.id} class={glyph::hue(message.term)}>
            <path class={classes} d={geometry::path((lane.0, at))}/>
            <g transform={format!("translate({:.1} {:.1})", at.x, at.y)}>
                { copy }{ clock }{ glyph }
                if !says.is_empty() { <text class="d" x="11" y="-7">{ says }</text> }
            </g>
        </g>
    }
}

/// The clients: their tags in the corners of the sheet, and their calls on the way.
pub(crate) fn clients(frame: &Frame, layout: &Layout, now_us: f64) -> Html {
    let mut corner: BTreeMap<(bool, bool), usize> = BTreeMap::new();
    frame
        .clients
        .iter()
        .filter(|client| client.at.is_some())
        .map(|client| {
            let (at, side) = layout.client(client.at, 0);
            let nth =
                corner.entry((at.x < layout.width / 2.0, at.y < layout.height / 2.0)).or_default();
            let (at, _) = layout.client(client.at, *nth);
            *nth += 1;
            tag(client, at, side, layout, now_us)
        })
        .collect()
}

fn tag(client: &Client, at: Point, side: Side, layout: &Layout, now_us: f64) -> Html {
    let home = client.at.and_then(|alias| layout.spot(alias)).map_or(at, |spot| spot.at);
    let (x, class) = if side == Side::Left { ("-13", "end") } else { ("13", "") };
    let call = client.call.as_ref();
    let words = call.map(|call| {
        let waited = (now_us - call.sent_us as f64).max(0.0) / 1_000.0;
        format!("{}, {waited:.0} ms", call.words)
    });
    let glyph = call.and_then(|call| {
        let there = now_us < call.arrive_us as f64 && now_us >= call.sent_us as f64;
        let (lane, way, back) = match (call.answered_us, call.back_us) {
            (Some(left), Some(back)) if now_us >= left as f64 => {
                (geometry::lane(home, at), geometry::progress(left, back, now_us), true)
            }
            _ if there => {
                (geometry::lane(at, home), geometry::progress(call.sent_us, call.arrive_us, now_us), false)
            }
            _ => return None,
        };
        let spot = geometry::along(lane, way);
        let turn = (lane.1.y - lane.0.y).atan2(lane.1.x - lane.0.x).to_degrees();
        Some(html! {
            <>
                <path class={classes!("path", back.then_some("rep"))} style="--c:var(--ink)" d={geometry::path((lane.0, spot))}/>
                <g transform={format!("translate({:.1} {:.1}) rotate({turn:.0})", spot.x, spot.y)}>
                    <g class={classes!("g", "cl", back.then_some("rep"))}><path d="M-7-5H2L7 0L2 5H-7Z"/></g>
                </g>
            </>
        })
    });
    html! {
        <g key={format!("client-{}", client.name)}>
            <path class="link" d={geometry::path((at, home))}/>
            { glyph }
            <g transform={format!("translate({:.1} {:.1})", at.x, at.y)}>
                <g transform={if side == Side::Left { "rotate(180)" } else { "" }}>{ glyph::client() }</g>
                <text class={classes!("h", class)} x={x} y="-1">{ client.name.clone() }</text>
                if let Some(words) = words { <text class={classes!("d", class)} x={x} y="12">{ words }</text> }
            </g>
        </g>
    }
}
