//! The sentence of the moment: over every drawing, a live region, in the voice of the page.

use glasshouse_sim::view::frame::{Frame, Sentence};
use yew::prelude::*;

use super::{Emit, Shared};
use crate::state::{Cutting, Deed, Msg, Phase};
use crate::text::en as text;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) frame: Shared<Frame>,
    /// What a screen reader hears of the run: the same sentence, not ten times a second.
    pub(crate) said: Sentence,
    pub(crate) phase: Phase,
    /// Bytes of the simulation that are here, and all of them; 0 when unknown.
    pub(crate) loaded: (u64, u64),
    /// Part of a repeated run that is done, in percent.
    pub(crate) repeated: Option<u64>,
    pub(crate) notice: Option<String>,
    pub(crate) cutting: Option<Cutting>,
    pub(crate) first: bool,
    pub(crate) emit: Emit,
}

#[component]
pub(crate) fn Say(props: &Props) -> Html {
    let (now, detail) = words(props, &props.frame.sentence);
    let (heard, more) = words(props, &props.said);
    let deed = |deed: Deed| props.emit.reform(move |_: MouseEvent| Msg::Do(deed));
    let (got, total) = props.loaded;
    let share = match (&props.phase, props.repeated) {
        (Phase::Loading, _) if total > 300_000 => Some(got * 100 / total),
        (Phase::Building, share) => share,
        _ => None,
    };
    let choosing = props.cutting.as_ref().is_some_and(|cutting| cutting.choosing);
    let broken = matches!(props.phase, Phase::Broken(_));
    html! {
        <div class="say">
            <p class="sr" role="status">{ heard }{ " " }{ more }</p>
            <div aria-hidden="true">
                <p>{ now }</p>
                if !detail.is_empty() { <p>{ detail }</p> }
                if let Some(share) = share {
                    <div class="loadbar"><span style={format!("width:{}%", share.min(100))}></span></div>
                }
            </div>
            <div class="tools" style={(choosing || broken).then_some("display:flex")}>
                if broken {
                    <button class="b main" onclick={props.emit.reform(|_: MouseEvent| Msg::Begin(42, 5))}>{ text::START_OVER }</button>
                } else if choosing {
                    <button class="b main" onclick={deed(Deed::CutNow)}>{ "Cut" }<kbd>{ "Enter" }</kbd></button>
                    <button class="b" onclick={deed(Deed::Close)}>{ "Leave it whole" }<kbd>{ "Esc" }</kbd></button>
                } else {
                    <button class="b bare" onclick={deed(Deed::Legend)}>{ "Legend " }<kbd>{ "L" }</kbd></button>
                    <button class="b bare" onclick={deed(Deed::CutMode)}>{ "Cut " }<kbd>{ "C" }</kbd></button>
                }
            </div>
        </div>
    }
}

/// The two lines: the page's own matters come before the run's.
fn words(props: &Props, sentence: &Sentence) -> (String, String) {
    if let Phase::Broken(why) = &props.phase {
        return (why.clone(), String::new());
    }
    if let Some(cutting) = props.cutting.as_ref().filter(|cutting| cutting.choosing) {
        let side: Vec<String> = cutting.side.iter().map(|alias| format!("n{alias}")).collect();
        let chosen = (!side.is_empty()).then(|| format!("On the far side: {}.", side.join(" ")));
        return (text::CUT_CHOOSE.to_owned(), chosen.unwrap_or_default());
    }
    if let Some(notice) = &props.notice {
        return (notice.clone(), sentence.now.clone());
    }
    match props.phase {
        Phase::Loading => (text::LOADING.to_owned(), String::new()),
        Phase::Building if props.repeated.is_some() => (text::REPLAYING.to_owned(), String::new()),
        Phase::Building => (text::LOADING.to_owned(), String::new()),
        _ if props.first => {
            let members = text::members(props.frame.members.len());
            let now = format!(
                "This is a real etcd cluster, {members} of it, running in this tab. {}",
                sentence.now
            );
            (now, text::FIRST_DETAIL.to_owned())
        }
        _ => (sentence.now.clone(), sentence.detail.clone()),
    }
}
