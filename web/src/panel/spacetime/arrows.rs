//! Messages: shape is the kind, hue the sender's term, a dashed way an answer, a cross where it was lost.

use glasshouse_sim::view::frame::{Fate, Kind, Message};
use glasshouse_sim::view::spacetime::{Arrow, tell};
use yew::prelude::*;

use super::drawing::Props;
use crate::panel::glyph;
use crate::spacetime::scene::{End, Path};
use crate::spacetime::{Group, drag};

/// All arrows that are shown, the chosen past above the rest.
pub(super) fn arrows(props: &Props) -> Html {
    let shown = |arrow: &&Arrow| {
        let past = props.in_past(arrow.sent.or(arrow.end));
        !props.hidden.contains(&Group::of(arrow)) && (!props.only_past || past)
    };
    let folded = |us: u64| props.scene.parts.iter().any(|(part, ..)| part.folds(us));
    let drawn = |arrow: &&Arrow| {
        !(folded(arrow.message.sent_us) && folded(arrow.message.arrive_us.min(props.slice.to_us)))
    };
    let mut arrows: Vec<&Arrow> = props.slice.arrows.iter().filter(shown).filter(drawn).collect();
    arrows.sort_by_key(|arrow| heavy(props, arrow));
    arrows
        .into_iter()
        .filter_map(|arrow| Some(one(props, arrow, props.scene.path(arrow)?)))
        .collect()
}

/// It was sent and arrived in the past of the chosen event.
fn heavy(props: &Props, arrow: &Arrow) -> bool {
    props.in_past(arrow.end) && arrow.sent.is_none_or(|_| props.in_past(arrow.sent))
}

fn one(props: &Props, arrow: &Arrow, path: Path) -> Html {
    let Arrow { message, client, .. } = arrow;
    let ((x1, y1), (x2, y2)) = (path.from, path.to);
    let way = format!("M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}");
    let shape = || match client {
        true => tag(message),
        false => glyph::message(message.kind, message.answer, message.reject),
    };
    let place = |by: f64| {
        format!("translate({:.1} {:.1}) scale(.82)", path.glyph.0 + by, path.glyph.1 - by)
    };
    let class = classes!(
        "arrow",
        if *client { "ofclient" } else { glyph::hue(message.term) },
        heavy(props, arrow).then_some("heavy"),
        (props.held == Some((message.id, false))).then_some("taken"),
    );
    let seq = arrow.end.or(arrow.sent);
    let chosen = props.chosen.is_some_and(|chosen| [arrow.end, arrow.sent].contains(&Some(chosen)));
    let loose = drag::is_loose(arrow).then_some(if chosen { "chosen" } else { "" });
    let kind = if *client { "" } else { glyph::kind_class(message.kind) };
    let dashed = message.answer && message.kind != Kind::Other;
    html! {
        <g {class} data-message={message.id.to_string()} data-lost={arrow.lost.is_some().then_some("")} data-loose={loose} onclick={props.choose(seq)}>
            <title translate={(*client && !message.answer).then_some("no")}>{ tell::kind(arrow) }</title>
            <path class="hit" d={way.clone()}/>
            <path class={classes!("way", kind, (dashed || *client && message.answer).then_some("rep"))} d={way}/>
            { end(path, kind) }
            if arrow.copy_of.is_some() { <g transform={place(3.5)}>{ shape() }</g> }
            <g transform={place(0.0)}>{ shape() }</g>
            if message.fate == Fate::Delayed { { tick(path) } }
            if loose == Some("chosen") { { knob(path) } }
        </g>
    }
}

/// Where a finger can take the chosen arrow.
fn knob(path: Path) -> Html {
    let at = format!("translate({:.1} {:.1})", path.to.0, path.to.1);
    html! { <g class="knob" transform={at}><circle class="reach" r="20"/><circle r="5"/></g> }
}

/// A client's tag points the way that its message goes.
fn tag(message: &Message) -> Html {
    let turn = if message.answer { "rotate(90)" } else { "rotate(-90)" };
    html! { <g transform={turn}>{ glyph::client() }</g> }
}

/// The head of an arrow, or the cross where it was lost.
fn end(path: Path, kind: &'static str) -> Html {
    let ((x1, y1), (x2, y2)) = (path.from, path.to);
    match path.end {
        End::Flies => Html::default(),
        End::Lost => html! {
            <path class={classes!("cross", kind)} d={format!("M{:.1} {:.1}l8 8m0-8l-8 8", x2 - 4.0, y2 - 4.0)}/>
        },
        End::Arrived => {
            let long = (x2 - x1).hypot(y2 - y1).max(1.0);
            let (dx, dy) = ((x2 - x1) / long, (y2 - y1) / long);
            let (bx, by) = (x2 - dx * 9.0, y2 - dy * 9.0);
            let d = format!(
                "M{x2:.1} {y2:.1}L{:.1} {:.1}L{:.1} {:.1}Z",
                bx - dy * 3.6,
                by + dx * 3.6,
                bx + dy * 3.6,
                by - dx * 3.6
            );
            html! { <path class={classes!("tip", kind)} {d}/> }
        }
    }
}

/// A clock on the way of a message that was held back.
fn tick(path: Path) -> Html {
    let x = (path.glyph.0 + path.to.0) / 2.0;
    let y = (path.glyph.1 + path.to.1) / 2.0;
    html! {
        <g class="held" transform={format!("translate({x:.1} {y:.1})")}>
            <circle r="5"/><path d="M0-3V0L2 1.5"/>
        </g>
    }
}
