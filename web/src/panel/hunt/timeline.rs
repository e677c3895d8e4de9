//! A story on its line of time: what was typed above, terms below, the violation at the end.

use yew::prelude::*;

use glasshouse_sim::view::frame::Icon;

use crate::hunt::Told;
use crate::panel::glyph;

/// The picture, in its own units.
const WIDTH: f64 = 720.0;
const LEFT: f64 = 8.0;
const RIGHT: f64 = 28.0;
/// Rows for typed lines, and the place of the line of time under them.
const ROW: f64 = 17.0;
const ROWS: usize = 5;
const AXIS: f64 = ROW * ROWS as f64 + 10.0;
/// Width of a letter of the monospaced face, about.
const LETTER: f64 = 6.7;

/// The pane under the hunt.
pub(super) fn pane(told: &Told) -> Html {
    let tale = &told.tale;
    let span_us = tale.at_us.max(1) as f64;
    let x = |us: u64| LEFT + (WIDTH - LEFT - RIGHT) * (us as f64 / span_us).min(1.0);
    // The last one first, each as low as there is room: what was done in one moment reads downwards.
    let typed = tale.steps.iter().rev().filter(|step| step.done);
    let mut free = [WIDTH; ROWS];
    let labels = typed.filter_map(|step| {
        let at = x(step.time_us);
        let words: String = step.text.chars().take(60).collect();
        let width = words.chars().count() as f64 * LETTER + 12.0;
        let from = at.min(WIDTH - width);
        let row = (0..ROWS).rev().find(|row| from + width <= free[*row])?;
        free[row] = from;
        let y = ROW * row as f64 + 12.0;
        Some(html! {
            <>
                <path d={format!("M{at:.1} {:.1}V{AXIS}", y - 9.0)} stroke="var(--edge)"/>
                <text class="m" x={format!("{:.1}", from + 4.0)} y={y.to_string()}>{ words }</text>
            </>
        })
    });
    let labels: Vec<Html> = labels.collect();
    let leads = tale.steps.iter().filter(|step| step.icon == Icon::Leader);
    let leads: Vec<(u64, u64)> = leads.map(|step| (step.time_us, step.term)).collect();
    let bands = leads.iter().enumerate().map(|(nth, (from_us, term))| {
        let until = leads.get(nth + 1).map_or(tale.at_us, |(us, _)| *us);
        let (from, to) = (x(*from_us), x(until));
        let label = (to - from > 46.0).then(|| html! {
            <text class="d" x={format!("{:.1}", from + 7.0)} y={format!("{:.1}", AXIS + 15.0)}>{ format!("term {term}") }</text>
        });
        html! {
            <g class={glyph::hue(*term)}>
                <rect x={format!("{from:.1}")} y={(AXIS + 4.0).to_string()} width={format!("{:.1}", (to - from).max(2.0))} height="15" class="cell" stroke="none"/>
                <path d={format!("M{from:.1} {}v15", AXIS + 4.0)} stroke="var(--c)" stroke-width="3"/>
                { label }
            </g>
        }
    });
    let end = x(tale.at_us);
    let ticks = (0..=4).map(|nth| {
        let us = tale.at_us * nth / 4;
        html! { <text class={classes!("m", "d3", match nth { 0 => "", 4 => "end", _ => "mid" })} x={format!("{:.1}", x(us))} y={(AXIS + 36.0).to_string()}>{ crate::text::en::seconds(us) }</text> }
    });
    let words = format!("The run over {} of virtual time", crate::text::en::span(tale.at_us));
    html! {
        <section class="pane" aria-label="On its line of time">
            <div class="hd"><h3>{ "On its line of time" }</h3><span>{ "above: what was done; below: who led" }</span></div>
            <svg class="cells" viewBox={format!("0 0 {WIDTH} {}", AXIS + 42.0)} role="img" aria-label={words}>
                { for labels }
                { for bands }
                <path d={format!("M{LEFT} {AXIS}H{end:.1}")} stroke="var(--ink)" stroke-width="1.5"/>
                <path d={format!("M{end:.1} 8V{}", AXIS + 20.0)} stroke="var(--red)" stroke-width="1.5" stroke-dasharray="3 3"/>
                <path transform={format!("translate({end:.1} {AXIS})")} d="M0-8L8 0L0 8L-8 0Z" fill="var(--red)" stroke="var(--panel)" stroke-width="2"/>
                { for ticks }
            </svg>
        </section>
    }
}
