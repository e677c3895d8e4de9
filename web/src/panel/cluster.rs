//! The drawing: a sheet of glass with the cluster on it.
//!
//! Members and links as they are, messages as they fly, a cut as a gap in the sheet. A drag on
//! the empty sheet draws a cut; members are buttons, one tab stop, arrows go around the ring.

use glasshouse_sim::view::frame::{Alias, Frame};
use web_sys::{Element, PointerEvent};
use yew::prelude::*;

use super::{Emit, Shared, traffic};
use crate::geometry::{self, Layout, Line, MARGIN, Point};
use crate::state::{Cutting, Msg};

mod callout;
mod ground;
mod member;

use ground::Ground;
use member::Members;

/// What the drawing shows.
#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    /// Members and links at the drawn moment.
    pub(crate) frame: Shared<Frame>,
    /// What is known of the messages around it.
    pub(crate) ahead: Shared<Frame>,
    pub(crate) layout: Shared<Layout>,
    /// The drawn moment, in virtual microseconds.
    pub(crate) now_us: f64,
    /// The moment that words tell, which change only so often that somebody can read them.
    pub(crate) read_us: u64,
    pub(crate) selected: Option<Alias>,
    pub(crate) cutting: Option<Cutting>,
    /// First visit: say what the shapes are.
    pub(crate) callouts: bool,
    pub(crate) emit: Emit,
}

#[component]
pub(crate) fn Cluster(props: &Props) -> Html {
    let node = use_node_ref();
    let start = use_mut_ref(|| None::<Point>);
    let place = {
        let node = node.clone();
        move |event: &PointerEvent| {
            let corner = node.cast::<Element>().map(|element| element.get_bounding_client_rect());
            let (left, top) = corner.map_or((0.0, 0.0), |rect| (rect.left(), rect.top()));
            Point::new(f64::from(event.client_x()) - left, f64::from(event.client_y()) - top)
        }
    };
    let onpointerdown = {
        let (start, place) = (start.clone(), place.clone());
        Callback::from(move |event: PointerEvent| {
            let bare = event
                .target_dyn_into::<Element>()
                .is_some_and(|on| on.closest(".mem").ok().flatten().is_none());
            if bare && event.is_primary() && event.button() == 0 {
                start.replace(Some(place(&event)));
            }
        })
    };
    let onpointermove = {
        let (start, place, emit, node) =
            (start.clone(), place.clone(), props.emit.clone(), node.clone());
        Callback::from(move |event: PointerEvent| {
            if let Some(from) = *start.borrow() {
                if let Some(sheet) = node.cast::<Element>() {
                    let _ = sheet.set_pointer_capture(event.pointer_id());
                }
                emit.emit(Msg::CutDraw((from, place(&event))));
            }
        })
    };
    let end = {
        let (start, emit) = (start, props.emit.clone());
        Callback::from(move |_: PointerEvent| {
            if start.take().is_some() {
                emit.emit(Msg::CutEnd);
            }
        })
    };
    let Props { frame, layout, .. } = props;
    let (width, height) = (layout.width, layout.height);
    let pane = format!("0 0 {width:.0} {height:.0}");
    let writing = frame.members.iter().any(|member| member.fsync_since_us.is_some());
    let read_us = props.read_us;
    html! {
        <div class="sheetbox" id="sheet" ref={node} {onpointerdown} {onpointermove} onpointerup={end.clone()} onpointercancel={end}>
            // Three panes of glass: what moves is drawn anew in each picture, and nothing else with it.
            if width > 0.0 {
                <svg class="draw" viewBox={pane.clone()} aria-hidden="true">
                    <Ground frame={frame.clone()} layout={layout.clone()}/>
                </svg>
                <svg class="draw moving" viewBox={pane.clone()} aria-hidden="true">
                    // A pane of one size, whatever is on it: else the browser would arrange its layers anew each time.
                    <rect class="whole" width="100%" height="100%"/>
                    { traffic::clients(frame, layout, props.now_us, read_us) }
                    { traffic::messages(&props.ahead, layout, props.now_us) }
                    { cut_words(frame, layout, read_us) }
                </svg>
                <svg class="draw" viewBox={pane} role="group" aria-label="Drawing of the cluster" aria-describedby="drawing-in-words">
                    <Members frame={frame.clone()} layout={layout.clone()} now_ms={if writing { read_us / 1_000 } else { 0 }}
                        selected={props.selected} cutting={props.cutting.clone()} emit={props.emit.clone()}/>
                    if let Some(line) = props.cutting.as_ref().and_then(|cutting| cutting.line) { { stroke(line) } }
                    if props.callouts { { callout::both(frame, layout) } }
                </svg>
            }
            <p class="sr" id="drawing-in-words">{ frame.alternative.clone() }</p>
        </div>
    }
}

/// The line under the finger.
fn stroke(line: Line) -> Html {
    html! { <path class="stroke-new" d={geometry::path(line)}/> }
}

/// "cut 1.400 s ago", at the foot of the gap.
fn cut_words(frame: &Frame, layout: &Layout, read_us: u64) -> Html {
    let (Some(cut), Some(line)) = (&frame.cut, layout.cuts.first()) else { return Html::default() };
    let y = layout.height - 18.0;
    let slope = (line.1.x - line.0.x) / (line.1.y - line.0.y);
    let x = line.0.x + slope * (y - line.0.y);
    if !(MARGIN + 110.0..layout.width - MARGIN).contains(&x) || layout.narrow {
        return Html::default();
    }
    let ago = read_us.saturating_sub(cut.since_us) as f64 / 1e6;
    html! { <text class="d end num" x={format!("{:.1}", x - 16.0)} y={y.to_string()}>{ format!("cut {ago:.3} s ago") }</text> }
}
