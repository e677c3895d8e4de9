//! The drawing: bars from question to answer, and one line through the points where they take effect.

use std::fmt::Write as _;

use glasshouse_sim::view::call::history::{History, Operation};
use web_sys::{Element, KeyboardEvent};
use yew::prelude::*;

use super::{Emit, Shared};
use crate::history::{Bar, HALF, Msg, Sheet, Way, mark_id};
use crate::panel::glyph;
use crate::state;
use crate::text::en::{self, history as text};

/// Room below the rows: the times.
const FOOT: f64 = 20.0;
/// Width of the names, which stand still when the rest is scrolled.
const HEADS: f64 = 96.0;
/// The sheet's upper edge.
const EDGE: f64 = 6.0;

#[derive(Properties, PartialEq)]
pub(super) struct Props {
    pub(super) history: Shared<History>,
    pub(super) selected: Option<u64>,
    pub(super) emit: Emit,
}

#[component]
pub(super) fn Drawing(props: &Props) -> Html {
    let history = &props.history;
    let sheet = use_memo(history.clone(), |history| Sheet::new(history));
    let pan = use_node_ref();
    // New operations come in at the right: whoever looks there goes on doing so.
    {
        let pan = pan.clone();
        use_effect_with(history.operations.last().map(|one| one.id), move |_| {
            if let Some(pan) = pan.cast::<Element>() {
                pan.set_scroll_left(pan.scroll_width());
            }
        });
    }
    let Sheet { width, height, .. } = *sheet;
    let whole = height + FOOT;
    let row = |y: f64| html! { <line class="row" x1="0" x2="100%" y1={format!("{y:.0}")} y2={format!("{y:.0}")}/> };
    html! {
        <div class="pan" tabindex="0" role="region" aria-label="Operations, scrolls sideways" ref={pan}>
            <svg class="heads" width={HEADS.to_string()} height={whole.to_string()} aria-hidden="true">
                <rect class="behind" width="100%" height="100%"/>
                <path class="sheet" d={format!("M{} {EDGE}H8V{height}H{}", HEADS + 1.0, HEADS + 1.0)}/>
                { for sheet.rows.iter().filter(|row| row.at.is_some()).map(|row| html! {
                    <>
                        <text class="h" x="20" y={format!("{:.0}", row.y - 1.0)}>{ en::short(&row.client, 9) }</text>
                        <text class="d" x="20" y={format!("{:.0}", row.y + 14.0)}>{ row.at.map(|at| format!("at n{at}")) }</text>
                    </>
                }) }
            </svg>
            <svg class="ops" height={whole.to_string()} style={format!("min-width:{:.0}px", width - HEADS)} role="group" aria-label={text::alternative(history, sheet.hidden)}>
                <rect class="sheet" x="-2" y={EDGE.to_string()} width="100%" height={(height - EDGE).to_string()}/>
                { for sheet.rows.iter().map(|one| row(one.y)) }
                <g transform={format!("translate({} 0)", -HEADS)}>
                    { for sheet.stalls.iter().map(|(from, to)| stall(*from, *to, height)) }
                    { for sheet.ticks.iter().map(|(x, us)| html! {
                        <g aria-hidden="true">
                            <path d={format!("M{x:.1} {EDGE}V{height}")} stroke="var(--line)"/>
                            <text class="m d3" x={format!("{x:.1}")} y={format!("{:.0}", height + 15.0)}>{ format!("{} s", en::seconds(*us)) }</text>
                        </g>
                    }) }
                    <path class="order" d={line(&sheet)}/>
                    { for sheet.bars.iter().map(|bar| operation(history, bar, props)) }
                    { for sheet.pins.iter().map(|(x, y)| html! { <circle class="pin" cx={format!("{x:.1}")} cy={format!("{y:.1}")} r="4"/> }) }
                    { broken(&sheet, height) }
                </g>
            </svg>
        </div>
    }
}

fn line(sheet: &Sheet) -> String {
    let mut path = String::new();
    for (nth, (x, y)) in sheet.pins.iter().enumerate() {
        let _ = write!(path, "{}{x:.1} {y:.1}", if nth == 0 { "M" } else { "L" });
    }
    path
}

fn stall(from: f64, to: f64, height: f64) -> Html {
    let width = to - from;
    html! {
        <g aria-hidden="true">
            <rect class="stall" x={format!("{from:.1}")} y={EDGE.to_string()} width={format!("{width:.1}")} height={format!("{:.0}", height - EDGE)}/>
            <path d={format!("M{from:.1} {EDGE}V{height}M{to:.1} {EDGE}V{height}")} stroke="var(--edge)"/>
            if width > text::NO_COMMIT.len() as f64 * 6.5 {
                <text class="d mid" x={format!("{:.1}", from + width / 2.0)} y="22">{ text::NO_COMMIT }</text>
            }
        </g>
    }
}

fn operation(history: &History, bar: &Bar, props: &Props) -> Html {
    let one: &Operation = &history.operations[bar.nth];
    let id = one.id;
    let is_selected = props.selected == Some(id);
    let is_stuck = history.verdict.stuck == Some(id);
    let choose = props.emit.reform(move |_: MouseEvent| state::Msg::History(Msg::Choose(id)));
    let class = classes!(
        "op",
        glyph::hue(one.term),
        one.write.then_some("write"),
        bar.is_open.then_some("open"),
        one.outside.then_some("outside"),
        is_selected.then_some("on"),
        is_stuck.then_some("stuck"),
    );
    let (y, width) = (bar.y - HALF, bar.to - bar.from);
    html! {
        <g key={id} id={mark_id(id)} {class} role="button" tabindex={if is_selected { "0" } else { "-1" }}
            aria-label={text::operation(one)} aria-pressed={is_selected.to_string()} onclick={choose} onkeydown={keys(id, &props.emit)}>
            <rect class="hit" x={format!("{:.1}", bar.from - 3.0)} y={format!("{:.1}", y - 16.0)} width={format!("{:.1}", width.max(24.0) + 6.0)} height="40"/>
            <rect class="bar2" x={format!("{:.1}", bar.from)} y={format!("{y:.1}")} width={format!("{width:.1}")} height={(2.0 * HALF).to_string()} rx="2"/>
            <text class="m" translate="no" x={format!("{:.1}", bar.from)} y={format!("{:.1}", y - 6.0)}>{ one.words.clone() }</text>
        </g>
    }
}

/// Arrows walk through the operations, Enter and Space choose one.
fn keys(id: u64, emit: &Emit) -> Callback<KeyboardEvent> {
    let emit = emit.clone();
    Callback::from(move |event: KeyboardEvent| {
        let msg = match event.key().as_str() {
            "ArrowLeft" => Msg::Move(Way::Earlier),
            "ArrowRight" => Msg::Move(Way::Later),
            "ArrowUp" => Msg::Move(Way::Up),
            "ArrowDown" => Msg::Move(Way::Down),
            "Enter" | " " => Msg::Choose(id),
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        emit.emit(state::Msg::History(msg));
    })
}

/// Where the line breaks: what was known by then, and the answer that shows nothing of it.
fn broken(sheet: &Sheet, height: f64) -> Html {
    let Some(at) = &sheet.breaks else { return Html::default() };
    let known = text::known(at.known_us, at.asked_us);
    // To the left of its line, where there is room.
    let is_left = at.known_x.is_some_and(|x| x - HEADS > known.len() as f64 * 6.5);
    let (class, beside) = if is_left { ("r end", -5.0) } else { ("r", 5.0) };
    html! {
        <g class="broken" aria-hidden="true">
            if let Some(x) = at.known_x {
                <path class="known" d={format!("M{x:.1} {EDGE}V{height}")}/>
                <text {class} x={format!("{:.1}", x + beside)} y={format!("{:.0}", height - 7.0)}>{ known }</text>
            }
            <path class="x" d={format!("M{:.1} {:.1}l8 8m0 -8l-8 8", at.x - 4.0, at.y - 4.0)}/>
        </g>
    }
}
