//! What the feed says of what a user, a script or a schedule did.

use super::super::text::{Say, Touch};
use crate::clock::MICROS;
use crate::place::{MemberNo, Place};
use crate::world::{Action, DiskOperation, Flags, RotTarget, Rule};

/// What the feed says of an action; lives of members tell themselves.
pub(super) fn said(action: &Action) -> Option<Say> {
    let link = |from: &Place, to: &Place| Some((from.member()?, to.member()?));
    let touched = |id: &crate::network::MessageId, how| Some(Say::MessageTouched { id: id.0, how });
    match action {
        Action::Start { member, flags } => Some(started(*member, flags)),
        Action::Wipe(member) => Some(Say::Wiped { who: *member }),
        Action::Restart(_)
        | Action::Join(_)
        | Action::Kill(_)
        | Action::Stop(_)
        | Action::PowerOff { .. }
        | Action::Freeze(_)
        | Action::Thaw(_)
        | Action::DropNext { .. } => None,
        Action::FreezeClient(_) => Some(Say::ClientFrozen { client: String::new(), frozen: true }),
        Action::ThawClient(_) => Some(Say::ClientFrozen { client: String::new(), frozen: false }),
        Action::Partition(groups) => Some(Say::Parted { groups: members_of(groups) }),
        Action::Mend(groups) => Some(Say::Mended { groups: members_of(groups) }),
        Action::CutLink { from, to } => link(from, to).map(|(from, to)| Say::LinkCut { from, to }),
        Action::HealLink { from, to } => {
            link(from, to).map(|(from, to)| Say::LinkHealed { from, to })
        }
        Action::Heal => Some(Say::Healed),
        Action::SlowLink { from, to, one_way } => link(from, to).map(|(from, to)| Say::LinkSlow {
            from,
            to,
            delay_us: one_way.map(|delay| delay / MICROS),
        }),
        Action::RoughLink { from, to, trouble } => link(from, to)
            .map(|(from, to)| Say::LinkLossy { from, to, percent: trouble.loss / 10_000 }),
        Action::DropMessage(id) => touched(id, Touch::Dropped),
        Action::DelayMessage { id, by } => touched(id, Touch::Delayed(by / MICROS)),
        Action::HastenMessage { id, by } => touched(id, Touch::Hastened(by / MICROS)),
        Action::DuplicateMessage { id, .. } => touched(id, Touch::Doubled),
        Action::SlowDisk { member, fsync } => {
            Some(Say::DiskSlow { who: *member, fsync_us: fsync.map(|fsync| fsync / MICROS) })
        }
        Action::FullDisk { member, full } => Some(Say::DiskFull { who: *member, full: *full }),
        Action::DiskErrors { member, operation, failing } => {
            let operation = match operation {
                DiskOperation::Read => "read",
                DiskOperation::Write => "write",
                DiskOperation::Sync => "fsync",
            };
            Some(Say::DiskBroken { who: *member, operation, failing: *failing })
        }
        Action::LyingDisk { member, lying } => Some(Say::DiskLies { who: *member, lying: *lying }),
        Action::Rot { member, target } => {
            let place = match target {
                RotTarget::Entry(index) => format!("the WAL record of entry {index}"),
                RotTarget::Wal { segment, offset, .. } => {
                    format!("WAL segment {segment}, byte {offset}")
                }
                RotTarget::Store { offset, .. } => format!("the store, byte {offset}"),
            };
            Some(Say::Rots { who: *member, place })
        }
        Action::ClockRate { member, rate } => {
            Some(Say::ClockRate { who: *member, thousandths: rate.millionths() / 1000 })
        }
        Action::Campaign(member) => Some(Say::Campaigns { who: *member }),
        Action::AlignTimers => Some(Say::TimersAligned),
        Action::Rule(Rule::PreVote(on)) => Some(Say::RuleSet { name: "prevote", on: *on }),
        Action::Plant { mutant, members, planted } => {
            let (code, who) = (mutant.code(), members.clone());
            Some(Say::Planted { code, who, planted: *planted })
        }
        Action::Rule(Rule::CheckQuorum(on)) => Some(Say::RuleSet { name: "checkquorum", on: *on }),
        Action::Rule(Rule::Spread(on)) => Some(Say::RuleSet { name: "spread", on: *on }),
    }
}

fn started(who: MemberNo, flags: &Flags) -> Say {
    let flags = flags.iter().map(|(flag, value)| (flag.name(), value.clone()));
    Say::StartsWith { who, flags: flags.collect() }
}

/// The members of each group.
fn members_of(groups: &[Vec<Place>]) -> Vec<Vec<MemberNo>> {
    let members = |group: &Vec<Place>| group.iter().filter_map(|place| place.member()).collect();
    groups.iter().map(members).collect()
}
