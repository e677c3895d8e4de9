//! What happens on the lanes themselves: elections, commits, calls, crashes, and the chosen event's ring.

use std::collections::BTreeMap;

use glasshouse_sim::view::frame::Role;
use glasshouse_sim::view::spacetime::{Event, LaneNo, WORLD, What};
use yew::prelude::*;

use super::drawing::Props;
use super::lanes;
use crate::spacetime::scene::{HALF, TOP};
use crate::text::en::spacetime as text;

/// Width of a letter of a label, about, and the room between two of them.
const LETTER: f64 = 6.4;
const ROOM: f64 = 10.0;

/// All marks. Labels are written where there is room for them.
pub(super) fn marks(props: &Props) -> Html {
    let mut free: BTreeMap<(LaneNo, bool), f64> = BTreeMap::new();
    let folded = |us: u64| props.scene.parts.iter().any(|(part, ..)| part.folds(us));
    let shown = |event: &&Event| {
        !folded(event.at_us) && (!props.only_past || props.in_past(Some(event.seq)))
    };
    let marks = props.slice.events.iter().filter(shown).filter_map(|event| {
        if event.lane == WORLD {
            return deed(props, event, &mut free);
        }
        let (x, y) = (props.scene.x(event.at_us), props.scene.y(event.lane)?);
        let shape = shape(event, leads(props, event))?;
        let label = text::label(event, &props.slice.lane(event.lane)?.name);
        let is_tick = matches!(event.what, What::Committed { .. });
        let below = matches!(event.what, What::Called { .. } | What::Life { .. });
        let label = label.filter(|_| !is_tick || leads(props, event));
        let label = label.and_then(|words| {
            let width = words.chars().count() as f64 * LETTER;
            // A client's words begin at its mark, others stand in the middle above or below it.
            let from = if below { x } else { (x - width / 2.0).max(2.0) };
            let taken = free.entry((event.lane, below)).or_insert(f64::NEG_INFINITY);
            if from < *taken + ROOM {
                return None;
            }
            *taken = from + width;
            let rise = if is_tick { 26.0 } else { 22.0 };
            let at = if below { y + 20.0 } else { y - rise };
            let class = if below { "d small" } else { "h" };
            let line = matches!(event.what, What::Called { .. }).then_some("no");
            Some(html! { <text {class} translate={line} x={format!("{from:.1}")} y={format!("{at:.1}")}>{ words }</text> })
        });
        Some(html! {
            <g class="event" data-event={event.seq.to_string()} onclick={props.choose(Some(event.seq))}>
                <g transform={format!("translate({x:.1} {y:.1})")}>{ shape }</g>
                { label }
            </g>
        })
    });
    let marks: Vec<Html> = marks.collect();
    html! { <>{ for marks }{ chosen(props) }</> }
}

/// Whoever it happens to leads at the end, or is elected here.
fn leads(props: &Props, event: &Event) -> bool {
    props.slice.lane(event.lane).is_some_and(|lane| lane.role == Some(Role::Leader))
}

/// The shape of an event; `None` for those that arrows and boxes already show.
fn shape(event: &Event, leads: bool) -> Option<Html> {
    Some(match &event.what {
        What::Became { role, term, .. } => lanes::role(*role, *term)?,
        What::Committed { .. } if leads => html! {
            <path class="ink" d={format!("M0-{HALF}v-15")}/>
        },
        What::Committed { .. } => html! { <path class="ink thin" d={format!("M0-{HALF}v-6")}/> },
        What::Life { down: true, .. } => html! { <path class="ink" d="M-6-6L6 6M6-6L-6 6"/> },
        What::Life { down: false, .. } => {
            html! { <path class="ink" d="M0-7V0M-4-4.5A6 6 0 1 0 4-4.5"/> }
        }
        What::Called { .. } => html! { <circle class="ask" r="3.5"/> },
        What::Returned { ok: true, .. } => html! { <circle class="told" r="3.5"/> },
        What::Returned { ok: false, .. } => {
            html! { <path class="ink thin" d="M-4-4L4 4M4-4L-4 4"/> }
        }
        _ => return None,
    })
}

/// What somebody did to the world: a dotted line through all lanes, with the line that was typed.
fn deed(props: &Props, event: &Event, free: &mut BTreeMap<(LaneNo, bool), f64>) -> Option<Html> {
    let (words, class) = match &event.what {
        What::Line { words } => (words.clone(), "deed"),
        What::Violated { words } => (words.clone(), "deed broken"),
        _ => return None,
    };
    let x = props.scene.x(event.at_us);
    let taken = free.entry((WORLD, true)).or_insert(f64::NEG_INFINITY);
    let fits = x >= *taken + ROOM;
    if fits {
        *taken = x + words.chars().count() as f64 * LETTER;
    }
    Some(html! {
        <g {class} data-event={event.seq.to_string()} onclick={props.choose(Some(event.seq))}>
            <title translate="no">{ words.clone() }</title>
            <path class="hit" d={format!("M{x:.1} {TOP}V{:.1}", props.scene.bottom())}/>
            <path class="line" d={format!("M{x:.1} {TOP}V{:.1}", props.scene.bottom())}/>
            if fits { <text class="m" translate="no" x={format!("{:.1}", x + 4.0)} y={format!("{:.1}", TOP + 14.0)}>{ words }</text> }
        </g>
    })
}

/// The ring around the chosen event.
fn chosen(props: &Props) -> Html {
    let at = props.chosen.and_then(|seq| {
        let event = props.slice.event(seq)?;
        let lost = props
            .slice
            .arrow_of(event)
            .filter(|arrow| arrow.end == Some(seq) && arrow.lost.is_some());
        match lost.and_then(|arrow| props.scene.path(arrow)) {
            Some(path) => Some(path.to),
            None => Some((props.scene.x(event.at_us), props.scene.y(event.lane)?)),
        }
    });
    match at {
        Some((x, y)) => {
            html! { <circle id="chosen" class="ring" cx={format!("{x:.1}")} cy={format!("{y:.1}")} r="15"/> }
        }
        None => Html::default(),
    }
}
