//! The shapes: roles, messages, marks of the feed. Shape is the kind, hue is the term.
//!
//! Every shape is drawn around its origin; [`icon`] puts one into a small picture of its own for
//! tables and words, the drawing places it with `transform`.

use glasshouse_sim::view::frame::{Icon, Kind, Life, Member, Role};
use yew::prelude::*;

const HEXAGON: &str = "M26 0L13 22.5L-13 22.5L-26 0L-13 -22.5L13 -22.5Z";
const DIAMOND: &str = "M0-27L27 0L0 27L-27 0Z";

/// The class of a term's hue: five hues, so the number always stands beside it.
pub(crate) fn hue(term: u64) -> &'static str {
    match term {
        0 => "t0",
        _ => ["t1", "t2", "t3", "t4", "t5"][((term - 1) % 5) as usize],
    }
}

/// The classes that say what a member is.
pub(crate) fn state_class(role: Role, life: Life) -> &'static str {
    match (life, role) {
        (Life::Down | Life::Halted | Life::Starting, _) => "down",
        (_, Role::Leader) => "lead",
        (_, Role::PreCandidate) => "pre",
        _ => "",
    }
}

/// The body of a member: its role's shape, or the crossed circle of one that does not run.
pub(crate) fn body(role: Role, life: Life) -> Html {
    if matches!(life, Life::Down | Life::Halted | Life::Starting) {
        let cross = (life != Life::Starting).then(|| html! {
            <><path class="cross" d="M-17-17L17 17M17-17L-17 17"/><circle class="hub" r="12"/></>
        });
        return html! { <><circle class="body" r="24"/>{ cross }</> };
    }
    let shape = match role {
        Role::Leader => html! { <path class="body" d={HEXAGON}/> },
        Role::Candidate | Role::PreCandidate => html! { <path class="body" d={DIAMOND}/> },
        Role::Learner => {
            html! { <rect class="body" x="-21" y="-21" width="42" height="42" rx="2"/> }
        }
        Role::Follower => html! { <circle class="body" r="24"/> },
    };
    let ice = (life == Life::Frozen).then(|| html! {
        <><path class="ice wide-ice" d="M-14-8V8M14-8V8"/><path class="ice icon-ice" d="M-6-9V9M6-9V9"/></>
    });
    html! { <>{ shape }{ ice }</> }
}

/// A member as a small picture.
pub(crate) fn member(member: &Member, size: u32) -> Html {
    role(member.role, member.life, member.term, size)
}

/// A role as a small picture.
pub(crate) fn role(role: Role, life: Life, term: u64, size: u32) -> Html {
    let size = size.to_string();
    html! {
        <svg class={classes!("icon", hue(term), state_class(role, life))} width={size.clone()}
            height={size} viewBox="-30 -30 60 60" aria-hidden="true">{ body(role, life) }</svg>
    }
}

/// The class that colours a message by its kind, when that is switched on.
pub(crate) fn kind_class(kind: Kind) -> &'static str {
    match kind {
        Kind::Vote | Kind::PreVote | Kind::TimeoutNow => "k-vote",
        Kind::Append | Kind::Propose => "k-app",
        Kind::Heartbeat | Kind::Other => "k-hb",
        Kind::Snapshot => "k-snap",
        Kind::ReadIndex => "k-read",
    }
}

/// A part of a message's shape: how it is filled, and an SVG path in steps from the middle of the
/// shape, so that it stands anywhere behind an `M`.
pub(crate) struct Stroke(Fill, &'static str);

/// How a part is filled.
#[derive(Clone, Copy, PartialEq)]
enum Fill {
    Solid,
    /// With the sheet.
    Hole,
    /// With the sheet, in dashes.
    Dashed,
    /// Lines in the colour of the sheet.
    CutOut,
}

impl Stroke {
    /// This part at places whose path is made of the steps from each middle.
    pub(crate) fn draw(&self, at: impl FnOnce(&str) -> String) -> Html {
        let class = match self.0 {
            Fill::Solid => "",
            Fill::Hole | Fill::Dashed => "hole",
            Fill::CutOut => "cut-out",
        };
        let dashes = (self.0 == Fill::Dashed).then_some("2.5 2");
        html! { <path {class} stroke-dasharray={dashes} d={at(self.1)}/> }
    }
}

/// The line through what was refused.
pub(crate) const STRIKE: &str = "m-8 8l16-16";

/// The parts of a message's shape, lowest first.
pub(crate) fn strokes(kind: Kind, answer: bool) -> &'static [Stroke] {
    use Fill::{CutOut, Dashed, Hole, Solid};
    match kind {
        Kind::Heartbeat => &[Stroke(Solid, "m-3.8 0a3.8 3.8 0 1 0 7.6 0a3.8 3.8 0 1 0-7.6 0z")],
        Kind::Append if answer => {
            &[Stroke(Solid, "m-6-6h12v12h-12z"), Stroke(Solid, "m-3-2h6m-6 4h6")]
        }
        Kind::Append => &[Stroke(Solid, "m-6-6h12v12h-12z"), Stroke(CutOut, "m-3-2h6m-6 4h6")],
        Kind::Vote => &[Stroke(Solid, "m0-7l7 12.5h-14z")],
        Kind::PreVote => &[Stroke(Dashed, "m0-7l7 12.5h-14z")],
        Kind::Snapshot => &[Stroke(Hole, "m-3-8h11v11h-11z"), Stroke(Solid, "m-8-3h11v11h-11z")],
        Kind::ReadIndex => &[
            Stroke(Hole, "m-6.2 0a6.2 6.2 0 1 0 12.4 0a6.2 6.2 0 1 0-12.4 0z"),
            Stroke(Solid, "m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0z"),
        ],
        Kind::Propose => &[Stroke(Solid, "m-6-6h12v12h-12z")],
        Kind::TimeoutNow => &[Stroke(Solid, "m-6-7l13 7l-13 7z")],
        Kind::Other => &[Stroke(Solid, "m0-5l5 5l-5 5l-5-5z")],
    }
}

/// The classes of a message's shape: hollow for an answer or a refusal.
pub(crate) fn message_class(kind: Kind, answer: bool, reject: bool) -> Classes {
    classes!("g", kind_class(kind), (answer || reject).then_some("rep"))
}

/// A message's shape: filled, hollow for an answer, hollow and struck for a refusal.
pub(crate) fn message(kind: Kind, answer: bool, reject: bool) -> Html {
    html! {
        <g class={message_class(kind, answer, reject)}>
            { for strokes(kind, answer).iter().map(|stroke| stroke.draw(|outline| format!("M0 0{outline}"))) }
            if reject { <path d={format!("M0 0{STRIKE}")}/> }
        </g>
    }
}

/// The tag of a client.
pub(crate) fn client() -> Html {
    html! { <g class="g cl"><path d="M-7-5H2L7 0L2 5H-7Z"/></g> }
}

/// A small picture of a shape that fits into 18 units.
pub(crate) fn icon(shape: Html, term: u64, size: u32) -> Html {
    let size = size.to_string();
    html! {
        <svg class={hue(term)} width={size.clone()} height={size} viewBox="-9 -9 18 18" aria-hidden="true">
            { shape }
        </svg>
    }
}

/// What stands before a line of the feed.
pub(crate) fn event(mark: Icon, term: u64) -> Html {
    let ink = |path: &'static str| {
        html! {
            <path d={path} fill="none" stroke="var(--ink2)" stroke-width="1.7"/>
        }
    };
    let shape = match mark {
        Icon::None => return html! { <span></span> },
        Icon::Leader => return role(Role::Leader, Life::Up, term, 14),
        Icon::Follower => return role(Role::Follower, Life::Up, term, 14),
        Icon::PreVote => message(Kind::PreVote, false, false),
        Icon::Vote => message(Kind::Vote, false, false),
        Icon::Append => message(Kind::Append, false, false),
        Icon::Heartbeat => message(Kind::Heartbeat, false, false),
        Icon::Snapshot => message(Kind::Snapshot, false, false),
        Icon::ReadIndex => message(Kind::ReadIndex, false, false),
        Icon::Client => client(),
        Icon::Commit => ink("M-6 0.5L-2 5L6-5"),
        Icon::Disk => html! { <rect class="dur" x="-5.5" y="-5.5" width="11" height="11"/> },
        Icon::Waits => html! { <rect class="cach" x="-5.5" y="-5.5" width="11" height="11"/> },
        Icon::Down => ink("M-6-6L6 6M6-6L-6 6"),
        Icon::Up => ink("M0-7V0M-4-4.5A6 6 0 1 0 4-4.5"),
        Icon::Cut => ink("M-8-7H-1L-3 7H-8ZM3-7H8V7H1Z"),
        Icon::Dial => ink("M0-6.5A6.5 6.5 0 1 1-0.1-6.5M0-4V0L3 2"),
        Icon::Violation => html! {
            <path d="M0-8L8 0L0 8L-8 0ZM-3-3L3 3M3-3L-3 3" fill="none" stroke="var(--red)" stroke-width="1.7"/>
        },
    };
    icon(shape, term, 14)
}

/// The house of the header.
pub(crate) fn mark() -> Html {
    html! {
        <svg width="22" height="22" viewBox="0 0 22 22" aria-hidden="true">
            <path d="M11 1.5L20 8V20.5H2V8Z" fill="none" stroke="var(--ink)" stroke-width="1.5"/>
            <path d="M11 1.5V20.5M2 8H20M2 14H20" stroke="var(--ink)" stroke-width=".8"/>
            <path d="M11 8H20V14H11Z" fill="var(--ink)"/>
        </svg>
    }
}

/// Whether bands of this hue have a pattern; the fourth is plain.
pub(crate) fn is_hatched(hue: &str) -> bool {
    !matches!(hue, "t0" | "t4")
}

/// The patterns of the terms, named `prefix-t1` and so on: hue is never alone.
pub(crate) fn hatches(prefix: &str) -> Html {
    let pattern = |hue: &str, path: &'static str| {
        html! {
            <pattern id={format!("{prefix}-{hue}")} width="5" height="5" patternUnits="userSpaceOnUse">
                <path d={path} fill="none" stroke={format!("var(--{hue})")} stroke-opacity=".55"/>
            </pattern>
        }
    };
    html! {
        <defs>
            { pattern("t1", "M2 2h1.4") }
            { pattern("t2", "M-1 1L1-1M-1 6L6-1M4 6L6 4") }
            { pattern("t3", "M0 .5H5") }
            { pattern("t5", "M.5 0V5") }
        </defs>
    }
}
