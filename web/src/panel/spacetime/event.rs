//! The column at the right: the chosen event, why it could happen, its past, and what can be done to its
//! message.

use glasshouse_sim::view::frame::{Icon, Kind, Life, Role};
use glasshouse_sim::view::spacetime::why::{Count, Row, why};
use glasshouse_sim::view::spacetime::{Arrow, Event, Slice, What, tell};
use yew::prelude::*;

use super::Tell;
use crate::panel::glyph;
use crate::spacetime::{Msg, Spacetime, drag};
use crate::text::en::{self, spacetime as text};

/// Rows of the past: the last ones, which matter most.
const PAST_MAX: usize = 12;

/// The column.
pub(super) fn aside(space: &Spacetime, emit: &Tell) -> Html {
    html! {
        <aside class="insp" aria-label="Chosen event" tabindex="0">
            if let Some(event) = space.event() {
                { head(space, event, emit) }
                if let Some(count) = why(&space.slice, event.seq) { { reason(&count) } }
                { past(space, event, emit) }
                if let Some(arrow) = space.slice.arrow_of(event).filter(|arrow| !arrow.client) { { fate(space, arrow, emit) } }
            } else {
                <div class="nostory"><h2>{ text::NOTHING_CHOSEN }</h2><p class="dim">{ text::CHOOSE_HOW }</p></div>
                { elections(&space.slice, emit) }
            }
        </aside>
    }
}

/// What stands for an event in lists.
pub(super) fn icon(slice: &Slice, event: &Event) -> Html {
    let term = slice.arrow_of(event).map_or_else(
        || slice.lane(event.lane).map_or(0, glasshouse_sim::view::spacetime::Lane::term),
        |arrow| arrow.message.term,
    );
    match &event.what {
        What::Sent { .. } | What::Delivered { .. } => match slice.arrow_of(event) {
            Some(Arrow { client: false, message, .. }) => {
                let shape = glyph::message(message.kind, message.answer, message.reject);
                glyph::icon(shape, message.term, 14)
            }
            _ => glyph::event(Icon::Client, term),
        },
        What::Became { role, term, .. } => glyph::role(*role, Life::Up, *term, 14),
        What::Lost { .. } => glyph::event(Icon::Down, term),
        What::Wrote { .. } => glyph::event(Icon::Waits, term),
        What::Synced { .. } => glyph::event(Icon::Disk, term),
        What::Committed { .. } => glyph::event(Icon::Commit, term),
        What::Life { down: true, .. } => glyph::event(Icon::Down, term),
        What::Life { .. } => glyph::event(Icon::Up, term),
        What::Called { .. } | What::Returned { .. } => glyph::event(Icon::Client, term),
        What::Line { .. } => glyph::event(Icon::Dial, term),
        What::Violated { .. } => glyph::event(Icon::Violation, term),
    }
}

fn head(space: &Spacetime, event: &Event, emit: &Tell) -> Html {
    let only = space.only_past;
    html! {
        <>
            <div class="who">
                <span class="large">{ icon(&space.slice, event) }</span>
                <div><h2 id="chosen-title">{ text::title(&space.slice, event) }</h2><p class="dim num" id="chosen-place">{ text::place(event) }</p></div>
            </div>
            <div class="acts2">
                <button class="b" onclick={emit.reform(|_: MouseEvent| Msg::GoThere)}>{ "Go there " }<kbd>{ "Enter" }</kbd></button>
                <button class="b" aria-pressed={only.to_string()} onclick={emit.reform(|_: MouseEvent| Msg::OnlyPast)}>{ "Only its past " }<kbd>{ "O" }</kbd></button>
                <button class="b" onclick={emit.reform(|_: MouseEvent| Msg::Choose(None))}>{ "Choose nothing " }<kbd>{ "Esc" }</kbd></button>
            </div>
        </>
    }
}

/// The table behind a leader or a commit.
fn reason(count: &Count) -> Html {
    let time = |us: Option<u64>| us.map_or_else(|| "–".to_owned(), en::seconds);
    let row = |row: &Row| match row.missing {
        None => html! {
            <tr><th scope="row">{ text::member(row.member) }</th><td>{ time(row.asked_us) }</td><td>{ time(row.disk_us) }</td><td>{ time(row.counted_us) }</td></tr>
        },
        Some(missing) => html! {
            <tr class="not"><th scope="row">{ text::member(row.member) }</th><td colspan="3">{ text::missing(count.of, missing) }</td></tr>
        },
    };
    html! {
        <section class="sec" id="why" aria-label="Why it could">
            <div class="hd"><h3>{ "Why it could" }</h3></div>
            <p class="in dim">{ text::rule(count) }</p>
            <table class="why num">
                <thead><tr>{ for text::columns(count.of).into_iter().map(|name| html! { <th scope="col">{ name }</th> }) }</tr></thead>
                <tbody>{ for count.rows.iter().map(row) }</tbody>
            </table>
        </section>
    }
}

/// The last events before the chosen one that can have had an influence on it.
fn past(space: &Spacetime, chosen: &Event, emit: &Tell) -> Html {
    let slice = &space.slice;
    let told = |event: &&Event| {
        let quiet =
            slice.arrow_of(event).is_some_and(|arrow| arrow.message.kind == Kind::Heartbeat);
        // An arrival tells of its sending.
        let sent = matches!(event.what, What::Sent { .. })
            && slice
                .arrow_of(event)
                .is_some_and(|arrow| arrow.end.is_some_and(|end| space.past.contains(&end)));
        let follows = matches!(event.what, What::Became { role: Role::Follower, .. });
        event.seq != chosen.seq && !quiet && !sent && !follows
    };
    let events: Vec<&Event> =
        space.past.iter().filter_map(|seq| slice.event(*seq)).filter(told).collect();
    let left_out = events.len().saturating_sub(PAST_MAX);
    html! {
        <section class="sec" id="its-past" aria-label="Its past">
            <div class="hd"><h3>{ "Its past" }</h3><span>{ en::count(space.past.len() as u64 - 1, "event") }</span></div>
            if left_out > 0 { <p class="in dim">{ text::more(left_out) }</p> }
            <ol class="past">
                { for events.into_iter().skip(left_out).map(|event| {
                    let seq = event.seq;
                    html! {
                        <li><button onclick={emit.reform(move |_: MouseEvent| Msg::Show(seq))}>
                            <time>{ en::seconds(event.at_us) }</time>{ icon(slice, event) }<span>{ tell::event(slice, event) }</span>
                        </button></li>
                    }
                }) }
            </ol>
            <p class="in dim">{ text::PAST_HOW }</p>
        </section>
    }
}

/// What can be done to the message of the event.
fn fate(space: &Spacetime, arrow: &Arrow, emit: &Tell) -> Html {
    let id = arrow.message.id;
    let it = text::it(arrow, tell::name(&space.slice, arrow.message.from));
    let flies = arrow.flies();
    // Right behind its sending it is on its way.
    let then = (!flies).then_some(arrow.message.sent_us + 1);
    let deed = |name: String, line: String| {
        let onclick = emit.reform(move |_: MouseEvent| Msg::Fate(line.clone(), then));
        html! { <button class="b" {onclick}>{ name }</button> }
    };
    html! {
        <section class="sec" id="fate" aria-label="Change its fate">
            <div class="hd"><h3>{ "Change its fate" }</h3><span>{ format!("message {id}") }</span></div>
            <p class="in dim">{ if flies { text::FATE_NOW } else { text::FATE_OVER } }</p>
            if drag::is_loose(arrow) && !space.as_list { <p class="in dim">{ text::FATE_DRAG }</p> }
            <div class="acts2">
                { deed(format!("Drop {it}"), format!("drop message {id}")) }
                { deed("Delay it 20 ms".to_owned(), format!("delay message {id} 20ms")) }
                { deed("Send it twice".to_owned(), format!("double message {id}")) }
            </div>
        </section>
    }
}

/// Where to begin: who was elected in this stretch.
fn elections(slice: &Slice, emit: &Tell) -> Html {
    let won: Vec<_> = slice.elections().map(|(event, ..)| event).collect();
    if won.is_empty() {
        return Html::default();
    }
    html! {
        <section class="sec" aria-label="Elections">
            <div class="hd"><h3>{ "Elections in this stretch" }</h3></div>
            <ol class="past">
                { for won.into_iter().map(|event| {
                    let seq = event.seq;
                    html! {
                        <li><button class="election" onclick={emit.reform(move |_: MouseEvent| Msg::Show(seq))}>
                            <time>{ en::seconds(event.at_us) }</time>{ icon(slice, event) }<span>{ tell::event(slice, event) }</span>
                        </button></li>
                    }
                }) }
            </ol>
        </section>
    }
}
