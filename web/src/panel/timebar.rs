//! The floor of the house: play, step, speed, and what happened over the whole run.
//!
//! Bands are terms, ticks are answered writes, a box is a stretch with a cut, a dotted line a
//! member that did not run. It shows the recorded time; it does not offer to go back.

use glasshouse_sim::view::frame::{Alias, Frame, TermSpan};
use yew::prelude::*;

use super::{Emit, Shared, glyph};
use crate::state::{Deed, Msg, Unit};
use crate::text::en as text;

#[derive(Properties, PartialEq)]
pub(crate) struct TrackProps {
    pub(crate) frame: Shared<Frame>,
}

/// The recorded time as a picture with words.
#[component]
pub(crate) fn Track(props: &TrackProps) -> Html {
    let frame = &props.frame;
    let marks = &frame.marks;
    // Room to the right of now, so that the bar does not rescale at every step.
    let whole_us = scale(frame.time_us);
    let share = |us: u64| us as f64 * 100.0 / whole_us as f64;
    let stretch = |from: u64, to: Option<u64>| {
        let to = to.unwrap_or(frame.time_us).min(frame.time_us);
        format!("left:{:.3}%;width:{:.3}%", share(from), share(to.saturating_sub(from)))
    };
    // Members that are down at once have lines of their own, as far as there is room.
    let mut fallen: Vec<Alias> = marks.downs.iter().map(|down| down.member).collect();
    fallen.sort_unstable();
    fallen.dedup();
    let row =
        |member: Alias| 49 + fallen.iter().position(|other| *other == member).unwrap_or(0) % 2 * 10;
    let begun = marks.terms.first().map_or(frame.time_us, |term| term.from_us);
    html! {
        <div class="track" role="img" aria-label={words(frame)}>
            <span class="band none" style={stretch(0, Some(begun))}></span>
            { for marks.terms.iter().map(|term| band(term, &stretch, share(term.to_us.unwrap_or(frame.time_us).saturating_sub(term.from_us)))) }
            { for marks.writes.iter().enumerate().filter(|(_, count)| **count > 0).map(|(nth, _)| html! {
                <span class="wr" style={format!("left:{:.3}%", share(marks.write_bucket_us * nth as u64 + marks.write_bucket_us / 2))}></span>
            }) }
            { for marks.cuts.iter().map(|cut| html! {
                <>
                    <span class="cutspan" style={stretch(cut.from_us, cut.to_us)}></span>
                    <span class="lab" style={format!("right:calc({:.3}% + 6px);top:43px", 100.0 - share(cut.from_us))}>{ "cut" }</span>
                </>
            }) }
            { for marks.downs.iter().map(|down| html! {
                <>
                    <span class="dn" style={format!("{};top:{}px", stretch(down.from_us, down.to_us), row(down.member) + 4)}></span>
                    <span class="lab" style={format!("right:calc({:.3}% + 4px);top:{}px", 100.0 - share(down.from_us), row(down.member))}>
                        { format!("n{} {}", down.member, if down.frozen { "frozen" } else { "down" }) }
                    </span>
                </>
            }) }
            <span class="head" style={format!("left:{:.3}%", share(frame.time_us))}></span>
            if let Some(at) = marks.violation_us { <span class="vm" style={format!("left:{:.3}%", share(at))}></span> }
        </div>
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

/// The bar in words.
fn words(frame: &Frame) -> String {
    let term = frame.marks.terms.last().map(|term| match term.leader {
        Some(leader) => format!("; n{leader} leads term {}", term.term),
        None => format!("; nobody leads term {}", term.term),
    });
    format!("Recorded time: {} seconds{}.", text::seconds(frame.time_us), term.unwrap_or_default())
}

#[derive(Properties, PartialEq)]
pub(crate) struct ControlProps {
    pub(crate) flowing: bool,
    pub(crate) ready: bool,
    pub(crate) speed: usize,
    pub(crate) unit: Unit,
    pub(crate) emit: Emit,
}

/// Play, step, speed. The clock stands beside them and is drawn apart, sixty times a second.
#[component]
pub(crate) fn Controls(props: &ControlProps) -> Html {
    let deed = |deed: Deed| props.emit.reform(move |_: MouseEvent| Msg::Do(deed));
    let play = if props.flowing { "Pause" } else { "Play" };
    html! {
        <>
            <button class="ib go" aria-label={play} title={format!("{play} (Space)")} disabled={!props.ready} onclick={deed(Deed::Toggle)}>
                <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
                    <path d={if props.flowing { "M4 3H7V13H4ZM9 3H12V13H9Z" } else { "M4 2.5L13 8L4 13.5Z" }}/>
                </svg>
            </button>
            <button class="ib" aria-label="One step forward" title="One step forward (.)" disabled={!props.ready} onclick={deed(Deed::Step)}>
                <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
                    <path d="M5 3L11 8L5 13Z"/><path d="M12.5 3V13" stroke="var(--ink)" stroke-width="1.6"/>
                </svg>
            </button>
        </>
    }
}

/// The two choices under the buttons.
#[component]
pub(crate) fn Choices(props: &ControlProps) -> Html {
    let pick = |event: Event| {
        let field = event.target_dyn_into::<web_sys::HtmlSelectElement>();
        usize::try_from(field.map_or(0, |field| field.selected_index())).unwrap_or(0)
    };
    let speed = props.emit.reform(move |event| Msg::Speed(pick(event)));
    let unit = props.emit.reform(move |event| Msg::Unit(Unit::ALL[pick(event).min(3)]));
    html! {
        <div class="sub num">
            <label class="sr" for="speed">{ "Speed" }</label>
            <select id="speed" onchange={speed}>
                { for text::SPEEDS.iter().enumerate().map(|(nth, name)| html! { <option selected={nth == props.speed}>{ name }</option> }) }
            </select>
            <label class="sr" for="unit">{ "Step by" }</label>
            <select id="unit" onchange={unit}>
                { for Unit::ALL.iter().map(|one| html! { <option selected={*one == props.unit}>{ text::unit(*one) }</option> }) }
            </select>
        </div>
    }
}

/// What the sentence under the bar says.
pub(crate) fn foot(leader: Option<Alias>, first: bool) -> String {
    match (leader, first) {
        (_, true) => "Everything is recorded: the address of this page repeats the run.".to_owned(),
        (Some(leader), _) => format!("recorded · n{leader} leads"),
        (None, _) => "recorded · nobody leads".to_owned(),
    }
}
