//! First visit: what a hexagon and a ring are.

use glasshouse_sim::view::frame::Frame;
use yew::prelude::*;

use super::member::RING_R;
use crate::geometry::{self, Layout, MARGIN, Point, Side, Spot};

/// Both callouts, where there is room for them.
pub(super) fn both(frame: &Frame, layout: &Layout) -> Html {
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
