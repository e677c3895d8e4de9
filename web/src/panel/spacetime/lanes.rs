//! Lanes: who they are, their terms as bands, when they did not run, what they wrote to disk.

use glasshouse_sim::view::frame::{Life, Role};
use glasshouse_sim::view::spacetime::{Lane, Write};
use yew::prelude::*;

use super::drawing::{HEADS, Props};
use crate::panel::glyph;
use crate::spacetime::scene::{HALF, Scene};
use crate::text::en::spacetime as text;

/// Whether a member runs at the end of the picture.
pub(super) fn life(lane: &Lane, now_us: u64) -> Life {
    match lane.down_at(now_us) {
        Some(down) if down.frozen => Life::Frozen,
        Some(_) => Life::Down,
        None => Life::Up,
    }
}

/// The names, at the left.
pub(super) fn heads(props: &Props) -> Html {
    let scene = &props.scene;
    let cut = props.slice.cuts.last().filter(|cut| cut.to_us.is_none());
    html! {
        <>
            <rect class="sheet" x=".5" y="8" width={(HEADS + 4.0).to_string()} height={format!("{:.1}", scene.bottom() - 8.0)}/>
            { for scene.lanes.iter().filter_map(|(no, y)| props.slice.lane(*no).map(|lane| head(lane, *y, props.slice.to_us))) }
            if let (Some(cut), Some((.., y))) = (cut, scene.cuts.last()) {
                <text class="d small" x="10" y={format!("{:.1}", y + 4.0)}>{ text::cut(cut.from_us) }</text>
            }
        </>
    }
}

fn head(lane: &Lane, y: f64, now_us: u64) -> Html {
    let life = life(lane, now_us);
    let symbol = match lane.role {
        Some(role) => {
            let class = classes!("icon", glyph::hue(lane.term()), glyph::state_class(role, life));
            html! {
                <svg x="10" y={format!("{:.1}", y - 14.0)} width="16" height="16" viewBox="-30 -30 60 60" {class}>{ glyph::body(role, life) }</svg>
            }
        }
        None => {
            html! { <g transform={format!("translate(18 {:.1})", y - 6.0)}>{ glyph::client() }</g> }
        }
    };
    html! {
        <g>
            { symbol }
            <text class="h" x="32" y={format!("{:.1}", y - 2.0)}>{ lane.name.clone() }</text>
            <text class="d small" x="10" y={format!("{:.1}", y + 14.0)}>{ text::standing(lane, life) }</text>
        </g>
    }
}

/// The lines, with bands, downs and writes.
pub(super) fn lanes(props: &Props) -> Html {
    let scene = &props.scene;
    let lines = scene.lanes.iter().filter_map(|(no, y)| {
        let lane = props.slice.lane(*no)?;
        Some(if lane.is_member() {
            member(lane, *y, scene)
        } else {
            client(*y, scene.x(props.slice.to_us))
        })
    });
    let writes = props.slice.writes.iter().filter_map(|write| {
        Some(self::write(write, scene.y(write.lane)?, scene, props.slice.to_us))
    });
    html! { <>{ for lines }{ for writes }</> }
}

fn client(y: f64, end: f64) -> Html {
    html! { <path d={format!("M0 {y:.1}H{end:.1}")} stroke="var(--edge)" stroke-width="1.5"/> }
}

fn member(lane: &Lane, y: f64, scene: &Scene) -> Html {
    let box_of = |from_us: u64, to_us: u64| {
        let (from, to) = (scene.x(from_us), scene.x(to_us));
        (format!("{from:.1}"), format!("{:.1}", (to - from).max(1.0)))
    };
    let (top, high) = (format!("{:.1}", y - HALF), (HALF * 2.0).to_string());
    html! {
        <>
            { for lane.bands.iter().map(|band| {
                let (x, width) = box_of(band.from_us, band.to_us);
                let hue = glyph::hue(band.term);
                let fill = format!("url(#st-{hue})");
                html! {
                    <g class={classes!("term", hue)}>
                        <rect class="tint" x={x.clone()} y={top.clone()} width={width.clone()} height={high.clone()}/>
                        if glyph::is_hatched(hue) { <rect x={x} y={top.clone()} {width} height={high.clone()} {fill}/> }
                    </g>
                }
            }) }
            { for lane.downs.iter().map(|down| {
                let (from, to) = (scene.x(down.from_us), scene.x(down.to_us.unwrap_or(u64::MAX)));
                let dash = if down.frozen { "6 3" } else { "2 4" };
                html! { <path class="gone" d={format!("M{from:.1} {y:.1}H{to:.1}")} stroke-dasharray={dash}/> }
            }) }
        </>
    }
}

/// A write: a dashed outline until it is on the platter.
fn write(write: &Write, y: f64, scene: &Scene, now_us: u64) -> Html {
    let end = write.durable_us.or(write.lost_us).unwrap_or(now_us);
    let (from, to) = (scene.x(write.from_us), scene.x(end));
    let class = match (write.durable_us, write.lost_us) {
        (Some(_), _) => "dur",
        (None, Some(_)) => "lost",
        (None, None) => "cach",
    };
    html! {
        <g class={glyph::hue(write.term)}>
            <rect class={classes!("write", class)} x={format!("{from:.1}")} y={format!("{:.1}", y - 4.0)} width={format!("{:.1}", (to - from).max(2.0))} height="8"/>
        </g>
    }
}

/// The role's shape at an event: a leader's hexagon, a candidate's diamond.
pub(super) fn role(role: Role, term: u64) -> Option<Html> {
    let (path, class) = match role {
        Role::Leader => ("M10 0L5 8.7L-5 8.7L-10 0L-5-8.7L5-8.7Z", "lead"),
        Role::Candidate => ("M0-9L9 0L0 9L-9 0Z", ""),
        Role::PreCandidate => ("M0-9L9 0L0 9L-9 0Z", "pre"),
        Role::Follower | Role::Learner => return None,
    };
    Some(html! { <g class={classes!(glyph::hue(term), class)}><path class="body" d={path}/></g> })
}
