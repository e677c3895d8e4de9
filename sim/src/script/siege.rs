//! The lines of which a finding is made: the ground, the traffic, the peace at the end, and the way
//! back from an [`Action`] to the line that does it.
//!
//! ```text
//!   ground short-log quota=8192        first line of a run: the settings that hunts vary
//!   traffic 10/s for 4s ops=put,get    who asks (see crate::cast)
//!   rough n1->n2 lost=10% doubled=5%   a link that loses, doubles and reorders
//!   heal n1 | n2 n3                    the end of a partition while other faults go on
//!   settle 18s                         everything heals, and the cluster has to come to rest
//! ```

use std::fmt::Write as _;

use glasshouse_core::node::AutoCompaction;

use super::command::{Command, Direction};
use super::units::{duration_us, percent, quoted};
use super::{ParseError, flags, vocabulary};
use crate::cast::{CLIENTS_MAX, Cast, KEYS_MAX, RATE_MAX};
use crate::clock::{MICROS, MILLIS, Rate};
use crate::place::{MemberNo, Place};
use crate::workload::Mix;
use crate::world::{Action, DiskOperation, Ground, RotTarget, Rule, Trouble};

type Result<T> = std::result::Result<T, ParseError>;

/// The longest peace that a line may ask for, in microseconds: an hour.
const SETTLE_US_MAX: u64 = 3_600_000_000;
/// The largest quota and revision count that a line may name.
const NUMBER_MAX: u64 = 1 << 40;

fn usage(words: &str) -> ParseError {
    let usage = vocabulary::find(words).map_or(words, |entry| entry.usage);
    ParseError::new(format!("Write it like {usage}."))
}

fn bounded(value: &str, max: u64, what: &str) -> Result<u64> {
    let number = value.parse().ok().filter(|number| *number <= max);
    number.ok_or_else(|| {
        ParseError::new(format!(
            "{} is no {what}. Write a whole number up to {max}.",
            quoted(value)
        ))
    })
}

/// `ground short-log loose-reconfig quota=8192 compare=3s compact=10s` (or `compact=100`).
pub(super) fn ground(rest: &[&str]) -> Result<Command> {
    let mut ground = Ground::PLAIN;
    if rest.is_empty() {
        return Err(usage("ground"));
    }
    for word in rest {
        match word.split_once('=') {
            None if *word == "short-log" => ground.short_log = true,
            None if *word == "loose-reconfig" => ground.strict_reconfig = false,
            None if *word == "single-appends" => ground.single_appends = true,
            None if *word == "clients-only" => ground.clients_only = true,
            Some(("quota", bytes)) => {
                ground.quota_bytes = bounded(bytes, NUMBER_MAX, "quota in bytes")?.cast_signed();
            }
            Some(("compare", time)) => {
                ground.compare_ms = Some((duration_us(time)? / 1000).max(1));
            }
            Some(("compact", value)) => {
                ground.compaction = Some(match value.parse::<i64>() {
                    Ok(_) => AutoCompaction::Revision {
                        revisions: bounded(value, NUMBER_MAX, "number of revisions")?.cast_signed(),
                    },
                    Err(_) => {
                        let period_ms = (duration_us(value)? / 1000).max(1);
                        AutoCompaction::Periodic { period_ms }
                    }
                });
            }
            _ => return Err(usage("ground")),
        }
    }
    Ok(Command::Ground(ground))
}

/// The words of [`ground`] for these settings; empty for those of the lessons.
pub(crate) fn ground_line(ground: &Ground) -> String {
    let mut line = String::new();
    let mut word = |text: String| {
        line.push_str(if line.is_empty() { "ground " } else { " " });
        line.push_str(&text);
    };
    if ground.short_log {
        word("short-log".to_owned());
    }
    if !ground.strict_reconfig {
        word("loose-reconfig".to_owned());
    }
    if ground.quota_bytes > 0 {
        word(format!("quota={}", ground.quota_bytes));
    }
    if let Some(ms) = ground.compare_ms {
        word(format!("compare={ms}ms"));
    }
    match ground.compaction {
        Some(AutoCompaction::Periodic { period_ms }) => word(format!("compact={period_ms}ms")),
        Some(AutoCompaction::Revision { revisions }) => word(format!("compact={revisions}")),
        None => {}
    }
    if ground.single_appends {
        word("single-appends".to_owned());
    }
    if ground.clients_only {
        word("clients-only".to_owned());
    }
    line
}

/// `traffic 30/s for 40s clients=5 keys=12 watchers=2 ops=put,get with=members,auth,locks`.
pub(super) fn traffic(rest: &[&str]) -> Result<Command> {
    let [rate, "for", time, more @ ..] = rest else { return Err(usage("traffic")) };
    let rate = rate.strip_suffix("/s").ok_or_else(|| usage("traffic"))?;
    let rate = bounded(rate, RATE_MAX, "rate")?.max(1);
    let mut cast = Cast::least(duration_us(time)? * MICROS);
    cast.workload.calls_per_1000_s = rate * 1000;
    let small = |value: &str, what| {
        let number = bounded(value, CLIENTS_MAX.into(), what)?;
        Ok::<u16, ParseError>(u16::try_from(number).unwrap_or(CLIENTS_MAX))
    };
    for word in more {
        match word.split_once('=') {
            Some(("clients", value)) => cast.workload.clients = small(value, "number of clients")?,
            Some(("watchers", value)) => {
                cast.workload.watchers = small(value, "number of watchers")?;
            }
            Some(("keys", value)) => {
                cast.workload.keys = bounded(value, KEYS_MAX, "number of keys")?.max(1);
            }
            Some(("ops", "all")) => cast.workload.mix = Mix::ALL,
            Some(("ops", kinds)) => cast.workload.mix = mix(kinds)?,
            Some(("with", people)) => {
                for who in people.split(',') {
                    match who {
                        "members" => cast.operator = true,
                        "auth" => cast.warden = true,
                        "locks" => cast.contenders = true,
                        _ => return Err(usage("traffic")),
                    }
                }
            }
            _ => return Err(usage("traffic")),
        }
    }
    Ok(Command::Traffic(Box::new(cast)))
}

fn mix(kinds: &str) -> Result<Mix> {
    let mut wanted = [false; Mix::KINDS.len()];
    for kind in kinds.split(',') {
        let place = Mix::KINDS.iter().position(|known| *known == kind).ok_or_else(|| {
            ParseError::new(format!(
                "{} is no kind of call. There are {}.",
                quoted(kind),
                Mix::KINDS.join(", ")
            ))
        })?;
        wanted[place] = true;
    }
    Ok(Mix::some(|kind| wanted[kind]))
}

/// `settle 18s`.
pub(super) fn settle(rest: &[&str]) -> Result<Command> {
    let [time] = rest else { return Err(usage("settle")) };
    let within_us = duration_us(time)?;
    if within_us == 0 || within_us > SETTLE_US_MAX {
        return Err(ParseError::new(format!(
            "{} is no time to come to rest. Write it like settle 18s.",
            quoted(time)
        )));
    }
    Ok(Command::Settle(within_us))
}

/// What stands behind the link in `rough n1->n2 lost=10% doubled=5% reordered=3%`.
pub(super) fn rough(link: Direction, more: &[&str]) -> Result<Command> {
    let mut trouble = Trouble::default();
    for word in more {
        let (what, share) = word.split_once('=').ok_or_else(|| usage("rough"))?;
        let share = percent(share).ok_or_else(|| usage("rough"))?;
        let millionths = u32::from(share) * 10_000;
        match what {
            "lost" => trouble.loss = millionths,
            "doubled" => trouble.duplicates = millionths,
            "reordered" => trouble.reordered = millionths,
            _ => return Err(usage("rough")),
        }
    }
    Ok(Command::Rough { link, trouble })
}

/// The line that does this; `None` for what no line says, such as losing the next message of a link.
#[must_use]
pub fn line_of(action: &Action) -> Option<String> {
    Some(match action {
        Action::Restart(no) | Action::Join(no) => format!("restart {no}"),
        Action::Start { member, flags } => format!("start {member}{}", flags::words(flags)),
        Action::Wipe(no) => format!("wipe {no}"),
        Action::Kill(no) => format!("kill {no}"),
        Action::Stop(no) => format!("stop {no}"),
        Action::PowerOff { member, torn: false } => format!("power off {member}"),
        Action::PowerOff { member, torn: true } => format!("power off {member} torn"),
        Action::Freeze(no) => format!("freeze {no}"),
        Action::Thaw(no) => format!("thaw {no}"),
        Action::Partition(groups) => format!("partition {}", sides(groups)?),
        Action::Mend(groups) => format!("heal {}", sides(groups)?),
        Action::Heal => "heal".to_owned(),
        Action::CutLink { from, to } => format!("drop {}", link(*from, *to)?),
        Action::HealLink { from, to } => format!("heal {}", link(*from, *to)?),
        Action::SlowLink { from, to, one_way } => {
            let time = one_way.map_or("off".to_owned(), |time| format!("{}us", time / MICROS));
            format!("slow link {} {}", link(*from, *to)?, shorter(time))
        }
        Action::RoughLink { from, to, trouble } => {
            let mut line = format!("rough {}", link(*from, *to)?);
            let Trouble { loss, duplicates, reordered } = *trouble;
            for (what, millionths) in
                [("lost", loss), ("doubled", duplicates), ("reordered", reordered)]
            {
                if millionths > 0 {
                    let _ = write!(line, " {what}={}%", millionths / 10_000);
                }
            }
            line
        }
        Action::DropMessage(id) => format!("drop message {}", id.0),
        Action::DuplicateMessage { id, after: 0 } => format!("double message {}", id.0),
        Action::DuplicateMessage { id, after } => {
            format!("double message {} {}", id.0, shorter(format!("{}us", after / MICROS)))
        }
        Action::HastenMessage { id, by } => {
            format!("hasten message {} {}", id.0, shorter(format!("{}us", by / MICROS)))
        }
        Action::DelayMessage { id, by } => {
            format!("delay message {} {}", id.0, shorter(format!("{}us", by / MICROS)))
        }
        Action::SlowDisk { member, fsync } => {
            let time = fsync.map_or("off".to_owned(), |time| format!("{}us", time / MICROS));
            format!("slow disk {member} {}", shorter(time))
        }
        Action::FullDisk { member, full } => format!("full disk {member}{}", off(*full)),
        Action::DiskErrors { member, operation, failing } => {
            let operations = match operation {
                DiskOperation::Read => "reads",
                DiskOperation::Write => "writes",
                DiskOperation::Sync => "syncs",
            };
            format!("break disk {member} {operations}{}", off(*failing))
        }
        Action::ClockRate { member, rate } => format!("clock {member} {}", times(*rate)),
        Action::Campaign(no) => format!("campaign {no}"),
        Action::AlignTimers => "align timers".to_owned(),
        Action::Rule(Rule::PreVote(on)) => format!("rule prevote {}", on_off(*on)),
        Action::Rule(Rule::CheckQuorum(on)) => format!("rule checkquorum {}", on_off(*on)),
        Action::Rule(Rule::Spread(on)) => format!("rule spread {}", on_off(*on)),
        Action::Rot { member, target: RotTarget::Entry(index) } => {
            format!("rot {member} wal {index}")
        }
        _ => return None,
    })
}

fn off(on: bool) -> &'static str {
    if on { "" } else { " off" }
}

fn on_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

/// `3000us` as `3ms`.
fn shorter(time: String) -> String {
    match time.strip_suffix("000us") {
        Some(ms) if !ms.is_empty() => format!("{ms}ms"),
        _ => time,
    }
}

fn times(rate: Rate) -> String {
    let thousandths = rate.millionths() / 1000;
    let text = format!("{}.{:03}", thousandths / 1000, thousandths % 1000);
    format!("{}x", text.trim_end_matches('0').trim_end_matches('.'))
}

fn member(place: Place) -> Option<MemberNo> {
    place.member()
}

fn link(from: Place, to: Place) -> Option<String> {
    Some(format!("{}->{}", member(from)?, member(to)?))
}

fn sides(groups: &[Vec<Place>]) -> Option<String> {
    let side = |group: &Vec<Place>| {
        let members: Option<Vec<String>> =
            group.iter().map(|place| Some(member(*place)?.to_string())).collect();
        members.map(|members| members.join(" "))
    };
    let sides: Option<Vec<String>> = groups.iter().map(side).collect();
    sides.map(|sides| sides.join(" | "))
}

/// A moment or a span in a script: `1.25s`, exact to the microsecond where it must be.
#[must_use]
pub fn time_text(at: u64) -> String {
    let ms = at / MILLIS;
    if !at.is_multiple_of(MILLIS) {
        return format!("{}us", at / MICROS);
    }
    if ms.is_multiple_of(1000) { format!("{}s", ms / 1000) } else { format!("{ms}ms") }
}
