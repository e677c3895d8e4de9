//! The drawing: lanes, bands, cuts, arrows, marks and the clock, in one SVG that scrolls sideways. The
//! names of the lanes stand still at its left.

use std::collections::BTreeSet;

use glasshouse_sim::view::spacetime::{Seq, Slice, tell};
use yew::prelude::*;

use super::ghost::{Ghost, Held};
use super::{arrows, gestures, hand, lanes, marks};
use crate::panel::{Emit, Shared, glyph};
use crate::spacetime::scene::{CUT, Scene, TOP};
use crate::spacetime::{Group, Msg};
use crate::state;
use crate::text::en::{self, spacetime as text};

/// Width of the names.
pub(super) const HEADS: f64 = 104.0;

/// What is drawn anew only when it changes: not for every step of a hand.
#[derive(Clone, Properties, PartialEq)]
pub(super) struct Props {
    pub(super) scene: Scene,
    pub(super) slice: Shared<Slice>,
    pub(super) past: Shared<BTreeSet<Seq>>,
    pub(super) hidden: BTreeSet<Group>,
    pub(super) only_past: bool,
    pub(super) chosen: Option<Seq>,
    /// The message whose arrow is in the hand, or a copy of it.
    pub(super) held: Option<(u64, bool)>,
    pub(super) emit: Emit,
}

impl Props {
    /// Whether this happened before the chosen event, or is it.
    pub(super) fn in_past(&self, seq: Option<Seq>) -> bool {
        seq.is_some_and(|seq| self.past.contains(&seq))
    }

    /// A handler that chooses an event.
    pub(super) fn choose(&self, seq: Option<Seq>) -> Callback<MouseEvent> {
        self.tell(move || Msg::Choose(seq))
    }

    /// A handler for a click, which is nobody else's.
    fn tell(&self, msg: impl Fn() -> Msg + 'static) -> Callback<MouseEvent> {
        self.emit.reform(move |event: MouseEvent| {
            event.stop_propagation();
            state::Msg::Space(msg())
        })
    }
}

/// The drawing, and what a hand holds over it.
#[derive(Properties, PartialEq)]
pub(super) struct Whole {
    pub(super) still: Props,
    pub(super) held: Option<Held>,
}

/// The region that scrolls.
#[component]
pub(super) fn Drawing(Whole { still: props, held }: &Whole) -> Html {
    let pan = use_node_ref();
    let emit = props.emit.reform(state::Msg::Space);
    gestures::use_gestures(&pan, props.scene.width, &emit);
    hand::use_hand(&pan, &emit);
    let Scene { width, height, .. } = props.scene;
    let size = (format!("{width:.0}"), format!("{height:.0}"));
    html! {
        <div class="pan" ref={pan} id="pan" tabindex="0" role="region" aria-label={text::REGION}>
            <svg class="heads" width={HEADS.to_string()} height={size.1.clone()} aria-hidden="true">{ lanes::heads(props) }</svg>
            <svg class="spacetime" id="drawing" width={size.0.clone()} height={size.1.clone()} viewBox={format!("0 0 {} {}", size.0, size.1)}
                role="img" aria-label={tell::summary(&props.slice)} onclick={props.choose(None)}>
                <Still ..props.clone()/>
                if let Some(held) = held { <Ghost scene={props.scene.clone()} held={held.clone()}/> }
            </svg>
        </div>
    }
}

/// All that the run itself is.
#[component]
fn Still(props: &Props) -> Html {
    html! {
        <>
            { glyph::hatches("st") }
            { sheet(props) }
            { lanes::lanes(props) }
            { gaps(props) }
            { arrows::arrows(props) }
            { marks::marks(props) }
            { clock(&props.scene, props.slice.to_us) }
        </>
    }
}

/// The sheet, its moments, and the cuts that part it.
fn sheet(props: &Props) -> Html {
    let scene = &props.scene;
    let (bottom, width) = (scene.bottom(), scene.width);
    html! {
        <>
            <rect class="sheet" x="-2" y={TOP.to_string()} width={format!("{:.1}", width + 4.0)} height={format!("{:.1}", bottom - TOP)}/>
            { for scene.ticks().into_iter().map(|(us, x)| html! {
                <>
                    <path d={format!("M{x:.1} {TOP}V{bottom:.1}")} stroke="var(--line)"/>
                    <text class="m d3 mid" x={format!("{x:.1}")} y={format!("{:.1}", bottom + 17.0)}>{ en::seconds(us) }</text>
                </>
            }) }
            { for scene.cuts.iter().map(|(from, to, y)| html! {
                <>
                    <rect class="parted" x={format!("{from:.1}")} y={format!("{:.1}", y - CUT)} width={format!("{:.1}", (to - from).max(1.0))} height={(CUT * 2.0).to_string()}/>
                    <path class="rim" d={format!("M{from:.1} {:.1}H{to:.1}M{from:.1} {:.1}H{to:.1}", y - CUT, y + CUT)}/>
                </>
            }) }
        </>
    }
}

/// Silence, folded: a gap in the sheet that says what it holds, and opens on a click.
fn gaps(props: &Props) -> Html {
    let scene = &props.scene;
    let (bottom, middle) = (scene.bottom(), (scene.bottom() + TOP) / 2.0);
    let gaps = scene.parts.iter().filter_map(|part| Some((part, part.0.folded?)));
    gaps.map(|((part, from, to), folded)| {
        let at = part.from_us;
        let open = props.tell(move || Msg::Unfold(at));
        let x = (from + to) / 2.0;
        let words = text::folded(part.to_us - part.from_us, &folded);
        html! {
            <g class="fold" onclick={open}>
                <title>{ format!("{words}. Click to open") }</title>
                <rect x={format!("{from:.1}")} y={(TOP - 1.0).to_string()} width={format!("{:.1}", to - from)} height={format!("{:.1}", bottom - TOP + 2.0)}/>
                <path class="rim" d={format!("M{from:.1} {TOP}V{bottom:.1}M{to:.1} {TOP}V{bottom:.1}")}/>
                <text class="d mid" transform={format!("translate({:.1} {middle:.1}) rotate(-90)", x + 4.0)}>{ words }</text>
            </g>
        }
    })
    .collect()
}

/// Where the clock stands.
fn clock(scene: &Scene, now_us: u64) -> Html {
    let (x, bottom) = (scene.x(now_us), scene.bottom());
    html! {
        <g class="now">
            <path d={format!("M{x:.1} 2V{bottom:.1}")} stroke="var(--ink)" stroke-width="2"/>
            <path d={format!("M{x:.1} 10l-6-8h12z")}/>
        </g>
    }
}
