//! The drawing as a list, ordered by cause: the same events, for everybody who does not see it.

use glasshouse_sim::view::spacetime::{cause, tell};
use yew::prelude::*;

use super::{Tell, event};
use crate::spacetime::{Msg, Spacetime};
use crate::text::en::{self, spacetime as text};

/// Most rows: the newest. Nobody reads more, and every row is an element.
const ROWS_MAX: usize = 400;

/// All events that are shown, each behind its causes.
pub(super) fn list(space: &Spacetime, emit: &Tell) -> Html {
    let slice = &space.slice;
    let order = cause::order(slice).into_iter().map(|place| &slice.events[place]);
    let events: Vec<_> = order.filter(|event| space.lists(event)).collect();
    let left_out = events.len().saturating_sub(ROWS_MAX);
    html! {
        <div class="pan listed" id="pan" tabindex="0" role="region" aria-label={text::LIST}>
            if left_out > 0 { <p class="dim">{ text::more(left_out) }</p> }
            <ol class="past" id="list">
                { for events.into_iter().skip(left_out).map(|event| {
                    let seq = event.seq;
                    let chosen = space.chosen == Some(seq);
                    html! {
                        <li key={seq} data-event={seq.to_string()}>
                            <button aria-current={chosen.then_some("true")} onclick={emit.reform(move |_: MouseEvent| Msg::Choose(Some(seq)))}>
                                <time>{ en::seconds(event.at_us) }</time>{ event::icon(slice, event) }<span>{ tell::event(slice, event) }</span>
                            </button>
                        </li>
                    }
                }) }
            </ol>
        </div>
    }
}
