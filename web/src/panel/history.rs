//! The history: what clients saw, the order that explains it or the point where none does.
//!
//! ```text
//!   verdict in a sentence                │ the selected operation 432
//!   operations as bars, pins, one line   │ its way through the cluster
//!   fsyncs │ question to answer          │ the order found
//!   answers│ commit lag                  │
//! ```

mod charts;
mod list;
mod sheet;
mod side;

use glasshouse_sim::view::call::history::{History, Kind};
use yew::prelude::*;

use super::{Emit, Shared};
use crate::history::{Msg, Seen};
use crate::state::{self, State};
use crate::text::en::history as text;

/// The view, with what floats over it.
pub(crate) fn view(state: &State, overlay: Html, emit: &Emit) -> Html {
    let seen = &state.seen;
    let selected = seen.selected().map(|one| one.id);
    html! {
        <main class="history" id="view" tabindex="-1" aria-label="History">
            <h1 class="sr">{ "History" }</h1>
            <div class="hstage">
                { said(seen, state.notice.as_deref(), emit) }
                if seen.picture.operations.is_empty() {
                    <p class="empty hnone">{ text::NOTHING }<code>{ text::TRY }</code></p>
                } else if seen.as_list {
                    <list::List history={Shared::from(&seen.picture)} {selected} emit={emit.clone()}/>
                } else {
                    <sheet::Drawing history={Shared::from(&seen.picture)} {selected} emit={emit.clone()}/>
                }
                <charts::Charts history={Shared::from(&seen.picture)} frame={Shared::from(&state.calm)}/>
            </div>
            { side::aside(seen, emit) }
            { overlay }
        </main>
    }
}

/// The verdict, and what can be asked of it.
fn said(seen: &Seen, notice: Option<&str>, emit: &Emit) -> Html {
    let history: &History = &seen.picture;
    let verdict = &history.verdict;
    let press = |msg: Msg| emit.reform(move |_: MouseEvent| state::Msg::History(msg));
    let (name, rest) = text::verdict(history);
    html! {
        <div class="say">
            <div role="status">
                <p>
                    { mark(verdict.kind) }{ " " }
                    if verdict.kind == Kind::Refuted { <b class="red">{ name }</b> } else { { name } }
                    { rest }
                </p>
                <p>{ notice.map_or_else(|| text::detail(history), ToOwned::to_owned) }</p>
            </div>
            <div class="tools">
                <button class="b bare" aria-pressed={seen.blind.to_string()} onclick={press(Msg::Blind(!seen.blind))}>{ text::BLIND }</button>
                <button class="b bare" aria-pressed={seen.as_list.to_string()} onclick={press(Msg::AsList(!seen.as_list))}>{ text::AS_LIST }</button>
            </div>
        </div>
    }
}

/// A tick, a question mark, or the crossed diamond.
fn mark(kind: Kind) -> Html {
    let shape = match kind {
        Kind::Linearizable => {
            html! { <path d="M2 8.5L6.5 13L14 3" fill="none" stroke="var(--ink)" stroke-width="2"/> }
        }
        Kind::Unknown => {
            html! { <path d="M5 5A3 3 0 1 1 8 8.5V10M8 12.5V14" fill="none" stroke="var(--ink)" stroke-width="2"/> }
        }
        Kind::Refuted => html! {
            <path d="M8 0.8L15.2 8L8 15.2L0.8 8ZM5 5L11 11M11 5L5 11" fill="none" stroke="var(--red)" stroke-width="1.6"/>
        },
    };
    html! { <svg class="mk" width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">{ shape }</svg> }
}
