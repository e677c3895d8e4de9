//! How a catch got small: lines that are left, over the runs that it took.

use std::fmt::Write as _;

use yew::prelude::*;

use crate::hunt::{Hunts, Stage};
use crate::text::en::{self, hunt as text};

/// The picture, and the part of it that the curve fills.
const SIZE: (f64, f64) = (340.0, 132.0);
const LEFT: f64 = 30.0;
const TOP: f64 = 16.0;
const RIGHT: f64 = 12.0;
const BOTTOM: f64 = 18.0;

/// The pane: empty, at work, or the curve as far as it is shown.
pub(super) fn pane(hunts: &Hunts) -> Html {
    let told = hunts.told.as_ref().filter(|told| told.tale.shrinking.len() > 1);
    let shrinking = hunts.chase.as_ref().is_some_and(|chase| chase.stage == Stage::Shrinking);
    let inner = match told {
        Some(told) => {
            let tale = &told.tale;
            let words = text::made_small(&tale.shrinking, tale.runs);
            html! {
                <>
                    <div class="hd"><h3>{ "Made small" }</h3><span class="num" id="made-small">{ words.clone() }</span></div>
                    <svg class="curve" viewBox={format!("0 0 {} {}", SIZE.0, SIZE.1)} role="img" aria-label={words}>
                        { curve(&tale.shrinking, tale.runs, hunts.played) }
                    </svg>
                </>
            }
        }
        None => html! {
            <>
                <div class="hd"><h3>{ "Made small" }</h3></div>
                <p class="in">{ if shrinking { text::MAKING_SMALL } else { text::NOT_SMALL_YET } }</p>
            </>
        },
    };
    html! { <section class="pane" aria-label="Made small">{ inner }</section> }
}

/// Axes and steps, as far as they are played: from 0 to 1.
fn curve(shrinking: &[(u32, u32)], runs: u32, played: f64) -> Html {
    let most = shrinking.iter().map(|(_, lines)| *lines).max().unwrap_or(1);
    let top = nice(most);
    let width = SIZE.0 - LEFT - RIGHT;
    let height = SIZE.1 - TOP - BOTTOM;
    let x = |run: f64| LEFT + width * run / f64::from(runs.max(1));
    let y = |lines: f64| TOP + height * (1.0 - lines / f64::from(top));
    let shown = played * f64::from(runs);
    let (mut path, mut lines, mut at) = (String::new(), most, 0.0);
    for (run, left) in shrinking.iter().filter(|(run, _)| f64::from(*run) <= shown) {
        at = f64::from(*run);
        lines = *left;
        let to = if path.is_empty() { 'M' } else { 'H' };
        let _ = match to {
            'M' => write!(path, "M{:.1} {:.1}", x(at), y(f64::from(lines))),
            _ => write!(path, "H{:.1}V{:.1}", x(at), y(f64::from(lines))),
        };
    }
    let _ = write!(path, "H{:.1}", x(shown.max(at)));
    let grid = (0..=2).map(|nth| top * nth / 2).map(|lines| {
        let y = y(f64::from(lines));
        html! {
            <>
                <path d={format!("M{LEFT} {y:.1}H{}", SIZE.0 - RIGHT)} stroke="var(--line)"/>
                <text class="m d3 end" x={(LEFT - 5.0).to_string()} y={format!("{:.1}", y + 4.0)}>{ lines }</text>
            </>
        }
    });
    let end = (x(shown.max(at)), y(f64::from(lines)));
    let late = end.0 > SIZE.0 / 2.0;
    html! {
        <>
            { for grid }
            <text class="m d3" x={LEFT.to_string()} y={(SIZE.1 - 3.0).to_string()}>{ "run 0" }</text>
            <text class="m d3 end" x={(SIZE.0 - RIGHT).to_string()} y={(SIZE.1 - 3.0).to_string()}>{ runs }</text>
            <path d={path} fill="none" stroke="var(--ink)" stroke-width="2"/>
            <circle cx={format!("{:.1}", end.0)} cy={format!("{:.1}", end.1)} r="3.5"/>
            <text class={classes!("h", late.then_some("end"))} x={format!("{:.1}", end.0 + if late { 0.0 } else { 8.0 })}
                y={format!("{:.1}", end.1 - 8.0)}>{ en::count(lines.into(), "line") }</text>
        </>
    }
}

/// The next number that two even parts look well on.
fn nice(most: u32) -> u32 {
    [4, 10, 20, 40, 60, 100, 200, 400, 1_000].into_iter().find(|top| *top >= most).unwrap_or(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_fits() {
        assert_eq!([nice(1), nice(37), nice(60), nice(5_000)], [4, 40, 60, 5_000]);
    }
}
