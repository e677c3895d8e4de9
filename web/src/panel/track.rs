//! The bar of time: what happened over the whole run, and a handle to be at any moment of it.
//!
//! Bands are terms, ticks are answered writes, a box is a stretch with a cut, a dotted line a
//! member that did not run. Behind the handle the bar fades: that was seen, and is not now.

use glasshouse_sim::view::frame::{Alias, Frame, Marks, TermSpan};
use web_sys::Element;
use yew::prelude::*;

use super::{Emit, Shared, glyph};
use crate::flow::whole_us;
use crate::state::{Deed, Msg};
use crate::text::en as text;

#[derive(Properties, PartialEq)]
pub(crate) struct TrackProps {
    /// The furthest moment that was seen.
    pub(crate) frame: Shared<Frame>,
    /// The moment that is drawn, in virtual microseconds.
    pub(crate) at_us: u64,
    pub(crate) emit: Emit,
}

/// The recorded time as a picture with words, and a handle to move through it.
#[component]
pub(crate) fn Track(props: &TrackProps) -> Html {
    let bar = use_node_ref();
    let (frame, at_us) = (&props.frame, props.at_us.min(props.frame.time_us));
    let marks = &frame.marks;
    // Room to the right of now, so that the bar does not rescale at every step.
    let bar_us = scale(frame.time_us);
    let seek = |drag: bool| {
        let (emit, bar) = (props.emit.clone(), bar.clone());
        Callback::from(move |event: PointerEvent| {
            let pressed = if drag { event.buttons() & 1 == 1 } else { event.button() == 0 };
            if let (true, Some(bar)) = (pressed, bar.cast::<Element>()) {
                emit.emit(Msg::Seek(pointed(&event, &bar, bar_us)));
            }
        })
    };
    let emit = props.emit.clone();
    let key = Callback::from(move |event: KeyboardEvent| {
        if let Some(msg) = keyed(&event.key()) {
            event.prevent_default();
            emit.emit(msg);
        }
    });
    let share = |us: u64| us as f64 * 100.0 / bar_us as f64;
    let stretch = |from: u64, to: Option<u64>| {
        let to = to.unwrap_or(frame.time_us).min(frame.time_us);
        format!("left:{:.3}%;width:{:.3}%", share(from), share(to.saturating_sub(from)))
    };
    let begun = marks.terms.first().map_or(frame.time_us, |term| term.from_us);
    html! {
        <div ref={bar.clone()} class="track" id="track" role="slider" tabindex="0" aria-label={text::time::TIME} aria-description={text::time::KEYS}
            aria-valuemin="0" aria-valuemax={millis(frame.time_us)} aria-valuenow={millis(at_us)} aria-valuetext={words(frame, at_us)}
            onpointerdown={seek(false)} onpointermove={seek(true)} onkeydown={key}>
            <span class="band none" style={stretch(0, Some(begun))}></span>
            { for marks.terms.iter().map(|term| band(term, &stretch, share(term.to_us.unwrap_or(frame.time_us).saturating_sub(term.from_us)))) }
            { writes(marks, &share) }
            { for marks.cuts.iter().map(|cut| html! {
                <>
                    <span class="cutspan" style={stretch(cut.from_us, cut.to_us)}></span>
                    <span class="lab" style={format!("{};top:43px", before(share(cut.from_us), "cut"))}>{ "cut" }</span>
                </>
            }) }
            { falls(marks, &stretch, &share) }
            { for marks.names.iter().map(|name| html! {
                <span class="nm" translate="no" title={name.name.clone()} style={format!("left:{:.3}%", share(name.time_us))}></span>
            }) }
            if at_us < frame.time_us { <span class="future" style={format!("left:{:.3}%", share(at_us))}></span> }
            <span class="head" style={format!("left:{:.3}%", share(at_us))}></span>
            if let Some(at) = marks.violation_us { <span class="vm" style={format!("left:{:.3}%", share(at))}></span> }
        </div>
    }
}

/// The members that did not run: a line for each, as far as there is room, and words before it.
fn falls(
    marks: &Marks,
    stretch: &impl Fn(u64, Option<u64>) -> String,
    share: &impl Fn(u64) -> f64,
) -> Html {
    let mut fallen: Vec<Alias> = marks.downs.iter().map(|down| down.member).collect();
    fallen.sort_unstable();
    fallen.dedup();
    let row =
        |member: Alias| 49 + fallen.iter().position(|other| *other == member).unwrap_or(0) % 2 * 10;
    let lines = marks.downs.iter().map(|down| {
        let place = stretch(down.from_us, down.to_us);
        html! { <span class="dn" style={format!("{place};top:{}px", row(down.member) + 4)}></span> }
    });
    let words = together(marks, share).into_iter().map(|Fall { at, members, frozen }| {
        let words = text::time::fallen(&members, frozen);
        let place = format!("{};top:{}px", before(at, &words), row(members[0]));
        html! { <span class="lab" style={place}>{ words }</span> }
    });
    lines.chain(words).collect()
}

/// Members that fell at one place of the bar, which have their words together: each of its own would lie
/// over the others'.
#[derive(Debug, PartialEq)]
struct Fall {
    /// In hundredths of the bar.
    at: f64,
    members: Vec<Alias>,
    frozen: bool,
}

fn together(marks: &Marks, share: &impl Fn(u64) -> f64) -> Vec<Fall> {
    /// Nearer than this is one place, in hundredths of the bar.
    const NEAR: f64 = 1.5;
    let mut falls: Vec<Fall> = Vec::new();
    for down in &marks.downs {
        let (at, frozen) = (share(down.from_us), down.frozen);
        match falls.iter_mut().find(|fall| fall.frozen == frozen && (at - fall.at).abs() < NEAR) {
            Some(fall) if fall.members.contains(&down.member) => {}
            Some(fall) => fall.members.push(down.member),
            None => falls.push(Fall { at, members: vec![down.member], frozen }),
        }
    }
    falls.iter_mut().for_each(|fall| fall.members.sort_unstable());
    falls
}

/// Where words stand that belong to a place of the bar: before it, and where the bar has just begun, behind it.
fn before(at: f64, words: &str) -> String {
    // A letter is about a hundredth of a narrow bar.
    match at < words.len() as f64 + 1.0 {
        true => format!("left:calc({at:.3}% + 6px)"),
        false => format!("right:calc({:.3}% + 5px)", 100.0 - at),
    }
}

/// A tick for each stretch with answered writes: one path, because hundreds of boxes would all move
/// whenever the bar gets another width.
fn writes(marks: &Marks, share: &impl Fn(u64) -> f64) -> Html {
    let bucket_us = marks.write_bucket_us;
    let stretches = marks.writes.iter().enumerate().filter(|(_, count)| **count > 0);
    let ticks: String = stretches
        .map(|(nth, _)| format!("M{:.3} 0V8", share(bucket_us * nth as u64 + bucket_us / 2)))
        .collect();
    html! {
        <svg class="wr" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><path d={ticks}/></svg>
    }
}

/// A term's band and, where it is wide enough for words, its name.
fn band(term: &TermSpan, stretch: &impl Fn(u64, Option<u64>) -> String, width: f64) -> Html {
    let name = match (term.leader, term.to_us) {
        (Some(leader), _) => format!("term {}, n{leader}", term.term),
        (None, Some(_)) => format!("term {}, split", term.term),
        (None, None) => format!("term {}", term.term),
    };
    let label = match width {
        7.0.. => name.clone(),
        2.0.. => term.term.to_string(),
        _ => String::new(),
    };
    let place = stretch(term.from_us, term.to_us);
    let left = place.split(';').next().unwrap_or_default().to_owned();
    html! {
        <>
            <span key={term.term} class={classes!("band", glyph::hue(term.term))} title={name} style={place}></span>
            <span class="lab" style={format!("{left};top:2px")}>{ label }</span>
        </>
    }
}

/// The width of the bar in virtual time: now fills between a half and nine tenths of it.
fn scale(now_us: u64) -> u64 {
    let mut whole = 4_000_000;
    while whole < now_us + now_us / 9 {
        whole += whole / 2;
    }
    whole
}

/// The moment under the pointer, which the bar follows from now on.
fn pointed(event: &PointerEvent, bar: &Element, bar_us: u64) -> u64 {
    if event.type_() == "pointerdown" {
        // A pointer that was let go meanwhile cannot be followed, and need not.
        let _ = bar.set_pointer_capture(event.pointer_id());
    }
    let place = bar.get_bounding_client_rect();
    let share = (f64::from(event.client_x()) - place.left()) / place.width().max(1.0);
    whole_us(share * bar_us as f64)
}

/// What a key does on the bar.
fn keyed(key: &str) -> Option<Msg> {
    Some(match key {
        "ArrowLeft" | "ArrowDown" => Msg::Do(Deed::StepBack),
        "ArrowRight" | "ArrowUp" => Msg::Do(Deed::Step),
        "PageUp" => Msg::Do(Deed::NextMark),
        "PageDown" => Msg::Do(Deed::MarkBefore),
        "Home" => Msg::Seek(0),
        "End" => Msg::Seek(u64::MAX),
        _ => return None,
    })
}

fn millis(us: u64) -> String {
    (us / 1_000).to_string()
}

/// The handle in words.
fn words(frame: &Frame, at_us: u64) -> String {
    let term = frame.marks.terms.iter().rev().find(|term| term.from_us <= at_us);
    let leads = |term: &TermSpan| term.elected_us.is_some_and(|elected| elected <= at_us);
    let term = term.map(|term| (term.term, term.leader.filter(|_| leads(term))));
    text::time::moment(at_us, frame.time_us, term)
}

#[cfg(test)]
mod tests {
    use glasshouse_sim::view::frame::Down;

    use super::*;

    #[test]
    fn who_falls_together_has_words_together_inside_of_the_bar() {
        let down = |member, from_us, frozen| Down { member, from_us, to_us: None, frozen };
        let downs = vec![
            down(2, 0, false),
            down(1, 0, false),
            down(3, 1_000, false),
            down(2, 1_200, false),
            down(1, 50_000, false),
            down(2, 50_000, true),
        ];
        let marks = Marks { downs, ..Marks::default() };
        let falls = together(&marks, &|us| us as f64 / 1_000.0);
        let told: Vec<_> =
            falls.iter().map(|fall| text::time::fallen(&fall.members, fall.frozen)).collect();
        assert_eq!(told, ["n1, n2 and n3 down", "n1 down", "n2 frozen"]);
        assert_eq!(before(0.0, "n1 down"), "left:calc(0.000% + 6px)");
        assert_eq!(before(50.0, "n1 down"), "right:calc(50.000% + 5px)");
    }
}
