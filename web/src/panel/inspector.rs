//! The inspector: everything about one member.

use glasshouse_sim::view::frame::{Alias, Frame, Inspector, LeaseRow, Life, Member, Role};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::{Emit, Shared, chart, glyph, keys_by_revision, wal};
use crate::state::{Deed, Msg, Trial};
use crate::text::en as text;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) frame: Shared<Frame>,
    pub(crate) selected: Option<Alias>,
    pub(crate) trial: Trial,
    pub(crate) emit: Emit,
}

#[component]
pub(crate) fn Inspect(props: &Props) -> Html {
    let frame = &props.frame;
    let member = frame.members.iter().find(|member| Some(member.alias) == props.selected);
    let Some(member) = member else {
        return html! {
            <aside class="insp" aria-label="Member" tabindex="0">
                <p class="empty" style="padding-top:12px">{ "No member is selected. Click one, or press n and its number." }</p>
            </aside>
        };
    };
    let inspector = frame.inspector.as_ref().filter(|inspector| inspector.alias == member.alias);
    html! {
        <aside class="insp" aria-label={format!("Member n{}", member.alias)} tabindex="0">
            { who(member, frame.time_us) }
            <div class="acts2">{ actions(member, &props.emit) }</div>
            { figures(member) }
            if let Some(inspector) = inspector {
                { peers(inspector, member, frame) }
                { wal::section(&inspector.wal, glyph::hue(member.term)) }
                if inspector.keys.revision > 0 { { keys_by_revision::section(&inspector.keys) } }
                if !inspector.voters.is_empty() { { leases(inspector) } { watches(inspector) } }
                if !inspector.voters.is_empty() { { configuration(inspector, member, other(inspector, &props.trial, &props.emit)) } }
            }
            <chart::Writes marks={frame.marks.clone()} now_us={frame.time_us}/>
        </aside>
    }
}

fn who(member: &Member, now_us: u64) -> Html {
    let role = match (member.life, member.role) {
        (Life::Down, _) => "down".to_owned(),
        (Life::Halted, _) => "halted".to_owned(),
        (Life::Starting, _) => "starting".to_owned(),
        (Life::Frozen, role) => format!("frozen as {}", role_name(role)),
        (Life::Stopping, _) => "stopping".to_owned(),
        (Life::Up, role) => format!("{} of term {}", role_name(role), member.term),
    };
    let since = text::span(now_us.saturating_sub(member.since_us));
    html! {
        <div class="who">
            { glyph::member(member, 38) }
            <div>
                <h2>{ format!("n{}, {role}", member.alias) }</h2>
                <p class="dim num">{ format!("for {since} · id ") }<span class="mono" translate="no">{ member.id.clone() }</span></p>
                if !member.why.is_empty() { <p>{ member.why.clone() }</p> }
            </div>
        </div>
    }
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Follower => "follower",
        Role::PreCandidate => "pre-candidate",
        Role::Candidate => "candidate",
        Role::Leader => "leader",
        Role::Learner => "learner",
    }
}

/// What can be done to a member, with its key: the first ones are buttons, the menu has all.
pub(crate) fn deeds(member: &Member) -> Vec<(Deed, &'static str, &'static str)> {
    let down = matches!(member.life, Life::Down | Life::Halted);
    if down {
        return vec![(Deed::Restart, "Restart", "R"), (Deed::Isolate, "Cut off", "X")];
    }
    let freeze = if member.life == Life::Frozen { "Let it go on" } else { "Freeze" };
    vec![
        (Deed::Kill, "Kill", "K"),
        (Deed::Freeze, freeze, "P"),
        (Deed::Isolate, "Cut off", "X"),
        (Deed::SlowDisk, "Slow its disk", "D"),
        (Deed::Restart, "Restart", "R"),
        (Deed::Stop, "Stop (SIGTERM)", ""),
        (Deed::PowerOff, "Power off", ""),
        (Deed::Campaign, "Call an election", ""),
    ]
}

fn actions(member: &Member, emit: &Emit) -> Html {
    let alias = member.alias;
    let more = {
        let emit = emit.clone();
        Callback::from(move |event: MouseEvent| {
            let at = crate::geometry::Point::new(
                f64::from(event.client_x()),
                f64::from(event.client_y()),
            );
            emit.emit(Msg::Press(alias, at));
        })
    };
    html! {
        <>
            { for deeds(member).into_iter().take(4).map(|(deed, name, key)| {
                let onclick = emit.reform(move |_: MouseEvent| Msg::Do(deed));
                html! { <button class="b" {onclick}>{ name }{ " " }<kbd>{ key }</kbd></button> }
            }) }
            <button class="b" aria-label={format!("More actions on n{alias}")} onclick={more}>{ "…" }</button>
        </>
    }
}

/// Term, vote, indexes, revisions; a bar before what changed in the last step.
fn figures(member: &Member) -> Html {
    let vote = member.vote.map_or_else(|| "nobody".to_owned(), |alias| format!("n{alias}"));
    let one = |name: &'static str, field: &str, value: String| {
        let changed = member.changed.iter().any(|changed| changed == field);
        html! {
            <div class={classes!(changed.then_some("chg"))}>
                <dt>{ name }</dt>
                <dd>{ value }if changed { <span class="sr">{ " changed in this step" }</span> }</dd>
            </div>
        }
    };
    html! {
        <dl class="kv">
            { one("term", "term", member.term.to_string()) }
            { one("voted for", "vote", vote) }
            { one("last entry", "last", member.last.to_string()) }
            { one("on disk", "durable", member.durable.to_string()) }
            { one("committed", "commit", member.commit.to_string()) }
            { one("applied", "applied", member.applied.to_string()) }
            { one("revision", "revision", member.revision.to_string()) }
            { one("compacted", "compacted", member.compacted.to_string()) }
        </dl>
    }
}

fn peers(inspector: &Inspector, member: &Member, frame: &Frame) -> Html {
    if inspector.peers.is_empty() {
        return Html::default();
    }
    let confirmed = inspector.peers.iter().filter(|peer| peer.matched >= member.last).count();
    let summary =
        format!("entry {}: confirmed by {confirmed} of {}", member.last, inspector.peers.len());
    let heard = |heard_us: Option<u64>| match heard_us {
        Some(at) => format!("{} ago", text::span(frame.time_us.saturating_sub(at))),
        None => format!("never in term {}", member.term),
    };
    let row = |peer: &glasshouse_sim::view::frame::Peer| {
        let shape = frame.members.iter().find(|other| other.alias == peer.alias);
        html! {
            <tr key={peer.alias}>
                <th scope="row">{ shape.map(|other| glyph::member(other, 14)).unwrap_or_default() }{ format!(" n{}", peer.alias) }</th>
                <td>{ peer.mode.clone() }{ if peer.paused { ", waits" } else { "" } }</td>
                <td class="n">{ peer.matched }</td><td class="n">{ peer.next }</td>
                <td class="dim">{ heard(peer.heard_us) }</td>
            </tr>
        }
    };
    html! {
        <details class="sec" open=true>
            <summary><h3>{ "Peers" }</h3><span class="dim num">{ summary }</span></summary>
            <div class="in"><table class="tab">
                <thead><tr>
                    <th scope="col">{ "member" }</th><th scope="col">{ "mode" }</th>
                    <th scope="col" class="n">{ "match" }</th><th scope="col" class="n">{ "next" }</th>
                    <th scope="col">{ "last heard" }</th>
                </tr></thead>
                <tbody>{ for inspector.peers.iter().map(row) }</tbody>
            </table></div>
        </details>
    }
}

/// Leases as the log has made them. Their time is the leader's.
fn leases(inspector: &Inspector) -> Html {
    let row = |lease: &LeaseRow| {
        let more = lease.key_count.saturating_sub(lease.keys.len() as u64);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        html! {
            <tr key={lease.id.clone()}>
                <th scope="row" class="mono" translate="no">{ lease.id.clone() }</th>
                <td class="n">{ lease.ttl }</td><td class="n">{ lease.left }</td>
                <td class="mono"><span translate="no">{ lease.keys.join(" ") }</span>{ more }</td>
            </tr>
        }
    };
    let summary = if inspector.counts_leases { text::LEASES_COUNTED } else { text::LEASES_KNOWN };
    html! {
        <details class="sec">
            <summary><h3>{ "Leases" }</h3><span class="dim num">{ text::count(inspector.lease_count, "lease") }{ summary }</span></summary>
            <div class="in">
                if inspector.leases.is_empty() {
                    <p class="dim">{ text::NO_LEASE }<code>{ "etcdctl lease grant 60" }</code></p>
                } else {
                    <table class="tab">
                        <thead><tr>
                            <th scope="col">{ "lease" }</th><th scope="col" class="n">{ "granted, s" }</th>
                            <th scope="col" class="n">{ "in the log, s" }</th><th scope="col">{ "keys" }</th>
                        </tr></thead>
                        <tbody>{ for inspector.leases.iter().map(row) }</tbody>
                    </table>
                }
            </div>
        </details>
    }
}

/// Who watches here.
fn watches(inspector: &Inspector) -> Html {
    let watches = inspector.watches;
    let row = |name: &'static str, value: u64| html! { <tr><th scope="row">{ name }</th><td class="mono">{ value }</td></tr> };
    html! {
        <details class="sec">
            <summary><h3>{ "Watches" }</h3><span class="dim num">{ text::count(watches.watchers, "watcher") }</span></summary>
            <div class="in">
                if watches.watchers == 0 {
                    <p class="dim">{ text::NO_WATCH }<code>{ "etcdctl watch stock/ --prefix" }</code></p>
                } else {
                    <table class="tab"><tbody>
                        { row("streams", watches.streams) }
                        { row("told of everything", watches.synced) }
                        { row("reading history", watches.watchers.saturating_sub(watches.synced)) }
                        { row("responses not taken", watches.untaken) }
                    </tbody></table>
                }
            </div>
        </details>
    }
}

/// Where an id comes from: hashed from the command line, unless the log on the disk knows better.
fn identity(inspector: &Inspector, member: &Member) -> String {
    if inspector.is_hashed {
        format!("{} = hash of {} + {}", member.id, inspector.peer_url, inspector.token)
    } else {
        format!("{}, as its log says", member.id)
    }
}

/// Another token, and the ids that it would make.
fn other(inspector: &Inspector, trial: &Trial, emit: &Emit) -> Html {
    let alias = inspector.alias;
    let tried = (trial.member == alias).then_some(trial);
    let value = tried.map_or(&inspector.token, |trial| &trial.token).clone();
    let oninput = emit.reform(move |event: InputEvent| {
        Msg::Token(alias, event.target_unchecked_into::<HtmlInputElement>().value())
    });
    let told = tried.and_then(|trial| trial.told.as_ref()).map(text::identity);
    html! {
        <div class="token">
            <label for="try-token">{ "Try another token" }</label>
            <input id="try-token" class="mono" maxlength="80" spellcheck="false" autocomplete="off" {value} {oninput}/>
            <p id="token-told" class="dim" role="status">{ told.unwrap_or_else(|| text::IDENTITY.to_owned()) }</p>
        </div>
    }
}

fn configuration(inspector: &Inspector, member: &Member, other: Html) -> Html {
    let names = |aliases: &[Alias]| {
        let names: Vec<String> = aliases.iter().map(|alias| format!("n{alias}")).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(" ") }
    };
    let row = |name: &'static str, value: String| html! { <tr><th scope="row">{ name }</th><td class="mono">{ value }</td></tr> };
    let name = |name: &'static str, value: String| html! { <tr><th scope="row">{ name }</th><td class="mono" translate="no">{ value }</td></tr> };
    let fsync = match member.last_fsync_us {
        0 => "none yet".to_owned(),
        us => text::span(us),
    };
    html! {
        <details class="sec">
            <summary><h3>{ "Configuration" }</h3><span class="dim num">{ text::count(inspector.voters.len() as u64, "voter") }</span></summary>
            <div class="in"><table class="tab"><tbody>
                { name("name", member.name.clone()) }
                { row("id", identity(inspector, member)) }
                { name("cluster", inspector.cluster_id.clone()) }
                { row("voters", names(&inspector.voters)) }
                { row("learners", names(&inspector.learners)) }
                { name("client URL", inspector.client_url.clone()) }
                { name("peer URL", inspector.peer_url.clone()) }
                { row("log from entry", member.first.to_string()) }
                { row("stored up to", member.stored.to_string()) }
                { row("store", text::bytes(member.db_bytes)) }
                { row("last fsync", fsync) }
                { row("waiting calls", inspector.open_calls.to_string()) }
                { row("refused messages", inspector.refused_messages.to_string()) }
                { name("started with", inspector.command_line.clone()) }
                { row("clock", member.clock_rate.map_or_else(|| "1×".to_owned(), |rate| format!("{rate}×"))) }
            </tbody></table>{ other }</div>
        </details>
    }
}
