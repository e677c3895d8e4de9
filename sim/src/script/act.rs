//! Commands become actions of the world: members by role or name become numbers, one line about
//! several members becomes one action for each.

use super::bench::Bench;
use super::command::{Command, Direction, DiskFault, Who};
use super::message;
use super::units::spoken;
use crate::client::followers;
use crate::clock::{MICROS, Nanos, Rate};
use crate::member::MemberState;
use crate::mutant::Mutant;
use crate::place::{MemberNo, Place};
use crate::workload::{Mix, Workload};
use crate::world::{Action, DiskOperation, RotTarget, Rule, Trouble, World};
use glasshouse_core::order;

/// Does what the command says and gives its output.
///
/// # Errors
/// One sentence that says why it cannot be done; then nothing was done.
pub(super) fn act(bench: &mut Bench, command: &Command) -> Result<String, String> {
    let world = &mut bench.world;
    match command {
        Command::Kill(who) => {
            let members = members_that_run(world, who)?;
            each(world, &members, Action::Kill)?;
            Ok(told(&members, "is killed", "are killed"))
        }
        Command::PowerOff { members: who, torn } => {
            let members = members_of(world, who)?;
            each(world, &members, |member| Action::PowerOff { member, torn: *torn })?;
            Ok(told(&members, "has no power", "have no power"))
        }
        Command::Restart(who) => {
            if let Some(no) = newcomer(world, who) {
                return done(world, Action::Join(no), &format!("{no} starts, to join."));
            }
            let members = members_of(world, who)?;
            let down =
                only(world, &members, |world, member| !world.member_state(member).is_running());
            if down.is_empty() {
                return Err(told_plain(&members, "runs already.", "run already."));
            }
            each(world, &down, Action::Restart)?;
            Ok(told(&down, "starts", "start"))
        }
        Command::Start { member: who, flags } => {
            let no = member(world, who)?;
            let action = Action::Start { member: no, flags: flags.clone() };
            done(world, action, &format!("{no} starts with these flags."))
        }
        Command::Wipe(who) => {
            let members = members_of(world, who)?;
            each(world, &members, Action::Wipe)?;
            Ok(told(&members, "has an empty disk", "have empty disks"))
        }
        Command::Freeze(who) => {
            let members = members_that_run(world, who)?;
            each(world, &members, Action::Freeze)?;
            Ok(told(&members, "stands still", "stand still"))
        }
        Command::Thaw(who) => {
            let members = members_of(world, who)?;
            let frozen = only(world, &members, |world, member| {
                world.member_state(member) == MemberState::Frozen
            });
            if frozen.is_empty() {
                return Err(told_plain(&members, "is not frozen.", "are not frozen."));
            }
            each(world, &frozen, Action::Thaw)?;
            Ok(told(&frozen, "goes on", "go on"))
        }
        other => links_between(bench, other),
    }
}

/// What is done to links between members.
fn links_between(bench: &mut Bench, command: &Command) -> Result<String, String> {
    let world = &mut bench.world;
    match command {
        Command::Partition(groups) => {
            let (groups, words) = sides(world, groups)?;
            done(world, Action::Partition(groups), &format!("Cut: {words}."))
        }
        Command::Mend(groups) => {
            let (groups, words) = sides(world, groups)?;
            done(world, Action::Mend(groups), &format!("Whole again: {words}."))
        }
        Command::HealLink(link) => {
            let words = links(world, link, |from, to| Action::HealLink { from, to })?;
            Ok(format!("{words} is whole.\n"))
        }
        Command::Rough { link, trouble } => {
            let trouble = *trouble;
            let words = links(world, link, |from, to| Action::RoughLink { from, to, trouble })?;
            Ok(format!("{words} is rough.\n"))
        }
        Command::Heal => done(world, Action::Heal, "All links are whole."),
        Command::Drop { link, percent } => drop_messages(world, link, *percent),
        Command::SlowLink { link, delay_us } => slow_link(world, link, *delay_us),
        Command::Message { id, hand } => message::act(world, *id, *hand),
        other => world_at_large(bench, other),
    }
}

/// What is not done to the process of a member or to a link: clients, disks, clocks, rules, load.
fn world_at_large(bench: &mut Bench, command: &Command) -> Result<String, String> {
    let world = &mut bench.world;
    match command {
        Command::FreezeClient(name) => client(bench, name, Action::FreezeClient),
        Command::ThawClient(name) => client(bench, name, Action::ThawClient),
        Command::Traffic(cast) => {
            let mut cast = cast.clone();
            cast.workload.until += world.now();
            world.enter(&cast);
            Ok(String::new())
        }
        Command::Disk { members, fault } => disk(world, members, *fault),
        Command::Rot { member: who, entry } => {
            let member = member(world, who)?;
            let action = Action::Rot { member, target: RotTarget::Entry(*entry) };
            done(world, action, &format!("A bit of entry {entry} on {member}'s disk is flipped."))
        }
        Command::Clock { members: who, rate_thousandths } => {
            let rate = Rate::from_millionths(rate_thousandths.saturating_mul(1000))
                .ok_or_else(|| "A clock's rate must be between 0.01x and 100x.".to_string())?;
            let members = members_of(world, who)?;
            each(world, &members, |member| Action::ClockRate { member, rate })?;
            Ok(String::new())
        }
        Command::Campaign(who) => {
            let member = member(world, who)?;
            done(world, Action::Campaign(member), &format!("{member} campaigns."))
        }
        Command::AlignTimers => {
            done(world, Action::AlignTimers, "All members tick at the same moment.")
        }
        Command::Rule { name, value } => rule(world, name, value),
        Command::Plant { mutant, members, planted } => plant(world, *mutant, members, *planted),
        Command::Load { puts_per_second, for_us, at } => {
            load(world, *puts_per_second, *for_us, at.as_ref())
        }
        Command::LoadOff => load_off(world),
        // Those above ...
        Command::Kill(_)
        | Command::Partition(_)
        | Command::Mend(_)
        | Command::HealLink(_)
        | Command::Rough { .. }
        | Command::Heal
        | Command::Drop { .. }
        | Command::SlowLink { .. }
        | Command::Message { .. }
        | Command::PowerOff { .. }
        | Command::Restart(_)
        | Command::Start { .. }
        | Command::Wipe(_)
        | Command::Freeze(_)
        | Command::Thaw(_)
        // ... and those that the bench itself carries out.
        | Command::Nothing
        | Command::Etcdctl(_)
        | Command::Type(_)
        | Command::Interrupt
        | Command::Stop(_)
        | Command::Hunt(_)
        | Command::Ground(_)
        | Command::Settle(_)
        | Command::Run(_)
        | Command::Until { .. }
        | Command::Mark(_)
        | Command::Answer { .. }
        | Command::Predict { .. }
        | Command::Hint { .. }
        | Command::Curl(_)
        | Command::Status
        | Command::Members
        | Command::Help(_) => Ok(String::new()),
    }
}

/// The machine that a line wants to start as a new member: one that the world has not had so far, or
/// one whose member was removed.
fn newcomer(world: &World, who: &[Who]) -> Option<MemberNo> {
    let [one] = who else { return None };
    let known = member(world, one).ok();
    if let Some(no) = known {
        let down = !world.member_state(no).is_running();
        return (down && world.is_removed(no)).then_some(no);
    }
    let next = MemberNo::from_number(u8::try_from(world.members().len() + 1).ok()?)?;
    match one {
        Who::Alias(number) => (*number == u32::from(next.number())).then_some(next),
        Who::Name(name) => (next.published_name().eq_ignore_ascii_case(name)).then_some(next),
        _ => None,
    }
}

/// SIGTERM to each.
pub(super) fn stop(world: &mut World, members: &[MemberNo]) -> Result<String, String> {
    each(world, members, Action::Stop)?;
    Ok(told(members, "stops", "stop"))
}

/// One member, by number, name or role.
pub(super) fn member(world: &World, who: &Who) -> Result<MemberNo, String> {
    match who {
        Who::Alias(number) => world
            .members()
            .into_iter()
            .find(|member| u32::from(member.number()) == *number)
            .ok_or_else(|| unknown(world, who)),
        Who::Name(name) => world
            .members()
            .into_iter()
            .find(|member| is_named(world, *member, name))
            .ok_or_else(|| unknown(world, who)),
        Who::Leader => world
            .leader()
            .ok_or_else(|| "Nobody leads. Wait with until leader, or name a member.".to_string()),
        Who::Follower => followers(world).first().copied().ok_or_else(|| {
            "Nobody follows a leader. Wait with until leader, or name a member.".to_string()
        }),
        Who::Followers | Who::All | Who::Rest => Err(format!("Name one member here, not {who}.")),
    }
}

/// By the name that its etcd publishes, or the one that the machine has in the network.
fn is_named(world: &World, member: MemberNo, name: &str) -> bool {
    [world.name_of(member), member.published_name()]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
}

fn unknown(world: &World, who: &Who) -> String {
    let list: Vec<String> = world
        .members()
        .into_iter()
        .map(|member| format!("{member} ({})", world.name_of(member)))
        .collect();
    format!("There is no member {who}. The members are {}.", list.join(", "))
}

/// Members, in the order in which the line names them, each once.
pub(super) fn members_of(world: &World, who: &[Who]) -> Result<Vec<MemberNo>, String> {
    let mut list = Vec::new();
    for who in who {
        let more = match who {
            Who::All => world.members(),
            Who::Followers => followers(world),
            one => vec![member(world, one)?],
        };
        list.extend(more.into_iter().filter(|member| !list.contains(member)).collect::<Vec<_>>());
    }
    if list.is_empty() {
        return Err(
            "Nobody follows a leader. Wait with until leader, or name a member.".to_string()
        );
    }
    Ok(list)
}

/// The same, without those that do not run; an error if none does.
pub(super) fn members_that_run(world: &World, who: &[Who]) -> Result<Vec<MemberNo>, String> {
    let members = members_of(world, who)?;
    let running = only(world, &members, |world, member| world.member_state(member).is_running());
    if running.is_empty() {
        return Err(told_plain(&members, "does not run.", "do not run."));
    }
    Ok(running)
}

fn only(
    world: &World,
    members: &[MemberNo],
    keep: impl Fn(&World, MemberNo) -> bool,
) -> Vec<MemberNo> {
    members.iter().copied().filter(|member| keep(world, *member)).collect()
}

fn each(
    world: &mut World,
    members: &[MemberNo],
    action: impl Fn(MemberNo) -> Action,
) -> Result<(), String> {
    for (done, member) in members.iter().enumerate() {
        if let Err(refused) = world.act(action(*member)) {
            // The first refusal leaves nothing done; a later one cannot be hidden.
            let after = if done == 0 { "" } else { " The members before it are done." };
            return Err(format!("{refused}{after}"));
        }
    }
    Ok(())
}

fn done(world: &mut World, action: Action, text: &str) -> Result<String, String> {
    world.act(action).map_err(|refused| refused.to_string())?;
    Ok(format!("{text}\n"))
}

fn told(members: &[MemberNo], one: &str, many: &str) -> String {
    told_plain(members, &format!("{one}.\n"), &format!("{many}.\n"))
}

fn told_plain(members: &[MemberNo], one: &str, many: &str) -> String {
    let list: Vec<String> = members.iter().map(ToString::to_string).collect();
    format!("{} {}", list.join(", "), if members.len() == 1 { one } else { many })
}

fn client(
    bench: &mut Bench,
    name: &str,
    action: impl Fn(crate::place::ClientNo) -> Action,
) -> Result<String, String> {
    let Some(known) = bench.clients.get(name) else {
        return Err(format!(
            "There is no client {name} yet. Let it call first: client {name} get color."
        ));
    };
    let action = action(known.no);
    bench.world.act(action).map_err(|refused| refused.to_string())?;
    Ok(String::new())
}

/// The groups that a line means, and how they are told.
fn sides(world: &World, groups: &[Vec<Who>]) -> Result<(Vec<Vec<Place>>, String), String> {
    let mut parts: Vec<Vec<MemberNo>> = Vec::new();
    for group in groups {
        let named: Vec<Who> = group.iter().filter(|who| **who != Who::Rest).cloned().collect();
        let members = if named.is_empty() { Vec::new() } else { members_of(world, &named)? };
        for member in &members {
            if parts.iter().flatten().any(|other| other == member) {
                return Err(format!("{member} can be in one group only."));
            }
        }
        parts.push(members);
    }
    let named: Vec<MemberNo> = parts.iter().flatten().copied().collect();
    let rest: Vec<MemberNo> =
        world.members().into_iter().filter(|member| !named.contains(member)).collect();
    for (part, group) in parts.iter_mut().zip(groups) {
        if group.contains(&Who::Rest) {
            part.extend(rest.iter().copied());
            order::sort(part);
        }
    }
    if parts.iter().any(Vec::is_empty) {
        return Err(
            "A group is empty: everyone is in another one. Leave someone for it.".to_string()
        );
    }
    let places = |part: &Vec<MemberNo>| part.iter().map(|member| Place::Member(*member)).collect();
    let words: Vec<String> = parts
        .iter()
        .map(|part| part.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        .collect();
    Ok((parts.iter().map(places).collect(), words.join(" | ")))
}

/// The pairs of members that a direction means.
fn pairs(world: &World, link: &Direction) -> Result<Vec<(MemberNo, MemberNo)>, String> {
    let from = members_of(world, std::slice::from_ref(&link.from))?;
    let to = members_of(world, std::slice::from_ref(&link.to))?;
    let mut pairs = Vec::new();
    for from in &from {
        for to in to.iter().filter(|to| *to != from) {
            pairs.push((*from, *to));
            if link.both {
                pairs.push((*to, *from));
            }
        }
    }
    order::sort(&mut pairs);
    pairs.dedup();
    if pairs.is_empty() {
        return Err("A member needs no link to itself. Name two members.".to_string());
    }
    Ok(pairs)
}

fn links(
    world: &mut World,
    link: &Direction,
    action: impl Fn(Place, Place) -> Action,
) -> Result<String, String> {
    let pairs = pairs(world, link)?;
    for (from, to) in &pairs {
        let action = action(Place::Member(*from), Place::Member(*to));
        world.act(action).map_err(|refused| refused.to_string())?;
    }
    let words: Vec<String> = pairs.iter().map(|(from, to)| format!("{from}->{to}")).collect();
    Ok(words.join(", "))
}

fn drop_messages(world: &mut World, link: &Direction, percent: u8) -> Result<String, String> {
    if percent == 100 {
        let words = links(world, link, |from, to| Action::CutLink { from, to })?;
        return Ok(format!("{words} loses everything.\n"));
    }
    let trouble = Trouble { loss: u32::from(percent) * 10_000, ..Trouble::default() };
    let words = links(world, link, |from, to| Action::RoughLink { from, to, trouble })?;
    Ok(format!("{words} loses {percent} %.\n"))
}

fn slow_link(world: &mut World, link: &Direction, delay_us: u64) -> Result<String, String> {
    let one_way = (delay_us > 0).then_some(delay_us * MICROS);
    let words = links(world, link, |from, to| Action::SlowLink { from, to, one_way })?;
    Ok(match one_way {
        Some(_) => format!("{words} takes {}.\n", spoken(delay_us)),
        None => format!("{words} is as fast as usual.\n"),
    })
}

fn disk(world: &mut World, who: &[Who], fault: DiskFault) -> Result<String, String> {
    let members = members_of(world, who)?;
    let errors =
        |operation, failing| move |member| Action::DiskErrors { member, operation, failing };
    match fault {
        DiskFault::Fsync(fsync_us) => {
            let fsync = fsync_us.map(|us| us * MICROS);
            each(world, &members, |member| Action::SlowDisk { member, fsync })?;
        }
        DiskFault::Full(full) => each(world, &members, |member| Action::FullDisk { member, full })?,
        DiskFault::Reads(failing) => each(world, &members, errors(DiskOperation::Read, failing))?,
        DiskFault::Writes(failing) => each(world, &members, errors(DiskOperation::Write, failing))?,
        DiskFault::Syncs(failing) => each(world, &members, errors(DiskOperation::Sync, failing))?,
    }
    Ok(String::new())
}

fn rule(world: &mut World, name: &str, value: &str) -> Result<String, String> {
    let on = match value {
        "on" => true,
        "off" => false,
        _ => return Err(format!("Write it like rule {name} off, or on.")),
    };
    let rule = match name {
        "prevote" | "pre-vote" => Rule::PreVote(on),
        "checkquorum" | "check-quorum" => Rule::CheckQuorum(on),
        "spread" => Rule::Spread(on),
        _ => {
            let rules = "prevote, checkquorum and spread";
            return Err(format!("There is no rule {name}. The rules are {rules}."));
        }
    };
    done(world, Action::Rule(rule), "It holds for each member from its next start.")
}

fn plant(world: &mut World, mutant: Mutant, who: &[Who], planted: bool) -> Result<String, String> {
    let members = if who.is_empty() { Vec::new() } else { members_of(world, who)? };
    let action = Action::Plant { mutant, members, planted };
    world.act(action).map_err(|refused| refused.to_string())?;
    Ok(String::new())
}

/// Clients of a `load`: few enough to be told apart, many enough that one slow call does not
/// hold the others up.
const LOAD_CLIENTS: u16 = 8;

fn load(
    world: &mut World,
    puts_per_second: u32,
    for_us: Option<u64>,
    at: Option<&Who>,
) -> Result<String, String> {
    let at = at.map(|who| member(world, who)).transpose()?;
    let until = match for_us {
        Some(us) => world.now() + us * MICROS,
        None => Nanos::MAX,
    };
    world.start_workload(Workload {
        clients: LOAD_CLIENTS,
        watchers: 0,
        mix: Mix::PUTS,
        at,
        ..Workload::mixed(puts_per_second.into(), until)
    });
    Ok(String::new())
}

fn load_off(world: &mut World) -> Result<String, String> {
    world.stop_workloads();
    Ok(String::new())
}
