//! What lies under the members: the sheet of glass, the gaps in it, and the links.

use glasshouse_sim::view::frame::{Alias, Frame, Life, Link, Member};
use yew::prelude::*;

use crate::geometry::{self, Layout, MARGIN};
use crate::panel::Shared;
use crate::text::en as text;

#[derive(Properties, PartialEq)]
pub(super) struct Props {
    pub(super) frame: Shared<Frame>,
    pub(super) layout: Shared<Layout>,
}

/// A component of its own, so that it is worked out for each picture and not for each tick of the clock.
#[component]
pub(super) fn Ground(props: &Props) -> Html {
    html! { <>{ sheet(&props.frame, &props.layout) }{ links(&props.frame, &props.layout) }</> }
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
        <>
            if link.cut { <path class="bar" transform={format!("translate({:.1} {:.1}) rotate({turn:.0})", at.x, at.y)} d="M0-9V9M-7-5L0 0L-7 5"/> }
            if let Some(words) = words { <text class="d mid" x={format!("{:.1}", at.x)} y={format!("{:.1}", at.y - 4.0)}>{ words }</text> }
        </>
    }
}
