//! The members: a label of words, and a button with the shape of its role.

use glasshouse_sim::view::frame::{Alias, Frame, Keep, Member};
use web_sys::{Element, HtmlElement, KeyboardEvent};
use yew::prelude::*;

use crate::geometry::{Layout, Point, Side, Spot};
use crate::panel::{Emit, Shared, glyph};
use crate::state::{Cutting, Msg};

/// Radius of the election ring.
pub(super) const RING_R: f64 = 29.0;
/// Squares under a name: side and step.
const SQUARE: (f64, f64) = (8.0, 11.0);
/// Most squares under a name, and in a narrow drawing.
const SQUARES_MAX: (usize, usize) = (8, 6);

#[derive(Properties, PartialEq)]
pub(super) struct Props {
    pub(super) frame: Shared<Frame>,
    pub(super) layout: Shared<Layout>,
    /// The drawn moment while a disk is at work, whose time is counted here; else 0.
    pub(super) now_ms: u64,
    pub(super) selected: Option<Alias>,
    pub(super) cutting: Option<Cutting>,
    pub(super) emit: Emit,
}

/// A component of its own, so that it is worked out for each picture and not for each tick of the clock.
#[component]
pub(super) fn Members(props: &Props) -> Html {
    let Props { frame, layout, now_ms, .. } = props;
    html! {
        <>
            { for frame.members.iter().map(|member| label(member, layout, *now_ms)) }
            { for frame.members.iter().enumerate().map(|(nth, member)| body(props, nth, member)) }
        </>
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
fn label(member: &Member, layout: &Layout, now_ms: u64) -> Html {
    let Some(Spot { at, label: side, .. }) = layout.spot(member.alias) else {
        return Html::default();
    };
    let fsync = member
        .fsync_since_us
        .map(|since| format!("fsync {} ms", now_ms.saturating_sub(since / 1_000)));
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
