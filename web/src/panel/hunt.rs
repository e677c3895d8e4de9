//! The hunts: the list of planted faults, the hunt, and the story of what it caught.
//!
//! ```text
//!   list 300 │ what is chosen, figures      │ story 400
//!   M01 ▪▫▫▫ │ seeds as cells               │ what broke
//!   M02 ▪▪▫▫ │ made small │ find it yourself│ step by step
//!   ...      │ the run on its line of time  │ the same elsewhere
//! ```

mod list;
mod quarry;
mod seeds;
mod shrink;
mod story;
mod timeline;

use yew::prelude::*;

use super::{Emit, Shared};
use crate::state::State;
use crate::text::en::hunt as text;

/// The view, with what floats over it.
pub(crate) fn view(state: &State, overlay: Html, emit: &Emit) -> Html {
    let hunts = &state.hunts;
    let said = state.notice.clone().unwrap_or_else(|| text::now(hunts));
    let told = hunts.told.as_ref();
    html! {
        <main class="hunts" id="view" tabindex="-1" aria-label="Hunts">
            <h1 class="sr">{ "Hunts" }</h1>
            { list::list(hunts, emit) }
            <div class="hmain" tabindex="0" role="region" aria-label="The hunt">
                { quarry::head(hunts, &said, state.flow.tick_ms, emit) }
                if let Some(chase) = &hunts.chase {
                    <seeds::Seeds cells={Shared::from(&chase.cells)} chase={chase.clone()}
                        running={chase.running(&hunts.hunters).collect::<Vec<_>>()}/>
                } else {
                    { seeds::none(hunts.budget()) }
                }
                <div class="two">
                    { shrink::pane(hunts) }
                    { quarry::by_hand(hunts, emit) }
                </div>
                if let Some(told) = told {
                    { timeline::pane(told) }
                }
            </div>
            { story::aside(hunts, emit) }
            { overlay }
        </main>
    }
}
