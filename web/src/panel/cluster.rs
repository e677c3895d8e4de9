//! The drawing: a sheet of glass with the cluster on it.
//!
//! Members and links as they are, messages as they fly, a cut as a gap in the sheet. A drag on
//! the empty sheet draws a cut; members are buttons, one tab stop, arrows go around the ring.

use glasshouse_sim::view::frame::{Alias, Frame, Keep, Life, Link, Member};
use web_sys::{Element, HtmlElement, KeyboardEvent, PointerEvent};
use yew::prelude::*;

use super::{Emit, Shared, glyph, traffic};
use crate::geometry::{self, Layout, Line, MARGIN, Point, Side, Spot};
use crate::state::{Cutting, Msg};
use crate::text::en as text;

/// Radius of the election ring and of the mark around the selected member.
const RING_R: f64 = 29.0;
/// Squares under a name: side and step.
const SQUARE: (f64, f64) = (8.0, 11.0);
/// Most squares under a name, and in a narrow drawing.
const SQUARES_MAX: (usize, usize) = (8, 6);

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
    html! {
        <div class="sheetbox" id="sheet" ref={node} {onpointerdown} {onpointermove} onpointerup={end.clone()} onpointercancel={end}>
            if width > 0.0 {
                <svg class="draw" viewBox={format!("0 0 {width:.0} {height:.0}")} role="group"
                    aria-label="Drawing of the cluster" aria-describedby="drawing-in-words">
                    { sheet(frame, layout) }
                    { links(frame, layout) }
                    { traffic::clients(frame, layout, props.now_us) }
                    { traffic::messages(&props.ahead, layout, props.now_us) }
                    { for frame.members.iter().map(|member| label(member, layout, props.now_us)) }
                    { for frame.members.iter().enumerate().map(|(nth, member)| body(props, nth, member)) }
                    { cut_words(frame, layout, props.now_us) }
                    if let Some(line) = props.cutting.as_ref().and_then(|cutting| cutting.line) { { stroke(line) } }
                    if props.callouts { { callouts(frame, layout) } }
                </svg>
            }
            <p class="sr" id="drawing-in-words">{ frame.alternative.clone() }</p>
        </div>
    }
}

/// The sheet of glass, and the gaps in it.
fn sheet(frame: &Frame, layout: &Layout) -> Html {
    // The gap covers the sheet's edge too, and not one pixel of the bench beyond.
    let (x, y) = (MARGIN - 1.0, 1.0);
    let (width, height) = ((layout.width - 2.0 * x).max(0.0), (layout.height - 8.0).max(0.0));
    let gaps: String = layout.cuts.iter().map(|line| geometry::path(*line)).collect();
    let since = frame.cut.as_ref().map_or(0, |cut| cut.since_us);
    html! {
        <>
            <rect class="sheet" x={MARGIN.to_string()} y="2" width={(width - 2.0).max(0.0).to_string()} height={(height - 2.0).max(0.0).to_string()}/>
            if !gaps.is_empty() {
                <svg key={since} class="gaps" x={x.to_string()} y={y.to_string()} width={width.to_string()} height={height.to_string()} viewBox={format!("{x} {y} {width} {height}")}>
                    <path class="gap-edge" d={gaps.clone()}/>
                    <path class="gap" d={gaps}/>
                </svg>
            }
        </>
    }
}

/// "cut 1.400 s ago", at the foot of the gap.
fn cut_words(frame: &Frame, layout: &Layout, now_us: f64) -> Html {
    let (Some(cut), Some(line)) = (&frame.cut, layout.cuts.first()) else { return Html::default() };
    let y = layout.height - 18.0;
    let slope = (line.1.x - line.0.x) / (line.1.y - line.0.y);
    let x = line.0.x + slope * (y - line.0.y);
    if !(MARGIN + 110.0..layout.width - MARGIN).contains(&x) || layout.narrow {
        return Html::default();
    }
    let ago = (now_us - cut.since_us as f64).max(0.0) / 1e6;
    html! { <text class="d end num" x={format!("{:.1}", x - 16.0)} y={y.to_string()}>{ format!("cut {ago:.3} s ago") }</text> }
}

/// Every pair of members: a line, dotted when one end is down, ending in a bar at a cut.
fn links(frame: &Frame, layout: &Layout) -> Html {
    let members = &frame.members;
    let pairs = members
        .iter()
        .enumerate()
        .flat_map(|(nth, a)| members[nth + 1..].iter().map(move |b| (a, b)));
    pairs.map(|(a, b)| link(frame, layout, a, b)).collect()
}

fn link(frame: &Frame, layout: &Layout, a: &Member, b: &Member) -> Html {
    let runs = |member: &Member| !matches!(member.life, Life::Down | Life::Halted);
    let find =
        |from: Alias, to: Alias| frame.links.iter().find(|link| link.from == from && link.to == to);
    let ways = [find(a.alias, b.alias), find(b.alias, a.alias)];
    let stubs = layout.link(a.alias, b.alias);
    let slow = ways.iter().flatten().any(|way| way.delay_us > 0 || way.loss_percent > 0);
    let class = classes!("link", (!(runs(a) && runs(b))).then_some("off"), slow.then_some("slow"));
    let whole = stubs.len() == 1;
    html! {
        <g key={format!("link-{}-{}", a.alias, b.alias)}>
            { for stubs.iter().map(|stub| html! {
                <>
                    <path class={class.clone()} d={geometry::path((stub.from, stub.to))}/>
                    if let Some(bar) = geometry::bar(stub).filter(|_| runs(a) && runs(b)) { <path class="bar" d={bar}/> }
                </>
            }) }
            if whole { { for ways.iter().flatten().map(|way| fault(way, layout)) } }
        </g>
    }
}

/// One direction of a link that is blocked or slow: a barb or a word on its lane.
fn fault(link: &Link, layout: &Layout) -> Html {
    let Some(lane) = layout.lane(link.from, link.to) else { return Html::default() };
    let at = geometry::along(lane, 0.5);
    let turn = (lane.1.y - lane.0.y).atan2(lane.1.x - lane.0.x).to_degrees();
    let words = match (link.cut, link.delay_us, link.loss_percent) {
        (true, ..) => None,
        (_, 0, 0) => return Html::default(),
        (_, 0, loss) => Some(format!("loses {loss} %")),
        (_, delay, _) => Some(format!("+{}", text::span(delay))),
    };
    html! {
        <g transform={format!("translate({:.1} {:.1})", at.x, at.y)}>
            if link.cut { <path class="bar" transform={format!("rotate({turn:.0})")} d="M0-9V9M-7-5L0 0L-7 5"/> }
            if let Some(words) = words { <text class="d mid" y="-4">{ words }</text> }
        </g>
    }
}

/// A member: a button whose name is its state.
fn body(props: &Props, nth: usize, member: &Member) -> Html {
    let Some(Spot { at, .. }) = props.layout.spot(member.alias) else { return Html::default() };
    let alias = member.alias;
    let selected = props.selected == Some(alias);
    let first = props.selected.is_none() && nth == 0;
    let aside = props.cutting.as_ref().is_some_and(|cutting| cutting.side.contains(&alias));
    let choosing = props.cutting.as_ref().is_some_and(|cutting| cutting.choosing);
    let scale = if props.layout.crowded && props.layout.narrow { 0.8 } else { 1.0 };
    let press = {
        let emit = props.emit.clone();
        move |at: Point| emit.emit(Msg::Press(alias, at))
    };
    let onclick = {
        let press = press.clone();
        Callback::from(move |event: MouseEvent| {
            press(Point::new(f64::from(event.client_x()), f64::from(event.client_y())));
        })
    };
    let oncontextmenu = {
        let emit = props.emit.clone();
        Callback::from(move |event: MouseEvent| {
            event.prevent_default();
            let at = Point::new(f64::from(event.client_x()), f64::from(event.client_y()));
            emit.emit(Msg::Select(Some(alias)));
            emit.emit(Msg::Press(alias, at));
        })
    };
    let order: Vec<Alias> = props.frame.members.iter().map(|member| member.alias).collect();
    let onkeydown = keys(order, nth, press, props.emit.clone(), choosing);
    html! {
        <g key={format!("member-{alias}")} id={format!("member-{alias}")} role="button"
            tabindex={if selected || first { "0" } else { "-1" }}
            class={classes!("mem", glyph::hue(member.term), glyph::state_class(member.role, member.life), selected.then_some("on"))}
            aria-label={member.spoken.clone()} aria-pressed={choosing.then(|| aside.to_string())}
            transform={format!("translate({:.1} {:.1}) scale({scale})", at.x, at.y)} {onclick} {oncontextmenu} {onkeydown}>
            <circle class="hit" r="34"/>
            <circle class="sel0" r="34"/>
            if aside { <circle class="pick" r="38"/> }
            { ring(member) }
            { glyph::body(member.role, member.life) }
            <text class="nm">{ format!("n{alias}") }</text>
        </g>
    }
}

/// Enter and Space press, arrows go around the ring.
fn keys(
    order: Vec<Alias>,
    nth: usize,
    press: impl Fn(Point) + 'static,
    emit: Emit,
    choosing: bool,
) -> Callback<KeyboardEvent> {
    Callback::from(move |event: KeyboardEvent| {
        let step = match event.key().as_str() {
            "Enter" if choosing => return,
            "Enter" | " " => {
                let rect =
                    event.target_dyn_into::<Element>().map(|on| on.get_bounding_client_rect());
                let at = rect
                    .map_or_else(Point::default, |rect| Point::new(rect.right(), rect.bottom()));
                event.prevent_default();
                event.stop_propagation();
                return press(at);
            }
            "ArrowRight" | "ArrowDown" => 1,
            "ArrowLeft" | "ArrowUp" => order.len() - 1,
            _ => return,
        };
        event.prevent_default();
        let next = order[(nth + step) % order.len()];
        if !choosing {
            emit.emit(Msg::Select(Some(next)));
        }
        let document = web_sys::window().and_then(|window| window.document());
        let element = document.and_then(|page| page.get_element_by_id(&format!("member-{next}")));
        if let Some(element) = element {
            let _ = wasm_bindgen::JsCast::unchecked_into::<HtmlElement>(element).focus();
        }
    })
}

/// The election ring: it shrinks until this member calls an election.
fn ring(member: &Member) -> Html {
    if member.timeout_ms == 0 {
        return Html::default();
    }
    let left = 1.0 - (member.elapsed_ms as f64 / member.timeout_ms as f64).clamp(0.0, 1.0);
    let round = std::f64::consts::TAU * RING_R;
    html! {
        <>
            <circle class="arc0" r={RING_R.to_string()}/>
            <circle class="arc" r={RING_R.to_string()} transform="rotate(-90)"
                stroke-dasharray={format!("{:.1} {round:.1}", round * left)}/>
        </>
    }
}

/// The label beside a member: role, commit, fsync, and the squares of its disk.
fn label(member: &Member, layout: &Layout, now_us: f64) -> Html {
    let Some(Spot { at, label: side, .. }) = layout.spot(member.alias) else {
        return Html::default();
    };
    let fsync = member
        .fsync_since_us
        .map(|since| format!("fsync {:.0} ms", (now_us - since as f64).max(0.0) / 1_000.0));
    let mut lines: Vec<(&str, String)> = vec![("h", member.label[0].clone())];
    if !member.cluster.is_empty() {
        // Several clusters are in the world: the beginning of an id tells them apart.
        let id: String = member.cluster.chars().take(6).collect();
        lines.push(("d", format!("cluster {id}")));
    }
    if !layout.crowded {
        let short = member.label[1].strip_prefix("commit ").filter(|_| layout.narrow);
        lines.push(("d", short.unwrap_or(&member.label[1]).to_owned()));
        lines.extend(fsync.filter(|_| !layout.narrow).map(|words| ("d", words)));
    }
    let (x, y, anchor) = match side {
        Side::Left => (at.x - 44.0, at.y - 18.0, "end"),
        Side::Right => (at.x + 44.0, at.y - 18.0, "start"),
        Side::Above | Side::Below => {
            // A long label at the sheet's edge gives way inwards.
            let longest = lines.iter().map(|(_, words)| words.chars().count()).max().unwrap_or(0);
            let half = (3.7 * longest as f64 + 2.0).min(layout.width / 2.0);
            let y = if side == Side::Above { at.y - 46.0 } else { at.y + 44.0 };
            (at.x.clamp(half, layout.width - half), y, "middle")
        }
    };
    let rows = lines.len() as f64;
    let gone = layout.crowded && layout.narrow;
    html! {
        <g key={format!("label-{}", member.alias)} class={glyph::hue(member.term)} aria-hidden="true">
            { for lines.into_iter().enumerate().map(|(row, (class, words))| html! {
                <text {class} x={format!("{x:.1}")} y={format!("{:.1}", y + 16.0 * row as f64)} text-anchor={anchor}>{ words }</text>
            }) }
            if !gone { { squares(member, layout, Point::new(x, y + 16.0 * rows - 9.0), side) } }
        </g>
    }
}

fn squares(member: &Member, layout: &Layout, at: Point, side: Side) -> Html {
    let most = if layout.narrow { SQUARES_MAX.1 } else { SQUARES_MAX.0 };
    let shown = &member.squares[member.squares.len().saturating_sub(most)..];
    let width = SQUARE.1 * shown.len() as f64 - (SQUARE.1 - SQUARE.0);
    let left = match side {
        Side::Left => at.x - width,
        Side::Right => at.x,
        Side::Above | Side::Below => at.x - width / 2.0,
    };
    let one = |(nth, square): (usize, &glasshouse_sim::view::frame::Square)| {
        let class = match square.keep {
            Keep::Durable => "dur",
            Keep::Cached => "cach",
            Keep::Lost => "lost",
        };
        html! {
            <g class={glyph::hue(square.term)}>
                <rect {class} x={format!("{:.1}", left + SQUARE.1 * nth as f64 + 0.5)} y={format!("{:.1}", at.y)} width="8" height="8"/>
            </g>
        }
    };
    shown.iter().enumerate().map(one).collect()
}

/// The line under the finger.
fn stroke(line: Line) -> Html {
    html! { <path class="stroke-new" d={geometry::path(line)}/> }
}

/// First visit: what a hexagon and a ring are.
fn callouts(frame: &Frame, layout: &Layout) -> Html {
    if layout.narrow || layout.crowded || layout.height < 240.0 {
        return Html::default();
    }
    let leader = crate::state::leader(frame);
    let others = frame.members.iter().map(|member| member.alias);
    let others =
        others.filter(|alias| Some(*alias) != leader).filter_map(|alias| layout.spot(alias));
    let Some(first) = leader.and_then(|alias| layout.spot(alias)) else { return Html::default() };
    // The other one stands as far away as it can, so that the two texts never meet.
    let far = |spot: &Spot| (spot.at.x - first.at.x).abs() + 3.0 * (spot.at.y - first.at.y).abs();
    let second = others.max_by(|a, b| far(a).total_cmp(&far(b)));
    html! {
        <g aria-hidden="true">
            { callout(layout, first, 25.0, "Six corners: a leader", "Press K and it is gone.") }
            if let Some(second) = second {
                { callout(layout, second, RING_R, "The ring: patience", "When it is empty: an election.") }
            }
        </g>
    }
}

/// Two lines of text in a free place near a member, and a line to its shape: in the corner of the
/// sheet, or, where the member's label lies between, on its inner side.
fn callout(
    layout: &Layout,
    spot: Spot,
    radius: f64,
    title: &'static str,
    words: &'static str,
) -> Html {
    let Spot { at, label, .. } = spot;
    let top = at.y < layout.height / 2.0;
    let outermost = at.x < layout.width * 0.25;
    let y = if top { 26.0 } else { layout.height - 38.0 };
    let (x, edge) = match label {
        Side::Left if outermost => (MARGIN + 16.0, MARGIN + 100.0),
        Side::Left => (at.x + 76.0, at.x + 72.0),
        Side::Right | Side::Above | Side::Below => (at.x + 76.0, at.x + 72.0),
    };
    let edge = Point::new(edge, if outermost { if top { y + 22.0 } else { y - 16.0 } } else { y });
    let way = Point::new(edge.x - at.x, edge.y - at.y);
    let length = way.x.hypot(way.y).max(1.0);
    let mark = Point::new(at.x + way.x / length * radius, at.y + way.y / length * radius);
    html! {
        <>
            <path class="callout" d={geometry::path((edge, mark))}/>
            <circle cx={mark.x.to_string()} cy={mark.y.to_string()} r="2.5"/>
            <text class="h" x={x.to_string()} y={y.to_string()}>{ title }</text>
            <text class="d" x={x.to_string()} y={(y + 16.0).to_string()}>{ words }</text>
        </>
    }
}
