//! The arrow in the hand: where it would arrive, in lines and in words.

use glasshouse_sim::view::spacetime::Arrow;
use yew::prelude::*;

use crate::spacetime::Spacetime;
use crate::spacetime::drag::Fate;
use crate::spacetime::scene::{HALF, Path, Scene, TOP};
use crate::text::en::spacetime as text;

/// The words stand so far above the hand, and at least so far from the edges, in the middle.
const ABOVE: f64 = 16.0;
const MARGIN: f64 = 130.0;

/// What a hand holds.
#[derive(Clone, PartialEq)]
pub(super) struct Held {
    arrow: Arrow,
    fate: Fate,
    /// Where the hand is.
    hand: (f64, f64),
    /// What becomes of it.
    pub(super) words: String,
}

impl Held {
    /// What is held now.
    pub(super) fn of(space: &Spacetime, scene: &Scene) -> Option<Self> {
        let drag = space.drag?;
        let arrow = drag.arrow(&space.slice)?;
        let fate = drag.fate(arrow, scene);
        let words = text::fate(&space.slice, arrow, fate);
        Some(Self { arrow: arrow.clone(), fate, hand: drag.at, words })
    }
}

#[derive(Properties, PartialEq)]
pub(super) struct Props {
    pub(super) scene: Scene,
    pub(super) held: Held,
}

/// The strip where messages are dropped, the arrow as it would be, and what becomes of it.
#[component]
pub(super) fn Ghost(Props { scene, held }: &Props) -> Html {
    let Some(path) = scene.path(&held.arrow) else { return Html::default() };
    let dropped = held.fate == Fate::Dropped;
    let (bottom, (x, y)) = (scene.bottom(), held.hand);
    let middle = x.clamp(MARGIN, (scene.width - MARGIN).max(MARGIN));
    let above = (y - ABOVE).clamp(TOP + ABOVE, bottom - HALF);
    html! {
        <g class="ghost" id="ghost" data-fate={if dropped { "dropped" } else { "arrives" }}>
            <g class={classes!("bin", dropped.then_some("over"))}>
                <rect x="0" y={format!("{bottom:.1}")} width={format!("{:.1}", scene.width)} height={format!("{:.1}", scene.height - bottom)}/>
                if !dropped { <text class="mid" x={format!("{middle:.1}")} y={format!("{:.1}", bottom + 17.0)}>{ text::BIN }</text> }
            </g>
            { way(scene, held, path) }
            <text class="h mid" x={format!("{middle:.1}")} y={format!("{above:.1}")}>{ held.words.clone() }</text>
        </g>
    }
}

/// From where it was sent to where it would be.
fn way(scene: &Scene, held: &Held, path: Path) -> Html {
    let (x1, y1) = path.from;
    let message = &held.arrow.message;
    let line = |(x2, y2): (f64, f64)| format!("M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}");
    let (Fate::Arrives { at_us, .. } | Fate::Twice { at_us }) = held.fate else {
        if held.fate == Fate::Same {
            return Html::default();
        }
        let (x, y) = held.hand;
        let cross = format!("M{:.1} {:.1}l10 10m0-10l-10 10", x - 5.0, y - 5.0);
        return html! { <><path class="way" d={line(held.hand)}/><path class="cross" d={cross}/></> };
    };
    let Some(lane) = scene.y(message.to) else { return Html::default() };
    let edge = if lane > y1 { lane - HALF } else { lane + HALF };
    let to = (scene.reach(at_us), edge);
    let foot = format!("M{:.1} {TOP}V{:.1}", to.0, scene.bottom());
    html! {
        <>
            <path class="then" d={foot}/>
            <path class="way" d={line(to)}/>
            <circle cx={format!("{:.1}", to.0)} cy={format!("{:.1}", to.1)} r="6"/>
        </>
    }
}
