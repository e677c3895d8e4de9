//! The drawing: two sheets over one axis of time, and the line where they part.

use glasshouse_sim::view::call::compare::{Comparison, Fate, Lane};
use glasshouse_sim::view::frame::Down;
use yew::prelude::*;

use crate::compare::scene::{HALF, SIDES, Scene, WIDTH};
use crate::panel::glyph;
use crate::text::en::{self, compare as text};
use crate::timeline::Branch;

/// A part of the drawing of one run.
struct Strip<'a> {
    scene: &'a Scene,
    side: usize,
    fate: &'a Fate,
    end_us: u64,
}

pub(super) fn drawing(comparison: &Comparison, branches: [&Branch; 2]) -> Html {
    let ends = branches.map(|branch| branch.end.time_us);
    let scene = Scene::new(comparison, ends);
    let (width, height) = (format!("{WIDTH:.0}"), format!("{:.0}", scene.height()));
    let strips = comparison
        .runs
        .iter()
        .enumerate()
        .map(|(side, fate)| strip(&Strip { scene: &scene, side, fate, end_us: ends[side] }));
    let names = branches.iter().zip([0, 1]).map(|(branch, side)| {
        let y = format!("{:.1}", scene.top(side) + 20.0);
        html! { <text class="h name" translate="no" x="20" {y}>{ en::short(&branch.name, 26) }</text> }
    });
    html! {
        <div class="pan" tabindex="0" role="region" aria-label={text::REGION}>
            <svg class="fates" viewBox={format!("0 0 {width} {height}")} role="img"
                aria-label={text::summary(comparison, branches.map(|branch| branch.name.as_str()))}>
                { glyph::hatches("cp") }
                { for strips }
                { axis(&scene) }
                if let Some(differs_us) = comparison.differs_us { { parting(&scene, differs_us, comparison.same_events) } }
                { for names }
            </svg>
        </div>
    }
}

fn strip(strip: &Strip<'_>) -> Html {
    let Strip { scene, side, fate, .. } = strip;
    let (top, bottom) = (scene.top(*side), scene.bottom(*side));
    let what = fate.line.as_deref().unwrap_or(&fate.first);
    html! {
        <>
            <path class="sheet" d={format!("M{} {top:.1}H{}V{bottom:.1}H{}Z", SIDES.0, SIDES.1, SIDES.0)}/>
            <text class="d" translate={fate.line.as_ref().map(|_| "no")} x="250" y={format!("{:.1}", top + 20.0)}>{ en::short(what, 100) }</text>
            { for fate.lanes.iter().enumerate().map(|(nth, one)| lane(strip, nth, one)) }
            { for fate.marks.cuts.iter().filter(|cut| cut.to_us.is_none_or(|to| scene.shows(to))).map(|cut| {
                let (from, to) = (scene.x(cut.from_us), scene.x(cut.to_us.unwrap_or(strip.end_us)));
                let y = top + 28.0;
                html! {
                    <>
                        <rect class="parted" x={format!("{from:.1}")} y={format!("{y:.1}")} width={format!("{:.1}", (to - from).max(2.0))} height="7"/>
                        <text class="d end" x={format!("{:.1}", from - 8.0)} y={format!("{:.1}", y + 8.0)}>{ "cut" }</text>
                    </>
                }
            }) }
            { commits(strip) }
        </>
    }
}

fn lane(strip: &Strip<'_>, nth: usize, lane: &Lane) -> Html {
    let Strip { scene, side, fate, end_us, .. } = strip;
    let y = scene.y(*side, nth);
    let (top, high) = (format!("{:.1}", y - HALF), (HALF * 2.0).to_string());
    let mine = |down: &&Down| down.member == lane.alias;
    let is_down = fate.marks.downs.iter().filter(mine).any(|down| down.to_us.is_none());
    html! {
        <>
            <text class="h" x="24" y={format!("{:.1}", y + 4.0)}>{ format!("n{}", lane.alias) }</text>
            if is_down { <text class="d" x="48" y={format!("{:.1}", y + 4.0)}>{ "down" }</text> }
            { for scene.bands(lane, *end_us).into_iter().map(|band| {
                let (x, width) = (format!("{:.1}", band.from), format!("{:.1}", (band.to - band.from).max(1.0)));
                let hue = glyph::hue(band.term);
                html! {
                    <g class={classes!("term", hue)}>
                        <rect class="tint" x={x.clone()} y={top.clone()} width={width.clone()} height={high.clone()}/>
                        if glyph::is_hatched(hue) { <rect {x} y={top.clone()} {width} height={high.clone()} fill={format!("url(#cp-{hue})")}/> }
                    </g>
                }
            }) }
            { for fate.marks.downs.iter().filter(mine).filter(|down| down.to_us.is_none_or(|to| scene.shows(to))).map(|down| {
                let (from, to) = (scene.x(down.from_us), scene.x(down.to_us.unwrap_or(*end_us)));
                let dash = if down.frozen { "6 3" } else { "2 4" };
                html! {
                    <>
                        <rect class="away" x={format!("{from:.1}")} y={top.clone()} width={format!("{:.1}", (to - from).max(0.0))} height={high.clone()}/>
                        <path class="gone" d={format!("M{from:.1} {y:.1}H{to:.1}")} stroke-dasharray={dash}/>
                    </>
                }
            }) }
            { for scene.crowns(lane).map(|stand| {
                let x = scene.x(stand.from_us) + 11.0;
                html! {
                    <>
                        <g class={classes!(glyph::hue(stand.term), "lead")} transform={format!("translate({x:.1} {y:.1})")}>
                            <path class="body" d="M9 0L4.5 7.8L-4.5 7.8L-9 0L-4.5 -7.8L4.5 -7.8Z"/>
                        </g>
                        if scene.shows(stand.from_us) { <text class="h" x={format!("{:.1}", x + 14.0)} y={format!("{:.1}", y - 10.0)}>{ text::leads(stand.term) }</text> }
                    </>
                }
            }) }
        </>
    }
}

fn commits(strip: &Strip<'_>) -> Html {
    let Strip { scene, side, fate, end_us, .. } = strip;
    let y = scene.commits(*side);
    let shown = fate.commits_us.iter().filter(|us| scene.shows(**us));
    let ticks: String = shown.map(|us| format!("M{:.1} {:.1}v10", scene.x(*us), y - 5.0)).collect();
    let wait = scene.longest_wait(fate, *end_us);
    html! {
        <>
            <text class="d" x="24" y={format!("{:.1}", y + 4.0)}>{ "commits" }</text>
            <path d={ticks} stroke="var(--ink)" stroke-width="1.5"/>
            if let Some((from, to, us)) = wait {
                <text class="d mid" x={format!("{:.1}", (from + to) / 2.0)} y={format!("{:.1}", y + 4.0)}>{ text::waits(us) }</text>
            }
        </>
    }
}

fn axis(scene: &Scene) -> Html {
    let y = format!("{:.1}", scene.bottom(1) + 18.0);
    let tick = |us: u64| html! { <text class="m d3 mid" x={format!("{:.1}", scene.x(us))} y={y.clone()}>{ format!("{} s", en::seconds(us)) }</text> };
    scene.ticks().into_iter().map(tick).collect()
}

/// What both have in common fades; the line stands where they part.
fn parting(scene: &Scene, differs_us: u64, events: u64) -> Html {
    let x = scene.x(differs_us);
    let (top, bottom) = (scene.top(0), scene.bottom(1));
    let middle = (scene.bottom(0) + scene.top(1)) / 2.0;
    let begin = scene.x(0);
    html! {
        <>
            { for [0, 1].map(|side| html! {
                <rect class="common" x={format!("{:.1}", begin - 2.0)} y={format!("{:.1}", scene.top(side) + 30.0)} width={format!("{:.1}", x - begin + 2.0)} height={format!("{:.1}", scene.bottom(side) - scene.top(side) - 34.0)}/>
            }) }
            if x - begin > 130.0 { <text class="d end" x={format!("{:.1}", x - 12.0)} y={format!("{:.1}", middle + 4.0)}>{ text::same(events) }</text> }
            <path d={format!("M{x:.1} {:.1}V{:.1}", top - 10.0, bottom + 4.0)} stroke="var(--ink)" stroke-width="2"/>
            <path d={format!("M{x:.1} {:.1}l7 7l-7 7l-7-7z", middle - 7.0)}/>
            <text class="h" x={format!("{:.1}", x + 14.0)} y={format!("{:.1}", middle + 4.0)}>{ text::first_difference(events) }</text>
        </>
    }
}
