//! Puts a frame together.

use super::View;
use super::frame::{
    Asks, Cell, Cut, EVENTS_MAX, Frame, FrameRequest, Link, LogMatrix, LogRow, Member, Role,
    Square, Violation,
};
use super::look::{COLUMNS_MAX, Look};
use super::sentence::Scene;
use super::text::Say;
use crate::client::Reads;
use crate::clock::{MICROS, Rate};
use crate::place::{MemberNo, Place};
use crate::script::bench::Bench;
use crate::world::World;

/// Columns of the log matrix unless the request says otherwise.
const COLUMNS: u64 = 12;

/// Squares under a member.
const SQUARES: u64 = 8;

/// The picture of now. The view must have been refreshed.
pub(crate) fn frame_of(bench: &mut Bench, request: &FrameRequest) -> Frame {
    let mut inspector = None;
    if let Some(member) = request.select.and_then(selected) {
        let Bench { world, view, .. } = bench;
        let View { inspect, looks, traffic, .. } = view;
        inspector =
            looks.get(member).and_then(|look| inspect.inspector(world, member, look, traffic));
    }
    let bench = &*bench;
    let (world, view) = (&bench.world, &bench.view);
    let scene = Scene {
        world,
        looks: &view.looks,
        traffic: &view.traffic,
        cut: view.marks.cut(world),
        tick_ms: world.spec().tick_ms,
        part: None,
    };
    let mut members: Vec<Member> =
        view.looks.iter().map(|(no, look)| member(view, &scene, no, look)).collect();
    if let (Some((_, db_bytes)), Some(alias)) = (&inspector, request.select)
        && let Some(member) = members.iter_mut().find(|member| member.alias == alias)
    {
        member.db_bytes = *db_bytes;
    }
    let mut terminal = bench.entries_since(request.since_entry);
    for entry in terminal.iter_mut().filter(|entry| !entry.done) {
        entry.waits = bench.waits(entry.id);
        entry.watches = bench.rests(entry.id);
    }
    Frame {
        time_us: bench.now_us(),
        seed: bench.setup.seed,
        size: bench.setup.members.into(),
        trace: format!("{:016x}", world.trace_hash()),
        sentence: scene.sentence(),
        alternative: scene.alternative(),
        members,
        log: matrix(view, &shown(&scene, request), request),
        links: links(world),
        cut: scene.cut.map(|(groups, since)| Cut {
            groups: groups
                .iter()
                .map(|group| group.iter().map(|no| alias(*no)).collect())
                .collect(),
            since_us: since / MICROS,
        }),
        messages: view.traffic.messages(),
        clients: view.traffic.clients(world),
        terminal,
        events: view.narrator.feed(request.since_event, request.messages_too),
        marks: view.marks.marks(),
        violation: world.violation().map(|violation| banner(&violation)),
        inspector: inspector.map(|(inspector, _)| inspector),
        asks: bench
            .asks()
            .map(|asks| Asks { prompt: asks.prompt, secret: asks.reads == Reads::Password }),
        wants_us: bench.wants_until().map(|at| at / MICROS),
    }
}

const _: () = assert!(EVENTS_MAX > 0);

pub(super) fn selected(alias: u32) -> Option<MemberNo> {
    MemberNo::from_number(u8::try_from(alias).ok()?)
}

/// A member's number as frames write it.
pub(super) fn alias(member: MemberNo) -> u32 {
    member.number().into()
}

fn member(view: &View, scene: &Scene<'_>, no: MemberNo, look: &Look) -> Member {
    let now = scene.world.now();
    let syncs = view.traffic.syncs(no);
    let rate = scene.world.member_rate(no);
    let several = scene.clusters().len() > 1;
    let waits = look.is_up() && look.role != Role::Leader;
    let ms = |ticks: u32| if waits { u64::from(ticks) * scene.tick_ms } else { 0 };
    let since_us = (now - look.since) / MICROS;
    let labels = [
        Say::LabelRole { role: look.role, life: look.life, term: look.term, since_us },
        Say::LabelLog { commit: look.commit, last: look.last },
    ];
    let spoken = Say::Spoken {
        who: no,
        role: look.role,
        life: look.life,
        term: look.term,
        durable: look.durable,
        last: look.last,
    };
    Member {
        alias: alias(no),
        name: scene.world.name_of(no),
        id: scene.world.member_id(no).to_string(),
        cluster: if several && look.last > 0 {
            scene.world.cluster_of(no).to_string()
        } else {
            String::new()
        },
        role: look.role,
        life: look.life,
        since_us: look.since_us(),
        why: look.why.clone(),
        term: look.term,
        vote: look.vote.map(alias),
        leader: look.leader.map(alias),
        commit: look.commit,
        applied: look.applied,
        last: look.last,
        durable: look.durable,
        first: look.first,
        stored: look.stored,
        elapsed_ms: ms(look.elapsed_ticks),
        timeout_ms: ms(look.timeout_ticks),
        revision: look.revision,
        compacted: look.compacted,
        db_bytes: 0,
        squares: squares(look),
        fsync_since_us: syncs.since.filter(|_| look.is_up()).map(|since| since / MICROS),
        last_fsync_us: syncs.last / MICROS,
        clock_rate: (rate != Rate::TRUE).then(|| f64::from(rate.millionths()) / 1e6),
        changed: view.before.get(no).map(|before| changed(before, look)).unwrap_or_default(),
        label: labels.map(|say| say.text()),
        spoken: spoken.text(),
    }
}

fn squares(look: &Look) -> Vec<Square> {
    let from = look.last.saturating_sub(SQUARES - 1);
    let tail = look.tail.iter().filter(|entry| entry.index >= from);
    tail.map(|entry| Square { index: entry.index, term: entry.term, keep: look.keep(entry.index) })
        .collect()
}

/// The fields that differ.
fn changed(before: &Look, now: &Look) -> Vec<String> {
    let fields = [
        ("role", before.role != now.role),
        ("term", before.term != now.term),
        ("vote", before.vote != now.vote),
        ("leader", before.leader != now.leader),
        ("commit", before.commit != now.commit),
        ("applied", before.applied != now.applied),
        ("last", before.last != now.last),
        ("durable", before.durable != now.durable),
        ("revision", before.revision != now.revision),
        ("compacted", before.compacted != now.compacted),
    ];
    fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name.to_string()).collect()
}

/// The machines whose logs stand side by side: entries of two clusters have nothing to do with each other. With
/// several, it is that of the selected member, or the one with most machines.
fn shown<'a>(scene: &Scene<'a>, request: &FrameRequest) -> Scene<'a> {
    let selected = request.select.and_then(selected);
    let holds =
        |scene: &Scene<'_>| selected.is_some_and(|no| scene.here().any(|(one, _)| one == no));
    let all = scene.clusters().into_iter().map(|(_, scene)| scene);
    // Of several that are alike the first, as members are counted.
    all.min_by_key(|scene| std::cmp::Reverse((holds(scene), scene.here().count())))
        .unwrap_or_else(|| scene.of(None))
}

fn matrix(view: &View, scene: &Scene<'_>, request: &FrameRequest) -> LogMatrix {
    let columns = if request.columns == 0 { COLUMNS } else { request.columns.min(COLUMNS_MAX) };
    let last = scene.here().map(|(_, look)| look.last).max().unwrap_or(0);
    let tail = (last + 1).saturating_sub(columns).max(1);
    let first = request.first_column.unwrap_or(tail).max(1);
    let end = first.saturating_add(columns);
    let row = |(no, look): (MemberNo, &Look)| {
        let before = view.before.get(no);
        let cells = look.tail.iter().filter(|entry| (first..end).contains(&entry.index));
        LogRow {
            alias: alias(no),
            applied: look.applied,
            compacted: look.first.saturating_sub(1),
            cells: cells
                .map(|entry| Cell {
                    index: entry.index,
                    term: entry.term,
                    words: entry.words(),
                    keep: look.keep(entry.index),
                    committed: entry.index <= look.commit,
                    changed: before.is_some_and(|before| cell_changed(before, look, entry.index)),
                })
                .collect(),
        }
    };
    let rows: Vec<LogRow> = scene.here().map(row).collect();
    let disks = (first..end.min(last + 1)).map(|index| {
        let at =
            |row: &LogRow| row.cells.iter().find(|cell| cell.index == index).map(|cell| cell.term);
        let mut terms: Vec<u64> = rows.iter().filter_map(at).collect();
        terms.dedup();
        let counts = terms.into_iter().map(|term| scene.disks(index, term));
        u32::try_from(counts.max().unwrap_or(0)).expect("at most nine members")
    });
    let disks = disks.collect();
    let quorum = rows.len() / 2 + 1;
    LogMatrix { first, columns, rows, disks, quorum: u32::try_from(quorum).expect("at most five") }
}

fn cell_changed(before: &Look, now: &Look, index: u64) -> bool {
    let term = |look: &Look| look.entry(index).map(|entry| entry.term);
    term(before) != term(now)
        || before.keep(index) != now.keep(index)
        || (index <= before.commit) != (index <= now.commit)
}

/// The links that are not plain.
fn links(world: &World) -> Vec<Link> {
    let members = world.members();
    let mut list = Vec::new();
    for from in &members {
        for to in members.iter().filter(|to| *to != from) {
            let view = world.link(Place::Member(*from), Place::Member(*to));
            let link = Link {
                from: alias(*from),
                to: alias(*to),
                cut: view.cut,
                delay_us: view.one_way.unwrap_or(0) / MICROS,
                loss_percent: u64::from(view.trouble.loss / 10_000),
            };
            if link.cut || link.delay_us > 0 || link.loss_percent > 0 {
                list.push(link);
            }
        }
    }
    list
}

fn banner(violation: &crate::check::Violation) -> Violation {
    let (property, say) = super::violation(violation);
    Violation {
        property,
        title: Say::ViolatedTitle { property: violation.property.name() }.text(),
        text: say.text(),
        member: violation.member.map(alias),
        time_us: violation.at / MICROS,
    }
}
